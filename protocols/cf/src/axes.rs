//! Which axis of space or time a coordinate is: the evidence, strongest first.
//!
//! 1. `axis` (CF section 4): `X`, `Y`, `Z`, `T`. It names the axis; what is measured along it, the rest says.
//! 2. `standard_name`.
//! 3. `units` (CF sections 4.1 to 4.4): `degrees_north` and its spellings, `<unit> since <date>`.
//! 4. `_CoordinateAxisType`, as netCDF-Java writes it.
//! 5. `positive` (CF section 4.3), then units of pressure and COARDS' `level`, `layer`, `sigma_level`.
//! 6. The name, as the last resort.

use weir_model::Variable;

use crate::time::is_time;

/// An axis of space or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Axis {
    /// West to east, or along the first horizontal axis of a projection.
    X,
    /// South to north, or along the second.
    Y,
    /// Up or down.
    Z,
    /// Time.
    T,
}

/// What a coordinate measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Degrees (or radians) east.
    Longitude,
    /// Degrees (or radians) north.
    Latitude,
    /// Longitude on a rotated grid.
    GridLongitude,
    /// Latitude on a rotated grid.
    GridLatitude,
    /// The first coordinate of a projection, or its scanning angle.
    ProjectionX,
    /// The second.
    ProjectionY,
    /// Height, depth, pressure, or a number of a level.
    Vertical,
    /// When the values are valid.
    Time,
    /// When the forecast began. It counts time, but its values do not say when the data are valid.
    ReferenceTime,
    /// An axis of which only the direction is known.
    Other(Axis),
}

impl Kind {
    /// The axis along which it is measured.
    #[must_use]
    pub fn axis(self) -> Option<Axis> {
        match self {
            Self::Longitude | Self::GridLongitude | Self::ProjectionX => Some(Axis::X),
            Self::Latitude | Self::GridLatitude | Self::ProjectionY => Some(Axis::Y),
            Self::Vertical => Some(Axis::Z),
            Self::Time => Some(Axis::T),
            Self::ReferenceTime => None,
            Self::Other(axis) => Some(axis),
        }
    }
}

/// Which way a vertical coordinate counts (CF section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Positive {
    /// Greater is higher.
    Up,
    /// Greater is deeper, or nearer to the ground.
    Down,
}

/// What a coordinate measures; `None` where nothing says so. To be asked of variables that are coordinates: of a data variable,
/// units of time or a name may say what is not meant.
#[must_use]
pub fn kind(variable: &Variable) -> Option<Kind> {
    let measured = from_standard_name(variable)
        .or_else(|| from_units(variable))
        .or_else(|| from_axis_type(variable))
        .or_else(|| from_vertical(variable));
    match (from_axis(variable), measured) {
        (Some(axis), Some(kind)) if kind.axis() == Some(axis) => Some(kind),
        (Some(axis), _) => {
            Some(from_name(variable).filter(|kind| kind.axis() == Some(axis)).unwrap_or(Kind::Other(axis)))
        }
        (None, measured) => measured.or_else(|| from_name(variable)),
    }
}

/// Which way a vertical coordinate counts: its `positive`, or down for pressure (CF section 4.3.1), else `None`.
#[must_use]
pub fn positive(variable: &Variable) -> Option<Positive> {
    match text(variable, "positive").unwrap_or_default().to_ascii_lowercase().as_str() {
        "up" => Some(Positive::Up),
        "down" => Some(Positive::Down),
        _ => text(variable, "units").filter(|units| is_pressure(units)).map(|_| Positive::Down),
    }
}

