//! Places of grids whose coordinates are those of a rotated pole or of a projection, where the file has no longitudes and latitudes.

use weir_cf::grid_mapping::{GridMapping, Projection, RotatedPole, grid_mappings};
use weir_plugin_api::Error;

use super::Reach;
use super::projected::Inverse;
use crate::Asked;
use crate::grids::Found;
use crate::variables::attribute;

/// Along each coordinate, this many places are turned.
const MOST_ALONG: usize = 512;

/// Adds the places of a rotated or projected grid.
pub(super) fn add(reach: &mut Reach, asked: &Asked<'_>, grid: &Found) -> Result<(), Error> {
    let mappings = match grid_mappings(&asked.schema, &grid.example) {
        Ok(mappings) => mappings,
        Err(error) => {
            asked.note(format!("{}: {error}", grid.example));
            return Ok(());
        }
    };
    let units = grid.along.as_ref().and_then(|(x, _)| attribute(asked.schema.variable(x)?, "units"));
    let back = mappings.iter().find_map(|mapping| Back::of(mapping, units.as_deref()));
    let (Some(back), Some((x, y))) = (back, &grid.along) else {
        asked.note(format!(
            "{}: it has no longitudes and latitudes, and where its projection lies is not told",
            grid.example
        ));
        return Ok(());
    };
    let numbers = |path: &String| match asked.schema.variable(path) {
        Some(variable) => super::read(asked, path, variable),
        None => Ok(None),
    };
    let Some((x, y)) = numbers(x)?.zip(numbers(y)?) else { return Ok(()) };
    let (x, y) = (thinned(&x.values), thinned(&y.values));
    let missing = (f64::NAN, f64::NAN);
    let row = |y: f64| x.iter().map(move |&x| (x, y)).collect::<Vec<_>>();
    let places: Vec<(f64, f64)> =
        y.iter().flat_map(|&y| row(y)).map(|place| back.place(place).unwrap_or(missing)).collect();
    reach.add_pairs(&places);
    reach.add_rim(&super::rim(&places, x.len()), &places);
    Ok(())
}

/// From coordinates of a grid to longitude and latitude.
enum Back {
    Rotated(RotatedPole),
    Projected(Box<Inverse>),
}

impl Back {
    fn of(mapping: &GridMapping, units: Option<&str>) -> Option<Self> {
        match mapping.projection {
            Projection::RotatedLatitudeLongitude {
                pole_latitude,
                pole_longitude,
                north_pole_grid_longitude,
            } => Some(Self::Rotated(RotatedPole {
                latitude: pole_latitude,
                longitude: pole_longitude,
                grid_longitude: north_pole_grid_longitude,
            })),
            ref projection => {
                Inverse::of(projection, &mapping.figure, units).map(Box::new).map(Self::Projected)
            }
        }
    }

    fn place(&self, place: (f64, f64)) -> Option<(f64, f64)> {
        match self {
            Self::Rotated(pole) => Some(pole.turned_back(place)),
            Self::Projected(inverse) => inverse.place(place),
        }
    }
}

/// Some of many numbers, the first and the last among them.
fn thinned(numbers: &[f64]) -> Vec<f64> {
    let step = numbers.len().div_ceil(MOST_ALONG).max(1);
    let mut some: Vec<f64> = numbers.iter().step_by(step).copied().collect();
    some.extend(numbers.last().filter(|_| step > 1));
    some
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinned_numbers_keep_their_ends() {
        let numbers: Vec<f64> = (1..=2000).map(f64::from).collect();
        let thinned = thinned(&numbers);
        assert!(thinned.len() <= MOST_ALONG + 1);
        assert_eq!((thinned.first(), thinned.last()), (Some(&1.0), Some(&2000.0)));
    }
}
