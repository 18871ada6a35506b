//! Projections of CF appendix F with their parameters; angles in degrees, lengths in metres.

use super::{MappingError, Parameters};

/// A projection.
///
/// `longitude` and `latitude` are those of the origin (or of the central meridian), `offset` is the false easting and northing,
/// in the units of the projection coordinates.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    missing_docs,
    reason = "the fields have the names of their parameters, and the comment above says the rest"
)]
pub enum Projection {
    /// `latitude_longitude`: no projection.
    LatitudeLongitude,
    /// `rotated_latitude_longitude`: the place of the grid's north pole, and the true north pole's longitude in the grid.
    RotatedLatitudeLongitude { pole_latitude: f64, pole_longitude: f64, north_pole_grid_longitude: f64 },
    /// `lambert_conformal_conic`.
    LambertConformalConic { parallels: (f64, Option<f64>), longitude: f64, latitude: f64, offset: (f64, f64) },
    /// `albers_conical_equal_area`.
    AlbersConicalEqualArea {
        parallels: (f64, Option<f64>),
        longitude: f64,
        latitude: f64,
        offset: (f64, f64),
    },
    /// `lambert_azimuthal_equal_area`.
    LambertAzimuthalEqualArea { longitude: f64, latitude: f64, offset: (f64, f64) },
    /// `polar_stereographic`; `pole` is 90 or -90, `longitude` the one that points straight down (or up).
    PolarStereographic { longitude: f64, pole: f64, true_scale: TrueScale, offset: (f64, f64) },
    /// `stereographic`.
    Stereographic { longitude: f64, latitude: f64, scale: f64, offset: (f64, f64) },
    /// `mercator`.
    Mercator { longitude: f64, true_scale: TrueScale, offset: (f64, f64) },
    /// `transverse_mercator`.
    TransverseMercator { longitude: f64, latitude: f64, scale: f64, offset: (f64, f64) },
    /// `geostationary`; `sweep` is the axis, `x` or `y`, of the angle that the instrument sweeps.
    Geostationary { longitude: f64, latitude: f64, height: f64, sweep: char, offset: (f64, f64) },
    /// `healpix`: no projection, but cells with numbers.
    Healpix(Pixels),
    /// Any other, by its `grid_mapping_name`; its attributes are those of its variable.
    Other(String),
    /// A mapping without a `grid_mapping_name`: its well-known text must say what it is.
    Unnamed,
}

/// Where a projection has its true size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TrueScale {
    /// At this latitude.
    Parallel(f64),
    /// Nowhere in particular: at the origin it is scaled by this factor.
    Factor(f64),
}

/// The HEALPix cells of one resolution (Górski and others 2005).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// Cells along an edge of one of the twelve base cells; a power of two where cells are nested. At most 2²⁹.
    pub nside: u64,
    /// How cells are numbered.
    pub order: Order,
}

/// How HEALPix cells are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Within each base cell, quarter by quarter.
    Nested,
    /// From north to south, around each ring of latitude.
    Ring,
}

impl Pixels {
    /// How many cells cover the sphere.
    #[must_use]
    pub fn cells(self) -> u64 {
        12 * self.nside * self.nside
    }

    /// How often the base cells were divided; `None` where `nside` is no power of two.
    #[must_use]
    pub fn level(self) -> Option<u32> {
        self.nside.is_power_of_two().then(|| self.nside.trailing_zeros())
    }

    /// Reads the number and the order of cells: `refinement_level`, `healpix_level` or `level`, or `healpix_nside` or
    /// `nside`; and `indexing_scheme` or `healpix_order` (nested where neither is there, as xdggs and gridlook take it).
    pub(crate) fn of(parameters: &Parameters<'_>) -> Result<Self, MappingError> {
        let order = match ["indexing_scheme", "healpix_order"].iter().find_map(|name| parameters.text(name)) {
            None => Order::Nested,
            Some(order) => match order.to_ascii_lowercase().as_str() {
                "nested" | "nest" => Order::Nested,
                "ring" => Order::Ring,
                _ => return Err(parameters.invalid("indexing_scheme")),
            },
        };
        for name in ["refinement_level", "healpix_level", "level"] {
            if let Some(level) = parameters.number(name)? {
                let level = whole(level, 29).ok_or_else(|| parameters.invalid(name))?;
                return Ok(Self { nside: 1 << level, order });
            }
        }
        for name in ["healpix_nside", "nside"] {
            if let Some(nside) = parameters.number(name)? {
                let nside = whole(nside, 1 << 29).filter(|nside| *nside > 0);
                let fits = |nside: &u64| order == Order::Ring || nside.is_power_of_two();
                let nside = nside.filter(fits).ok_or_else(|| parameters.invalid(name))?;
                return Ok(Self { nside, order });
            }
        }
        Err(MappingError::Missing { path: parameters.path.to_owned(), parameter: "refinement_level" })
    }
}

