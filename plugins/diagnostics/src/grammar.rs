//! The small languages of a query: what to select, what to group by, which dimensions to reduce. Nothing of them is evaluated.
//!
//! ```text
//! where     = selection *( ";" selection )
//! selection = name ":" wanted                      wanted: 10/20, 2001-02/2001-05, 47.5, [3], [0:10:2]
//! by        = group *( "," group )
//! group     = name [ "." component / "@" frequency ]
//! frequency = [ digits ] ( "Y" / "M" / "D" / "h" / "min" )
//! rolling   = name ":" digits
//! over      = "*" / name *( "," name )
//! name      = 1*( letter / digit / "_" / "-" / "." / non-ASCII )
//! ```

use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, digit0};
use nom::combinator::{all_consuming, map, map_opt, opt, rest, value};
use nom::multi::separated_list1;
use nom::sequence::{preceded, separated_pair};
use nom::{IResult, Parser, branch::alt};
use weir_plugin_api::Error;

use crate::component::Component;
use crate::periods::{Frequency, Unit};

/// What values are grouped by.
#[derive(Clone, Debug, PartialEq)]
pub enum By {
    /// Equal labels of a coordinate or dimension.
    Label(String),
    /// A part of the dates of a coordinate, or equal labels of one that has the whole name.
    Component(String, Component),
    /// Periods of equal length along a coordinate of times.
    Periods(String, Frequency),
}

/// Which dimensions are reduced.
#[derive(Clone, Debug, PartialEq)]
pub enum Over {
    /// All of them.
    All,
    /// Those of these names.
    Named(Vec<String>),
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || ['_', '-', '.'].contains(&c)
}

fn name(text: &str) -> IResult<&str, String> {
    map(take_while1(is_of_name), str::to_owned).parse(text)
}

fn frequency(text: &str) -> IResult<&str, Frequency> {
    let unit = alt((
        value(Unit::Year, char('Y')),
        value(Unit::Month, char('M')),
        value(Unit::Day, char('D')),
        value(Unit::Minute, tag("min")),
        value(Unit::Hour, char('h')),
    ));
    let count = map_opt(digit0, |digits: &str| if digits.is_empty() { Some(1) } else { digits.parse().ok() });
    map_opt((count, unit), |(count, unit)| Frequency::new(count, unit)).parse(text)
}

/// Reads `by`: what values are grouped by, along a dimension each.
///
/// # Errors
/// `BadRequest` with what can stand there.
pub fn by(text: &str) -> Result<Vec<By>, Error> {
    let periods =
        map(separated_pair(name, char('@'), frequency), |(name, frequency)| By::Periods(name, frequency));
    let plain = map(name, |name| match name.rsplit_once('.') {
        Some((coordinate, part)) => match Component::parse(part) {
            Some(component) => By::Component(coordinate.to_owned(), component),
            None => By::Label(name),
        },
        None => By::Label(name),
    });
    let parsed: IResult<&str, Vec<By>> =
        all_consuming(separated_list1(char(','), alt((periods, plain)))).parse(text);
    parsed.map(|(_, by)| by).map_err(|_refused| {
        let components = Component::names().collect::<Vec<_>>().join(", ");
        Error::bad_request(format!(
            "by is {:?}, but must be a coordinate, a part of its dates ({components}) as in time.month, or periods as in \
             time@1M (Y, M, D, h, min); several along different dimensions with , between",
            shown(text)
        ))
    })
}

/// Reads `over`.
///
/// # Errors
/// `BadRequest`.
pub fn over(text: &str) -> Result<Over, Error> {
    let named = map(separated_list1(char(','), name), Over::Named);
    let parsed = all_consuming(alt((value(Over::All, all_consuming(char('*'))), named))).parse(text);
    parsed.map(|(_, over)| over).map_err(|_refused| {
        Error::bad_request(format!(
            "over is {:?}, but must be names of dimensions as in lat,lon, or * for all",
            shown(text)
        ))
    })
}

