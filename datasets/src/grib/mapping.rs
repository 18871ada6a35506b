//! Grid mappings: how CF describes the maps of grids (CF conventions 1.8, appendix F).

use weir_model::{Attribute, Value};

use super::grid::projection::{Earth, Method, Projection};
use super::grid::rotation::Rotation;
use super::grid::{Geometry, Grid};

/// A grid mapping: the name of its variable, and its attributes.
pub struct Mapping {
    /// The name, which is CF's name of the method.
    pub name: &'static str,
    /// The attributes.
    pub attributes: Vec<Attribute>,
}

fn numbers(name: &str, numbers: &[f64]) -> Attribute {
    Attribute { name: name.to_owned(), value: Value::Float64(numbers.to_vec()) }
}

/// The mapping of a grid; `None` for grids of plain latitudes and longitudes, and for unknown ones.
pub fn of(grid: &Grid) -> Option<Mapping> {
    let (name, mut attributes) = match &grid.geometry {
        Geometry::LatLon(_, Some(rotation)) | Geometry::Gaussian { rotation: Some(rotation), .. } => {
            ("rotated_latitude_longitude", rotated(rotation))
        }
        Geometry::Projected { projection, .. } if grid.rows.is_some() => projected(projection),
        _ => return None,
    };
    let method = Attribute { name: "grid_mapping_name".to_owned(), value: Value::text(name) };
    attributes.insert(0, method);
    Some(Mapping { name, attributes })
}

fn rotated(rotation: &Rotation) -> Vec<Attribute> {
    let pole = rotation.south_pole;
    vec![
        numbers("grid_north_pole_latitude", &[-pole.latitude]),
        numbers("grid_north_pole_longitude", &[pole.longitude.rem_euclid(360.0) - 180.0]),
    ]
}

fn projected(projection: &Projection) -> (&'static str, Vec<Attribute>) {
    let (name, mut attributes) = match projection.method {
        Method::LambertConformal { origin, central, parallels } => {
            let parallels = [parallels.0, parallels.1];
            let same = parallels.first() == parallels.last();
            let listed = if same { parallels.get(..1).unwrap_or_default() } else { &parallels[..] };
            let attributes = vec![
                numbers("standard_parallel", listed),
                numbers("longitude_of_central_meridian", &[central]),
                numbers("latitude_of_projection_origin", &[origin]),
            ];
            ("lambert_conformal_conic", attributes)
        }
        Method::PolarStereographic { southern, central, parallel } => {
            let sign = if southern { -1.0 } else { 1.0 };
            let attributes = vec![
                numbers("straight_vertical_longitude_from_pole", &[central]),
                numbers("latitude_of_projection_origin", &[90.0 * sign]),
                numbers("standard_parallel", &[parallel.abs() * sign]),
            ];
            ("polar_stereographic", attributes)
        }
        Method::Mercator { central, parallel } => {
            let attributes = vec![
                numbers("longitude_of_projection_origin", &[central]),
                numbers("standard_parallel", &[parallel]),
            ];
            ("mercator", attributes)
        }
        Method::LambertAzimuthal { centre } => {
            let attributes = vec![
                numbers("longitude_of_projection_origin", &[centre.1]),
                numbers("latitude_of_projection_origin", &[centre.0]),
            ];
            ("lambert_azimuthal_equal_area", attributes)
        }
    };
    attributes.extend([numbers("false_easting", &[0.0]), numbers("false_northing", &[0.0])]);
    attributes.extend(figure(projection.earth));
    (name, attributes)
}

fn figure(earth: Earth) -> Vec<Attribute> {
    match earth.major == earth.minor {
        true => vec![numbers("earth_radius", &[earth.major])],
        false => vec![numbers("semi_major_axis", &[earth.major]), numbers("semi_minor_axis", &[earth.minor])],
    }
}
