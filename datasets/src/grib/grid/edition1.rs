//! Grid definitions of GRIB 1 (section 2).

use super::gaussian::MOST_PARALLELS;
use super::projection::{Earth, Method, Projection};
use super::rotation::Rotation;
use super::{Corners, Geometry, Grid, Place};
use crate::Error;
use crate::grib::octets::Octets;
use crate::grib::scanning::Scanning;

/// Angles are given in thousandths of degrees.
const UNIT: f64 = 0.001;

/// Parses a grid definition.
///
/// # Errors
/// `Unsupported` for types of grids that say their number of points otherwise, `Corrupt` where the section is too short.
pub fn parse(octets: Octets<'_>) -> Result<Grid, Error> {
    let scanning = Scanning(octets.u8(28)?);
    match octets.u8(6)? {
        0 => lat_lon(octets, "regular_ll", None, scanning),
        1 => mercator(octets, scanning),
        3 => lambert(octets, scanning),
        4 => gaussian(octets, "regular_gg", None, scanning),
        5 => polar_stereographic(octets, scanning),
        10 => lat_lon(octets, "rotated_ll", Some(33), scanning),
        14 => gaussian(octets, "rotated_gg", Some(33), scanning),
        50 | 60 | 70 | 80 => spherical_harmonics(octets),
        other => Err(Error::unsupported(format!(
            "grids of type {other} of table 6 are not among those that are read"
        ))),
    }
}

fn milli(octets: Octets<'_>, first: usize) -> Result<f64, Error> {
    Ok(octets.signed(first, 3)? as f64 / 1000.0)
}

fn place(octets: Octets<'_>, first: usize) -> Result<Place, Error> {
    Ok(Place { latitude: milli(octets, first)?, longitude: milli(octets, first.saturating_add(3))? })
}

fn corners(octets: Octets<'_>) -> Result<Corners, Error> {
    Ok(Corners { first: place(octets, 11)?, last: place(octets, 18)?, unit: UNIT })
}

fn rotation(octets: Octets<'_>, at: Option<usize>) -> Result<Option<Option<Rotation>>, Error> {
    let Some(at) = at else { return Ok(Some(None)) };
    let rotation = Rotation { south_pole: place(octets, at)? };
    let angle = octets.ibm_float(at.saturating_add(6))?;
    Ok((angle == 0.0).then_some(Some(rotation)))
}

fn counts(octets: Octets<'_>) -> Result<(u64, u64), Error> {
    Ok((u64::from(octets.u16(7)?), u64::from(octets.u16(9)?)))
}

/// A grid of rows; the definition does not count its points apart from them.
fn of_rows(octets: Octets<'_>, name: &str, scanning: Scanning, geometry: Geometry) -> Result<Grid, Error> {
    let rows = counts(octets)?;
    // Table 8 has no more than three bits; the others mean nothing here.
    let scanning = Scanning(scanning.0 & 0xe0);
    Ok(Grid::of_rows(name, rows.0.saturating_mul(rows.1), rows, scanning, geometry))
}

fn lat_lon(
    octets: Octets<'_>,
    name: &str,
    rotated: Option<usize>,
    scanning: Scanning,
) -> Result<Grid, Error> {
    let corners = corners(octets)?;
    if counts(octets)?.0 == u64::from(u16::MAX) {
        let points = row_lengths(octets)?.iter().map(|&count| u64::from(count)).sum();
        return Ok(Grid::list("reduced_ll", points, Geometry::Unknown));
    }
    let geometry = rotation(octets, rotated)?.map(|rotation| Geometry::LatLon(corners, rotation));
    of_rows(octets, name, scanning, geometry.unwrap_or(Geometry::Unknown))
}

fn gaussian(
    octets: Octets<'_>,
    name: &str,
    rotated: Option<usize>,
    scanning: Scanning,
) -> Result<Grid, Error> {
    let corners = corners(octets)?;
    let parallels = u32::from(octets.u16(26)?);
    if counts(octets)?.0 == u64::from(u16::MAX) {
        let rows = row_lengths(octets)?;
        let points = rows.iter().map(|&count| u64::from(count)).sum();
        let plain = scanning.0 == 0 && rotated.is_none();
        let geometry = Geometry::ReducedGaussian { parallels, rows, corners };
        return Ok(Grid::list("reduced_gg", points, if plain { geometry } else { Geometry::Unknown }));
    }
    let geometry = rotation(octets, rotated)?
        .filter(|_| parallels <= MOST_PARALLELS)
        .map(|rotation| Geometry::Gaussian { parallels, corners, rotation });
    of_rows(octets, name, scanning, geometry.unwrap_or(Geometry::Unknown))
}

/// The numbers of points of each row: two octets each, from the octet that octet 5 names, behind the vertical coordinates.
fn row_lengths(octets: Octets<'_>) -> Result<Vec<u32>, Error> {
    let vertical = usize::from(octets.u8(4)?).saturating_mul(4);
    let first = usize::from(octets.u8(5)?).saturating_add(vertical);
    let rows = usize::from(octets.u16(9)?);
    let list = octets.run(first, rows.saturating_mul(2))?;
    Ok(list.chunks_exact(2).map(|pair| pair.iter().fold(0, |n, &octet| n << 8 | u32::from(octet))).collect())
}

/// The Earth is a sphere or the ellipsoid of the IAU (1965), as bit 2 of octet 17 says.
fn projected(
    octets: Octets<'_>,
    (name, method): (&str, Method),
    distances: usize,
    scanning: Scanning,
) -> Result<Grid, Error> {
    let earth = match octets.u8(17)? & 0x40 {
        0 => Earth::sphere(6_367_470.0),
        _ => Earth { major: 6_378_160.0, minor: 6_356_775.0 },
    };
    let metres = |first: usize| Ok::<_, Error>(f64::from(octets.u24(first)?));
    let distance = (metres(distances)?, metres(distances.saturating_add(3))?);
    let projection = Projection { earth, method };
    let geometry = Geometry::Projected { projection, first: place(octets, 11)?, distance };
    of_rows(octets, name, scanning, geometry)
}

fn mercator(octets: Octets<'_>, scanning: Scanning) -> Result<Grid, Error> {
    let method = Method::Mercator { central: milli(octets, 14)?, parallel: milli(octets, 24)? };
    projected(octets, ("mercator", method), 29, scanning)
}

/// Distances are true at 60 degrees (note 2 of the grid's description).
fn polar_stereographic(octets: Octets<'_>, scanning: Scanning) -> Result<Grid, Error> {
    let southern = octets.u8(27)? & 0x80 != 0;
    let method = Method::PolarStereographic { southern, central: milli(octets, 18)?, parallel: 60.0 };
    projected(octets, ("polar_stereographic", method), 21, scanning)
}

fn lambert(octets: Octets<'_>, scanning: Scanning) -> Result<Grid, Error> {
    let parallels = (milli(octets, 29)?, milli(octets, 32)?);
    let method = Method::LambertConformal { origin: parallels.0, central: milli(octets, 18)?, parallels };
    projected(octets, ("lambert", method), 21, scanning)
}

/// Coefficients of a triangular truncation: a real and an imaginary part each.
fn spherical_harmonics(octets: Octets<'_>) -> Result<Grid, Error> {
    let (j, k, m) = (octets.u16(7)?, octets.u16(9)?, octets.u16(11)?);
    if j != k || k != m {
        return Err(Error::unsupported(format!("spherical harmonics of the truncation {j}, {k}, {m}")));
    }
    let points = (u64::from(j) + 1).saturating_mul(u64::from(j) + 2);
    Ok(Grid::list("sh", points, Geometry::Unknown))
}
