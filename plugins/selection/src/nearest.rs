//! The cells nearest to places on the Earth, on every kind of grid.

use weir_plugin_api::Error;

use crate::cells::{Cells, Ground};
use crate::{Axes, Bound, Wanted};

/// Of one request, so many places are looked for.
const MOST_PLACES: usize = 1000;

/// The mean radius of the Earth in kilometres (IUGG).
const RADIUS: f64 = 6371.0088;

/// A place on the Earth, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// -540 to 540.
    pub longitude: f64,
    /// -90 to 90.
    pub latitude: f64,
}

impl Place {
    /// A place, checked.
    ///
    /// # Errors
    /// `BadRequest` for what lies beyond the poles, or more than one and a half turns from the prime meridian.
    pub fn new(longitude: f64, latitude: f64) -> Result<Self, Error> {
        if (-540.0..=540.0).contains(&longitude) && (-90.0..=90.0).contains(&latitude) {
            return Ok(Self { longitude, latitude });
        }
        Err(Error::bad_request(format!(
            "longitude {longitude}, latitude {latitude} is not on the Earth; longitudes are -540 to 540 degrees, latitudes -90 to 90"
        )))
    }

    /// The distance to another place on a sphere, in kilometres (haversine formula).
    #[must_use]
    pub fn kilometres_to(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let turned = (other.longitude - self.longitude).to_radians();
        let chord = ((b - a) / 2.0).sin().powi(2) + a.cos() * b.cos() * (turned / 2.0).sin().powi(2);
        2.0 * RADIUS * chord.sqrt().min(1.0).asin()
    }
}

/// The cell nearest to a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its index along each horizontal dimension: the place of the dimension, and the index.
    pub indices: Vec<(usize, u64)>,
    /// Where its centre is, in degrees, as the dataset has it.
    pub at: Place,
}

impl Axes<'_> {
    /// The cells nearest to some places, in their order: the nearest row and column where a grid has longitudes and latitudes
    /// along its dimensions, else the nearest centre.
    ///
    /// # Errors
    /// `BadRequest` for places that lie outside the grid by more than a cell (where that can be told), too many of them, or a
    /// variable of which nothing says where it lies.
    pub fn nearest(&self, places: &[Place]) -> Result<Vec<Found>, Error> {
        if places.len() > MOST_PLACES {
            return Err(Error::bad_request(format!(
                "{} places are asked for; at most {MOST_PLACES} are looked for",
                places.len()
            )));
        }
        match self.ground()? {
            Ground::Along { latitude, longitude } => {
                places.iter().map(|place| self.row_and_column((longitude, latitude), *place)).collect()
            }
            Ground::Cells(cells) => self.nearest_cells(&cells, places),
        }
    }

    fn row_and_column(&self, (x, y): (usize, usize), place: Place) -> Result<Found, Error> {
        let one = |axis: usize, value: f64| -> Result<(u64, f64), Error> {
            let indices = self.choose(axis, &Wanted::Nearest(Bound::Number(value)))?;
            let index = indices.iter().next().map_or(0, |(index, _)| index);
            let values = self.values(axis)?.unwrap_or_default();
            let value = usize::try_from(index).ok().and_then(|index| values.get(index).copied());
            Ok((index, value.unwrap_or(f64::NAN)))
        };
        let ((column, longitude), (row, latitude)) = (one(x, place.longitude)?, one(y, place.latitude)?);
        Ok(Found { indices: vec![(y, row), (x, column)], at: Place { longitude, latitude } })
    }

    fn nearest_cells(&self, cells: &Cells, places: &[Place]) -> Result<Vec<Found>, Error> {
        let wanted: Vec<[f64; 3]> =
            places.iter().map(|place| on_sphere(place.longitude, place.latitude)).collect();
        let mut best: Vec<Option<(f64, Vec<u64>, Place)>> = vec![None; places.len()];
        self.each_cell(cells, |indices, longitude, latitude| {
            let here = on_sphere(longitude, latitude);
            for (wanted, best) in wanted.iter().zip(&mut best) {
                let distance = chord(wanted, &here);
                if distance.is_finite() && best.as_ref().is_none_or(|(least, ..)| distance < *least) {
                    *best = Some((distance, indices.to_vec(), Place { longitude, latitude }));
                }
            }
        })?;
        let found = best.into_iter().map(|best| {
            let (_, indices, at) = best?;
            Some(Found { indices: cells.axes.iter().copied().zip(indices).collect(), at })
        });
        found
            .collect::<Option<_>>()
            .ok_or_else(|| Error::unsupported(format!("no cell of {} has a place", self.path())))
    }
}

/// A place on the unit sphere.
fn on_sphere(longitude: f64, latitude: f64) -> [f64; 3] {
    let (x, y) = (longitude.to_radians(), latitude.to_radians());
    [y.cos() * x.cos(), y.cos() * x.sin(), y.sin()]
}

/// The square of the distance through the Earth, which grows as that along it does.
fn chord(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_a_sphere() {
        let check = |a: (f64, f64), b: (f64, f64), expected: f64| {
            let (a, b) = (Place::new(a.0, a.1).unwrap(), Place::new(b.0, b.1).unwrap());
            assert!((a.kilometres_to(b) - expected).abs() < 1e-6, "{}", a.kilometres_to(b));
        };
        let degree = RADIUS * std::f64::consts::PI / 180.0;
        check((0.0, 0.0), (0.0, 90.0), 90.0 * degree);
        check((359.5, 0.0), (0.5, 0.0), degree);
        check((10.0, 90.0), (200.0, 89.0), degree);
        assert!(Place::new(0.0, 90.1).is_err() && Place::new(f64::INFINITY, 0.0).is_err());
    }
}
