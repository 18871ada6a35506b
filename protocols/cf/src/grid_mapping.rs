//! Grid mappings (CF section 5.6 and appendix F): how coordinates become places on the Earth.

mod healpix;
mod proj_string;
mod projection;
mod rotated_pole;

use std::fmt;

use weir_model::{Schema, Variable};

use crate::axes::text;
use crate::packing::element;
use crate::scope::{find, group_of};
use crate::tokens::{Keyed, SyntaxError, keyed_lists};

pub use projection::{Order, Pixels, Projection, TrueScale};
pub use rotated_pole::RotatedPole;

/// A grid mapping of a variable.
#[derive(Clone, Debug, PartialEq)]
pub struct GridMapping {
    /// The full path of the variable that describes it.
    pub path: String,
    /// The coordinates that it applies to, in the order of the reference system's axes; empty where the attribute names only
    /// the mapping, which then applies to the horizontal coordinates of the variable.
    pub coordinates: Vec<String>,
    /// The projection.
    pub projection: Projection,
    /// The figure of the Earth.
    pub figure: Figure,
    /// The reference system as well-known text (`crs_wkt`, or `spatial_ref` as GDAL writes it).
    pub well_known_text: Option<String>,
}

/// The figure of the Earth, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figure {
    /// The radius of a sphere (`earth_radius`), in metres.
    pub radius: Option<f64>,
    /// `semi_major_axis`, in metres.
    pub semi_major_axis: Option<f64>,
    /// `semi_minor_axis`, in metres.
    pub semi_minor_axis: Option<f64>,
    /// `inverse_flattening`; 0 is a sphere.
    pub inverse_flattening: Option<f64>,
    /// `longitude_of_prime_meridian`, in degrees east of Greenwich.
    pub prime_meridian: f64,
    /// `reference_ellipsoid_name`, or `ellipsoid`.
    pub name: Option<String>,
}

/// Why a grid mapping cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingError {
    /// The `grid_mapping` attribute is not written as CF wants it.
    Syntax(SyntaxError),
    /// No variable has the name that it gives.
    NoVariable(String),
    /// A parameter is absent that the projection cannot do without.
    Missing {
        /// The path of the describing variable.
        path: String,
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter is not the number, or not in the range, that it must be.
    Invalid {
        /// The path of the describing variable.
        path: String,
        /// The parameter.
        parameter: &'static str,
    },
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => write!(f, "grid_mapping {error}"),
            Self::NoVariable(name) => write!(f, "grid_mapping names {name:?}, and there is no such variable"),
            Self::Missing { path, parameter } => write!(f, "grid mapping {path} has no {parameter}"),
            Self::Invalid { path, parameter } => {
                write!(f, "{parameter} of grid mapping {path} is not what it must be")
            }
        }
    }
}

impl std::error::Error for MappingError {}

/// The grid mappings of the variable at `path`; empty where it names none.
///
/// Both forms are read: the name of a variable, and `crs: x y wgs84: lat lon`.
///
/// # Errors
/// [`MappingError`], for the first mapping that cannot be told.
pub fn grid_mappings(schema: &Schema, path: &str) -> Result<Vec<GridMapping>, MappingError> {
    let Some(written) = schema.variable(path).and_then(|variable| text(variable, "grid_mapping")) else {
        return Ok(Vec::new());
    };
    let named = if written.contains(':') {
        keyed_lists(&written).map_err(MappingError::Syntax)?
    } else {
        vec![Keyed { key: written, names: Vec::new() }]
    };
    named.into_iter().map(|Keyed { key, names }| grid_mapping(schema, path, &key, names)).collect()
}

fn grid_mapping(
    schema: &Schema,
    path: &str,
    name: &str,
    coordinates: Vec<String>,
) -> Result<GridMapping, MappingError> {
    let found = find(schema, group_of(path), name);
    let found = found.ok_or_else(|| MappingError::NoVariable(name.chars().take(80).collect()))?;
    let parameters = Parameters { path: &found.path, variable: found.variable };
    let text = |name| text(found.variable, name);
    Ok(GridMapping {
        projection: Projection::of(&parameters)?,
        figure: Figure {
            radius: parameters.number("earth_radius")?,
            semi_major_axis: parameters.number("semi_major_axis")?,
            semi_minor_axis: parameters.number("semi_minor_axis")?,
            inverse_flattening: parameters.number("inverse_flattening")?,
            prime_meridian: parameters.number("longitude_of_prime_meridian")?.unwrap_or(0.0),
            name: text("reference_ellipsoid_name").or_else(|| text("ellipsoid")),
        },
        well_known_text: text("crs_wkt").or_else(|| text("spatial_ref")),
        coordinates,
        path: found.path,
    })
}

