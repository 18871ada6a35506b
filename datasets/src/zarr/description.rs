//! Array descriptions: what the metadata of either version says of an array.

use serde_json::Value;
use weir_model::ChunkGrid;
use zarrs_metadata::v2::{ArrayMetadataV2, ArrayMetadataV2Order, DataTypeMetadataV2, MetadataV2};
use zarrs_metadata::v3::{ArrayMetadataV3, MetadataV3};

use super::chain::{Axes, Chain, Named, named_version_2};
use super::chunk_key::ChunkKeys;
use super::element::Kind;
use super::fill_value;
use super::json::Members;
use super::sharding::Sharding;
use crate::{Error, ErrorKind};

/// An array may have this many axes (numpy's limit).
const MOST_AXES: usize = 64;

/// An array, described.
#[derive(Clone, Debug)]
pub struct Description {
    /// How chunks tile it. Of a sharded array, these are the inner chunks.
    pub grid: ChunkGrid,
    /// What its elements are.
    pub kind: Kind,
    /// What stands where nothing is stored.
    pub fill: Vec<u8>,
    /// The fill value, if it marks missing data.
    pub mask: Option<Vec<u8>>,
    /// What the objects are called.
    pub keys: ChunkKeys,
    /// How chunks are encoded, or why they cannot be read.
    pub chain: Result<Chain, Error>,
    /// How chunks lie in objects, if there are several in one.
    pub sharding: Option<Sharding>,
    /// The names of its dimensions; `None` for one without a name.
    pub dimensions: Vec<Option<String>>,
    /// Its attributes, as they are stored.
    pub attributes: Members,
}

/// Describes an array of version 2 from its `.zarray` and `.zattrs`.
///
/// # Errors
/// `Corrupt` where the metadata is not that of an array, `Unsupported` where its type cannot be shown.
pub fn of_version_2(metadata: Value, attributes: Members) -> Result<Description, Error> {
    if metadata.get("dtype").is_some_and(Value::is_array) {
        return Err(Error::unsupported("records of fields cannot be shown"));
    }
    let metadata: ArrayMetadataV2 =
        serde_json::from_value(metadata).map_err(|e| Error::corrupt(e.to_string()))?;
    let DataTypeMetadataV2::Simple(spelled) = &metadata.dtype else {
        return Err(Error::unsupported("records of fields cannot be shown"));
    };
    let steps = metadata.filters.iter().flatten().chain(metadata.compressor.as_ref());
    let steps = steps.map(of_metadata_2).collect::<Result<Vec<_>, _>>()?;
    let holds_text = steps.iter().any(|step| matches!(step.name.as_str(), "vlen-utf8" | "vlen-bytes"));
    let (kind, order) = Kind::of_version_2(spelled, holds_text)?;
    let axes = match metadata.order {
        ArrayMetadataV2Order::C => Axes::C,
        ArrayMetadataV2Order::F => Axes::F,
    };
    let chunk_shape = metadata.chunks.iter().map(|length| length.get()).collect();
    let grid = grid(metadata.shape.clone(), chunk_shape, &kind)?;
    let fill_value = to_json(&metadata.fill_value)?;
    let fill = fill_value::bytes(&fill_value, &kind)?;
    // Zero is what zarr-python writes when nobody chose a fill value: it marks nothing.
    let mask = (!fill_value.is_null() && fill.iter().any(|&byte| byte != 0)).then(|| fill.clone());
    let axes = (grid.shape().len(), axes);
    Ok(Description {
        keys: ChunkKeys::Version2 {
            separator: to_json(&metadata.dimension_separator)?
                .as_str()
                .and_then(|s| s.chars().next())
                .unwrap_or('.'),
        },
        chain: Chain::of_version_2(&kind, order, axes, &steps),
        dimensions: names_in_attributes(&attributes, axes.0),
        sharding: None,
        grid,
        kind,
        fill,
        mask,
        attributes,
    })
}

