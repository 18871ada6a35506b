//! Numbers of coordinates: all of them where they are few, else parts that are spread over the whole.

use weir_cf::packing::{NumberType, Packing};
use weir_cf::time::Number;
use weir_plugin_api::Error;
use weir_plugin_api::model::{ByteOrder, Hyperslab, Stride, Variable};

use crate::Asked;

/// Of one variable, at most about this many elements are read.
pub(crate) const MOST: u64 = 2 << 20;

/// Of one dataset.
pub(crate) const MOST_OF_ALL: u64 = 8 * MOST;

/// A long coordinate is read in this many runs at most, which begin where chunks do, because whole chunks are decoded for each.
const RUNS: u64 = 64;

/// Numbers of a variable, row-major.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Numbers {
    /// The numbers that are meant; NaN where one is missing.
    pub values: Vec<f64>,
    /// How many there are along the last dimension; 1 for a scalar.
    pub row: usize,
    /// Whether they are all that the variable has.
    pub part: Part,
}

/// How much of a variable was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of it.
    #[default]
    Whole,
    /// Some of it, the first and the last element included.
    Some,
}

/// The numbers of the variable at `path`.
///
/// # Errors
/// Where they are no numbers, or cannot be read.
pub(crate) fn read(asked: &Asked<'_>, path: &str, variable: &Variable) -> Result<Numbers, Error> {
    let packing = packing(variable)?;
    let (slabs, part) = slabs(&variable.shape, chunk(variable), MOST);
    let mut values = Vec::new();
    for slab in slabs {
        let bytes = bytes(asked, path, variable, slab)?;
        packing.unpack(&bytes, &mut values).map_err(|error| Error::internal(error.to_string()))?;
    }
    let row = slab_row(&variable.shape);
    Ok(Numbers { values, row, part })
}

/// The numbers of a time coordinate; integers as such, because doubles cannot tell large ones apart. Missing ones are left out.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_times(asked: &Asked<'_>, path: &str, variable: &Variable) -> Result<Vec<Number>, Error> {
    let packing = packing(variable)?;
    let (slabs, _) = slabs(&variable.shape, chunk(variable), MOST);
    let mut numbers = Vec::new();
    for slab in slabs {
        let bytes = bytes(asked, path, variable, slab)?;
        let internal = |error: weir_cf::packing::PackingError| Error::internal(error.to_string());
        let is_packed = ["scale_factor", "add_offset"].iter().any(|name| variable.attribute(name).is_some());
        if packing.stored().is_real() || is_packed {
            let mut values = Vec::new();
            packing.unpack(&bytes, &mut values).map_err(internal)?;
            numbers.extend(values.into_iter().filter(|value| value.is_finite()).map(Number::Real));
        } else {
            let mut present = Vec::new();
            packing.present(&bytes, &mut present).map_err(internal)?;
            let integers = integers(packing.stored(), &bytes).into_iter().zip(present);
            numbers.extend(
                integers.filter(|(_, present)| *present).map(|(integer, _)| Number::Integer(integer)),
            );
        }
    }
    Ok(numbers)
}

/// Integers in this machine's byte order; what exceeds 63 bits is left as the greatest there is.
fn integers(stored: NumberType, bytes: &[u8]) -> Vec<i64> {
    bytes
        .chunks_exact(stored.size().max(1))
        .map(|element| stored.integer(element).unwrap_or(i64::MAX))
        .collect()
}

/// What unpacks a coordinate. A valid range is not asked: many a file declares one that its own coordinates exceed.
fn packing(variable: &Variable) -> Result<Packing, Error> {
    let packing = Packing::of(variable).map_err(|error| Error::unsupported(error.to_string()))?;
    Ok(packing.without_valid_range())
}

fn bytes(asked: &Asked<'_>, path: &str, variable: &Variable, slab: Vec<Stride>) -> Result<Vec<u8>, Error> {
    let slab =
        Hyperslab::within(&variable.shape, slab).map_err(|error| Error::internal(error.to_string()))?;
    let left = asked.left.get().checked_sub(slab.elements());
    let left = left.ok_or_else(|| {
        Error::too_large(format!(
            "its coordinates have more than {MOST_OF_ALL} elements, and are not all read"
        ))
    })?;
    asked.left.set(left);
    let element = variable.data_type.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    let length = slab.elements().checked_mul(element).and_then(|length| usize::try_from(length).ok());
    let mut bytes = vec![0; length.ok_or_else(|| Error::internal("a coordinate exceeds memory"))?];
    if !bytes.is_empty() {
        asked.dataset.read(path, &slab, ByteOrder::NATIVE, &mut bytes)?;
    }
    Ok(bytes)
}

/// How long the chunks of a variable are along its first dimension.
fn chunk(variable: &Variable) -> u64 {
    variable.storage.chunk_shape.first().copied().unwrap_or(1).max(1)
}

