//! Object headers: the messages that describe a group, a dataset or a committed datatype.
//!
//! Source of the layout: "HDF5 File Format Specification Version 3.0", section IV.A. Messages are handed out as bytes, so
//! that one that cannot be understood concerns only itself.

use std::collections::{HashSet, VecDeque};

use hdf5_reader::checksum::jenkins_lookup3;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::{MSG_CONTINUATION, MSG_NIL};

use super::metadata::Metadata;
use crate::{Error, ErrorKind};

/// All chunks of one header together may have this many bytes, ...
const MOST_BYTES: usize = 64 << 20;
/// ... this many continuations ...
const MOST_CONTINUATIONS: usize = 1 << 14;
/// ... and this many messages.
const MOST_MESSAGES: usize = 1 << 17;

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    /// What it tells of (`MSG_DATASPACE`, ...).
    pub kind: u16,
    /// Whether the body only says where the message is.
    pub shared: bool,
    /// When it was made, where the header tracks this.
    pub order: Option<u16>,
    /// The body.
    pub body: Vec<u8>,
}

/// The messages of one object, in stored order.
#[derive(Clone, Debug)]
pub struct ObjectHeader {
    /// The messages.
    pub messages: Vec<Message>,
}

/// A part of the file that holds messages.
struct Extent {
    address: u64,
    length: usize,
}

/// What all parts of one header have in common.
struct Walk<'a> {
    metadata: &'a Metadata,
    version: u8,
    order_tracked: bool,
    left: usize,
    messages: Vec<Message>,
    pending: VecDeque<Extent>,
}

impl ObjectHeader {
    /// Reads the header at `address`.
    pub fn read(metadata: &Metadata, address: u64) -> Result<Self, Error> {
        let signature = metadata.piece(address, 4)?;
        let mut walk = Walk {
            metadata,
            version: if signature.as_ref() == b"OHDR" { 2 } else { 1 },
            order_tracked: false,
            left: MOST_BYTES,
            messages: Vec::new(),
            pending: VecDeque::new(),
        };
        match walk.version {
            1 => walk.first_of_version_1(address)?,
            _ => walk.first_of_version_2(address)?,
        }
        let mut visited = HashSet::new();
        while let Some(extent) = walk.pending.pop_front() {
            if !visited.insert(extent.address) || visited.len() > MOST_CONTINUATIONS {
                return Err(Error::corrupt("an object header is continued in a circle"));
            }
            walk.continuation(&extent)?;
        }
        Ok(Self { messages: walk.messages })
    }

    /// The first message of a kind.
    pub fn find(&self, kind: u16) -> Option<&Message> {
        self.messages.iter().find(|message| message.kind == kind)
    }
}

