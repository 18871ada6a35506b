//! What is shown of a file: variables, their names, axes and coordinates.

use weir_datasets::{ChunkSource, Dataset};
use weir_model::Value;

use crate::fixture::{numbers, open, path, text};

/// The variables of fields, each with its dimensions and its other coordinates.
pub fn variables(source: &dyn ChunkSource) -> Vec<String> {
    let schema = source.schema();
    let fields =
        schema.variables().into_iter().filter(|(_, variable)| !text(variable, "GRIB_stepType").is_empty());
    let described = fields.map(|(_, variable)| {
        let dimensions = variable.dimension_names().zip(&variable.shape);
        let dimensions: Vec<String> = dimensions.map(|(name, length)| format!("{name}={length}")).collect();
        format!("{}({}) {}", variable.name, dimensions.join(", "), text(variable, "coordinates"))
    });
    described.collect()
}

fn check(name: &str, expected: &[&str]) {
    assert_eq!(variables(open(&path(name)).unwrap().as_ref()), expected, "{name}");
}

#[test]
fn fields_are_arranged_as_cubes() {
    check(
        "grib_cubes.grib",
        &[
            "u(number=3, time=2, step=3, isobaricInhPa=3, latitude=3, longitude=4) valid_time",
            "z(isobaricInhPa_2=2, latitude=3, longitude=4) time_2 step_2 valid_time_2",
            "t_isobaricInhPa(latitude=3, longitude=4) time_2 step_2 isobaricInhPa_3 valid_time_2",
            "t_heightAboveGround(latitude=3, longitude=4) time_2 step_2 heightAboveGround valid_time_2",
            "t2m(latitude=3, longitude=4) time_2 step_2 heightAboveGround_2 valid_time_2",
            "u10(latitude=3, longitude=4) time_2 step_2 heightAboveGround_3 valid_time_2",
            "tp(step_3=2, latitude=3, longitude=4) time_2 surface valid_time_3",
            "mx2t(latitude=3, longitude=4) time_2 step_4 heightAboveGround_2 valid_time_4",
            "st(depthBelowLandLayer=2, latitude=3, longitude=4) time_2 step_2 valid_time_2",
            "si10_percentile_10(latitude=3, longitude=4) time_2 step_2 heightAboveGround_3 valid_time_2",
            "si10_percentile_90(latitude=3, longitude=4) time_2 step_2 heightAboveGround_3 valid_time_2",
            "param_0_19_199(step_5=2, latitude=3, longitude=4) time_2 isobaricInhPa_3 valid_time_5",
        ],
    );
}

#[test]
fn grids_have_their_own_dimensions() {
    let mut shown = variables(open(&path("grib_grids.grib")).unwrap().as_ref());
    shown.truncate(2);
    let expected = [
        "t_surface_grid1(y=7, x=9) time step surface valid_time latitude longitude",
        "t_surface_grid2(y_2=7, x_2=9) time step surface valid_time latitude_2 longitude_2",
    ];
    assert_eq!(shown, expected);
    let source = open(&path("grib_several.grib")).unwrap();
    let described = variables(source.as_ref());
    assert_eq!(described.len(), 4);
    assert_eq!(described[3], "q(latitude=3, longitude=4) time step isobaricInhPa valid_time");
}

