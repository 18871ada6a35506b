//! CoverageJSON: one coverage, with a domain of axes and a range per variable.

use serde_json::{Map, Value, json};
use weir_cf::Calendar;

use crate::frame::quoted;
use crate::{Column, Coordinate, Frame, Labels};

/// The media type.
pub const MEDIA_TYPE: &str = "application/prs.coverage+json";

/// The role of a coordinate in a domain.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// West to east; longitudes, or along the first axis of a projection.
    X,
    /// South to north.
    Y,
    /// Up or down.
    Z(Vertical),
    /// Time, in a calendar.
    T(Calendar),
    /// Another dimension.
    Other,
}

/// A vertical coordinate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vertical {
    /// Whether greater is deeper; `None` where nothing says so.
    pub down: Option<bool>,
    /// Its units.
    pub units: Option<String>,
}

/// How places on the Earth are given.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Ground {
    /// Longitudes and latitudes in degrees.
    #[default]
    Geographic,
    /// Coordinates of a projection, which this describes, as well-known text or a name.
    Projected(String),
}

/// A coverage: a frame, and what its coordinates mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// The frame. Each of its coordinates lies along one dimension at most, and each dimension has one.
    pub frame: Frame,
    /// The roles of its coordinates, in their order.
    pub roles: Vec<Role>,
    /// How x and y are given.
    pub ground: Ground,
    /// What it is called.
    pub title: Option<String>,
}

impl Coverage {
    /// Everything before the first range.
    ///
    /// # Errors
    /// The name of a dimension without a coordinate, or of a coordinate over several dimensions: a domain has neither.
    pub fn begin(&self) -> Result<String, String> {
        let names = self.axis_names()?;
        let mut axes = Map::new();
        for (coordinate, name) in self.frame.coordinates.iter().zip(&names) {
            axes.insert(name.clone(), json!({"values": values(&coordinate.labels)}));
        }
        let mut domain = json!({"type": "Domain", "axes": axes, "referencing": self.referencing(&names)});
        if let Some(kind) = self.domain_type() {
            domain["domainType"] = json!(kind);
        }
        let parameters: Map<String, Value> =
            self.frame.columns.iter().map(|column| (column.name.clone(), parameter(column))).collect();
        let mut head = json!({"type": "Coverage", "domain": domain, "parameters": parameters});
        if let Some(title) = &self.title {
            head["title"] = json!({"en": title});
        }
        let mut text = head.to_string();
        text.pop();
        text.push_str(",\"ranges\":{");
        Ok(text)
    }

