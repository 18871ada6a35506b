//! Projections of maps: spherical, the Earth's radius is 180/π so that lengths at the centre are degrees.
//!
//! Formulas: Snyder, "Map Projections: A Working Manual" (1987), chapters 7 and 21; Robinson's is that of the crate `proj4rs`,
//! which follows PROJ.

use proj4rs::{Proj, transform::transform};

use crate::{Frame, Place, signed};

/// How a map is projected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum MapProjection {
    /// Longitude and latitude as they are.
    #[default]
    PlateCarree,
    /// Mercator's.
    Mercator,
    /// Stereographic, around the north pole.
    NorthPolar,
    /// Stereographic, around the south pole.
    SouthPolar,
    /// Robinson's.
    Robinson,
}

/// Names, the first of each projection cartopy's in lower case.
const NAMES: [(&str, MapProjection); 9] = [
    ("platecarree", MapProjection::PlateCarree),
    ("mercator", MapProjection::Mercator),
    ("northpolarstereo", MapProjection::NorthPolar),
    ("southpolarstereo", MapProjection::SouthPolar),
    ("robinson", MapProjection::Robinson),
    ("north", MapProjection::NorthPolar),
    ("south", MapProjection::SouthPolar),
    ("merc", MapProjection::Mercator),
    ("robin", MapProjection::Robinson),
];

impl MapProjection {
    /// The projection of a name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, found)| *found)
    }

    /// The names of all, one each.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().take(5).map(|(name, _)| *name)
    }

    /// The latitudes that a map may show, south and north.
    #[must_use]
    pub fn latitudes(self) -> (f64, f64) {
        match self {
            // Where the square map of the web ends.
            Self::Mercator => (-85.051_13, 85.051_13),
            // Into the corners of a square around half the Earth.
            Self::NorthPolar => (-30.0, 90.0),
            Self::SouthPolar => (-90.0, 30.0),
            Self::PlateCarree | Self::Robinson => (-90.0, 90.0),
        }
    }

    /// Whether it shows the places around a pole.
    #[must_use]
    pub fn is_polar(self) -> bool {
        matches!(self, Self::NorthPolar | Self::SouthPolar)
    }
}

/// A projection with its central meridian, or the frame of a coordinate reference system.
pub struct View {
    kind: Kind,
    central: f64,
    robinson: Option<(Proj, Proj)>,
}

enum Kind {
    Map(MapProjection),
    Frame(Box<Frame>),
}

impl View {
    /// A view around a meridian, in degrees east.
    #[must_use]
    pub fn new(projection: MapProjection, central: f64) -> Self {
        let proj = |words: &str| Proj::from_proj_string(words).ok();
        let robinson = (projection == MapProjection::Robinson).then(|| {
            proj("+proj=longlat +R=57.29577951308232").zip(proj("+proj=robin +R=57.29577951308232"))
        });
        Self { kind: Kind::Map(projection), central, robinson: robinson.flatten() }
    }

    /// A view in the units of a frame, as metres of a projection.
    #[must_use]
    pub fn framed(frame: Frame) -> Self {
        Self { kind: Kind::Frame(Box::new(frame)), central: 0.0, robinson: None }
    }

    /// The projection; `None` where the view is that of a frame.
    #[must_use]
    pub fn projection(&self) -> Option<MapProjection> {
        match self.kind {
            Kind::Map(projection) => Some(projection),
            Kind::Frame(_) => None,
        }
    }

    /// The meridian in its middle.
    #[must_use]
    pub fn central(&self) -> f64 {
        self.central
    }

    /// Where a place lies on the map; `None` where it is not on it.
    #[must_use]
    pub fn forward(&self, place: Place) -> Option<(f64, f64)> {
        let projection = match &self.kind {
            Kind::Map(projection) => projection,
            Kind::Frame(frame) => return frame.coordinates(place),
        };
        let (south, north) = projection.latitudes();
        if !(south - 1e-9..=north + 1e-9).contains(&place.latitude) || !place.longitude.is_finite() {
            return None;
        }
        self.forward_from((signed(place.longitude - self.central), place.latitude))
    }

    /// The same for degrees east of the central meridian, which are not brought into any range.
    pub(crate) fn forward_from(&self, (east, latitude): (f64, f64)) -> Option<(f64, f64)> {
        let projection = match &self.kind {
            Kind::Map(projection) => projection,
            Kind::Frame(frame) => return frame.coordinates(Place { longitude: east, latitude }),
        };
        Some(match projection {
            MapProjection::PlateCarree => (east, latitude),
            MapProjection::Mercator => (east, latitude.to_radians().sin().atanh().to_degrees()),
            MapProjection::NorthPolar => around_pole(east, latitude),
            MapProjection::SouthPolar => {
                let (x, y) = around_pole(east, -latitude);
                (x, -y)
            }
            MapProjection::Robinson => {
                let (from, to) = self.robinson.as_ref()?;
                let mut point = (east.to_radians(), latitude.to_radians(), 0.0);
                transform(from, to, &mut point).ok()?;
                (point.0, point.1)
            }
        })
    }

