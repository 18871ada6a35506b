//! Product definitions of GRIB 1 (section 1).

use super::calendar::{seconds, unit_seconds};
use super::level;
use super::octets::Octets;
use super::product::{Parameter, Process, Product};
use crate::Error;

/// ECMWF: its local extensions of the section carry ensemble members.
const ECMWF: u8 = 98;

/// A product, its reference time in seconds since 1970, and the originating centre.
pub struct Definition {
    /// The product.
    pub product: Product,
    /// The reference time.
    pub time: i64,
    /// The originating centre.
    pub centre: u8,
    /// The decimal scale factor of its values.
    pub decimal: i64,
}

/// Parses a product definition.
///
/// # Errors
/// `Unsupported` for units of time without a fixed length, `Corrupt` where the section is too short or its time is none.
pub fn parse(octets: Octets<'_>) -> Result<Definition, Error> {
    let (centre, sub_centre, table) = (octets.u8(5)?, octets.u8(26)?, octets.u8(4)?);
    let year = (i64::from(octets.u8(25)?) - 1) * 100 + i64::from(octets.u8(13)?);
    let time = seconds(year, octets.u8(14)?, octets.u8(15)?, (octets.u8(16)?, octets.u8(17)?, 0))?;
    // Others who follow ECMWF's conventions name it as their sub-centre, and use its tables.
    let follows = centre == ECMWF || sub_centre == ECMWF;
    let owner = if follows && table >= 128 { ECMWF } else { centre };
    let (process, count) = interval(octets)?;
    let step = count.saturating_mul(unit_seconds(octets.u8(18)?, 1)?);
    let product = Product {
        parameter: Parameter::One { centre: owner, table, number: octets.u8(9)? },
        level: level::edition1(octets)?,
        process,
        step,
        number: if follows { member(octets) } else { None },
        variant: String::new(),
        data_type: if follows { data_type(octets) } else { "" },
    };
    Ok(Definition { product, time, centre, decimal: octets.signed(27, 2)? })
}

/// How values were processed (table 5), and the end of the step in units.
fn interval(octets: Octets<'_>) -> Result<(Process, i64), Error> {
    let (first, second) = (i64::from(octets.u8(19)?), i64::from(octets.u8(20)?));
    let named = |name: &'static str| Process { name: name.into(), code: Some(u8::MAX) };
    Ok(match octets.u8(21)? {
        0 | 14 => (Process::INSTANT, first),
        // An initialised analysis: its step is zero.
        1 => (Process::INSTANT, first),
        2 | 118 => (Process::statistical(2), second),
        3 => (Process::statistical(0), second),
        4 => (Process::statistical(1), second),
        5 => (Process::statistical(4), second),
        10 => (Process::INSTANT, i64::from(octets.u16(19)?)),
        113 => (named("avgfc"), first),
        119 => (Process::statistical(3), second),
        120 => (Process::statistical(5), second),
        121 => (Process::statistical(6), second),
        122 => (Process::statistical(7), second),
        123 => (named("avgua"), first),
        124 => (named("avgia"), first),
        128 => (named("avgas"), second),
        130 => (named("avgad"), second),
        133 => (named("avgid"), second),
        other => {
            return Err(Error::unsupported(format!(
                "time range indicator {other} of table 5 is not among those that are read"
            )));
        }
    })
}

/// The ensemble member of ECMWF's local definitions (octet 41 says which): one octet or two from octet 50 on.
fn member(octets: Octets<'_>) -> Option<i64> {
    match octets.u8(41).ok()? {
        12 | 15 | 16 | 23 => octets.u16(50).ok().map(i64::from),
        1 | 2 | 5 | 7 | 10 | 13 | 14 | 17..=19 | 25..=32 | 36 | 37 | 39 | 40 | 49 | 50 => {
            octets.u8(50).ok().map(i64::from)
        }
        _ => None,
    }
}

/// ECMWF's type of field (octet 43).
fn data_type(octets: Octets<'_>) -> &'static str {
    match octets.u8(43) {
        Ok(2) => "an",
        Ok(9) => "fc",
        Ok(10) => "cf",
        Ok(11) => "pf",
        _ => "",
    }
}
