//! What catalogs say of a dataset: plain facts, whoever gathered them (the crate `weir-summaries` does, from CF coordinates).
//!
//! Whatever is not known is absent. A catalog never guesses: where coordinates cannot be told, [`Summary::notes`] say why.

use weir_cf::axes::{Kind, Positive};
use weir_cf::extent::{BoundingBox, Outline, Range};
use weir_model::Attribute;

/// What a dataset is, and where and when its data lies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Names and texts, from global attributes.
    pub words: Words,
    /// All global attributes of the root group, in declaration order.
    pub attributes: Vec<Attribute>,
    /// The horizontal grid on which most of the data variables lie.
    pub grid: Option<Grid>,
    /// The part of the Earth that all data variables lie in.
    pub bounds: Option<BoundingBox>,
    /// Where in the bounds it lies, if that is known and not all of them.
    pub outline: Option<Outline>,
    /// The reference system of projected coordinates.
    pub projection: Option<Projected>,
    /// When the data is valid.
    pub time: Option<TimeSpan>,
    /// How many steps there are along the dimension along which the dataset grows.
    pub steps: Option<weir_cf::Steps>,
    /// Heights, depths or levels.
    pub vertical: Option<Vertical>,
    /// Every dimension, groups after their parents.
    pub dimensions: Vec<DimensionFacts>,
    /// Every variable, groups after their parents.
    pub variables: Vec<VariableFacts>,
    /// What could not be told, and why: a coordinate that cannot be read, a calendar that nobody knows.
    pub notes: Vec<String>,
}

impl Summary {
    /// The variables that are data: no coordinates, no bounds of cells, no descriptions of grids.
    pub fn data_variables(&self) -> impl Iterator<Item = &VariableFacts> {
        self.variables.iter().filter(|variable| variable.role == Role::Data)
    }

    /// The dimension at `path`.
    #[must_use]
    pub fn dimension(&self, path: &str) -> Option<&DimensionFacts> {
        self.dimensions.iter().find(|dimension| dimension.path == path)
    }

    /// The text of a global attribute, without blanks around it; `None` where it is absent, empty, or no text.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        let found = self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))?;
        let text = found.value.as_text()?;
        Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

/// What global attributes say in words, by ACDD 1.3 (attribute convention for data discovery) and CF.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// `title`.
    pub title: Option<String>,
    /// `summary`, else `description`, else `comment`.
    pub description: Option<String>,
    /// `license` or `licence`, as it is written; see [`spdx`](Self::spdx).
    pub license: Option<String>,
    /// `keywords`, at commas.
    pub keywords: Vec<String>,
    /// `institution`, else `creator_institution`, else `institution_id`.
    pub institution: Option<String>,
    /// `creator_name`, else `author`, else `contact`.
    pub creator: Option<String>,
    /// `publisher_name`.
    pub publisher: Option<String>,
    /// `source`: the model or the instrument.
    pub source: Option<String>,
    /// `references`.
    pub references: Option<String>,
    /// `history`.
    pub history: Option<String>,
    /// `project`, else `project_id`, else `mip_era`.
    pub project: Option<String>,
    /// `doi`, `id` or `tracking_id`, whichever there is first.
    pub identifier: Option<String>,
    /// `date_created`, else `creation_date`, where it is a date: as RFC 3339 writes it.
    pub created: Option<String>,
}

impl Words {
    /// The licence as an SPDX identifier, where it is one, or the URL or the name of a Creative Commons licence.
    #[must_use]
    pub fn spdx(&self) -> Option<&'static str> {
        let text = self.license.as_deref()?.to_ascii_lowercase();
        let plain: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        LICENSES.iter().find(|(signs, _)| signs.iter().any(|sign| plain.contains(sign))).map(|(_, id)| *id)
    }
}

