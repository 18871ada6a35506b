//! Objects: headers of version 2, and the messages of which they consist (section IV.A).

use hdf5_core::jenkins_lookup3;

use super::datatype::Datatype;
use crate::NetcdfError;

/// The address of nothing.
pub(super) const NOWHERE: u64 = u64::MAX;

/// Kinds of messages.
const DATASPACE: u8 = 0x01;
const LINK_INFO: u8 = 0x02;
const DATATYPE: u8 = 0x03;
const FILL: u8 = 0x05;
const LINK: u8 = 0x06;
const LAYOUT: u8 = 0x08;
const GROUP_INFO: u8 = 0x0A;
const ATTRIBUTE: u8 = 0x0C;
const ATTRIBUTE_INFO: u8 = 0x15;

/// More links or attributes than this are not usually kept in a header, which must then say that they are.
const USUAL_MOST: usize = 8;

/// The axes of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// One element.
    Scalar,
    /// No element.
    Empty,
    /// As many as the product of these.
    Axes(Vec<u64>),
}

impl Space {
    /// The message (section IV.A.2.b).
    pub fn encoded(&self) -> Vec<u8> {
        let (axes, kind): (&[u64], u8) = match self {
            Self::Scalar => (&[], 0),
            Self::Axes(axes) => (axes, 1),
            Self::Empty => (&[], 2),
        };
        let mut bytes = vec![2, u8::try_from(axes.len()).unwrap_or(u8::MAX), 0, kind];
        bytes.extend(axes.iter().flat_map(|length| length.to_le_bytes()));
        bytes
    }
}

/// A header, as it grows.
#[derive(Debug, Default)]
pub(super) struct Object {
    messages: Vec<u8>,
    attributes: Vec<Vec<u8>>,
}

impl Object {
    /// A group of links.
    pub fn group(links: &[(String, u64)]) -> Result<Self, NetcdfError> {
        let mut object = Self::default();
        // Bit 0: links are counted in the order in which they were made; bit 1: they can be listed in that order. The heap
        // and trees of larger groups are nowhere.
        let mut info = vec![0, 3];
        info.extend((links.len() as u64).to_le_bytes());
        info.extend([NOWHERE; 3].into_iter().flat_map(u64::to_le_bytes));
        object.message(LINK_INFO, 0, &info)?;
        object.message(GROUP_INFO, 1, &group_info(links.len())?)?;
        for (place, (name, address)) in (0_u64..).zip(links) {
            object.message(LINK, 0, &link(place, name, *address)?)?;
        }
        Ok(object)
    }

    /// An array of elements: at an address with a length, both of bytes.
    pub fn array(
        space: &Space,
        datatype: Datatype,
        fill: Option<&[u8]>,
        (address, length): (u64, u64),
    ) -> Result<Self, NetcdfError> {
        let mut object = Self::default();
        object.message(DATASPACE, 0, &space.encoded())?;
        object.message(DATATYPE, 1, &datatype.encoded())?;
        // Version 3; bits 0 and 1: space is taken when it is needed; bit 3: filled where a value is set; bit 5: one is.
        let mut filled = vec![3, 0x0A];
        if let (Some(fill), Some(flags)) = (fill, filled.get_mut(1)) {
            *flags |= 0x20;
            filled.extend(count32(fill.len())?.to_le_bytes());
            filled.extend_from_slice(fill);
        }
        object.message(FILL, 1, &filled)?;
        // Version 3, contiguous.
        let mut layout = vec![3, 1];
        layout.extend(address.to_le_bytes());
        layout.extend(length.to_le_bytes());
        object.message(LAYOUT, 0, &layout)?;
        Ok(object)
    }

    /// Adds an attribute: its message is as another part made it.
    pub fn attribute(&mut self, message: Vec<u8>) {
        self.attributes.push(message);
    }

    /// The bytes of the header.
    pub fn finish(mut self) -> Result<Vec<u8>, NetcdfError> {
        let attributes = std::mem::take(&mut self.attributes);
        let count = u16::try_from(attributes.len()).ok().ok_or(NetcdfError::TooLarge)?;
        // Bits as those of links; the order of attributes has 16 bits.
        let mut info = vec![0, 3];
        info.extend(count.to_le_bytes());
        info.extend([NOWHERE; 3].into_iter().flat_map(u64::to_le_bytes));
        self.message(ATTRIBUTE_INFO, 4, &info)?;
        for (place, attribute) in (0..count).zip(&attributes) {
            self.ordered((ATTRIBUTE, place), 0, attribute)?;
        }
        let many = attributes.len() > USUAL_MOST;
        // Bits 0 and 1: the length has four bytes; bit 2: attributes are counted in the order in which they were made; bit 3:
        // they can be listed in that order; bit 4: it is said how many of them stay in a header.
        let mut bytes = b"OHDR\x02".to_vec();
        bytes.push(if many { 0x1E } else { 0x0E });
        if many {
            bytes.extend(count.to_le_bytes());
            bytes.extend(6_u16.to_le_bytes());
        }
        bytes.extend(count32(self.messages.len())?.to_le_bytes());
        bytes.extend(self.messages);
        bytes.extend(jenkins_lookup3(&bytes).to_le_bytes());
        Ok(bytes)
    }

    fn message(&mut self, kind: u8, flags: u8, content: &[u8]) -> Result<(), NetcdfError> {
        self.ordered((kind, 0), flags, content)
    }

    fn ordered(&mut self, (kind, order): (u8, u16), flags: u8, content: &[u8]) -> Result<(), NetcdfError> {
        let length = u16::try_from(content.len()).ok().ok_or(NetcdfError::TooLarge)?;
        self.messages.push(kind);
        self.messages.extend(length.to_le_bytes());
        self.messages.push(flags);
        self.messages.extend(order.to_le_bytes());
        self.messages.extend_from_slice(content);
        Ok(())
    }
}

fn count32(count: usize) -> Result<u32, NetcdfError> {
    u32::try_from(count).ok().ok_or(NetcdfError::TooLarge)
}

/// How many links stay in a header, and from how few on they come back to it.
fn group_info(links: usize) -> Result<Vec<u8>, NetcdfError> {
    if links <= USUAL_MOST {
        return Ok(vec![0, 0]);
    }
    let most = u16::try_from(links).ok().ok_or(NetcdfError::TooLarge)?;
    let mut info = vec![0, 1];
    info.extend(most.to_le_bytes());
    info.extend(6_u16.to_le_bytes());
    Ok(info)
}

/// A hard link (section IV.A.2.g). Bit 2: it has its place in the order; bit 4: its name is UTF-8; bit 0: the name's length has
/// two bytes.
fn link(place: u64, name: &str, address: u64) -> Result<Vec<u8>, NetcdfError> {
    let mut bytes = vec![1, 0x15];
    bytes.extend(place.to_le_bytes());
    bytes.push(1);
    bytes.extend(u16::try_from(name.len()).ok().ok_or(NetcdfError::TooLarge)?.to_le_bytes());
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend(address.to_le_bytes());
    Ok(bytes)
}
