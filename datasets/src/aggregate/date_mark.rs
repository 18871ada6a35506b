//! Dates in file names, as NcML's `dateFormatMark` describes them.
//!
//! As many characters as stand before `#` are skipped; what follows is a pattern of Java's `SimpleDateFormat`. Coordinate
//! values that come from it are seconds since 1970-01-01 in the standard calendar.

use weir_cf::{Calendar, Date};

use crate::{Error, ErrorKind};

/// The calendar of dates in file names.
const CALENDAR: Calendar = Calendar::Standard;

const EPOCH: Date = Date { year: 1970, month: 1, day: 1 };

/// The units of coordinate values that come from file names.
pub const UNITS: &str = "seconds since 1970-01-01T00:00:00Z";

/// Parts of a date; what the pattern does not name is as in 1970-01-01T00:00:00.
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    /// The day of the year, where the pattern names it.
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
}

/// The seconds since 1970-01-01 that `name` tells by `mark`.
///
/// # Errors
/// `BadRequest` for a pattern that cannot be followed and for a name that does not fit it.
pub fn seconds(name: &str, mark: &str) -> Result<i64, Error> {
    let refuse = |why: String| Error::new(ErrorKind::BadRequest, format!("dateFormatMark {mark:?}: {why}"));
    let (skipped, pattern) = mark.split_once('#').ok_or_else(|| refuse("it has no '#'".to_owned()))?;
    let misfit = || refuse(format!("the name {name:?} does not fit it"));
    let start = name.char_indices().nth(skipped.chars().count()).map(|(at, _)| at).ok_or_else(misfit)?;
    let mut parts = Parts { year: 1970, month: 1, day: 1, day_of_year: None, hour: 0, minute: 0, second: 0 };
    let mut rest = name.get(start..).ok_or_else(misfit)?;
    let mut pattern = pattern;
    while let Some(letter) = pattern.chars().next() {
        let run = pattern.chars().take_while(|&c| c == letter).count();
        if letter == '\'' {
            let (text, behind) = quoted(pattern).ok_or_else(|| refuse("a quote is not closed".to_owned()))?;
            rest = rest.strip_prefix(text).ok_or_else(misfit)?;
            pattern = behind;
        } else if letter.is_ascii_alphabetic() {
            let behind = pattern.get(run..).unwrap_or_default();
            // A number takes as many digits as it has letters where another number follows at once, else all there are.
            let abutting = behind.starts_with(|c: char| c.is_ascii_alphabetic());
            let (number, left) = digits(rest, if abutting { run } else { 19 }).ok_or_else(misfit)?;
            parts
                .set((letter, run), number)
                .ok_or_else(|| refuse(format!("the letter {letter:?} is not supported")))?;
            (rest, pattern) = (left, behind);
        } else {
            rest = rest.strip_prefix(letter).ok_or_else(misfit)?;
            pattern = pattern.get(letter.len_utf8()..).unwrap_or_default();
        }
    }
    parts.seconds().ok_or_else(misfit)
}

/// The text in quotes at the start of a pattern, and what follows; `''` is one quote.
fn quoted(pattern: &str) -> Option<(&str, &str)> {
    let inside = pattern.strip_prefix('\'')?;
    match inside.split_once('\'')? {
        ("", behind) => Some(("'", behind)),
        found => Some(found),
    }
}

/// At most `most` digits, at least one.
fn digits(text: &str, most: usize) -> Option<(i64, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(length)?;
    Some((digits.parse().ok()?, rest))
}

impl Parts {
    fn set(&mut self, (letter, run): (char, usize), number: i64) -> Option<()> {
        let place = match letter {
            'y' if run == 2 => {
                // As this century's, or the last one's for what lies more than twenty years ahead of 2020.
                self.year = if number > 99 {
                    number
                } else if number < 40 {
                    2000 + number
                } else {
                    1900 + number
                };
                return Some(());
            }
            'y' => &mut self.year,
            'M' if run <= 2 => &mut self.month,
            'd' => &mut self.day,
            'D' => self.day_of_year.insert(number),
            'H' => &mut self.hour,
            'm' => &mut self.minute,
            's' => &mut self.second,
            _ => return None,
        };
        *place = number;
        Some(())
    }

    fn seconds(&self) -> Option<i64> {
        let Self { year, month, day, hour, minute, second, .. } = *self;
        let real = (1..=9999).contains(&year)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0..60).contains(&second);
        let year = i32::try_from(year).ok().filter(|_| real)?;
        let number = |month, day| CALENDAR.day_number(Date { year, month, day }).ok();
        let days = match self.day_of_year {
            Some(day) if (1..=if CALENDAR.is_leap(year) { 366 } else { 365 }).contains(&day) => {
                number(1, 1)?.checked_add(day)?.checked_sub(1)?
            }
            Some(_) => return None,
            None => number(u8::try_from(month).ok()?, u8::try_from(day).ok()?)?,
        };
        let days = days.checked_sub(CALENDAR.day_number(EPOCH).ok()?)?;
        let seconds = hour.checked_mul(60)?.checked_add(minute)?.checked_mul(60)?.checked_add(second)?;
        days.checked_mul(86_400)?.checked_add(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, mark: &str, expected: Result<i64, &str>) {
        let found = seconds(name, mark);
        match expected {
            Ok(seconds) => assert_eq!(found, Ok(seconds), "{name} {mark}"),
            Err(words) => assert!(found.clone().unwrap_err().message.contains(words), "{found:?}"),
        }
    }

    #[test]
    fn dates_are_read_from_names() {
        check("wrfout_d01_2006-07-06_080000.nc", "wrfout_d01_#yyyy-MM-dd_HHmm", Ok(1_152_172_800));
        check("x19700101.nc", "?#yyyyMMdd", Ok(0));
        check("sst_2000060.nc", "sst_#yyyyDDD", Ok(951_782_400));
        check("20240229T235959Z.nc", "#yyyyMMdd'T'HHmmss", Ok(1_709_251_199));
        check("m2004_2.nc", "m#yyyy_M", Ok(1_075_593_600));
        check("a991231", "_#yyMMdd", Ok(946_598_400));
        check("x", "yyyy", Err("it has no '#'"));
        check("20230229.nc", "#yyyyMMdd", Err("does not fit"));
        check("2023", "#####yyyy", Err("does not fit"));
        check("é20230101", "e#yyyyMMdd", Ok(1_672_531_200));
        check("20230101", "#yyyyMMMdd", Err("the letter 'M' is not supported"));
        check("20230101", "#yyyy'MM", Err("a quote is not closed"));
        check("99999999999999999999", "#yyyy", Err("does not fit"));
    }
}
