//! The route table: from a path to a plugin, a dataset and a route.

use std::collections::HashMap;
use std::fmt;

use weir_plugin_api::Route;

use crate::built_in;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// The plugin's place in the server's list.
    pub plugin: usize,
    /// The route's place in the plugin's list.
    pub route: usize,
    /// The dataset's id; empty for a server-wide route.
    pub dataset: String,
    /// What `{rest}` stands for.
    pub rest: String,
}

/// What the table says of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A plugin serves it.
    Match(Match),
    /// Nobody does.
    Nothing,
    /// Somebody does, with these methods only.
    OtherMethods(Vec<String>),
}

/// Two plugins that want the same route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    method: String,
    pattern: String,
    first: String,
    second: String,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, pattern, first, second } = self;
        write!(f, "plugins {first} and {second} both serve {method} {pattern}; leave one of them out")
    }
}

impl std::error::Error for Conflict {}

/// Methods of one pattern, with the plugin and route behind each.
type Methods = HashMap<String, (usize, usize)>;

/// Patterns, split into those of datasets and those of the server; each without its fixed beginning.
#[derive(Debug, Default)]
pub struct Routes {
    dataset: Patterns,
    server: Patterns,
}

#[derive(Debug, Default)]
struct Patterns {
    /// Length of the longest exact pattern: no longer path needs to be looked up.
    longest: usize,
    exact: HashMap<String, Methods>,
    /// Longest first.
    prefixes: Vec<(String, Methods)>,
}

impl Routes {
    /// Builds the table from each plugin's name and routes, in the server's order.
    ///
    /// # Errors
    /// [`Conflict`] where two plugins want the same method and pattern.
    pub fn new(plugins: &[(String, Vec<Route>)]) -> Result<Self, Conflict> {
        let mut owners: HashMap<(String, String), &str> = HashMap::new();
        for (method, pattern) in built_in::ROUTES.iter().flat_map(|p| [("GET", p), ("HEAD", p)]) {
            owners.insert((method.to_owned(), (*pattern).to_owned()), "weir itself");
        }
        let mut table = Self::default();
        for (plugin, (name, routes)) in plugins.iter().enumerate() {
            for (number, route) in routes.iter().enumerate() {
                for method in &route.methods {
                    let key = (method.clone(), route.pattern.clone());
                    if let Some(first) = owners.insert(key, name) {
                        let (method, pattern) = (method.clone(), route.pattern.clone());
                        return Err(Conflict {
                            method,
                            pattern,
                            first: first.to_owned(),
                            second: name.clone(),
                        });
                    }
                    table.add(&route.pattern, method, (plugin, number));
                }
            }
        }
        Ok(table)
    }

    fn add(&mut self, pattern: &str, method: &str, to: (usize, usize)) {
        let (patterns, pattern) = match pattern.strip_prefix("/datasets/{id}/") {
            Some(below) => (&mut self.dataset, below),
            None => (&mut self.server, pattern.trim_start_matches('/')),
        };
        let methods = match pattern.strip_suffix("{rest}") {
            None => {
                patterns.longest = patterns.longest.max(pattern.len());
                patterns.exact.entry(pattern.to_owned()).or_default()
            }
            Some(prefix) => patterns.prefix(prefix),
        };
        methods.insert(method.to_owned(), to);
    }

    /// Finds who serves `path` (percent-decoded). `is_dataset` tells which ids are registered: the longest one wins. Where
    /// none is, the first id whose rest of the path fits a route is taken, so that the protocol itself can say that there
    /// is no such dataset.
    pub fn find(&self, method: &str, path: &str, is_dataset: impl Fn(&str) -> bool) -> Found {
        let path = path.trim_start_matches('/');
        let Some(below) = path.strip_prefix("datasets/") else {
            return self.server.found(method, path, "");
        };
        let splits: Vec<(&str, &str)> =
            below.match_indices('/').map(|(at, _)| (&below[..at], &below[at.saturating_add(1)..])).collect();
        let registered = splits.iter().rev().find(|(id, _)| is_dataset(id));
        if let Some((id, tail)) = registered {
            return self.dataset.found(method, tail, id);
        }
        let fits = splits.iter().map(|(id, tail)| self.dataset.found(method, tail, id));
        let found = fits.into_iter().find(|found| *found != Found::Nothing);
        found.unwrap_or_else(|| self.server.found(method, path, ""))
    }
}

