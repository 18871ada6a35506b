//! Zarr's and numcodecs' codecs: what they wrote decodes to what they were given.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use weir_datasets::Error;
use weir_datasets::codecs::{self, Decoded, Scratch};
use weir_model::{ByteOrder, Codec, DataType};

use crate::hdf5_filters::path;

/// One stored chunk: 4-byte numbers that count from 1.
pub struct Stored {
    pub codecs: Vec<Codec>,
    pub length: usize,
    pub bytes: Vec<u8>,
}

impl Stored {
    /// All chunks of the fixture.
    pub fn all() -> Vec<Self> {
        let text = std::fs::read_to_string(path("codecs_zarr.json")).unwrap();
        let Value::Array(cases) = serde_json::from_str(&text).unwrap() else {
            panic!("the fixture is no list")
        };
        cases.iter().map(Self::parse).collect()
    }

    fn parse(case: &Value) -> Self {
        let codecs = case["codecs"].as_array().unwrap().iter().map(|codec| Codec::Other {
            id: 0,
            name: codec["name"].as_str().unwrap().to_owned(),
            parameters: vec![],
            configuration: codec["configuration"].as_str().unwrap().to_owned(),
        });
        let length = case["elements"].as_u64().unwrap() as usize * 4;
        let bytes = STANDARD.decode(case["stored"].as_str().unwrap()).unwrap();
        Self { codecs: codecs.collect(), length, bytes }
    }

    /// Decodes bytes as this chunk's.
    pub fn decode(&self, bytes: &[u8], wanted: ByteOrder) -> Result<Vec<u8>, Error> {
        let to = Decoded {
            codecs: &self.codecs,
            length: self.length,
            data_type: &DataType::Int32,
            stored: ByteOrder::Little,
            wanted,
        };
        Scratch::with(|scratch| codecs::decode(scratch, bytes, 0, &to).map(<[u8]>::to_vec))
    }

    /// The numbers it must hold.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        1..=(self.length / 4) as u32
    }
}

#[test]
fn every_codec_gives_back_what_it_was_given() {
    let all = Stored::all();
    for stored in &all {
        let little: Vec<u8> = stored.numbers().flat_map(u32::to_le_bytes).collect();
        let big: Vec<u8> = stored.numbers().flat_map(u32::to_be_bytes).collect();
        for (order, expected) in [(ByteOrder::Little, &little), (ByteOrder::Big, &big)] {
            let got = stored.decode(&stored.bytes, order);
            assert_eq!(got.as_ref(), Ok(expected), "{:?}", stored.codecs);
        }
    }
    for name in
        ["zlib", "gzip", "zstd", "blosc", "lz4", "bz2", "shuffle", "fletcher32", "crc32", "crc32c", "adler32"]
    {
        assert!(all.iter().any(|stored| stored.codecs.iter().any(|codec| codec.name() == name)), "{name}");
        assert!(codecs::is_bytes_to_bytes(name), "{name}");
        assert!(codecs::is_bytes_to_bytes(&format!("numcodecs.{name}")), "{name}");
    }
    for name in ["transpose", "delta", "numcodecs.packbits", "bytes", "sharding_indexed", "vlen-utf8", ""] {
        assert!(!codecs::is_bytes_to_bytes(name), "{name}");
    }
}

#[test]
fn names_and_configurations_of_version_3_mean_the_same() {
    for mut stored in Stored::all() {
        let expected = stored.decode(&stored.bytes, ByteOrder::Little).unwrap();
        for codec in &mut stored.codecs {
            let Codec::Other { name, configuration, .. } = codec else { continue };
            *configuration = format!(r#"{{"name": "{name}", "configuration": {configuration}}}"#);
            *name = format!("numcodecs.{name}");
        }
        assert_eq!(stored.decode(&stored.bytes, ByteOrder::Little).unwrap(), expected, "{:?}", stored.codecs);
    }
}
