//! Filters as a whole: the ways to write them, and what they hold for.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::search::record::Words;

fn record() -> Record {
    let item = json!({
        "collection": "c1", "bbox": [10.0, 20.0, 30.0, 40.0],
        "properties": {
            "datetime": null, "start_datetime": "2001-01-01T00:00:00Z", "end_datetime": "2002-01-01T00:00:00Z",
            "title": "Sea 10% of it", "level": 4, "good": true, "variables": ["sst", "ice"], "created": "2020-05-05T00:00:00Z",
            "proj:code": "EPSG:4326"
        }
    });
    Record::of(&item, &mut Words::default())
}

fn check(filter: &str, expected: Option<bool>) {
    let read = match filter.starts_with('{') {
        true => Filter::from_json(&serde_json::from_str(filter).unwrap()),
        false => Filter::parse(filter),
    };
    let got = read.map(|filter| filter.holds("d1", &record()));
    assert_eq!(got.as_ref().ok().copied(), expected, "{filter}: {got:?}");
}

#[test]
fn properties_are_compared() {
    for holds in [
        "level = 4",
        "level <> 5",
        "level < 4.5 AND level > 3.5e0",
        "properties.level >= 4",
        "id = 'd1'",
        "\"proj:code\" = 'EPSG:4326'",
        "proj:code = 'EPSG:4326'",
        "good = true",
        "level = 5 OR good = true",
        "NOT level = 5",
        "(level = 5 or level = 4) and not (title = 'x')",
        "level BETWEEN 3 AND 5",
        "level NOT BETWEEN 5 AND 6",
        "level IN (1, 4)",
        "title NOT IN ('a', 'b')",
        "none IS NULL",
        "title IS NOT NULL",
        "created > TIMESTAMP('2020-01-01T00:00:00Z')",
        "created = DATE('2020-05-05')",
        "datetime = TIMESTAMP('2001-01-01T00:00:00Z')",
        "start_datetime < '2001-06-01T00:00:00Z'",
        "end_datetime >= TIMESTAMP('2002-01-01T00:00:00Z')",
        "CASEI(title) = CASEI('SEA 10% OF IT')",
        "collection = 'c1'",
        "true",
    ] {
        check(holds, Some(true));
    }
    for does_not in [
        "level = 5",
        "level = '4'",
        "none = 1",
        "NOT none = 1",
        "none <> 1",
        "title < 'A'",
        "good = false",
        "false",
    ] {
        check(does_not, Some(false));
    }
}

#[test]
fn texts_fit_patterns() {
    for (pattern, expected) in [
        ("Sea%", true),
        ("sea%", false),
        ("%of it", true),
        ("S_a%", true),
        ("%10\\%%", true),
        ("%10\\% of", false),
        ("%", true),
        ("%%a%a%", false),
        ("", false),
    ] {
        check(&format!("title LIKE '{pattern}'"), Some(expected));
        check(&format!("title NOT LIKE '{pattern}'"), Some(!expected));
    }
    check("CASEI(title) LIKE CASEI('SEA%')", Some(true));
    check("level LIKE '4'", Some(false));
}

#[test]
fn places_times_and_lists_are_compared() {
    for (filter, expected) in [
        ("S_INTERSECTS(geometry, BBOX(0, 0, 10, 20))", true),
        ("S_INTERSECTS(geometry, POLYGON((0 0, 15 0, 15 25, 0 0)))", true),
        ("S_INTERSECTS(geometry, POINT(50 50))", false),
        ("S_INTERSECTS(geometry, MULTIPOINT(50 50, 15 25))", true),
        ("S_INTERSECTS(geometry, MULTIPOINT((50 50), (15 25)))", true),
        ("S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(50 50), LINESTRING(0 0, 40 40)))", true),
        ("T_INTERSECTS(datetime, INTERVAL('2001-06-01T00:00:00Z', '..'))", true),
        ("T_INTERSECTS(INTERVAL(start_datetime, end_datetime), INTERVAL('2003-06-01', '2004-06-01'))", false),
        ("T_BEFORE(datetime, TIMESTAMP('2003-01-01T00:00:00Z'))", true),
        ("T_AFTER(datetime, DATE('2000-01-01'))", true),
        ("T_DURING(datetime, INTERVAL('2000-01-01', '2004-06-01'))", true),
        ("T_DISJOINT(datetime, INTERVAL('2000-01-01', '2004-06-01'))", false),
        ("T_AFTER(created, DATE('2020-01-01'))", true),
        ("A_CONTAINS(variables, ('sst'))", true),
        ("A_CONTAINS(variables, ('sst', 'none'))", false),
        ("A_OVERLAPS(variables, ('sst', 'none'))", true),
        ("A_EQUALS(variables, ('ice', 'sst'))", true),
        ("A_CONTAINEDBY(variables, ('ice'))", false),
    ] {
        check(filter, Some(expected));
    }
}