/// The text of an attribute, without blanks around it.
pub(crate) fn text(variable: &Variable, name: &str) -> Option<String> {
    let text = variable.attribute(name)?.value.as_text()?;
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

fn from_axis(variable: &Variable) -> Option<Axis> {
    match text(variable, "axis")?.to_ascii_uppercase().as_str() {
        "X" => Some(Axis::X),
        "Y" => Some(Axis::Y),
        "Z" => Some(Axis::Z),
        "T" => Some(Axis::T),
        _ => None,
    }
}

fn from_standard_name(variable: &Variable) -> Option<Kind> {
    let name = text(variable, "standard_name")?.to_ascii_lowercase();
    Some(match name.as_str() {
        "longitude" => Kind::Longitude,
        "latitude" => Kind::Latitude,
        "grid_longitude" => Kind::GridLongitude,
        "grid_latitude" => Kind::GridLatitude,
        "projection_x_coordinate" | "projection_x_angular_coordinate" => Kind::ProjectionX,
        "projection_y_coordinate" | "projection_y_angular_coordinate" => Kind::ProjectionY,
        "time" => Kind::Time,
        "forecast_reference_time" => Kind::ReferenceTime,
        "air_pressure" | "sea_water_pressure" | "height" | "altitude" | "depth" | "model_level_number" => {
            Kind::Vertical
        }
        name if is_parametric(name) => Kind::Vertical,
        name if name.starts_with("height_above_") || name.starts_with("depth_below_") => Kind::Vertical,
        _ => return None,
    })
}

/// Standard names of CF appendix D, parametric vertical coordinates.
fn is_parametric(name: &str) -> bool {
    let atmosphere = name.starts_with("atmosphere_") && name.ends_with("_coordinate");
    let ocean = name.starts_with("ocean_") && name.ends_with("_coordinate");
    let generalized = ["ocean_s_coordinate_g1", "ocean_s_coordinate_g2"].contains(&name);
    atmosphere || ocean || generalized
}

fn from_units(variable: &Variable) -> Option<Kind> {
    let units = text(variable, "units")?;
    match units.to_ascii_lowercase().as_str() {
        "degrees_north" | "degree_north" | "degree_n" | "degrees_n" | "degreen" | "degreesn" => {
            Some(Kind::Latitude)
        }
        "degrees_east" | "degree_east" | "degree_e" | "degrees_e" | "degreee" | "degreese" => {
            Some(Kind::Longitude)
        }
        _ => is_time(&units).then_some(Kind::Time),
    }
}

fn from_axis_type(variable: &Variable) -> Option<Kind> {
    Some(match text(variable, "_CoordinateAxisType")?.as_str() {
        "Lon" => Kind::Longitude,
        "Lat" => Kind::Latitude,
        "GeoX" => Kind::ProjectionX,
        "GeoY" => Kind::ProjectionY,
        "GeoZ" | "Height" | "Pressure" => Kind::Vertical,
        "Time" => Kind::Time,
        "RunTime" => Kind::ReferenceTime,
        _ => return None,
    })
}

fn from_vertical(variable: &Variable) -> Option<Kind> {
    let positive = text(variable, "positive").unwrap_or_default().to_ascii_lowercase();
    if matches!(positive.as_str(), "up" | "down") {
        return Some(Kind::Vertical);
    }
    // A surface pressure is a variable over other dimensions: only along itself is pressure a coordinate.
    let along_itself =
        variable.dimension_names().eq([variable.name.as_str()]) || variable.dimensions.is_empty();
    let units = text(variable, "units")?;
    let level = matches!(units.as_str(), "level" | "layer" | "sigma_level");
    (along_itself && (level || is_pressure(&units))).then_some(Kind::Vertical)
}

fn is_pressure(units: &str) -> bool {
    let exact = ["Pa", "hPa", "kPa", "mb", "dbar", "mbar"].contains(&units);
    let long = ["pascal", "hectopascal", "bar", "millibar", "decibar", "atmosphere", "atm"];
    exact || long.contains(&units.to_ascii_lowercase().trim_end_matches('s'))
}

/// Names that say what their attributes do not.
fn from_name(variable: &Variable) -> Option<Kind> {
    Some(match variable.name.to_ascii_lowercase().as_str() {
        "lon" | "longitude" | "nav_lon" | "clon" | "xlong" | "tlon" | "tlong" | "ulon" | "glon"
        | "geolon" => Kind::Longitude,
        "lat" | "latitude" | "nav_lat" | "clat" | "xlat" | "tlat" | "ulat" | "glat" | "geolat" => {
            Kind::Latitude
        }
        "rlon" => Kind::GridLongitude,
        "rlat" => Kind::GridLatitude,
        "x" | "xc" | "easting" => Kind::Other(Axis::X),
        "y" | "yc" | "northing" => Kind::Other(Axis::Y),
        "z" | "lev" | "level" | "plev" | "depth" | "deptht" | "height" | "altitude" => Kind::Vertical,
        "time" | "valid_time" | "time_counter" => Kind::Time,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use weir_model::DataType;

    use super::*;
    use crate::sample::variable;

    fn check(declared: &str, attributes: &[&str], expected: Option<Kind>) {
        assert_eq!(
            kind(&variable(declared, DataType::Float64, attributes)),
            expected,
            "{declared} {attributes:?}"
        );
    }

    #[test]
    fn attributes_say_what_is_measured() {
        check("a(a)", &["axis = X"], Some(Kind::Other(Axis::X)));
        check("a(a)", &["axis = X", "units = degrees_east"], Some(Kind::Longitude));
        check("a(a)", &["axis = y", "standard_name = projection_y_coordinate"], Some(Kind::ProjectionY));
        check("a(a)", &["standard_name = grid_latitude", "units = degrees"], Some(Kind::GridLatitude));
        check("a(b, c)", &["units = degreeN"], Some(Kind::Latitude));
        check("a(b, c)", &["units = Degrees_East"], Some(Kind::Longitude));
        check("a(a)", &["units = hours since 2000-01-01"], Some(Kind::Time));
        check(
            "a",
            &["units = hours since 2000-01-01", "standard_name = forecast_reference_time"],
            Some(Kind::ReferenceTime),
        );
        check("a(a)", &["_CoordinateAxisType = GeoX"], Some(Kind::ProjectionX));
        check("a(a)", &["positive = down", "units = m"], Some(Kind::Vertical));
        check("a(a)", &["units = hPa"], Some(Kind::Vertical));
        check("a(a)", &["units = Millibars"], Some(Kind::Vertical));
        check("a(a)", &["units = sigma_level"], Some(Kind::Vertical));
        check("a(a)", &["standard_name = atmosphere_hybrid_sigma_pressure_coordinate"], Some(Kind::Vertical));
        check("clon(ncells)", &["standard_name = longitude", "units = radian"], Some(Kind::Longitude));
    }

    #[test]
    fn axis_overrules_what_disagrees() {
        check("a(a)", &["axis = Z", "units = degrees_east"], Some(Kind::Other(Axis::Z)));
        check("lon(lon)", &["axis = X", "units = degrees"], Some(Kind::Longitude));
    }

    #[test]
    fn names_are_the_last_resort() {
        check("lon(lon)", &[], Some(Kind::Longitude));
        check("TIME(TIME)", &[], Some(Kind::Time));
        check("lat(lat)", &["units = degrees_east"], Some(Kind::Longitude));
        check("rlat(rlat)", &["units = degrees"], Some(Kind::GridLatitude));
    }

    #[test]
    fn what_is_no_coordinate_has_no_kind() {
        check("ps(lat, lon)", &["units = Pa"], None);
        check("member(member)", &[], None);
        check("a(a)", &["axis = W", "positive = sideways"], None);
        check("tau(tau)", &["units = hours", "standard_name = forecast_period"], None);
    }

    #[test]
    fn pressure_counts_down() {
        let positive = |attributes: &[&str]| positive(&variable("p(p)", DataType::Float32, attributes));
        assert_eq!(positive(&["units = hPa"]), Some(Positive::Down));
        assert_eq!(positive(&["units = m", "positive = UP"]), Some(Positive::Up));
        assert_eq!(positive(&["units = m"]), None);
    }
}
