//! Map projections: Lambert conformal, polar stereographic, Mercator and Lambert azimuthal, on a sphere or an ellipsoid.
//!
//! Formulas and their numbers are those of J. P. Snyder, "Map Projections: A Working Manual", USGS Professional Paper 1395.

use std::f64::consts::FRAC_PI_2;

use super::Place;

/// The figure of the Earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Earth {
    /// Half of the equatorial diameter, in metres.
    pub major: f64,
    /// Half of the polar diameter, in metres.
    pub minor: f64,
}

impl Earth {
    /// A sphere.
    pub const fn sphere(radius: f64) -> Self {
        Self { major: radius, minor: radius }
    }

    /// The first eccentricity.
    fn eccentricity(self) -> f64 {
        (1.0 - (self.minor / self.major).powi(2)).max(0.0).sqrt()
    }
}

/// A projection, and its parameters in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// A cone that cuts the Earth at two parallels, which may be one.
    LambertConformal {
        /// The latitude at which y is zero.
        origin: f64,
        /// The longitude of the map's vertical line.
        central: f64,
        /// The standard parallels.
        parallels: (f64, f64),
    },
    /// A plane that cuts the Earth at a parallel, seen from the other pole.
    PolarStereographic {
        /// Whether the map's centre is the southern pole.
        southern: bool,
        /// The longitude of the map's vertical line.
        central: f64,
        /// The parallel at which distances are true; its sign has no meaning.
        parallel: f64,
    },
    /// A cylinder that cuts the Earth at a parallel.
    Mercator {
        /// The longitude at which x is zero.
        central: f64,
        /// The parallel at which distances are true.
        parallel: f64,
    },
    /// A plane at a point, areas kept; on a sphere alone.
    LambertAzimuthal {
        /// The point.
        centre: (f64, f64),
    },
}

/// A map of the Earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    /// The figure of the Earth.
    pub earth: Earth,
    /// How it is projected.
    pub method: Method,
}

/// The parameter m of formula 14-15, for an angle in radians.
fn m(latitude: f64, e: f64) -> f64 {
    let sine = latitude.sin();
    latitude.cos() / (1.0 - e * e * sine * sine).sqrt()
}

/// The parameter t of formula 15-9.
fn t(latitude: f64, e: f64) -> f64 {
    let sine = e * latitude.sin();
    (FRAC_PI_2 / 2.0 - latitude / 2.0).tan() / ((1.0 - sine) / (1.0 + sine)).powf(e / 2.0)
}

/// The latitude (in radians) of a parameter t, by formula 7-9.
fn latitude_of(t: f64, e: f64) -> f64 {
    let mut latitude = FRAC_PI_2 - 2.0 * t.atan();
    for _ in 0..20 {
        let sine = e * latitude.sin();
        let next = FRAC_PI_2 - 2.0 * (t * ((1.0 - sine) / (1.0 + sine)).powf(e / 2.0)).atan();
        let done = (next - latitude).abs() < 1e-14;
        latitude = next;
        if done {
            break;
        }
    }
    latitude
}

/// An angle between -180 and 180 degrees, as radians.
fn turned(degrees: f64) -> f64 {
    ((degrees + 180.0).rem_euclid(360.0) - 180.0).to_radians()
}

/// A cone: n, a times F, and the distance of the origin from its tip.
struct Cone {
    n: f64,
    scale: f64,
    origin: f64,
}

impl Cone {
    fn new(earth: Earth, origin: f64, parallels: (f64, f64)) -> Self {
        let e = earth.eccentricity();
        let (first, second) = (parallels.0.to_radians(), parallels.1.to_radians());
        let n = match (parallels.0 - parallels.1).abs() < 1e-9 {
            true => first.sin(),
            false => (m(first, e).ln() - m(second, e).ln()) / (t(first, e).ln() - t(second, e).ln()),
        };
        let scale = earth.major * m(first, e) / (n * t(first, e).powf(n));
        Self { n, scale, origin: scale * t(origin.to_radians(), e).powf(n) }
    }
}

/// The distance from the pole of what has t = 1 (formulas 21-33 and 21-34).
fn polar_scale(earth: Earth, parallel: f64) -> f64 {
    let e = earth.eccentricity();
    let parallel = parallel.abs();
    if (parallel - 90.0).abs() < 1e-9 {
        return 2.0 * earth.major / ((1.0 + e).powf(1.0 + e) * (1.0 - e).powf(1.0 - e)).sqrt();
    }
    earth.major * m(parallel.to_radians(), e) / t(parallel.to_radians(), e)
}

impl Projection {
    /// Where a place lies on the map: x and y in metres.
    pub fn forward(&self, place: Place) -> (f64, f64) {
        let e = self.earth.eccentricity();
        let latitude = place.latitude.to_radians();
        match self.method {
            Method::LambertConformal { origin, central, parallels } => {
                let cone = Cone::new(self.earth, origin, parallels);
                let rho = cone.scale * t(latitude, e).powf(cone.n);
                let theta = cone.n * turned(place.longitude - central);
                (rho * theta.sin(), cone.origin - rho * theta.cos())
            }
            Method::PolarStereographic { southern, central, parallel } => {
                let latitude = if southern { -latitude } else { latitude };
                let rho = polar_scale(self.earth, parallel) * t(latitude, e);
                let theta = turned(place.longitude - central);
                let y = rho * theta.cos();
                (rho * theta.sin(), if southern { y } else { -y })
            }
            Method::Mercator { central, parallel } => {
                let scale = self.earth.major * m(parallel.to_radians(), e);
                (scale * turned(place.longitude - central), -scale * t(latitude, e).ln())
            }
            Method::LambertAzimuthal { centre } => {
                let (origin, theta) = (centre.0.to_radians(), turned(place.longitude - centre.1));
                let cosine = origin.sin() * latitude.sin() + origin.cos() * latitude.cos() * theta.cos();
                let k = self.earth.major * (2.0 / (1.0 + cosine)).sqrt();
                let y = origin.cos() * latitude.sin() - origin.sin() * latitude.cos() * theta.cos();
                (k * latitude.cos() * theta.sin(), k * y)
            }
        }
    }

