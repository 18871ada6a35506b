//! `/datasets/{id}/diagnostics/progress?…`: how far the computation is that a query asks for.

use maud::{DOCTYPE, html};
use serde_json::json;
use weir_plugin_api::{Error, Request, Response, form};

use crate::computations::{Computations, State};
use crate::grammar::shown;

/// By what a computation is known: its dataset in its state, and what is computed, in whatever format and order it is written.
///
/// `None` where nobody can say that the data is still the same: then nothing is shared.
#[must_use]
pub fn key(dataset: &str, generation: &str, pairs: &[(String, String)]) -> Option<String> {
    let mut pairs: Vec<&(String, String)> = pairs.iter().collect();
    pairs.sort();
    (!generation.ends_with('~')).then(|| format!("{dataset}\0{generation}\0{pairs:?}"))
}

/// What a query asks to be computed, decoded; without the format.
///
/// # Errors
/// `BadRequest` for what is no text.
pub fn pairs(query: &str) -> Result<Vec<(String, String)>, Error> {
    let decoded = |(name, value): (&str, &str)| {
        let value = form::decoded(value);
        value
            .map(|value| (name.to_owned(), value))
            .map_err(|_refused| Error::bad_request(format!("{name} is no text")))
    };
    form::pairs(query).filter(|(name, _)| *name != "format").map(decoded).collect()
}

/// What a request for `variable/coordinate/action` asks to be computed, in the words of the query form.
#[must_use]
pub fn groupby_pairs(rest: &str, part: Option<&str>) -> Vec<(String, String)> {
    let mut words = rest.rsplitn(3, '/');
    let names = ["action", "by", "variable"].into_iter();
    let pairs = names.filter_map(|name| Some((name.to_owned(), words.next()?.to_owned())));
    pairs.chain(part.map(|part| ("q".to_owned(), part.to_owned()))).collect()
}

/// The answer: how far a computation is, as JSON, or as a page that a browser asks for again every two seconds.
///
/// # Errors
/// `BadRequest` for another format.
pub fn answer(
    request: &Request<'_>,
    computations: &Computations,
    key: Option<&str>,
) -> Result<Response, Error> {
    let state = key.and_then(|key| computations.state(key));
    let said = form::pairs(request.query()).find(|(name, _)| *name == "format").map(|(_, format)| format);
    let wants_page = match said {
        None => request.header("accept").is_some_and(|accept| accept.contains("text/html")),
        Some("html") => true,
        Some("json") => false,
        Some(other) => {
            let other = shown(other);
            return Err(Error::bad_request(format!(
                "format {other:?} is not known; there are json and html"
            )));
        }
    };
    let response = if wants_page {
        Response::full("text/html", page(state).into_bytes())
            .header("content-security-policy", "default-src 'none'")
            .header("refresh", "2")
    } else {
        Response::full("application/json", document(state).into_bytes())
    };
    Ok(response.header("Cache-Control", "no-store").header("Vary", "Accept"))
}

fn document(state: Option<State>) -> String {
    match state {
        None => json!({"state": "idle"}).to_string(),
        Some(State { done, planned, lasts }) => {
            json!({"state": "computing", "blocks_done": done, "blocks": planned, "seconds": lasts.as_secs_f64()}).to_string()
        }
    }
}

fn page(state: Option<State>) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Progress" }
            }
            body {
                h1 { "Progress" }
                @match state {
                    None => p role="status" { "Nobody computes this now: it has not begun, or it is done." },
                    Some(State { done, planned, lasts }) => {
                        label for="blocks" { "Blocks that are read and added up" }
                        " " progress id="blocks" max=(planned.max(1)) value=(done) {}
                        p role="status" { (done) " of " (planned) " after " (lasts.as_secs()) " seconds" }
                    }
                }
            }
        }
    }
    .into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_known_by_the_same() {
        let check = |rest: &str, part: Option<&str>, query: &str| {
            let asked = pairs(query).unwrap();
            assert_eq!(key("d", "1", &groupby_pairs(rest, part)), key("d", "1", &asked), "{rest}");
        };
        check("tas/time.month/mean", None, "action=mean&by=time.month&variable=tas&format=csv");
        check("a/b/lat/quantile", Some("0.9"), "q=0.9&variable=a%2Fb&by=lat&action=quantile");
        assert_eq!(key("d", "1~", &[]), None);
        assert_ne!(key("d", "1", &[]), key("d", "2", &[]));
    }

    #[test]
    fn states_are_told() {
        let state = State { done: 3, planned: 8, lasts: std::time::Duration::from_millis(1500) };
        assert_eq!(
            document(Some(state)),
            r#"{"state":"computing","blocks_done":3,"blocks":8,"seconds":1.5}"#
        );
        assert!(page(Some(state)).contains("3 of 8 after 1 seconds") && page(None).contains("Nobody"));
    }
}
