//! Values of fields.

use weir_cf::packing::Packing;
use weir_model::{ByteOrder, Variable};
use weir_plugin_api::Error;
use weir_selection::{Axes, Indices, Selection};

/// What the numbers of a variable mean.
///
/// # Errors
/// `Unsupported` where its elements are no numbers.
pub fn packing(variable: &Variable) -> Result<Packing, Error> {
    Packing::of(variable).map_err(|error| Error::unsupported(format!("{}: {error}", variable.name)))
}

/// The bytes that reading some elements takes: stored, and as singles.
///
/// # Errors
/// `TooLarge` for more than 64 bits can count.
pub fn bytes_of(variable: &Variable, elements: u64) -> Result<u64, Error> {
    let size = u64::try_from(variable.data_type.size().unwrap_or(0)).unwrap_or(u64::MAX);
    elements
        .checked_mul(size.saturating_add(4))
        .ok_or_else(|| Error::too_large("more bytes are selected than 64 bits can count"))
}

/// The values of a part of a variable, row-major; NaN where one is missing. Their memory, [`bytes_of`] them, must have been admitted.
///
/// # Errors
/// Where its elements are no numbers, or whatever keeps them from being read.
pub fn values(axes: &Axes<'_>, indices: &[Indices]) -> Result<Vec<f32>, Error> {
    let path = axes.path();
    let variable =
        axes.schema().variable(path).ok_or_else(|| Error::internal("the variable is not there any more"))?;
    let packing = packing(variable)?;
    let selection = Selection::of(indices.to_vec());
    let elements = usize::try_from(selection.elements()?).ok();
    let length = elements.and_then(|elements| elements.checked_mul(packing.stored().size()));
    let mut bytes = vec![0; length.ok_or_else(|| Error::too_large("a field exceeds memory"))?];
    selection.read(axes.dataset(), (path, variable), ByteOrder::NATIVE, &mut bytes)?;
    let mut values = Vec::new();
    values.reserve_exact(elements.unwrap_or_default());
    packing.unpack_singles(&bytes, &mut values).map_err(|error| Error::internal(error.to_string()))?;
    Ok(values)
}
