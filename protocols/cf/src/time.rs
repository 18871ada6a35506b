//! Times (CF section 4.4): numbers `since` a reference date, and the dates they mean.
//!
//! [`TimeUnits::parse`] reads a `units` attribute, [`TimeUnits::decode`] and [`TimeUnits::encode`] go between numbers and
//! [`DateTime`]s, [`Conversion`] moves numbers from one reference date to another, and [`Coverage`] is the span of many.
//! Whole numbers are counted exactly; numbers with a fraction are rounded to microseconds as `cftime` rounds them.

mod conversion;
mod coverage;
mod date_time;
mod exact;
mod text;
mod unit;
mod units;

pub use conversion::Conversion;
pub use coverage::Coverage;
pub use date_time::{Clock, DateTime};
pub use unit::Unit;
pub use units::{Number, TimeUnits, is_time};

use std::fmt;

use crate::{Calendar, CalendarError};

/// Why a time cannot be read or written.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeError {
    /// The calendar refuses.
    Calendar(CalendarError),
    /// The clock shows no such time of day.
    Clock(String),
    /// The text is no `<unit> since <date>`, or no date: what was read, and what is wrong with it.
    Syntax {
        /// The text, cut to a length that fits a message.
        text: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The unit counts no time in this calendar.
    Unit {
        /// The unit, as written.
        unit: String,
        /// The calendar.
        calendar: Calendar,
    },
    /// The number lies more microseconds from its reference date than 64 bits count, or the date outside the years counted.
    OutOfRange(String),
    /// The number is infinite or not a number.
    NotFinite,
    /// A date of one calendar was given where another counts.
    OtherCalendar {
        /// The date's.
        given: Calendar,
        /// The one that counts.
        expected: Calendar,
    },
}

impl TimeError {
    /// A [`TimeError::Syntax`]; a hostile text may be long, a message may not.
    fn syntax(text: &str, reason: &'static str) -> Self {
        Self::Syntax { text: text.chars().take(80).collect(), reason }
    }
}

impl From<CalendarError> for TimeError {
    fn from(error: CalendarError) -> Self {
        Self::Calendar(error)
    }
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calendar(error) => error.fmt(f),
            Self::Clock(clock) => write!(f, "a day has no {clock}"),
            Self::Syntax { text, reason } => write!(f, "{text:?} is no time: {reason}"),
            Self::Unit { unit, calendar } => write!(
                f,
                "{unit:?} is no unit of time in the {} calendar; weeks, days, hours, minutes, seconds and their decimal \
                 parts to nanoseconds are, months in the 360_day calendar, and common_years in the noleap calendar",
                calendar.name()
            ),
            Self::OutOfRange(what) => {
                write!(f, "{what} is too far from its reference date; at most 292471 years are counted")
            }
            Self::NotFinite => f.write_str("a time is infinite or not a number"),
            Self::OtherCalendar { given, expected } => {
                write!(
                    f,
                    "a date of the {} calendar stands where the {} counts",
                    given.name(),
                    expected.name()
                )
            }
        }
    }
}

impl std::error::Error for TimeError {}
