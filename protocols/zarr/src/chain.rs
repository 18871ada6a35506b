//! Chains: the codecs that stored chunks went through, in the words of Zarr, so that a client undoes them itself.
//!
//! HDF5 filters are named as numcodecs names the codecs that undo them (<https://numcodecs.readthedocs.io>); codecs of a Zarr
//! array keep their names. Version 3 has some of them in its own registry, and those of numcodecs behind `numcodecs.`
//! (<https://github.com/zarr-developers/zarr-extensions/tree/main/codecs>).

use serde_json::{Map, Value as Json, json};
use weir_model::{ByteOrder, Codec, Storage};

use crate::ElementType;

/// The codecs of stored chunks, in writing order.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    order: ByteOrder,
    element: ElementType,
    element_size: usize,
    steps: Vec<Step>,
}

/// A codec as numcodecs names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    /// Its `id`.
    pub name: String,
    /// The rest of its configuration.
    pub configuration: Map<String, Json>,
}

/// The codec by which texts become bytes.
const TEXTS: &str = "vlen-utf8";

/// The compressors of the Blosc library, by the number that HDF5's filter stores. numcodecs is built without `snappy`.
const BLOSC_COMPRESSORS: [Option<&str>; 6] =
    [Some("blosclz"), Some("lz4"), Some("lz4hc"), None, Some("zlib"), Some("zstd")];

/// How Blosc shuffles, by the number that HDF5's filter and numcodecs store, as version 3 spells it.
const BLOSC_SHUFFLES: [&str; 3] = ["noshuffle", "shuffle", "bitshuffle"];

/// What does not compress stands among the filters of version 2, even if it comes last.
const FILTERS: [&str; 7] = ["adler32", "crc32", "crc32c", "fletcher32", "grib", "jenkins_lookup3", "shuffle"];

/// Codecs that version 3 has no name for: whoever reads it knows those of its own registry and of numcodecs.
const ONLY_V2: [&str; 1] = ["grib"];

impl Chain {
    /// The chain of chunks of `chunk_bytes` bytes.
    ///
    /// # Errors
    /// The reason, for people, where a codec has no name in Zarr.
    pub(crate) fn of(
        element: ElementType,
        storage: &Storage,
        chunk_bytes: Option<u64>,
    ) -> Result<Self, String> {
        let is_texts = |codec: &Codec| matches!(codec, Codec::Other { id: 0, name, .. } if name == TEXTS);
        let codecs = match (element, storage.codecs.as_slice()) {
            // Not one of the steps from bytes to bytes, but how texts become bytes.
            (ElementType::Text, [first, rest @ ..]) if is_texts(first) => rest,
            (ElementType::Text, _) => return Err("its elements vary in size".to_owned()),
            (_, all) => all,
        };
        let element_size = element.size().unwrap_or(1);
        let mut steps = Vec::with_capacity(codecs.len());
        for (place, codec) in codecs.iter().enumerate() {
            steps.extend(step(codec, (place, element_size), chunk_bytes)?);
        }
        Ok(Self { order: storage.byte_order, element, element_size, steps })
    }

    /// The type of an element.
    pub(crate) fn element(&self) -> ElementType {
        self.element
    }

    /// The steps, in writing order.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The byte order of elements.
    #[must_use]
    pub fn byte_order(&self) -> ByteOrder {
        self.order
    }

    /// Whether version 3 has names for all steps.
    pub(crate) fn has_v3(&self) -> bool {
        !self.steps.iter().any(|step| ONLY_V2.contains(&step.name.as_str()))
    }

    /// The `filters` and the `compressor` of version 2. What comes last is the compressor, if it is one.
    pub(crate) fn v2(&self) -> (Json, Json) {
        let texts = (self.element == ElementType::Text).then(|| json!({"id": TEXTS}));
        let (filters, compressor) = match self.steps.split_last() {
            Some((last, before)) if !FILTERS.contains(&last.name.as_str()) => (before, last.v2()),
            _ => (self.steps.as_slice(), Json::Null),
        };
        // The specification wants null, not an empty list.
        let filters: Vec<Json> = texts.into_iter().chain(filters.iter().map(Step::v2)).collect();
        (if filters.is_empty() { Json::Null } else { Json::Array(filters) }, compressor)
    }

