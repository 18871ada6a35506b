//! Coordinate reference systems: their axes, and windows in their units.

use weir_cf::grid_mapping::{Figure, Projection, TrueScale};
use weir_plugin_api::Error;
use weir_rendering::{Bounds, Frame, MapProjection, Place, View, Window};

use crate::keys::{Keys, invalid};
use crate::refusal::{Code, refused};
use crate::version::Version;

/// A coordinate reference system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Crs {
    /// Its name.
    pub name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Longitude, latitude.
    Degrees,
    /// Latitude, longitude where the version heeds the authority's order of axes.
    Turned,
    /// Metres of the web's Mercator.
    Mercator,
    /// Metres around a pole: its latitude, the latitude of true scale, the meridian that goes down (north) or up (south).
    Polar { pole: i8, true_scale: i8, longitude: i8 },
}

/// Half of the web's Mercator map, in metres (EPSG method 1024, of the radius 6378137 m).
pub(crate) const HALF_MERCATOR: f64 = std::f64::consts::PI * 6_378_137.0;

/// Metres of the web's Mercator map for a degree at the equator.
const DEGREE: f64 = HALF_MERCATOR / 180.0;

/// A picture has so many pixels along each side at most.
pub(crate) const MOST_SIDE: u32 = 4096;

/// All of them.
const ALL: [Crs; 6] = [
    Crs { name: "EPSG:4326", kind: Kind::Turned },
    Crs { name: "CRS:84", kind: Kind::Degrees },
    Crs { name: "EPSG:3857", kind: Kind::Mercator },
    Crs { name: "EPSG:3995", kind: Kind::Polar { pole: 90, true_scale: 71, longitude: 0 } },
    Crs { name: "EPSG:3413", kind: Kind::Polar { pole: 90, true_scale: 70, longitude: -45 } },
    Crs { name: "EPSG:3031", kind: Kind::Polar { pole: -90, true_scale: -71, longitude: 0 } },
];

impl Crs {
    /// Those that a version knows.
    pub(crate) fn all(version: Version) -> impl Iterator<Item = Self> {
        ALL.into_iter().filter(move |crs| version == Version::V130 || crs.name != "CRS:84")
    }

    /// The one of a name.
    ///
    /// # Errors
    /// `InvalidCRS`, with all that there are.
    pub(crate) fn named(name: &str) -> Result<Self, Error> {
        let known = match name.to_ascii_uppercase().as_str() {
            "OGC:CRS84" | "CRS84" => "CRS:84".to_owned(),
            "EPSG:900913" => "EPSG:3857".to_owned(),
            name => name.to_owned(),
        };
        ALL.into_iter().find(|crs| crs.name == known).ok_or_else(|| {
            let shown: String = name.chars().take(60).collect();
            let names = ALL.map(|crs| crs.name).join(", ");
            refused(Code::InvalidCrs, format!("{shown:?} is not served; there are {names}"))
        })
    }

    /// The web's Mercator.
    pub(crate) fn mercator() -> Self {
        Self { name: "EPSG:3857", kind: Kind::Mercator }
    }

    /// The window that a request asks for: of its `CRS` or `SRS`, `BBOX`, `WIDTH` and `HEIGHT`.
    ///
    /// # Errors
    /// Where one of these is missing or wrong.
    pub(crate) fn asked(keys: &Keys, version: Version) -> Result<Window, Error> {
        let other = if version == Version::V111 { "crs" } else { "srs" };
        let name = keys.get(version.crs_key()).or_else(|| keys.get(other));
        let crs = Self::named(name.map_or_else(|| keys.required(version.crs_key()), Ok)?)?;
        let side = |key| match keys.whole(key, (1, MOST_SIDE))? {
            Some(side) => Ok(side),
            None => keys.required(key).and(Ok(0)),
        };
        let size = (side("width")?, side("height")?);
        let text = keys.required("bbox")?;
        let numbers: Option<Vec<f64>> = keys.list("bbox").into_iter().map(|part| part.parse().ok()).collect();
        let wanted = "four numbers, the least of both axes and then the greatest";
        let Some([a, b, c, d]) = numbers.as_deref().and_then(|numbers| <[f64; 4]>::try_from(numbers).ok())
        else {
            return Err(invalid("bbox", text, wanted));
        };
        if ![a, b, c, d].iter().all(|number| number.is_finite() && number.abs() < 1e12) || a >= c || b >= d {
            return Err(invalid("bbox", text, wanted));
        }
        let turned = crs.kind == Kind::Turned && version == Version::V130;
        let (x, y) = if turned { ((b, d), (a, c)) } else { ((a, c), (b, d)) };
        crs.window((x, y), size)
    }

