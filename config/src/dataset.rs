//! Datasets that are named one by one: where they lie or what they are made of, and what is changed in them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Error, Seconds};

/// A dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Its id: what stands in URLs.
    pub id: String,
    /// Where it comes from.
    pub source: Source,
    /// Global attributes that it gets, by name.
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Global attributes that are taken away.
    pub remove_attributes: Vec<String>,
    /// Variables that are taken away.
    pub remove_variables: Vec<String>,
    /// New names of dimensions, by their old ones.
    pub rename_dimensions: BTreeMap<String, String>,
    /// What is changed in variables, by their names.
    pub variables: BTreeMap<String, VariableEdits>,
    /// The file that says so, and where in it.
    pub(crate) place: Error,
}

impl Dataset {
    /// An error of this dataset: it names the file, the line, the id and what is wrong.
    #[must_use]
    pub fn error(&self, reason: &str) -> Error {
        Error { message: format!("dataset {:?}: {reason}", self.id), ..self.place.clone() }
    }
}

/// Where a dataset comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A file or a folder.
    Path(PathBuf),
    /// A URL.
    Url(String),
    /// Members that are put together.
    Aggregation(Aggregation),
}

/// How members are put together.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aggregation {
    /// Along what.
    #[serde(rename = "type")]
    pub kind: Type,
    /// The name of the join dimension.
    pub dimension: Option<String>,
    /// Patterns of members' paths (`*` inside a name, `**` for folders).
    pub files: Vec<String>,
    /// After how long the listing is repeated.
    pub recheck_every: Option<Seconds>,
    /// Files that were written to within this time are left out.
    pub older_than: Option<Seconds>,
    /// The variables that get a new dimension.
    #[serde(default)]
    pub variables: Vec<String>,
    /// The values of a new coordinate, one for each of `files`, which then name one file each.
    #[serde(default)]
    pub values: Vec<AttributeScalar>,
    /// How a file's name tells its value of a new coordinate, as NcML's `dateFormatMark`.
    pub date_mark: Option<String>,
    /// In which order members are joined.
    #[serde(default)]
    pub order: Order,
    /// What is done where coordinates overlap.
    #[serde(default)]
    pub overlap: Overlap,
    /// Whether coordinates that are not joined must have the same values in all members.
    #[serde(default)]
    pub check_coordinates: bool,
}

/// Along what members are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Type {
    /// Along a dimension that they have.
    #[serde(rename = "joinExisting")]
    JoinExisting,
    /// Along a new dimension.
    #[serde(rename = "joinNew")]
    JoinNew,
    /// Side by side.
    #[serde(rename = "union")]
    Union,
}

/// In which order members are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// By the values of their coordinate.
    #[default]
    Coordinate,
    /// As they are listed.
    Given,
}

/// What is done where coordinates overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// The dataset is refused.
    #[default]
    Refuse,
    /// It is noted, and all values are served.
    Allow,
}

/// The value of an attribute: one, or several of one type.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AttributeValue {
    /// One value.
    One(AttributeScalar),
    /// Several.
    Several(Vec<AttributeScalar>),
}

/// One value of an attribute.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AttributeScalar {
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
}

/// What is changed in a variable.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VariableEdits {
    /// Its new name.
    pub rename: Option<String>,
    /// Attributes that it gets.
    #[serde(default)]
    pub attributes: BTreeMap<String, AttributeValue>,
    /// Attributes that are taken away.
    #[serde(default)]
    pub remove_attributes: Vec<String>,
}

/// A dataset, as it is written: an id, exactly one of `path`, `url` and `aggregation`, and what is changed in it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Dataset")]
pub struct Document {
    /// What stands in URLs: names with `/` between them.
    id: String,
    /// A file, or a folder that is a Zarr store.
    path: Option<PathBuf>,
    /// A URL of a file or store: `s3://`, `https://` or `http://`.
    url: Option<String>,
    /// Members that are put together.
    aggregation: Option<Aggregation>,
    /// Global attributes that it gets, by name.
    #[serde(default)]
    attributes: BTreeMap<String, AttributeValue>,
    /// Global attributes that are taken away.
    #[serde(default)]
    remove_attributes: Vec<String>,
    /// Variables that are taken away.
    #[serde(default)]
    remove_variables: Vec<String>,
    /// New names of dimensions, by their old ones.
    #[serde(default)]
    rename_dimensions: BTreeMap<String, String>,
    /// What is changed in variables, by their names.
    #[serde(default)]
    variables: BTreeMap<String, VariableEdits>,
}

