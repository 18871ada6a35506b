//! Places of grids whose coordinates are those of a projection: as PROJ's words (<https://proj.org/operations/projections/>), which
//! the crate `proj4rs` follows.

use proj4rs::{Proj, transform::transform};
use weir_cf::grid_mapping::{Figure, Projection};

/// From coordinates of a projection to longitude and latitude, in degrees.
pub(super) struct Inverse {
    from: Proj,
    to: Proj,
    /// What makes metres of a coordinate.
    scale: f64,
}

impl Inverse {
    /// The way back from a projection; `None` where it is none, or has no words. `units` are those of the coordinates.
    pub(super) fn of(projection: &Projection, figure: &Figure, units: Option<&str>) -> Option<Self> {
        let words = projection.proj_string(figure)?;
        let scale = match (units.unwrap_or("m").trim(), projection) {
            // Scanning angles.
            ("rad" | "radian" | "radians", Projection::Geostationary { height, .. }) => *height,
            ("km" | "kilometre" | "kilometer" | "kilometers" | "kilometres", _) => 1000.0,
            ("m" | "metre" | "meter" | "meters" | "metres", _) => 1.0,
            _ => return None,
        };
        let from = Proj::from_proj_string(&words).ok().filter(Proj::has_inverse)?;
        let to = Proj::from_proj_string(&figure.proj_string()).ok()?;
        Some(Self { from, to, scale })
    }

    /// Longitude and latitude of a place; `None` where the projection has none there, as beside the disc of the Earth.
    pub(super) fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let mut place = (x * self.scale, y * self.scale, 0.0);
        transform(&self.from, &self.to, &mut place).ok()?;
        let (longitude, latitude) = (place.0.to_degrees(), place.1.to_degrees());
        (longitude.is_finite() && latitude.is_finite()).then_some((longitude, latitude))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use weir_cf::grid_mapping::TrueScale;

    use super::*;

    fn check(projection: &Projection, units: &str, place: (f64, f64), expected: (f64, f64)) {
        let figure = Figure { radius: Some(6_371_229.0), ..Figure::default() };
        let found =
            Inverse::of(projection, &figure, Some(units)).and_then(|inverse| inverse.place(place)).unwrap();
        let close = (found.0 - expected.0).abs() < 1e-7 && (found.1 - expected.1).abs() < 1e-7;
        assert!(close, "{projection:?} {place:?}: {found:?}");
    }

    // Values of PROJ 9, by pyproj.
    const LCC: (f64, f64) = (-92.39100981415801, 29.48034458076087);
    const AEA: (f64, f64) = (-93.47688557232506, 27.518479734954575);
    const LAEA: (f64, f64) = (5.504365384783494, 50.02270742150447);
    const POLAR: (f64, f64) = (171.86989764584402, 45.94458936343334);
    const MERC: (f64, f64) = (22.32753193174826, 4.649950996344482);
    const TMERC: (f64, f64) = (6.9232411022740274, 49.46705982135311);
    const GEOS: (f64, f64) = (-56.63421914852443, 23.76810119585352);

