//! Dates as ISO 8601 and UDUNITS write them: the parser behind reference dates.

use crate::Date;

use super::{Clock, TimeError};

/// A date as it is written; whether its calendar has it is not asked yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub date: Date,
    pub clock: Clock,
    /// How far local time is ahead of universal time.
    pub offset_minutes: i32,
}

/// Reads `[+-]year[-month[-day]]`, or `yyyymmdd`, then a time of day, then a zone; both may be left out.
pub(super) fn parse(text: &str) -> Result<Written, TimeError> {
    let mut cursor = Cursor { rest: text.trim() };
    read(&mut cursor).map_err(|reason| TimeError::syntax(text, reason))
}

fn read(cursor: &mut Cursor<'_>) -> Result<Written, &'static str> {
    let date = cursor.date()?;
    // Some files write 2000-01-01_06:00:00.
    let parted = cursor.blanks() | cursor.one_of(&['T', 't', '_']).is_some();
    let clock = if parted && cursor.at_digit() { cursor.clock()? } else { Clock::default() };
    cursor.blanks();
    let offset_minutes = cursor.zone()?;
    if !cursor.rest.is_empty() {
        return Err("the time zone is not known; an offset such as +01:00, Z and UTC are");
    }
    Ok(Written { date, clock, offset_minutes })
}

/// What is left to read.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn blanks(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start();
        self.rest.len() < before
    }

    fn at_digit(&self) -> bool {
        self.rest.starts_with(|c: char| c.is_ascii_digit())
    }

    fn one_of(&mut self, choices: &[char]) -> Option<char> {
        let found = self.rest.chars().next().filter(|c| choices.contains(c))?;
        self.rest = self.rest.get(found.len_utf8()..)?;
        Some(found)
    }

    fn digits(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        digits
    }

    /// One or two digits.
    fn two(&mut self, reason: &'static str) -> Result<u8, &'static str> {
        let digits = self.digits();
        if digits.len() > 2 {
            return Err(reason);
        }
        digits.parse().ok().ok_or(reason)
    }

    fn date(&mut self) -> Result<Date, &'static str> {
        let sign = self.one_of(&['+', '-']);
        let digits = self.digits();
        let first = Date { year: year(digits, sign)?, month: 1, day: 1 };
        if sign.is_none() && digits.len() == 8 && !self.rest.starts_with('-') {
            return packed_date(digits);
        }
        let Some(month) = self.after_dash("the month is not one or two digits")? else { return Ok(first) };
        let day = self.after_dash("the day of the month is not one or two digits")?.unwrap_or(1);
        Ok(Date { month, day, ..first })
    }

    fn after_dash(&mut self, reason: &'static str) -> Result<Option<u8>, &'static str> {
        if self.one_of(&['-']).is_none() {
            return Ok(None);
        }
        self.two(reason).map(Some)
    }

    /// `h`, `h:m`, `h:m:s`, `h:m:s.f`, `hhmm`, `hhmmss`.
    fn clock(&mut self) -> Result<Clock, &'static str> {
        const REASON: &str = "the time of day is not written as hours:minutes:seconds";
        let digits = self.digits();
        let part = |at: usize| digits.get(at..at + 2).unwrap_or("0").parse::<u8>().ok().ok_or(REASON);
        let mut clock = Clock::default();
        match digits.len() {
            1 | 2 => {
                clock.hour = digits.parse().ok().ok_or(REASON)?;
                if self.one_of(&[':']).is_none() {
                    return Ok(clock);
                }
                clock.minute = self.two(REASON)?;
                if self.one_of(&[':']).is_none() {
                    return Ok(clock);
                }
                clock.second = self.two(REASON)?;
            }
            4 => (clock.hour, clock.minute) = (part(0)?, part(2)?),
            6 => (clock.hour, clock.minute, clock.second) = (part(0)?, part(2)?, part(4)?),
            _ => return Err(REASON),
        }
        if self.one_of(&['.']).is_some() {
            clock.nanosecond = nanoseconds(self.digits());
        }
        Ok(clock)
    }

    /// Minutes ahead of universal time.
    fn zone(&mut self) -> Result<i32, &'static str> {
        const REASON: &str = "the offset from universal time is not written as +hh:mm";
        if ["z", "utc", "gmt", "ut"].contains(&self.rest.to_ascii_lowercase().as_str()) {
            self.rest = "";
            return Ok(0);
        }
        let Some(sign) = self.one_of(&['+', '-']) else { return Ok(0) };
        let digits = self.digits();
        let (hours, minutes) = match digits.len() {
            1 | 2 if self.one_of(&[':']).is_some() => (digits, self.digits()),
            1 | 2 => (digits, "0"),
            4 => digits.split_at_checked(2).ok_or(REASON)?,
            _ => return Err(REASON),
        };
        let number = |digits: &str| digits.parse::<u8>().map(i32::from).ok().ok_or(REASON);
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        if hours > 23 || minutes > 59 {
            return Err(REASON);
        }
        let ahead = hours * 60 + minutes;
        Ok(if sign == '-' { -ahead } else { ahead })
    }
}

