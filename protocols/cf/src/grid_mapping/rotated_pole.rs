//! Rotated grids (CF appendix F, "Rotated pole"): places of the grid to places on the Earth, and back.

/// The pole of a rotated grid, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RotatedPole {
    /// The latitude of the grid's north pole.
    pub latitude: f64,
    /// The longitude of the grid's north pole.
    pub longitude: f64,
    /// The longitude of the true north pole in the grid.
    pub grid_longitude: f64,
}

impl RotatedPole {
    /// Longitude and latitude of a place of the grid, in degrees; the longitude is not brought into any range.
    #[must_use]
    pub fn turned_back(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (turn, latitude) = self.about((x - self.grid_longitude, y));
        (self.longitude + turn, latitude)
    }

    /// Where a longitude and a latitude lie in the grid, in degrees; the grid's longitude is not brought into any range.
    #[must_use]
    pub fn turned(&self, (longitude, latitude): (f64, f64)) -> (f64, f64) {
        // The turn is its own inverse, but for the meridians that count as zero.
        let (turn, latitude) = self.about((longitude - self.longitude, latitude));
        (self.grid_longitude + turn, latitude)
    }

    fn about(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (sin_pole, cos_pole) = self.latitude.to_radians().sin_cos();
        let (sin_y, cos_y) = y.to_radians().sin_cos();
        let (sin_x, cos_x) = x.to_radians().sin_cos();
        let latitude = (sin_pole * sin_y + cos_pole * cos_y * cos_x).clamp(-1.0, 1.0).asin();
        let along = cos_pole * sin_y - sin_pole * cos_x * cos_y;
        let across = sin_x * cos_y;
        (f64::atan2(-across, along).to_degrees(), latitude.to_degrees())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of PROJ: `+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +R=6371229`, and the same with
    /// `+o_lon_p=30 +o_lat_p=50 +lon_0=200`.
    #[test]
    fn places_of_the_grid_are_turned() {
        let check = |pole: RotatedPole, place: (f64, f64), expected: (f64, f64)| {
            let (longitude, latitude) = pole.turned_back(place);
            let signed = (longitude + 180.0).rem_euclid(360.0) - 180.0;
            assert!((signed - expected.0).abs() < 1e-8, "{place:?}: {signed}");
            assert!((latitude - expected.1).abs() < 1e-8, "{place:?}: {latitude}");
            let again = pole.turned((longitude, latitude));
            assert!((again.0 - place.0).abs() < 1e-8 && (again.1 - place.1).abs() < 1e-8, "{again:?}");
        };
        let pole = RotatedPole { latitude: 39.25, longitude: -162.0, grid_longitude: 0.0 };
        check(pole, (0.0, 0.0), (18.0, 50.75));
        check(pole, (10.0, 0.0), (33.572_481_934_530_565, 49.696_416_881_066_88));
        check(pole, (-28.375, -23.375), (-10.063_879_662_216_037, 21.987_828_756_838_31));
        let pole = RotatedPole { latitude: 50.0, longitude: 20.0, grid_longitude: 30.0 };
        check(pole, (5.0, 7.0), (165.518_878_829_755_47, 42.189_004_433_821_79));
    }
}