/// A whole number from 0 to a limit.
fn whole(number: f64, limit: u64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and within the limit"
    )]
    let whole = (number.fract() == 0.0 && (0.0..=1e9).contains(&number)).then_some(number as u64);
    whole.filter(|whole| *whole <= limit)
}

impl Projection {
    pub(super) fn of(parameters: &Parameters<'_>) -> Result<Self, MappingError> {
        let Some(name) = parameters.text("grid_mapping_name") else { return Ok(Self::Unnamed) };
        let p = parameters;
        let offset = || Ok((p.or_zero("false_easting")?, p.or_zero("false_northing")?));
        let origin = || p.required("longitude_of_projection_origin");
        let meridian = || p.required("longitude_of_central_meridian");
        let latitude = || p.or_zero("latitude_of_projection_origin");
        Ok(match name.as_str() {
            "latitude_longitude" => Self::LatitudeLongitude,
            "rotated_latitude_longitude" => Self::RotatedLatitudeLongitude {
                pole_latitude: p.required("grid_north_pole_latitude")?,
                pole_longitude: p.required("grid_north_pole_longitude")?,
                north_pole_grid_longitude: p.or_zero("north_pole_grid_longitude")?,
            },
            "lambert_conformal_conic" => Self::LambertConformalConic {
                parallels: p.parallels()?,
                longitude: meridian()?,
                latitude: latitude()?,
                offset: offset()?,
            },
            "albers_conical_equal_area" => Self::AlbersConicalEqualArea {
                parallels: p.parallels()?,
                longitude: meridian()?,
                latitude: latitude()?,
                offset: offset()?,
            },
            "lambert_azimuthal_equal_area" => Self::LambertAzimuthalEqualArea {
                longitude: origin()?,
                latitude: latitude()?,
                offset: offset()?,
            },
            "polar_stereographic" => polar(p, offset()?)?,
            "stereographic" => Self::Stereographic {
                longitude: origin()?,
                latitude: latitude()?,
                scale: p.number("scale_factor_at_projection_origin")?.unwrap_or(1.0),
                offset: offset()?,
            },
            "mercator" => {
                Self::Mercator { longitude: origin()?, true_scale: true_scale(p)?, offset: offset()? }
            }
            "transverse_mercator" => Self::TransverseMercator {
                longitude: meridian()?,
                latitude: latitude()?,
                scale: p.number("scale_factor_at_central_meridian")?.unwrap_or(1.0),
                offset: offset()?,
            },
            "geostationary" => Self::Geostationary {
                longitude: origin()?,
                latitude: latitude()?,
                height: p.required("perspective_point_height")?,
                sweep: sweep(p)?,
                offset: offset()?,
            },
            "healpix" => Self::Healpix(Pixels::of(p)?),
            _ => Self::Other(name),
        })
    }
}

fn polar(p: &Parameters<'_>, offset: (f64, f64)) -> Result<Projection, MappingError> {
    // CF 1.9 added the second name.
    let longitude = match p.number("straight_vertical_longitude_from_pole")? {
        Some(longitude) => longitude,
        None => p.number("longitude_of_projection_origin")?.ok_or_else(|| MappingError::Missing {
            path: p.path.to_owned(),
            parameter: "straight_vertical_longitude_from_pole",
        })?,
    };
    let pole = p.required("latitude_of_projection_origin")?;
    if pole.abs() != 90.0 {
        return Err(p.invalid("latitude_of_projection_origin"));
    }
    Ok(Projection::PolarStereographic { longitude, pole, true_scale: true_scale(p)?, offset })
}

/// The standard parallel, or the scale factor at the origin; 1 where neither is there.
fn true_scale(p: &Parameters<'_>) -> Result<TrueScale, MappingError> {
    match p.number("standard_parallel")? {
        Some(parallel) => Ok(TrueScale::Parallel(parallel)),
        None => Ok(TrueScale::Factor(p.number("scale_factor_at_projection_origin")?.unwrap_or(1.0))),
    }
}

/// `sweep_angle_axis`, or what `fixed_angle_axis` leaves; `y` where neither is there, as PROJ takes it.
fn sweep(p: &Parameters<'_>) -> Result<char, MappingError> {
    match (p.text("sweep_angle_axis").as_deref(), p.text("fixed_angle_axis").as_deref()) {
        (Some("x"), _) | (None, Some("y")) => Ok('x'),
        (Some("y"), _) | (None, None | Some("x")) => Ok('y'),
        _ => Err(p.invalid("sweep_angle_axis")),
    }
}