impl Walk<'_> {
    fn take(&mut self, length: usize) -> Result<(), Error> {
        let left = self.left.checked_sub(length);
        let message = format!("an object header has more than {MOST_BYTES} bytes");
        self.left = left.ok_or_else(|| Error::new(ErrorKind::TooLarge, message))?;
        Ok(())
    }

    fn first_of_version_1(&mut self, address: u64) -> Result<(), Error> {
        let prefix = self.metadata.piece(address, 16)?;
        let mut cursor = Cursor::new(&prefix);
        if cursor.read_u8()? != 1 {
            return Err(Error::corrupt(format!("there is no object header at address {address}")));
        }
        cursor.skip(7)?;
        let length = cursor.read_u32_le()? as usize;
        self.take(length)?;
        let bytes = self.metadata.piece(address.saturating_add(16), length)?;
        self.messages_of(&bytes)
    }

    fn first_of_version_2(&mut self, address: u64) -> Result<(), Error> {
        // Signature, version, flags, four times, two attribute limits, and at most 8 bytes of size.
        let available = self.metadata.storage().len().saturating_sub(address).min(34);
        let prefix = self.metadata.piece(address, usize::try_from(available).unwrap_or(34))?;
        let mut cursor = Cursor::new(&prefix);
        cursor.skip(4)?;
        let version = cursor.read_u8()?;
        if version != 2 {
            return Err(Error::corrupt(format!("an object header has the unknown version {version}")));
        }
        let flags = cursor.read_u8()?;
        self.order_tracked = flags & 0x04 != 0;
        cursor.skip(if flags & 0x20 != 0 { 16 } else { 0 })?;
        cursor.skip(if flags & 0x10 != 0 { 4 } else { 0 })?;
        let length = cursor.read_uvar(1_usize << (flags & 0x03))?;
        let start = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
        let length = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(start);
        let extent = Extent { address, length: length.saturating_add(4) };
        let bytes = self.checked(&extent)?;
        let messages = bytes.get(start..).ok_or_else(|| Error::corrupt("an object header is too short"))?;
        self.messages_of(messages)
    }

    fn continuation(&mut self, extent: &Extent) -> Result<(), Error> {
        if self.version == 1 {
            self.take(extent.length)?;
            let bytes = self.metadata.piece(extent.address, extent.length)?;
            return self.messages_of(&bytes);
        }
        let bytes = self.checked(extent)?;
        match bytes.split_first_chunk::<4>() {
            Some((b"OCHK", messages)) => self.messages_of(messages),
            _ => Err(Error::corrupt("an object header's continuation has no signature")),
        }
    }

    /// A part of a version 2 header without the checksum at its end, which is verified.
    fn checked(&mut self, extent: &Extent) -> Result<Vec<u8>, Error> {
        self.take(extent.length)?;
        let bytes = self.metadata.piece(extent.address, extent.length)?;
        match bytes.split_last_chunk::<4>() {
            Some((body, sum)) if jenkins_lookup3(body) == u32::from_le_bytes(*sum) => Ok(body.to_vec()),
            _ => Err(Error::corrupt("an object header's checksum does not match")),
        }
    }

    fn messages_of(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let envelope = match (self.version, self.order_tracked) {
            (1, _) => 8,
            (_, false) => 4,
            (_, true) => 6,
        };
        let mut cursor = Cursor::new(bytes);
        while cursor.remaining() >= envelope {
            let message = self.message(&mut cursor)?;
            match message.kind {
                MSG_NIL => {}
                MSG_CONTINUATION => self.continued(&message.body)?,
                _ => self.messages.push(message),
            }
            if self.messages.len() > MOST_MESSAGES {
                let message = format!("an object header has more than {MOST_MESSAGES} messages");
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
        }
        Ok(())
    }

    fn message(&self, cursor: &mut Cursor<'_>) -> Result<Message, Error> {
        let kind = match self.version {
            1 => cursor.read_u16_le()?,
            _ => u16::from(cursor.read_u8()?),
        };
        let length = usize::from(cursor.read_u16_le()?);
        let flags = cursor.read_u8()?;
        let order = match (self.version, self.order_tracked) {
            (1, _) => cursor.skip(3).map(|()| None)?,
            (_, true) => Some(cursor.read_u16_le()?),
            (_, false) => None,
        };
        let body = cursor.read_bytes(length)?.to_vec();
        Ok(Message { kind, shared: flags & 0x02 != 0, order, body })
    }

    fn continued(&mut self, body: &[u8]) -> Result<(), Error> {
        let mut cursor = Cursor::new(body);
        let address = cursor.read_offset(self.metadata.offset_size)?;
        let length = cursor.read_length(self.metadata.length_size)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.pending.push_back(Extent { address, length });
        Ok(())
    }
}

/// A message that another object's header holds: a committed datatype, most often.
pub struct Committed {
    /// The address of that header.
    pub address: u64,
    /// The message's body.
    pub body: Vec<u8>,
}

impl Committed {
    /// Follows a shared message (specification, section IV.A.2.v "Shared Message").
    pub fn follow(metadata: &Metadata, kind: u16, reference: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(reference);
        let (version, place) = (cursor.read_u8()?, cursor.read_u8()?);
        match (version, place) {
            // Version 1 keeps an unused heap id in front of the address.
            (1, _) => cursor.skip(usize::from(metadata.length_size).saturating_add(6))?,
            (2, _) | (3, 2) => {}
            (3, 1) => {
                return Err(Error::unsupported("messages in the shared message heap are not supported"));
            }
            _ => return Err(Error::corrupt(format!("a shared message has the unknown version {version}"))),
        }
        let address = cursor.read_offset(metadata.offset_size)?;
        let header = ObjectHeader::read(metadata, address)?;
        let message = header.find(kind).filter(|message| !message.shared);
        let message = message.ok_or_else(|| Error::corrupt("a shared message leads nowhere"))?;
        Ok(Self { address, body: message.body.clone() })
    }
}
