//! Attributes as they are stored: found in an object's header or in its dense storage, and parsed one by one.

use hdf5_reader::btree_v2::BTreeV2Record;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::{MSG_ATTRIBUTE, MSG_ATTRIBUTE_INFO, MSG_DATASPACE, MSG_DATATYPE, attribute_info};

use super::dataspace::Space;
use super::datatype::FileType;
use super::dense::{self, Dense};
use super::metadata::{Metadata, guarded};
use super::object_header::{Committed, ObjectHeader};
use crate::Error;

/// An attribute whose value was not looked into yet.
#[derive(Clone, Debug)]
pub struct StoredAttribute {
    /// The name; what is not UTF-8 is replaced by U+FFFD.
    pub name: String,
    /// The type of its elements.
    pub file_type: FileType,
    /// Where its type was committed, if it was.
    pub committed: Option<u64>,
    /// How many elements.
    pub space: Space,
    /// The stored elements.
    pub data: Vec<u8>,
}

/// All attributes of an object, in creation order where the file tracks it. One that cannot be parsed is left out with a
/// warning: it must not make its file unreadable.
pub fn collect(
    metadata: &Metadata,
    header: &ObjectHeader,
    place: &str,
) -> Result<Vec<StoredAttribute>, Error> {
    let mut bodies: Vec<(u32, Vec<u8>)> = Vec::new();
    for message in header.messages.iter().filter(|message| message.kind == MSG_ATTRIBUTE) {
        let order = message.order.map_or(0, u32::from);
        match message.shared {
            false => bodies.push((order, message.body.clone())),
            true => match Committed::follow(metadata, MSG_ATTRIBUTE, &message.body) {
                Ok(found) => bodies.push((order, found.body)),
                Err(error) => tracing::warn!(object = place, %error, "an attribute is left out"),
            },
        }
    }
    if let Some(info) = header.find(MSG_ATTRIBUTE_INFO) {
        match dense(metadata, &info.body) {
            Ok(found) => bodies.extend(found),
            Err(error) => tracing::warn!(object = place, %error, "densely stored attributes are left out"),
        }
    }
    bodies.sort_by_key(|(order, _)| *order);
    let mut attributes = Vec::with_capacity(bodies.len());
    for (_, body) in bodies {
        metadata.spend(body.len())?;
        match StoredAttribute::parse(metadata, &body) {
            Ok(attribute) => attributes.push(attribute),
            Err(error) => tracing::warn!(object = place, %error, "an attribute is left out"),
        }
    }
    Ok(attributes)
}

/// Attribute messages in a fractal heap, with their creation order where it is tracked.
fn dense(metadata: &Metadata, body: &[u8]) -> Result<Vec<(u32, Vec<u8>)>, Error> {
    let Metadata { offset_size, length_size, .. } = *metadata;
    let info = guarded("attribute info", || {
        attribute_info::parse(&mut Cursor::new(body), offset_size, length_size, body.len())
    })?;
    let (Some(heap), Some(index)) =
        (metadata.defined(info.fractal_heap_address), metadata.defined(info.btree_name_index_address))
    else {
        return Ok(Vec::new());
    };
    dense::bodies(metadata, Dense { heap, index }, "dense attributes", |record| match record {
        BTreeV2Record::AttributeNameHash { heap_id, creation_order, .. } => {
            Some((if info.creation_order_tracked { creation_order } else { 0 }, heap_id))
        }
        _ => None,
    })
}

impl StoredAttribute {
    /// Parses an attribute message (specification, section IV.A.2.m).
    pub fn parse(metadata: &Metadata, body: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(body);
        let version = cursor.read_u8()?;
        if !(1..=3).contains(&version) {
            return Err(Error::corrupt(format!("an attribute has the unknown version {version}")));
        }
        let flags = if version == 1 { cursor.read_u8().map(|_| 0)? } else { cursor.read_u8()? };
        let mut lengths = [0_usize; 3];
        for length in &mut lengths {
            *length = usize::from(cursor.read_u16_le()?);
        }
        cursor.skip(if version == 3 { 1 } else { 0 })?;
        // Version 1 pads each part to a multiple of 8 bytes.
        let mut part = |length: usize| -> Result<&[u8], Error> {
            let bytes = cursor.read_bytes(length)?;
            let padding = if version == 1 { length.next_multiple_of(8).saturating_sub(length) } else { 0 };
            cursor.skip(padding)?;
            Ok(bytes)
        };
        let [name, file_type, space] = lengths;
        let name = part(name)?.split(|&byte| byte == 0).next().unwrap_or_default();
        let name = String::from_utf8_lossy(name).into_owned();
        let within = |error: Error| error.within(format!("attribute {name}"));
        let (file_type, committed) =
            parse_type(metadata, part(file_type)?, flags & 0x01 != 0).map_err(within)?;
        let space = parse_space(metadata, part(space)?, flags & 0x02 != 0).map_err(within)?;
        let length = space.elements().and_then(|n| usize::try_from(n).ok()?.checked_mul(file_type.size));
        let length = length.ok_or_else(|| within(Error::corrupt("its size is larger than memory")))?;
        let data = cursor.read_bytes(length).map_err(|error| within(error.into()))?.to_vec();
        Ok(Self { name, file_type, committed, space, data })
    }
}

fn parse_type(metadata: &Metadata, bytes: &[u8], shared: bool) -> Result<(FileType, Option<u64>), Error> {
    if !shared {
        return Ok((FileType::parse(bytes)?, None));
    }
    let committed = Committed::follow(metadata, MSG_DATATYPE, bytes)?;
    Ok((FileType::parse(&committed.body)?, Some(committed.address)))
}

fn parse_space(metadata: &Metadata, bytes: &[u8], shared: bool) -> Result<Space, Error> {
    if !shared {
        return Space::parse(metadata, bytes);
    }
    Space::parse(metadata, &Committed::follow(metadata, MSG_DATASPACE, bytes)?.body)
}
