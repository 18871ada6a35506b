//! Chunks of texts: the `vlen-utf8` codec, the same in version 2 and 3.
//!
//! A little-endian 32-bit count, then each text as its length in bytes and its UTF-8
//! (<https://github.com/zarr-developers/zarr-extensions/tree/main/codecs/vlen-utf8>).

use std::fmt;

use crate::chunk;

/// Why texts cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextError {
    /// A text is not UTF-8, and Zarr has no other strings.
    NotUtf8 {
        /// Its place among the texts that were given.
        element: usize,
        /// The first byte that is wrong, from the start of the text.
        byte: usize,
    },
    /// More texts, or a longer one, than 32 bits can count.
    TooMany,
    /// The number of texts is not that of the part, or the part exceeds the chunk.
    Shape,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { element, byte } => write!(
                f,
                "string {element} of the chunk is not UTF-8 at byte {byte}, and Zarr has no other strings; read it \
                 through another protocol"
            ),
            Self::TooMany => write!(f, "a chunk has more strings, or a longer one, than 32 bits can count"),
            Self::Shape => write!(f, "the strings that were read do not make up the chunk"),
        }
    }
}

impl std::error::Error for TextError {}

/// Encodes the texts of a part of shape `part`, row-major, as a chunk of shape `chunk`; what lies outside is empty.
///
/// # Errors
/// [`TextError`] names the text that is not UTF-8.
pub fn encode(texts: &[Vec<u8>], part: &[u64], chunk: &[u64]) -> Result<Vec<u8>, TextError> {
    for (element, text) in texts.iter().enumerate() {
        std::str::from_utf8(text)
            .map_err(|error| TextError::NotUtf8 { element, byte: error.valid_up_to() })?;
    }
    let elements = chunk.iter().try_fold(1_u64, |n, &length| n.checked_mul(length));
    let elements = elements.and_then(|n| u32::try_from(n).ok()).ok_or(TextError::TooMany)?;
    let mut out = elements.to_le_bytes().to_vec();
    let (mut taken, mut written) = (0_usize, 0_usize);
    for row in chunk::rows(part, chunk).ok_or(TextError::Shape)? {
        empty(row.to.saturating_sub(written), &mut out);
        let end = row.from.saturating_add(row.length);
        for text in texts.get(row.from..end).ok_or(TextError::Shape)? {
            let length = u32::try_from(text.len()).map_err(|_too_long| TextError::TooMany)?;
            out.extend(length.to_le_bytes());
            out.extend(text);
        }
        (taken, written) = (end, row.to.saturating_add(row.length));
    }
    if taken != texts.len() {
        return Err(TextError::Shape);
    }
    let elements = usize::try_from(elements).map_err(|_too_many| TextError::TooMany)?;
    empty(elements.saturating_sub(written), &mut out);
    Ok(out)
}

/// Appends `count` empty texts, each of which is only its length.
fn empty(count: usize, out: &mut Vec<u8>) {
    out.resize(out.len().saturating_add(count.saturating_mul(4)), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(texts: &[&[u8]], part: &[u64], chunk: &[u64], expected: Result<&[u8], TextError>) {
        let texts: Vec<Vec<u8>> = texts.iter().map(|text| text.to_vec()).collect();
        assert_eq!(encode(&texts, part, chunk), expected.map(<[u8]>::to_vec));
    }

    #[test]
    fn texts_are_counted_and_padded() {
        check(&[b"ab"], &[], &[], Ok(b"\x01\0\0\0\x02\0\0\0ab"));
        check(&[b"a", "é".as_bytes()], &[2], &[3], Ok(b"\x03\0\0\0\x01\0\0\0a\x02\0\0\0\xc3\xa9\0\0\0\0"));
        check(&[b"a", b"b"], &[2, 1], &[2, 2], Ok(b"\x04\0\0\0\x01\0\0\0a\0\0\0\0\x01\0\0\0b\0\0\0\0"));
        check(&[], &[0], &[1], Ok(b"\x01\0\0\0\0\0\0\0"));
    }

    #[test]
    fn other_texts_are_refused() {
        check(&[b"a", b"b\xe9"], &[2], &[2], Err(TextError::NotUtf8 { element: 1, byte: 1 }));
        check(&[b"a"], &[2], &[2], Err(TextError::Shape));
        check(&[b"a", b"b"], &[1], &[2], Err(TextError::Shape));
        check(&[b"a"], &[1], &[1 << 33], Err(TextError::TooMany));
    }
}
