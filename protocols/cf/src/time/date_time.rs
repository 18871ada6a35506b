//! A date with a time of day, in a calendar.

use std::cmp::Ordering;
use std::fmt;

use crate::{Calendar, CalendarError, Date};

use super::unit::DAY;
use super::{TimeError, text};

const SECOND: i64 = 1_000_000_000;

/// A time of day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clock {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59: no calendar here counts leap seconds.
    pub second: u8,
    /// 0 to 999,999,999.
    pub nanosecond: u32,
}

impl Clock {
    fn is_valid(self) -> bool {
        self.hour < 24 && self.minute < 60 && self.second < 60 && self.nanosecond < 1_000_000_000
    }

    fn nanoseconds(self) -> i64 {
        let seconds = (i64::from(self.hour) * 60 + i64::from(self.minute)) * 60 + i64::from(self.second);
        seconds * SECOND + i64::from(self.nanosecond)
    }

    /// The time of day so many nanoseconds (less than a day) after midnight.
    fn after_midnight(nanoseconds: i64) -> Self {
        let part = |unit: i64, count: i64| u8::try_from(nanoseconds / unit % count).unwrap_or(0);
        Self {
            hour: part(3600 * SECOND, 24),
            minute: part(60 * SECOND, 60),
            second: part(SECOND, 60),
            nanosecond: u32::try_from(nanoseconds % SECOND).unwrap_or(0),
        }
    }
}

impl fmt::Display for Clock {
    /// `hh:mm:ss`, with as many digits of a fraction (6 or 9) as it needs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hour, minute, second, nanosecond } = self;
        write!(f, "{hour:02}:{minute:02}:{second:02}")?;
        match (nanosecond, nanosecond % 1000) {
            (0, _) => Ok(()),
            (_, 0) => write!(f, ".{:06}", nanosecond / 1000),
            _ => write!(f, ".{nanosecond:09}"),
        }
    }
}

/// A date and a time of day that exist in a calendar, in universal time.
///
/// Dates of one calendar are ordered; dates of different calendars are not (see [`DateTime::instant`] for those of history).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    calendar: Calendar,
    date: Date,
    clock: Clock,
}

impl DateTime {
    /// A date with a time of day.
    ///
    /// # Errors
    /// [`TimeError::Calendar`] where the day, [`TimeError::Clock`] where the time of day does not exist.
    pub fn new(calendar: Calendar, date: Date, clock: Clock) -> Result<Self, TimeError> {
        if !clock.is_valid() {
            return Err(TimeError::Clock(clock.to_string()));
        }
        calendar.day_number(date)?;
        Ok(Self { calendar, date, clock })
    }

    /// Reads a date as ISO 8601 and UDUNITS write it: `2000-01-01T06:30:00.25Z`, `2000-1-1 6:30 +01:00`, `2000-01`, `2000`,
    /// `20000101T063000`. What is left out is the first; an offset from universal time is taken away.
    ///
    /// Stricter than `cftime`, which takes no notice of what it cannot read: there, `2000-01-01 06` and
    /// `2000-01-01 06:00:00 EST` are midnight and six o'clock universal time; here, they are six o'clock, and an error.
    ///
    /// # Errors
    /// [`TimeError::Syntax`], and those of [`DateTime::new`].
    pub fn parse(text: &str, calendar: Calendar) -> Result<Self, TimeError> {
        let written = text::parse(text)?;
        let local = Self::new(calendar, written.date, written.clock)?;
        if written.offset_minutes == 0 {
            return Ok(local);
        }
        if calendar == Calendar::Tai {
            return Err(TimeError::syntax(text, "atomic time has no offset from universal time"));
        }
        Self::at(calendar, local.instant()? - i128::from(written.offset_minutes) * i128::from(60 * SECOND))
    }

    /// The calendar.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        self.calendar
    }

    /// The day.
    #[must_use]
    pub fn date(&self) -> Date {
        self.date
    }

    /// The time of day.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Nanoseconds since the midnight that begins day 0 of [`Calendar::day_number`]: comparable among calendars of history.
    ///
    /// # Errors
    /// None for a date that was made here; the type says so because the calendar counts again.
    pub fn instant(&self) -> Result<i128, TimeError> {
        let day = self.calendar.day_number(self.date)?;
        Ok(i128::from(day) * i128::from(DAY) + i128::from(self.clock.nanoseconds()))
    }

    /// The date at an instant: the inverse of [`DateTime::instant`].
    ///
    /// # Errors
    /// [`TimeError::Calendar`] outside the years that are counted.
    pub fn at(calendar: Calendar, instant: i128) -> Result<Self, TimeError> {
        let day = i64::try_from(instant.div_euclid(i128::from(DAY)));
        let nanoseconds = i64::try_from(instant.rem_euclid(i128::from(DAY)));
        let (Ok(day), Ok(nanoseconds)) = (day, nanoseconds) else {
            return Err(TimeError::Calendar(CalendarError::Year(i64::MAX)));
        };
        Ok(Self { calendar, date: calendar.date(day)?, clock: Clock::after_midnight(nanoseconds) })
    }

    /// The same instant as RFC 3339 writes it, `2000-01-01T06:30:00Z`: always in the proleptic Gregorian calendar.
    ///
    /// A date of an idealised calendar keeps its year, month and day. `None` where RFC 3339 has no such date (30 February, or
    /// a year outside 0 to 9999), and for atomic time, which is not universal time.
    #[must_use]
    pub fn rfc3339(&self) -> Option<String> {
        let to = Calendar::ProlepticGregorian;
        let same = match self.calendar {
            Calendar::Tai => return None,
            calendar if calendar.is_real() => Self::at(to, self.instant().ok()?).ok()?,
            _ => Self::new(to, self.date, self.clock).ok()?,
        };
        (0..=9999).contains(&same.date.year).then(|| format!("{same}Z"))
    }
}

impl fmt::Display for DateTime {
    /// As ISO 8601 writes it, without a zone: `2000-01-01T06:30:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}", self.date, self.clock)
    }
}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let same = self.calendar == other.calendar;
        same.then(|| (self.date, self.clock).cmp(&(other.date, other.clock)))
    }
}