    /// The `codecs` of version 3.
    pub(crate) fn v3(&self) -> Json {
        let order = match self.order {
            ByteOrder::Little => "little",
            ByteOrder::Big => "big",
        };
        let bytes = match self.element {
            ElementType::Text => json!({"name": TEXTS}),
            element if element.has_byte_order() => {
                json!({"name": "bytes", "configuration": {"endian": order}})
            }
            _ => json!({"name": "bytes"}),
        };
        let steps = self.steps.iter().map(|step| step.v3(self.element_size));
        std::iter::once(bytes).chain(steps).collect()
    }
}

impl Step {
    fn new(name: &str, configuration: Json) -> Self {
        let configuration = match configuration {
            Json::Object(members) => members,
            _ => Map::new(),
        };
        Self { name: name.to_owned(), configuration }
    }

    pub(crate) fn number(&self, member: &str) -> Option<u64> {
        self.configuration.get(member)?.as_u64()
    }

    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.configuration.get(member)?.as_str()
    }

    fn v2(&self) -> Json {
        let mut members = Map::new();
        members.insert("id".to_owned(), Json::from(self.name.as_str()));
        members.extend(self.configuration.iter().map(|(name, value)| (name.clone(), value.clone())));
        if self.name == "blosc" {
            members.shift_remove("typesize");
            if let Some(number) = self.text("shuffle").and_then(shuffle_number) {
                members.insert("shuffle".to_owned(), Json::from(number));
            }
        }
        Json::Object(members)
    }

    fn v3(&self, element_size: usize) -> Json {
        let level = || self.configuration.get("level").cloned();
        match self.name.as_str() {
            "gzip" => json!({"name": "gzip", "configuration": {"level": level().unwrap_or(Json::from(1))}}),
            "zstd" => {
                let checksum = self.configuration.get("checksum").cloned().unwrap_or(Json::from(false));
                let level = level().unwrap_or(Json::from(0));
                json!({"name": "zstd", "configuration": {"level": level, "checksum": checksum}})
            }
            "blosc" => json!({"name": "blosc", "configuration": self.blosc_v3(element_size)}),
            "crc32c" if self.text("location").is_none_or(|location| location == "end") => {
                json!({"name": "crc32c"})
            }
            name => {
                let name = format!("numcodecs.{name}");
                json!({"name": name, "configuration": Json::Object(self.configuration.clone())})
            }
        }
    }

    fn blosc_v3(&self, element_size: usize) -> Json {
        let spelled = self.text("shuffle");
        let shuffle = spelled.or_else(|| {
            let number = self.number("shuffle").and_then(|number| usize::try_from(number).ok());
            // numcodecs' -1 chooses by the size of an element; what was chosen stands in each chunk's own header.
            BLOSC_SHUFFLES.get(number.unwrap_or(1)).copied()
        });
        json!({
            "typesize": self.number("typesize").unwrap_or(element_size as u64),
            "cname": self.text("cname").unwrap_or("lz4"),
            "clevel": self.number("clevel").unwrap_or(5),
            "shuffle": shuffle.unwrap_or("shuffle"),
            "blocksize": self.number("blocksize").unwrap_or(0),
        })
    }
}

fn shuffle_number(name: &str) -> Option<usize> {
    BLOSC_SHUFFLES.iter().position(|known| *known == name)
}

/// A codec in numcodecs' words; `None` where it changes nothing.
fn step(
    codec: &Codec,
    (place, element_size): (usize, usize),
    chunk_bytes: Option<u64>,
) -> Result<Option<Step>, String> {
    Ok(Some(match codec {
        // Shuffling single bytes changes nothing, and not every client knows the step.
        Codec::Shuffle { element_size: 1 } => return Ok(None),
        Codec::Shuffle { element_size } => {
            // HDF5 leaves bytes alone that do not make up an element; numcodecs refuses them.
            let rest = chunk_bytes.and_then(|bytes| bytes.checked_rem(u64::from(*element_size)));
            if place > 0 || rest != Some(0) {
                return Err(format!(
                    "its chunks are shuffled by {element_size} bytes in a way that Zarr has no name for"
                ));
            }
            Step::new("shuffle", json!({"elementsize": element_size}))
        }
        Codec::Deflate { level } => Step::new("zlib", json!({"level": (*level).min(9)})),
        Codec::Fletcher32 => Step::new("fletcher32", Json::Null),
        Codec::Other { id: 0, name, configuration, .. } => of_zarr(name, configuration)?,
        Codec::Other { id, name, parameters, .. } => {
            of_hdf5(*id, parameters, element_size).ok_or_else(|| {
                format!("its chunks went through {name} (HDF5 filter {id}), which has no name in Zarr")
            })?
        }
    }))
}

