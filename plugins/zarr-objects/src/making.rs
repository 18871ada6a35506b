//! Making chunks: elements are read, turned into what the recipe wants, and encoded.

use weir_cf::packing::Packing;
use weir_plugin_api::model::{ByteOrder, DataType, Hyperslab, Stride, Variable};
use weir_plugin_api::{Dataset, Error};
use weir_zarr::shard::Shard;
use weir_zarr::{Array, Making, chunk, text};

use crate::compress::compress;

/// An array and how it is made.
pub(crate) struct Maker<'a> {
    /// Where elements come from.
    pub dataset: &'a Dataset,
    /// The variable as it is stored.
    pub stored: &'a Variable,
    /// The variable as it is shown.
    pub array: &'a Array<'a>,
    /// How the one becomes the other.
    pub making: &'a Making,
    /// The variable's path.
    pub path: &'a str,
}

impl Maker<'_> {
    /// A chunk, encoded.
    pub fn chunk(&self, index: &[u64]) -> Result<Vec<u8>, Error> {
        let extent = self.array.grid().extent(index);
        let extent = extent
            .ok_or_else(|| Error::not_found(format!("{}: the grid ends before {index:?}", self.path)))?;
        let source = self.source(&extent)?;
        let (shape, whole_shape) = (extent.shape(), self.array.grid().chunk_shape());
        let encoding = self.array.encoding();
        let Some(size) = self.array.element().size() else {
            let texts = self.dataset.read_strings(self.path, &source)?;
            let whole = text::encode(&texts, &shape, whole_shape)
                .map_err(|error| Error::unsupported(format!("chunk {index:?} of {}: {error}", self.path)))?;
            return compress(whole, &encoding.compressor, 1);
        };
        let values = self.values(&source)?;
        let fill = self.array.fill();
        let whole = chunk::padded(values, &shape, whole_shape, &fill).ok_or_else(misfit)?;
        let whole = match encoding.shuffle {
            Some(size) => chunk::shuffled(&whole, size).ok_or_else(misfit)?,
            None => whole,
        };
        compress(whole, &encoding.compressor, size)
    }

    /// A shard with all its chunks; `None` where it has none.
    pub fn shard(&self, index: &[u64], shard_shape: &[u64]) -> Result<Option<Vec<u8>>, Error> {
        let grid = self.array.grid();
        let per_axis: Vec<u64> = shard_shape
            .iter()
            .zip(grid.chunk_shape())
            .map(|(&shard, &chunk)| shard.div_ceil(chunk.max(1)))
            .collect();
        let all = Hyperslab::whole(&per_axis).map_err(|misfit| Error::internal(misfit.to_string()))?;
        let mut shard = Shard::default();
        for number in 0..all.elements() {
            let inner = unravelled(number, &per_axis);
            let chunk: Vec<u64> = index
                .iter()
                .zip(&per_axis)
                .zip(inner)
                .map(|((&shard, &per_axis), inner)| shard.saturating_mul(per_axis).saturating_add(inner))
                .collect();
            let made = grid.contains(&chunk).then(|| self.chunk(&chunk)).transpose()?;
            shard.push(made.as_deref());
        }
        Ok(shard.finish(crc32c::crc32c))
    }

    /// Where the elements of a part are stored.
    fn source(&self, part: &Hyperslab) -> Result<Hyperslab, Error> {
        let strides: Vec<Stride> = self.making.source(part.strides()).ok_or_else(misfit)?;
        Hyperslab::within(&self.stored.shape, strides).map_err(|misfit| Error::internal(misfit.to_string()))
    }

    /// Little-endian elements as they are shown.
    fn values(&self, source: &Hyperslab) -> Result<Vec<u8>, Error> {
        let size = self.stored.data_type.size().ok_or_else(misfit)? as u64;
        let length = source.elements().checked_mul(size).and_then(|bytes| usize::try_from(bytes).ok());
        let mut values = vec![0; length.ok_or_else(misfit)?];
        let order = if self.making.unpack { ByteOrder::NATIVE } else { ByteOrder::Little };
        self.dataset.read(self.path, source, order, &mut values)?;
        let shown = &self.array.variable().data_type;
        if self.making.unpack {
            values = self.unpacked(&values, shown)?;
        } else if (&self.stored.data_type, shown) == (&DataType::Float64, &DataType::Float32) {
            values = self.narrowed(&values)?;
        }
        if let Some(round) = self.making.round {
            let missing = self.array.missing();
            let fills: Vec<&[u8]> = missing.iter().map(Vec::as_slice).collect();
            round.round(&mut values, &fills);
        }
        Ok(values)
    }

    fn unpacked(&self, stored: &[u8], shown: &DataType) -> Result<Vec<u8>, Error> {
        let wrong =
            |error: weir_cf::packing::PackingError| Error::internal(format!("{}: {error}", self.path));
        let packing = Packing::of(self.stored).map_err(wrong)?.without_valid_range();
        if *shown == DataType::Float32 {
            let mut numbers = Vec::with_capacity(stored.len());
            packing.unpack_singles(stored, &mut numbers).map_err(wrong)?;
            return Ok(numbers.into_iter().flat_map(f32::to_le_bytes).collect());
        }
        let mut numbers = Vec::with_capacity(stored.len());
        packing.unpack(stored, &mut numbers).map_err(wrong)?;
        Ok(numbers.into_iter().flat_map(f64::to_le_bytes).collect())
    }

    /// Doubles as singles. One that no single is near would become infinite, and that is not what is stored.
    fn narrowed(&self, stored: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(stored.len() / 2);
        for bytes in stored.as_chunks::<8>().0 {
            let double = f64::from_le_bytes(*bytes);
            #[expect(clippy::cast_possible_truncation, reason = "this is what is asked for")]
            let single = double as f32;
            if double.is_finite() && !single.is_finite() {
                let path = self.path;
                return Err(Error::unsupported(format!(
                    "{path} has {double}, which is no float32; take float32 off its recipe"
                )));
            }
            out.extend(single.to_le_bytes());
        }
        Ok(out)
    }
}

/// The `number`-th index of a shape, in row-major order.
#[must_use]
pub fn unravelled(mut number: u64, shape: &[u64]) -> Vec<u64> {
    let mut index: Vec<u64> = shape
        .iter()
        .rev()
        .map(|&length| {
            let at = number.checked_rem(length).unwrap_or(0);
            number = number.checked_div(length).unwrap_or(0);
            at
        })
        .collect();
    index.reverse();
    index
}

fn misfit() -> Error {
    Error::internal("the part that was read does not fit its chunk")
}