/// Describes an array of version 3 from its `zarr.json`.
///
/// # Errors
/// As [`of_version_2`].
pub fn of_version_3(metadata: Value) -> Result<Description, Error> {
    let metadata: ArrayMetadataV3 =
        serde_json::from_value(metadata).map_err(|e| Error::corrupt(e.to_string()))?;
    if let Some(transformer) = metadata.storage_transformers.first() {
        return Err(Error::unsupported(format!(
            "storage transformer {} is not built in",
            transformer.name()
        )));
    }
    let kind = Kind::of_version_3(metadata.data_type.name(), &configuration(&metadata.data_type))?;
    let shape = metadata.shape.clone();
    let outer = match metadata.chunk_grid.name() {
        "regular" => lengths(configuration(&metadata.chunk_grid).get("chunk_shape")),
        name => return Err(Error::unsupported(format!("chunk grid {name} is not built in"))),
    };
    let outer = outer.ok_or_else(|| Error::corrupt("its chunk grid has no chunk shape"))?;
    let steps: Vec<Named> =
        metadata.codecs.iter().map(|codec| Named::new(codec.name(), configuration(codec))).collect();
    let axes = shape.len();
    let (sharding, chunk_shape, chain) = match Sharding::of_chain(&steps, &outer) {
        Ok(None) => (None, outer, Chain::of_version_3(&kind, axes, &steps)),
        Ok(Some((sharding, inner, steps))) => {
            (Some(sharding), inner, Chain::of_version_3(&kind, axes, &steps))
        }
        // It can be shown, but not be read.
        Err(error) if error.kind == ErrorKind::Unsupported => (None, outer, Err(error)),
        Err(error) => return Err(error),
    };
    let grid = grid(shape, chunk_shape, &kind)?;
    let names = metadata
        .dimension_names
        .map(|names| names.into_iter().map(|name| name.filter(|n| !n.is_empty())).collect());
    let dimensions = match names {
        Some(names) if Vec::len(&names) == grid.shape().len() => names,
        Some(_) => return Err(Error::corrupt("it has not as many dimension names as axes")),
        None => names_in_attributes(&metadata.attributes, grid.shape().len()),
    };
    Ok(Description {
        keys: chunk_keys(&metadata.chunk_key_encoding)?,
        fill: fill_value::bytes(&to_json(&metadata.fill_value)?, &kind)?,
        mask: None,
        attributes: metadata.attributes,
        dimensions,
        sharding,
        chain,
        grid,
        kind,
    })
}

/// A grid whose numbers cannot overflow where bytes are counted.
fn grid(shape: Vec<u64>, chunk_shape: Vec<u64>, kind: &Kind) -> Result<ChunkGrid, Error> {
    let size = kind.stored_size().unwrap_or(1) as u64;
    let bytes = |lengths: &[u64]| lengths.iter().try_fold(size, |n, &length| n.checked_mul(length));
    let fits = [&shape, &chunk_shape]
        .into_iter()
        .all(|lengths| bytes(lengths).is_some_and(|n| i64::try_from(n).is_ok()));
    if shape.len() > MOST_AXES || !fits {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("its shape {shape:?} in chunks {chunk_shape:?} is too large"),
        ));
    }
    ChunkGrid::new(shape, chunk_shape).map_err(|e| Error::corrupt(e.to_string()))
}

/// Lengths in JSON.
pub fn lengths(value: Option<&Value>) -> Option<Vec<u64>> {
    value?.as_array()?.iter().map(Value::as_u64).collect()
}

fn to_json(value: &impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|e| Error::corrupt(e.to_string()))
}

/// The configuration of an extension; empty where there is none.
fn configuration(metadata: &MetadataV3) -> Members {
    metadata.configuration().cloned().map(Into::into).unwrap_or_default()
}

fn of_metadata_2(codec: &MetadataV2) -> Result<Named, Error> {
    named_version_2(&to_json(codec)?)
}

/// xarray keeps the names of dimensions in an attribute where the metadata has no place for them.
fn names_in_attributes(attributes: &Members, axes: usize) -> Vec<Option<String>> {
    let names =
        attributes.get("_ARRAY_DIMENSIONS").and_then(Value::as_array).filter(|names| names.len() == axes);
    match names {
        Some(names) => names
            .iter()
            .map(|name| name.as_str().filter(|name| !name.is_empty()).map(str::to_owned))
            .collect(),
        None => vec![None; axes],
    }
}

fn chunk_keys(encoding: &MetadataV3) -> Result<ChunkKeys, Error> {
    let configuration = configuration(encoding);
    let separator = match configuration.get("separator").and_then(Value::as_str) {
        Some("/") => Some('/'),
        Some(".") => Some('.'),
        Some(other) => return Err(Error::corrupt(format!("its chunk keys are separated by {other:?}"))),
        None => None,
    };
    match encoding.name() {
        "default" => Ok(ChunkKeys::Default { separator: separator.unwrap_or('/') }),
        "v2" => Ok(ChunkKeys::Version2 { separator: separator.unwrap_or('.') }),
        name => Err(Error::unsupported(format!("chunk key encoding {name} is not built in"))),
    }
}
