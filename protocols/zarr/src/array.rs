//! Arrays: variables that Zarr can describe.

use serde_json::Value as Json;
use weir_model::{ChunkGrid, Storage, Variable};

use crate::{Chain, ElementType, Encoding, Format, Making, fill};

/// A variable that Zarr can describe, with what both versions of the format need to know of it.
#[derive(Clone, Debug)]
pub struct Array<'a> {
    variable: &'a Variable,
    grid: ChunkGrid,
    element: ElementType,
    encoding: Encoding,
    chunk_bytes: Option<u64>,
    shards: Option<ChunkGrid>,
    /// The codecs of stored chunks, where those are shown as they are.
    chain: Option<Chain>,
    fill: &'a [u8],
}

impl<'a> Array<'a> {
    /// The array that shows `variable`.
    ///
    /// # Errors
    /// The reason, for people, where Zarr cannot show it.
    pub fn of(variable: &'a Variable) -> Result<Self, String> {
        Self::stored_as(variable, &variable.storage)
    }

    /// The array that shows the stored chunks of `variable` as they are; `layout` says which they are, and which codecs they went
    /// through.
    ///
    /// # Errors
    /// The reason, for people, where Zarr cannot show it, or has no name for a codec.
    pub fn raw(variable: &'a Variable, layout: &'a Storage) -> Result<Self, String> {
        let array = Self::stored_as(variable, layout)?;
        let chain = Chain::of(array.element, layout, array.chunk_bytes)?;
        let encoding = Encoding::as_stored(layout.byte_order);
        Ok(Self { encoding, chain: Some(chain), ..array })
    }

    fn stored_as(variable: &'a Variable, storage: &'a Storage) -> Result<Self, String> {
        let element = ElementType::of(&variable.data_type)?;
        let (axes, named) = (variable.shape.len(), variable.dimensions.len());
        if axes != named {
            return Err(format!("it has {axes} axes, but {named} dimensions"));
        }
        let (shape, chunk_shape) = (variable.shape.clone(), storage.chunk_shape.clone());
        let grid = ChunkGrid::new(shape, chunk_shape).map_err(|e| e.to_string())?;
        let chunk_bytes = element.size().map(|size| chunk_bytes(&grid, size)).transpose()?;
        let (expected, given) = (element.size(), storage.fill.len());
        if expected.is_some_and(|size| size != given) {
            return Err(format!("its fill value has {given} bytes, which is not one element"));
        }
        let encoding = Encoding::of(element, storage, chunk_bytes);
        let (shards, chain, fill) = (None, None, storage.fill.as_slice());
        Ok(Self { variable, grid, element, encoding, chunk_bytes, shards, chain, fill })
    }

    /// The array that shows a variable of a [`Product`](crate::Product).
    ///
    /// # Errors
    /// As [`Array::of`].
    pub fn made(variable: &'a Variable, making: &Making) -> Result<Self, String> {
        let mut array = Self::of(variable)?;
        array.encoding = Encoding::made(array.element, making);
        let shards = making.shard.clone().map(|shard| ChunkGrid::new(variable.shape.clone(), shard));
        array.shards = shards.transpose().map_err(|e| e.to_string())?;
        Ok(array)
    }