/// Signs of a licence in its text, with blanks and dots as dashes; stricter licences come first, because their names contain
/// those of others.
const LICENSES: [(&[&str], &str); 9] = [
    (&["cc-by-nc-sa-4-0", "licenses-by-nc-sa-4-0"], "CC-BY-NC-SA-4.0"),
    (&["cc-by-nc-nd-4-0", "licenses-by-nc-nd-4-0"], "CC-BY-NC-ND-4.0"),
    (&["cc-by-nc-4-0", "licenses-by-nc-4-0"], "CC-BY-NC-4.0"),
    (&["cc-by-sa-4-0", "licenses-by-sa-4-0", "attribution-sharealike-4-0-international"], "CC-BY-SA-4.0"),
    (&["cc-by-nd-4-0", "licenses-by-nd-4-0"], "CC-BY-ND-4.0"),
    (&["cc-by-4-0", "licenses-by-4-0", "attribution-4-0-international"], "CC-BY-4.0"),
    (&["cc0", "publicdomain-zero-1-0"], "CC0-1.0"),
    (&["odbl-1-0", "odbl"], "ODbL-1.0"),
    (&["apache-2-0"], "Apache-2.0"),
];

/// A horizontal grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// What kind it is.
    pub kind: GridKind,
    /// The full paths of its dimensions, slowest first.
    pub dimensions: Vec<String>,
    /// The path of the longitudes, where there are any.
    pub longitude: Option<String>,
    /// The path of the latitudes, where there are any.
    pub latitude: Option<String>,
    /// How many data variables lie on it.
    pub variables: usize,
}

/// A kind of horizontal grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridKind {
    /// A longitude and a latitude along a dimension each.
    Rectilinear,
    /// The same, of a rotated grid.
    Rotated,
    /// Coordinates of a projection along a dimension each.
    Projected,
    /// Two dimensions of which nothing more is known.
    Unknown,
    /// Longitudes and latitudes over two dimensions or more.
    Curvilinear,
    /// Cells of a mesh, or places on it.
    Unstructured,
    /// Cells of HEALPix.
    Healpix {
        /// Cells along an edge of a base cell.
        nside: u64,
        /// How they are numbered.
        order: weir_cf::grid_mapping::Order,
    },
    /// Places along one dimension.
    Points,
}

impl GridKind {
    /// One word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rectilinear => "rectilinear",
            Self::Rotated => "rotated",
            Self::Projected => "projected",
            Self::Unknown => "unknown",
            Self::Curvilinear => "curvilinear",
            Self::Unstructured => "unstructured",
            Self::Healpix { .. } => "healpix",
            Self::Points => "points",
        }
    }

    /// How often the base cells of HEALPix were divided: the `zoom` of DKRZ's catalogs.
    #[must_use]
    pub fn healpix_level(self) -> Option<u32> {
        match self {
            Self::Healpix { nside, .. } => nside.is_power_of_two().then(|| nside.trailing_zeros()),
            _ => None,
        }
    }
}

/// A reference system, and the part of its plane that the data lies in.
#[derive(Clone, Debug, PartialEq)]
pub struct Projected {
    /// Its `grid_mapping_name`; `None` where only well-known text tells.
    pub mapping: Option<String>,
    /// The reference system as well-known text (`crs_wkt`, `spatial_ref`).
    pub well_known_text: Option<String>,
    /// `EPSG:...`, where the well-known text ends with that authority or an `epsg_code` tells.
    pub code: Option<String>,
    /// The first coordinate, in its units.
    pub x: Option<Range>,
    /// The second coordinate, in its units.
    pub y: Option<Range>,
    /// Lengths along y and x.
    pub shape: Option<[u64; 2]>,
}

/// When data is valid: the first and the last time, or the edges of what they stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeSpan {
    /// As RFC 3339 writes it, `2000-01-01T00:00:00Z`. Days that only an idealised calendar has (30 February) are the last of
    /// their month.
    pub start: String,
    /// As `start`.
    pub end: String,
    /// The calendar, as CF names it.
    pub calendar: String,
}

/// Heights, depths or levels.
#[derive(Clone, Debug, PartialEq)]
pub struct Vertical {
    /// The least and the greatest.
    pub range: Range,
    /// Its units.
    pub units: Option<String>,
    /// Which way it counts.
    pub positive: Option<Positive>,
    /// The path of the coordinate.
    pub path: String,
}

