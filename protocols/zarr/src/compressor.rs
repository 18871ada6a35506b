//! Compressors that chunks can be made with.

use serde::Deserialize;
use serde_json::{Value as Json, json};

/// How chunks are compressed, as a site asks for it: `{id = "blosc", cname = "zstd", level = 3, shuffle = "shuffle"}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "id", rename_all = "lowercase", deny_unknown_fields)]
pub enum Compressor {
    /// Not at all.
    None {},
    /// A zlib stream (RFC 1950), behind a shuffle of bytes.
    Zlib {
        /// From 0 to 9.
        #[serde(default = "fast")]
        level: u32,
    },
    /// A gzip member (RFC 1952), behind a shuffle of bytes in version 2 only.
    Gzip {
        /// From 0 to 9.
        #[serde(default = "fast")]
        level: u32,
    },
    /// A Zstandard frame (RFC 8878).
    Zstd {
        /// From 0, the library's choice, to 22.
        #[serde(default)]
        level: u32,
    },
    /// A Blosc 1 chunk.
    Blosc {
        /// What compresses its blocks.
        #[serde(default)]
        cname: BloscName,
        /// From 0 to 9.
        #[serde(default = "middle")]
        level: u32,
        /// What is done to bytes before.
        #[serde(default)]
        shuffle: BloscShuffle,
    },
}

/// What compresses the blocks of a Blosc chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BloscName {
    /// LZ4 blocks.
    #[default]
    Lz4,
    /// Zstandard frames.
    Zstd,
    /// zlib streams.
    Zlib,
}

/// What Blosc does to bytes before they are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BloscShuffle {
    /// Nothing.
    #[serde(alias = "none")]
    NoShuffle,
    /// Bytes of equal significance are put together.
    #[default]
    Shuffle,
}

fn fast() -> u32 {
    1
}

fn middle() -> u32 {
    5
}

impl BloscName {
    /// As Zarr's metadata spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
            Self::Zlib => "zlib",
        }
    }
}

impl Compressor {
    /// Checks that levels are ones that there are.
    ///
    /// # Errors
    /// The level, and the greatest one.
    pub fn check(&self) -> Result<(), String> {
        let (name, level, most) = match self {
            Self::None {} => return Ok(()),
            Self::Zlib { level } => ("zlib", *level, 9),
            Self::Gzip { level } => ("gzip", *level, 9),
            Self::Blosc { level, .. } => ("blosc", *level, 9),
            Self::Zstd { level } => ("zstd", *level, 22),
        };
        if level > most { Err(format!("level of {name} is {level}; the greatest is {most}")) } else { Ok(()) }
    }

    /// The element size of the shuffle of bytes in front of it, where elements of `size` bytes have one. Blosc shuffles by itself.
    #[must_use]
    pub fn shuffle(&self, size: usize) -> Option<usize> {
        let wanted = matches!(self, Self::Zlib { .. } | Self::Gzip { .. } | Self::Zstd { .. });
        (wanted && size > 1).then_some(size)
    }

    /// The `compressor` of version 2.
    pub(crate) fn v2(&self) -> Json {
        match self {
            Self::None {} => Json::Null,
            Self::Zlib { level } => json!({"id": "zlib", "level": level}),
            Self::Gzip { level } => json!({"id": "gzip", "level": level}),
            Self::Zstd { level } => json!({"id": "zstd", "level": level}),
            Self::Blosc { cname, level, shuffle } => json!({
                "id": "blosc", "cname": cname.name(), "clevel": level, "blocksize": 0,
                "shuffle": u8::from(*shuffle == BloscShuffle::Shuffle),
            }),
        }
    }

    /// The codec of version 3, for elements of `size` bytes.
    pub(crate) fn v3(&self, size: usize) -> Option<Json> {
        Some(match self {
            Self::None {} => return None,
            Self::Zlib { level } => json!({"name": "numcodecs.zlib", "configuration": {"level": level}}),
            Self::Gzip { level } => json!({"name": "gzip", "configuration": {"level": level}}),
            Self::Zstd { level } => {
                json!({"name": "zstd", "configuration": {"level": level, "checksum": false}})
            }
            Self::Blosc { cname, level, shuffle } => {
                let shuffle = if *shuffle == BloscShuffle::Shuffle { "shuffle" } else { "noshuffle" };
                json!({"name": "blosc", "configuration": {
                    "cname": cname.name(), "clevel": level, "shuffle": shuffle, "typesize": size, "blocksize": 0,
                }})
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, v2: &Json, v3: Option<&Json>) {
        let compressor: Compressor = serde_json::from_str(text).unwrap();
        assert_eq!(compressor.check(), Ok(()));
        assert_eq!(&compressor.v2(), v2);
        assert_eq!(compressor.v3(4).as_ref(), v3);
    }

    #[test]
    fn each_has_its_names() {
        check(r#"{"id": "none"}"#, &Json::Null, None);
        check(
            r#"{"id": "zstd", "level": 3}"#,
            &json!({"id": "zstd", "level": 3}),
            Some(&json!({"name": "zstd", "configuration": {"level": 3, "checksum": false}})),
        );
        check(
            r#"{"id": "blosc"}"#,
            &json!({"id": "blosc", "cname": "lz4", "clevel": 5, "blocksize": 0, "shuffle": 1}),
            Some(&json!({"name": "blosc", "configuration":
                {"cname": "lz4", "clevel": 5, "shuffle": "shuffle", "typesize": 4, "blocksize": 0}})),
        );
    }

    #[test]
    fn levels_have_an_end() {
        let check = |text: &str| serde_json::from_str::<Compressor>(text).unwrap().check();
        assert_eq!(
            check(r#"{"id": "zlib", "level": 10}"#),
            Err("level of zlib is 10; the greatest is 9".into())
        );
        assert!(check(r#"{"id": "zstd", "level": 23}"#).is_err());
    }
}