fn year(digits: &str, sign: Option<char>) -> Result<i32, &'static str> {
    const REASON: &str = "it does not begin with a year of at most nine digits";
    if digits.len() > 9 {
        return Err(REASON);
    }
    let year: i32 = digits.parse().ok().ok_or(REASON)?;
    Ok(if sign == Some('-') { -year } else { year })
}

fn packed_date(digits: &str) -> Result<Date, &'static str> {
    const REASON: &str = "eight digits are no yyyymmdd";
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    Ok(Date {
        year: part(0, 4).parse().ok().ok_or(REASON)?,
        month: part(4, 6).parse().ok().ok_or(REASON)?,
        day: part(6, 8).parse().ok().ok_or(REASON)?,
    })
}

/// The nanoseconds of a fraction of a second; finer digits are cut off.
fn nanoseconds(fraction: &str) -> u32 {
    let digits = fraction.bytes().map(|digit| u32::from(digit - b'0')).chain(std::iter::repeat(0));
    digits.take(9).fold(0, |sum, digit| sum * 10 + digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<(&str, i32)>) {
        let got = parse(text).ok();
        let got = got.map(|written| (format!("{} {}", written.date, written.clock), written.offset_minutes));
        assert_eq!(got, expected.map(|(text, offset)| (text.to_owned(), offset)), "{text}");
    }

    #[test]
    fn every_form_is_read() {
        check("2000-01-02 03:04:05", Some(("2000-01-02 03:04:05", 0)));
        check(" 2000-1-2T3:4:5.000006Z ", Some(("2000-01-02 03:04:05.000006", 0)));
        check("2000-1-2_3:4", Some(("2000-01-02 03:04:00", 0)));
        check("2000-1-2  3", Some(("2000-01-02 03:00:00", 0)));
        check("1992-10-8 15:15:42.5 -6:00", Some(("1992-10-08 15:15:42.500000", -360)));
        check("2000-1-2 3:4:5+0530", Some(("2000-01-02 03:04:05", 330)));
        check("2000-1-2 3:4:5 -12", Some(("2000-01-02 03:04:05", -720)));
        check("2000-1-2 3:4:5 utc", Some(("2000-01-02 03:04:05", 0)));
        check("2000-1-2 +01:00", Some(("2000-01-02 00:00:00", 60)));
        check("2000-1-2Z", Some(("2000-01-02 00:00:00", 0)));
        check("-4713-01-01", Some(("-4713-01-01 00:00:00", 0)));
        check("+1-2-3", Some(("0001-02-03 00:00:00", 0)));
        check("12000-2-3", Some(("12000-02-03 00:00:00", 0)));
        check("2000-07", Some(("2000-07-01 00:00:00", 0)));
        check("1999", Some(("1999-01-01 00:00:00", 0)));
        check("20000203T040506", Some(("2000-02-03 04:05:06", 0)));
        check("20000203 0405", Some(("2000-02-03 04:05:00", 0)));
        check("2000-1-2 3:4:5.1234567894", Some(("2000-01-02 03:04:05.123456789", 0)));
        check("2000-1-2 3:4:5.", Some(("2000-01-02 03:04:05", 0)));
    }

    #[test]
    fn what_cannot_be_read_is_refused_rather_than_passed_over() {
        check("", None);
        check("now", None);
        check("2000-1-2 3:4:5 EST", None);
        check("2000-1-2 3:4:5 +24:00", None);
        check("2000-1-2 3:4:5 +1:99", None);
        check("2000-1-2 3:4:5 +123", None);
        check("2000-1-2 3:", None);
        check("2000-1-2 3:4:555", None);
        check("2000-1-222", None);
        check("2000-", None);
        check("2000-1-", None);
        check("1234567890-1-1", None);
        check("2000-1-2 12345", None);
        check("2000-1-2 3:4:5 Z Z", None);
        check("２000-1-2", None);
        check("2000-1-2T", Some(("2000-01-02 00:00:00", 0)));
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer_or_an_error(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn texts_made_of_its_letters_are_an_answer_or_an_error(text in "[-+0-9TZ:. _]{0,30}") {
            let _ = parse(&text);
        }
    }
}
