//! The page about a dataset: where and when its data lies, what it holds, pictures, code, and all ways to it.

use maud::{Markup, html};
use serde_json::Value as Json;
use weir_model::{Schema, Variable};

use crate::attributes::float;
use crate::listing::{date, encoded_value, folder_of, name_of};
use crate::pages::{bytes_for_people, page};
use crate::snippets::Subject;
use crate::{Entry, Site, Summary, json_ld, notebook, pictures, structure};

/// The route of the notebook.
pub const NOTEBOOK: &str = "/datasets/{id}/notebook.ipynb";

/// What the page is about.
#[derive(Clone, Copy, Debug)]
pub struct DatasetPage<'a> {
    /// The server.
    pub site: Site<'a>,
    /// The dataset, as it is known without opening it.
    pub entry: Entry<'a>,
    /// What it holds.
    pub schema: &'a Schema,
    /// Where and when its data lies; `None` where that cannot be told.
    pub summary: Option<&'a Summary>,
    /// The URL of a script that makes buttons for copying code; nothing where there is none.
    pub script: Option<&'a str>,
}

impl DatasetPage<'_> {
    /// The whole page.
    #[must_use]
    pub fn html(&self) -> String {
        let json_ld = self.summary.map(|summary| json_ld::dataset(&self.site, &self.entry, summary));
        let nothing = Summary::default();
        let subject = Subject::of(self.site, self.entry.id, self.summary.unwrap_or(&nothing));
        let preview = |path: &str, variable: &Variable| self.preview(path, variable);
        let title = self.summary.and_then(|summary| summary.words.title.as_deref());
        let body = html! {
            (self.way())
            @if let Some(summary) = self.summary { (about(&self.entry, summary)) }
            section aria-label="ways to the data" { h2 { "Access" } (self.accesses()) }
            (structure::tree(self.schema, &preview))
            (code(&subject))
            @if let Some(script) = self.script { script src=(script) defer {} }
        };
        let name = name_of(self.entry.id);
        page(title.unwrap_or(name), json_ld.as_ref(), &body)
    }

    /// From the first page through the folders to the dataset.
    fn way(&self) -> Markup {
        let folder = folder_of(self.entry.id);
        let ends = folder.match_indices('/').filter_map(|(slash, _)| folder.get(..=slash));
        html! {
            nav aria-label="folders" {
                a href={ (self.site.base) "/" } { "all datasets" }
                @for above in ends { " / " a href={ (self.site.base) "/?folder=" (encoded_value(above)) } { (name_of(above)) } }
                " / " (name_of(self.entry.id))
            }
        }
    }

    fn accesses(&self) -> Markup {
        let url = self.site.dataset_url(self.entry.id);
        let own = ["keys", "dict", "info", "groups", "tree"];
        let own = own.iter().filter(|name| self.site.offers.has(&format!("/datasets/{{id}}/{name}")));
        html! {
            ul.row {
                @for access in self.site.offers.accesses() {
                    li { a href={ (url) (access.suffix) (access.page) } { (access.label) } }
                }
                @if self.site.offers.has(NOTEBOOK) { li { a href={ (url) "/notebook.ipynb" } download { "Jupyter notebook" } } }
                @for name in own { li { a href={ (url) "/" (name) } { (name) } } }
            }
        }
    }

    /// The picture of a variable on a horizontal grid, which is drawn when it is looked at.
    fn preview(&self, path: &str, variable: &Variable) -> Option<Markup> {
        let key = path.trim_start_matches('/');
        let facts = self.summary?.data_variables().find(|facts| facts.key() == key)?;
        let number = weir_cf::packing::NumberType::of(&variable.data_type).is_some();
        let on_grid = weir_cf::horizontal::horizontal(self.schema, path).is_ok_and(|grid| grid.is_some());
        if !self.site.offers.has(pictures::PATTERN) || !number || !on_grid || key.contains('/') {
            return None;
        }
        let url = pictures::map(&self.site.dataset_url(self.entry.id), key, (640, 360));
        let label = facts.label();
        Some(
            html! { img.preview src=(url) loading="lazy" width="640" height="360" alt={ "map of " (label) }; },
        )
    }
}

/// What a catalog would say of the dataset.
fn about(entry: &Entry<'_>, summary: &Summary) -> Markup {
    let mut facts: Vec<(&str, String)> = Vec::new();
    let words = &summary.words;
    if let Some(time) = &summary.time {
        facts.push(("time", format!("{} to {} ({})", time.start, time.end, time.calendar)));
    }
    if let Some(bounds) = &summary.bounds {
        let [west, south, east, north] = bounds.bbox().map(degrees);
        facts.push(("place", format!("{west} to {east} east, {south} to {north} north")));
    }
    if let Some(grid) = &summary.grid {
        facts.push(("grid", grid.kind.name().to_owned()));
    }
    if let Some(vertical) = &summary.vertical {
        let units = vertical.units.as_deref().unwrap_or_default();
        facts.push((
            "height",
            format!("{} to {} {units}", float(vertical.range.least), float(vertical.range.greatest)),
        ));
    }
    facts.extend(words.institution.clone().map(|text| ("institution", text)));
    facts.extend(words.license.clone().map(|text| ("licence", text)));
    facts.extend(entry.bytes.map(|bytes| ("on disk", bytes_for_people(bytes))));
    facts.extend(entry.modified.and_then(date).map(|date| ("last modified", date)));
    html! {
        @if let Some(description) = &words.description { p { (description) } }
        table { tbody { @for (name, text) in facts { tr { th scope="row" { (name) } td { (text) } } } } }
        @for note in &summary.notes { p { small { "Not told: " (note) } } }
    }
}

/// A hundredth of a degree is a kilometre: enough for people.
fn degrees(value: f64) -> Json {
    float((value * 100.0).round() / 100.0)
}

fn code(subject: &Subject<'_>) -> Markup {
    let all = subject.snippets();
    html! {
        @if !all.is_empty() {
            section aria-label="code" {
                h2 { "Code" }
                @for (at, snippet) in all.iter().enumerate() {
                    details open[at == 0] {
                        summary { h3 { (snippet.title) } }
                        pre.code tabindex="0" { code data-language=(snippet.language) { (snippet.code) } }
                    }
                }
            }
        }
    }
}

/// The notebook of a dataset, as text.
#[must_use]
pub fn notebook_of(site: Site<'_>, id: &str, summary: &Summary) -> String {
    notebook::notebook(&Subject::of(site, id, summary), summary).to_string()
}

#[cfg(test)]
mod tests;
