//! Times as texts.

use weir_cf::Calendar;
use weir_cf::time::DateTime;

/// Dates as ISO 8601 writes them: in universal time and the Gregorian calendar, `2001-02-03T06:00:00Z`, where the calendar is one of
/// clocks and history and all years have four digits, else in their own calendar and without a zone. All are of one calendar.
#[must_use]
pub fn time_labels(dates: &[DateTime]) -> Vec<String> {
    if dates.iter().all(|date| is_gregorian(date.calendar())) {
        let civil: Option<Vec<String>> = dates.iter().map(DateTime::rfc3339).collect();
        if let Some(civil) = civil {
            return civil;
        }
    }
    dates.iter().map(ToString::to_string).collect()
}

/// Whether dates of a calendar can be told in the Gregorian one.
#[must_use]
pub fn is_gregorian(calendar: Calendar) -> bool {
    calendar.is_real() && calendar != Calendar::Tai
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(calendar: Calendar, dates: &[&str], expected: &[&str]) {
        let dates: Vec<DateTime> =
            dates.iter().map(|text| DateTime::parse(text, calendar).unwrap()).collect();
        assert_eq!(time_labels(&dates), expected);
    }

    #[test]
    fn dates_that_everybody_has_are_in_universal_time() {
        check(Calendar::Standard, &["2001-02-03T06:00"], &["2001-02-03T06:00:00Z"]);
        check(
            Calendar::Day360,
            &["2001-02-30", "2001-03-01"],
            &["2001-02-30T00:00:00", "2001-03-01T00:00:00"],
        );
        check(Calendar::NoLeap, &["2001-02-03"], &["2001-02-03T00:00:00"]);
        check(
            Calendar::ProlepticGregorian,
            &["2001-02-03", "12000-01-01"],
            &["2001-02-03T00:00:00", "12000-01-01T00:00:00"],
        );
        check(Calendar::Standard, &[], &[]);
    }
}
