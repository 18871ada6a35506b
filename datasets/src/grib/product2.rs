//! Product definitions of GRIB 2 (section 4): templates 4.0 to 4.15, 4.40 to 4.49, 4.60 and 4.61.

use super::calendar::{seven_octets, unit_seconds};
use super::level;
use super::octets::Octets;
use super::product::{Parameter, Process, Product};
use crate::Error;

/// What stands behind the level in a template.
#[derive(Clone, Copy)]
enum Part {
    /// Type of ensemble forecast, member, size of the ensemble.
    Member,
    /// How the ensemble was made one field, and its size.
    Derived,
    /// Number, count and type of a probability, and two limits.
    Probability,
    /// The percentile.
    Percentile,
    /// How values were processed in space: three octets.
    Spatial,
    /// The date of a reforecast's model version.
    Version,
    /// The end of an interval, and how values were processed in it.
    Interval,
}

/// How many octets a template has between its parameter and its generating process (constituents, aerosols), and what
/// stands behind the level.
fn layout(template: u16) -> Option<(usize, &'static [Part])> {
    use Part::{Derived, Interval, Member, Percentile, Probability, Spatial, Version};
    Some(match template {
        0 | 7 => (0, &[]),
        1 => (0, &[Member]),
        2 => (0, &[Derived]),
        5 => (0, &[Probability]),
        6 => (0, &[Percentile]),
        8 => (0, &[Interval]),
        9 => (0, &[Probability, Interval]),
        10 => (0, &[Percentile, Interval]),
        11 => (0, &[Member, Interval]),
        12 => (0, &[Derived, Interval]),
        15 => (0, &[Spatial]),
        40 => (2, &[]),
        41 => (2, &[Member]),
        42 => (2, &[Interval]),
        43 => (2, &[Member, Interval]),
        44 => (13, &[]),
        45 => (13, &[Member]),
        46 => (13, &[Interval]),
        47 => (13, &[Member, Interval]),
        48 => (24, &[]),
        49 => (24, &[Member]),
        60 => (0, &[Member, Version]),
        61 => (0, &[Member, Version, Interval]),
        _ => return None,
    })
}

/// What stands around a product definition.
pub struct Around {
    /// The discipline (section 0).
    pub discipline: u8,
    /// The originating centre (section 1).
    pub centre: u16,
    /// The reference time in seconds since 1970 (section 1).
    pub time: i64,
    /// The type of data, code table 1.4 (section 1).
    pub data_type: u8,
}

/// Parses a product definition.
///
/// # Errors
/// `Unsupported` for other templates, `Corrupt` where the section is too short or its times are none.
pub fn parse(octets: Octets<'_>, around: &Around) -> Result<Product, Error> {
    let template = octets.u16(8)?;
    let (shift, parts) = layout(template).ok_or_else(|| {
        Error::unsupported(format!(
            "product definition template 4.{template} is not among those that are read"
        ))
    })?;
    let Around { discipline, centre, time, data_type } = *around;
    let parameter = Parameter::Two { centre, discipline, category: octets.u8(10)?, number: octets.u8(11)? };
    let unit = octets.u8(18_usize.saturating_add(shift));
    let start = octets.signed(19_usize.saturating_add(shift), 4)?;
    let mut product = Product {
        parameter,
        level: level::edition2(octets, 23_usize.saturating_add(shift), centre)?,
        process: Process::INSTANT,
        step: 0,
        number: None,
        variant: constituent(octets, template)?,
        data_type: data_type_name(data_type),
    };
    let mut at = 35_usize.saturating_add(shift);
    let mut end = None;
    for part in parts {
        at = read_part(octets, (*part, at), &mut product, &mut end)?;
    }
    product.step = match end {
        Some(interval) => interval_end(octets, interval, time, (unit?, start))?,
        None => steps(start, unit?)?,
    };
    Ok(product)
}

fn steps(count: i64, unit: u8) -> Result<i64, Error> {
    let seconds = count.checked_mul(unit_seconds(unit, 2)?);
    seconds.ok_or_else(|| Error::corrupt(format!("a step of {count} units is none")))
}

