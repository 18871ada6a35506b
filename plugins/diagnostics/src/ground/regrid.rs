//! Values on a regular grid, made of those of any other.

use rayon::prelude::*;
use weir_cf::axes::Kind;
use weir_model::{Attribute, Value};
use weir_plugin_api::Error;
use weir_rendering::{Place, Points};
use weir_selection::{Axes, Cells, Ground as Lie};

use super::grid::{Grid, Method, Run};
use super::shares::{self, Around};
use super::{Ask, Ground, Target};
use crate::area;
use crate::diagnostic::Diagnostic;
use crate::engine::mapping::{Missing, NO_CELL, Taking};
use crate::engine::values::Values;
use crate::labels::Labels;
use crate::result::ResultCoordinate;

/// The dimensions of a regular grid.
const NAMES: [&str; 2] = ["lat", "lon"];

/// What a grid takes of a variable.
///
/// # Errors
/// `BadRequest` where nothing says where cells are, or for a method that is not one of the variable's grid.
pub fn ground(
    diagnostic: &Diagnostic<'_>,
    axes: &Axes<'_>,
    (grid, method): (&Grid, Method),
    ask: Ask<'_>,
) -> Result<Ground, Error> {
    ask((grid.cells() as u64).saturating_mul(8))?;
    let (cells, taking) = match axes.ground()? {
        Lie::Along { latitude, longitude } => {
            (vec![latitude, longitude], along(diagnostic, axes, (latitude, longitude), (grid, method))?)
        }
        Lie::Cells(cells) if method == Method::Nearest && cells.axes.len() <= 2 => {
            let numbers = nearest_cells(diagnostic, axes, (&cells, grid), ask)?;
            (cells.axes, Taking::Each(numbers))
        }
        Lie::Cells(_) => {
            let name = method.name();
            return Err(Error::bad_request(format!(
                "{name} is made of grids with longitudes and latitudes along their dimensions; of others, nearest"
            )));
        }
    };
    let chunk = |place: usize, run: &Run| {
        let of =
            |values: &[u64]| cells.get(place).and_then(|axis| values.get(*axis)).copied().unwrap_or(1).max(1);
        if cells.len() < 2 {
            return run.len() as u64;
        }
        let (length, chunk) = (of(&diagnostic.variable.shape), of(&diagnostic.variable.storage.chunk_shape));
        (run.len() as u64).saturating_mul(chunk).div_ceil(length).max(1)
    };
    let size = |[a, b]: &[f64; 2]| (b.to_radians().sin() - a.to_radians().sin()).abs();
    let heights = grid.latitudes.edges().iter().map(size).collect();
    let widths = grid.longitudes.edges().iter().map(|[a, b]| (b - a).to_radians()).collect();
    let target = |place: usize, run: &Run, areas| Target {
        name: NAMES.get(place).copied().unwrap_or_default().to_owned(),
        length: run.len(),
        chunk: chunk(place, run),
        source: None,
        areas: Some(areas),
    };
    let targets = vec![target(0, &grid.latitudes, heights), target(1, &grid.longitudes, widths)];
    let mut ground = Ground::new(diagnostic, cells, targets, taking);
    ground.coordinates = vec![
        coordinate(("lat", "latitude", "degrees_north"), Kind::Latitude, grid.latitudes.centres()),
        coordinate(("lon", "longitude", "degrees_east"), Kind::Longitude, grid.longitudes.centres()),
    ];
    Ok(ground)
}

fn coordinate((name, standard, units): (&str, &str, &str), kind: Kind, values: Vec<f64>) -> ResultCoordinate {
    let said = |name: &str, words: &str| Attribute { name: name.to_owned(), value: Value::text(words) };
    ResultCoordinate {
        name: name.to_owned(),
        dimensions: vec![name.to_owned()],
        attributes: vec![said("standard_name", standard), said("units", units)],
        kind: Some(kind),
        labels: Labels::Numbers(Values::Float64(values)),
    }
}

