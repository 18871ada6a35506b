//! Coordinates of a dataset: each variable that tells where or when, once, whichever cubes share it.

use std::collections::{HashMap, HashSet};

use weir_model::{Attribute, ByteOrder, DataType, Dimension, Group, Storage, Value, Variable, default_fill};

use super::cube::Cube;
use super::field::Index;
use super::grid::{Geometry, Grid};
use super::naming::unused;
use super::{level, mapping};
use crate::run_chunk_shape;

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Content {
    /// These bytes: elements, little-endian.
    Bytes(Vec<u8>),
    /// What a grid tells of its points, as doubles.
    Grid(usize, Role),
    /// The fields of a cube.
    Cube(usize),
}

/// What a grid tells of its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Coordinates along y (or latitudes of rows).
    AlongY,
    /// Coordinates along x (or longitudes of columns).
    AlongX,
    /// The latitude of each point.
    Latitude,
    /// The longitude of each point.
    Longitude,
}

/// The coordinates of one grid.
#[derive(Clone, Debug, Default)]
pub struct GridNames {
    /// Its dimensions and their lengths.
    pub dimensions: Vec<(String, u64)>,
    /// The variables that tell more of it.
    pub auxiliary: Vec<String>,
    /// The variable that describes its map.
    pub mapping: Option<String>,
}

/// One axis of a cube: its dimension, unless it has one value, and its coordinate.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The coordinate variable, and the dimension that it may have.
    pub name: String,
    /// How many values it has.
    pub length: u64,
}

/// The dimensions and coordinates of a dataset so far.
#[derive(Debug, Default)]
pub struct Coordinates {
    /// The group that they are in.
    pub group: Group,
    /// What variables hold, by name.
    pub contents: HashMap<String, Content>,
    used: HashSet<String>,
    known: HashMap<(String, Vec<String>, Content), String>,
    grids: HashMap<usize, GridNames>,
}

/// An attribute of text.
pub fn text(name: &str, value: &str) -> Attribute {
    Attribute { name: name.to_owned(), value: Value::text(value) }
}

/// Attributes of text, without those that are empty.
fn texts(all: &[(&str, &str)]) -> Vec<Attribute> {
    all.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| text(name, value)).collect()
}

const SINCE_1970: &str = "seconds since 1970-01-01T00:00:00";

fn doubles(values: impl Iterator<Item = f64>) -> Content {
    Content::Bytes(values.flat_map(f64::to_le_bytes).collect())
}

impl Coordinates {
    /// Coordinates of a dataset whose variables have these names.
    pub fn new(names: &[String]) -> Self {
        Self { used: names.iter().cloned().collect(), ..Self::default() }
    }

    fn dimension(&mut self, name: &str, length: u64) {
        self.group.dimensions.push(Dimension { name: name.to_owned(), length, unlimited: false });
    }

    /// The variable that holds `content` over dimensions; it is added if there is none. `new` makes its own dimension.
    fn variable(
        &mut self,
        name: &str,
        (data_type, dimensions): (DataType, &[(String, u64)]),
        content: Content,
        attributes: Vec<Attribute>,
    ) -> String {
        let over: Vec<String> = dimensions.iter().map(|(name, _)| name.clone()).collect();
        let key = (name.to_owned(), over, content.clone());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let name = unused(&mut self.used, name);
        self.known.insert(key, name.clone());
        self.add(name.clone(), (data_type, dimensions), content, attributes);
        name
    }

    fn add(
        &mut self,
        name: String,
        (data_type, dimensions): (DataType, &[(String, u64)]),
        content: Content,
        attributes: Vec<Attribute>,
    ) {
        let shape: Vec<u64> = dimensions.iter().map(|(_, length)| *length).collect();
        let storage = Storage {
            chunk_shape: run_chunk_shape(&shape, data_type.size().unwrap_or(1)),
            codecs: vec![],
            byte_order: ByteOrder::Little,
            fill: default_fill(&data_type),
        };
        let dimensions = dimensions.iter().map(|(name, _)| format!("/{name}")).collect();
        self.contents.insert(name.clone(), content);
        self.group.variables.push(Variable { name, data_type, dimensions, shape, attributes, storage });
    }

