//! Calendars (CF section 4.4.1): which dates exist, and how many days lie between them.

use std::fmt;

/// The years that are counted; days and nanoseconds of any of them fit the integers used here with room to spare.
pub const YEARS: std::ops::RangeInclusive<i64> = -1_000_000..=1_000_000;

/// Days before each month of a common year.
const DAYS_BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// The Julian day number of 1582-10-15, the first day of the Gregorian calendar; the day before it is 1582-10-04.
const SWITCH: i64 = 2_299_161;

/// The Julian day number of the first day of the (astronomical) year 0.
const GREGORIAN_YEAR_0: i64 = 1_721_060;
const JULIAN_YEAR_0: i64 = 1_721_058;

/// A calendar that CF defines.
///
/// Years before 1 follow the defaults of `cftime`: [`Calendar::Standard`], [`Calendar::Julian`] and [`Calendar::Tai`] have no
/// year zero (the year before 1 is -1); [`Calendar::ProlepticGregorian`] (as ISO 8601) and the idealised calendars have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Calendar {
    /// `standard`, `gregorian`: Julian until 1582-10-04, Gregorian from the next day, 1582-10-15.
    Standard,
    /// `proleptic_gregorian`: Gregorian for all dates.
    ProlepticGregorian,
    /// `julian`: Julian for all dates.
    Julian,
    /// `noleap`, `365_day`: every year has 365 days.
    NoLeap,
    /// `all_leap`, `366_day`: every year has 366 days.
    AllLeap,
    /// `360_day`: every month has 30 days.
    Day360,
    /// `tai`: the dates of the proleptic Gregorian calendar from 1958-01-01 on, in atomic time.
    Tai,
}

/// A day of some calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year, as the calendar numbers it.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
}

impl fmt::Display for Date {
    /// As ISO 8601 writes it, four digits of year at least.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        let width = if *year < 0 { 5 } else { 4 };
        write!(f, "{year:0width$}-{month:02}-{day:02}")
    }
}

/// Why a calendar refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalendarError {
    /// No calendar of this name can be counted.
    Unknown(String),
    /// The calendar has no such day.
    NoSuchDate(Calendar, Date),
    /// The year lies outside [`YEARS`].
    Year(i64),
}

impl fmt::Display for CalendarError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                let name: String = name.chars().take(40).collect();
                write!(f, "calendar {name:?} is not known; known are {}", Calendar::NAMES.join(", "))
            }
            Self::NoSuchDate(calendar, date) => {
                write!(f, "the {} calendar has no day {date}", calendar.name())
            }
            Self::Year(year) => {
                write!(f, "year {year} is outside {} to {}", YEARS.start(), YEARS.end())
            }
        }
    }
}

impl std::error::Error for CalendarError {}

impl Calendar {
    /// Every name that [`Calendar::parse`] knows.
    pub const NAMES: [&'static str; 10] = [
        "standard",
        "gregorian",
        "proleptic_gregorian",
        "julian",
        "noleap",
        "365_day",
        "all_leap",
        "366_day",
        "360_day",
        "tai",
    ];