    /// The window between west and east, south and north, in its own units.
    ///
    /// # Errors
    /// None that can come to pass: all frames are known.
    pub(crate) fn window(self, (x, y): ((f64, f64), (f64, f64)), size: (u32, u32)) -> Result<Window, Error> {
        let scaled = |(least, most): (f64, f64)| (least / DEGREE, most / DEGREE);
        Ok(match self.kind {
            Kind::Degrees | Kind::Turned => {
                Window::new(View::new(MapProjection::PlateCarree, 0.0), (x, y), size)
            }
            Kind::Mercator => {
                Window::new(View::new(MapProjection::Mercator, 0.0), (scaled(x), scaled(y)), size)
            }
            Kind::Polar { .. } => Window::new(self.polar()?, (x, y), size),
        })
    }

    fn polar(self) -> Result<View, Error> {
        let Kind::Polar { pole, true_scale, longitude } = self.kind else {
            return Err(Error::internal(format!("{} is around no pole", self.name)));
        };
        let projection = Projection::PolarStereographic {
            longitude: f64::from(longitude),
            pole: f64::from(pole),
            true_scale: TrueScale::Parallel(f64::from(true_scale)),
            offset: (0.0, 0.0),
        };
        let frame = Frame::of(&projection, &Figure::default(), Some("m"));
        frame.map(View::framed).ok_or_else(|| Error::internal(format!("{} is not projected", self.name)))
    }

    /// West, south, east, north of a part of the Earth, in its own units; `None` where it shows nothing of it.
    pub(crate) fn extent(self, bounds: &Bounds) -> Option<[f64; 4]> {
        let Bounds { west, east, south, north } = *bounds;
        match self.kind {
            Kind::Degrees | Kind::Turned => Some([west, south, east, north]),
            Kind::Mercator => {
                let (least, most) = MapProjection::Mercator.latitudes();
                let y = |latitude: f64| {
                    latitude.clamp(least, most).to_radians().sin().atanh().to_degrees() * DEGREE
                };
                let x = |longitude: f64| longitude * DEGREE;
                (south < most && north > least).then(|| {
                    let limit = |y: f64| y.clamp(-HALF_MERCATOR, HALF_MERCATOR);
                    [x(west), limit(y(south)), x(east), limit(y(north))]
                })
            }
            Kind::Polar { pole, .. } => {
                let (south, north) = if pole > 0 { (south.max(0.0), north) } else { (south, north.min(0.0)) };
                if south >= north {
                    return None;
                }
                self.around_pole(&Bounds { west, east, south, north })
            }
        }
    }

    /// The box around places that are spread over a part of the Earth.
    fn around_pole(self, bounds: &Bounds) -> Option<[f64; 4]> {
        const STEPS: u32 = 48;
        let view = self.polar().ok()?;
        let along = |from: f64, to: f64, step: u32| from + (to - from) * f64::from(step) / f64::from(STEPS);
        let steps = (0..=STEPS).flat_map(|i| [(i, 0), (i, STEPS), (0, i), (STEPS, i)]);
        let points = steps.filter_map(|(i, j)| {
            let longitude = along(bounds.west, bounds.east, i);
            view.forward(Place { longitude, latitude: along(bounds.south, bounds.north, j) })
        });
        points.fold(None, |found: Option<[f64; 4]>, (x, y)| {
            let [west, south, east, north] = found.unwrap_or([x, y, x, y]);
            Some([west.min(x), south.min(y), east.max(x), north.max(y)])
        })
    }