/// The attributes of a describing variable.
pub(crate) struct Parameters<'a> {
    pub path: &'a str,
    pub variable: &'a Variable,
}

impl Parameters<'_> {
    /// The numbers of a parameter, finite all of them; a number that is written as text is read too.
    fn numbers(&self, parameter: &'static str) -> Result<Vec<f64>, MappingError> {
        let Some(attribute) = self.variable.attribute(parameter) else { return Ok(Vec::new()) };
        let numbers = match element::numbers(&attribute.value) {
            Some((_, numbers)) => numbers.into_iter().map(element::Wide::as_f64).collect(),
            None => attribute.value.as_text().and_then(|text| text.trim().parse().ok()).into_iter().collect(),
        };
        let numbers: Vec<f64> = numbers;
        if numbers.is_empty() || !numbers.iter().all(|number| number.is_finite()) {
            return Err(self.invalid(parameter));
        }
        Ok(numbers)
    }

    pub(crate) fn number(&self, parameter: &'static str) -> Result<Option<f64>, MappingError> {
        match self.numbers(parameter)?[..] {
            [] => Ok(None),
            [number] => Ok(Some(number)),
            _ => Err(self.invalid(parameter)),
        }
    }

    /// A parameter that is 0 where it is left out.
    pub(crate) fn or_zero(&self, parameter: &'static str) -> Result<f64, MappingError> {
        Ok(self.number(parameter)?.unwrap_or(0.0))
    }

    pub(crate) fn required(&self, parameter: &'static str) -> Result<f64, MappingError> {
        let missing = MappingError::Missing { path: self.path.to_owned(), parameter };
        self.number(parameter)?.ok_or(missing)
    }

    /// One or two numbers.
    pub(crate) fn parallels(&self) -> Result<(f64, Option<f64>), MappingError> {
        const NAME: &str = "standard_parallel";
        match self.numbers(NAME)?[..] {
            [] => Err(MappingError::Missing { path: self.path.to_owned(), parameter: NAME }),
            [one] => Ok((one, None)),
            [one, two] => Ok((one, Some(two))),
            _ => Err(self.invalid(NAME)),
        }
    }

    pub(crate) fn text(&self, parameter: &str) -> Option<String> {
        text(self.variable, parameter)
    }

    pub(crate) fn invalid(&self, parameter: &'static str) -> MappingError {
        MappingError::Invalid { path: self.path.to_owned(), parameter }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    /// The debug form is the short one of the field names and values.
    fn check(crs: &str, expected: Result<&str, &str>) {
        let schema = sample::schema(&format!("crs: {crs}\nt(y, x): grid_mapping = crs"));
        let got =
            grid_mappings(&schema, "/t").map(|mut mappings| format!("{:?}", mappings.remove(0).projection));
        assert_eq!(
            got.map_err(|error| error.to_string()),
            expected.map(str::to_owned).map_err(str::to_owned),
            "{crs}"
        );
    }

    #[test]
    fn projections_are_typed() {
        check("grid_mapping_name = latitude_longitude", Ok("LatitudeLongitude"));
        check(
            "grid_mapping_name = rotated_latitude_longitude; grid_north_pole_latitude = 39.25; grid_north_pole_longitude = 198f",
            Ok(
                "RotatedLatitudeLongitude { pole_latitude: 39.25, pole_longitude: 198.0, north_pole_grid_longitude: 0.0 }",
            ),
        );
        check(
            "grid_mapping_name = lambert_conformal_conic; standard_parallel = 25 50.5; longitude_of_central_meridian = -95; latitude_of_projection_origin = 25; false_easting = 1",
            Ok(
                "LambertConformalConic { parallels: (25.0, Some(50.5)), longitude: -95.0, latitude: 25.0, offset: (1.0, 0.0) }",
            ),
        );
        check(
            "grid_mapping_name = polar_stereographic; straight_vertical_longitude_from_pole = -45; latitude_of_projection_origin = 90; standard_parallel = 70",
            Ok(
                "PolarStereographic { longitude: -45.0, pole: 90.0, true_scale: Parallel(70.0), offset: (0.0, 0.0) }",
            ),
        );
        check(
            "grid_mapping_name = mercator; longitude_of_projection_origin = 0; scale_factor_at_projection_origin = 1.0",
            Ok("Mercator { longitude: 0.0, true_scale: Factor(1.0), offset: (0.0, 0.0) }"),
        );
        check(
            "grid_mapping_name = transverse_mercator; longitude_of_central_meridian = 9; scale_factor_at_central_meridian = 0.9996; false_easting = 500000",
            Ok(
                "TransverseMercator { longitude: 9.0, latitude: 0.0, scale: 0.9996, offset: (500000.0, 0.0) }",
            ),
        );
        check(
            "grid_mapping_name = geostationary; longitude_of_projection_origin = -75; perspective_point_height = 35786023; sweep_angle_axis = x",
            Ok(
                "Geostationary { longitude: -75.0, latitude: 0.0, height: 35786023.0, sweep: 'x', offset: (0.0, 0.0) }",
            ),
        );
        check(
            "grid_mapping_name = sinusoidal; longitude_of_projection_origin = 0",
            Ok("Other(\"sinusoidal\")"),
        );
        check("crs_wkt = GEOGCS[...]", Ok("Unnamed"));
    }

    #[test]
    fn healpix_is_read_in_every_spelling() {
        let pixels = |level, order| format!("Healpix(Pixels {{ nside: {level}, order: {order} }})");
        check(
            "grid_mapping_name = healpix; healpix_nside = 1024; healpix_order = nest",
            Ok(&pixels(1024, "Nested")),
        );
        check(
            "grid_mapping_name = healpix; refinement_level = 7; indexing_scheme = nested",
            Ok(&pixels(128, "Nested")),
        );
        check("grid_mapping_name = healpix; healpix_level = 0; healpix_order = RING", Ok(&pixels(1, "Ring")));
        check("grid_mapping_name = healpix; healpix_nside = 3; healpix_order = ring", Ok(&pixels(3, "Ring")));
        check("grid_mapping_name = healpix; healpix_nside = 4", Ok(&pixels(4, "Nested")));
        for wrong in [
            "healpix_nside = 3",
            "healpix_nside = 0",
            "healpix_nside = 1.5",
            "refinement_level = 30",
            "refinement_level = -1",
        ] {
            let named = wrong.split(' ').next().unwrap();
            let expected = format!("{named} of grid mapping /crs is not what it must be");
            check(&format!("grid_mapping_name = healpix; {wrong}"), Err(&expected));
        }
        check("grid_mapping_name = healpix", Err("grid mapping /crs has no refinement_level"));
        check(
            "grid_mapping_name = healpix; refinement_level = 2; indexing_scheme = nested_unique",
            Err("indexing_scheme of grid mapping /crs is not what it must be"),
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        check("grid_mapping_name = mercator", Err("grid mapping /crs has no longitude_of_projection_origin"));
        check(
            "grid_mapping_name = lambert_conformal_conic; standard_parallel = 1 2 3",
            Err("standard_parallel of grid mapping /crs is not what it must be"),
        );
        check(
            "grid_mapping_name = latitude_longitude; earth_radius = large",
            Err("earth_radius of grid mapping /crs is not what it must be"),
        );
    }

    #[test]
    fn the_extended_form_keeps_the_order_of_axes() {
        let schema = sample::schema(
            "crs: grid_mapping_name = latitude_longitude; inverse_flattening = 298.257223563\nt(y, x): grid_mapping = crs: lat lon other: y x\nu(x): grid_mapping = a: b: c\nw(x):",
        );
        let error = grid_mappings(&schema, "/t").unwrap_err();
        assert_eq!(error.to_string(), "grid_mapping names \"other\", and there is no such variable");
        let mapping = grid_mapping(&schema, "/t", "crs", vec!["lat".to_owned()]).unwrap();
        assert_eq!(
            (mapping.coordinates, mapping.figure.inverse_flattening),
            (vec!["lat".to_owned()], Some(298.257_223_563))
        );
        assert!(grid_mappings(&schema, "/u").is_err());
        assert_eq!(grid_mappings(&schema, "/w"), Ok(vec![]));
    }
}
