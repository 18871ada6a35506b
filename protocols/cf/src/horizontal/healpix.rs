//! HEALPix: by a grid mapping (`grid_mapping_name = healpix`), or by a coordinate as xdggs writes it (`grid_name = healpix`).

use crate::axes::text;
use crate::coordinates::Coordinate;
use crate::grid_mapping::{MappingError, Parameters, Pixels, Projection, grid_mappings};
use crate::scope::find as find_variable;
use crate::scope::group_of;
use crate::tokens::names;

use super::{Asked, Horizontal};

pub(super) fn find(asked: &Asked<'_>) -> Result<Option<Horizontal>, MappingError> {
    if let Some(pixels) = by_mapping(asked)? {
        return Ok(grid(asked, pixels, None));
    }
    let is_cells =
        |coordinate: &&Coordinate<'_>| text(coordinate.variable, "grid_name").as_deref() == Some("healpix");
    let Some(cells) = asked.coordinates.all().find(is_cells) else { return Ok(None) };
    let pixels = Pixels::of(&Parameters { path: &cells.path, variable: cells.variable })?;
    Ok(grid(asked, pixels, Some(cells)))
}

fn by_mapping(asked: &Asked<'_>) -> Result<Option<Pixels>, MappingError> {
    let named = text(asked.variable, "grid_mapping").unwrap_or_default();
    let is_healpix = |name: &str| {
        let found = find_variable(asked.schema, group_of(asked.path), name.trim_end_matches(':'));
        found.is_some_and(|found| text(found.variable, "grid_mapping_name").as_deref() == Some("healpix"))
    };
    // What is wrong with another mapping is no matter here.
    if !names(&named).any(is_healpix) {
        return Ok(None);
    }
    let pixels = |projection| match projection {
        Projection::Healpix(pixels) => Some(pixels),
        _ => None,
    };
    Ok(grid_mappings(asked.schema, asked.path)?.into_iter().find_map(|mapping| pixels(mapping.projection)))
}

/// The dimension of the cells: that of the variable with their numbers, else one of all the cells of the sphere, else the
/// last. `None` where it has more cells than there are.
fn grid(asked: &Asked<'_>, pixels: Pixels, numbers: Option<&Coordinate<'_>>) -> Option<Horizontal> {
    let numbers = numbers.or_else(|| asked.coordinates.all().find(|coordinate| is_number(coordinate)));
    let lengths = &asked.variable.shape;
    let of_numbers = || match &numbers?.variable.dimensions[..] {
        [only] => asked.position(only),
        _ => None,
    };
    let whole = || lengths.iter().rposition(|length| *length == pixels.cells());
    let dimension = of_numbers().or_else(whole).or_else(|| lengths.len().checked_sub(1))?;
    let fits = *lengths.get(dimension)? <= pixels.cells();
    let numbers = numbers.map(|numbers| numbers.path.clone());
    fits.then_some(Horizontal::Healpix { pixels, dimension, numbers })
}

/// Whether a coordinate holds numbers of cells: `standard_name = healpix_index` (CF 1.13), or one of the names in use.
fn is_number(coordinate: &Coordinate<'_>) -> bool {
    let name = coordinate.variable.name.as_str();
    text(coordinate.variable, "standard_name").as_deref() == Some("healpix_index")
        || ["cell", "cells", "cell_ids", "cell_id", "healpix_index", "pix"].contains(&name)
}
