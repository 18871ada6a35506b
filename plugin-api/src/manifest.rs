//! The manifest: what a plugin says of itself in an ELF note, readable without running any of its code.

/// Length of the joined `parts`.
#[must_use]
pub const fn joined_length(parts: &[&str]) -> usize {
    let (mut i, mut length) = (0, 0);
    while i < parts.len() {
        length += parts[i].len();
        i += 1;
    }
    length
}

/// Joins `parts`; `N` must be [`joined_length`] of them.
#[must_use]
pub const fn join<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut out = [0; N];
    let (mut part, mut at) = (0, 0);
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            out[at] = bytes[i];
            at += 1;
            i += 1;
        }
        part += 1;
    }
    out
}

/// An ELF note with owner `WEIR` and type 1 (System V ABI, "Note Section").
#[repr(C, align(4))]
pub struct Note<const N: usize> {
    /// Bytes of the owner, with its NUL.
    pub owner_size: u32,
    /// Bytes of the description.
    pub description_size: u32,
    /// 1.
    pub kind: u32,
    /// `WEIR`, a NUL, and padding to 4 bytes.
    pub owner: [u8; 8],
    /// The manifest: JSON text.
    pub description: [u8; N],
}

impl<const N: usize> Note<N> {
    /// A note with the given JSON text.
    #[must_use]
    pub const fn new(description: [u8; N]) -> Self {
        Self { owner_size: 5, description_size: N as u32, kind: 1, owner: *b"WEIR\0\0\0\0", description }
    }
}
