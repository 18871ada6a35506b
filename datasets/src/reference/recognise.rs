//! Recognises reference sets by how they begin.

use std::io::Read;
use std::path::Path;

use super::document::{ZSTANDARD, text};
use crate::{DataFile, Error};

/// So much of a document is looked at.
const HEAD: u64 = 64 << 10;

/// Whether a file is a JSON document of references: of version 1, or with keys of Zarr metadata at the top or below `refs`.
///
/// # Errors
/// `Unavailable` where it cannot be read.
pub fn is_document(file: &DataFile) -> Result<bool, Error> {
    let mut start = [0; 4];
    if file.len() < start.len() as u64 {
        return Ok(false);
    }
    file.read_exact_at(0, &mut start)?;
    let json = start.trim_ascii_start().first() == Some(&b'{') || start.trim_ascii().is_empty();
    if !json && start != ZSTANDARD {
        return Ok(false);
    }
    let mut head = Vec::new();
    // What breaks off or cannot be decompressed is looked at as far as it goes.
    let _ = text(file)?.take(HEAD).read_to_end(&mut head);
    file.check_undisturbed()?;
    Ok(Head { bytes: &head, at: 0 }.is_of_references())
}

/// Whether a folder is a set of partitions: its metadata document has a `record_size`.
#[must_use]
pub fn is_partitioned(folder: &Path) -> bool {
    // A Zarr store has this beside its consolidated metadata.
    if folder.join(".zgroup").exists() {
        return false;
    }
    let Ok(file) = DataFile::open(&folder.join(".zmetadata")) else { return false };
    let length = file.len().min(HEAD);
    let ends = [file.read_at(0, length), file.read_at(file.len().saturating_sub(length), length)];
    let name = b"\"record_size\"";
    ends.iter().flatten().any(|part| part.windows(name.len()).any(|window| window == name))
}

/// The beginning of a JSON document.
struct Head<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Head<'a> {
    /// Looks at the names of members at the top and below `refs`, as far as there is text.
    fn is_of_references(&mut self) -> bool {
        let mut open: Vec<u8> = Vec::new();
        let mut below_refs = false;
        let mut version = false;
        while let Some(byte) = self.next() {
            match byte {
                b'{' | b'[' => open.push(byte),
                b'}' | b']' => drop(open.pop()),
                b'"' => {
                    let Some(text) = self.string() else { return false };
                    if !self.is_name() {
                        continue;
                    }
                    match open.as_slice() {
                        [b'{'] => {
                            below_refs = text == b"refs";
                            version |= text == b"version";
                            let of_version = matches!(text, b"refs" | b"templates" | b"gen");
                            if is_metadata_key(text) || (version && of_version) {
                                return true;
                            }
                        }
                        [b'{', b'{'] if below_refs && is_metadata_key(text) => return true,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        false
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied();
        self.at = self.at.saturating_add(1);
        byte
    }

    /// What is behind an opening quote, up to the closing one; escapes are left as they are.
    fn string(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        let mut escaped = false;
        while let Some(byte) = self.next() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return self.bytes.get(start..self.at.saturating_sub(1)),
                _ => {}
            }
        }
        None
    }

    /// Whether the string before was a name: a colon follows.
    fn is_name(&self) -> bool {
        self.bytes.get(self.at..).unwrap_or_default().trim_ascii_start().first() == Some(&b':')
    }
}

/// Whether a key is one that a Zarr hierarchy keeps its metadata under.
fn is_metadata_key(key: &[u8]) -> bool {
    let name = key.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    matches!(name, b".zgroup" | b".zarray" | b".zattrs" | b".zmetadata" | b"zarr.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn check(bytes: &[u8], expected: bool) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let got = is_document(&DataFile::open(file.path()).unwrap()).unwrap();
        assert_eq!(got, expected, "{}", String::from_utf8_lossy(bytes.get(..60.min(bytes.len())).unwrap()));
    }

    #[test]
    fn documents_of_references_are_recognised() {
        check(br#"{"version": 1, "refs": {"a/0": ["a.nc"]}}"#, true);
        check(b"\n\t  {\n \"version\" : 1,\n \"templates\": {}, \"refs\": {}}", true);
        check(br#"{"version": 1, "gen": []}"#, true);
        check(br#"{"refs": {"a/0": ["a.nc"], ".zgroup": "{}"}}"#, true);
        check(br#"{".zgroup": "{\"zarr_format\": 2}", "a/.zarray": ""}"#, true);
        check(br#"{"a/0": ["u", 0, 1], "a/zarr.json": {}}"#, true);
        let long = format!(r#"{{".zattrs": "{}"}}"#, "x".repeat(100_000));
        check(long.as_bytes(), true);
        check(&zstd::encode_all(&br#"{"version": 1, "refs": {}}"#[..], 1).unwrap(), true);
        check(&zstd::encode_all(long.as_bytes(), 1).unwrap(), true);
    }

    #[test]
    fn other_files_are_not() {
        let others: [&[u8]; 14] = [
            b"",
            b"{}",
            b"    ",
            b"[\".zgroup\"]",
            br#"{"type": "FeatureCollection", "features": [{"refs": {".zgroup": 1}}]}"#,
            br#"{"name": ".zgroup", "value": "refs"}"#,
            br#"{"version": "1.0.0", "name": "package"}"#,
            br#"{"zarr_format": 3, "node_type": "group"}"#,
            br#"{"metadata": {".zgroup": {}}, "zarr_consolidated_format": 1}"#,
            br#"{"refs": {"heads": {".zgroup": 1}}}"#,
            br#"{"refs": ["version"]}"#,
            br#"{"a": "\".zgroup\":"}"#,
            b"CDF\x01",
            &ZSTANDARD,
        ];
        others.iter().for_each(|bytes| check(bytes, false));
        check(&[b'{'; 1000], false);
        check(&[b'"'; 1000], false);
    }

    #[test]
    fn folders_of_partitions_are_recognised() {
        let check = |document: Option<&str>, group: bool, expected: bool| {
            let folder = tempfile::tempdir().unwrap();
            if let Some(text) = document {
                std::fs::write(folder.path().join(".zmetadata"), text).unwrap();
            }
            if group {
                std::fs::write(folder.path().join(".zgroup"), "{}").unwrap();
            }
            assert_eq!(is_partitioned(folder.path()), expected, "{document:?}");
        };
        check(None, false, false);
        check(Some(r#"{"metadata": {}, "record_size": 10}"#), false, true);
        check(Some(r#"{"metadata": {}, "record_size": 10}"#), true, false);
        check(Some(r#"{"metadata": {}, "zarr_consolidated_format": 1}"#), false, false);
        check(
            Some(&format!(r#"{{"metadata": {{"a": "{}"}}, "record_size": 10}}"#, "x".repeat(200_000))),
            false,
            true,
        );
    }
}
