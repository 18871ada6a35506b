//! Numbers of coordinates, read whole or not at all.

use weir_cf::packing::{Packing, PackingError};
use weir_cf::time::Number;
use weir_model::{ByteOrder, Hyperslab, Variable};
use weir_plugin_api::{Dataset, Error};

/// Coordinates of more elements are not read whole.
pub const MOST_NUMBERS: u64 = 8 << 20;

/// The numbers of the variable at `path`, row-major; NaN where one is missing. A valid range is not asked: many a file declares
/// one that its own coordinates exceed.
///
/// # Errors
/// Where they are no numbers, are more than [`MOST_NUMBERS`], or cannot be read.
pub fn numbers(dataset: &Dataset, path: &str, variable: &Variable) -> Result<Vec<f64>, Error> {
    let slab = whole(path, variable)?;
    numbers_of(dataset, (path, variable), &slab)
}

/// As [`numbers`], of a part.
pub(crate) fn numbers_of(
    dataset: &Dataset,
    (path, variable): (&str, &Variable),
    slab: &Hyperslab,
) -> Result<Vec<f64>, Error> {
    let packing = packing(path, variable)?;
    let bytes = bytes(dataset, (path, variable), slab)?;
    let mut values = Vec::new();
    packing.unpack(&bytes, &mut values).map_err(|error| internal(&error))?;
    Ok(values)
}

/// The numbers of a time coordinate, row-major, integers as such, because doubles cannot tell large ones apart; `None` where one is
/// missing.
///
/// # Errors
/// As [`numbers`].
pub fn times(dataset: &Dataset, path: &str, variable: &Variable) -> Result<Vec<Option<Number>>, Error> {
    let packing = packing(path, variable)?;
    let bytes = bytes(dataset, (path, variable), &whole(path, variable)?)?;
    let is_packed = ["scale_factor", "add_offset"].iter().any(|name| variable.attribute(name).is_some());
    if packing.stored().is_real() || is_packed {
        let mut values = Vec::new();
        packing.unpack(&bytes, &mut values).map_err(|error| internal(&error))?;
        return Ok(values
            .into_iter()
            .map(|value| value.is_finite().then_some(Number::Real(value)))
            .collect());
    }
    let mut present = Vec::new();
    packing.present(&bytes, &mut present).map_err(|error| internal(&error))?;
    let elements = bytes.chunks_exact(packing.stored().size().max(1));
    let integers = elements.map(|element| packing.stored().integer(element));
    Ok(integers
        .zip(present)
        .map(|(number, present)| number.filter(|_| present).map(Number::Integer))
        .collect())
}

fn packing(path: &str, variable: &Variable) -> Result<Packing, Error> {
    let packing = Packing::of(variable).map_err(|error| Error::unsupported(format!("{path}: {error}")))?;
    Ok(packing.without_valid_range())
}

fn internal(error: &PackingError) -> Error {
    Error::internal(error.to_string())
}

fn whole(path: &str, variable: &Variable) -> Result<Hyperslab, Error> {
    let slab = Hyperslab::whole(&variable.shape).map_err(|error| Error::internal(error.to_string()))?;
    if slab.elements() > MOST_NUMBERS {
        return Err(Error::too_large(format!(
            "coordinate {path} has {} elements, and one of more than {MOST_NUMBERS} is not searched; select by index",
            slab.elements()
        )));
    }
    Ok(slab)
}

fn bytes(dataset: &Dataset, (path, variable): (&str, &Variable), slab: &Hyperslab) -> Result<Vec<u8>, Error> {
    let element = variable.data_type.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    let length = slab.elements().checked_mul(element).and_then(|length| usize::try_from(length).ok());
    let mut bytes =
        vec![0; length.ok_or_else(|| Error::too_large(format!("coordinate {path} exceeds memory")))?];
    if !bytes.is_empty() {
        dataset.read(path, slab, ByteOrder::NATIVE, &mut bytes)?;
    }
    Ok(bytes)
}