    #[test]
    fn places_are_those_of_proj() {
        let conic = Projection::LambertConformalConic {
            parallels: (25.0, Some(50.5)),
            longitude: -95.0,
            latitude: 25.0,
            offset: (1000.0, 2000.0),
        };
        check(&conic, "m", (250_000.0, 500_000.0), LCC);
        check(&conic, "km", (250.0, 500.0), LCC);
        let albers = Projection::AlbersConicalEqualArea {
            parallels: (29.5, Some(45.5)),
            longitude: -96.0,
            latitude: 23.0,
            offset: (0.0, 0.0),
        };
        check(&albers, "m", (250_000.0, 500_000.0), AEA);
        let equal = Projection::LambertAzimuthalEqualArea {
            longitude: 10.0,
            latitude: 52.0,
            offset: (4_321_000.0, 3_210_000.0),
        };
        check(&equal, "m", (4_000_000.0, 3_000_000.0), LAEA);
        let polar = Projection::PolarStereographic {
            longitude: -45.0,
            pole: 90.0,
            true_scale: TrueScale::Parallel(70.0),
            offset: (0.0, 0.0),
        };
        check(&polar, "m", (-3_000_000.0, 4_000_000.0), POLAR);
        let mercator = Projection::Mercator {
            longitude: 20.0,
            true_scale: TrueScale::Parallel(15.0),
            offset: (0.0, 0.0),
        };
        check(&mercator, "m", (250_000.0, 500_000.0), MERC);
        let transverse = Projection::TransverseMercator {
            longitude: 9.0,
            latitude: 0.0,
            scale: 0.9995,
            offset: (400_000.0, 0.0),
        };
        check(&transverse, "m", (250_000.0, 5_500_000.0), TMERC);
        let disc = Projection::Geostationary {
            longitude: -75.0,
            latitude: 0.0,
            height: 35_786_023.0,
            sweep: 'x',
            offset: (0.0, 0.0),
        };
        check(&disc, "rad", (0.05, 0.07), GEOS);
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            -1e9..1e9,
            -400.0..400.0,
            -1.0..1.0,
            Just(0.0),
            Just(90.0),
            Just(-90.0),
            Just(180.0),
            Just(1e300)
        ]
    }

    fn projections() -> impl Strategy<Value = Projection> {
        let numbers = (number(), number(), number(), number(), number(), number());
        (0..9, numbers).prop_map(|(kind, (a, b, c, d, x, y))| {
            let (parallels, longitude, latitude, offset) = ((a, Some(b)), c, d, (x, y));
            let sweep = if a > 0.0 { 'x' } else { 'y' };
            match kind {
                0 => Projection::LambertConformalConic { parallels, longitude, latitude, offset },
                1 => Projection::AlbersConicalEqualArea { parallels, longitude, latitude, offset },
                2 => Projection::LambertAzimuthalEqualArea { longitude, latitude, offset },
                3 => Projection::PolarStereographic {
                    longitude,
                    pole: 90.0,
                    true_scale: TrueScale::Parallel(a),
                    offset,
                },
                4 => Projection::PolarStereographic {
                    longitude,
                    pole: -90.0,
                    true_scale: TrueScale::Factor(a),
                    offset,
                },
                5 => Projection::Stereographic { longitude, latitude, scale: a, offset },
                6 => Projection::Mercator { longitude, true_scale: TrueScale::Parallel(a), offset },
                7 => Projection::TransverseMercator { longitude, latitude, scale: a, offset },
                _ => Projection::Geostationary { longitude, latitude, height: a, sweep, offset },
            }
        })
    }

    proptest! {
        #[test]
        fn any_projection_has_places_or_none(
            projection in projections(),
            (radius, a, b, rf) in (number(), number(), number(), number()),
            said in 0..4,
            place in (number(), number()),
        ) {
            let figure = match said {
                0 => Figure { radius: Some(radius), ..Figure::default() },
                1 => Figure { semi_major_axis: Some(a), inverse_flattening: Some(rf), ..Figure::default() },
                2 => Figure { semi_major_axis: Some(a), semi_minor_axis: Some(b), ..Figure::default() },
                _ => Figure::default(),
            };
            if let Some((longitude, latitude)) = Inverse::of(&projection, &figure, None).and_then(|i| i.place(place)) {
                prop_assert!(longitude.is_finite() && latitude.is_finite());
            }
        }
    }

    #[test]
    fn there_is_nothing_beside_the_disc() {
        let disc = Projection::Geostationary {
            longitude: 0.0,
            latitude: 0.0,
            height: 35_786_023.0,
            sweep: 'y',
            offset: (0.0, 0.0),
        };
        let inverse = Inverse::of(&disc, &Figure::default(), Some("rad")).unwrap();
        assert_eq!(inverse.place((0.15, 0.15)), None);
        assert!(Inverse::of(&disc, &Figure::default(), Some("degrees")).is_none());
        assert!(Inverse::of(&Projection::LatitudeLongitude, &Figure::default(), Some("m")).is_none());
    }
}
