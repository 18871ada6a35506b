//! Pages as a whole: what is on them, and that walking from one to the next finds each item once.

use proptest::prelude::*;
use serde_json::json;

use super::super::record::Words;
use super::*;

/// Items `d000`, `d001`, ... whose places, times and levels depend on their number.
fn records(count: usize) -> Records {
    let mut words = Words::default();
    let item = |number: usize| {
        let west = (number * 7) % 360;
        let mut properties = json!({"datetime": format!("20{:02}-01-01T00:00:00Z", number % 50 + 1)});
        if !number.is_multiple_of(5) {
            properties["level"] = json!(number % 4 + 1);
        }
        json!({
            "collection": format!("c{}", number % 3 + 1),
            "bbox": [west as f64 - 180.0, 1.0, (west as f64 - 179.0).min(180.0), 2.0],
            "properties": properties,
        })
    };
    let mut record = |number| (format!("d{number:03}").into(), Record::of(&item(number), &mut words));
    (0..count).map(&mut record).collect()
}

fn walk(records: &Records, query: &str) -> (Vec<String>, usize) {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = page(records, &Wanted::from_query(&format!("{query}&{token}")).unwrap());
        all.extend(page.ids);
        match page.next {
            Some(next) => token = format!("token={}", next.text()),
            None => return (all, page.matched),
        }
    }
}

fn check(query: &str, expected: &[&str]) {
    let (got, matched) = walk(&records(30), query);
    assert_eq!(got, expected, "{query}");
    assert_eq!(matched, expected.len(), "{query}");
}

#[test]
fn searches_find_what_they_ask_for() {
    check("ids=d003,d001,none", &["d001", "d003"]);
    check("collections=c2&limit=4&datetime=2020-01-01T00:00:00Z/..", &["d019", "d022", "d025", "d028"]);
    check("bbox=-180,0,-165,5", &["d000", "d001", "d002"]);
    check("bbox=165,0,-165,5", &["d000", "d001", "d002"]);
    check("datetime=2003-01-01T00:00:00Z", &["d002"]);
    check("filter=level=4%20and%20collection='c1'", &["d003", "d027"]);
    check("filter=level=4%20and%20collection='c1'&sortby=-id", &["d027", "d003"]);
    check(r#"intersects={"type":"Point","coordinates":[-172.5,1.5]}"#, &["d001"]);
    check("collections=none", &[]);
    check("ids=d000,d001,d002,d006&sortby=-level,id&limit=2", &["d002", "d006", "d001", "d000"]);
    check("ids=d000,d001,d002,d006&sortby=level,-id&limit=3", &["d001", "d006", "d002", "d000"]);
}

#[test]
fn tokens_of_other_orders_are_refused() {
    let token = page(&records(9), &Wanted::from_query("limit=2&sortby=level").unwrap()).next.unwrap().text();
    assert!(Wanted::from_query(&format!("sortby=-level&token={token}")).is_ok());
    assert!(Wanted::from_query(&format!("token={token}")).is_err());
    for other in ["", "e30", "W10", "WzFd", "WyJhIix7fV0", "W1s"] {
        assert!(Token::parse(other).is_err(), "{other}");
    }
}

proptest! {
    #[test]
    fn walking_finds_each_item_once(
        count in 0_usize..60, limit in 1_usize..20, sort in prop::sample::select(vec!["", "level", "-level,collection", "-datetime", "none", "-id"]),
    ) {
        let records = records(count);
        let (mut found, matched) = walk(&records, &format!("limit={limit}&sortby={sort}"));
        prop_assert_eq!(matched, count);
        found.sort();
        prop_assert_eq!(found, records.keys().map(ToString::to_string).collect::<Vec<_>>());
    }

    #[test]
    fn what_stays_is_found_once_while_others_come_and_go(gone in 0_usize..40, limit in 1_usize..9, sort in prop::sample::select(vec!["", "level", "-level"])) {
        let mut records = records(40);
        let query = format!("limit={limit}&sortby={sort}");
        let first = page(&records, &Wanted::from_query(&query).unwrap());
        let leaving: std::sync::Arc<str> = format!("d{gone:03}").into();
        records.remove(&leaving);
        let rest = match first.next {
            Some(next) => {
                let query = format!("{query}&token={}", next.text());
                let (rest, _) = walk_from(&records, &query);
                rest
            }
            None => Vec::new(),
        };
        let mut all: Vec<String> = first.ids.into_iter().chain(rest).filter(|id| **id != *leaving).collect();
        all.sort();
        prop_assert_eq!(all, records.keys().map(ToString::to_string).collect::<Vec<_>>());
    }

    #[test]
    fn tokens_are_read_as_they_were_written(id in ".{0,9}", number in any::<f64>(), at in any::<i64>(), text in ".{0,9}") {
        prop_assume!(number.is_finite());
        let values = vec![Sorted::Number(number), Sorted::Instant(at), Sorted::Text(text), Sorted::Missing, Sorted::Truth(true)];
        let token = Token { id, values };
        prop_assert_eq!(Token::parse(&token.text()).unwrap(), token);
    }

    #[test]
    fn any_token_is_read_or_refused(text in "[A-Za-z0-9_-]{0,20}") {
        let _read_or_refused = Token::parse(&text);
    }
}

/// Walks from a query that has a token already.
fn walk_from(records: &Records, query: &str) -> (Vec<String>, usize) {
    let first = page(records, &Wanted::from_query(query).unwrap());
    let Some(next) = &first.next else { return (first.ids, first.matched) };
    let (before, _) = query.split_once("&token=").unwrap();
    let (rest, matched) = walk_from(records, &format!("{before}&token={}", next.text()));
    (first.ids.into_iter().chain(rest).collect(), matched)
}