#[test]
fn coordinates_say_what_they_are() {
    let dataset = Dataset::new(open(&path("grib_cubes.grib")).unwrap());
    let hour = 3600.0;
    // 2024-01-31T12:00 and 2024-02-29T12:00.
    let times = [1_706_702_400.0, 1_709_208_000.0];
    assert_eq!(numbers(&dataset, "time"), times);
    assert_eq!(numbers(&dataset, "step"), [0.0, 6.0, 12.0]);
    assert_eq!(numbers(&dataset, "number"), [0.0, 3.0, 7.0]);
    assert_eq!(numbers(&dataset, "isobaricInhPa"), [1000.0, 850.0, 500.0]);
    let valid: Vec<f64> =
        times.iter().flat_map(|time| [0.0, 6.0, 12.0].map(|step| time + step * hour)).collect();
    assert_eq!(numbers(&dataset, "valid_time"), valid);
    assert_eq!(numbers(&dataset, "step_5"), [0.25, 0.75]);
    assert_eq!(numbers(&dataset, "depthBelowLandLayer"), [0.0, 0.07]);
    assert_eq!(numbers(&dataset, "depthBelowLandLayer_bnds"), [0.0, 0.07, 0.07, 0.28]);
    assert_eq!(numbers(&dataset, "latitude"), [30.0, 25.0, 20.0]);
    assert_eq!(numbers(&dataset, "longitude"), [10.0, 15.0, 20.0, 25.0]);
    let attribute = |name: &str, attribute: &str| text(dataset.schema().variable(name).unwrap(), attribute);
    assert_eq!(attribute("time", "units"), "seconds since 1970-01-01T00:00:00");
    assert_eq!(attribute("time", "calendar"), "proleptic_gregorian");
    assert_eq!(attribute("isobaricInhPa", "standard_name"), "air_pressure");
    assert_eq!(attribute("isobaricInhPa", "positive"), "down");
    assert_eq!(attribute("depthBelowLandLayer", "bounds"), "depthBelowLandLayer_bnds");
    assert_eq!(attribute("t2m", "units"), "K");
    assert_eq!(attribute("t2m", "GRIB_shortName"), "2t");
    assert_eq!(attribute("t2m", "standard_name"), "air_temperature");
    assert_eq!(attribute("tp", "GRIB_stepType"), "accum");
    assert_eq!(attribute("u", "GRIB_packingType"), "grid_simple");
}

#[test]
fn maps_are_described() {
    let source = open(&path("grib_grids.grib")).unwrap();
    let mapping = |name: &str| {
        let variable = source.schema().root.variable(name).unwrap();
        let mapping = source.schema().root.variable(&text(variable, "grid_mapping")).unwrap();
        let number = |name: &str| match mapping.attribute(name).map(|attribute| &attribute.value) {
            Some(Value::Float64(numbers)) => numbers.clone(),
            other => panic!("{name} is {other:?}"),
        };
        (text(mapping, "grid_mapping_name"), number)
    };
    let (name, number) = mapping("t_surface_grid1");
    assert_eq!(name, "lambert_conformal_conic");
    assert_eq!(number("standard_parallel"), [30.0, 60.0]);
    assert_eq!(number("longitude_of_central_meridian"), [8.0]);
    assert_eq!(number("earth_radius"), [6_371_229.0]);
    let (_, number) = mapping("t_surface_grid2");
    assert_eq!(number("standard_parallel"), [45.0]);
    assert_eq!(number("semi_major_axis"), [6_378_137.0]);
    let (name, number) = mapping("t_surface_grid7");
    assert_eq!(name, "polar_stereographic");
    assert_eq!(
        (number("latitude_of_projection_origin"), number("standard_parallel")),
        (vec![-90.0], vec![-71.0])
    );
    let (name, number) = mapping("t_isobaricInhPa_grid9");
    assert_eq!(name, "rotated_latitude_longitude");
    assert_eq!(number("grid_north_pole_latitude"), [40.0]);
    assert_eq!(number("grid_north_pole_longitude"), [-165.0]);
}

/// The ellipsoid's formulas, which ecCodes does not have for this projection. The numbers are those of PROJ 9.5 for
/// `+proj=stere +lat_0=90 +lat_ts=60 +lon_0=10 +ellps=GRS80`.
#[test]
fn polar_maps_of_the_ellipsoid() {
    let dataset = Dataset::new(open(&path("grib_grids.grib")).unwrap());
    let near = |name: &str, first: f64, last: f64, most: f64| {
        let all = numbers(&dataset, name);
        assert!((all[0] - first).abs() < most, "{name} begins at {}", all[0]);
        assert!((all[all.len() - 1] - last).abs() < most, "{name} ends at {}", all[all.len() - 1]);
    };
    near("x_5", -4_255_782.049_839, -1_855_782.049_839, 1e-4);
    near("y_5", -3_571_025.148_391, -2_071_025.148_391, 1e-4);
    near("latitude_5", 40.0, 63.766_714_034_946, 1e-9);
    near("longitude_5", 320.0, 360.0 - 31.862_542_139_031, 1e-9);
}