impl Document {
    /// The dataset that stands at a place, if all of it fits together.
    pub fn check(self, place: Error) -> Result<Dataset, String> {
        let Self {
            id, attributes, remove_attributes, remove_variables, rename_dimensions, variables, ..
        } = self;
        check_id(&id)?;
        let source = match (self.path, self.url, self.aggregation) {
            (Some(path), None, None) => Source::Path(path),
            (None, Some(url), None) => Source::Url(url),
            (None, None, Some(aggregation)) => {
                aggregation.check().map_err(|message| format!("dataset {id:?}: {message}"))?;
                Source::Aggregation(aggregation)
            }
            _ => return Err(format!("dataset {id:?} needs exactly one of path, url, aggregation")),
        };
        let edited = variables.values().flat_map(|edits| &edits.attributes);
        for (name, value) in attributes.iter().chain(edited) {
            value.check().map_err(|message| format!("dataset {id:?}: attribute {name}: {message}"))?;
        }
        Ok(Dataset {
            id,
            source,
            attributes,
            remove_attributes,
            remove_variables,
            rename_dimensions,
            variables,
            place,
        })
    }
}

/// Whether a text can be an id: what stands in a URL's path, without parts that mean another place.
#[must_use]
pub fn is_id(id: &str) -> bool {
    id.split('/').all(|part| !matches!(part, "" | "." | "..")) && !id.chars().any(char::is_control)
}

fn check_id(id: &str) -> Result<(), String> {
    match is_id(id) {
        true => Ok(()),
        false => Err(format!("{id:?} is no id: parts between '/' must not be empty, '.' or '..'")),
    }
}

impl Aggregation {
    fn check(&self) -> Result<(), String> {
        let name = self.dimension.as_deref().unwrap_or_default();
        match self.kind {
            Type::Union if !name.is_empty() => return Err("a union has no dimension".to_owned()),
            Type::JoinExisting | Type::JoinNew if name.is_empty() => {
                return Err("the aggregation needs a dimension".to_owned());
            }
            _ => {}
        }
        if self.files.is_empty() {
            return Err("the aggregation has no files".to_owned());
        }
        let new = [
            ("variables", !self.variables.is_empty()),
            ("values", !self.values.is_empty()),
            ("date_mark", self.date_mark.is_some()),
        ];
        if let Some((field, _)) = new.iter().find(|(_, given)| *given && self.kind != Type::JoinNew) {
            return Err(format!("{field} is for joinNew alone"));
        }
        let (values, files) = (self.values.len(), self.files.len());
        if values > 0 && values != files {
            return Err(format!("{values} values are given for {files} files; each file needs one"));
        }
        if values > 0 && self.date_mark.is_some() {
            return Err("values and date_mark exclude each other".to_owned());
        }
        match self.files.iter().find(|file| values > 0 && file.contains(['*', '?', '[', '{'])) {
            Some(pattern) => {
                Err(format!("with values, each of files must name one file, but {pattern:?} is a pattern"))
            }
            None => Ok(()),
        }
    }
}

impl AttributeValue {
    /// All values, of one type.
    #[must_use]
    pub fn scalars(&self) -> &[AttributeScalar] {
        match self {
            Self::One(scalar) => std::slice::from_ref(scalar),
            Self::Several(scalars) => scalars,
        }
    }

    fn check(&self) -> Result<(), String> {
        let kind = std::mem::discriminant::<AttributeScalar>;
        let mut kinds = self.scalars().iter().map(kind);
        let first = kinds.next();
        match first.is_some() && kinds.all(|other| Some(other) == first) {
            true => Ok(()),
            false => Err("it needs values, all of one type".to_owned()),
        }
    }
}
