//! The coordinates of a variable (CF chapter 5): along its dimensions, beside them, and at a single place.

use weir_model::{Schema, Variable};

use crate::axes::{Axis, Kind, kind, text};
use crate::scope::{Located, ancestors, find, group_of};
use crate::tokens::{names, pairs};

/// A variable that says where values lie.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinate<'a> {
    /// The full path.
    pub path: String,
    /// The variable.
    pub variable: &'a Variable,
    /// What it measures, where something says so.
    pub kind: Option<Kind>,
    /// The variable with the edges of its cells, by `bounds` or `climatology`.
    pub bounds: Option<Bounds<'a>>,
}

/// The edges of the cells of a coordinate (CF sections 7.1 and 7.4).
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds<'a> {
    /// The full path.
    pub path: String,
    /// The variable: over the dimensions of its coordinate, and one more over the edges or corners.
    pub variable: &'a Variable,
    /// Whether they bound a climatology: the first and the last time of what recurs.
    pub climatology: bool,
}

/// Everything that says where the values of a variable lie.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coordinates<'a> {
    /// For each dimension the coordinate variable of its name; `None` where it has none.
    pub along: Vec<Option<Coordinate<'a>>>,
    /// The others that its `coordinates` attribute names, scalars left out: over one dimension (another name for it), or
    /// over several (curvilinear grids).
    pub auxiliary: Vec<Coordinate<'a>>,
    /// Those without a dimension.
    pub scalar: Vec<Coordinate<'a>>,
    /// Names in its `coordinates` attribute that no variable has.
    pub unresolved: Vec<String>,
}

impl<'a> Coordinates<'a> {
    /// The coordinates of the variable at `path`; `None` where there is no such variable.
    ///
    /// Where a horizontal coordinate is neither along a dimension nor named, a variable over the same dimensions that measures
    /// longitude or latitude by its attributes is taken: many files with curvilinear grids forget to name it.
    #[must_use]
    pub fn of(schema: &'a Schema, path: &str) -> Option<Self> {
        let variable = schema.variable(path)?;
        let group = group_of(path);
        let along = variable
            .dimensions
            .iter()
            .map(|dimension| coordinate_variable(schema, group, dimension))
            .collect();
        let mut coordinates = Self { along, ..Self::default() };
        for name in names(&text(variable, "coordinates").unwrap_or_default()) {
            match find(schema, group, name) {
                Some(found) => coordinates.add(Coordinate::new(schema, found)),
                None => coordinates.unresolved.push(name.to_owned()),
            }
        }
        for kind in [Kind::Longitude, Kind::Latitude] {
            if coordinates.of_kind(kind).is_none() {
                coordinates.auxiliary.extend(unnamed(schema, group, variable, kind));
            }
        }
        Some(coordinates)
    }

    fn add(&mut self, coordinate: Coordinate<'a>) {
        if self.all().any(|known| known.path == coordinate.path) {
            return;
        }
        // A scalar, or a text whose only dimension counts its characters.
        let characters = usize::from(coordinate.variable.data_type == weir_model::DataType::Char);
        if coordinate.variable.dimensions.len() <= characters {
            self.scalar.push(coordinate);
        } else {
            self.auxiliary.push(coordinate);
        }
    }

    /// All of them: along dimensions, then auxiliary, then scalar.
    pub fn all(&self) -> impl Iterator<Item = &Coordinate<'a>> {
        self.along.iter().flatten().chain(&self.auxiliary).chain(&self.scalar)
    }

    /// The first that measures something.
    #[must_use]
    pub fn of_kind(&self, kind: Kind) -> Option<&Coordinate<'a>> {
        self.all().find(|coordinate| coordinate.kind == Some(kind))
    }

    /// The position of the dimension along an axis: by its coordinate variable, else by an auxiliary coordinate over it
    /// alone.
    #[must_use]
    pub fn dimension(&self, variable: &Variable, axis: Axis) -> Option<usize> {
        let is_along = |coordinate: &Coordinate<'_>| coordinate.kind.and_then(Kind::axis) == Some(axis);
        let along = self.along.iter().position(|coordinate| coordinate.as_ref().is_some_and(is_along));
        along.or_else(|| {
            let mut beside = self.auxiliary.iter().filter(|coordinate| is_along(coordinate));
            beside.find_map(|coordinate| match &coordinate.variable.dimensions[..] {
                [only] => variable.dimensions.iter().position(|dimension| dimension == only),
                _ => None,
            })
        })
    }
}

impl<'a> Coordinate<'a> {
    fn new(schema: &'a Schema, Located { path, variable }: Located<'a>) -> Self {
        let bounds = bounds(schema, &path, variable);
        Self { kind: kind(variable), path, variable, bounds }
    }
}

/// The coordinate variable of a dimension: of its name, over it alone; in the group that declares it, or nearer to who asks.
#[must_use]
pub fn coordinate_variable<'a>(schema: &'a Schema, group: &str, dimension: &str) -> Option<Coordinate<'a>> {
    let (home, name) = dimension.rsplit_once('/').unwrap_or(("", dimension));
    let is_its = |variable: &Variable| matches!(&variable.dimensions[..], [only] if only == dimension);
    let places = ancestors(group).chain(std::iter::once(home)).map(|group| format!("{group}/{name}"));
    let found = places.filter_map(|path| schema.variable(&path).map(|variable| Located { path, variable }));
    found.into_iter().find(|found| is_its(found.variable)).map(|found| Coordinate::new(schema, found))
}