/// A dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct DimensionFacts {
    /// The full path, such as `/lat`.
    pub path: String,
    /// The name, without its group.
    pub name: String,
    /// How many indices it has now.
    pub length: u64,
    /// The path of its coordinate variable.
    pub coordinate: Option<String>,
    /// What the coordinate measures.
    pub measured: Option<Kind>,
    /// The coordinate's units.
    pub units: Option<String>,
    /// The coordinate's `long_name`, else its `standard_name`.
    pub description: Option<String>,
    /// From the least to the greatest value of the coordinate.
    pub extent: Option<Extent>,
    /// The distance between neighbours, where it is the same all along.
    pub step: Option<Step>,
    /// All values, of short coordinates that are neither horizontal nor time.
    pub values: Values,
}

/// From the least to the greatest value.
#[derive(Clone, Debug, PartialEq)]
pub enum Extent {
    /// Of numbers.
    Numbers(Range),
    /// Of times.
    Times(TimeSpan),
}

/// The distance between neighbours.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Of numbers; negative where they fall.
    Number(f64),
    /// Of times, as ISO 8601 writes it: `PT6H`, `P1D`, `P1M`.
    Duration(String),
}

/// The values of a short coordinate.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Values {
    /// They were not listed.
    #[default]
    Unlisted,
    /// Numbers.
    Numbers(Vec<f64>),
    /// Texts.
    Texts(Vec<String>),
}

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableFacts {
    /// The full path, such as `/sst`.
    pub path: String,
    /// The name, without its group.
    pub name: String,
    /// Full paths of its dimensions, slowest first.
    pub dimensions: Vec<String>,
    /// Lengths, slowest first.
    pub shape: Vec<u64>,
    /// The type of an element: `float32`, `string`, ...
    pub data_type: String,
    /// What it is there for.
    pub role: Role,
    /// Its units.
    pub units: Option<String>,
    /// Its standard name.
    pub standard_name: Option<String>,
    /// Its long name.
    pub long_name: Option<String>,
    /// How its values came from others (CF section 7.3), as it is written.
    pub cell_methods: Option<String>,
}

impl VariableFacts {
    /// Names of the dimensions without their groups, slowest first.
    pub fn dimension_names(&self) -> impl Iterator<Item = &str> {
        self.dimensions.iter().map(|path| path.rsplit('/').next().unwrap_or(path))
    }

    /// What people read: the long name, else the standard name, else the name.
    #[must_use]
    pub fn label(&self) -> &str {
        self.long_name.as_deref().or(self.standard_name.as_deref()).unwrap_or(&self.name)
    }

    /// The path without its leading slash, as Zarr and xarray name it.
    #[must_use]
    pub fn key(&self) -> &str {
        self.path.trim_start_matches('/')
    }
}

/// What a variable is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It holds data.
    Data,
    /// It says where or when data lies.
    Coordinate,
    /// It holds the edges of cells.
    Bounds,
    /// It describes a grid, a mesh or a projection, or is without elements.
    Description,
}

impl Role {
    /// Whether the variable says where values lie, rather than what they are.
    #[must_use]
    pub fn is_coordinate(self) -> bool {
        self == Self::Coordinate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_recognised() {
        let check = |text: &str, expected: Option<&str>| {
            let words = Words { license: Some(text.to_owned()), ..Words::default() };
            assert_eq!(words.spdx(), expected, "{text}");
        };
        check("CC-BY-4.0", Some("CC-BY-4.0"));
        check("https://creativecommons.org/licenses/by/4.0/", Some("CC-BY-4.0"));
        check("Creative Commons Attribution 4.0 International (CC BY 4.0; https://...)", Some("CC-BY-4.0"));
        check("cc by-nc-sa 4.0", Some("CC-BY-NC-SA-4.0"));
        check("https://creativecommons.org/licenses/by-sa/4.0", Some("CC-BY-SA-4.0"));
        check("http://creativecommons.org/publicdomain/zero/1.0/", Some("CC0-1.0"));
        check("free to use", None);
        assert_eq!(Words::default().spdx(), None);
    }

    #[test]
    fn levels_are_those_of_powers_of_two() {
        let level =
            |nside| GridKind::Healpix { nside, order: weir_cf::grid_mapping::Order::Ring }.healpix_level();
        assert_eq!((level(1), level(1024), level(3)), (Some(0), Some(10), None));
        assert_eq!(GridKind::Points.healpix_level(), None);
    }
}
