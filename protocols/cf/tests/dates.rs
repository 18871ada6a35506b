//! Times compared with `cftime` and xarray, from files that `make_dates.py` writes.
//!
//! `WEIR_CF_DATES` may name a larger file than those that lie here.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use weir_cf::Calendar;
use weir_cf::time::{Conversion, DateTime, Number, TimeUnits};

const DATES: [&str; 2] = [include_str!("dates_1.txt"), include_str!("dates_2.txt")];

/// A number as the file writes it.
fn number(text: &str) -> Number {
    text.parse().map_or_else(|_| Number::Real(text.parse().unwrap()), Number::Integer)
}

/// The same type and the same bits: `-0.0` is another number than `0.0`, but the same time.
fn same(a: Number, b: Number) -> bool {
    match (a, b) {
        (Number::Integer(a), Number::Integer(b)) => a == b,
        (Number::Real(a), Number::Real(b)) => a == b,
        _ => false,
    }
}

/// What is said of one line where it is not as the other package has it.
fn difference(units: Option<TimeUnits>, calendar: Calendar, line: &str) -> Option<String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let got = match fields[..] {
        ["xarray", value, date] => {
            by_xarray(units.unwrap().decode(number(value)).unwrap(), number(value), date)
        }
        ["convert", other, value, result] => {
            let to = TimeUnits::parse(other, calendar).unwrap();
            let got = Conversion::between(units.unwrap(), to).unwrap().number(number(value)).unwrap();
            (!same(got, number(result))).then(|| format!("{got:?}"))
        }
        [value, date, back] => decoded(units, (value, date, back)),
        _ => panic!("{line:?} is not understood"),
    };
    got.map(|got| format!("{line}: {got}"))
}

/// xarray rounds doubles to nanoseconds where `cftime` rounds them to microseconds; of integers it loses nothing.
fn by_xarray(got: DateTime, value: Number, date: &str) -> Option<String> {
    let theirs = DateTime::parse(date, got.calendar()).unwrap();
    let off = (got.instant().unwrap() - theirs.instant().unwrap()).abs();
    let most = if matches!(value, Number::Integer(_)) { 0 } else { 1500 };
    (off > most).then(|| format!("{got}, off by {off} ns"))
}

fn decoded(units: Option<TimeUnits>, (value, date, back): (&str, &str, &str)) -> Option<String> {
    let value = number(value);
    let got = units.and_then(|units| units.decode(value).ok());
    let written = got.map_or_else(|| "!".to_owned(), |got| got.to_string());
    if written != date {
        return Some(written);
    }
    let expected = if back == "=" { value } else { number(back) };
    let again = units.zip(got).map(|(units, got)| units.encode(&got).unwrap());
    again.filter(|again| !same(*again, expected)).map(|again| format!("{again:?}"))
}

/// How many lines of each kind agreed; every one that did not.
fn compare(text: &str) -> (usize, Vec<String>) {
    let (mut agreed, mut differences) = (0, Vec::new());
    let (mut units, mut calendar, mut heading) = (None, Calendar::Standard, "");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("units\t") {
            let (name, written) = rest.split_once('\t').unwrap();
            (calendar, heading) = (Calendar::parse(name).unwrap(), rest);
            units = TimeUnits::parse(written, calendar).ok();
            continue;
        }
        match difference(units, calendar, line) {
            None => agreed += 1,
            Some(difference) => differences.push(format!("{heading}: {difference}")),
        }
    }
    (agreed, differences)
}

#[test]
fn times_are_those_of_cftime_and_xarray() {
    let larger = std::env::var("WEIR_CF_DATES").ok().map(|path| std::fs::read_to_string(path).unwrap());
    let (agreed, differences) = compare(&larger.unwrap_or_else(|| DATES.concat()));
    let shown: Vec<&String> = differences.iter().take(30).collect();
    assert!(differences.is_empty(), "{agreed} agree, {} do not: {shown:#?}", differences.len());
    assert!(agreed >= 3000, "only {agreed} times were compared");
    println!("{agreed} times agree");
}

#[test]
fn a_wrong_date_would_be_seen() {
    let text =
        "units\tstandard\tdays since 2000-01-01\n1\t2000-01-03T00:00:00\t=\n1\t2000-01-02T00:00:00\t1.0\n";
    let (agreed, differences) = compare(text);
    assert_eq!((agreed, differences.len()), (0, 2), "{differences:?}");
}
