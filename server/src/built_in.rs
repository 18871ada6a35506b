//! What the server itself answers: its datasets, its health, its plugins.

use std::fmt::Write as _;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};
use weir_plugin_api::{Error, Parameter, Route};

use crate::plugins::Plugins;
use crate::services::SiteServices;

/// The paths that the server keeps for itself.
pub const ROUTES: &[&str] = &["/", "/datasets", "/health", "/plugins"];

/// The same, as routes that say what they are for.
pub fn routes() -> Vec<Route> {
    let json = ["application/json"].as_slice();
    let described = |&pattern: &&str| {
        let route = Route::get(pattern);
        match pattern {
            "/" => route.summary("what the server serves").answers(200, &["text/plain"], "a list of routes"),
            "/datasets" => route
                .summary("the ids of datasets, in pages")
                .parameter(Parameter::query("prefix", "what the ids begin with"))
                .parameter(Parameter::query("after", "the id behind which the page begins"))
                .parameter(
                    Parameter::query("limit", "how many ids at most")
                        .schema(r#"{"type":"integer","minimum":1,"maximum":10000,"default":1000}"#),
                )
                .answers(200, json, "the ids; the header Link names the next page")
                .answers(400, json, "a limit that is no number from 1 to 10000"),
            "/health" => route.summary("whether the server is well").answers(200, json, "what is not"),
            _ => route.summary("the plugins that serve").answers(200, json, "versions, routes and counters"),
        }
    };
    ROUTES.iter().map(described).collect()
}

/// A page of the server's own: media type, where the next page is, and body.
pub struct Page {
    /// The media type.
    pub media_type: &'static str,
    /// The header `Link`, where the page is a part of a list that goes on.
    pub link: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// The page at `path`, if it is one of the server's own; `query` is as the client sent it, and `waiting` how many requests wait
/// for datasets to change.
///
/// # Errors
/// `BadRequest` where the query asks for no part of the list of datasets.
pub fn page(
    (path, query): (&str, &str),
    (services, plugins): (&SiteServices, &Plugins),
    waiting: usize,
) -> Result<Option<Page>, Error> {
    let mut link = None;
    let value = match path {
        "/" => {
            let body = front(plugins).into();
            return Ok(Some(Page { media_type: "text/plain; charset=utf-8", link, body }));
        }
        "/datasets" | "/datasets/" => {
            let part = Part::parse(query)?;
            let (ids, next) = part.of(|prefix, after, limit| services.catalog().list(prefix, after, limit));
            link = next;
            Value::from(ids)
        }
        "/health" => health(services, plugins, waiting),
        "/plugins" => plugin_list(services, plugins),
        _ => return Ok(None),
    };
    Ok(Some(Page { media_type: "application/json", link, body: value.to_string().into() }))
}

/// How many ids a page of the list of datasets has where the client names no number.
const USUAL_LIMIT: usize = 1000;

/// How many ids a page of the list of datasets has at most.
const MOST_LIMIT: usize = 10_000;

/// The part of the list of datasets that a client asks for.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    prefix: String,
    after: String,
    limit: usize,
}

impl Part {
    /// Reads a query as forms write it (URL Standard, `application/x-www-form-urlencoded`); other parameters say nothing.
    fn parse(query: &str) -> Result<Self, Error> {
        let mut part = Self { prefix: String::new(), after: String::new(), limit: USUAL_LIMIT };
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !["prefix", "after", "limit"].contains(&name) {
                continue;
            }
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).decode_utf8();
            let value =
                value.map_err(|e| Error::bad_request(format!("the value of {name} is not UTF-8: {e}")))?;
            match name {
                "prefix" => part.prefix = value.into_owned(),
                "after" => part.after = value.into_owned(),
                _ => part.limit = limit(&value)?,
            }
        }
        Ok(part)
    }

    /// The ids of this part, as `list` gives them by prefix, after and limit; and the header `Link` (RFC 8288) that names the
    /// next part, where there is one. Its target is relative: the site may be reached by any URL.
    fn of(&self, list: impl Fn(&str, &str, usize) -> Vec<String>) -> (Vec<String>, Option<String>) {
        let mut ids = list(&self.prefix, &self.after, self.limit.saturating_add(1));
        let goes_on = ids.len() > self.limit;
        ids.truncate(self.limit);
        let last = ids.last().filter(|_| goes_on);
        let link = last.map(|last| {
            let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
            let mut link = format!("<?after={}&limit={}", encoded(last), self.limit);
            if !self.prefix.is_empty() {
                // Writing into a string does not fail.
                let _written = write!(link, "&prefix={}", encoded(&self.prefix));
            }
            link + ">; rel=\"next\""
        });
        (ids, link)
    }
}

