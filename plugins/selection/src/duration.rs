//! Durations as ISO 8601 writes them, `P1Y2M3DT4H5M6S`, counted in a calendar.

use weir_cf::Date;
use weir_cf::time::DateTime;
use weir_plugin_api::Error;

use crate::period::midnight;

const SECOND: i128 = 1_000_000_000;

/// A length of time: months, whose length the calendar decides, and nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duration {
    months: i64,
    nanoseconds: i128,
}

impl Duration {
    /// So many months.
    #[must_use]
    pub(crate) fn months(months: i64) -> Self {
        Self { months, nanoseconds: 0 }
    }

    /// Reads `P1Y`, `P2W`, `P3DT12H`, `PT0.5S`, ...
    ///
    /// # Errors
    /// `BadRequest` where that is none, or longer than can be counted.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let shown: String = text.chars().take(40).collect();
        let refused =
            || Error::bad_request(format!("{shown:?} is no duration; write it as P1M, P3D or PT6H30M"));
        let body = text.trim().strip_prefix('P').ok_or_else(refused)?;
        let (date, clock) = body.split_once('T').map_or((body, None), |(date, clock)| (date, Some(clock)));
        if (date.is_empty() && clock.is_none()) || clock.is_some_and(str::is_empty) {
            return Err(refused());
        }
        let mut whole = Self::default();
        whole
            .add(
                date,
                &[
                    ('Y', Of::Months(12)),
                    ('M', Of::Months(1)),
                    ('W', Of::Seconds(604_800)),
                    ('D', Of::Seconds(86_400)),
                ],
            )
            .ok_or_else(refused)?;
        let clock = clock.unwrap_or_default();
        whole
            .add(clock, &[('H', Of::Seconds(3600)), ('M', Of::Seconds(60)), ('S', Of::Seconds(1))])
            .ok_or_else(refused)?;
        Ok(whole)
    }

    /// Adds numbers with units, which must come in the order given.
    fn add(&mut self, mut text: &str, mut units: &[(char, Of)]) -> Option<()> {
        while !text.is_empty() {
            let end = text.find(|c: char| c.is_ascii_alphabetic())?;
            let (number, rest) = text.split_at_checked(end)?;
            let letter = rest.chars().next()?;
            let place = units.iter().position(|(name, _)| *name == letter)?;
            let (_, of) = units.get(place)?;
            units = units.get(place.saturating_add(1)..)?;
            text = rest.get(1..)?;
            match of {
                Of::Months(months) => {
                    let count: i64 = number.parse().ok().filter(|count| (0..=2_000_000).contains(count))?;
                    self.months = self.months.checked_add(count.checked_mul(*months)?)?;
                }
                Of::Seconds(seconds) => {
                    let nanoseconds = nanoseconds(number)?.checked_mul(*seconds)?;
                    self.nanoseconds = self.nanoseconds.checked_add(nanoseconds)?;
                }
            }
        }
        Some(())
    }

    /// The instant this long after a date.
    ///
    /// # Errors
    /// `BadRequest` outside the years that are counted.
    pub fn after(self, date: &DateTime) -> Result<i128, Error> {
        self.moved(date, 1)
    }

    /// The instant this long before a date.
    ///
    /// # Errors
    /// As [`after`](Self::after).
    pub fn before(self, date: &DateTime) -> Result<i128, Error> {
        self.moved(date, -1)
    }

    /// As [`after`](Self::after), from the first of the month on.
    pub(crate) fn after_start(self, date: &DateTime) -> Result<i128, Error> {
        let Date { year, month, .. } = date.date();
        self.moved(&midnight(date.calendar(), Date { year, month, day: 1 })?, 1)
    }

    /// Months first, to the last of a month where it has no such day; then the rest.
    fn moved(self, date: &DateTime, sign: i64) -> Result<i128, Error> {
        let counted = |error: weir_cf::time::TimeError| Error::bad_request(error.to_string());
        let calendar = date.calendar();
        let Date { year, month, day } = date.date();
        // Astronomical years have a year 0, so that they can be counted.
        let gap = i64::from(!calendar.has_year_zero());
        let astronomical = i64::from(year) + if year < 0 { gap } else { 0 };
        let months = astronomical * 12 + i64::from(month) - 1 + sign * self.months;
        let (years, month) = (months.div_euclid(12), u8::try_from(months.rem_euclid(12) + 1).unwrap_or(1));
        let year = if years <= 0 { years - gap } else { years };
        let year = i32::try_from(year)
            .ok()
            .ok_or_else(|| Error::bad_request(format!("year {year} is not counted")))?;
        let day = if self.months == 0 { day } else { day.min(calendar.month_length(year, month)) };
        let moved = DateTime::new(calendar, Date { year, month, day }, date.clock()).map_err(counted)?;
        let instant = moved.instant().map_err(counted)?;
        instant
            .checked_add(self.nanoseconds.saturating_mul(i128::from(sign)))
            .ok_or_else(|| Error::bad_request("a duration is longer than can be counted"))
    }
}

/// What a letter of a duration counts.
#[derive(Clone, Copy)]
enum Of {
    Months(i64),
    Seconds(i128),
}

/// A number of seconds with up to nine decimals.
fn nanoseconds(number: &str) -> Option<i128> {
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() <= 12;
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let fraction: i128 = format!("{fraction:0<9}").parse().ok()?;
    whole.parse::<i128>().ok()?.checked_mul(SECOND)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use weir_cf::Calendar;

    use super::*;

    fn check(duration: &str, from: &str, calendar: Calendar, expected: Option<(&str, &str)>) {
        let got = Duration::parse(duration).ok().and_then(|duration| {
            let date = DateTime::parse(from, calendar).unwrap();
            let shown = |at: i128| DateTime::at(calendar, at).unwrap().to_string();
            Some((shown(duration.after(&date).ok()?), shown(duration.before(&date).ok()?)))
        });
        let got = got.as_ref().map(|(after, before)| (after.as_str(), before.as_str()));
        assert_eq!(got, expected, "{duration} {from}");
    }

    #[test]
    fn durations_are_counted_in_the_calendar() {
        check("P1M", "2001-01-31", Calendar::Standard, Some(("2001-02-28T00:00:00", "2000-12-31T00:00:00")));
        check("P1M", "2001-01-30", Calendar::Day360, Some(("2001-02-30T00:00:00", "2000-12-30T00:00:00")));
        check(
            "P1Y2M3DT4H5M6.5S",
            "2001-01-01",
            Calendar::NoLeap,
            Some(("2002-03-04T04:05:06.500000", "1999-10-28T19:54:53.500000")),
        );
        check("P2W", "2001-01-15", Calendar::Standard, Some(("2001-01-29T00:00:00", "2001-01-01T00:00:00")));
        check("P1Y", "0001-06-01", Calendar::Standard, Some(("0002-06-01T00:00:00", "-0001-06-01T00:00:00")));
        for wrong in
            ["", "P", "PT", "P1", "P1H", "PT1D", "P1M1Y", "-P1D", "P1DT", "P99999999999999999999D", "P-1D"]
        {
            check(wrong, "2001-01-01", Calendar::Standard, None);
        }
    }
}
