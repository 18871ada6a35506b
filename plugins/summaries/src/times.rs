//! When data is valid.

use weir_catalogs::{Step, TimeSpan, VariableFacts};
use weir_cf::axes::Kind;
use weir_cf::time::{Coverage, DateTime, Number, TimeUnits};
use weir_cf::{Calendar, Coordinate, Coordinates, Date};
use weir_plugin_api::Error;
use weir_plugin_api::model::Variable;

use crate::{Asked, grids, numbers};

/// Of a dataset with many time coordinates, this many are read.
const MOST_COORDINATES: usize = 8;

/// From the first to the last time of all data variables; with the edges of what times stand for.
///
/// # Errors
/// Those that pass.
pub(crate) fn span(asked: &Asked<'_>, variables: &[VariableFacts]) -> Result<Option<TimeSpan>, Error> {
    let mut read: Vec<String> = Vec::new();
    let mut spans: Vec<(Coverage, Calendar)> = Vec::new();
    for (path, _) in grids::representatives(&asked.schema, variables) {
        let Some(coordinates) = Coordinates::of(&asked.schema, &path) else { continue };
        for coordinate in coordinates.all().filter(|coordinate| coordinate.kind == Some(Kind::Time)) {
            if read.len() < MOST_COORDINATES && !read.contains(&coordinate.path) {
                read.push(coordinate.path.clone());
                let told = asked.told(&coordinate.path, coverage(asked, coordinate))?;
                spans.extend(told.flatten());
            }
        }
    }
    Ok(joined(spans))
}

/// What one coordinate covers, in the calendar of everybody, and its own calendar.
fn coverage(asked: &Asked<'_>, coordinate: &Coordinate<'_>) -> Result<Option<(Coverage, Calendar)>, Error> {
    let Some(units) = units(coordinate.variable)? else { return Ok(None) };
    let mut numbers = numbers::read_times(asked, &coordinate.path, coordinate.variable)?;
    if let Some(bounds) = &coordinate.bounds {
        // Bounds count as their coordinate does (CF section 7.1).
        let edges = numbers::read_times(asked, &bounds.path, bounds.variable);
        numbers.extend(asked.told(&bounds.path, edges)?.unwrap_or_default());
    }
    of_numbers(&units, numbers)
}

/// The span of numbers in the calendar of everybody, with the calendar that they count in.
pub(crate) fn of_numbers(
    units: &TimeUnits,
    numbers: Vec<Number>,
) -> Result<Option<(Coverage, Calendar)>, Error> {
    let unreadable = |error: weir_cf::time::TimeError| Error::unsupported(error.to_string());
    let Some(coverage) = Coverage::of(units, numbers).map_err(unreadable)? else { return Ok(None) };
    let civil = |date: &DateTime| {
        civil(date).ok_or_else(|| {
            Error::unsupported(format!("{date} is no date from year 0 to 9999 of universal time"))
        })
    };
    let (start, end) = (civil(&coverage.start)?, civil(&coverage.end)?);
    Ok(Some((Coverage { start, end }, units.calendar())))
}

/// The time units of a coordinate; `None` where it holds no times.
pub(crate) fn units(variable: &Variable) -> Result<Option<TimeUnits>, Error> {
    TimeUnits::of(variable).transpose().map_err(|error| Error::unsupported(error.to_string()))
}

/// The same instant in the proleptic Gregorian calendar, from year 0 to 9999. A date that only an idealised calendar has is
/// the last of its month.
fn civil(date: &DateTime) -> Option<DateTime> {
    let to = Calendar::ProlepticGregorian;
    let civil = match date.calendar() {
        Calendar::Tai => return None,
        calendar if calendar.is_real() => DateTime::at(to, date.instant().ok()?).ok()?,
        _ => {
            let Date { year, month, day } = date.date();
            let day = day.min(to.month_length(year, month));
            DateTime::new(to, Date { year, month, day }, date.clock()).ok()?
        }
    };
    (0..=9999).contains(&civil.date().year).then_some(civil)
}

fn joined(spans: Vec<(Coverage, Calendar)>) -> Option<TimeSpan> {
    let mut spans = spans.into_iter();
    let (mut whole, calendar) = spans.next()?;
    for (span, _) in spans {
        if span.start < whole.start {
            whole.start = span.start;
        }
        if span.end > whole.end {
            whole.end = span.end;
        }
    }
    Some(text(&whole, calendar))
}

/// A span as catalogs write it.
pub(crate) fn text(span: &Coverage, calendar: Calendar) -> TimeSpan {
    let Coverage { start, end } = span;
    TimeSpan { start: format!("{start}Z"), end: format!("{end}Z"), calendar: calendar.name().to_owned() }
}

/// The distance between neighbours, where it is the same all along: exactly, or in months.
pub(crate) fn step(units: &TimeUnits, numbers: &[Number]) -> Option<Step> {
    if numbers.len() < 2 || numbers.len() > 100_000 {
        return None;
    }
    let dates: Option<Vec<DateTime>> = numbers.iter().map(|number| units.decode(*number).ok()).collect();
    let dates = dates?;
    let instants: Option<Vec<i128>> = dates.iter().map(|date| date.instant().ok()).collect();
    if let Some(step) = same(&instants?, 1_000_000) {
        return duration(step).map(Step::Duration);
    }
    let months: Vec<i128> =
        dates.iter().map(|date| i128::from(date.date().year) * 12 + i128::from(date.date().month)).collect();
    let step = same(&months, 0).filter(|step| *step > 0)?;
    let years = step.checked_div(12).filter(|_| step % 12 == 0);
    Some(Step::Duration(years.map_or_else(|| format!("P{step}M"), |years| format!("P{years}Y"))))
}

