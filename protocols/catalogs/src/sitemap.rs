//! What search engines look for: sitemaps, and which parts of a server they should leave alone.
//!
//! Sources: <https://www.sitemaps.org/protocol.html>; RFC 9309 (robots.txt).

use std::collections::BTreeSet;

use quick_xml::escape::escape;

use crate::Site;
use crate::listing::{Entry, date, encoded_value};

/// Datasets that one sitemap has: with the server's first page, 50,000 URLs, which is the most that there may be.
pub const DATASETS: usize = 49_999;

const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The index of sitemaps: one for the datasets behind each of `boundaries`, of which the first is nothing.
#[must_use]
pub fn index<'a>(site: &Site<'_>, boundaries: impl IntoIterator<Item = &'a str>) -> String {
    let part = |after: &str| {
        let url = format!("{}/sitemap-datasets.xml?after={}", site.base, encoded_value(after));
        format!("<sitemap><loc>{}</loc></sitemap>\n", escape(url))
    };
    let parts: String = boundaries.into_iter().map(part).collect();
    format!("{DECLARATION}<sitemapindex xmlns=\"{NAMESPACE}\">\n{parts}</sitemapindex>\n")
}

/// What stands before the datasets of the sitemap behind `after`: in the first, the server's first page.
#[must_use]
pub fn begin(site: &Site<'_>, after: &str) -> String {
    let first = if after.is_empty() {
        format!("<url><loc>{}/</loc></url>\n", escape(site.base))
    } else {
        String::new()
    };
    format!("{DECLARATION}<urlset xmlns=\"{NAMESPACE}\">\n{first}")
}

/// The page of a dataset; nothing where the server has none.
#[must_use]
pub fn dataset(site: &Site<'_>, entry: &Entry<'_>) -> String {
    let Some(url) = site.dataset_page(entry.id) else { return String::new() };
    let modified = entry.modified.and_then(date).map(|date| format!("<lastmod>{date}</lastmod>"));
    format!("<url><loc>{}</loc>{}</url>\n", escape(url), modified.unwrap_or_default())
}

/// What stands behind the datasets.
pub const END: &str = "</urlset>\n";

/// What a route answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A page for people.
    Page,
    /// Something else.
    Data,
}

/// `robots.txt`: crawlers find pages, and leave alone the data of datasets, which they would else read whole, chunk by chunk.
///
/// Of the lines that fit a path, the longest counts (RFC 9309, section 2.2.2).
#[must_use]
pub fn robots<'a>(site: &Site<'_>, routes: impl IntoIterator<Item = (&'a str, Kind)>) -> String {
    let prefix =
        site.base.split_once("://").and_then(|(_, rest)| rest.get(rest.find('/')?..)).unwrap_or_default();
    let line = |(pattern, kind): (&str, Kind)| {
        let (path, end) = pattern.strip_suffix("{rest}").map_or((pattern, "$"), |path| (path, ""));
        let word = if kind == Kind::Page { "Allow" } else { "Disallow" };
        pattern.contains("{id}").then(|| format!("{word}: {prefix}{}{end}\n", path.replace("{id}", "*")))
    };
    let lines: BTreeSet<String> = routes.into_iter().filter_map(line).collect();
    let lines: String = lines.into_iter().collect();
    format!("User-agent: *\nAllow: {prefix}/\n{lines}\nSitemap: {}/sitemap.xml\n", site.base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Offers;

    fn with(f: impl Fn(&Site<'_>) -> String) -> String {
        let offers: Offers = ["/datasets/{id}/"].into_iter().collect();
        f(&Site { title: "House", base: "https://h.example/w", offers: &offers })
    }

    #[test]
    fn sitemaps_are_xml() {
        let text = with(|site| index(site, ["", "a&b/x"]));
        assert!(text.contains("<loc>https://h.example/w/sitemap-datasets.xml?after=</loc>"), "{text}");
        assert!(text.contains("<loc>https://h.example/w/sitemap-datasets.xml?after=a%26b/x</loc>"), "{text}");
        let text = with(|site| dataset(site, &Entry { id: "a&b/x", bytes: None, modified: Some(0) }));
        let expected = "<url><loc>https://h.example/w/datasets/a%26b/x/</loc><lastmod>1970-01-01T00:00:00Z</lastmod></url>\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn crawlers_leave_data_alone() {
        let routes = [
            ("/datasets/{id}/", Kind::Page),
            ("/datasets/{id}/zarr/{rest}", Kind::Data),
            ("/datasets/{id}/opendap.dods", Kind::Data),
            ("/datasets", Kind::Data),
        ];
        let expected = "User-agent: *\nAllow: /w/\nAllow: /w/datasets/*/$\nDisallow: /w/datasets/*/opendap.dods$\n\
                        Disallow: /w/datasets/*/zarr/\n\nSitemap: https://h.example/w/sitemap.xml\n";
        assert_eq!(with(|site| robots(site, routes)), expected);
    }
}