    /// What stands before the first value of a variable.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn begin_range(&self, column: usize) -> Result<String, String> {
        let names = self.axis_names()?;
        let of_axis = |axis: usize| {
            let place = self.frame.coordinates.iter().position(|coordinate| coordinate.along == [axis]);
            place.and_then(|place| names.get(place).cloned()).unwrap_or_default()
        };
        let axis_names: Vec<String> = (0..self.frame.shape.len()).map(of_axis).collect();
        let (name, kind) =
            self.frame.columns.get(column).map_or(("", "float"), |column| (&column.name, data_type(column)));
        let separator = if column == 0 { "" } else { "," };
        let (axis_names, shape) = (json!(axis_names), json!(self.frame.shape));
        Ok(format!(
            "{separator}\n{}:{{\"type\":\"NdArray\",\"dataType\":\"{kind}\",\"axisNames\":{axis_names},\"shape\":{shape},\"values\":[",
            quoted(name)
        ))
    }

    /// Some values of a variable, from the element with number `first` on.
    #[must_use]
    pub fn values(&self, column: usize, first: u64, values: &[f64]) -> String {
        crate::columns::values(&self.frame, column, first, values)
    }

    /// What the axes are called: `x`, `y`, `z` and `t`, and others by their names.
    fn axis_names(&self) -> Result<Vec<String>, String> {
        for axis in 0..self.frame.shape.len() {
            if !self.frame.coordinates.iter().any(|coordinate| coordinate.along == [axis]) {
                return Err(format!("dimension {axis} has no coordinate along it"));
            }
        }
        let mut names: Vec<String> = Vec::new();
        for (coordinate, role) in self.frame.coordinates.iter().zip(&self.roles) {
            if coordinate.along.len() > 1 {
                return Err(format!("coordinate {} lies along several dimensions", coordinate.name));
            }
            let short = short_name(role).filter(|short| !names.iter().any(|name| name == short));
            names.push(short.map_or_else(|| coordinate.name.clone(), str::to_owned));
        }
        Ok(names)
    }

    /// The kind of domain, where it is one of those that have a name.
    fn domain_type(&self) -> Option<&'static str> {
        let longer = |wanted: fn(&Role) -> bool| -> Option<bool> {
            let mut found = self.frame.coordinates.iter().zip(&self.roles).filter(|(_, role)| wanted(role));
            let (coordinate, _) = found.next()?;
            found.next().is_none().then_some(coordinate.labels.len() > 1)
        };
        let (x, y) = (longer(|role| *role == Role::X)?, longer(|role| *role == Role::Y)?);
        if self.roles.contains(&Role::Other) {
            return None;
        }
        let (z, t) = (longer(|role| matches!(role, Role::Z(_))), longer(|role| matches!(role, Role::T(_))));
        Some(match (x || y, z.unwrap_or(false), t.unwrap_or(false)) {
            (false, false, false) => "Point",
            (false, false, true) => "PointSeries",
            (false, true, false) => "VerticalProfile",
            _ => "Grid",
        })
    }

    fn referencing(&self, names: &[String]) -> Vec<Value> {
        let mut references = Vec::new();
        let of = |wanted: fn(&Role) -> bool| {
            let found = self.roles.iter().zip(names).find(|(role, _)| wanted(role));
            found.map(|(role, name)| (role, name.clone()))
        };
        if let (Some((_, x)), Some((_, y))) = (of(|role| *role == Role::X), of(|role| *role == Role::Y)) {
            let system = match &self.ground {
                Ground::Geographic => {
                    json!({"type": "GeographicCRS", "id": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"})
                }
                Ground::Projected(text) => json!({"type": "ProjectedCRS", "description": {"en": text}}),
            };
            references.push(json!({"coordinates": [x, y], "system": system}));
        }
        if let Some((Role::Z(vertical), name)) = of(|role| matches!(role, Role::Z(_))) {
            references.push(json!({"coordinates": [name], "system": self.vertical(vertical)}));
        }
        if let Some((Role::T(calendar), name)) = of(|role| matches!(role, Role::T(_))) {
            references.push(json!({"coordinates": [name], "system": {"type": "TemporalRS", "calendar": calendar_name(*calendar)}}));
        }
        references
    }

    fn vertical(&self, vertical: &Vertical) -> Value {
        let is_vertical = |(_, role): &(&Coordinate, &Role)| matches!(role, Role::Z(_));
        let name = self
            .frame
            .coordinates
            .iter()
            .zip(&self.roles)
            .find(is_vertical)
            .map(|(coordinate, _)| &coordinate.name);
        let mut axis = json!({"name": {"en": name}});
        if let Some(down) = vertical.down {
            axis["direction"] = json!(if down { "down" } else { "up" });
        }
        if let Some(units) = &vertical.units {
            axis["unit"] = json!({"symbol": units});
        }
        json!({"type": "VerticalCRS", "cs": {"csAxes": [axis]}})
    }
}

/// What stands behind the last value of a range.
pub const END_OF_RANGE: &str = "]}";

/// What stands behind the last range.
pub const END: &str = "}}\n";

fn short_name(role: &Role) -> Option<&'static str> {
    match role {
        Role::X => Some("x"),
        Role::Y => Some("y"),
        Role::Z(_) => Some("z"),
        Role::T(_) => Some("t"),
        Role::Other => None,
    }
}

/// `Gregorian` where dates are written in that calendar; else an address that says which it is, as the standard wants.
fn calendar_name(calendar: Calendar) -> String {
    if crate::is_gregorian(calendar) {
        return "Gregorian".to_owned();
    }
    format!("https://cfconventions.org/cf-conventions/cf-conventions.html#calendar-{}", calendar.name())
}

fn values(labels: &Labels) -> Value {
    match labels {
        Labels::Texts(texts) => json!(texts),
        Labels::Numbers(numbers, numeric) => {
            let number = |number: &f64| {
                let mut text = String::new();
                numeric.json(*number, &mut text);
                serde_json::from_str(&text).unwrap_or(Value::Null)
            };
            numbers.iter().map(number).collect()
        }
    }
}

fn data_type(column: &Column) -> &'static str {
    if column.numeric == crate::Numeric::Integer { "integer" } else { "float" }
}

fn parameter(column: &Column) -> Value {
    let label = column.long_name.as_ref().or(column.standard_name.as_ref()).unwrap_or(&column.name);
    let mut observed = json!({"label": {"en": label}});
    if let Some(name) = &column.standard_name {
        observed["id"] = json!(format!("http://vocab.nerc.ac.uk/standard_name/{name}/"));
    }
    let mut parameter =
        json!({"type": "Parameter", "description": {"en": label}, "observedProperty": observed});
    if let Some(units) = &column.units {
        parameter["unit"] = json!({"symbol": units});
    }
    parameter
}

#[cfg(test)]
mod tests;
