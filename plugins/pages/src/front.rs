//! The first page: catalogs, read off the routes, and the datasets of a folder.

use std::collections::BTreeSet;

use maud::{Markup, html};
use weir_catalogs::listing::{Child, Entry, encoded_value, name_of};
use weir_catalogs::pages::{Links, Part, page};
use weir_catalogs::{Site, json_ld};
use weir_plugin_api::{Route, Stands};

/// What the page shows.
pub(crate) struct Front<'a> {
    /// The server.
    pub site: Site<'a>,
    /// What it is about.
    pub description: &'a str,
    /// What it serves.
    pub routes: &'a [Route],
    /// The words that are searched for; nothing where a folder is shown.
    pub words: &'a str,
    /// The folder that is shown, with a slash at its end.
    pub folder: &'a str,
    /// A part of its children.
    pub children: &'a [Child<'a>],
    /// The last of them, where more come behind it.
    pub more_behind: Option<&'a str>,
}

struct FrontLinks<'a> {
    site: &'a Site<'a>,
    words: &'a str,
}

impl Links for FrontLinks<'_> {
    fn folder(&self, path: &str) -> String {
        match path {
            "" => format!("{}/", self.site.base),
            path => format!("{}/?folder={}", self.site.base, encoded_value(path)),
        }
    }

    fn dataset(&self, id: &str) -> String {
        self.site.dataset_page(id).unwrap_or_else(|| {
            let first = self.site.offers.accesses().next();
            self.site.dataset_url(id) + first.map_or("", |access| access.suffix)
        })
    }

    /// What was searched for is shown whole: it may lie in any folder.
    fn label<'i>(&self, id: &'i str) -> &'i str {
        if self.words.is_empty() { name_of(id) } else { id }
    }

    fn more(&self, folder: &str, last: &str) -> String {
        let (name, value) = if self.words.is_empty() { ("folder", folder) } else { ("q", self.words) };
        format!("{}/?{name}={}&after={}", self.site.base, encoded_value(value), encoded_value(last))
    }
}

/// Addresses that are for programs and crawlers, and this page itself.
const LEFT_OUT: [&str; 5] = ["/", "/pages/copy.js", "/robots.txt", "/sitemap.xml", "/sitemap-datasets.xml"];

/// Whether a route is an entrance: of the server, answering as it stands, and said to be for something.
fn is_entrance(route: &Route) -> bool {
    let name = route.pattern.rsplit('/').next().unwrap_or_default();
    let answers = route.description.responses.iter().any(|answer| answer.status == 200);
    let asks = |required: &weir_plugin_api::Parameter| required.required && required.stands == Stands::Query;
    route.methods.iter().any(|method| method == "GET")
        && !route.pattern.contains('{')
        && !LEFT_OUT.contains(&route.pattern.as_str())
        && !name.starts_with('.')
        && !route.description.summary.is_empty()
        && answers
        && !route.description.parameters.iter().any(asks)
}

impl Front<'_> {
    /// The whole page.
    pub fn page(&self) -> String {
        let part = Part { folder: self.folder, children: self.children, more_behind: self.more_behind };
        let body = html! {
            @if self.folder.is_empty() && self.words.is_empty() { p { (self.description) } (self.entrances()) }
            (self.form())
            h2 {
                @if !self.words.is_empty() { "Datasets with " (self.words) }
                @else if self.folder.is_empty() { "Datasets" }
                @else { "Datasets in " (self.folder) }
            }
            (part.table(&FrontLinks { site: &self.site, words: self.words }))
        };
        let entries: Vec<Entry<'_>> = self.children.iter().filter_map(dataset_of).collect();
        let json_ld = json_ld::catalog(&self.site, self.description, &entries);
        page(self.site.title, Some(&json_ld), &body)
    }

    fn form(&self) -> Markup {
        html! {
            form role="search" method="get" action={ (self.site.base) "/" } {
                label { "Words of the id: " input type="search" name="q" value=(self.words); }
                " " button { "Search" }
            }
        }
    }

    fn entrances(&self) -> Markup {
        let patterns: BTreeSet<&str> = self.routes.iter().map(|route| route.pattern.as_str()).collect();
        // The same address with a slash at its end is no other entrance.
        let is_twin =
            |route: &Route| route.pattern.strip_suffix('/').is_some_and(|rest| patterns.contains(rest));
        let entrances = self.routes.iter().filter(|route| is_entrance(route) && !is_twin(route));
        let mut routes: Vec<&Route> = entrances.collect();
        routes.sort_by(|one, other| one.pattern.cmp(&other.pattern));
        html! {
            h2 { "Catalogs" }
            ul {
                @for route in routes {
                    li {
                        a href={ (self.site.base) (route.pattern) } { (route.pattern) }
                        ": " (route.description.summary)
                    }
                }
            }
        }
    }
}

fn dataset_of<'a>(child: &Child<'a>) -> Option<Entry<'a>> {
    match child {
        Child::Dataset(entry) => Some(*entry),
        Child::Folder(_) => None,
    }
}