/// Reads a part that begins at an octet; gives where the next begins.
fn read_part(
    octets: Octets<'_>,
    (part, at): (Part, usize),
    product: &mut Product,
    interval: &mut Option<usize>,
) -> Result<usize, Error> {
    let length: usize = match part {
        Part::Member => {
            product.number = Some(i64::from(octets.u8(at.saturating_add(1))?));
            3
        }
        Part::Derived => {
            product.variant = format!("derived_{}", octets.u8(at)?);
            2
        }
        Part::Probability => {
            product.variant = probability(octets, at)?;
            13
        }
        Part::Percentile => {
            product.variant = format!("percentile_{}", octets.u8(at)?);
            1
        }
        Part::Spatial => {
            let (process, kind) = (octets.u8(at)?, octets.u8(at.saturating_add(1))?);
            product.variant = format!("spatial_{process}_{kind}");
            3
        }
        Part::Version => 7,
        Part::Interval => {
            *interval = Some(at);
            product.process = Process::statistical(octets.u8(at.saturating_add(12))?);
            24
        }
    };
    Ok(at.saturating_add(length))
}

/// A probability's type and limits (code table 4.9) as a name.
fn probability(octets: Octets<'_>, at: usize) -> Result<String, Error> {
    let kind = octets.u8(at.saturating_add(2))?;
    let limit = |first: usize| -> Result<String, Error> {
        let limit = octets.scaled(first)?;
        Ok(limit.map(|limit| format!("_{limit}")).unwrap_or_default().replace('-', "minus"))
    };
    let (lower, upper) = (limit(at.saturating_add(3))?, limit(at.saturating_add(8))?);
    Ok(match kind {
        0 => format!("probability_below{lower}"),
        1 => format!("probability_above{upper}"),
        2 => format!("probability_between{lower}{upper}"),
        3 => format!("probability_above{lower}"),
        4 => format!("probability_below{upper}"),
        _ => format!("probability_{kind}{lower}{upper}"),
    })
}

/// The constituent or aerosol of templates that have one, as a name; sizes and wavelengths as the numbers that they are.
fn constituent(octets: Octets<'_>, template: u16) -> Result<String, Error> {
    let kind = || octets.u16(12);
    let pair = |first: usize| -> Result<String, Error> {
        let limit =
            |first| Ok::<_, Error>(octets.scaled(first)?.map_or_else(String::new, |n| format!("_{n}")));
        Ok(limit(first)? + &limit(first.saturating_add(5))?)
    };
    Ok(match template {
        40..=43 => format!("constituent_{}", kind()?),
        44..=47 => format!("aerosol_{}{}", kind()?, pair(15)?),
        48 | 49 => format!("aerosol_{}{}_wavelength{}", kind()?, pair(15)?, pair(26)?),
        _ => String::new(),
    })
}

/// Seconds from the reference time to the end of an interval.
///
/// One range is added to the interval's start, as it keeps to its unit; the end of several, or of calendar months, is what
/// the template says that it is.
fn interval_end(octets: Octets<'_>, at: usize, time: i64, (unit, start): (u8, i64)) -> Result<i64, Error> {
    let ranges = octets.u8(at.saturating_add(7))?;
    let length_unit = octets.u8(at.saturating_add(14))?;
    let length = i64::from(octets.u32(at.saturating_add(15))?);
    let added = steps(start, unit).and_then(|start| Ok(start.saturating_add(steps(length, length_unit)?)));
    match (ranges, added) {
        (1, Ok(end)) => Ok(end),
        _ => Ok(seven_octets(octets, at)?.saturating_sub(time)),
    }
}

/// Code table 1.4.
fn data_type_name(code: u8) -> &'static str {
    const NAMES: [&str; 9] = ["an", "fc", "af", "cf", "pf", "cp", "sa", "ra", "ep"];
    NAMES.get(usize::from(code)).copied().unwrap_or("")
}
