//! Times as people write them, in the calendar of a dataset: a date that leaves parts out means all of what it names, so
//! `2001-02` is a month of that calendar, of 30 days or of 28.

use weir_cf::time::{Clock, DateTime, TimeError};
use weir_cf::{Calendar, Date};
use weir_plugin_api::Error;

use crate::Duration;

const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

/// What a date means: from its first to its last nanosecond, both included, as [`DateTime::instant`] counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first.
    pub first: i128,
    /// The last; the first again, where the date names an instant.
    pub last: i128,
}

/// A span of time, open on a side where there is no end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// From here on.
    pub from: Option<i128>,
    /// Up to and with this.
    pub until: Option<i128>,
}

/// How much of a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Fraction,
}

impl Period {
    /// Reads `2001`, `2001-02`, `2001-02-03`, `2001-02-03T06`, `2001-02-03T06:30`, `2001-02-03T06:30:15` or more.
    ///
    /// # Errors
    /// `BadRequest` where that is no date of the calendar.
    pub fn parse(text: &str, calendar: Calendar) -> Result<Self, Error> {
        let text = text.trim();
        let start = DateTime::parse(text, calendar).map_err(|error| refused(text, &error))?;
        let first = start.instant().map_err(|error| refused(text, &error))?;
        let behind = match written(text) {
            Written::Year => next(&start, 12)?,
            Written::Month => next(&start, 1)?,
            Written::Day => first.saturating_add(DAY),
            Written::Hour => first.saturating_add(3600 * SECOND),
            Written::Minute => first.saturating_add(60 * SECOND),
            Written::Second => first.saturating_add(SECOND),
            Written::Fraction => first.saturating_add(1),
        };
        Ok(Self { first, last: behind.saturating_sub(1) })
    }

    /// Whether a time of day was written, so that one moment is meant and no day, month or year.
    #[must_use]
    pub fn is_moment(text: &str) -> bool {
        !matches!(written(text.trim()), Written::Year | Written::Month | Written::Day)
    }
}

impl Span {
    /// Reads `start/end`: dates as [`Period::parse`] takes them, of which one may be `..` or nothing for an open side, or a
    /// duration, `2001-02-03/P1M`; or one date.
    ///
    /// # Errors
    /// `BadRequest` where that is none, or ends before it begins.
    pub fn parse(text: &str, calendar: Calendar) -> Result<Self, Error> {
        let Some((start, end)) = text.split_once('/') else {
            let Period { first, last } = Period::parse(text, calendar)?;
            return Ok(Self { from: Some(first), until: Some(last) });
        };
        Self::between(start, end, calendar)
    }

    /// As [`Span::parse`] of `start/end`.
    ///
    /// # Errors
    /// As [`Span::parse`].
    pub fn between(start: &str, end: &str, calendar: Calendar) -> Result<Self, Error> {
        let (start, end) = (start.trim(), end.trim());
        let date = |text: &str| match text {
            "" | ".." => Ok(None),
            text => Period::parse(text, calendar).map(Some),
        };
        let moment = |text: &str| DateTime::parse(text, calendar).map_err(|error| refused(text, &error));
        let span = match (start.starts_with('P'), end.starts_with('P')) {
            (true, true) => {
                return Err(Error::bad_request(format!("{start}/{end} needs a date on one of its sides")));
            }
            (false, true) => {
                let end = Duration::parse(end)?.after(&moment(start)?)?;
                Self { from: date(start)?.map(|period| period.first), until: Some(end) }
            }
            (true, false) => {
                let from = Duration::parse(start)?.before(&moment(end)?)?;
                Self { from: Some(from), until: date(end)?.map(|period| period.last) }
            }
            (false, false) => Self {
                from: date(start)?.map(|period| period.first),
                until: date(end)?.map(|period| period.last),
            },
        };
        match (span.from, span.until) {
            (Some(from), Some(until)) if from > until => {
                Err(Error::bad_request(format!("the times {start} to {end} end before they begin")))
            }
            _ => Ok(span),
        }
    }

    /// Whether an instant lies inside.
    #[must_use]
    pub fn holds(&self, instant: i128) -> bool {
        self.from.is_none_or(|from| from <= instant) && self.until.is_none_or(|until| instant <= until)
    }
}

fn refused(text: &str, error: &TimeError) -> Error {
    let shown: String = text.chars().take(40).collect();
    Error::bad_request(format!(
        "{shown:?} is no time that can be asked for: {error}; write it as 2001-02-03T06:30:00, or leave parts out from the right"
    ))
}

/// The instant `months` after the beginning of the month (or year) of a date, which has no time of day.
fn next(start: &DateTime, months: i64) -> Result<i128, Error> {
    let behind = Duration::months(months).after_start(start);
    behind.map_err(|error| Error::bad_request(error.message))
}