    /// The same in the order in which a version writes it.
    pub(crate) fn written(self, version: Version, [west, south, east, north]: [f64; 4]) -> [f64; 4] {
        match (self.kind, version) {
            (Kind::Turned, Version::V130) => [south, west, north, east],
            _ => [west, south, east, north],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Middle = (f64, f64);

    /// The place in the middle of the first pixel.
    fn check(query: &str, expected: Result<Middle, &str>) {
        let keys = Keys::parse(query).unwrap();
        let found = Version::of(&keys).and_then(|version| Crs::asked(&keys, version));
        match (found, expected) {
            (Ok(window), Ok((longitude, latitude))) => {
                let place = window.place(0, 0).unwrap();
                let near =
                    (place.longitude - longitude).abs() < 1e-6 && (place.latitude - latitude).abs() < 1e-6;
                assert!(near, "{query}: {place:?}");
            }
            (Err(error), Err(words)) => assert!(error.message.contains(words), "{query}: {error}"),
            (found, _) => panic!("{query}: {:?}", found.map(drop)),
        }
    }

    #[test]
    fn axes_are_in_the_order_of_the_version() {
        let size = "width=10&height=20";
        check(&format!("version=1.3.0&crs=EPSG:4326&bbox=-20,0,60,40&{size}"), Ok((2.0, 58.0)));
        check(&format!("version=1.1.1&srs=EPSG:4326&bbox=0,-20,40,60&{size}"), Ok((2.0, 58.0)));
        check(&format!("version=1.3.0&crs=CRS:84&bbox=0,-20,40,60&{size}"), Ok((2.0, 58.0)));
        check(&format!("crs=epsg:3857&bbox=0,-10,20037508.342789244,10&{size}"), Ok((9.0, 8.534e-5)));
    }

    /// Of EPSG:3995, (1000 km, -2000 km), by Snyder's formulas for the ellipsoid of WGS 84; the others are turned.
    #[test]
    fn poles_are_seen_on_the_ellipsoid() {
        let around =
            |x: f64, y: f64| format!("bbox={},{},{},{}&width=1&height=1", x - 1.0, y - 1.0, x + 1.0, y + 1.0);
        check(&format!("crs=EPSG:3995&{}", around(1e6, -2e6)), Ok((26.565_051_18, 69.628_669_39)));
        check(&format!("crs=EPSG:3031&{}", around(1e6, 2e6)), Ok((26.565_051_18, -69.628_669_39)));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        check("crs=EPSG:99999&bbox=0,0,1,1&width=1&height=1", Err("InvalidCRS: \"EPSG:99999\""));
        check("crs=CRS:84&bbox=0,0,1&width=1&height=1", Err("four numbers"));
        check("crs=CRS:84&bbox=0,0,0,1&width=1&height=1", Err("four numbers"));
        check("crs=CRS:84&bbox=0,0,nan,1&width=1&height=1", Err("four numbers"));
        check("crs=CRS:84&bbox=0,0,1,1&width=1", Err("HEIGHT is missing"));
        check("crs=CRS:84&bbox=0,0,1,1&width=5000&height=1", Err("4096 is the most"));
        check("bbox=0,0,1,1&width=1&height=1", Err("CRS is missing"));
    }

    #[test]
    fn extents_are_in_the_units_of_the_system() {
        let check = |name: &str, bounds: &Bounds, expected: Option<[f64; 4]>| {
            let found = Crs::named(name).unwrap().extent(bounds);
            let near = |(a, b): ([f64; 4], [f64; 4])| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1.0);
            assert!(found.zip(expected).map_or(found == expected, near), "{name}: {found:?}");
        };
        let world = Bounds::WORLD;
        check("EPSG:4326", &world, Some([-180.0, -90.0, 180.0, 90.0]));
        check("EPSG:3857", &world, Some([-HALF_MERCATOR, -HALF_MERCATOR, HALF_MERCATOR, HALF_MERCATOR]));
        let arctic = Bounds { south: 60.0, ..Bounds::WORLD };
        check("EPSG:3031", &arctic, None);
        // 3333134.03 m are between the pole and 60 degrees north in EPSG:3995, by the same formulas.
        check("EPSG:3995", &arctic, Some([-3_333_134.0, -3_333_134.0, 3_333_134.0, 3_333_134.0]));
    }
}