    /// The variable.
    #[must_use]
    pub fn variable(&self) -> &'a Variable {
        self.variable
    }

    /// The grid of shards, if version 3 puts several chunks into one object.
    #[must_use]
    pub fn shards(&self) -> Option<&ChunkGrid> {
        self.shards.as_ref()
    }

    /// The grid of the objects that `format` has keys for.
    #[must_use]
    pub fn objects(&self, format: Format) -> &ChunkGrid {
        self.shards.as_ref().filter(|_| format == Format::V3).unwrap_or(&self.grid)
    }

    /// The chunk grid: the file's own, or the one that a recipe wants.
    #[must_use]
    pub fn grid(&self) -> &ChunkGrid {
        &self.grid
    }

    /// The type of one element.
    #[must_use]
    pub fn element(&self) -> ElementType {
        self.element
    }

    /// How chunks are encoded.
    #[must_use]
    pub fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    /// The codecs that stored chunks went through, of an array that shows them as they are.
    #[must_use]
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// Whether a version of the format can describe it.
    #[must_use]
    pub fn is_in(&self, format: Format) -> bool {
        format == Format::V2 || self.chain.as_ref().is_none_or(Chain::has_v3)
    }

    /// The `filters` and the `compressor` of version 2.
    pub(crate) fn codecs_v2(&self) -> (Json, Json) {
        self.chain.as_ref().map_or_else(|| self.encoding.v2(self.element), Chain::v2)
    }

    /// The `codecs` of version 3.
    pub(crate) fn codecs_v3(&self) -> Json {
        match &self.chain {
            Some(chain) => chain.v3(),
            None => {
                let in_shards = self.shards().map(|_| self.grid.chunk_shape());
                self.encoding.v3(self.element, in_shards)
            }
        }
    }

    /// Bytes of one whole chunk before it is encoded, or `None` where elements vary in size.
    #[must_use]
    pub fn chunk_bytes(&self) -> Option<u64> {
        self.chunk_bytes
    }

    /// One element of the storage fill value, in the byte order of [`Array::encoding`]; empty where elements vary in size.
    #[must_use]
    pub fn fill(&self) -> Vec<u8> {
        let mut fill = self.fill.to_vec();
        if self.element.has_byte_order() && self.encoding.byte_order == weir_model::ByteOrder::Big {
            fill.reverse();
        }
        fill
    }

    /// Little-endian elements that stand for nothing: the storage fill value, and those that attributes name.
    #[must_use]
    pub fn missing(&self) -> Vec<Vec<u8>> {
        let named =
            ["_FillValue", "missing_value"].into_iter().filter_map(|name| self.variable.attribute(name));
        let named = named.filter_map(|attribute| fill::element(self.element, &attribute.value));
        std::iter::once(self.fill.to_vec()).chain(named).collect()
    }

    /// The chunk that a key of `format` names, one number per axis, or `None` where the grid has no such chunk.
    ///
    /// Version 2 names the only chunk of a scalar `0`; version 3 gives it no number.
    #[must_use]
    pub fn chunk_index(&self, index: &[u64], format: Format) -> Option<Vec<u64>> {
        let scalar = self.grid.shape().is_empty();
        let index = match (scalar, format, index) {
            (true, Format::V2, [0]) => &[],
            (true, Format::V2, _) => return None,
            (_, _, index) => index,
        };
        self.objects(format).contains(index).then(|| index.to_vec())
    }

    /// The `fill_value` of the array's metadata document.
    ///
    /// Version 2: the `_FillValue` attribute, else null, because xarray masks whatever stands there. Version 3: the value
    /// that stands wherever nothing was written, because the format demands one; xarray does not mask it.
    pub(crate) fn fill_value(&self, format: Format) -> Json {
        self.declared_fill(format).map_or(Json::Null, |bytes| fill::json(self.element, &bytes))
    }

    /// Whether the variable's `_FillValue` attribute is shown as the `fill_value` of version 2.
    pub(crate) fn fill_attribute_is_declared(&self) -> bool {
        self.declared_fill(Format::V2).is_some()
    }

    /// Whether a client that is told "no such chunk" will show what the file holds.
    ///
    /// It fills in what the metadata document declares; that must be the storage fill value, bit for bit.
    #[must_use]
    pub fn absent_chunks_may_be_missing(&self, format: Format) -> bool {
        // An empty storage fill says nothing about texts.
        let known = self.element != ElementType::Text;
        let storage = self.fill;
        let declared = self.declared_fill(format);
        known && declared.as_deref() == Some(storage) && fill::survives_json(self.element, storage)
    }

    /// One element, little-endian, as the metadata document of `format` declares it.
    fn declared_fill(&self, format: Format) -> Option<Vec<u8>> {
        match format {
            Format::V2 => fill::element(self.element, &self.variable.attribute("_FillValue")?.value),
            Format::V3 => Some(self.fill.to_vec()),
        }
    }
}

