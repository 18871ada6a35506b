//! Periods of equal length: what times are resampled to.

use weir_cf::Date;
use weir_cf::packing::NumberType;
use weir_cf::time::{Clock, DateTime, Number, TimeUnits};
use weir_plugin_api::Error;

use crate::engine::axis::NO_GROUP;
use crate::engine::values::Values;
use crate::groups::Groups;
use crate::labels::Labels;

/// A unit of periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// From the first of January on.
    Year,
    /// From the first of the month on.
    Month,
    /// From midnight on.
    Day,
    /// From the full hour on.
    Hour,
    /// From the full minute on.
    Minute,
}

/// How long periods are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    count: u32,
    unit: Unit,
}

/// More periods are too many, most of which would be empty.
const MOST_PERIODS: i128 = 1 << 22;

impl Frequency {
    /// Periods of so many units; `None` for none.
    #[must_use]
    pub fn new(count: u32, unit: Unit) -> Option<Self> {
        (count > 0).then_some(Self { count, unit })
    }

    /// Nanoseconds; `None` where that depends on the date.
    fn nanoseconds(self) -> Option<i128> {
        let unit: i128 = match self.unit {
            Unit::Year | Unit::Month => return None,
            Unit::Day => 86_400_000_000_000,
            Unit::Hour => 3_600_000_000_000,
            Unit::Minute => 60_000_000_000,
        };
        Some(unit.saturating_mul(self.count.into()))
    }

    /// Months; of a period of days, none.
    fn months(self) -> i128 {
        let months = if self.unit == Unit::Year { 12 } else { 1 };
        i128::from(self.count).saturating_mul(months)
    }
}

/// Months since the year 0, which a calendar may not have.
fn months(date: &DateTime) -> i128 {
    let Date { year, month, .. } = date.date();
    let year = i128::from(year).saturating_add(i128::from(year < 0 && !date.calendar().has_year_zero()));
    year.saturating_mul(12).saturating_add(i128::from(month)).saturating_sub(1)
}

/// The first day of a month, counted so.
fn first_of(months: i128, of: &DateTime) -> Result<DateTime, Error> {
    let calendar = of.calendar();
    let year = months.div_euclid(12);
    let year = year.saturating_sub(i128::from(year <= 0 && !calendar.has_year_zero()));
    let (year, month) = (i32::try_from(year), u8::try_from(months.rem_euclid(12).saturating_add(1)));
    let (Ok(year), Ok(month)) = (year, month) else {
        return Err(Error::unsupported("a period begins too far away"));
    };
    let date = DateTime::new(calendar, Date { year, month, day: 1 }, Clock::default());
    date.map_err(|error| Error::unsupported(error.to_string()))
}