    /// What lies at a point of the map, given in metres.
    pub fn inverse(&self, x: f64, y: f64) -> Place {
        let e = self.earth.eccentricity();
        let (latitude, theta, central) = match self.method {
            Method::LambertConformal { origin, central, parallels } => {
                let cone = Cone::new(self.earth, origin, parallels);
                let sign = cone.n.signum();
                let (x, y) = (sign * x, sign * (cone.origin - y));
                let t = (x.hypot(y) / (sign * cone.scale)).powf(1.0 / cone.n);
                (latitude_of(t, e), x.atan2(y) / cone.n, central)
            }
            Method::PolarStereographic { southern, central, parallel } => {
                let t = x.hypot(y) / polar_scale(self.earth, parallel);
                let latitude = latitude_of(t, e);
                match southern {
                    true => (-latitude, x.atan2(y), central),
                    false => (latitude, x.atan2(-y), central),
                }
            }
            Method::Mercator { central, parallel } => {
                let scale = self.earth.major * m(parallel.to_radians(), e);
                (latitude_of((-y / scale).exp(), e), x / scale, central)
            }
            Method::LambertAzimuthal { centre } => {
                let origin = centre.0.to_radians();
                let rho = x.hypot(y);
                let c = 2.0 * (rho / (2.0 * self.earth.major)).clamp(-1.0, 1.0).asin();
                let tilt = if rho == 0.0 { 0.0 } else { y * c.sin() * origin.cos() / rho };
                let latitude = (c.cos() * origin.sin() + tilt).clamp(-1.0, 1.0).asin();
                let across = rho * origin.cos() * c.cos() - y * origin.sin() * c.sin();
                (latitude, (x * c.sin()).atan2(across), centre.1)
            }
        };
        Place { latitude: latitude.to_degrees(), longitude: central + theta.to_degrees() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLARKE: Earth = Earth { major: 6_378_206.4, minor: 6_356_583.8 };

    fn check(earth: Earth, method: Method, place: (f64, f64), expected: (f64, f64)) {
        let projection = Projection { earth, method };
        let place = Place { latitude: place.0, longitude: place.1 };
        let (x, y) = projection.forward(place);
        // The examples are given to a tenth of a metre, or as multiples of a radius of 1 to seven digits.
        let close = earth.major * 2e-7;
        assert!((x - expected.0).abs() < close && (y - expected.1).abs() < close, "{method:?}: {x} {y}");
        let back = projection.inverse(x, y);
        assert!((back.latitude - place.latitude).abs() < 1e-9, "{method:?}: {back:?}");
        let turn = (back.longitude - place.longitude + 180.0).rem_euclid(360.0) - 180.0;
        assert!(turn.abs() < 1e-9, "{method:?}: {back:?}");
    }

    /// The numerical examples of Snyder's appendix A.
    #[test]
    fn examples_of_the_manual() {
        let unit = Earth::sphere(1.0);
        let cone = Method::LambertConformal { origin: 23.0, central: -96.0, parallels: (33.0, 45.0) };
        check(unit, cone, (35.0, -75.0), (0.296_678_5, 0.246_211_2));
        check(CLARKE, cone, (35.0, -75.0), (1_894_410.9, 1_564_649.5));
        let plane = Method::PolarStereographic { southern: true, central: -100.0, parallel: -71.0 };
        let international = Earth { major: 6_378_388.0, minor: 6_356_911.9 };
        check(international, plane, (-75.0, 150.0), (-1_540_033.6, -560_526.4));
        let cylinder = Method::Mercator { central: -180.0, parallel: 0.0 };
        check(unit, cylinder, (35.0, -75.0), (1.832_595_7, 0.652_836_6));
        check(CLARKE, cylinder, (35.0, -75.0), (11_688_673.7, 4_139_145.6));
        let azimuthal = Method::LambertAzimuthal { centre: (40.0, -100.0) };
        check(Earth::sphere(3.0), azimuthal, (-20.0, 100.0), (-4.233_930_3, 4.025_777_5));
    }

    #[test]
    fn one_parallel_and_southern_cones() {
        for parallels in [(60.0, 60.0), (-30.0, -60.0), (-45.0, -45.0)] {
            let method = Method::LambertConformal { origin: parallels.0, central: 10.0, parallels };
            for latitude in [parallels.0, parallels.0 / 2.0] {
                let projection = Projection { earth: CLARKE, method };
                let (x, y) = projection.forward(Place { latitude, longitude: 25.0 });
                let back = projection.inverse(x, y);
                assert!((back.latitude - latitude).abs() < 1e-9, "{parallels:?} {back:?}");
                assert!((back.longitude - 25.0).abs() < 1e-9, "{parallels:?} {back:?}");
            }
        }
    }
}