#[test]
fn json_says_the_same_as_text() {
    check(
        r#"{"op":"and","args":[{"op":"=","args":[{"property":"level"},4]},{"op":"like","args":[{"property":"title"},"Sea%"]}]}"#,
        Some(true),
    );
    check(r#"{"op":"in","args":[{"property":"id"},["d0","d1"]]}"#, Some(true));
    check(r#"{"op":"<","args":[{"property":"datetime"},{"timestamp":"2001-01-01T00:00:01Z"}]}"#, Some(true));
    check(r#"{"op":"not","args":[{"op":"isNull","args":[{"property":"level"}]}]}"#, Some(true));
    check(
        r#"{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":[15,25]}]}"#,
        Some(true),
    );
    check(r#"{"op":"a_contains","args":[{"property":"variables"},["ice"]]}"#, Some(true));
    check(r#"{"op":"between","args":[{"property":"level"},3,5]}"#, Some(true));
    // As drafts of CQL2 had it.
    check(r#"{"op":"between","args":[{"property":"level"},[3,5]]}"#, Some(true));
    check(r#"{"op":"not","args":[{"op":"between","args":[{"property":"level"},[3,5]]}]}"#, Some(false));
    check(r#"{"op":"between","args":[{"property":"level"},[3]]}"#, None);
}

#[test]
fn properties_that_no_item_has_are_null() {
    for (filter, expected) in [
        ("eo:cloud_cover >= 5 AND eo:cloud_cover < 10", false),
        ("eo:cloud_cover NOT BETWEEN 0 AND 50", false),
        ("eo:cloud_cover BETWEEN 0 AND 50", false),
        ("mission NOT LIKE 'sentinel%'", false),
        ("eo:cloud_cover > 50 OR (eo:cloud_cover IS NULL AND mission IS NULL)", true),
    ] {
        check(filter, Some(expected));
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    for filter in [
        "",
        "level",
        "level =",
        "level = 4 and",
        "level = 4 level",
        "(level = 4",
        "level == 4",
        "level = 4 + 1",
        "title LIKE 4",
        "'open",
        "level BETWEEN 1 OR 2",
        "S_INTERSECTS(geometry, POLYGON((0 0, 1 1)))",
        "S_TOUCHES(geometry, POINT(1 2))",
        "S_INTERSECTS(level, POINT(1 2))",
        "no_such(level, 4)",
        "level NOT = 4",
        "datetime > TIMESTAMP('yesterday')",
        r#"{"op":"=","args":[{"property":"level"}]}"#,
        r#"{"op":"=","args":[{"property":"level"},null]}"#,
        r#"{"args":[]}"#,
        r#"{"op":"and","args":[]}"#,
    ] {
        check(filter, None);
    }
    check(&format!("{}level = 4{}", "(".repeat(100), ")".repeat(100)), None);
    check(&format!("{}level = 4", "not ".repeat(1000)), None);
    check(&format!("a = {}1{}", "(".repeat(1000), ")".repeat(1000)), None);
}

#[test]
fn conditions_of_the_query_extension_hold_together() {
    let check = |query: &str, expected: Option<bool>| {
        let read = Filter::from_query(&serde_json::from_str(query).unwrap());
        assert_eq!(read.ok().map(|filter| filter.holds("d1", &record())), expected, "{query}");
    };
    check(r#"{"level":{"gt":3,"lte":4},"properties.good":{"eq":true}}"#, Some(true));
    check(r#"{"level":{"gte":3,"lt":4}}"#, Some(false));
    check(r#"{"title":{"startsWith":"Sea 10%","endsWith":"it","contains":"%"}}"#, Some(true));
    check(r#"{"title":{"startsWith":"%"}}"#, Some(false));
    check(r#"{"variables":{"contains":"ice"}}"#, Some(true));
    check(r#"{"level":{"in":[3,4]},"id":{"neq":"d2"}}"#, Some(true));
    check(r#"{"variables":{"in":["ice","none"]}}"#, Some(true));
    check(r#"{"variables":{"in":["none"]}}"#, Some(false));
    check(r#"{"level":{"gt":"3","lte":"4.0"}}"#, Some(true));
    check(r#"{"level":{"gt":"4"}}"#, Some(false));
    check(r#"{"level":{"neq":"5"}}"#, Some(true));
    check(r#"{"level":{"neq":"4"}}"#, Some(false));
    check(r#"{"level":{"in":["3","4"]}}"#, Some(true));
    check(r#"{"level":{"eq":"four"}}"#, Some(false));
    check(r#"{"level":{"lt":"inf"}}"#, Some(false));
    check(r#"{"id":{"eq":"d1"}}"#, Some(true));
    check(r#"{"level":4}"#, None);
    check(r#"{"level":{"about":4}}"#, None);
    check(r#"{"title":{"startsWith":4}}"#, None);
    check("[]", None);
    check("{}", Some(true));
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[a-c0-9 ()'\",.<>=%_-]{0,40}|(not |and |or |in |like |between |is |null|level|'a'|[(]|[)]|=|4|,| ){0,20}") {
        if let Ok(filter) = Filter::parse(&text) {
            let _held = filter.holds("d1", &record());
        }
    }

    #[test]
    fn patterns_fit_as_the_plain_definition_says(pattern in "[ab%_]{0,6}", text in "[ab]{0,6}") {
        fn fits(pattern: &[char], text: &[char]) -> bool {
            match (pattern.split_first(), text.split_first()) {
                (None, None) => true,
                (Some(('%', rest)), None) => fits(rest, text),
                (Some(('%', rest)), Some((_, behind))) => fits(rest, text) || fits(pattern, behind),
                (Some(('_', rest)), Some((_, behind))) => fits(rest, behind),
                (Some((plain, rest)), Some((character, behind))) => plain == character && fits(rest, behind),
                _ => false,
            }
        }
        let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
        prop_assert_eq!(Pattern::new(&pattern).fits(&text), fits(&p, &t));
    }
}
