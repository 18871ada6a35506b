//! A page with the first values of a result, for people.

use maud::{DOCTYPE, Markup, html};
use weir_plugin_api::{Body, Bytes, Error, Request};

use super::FORMATS;
use crate::engine::values::{One, Values};
use crate::labels::Labels;
use crate::result::{Outcome, text};

/// A page shows at most so many values.
const MOST_SHOWN: usize = 2000;

/// A page, whole.
struct Page(Option<Vec<u8>>);

impl Body for Page {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.0.take().map(Bytes::from))
    }
}

/// The page of a result.
///
/// # Errors
/// `Unsupported` for times that cannot be decoded.
pub fn body(outcome: &Outcome, request: &Request<'_>) -> Result<impl Body + use<>, Error> {
    let columns = outcome.dimensions.last();
    let width = columns.map_or(1, |(_, length)| *length).clamp(1, MOST_SHOWN);
    let labels: Result<Vec<Vec<String>>, Error> =
        outcome.dimensions.iter().map(|(name, length)| of_dimension(outcome, name, *length)).collect();
    let labels = labels?;
    let rows = outcome.values.len().min(MOST_SHOWN) / width;
    let title = text(&outcome.attributes, "long_name").unwrap_or_else(|| outcome.name.clone());
    let units = text(&outcome.attributes, "units").unwrap_or_default();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
            }
            body {
                h1 { (title) @if !units.is_empty() { " [" (units) "]" } }
                p { code { (outcome.name) "(" (dimensions(outcome)) ")" } " " (outcome.values.type_name()) }
                p { "As " @for (_, name, _) in FORMATS.iter().filter(|(_, name, _)| *name != "html") {
                    a href=(link(request, name)) { (name) } " "
                } }
                (table(outcome, &labels, (rows, width)))
                @if rows.saturating_mul(width) < outcome.values.len() {
                    p { "The first " (rows.saturating_mul(width)) " of " (outcome.values.len()) " values." }
                }
            }
        }
    };
    Ok(Page(Some(page.into_string().into_bytes())))
}

fn dimensions(outcome: &Outcome) -> String {
    let shown: Vec<String> =
        outcome.dimensions.iter().map(|(name, length)| format!("{name}: {length}")).collect();
    shown.join(", ")
}

/// The same request in another format.
fn link(request: &Request<'_>, format: &str) -> String {
    let others = request.query().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("format="));
    let query: Vec<String> = others.map(str::to_owned).chain([format!("format={format}")]).collect();
    format!("{}{}?{}", request.base_url(), request.path(), query.join("&"))
}

fn table(outcome: &Outcome, labels: &[Vec<String>], (rows, width): (usize, usize)) -> Markup {
    let (columns, leading) =
        labels.split_last().map_or((None, labels), |(last, leading)| (Some(last), leading));
    let names: Vec<&str> = outcome.dimensions.iter().map(|(name, _)| name.as_str()).collect();
    html! {
        table {
            caption { "Values along " (names.last().copied().unwrap_or("nothing")) }
            thead { tr {
                @for name in names.iter().take(leading.len()) { th scope="col" { (name) } }
                @for label in columns.iter().flat_map(|labels| labels.iter().take(width)) { th scope="col" { (label) } }
            } }
            tbody {
                @for row in 0..rows {
                    tr {
                        @for label in row_labels(row, leading) { th scope="row" { (label) } }
                        @for column in 0..width { td { (value(&outcome.values, row.saturating_mul(width).saturating_add(column))) } }
                    }
                }
            }
        }
    }
}

fn row_labels(row: usize, leading: &[Vec<String>]) -> Vec<String> {
    let mut rest = row;
    let label = |labels: &Vec<String>| {
        let place = rest.checked_rem(labels.len()).unwrap_or(0);
        rest = rest.checked_div(labels.len()).unwrap_or(0);
        labels.get(place).cloned().unwrap_or_default()
    };
    let mut labels: Vec<String> = leading.iter().rev().map(label).collect();
    labels.reverse();
    labels
}

fn value(values: &Values, place: usize) -> String {
    values.at(place).map(one).unwrap_or_default()
}

fn one(one: One) -> String {
    match one {
        One::Float32(value) => value.to_string(),
        One::Float64(value) => value.to_string(),
        One::Signed(value) => value.to_string(),
        One::Unsigned(value) => value.to_string(),
        One::Truth(value) => value.to_string(),
    }
}

/// What the indices of a dimension are called.
fn of_dimension(outcome: &Outcome, name: &str, length: usize) -> Result<Vec<String>, Error> {
    let found =
        outcome.coordinates.iter().find(|own| own.name == name && own.dimensions == [name.to_owned()]);
    let Some(found) = found else { return Ok((0..length).map(|index| index.to_string()).collect()) };
    match &found.labels {
        Labels::Texts(texts) => Ok(texts.clone()),
        Labels::Numbers(values) => {
            Ok((0..values.len()).filter_map(|place| values.at(place)).map(one).collect())
        }
        Labels::Times(_, values) => (0..values.len())
            .map(|place| Ok(found.labels.date(place)?.map(|date| date.to_string()).unwrap_or_default()))
            .collect(),
    }
}
