//! Rows: what a datastore says of a dataset, from its id and its summary.

use std::collections::HashSet;
use std::sync::Arc;

use weir_catalogs::attributes;
use weir_catalogs::esm::{Cell, Kind, PATH, Table, TableError};
use weir_catalogs::listing::encoded_path;
use weir_catalogs::{Role, Step, Summary, VariableFacts};

use crate::settings::Settings;

/// The column with the format of what a row leads to.
pub(crate) const FORMAT: &str = "format";

/// The columns that every datastore has, before those of patterns and attributes.
const FIXED: [(&str, Kind); 15] = [
    (PATH, Kind::Address),
    (FORMAT, Kind::Text),
    ("dataset", Kind::Text),
    ("folder", Kind::Text),
    ("file", Kind::Text),
    ("title", Kind::Text),
    ("frequency", Kind::Text),
    ("start_date", Kind::Text),
    ("end_date", Kind::Text),
    ("grid", Kind::Text),
    ("variable", Kind::Texts),
    ("variable_long_name", Kind::Texts),
    ("variable_standard_name", Kind::Texts),
    ("variable_cell_methods", Kind::Texts),
    ("variable_units", Kind::Texts),
];

/// What datasets of one kind have in common, kept once for all of them.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Common {
    variables: [Vec<String>; 5],
    attributes: Vec<Option<String>>,
    grid: Option<&'static str>,
    frequency: Option<String>,
}

/// What is known of a dataset.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    common: Arc<Common>,
    title: Option<String>,
    start: Option<String>,
    end: Option<String>,
}

/// What was said before, so that it is not kept twice.
#[derive(Debug, Default)]
pub(crate) struct Said(HashSet<Arc<Common>>);

impl Said {
    /// A row of what a dataset is.
    pub(crate) fn row(&mut self, summary: &Summary, settings: &Settings) -> Row {
        let common = Common::of(summary, settings);
        let known = self.0.get(&common).cloned();
        let common = known.unwrap_or_else(|| {
            let new = Arc::new(common);
            self.0.insert(Arc::clone(&new));
            new
        });
        let time = summary.time.as_ref();
        Row {
            common,
            title: summary.words.title.clone(),
            start: time.map(|span| span.start.clone()),
            end: time.map(|span| span.end.clone()),
        }
    }

    /// Forgets what no row says any more.
    pub(crate) fn forget(&mut self) {
        self.0.retain(|common| Arc::strong_count(common) > 1);
    }
}

impl Common {
    fn of(summary: &Summary, settings: &Settings) -> Self {
        // xarray opens the root group, so its variables are those that a row leads to.
        let shown = |variable: &&VariableFacts| variable.role == Role::Data && !variable.key().contains('/');
        let all: Vec<&VariableFacts> = summary.variables.iter().filter(shown).collect();
        let list = |of: fn(&VariableFacts) -> Option<&String>| -> Vec<String> {
            all.iter().map(|variable| of(variable).cloned().unwrap_or_default()).collect()
        };
        let attribute = |name: &String| {
            let found = summary.attributes.iter().find(|attribute| attribute.name == *name)?;
            let value = attributes::value(&found.value);
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .filter(|text| !text.is_empty())
        };
        Self {
            variables: [
                list(|variable| Some(&variable.name)),
                list(|variable| variable.long_name.as_ref()),
                list(|variable| variable.standard_name.as_ref()),
                list(|variable| variable.cell_methods.as_ref()),
                list(|variable| variable.units.as_ref()),
            ],
            attributes: settings.attributes.iter().map(attribute).collect(),
            grid: summary.grid.as_ref().map(|grid| grid.kind.name()),
            frequency: frequency(summary),
        }
    }
}

