//! Instants and intervals of time (RFC 3339 section 5.6; OGC API - Features section 7.15.4).

use serde_json::Value;
use weir_cf::Calendar;
use weir_cf::time::DateTime;
use weir_plugin_api::Error;

/// Milliseconds of the proleptic Gregorian calendar, counted as `weir-cf` counts days.
pub type Millis = i64;

const NANOS_PER_MILLI: i128 = 1_000_000;

/// Times from `start` to `end`, both included; open where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Interval {
    /// The first.
    pub start: Option<Millis>,
    /// The last.
    pub end: Option<Millis>,
}

impl Interval {
    /// Reads an instant, or `start/end` where one of both may be `..` or empty.
    ///
    /// # Errors
    /// `BadRequest` names the rule that is broken.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let Some((start, end)) = text.split_once('/') else {
            let at = instant(text)?;
            return Ok(Self { start: Some(at), end: Some(at) });
        };
        let open = |text: &str| matches!(text, "" | "..");
        let bound = |text: &str| (!open(text)).then(|| instant(text)).transpose();
        let (start, end) = (bound(start)?, bound(end)?);
        match (start, end) {
            (None, None) => Err(refused(text, "an interval has a start or an end")),
            (Some(start), Some(end)) if start > end => Err(refused(text, "it ends before it starts")),
            _ => Ok(Self { start, end }),
        }
    }

    /// The times of an item's properties: `start_datetime` and `end_datetime`, or `datetime`; `None` where it has none.
    #[must_use]
    pub fn of_item(properties: &Value) -> Option<Self> {
        let at = |key: &str| properties.get(key)?.as_str().and_then(|text| instant(text).ok());
        let (start, end) = (at("start_datetime"), at("end_datetime"));
        if start.is_some() || end.is_some() {
            return Some(Self { start, end });
        }
        at("datetime").map(|at| Self { start: Some(at), end: Some(at) })
    }

    /// Whether two intervals have an instant in common.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        let begins_in_time = |a: Option<Millis>, b: Option<Millis>| match (a, b) {
            (Some(start), Some(end)) => start <= end,
            _ => true,
        };
        begins_in_time(self.start, other.end) && begins_in_time(other.start, self.end)
    }

    /// The shortest interval that has both in it.
    #[must_use]
    pub fn hull(&self, other: &Self) -> Self {
        let both =
            |a: Option<Millis>, b: Option<Millis>, pick: fn(Millis, Millis) -> Millis| Some(pick(a?, b?));
        Self {
            start: both(self.start, other.start, std::cmp::min),
            end: both(self.end, other.end, std::cmp::max),
        }
    }
}

/// Reads one instant, to the millisecond.
///
/// # Errors
/// `BadRequest` where it is no date and time of RFC 3339.
pub fn instant(text: &str) -> Result<Millis, Error> {
    if !has_shape(text.as_bytes()) {
        return Err(refused(
            text,
            "it is no date and time as RFC 3339 writes them, such as 2020-01-31T12:00:00Z",
        ));
    }
    // A leap second is the first one of the next minute, as clocks of computers count.
    let leaps = text.get(17..19) == Some("60");
    let mut plain = text.to_ascii_uppercase();
    if leaps {
        plain.replace_range(17..19, "59");
    }
    let read = DateTime::parse(&plain, Calendar::ProlepticGregorian).and_then(|date| date.instant());
    let nanoseconds = read.map_err(|e| refused(text, &e.to_string()))?;
    let millis = i64::try_from(nanoseconds.div_euclid(NANOS_PER_MILLI)).ok();
    let millis = millis.and_then(|millis| millis.checked_add(if leaps { 1000 } else { 0 }));
    millis.ok_or_else(|| refused(text, "no such time is counted"))
}

/// Writes an instant as RFC 3339 does; `None` outside the years 0 to 9999.
#[must_use]
pub fn text(at: Millis) -> Option<String> {
    let nanoseconds = i128::from(at).checked_mul(NANOS_PER_MILLI)?;
    DateTime::at(Calendar::ProlepticGregorian, nanoseconds).ok()?.rfc3339()
}

/// `date-time` of RFC 3339, but for which numbers are dates.
fn has_shape(text: &[u8]) -> bool {
    let fits = |part: &[u8], shape: &[u8]| {
        part.len() == shape.len()
            && part.iter().zip(shape).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't'),
                other => byte == other,
            })
    };
    let Some((start, rest)) = text.split_at_checked(19) else { return false };
    let fraction = match rest.split_first() {
        Some((b'.', digits)) => {
            digits.iter().take_while(|byte| byte.is_ascii_digit()).count().saturating_add(1)
        }
        _ => 0,
    };
    let zone = rest.get(fraction..).unwrap_or_default();
    let zone_fits = matches!(zone, b"Z" | b"z") || fits(zone, b"+00:00") || fits(zone, b"-00:00");
    fits(start, b"0000-00-00T00:00:00") && fraction != 1 && zone_fits
}

