//! Projections in the words of PROJ (<https://proj.org/operations/projections/>).

use super::{Figure, Projection, TrueScale};

impl Figure {
    /// Longitude and latitude on this figure of the Earth; on that of WGS 84 where nothing is said.
    #[must_use]
    pub fn proj_string(&self) -> String {
        format!("+proj=longlat {}", ellipsoid(self))
    }
}

impl Projection {
    /// The projection in PROJ's words, lengths in metres; `None` where it is none, or has no words.
    #[must_use]
    pub fn proj_string(&self, figure: &Figure) -> Option<String> {
        Some(format!("{} {}", words(self)?, ellipsoid(figure)))
    }
}

fn ellipsoid(figure: &Figure) -> String {
    match *figure {
        Figure { radius: Some(radius), .. } => format!("+R={radius}"),
        Figure { semi_major_axis: Some(a), inverse_flattening: Some(rf), .. } if rf > 0.0 => {
            format!("+a={a} +rf={rf}")
        }
        Figure { semi_major_axis: Some(a), semi_minor_axis: Some(b), .. } => format!("+a={a} +b={b}"),
        Figure { semi_major_axis: Some(a), .. } => format!("+R={a}"),
        _ => "+ellps=WGS84".to_owned(),
    }
}

fn words(projection: &Projection) -> Option<String> {
    let conic = |name: &str,
                 parallels: (f64, Option<f64>),
                 longitude: f64,
                 latitude: f64,
                 offset: (f64, f64)| {
        let second = parallels.1.unwrap_or(parallels.0);
        format!("+proj={name} +lat_1={} +lat_2={second} {}", parallels.0, origin(longitude, latitude, offset))
    };
    let scaled = |scale: &TrueScale| match scale {
        TrueScale::Parallel(latitude) => format!("+lat_ts={latitude}"),
        TrueScale::Factor(factor) => format!("+k={factor}"),
    };
    Some(match projection {
        Projection::LambertConformalConic { parallels, longitude, latitude, offset } => {
            conic("lcc", *parallels, *longitude, *latitude, *offset)
        }
        Projection::AlbersConicalEqualArea { parallels, longitude, latitude, offset } => {
            conic("aea", *parallels, *longitude, *latitude, *offset)
        }
        Projection::LambertAzimuthalEqualArea { longitude, latitude, offset } => {
            format!("+proj=laea {}", origin(*longitude, *latitude, *offset))
        }
        Projection::PolarStereographic { longitude, pole, true_scale, offset } => {
            format!("+proj=stere {} {}", scaled(true_scale), origin(*longitude, *pole, *offset))
        }
        Projection::Stereographic { longitude, latitude, scale, offset } => {
            format!("+proj=stere +k={scale} {}", origin(*longitude, *latitude, *offset))
        }
        Projection::Mercator { longitude, true_scale, offset } => {
            format!(
                "+proj=merc {} +lon_0={longitude} +x_0={} +y_0={}",
                scaled(true_scale),
                offset.0,
                offset.1
            )
        }
        Projection::TransverseMercator { longitude, latitude, scale, offset } => {
            format!("+proj=tmerc +k={scale} {}", origin(*longitude, *latitude, *offset))
        }
        Projection::Geostationary { longitude, height, sweep, offset, .. } => {
            format!(
                "+proj=geos +h={height} +sweep={sweep} +lon_0={longitude} +x_0={} +y_0={}",
                offset.0, offset.1
            )
        }
        _ => return None,
    })
}

fn origin(longitude: f64, latitude: f64, (x, y): (f64, f64)) -> String {
    format!("+lon_0={longitude} +lat_0={latitude} +x_0={x} +y_0={y}")
}
