//! Reference times and forecast steps: seconds since 1970 in the proleptic Gregorian calendar, and units of time.

use super::octets::Octets;
use crate::Error;

/// A reference time: seconds since 1970-01-01T00:00:00.
pub fn seconds(year: i64, month: u8, day: u8, clock: (u8, u8, u8)) -> Result<i64, Error> {
    let (hour, minute, second) = clock;
    let valid = (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
    if !valid || hour > 24 || minute > 59 || second > 60 {
        let clock = format!("{hour:02}:{minute:02}:{second:02}");
        return Err(Error::corrupt(format!("{year}-{month:02}-{day:02}T{clock} is no time")));
    }
    let of_day = i64::from(hour).saturating_mul(3600) + i64::from(minute) * 60 + i64::from(second);
    Ok(days(year, month, day).saturating_mul(86_400).saturating_add(of_day))
}

/// A time of GRIB 2: year (two octets), month, day, hour, minute, second.
pub fn seven_octets(octets: Octets<'_>, first: usize) -> Result<i64, Error> {
    let run = octets.run(first, 7)?;
    match *run {
        [high, low, month, day, hour, minute, second] => {
            seconds(i64::from(u16::from_be_bytes([high, low])), month, day, (hour, minute, second))
        }
        _ => Err(Error::corrupt("a time has seven octets")),
    }
}

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
/// algorithms": years begin in March, so that the leap day is a year's last).
fn days(year: i64, month: u8, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = (i64::from(month) + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Days of a month.
fn days_of(year: i64, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Seconds of a unit of time (code table 4.4 of GRIB 2, table 4 of GRIB 1), where it has a fixed length.
pub fn unit_seconds(unit: u8, edition: u8) -> Result<i64, Error> {
    match (unit, edition) {
        (0, _) => Ok(60),
        (1, _) => Ok(3600),
        (2, _) => Ok(86_400),
        (10, _) => Ok(3 * 3600),
        (11, _) => Ok(6 * 3600),
        (12, _) => Ok(12 * 3600),
        (13, 2) | (254, 1) => Ok(1),
        (13, 1) => Ok(900),
        (14, 1) => Ok(1800),
        _ => Err(Error::unsupported(format!(
            "steps in unit {unit} of code table 4.4 have no fixed length, so that they cannot be an axis"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_1970() {
        let check = |(year, month, day): (i64, u8, u8), expected: Option<i64>| {
            let seconds = seconds(year, month, day, (1, 2, 3)).ok();
            assert_eq!(seconds, expected.map(|days| days * 86_400 + 3723), "{year}-{month}-{day}");
        };
        check((1970, 1, 1), Some(0));
        check((2000, 2, 29), Some(11_016));
        check((2000, 3, 1), Some(11_017));
        check((1900, 3, 1), Some(-25_508));
        check((2026, 11, 21), Some(20_778));
        check((1900, 2, 29), None);
        check((2001, 13, 1), None);
        check((2001, 4, 31), None);
        check((2001, 0, 1), None);
        check((2001, 1, 0), None);
    }
}