fn bounds<'a>(schema: &'a Schema, path: &str, variable: &Variable) -> Option<Bounds<'a>> {
    let named = |attribute: &str| find(schema, group_of(path), &text(variable, attribute)?);
    let (found, climatology) =
        named("bounds").map(|found| (found, false)).or_else(|| Some((named("climatology")?, true)))?;
    let Located { path, variable: edges } = found;
    // What is not over the coordinate's dimensions and one more cannot be its edges.
    let fits = edges.dimensions.len() == variable.dimensions.len() + 1
        && edges.dimensions.starts_with(&variable.dimensions);
    fits.then_some(Bounds { path, variable: edges, climatology })
}

fn unnamed<'a>(schema: &'a Schema, group: &str, variable: &Variable, wanted: Kind) -> Option<Coordinate<'a>> {
    let fits = |other: &Variable| {
        !std::ptr::eq(other, variable)
            && !other.dimensions.is_empty()
            && other.dimensions.iter().all(|dimension| variable.dimensions.contains(dimension))
            && (other.attribute("units").is_some() || other.attribute("standard_name").is_some())
            && kind(other) == Some(wanted)
    };
    ancestors(group).find_map(|path| {
        let variable = schema.group(path)?.variables.iter().find(|variable| fits(variable))?;
        Some(Coordinate::new(schema, Located { path: format!("{path}/{}", variable.name), variable }))
    })
}

/// The variables that an attribute of the variable at `path` names, each with its key where the attribute has keys
/// (`formula_terms`, `cell_measures`), an empty one where it has none (`ancillary_variables`). Names that no variable has, as
/// those of measures in another file, are left out; an attribute that cannot be read names nothing.
#[must_use]
pub fn related<'a>(schema: &'a Schema, path: &str, attribute: &str) -> Vec<(String, Located<'a>)> {
    let Some(text) = schema.variable(path).and_then(|variable| text(variable, attribute)) else {
        return Vec::new();
    };
    let keyed = if text.contains(':') {
        pairs(&text).unwrap_or_default()
    } else {
        names(&text).map(|name| (String::new(), name.to_owned())).collect()
    };
    let located = |(key, name): (String, String)| Some((key, find(schema, group_of(path), &name)?));
    keyed.into_iter().filter_map(located).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    const OCEAN: &str = "
        dim time 12
        dim lev 5
        time(time): units = days since 2000-01-01; climatology = time_edges
        time_edges(time, two):
        lev(lev): positive = down; bounds = lev_edges; formula_terms = s: lev depth: bottom eta: none
        lev_edges(lev, two):
        bottom(y, x): units = m
        glamt(y, x): standard_name = longitude; bounds = glamt_corners
        glamt_corners(y, x, four):
        gphit(y, x): standard_name = latitude; bounds = time_edges
        station: long_name = name of the station
        area(y, x): units = m2
        sst(time, lev, y, x): coordinates = glamt gphit station missing; cell_measures = area: area volume: away; ancillary_variables = bottom
        ssh(time, y, x): units = m";

    fn check(path: &str, expected: &[&str]) {
        let schema = sample::schema(OCEAN);
        let coordinates = Coordinates::of(&schema, path).unwrap();
        let show = |coordinate: &Coordinate<'_>| {
            let kind = coordinate.kind.map_or_else(|| "-".to_owned(), |kind| format!("{kind:?}"));
            let edges = coordinate.bounds.as_ref();
            let edges = edges.map_or("-".to_owned(), |edges| format!("{}/{}", edges.path, edges.climatology));
            format!("{} {kind} {edges}", coordinate.path)
        };
        assert_eq!(coordinates.all().map(show).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn coordinates_are_found_with_their_bounds() {
        check(
            "/sst",
            &[
                "/time Time /time_edges/true",
                "/lev Vertical /lev_edges/false",
                "/glamt Longitude /glamt_corners/false",
                "/gphit Latitude -",
                "/station - -",
            ],
        );
    }

    #[test]
    fn unnamed_horizontal_coordinates_are_found() {
        check(
            "/ssh",
            &["/time Time /time_edges/true", "/glamt Longitude /glamt_corners/false", "/gphit Latitude -"],
        );
    }

    #[test]
    fn names_without_a_variable_are_told() {
        let schema = sample::schema(OCEAN);
        let coordinates = Coordinates::of(&schema, "/sst").unwrap();
        assert_eq!(coordinates.unresolved, ["missing"]);
        let variable = schema.variable("/sst").unwrap();
        assert_eq!(coordinates.dimension(variable, Axis::T), Some(0));
        assert_eq!(coordinates.dimension(variable, Axis::Z), Some(1));
        assert_eq!(coordinates.dimension(variable, Axis::X), None);
        assert_eq!(Coordinates::of(&schema, "/none"), None);
    }

    #[test]
    fn an_auxiliary_coordinate_names_an_axis_of_its_dimension() {
        let schema =
            sample::schema("valid(step): units = hours since 2000-01-01\nt(step, x): coordinates = valid");
        let variable = schema.variable("/t").unwrap();
        assert_eq!(Coordinates::of(&schema, "/t").unwrap().dimension(variable, Axis::T), Some(0));
    }

    #[test]
    fn related_variables_are_found() {
        let schema = sample::schema(OCEAN);
        let show = |path, attribute| {
            let related = related(&schema, path, attribute).into_iter();
            related.map(|(key, found)| format!("{key}={}", found.path)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(show("/sst", "cell_measures"), "area=/area");
        assert_eq!(show("/lev", "formula_terms"), "s=/lev depth=/bottom");
        assert_eq!(show("/sst", "ancillary_variables"), "=/bottom");
        assert_eq!(show("/sst", "none"), "");
    }
}
