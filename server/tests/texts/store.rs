//! A store of texts of any lengths, for tests of what strings take in memory.

use std::path::Path;

/// The text at a place.
pub fn text(place: usize, length: usize) -> Vec<u8> {
    let mut text = format!("{place} ").into_bytes();
    text.resize(length, b'a');
    text
}

/// A Zarr store with an array `texts`, one in each chunk, and an attribute `history`.
pub fn store(folder: &Path, lengths: &[usize], history: &str) {
    std::fs::create_dir_all(folder.join("texts")).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    let count = lengths.len();
    let array = format!(
        r#"{{"zarr_format":2,"shape":[{count}],"chunks":[1],"dtype":"|O","order":"C","fill_value":"","compressor":null,"filters":[{{"id":"vlen-utf8"}}]}}"#
    );
    write(".zgroup", br#"{"zarr_format":2}"#);
    write(".zattrs", format!(r#"{{"history":"{history}"}}"#).as_bytes());
    write("texts/.zarray", array.as_bytes());
    for (place, &length) in lengths.iter().enumerate() {
        let head = [1, u32::try_from(length).unwrap()].map(u32::to_le_bytes).concat();
        write(&format!("texts/{place}"), &[head, text(place, length)].concat());
    }
}
