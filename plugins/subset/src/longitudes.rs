//! Longitudes of boxes that go over the seam of a grid.

use weir_model::{ByteOrder, DataType, Variable};
use weir_plugin_api::{Dataset, Error};
use weir_selection::Selection;

use crate::elements::whole;

/// Longitudes that must be shifted so that they rise or fall on, in an order of bytes; `None` where nothing has to be. Packed ones stay as
/// they are: what is added to them would have to be packed too.
pub(crate) fn shifted(
    dataset: &Dataset,
    (path, variable): (&str, &Variable),
    selection: &Selection,
    order: ByteOrder,
) -> Result<Option<Vec<u8>>, Error> {
    let is_shifted = |axis: &weir_selection::Indices| axis.runs().iter().any(|run| run.shift != 0.0);
    let Some(axis) = selection.axes().iter().position(is_shifted) else { return Ok(None) };
    let dimension = variable.dimensions.get(axis).map_or("", String::as_str);
    let Some(factor) = longitude_units(dataset, path, dimension)? else { return Ok(None) };
    let is_packed = ["scale_factor", "add_offset"].iter().any(|name| variable.attribute(name).is_some());
    if is_packed || !matches!(variable.data_type, DataType::Float32 | DataType::Float64) {
        return Ok(None);
    }
    let mut bytes = whole(dataset, (path, variable), selection, order)?;
    let size = variable.data_type.size().unwrap_or(1);
    let inner: u64 = selection.shape().iter().skip(axis.saturating_add(1)).product();
    let shifts: Vec<f64> = selection
        .axes()
        .get(axis)
        .map(|axis| axis.iter().map(|(_, shift)| shift * factor).collect())
        .unwrap_or_default();
    for (element, number) in bytes.chunks_exact_mut(size).zip(0_u64..) {
        let place = number
            .checked_div(inner)
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| at.checked_rem(shifts.len()));
        let shift = place.and_then(|place| shifts.get(place).copied()).unwrap_or(0.0);
        add(element, order, shift);
    }
    Ok(Some(bytes))
}

/// Adds to a single or double.
fn add(element: &mut [u8], order: ByteOrder, shift: f64) {
    // Turned around, a little-endian number is a big-endian one.
    let turn = |element: &mut [u8]| {
        if order == ByteOrder::Little {
            element.reverse();
        }
    };
    turn(element);
    if let Ok(bytes) = <[u8; 8]>::try_from(&*element) {
        element.copy_from_slice(&(f64::from_be_bytes(bytes) + shift).to_be_bytes());
    } else if let Ok(bytes) = <[u8; 4]>::try_from(&*element) {
        #[expect(clippy::cast_possible_truncation, reason = "it is stored as a single")]
        element.copy_from_slice(&((f64::from(f32::from_be_bytes(bytes)) + shift) as f32).to_be_bytes());
    }
    turn(element);
}

/// What degrees are multiplied by for the longitudes along a dimension, where the variable is these or their bounds.
fn longitude_units(dataset: &Dataset, path: &str, dimension: &str) -> Result<Option<f64>, Error> {
    let schema = dataset.schema()?;
    let group = path.rsplit_once('/').map_or("", |(group, _)| group);
    let Some(coordinate) = weir_cf::coordinate_variable(&schema, group, dimension) else { return Ok(None) };
    let is_it = coordinate.path == path || coordinate.bounds.is_some_and(|bounds| bounds.path == path);
    let units = coordinate.variable.attribute("units").and_then(|units| units.value.as_text());
    Ok(is_it.then(|| 1.0 / weir_cf::extent::to_degrees(units.as_deref())))
}
