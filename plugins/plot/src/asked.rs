//! What a path asks for: `variable/kind/map/coordinate/low_high/...`.

use weir_model::Schema;
use weir_plugin_api::Error;
use weir_rendering::ColourMap;

use crate::colour_map;
use crate::kind::Kind;

/// What a path asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// The variable's path.
    pub path: String,
    /// The kind, where it is named.
    pub kind: Option<Kind>,
    pub map: ColourMap,
    pub selection: Vec<Part>,
}

/// A coordinate, and from where to where it is wanted; `None` where no end is given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub name: String,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl Asked {
    /// The kind: an image, unless another is named.
    pub(crate) fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Image)
    }

    /// Reads a path. Kind, map and selection may be left out from the end: an image in viridis.
    pub(crate) fn parse(schema: &Schema, path: &str) -> Result<Self, Error> {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        // Names of groups are segments, too: the shortest path that is a variable is meant.
        let is_variable = |count: &usize| {
            segments.get(..*count).is_some_and(|named| schema.variable(&named.join("/")).is_some())
        };
        let count = (1..=segments.len()).find(is_variable).ok_or_else(|| no_variable(schema, &segments))?;
        let (named, rest) = segments.split_at(count);
        let mut rest = rest.iter().copied();
        let kind = rest.next().map(Kind::named).transpose()?;
        let map = rest.next().map_or("viridis", |name| name);
        let map = colour_map(map)?;
        let mut selection = Vec::new();
        while let Some(name) = rest.next() {
            let range = rest.next().ok_or_else(|| {
                let shown: String = name.chars().take(60).collect();
                Error::bad_request(format!(
                    "the selection ends with {shown:?}; it is written in pairs: coordinate/low_high"
                ))
            })?;
            selection.push(Part::parse(name, range)?);
        }
        Ok(Self { path: format!("/{}", named.join("/")), kind, map, selection })
    }
}

fn no_variable(schema: &Schema, segments: &[&str]) -> Error {
    let shown: String = segments.first().unwrap_or(&"").chars().take(80).collect();
    let variables = schema.variables();
    let is_data = |variable: &weir_model::Variable| {
        let is_coordinate = variable.dimension_names().eq([variable.name.as_str()]);
        variable.data_type.is_numeric() && !variable.shape.is_empty() && !is_coordinate
    };
    let numbers = variables.iter().filter(|(_, variable)| is_data(variable));
    let names: Vec<&str> = numbers.map(|(path, _)| path.trim_start_matches('/')).take(40).collect();
    Error::not_found(format!("variable {shown:?} not found; there are {}", names.join(", ")))
}

impl Part {
    fn parse(name: &str, range: &str) -> Result<Self, Error> {
        let refused = || {
            let shown: String = range.chars().take(60).collect();
            let name: String = name.chars().take(60).collect();
            Error::bad_request(format!(
                "{name} is selected by {shown:?}; it is written low_high, as 20_73 or -12_0"
            ))
        };
        let (low, high) = range.split_once('_').ok_or_else(refused)?;
        let number = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Some).ok_or_else(refused),
        };
        Ok(Self { name: name.to_owned(), low: number(low)?, high: number(high)? })
    }
}

#[cfg(test)]
mod tests {
    use weir_plugin_api::model::DataType;
    use weir_plugin_api::testing::{counting, dataset_of};

    use super::*;

    type Window<'a> = (&'a str, Option<f64>, Option<f64>);

    fn check(path: &str, expected: Result<(&str, Kind, &[Window<'_>]), &str>) {
        let schema = dataset_of(vec![counting("t", DataType::Float32, &[("lat", 2)])]).schema;
        let found = Asked::parse(&schema, path);
        match (&found, expected) {
            (Ok(found), Ok((path, kind, selection))) => {
                assert_eq!((found.path.as_str(), found.kind()), (path, kind));
                let parts: Vec<_> =
                    found.selection.iter().map(|p| (p.name.as_str(), p.low, p.high)).collect();
                assert_eq!(parts, selection);
            }
            (Err(error), Err(words)) => assert!(error.message.contains(words), "{path}: {error}"),
            _ => panic!("{path}: {found:?}"),
        }
    }

    #[test]
    fn paths_name_a_picture() {
        check("t", Ok(("/t", Kind::Image, &[])));
        check("t/contourf", Ok(("/t", Kind::Contourf, &[])));
        check("t/quadmesh/coolwarm_r/", Ok(("/t", Kind::Quadmesh, &[])));
        let all =
            [("lat", Some(20.5), Some(73.0)), ("time", Some(-12.0), Some(0.0)), ("lon", None, Some(1e-3))];
        check("t/line/viridis/lat/20.5_73/time/-12_0/lon/_1e-3", Ok(("/t", Kind::Line, &all)));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        check("", Err("there are t"));
        check("u/image", Err("variable \"u\" not found; there are t"));
        check("t/pie", Err("there are image, quadmesh"));
        check("t/image/nope", Err("viridis"));
        check("t/image/viridis/lat", Err("in pairs"));
        check("t/image/viridis/lat/1", Err("low_high"));
        check("t/image/viridis/lat/1_x", Err("low_high"));
        check("t/image/viridis/lat/nan_inf", Err("low_high"));
        check("t/image/viridis/lat/1_2_3", Err("low_high"));
    }
}
