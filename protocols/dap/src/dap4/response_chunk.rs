//! Response chunks: the frames that a data response travels in.
//!
//! Each begins with four bytes, big-endian: flags, and the number of bytes that follow. The first chunk is the DMR, all after
//! it are data (DAP4 specification, volume 1, "Chunked Data Representation"). An error that comes up while data is sent is
//! a chunk of its own, and the last one.

use std::fmt;

use super::Checksums;

/// Bytes in front of each chunk.
pub const HEADER: usize = 4;

/// The most bytes that a header can announce.
pub const MOST: usize = 0x00ff_ffff;

/// Data chunks of a response that is framed as a whole have this many bytes, all but the last.
pub const CHUNK: usize = 4 << 20;

/// The last chunk.
const LAST: u8 = 1;
/// The chunk is an error document.
const ERROR: u8 = 2;
/// Numbers are little-endian; said in the first chunk.
const LITTLE_ENDIAN: u8 = 4;
/// No checksum stands behind a variable; said in the first chunk. netCDF-C's own invention, which others ignore.
const NO_CHECKSUMS: u8 = 8;

/// What a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The DMR, which comes first.
    Dmr(Checksums),
    /// Data, with more to come.
    Data,
    /// The last data, if any.
    Last,
    /// An error document, with which the response ends.
    Error,
}

/// The four bytes in front of `bytes` bytes; `None` where they are more than a header can announce.
#[must_use]
pub fn header(role: Role, bytes: usize) -> Option<[u8; HEADER]> {
    let flags = match role {
        Role::Dmr(Checksums::Sent) => LITTLE_ENDIAN,
        Role::Dmr(Checksums::LeftOut) => LITTLE_ENDIAN | NO_CHECKSUMS,
        Role::Data => LITTLE_ENDIAN,
        Role::Last => LITTLE_ENDIAN | LAST,
        Role::Error => LITTLE_ENDIAN | ERROR | LAST,
    };
    let bytes = u32::try_from(bytes).ok().filter(|_| bytes <= MOST)?;
    let [_, high, middle, low] = bytes.to_be_bytes();
    Some([flags, high, middle, low])
}

/// Bytes of a whole response: the DMR's chunk, and `data` bytes in chunks of [`CHUNK`]. `None` beyond 64 bits.
#[must_use]
pub fn framed_size(dmr: u64, data: u64) -> Option<u64> {
    let chunks = data.div_ceil(CHUNK as u64).max(1);
    let headers = chunks.checked_add(1)?.checked_mul(HEADER as u64)?;
    headers.checked_add(dmr)?.checked_add(data)
}

/// Frames data that is written piece by piece into one buffer, in chunks of [`CHUNK`].
#[derive(Debug)]
pub struct Framed {
    bytes: Vec<u8>,
    /// Data that was not yet written.
    left: usize,
    /// Room in the current chunk.
    room: usize,
    /// Whether more was written than was announced.
    exceeded: bool,
}

