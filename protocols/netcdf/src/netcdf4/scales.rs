//! What says that a dataset is a dimension, and along which dimensions a dataset lies.
//!
//! Sources: "HDF5 Dimension Scale Specification" (attributes `CLASS`, `NAME`, `DIMENSION_LIST`, `REFERENCE_LIST`), and Appendix C of
//! the netCDF specification for the rest.

use super::attribute::Stored;
use super::datatype::Datatype;
use super::heap::Heap;
use super::layout::Layout;
use super::object::{Object, Space};
use super::parted;
use crate::{External, NetcdfError};

/// What marks an object as a dimension.
pub(super) fn mark(layout: &Layout<'_>, dimension: usize, object: &mut Object) -> Result<(), NetcdfError> {
    let Some(of) = layout.file.dimensions.get(dimension) else { return Ok(()) };
    let name = match layout.coordinates.get(dimension) {
        Some(Some(_)) => parted(&of.path).1.to_owned(),
        // Readers tell by these words that there is no variable.
        _ => format!("This is a netCDF dimension but not a netCDF variable. {:10}", of.length),
    };
    object.attribute(Stored::ended("CLASS", "DIMENSION_SCALE").encoded()?);
    object.attribute(Stored::ended("NAME", &name).encoded()?);
    object.attribute(integers("_Netcdf4Dimid", Space::Scalar, &[dimension])?);
    Ok(())
}

/// Who lies along a dimension. A list that a message has no room for is left out: readers go by the other direction.
pub(super) fn users(layout: &Layout<'_>, dimension: usize, object: &mut Object) -> Result<(), NetcdfError> {
    let mut data = Vec::new();
    let mut count: u64 = 0;
    for (variable, address) in layout.file.variables.iter().zip(layout.variable_addresses()) {
        if layout.is_coordinate(variable) {
            continue;
        }
        let axes = (0_u32..).zip(&variable.dimensions).filter(|(_, place)| **place == dimension);
        for (axis, _) in axes {
            data.extend(address.to_le_bytes());
            data.extend(axis.to_le_bytes());
            data.extend([0; 4]);
            count = count.saturating_add(1);
        }
    }
    if count == 0 {
        return Ok(());
    }
    let (name, space) = ("REFERENCE_LIST".to_owned(), Space::Axes(vec![count]));
    match (Stored { name, datatype: Datatype::ObjectAxis, space, data }).encoded() {
        Ok(message) => object.attribute(message),
        Err(NetcdfError::Attribute { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// The dimensions that a variable lies along.
pub(super) fn axes(
    layout: &Layout<'_>,
    variable: &super::Variable,
    object: &mut Object,
    heap: &mut Heap<'_>,
) -> Result<(), NetcdfError> {
    if variable.dimensions.is_empty() {
        return Ok(());
    }
    let count = variable.dimensions.len() as u64;
    let space = Space::Axes(vec![count]);
    object.attribute(integers("_Netcdf4Coordinates", space.clone(), &variable.dimensions)?);
    // What is a dimension itself lies along none, says HDF5.
    if layout.is_coordinate(variable) {
        return Ok(());
    }
    let scales = variable.dimensions.iter().map(|place| layout.scale_address(*place));
    let data = scales.flat_map(|address| heap.keep(1, &address.to_le_bytes())).collect();
    let name = "DIMENSION_LIST".to_owned();
    object.attribute(Stored { name, datatype: Datatype::Objects, space, data }.encoded()?);
    Ok(())
}

fn integers(name: &str, space: Space, places: &[usize]) -> Result<Vec<u8>, NetcdfError> {
    let mut data = Vec::new();
    for place in places {
        data.extend(i32::try_from(*place).ok().ok_or(NetcdfError::TooLarge)?.to_le_bytes());
    }
    let (name, datatype) = (name.to_owned(), Datatype::Number(External::Int));
    Stored { name, datatype, space, data }.encoded()
}
