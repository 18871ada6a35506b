//! Keys: what a client asks for below the mount of a hierarchy.

use weir_model::Schema;

use crate::members::path_is_sound;

/// The two versions of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Version 2.
    V2,
    /// Version 3.
    V3,
}

/// A key that can name something. Whether it does, the schema says.
///
/// Paths have no slash at either end; the root group has the empty path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// `.zmetadata` of a group.
    V2Consolidated {
        /// Path of the group.
        group: &'a str,
    },
    /// `.zgroup` of a group.
    V2Group {
        /// Path of the group.
        group: &'a str,
    },
    /// `.zattrs` of a group or an array.
    V2Attributes {
        /// Path of the group or array.
        path: &'a str,
    },
    /// `.zarray` of an array.
    V2Array {
        /// Path of the array.
        path: &'a str,
    },
    /// `zarr.json` of a group or an array.
    V3Metadata {
        /// Path of the group or array.
        path: &'a str,
    },
    /// A chunk of an array: `sst/0.1` or `sst/c/0/1`.
    Chunk {
        /// Path of the array.
        path: &'a str,
        /// The numbers of the key; see [`Array::chunk_index`](crate::Array::chunk_index).
        index: Vec<u64>,
        /// The version whose key it is.
        format: Format,
    },
}

impl<'a> Key<'a> {
    /// Reads a key; `None` where it cannot name anything.
    ///
    /// `x/c/0` names a chunk of `x` in version 3, and one of `x/c` in version 2. Nothing is a group and an array at once, so
    /// `schema` decides.
    #[must_use]
    pub fn parse(key: &'a str, schema: &Schema) -> Option<Self> {
        let (path, name) = key.rsplit_once('/').unwrap_or(("", key));
        if key.starts_with('/') || !path_is_sound(path) {
            return None;
        }
        match name {
            ".zmetadata" => return Some(Self::V2Consolidated { group: path }),
            ".zgroup" => return Some(Self::V2Group { group: path }),
            ".zattrs" => return Some(Self::V2Attributes { path }),
            ".zarray" => return Some(Self::V2Array { path }),
            "zarr.json" => return Some(Self::V3Metadata { path }),
            _ => {}
        }
        let is_variable = |key: &Self| match key {
            Self::Chunk { path, .. } => !path.is_empty() && schema.variable(path).is_some(),
            _ => false,
        };
        let v2 = index(name, '.').map(|index| Self::Chunk { path, index, format: Format::V2 });
        [v2, Self::v3_chunk(key)].into_iter().flatten().find(is_variable)
    }

    /// `path/c` and numbers. A number is never `c`, so the last `c` is the one.
    fn v3_chunk(key: &'a str) -> Option<Self> {
        let format = Format::V3;
        if let Some(path) = key.strip_suffix("/c") {
            return Some(Self::Chunk { path, index: vec![], format });
        }
        let (path, numbers) = key.rsplit_once("/c/")?;
        Some(Self::Chunk { path, index: index(numbers, '/')?, format })
    }
}

/// Numbers of a chunk key: at least one.
fn index(numbers: &str, separator: char) -> Option<Vec<u64>> {
    numbers.split(separator).map(number).collect()
}