impl Framed {
    /// A response of a DMR and `data` bytes of data; `None` where the DMR is longer than a chunk can be.
    #[must_use]
    pub fn new(dmr: &[u8], checksums: Checksums, data: usize) -> Option<Self> {
        let first = header(Role::Dmr(checksums), dmr.len())?;
        let size = framed_size(u64::try_from(dmr.len()).ok()?, u64::try_from(data).ok()?)?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).ok()?);
        bytes.extend_from_slice(&first);
        bytes.extend_from_slice(dmr);
        let mut framed = Self { bytes, left: data, room: 0, exceeded: false };
        framed.begin();
        Some(framed)
    }

    fn begin(&mut self) {
        self.room = self.left.min(CHUNK);
        let role = if self.room == self.left { Role::Last } else { Role::Data };
        // A chunk is never longer than a header can say.
        self.bytes.extend_from_slice(&header(role, self.room).unwrap_or_default());
    }

    /// Appends data; what is beyond the announced size is dropped, and [`finish`](Self::finish) tells.
    pub fn push(&mut self, mut data: &[u8]) {
        while !data.is_empty() && self.left > 0 {
            let (now, rest) = data.split_at(data.len().min(self.room));
            self.bytes.extend_from_slice(now);
            self.took(now.len());
            data = rest;
        }
        self.exceeded |= !data.is_empty();
    }

    /// Room for the next `bytes` bytes to be written to directly, where the current chunk has it.
    pub fn space(&mut self, bytes: usize) -> Option<&mut [u8]> {
        if bytes > self.room {
            return None;
        }
        let begin = self.bytes.len();
        self.bytes.resize(begin.checked_add(bytes)?, 0);
        self.took(bytes);
        // The header of the next chunk may stand behind by now.
        self.bytes.get_mut(begin..begin.checked_add(bytes)?)
    }

    fn took(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes);
        self.room = self.room.saturating_sub(bytes);
        if self.room == 0 && self.left > 0 {
            self.begin();
        }
    }

    /// The response; `None` where not exactly the announced data was written.
    #[must_use]
    pub fn finish(self) -> Option<Vec<u8>> {
        (self.left == 0 && !self.exceeded).then_some(self.bytes)
    }
}

/// A data response, taken out of its chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unframed {
    /// The first chunk.
    pub dmr: Vec<u8>,
    /// Whether checksums stand behind variables.
    pub checksums: Checksums,
    /// The bytes of all data chunks, one after the other.
    pub data: Vec<u8>,
    /// The document of the error with which the response ends, if it does.
    pub error: Option<Vec<u8>>,
}

/// Why bytes are not a data response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadFrame {
    /// The response ends inside a chunk or before the last one.
    CutOff,
    /// The first chunk is not a DMR of little-endian data.
    BigEndian,
    /// Something follows the last chunk.
    Behind {
        /// How many bytes.
        bytes: usize,
    },
}

impl fmt::Display for BadFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff => write!(f, "the response is cut off"),
            Self::BigEndian => write!(f, "the first chunk does not say that data is little-endian"),
            Self::Behind { bytes } => write!(f, "{bytes} bytes follow the last chunk"),
        }
    }
}

impl std::error::Error for BadFrame {}

/// Takes a whole data response out of its chunks.
///
/// # Errors
/// [`BadFrame`] where the bytes are not exactly one response.
pub fn unframe(mut bytes: &[u8]) -> Result<Unframed, BadFrame> {
    let (flags, dmr) = take(&mut bytes)?;
    if flags & LITTLE_ENDIAN == 0 {
        return Err(BadFrame::BigEndian);
    }
    let checksums = if flags & NO_CHECKSUMS == 0 { Checksums::Sent } else { Checksums::LeftOut };
    let mut unframed = Unframed { dmr: dmr.to_vec(), checksums, data: vec![], error: None };
    let mut last = flags & LAST != 0;
    while !last {
        let (flags, chunk) = take(&mut bytes)?;
        last = flags & LAST != 0;
        if flags & ERROR != 0 {
            unframed.error = Some(chunk.to_vec());
            break;
        }
        unframed.data.extend_from_slice(chunk);
    }
    if bytes.is_empty() { Ok(unframed) } else { Err(BadFrame::Behind { bytes: bytes.len() }) }
}