/// How long the rows of what [`slabs`] reads are.
fn slab_row(shape: &[u64]) -> usize {
    let row = shape.last().copied().unwrap_or(1);
    usize::try_from(row).unwrap_or(usize::MAX)
}

/// The slabs of a shape that are read: one that is all of it, or some that have about `most` elements together (a few times as many at most), the first and
/// the last among them.
///
/// Of one dimension, runs are taken, because neighbours lie in one chunk; of several, whole rows are, so that the rim of a grid
/// is among them.
pub(crate) fn slabs(shape: &[u64], chunk: u64, most: u64) -> (Vec<Vec<Stride>>, Part) {
    let whole: Vec<Stride> = shape.iter().map(|&length| Stride::all(length)).collect();
    let elements = shape.iter().try_fold(1_u64, |product, &length| product.checked_mul(length));
    if elements.is_some_and(|elements| elements <= most) {
        return (vec![whole], Part::Whole);
    }
    if let [length] = *shape {
        return (runs(length, chunk, most), Part::Some);
    }
    let mut room = most;
    let mut coarse = whole.clone();
    let mut last = whole;
    for ((coarse, last), &length) in coarse.iter_mut().zip(&mut last).zip(shape).rev() {
        if length <= room {
            room = room.checked_div(length).unwrap_or(room);
            continue;
        }
        let count = room.max(2).min(length);
        let step = length.saturating_sub(1).div_ceil(count.saturating_sub(1).max(1)).max(1);
        let count = length.saturating_sub(1).checked_div(step).unwrap_or(0).saturating_add(1);
        *coarse = Stride { start: 0, step, count };
        *last = Stride { start: length.saturating_sub(1), step: 1, count: 1 };
        room = 1;
    }
    (vec![coarse, last], Part::Some)
}

/// Runs at the beginnings of chunks that are spread evenly, the first and the last element among them.
fn runs(length: u64, chunk: u64, most: u64) -> Vec<Vec<Stride>> {
    let last_chunk = length.saturating_sub(1).checked_div(chunk).unwrap_or(0);
    let runs = last_chunk.saturating_add(1).clamp(2, RUNS);
    let run = most.checked_div(runs).unwrap_or(most).clamp(1, length);
    let last_run = runs.saturating_sub(1).max(1);
    let start = |place: u64| {
        if place == last_run {
            return length.saturating_sub(run);
        }
        let number = u128::from(last_chunk) * u128::from(place) / u128::from(last_run);
        u64::try_from(number * u128::from(chunk)).unwrap_or(0).min(length.saturating_sub(run))
    };
    (0..runs).map(|place| vec![Stride { start: start(place), step: 1, count: run }]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn slabs_fit_and_hold_both_ends(
            shape in prop::collection::vec(1_u64..5000, 0..4),
            chunk in 1_u64..6000,
            most in 512_u64..100_000,
        ) {
            let (slabs, part) = slabs(&shape, chunk, most);
            let mut elements = 0_u64;
            for slab in &slabs {
                elements += Hyperslab::within(&shape, slab.clone()).unwrap().elements();
            }
            prop_assert!(elements <= 8 * most, "{elements} of {shape:?}");
            let first = slabs.first().unwrap();
            prop_assert!(first.iter().all(|stride| stride.start == 0));
            let last = slabs.last().unwrap();
            prop_assert!(last.iter().zip(&shape).all(|(stride, length)| stride.last() == Some(length - 1)));
            prop_assert_eq!(part == Part::Whole, slabs.len() == 1 && shape.iter().product::<u64>() == elements);
        }
    }

    #[test]
    fn long_shapes_are_thinned_from_their_first_dimension() {
        let (slabs, part) = slabs(&[100_000, 1000], 10, 10_000);
        assert_eq!(part, Part::Some);
        assert_eq!(slabs[0][1], Stride::all(1000));
        assert!(slabs[0][0].count <= 10 && slabs[0][0].count >= 5);
    }

    #[test]
    fn runs_begin_where_chunks_do() {
        let starts = |length, chunk, most| {
            runs(length, chunk, most).iter().map(|run| (run[0].start, run[0].count)).collect::<Vec<_>>()
        };
        assert_eq!(starts(1000, 250, 400), [(0, 100), (250, 100), (500, 100), (900, 100)]);
        assert_eq!(starts(1000, 2000, 400), [(0, 200), (800, 200)]);
        assert_eq!(starts(1 << 40, 1 << 10, 1 << 20).len(), 64);
        assert_eq!(starts(1 << 40, 1 << 10, 1 << 20)[1], (17_452_565_504, 16_384));
    }

    #[test]
    fn integers_of_every_type_are_read() {
        assert_eq!(
            integers(NumberType::Int16, &[1_i16.to_ne_bytes(), (-2_i16).to_ne_bytes()].concat()),
            [1, -2]
        );
        assert_eq!(integers(NumberType::UInt64, &u64::MAX.to_ne_bytes()), [i64::MAX]);
        assert_eq!(integers(NumberType::UInt8, &[1, 200]), [1, 200]);
    }
}