    /// The calendar that a `calendar` attribute names, in any case.
    ///
    /// # Errors
    /// [`CalendarError::Unknown`] for every other name, `none` and `utc` among them: the first counts no days, the second
    /// needs a table of leap seconds.
    pub fn parse(name: &str) -> Result<Self, CalendarError> {
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "standard" | "gregorian" => Self::Standard,
            "proleptic_gregorian" => Self::ProlepticGregorian,
            "julian" => Self::Julian,
            "noleap" | "365_day" => Self::NoLeap,
            "all_leap" | "366_day" => Self::AllLeap,
            "360_day" => Self::Day360,
            "tai" => Self::Tai,
            _ => return Err(CalendarError::Unknown(name.to_owned())),
        })
    }

    /// The name that CF prefers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::ProlepticGregorian => "proleptic_gregorian",
            Self::Julian => "julian",
            Self::NoLeap => "noleap",
            Self::AllLeap => "all_leap",
            Self::Day360 => "360_day",
            Self::Tai => "tai",
        }
    }

    /// Whether the year before 1 is 0 rather than -1.
    #[must_use]
    pub fn has_year_zero(self) -> bool {
        !matches!(self, Self::Standard | Self::Julian | Self::Tai)
    }

    /// Whether dates are those of clocks and history, so that a day number means the same day in every such calendar.
    #[must_use]
    pub fn is_real(self) -> bool {
        !matches!(self, Self::NoLeap | Self::AllLeap | Self::Day360)
    }

    /// Whether `year`, as the calendar numbers it, has 366 days.
    #[must_use]
    pub fn is_leap(self, year: i32) -> bool {
        self.is_leap_astronomical(self.astronomical(i64::from(year)))
    }

    /// How many days `month` (1 to 12) of `year` has; 0 where there is no such month.
    ///
    /// October 1582 of the standard calendar counts 31: its last day is the 31st, although ten days are missing in it.
    #[must_use]
    pub fn month_length(self, year: i32, month: u8) -> u8 {
        match (self, month) {
            (_, 0 | 13..) => 0,
            (Self::Day360, _) => 30,
            (_, 2) => 28 + u8::from(self.is_leap(year)),
            (_, 4 | 6 | 9 | 11) => 30,
            _ => 31,
        }
    }

    /// The number of a day: the Julian day number in the calendars of history, days since 0000-01-01 in the others.
    ///
    /// # Errors
    /// [`CalendarError::NoSuchDate`] and [`CalendarError::Year`].
    pub fn day_number(self, date: Date) -> Result<i64, CalendarError> {
        let Date { year, month, day } = date;
        if !YEARS.contains(&i64::from(year)) {
            return Err(CalendarError::Year(i64::from(year)));
        }
        let missing = CalendarError::NoSuchDate(self, date);
        let skipped = self == Self::Standard && year == 1582 && month == 10 && (5..=14).contains(&day);
        let no_year = (year == 0 && !self.has_year_zero()) || (self == Self::Tai && year < 1958);
        if no_year || skipped || day == 0 || day > self.month_length(year, month) {
            return Err(missing);
        }
        let year = self.astronomical(i64::from(year));
        let before = self.days_before_month(year, month).ok_or(missing)?;
        Ok(self.first_day(year, self.gregorian_on(date)) + before + i64::from(day) - 1)
    }

    /// The day that has a number: the inverse of [`Calendar::day_number`].
    ///
    /// # Errors
    /// [`CalendarError::Year`] where the day lies outside [`YEARS`], [`CalendarError::NoSuchDate`] before the first day of a
    /// calendar that has one.
    pub fn date(self, number: i64) -> Result<Date, CalendarError> {
        if number.unsigned_abs() > 400_000_000 {
            return Err(CalendarError::Year(number / 366));
        }
        let gregorian = self.gregorian_at(number);
        let (years, days) = self.mean_year(gregorian);
        // Wrong by one year at most, because no year is longer than its mean by more than a day.
        let mut year = ((number - self.first_day(0, gregorian)) * years).div_euclid(days);
        while self.first_day(year, gregorian) > number {
            year -= 1;
        }
        while self.first_day(year + 1, gregorian) <= number {
            year += 1;
        }
        self.date_in_year(year, number - self.first_day(year, gregorian))
    }

    /// The `day`th day (from 0) of an astronomical year.
    fn date_in_year(self, year: i64, day: i64) -> Result<Date, CalendarError> {
        let historical = if year <= 0 && !self.has_year_zero() { year - 1 } else { year };
        let out_of_range = CalendarError::Year(historical);
        if !YEARS.contains(&historical) {
            return Err(out_of_range);
        }
        let before = |month: u8| self.days_before_month(year, month).unwrap_or(i64::MAX);
        let month = (1..=12).rev().find(|month| before(*month) <= day).unwrap_or(1);
        let fits = (i32::try_from(historical), u8::try_from(day - before(month) + 1));
        let (Ok(year), Ok(day)) = fits else { return Err(out_of_range) };
        let date = Date { year, month, day };
        if self == Self::Tai && date.year < 1958 {
            return Err(CalendarError::NoSuchDate(self, date));
        }
        Ok(date)
    }

    /// A year as astronomers number it: with a year zero.
    fn astronomical(self, year: i64) -> i64 {
        if year < 0 && !self.has_year_zero() { year + 1 } else { year }
    }

    fn is_leap_astronomical(self, year: i64) -> bool {
        match self {
            Self::AllLeap => true,
            Self::NoLeap | Self::Day360 => false,
            Self::Julian => year.rem_euclid(4) == 0,
            Self::Standard if year < 1582 => year.rem_euclid(4) == 0,
            Self::Standard | Self::ProlepticGregorian | Self::Tai => {
                year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0)
            }
        }
    }

    /// Days of the year before a month; `None` where there is no such month.
    fn days_before_month(self, year: i64, month: u8) -> Option<i64> {
        let common = *DAYS_BEFORE.get(usize::from(month).checked_sub(1)?)?;
        if self == Self::Day360 {
            return Some(30 * (i64::from(month) - 1));
        }
        Some(common + i64::from(month > 2 && self.is_leap_astronomical(year)))
    }

    fn gregorian_on(self, date: Date) -> bool {
        self != Self::Julian && (self != Self::Standard || date >= Date { year: 1582, month: 10, day: 15 })
    }

    fn gregorian_at(self, number: i64) -> bool {
        self != Self::Julian && (self != Self::Standard || number >= SWITCH)
    }

    /// A number of years, and the days in them.
    fn mean_year(self, gregorian: bool) -> (i64, i64) {
        match self {
            Self::Day360 => (1, 360),
            Self::NoLeap => (1, 365),
            Self::AllLeap => (1, 366),
            _ if gregorian => (400, 146_097),
            _ => (4, 1461),
        }
    }

    /// The number of the first day of an astronomical year, counted by the Gregorian or the Julian rule.
    fn first_day(self, year: i64, gregorian: bool) -> i64 {
        // How many multiples of `n` lie in 0..year (negative before year 0).
        let multiples = |n: i64| (year + n - 1).div_euclid(n);
        match self {
            Self::Day360 => 360 * year,
            Self::NoLeap => 365 * year,
            Self::AllLeap => 366 * year,
            _ if gregorian => GREGORIAN_YEAR_0 + 365 * year + multiples(4) - multiples(100) + multiples(400),
            _ => JULIAN_YEAR_0 + 365 * year + multiples(4),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Calendar; 7] = [
        Calendar::Standard,
        Calendar::ProlepticGregorian,
        Calendar::Julian,
        Calendar::NoLeap,
        Calendar::AllLeap,
        Calendar::Day360,
        Calendar::Tai,
    ];

    fn check(calendar: &str, (year, month, day): (i32, u8, u8), expected: Option<i64>) {
        let calendar = Calendar::parse(calendar).unwrap();
        let date = Date { year, month, day };
        assert_eq!(calendar.day_number(date).ok(), expected, "{calendar:?} {date}");
        if let Some(number) = expected {
            assert_eq!(calendar.date(number), Ok(date), "{calendar:?} {number}");
        }
    }

    #[test]
    fn known_days_have_their_julian_day_numbers() {
        // Known from astronomy: the Julian day number 0, the J2000 epoch, the switch of calendars.
        check("julian", (-4713, 1, 1), Some(0));
        check("standard", (2000, 1, 1), Some(2_451_545));
        check("standard", (1582, 10, 4), Some(2_299_160));
        check("standard", (1582, 10, 15), Some(2_299_161));
        check("proleptic_gregorian", (-4713, 11, 24), Some(0));
        check("proleptic_gregorian", (1582, 10, 15), Some(2_299_161));
        check("julian", (1582, 10, 5), Some(2_299_161));
        check("GREGORIAN ", (1858, 11, 17), Some(2_400_001));
        check("tai", (1958, 1, 1), Some(2_436_205));
        check("360_day", (1, 2, 30), Some(360 + 59));
        check("noleap", (-1, 12, 31), Some(-1 - 365 + 365 - 365 + 365));
        check("366_day", (2001, 2, 29), Some(2001 * 366 + 59));
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for day in 5..=14 {
            check("standard", (1582, 10, day), None);
        }
        check("standard", (0, 1, 1), None);
        check("julian", (0, 1, 1), None);
        check("proleptic_gregorian", (0, 2, 29), Some(1_721_060 + 59));
        check("noleap", (2000, 2, 29), None);
        check("standard", (1900, 2, 29), None);
        check("julian", (1900, 2, 29), Some(2_415_092));
        check("360_day", (2000, 1, 31), None);
        check("tai", (1957, 12, 31), None);
        check("standard", (2000, 13, 1), None);
        check("standard", (2000, 0, 1), None);
        check("standard", (2000, 1, 0), None);
        check("standard", (1_000_001, 1, 1), None);
        check("standard", (i32::MIN, 1, 1), None);
    }

    #[test]
    fn unknown_calendars_are_refused_with_the_known_names() {
        for name in ["none", "utc", "", "mayan", "standard2"] {
            let message = Calendar::parse(name).unwrap_err().to_string();
            assert!(message.contains("proleptic_gregorian") && message.contains(name), "{message}");
        }
        for name in Calendar::NAMES {
            let calendar = Calendar::parse(&name.to_uppercase()).unwrap();
            assert_eq!(Calendar::parse(calendar.name()), Ok(calendar));
        }
    }

    proptest! {
        #[test]
        fn numbers_and_dates_are_inverses(at in 0..ALL.len(), number in -400_000_100i64..400_000_100) {
            let calendar = ALL[at];
            if let Ok(date) = calendar.date(number) {
                prop_assert_eq!(calendar.day_number(date), Ok(number));
                // The next day is later, by one day.
                if let Ok(next) = calendar.date(number + 1) {
                    prop_assert!(next > date);
                }
            }
        }

        #[test]
        fn every_day_of_a_year_counts_once(at in 0..ALL.len(), year in -5000i32..5000) {
            let calendar = ALL[at];
            let days = (1..=12).flat_map(|month| (1..=31).map(move |day| Date { year, month, day }));
            let numbers: Vec<i64> = days.filter_map(|date| calendar.day_number(date).ok()).collect();
            prop_assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
        }

        #[test]
        fn any_number_is_an_answer_or_an_error(number: i64, year: i32, month: u8, day: u8) {
            for calendar in ALL {
                let _ = calendar.date(number);
                let _ = calendar.day_number(Date { year, month, day });
                let _ = calendar.month_length(year, month);
            }
        }
    }
}
