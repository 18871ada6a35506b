//! Recipes: what a site wants to have done to datasets on their way out.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Compressor;

/// What is done to the datasets that it names.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Patterns of dataset ids.
    pub datasets: Vec<String>,
    /// Only these variables, and the coordinates that they need; all where there is none.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Parts of dimensions, by the dimension's name.
    #[serde(default)]
    pub select: BTreeMap<String, Selection>,
    /// As in [`Step`], for every variable.
    pub chunks: Option<BTreeMap<String, u64>>,
    /// As in [`Step`], for every variable.
    pub shards: Option<BTreeMap<String, u64>>,
    /// As in [`Step`], for every variable.
    pub codec: Option<Compressor>,
    /// As in [`Step`], for every variable that is no coordinate.
    pub keepbits: Option<u32>,
    /// As in [`Step`], for every variable that is no coordinate.
    pub float32: Option<bool>,
    /// As in [`Step`], for every variable that is no coordinate.
    pub unpack: Option<bool>,
    /// What is done to single variables instead, by name; fields that are left out are those of the recipe.
    #[serde(default)]
    pub variable: BTreeMap<String, Step>,
}

/// What is done to one variable.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Lengths of chunks, by the dimension's name; the file's own for the others.
    pub chunks: Option<BTreeMap<String, u64>>,
    /// Lengths of shards in version 3, by the dimension's name; multiples of the chunks'.
    pub shards: Option<BTreeMap<String, u64>>,
    /// How chunks are compressed.
    pub codec: Option<Compressor>,
    /// How many bits of the significand floats keep.
    pub keepbits: Option<u32>,
    /// Whether doubles become singles.
    pub float32: Option<bool>,
    /// Whether packed numbers become those that they stand for.
    pub unpack: Option<bool>,
}

/// A part of a dimension.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Selection {
    /// Indices.
    Indices {
        /// The first.
        start: u64,
        /// Behind the last.
        stop: u64,
        /// The distance between two.
        #[serde(default = "one")]
        step: u64,
    },
    /// All whose coordinate is within, ends included. Coordinates must rise or fall throughout.
    Within {
        /// The least.
        min: f64,
        /// The greatest.
        max: f64,
    },
}

fn one() -> u64 {
    1
}

impl Recipe {
    /// What is done to a variable: its own step, else that of all.
    #[must_use]
    pub fn step(&self, name: &str, is_coordinate: bool) -> Step {
        let own = self.variable.get(name).cloned().unwrap_or_default();
        let values = !is_coordinate;
        Step {
            chunks: own.chunks.or_else(|| self.chunks.clone()),
            shards: own.shards.or_else(|| self.shards.clone()),
            codec: own.codec.or_else(|| self.codec.clone()),
            keepbits: own.keepbits.or(self.keepbits.filter(|_| values)),
            float32: own.float32.or(self.float32.filter(|_| values)),
            unpack: own.unpack.or(self.unpack.filter(|_| values)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let got = serde_json::from_str::<Recipe>(text).map_err(|error| error.to_string());
        match (got, expected) {
            (Ok(recipe), Ok(debug)) => assert!(format!("{recipe:?}").contains(debug), "{recipe:?}"),
            (Err(error), Err(words)) => assert!(error.contains(words), "{error}"),
            (got, _) => panic!("{got:?}"),
        }
    }

    #[test]
    fn recipes_are_read() {
        check(r#"{"datasets": ["a*"], "keepbits": 7}"#, Ok("keepbits: Some(7)"));
        check(r#"{"datasets": [], "select": {"t": {"start": 1, "stop": 3}}}"#, Ok("step: 1"));
        check(r#"{"datasets": [], "select": {"t": {"min": -1.5, "max": 3}}}"#, Ok("min: -1.5"));
        check(r#"{"datasets": [], "codec": {"id": "zstd", "level": 3}}"#, Ok("Zstd { level: 3 }"));
        check(r#"{"keepbits": 7}"#, Err("missing field `datasets`"));
        check(r#"{"datasets": [], "codec": {"id": "rar"}}"#, Err("unknown variant `rar`"));
        check(r#"{"datasets": [], "keepbit": 7}"#, Err("unknown field `keepbit`"));
        check(r#"{"datasets": [], "variable": {"t": {"keepbit": 7}}}"#, Err("unknown field `keepbit`"));
    }

    #[test]
    fn coordinates_keep_their_values() {
        let text = r#"{"datasets": [], "float32": true, "keepbits": 5, "chunks": {"x": 2},
            "variable": {"lat": {"float32": true}, "t": {"keepbits": 9}}}"#;
        let recipe: Recipe = serde_json::from_str(text).unwrap();
        let of = |name, coordinate| {
            let step = recipe.step(name, coordinate);
            (step.chunks.is_some(), step.keepbits, step.float32)
        };
        assert_eq!(of("t", false), (true, Some(9), Some(true)));
        assert_eq!(of("time", true), (true, None, None));
        assert_eq!(of("lat", true), (true, None, Some(true)));
    }
}
