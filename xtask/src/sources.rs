//! What the text of the sources must keep: an opening, no way to panic, no name of a protocol in the server, a bearable length.
//!
//! Files are read as tokens, so comments and strings are never mistaken for code, and everything under `#[cfg(test)]` is left
//! out where a rule is about library code.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use walkdir::WalkDir;

/// The greatest number of lines of a file.
pub const LONGEST: usize = 800;

/// Files that are library code by place and test code by purpose, and why.
const TEST_HARNESSES: &[(&str, &str)] = &[
    ("plugin-api/src/testing.rs", "a harness for plugin tests: it fails a test by panicking"),
    ("plugin-api/examples/rust-panics/src/lib.rs", "it panics to show that the server survives"),
];

/// The one file of the server that may name a protocol: the list of plugins that are linked in.
const LINKED: &str = "server/src/linked.rs";

/// Words of protocols, found inside any word.
const PROTOCOLS: &[&str] = &["zarr", "opendap", "dap2", "dap4", "kerchunk", "weir_plugin_dap"];
/// Words of protocols that other words contain, found only as whole words.
const SHORT_PROTOCOLS: &[&str] = &["dds", "das", "dods", "dap", "dmr"];

/// A source file of the repository.
#[derive(Debug)]
pub struct Source {
    /// Its path below the repository's root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// All Rust files of the repository.
///
/// # Errors
/// Where a file cannot be read.
pub fn all(root: &Path) -> Result<Vec<Source>, String> {
    let is_ours = |name: &str| !name.starts_with('.') && name != "target" && name != "node_modules";
    let entries = WalkDir::new(root).sort_by_file_name().into_iter();
    let entries =
        entries.filter_entry(|entry| entry.depth() == 0 || entry.file_name().to_str().is_some_and(is_ours));
    let mut sources = Vec::new();
    for entry in entries {
        let path: PathBuf = entry.map_err(|error| error.to_string())?.into_path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let below = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            sources.push(Source { path: below, text });
        }
    }
    Ok(sources)
}

/// What is wrong with a file, one line each: `path:line: what`.
#[must_use]
pub fn faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    if !source.text.starts_with("//!") {
        faults.push((1, "opens without //!; say first what the file is".to_owned()));
    }
    let lines = source.text.lines().count();
    if lines > LONGEST {
        faults.push((lines, format!("has {lines} lines, the limit is {LONGEST}; split it by its nouns")));
    }
    if source.path.starts_with("server/src/") && source.path != LINKED {
        faults.extend(named_protocols(&source.text));
    }
    match source.text.parse::<TokenStream>() {
        Ok(tokens) => {
            let tokens: Vec<TokenTree> = tokens.into_iter().collect();
            let mut walk = Walk { path: &source.path, faults: &mut faults };
            walk.tokens(&tokens, Code::of(&source.path));
        }
        Err(error) => faults.push((error.span().start().line, "is not Rust".to_owned())),
    }
    faults.into_iter().map(|(line, what)| format!("{}:{line}: {what}", source.path)).collect()
}

fn named_protocols(text: &str) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.to_lowercase();
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        for word in words {
            let parts = word.split('_').any(|part| SHORT_PROTOCOLS.contains(&part));
            if parts || PROTOCOLS.iter().any(|name| word.contains(name)) {
                faults.push((
                    number,
                    format!("names a protocol ({word}); the server knows none, but {LINKED}"),
                ));
            }
        }
    }
    faults
}

/// Whom code serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    /// Users: it must not panic.
    Library,
    /// Tests: panicking is how they fail.
    Tests,
}

impl Code {
    fn of(path: &str) -> Self {
        let folder =
            |name: &str| path.starts_with(&format!("{name}/")) || path.contains(&format!("/{name}/"));
        let of_tests = ["tests", "benches", "fuzz"].into_iter().any(folder);
        // `#[cfg(test)] mod tests;` keeps its tests in a file of that name.
        let module = path.ends_with("/tests.rs") || path.ends_with("_tests.rs");
        let harness = TEST_HARNESSES.iter().any(|(harness, _)| *harness == path);
        if of_tests || module || harness { Self::Tests } else { Self::Library }
    }
}

