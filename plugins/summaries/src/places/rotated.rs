//! Places of grids whose coordinates are those of a rotated pole or of a projection, where the file has no longitudes and latitudes.

use weir_cf::grid_mapping::{GridMapping, Projection, grid_mappings};
use weir_plugin_api::Error;

use super::Reach;
use super::projected::Inverse;
use crate::Asked;
use crate::grids::Found;
use crate::variables::attribute;

/// Along each coordinate, this many places are turned.
const MOST_ALONG: usize = 512;

/// The pole of a rotated grid.
#[derive(Clone, Copy, Debug)]
struct Pole {
    latitude: f64,
    longitude: f64,
    /// The longitude of the true north pole in the grid.
    grid_longitude: f64,
}

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
    Rotated(Pole),
    Projected(Box<Inverse>),
}

impl Back {
    fn of(mapping: &GridMapping, units: Option<&str>) -> Option<Self> {
        match mapping.projection {
            Projection::RotatedLatitudeLongitude {
                pole_latitude,
                pole_longitude,
                north_pole_grid_longitude,
            } => Some(Self::Rotated(Pole {
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
            Self::Rotated(pole) => Some(turned(*pole, place)),
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

/// Longitude and latitude of a place of the grid, in degrees.
fn turned(pole: Pole, (x, y): (f64, f64)) -> (f64, f64) {
    let (sin_pole, cos_pole) = pole.latitude.to_radians().sin_cos();
    let (sin_y, cos_y) = y.to_radians().sin_cos();
    let (sin_x, cos_x) = (x - pole.grid_longitude).to_radians().sin_cos();
    let latitude = (sin_pole * sin_y + cos_pole * cos_y * cos_x).clamp(-1.0, 1.0).asin();
    let along = cos_pole * sin_y - sin_pole * cos_x * cos_y;
    let across = sin_x * cos_y;
    let turn = f64::atan2(-across, along).to_degrees();
    (pole.longitude + turn, latitude.to_degrees())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of PROJ: `+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +R=6371229`, and the same with
    /// `+o_lon_p=30 +o_lat_p=50 +lon_0=200`.
    #[test]
    fn places_of_the_grid_are_turned() {
        let check = |pole: Pole, place: (f64, f64), expected: (f64, f64)| {
            let (longitude, latitude) = turned(pole, place);
            let signed = (longitude + 180.0).rem_euclid(360.0) - 180.0;
            assert!((signed - expected.0).abs() < 1e-8, "{place:?}: {signed}");
            assert!((latitude - expected.1).abs() < 1e-8, "{place:?}: {latitude}");
        };
        let pole = Pole { latitude: 39.25, longitude: -162.0, grid_longitude: 0.0 };
        check(pole, (0.0, 0.0), (18.0, 50.75));
        check(pole, (10.0, 0.0), (33.572_481_934_530_565, 49.696_416_881_066_88));
        check(pole, (-28.375, -23.375), (-10.063_879_662_216_037, 21.987_828_756_838_31));
        let pole = Pole { latitude: 50.0, longitude: 20.0, grid_longitude: 30.0 };
        check(pole, (5.0, 7.0), (165.518_878_829_755_47, 42.189_004_433_821_79));
    }

    #[test]
    fn thinned_numbers_keep_their_ends() {
        let numbers: Vec<f64> = (1..=2000).map(f64::from).collect();
        let thinned = thinned(&numbers);
        assert!(thinned.len() <= MOST_ALONG + 1);
        assert_eq!((thinned.first(), thinned.last()), (Some(&1.0), Some(&2000.0)));
    }
}