impl Patterns {
    fn prefix(&mut self, prefix: &str) -> &mut Methods {
        if !self.prefixes.iter().any(|(known, _)| known == prefix) {
            self.prefixes.push((prefix.to_owned(), Methods::new()));
            self.prefixes.sort_by_key(|(known, _)| std::cmp::Reverse(known.len()));
        }
        let at = self.prefixes.iter().position(|(known, _)| known == prefix).unwrap_or(0);
        &mut self.prefixes[at].1
    }

    fn found(&self, method: &str, tail: &str, dataset: &str) -> Found {
        let exact = (tail.len() <= self.longest).then(|| self.exact.get(tail)).flatten();
        let exact = exact.map(|methods| (methods, ""));
        let by_prefix = || {
            let fits = |(prefix, methods): &'_ (String, Methods)| {
                tail.strip_prefix(prefix.as_str()).map(|rest| (methods.clone(), rest.to_owned()))
            };
            self.prefixes.iter().find_map(fits)
        };
        let found = exact.map(|(methods, rest)| (methods.clone(), rest.to_owned())).or_else(by_prefix);
        let Some((methods, rest)) = found else { return Found::Nothing };
        match methods.get(method) {
            Some(&(plugin, route)) => {
                Found::Match(Match { plugin, route, dataset: dataset.to_owned(), rest })
            }
            None => {
                let mut known: Vec<String> = methods.into_keys().collect();
                known.sort();
                Found::OtherMethods(known)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Routes {
        let a = ["/datasets/{id}/view", "/datasets/{id}/view.txt", "/list.yaml"].map(Route::get).to_vec();
        let b = ["/datasets/{id}/tree/{rest}", "/datasets/{id}/tree/deep/{rest}", "/files/{rest}"]
            .map(Route::get);
        Routes::new(&[("a".to_owned(), a), ("b".to_owned(), b.to_vec())]).unwrap()
    }

    fn check(path: &str, expected: &str) {
        let is_dataset = |id: &str| ["x", "x/y.nc", "x/tree/z"].contains(&id);
        let got = match table().find("GET", path, is_dataset) {
            Found::Match(m) => format!("{}.{} [{}] {}", m.plugin, m.route, m.dataset, m.rest),
            Found::Nothing => "nothing".to_owned(),
            Found::OtherMethods(methods) => methods.join(","),
        };
        assert_eq!(got, expected, "{path}");
    }

    #[test]
    fn the_longest_registered_id_wins() {
        check("/datasets/x/view", "0.0 [x] ");
        check("/datasets/x/y.nc/view.txt", "0.1 [x/y.nc] ");
        check("/datasets/x/tree/a/b", "1.0 [x] a/b");
        check("/datasets/x/tree/", "1.0 [x] ");
        check("/datasets/x/tree/deep/b", "1.1 [x] b");
        check("/datasets/x/tree/z/view", "0.0 [x/tree/z] ");
        check("/datasets/x/tree", "nothing");
        check("/datasets/x/nothing", "nothing");
    }

    #[test]
    fn unknown_datasets_reach_their_protocol() {
        check("/datasets/no/such.nc/view.txt", "0.1 [no/such.nc] ");
        check("/datasets/none/tree/a", "1.0 [none] a");
        check("/datasets/none", "nothing");
    }

    #[test]
    fn server_routes_are_found() {
        check("/list.yaml", "0.2 [] ");
        check("/files/a/b", "1.2 [] a/b");
        check("/other", "nothing");
        let found = table().find("POST", "/list.yaml", |_| false);
        assert_eq!(found, Found::OtherMethods(vec!["GET".to_owned(), "HEAD".to_owned()]));
    }

    #[test]
    fn conflicts_name_both_plugins() {
        let routes = vec![Route::get("/datasets/{id}/view")];
        let error = Routes::new(&[("a".to_owned(), routes.clone()), ("b".to_owned(), routes)]).unwrap_err();
        let expected = "plugins a and b both serve GET /datasets/{id}/view; leave one of them out";
        assert_eq!(error.to_string(), expected);
        let own = Routes::new(&[("a".to_owned(), vec![Route::get("/health")])]).unwrap_err();
        assert!(own.to_string().contains("weir itself"), "{own}");
    }
}
