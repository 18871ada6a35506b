//! Parts of dates by which times are put into groups, as xarray names them: `time.month`.

use weir_cf::time::DateTime;
use weir_cf::{CalendarError, Date};

/// A part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    /// The year.
    Year,
    /// The month, 1 to 12.
    Month,
    /// The day of the month, from 1.
    Day,
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    Minute,
    /// 0 to 59.
    Second,
    /// 0 to 999,999.
    Microsecond,
    /// The day of the year, from 1.
    DayOfYear,
    /// The day of the week, from Monday, which is 0.
    DayOfWeek,
    /// The same, under another name.
    Weekday,
    /// The quarter of the year, 1 to 4.
    Quarter,
    /// How many days the month has.
    DaysInMonth,
    /// The same, under another name.
    MonthLength,
    /// The meteorological season: `DJF`, `MAM`, `JJA`, `SON`.
    Season,
}

const NAMES: [(&str, Component); 14] = [
    ("year", Component::Year),
    ("month", Component::Month),
    ("day", Component::Day),
    ("hour", Component::Hour),
    ("minute", Component::Minute),
    ("second", Component::Second),
    ("microsecond", Component::Microsecond),
    ("dayofyear", Component::DayOfYear),
    ("dayofweek", Component::DayOfWeek),
    ("weekday", Component::Weekday),
    ("quarter", Component::Quarter),
    ("days_in_month", Component::DaysInMonth),
    ("daysinmonth", Component::MonthLength),
    ("season", Component::Season),
];

/// Seasons as they are sorted: by their names, as xarray sorts them.
pub const SEASONS: [&str; 4] = ["DJF", "JJA", "MAM", "SON"];

impl Component {
    /// The names of all.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// The part that a name means.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, component)| *component)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, component)| *component == self).map_or("", |(name, _)| name)
    }

    /// This part of a date; of seasons, the place in [`SEASONS`].
    ///
    /// # Errors
    /// None for dates that exist; the type says so because the calendar counts.
    pub fn of(self, date: &DateTime) -> Result<i64, CalendarError> {
        let (Date { year, month, day }, clock) = (date.date(), date.clock());
        Ok(match self {
            Self::Year => year.into(),
            Self::Month => month.into(),
            Self::Day => day.into(),
            Self::Hour => clock.hour.into(),
            Self::Minute => clock.minute.into(),
            Self::Second => clock.second.into(),
            Self::Microsecond => (clock.nanosecond / 1000).into(),
            Self::Quarter => i64::from(month.saturating_sub(1) / 3).saturating_add(1),
            Self::DaysInMonth | Self::MonthLength => date.calendar().month_length(year, month).into(),
            // As cftime counts: in 1582, the days that the standard calendar leaves out are counted too.
            Self::DayOfYear => {
                let before = (1..month).map(|month| i64::from(date.calendar().month_length(year, month)));
                before.fold(i64::from(day), i64::saturating_add)
            }
            // Julian day 0 was a Monday.
            Self::DayOfWeek | Self::Weekday => date.calendar().day_number(date.date())?.rem_euclid(7),
            Self::Season => match month {
                12 | 1 | 2 => 0,
                6..=8 => 1,
                3..=5 => 2,
                _ => 3,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use weir_cf::Calendar;

    use super::*;

    fn check(date: &str, calendar: Calendar, component: &str, expected: i64) {
        let date = DateTime::parse(date, calendar).unwrap();
        assert_eq!(Component::parse(component).unwrap().of(&date), Ok(expected), "{date} {component}");
    }

    #[test]
    fn dates_have_parts() {
        check("2000-02-29T13:14:15.000016", Calendar::Standard, "dayofyear", 60);
        check("2000-02-29T13:14:15.000016", Calendar::Standard, "dayofweek", 1);
        check("2000-02-29T13:14:15.000016", Calendar::Standard, "hour", 13);
        check("2000-02-29T13:14:15.000016", Calendar::Standard, "microsecond", 16);
        check("1582-10-15", Calendar::Standard, "dayofyear", 288);
        check("2000-12-31", Calendar::NoLeap, "dayofyear", 365);
        check("2000-12-30", Calendar::Day360, "dayofyear", 360);
        check("2000-12-30", Calendar::Day360, "days_in_month", 30);
        check("1999-12-31", Calendar::AllLeap, "dayofyear", 366);
        check("1999-12-31", Calendar::Julian, "quarter", 4);
        check("1999-12-31", Calendar::Julian, "season", 0);
        check("1999-09-01", Calendar::Standard, "season", 3);
        assert_eq!(Component::parse("month'"), None);
    }
}