/// The attribute `frequency`, else the step of the time axis as catalogs write it: `6hr`, `1day`, `1mon`; `fx` without time.
fn frequency(summary: &Summary) -> Option<String> {
    if let Some(said) = summary.attribute("frequency") {
        return Some(said);
    }
    if summary.time.is_none() {
        return Some("fx".to_owned());
    }
    summary.dimensions.iter().find_map(|dimension| match &dimension.step {
        Some(Step::Duration(duration)) => Some(in_words(duration)),
        _ => None,
    })
}

/// An ISO 8601 duration of one unit, as catalogs write it; others as they are.
fn in_words(duration: &str) -> String {
    let (number, unit) = match (duration.strip_prefix("PT"), duration.strip_prefix('P')) {
        (Some(time), _) => (time.strip_suffix('H'), "hr"),
        (None, Some(date)) => match date.char_indices().next_back() {
            Some((at, 'Y')) => (date.get(..at), "yr"),
            Some((at, 'M')) => (date.get(..at), "mon"),
            Some((at, 'D')) => (date.get(..at), "day"),
            _ => (None, ""),
        },
        (None, None) => (None, ""),
    };
    match number.filter(|number| number.parse::<u32>().is_ok()) {
        Some(number) => format!("{number}{unit}"),
        None => duration.to_owned(),
    }
}

/// The columns of a site's datastores, the values that patterns and attributes of one name give being one column.
pub(crate) fn empty_table(settings: &Settings) -> Table {
    let mut columns: Vec<(&str, Kind)> = FIXED.to_vec();
    columns.extend(extra(settings).into_iter().map(|name| (name, Kind::Text)));
    Table::new(columns)
}

/// Names of columns beside the fixed ones, each once.
fn extra(settings: &Settings) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let of_patterns = settings.patterns.iter().flat_map(crate::pattern::Pattern::names);
    for name in of_patterns.chain(&settings.attributes).map(String::as_str) {
        if !names.contains(&name) && FIXED.iter().all(|(fixed, _)| *fixed != name) {
            names.push(name);
        }
    }
    names
}

impl Row {
    /// Adds the row of the dataset `id`, whose data is at `suffix` behind the address of the dataset, in a `format`. What a pattern
    /// finds in the id counts more than what the dataset says.
    pub(crate) fn add_to(
        &self,
        table: &mut Table,
        (id, (suffix, format)): (&str, (&str, &str)),
        settings: &Settings,
    ) -> Result<(), TableError> {
        let (folder, file) = id.rsplit_once('/').unwrap_or(("", id));
        let found = settings.patterns.iter().find_map(|pattern| pattern.values(id)).unwrap_or_default();
        let in_id =
            |name: &str| found.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let common = &self.common;
        let mut cells = vec![
            Cell::Text(format!("/datasets/{}{suffix}", encoded_path(id))),
            Cell::Text(format.to_owned()),
            Cell::Text(id.to_owned()),
            Cell::Text(folder.to_owned()),
            Cell::Text(file.to_owned()),
            Cell::of(in_id("title").or_else(|| self.title.clone())),
            Cell::of(in_id("frequency").or_else(|| common.frequency.clone())),
            Cell::of(in_id("start_date").or_else(|| self.start.clone())),
            Cell::of(in_id("end_date").or_else(|| self.end.clone())),
            Cell::of(common.grid.map(str::to_owned)),
        ];
        cells.extend(common.variables.iter().map(|list| Cell::Texts(list.clone())));
        for name in extra(settings) {
            let place = settings.attributes.iter().position(|attribute| attribute == name);
            let said = place.and_then(|place| common.attributes.get(place)).cloned().flatten();
            cells.push(Cell::of(in_id(name).or(said)));
        }
        table.push(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_named_as_catalogs_name_them() {
        let check = |duration: &str, expected: &str| assert_eq!(in_words(duration), expected);
        check("PT6H", "6hr");
        check("P1D", "1day");
        check("P1M", "1mon");
        check("P10Y", "10yr");
        check("PT30M", "PT30M");
        check("P1DT12H", "P1DT12H");
        check("é", "é");
    }
}
