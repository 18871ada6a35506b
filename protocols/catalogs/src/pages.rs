//! Pages for people, without scripts: every text in them is escaped by the macro that writes them.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::json_ld;
use crate::listing::{Child, Entry, date, encoded_value, name_of};

/// Light and dark, as the reader's browser wants it.
const STYLE: &str = include_str!("pages/weir.css");

/// What browsers may do with a page (`Content-Security-Policy`): show it with its own style, with pictures and scripts of this
/// server, and lead its forms back to it. Nothing inside the page is a script.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; script-src 'self'; base-uri 'none'; \
                          form-action 'self'; frame-ancestors 'none'";

/// A whole page. `json_ld` is for search engines.
#[must_use]
pub fn page(title: &str, json_ld: Option<&Value>, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
                @if let Some(value) = json_ld {
                    script type="application/ld+json" { (PreEscaped(json_ld::for_script(value))) }
                }
            }
            body { main { h1 { (title) } (body) } }
        }
    };
    page.into_string()
}

/// Where the rows of a listing lead to.
pub trait Links {
    /// The page of a folder, by its path with a slash at its end; of the root, by nothing.
    fn folder(&self, path: &str) -> String;
    /// The page of a dataset.
    fn dataset(&self, id: &str) -> String;

    /// What is written of a dataset's id.
    fn label<'i>(&self, id: &'i str) -> &'i str {
        name_of(id)
    }

    /// The page that goes on behind a child of a folder.
    fn more(&self, folder: &str, last: &str) -> String {
        let url = self.folder(folder);
        let separator = if url.contains('?') { '&' } else { '?' };
        format!("{url}{separator}after={}", encoded_value(last))
    }
}

/// A part of a folder: its children, and what the next part comes behind, where there is one.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The folder's path with a slash at its end; nothing for the root.
    pub folder: &'a str,
    /// The children of this part.
    pub children: &'a [Child<'a>],
    /// The text of the last child, where more come behind it.
    pub more_behind: Option<&'a str>,
}

impl Part<'_> {
    /// The part as a table, with links to the folders above and to the next part.
    #[must_use]
    pub fn table(&self, links: &impl Links) -> Markup {
        html! {
            (path(self.folder, links))
            @if self.children.is_empty() { p { "There is nothing here." } }
            @else {
                table {
                    thead { tr { th { "Dataset" } th { "Size" } th { "Last modified" } } }
                    tbody { @for child in self.children { (row(child, links)) } }
                }
            }
            @if let Some(last) = self.more_behind {
                p { a href=(links.more(self.folder, last)) rel="next" { "more" } }
            }
        }
    }
}

/// The folders that a folder lies in, as links.
fn path(folder: &str, links: &impl Links) -> Markup {
    let ends = folder.match_indices('/').filter_map(|(slash, _)| folder.get(..=slash));
    html! {
        p {
            a href=(links.folder("")) { "all datasets" }
            @for above in ends { " / " a href=(links.folder(above)) { (name_of(above)) } }
        }
    }
}

fn row(child: &Child<'_>, links: &impl Links) -> Markup {
    match child {
        Child::Folder(path) => html! {
            tr { td { a href=(links.folder(path)) { (name_of(path)) "/" } } td {} td {} }
        },
        Child::Dataset(entry) => html! {
            tr { td { a href=(links.dataset(entry.id)) { (links.label(entry.id)) } } (facts(entry)) }
        },
    }
}

fn facts(entry: &Entry<'_>) -> Markup {
    html! {
        td.number { @if let Some(bytes) = entry.bytes { (bytes_for_people(bytes)) } }
        td { @if let Some(date) = entry.modified.and_then(date) { (date) } }
    }
}

/// A number of bytes with three digits or so, by powers of 1000 as file managers write them.
#[must_use]
pub fn bytes_for_people(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut tenths = bytes;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 2 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    match (bytes, UNITS.get(unit), UNITS.get(unit + 1)) {
        (0..1000, ..) => format!("{bytes} B"),
        // What is left has at most four digits of the smaller unit: one decimal of the greater.
        (_, _, Some(greater)) if tenths >= 1000 => {
            format!("{}.{} {greater}", tenths / 1000, tenths % 1000 / 100)
        }
        (_, Some(smaller), _) => format!("{tenths} {smaller}"),
        _ => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        let check = |bytes, expected: &str| assert_eq!(bytes_for_people(bytes), expected);
        check(0, "0 B");
        check(999, "999 B");
        check(1000, "1.0 kB");
        check(123_456, "123 kB");
        check(9_999_999, "9.9 MB");
        check(1_500_000_000, "1.5 GB");
        check(u64::MAX, "18.4 EB");
    }

    struct Plain;

    impl Links for Plain {
        fn folder(&self, path: &str) -> String {
            format!("/?folder={}", encoded_value(path))
        }

        fn dataset(&self, id: &str) -> String {
            format!("/d/{}", encoded_value(id))
        }
    }

    #[test]
    fn names_are_never_markup() {
        let evil = "a<script>\"'&/";
        let entry = Entry { id: "a<b>\"&.nc", bytes: Some(1234), modified: Some(1) };
        let children = [Child::Folder(evil), Child::Dataset(entry)];
        let part = Part { folder: evil, children: &children, more_behind: Some("x\"><script>") };
        let text = page(evil, None, &part.table(&Plain));
        assert!(!text.contains("<script") && !text.contains("<b>"), "{text}");
        assert!(
            text.contains(
                r#"href="/?folder=a%3Cscript%3E%22%27%26/&amp;after=x%22%3E%3Cscript%3E" rel="next""#
            ),
            "{text}"
        );
        assert!(
            text.contains(
                "a&lt;b&gt;&quot;&amp;.nc</a></td><td class=\"number\">1.2 kB</td><td>1970-01-01T00:00:01Z"
            ),
            "{text}"
        );
    }
}