/// A number as every Zarr writer spells it: only digits, no zero in front. One chunk has one key.
fn number(digits: &str) -> Option<u64> {
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    if leading_zero || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Refuses the empty text and numbers beyond 64 bits.
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocean;
    use proptest::prelude::*;

    fn check(key: &str, expected: &str) {
        let schema = ocean::schema();
        let got = match Key::parse(key, &schema) {
            None => "none".to_owned(),
            Some(Key::V2Consolidated { group }) => format!("zmetadata {group:?}"),
            Some(Key::V2Group { group }) => format!("zgroup {group:?}"),
            Some(Key::V2Attributes { path }) => format!("zattrs {path:?}"),
            Some(Key::V2Array { path }) => format!("zarray {path:?}"),
            Some(Key::V3Metadata { path }) => format!("zarr.json {path:?}"),
            Some(Key::Chunk { path, index, format }) => format!("{format:?} {path:?} {index:?}"),
        };
        assert_eq!(got, expected, "{key:?}");
    }

    #[test]
    fn documents() {
        check(".zmetadata", r#"zmetadata """#);
        check("forecast/.zmetadata", r#"zmetadata "forecast""#);
        check(".zgroup", r#"zgroup """#);
        check(".zattrs", r#"zattrs """#);
        check("sst/.zattrs", r#"zattrs "sst""#);
        check("forecast/deep/c/.zarray", r#"zarray "forecast/deep/c""#);
        check("zarr.json", r#"zarr.json """#);
        check("none/zarr.json", r#"zarr.json "none""#);
        check("zarr.json/zarr.json", r#"zarr.json "zarr.json""#);
        for key in [
            "",
            "/",
            "//zarr.json",
            "/zarr.json",
            "a//.zarray",
            "../.zgroup",
            "./zarr.json",
            "a/../zarr.json",
        ] {
            check(key, "none");
        }
    }

    #[test]
    fn chunks() {
        check("sst/0.1", r#"V2 "sst" [0, 1]"#);
        check("sst/c/0/1", r#"V3 "sst" [0, 1]"#);
        check("cloud/0", r#"V2 "cloud" [0]"#);
        check("cloud/c", r#"V3 "cloud" []"#);
        check("forecast/sst/10.18446744073709551615", r#"V2 "forecast/sst" [10, 18446744073709551615]"#);
        // The number of axes is not the key's business.
        check("sst/7", r#"V2 "sst" [7]"#);
        for key in [
            "sst/0.01",
            "sst/+0.1",
            "sst/-1.0",
            "sst/0.",
            "sst/.0",
            "sst/0..1",
            "sst/00",
            "sst/0,1",
            "sst/0 .1",
            "sst/18446744073709551616",
            "sst/1e1",
            "sst/0x1",
            "sst/٣",
            "sst/c/",
            "sst/c/0/",
            "sst/c//0",
            "sst/c/0.1",
            "sst/c/01",
            "sst/c/+1",
            "sst/0/1",
            "sst/",
            "sst",
            "none/0.0",
            "none/c/0",
            "0.0",
            "c/",
            "sst//0.1",
            "/sst/0.1",
            "forecast/0",
            "forecast/c/0",
            "sst/c/c/0",
        ] {
            check(key, "none");
        }
    }

    /// A variable called `c`, at the root and below a group, is not taken for the marker of version 3.
    #[test]
    fn a_variable_called_c() {
        check("c/0", r#"V2 "c" [0]"#);
        check("c/c/0", r#"V3 "c" [0]"#);
        check("c/c", r#"V3 "c" []"#);
        check("forecast/deep/c/0", r#"V2 "forecast/deep/c" [0]"#);
        check("forecast/deep/c/c/0", r#"V3 "forecast/deep/c" [0]"#);
        check("c", "none");
    }

    proptest! {
        #[test]
        fn one_chunk_has_one_key(index in prop::collection::vec(any::<u64>(), 1..5)) {
            let schema = ocean::schema();
            let numbers: Vec<String> = index.iter().map(u64::to_string).collect();
            for (key, format) in [
                (format!("forecast/sst/{}", numbers.join(".")), Format::V2),
                (format!("forecast/sst/c/{}", numbers.join("/")), Format::V3),
            ] {
                let path = "forecast/sst";
                prop_assert_eq!(Key::parse(&key, &schema), Some(Key::Chunk { path, index: index.clone(), format }));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(key in "[c0-9./+ a-z]{0,24}") {
            let schema = ocean::schema();
            if let Some(Key::Chunk { path, index, format }) = Key::parse(&key, &schema) {
                let numbers: Vec<String> = index.iter().map(u64::to_string).collect();
                let again = match format {
                    Format::V2 => format!("{path}/{}", numbers.join(".")),
                    Format::V3 if numbers.is_empty() => format!("{path}/c"),
                    Format::V3 => format!("{path}/c/{}", numbers.join("/")),
                };
                prop_assert_eq!(again, key);
            }
        }
    }
}