/// The difference of neighbours, where all differ by the same, but for rounding.
fn same(numbers: &[i128], rounding: i128) -> Option<i128> {
    let mut differences = numbers.windows(2).filter_map(|pair| match pair {
        [a, b] => b.checked_sub(*a),
        _ => None,
    });
    let first = differences.next()?;
    differences.all(|difference| (difference - first).abs() <= rounding).then_some(first)
}

/// Nanoseconds as ISO 8601 writes a duration; `None` for none, or for less than none.
fn duration(nanoseconds: i128) -> Option<String> {
    const SECOND: i128 = 1_000_000_000;
    if nanoseconds <= 0 {
        return None;
    }
    // What was rounded to microseconds is meant to be whole.
    let nanoseconds = (nanoseconds + 500_000) / 1_000_000 * 1_000_000;
    let (days, rest) = (nanoseconds / (86_400 * SECOND), nanoseconds % (86_400 * SECOND));
    let (hours, rest) = (rest / (3600 * SECOND), rest % (3600 * SECOND));
    let (minutes, rest) = (rest / (60 * SECOND), rest % (60 * SECOND));
    let (seconds, fraction) = (rest / SECOND, rest % SECOND);
    let mut clock = String::new();
    for (number, unit) in [(hours, 'H'), (minutes, 'M')] {
        if number > 0 {
            clock.push_str(&format!("{number}{unit}"));
        }
    }
    match (seconds, fraction / 1_000_000) {
        (0, 0) => {}
        (seconds, 0) => clock.push_str(&format!("{seconds}S")),
        (seconds, milliseconds) => clock.push_str(&format!("{seconds}.{milliseconds:03}S")),
    }
    let day = if days > 0 { format!("{days}D") } else { String::new() };
    let time = if clock.is_empty() { String::new() } else { format!("T{clock}") };
    (!day.is_empty() || !time.is_empty()).then(|| format!("P{day}{time}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(units: &str, calendar: &str, numbers: &[f64], expected: Option<(&str, &str, Option<&str>)>) {
        let units = TimeUnits::parse(units, Calendar::parse(calendar).unwrap()).unwrap();
        let numbers: Vec<Number> = numbers.iter().map(|number| Number::Real(*number)).collect();
        let step = step(&units, &numbers);
        let span = of_numbers(&units, numbers).ok().flatten().map(|(span, calendar)| text(&span, calendar));
        let got = span.as_ref().map(|span| {
            let step = step.as_ref().map(|step| match step {
                Step::Duration(text) => text.as_str(),
                Step::Number(_) => "a number",
            });
            (span.start.as_str(), span.end.as_str(), step)
        });
        assert_eq!(got, expected, "{units} {calendar}");
    }

    #[test]
    fn times_become_those_of_everybody() {
        let six = [6.0, 12.0, 18.0];
        check(
            "hours since 2001-01-01",
            "standard",
            &six,
            Some(("2001-01-01T06:00:00Z", "2001-01-01T18:00:00Z", Some("PT6H"))),
        );
        check(
            "days since 2000-02-01",
            "360_day",
            &[0.0, 29.0],
            Some(("2000-02-01T00:00:00Z", "2000-02-29T00:00:00Z", Some("P29D"))),
        );
        check(
            "days since 2000-01-16",
            "360_day",
            &[0.0, 30.0, 60.0],
            Some(("2000-01-16T00:00:00Z", "2000-03-16T00:00:00Z", Some("P30D"))),
        );
        check(
            "days since 2001-01-16",
            "noleap",
            &[0.0, 31.0, 59.0],
            Some(("2001-01-16T00:00:00Z", "2001-03-16T00:00:00Z", Some("P1M"))),
        );
        check(
            "days since 1582-10-04",
            "standard",
            &[0.0, 1.0],
            Some(("1582-10-14T00:00:00Z", "1582-10-15T00:00:00Z", Some("P1D"))),
        );
        check(
            "seconds since 2000-01-01",
            "standard",
            &[5.0],
            Some(("2000-01-01T00:00:05Z", "2000-01-01T00:00:05Z", None)),
        );
        check(
            "days since 2000-01-01",
            "standard",
            &[0.0, 366.0, 731.0],
            Some(("2000-01-01T00:00:00Z", "2002-01-01T00:00:00Z", Some("P1Y"))),
        );
        check("days since 2000-01-01", "standard", &[9e6], None);
        check("days since 2000-01-01", "tai", &[9.0], None);
        check("days since 2000-01-01", "standard", &[], None);
    }

    #[test]
    fn durations_are_written_as_iso_8601_wants() {
        assert_eq!(duration(90_061_500_000_000).as_deref(), Some("P1DT1H1M1.500S"));
        assert_eq!(duration(600_000_000_000).as_deref(), Some("PT10M"));
        assert_eq!(duration(0), None);
        assert_eq!(duration(-5), None);
        assert_eq!(duration(100), None);
    }
}
