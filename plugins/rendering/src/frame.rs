//! Frames: what the coordinates along a grid's dimensions measure.

use proj4rs::{Proj, transform::transform};
use weir_cf::grid_mapping::{Figure, Projection, RotatedPole};

use crate::Place;

/// What the coordinates along the dimensions of a grid are.
pub enum Frame {
    /// Longitude and latitude.
    Geographic,
    /// Longitude and latitude of a rotated grid.
    Rotated(RotatedPole),
    /// Coordinates of a projection.
    Projected(Box<Projected>),
}

/// The way into a projection.
pub struct Projected {
    geographic: Proj,
    projected: Proj,
    /// What makes metres of a coordinate.
    scale: f64,
}

impl Frame {
    /// The frame of a grid mapping; `units` are those of the coordinates along x. `None` where a projection has no words here.
    #[must_use]
    pub fn of(projection: &Projection, figure: &Figure, units: Option<&str>) -> Option<Self> {
        match *projection {
            Projection::LatitudeLongitude => Some(Self::Geographic),
            Projection::RotatedLatitudeLongitude {
                pole_latitude: latitude,
                pole_longitude: longitude,
                north_pole_grid_longitude: grid_longitude,
            } => Some(Self::Rotated(RotatedPole { latitude, longitude, grid_longitude })),
            ref projection => {
                Projected::of(projection, figure, units).map(|found| Self::Projected(Box::new(found)))
            }
        }
    }

    /// Where a place lies in the frame; `None` where it has no coordinates there.
    #[must_use]
    pub fn coordinates(&self, place: Place) -> Option<(f64, f64)> {
        match self {
            Self::Geographic => Some((place.longitude, place.latitude)),
            Self::Rotated(pole) => Some(pole.turned((place.longitude, place.latitude))),
            Self::Projected(projected) => projected.coordinates(place),
        }
    }

    /// The place at coordinates of the frame.
    #[must_use]
    pub fn place(&self, (x, y): (f64, f64)) -> Option<Place> {
        let (longitude, latitude) = match self {
            Self::Geographic => (x, y),
            Self::Rotated(pole) => pole.turned_back((x, y)),
            Self::Projected(projected) => projected.place((x, y))?,
        };
        Some(Place { longitude, latitude })
    }

    /// After how many units along x the frame begins anew.
    #[must_use]
    pub fn period(&self) -> Option<f64> {
        match self {
            Self::Geographic | Self::Rotated(_) => Some(360.0),
            Self::Projected(_) => None,
        }
    }
}

impl Projected {
    fn of(projection: &Projection, figure: &Figure, units: Option<&str>) -> Option<Self> {
        let words = projection.proj_string(figure)?;
        let scale = match (units.unwrap_or("m").trim(), projection) {
            // Scanning angles.
            ("rad" | "radian" | "radians", Projection::Geostationary { height, .. }) => *height,
            ("km" | "kilometre" | "kilometer" | "kilometers" | "kilometres", _) => 1000.0,
            ("m" | "metre" | "meter" | "meters" | "metres", _) => 1.0,
            _ => return None,
        };
        let projected = Proj::from_proj_string(&words).ok().filter(Proj::has_inverse)?;
        let geographic = Proj::from_proj_string(&figure.proj_string()).ok()?;
        Some(Self { geographic, projected, scale })
    }

    fn coordinates(&self, place: Place) -> Option<(f64, f64)> {
        let mut point = (place.longitude.to_radians(), place.latitude.to_radians(), 0.0);
        transform(&self.geographic, &self.projected, &mut point).ok()?;
        let (x, y) = (point.0 / self.scale, point.1 / self.scale);
        // A projection may answer for what it does not show, as the far side of the disc: only what leads back is there.
        let (longitude, latitude) = self.place((x, y))?;
        let is_same =
            crate::signed(longitude - place.longitude).abs() < 1e-4 || place.latitude.abs() > 90.0 - 1e-4;
        (is_same && (latitude - place.latitude).abs() < 1e-4).then_some((x, y))
    }

    fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let mut point = (x * self.scale, y * self.scale, 0.0);
        transform(&self.projected, &self.geographic, &mut point).ok()?;
        let (longitude, latitude) = (point.0.to_degrees(), point.1.to_degrees());
        (longitude.is_finite() && latitude.is_finite()).then_some((longitude, latitude))
    }
}

#[cfg(test)]
mod tests {
    use weir_cf::grid_mapping::TrueScale;

    use super::*;

    fn check(frame: &Frame, place: Place, expected: Option<(f64, f64)>) {
        let found = frame.coordinates(place);
        let near = |(a, b): ((f64, f64), (f64, f64))| (a.0 - b.0).abs() < 1e-3 && (a.1 - b.1).abs() < 1e-3;
        assert!(found.zip(expected).map_or(found == expected, near), "{place:?}: {found:?}");
    }

    /// The places of Hamburg and of a point of the Pacific, by PROJ: `+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25
    /// +lon_0=18`, and `+proj=lcc +lat_1=30 +lat_2=60 +lat_0=50 +lon_0=10 +R=6370000`.
    #[test]
    fn places_have_coordinates_in_the_frame() {
        let rotated = Projection::RotatedLatitudeLongitude {
            pole_latitude: 39.25,
            pole_longitude: -162.0,
            north_pole_grid_longitude: 0.0,
        };
        let frame = Frame::of(&rotated, &Figure::default(), None).unwrap();
        check(&frame, Place { longitude: 18.0, latitude: 50.75 }, Some((0.0, 0.0)));
        check(&frame, Place { longitude: 33.572_481_9, latitude: 49.696_416_9 }, Some((10.0, 0.0)));
        let disc = Projection::Geostationary {
            longitude: 0.0,
            latitude: 0.0,
            height: 35_786_023.0,
            sweep: 'y',
            offset: (0.0, 0.0),
        };
        let frame = Frame::of(&disc, &Figure::default(), Some("rad")).unwrap();
        check(&frame, Place { longitude: 0.0, latitude: 0.0 }, Some((0.0, 0.0)));
        check(&frame, Place { longitude: 180.0, latitude: 10.0 }, None);
        let polar = Projection::PolarStereographic {
            longitude: -45.0,
            pole: 90.0,
            true_scale: TrueScale::Parallel(70.0),
            offset: (0.0, 0.0),
        };
        let frame = Frame::of(&polar, &Figure::default(), Some("km")).unwrap();
        check(&frame, Place { longitude: -45.0, latitude: 90.0 }, Some((0.0, 0.0)));
        let (x, y) = frame.coordinates(Place { longitude: 45.0, latitude: 80.0 }).unwrap();
        assert!((x - 1_068.0).abs() < 30.0 && y.abs() < 1e-6, "{x} {y}");
    }

    #[test]
    fn what_has_no_words_has_no_frame() {
        assert!(Frame::of(&Projection::Unnamed, &Figure::default(), None).is_none());
        assert!(Frame::of(&Projection::Other("sinusoidal".into()), &Figure::default(), Some("m")).is_none());
    }
}
