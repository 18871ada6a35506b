//! The routes that a plugin offers.

use std::fmt;

use crate::description::{Described, Description, Parameter};

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Route {
    /// The methods, upper case. `HEAD` comes with `GET`.
    pub methods: Vec<String>,
    /// The pattern.
    pub pattern: String,
    /// What it is for.
    pub description: Description,
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
        Self {
            methods: vec!["GET".to_owned(), "HEAD".to_owned()],
            pattern: pattern.to_owned(),
            ..Self::default()
        }
    }

    /// A route for `POST`.
    #[must_use]
    pub fn post(pattern: &str) -> Self {
        Self { methods: vec!["POST".to_owned()], pattern: pattern.to_owned(), ..Self::default() }
    }

    /// Says in a few words what it is for.
    #[must_use]
    pub fn summary(mut self, words: &str) -> Self {
        words.clone_into(&mut self.description.summary);
        self
    }

    /// Says what may be asked.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.description.parameters.push(parameter);
        self
    }

    /// Says what is answered with a status.
    #[must_use]
    pub fn answers(mut self, status: u16, media_types: &[&str], words: &str) -> Self {
        let media_types = media_types.iter().map(|&name| name.to_owned()).collect();
        self.description.responses.push(Described { status, media_types, words: words.to_owned() });
        self
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
        Ok(Self { methods, pattern: pattern.to_owned(), ..Self::default() })
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