fn written(text: &str) -> Written {
    let (date, clock) =
        text.split_once(['T', 't', ' ']).map_or((text, None), |(date, clock)| (date, Some(clock.trim())));
    let Some(clock) = clock.filter(|clock| !clock.is_empty()) else {
        let date = date.trim_start_matches(['+', '-']).trim_end_matches(['Z', 'z']);
        return match date.split('-').count() {
            1 if date.len() == 8 => Written::Day,
            1 => Written::Year,
            2 => Written::Month,
            _ => Written::Day,
        };
    };
    let clock = clock.split(['Z', 'z', '+', '-', ' ']).next().unwrap_or_default();
    if clock.contains(['.', ',']) {
        return Written::Fraction;
    }
    match (clock.split(':').count(), clock.len()) {
        (1, ..=2) => Written::Hour,
        (1, ..=4) | (2, _) => Written::Minute,
        _ => Written::Second,
    }
}

/// The first moment of a day.
pub(crate) fn midnight(calendar: Calendar, date: Date) -> Result<DateTime, Error> {
    DateTime::new(calendar, date, Clock::default()).map_err(|error| Error::bad_request(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(calendar: Calendar, instant: i128) -> String {
        DateTime::at(calendar, instant).map_or_else(|error| error.to_string(), |date| date.to_string())
    }

    fn check(text: &str, calendar: Calendar, expected: Result<(&str, &str), &str>) {
        let got = Period::parse(text, calendar);
        let got =
            got.map(|period| (shown(calendar, period.first), shown(calendar, period.last.saturating_add(1))));
        match (got, expected) {
            (Ok((first, behind)), Ok(expected)) => {
                assert_eq!((first.as_str(), behind.as_str()), expected, "{text}");
            }
            (Err(error), Err(part)) => assert!(error.message.contains(part), "{}", error.message),
            (got, expected) => panic!("{text}: {got:?} is not {expected:?}"),
        }
    }

    #[test]
    fn partial_dates_mean_all_that_they_name() {
        use Calendar::{Day360, Julian, NoLeap, Standard};
        check("2001", Standard, Ok(("2001-01-01T00:00:00", "2002-01-01T00:00:00")));
        check("2000-02", Day360, Ok(("2000-02-01T00:00:00", "2000-03-01T00:00:00")));
        check("2001-12", NoLeap, Ok(("2001-12-01T00:00:00", "2002-01-01T00:00:00")));
        check("2001-02-30", Day360, Ok(("2001-02-30T00:00:00", "2001-03-01T00:00:00")));
        check("1582-10", Standard, Ok(("1582-10-01T00:00:00", "1582-11-01T00:00:00")));
        check("1582-10-04", Standard, Ok(("1582-10-04T00:00:00", "1582-10-15T00:00:00")));
        check("-0001", Julian, Ok(("-0001-01-01T00:00:00", "0001-01-01T00:00:00")));
        check("2001-02-03T06", Standard, Ok(("2001-02-03T06:00:00", "2001-02-03T07:00:00")));
        check("2001-02-03T06:30Z", Standard, Ok(("2001-02-03T06:30:00", "2001-02-03T06:31:00")));
        check("2001-02-03 06:30:15", Standard, Ok(("2001-02-03T06:30:15", "2001-02-03T06:30:16")));
        check(
            "2001-02-03T06:30:15.5",
            Standard,
            Ok(("2001-02-03T06:30:15.500000", "2001-02-03T06:30:15.500000001")),
        );
        check("20010203", Standard, Ok(("2001-02-03T00:00:00", "2001-02-04T00:00:00")));
        check("2001-02-03T06:00+02:00", Standard, Ok(("2001-02-03T04:00:00", "2001-02-03T04:01:00")));
        check("2001-02-30", NoLeap, Err("no day"));
        check("soon", Standard, Err("\"soon\" is no time"));
        check("", Standard, Err("is no time"));
    }

    #[test]
    fn spans_may_be_open_or_have_a_length() {
        let check = |text: &str, expected: Result<(&str, &str), &str>| {
            let got = Span::parse(text, Calendar::NoLeap);
            let side =
                |side: Option<i128>| side.map_or_else(|| "..".to_owned(), |at| shown(Calendar::NoLeap, at));
            match (got, expected) {
                (Ok(span), Ok((from, until))) => {
                    assert_eq!(
                        (side(span.from).as_str(), side(span.until).as_str()),
                        (from, until),
                        "{text}"
                    );
                }
                (Err(error), Err(part)) => assert!(error.message.contains(part), "{}", error.message),
                (got, expected) => panic!("{text}: {got:?} is not {expected:?}"),
            }
        };
        check("2001-02/..", Ok(("2001-02-01T00:00:00", "..")));
        check("/2001-02-03T00:00:00.5", Ok(("..", "2001-02-03T00:00:00.500000")));
        check("2000-01-31/P1M", Ok(("2000-01-31T00:00:00", "2000-02-28T00:00:00")));
        check("PT6H/2001-01-01T03:00:00.0", Ok(("2000-12-31T21:00:00", "2001-01-01T03:00:00")));
        check("2001/2000", Err("end before they begin"));
        check("P1D/P1D", Err("needs a date"));
        assert!(Span::default().holds(i128::MAX));
    }
}
