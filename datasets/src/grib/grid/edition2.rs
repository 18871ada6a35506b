//! Grid definitions of GRIB 2 (section 3).

use super::gaussian::MOST_PARALLELS;
use super::projection::{Earth, Method, Projection};
use super::rotation::Rotation;
use super::{Corners, Geometry, Grid, Place};
use crate::Error;
use crate::grib::octets::Octets;
use crate::grib::scanning::Scanning;

/// Parses a grid definition. What is not known here is a list of points without places.
///
/// # Errors
/// `Corrupt` where the section is too short, `Unsupported` for grids that are defined elsewhere.
pub fn parse(octets: Octets<'_>) -> Result<Grid, Error> {
    if octets.u8(6)? != 0 {
        return Err(Error::unsupported("its grid is not defined in the file, but by the originating centre"));
    }
    let points = u64::from(octets.u32(7)?);
    match octets.u16(13)? {
        0 => lat_lon(octets, points, "regular_ll", None),
        1 => lat_lon(octets, points, "rotated_ll", Some(73)),
        10 => mercator(octets, points),
        20 => polar_stereographic(octets, points),
        30 => lambert(octets, points),
        40 => gaussian(octets, points, "regular_gg", None),
        41 => gaussian(octets, points, "rotated_gg", Some(73)),
        50..=53 => Ok(Grid::list("sh", points, Geometry::Unknown)),
        101 => Ok(Grid::list("unstructured_grid", points, Geometry::Unknown)),
        140 => lambert_azimuthal(octets, points),
        template => Ok(Grid::list(format!("template_3_{template}"), points, Geometry::Unknown)),
    }
}

/// The figure of the Earth (code table 3.2).
fn earth(octets: Octets<'_>) -> Result<Option<Earth>, Error> {
    let axes = |scale: f64| -> Result<Option<Earth>, Error> {
        let (major, minor) = (octets.scaled(21)?, octets.scaled(26)?);
        Ok(major.zip(minor).map(|(major, minor)| Earth { major: major * scale, minor: minor * scale }))
    };
    let earth = match octets.u8(15)? {
        0 => Some(Earth::sphere(6_367_470.0)),
        1 => octets.scaled(16)?.map(Earth::sphere),
        2 => Some(Earth { major: 6_378_160.0, minor: 6_356_775.0 }),
        3 => axes(1000.0)?,
        4 => Some(Earth { major: 6_378_137.0, minor: 6_356_752.314_140_356 }),
        5 => Some(Earth { major: 6_378_137.0, minor: 6_356_752.314_245_179 }),
        6 => Some(Earth::sphere(6_371_229.0)),
        7 => axes(1.0)?,
        8 => Some(Earth::sphere(6_371_200.0)),
        9 => Some(Earth { major: 6_377_563.396, minor: 6_356_256.909 }),
        _ => None,
    };
    let sane = |radius: f64| (1e5..1e9).contains(&radius);
    Ok(earth.filter(|earth| sane(earth.major) && sane(earth.minor) && earth.minor <= earth.major))
}

fn micro(octets: Octets<'_>, first: usize) -> Result<f64, Error> {
    Ok(octets.signed(first, 4)? as f64 / 1e6)
}

/// Corners and their unit: millionths of degrees, unless the definition has an angle of its own (note 1 of template 3.0).
fn corners(octets: Octets<'_>) -> Result<Corners, Error> {
    let (basic, parts) = (octets.u32(39)?, octets.u32(43)?);
    let divisor = match (basic, parts) {
        (0 | u32::MAX, _) | (_, 0 | u32::MAX) => 1e6,
        (basic, parts) => f64::from(parts) / f64::from(basic),
    };
    let angle = |first: usize| Ok::<_, Error>(octets.signed(first, 4)? as f64 / divisor);
    Ok(Corners {
        first: Place { latitude: angle(47)?, longitude: angle(51)? },
        last: Place { latitude: angle(56)?, longitude: angle(60)? },
        unit: 1.0 / divisor,
    })
}

/// The rotation that stands at an octet; the outer `None` where its angle is not zero.
fn rotation(octets: Octets<'_>, at: Option<usize>) -> Result<Option<Option<Rotation>>, Error> {
    let Some(at) = at else { return Ok(Some(None)) };
    let (latitude, longitude) = (micro(octets, at)?, micro(octets, at.saturating_add(4))?);
    let angle = octets.ieee_float(at.saturating_add(8))?;
    let rotation = Rotation { south_pole: Place { latitude, longitude } };
    Ok((angle == 0.0).then_some(Some(rotation)))
}

