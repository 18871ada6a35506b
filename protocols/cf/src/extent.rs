//! How far values reach over the Earth: from the numbers of their coordinates, whoever reads them.
//!
//! [`Longitudes`] and [`Latitudes`] take places and cells one by one, in constant memory, and [`BoundingBox`] says the result
//! as RFC 7946 (section 5.2) and STAC want it: west is greater than east where the box crosses the antimeridian.
//! [`Range`] does the same for the coordinates of a projection.

mod longitudes;
mod outline;

pub use longitudes::{LongitudeRange, Longitudes};
pub use outline::Outline;

/// What turns the numbers of a horizontal coordinate into degrees, by its `units`: radians, as ICON and MPAS write them, or
/// degrees.
#[must_use]
pub fn to_degrees(units: Option<&str>) -> f64 {
    let radians = units.is_some_and(|units| units.trim().to_ascii_lowercase().starts_with("rad"));
    if radians { 180.0 / std::f64::consts::PI } else { 1.0 }
}

/// The least and the greatest of some numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Range {
    /// The range of those numbers that are finite; `None` where none is.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let finite = numbers.into_iter().filter(|number| number.is_finite());
        finite.fold(None, |range: Option<Self>, number| {
            let Self { least, greatest } = range.unwrap_or(Self { least: number, greatest: number });
            Some(Self { least: least.min(number), greatest: greatest.max(number) })
        })
    }
}

/// Latitudes gathered one by one, in degrees north.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latitudes {
    range: Option<Range>,
}

impl Latitudes {
    /// Takes a latitude, of a place or of a corner of a cell. What lies beyond a pole by more than rounding (a fill value) is
    /// passed over; what lies beyond it by less is the pole.
    pub fn add(&mut self, degrees: f64) {
        // Bounds computed in single precision overshoot by about this much.
        if degrees.abs() <= 90.001 {
            let degrees = degrees.clamp(-90.0, 90.0);
            let ends = self.range.into_iter().flat_map(|range| [range.least, range.greatest]);
            self.range = Range::of(ends.chain([degrees]));
        }
    }

    /// The southernmost and the northernmost; `None` before the first.
    #[must_use]
    pub fn range(&self) -> Option<Range> {
        self.range
    }
}

/// A part of the Earth between two meridians and two parallels, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundingBox {
    /// -180 to 180. Greater than `east` where the box crosses the antimeridian.
    pub west: f64,
    /// -90 to 90.
    pub south: f64,
    /// -180 to 180.
    pub east: f64,
    /// -90 to 90.
    pub north: f64,
}

/// A closed ring of `[longitude, latitude]`, counter-clockwise, the first place again at the end.
pub type Ring = [[f64; 2]; 5];

impl BoundingBox {
    /// The box around some longitudes and latitudes; `None` where there are none.
    #[must_use]
    pub fn of(longitudes: &Longitudes, latitudes: &Latitudes) -> Option<Self> {
        let (LongitudeRange { west, east }, range) = (longitudes.range()?, latitudes.range()?);
        Some(Self { west, south: range.least, east, north: range.greatest })
    }

    /// The same box, reaching up (or down) to a pole that lies inside: see [`enclosed_pole`].
    #[must_use]
    pub fn with_pole(self, pole: Pole) -> Self {
        let (west, east) = (-180.0, 180.0);
        match pole {
            Pole::North => Self { west, east, north: 90.0, ..self },
            Pole::South => Self { west, east, south: -90.0, ..self },
        }
    }

    /// Whether it crosses the antimeridian.
    #[must_use]
    pub fn crosses_antimeridian(&self) -> bool {
        self.west > self.east
    }

    /// West, south, east, north: a `bbox` of GeoJSON and STAC.
    #[must_use]
    pub fn bbox(&self) -> [f64; 4] {
        [self.west, self.south, self.east, self.north]
    }