/// Reads `where`: names, and what is wanted of each, as [`Wanted`](weir_selection::Wanted) reads it.
///
/// # Errors
/// `BadRequest`.
pub fn selections(text: &str) -> Result<Vec<(String, String)>, Error> {
    let mut found = Vec::new();
    for part in text.split(';').filter(|part| !part.is_empty()) {
        let wanted = preceded(opt(char(' ')), rest);
        let parsed: IResult<&str, (String, &str)> =
            separated_pair(name, char(':'), wanted).parse(part.trim());
        let (_, (name, wanted)) = parsed.map_err(|_refused| {
            Error::bad_request(format!(
                "{:?} is no selection; write a coordinate and what is wanted of it, as in lat:-30/30 or time:2001-02",
                shown(part)
            ))
        })?;
        found.push((name, wanted.to_owned()));
    }
    Ok(found)
}

/// Reads `rolling`: a dimension, and how many indices a window has.
///
/// # Errors
/// `BadRequest`.
pub fn window(text: &str) -> Result<(String, usize), Error> {
    let length = map_opt(digit0, |digits: &str| digits.parse().ok().filter(|length: &usize| *length > 0));
    let parsed: IResult<&str, (String, usize)> =
        all_consuming(separated_pair(name, char(':'), length)).parse(text);
    parsed.map(|(_, window)| window).map_err(|_refused| {
        Error::bad_request(format!(
            "rolling is {:?}, but must be a dimension and the length of the window, as in time:5",
            shown(text)
        ))
    })
}

/// What a message shows of what was written.
pub fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn groups_are_read() {
        let check = |text: &str, expected: Option<By>| {
            assert_eq!(by(text).ok(), expected.map(|one| vec![one]), "{text}");
        };
        check("time.month", Some(By::Component("time".into(), Component::Month)));
        check("a.b.year", Some(By::Component("a.b".into(), Component::Year)));
        check("region", Some(By::Label("region".into())));
        check("a.b", Some(By::Label("a.b".into())));
        let months = Frequency::new(3, Unit::Month).unwrap();
        check("time@3M", Some(By::Periods("time".into(), months)));
        check("time@M", Some(By::Periods("time".into(), Frequency::new(1, Unit::Month).unwrap())));
        check("time@10min", Some(By::Periods("time".into(), Frequency::new(10, Unit::Minute).unwrap())));
        let two = by("time.month,time@3M").unwrap();
        assert_eq!(two, [By::Component("time".into(), Component::Month), By::Periods("time".into(), months)]);
        for wrong in [
            "",
            "time.month,",
            "time@",
            "time@0M",
            "time@1X",
            "time@99999999999999M",
            "time.month'",
            "__import__('os')",
            "a b",
            "a;b",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn dimensions_are_read() {
        let check = |text: &str, expected: Option<Over>| assert_eq!(over(text).ok(), expected, "{text}");
        check("*", Some(Over::All));
        check("lat,lon", Some(Over::Named(vec!["lat".into(), "lon".into()])));
        for wrong in ["", "lat,", "*,lat", "lat lon", "lat(", "'lat'"] {
            check(wrong, None);
        }
    }

    #[test]
    fn windows_are_read() {
        assert_eq!(window("time:5").unwrap(), ("time".to_owned(), 5));
        for wrong in ["time", "time:", "time:0", "time:-1", "time:99999999999999999999", "time:5)", ":5"] {
            assert!(window(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn selections_are_read() {
        let pair = |name: &str, wanted: &str| (name.to_owned(), wanted.to_owned());
        assert_eq!(
            selections("lat:-30/30;time:2001-02").unwrap(),
            [pair("lat", "-30/30"), pair("time", "2001-02")]
        );
        assert_eq!(selections("time:2001-02-03T00:00").unwrap(), [pair("time", "2001-02-03T00:00")]);
        assert_eq!(selections("").unwrap(), []);
        for wrong in ["lat", ":3", "la t:3", "lat(3)", "os.system('x'):1"] {
            assert!(selections(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer_or_an_error(text in "\\PC{0,40}") {
            let _ = (by(&text), over(&text), selections(&text));
        }
    }
}