fn limit(value: &str) -> Result<usize, Error> {
    let limit = value.parse().ok().filter(|limit| (1..=MOST_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        Error::bad_request(format!("limit is {value:?}, but must be a number from 1 to {MOST_LIMIT}"))
    })
}

fn front(plugins: &Plugins) -> String {
    let mut text = String::from("weir serves scientific data\n\n/datasets\n/health\n/plugins\n");
    let routes = plugins.serving.iter().flat_map(|plugin| &plugin.routes);
    routes.for_each(|route| text.extend([route.pattern.as_str(), "\n"]));
    text
}

fn health(services: &SiteServices, plugins: &Plugins, waiting: usize) -> Value {
    let broken_off = services.counters().get("weir.bodies_broken_off").copied().unwrap_or_default();
    let refused =
        plugins.refused.iter().map(|plugin| json!({ "plugin": plugin.origin, "reason": plugin.reason }));
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "datasets": services.catalog().len(),
        "plugins": plugins.serving.len(),
        "bodies_broken_off": broken_off,
        "waiting": waiting,
        "refused_plugins": refused.collect::<Vec<_>>(),
        "failing_datasets": services.failing().list(),
        "left_out": left_out(services),
    })
}

/// How many files that are no datasets are named.
const MOST_LEFT_OUT: usize = 1000;

fn left_out(services: &SiteServices) -> Vec<Value> {
    let catalog = services.catalog();
    let skipped = catalog.skipped().iter().take(MOST_LEFT_OUT);
    skipped.map(|skipped| json!({ "path": skipped.path, "reason": skipped.reason })).collect()
}

fn plugin_list(services: &SiteServices, plugins: &Plugins) -> Value {
    let counters = services.counters();
    let describe = |plugin: &crate::plugins::Serving| {
        let name = plugin.guest.name();
        let prefix = format!("{name}.");
        let own = counters
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), json!(value))));
        let routes: Vec<String> = plugin.routes.iter().map(ToString::to_string).collect();
        let value = json!({
            "path": plugin.origin,
            "version": plugin.guest.version(),
            "abi": plugin.guest.abi(),
            "routes": routes,
            "counters": own.collect::<Map<_, _>>(),
        });
        (name.to_owned(), value)
    };
    Value::Object(plugins.serving.iter().map(describe).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: Result<(&str, &str, usize), &str>) {
        let found = Part::parse(query).map_err(|error| error.message);
        let expected = expected.map(|(prefix, after, limit)| Part {
            prefix: prefix.to_owned(),
            after: after.to_owned(),
            limit,
        });
        assert_eq!(found, expected.map_err(str::to_owned), "{query}");
    }

    #[test]
    fn queries_name_a_part() {
        check("", Ok(("", "", 1000)));
        check("limit=10000", Ok(("", "", 10_000)));
        check("after=a%2Fb+c%2B.nc&limit=7&prefix=a/&_=1", Ok(("a/", "a/b c+.nc", 7)));
        check("prefix=%C3%A9&limit", Err("limit is \"\", but must be a number from 1 to 10000"));
        check("limit=0", Err("limit is \"0\", but must be a number from 1 to 10000"));
        check("limit=10001", Err("limit is \"10001\", but must be a number from 1 to 10000"));
        check("limit=-1", Err("limit is \"-1\", but must be a number from 1 to 10000"));
        check(
            "limit=99999999999999999999",
            Err("limit is \"99999999999999999999\", but must be a number from 1 to 10000"),
        );
        check(
            "after=%ff",
            Err("the value of after is not UTF-8: invalid utf-8 sequence of 1 bytes from index 0"),
        );
    }

    #[test]
    fn links_lead_through_the_whole_list() {
        let all: Vec<String> = (1..=25).map(|n| format!("d&{}/é {n:02}+.nc", n % 2)).collect();
        let list = |prefix: &str, after: &str, limit: usize| {
            let mut sorted: Vec<String> = all.clone();
            sorted.sort();
            let behind = sorted.into_iter().filter(|id| id.starts_with(prefix) && id.as_str() > after);
            behind.take(limit).collect::<Vec<_>>()
        };
        for (first, pages) in [("limit=25", 1), ("limit=24", 2), ("limit=5", 5), ("limit=5&prefix=d%261", 3)]
        {
            let (mut query, mut found, mut count) = (first.to_owned(), Vec::new(), 0);
            let prefix = Part::parse(first).unwrap().prefix;
            loop {
                let (ids, link) = Part::parse(&query).unwrap().of(list);
                found.extend(ids);
                count += 1;
                let Some(link) = link else { break };
                let next = link.strip_prefix("<?").and_then(|link| link.strip_suffix(">; rel=\"next\""));
                query = next.unwrap().to_owned();
            }
            assert_eq!((found, count), (list(&prefix, "", 100), pages), "{first}");
        }
    }
}