    /// The box as polygons: two where it crosses the antimeridian, at which RFC 7946 (section 3.1.9) wants it cut.
    #[must_use]
    pub fn rings(&self) -> Vec<Ring> {
        let ring = |west: f64, east: f64| {
            let (south, north) = (self.south, self.north);
            [[west, south], [east, south], [east, north], [west, north], [west, south]]
        };
        if self.crosses_antimeridian() {
            vec![ring(self.west, 180.0), ring(-180.0, self.east)]
        } else {
            vec![ring(self.west, self.east)]
        }
    }
}

/// A pole of the Earth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pole {
    /// 90 degrees north.
    North,
    /// 90 degrees south.
    South,
}

/// The pole that a closed line goes around, as the rim of a polar grid does; `None` where it goes around none.
///
/// The line is given by its places, longitude and latitude in degrees; it goes on from the last to the first. Steps are taken
/// the short way round. Which pole it is, the mean latitude says.
pub fn enclosed_pole(line: impl IntoIterator<Item = (f64, f64)>) -> Option<Pole> {
    let mut places =
        line.into_iter().filter(|(longitude, latitude)| longitude.is_finite() && latitude.is_finite());
    let first = places.next()?;
    let (mut turned, mut latitudes, mut previous) = (0.0, first.1, first.0);
    for (longitude, latitude) in places.chain(std::iter::once(first)) {
        turned += short_way(longitude - previous);
        latitudes += latitude;
        previous = longitude;
    }
    let around = f64::abs(turned) > 180.0;
    around.then_some(if latitudes < 0.0 { Pole::South } else { Pole::North })
}

/// A difference of longitudes as -180 to 180.
pub(crate) fn short_way(difference: f64) -> f64 {
    (difference + 180.0).rem_euclid(360.0) - 180.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(west: f64, east: f64, expected: usize) {
        let of = BoundingBox { west, south: -10.0, east, north: 20.0 };
        let rings = of.rings();
        assert_eq!(rings.len(), expected);
        for ring in &rings {
            assert_eq!(ring[0], ring[4]);
            assert!(ring[0][0] <= ring[1][0] && ring[1][1] < ring[2][1], "{ring:?} is not counter-clockwise");
        }
    }

    #[test]
    fn boxes_are_cut_at_the_antimeridian() {
        check(-10.0, 10.0, 1);
        check(170.0, -170.0, 2);
        check(-180.0, 180.0, 1);
    }

    #[test]
    fn latitudes_stay_on_the_earth() {
        let mut latitudes = Latitudes::default();
        assert_eq!(latitudes.range(), None);
        for degrees in [f64::NAN, 1e20, 12.0, -90.000_01, 45.0] {
            latitudes.add(degrees);
        }
        assert_eq!(latitudes.range(), Some(Range { least: -90.0, greatest: 45.0 }));
    }

    #[test]
    fn a_ring_around_a_pole_encloses_it() {
        let ring = |latitude: f64| (0..12).map(move |step| (f64::from(step) * 30.0, latitude));
        assert_eq!(enclosed_pole(ring(60.0)), Some(Pole::North));
        assert_eq!(enclosed_pole(ring(-60.0)), Some(Pole::South));
        assert_eq!(enclosed_pole([(170.0, 1.0), (-170.0, 1.0), (-170.0, 9.0), (170.0, 9.0)]), None);
        assert_eq!(enclosed_pole([]), None);
        let polar =
            BoundingBox { west: -170.0, south: 50.0, east: 160.0, north: 88.0 }.with_pole(Pole::North);
        assert_eq!(polar.bbox(), [-180.0, 50.0, 180.0, 90.0]);
    }

    #[test]
    fn ranges_pass_over_what_is_not_finite() {
        assert_eq!(
            Range::of([3.0, f64::NAN, -1.0, f64::INFINITY]),
            Some(Range { least: -1.0, greatest: 3.0 })
        );
        assert_eq!(Range::of([f64::NAN]), None);
        assert!((to_degrees(Some(" Radian")) - 57.295_779_513_082_32).abs() < 1e-12);
        assert_eq!(to_degrees(Some("degrees_east")).to_bits(), 1.0f64.to_bits());
    }
}