    /// The place at a point of the map; `None` beside the Earth.
    #[must_use]
    pub fn inverse(&self, (x, y): (f64, f64)) -> Option<Place> {
        let projection = match &self.kind {
            Kind::Map(projection) => *projection,
            Kind::Frame(frame) => return frame.place((x, y)).filter(|place| place.latitude.abs() <= 90.0),
        };
        let (east, latitude) = match projection {
            MapProjection::PlateCarree => (x, y),
            MapProjection::Mercator => (x, y.to_radians().tanh().asin().to_degrees()),
            MapProjection::NorthPolar => from_pole(x, y),
            MapProjection::SouthPolar => {
                let (east, latitude) = from_pole(x, -y);
                (east, -latitude)
            }
            MapProjection::Robinson => {
                let (from, to) = self.robinson.as_ref()?;
                let mut point = (x, y, 0.0);
                transform(to, from, &mut point).ok()?;
                (point.0.to_degrees(), point.1.to_degrees())
            }
        };
        // Rounding may lead a little beyond.
        let is_on = east.abs() <= 360.0 + 1e-6 && latitude.abs() <= 90.0 + 1e-9;
        let is_round = projection != MapProjection::Robinson || east.abs() <= 180.0 + 1e-6;
        let place = Place { longitude: self.central + east, latitude: latitude.clamp(-90.0, 90.0) };
        (is_on && is_round).then_some(place)
    }

    /// Whether columns of the map are meridians and rows are parallels.
    #[must_use]
    pub fn is_straight(&self) -> bool {
        matches!(self.kind, Kind::Map(MapProjection::PlateCarree | MapProjection::Mercator))
    }
}

fn around_pole(east: f64, latitude: f64) -> (f64, f64) {
    let radius = 2.0 * (45.0 - latitude / 2.0).to_radians().tan().to_degrees();
    let (sine, cosine) = east.to_radians().sin_cos();
    (radius * sine, -radius * cosine)
}

fn from_pole(x: f64, y: f64) -> (f64, f64) {
    let radius = x.hypot(y);
    (f64::atan2(x, -y).to_degrees(), 90.0 - 2.0 * (radius / 2.0).to_radians().atan().to_degrees())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [MapProjection; 5] = [
        MapProjection::PlateCarree,
        MapProjection::Mercator,
        MapProjection::NorthPolar,
        MapProjection::SouthPolar,
        MapProjection::Robinson,
    ];

    /// Values of PROJ on a sphere: `+proj=merc`, `+proj=stere +lat_0=90`, `+proj=stere +lat_0=-90`, `+proj=robin`, each with
    /// `+R=57.29577951308232`, at 30° east, 60° north or south.
    #[test]
    fn points_are_those_of_proj() {
        let check = |projection, latitude, expected: (f64, f64)| {
            let found = View::new(projection, 0.0).forward(Place { longitude: 30.0, latitude }).unwrap();
            assert!((found.0 - expected.0).abs() < 2e-3 && (found.1 - expected.1).abs() < 2e-3, "{found:?}");
        };
        check(MapProjection::PlateCarree, 60.0, (30.0, 60.0));
        check(MapProjection::Mercator, 60.0, (30.0, 75.456_129));
        check(MapProjection::NorthPolar, 60.0, (15.352_358, -26.591_064));
        check(MapProjection::SouthPolar, -60.0, (15.352_358, 26.591_064));
        check(MapProjection::Robinson, 60.0, (20.333_16, 56.918_0));
    }

    #[test]
    fn the_way_back_leads_to_the_place() {
        for projection in ALL {
            for central in [0.0, 100.0, 180.0] {
                let view = View::new(projection, central);
                for longitude in (-179..180).step_by(17) {
                    for latitude in (-84..85).step_by(7) {
                        let place = Place { longitude: f64::from(longitude), latitude: f64::from(latitude) };
                        let Some(point) = view.forward(place) else { continue };
                        let back = view.inverse(point).unwrap();
                        assert!(
                            signed(back.longitude - place.longitude).abs() < 1e-3,
                            "{projection:?} {place:?} {back:?}"
                        );
                        assert!(
                            (back.latitude - place.latitude).abs() < 1e-3,
                            "{projection:?} {place:?} {back:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_on_a_map_has_no_place_there() {
        let none = |projection, latitude| {
            assert_eq!(View::new(projection, 0.0).forward(Place { longitude: 1.0, latitude }), None);
        };
        none(MapProjection::Mercator, 89.0);
        none(MapProjection::NorthPolar, -31.0);
        none(MapProjection::SouthPolar, 31.0);
        assert_eq!(View::new(MapProjection::Robinson, 0.0).inverse((179.0, 88.0)), None);
        assert_eq!(View::new(MapProjection::PlateCarree, 0.0).inverse((0.0, 91.0)), None);
    }

    #[test]
    fn projections_have_names() {
        assert_eq!(MapProjection::named("Robinson"), Some(MapProjection::Robinson));
        assert_eq!(MapProjection::named("mollweide"), None);
        assert_eq!(MapProjection::names().count(), 5);
    }

    /// EPSG:3995 at 1000 km, -2000 km, by Snyder's formulas 15-9, 14-15, 21-34 and 7-9.
    #[test]
    fn frames_are_views_in_their_units() {
        use weir_cf::grid_mapping::{Figure, Projection, TrueScale};
        let polar = Projection::PolarStereographic {
            longitude: 0.0,
            pole: 90.0,
            true_scale: TrueScale::Parallel(71.0),
            offset: (0.0, 0.0),
        };
        let view = View::framed(Frame::of(&polar, &Figure::default(), Some("m")).unwrap());
        assert!(view.projection().is_none() && !view.is_straight());
        let place = view.inverse((1e6, -2e6)).unwrap();
        assert!((place.longitude - 26.565_051_2).abs() < 1e-6, "{place:?}");
        assert!((place.latitude - 69.6286694).abs() < 1e-6, "{place:?}");
        let (x, y) = view.forward(place).unwrap();
        assert!((x - 1e6).abs() < 1.0 && (y + 2e6).abs() < 1.0, "{x} {y}");
    }
}