fn refused(text: &str, why: &str) -> Error {
    let shown: String = text.chars().take(100).collect();
    Error::bad_request(format!("datetime is {shown:?}: {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(input: &str, expected: Option<(&str, &str)>) {
        let shown = |bound: Option<Millis>| bound.and_then(text).unwrap_or_else(|| "..".to_owned());
        let got = Interval::parse(input).ok().map(|i| (shown(i.start), shown(i.end)));
        assert_eq!(got, expected.map(|(a, b)| (a.to_owned(), b.to_owned())), "{input}");
    }

    #[test]
    fn datetimes_are_instants_or_intervals() {
        let noon = "2020-01-31T12:00:00Z";
        check(noon, Some((noon, noon)));
        check("2020-01-31t12:00:00z", Some((noon, noon)));
        check("2020-01-31T13:30:00+01:30", Some((noon, noon)));
        check("2020-01-31T12:00:00-00:00", Some((noon, noon)));
        check("2016-12-31T23:59:60Z", Some(("2017-01-01T00:00:00Z", "2017-01-01T00:00:00Z")));
        check("2020-01-31T12:00:00Z/..", Some((noon, "..")));
        check("/2020-01-31T12:00:00Z", Some(("..", noon)));
        check("2019-01-31T12:00:00Z/2020-01-31T12:00:00Z", Some(("2019-01-31T12:00:00Z", noon)));
        for refused in [
            "",
            "/",
            "../..",
            "2020",
            "2020-01-31",
            "2020-01-31T12:00:00",
            "2020-01-31 12:00:00Z",
            "2020-13-31T12:00:00Z",
            "2020-02-30T12:00:00Z",
            "2020-01-31T25:00:00Z",
            "2020-01-31T12:00:00.Z",
            "2020-01-31T12:00:00,5Z",
            "2020-01-31T12:00:00+0100",
            "20-01-31T12:00:00Z",
            "2020-01-31T12:00:00Z/2019-01-31T12:00:00Z",
            "2018-01-31T12:00:00Z/2019-01-31T12:00:00Z/2020-01-31T12:00:00Z",
        ] {
            check(refused, None);
        }
    }

    #[test]
    fn fractions_count_to_the_millisecond() {
        let (whole, part) =
            (instant("2020-01-31T12:00:00Z").unwrap(), instant("2020-01-31T12:00:00.1239Z").unwrap());
        assert_eq!(part - whole, 123);
    }

    #[test]
    fn items_have_the_times_of_their_properties() {
        let of = |json: &str| Interval::of_item(&serde_json::from_str(json).unwrap());
        let at = |text: &str| instant(text).ok();
        let (a, b) = ("2001-01-01T00:00:00Z", "2002-01-01T00:00:00Z");
        assert_eq!(
            of(&format!(r#"{{"datetime":null,"start_datetime":"{a}","end_datetime":"{b}"}}"#)),
            Some(Interval { start: at(a), end: at(b) })
        );
        assert_eq!(of(&format!(r#"{{"datetime":"{b}"}}"#)), Some(Interval { start: at(b), end: at(b) }));
        assert_eq!(of("{}"), None);
    }

    proptest! {
        #[test]
        fn written_instants_are_read_as_the_same(seconds in 63_000_000_000_i64..350_000_000_000) {
            let at = seconds * 1000;
            if let Some(written) = text(at) {
                prop_assert_eq!(instant(&written).unwrap(), at);
            }
        }

        #[test]
        fn intervals_meet_where_the_hull_is_no_longer_than_both(a in 0_i64..100, b in 0_i64..100, c in 0_i64..100, d in 0_i64..100) {
            let of = |x: i64, y: i64| Interval { start: Some(x.min(y)), end: Some(x.max(y)) };
            let (one, other) = (of(a, b), of(c, d));
            let length = |i: Interval| i.end.unwrap() - i.start.unwrap();
            let expected = length(one.hull(&other)) <= length(one) + length(other);
            prop_assert_eq!(one.intersects(&other), expected);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-0-9TZ:./+]{0,50}") {
            let _read_or_refused = Interval::parse(&text);
        }
    }
}
