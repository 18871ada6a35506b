//! A result with all that says what it is: names of dimensions, attributes and coordinates.

use std::sync::Arc;

use weir_cf::axes::Kind;
use weir_model::{Attribute, DataType, Value, Variable};

use crate::action::Action;
use crate::engine::values::Values;
use crate::labels::Labels;

/// A result.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The name of the variable.
    pub name: String,
    /// Names and lengths of its dimensions, slowest first.
    pub dimensions: Vec<(String, usize)>,
    /// What is said of it.
    pub attributes: Vec<Attribute>,
    /// Its values, row-major; those who send it share them.
    pub values: Arc<Values>,
    /// Where they lie.
    pub coordinates: Vec<ResultCoordinate>,
}

impl Outcome {
    /// Bytes that it takes in memory, but for names and attributes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let labels = self.coordinates.iter().map(|coordinate| coordinate.labels.len().saturating_mul(24));
        labels.fold(self.values.bytes(), usize::saturating_add) as u64
    }
}

/// A coordinate of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultCoordinate {
    /// Its name.
    pub name: String,
    /// The names of its dimensions, which are some of the result's.
    pub dimensions: Vec<String>,
    /// What is said of it, units and calendar of times included.
    pub attributes: Vec<Attribute>,
    /// What it measures, where something says so.
    pub kind: Option<Kind>,
    /// What it says.
    pub labels: Labels,
}

/// How many dimensions a variable has beside that of the characters of texts.
pub fn rank(variable: &Variable) -> usize {
    let characters = usize::from(variable.data_type == DataType::Char);
    variable.dimensions.len().saturating_sub(characters)
}

/// Attributes that say how values are stored, which is not how they are here.
const OF_STORAGE: [&str; 12] = [
    "_FillValue",
    "missing_value",
    "scale_factor",
    "add_offset",
    "_Unsigned",
    "valid_min",
    "valid_max",
    "valid_range",
    "coordinates",
    "bounds",
    "climatology",
    "dtype",
];

/// Attributes of values as they are meant, without those of how they were stored.
pub fn described(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| !OF_STORAGE.contains(&attribute.name.as_str())).cloned().collect()
}

/// What is said of a result of an action: units that fit it, and what was done along which dimensions (CF section 7.3).
pub fn attributes(of: &[Attribute], action: Action, dimensions: &[&str]) -> Vec<Attribute> {
    let mut attributes = described(of);
    let method = match action {
        Action::Mean => "mean",
        Action::Min => "minimum",
        Action::Max => "maximum",
        Action::Sum => "sum",
        Action::Std => "standard_deviation",
        Action::Var => "variance",
        Action::Median => "median",
        Action::First | Action::Last => "point",
        Action::Count | Action::Any | Action::Quantile(_) => "",
    };
    if matches!(action, Action::Count | Action::Any) {
        // They count, whatever the values measured.
        attributes.retain(|attribute| !["units", "standard_name"].contains(&attribute.name.as_str()));
        set(&mut attributes, "units", "1");
    }
    if action == Action::Var {
        let units = text(&attributes, "units");
        if let Some(units) = units {
            set(&mut attributes, "units", &format!("({units})2"));
        }
    }
    if !method.is_empty() && !dimensions.is_empty() {
        let before = text(&attributes, "cell_methods").map(|before| format!("{before} ")).unwrap_or_default();
        set(&mut attributes, "cell_methods", &format!("{before}{}: {method}", dimensions.join(": ")));
    }
    attributes
}

/// The text of an attribute.
pub fn text(attributes: &[Attribute], name: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.name == name)?;
    found.value.as_text().map(std::borrow::Cow::into_owned)
}

fn set(attributes: &mut Vec<Attribute>, name: &str, words: &str) {
    attributes.retain(|attribute| attribute.name != name);
    attributes.push(Attribute { name: name.to_owned(), value: Value::text(words) });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(action: Action, expected: &[(&str, &str)]) {
        let given = [("units", "K"), ("scale_factor", "2"), ("cell_methods", "area: mean")];
        let given = given.map(|(name, words)| Attribute { name: name.into(), value: Value::text(words) });
        let got = attributes(&given, action, &["time"]);
        let got: Vec<(String, String)> =
            got.iter().map(|one| (one.name.clone(), text(&got, &one.name).unwrap())).collect();
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, words)| ((*name).to_owned(), (*words).to_owned())).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn results_say_what_was_done() {
        check(Action::Mean, &[("units", "K"), ("cell_methods", "area: mean time: mean")]);
        check(Action::Var, &[("units", "(K)2"), ("cell_methods", "area: mean time: variance")]);
        check(Action::Count, &[("cell_methods", "area: mean"), ("units", "1")]);
        check(Action::Quantile(0.5), &[("units", "K"), ("cell_methods", "area: mean")]);
    }
}