struct Walk<'a> {
    path: &'a str,
    faults: &'a mut Vec<(usize, String)>,
}

impl Walk<'_> {
    fn tokens(&mut self, tokens: &[TokenTree], code: Code) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let behind = tokens.get(at.saturating_add(1)..).unwrap_or_default();
            self.token(token, behind, code);
            let mut skip = 1_usize;
            if is_punct(token, '#') && behind.first().is_some_and(is_cfg_test) {
                let item = behind.get(1..).unwrap_or_default();
                let length = item_length(item);
                self.tokens(item.get(..length).unwrap_or_default(), Code::Tests);
                skip = length.saturating_add(2);
            } else if let TokenTree::Group(group) = token {
                self.tokens(&inside(group), code);
            }
            at = at.saturating_add(skip);
        }
    }

    fn token(&mut self, token: &TokenTree, behind: &[TokenTree], code: Code) {
        let next = |n: usize| behind.get(n);
        let next_is = |n: usize, c: char| next(n).is_some_and(|token| is_punct(token, c));
        let word = |token: Option<&TokenTree>| match token {
            Some(TokenTree::Ident(ident)) => ident.to_string(),
            _ => String::new(),
        };
        let mut fault = |what: String| self.faults.push((token.span().start().line, what));
        if is_punct(token, '.') && code == Code::Library {
            let called =
                matches!(next(1), Some(TokenTree::Group(_))).then(|| word(next(0))).unwrap_or_default();
            if matches!(called.as_str(), "unwrap" | "expect" | "unwrap_err" | "expect_err") {
                fault(format!("calls {called} in library code; return an error"));
            }
        }
        if is_punct(token, '#')
            && matches!(next(0), Some(TokenTree::Group(g)) if word(inside(g).first()) == "ignore")
        {
            fault("ignores a test; make it pass or remove it".to_owned());
        }
        let here = word(Some(token));
        if next_is(0, '!') {
            match here.as_str() {
                "todo" | "unimplemented" => fault(format!("holds {here}!; finish it")),
                "panic" | "unreachable" if code == Code::Library => {
                    fault(format!("holds {here}! in library code; return an error"));
                }
                _ => {}
            }
        }
        if self.path.starts_with("protocols/") && code == Code::Library && !self.path.contains("/fuzz/") {
            self.outside_world(&here, token, behind);
        }
    }

    /// Protocols are pure functions: no files, no network, no clock, no runtime, no `unsafe`.
    fn outside_world(&mut self, here: &str, token: &TokenTree, behind: &[TokenTree]) {
        let modules = if here == "std" && matches!(behind, [a, b, ..] if is_punct(a, ':') && is_punct(b, ':'))
        {
            match behind.get(2) {
                Some(TokenTree::Group(group)) => inside(group),
                Some(token) => vec![token.clone()],
                None => vec![],
            }
        } else {
            vec![]
        };
        let modules = modules
            .iter()
            .map(ToString::to_string)
            .filter(|name| matches!(name.as_str(), "fs" | "net" | "process" | "env" | "thread" | "time"));
        let named =
            matches!(here, "tokio" | "hyper" | "SystemTime" | "Instant" | "unsafe").then(|| here.to_owned());
        for name in modules.chain(named) {
            let line = token.span().start().line;
            self.faults.push((line, format!("uses {name}; protocols are pure functions")));
        }
    }
}

fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

