//! Catalogs as pages for people: the same as in XML, with links.

use maud::html;

use super::coverage::data_type;
use super::services::services;
use crate::json_ld;
use crate::listing::{Entry, date, encoded_path, encoded_value, folder_of, name_of};
use crate::pages::{Links, Part, bytes_for_people, page};
use crate::{Site, Summary};

struct ThreddsLinks<'a> {
    base: &'a str,
}

impl Links for ThreddsLinks<'_> {
    fn folder(&self, path: &str) -> String {
        match path {
            "" => format!("{}/thredds/catalog.html", self.base),
            path => format!("{}/thredds/catalog/{}catalog.html", self.base, encoded_path(path)),
        }
    }

    fn dataset(&self, id: &str) -> String {
        format!("{}?dataset={}", self.folder(folder_of(id)), encoded_value(id))
    }
}

/// The page of a part of a folder.
#[must_use]
pub fn folder_page(site: &Site<'_>, part: &Part<'_>) -> String {
    let links = ThreddsLinks { base: site.base };
    let url = links.folder(part.folder);
    let name = if part.folder.is_empty() { site.title } else { part.folder };
    let body = html! {
        (part.table(&links))
        p {
            a href=(url.replace("catalog.html", "catalog.xml")) { "This catalog for programs" } ", "
            a href=(url.replace("catalog.html", "latest.xml")) { "its latest dataset" }
        }
    };
    page(&format!("Catalog {name}"), None, &body)
}

/// The page of a dataset: how to get at it, and what its data tells, where that is known.
#[must_use]
pub fn dataset_page(site: &Site<'_>, entry: &Entry<'_>, summary: Option<&Summary>) -> String {
    let links = ThreddsLinks { base: site.base };
    let (folder, path) = (folder_of(entry.id), encoded_path(entry.id));
    let body = html! {
        p { a href=(links.folder(folder)) { "Catalog " (if folder.is_empty() { site.title } else { folder }) } }
        ul {
            li { b { "ID: " } (entry.id) }
            @if let Some(bytes) = entry.bytes { li { b { "Size: " } (bytes_for_people(bytes)) } }
            @if let Some(date) = entry.modified.and_then(date) { li { b { "Last modified: " } (date) } }
            @if let Some(kind) = summary.and_then(data_type) { li { b { "Type: " } (kind) } }
        }
        h2 { "Access" }
        ol {
            @for service in services(site.offers) {
                @let url = format!("{}{}{path}", site.base, service.path);
                li { b { (service.service_type) ": " } a href={ (url) (service.page) } { (url) } }
            }
            @for access in site.offers.accesses().filter(|access| !["opendap", "file", "wms"].contains(&access.name)) {
                @let url = site.dataset_url(entry.id) + access.suffix;
                li { b { (access.label) ": " } a href={ (url) (access.page) } { (url) } }
            }
        }
        @if let Some(summary) = summary { (told(summary)) }
        @if let Some(page) = site.dataset_page(entry.id) { p { a href=(page) { "More about this dataset" } } }
    };
    let json_ld = summary.map(|summary| json_ld::dataset(site, entry, summary));
    page(&format!("Dataset {}", name_of(entry.id)), json_ld.as_ref(), &body)
}

fn told(summary: &Summary) -> maud::Markup {
    html! {
        @if let Some(text) = &summary.words.description { h2 { "Description" } p { (text) } }
        h2 { "Variables" }
        ul {
            @for variable in summary.data_variables() {
                li {
                    b { (variable.key()) } " " (variable.label())
                    @if let Some(units) = &variable.units { " [" (units) "]" }
                }
            }
        }
        @if let Some(bounds) = &summary.bounds {
            h2 { "Where" }
            p { (bounds.south) " to " (bounds.north) " north, " (bounds.west) " to " (bounds.east) " east" }
        }
        @if let Some(time) = &summary.time { h2 { "When" } p { (time.start) " to " (time.end) } }
    }
}