/// A codec of a Zarr array, whose configuration is JSON already.
fn of_zarr(name: &str, configuration: &str) -> Result<Step, String> {
    let unnamed = || format!("its chunks are stored in a way ({name}) that has no name in Zarr");
    // What a reader of another format made up to say that it decodes by itself has no configuration.
    match serde_json::from_str(configuration) {
        Ok(Json::Object(members)) if !members.contains_key("id") => {
            Ok(Step { name: name.to_owned(), configuration: members })
        }
        _ => Err(unnamed()),
    }
}

/// A registered HDF5 filter whose streams numcodecs reads, too.
fn of_hdf5(id: u32, parameters: &[u32], element_size: usize) -> Option<Step> {
    let parameter = |n: usize| parameters.get(n).copied();
    match id {
        307 => Some(Step::new("bz2", json!({"level": parameter(0).unwrap_or(9).clamp(1, 9)}))),
        32015 => {
            // The number is a signed one.
            let level = parameter(0).map_or(3, u32::cast_signed).clamp(-131_072, 22);
            Some(Step::new("zstd", json!({"level": level})))
        }
        32001 => {
            let compressor = parameter(6).and_then(|code| usize::try_from(code).ok());
            let typesize = parameter(2).filter(|&size| size > 0).map_or(element_size as u64, u64::from);
            let configuration = json!({
                "typesize": typesize,
                "cname": BLOSC_COMPRESSORS.get(compressor.unwrap_or(0)).copied().flatten()?,
                "clevel": parameter(4).unwrap_or(5).min(9),
                "shuffle": parameter(5).unwrap_or(1).min(2),
                "blocksize": 0,
            });
            Some(Step::new("blosc", configuration))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(id: u32, name: &str, parameters: &[u32]) -> Codec {
        let (parameters, configuration) = (parameters.to_vec(), String::new());
        Codec::Other { id, name: name.into(), parameters, configuration }
    }

    fn zarr(name: &str, configuration: &str) -> Codec {
        let configuration = configuration.to_owned();
        Codec::Other { id: 0, name: name.into(), parameters: vec![], configuration }
    }

    fn chain(codecs: &[Codec]) -> Result<Chain, String> {
        let storage = Storage {
            chunk_shape: vec![6],
            codecs: codecs.to_vec(),
            byte_order: ByteOrder::Big,
            fill: vec![0; 4],
        };
        Chain::of(ElementType::Float(4), &storage, Some(24))
    }

    /// Filters and compressor of version 2, and what stands behind `bytes` in version 3.
    fn check(codecs: &[Codec], (filters, compressor): (Json, Json), v3: &Json) {
        let chain = chain(codecs).unwrap();
        assert_eq!(chain.v2(), (filters, compressor), "{codecs:?}");
        let mut expected = vec![json!({"name": "bytes", "configuration": {"endian": "big"}})];
        expected.extend(v3.as_array().cloned().unwrap_or_default());
        assert_eq!(chain.v3(), Json::Array(expected), "{codecs:?}");
    }

    const SHUFFLE: Codec = Codec::Shuffle { element_size: 4 };
    const DEFLATE: Codec = Codec::Deflate { level: 5 };

    #[test]
    fn messages_of_grib_have_a_name_in_version_2_alone() {
        let configuration = r#"{"var":"values","dtype":"float32"}"#.to_owned();
        let codec = Codec::Other { id: 0, name: "grib".to_owned(), parameters: vec![], configuration };
        let (order, fill) = (ByteOrder::Little, vec![0; 4]);
        let storage = Storage { chunk_shape: vec![4], codecs: vec![codec], byte_order: order, fill };
        let chain = Chain::of(ElementType::Float(4), &storage, Some(16)).unwrap();
        let filters = json!([{"id": "grib", "var": "values", "dtype": "float32"}]);
        assert_eq!((chain.v2(), chain.has_v3()), ((filters, Json::Null), false));
    }

    #[test]
    fn filters_of_hdf5_have_the_names_of_numcodecs() {
        check(&[], (Json::Null, Json::Null), &json!([]));
        let shuffle = json!({"id": "shuffle", "elementsize": 4});
        let shuffle3 = json!({"name": "numcodecs.shuffle", "configuration": {"elementsize": 4}});
        let zlib3 = json!({"name": "numcodecs.zlib", "configuration": {"level": 5}});
        let fletcher3 = json!({"name": "numcodecs.fletcher32", "configuration": {}});
        check(
            &[SHUFFLE, DEFLATE],
            (json!([shuffle]), json!({"id": "zlib", "level": 5})),
            &json!([shuffle3, zlib3]),
        );
        check(
            &[SHUFFLE, DEFLATE, Codec::Fletcher32],
            (json!([shuffle, {"id": "zlib", "level": 5}, {"id": "fletcher32"}]), Json::Null),
            &json!([shuffle3, zlib3, fletcher3]),
        );
        check(&[Codec::Fletcher32], (json!([{"id": "fletcher32"}]), Json::Null), &json!([fletcher3]));
        check(&[SHUFFLE], (json!([shuffle]), Json::Null), &json!([shuffle3]));
        check(
            &[Codec::Shuffle { element_size: 1 }, other(307, "bzip2", &[7])],
            (Json::Null, json!({"id": "bz2", "level": 7})),
            &json!([{"name": "numcodecs.bz2", "configuration": {"level": 7}}]),
        );
        check(
            &[other(32015, "zstd", &[u32::MAX])],
            (Json::Null, json!({"id": "zstd", "level": -1})),
            &json!([{"name": "zstd", "configuration": {"level": -1, "checksum": false}}]),
        );
        check(
            &[other(32001, "blosc", &[2, 2, 4, 24, 3, 2, 5])],
            (Json::Null, json!({"id": "blosc", "cname": "zstd", "clevel": 3, "shuffle": 2, "blocksize": 0})),
            &json!([{"name": "blosc", "configuration": {
                "typesize": 4, "cname": "zstd", "clevel": 3, "shuffle": "bitshuffle", "blocksize": 0}}]),
        );
    }

    #[test]
    fn codecs_of_zarr_keep_theirs() {
        check(
            &[zarr("blosc", r#"{"typesize":4,"cname":"lz4","clevel":5,"shuffle":"shuffle","blocksize":0}"#)],
            (Json::Null, json!({"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0})),
            &json!([{"name": "blosc", "configuration": {
                "typesize": 4, "cname": "lz4", "clevel": 5, "shuffle": "shuffle", "blocksize": 0}}]),
        );
        check(
            &[zarr("gzip", r#"{"level":3}"#), zarr("crc32c", "{}")],
            (json!([{"id": "gzip", "level": 3}, {"id": "crc32c"}]), Json::Null),
            &json!([{"name": "gzip", "configuration": {"level": 3}}, {"name": "crc32c"}]),
        );
        check(
            &[zarr("crc32c", r#"{"location":"start"}"#), zarr("lz4", r#"{"acceleration":2}"#)],
            (json!([{"id": "crc32c", "location": "start"}]), json!({"id": "lz4", "acceleration": 2})),
            &json!([
                {"name": "numcodecs.crc32c", "configuration": {"location": "start"}},
                {"name": "numcodecs.lz4", "configuration": {"acceleration": 2}},
            ]),
        );
    }

    #[test]
    fn texts_are_counted() {
        let storage =
            |codecs| Storage { chunk_shape: vec![6], codecs, byte_order: ByteOrder::Little, fill: vec![] };
        let texts = storage(vec![zarr("vlen-utf8", "{}"), zarr("zstd", r#"{"level":1}"#)]);
        let chain = Chain::of(ElementType::Text, &texts, None).unwrap();
        let zstd = json!({"id": "zstd", "level": 1});
        assert_eq!(chain.v2(), (json!([{"id": "vlen-utf8"}]), zstd));
        assert_eq!(chain.v3()[0], json!({"name": "vlen-utf8"}));
        assert!(Chain::of(ElementType::Text, &storage(vec![]), None).is_err());
        assert_eq!(chain.unwritten(&[], 6), None);
    }

    #[test]
    fn what_has_no_name_is_refused() {
        let refused = |codecs: &[Codec]| chain(codecs).unwrap_err();
        let szip = "its chunks went through szip (HDF5 filter 4), which has no name in Zarr";
        assert_eq!(refused(&[SHUFFLE, other(4, "szip", &[])]), szip);
        assert_eq!(
            refused(&[zarr("aggregated", "")]),
            "its chunks are stored in a way (aggregated) that has no name in Zarr"
        );
        for codecs in [
            vec![DEFLATE, SHUFFLE],
            vec![Codec::Shuffle { element_size: 7 }],
            vec![Codec::Shuffle { element_size: 0 }],
            vec![other(32001, "blosc", &[2, 2, 4, 24, 3, 1, 9])],
            vec![other(32001, "blosc", &[2, 2, 4, 24, 3, 1, 3])],
        ] {
            assert!(chain(&codecs).is_err(), "{codecs:?}");
        }
    }
}