/// Of a grid with a coordinate along each of two dimensions.
fn along(
    diagnostic: &Diagnostic<'_>,
    axes: &Axes<'_>,
    (y, x): (usize, usize),
    (grid, method): (&Grid, Method),
) -> Result<Taking, Error> {
    let (rows, columns) = (axes.values(y)?.unwrap_or_default(), axes.values(x)?.unwrap_or_default());
    let (latitudes, longitudes) = (grid.latitudes.centres(), grid.longitudes.centres());
    match method {
        Method::Nearest => {
            let rows = shares::nearest(&rows, Around::Ends, &latitudes);
            let width = u32::try_from(columns.len()).unwrap_or(u32::MAX);
            let columns = shares::nearest(&columns, Around::Turns, &longitudes);
            let cell = |row: Option<u32>, column: Option<u32>| row?.checked_mul(width)?.checked_add(column?);
            let row = |row: &Option<u32>| {
                columns.iter().map(|column| cell(*row, *column).unwrap_or(NO_CELL)).collect::<Vec<_>>()
            };
            Ok(Taking::Each(rows.iter().flat_map(row).collect()))
        }
        Method::Bilinear => Ok(Taking::Sums {
            rows: shares::linear(&rows, Around::Ends, &latitudes),
            columns: shares::linear(&columns, Around::Turns, &longitudes),
            missing: Missing::Spreads,
        }),
        Method::Conservative => {
            // Each row is compared with each, and each column.
            let looks = rows
                .len()
                .saturating_mul(latitudes.len())
                .saturating_add(columns.len().saturating_mul(longitudes.len()));
            if looks > 1 << 28 {
                return Err(Error::too_large(
                    "both grids have very many rows or columns; ask for a part of the grid",
                ));
            }
            let edges = |axis: usize, values: &[f64], around| -> Result<Vec<[f64; 2]>, Error> {
                let stored =
                    area::edges_along(diagnostic, axes, axis)?.filter(|edges| edges.len() == values.len());
                Ok(stored.unwrap_or_else(|| shares::edges(values, around)))
            };
            let beyond = |[a, b]: [f64; 2]| [a.clamp(-90.0, 90.0), b.clamp(-90.0, 90.0)];
            let of_rows: Vec<[f64; 2]> = edges(y, &rows, Around::Ends)?.into_iter().map(beyond).collect();
            let of_columns = edges(x, &columns, Around::Turns)?;
            Ok(Taking::Sums {
                rows: shares::overlapping(&of_rows, Around::Ends, &grid.latitudes.edges(), |a, b| {
                    b.to_radians().sin() - a.to_radians().sin()
                }),
                columns: shares::overlapping(&of_columns, Around::Turns, &grid.longitudes.edges(), |a, b| {
                    b - a
                }),
                missing: Missing::LeftOut,
            })
        }
    }
}

/// The cells with coordinates of their own that are nearest to the centres of a grid, as far as they reach.
fn nearest_cells(
    diagnostic: &Diagnostic<'_>,
    axes: &Axes<'_>,
    (cells, grid): (&Cells, &Grid),
    ask: Ask<'_>,
) -> Result<Vec<u32>, Error> {
    let length = |number: usize| {
        cells.axes.get(number).and_then(|axis| diagnostic.variable.shape.get(*axis)).copied().unwrap_or(1)
    };
    let (rows, width) = (length(0), length(1));
    let count = rows.saturating_mul(width);
    if count >= u64::from(NO_CELL) {
        return Err(Error::too_large(format!("a grid of {count} cells has more than are searched")));
    }
    // Two coordinates of each, and the tree.
    ask(count.saturating_mul(Points::BYTES_EACH.saturating_add(24)))?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let (mut longitudes, mut latitudes) = (vec![f64::NAN; count], vec![f64::NAN; count]);
    axes.each_cell(cells, |indices, longitude, latitude| {
        let row = indices.first().copied().unwrap_or(0).saturating_mul(width);
        let place =
            usize::try_from(row.saturating_add(indices.get(1).copied().unwrap_or(0))).unwrap_or(usize::MAX);
        if let (Some(x), Some(y)) = (longitudes.get_mut(place), latitudes.get_mut(place)) {
            (*x, *y) = (longitude, latitude);
        }
    })?;
    let points = match cells.axes.len() {
        1 => Points::scattered(&longitudes, &latitudes),
        _ => Points::curvilinear(&longitudes, &latitudes, usize::try_from(width).unwrap_or(usize::MAX)),
    };
    let columns = grid.longitudes.centres();
    let near = |longitude: f64, latitude: f64| {
        let found = points.nearest(Place { longitude, latitude });
        found.and_then(|place| u32::try_from(place).ok()).unwrap_or(NO_CELL)
    };
    let lines: Vec<Vec<u32>> = grid
        .latitudes
        .centres()
        .into_par_iter()
        .map(|latitude| columns.iter().map(|longitude| near(*longitude, latitude)).collect())
        .collect();
    Ok(lines.concat())
}
