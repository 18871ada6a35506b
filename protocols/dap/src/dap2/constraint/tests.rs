//! Tests of the parser of constraint expressions.

use super::*;
use proptest::prelude::*;

fn check(query: &str, expected: &str) {
    let written = |index: &Index| match index.stop {
        Some(stop) => format!("[{}:{}:{stop}]", index.start, index.step),
        None => format!("[{}:{}:*]", index.start, index.step),
    };
    let got = match Constraint::parse(query) {
        Ok(constraint) => {
            let parts = constraint.projections.iter().map(|projection| {
                let indices: String = projection.indices.iter().map(written).collect();
                format!("{}@{}{indices}", projection.name, projection.byte)
            });
            parts.collect::<Vec<_>>().join(" ")
        }
        Err(fault) => fault.to_string(),
    };
    assert_eq!(got, expected, "{query}");
}

#[test]
fn projections() {
    check("", "");
    check("&", "");
    check("t", "t@0");
    check("t,lat,lon&", "t@0 lat@2 lon@6");
    check("t[3]", "t@0[3:1:3]");
    check("t[0:2:9][1:2]", "t@0[0:2:9][1:1:2]");
    check("lat[1:2],lon[0:0]", "lat@0[1:1:2] lon@9[0:1:0]");
    check("t[][*][2:*][1:3:*]", "t@0[0:1:*][0:1:*][2:1:*][1:3:*]");
    check("a.b[1]", "a.b@0[1:1:1]");
}

#[test]
fn escapes_of_every_depth() {
    check("t%5b0%5d", "t@0[0:1:0]");
    check("t%5B0%3a2%3A9%5D%2Clat", "t@0[0:2:9] lat@9");
    check("a%2520b%255b1%255d", "a b@0[1:1:1]");
    check("t%25255b1%25255d", "t@0[1:1:1]");
}

#[test]
fn faults_name_byte_and_token() {
    check("t[x]", "expected an index, \"*\" or \"]\" at byte 2 of the constraint, found \"x]\"");
    check("t[0:1", "expected \"]\" or \":\" at byte 5 of the constraint, found the end");
    check("t[1:]", "expected an index or \"*\" at byte 4 of the constraint, found \"]\"");
    check("t[1:*:2]", "expected a step at byte 4 of the constraint, found \"*:2]\"");
    check("t[-1]", "expected an index, \"*\" or \"]\" at byte 2 of the constraint, found \"-1]\"");
    check("t[+1]", "expected an index, \"*\" or \"]\" at byte 2 of the constraint, found \"+1]\"");
    check("t,", "expected a variable name, \"[\", \",\" or the end at byte 1 of the constraint, found \",\"");
    check("t]", "expected a variable name, \"[\", \",\" or the end at byte 1 of the constraint, found \"]\"");
    check(
        ",t",
        "expected a variable name, \"[\", \",\" or the end at byte 0 of the constraint, found \",t\"",
    );
    check(
        "t[99999999999999999999]",
        "the number \"99999999999999999999\" at byte 2 of the constraint exceeds 64 bits",
    );
    check("%ff", "byte 0 of the decoded constraint is not utf-8");
}

#[test]
fn selections_and_functions_are_refused_as_such() {
    let selection = "selections apply to sequences, and this dataset has none: found";
    check("t&lat>10", &format!("{selection} \"&lat>10\" at byte 1 of the constraint"));
    check("c%3e3", &format!("{selection} \">3\" at byte 1 of the constraint"));
    check("&c!=3", &format!("{selection} \"&c!=3\" at byte 0 of the constraint"));
    check("f(t)", "server functions are not available: found \"(t)\" at byte 1 of the constraint");
}

#[test]
fn indices_are_checked_against_the_axis() {
    let check = |start, step, stop, length, expected: &str| {
        let got = match (Index { start, step, stop }).stride(1, length) {
            Ok(stride) => format!("{} {} {}", stride.start, stride.step, stride.count),
            Err(misfit) => misfit.to_string(),
        };
        assert_eq!(got, expected);
    };
    check(0, 2, Some(9), 10, "0 2 5");
    check(10, 3, Some(21), 180, "10 3 4");
    check(2, 3, None, 10, "2 3 3");
    check(0, 1, None, 0, "0 1 0");
    check(0, 2, Some(10), 10, "axis 1 is asked for index 10, but its length is 10");
    check(3, 1, None, 3, "axis 1 is asked for index 3, but its length is 3");
    check(2, 1, None, 0, "axis 1 is asked for index 2, but its length is 0");
    check(5, 1, Some(1), 10, "axis 1 selects no index; steps must be at least 1");
    check(0, 0, Some(1), 10, "axis 1 selects no index; steps must be at least 1");
}

proptest! {
    #[test]
    fn nothing_makes_the_parser_panic(query in "\\PC{0,60}") {
        let _ = Constraint::parse(&query).map_err(|fault| fault.to_string());
    }

    #[test]
    fn brackets_of_any_kind_neither(query in "[t,0-9:*&%\\[\\]25bBdD]{0,40}") {
        let _ = Constraint::parse(&query).map_err(|fault| fault.to_string());
    }

    #[test]
    fn what_is_written_is_what_is_parsed(
        parts in prop::collection::vec(("[a-z_.]{1,8}", prop::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 0..4)), 1..5),
        depth in 0_u32..4,
    ) {
        let one = |(name, indices): &(String, Vec<(u64, u64, u64)>)| {
            let indices: String = indices.iter().map(|(a, s, b)| format!("[{a}:{s}:{b}]")).collect();
            format!("{name}{indices}")
        };
        let mut query = parts.iter().map(one).collect::<Vec<_>>().join(",");
        for layer in 0..depth {
            query = if layer == 0 { query.replace('[', "%5b").replace(':', "%3A") } else { query.replace('%', "%25") };
        }
        let constraint = Constraint::parse(&query).unwrap();
        prop_assert_eq!(constraint.projections.len(), parts.len());
        for (projection, (name, indices)) in constraint.projections.iter().zip(&parts) {
            prop_assert_eq!(&projection.name, name);
            let got: Vec<_> = projection.indices.iter().map(|i| (i.start, i.step, i.stop.unwrap())).collect();
            prop_assert_eq!(&got, indices);
        }
    }
}
