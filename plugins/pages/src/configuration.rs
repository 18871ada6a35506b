//! What a site may say of its first page.

use serde::Deserialize;
use weir_plugin_api::{Error, configuration};

/// The section `[plugins.pages]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Configuration {
    /// What the server is called.
    pub title: Option<String>,
    /// What it is about.
    pub description: String,
    /// Where `/` leads instead of to a page: a URL, or a path of this server.
    pub redirect: Option<String>,
    /// The whole of `robots.txt`, instead of one that is made from the routes.
    pub robots: Option<String>,
}

impl Default for Configuration {
    fn default() -> Self {
        let description = "Scientific data, served in whole or in parts.".to_owned();
        Self { title: None, description, redirect: None, robots: None }
    }
}

impl Configuration {
    /// Reads the section.
    ///
    /// # Errors
    /// Where it has something else in it, or leads to what is no URL or to itself.
    pub fn parse(config: &str) -> Result<Self, Error> {
        let parsed: Self = configuration(config)?;
        if let Some(target) = &parsed.redirect {
            let is_url = ["https://", "http://", "/"].iter().any(|start| target.starts_with(start));
            let is_self = ["/", ""].contains(&target.split(['?', '#']).next().unwrap_or_default());
            // Browsers read two slashes as the beginning of another server's address.
            let is_other = target.starts_with("//") || target.contains(|c: char| c.is_control() || c == ' ');
            if !is_url || is_self || is_other {
                return Err(Error::bad_request(format!(
                    "redirect is {target:?}, but must be a URL (https://...) or a path of this server other than /"
                )));
            }
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(config: &str, expected: Result<Option<&str>, &str>) {
        let got = Configuration::parse(config).map(|parsed| parsed.redirect);
        match expected {
            Ok(expected) => assert_eq!(got.unwrap().as_deref(), expected, "{config}"),
            Err(words) => assert!(got.as_ref().is_err_and(|error| error.message.contains(words)), "{got:?}"),
        }
    }

    #[test]
    fn sections() {
        check("{}", Ok(None));
        check(r#"{"redirect": "https://x.example/browser#a"}"#, Ok(Some("https://x.example/browser#a")));
        check(r#"{"redirect": "/docs"}"#, Ok(Some("/docs")));
        check(r#"{"redirect": "javascript:alert(1)"}"#, Err("must be a URL"));
        check(r#"{"redirect": "//x.example"}"#, Err("must be a URL"));
        check(r#"{"redirect": "/?a"}"#, Err("must be a URL"));
        check(r#"{"redirect": "/a b"}"#, Err("must be a URL"));
        check(r#"{"redirct": "/a"}"#, Err("unknown field `redirct`"));
    }
}