fn lat_lon(octets: Octets<'_>, points: u64, name: &str, rotated: Option<usize>) -> Result<Grid, Error> {
    let (Some(nx), Some(ny)) = (octets.present_u32(31)?, octets.present_u32(35)?) else {
        return Ok(Grid::list("reduced_ll", points, Geometry::Unknown));
    };
    let corners = corners(octets)?;
    let geometry = rotation(octets, rotated)?.map(|rotation| Geometry::LatLon(corners, rotation));
    let rows = (u64::from(nx), u64::from(ny));
    let scanning = Scanning(octets.u8(72)?);
    Ok(Grid::of_rows(name, points, rows, scanning, geometry.unwrap_or(Geometry::Unknown)))
}

fn gaussian(octets: Octets<'_>, points: u64, name: &str, rotated: Option<usize>) -> Result<Grid, Error> {
    let corners = corners(octets)?;
    let parallels = octets.u32(68)?;
    let scanning = Scanning(octets.u8(72)?);
    let ny = octets.u32(35)?;
    let Some(nx) = octets.present_u32(31)? else {
        let first = if rotated.is_some() { 85 } else { 73 };
        let rows = row_lengths(octets, first, ny)?;
        // Backward, by columns: no such reduced grid is known.
        let plain = scanning.0 == 0 && rotated.is_none();
        let geometry = Geometry::ReducedGaussian { parallels, rows, corners };
        let name = if rotated.is_some() { "reduced_rotated_gg" } else { "reduced_gg" };
        return Ok(Grid::list(name, points, if plain { geometry } else { Geometry::Unknown }));
    };
    let geometry = rotation(octets, rotated)?
        .filter(|_| parallels <= MOST_PARALLELS)
        .map(|rotation| Geometry::Gaussian { parallels, corners, rotation });
    let rows = (u64::from(nx), u64::from(ny));
    Ok(Grid::of_rows(name, points, rows, scanning, geometry.unwrap_or(Geometry::Unknown)))
}

/// The list of the numbers of points of each row, behind the template.
fn row_lengths(octets: Octets<'_>, first: usize, rows: u32) -> Result<Vec<u32>, Error> {
    let size = usize::from(octets.u8(11)?);
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let length = rows.checked_mul(size).filter(|_| (1..=4).contains(&size));
    let length = length.ok_or_else(|| Error::corrupt("its reduced grid has no list of row lengths"))?;
    let list = octets.run(first, length)?;
    let number = |octets: &[u8]| octets.iter().fold(0_u32, |number, &octet| number << 8 | u32::from(octet));
    Ok(list.chunks_exact(size).map(number).collect())
}

fn projected(
    octets: Octets<'_>,
    points: u64,
    (name, method): (&str, Method),
    (distances, scanning): (usize, usize),
) -> Result<Grid, Error> {
    let first = Place { latitude: micro(octets, 39)?, longitude: micro(octets, 43)? };
    let metres = |first: usize| Ok::<_, Error>(octets.signed(first, 4)? as f64 / 1000.0);
    let distance = (metres(distances)?, metres(distances.saturating_add(4))?);
    let geometry = match earth(octets)? {
        Some(earth) => Geometry::Projected { projection: Projection { earth, method }, first, distance },
        None => Geometry::Unknown,
    };
    let rows = (u64::from(octets.u32(31)?), u64::from(octets.u32(35)?));
    Ok(Grid::of_rows(name, points, rows, Scanning(octets.u8(scanning)?), geometry))
}

fn mercator(octets: Octets<'_>, points: u64) -> Result<Grid, Error> {
    let method = Method::Mercator { central: micro(octets, 43)?, parallel: micro(octets, 48)? };
    let mut grid = projected(octets, points, ("mercator", method), (65, 60))?;
    if octets.u32(61)? != 0 {
        // The map is turned; nobody says about what.
        grid.geometry = Geometry::Unknown;
    }
    Ok(grid)
}

fn polar_stereographic(octets: Octets<'_>, points: u64) -> Result<Grid, Error> {
    let southern = octets.u8(64)? & 0x80 != 0;
    let method =
        Method::PolarStereographic { southern, central: micro(octets, 52)?, parallel: micro(octets, 48)? };
    projected(octets, points, ("polar_stereographic", method), (56, 65))
}

fn lambert(octets: Octets<'_>, points: u64) -> Result<Grid, Error> {
    let parallels = (micro(octets, 66)?, micro(octets, 70)?);
    let method =
        Method::LambertConformal { origin: micro(octets, 48)?, central: micro(octets, 52)?, parallels };
    projected(octets, points, ("lambert", method), (56, 65))
}

fn lambert_azimuthal(octets: Octets<'_>, points: u64) -> Result<Grid, Error> {
    let method = Method::LambertAzimuthal { centre: (micro(octets, 47)?, micro(octets, 51)?) };
    let mut grid = projected(octets, points, ("lambert_azimuthal_equal_area", method), (56, 64))?;
    if let Geometry::Projected { projection, .. } = &grid.geometry
        && projection.earth.major != projection.earth.minor
    {
        // The ellipsoid's formulas are others.
        grid.geometry = Geometry::Unknown;
    }
    Ok(grid)
}
