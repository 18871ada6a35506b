//! Seals: what shows that a record is whole, was stored under its key, and by this version.

use sha2::{Digest, Sha256};

/// What this version of weir stores.
///
/// The crate's version is part of it, so that what an older reader made of a file is never taken for what this one would. The
/// number behind it is raised when records, or what is made of a file, change between two releases.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "/2");

/// Bytes of a seal: too many for any damage to match by chance.
const SEAL_BYTES: usize = 16;

fn seal_of(version: &str, key: &[u8], content: &[u8]) -> [u8; SEAL_BYTES] {
    let mut hash = Sha256::new();
    for part in [version.as_bytes(), key] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(content);
    let mut seal = [0; SEAL_BYTES];
    seal.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    seal
}

/// Puts a seal before the content of the record at `key`.
pub fn seal(version: &str, key: &[u8], content: &[u8]) -> Vec<u8> {
    [&seal_of(version, key, content), content].concat()
}

/// The content of the record at `key`; `None` where its seal is not that of this content, key and version.
pub fn open(version: &str, key: &[u8], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
    let (seal, content) = sealed.split_first_chunk()?;
    if *seal != seal_of(version, key, content) {
        return None;
    }
    sealed.drain(..SEAL_BYTES);
    Some(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_what_was_sealed_is_opened() {
        let sealed = seal("1", b"key", &[1, 2, 3]);
        assert_eq!(open("1", b"key", sealed.clone()), Some(vec![1, 2, 3]));
        assert_eq!(open("2", b"key", sealed.clone()), None, "another version");
        assert_eq!(open("1", b"kez", sealed.clone()), None, "another key");
        // The same bytes, cut elsewhere.
        assert_eq!(open("1k", b"ey", sealed.clone()), None);
        for length in 0..sealed.len() {
            assert_eq!(open("1", b"key", sealed[..length].to_vec()), None, "{length}");
        }
        assert_eq!(open("1", b"key", seal("1", b"key", &[])), Some(vec![]));
    }

    proptest! {
        #[test]
        fn a_flipped_bit_is_found(content: Vec<u8>, at: prop::sample::Index, bit in 0_u32..8) {
            let mut sealed = seal(VERSION, b"key", &content);
            let at = at.index(sealed.len());
            sealed[at] ^= 1_u8 << bit;
            prop_assert_eq!(open(VERSION, b"key", sealed), None);
        }
    }
}