    /// An axis: a coordinate with a dimension of its own, or without any if it has one value.
    fn axis(
        &mut self,
        name: &str,
        (data_type, content, length): (DataType, Content, u64),
        attributes: Vec<Attribute>,
    ) -> Axis {
        if length == 1 {
            return Axis { name: self.variable(name, (data_type, &[]), content, attributes), length };
        }
        // That its dimension is its own makes it another than a coordinate of the same values elsewhere.
        let key = (name.to_owned(), vec![String::new()], content.clone());
        if let Some(known) = self.known.get(&key) {
            return Axis { name: known.clone(), length };
        }
        let name = unused(&mut self.used, name);
        self.known.insert(key, name.clone());
        self.dimension(&name, length);
        self.add(name.clone(), (data_type, &[(name.clone(), length)]), content, attributes);
        Axis { name, length }
    }

    /// The axes of a cube: ensemble members (unless fields do not say), reference times, steps, levels.
    pub fn axes(&mut self, cube: &Cube) -> Vec<Axis> {
        let mut axes = Vec::with_capacity(4);
        let counts = cube.counts();
        let [numbers, times, steps, levels] = counts;
        if !cube.numbers.is_empty() {
            let content = Content::Bytes(
                cube.numbers
                    .iter()
                    .flat_map(|&number| i32::try_from(number).unwrap_or(i32::MAX).to_le_bytes())
                    .collect(),
            );
            let attributes = texts(&[
                ("long_name", "ensemble member numerical id"),
                ("standard_name", "realization"),
                ("units", "1"),
            ]);
            axes.push(self.axis("number", (DataType::Int32, content, numbers), attributes));
        }
        let content = doubles(cube.times.iter().map(|&time| time as f64));
        let attributes = texts(&[
            ("long_name", "initial time of forecast"),
            ("standard_name", "forecast_reference_time"),
            ("units", SINCE_1970),
            ("calendar", "proleptic_gregorian"),
        ]);
        axes.push(self.axis("time", (DataType::Float64, content, times), attributes));
        let content = doubles(cube.steps.iter().map(|&step| step as f64 / 3600.0));
        let attributes = texts(&[
            ("long_name", "time since forecast_reference_time"),
            ("standard_name", "forecast_period"),
            ("units", "hours"),
        ]);
        axes.push(self.axis("step", (DataType::Float64, content, steps), attributes));
        axes.push(self.levels(cube, levels));
        axes
    }

    fn levels(&mut self, cube: &Cube, length: u64) -> Axis {
        let name = &cube.kind.level;
        let described = level::axis(name);
        let mut attributes = texts(&[
            ("long_name", if described.long_name.is_empty() { name } else { described.long_name }),
            ("standard_name", described.standard_name),
            ("units", described.units),
            ("positive", described.positive),
            ("axis", if described.positive.is_empty() { "" } else { "Z" }),
        ]);
        let layered = cube.levels.iter().any(|level| level.1.is_some());
        if layered {
            attributes.push(text("bounds", &format!("{name}_bnds")));
        }
        let content = doubles(cube.levels.iter().map(|level| level.0));
        if !layered {
            return self.axis(name, (DataType::Float64, content, length), attributes);
        }
        self.layers(cube, (content, length), attributes)
    }

    /// The coordinate of layers, and its bounds.
    fn layers(
        &mut self,
        cube: &Cube,
        (tops, length): (Content, u64),
        mut attributes: Vec<Attribute>,
    ) -> Axis {
        let bounds = doubles(cube.levels.iter().flat_map(|level| [level.0, level.1.unwrap_or(level.0)]));
        // Layers of the same tops and other bottoms are other layers.
        let known = self.known.get(&(cube.kind.level.clone(), vec!["bounds".to_owned()], bounds.clone()));
        if let Some(name) = known {
            return Axis { name: name.clone(), length };
        }
        let name = unused(&mut self.used, &cube.kind.level);
        self.known.insert((cube.kind.level.clone(), vec!["bounds".to_owned()], bounds.clone()), name.clone());
        let bounds_name = unused(&mut self.used, &format!("{name}_bnds"));
        if let Some(last) = attributes.last_mut() {
            *last = text("bounds", &bounds_name);
        }
        let pair = self.pair();
        let own = if length == 1 { vec![] } else { vec![(name.clone(), length)] };
        if length > 1 {
            self.dimension(&name, length);
        }
        self.add(name.clone(), (DataType::Float64, &own), tops, attributes);
        self.add(bounds_name, (DataType::Float64, &[own, vec![pair]].concat()), bounds, vec![]);
        Axis { name, length }
    }