fn chunk_bytes(grid: &ChunkGrid, size: usize) -> Result<u64, String> {
    let size = u64::try_from(size).ok();
    let bytes = size.and_then(|size| grid.chunk_elements().checked_mul(size));
    bytes.ok_or_else(|| "one of its chunks has more bytes than 64 bits can count".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocean::variable;
    use weir_model::{Attribute, ByteOrder, DataType, Value};

    fn with_fill(data_type: DataType, fill: &[u8], attribute: Option<Value>) -> Variable {
        let mut variable = variable("v", data_type, &[("x", 5, 2)]);
        variable.storage.fill = fill.to_vec();
        let attribute = attribute.map(|value| Attribute { name: "_FillValue".into(), value });
        variable.attributes.extend(attribute);
        variable
    }

    fn check(fill: &[u8], attribute: Option<Value>, data_type: DataType, expected: (&str, bool, &str, bool)) {
        let variable = with_fill(data_type, fill, attribute);
        let array = Array::of(&variable).unwrap();
        assert_eq!(array.fill_value(Format::V2).to_string(), expected.0);
        assert_eq!(array.absent_chunks_may_be_missing(Format::V2), expected.1);
        assert_eq!(array.fill_value(Format::V3).to_string(), expected.2);
        assert_eq!(array.absent_chunks_may_be_missing(Format::V3), expected.3);
    }

    #[test]
    fn absence_is_answered_only_where_the_client_will_be_right() {
        let (nan, fill) = (f32::NAN.to_le_bytes(), (-999.0_f32).to_le_bytes());
        let float = DataType::Float32;
        check(&fill, None, float.clone(), ("null", false, "-999.0", true));
        check(&fill, Some(Value::Float32(vec![-999.0])), float.clone(), ("-999.0", true, "-999.0", true));
        check(&fill, Some(Value::Float64(vec![7.0])), float.clone(), ("7.0", false, "-999.0", true));
        check(&nan, Some(Value::Float32(vec![f32::NAN])), float.clone(), ("\"NaN\"", true, "\"NaN\"", true));
        // A NaN with other bits would come back as the usual one.
        let odd = f32::from_bits(0x7fc0_0001);
        check(
            &odd.to_le_bytes(),
            Some(Value::Float32(vec![odd])),
            float,
            ("\"NaN\"", false, "\"NaN\"", false),
        );
        check(&[0], Some(Value::text("")), DataType::Char, ("\"AA==\"", true, "\"AA==\"", true));
        check(&[], Some(Value::text("none")), DataType::String, ("\"none\"", false, "\"\"", false));
    }

    #[test]
    fn a_scalar_has_one_chunk_in_each_version() {
        let scalar = variable("v", DataType::Int16, &[]);
        let array = Array::of(&scalar).unwrap();
        assert_eq!(array.chunk_index(&[0], Format::V2), Some(vec![]));
        assert_eq!(array.chunk_index(&[], Format::V3), Some(vec![]));
        for (index, format) in [(vec![], Format::V2), (vec![1], Format::V2), (vec![0], Format::V3)] {
            assert_eq!(array.chunk_index(&index, format), None, "{index:?}");
        }
        let line = variable("v", DataType::Int16, &[("x", 5, 2)]);
        let array = Array::of(&line).unwrap();
        assert_eq!(array.chunk_index(&[2], Format::V2), Some(vec![2]));
        assert_eq!(array.chunk_index(&[3], Format::V3), None);
        assert_eq!(array.chunk_index(&[0, 0], Format::V3), None);
    }

    #[test]
    fn the_fill_value_is_turned_into_the_order_of_the_chunk() {
        let mut variable = with_fill(DataType::Int16, &[1, 2], None);
        variable.storage.byte_order = ByteOrder::Big;
        assert_eq!(Array::of(&variable).unwrap().fill(), [2, 1]);
    }

    #[test]
    fn what_cannot_be_shown_says_why() {
        let reason = |variable: &Variable| Array::of(variable).unwrap_err();
        let mut variable = with_fill(DataType::Int16, &[1], None);
        assert_eq!(reason(&variable), "its fill value has 1 bytes, which is not one element");
        variable.storage.chunk_shape = vec![0];
        assert_eq!(reason(&variable), "chunks have length 0 along axis 0; they must have at least 1");
        variable.storage.chunk_shape = vec![u64::MAX];
        assert_eq!(reason(&variable), "one of its chunks has more bytes than 64 bits can count");
        variable.dimensions.clear();
        assert_eq!(reason(&variable), "it has 1 axes, but 0 dimensions");
    }
}
