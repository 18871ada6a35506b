//! The trait that a plugin implements, and the routes that it offers.

use std::fmt;

use crate::{Error, Host, Request, Response};

/// What a plugin is. It is called from many blocking threads at once.
pub trait Plugin: Send + Sync + Sized + 'static {
    /// The name: lower case, unique in a server.
    const NAME: &'static str;
    /// The version, for people.
    const VERSION: &'static str;

    /// The least minor version of a host that it can live with; older ones refuse it by name instead of failing each request.
    const MIN_HOST_MINOR: u32 = 0;

    /// Makes an instance from JSON configuration text (`{}` where the site configured nothing).
    ///
    /// # Errors
    /// The plugin is then refused, with this reason.
    fn create(host: Host, config: &str) -> Result<Self, Error>;

    /// What this plugin serves. The host matches; a request says by number which route it took.
    fn routes(&self) -> Vec<Route>;

    /// Answers a request. May block.
    ///
    /// # Errors
    /// The host chooses the status from the error's kind.
    fn handle(&self, request: &Request<'_>) -> Result<Response, Error>;

    /// The protocol's own body for an error status, so that its clients can show the message. `None`: a JSON body.
    fn render_error(&self, _request: &Request<'_>, _status: u16, _message: &str) -> Option<Response> {
        None
    }

    /// Run once after `create`, and by `weir plugin check`.
    ///
    /// # Errors
    /// The plugin is then refused, with this reason.
    fn self_test(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// Methods and a path pattern.
///
/// Patterns: `/datasets/{id}/opendap.dds` (one resource of every dataset), `/datasets/{id}/zarr/{rest}` (all below),
/// `/opendap/{id}.dds` (at an address that the protocol's users know), `/intake.yaml` (one resource of the server),
/// `/stac/{rest}` (all below).
///
/// `{id}` may stand once, at the beginning of a segment, with anything or nothing behind it. It is never empty and may contain
/// slashes: of all registered datasets behind whose id a route fits, the longest id is taken. Where there is none, the route
/// with the longest text of its own is, and the plugin says that there is no such dataset. `{rest}` may be empty and may
/// contain slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// The methods, upper case. `HEAD` comes with `GET`.
    pub methods: Vec<String>,
    /// The pattern.
    pub pattern: String,
}

/// Why a line is not a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteError {
    line: String,
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let example = "GET /datasets/{id}/name, GET /name/{id}.suffix or GET /name/{rest}";
        write!(f, "{:?} is not a route; routes look like {example}", self.line)
    }
}

impl std::error::Error for RouteError {}

impl Route {
    /// A route for `GET` and `HEAD`.
    #[must_use]
    pub fn get(pattern: &str) -> Self {
        Self { methods: vec!["GET".to_owned(), "HEAD".to_owned()], pattern: pattern.to_owned() }
    }

    /// Parses `METHOD[,METHOD] pattern`.
    ///
    /// # Errors
    /// [`RouteError`] quotes the line.
    pub fn parse(line: &str) -> Result<Self, RouteError> {
        let error = || RouteError { line: line.to_owned() };
        let (methods, pattern) = line.split_once(' ').ok_or_else(error)?;
        let mut methods: Vec<String> = methods.split(',').map(str::to_owned).collect();
        let words = methods.iter().all(|m| !m.is_empty() && m.bytes().all(|b| b.is_ascii_uppercase()));
        if !words || !pattern_is_sound(pattern) {
            return Err(error());
        }
        if methods.iter().any(|m| m == "GET") && !methods.iter().any(|m| m == "HEAD") {
            methods.push("HEAD".to_owned());
        }
        Ok(Self { methods, pattern: pattern.to_owned() })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.methods.join(","), self.pattern)
    }
}

/// `{rest}` only at the end behind a slash, `{id}` once and behind a slash.
fn pattern_is_sound(pattern: &str) -> bool {
    let without_rest = pattern.strip_suffix("/{rest}").unwrap_or(pattern);
    let (before, behind) = without_rest.split_once("/{id}").unwrap_or((without_rest, ""));
    let fixed = |text: &str| !text.contains(['{', '}', ' ', '?', '#', '%']);
    pattern.starts_with('/') && fixed(before) && fixed(behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        let got = Route::parse(line).map_or_else(|e| e.to_string(), |route| route.to_string());
        assert!(got.starts_with(expected), "{got}");
    }

    #[test]
    fn routes_are_lines() {
        check("GET /datasets/{id}/opendap.dds", "GET,HEAD /datasets/{id}/opendap.dds");
        check("GET,HEAD /datasets/{id}/zarr/{rest}", "GET,HEAD /datasets/{id}/zarr/{rest}");
        check("POST /stac/search", "POST /stac/search");
        check("GET /{rest}", "GET,HEAD /{rest}");
        check("get /x", "\"get /x\" is not a route");
        check("GET x", "\"GET x\" is not a route");
        check("GET /a/{rest}/b", "\"GET /a/{rest}/b\" is not a route");
        check("GET /a/{id}", "GET,HEAD /a/{id}");
        check("GET /a/b/{id}.dds", "GET,HEAD /a/b/{id}.dds");
        check("GET /a/{id}/b/{rest}", "GET,HEAD /a/{id}/b/{rest}");
        check("GET /a{id}/b", "\"GET /a{id}/b\" is not a route");
        check("GET /a/{id}/{id}", "\"GET /a/{id}/{id}\" is not a route");
        check("GET /a/{rest}/{id}", "\"GET /a/{rest}/{id}\" is not a route");
        check("GET", "\"GET\" is not a route");
        check(", /x", "\", /x\" is not a route");
    }
}
