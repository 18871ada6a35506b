//! Rotated grids: latitudes and longitudes about another pole.

use super::Place;

/// Where the southern pole of a rotated grid lies. (An angle of rotation about that pole, which templates may also have, is
/// not zero in no file known; grids with one are of unknown geometry.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotation {
    /// The southern pole.
    pub south_pole: Place,
}

impl Rotation {
    /// Where a point of the rotated grid lies (WMO FM 92, template 3.1, note 4: the sphere is rotated about its axis by the
    /// longitude of the pole, then by 90 degrees plus its latitude about the new y axis).
    pub fn unrotate(&self, place: Place) -> Place {
        let tilt = (90.0 + self.south_pole.latitude).to_radians();
        let (latitude, longitude) = (place.latitude.to_radians(), place.longitude.to_radians());
        let (x, y) = (longitude.cos() * latitude.cos(), longitude.sin() * latitude.cos());
        let z = latitude.sin();
        let (sin, cos) = tilt.sin_cos();
        let (east, up) = (cos * x - sin * z, sin * x + cos * z);
        let longitude = y.atan2(east).to_degrees() + self.south_pole.longitude;
        Place { latitude: up.clamp(-1.0, 1.0).asin().to_degrees(), longitude }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poles_go_where_they_are_said_to_be() {
        let rotation = Rotation { south_pole: Place { latitude: -30.0, longitude: 15.0 } };
        let check = |latitude: f64, longitude: f64, expected: (f64, f64)| {
            let place = rotation.unrotate(Place { latitude, longitude });
            assert!((place.latitude - expected.0).abs() < 1e-9, "{place:?}");
            let turn = (place.longitude - expected.1 + 180.0).rem_euclid(360.0) - 180.0;
            assert!(turn.abs() < 1e-9, "{place:?}");
        };
        check(-90.0, 0.0, (-30.0, 15.0));
        check(0.0, 0.0, (60.0, 15.0));
        check(0.0, 90.0, (0.0, 105.0));
    }
}