/// Groups of times by the periods that they lie in: all from the first to the last, those among them that are empty, too, each
/// labelled with its beginning. Of months and years the first period begins with the month or year of the first time, of days
/// and less with its midnight, as xarray has it.
///
/// # Errors
/// `BadRequest` where the labels are no times, `TooLarge` for too many periods.
pub fn by_periods(labels: &Labels, frequency: Frequency) -> Result<Groups, Error> {
    let Labels::Times(units, _) = labels else {
        return Err(Error::bad_request("periods are of times, and this coordinate holds none"));
    };
    let dates: Result<Vec<Option<DateTime>>, Error> =
        (0..labels.len()).map(|place| labels.date(place)).collect();
    let dates = dates?;
    let told = |error: weir_cf::time::TimeError| Error::unsupported(error.to_string());
    let mut instants = Vec::with_capacity(dates.len());
    for date in &dates {
        instants.push(date.as_ref().map(DateTime::instant).transpose().map_err(told)?);
    }
    let first = instants
        .iter()
        .zip(&dates)
        .filter_map(|(instant, date)| (*instant).zip(*date))
        .min_by_key(|(instant, _)| *instant);
    let Some((_, first)) = first else {
        return Ok(Groups {
            of: vec![NO_GROUP; labels.len()],
            labels: Labels::Times(*units, Values::Float64(vec![])),
        });
    };
    let midnight = DateTime::new(first.calendar(), first.date(), Clock::default())
        .and_then(|date| date.instant())
        .map_err(told)?;
    let year = if frequency.unit == Unit::Year {
        months(&first).div_euclid(12).saturating_mul(12)
    } else {
        months(&first)
    };
    let number = |date: &DateTime, instant: i128| match frequency.nanoseconds() {
        Some(length) => instant.saturating_sub(midnight).div_euclid(length),
        None => months(date).saturating_sub(year).div_euclid(frequency.months()),
    };
    let numbers: Vec<Option<i128>> = dates
        .iter()
        .zip(&instants)
        .map(|(date, instant)| Some(number(date.as_ref()?, (*instant)?)))
        .collect();
    let (least, greatest) = (
        numbers.iter().flatten().min().copied().unwrap_or(0),
        numbers.iter().flatten().max().copied().unwrap_or(0),
    );
    if greatest.saturating_sub(least) >= MOST_PERIODS {
        return Err(Error::too_large(format!(
            "these are more than {MOST_PERIODS} periods; ask for longer ones"
        )));
    }
    let group = |number: &Option<i128>| {
        number.and_then(|number| u32::try_from(number.saturating_sub(least)).ok()).unwrap_or(NO_GROUP)
    };
    let of = numbers.iter().map(group).collect();
    let mut begins = Vec::new();
    for number in least..=greatest {
        begins.push(match frequency.nanoseconds() {
            Some(length) => {
                let instant = midnight.saturating_add(number.saturating_mul(length));
                DateTime::at(first.calendar(), instant).map_err(told)?
            }
            None => first_of(year.saturating_add(number.saturating_mul(frequency.months())), &first)?,
        });
    }
    Ok(Groups { of, labels: Labels::Times(*units, encoded(*units, &begins)?) })
}

/// Dates as numbers: whole ones where all are.
fn encoded(units: TimeUnits, dates: &[DateTime]) -> Result<Values, Error> {
    let numbers: Result<Vec<Number>, _> = dates.iter().map(|date| units.encode(date)).collect();
    let numbers = numbers.map_err(|error| Error::unsupported(error.to_string()))?;
    let whole = |number: &Number| match number {
        Number::Integer(value) => Some(*value),
        Number::Real(_) => None,
    };
    Ok(match numbers.iter().map(whole).collect() {
        Some(whole) => Values::Signed(NumberType::Int64, whole),
        None => Values::Float64(numbers.into_iter().map(Number::as_f64).collect()),
    })
}

#[cfg(test)]
mod tests {
    use weir_cf::Calendar;

    use super::*;

    fn check(days: &[f64], frequency: (u32, Unit), calendar: Calendar, expected: (&[u32], &[&str])) {
        let units = TimeUnits::parse("days since 2000-01-15 12:00", calendar).unwrap();
        let labels = Labels::Times(units, Values::Float64(days.to_vec()));
        let groups = by_periods(&labels, Frequency::new(frequency.0, frequency.1).unwrap()).unwrap();
        let begins = (0..groups.labels.len()).map(|at| groups.labels.date(at).unwrap().unwrap().to_string());
        assert_eq!(
            (groups.of.as_slice(), begins.collect::<Vec<_>>()),
            (expected.0, expected.1.iter().map(|&t| t.to_owned()).collect())
        );
    }

    #[test]
    fn times_lie_in_periods() {
        let none = NO_GROUP;
        let months: &[&str] = &["2000-01-01T00:00:00", "2000-02-01T00:00:00", "2000-03-01T00:00:00"];
        check(&[0.0, f64::NAN, 50.0], (1, Unit::Month), Calendar::Standard, (&[0, none, 2], months));
        check(
            &[0.0, 400.0],
            (1, Unit::Year),
            Calendar::Day360,
            (&[0, 1], &["2000-01-01T00:00:00", "2001-01-01T00:00:00"]),
        );
        check(
            &[0.0, 1.0, 2.0],
            (2, Unit::Day),
            Calendar::NoLeap,
            (&[0, 0, 1], &["2000-01-15T00:00:00", "2000-01-17T00:00:00"]),
        );
        check(&[0.25], (6, Unit::Hour), Calendar::Julian, (&[0], &["2000-01-15T18:00:00"]));
        check(&[f64::NAN], (6, Unit::Minute), Calendar::Julian, (&[none], &[]));
    }
}
