//! Intake: catalogs in YAML that version 1 reads, and version 2 as those of version 1.
//!
//! Source: <https://intake.readthedocs.io/en/0.7.0/catalog.html>, and the catalogs of the plugin `xpublish-intake` and of DKRZ's
//! servers, whose names and parameters are kept.
//!
//! Documents are written line by line, with every text in double quotes: so no name is taken for a number, a date or a
//! switch, whatever version of YAML reads it, and catalogs of any length can be streamed.

use std::fmt::Write as _;

use crate::listing::{Entry, encoded_path, encoded_value};
use crate::{Access, Site};

/// The drivers of `intake-xarray` that open what is served, with what they are told beside the URL.
const DRIVERS: [(&str, &str, &str); 3] = [
    ("zarr", "zarr", "consolidated: true"),
    ("kerchunk", "zarr", "consolidated: true"),
    ("opendap", "opendap", "engine: \"netcdf4\""),
];

/// The ways that one source has, of which a parameter chooses one: those with the same driver.
const METHODS: [&str; 2] = ["zarr", "kerchunk"];

/// Text in double quotes, as both YAML 1.1 and 1.2 read it.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // What YAML does not print, or takes for the end of a line.
            '\0'..=' '
            | '\u{7f}'..='\u{a0}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}'
                if c != ' ' =>
            {
                // Writing into a string does not fail.
                let _written = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What stands before the sources of a catalog.
#[must_use]
pub fn begin(site: &Site<'_>, description: &str, url: &str) -> String {
    let (title, description, url) = (quoted(site.title), quoted(description), quoted(url));
    format!(
        "metadata:\n  version: 1\n  source: {title}\n  description: {description}\n  access_url: {url}\nsources:\n"
    )
}

/// What stands in the place of sources where there are none: a mapping must not be empty.
pub const NO_SOURCES: &str = "  {}\n";

/// A dataset as a source of a server's catalog: a parameter chooses the method, where there are two. `None` where the server
/// has none that Intake knows.
#[must_use]
pub fn source(site: &Site<'_>, entry: &Entry<'_>) -> Option<String> {
    let methods: Vec<&str> = METHODS.into_iter().filter(|name| site.offers.access(name).is_some()).collect();
    let Some(first) = methods.first() else {
        let access = site.offers.access("opendap")?;
        return one_way(site, entry.id, (entry.id, entry.id), access);
    };
    let url = format!("{}/{{{{ method }}}}", site.dataset_url(entry.id));
    let mut text = format!(
        "  {}:\n    description: {}\n    driver: zarr\n    args:\n      urlpath: {}\n      consolidated: true\n    \
         parameters:\n      method:\n        description: \"zarr: chunks that every client reads; kerchunk: chunks as \
         they are stored\"\n        type: str\n        default: {first}\n        allowed: [{}]\n",
        quoted(entry.id),
        quoted(entry.id),
        quoted(&url),
        methods.join(", ")
    );
    if let Some(bytes) = entry.bytes {
        // Writing into a string does not fail.
        let _written = write!(text, "    metadata:\n      bytes: {bytes}\n");
    }
    Some(text)
}

/// A way to a dataset as a source, by its name and its description.
fn one_way(site: &Site<'_>, id: &str, (name, description): (&str, &str), access: &Access) -> Option<String> {
    let (_, driver, told) = DRIVERS.into_iter().find(|(way, ..)| *way == access.name)?;
    let url = quoted(&(site.dataset_url(id) + access.suffix));
    let (name, description) = (quoted(name), quoted(description));
    Some(format!(
        "  {name}:\n    description: {description}\n    driver: {driver}\n    args:\n      urlpath: {url}\n      {told}\n"
    ))
}

/// The catalog of one dataset, with a source for each way to it.
#[must_use]
pub fn dataset_catalog(site: &Site<'_>, id: &str, description: &str) -> String {
    let url = format!("{}/catalog.yaml", site.dataset_url(id));
    let mut text = format!("name: {}\n", quoted(id)) + &begin(site, description, &url);
    let all = site.offers.accesses();
    let sources: String =
        all.filter_map(|way| one_way(site, id, (&format!("{id}-{}", way.name), description), way)).collect();
    text.push_str(if sources.is_empty() { NO_SOURCES } else { &sources });
    text
}

/// Where the catalog of a folder is; of the root, for nothing.
#[must_use]
pub fn folder_url(site: &Site<'_>, folder: &str) -> String {
    format!("{}/intake/{}catalog.yaml", site.base, encoded_path(folder))
}

/// A catalog as a source of another: one of a folder, or what comes behind a dataset or folder.
#[must_use]
pub fn nested(name: &str, description: &str, url: &str) -> String {
    format!(
        "  {}:\n    description: {}\n    driver: yaml_file_cat\n    args:\n      path: {}\n",
        quoted(name),
        quoted(description),
        quoted(url)
    )
}

/// The rest of a folder, behind a child of it. No dataset has its name, because ids begin with no slash.
#[must_use]
pub fn rest(site: &Site<'_>, folder: &str, after: &str) -> String {
    let url = format!("{}?after={}", folder_url(site, folder), encoded_value(after));
    nested("/more", &format!("what comes behind {after}"), &url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Offers;

    fn check_quoted(text: &str, expected: &str) {
        assert_eq!(quoted(text), expected);
    }

    #[test]
    fn texts_are_quoted() {
        check_quoted("on", "\"on\"");
        check_quoted("2000-01-01 a: b #c", "\"2000-01-01 a: b #c\"");
        check_quoted("a\"b\\c\nd\te", r#""a\"b\\c\nd\te""#);
        check_quoted("é\u{85}\u{2028}\u{7f}\u{1}😀", "\"é\\u0085\\u2028\\u007f\\u0001😀\"");
    }

    fn with(patterns: &[&str], f: impl Fn(&Site<'_>) -> String) -> String {
        let offers: Offers = patterns.iter().copied().collect();
        f(&Site { title: "House", base: "https://h.example", offers: &offers })
    }

    const ZARR: &str = "/datasets/{id}/zarr/{rest}";
    const KERCHUNK: &str = "/datasets/{id}/kerchunk/{rest}";
    const OPENDAP: &str = "/datasets/{id}/opendap.dds";

    #[test]
    fn methods_are_those_of_the_server() {
        let entry = Entry { id: "a/{{x}}.nc", bytes: Some(7), modified: None };
        let one = |patterns: &[&str]| with(patterns, |site| source(site, &entry).unwrap_or_default());
        let both = one(&[ZARR, KERCHUNK, OPENDAP]);
        assert!(
            both.contains("urlpath: \"https://h.example/datasets/a/%7B%7Bx%7D%7D.nc/{{ method }}\"\n"),
            "{both}"
        );
        assert!(both.contains("        default: zarr\n        allowed: [zarr, kerchunk]\n"), "{both}");
        assert!(both.contains("      bytes: 7\n"), "{both}");
        assert!(one(&[KERCHUNK]).contains("default: kerchunk\n        allowed: [kerchunk]\n"));
        assert!(one(&[OPENDAP]).contains("driver: opendap\n"));
        assert_eq!(one(&[]), "");
    }

    #[test]
    fn a_dataset_has_a_source_for_each_way() {
        let all = with(&[ZARR, KERCHUNK, OPENDAP, "/datasets/{id}/file"], |site| {
            dataset_catalog(site, "a/x.nc", "it")
        });
        for name in ["zarr", "kerchunk", "opendap"] {
            assert!(all.contains(&format!("  \"a/x.nc-{name}\":\n")), "{all}");
        }
        assert_eq!(all.matches("driver:").count(), 3, "{all}");
        assert!(with(&[], |site| dataset_catalog(site, "x", "it")).ends_with("sources:\n  {}\n"));
    }

    #[test]
    fn folders_are_nested_catalogs() {
        let text = with(&[], |site| {
            nested("a b/", "a b/", &folder_url(site, "a b/")) + &rest(site, "a b/", "a b/x&y")
        });
        assert!(text.contains("path: \"https://h.example/intake/a%20b/catalog.yaml\"\n"), "{text}");
        assert!(
            text.contains("path: \"https://h.example/intake/a%20b/catalog.yaml?after=a%20b/x%26y\"\n"),
            "{text}"
        );
    }
}
