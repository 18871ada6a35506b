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

/// The table: families of dataset routes, each the text before `{id}` with what may stand behind it, and routes of the server.
#[derive(Debug, Default)]
pub struct Routes {
    /// The longest beginning first.
    families: Vec<(String, Patterns)>,
    server: Patterns,
}

/// Patterns, each without its fixed beginning and, in a family, without `{id}`.
#[derive(Debug, Default)]
struct Patterns {
    exact: HashMap<String, Methods>,
    /// What stands before `{rest}`; the longest first.
    prefixes: Vec<(String, Methods)>,
}

/// A pattern that fits.
struct Fit<'t, 'p> {
    methods: &'t Methods,
    dataset: &'p str,
    rest: &'p str,
    /// Bytes of the path that the pattern itself has: the more, the better it fits.
    fixed: usize,
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
        let pattern = pattern.trim_start_matches('/');
        let (patterns, pattern) = match pattern.split_once("{id}") {
            Some((beginning, behind)) => (self.family(beginning), behind),
            None => (&mut self.server, pattern),
        };
        let methods = match pattern.strip_suffix("{rest}") {
            None => patterns.exact.entry(pattern.to_owned()).or_default(),
            Some(prefix) => of_longest(&mut patterns.prefixes, prefix),
        };
        methods.insert(method.to_owned(), to);
    }

    fn family(&mut self, beginning: &str) -> &mut Patterns {
        of_longest(&mut self.families, beginning)
    }

    /// Finds who serves `path` (percent-decoded). `is_dataset` tells which ids are registered: the longest one that a route
    /// fits behind wins. Where none is, the route that fits with the longest text of its own is taken, so that the protocol
    /// itself can say that there is no such dataset.
    pub fn find(&self, method: &str, path: &str, is_dataset: impl Fn(&str) -> bool) -> Found {
        let path = path.trim_start_matches('/');
        if let Some(methods) = self.server.exact.get(path) {
            return Fit { methods, dataset: "", rest: "", fixed: path.len() }.found(method);
        }
        let mut best = self.server.prefixed(path);
        for (beginning, patterns) in &self.families {
            let Some(below) = path.strip_prefix(beginning.as_str()) else { continue };
            let mut fits = patterns.behind_ids(below);
            fits.sort_by_key(|fit| std::cmp::Reverse(fit.dataset.len()));
            if let Some(fit) = fits.iter().find(|fit| is_dataset(fit.dataset)) {
                return fit.found(method);
            }
            for fit in fits {
                let fixed = fit.fixed.saturating_add(beginning.len());
                if best.as_ref().is_none_or(|best| best.fixed < fixed) {
                    best = Some(Fit { fixed, ..fit });
                }
            }
        }
        best.map_or(Found::Nothing, |fit| fit.found(method))
    }
}

/// The value that stands with `text`, in a list whose longest texts come first; made where there is none.
fn of_longest<'l, T: Default>(list: &'l mut Vec<(String, T)>, text: &str) -> &'l mut T {
    let found = list.iter().position(|(known, _)| known == text);
    let at = found.unwrap_or_else(|| {
        let at = list.partition_point(|(known, _)| known.len() >= text.len());
        list.insert(at, (text.to_owned(), T::default()));
        at
    });
    &mut list[at].1
}

impl Patterns {
    /// The pattern with the longest text before `{rest}` that fits.
    fn prefixed<'t, 'p>(&'t self, path: &'p str) -> Option<Fit<'t, 'p>> {
        self.prefixes.iter().find_map(|(prefix, methods)| {
            let rest = path.strip_prefix(prefix.as_str())?;
            Some(Fit { methods, dataset: "", rest, fixed: prefix.len() })
        })
    }

    /// All ways to read `below` as an id with one of these patterns behind it; of several for one id, the best comes first.
    fn behind_ids<'t, 'p>(&'t self, below: &'p str) -> Vec<Fit<'t, 'p>> {
        let mut fits = Vec::new();
        for (suffix, methods) in &self.exact {
            if let Some(dataset) = below.strip_suffix(suffix.as_str()) {
                fits.push(Fit { methods, dataset, rest: "", fixed: suffix.len() });
            }
        }
        for (prefix, methods) in &self.prefixes {
            for (at, _) in below.match_indices(prefix.as_str()) {
                let (dataset, behind) = below.split_at(at);
                let rest = behind.get(prefix.len()..).unwrap_or_default();
                fits.push(Fit { methods, dataset, rest, fixed: prefix.len() });
            }
        }
        fits.retain(|fit| !fit.dataset.is_empty());
        fits
    }
}

impl Fit<'_, '_> {
    fn found(&self, method: &str) -> Found {
        if let Some(&(plugin, route)) = self.methods.get(method) {
            let (dataset, rest) = (self.dataset.to_owned(), self.rest.to_owned());
            return Found::Match(Match { plugin, route, dataset, rest });
        }
        let mut known: Vec<String> = self.methods.keys().cloned().collect();
        known.sort();
        Found::OtherMethods(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Routes {
        let a = ["/datasets/{id}/view", "/datasets/{id}/view.txt", "/list.yaml"].map(Route::get).to_vec();
        let b = ["/datasets/{id}/tree/{rest}", "/datasets/{id}/tree/deep/{rest}", "/files/{rest}"]
            .map(Route::get);
        let c = ["/old/sets/{id}", "/old/sets/{id}.x", "/old/sets/{id}.y.x", "/old/sets/{id}/part/{rest}"];
        let d = ["/old/{rest}", "/old/sets/catalog.x"].map(Route::get);
        let plugins = [("a", a), ("b", b.to_vec()), ("c", c.map(Route::get).to_vec()), ("d", d.to_vec())];
        Routes::new(&plugins.map(|(name, routes)| (name.to_owned(), routes))).unwrap()
    }

    fn check(path: &str, expected: &str) {
        let is_dataset = |id: &str| ["x", "x/y.nc", "x/tree/z", "x.x", "catalog.x"].contains(&id);
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
        check("/datasets//view", "nothing");
    }

    #[test]
    fn families_take_suffixes() {
        check("/old/sets/x", "2.0 [x] ");
        check("/old/sets/x/y.nc.x", "2.1 [x/y.nc] ");
        check("/old/sets/x/y.nc.y.x", "2.2 [x/y.nc] ");
        check("/old/sets/x/part/a/part/b", "2.3 [x] a/part/b");
        // A dataset's own name counts more than another one with a suffix, but only if there is such a dataset.
        check("/old/sets/x.x", "2.0 [x.x] ");
        check("/old/sets/x.x.x", "2.1 [x.x] ");
        check("/old/sets/x.y.x", "2.2 [x] ");
    }

    #[test]
    fn unknown_datasets_reach_the_longest_suffix() {
        check("/old/sets/none.x", "2.1 [none] ");
        check("/old/sets/none.y.x", "2.2 [none] ");
        check("/old/sets/no/ne", "2.0 [no/ne] ");
        check("/old/sets/none/part/a", "2.3 [none] a");
        check("/old/sets/.y.x", "2.1 [.y] ");
        check("/old/sets/", "3.0 [] sets/");
        check("/old/other", "3.0 [] other");
        check("/old/sets/catalog.x", "3.1 [] ");
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