    /// The dimension of bounds.
    fn pair(&mut self) -> (String, u64) {
        const NAME: &str = "bnds";
        if self.used.insert(NAME.to_owned()) {
            self.dimension(NAME, 2);
        }
        (NAME.to_owned(), 2)
    }

    /// What the values of a cube are of: reference time plus step, over those of the two that have several values.
    pub fn valid_time(&mut self, cube: &Cube, axes: &[Axis]) -> String {
        let over: Vec<(String, u64)> = match axes {
            [.., time, step, _] => [time, step]
                .into_iter()
                .filter(|axis| axis.length > 1)
                .map(|axis| (axis.name.clone(), axis.length))
                .collect(),
            _ => vec![],
        };
        let each =
            cube.times.iter().flat_map(|&time| cube.steps.iter().map(move |&step| time.saturating_add(step)));
        let attributes = texts(&[
            ("long_name", "time"),
            ("standard_name", "time"),
            ("units", SINCE_1970),
            ("calendar", "proleptic_gregorian"),
        ]);
        let content = doubles(each.map(|time| time as f64));
        self.variable("valid_time", (DataType::Float64, &over), content, attributes)
    }

    /// The dimensions, coordinates and mapping of a grid.
    pub fn grid(&mut self, index: &Index, place: usize) -> GridNames {
        if let Some(known) = self.grids.get(&place) {
            return known.clone();
        }
        let Some(grid) = index.grids.get(place) else { return GridNames::default() };
        let mut names = GridNames::default();
        let along = grid.rows.is_some() && grid.geometry != Geometry::Unknown;
        let dimensions = grid.dimensions();
        for (n, (name, length)) in dimensions.iter().enumerate() {
            let role = if n == 0 { Role::AlongY } else { Role::AlongX };
            let unique = unused(&mut self.used, name);
            self.dimension(&unique, *length);
            names.dimensions.push((unique.clone(), *length));
            if along {
                let over = [(unique.clone(), *length)];
                self.add(
                    unique,
                    (DataType::Float64, &over),
                    Content::Grid(place, role),
                    described(grid, role),
                );
            }
        }
        if grid.has_places() {
            for (name, role) in [("latitude", Role::Latitude), ("longitude", Role::Longitude)] {
                let content = Content::Grid(place, role);
                let over = names.dimensions.clone();
                let attributes = described(grid, role);
                names.auxiliary.push(self.variable(name, (DataType::Float64, &over), content, attributes));
            }
        }
        names.mapping = mapping::of(grid).map(|mapping| {
            let unique = unused(&mut self.used, mapping.name);
            let zero = Content::Bytes(0_i32.to_le_bytes().to_vec());
            self.add(unique.clone(), (DataType::Int32, &[]), zero, mapping.attributes);
            unique
        });
        self.grids.insert(place, names.clone());
        names
    }
}

/// The attributes of a coordinate of a grid.
fn described(grid: &Grid, role: Role) -> Vec<Attribute> {
    let rotated =
        matches!(grid.geometry, Geometry::LatLon(_, Some(_)) | Geometry::Gaussian { rotation: Some(_), .. });
    let projected = matches!(grid.geometry, Geometry::Projected { .. });
    let (name, units, axis) = match role {
        Role::AlongY if projected => ("projection_y_coordinate", "m", "Y"),
        Role::AlongX if projected => ("projection_x_coordinate", "m", "X"),
        Role::AlongY if rotated => ("grid_latitude", "degrees", "Y"),
        Role::AlongX if rotated => ("grid_longitude", "degrees", "X"),
        Role::AlongY => ("latitude", "degrees_north", "Y"),
        Role::AlongX => ("longitude", "degrees_east", "X"),
        Role::Latitude => ("latitude", "degrees_north", ""),
        Role::Longitude => ("longitude", "degrees_east", ""),
    };
    texts(&[
        ("long_name", &name.replace('_', " ")),
        ("standard_name", name),
        ("units", units),
        ("axis", axis),
    ])
}