fn take<'b>(bytes: &mut &'b [u8]) -> Result<(u8, &'b [u8]), BadFrame> {
    let (&[flags, high, middle, low], rest) = bytes.split_first_chunk().ok_or(BadFrame::CutOff)?;
    let length = u32::from_be_bytes([0, high, middle, low]);
    let length = usize::try_from(length).ok().ok_or(BadFrame::CutOff)?;
    let (chunk, behind) = rest.split_at_checked(length).ok_or(BadFrame::CutOff)?;
    *bytes = behind;
    Ok((flags, chunk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_say_role_and_length() {
        let check = |role, bytes, expected: Option<[u8; 4]>| assert_eq!(header(role, bytes), expected);
        check(Role::Dmr(Checksums::Sent), 0x0102, Some([4, 0, 1, 2]));
        check(Role::Dmr(Checksums::LeftOut), 1, Some([12, 0, 0, 1]));
        check(Role::Data, MOST, Some([4, 0xff, 0xff, 0xff]));
        check(Role::Last, 0, Some([5, 0, 0, 0]));
        check(Role::Error, 3, Some([7, 0, 0, 3]));
        check(Role::Data, MOST + 1, None);
    }

    #[test]
    fn damaged_frames_are_told() {
        let check = |bytes: &[u8], expected| assert_eq!(unframe(bytes), Err(expected));
        check(b"\x04\0\0", BadFrame::CutOff);
        check(b"\x04\0\0\x02a", BadFrame::CutOff);
        check(b"\x04\0\0\x01a", BadFrame::CutOff);
        check(b"\0\0\0\x01a\x01\0\0\0", BadFrame::BigEndian);
        check(b"\x04\0\0\x01a\x05\0\0\0zz", BadFrame::Behind { bytes: 2 });
        let error = unframe(b"\x04\0\0\x01a\x04\0\0\x01b\x07\0\0\x01c").unwrap();
        assert_eq!((error.data.as_slice(), error.error.as_deref()), (&b"b"[..], Some(&b"c"[..])));
    }

    fn framed(dmr: &[u8], data: &[u8], pieces: &[usize]) -> Option<Vec<u8>> {
        let mut framed = Framed::new(dmr, Checksums::Sent, data.len())?;
        let mut rest = data;
        for (n, &piece) in pieces.iter().enumerate() {
            let (now, behind) = rest.split_at(piece.min(rest.len()));
            // Asking for space takes it.
            match if n % 2 == 0 { framed.space(now.len()) } else { None } {
                Some(space) => space.copy_from_slice(now),
                None => framed.push(now),
            }
            rest = behind;
        }
        framed.push(rest);
        framed.finish()
    }

    #[test]
    fn more_or_less_than_announced_is_no_response() {
        let mut short = Framed::new(b"d", Checksums::Sent, 4).unwrap();
        short.push(b"abc");
        assert_eq!(short.finish(), None);
        let mut long = Framed::new(b"d", Checksums::Sent, 4).unwrap();
        long.push(b"abcde");
        assert_eq!(long.finish(), None);
    }

    #[test]
    fn long_data_travels_in_several_chunks() {
        let data: Vec<u8> = (0..CHUNK * 2 + 5).map(|n| (n % 251) as u8 + 1).collect();
        let bytes = framed(b"dmr\r\n", &data, &[3, CHUNK - 3, 7, CHUNK]).unwrap();
        assert_eq!(bytes.len() as u64, framed_size(5, data.len() as u64).unwrap());
        assert_eq!(bytes.len(), 5 + data.len() + 4 * 4);
        let unframed = unframe(&bytes).unwrap();
        assert!(unframed.data == data && unframed.dmr == b"dmr\r\n" && unframed.error.is_none());
    }

    proptest! {
        #[test]
        fn what_is_framed_comes_back(
            dmr in prop::collection::vec(1_u8.., 1..9),
            data in prop::collection::vec(1_u8.., 0..60),
            pieces in prop::collection::vec(0_usize..20, 0..6),
        ) {
            let bytes = framed(&dmr, &data, &pieces).unwrap();
            prop_assert_eq!(bytes.len() as u64, framed_size(dmr.len() as u64, data.len() as u64).unwrap());
            let unframed = unframe(&bytes).unwrap();
            prop_assert_eq!((unframed.dmr, unframed.data), (dmr, data));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = unframe(&bytes).map_err(|bad| bad.to_string());
        }
    }
}