fn inside(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

/// `[cfg(test)]`, alone or in an `all(...)`.
fn is_cfg_test(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let text: String = group.stream().to_string().split_whitespace().collect();
    group.delimiter() == Delimiter::Bracket && (text == "cfg(test)" || text.starts_with("cfg(all(test,"))
}

/// Tokens of the item that an attribute stands before: up to its braces or its semicolon.
fn item_length(tokens: &[TokenTree]) -> usize {
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(token, ';'),
    };
    tokens.iter().position(ends).map_or(tokens.len(), |last| last.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, text: &str, expected: &[&str]) {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        let got = faults(&source);
        let begins = got.len() == expected.len() && got.iter().zip(expected).all(|(g, e)| g.contains(e));
        assert!(begins, "{path}: {got:?}, expected {expected:?}");
    }

    #[test]
    fn library_code_has_no_way_to_panic() {
        check("a/src/lib.rs", "//! A.\nfn f() { g().unwrap(); }", &[":2: calls unwrap"]);
        check("a/src/lib.rs", "//! A.\nfn f() {\n  h(|| g()\n.expect(\"x\"));}", &[":4: calls expect"]);
        check("a/src/lib.rs", "//! A.\nfn f() { panic!(\"x\") }", &[":2: holds panic!"]);
        check("a/src/lib.rs", "//! A.\nfn f() { todo!() }", &[":2: holds todo!"]);
        check("a/tests/a.rs", "//! A.\nfn f() { g().unwrap(); panic!() }", &[]);
        check("a/tests/a.rs", "//! A.\n#[test]\n#[ignore = \"slow\"]\nfn f() {}", &[":3: ignores a test"]);
        check("plugin-api/src/testing.rs", "//! A.\nfn f() { g().unwrap(); }", &[]);
    }

    #[test]
    fn comments_strings_and_tests_are_not_library_code() {
        check(
            "a/src/lib.rs",
            "//! A.\n// x.unwrap()\nfn f() -> &'static str { \"x.unwrap() panic!()\" }",
            &[],
        );
        check("a/src/lib.rs", "//! A.\n#[cfg(test)]\nmod tests { fn f() { g().unwrap() } }", &[]);
        check(
            "a/src/lib.rs",
            "//! A.\n#[cfg(test)]\nuse x::y;\nfn f() { g().unwrap() }",
            &[":4: calls unwrap"],
        );
        check("a/src/lib.rs", "//! A.\nfn f() { g().unwrap_or(1); self.expect.is(2) }", &[]);
    }

    #[test]
    fn every_file_says_what_it_is() {
        check("a/src/lib.rs", "fn f() {}", &[":1: opens without //!"]);
        check("a/src/lib.rs", &format!("//! A.\n{}", "\n".repeat(800)), &[":801: has 801 lines"]);
        check("a/src/lib.rs", "//! A.\nfn f( {}", &[":2: is not Rust"]);
    }

    #[test]
    fn the_server_knows_no_protocol() {
        check(
            "server/src/routes.rs",
            "//! A.\n// .dds\nfn adds(methods: u8) {}",
            &[":2: names a protocol (dds)"],
        );
        check(
            "server/src/routes.rs",
            "//! A.\nfn f() -> ZarrPlugin { x }",
            &["names a protocol (zarrplugin)"],
        );
        check("server/src/routes.rs", "//! A.\nuse weir_plugin_api::Bytes;", &[]);
        check("server/src/routes.rs", "//! A.\nuse weir_plugin_dap::Dap;", &["(weir_plugin_dap)", "(dap)"]);
        check("server/src/linked.rs", "//! A.\nuse weir_plugin_dap::Dap;", &[]);
        check("datasets/src/x.rs", "//! A.\nuse zarr::x;", &[]);
    }

    #[test]
    fn protocols_touch_nothing() {
        check("protocols/x/src/a.rs", "//! A.\nuse std::fs;", &[":2: uses fs"]);
        check("protocols/x/src/a.rs", "//! A.\nuse std::{fmt, net::IpAddr};", &[":2: uses net"]);
        check("protocols/x/src/a.rs", "//! A.\nuse std::fmt;\nfn fs() {}", &[]);
        check("protocols/x/src/a.rs", "//! A.\nfn f() { unsafe { g() } }", &[":2: uses unsafe"]);
        check("protocols/x/src/a.rs", "//! A.\n#[cfg(test)]\nmod t { use std::fs; }", &[]);
        check("datasets/src/a.rs", "//! A.\nuse std::fs;", &[]);
    }
}
