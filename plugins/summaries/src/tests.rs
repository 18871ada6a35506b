//! Summaries of datasets in memory, each of another grid.

use std::collections::HashMap;
use std::sync::Mutex;

use weir_catalogs::{Extent, GridKind, Role, Step, Summary, Values as Listed};
use weir_plugin_api::model::{Attribute, DataType, Value};
use weir_plugin_api::testing::{MemoryDataset, MockHost, Values, counting, dataset_of};
use weir_plugin_api::{Error, ErrorKind, Host, Plugin, Request, Response, Route};

/// Answers with nothing, but keeps the summary.
struct Summarizing {
    host: Host,
}

static FOUND: Mutex<Option<HashMap<String, Summary>>> = Mutex::new(None);

impl Plugin for Summarizing {
    const NAME: &'static str = "summarizing";
    const VERSION: &'static str = "1";

    fn create(host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Self { host })
    }

    fn routes(&self) -> Vec<Route> {
        vec![Route::get("/datasets/{id}/summary")]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let dataset = self.host.open(request, request.dataset_id())?;
        let summary = crate::summarize(&dataset)?;
        FOUND.lock().unwrap().get_or_insert_default().insert(dataset.id().to_owned(), summary);
        Ok(Response::full("text/plain", Vec::new()))
    }
}

/// Summaries are told apart by the ids of their datasets, which are those of the tests.
fn summary(id: &str, dataset: MemoryDataset) -> Summary {
    let running = MockHost::new().dataset(id, dataset).start::<Summarizing>();
    running.get(&format!("/datasets/{id}/summary")).unwrap();
    FOUND.lock().unwrap().as_mut().unwrap().remove(id).unwrap()
}

type Made = (weir_plugin_api::model::Variable, Values);

/// A variable of doubles, with attributes as `name = text`.
fn variable(name: &str, axes: &[(&str, u64)], values: &[f64], attributes: &[&str]) -> Made {
    let (mut variable, mut made) = counting(name, DataType::Float64, axes);
    if !values.is_empty() {
        assert_eq!(values.len() as u64, axes.iter().map(|axis| axis.1).product::<u64>());
        made = Values::Fixed(values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }
    let attributes = attributes.iter().map(|text| text.split_once(" = ").unwrap());
    variable.attributes = attributes
        .map(|(name, text)| Attribute {
            name: name.to_owned(),
            value: text.parse().map_or_else(|_| Value::text(text), |number| Value::Float64(vec![number])),
        })
        .collect();
    (variable, made)
}

fn line(count: u32, from: f64, step: f64) -> Vec<f64> {
    (0..count).map(|index| from + step * f64::from(index)).collect()
}

fn bbox(summary: &Summary) -> Option<[f64; 4]> {
    let round = |number: f64| (number * 1e6).round() / 1e6;
    summary.bounds.map(|bounds| bounds.bbox().map(round))
}

const EAST: &str = "units = degrees_east";
const NORTH: &str = "units = degrees_north";

#[test]
fn rectilinear_grids_with_time_and_levels() {
    let dataset = dataset_of(vec![
        variable(
            "time",
            &[("time", 3)],
            &[0.0, 6.0, 12.0],
            &["units = hours since 2001-02-03", "bounds = edges"],
        ),
        variable("edges", &[("time", 3), ("two", 2)], &[-3.0, 3.0, 3.0, 9.0, 9.0, 15.0], &[]),
        variable("plev", &[("plev", 2)], &[85000.0, 50000.0], &["units = Pa", "long_name = pressure"]),
        variable("lat", &[("lat", 3)], &[10.0, 0.0, -10.0], &[NORTH]),
        variable("lon", &[("lon", 5)], &line(5, 350.0, 5.0), &[EAST]),
        variable(
            "ta",
            &[("time", 3), ("plev", 2), ("lat", 3), ("lon", 5)],
            &[],
            &["units = K", "standard_name = air_temperature"],
        ),
    ]);
    let summary = summary("rectilinear", dataset);
    assert_eq!(summary.notes, Vec::<String>::new());
    assert_eq!(bbox(&summary), Some([-10.0, -10.0, 10.0, 10.0]));
    let time = summary.time.clone().unwrap();
    assert_eq!((time.start.as_str(), time.end.as_str()), ("2001-02-02T21:00:00Z", "2001-02-03T15:00:00Z"));
    assert_eq!(
        summary.steps.as_ref().map(|steps| (steps.dimension.as_str(), steps.count)),
        Some(("/time", 3))
    );
    let vertical = summary.vertical.clone().unwrap();
    assert_eq!(
        (vertical.range.least, vertical.range.greatest, vertical.path.as_str()),
        (50000.0, 85000.0, "/plev")
    );
    let grid = summary.grid.clone().unwrap();
    assert_eq!((grid.kind, grid.variables), (GridKind::Rectilinear, 1));
    assert_eq!(grid.dimensions, ["/lat", "/lon"]);
    let data: Vec<&str> = summary.data_variables().map(|variable| variable.name.as_str()).collect();
    assert_eq!(data, ["ta"]);
    let role = |path: &str| summary.variables.iter().find(|variable| variable.path == path).unwrap().role;
    assert_eq!((role("/edges"), role("/lat")), (Role::Bounds, Role::Coordinate));
    let dimension = |path: &str| summary.dimension(path).unwrap().clone();
    assert_eq!(dimension("/lat").step, Some(Step::Number(-10.0)));
    assert_eq!(dimension("/time").step, Some(Step::Duration("PT6H".into())));
    let Some(Extent::Times(times)) = dimension("/time").extent else { panic!("time has times") };
    assert_eq!((times.start.as_str(), times.end.as_str()), ("2001-02-03T00:00:00Z", "2001-02-03T12:00:00Z"));
    assert_eq!(dimension("/plev").values, Listed::Numbers(vec![85000.0, 50000.0]));
    assert_eq!(dimension("/two").coordinate, None);
}

#[test]
fn grids_all_around_and_across_the_antimeridian() {
    let of = |id: &str, lon: Vec<f64>| {
        let count = lon.len() as u64;
        let dataset = dataset_of(vec![
            variable("lat", &[("lat", 2)], &[-5.0, 5.0], &[NORTH]),
            variable("lon", &[("lon", count)], &lon, &[EAST]),
            variable("t", &[("lat", 2), ("lon", count)], &[], &["units = K"]),
        ]);
        bbox(&summary(id, dataset))
    };
    assert_eq!(of("around", line(72, 0.0, 5.0)), Some([-180.0, -5.0, 180.0, 5.0]));
    assert_eq!(of("pacific", line(9, 170.0, 2.5)), Some([170.0, -5.0, -170.0, 5.0]));
}

#[test]
fn cells_count_with_their_edges() {
    let dataset = dataset_of(vec![
        variable("lat", &[("lat", 2)], &[-5.0, 5.0], &[NORTH, "bounds = lat_b"]),
        variable("lat_b", &[("lat", 2), ("two", 2)], &[-10.0, 0.0, 0.0, 10.0], &[]),
        variable("lon", &[("lon", 2)], &[2.0, 6.0], &[EAST, "bounds = lon_b"]),
        variable("lon_b", &[("lon", 2), ("two", 2)], &[0.0, 4.0, 4.0, 8.0], &[]),
        variable("t", &[("lat", 2), ("lon", 2)], &[], &["units = K"]),
    ]);
    assert_eq!(bbox(&summary("cells", dataset)), Some([0.0, -10.0, 8.0, 10.0]));
}

#[test]
fn curvilinear_grids_go_around_poles() {
    let polar: Vec<(f64, f64)> = (0..25)
        .map(|place| {
            let (x, y) = (f64::from(place % 5) - 2.0, f64::from(place / 5) - 2.0);
            (f64::atan2(y, x).to_degrees(), 90.0 - 2.0 * f64::hypot(x, y))
        })
        .collect();
    let axes = [("y", 5), ("x", 5)];
    let (east, north): (Vec<f64>, Vec<f64>) = polar.into_iter().unzip();
    let dataset = dataset_of(vec![
        variable("nav_lon", &axes, &east, &[EAST]),
        variable("nav_lat", &axes, &north, &[NORTH]),
        variable("ice", &axes, &[], &["units = 1", "coordinates = nav_lon nav_lat"]),
    ]);
    let summary = summary("polar", dataset);
    assert_eq!(summary.grid.as_ref().map(|grid| grid.kind), Some(GridKind::Curvilinear));
    assert_eq!(bbox(&summary), Some([-180.0, 84.343146, 180.0, 90.0]));
    assert_eq!(summary.outline, None);
}

#[test]
fn slanted_grids_have_an_outline() {
    let axes = [("y", 5), ("x", 9)];
    let place = |number: u32| {
        let (x, y) = (f64::from(number % 9), f64::from(number / 9));
        (175.0 + x + y, 10.0 + 2.0 * y - 0.5 * x)
    };
    let (east, north): (Vec<f64>, Vec<f64>) = (0..45).map(place).unzip();
    let swath = |more: Vec<Made>| {
        let mut variables = vec![
            variable("lon", &axes, &east, &[EAST]),
            variable("lat", &axes, &north, &[NORTH]),
            variable("sst", &axes, &[], &["units = K", "coordinates = lon lat"]),
        ];
        variables.extend(more);
        dataset_of(variables)
    };
    let slanted = summary("swath", swath(vec![]));
    assert_eq!(bbox(&slanted), Some([175.0, 6.0, -173.0, 18.0]));
    let outline = slanted.outline.unwrap();
    let expected: [&[[f64; 2]]; 2] = [
        &[[179.0, 18.0], [175.0, 10.0], [180.0, 7.5], [180.0, 17.5], [179.0, 18.0]],
        &[[-177.0, 6.0], [-173.0, 14.0], [-180.0, 17.5], [-180.0, 7.5], [-177.0, 6.0]],
    ];
    let sorted = |ring: &[[f64; 2]]| {
        let mut places: Vec<String> = ring.iter().map(|place| format!("{place:?}")).collect();
        places.sort();
        places.dedup();
        places
    };
    let made: Vec<_> = outline.rings().iter().map(|ring| sorted(ring)).collect();
    assert_eq!(made, expected.map(sorted));

    // A coarse one around the Earth goes on where its rim ends.
    let axes = [("y", 3), ("x", 12)];
    let (east, north): (Vec<f64>, Vec<f64>) =
        (0..36).map(|number| (f64::from(number % 12) * 30.0, f64::from(number / 12) * 10.0)).unzip();
    let around = dataset_of(vec![
        variable("lon", &axes, &east, &[EAST]),
        variable("lat", &axes, &north, &[NORTH]),
        variable("sst", &axes, &[], &["units = K", "coordinates = lon lat"]),
    ]);
    let around = summary("around", around);
    assert_eq!((bbox(&around), around.outline), (Some([-180.0, 0.0, 180.0, 20.0]), None));

    // Of several grids, only the box around them is known.
    let others = vec![
        variable("station_lon", &[("station", 2)], &[1.0, 2.0], &[EAST]),
        variable("station_lat", &[("station", 2)], &[3.0, 4.0], &[NORTH]),
        variable("level", &[("station", 2)], &[], &["units = m", "coordinates = station_lon station_lat"]),
    ];
    let both = summary("swath-and-stations", swath(others));
    assert_eq!((both.bounds.is_some(), both.outline), (true, None));
}

#[test]
fn unstructured_grids_in_radians() {
    let dataset = dataset_of(vec![
        variable(
            "clon",
            &[("ncells", 4)],
            &[-0.5, -0.1, 0.3, 0.7],
            &["units = radian", "standard_name = longitude"],
        ),
        variable(
            "clat",
            &[("ncells", 4)],
            &[0.1, 0.2, 0.3, 0.4],
            &["units = radian", "standard_name = latitude"],
        ),
        variable(
            "t",
            &[("time", 2), ("ncells", 4)],
            &[],
            &["coordinates = clon clat", "CDI_grid_type = unstructured"],
        ),
    ]);
    let summary = summary("icon", dataset);
    assert_eq!(summary.grid.as_ref().map(|grid| grid.kind), Some(GridKind::Unstructured));
    assert_eq!(bbox(&summary), Some([-28.64789, 5.729578, 40.107046, 22.918312]));
}

#[test]
fn healpix_cells_all_and_some() {
    let crs = |attributes: &[&str]| variable("crs", &[], &[0.0], attributes);
    let mapping = ["grid_mapping_name = healpix", "healpix_nside = 2", "healpix_order = nest"];
    let whole = dataset_of(vec![crs(&mapping), variable("t", &[("cell", 48)], &[], &["grid_mapping = crs"])]);
    let whole = summary("healpix", whole);
    assert_eq!(bbox(&whole), Some([-180.0, -90.0, 180.0, 90.0]));
    assert_eq!(whole.grid.as_ref().and_then(|grid| grid.kind.healpix_level()), Some(1));
    let some = dataset_of(vec![
        crs(&mapping),
        variable("cell", &[("cell", 2)], &[0.0, 1.0], &["standard_name = healpix_index"]),
        variable("t", &[("cell", 2)], &[], &["grid_mapping = crs"]),
    ]);
    assert_eq!(bbox(&summary("healpix-some", some)), Some([45.0, 19.471221, 67.5, 41.810315]));
}

#[test]
fn rotated_grids_without_longitudes() {
    let crs = [
        "grid_mapping_name = rotated_latitude_longitude",
        "grid_north_pole_latitude = 39.25",
        "grid_north_pole_longitude = -162",
    ];
    let dataset = dataset_of(vec![
        variable("crs", &[], &[0.0], &crs),
        variable("rlat", &[("rlat", 2)], &[0.0, 1.0], &["standard_name = grid_latitude", "units = degrees"]),
        variable(
            "rlon",
            &[("rlon", 2)],
            &[0.0, 10.0],
            &["standard_name = grid_longitude", "units = degrees"],
        ),
        variable("t", &[("rlat", 2), ("rlon", 2)], &[], &["grid_mapping = crs"]),
    ]);
    let summary = summary("rotated", dataset);
    assert_eq!(summary.grid.as_ref().map(|grid| grid.kind), Some(GridKind::Rotated));
    let [west, south, east, north] = bbox(&summary).unwrap();
    assert!((west - 18.0).abs() < 1e-6 && (north - 51.75).abs() < 1e-6, "{west} {north}");
    assert!((south - 49.696417).abs() < 1e-6 && (east - 33.900511).abs() < 1e-6, "{south} {east}");
    let outline = summary.outline.as_ref().unwrap();
    assert_eq!(outline.rings().iter().map(Vec::len).collect::<Vec<_>>(), [5]);
    let projection = summary.projection.unwrap();
    assert_eq!((projection.x.map(|x| x.greatest), projection.shape), (Some(10.0), Some([2, 2])));
}

#[test]
fn projected_grids_without_longitudes() {
    let crs = [
        "grid_mapping_name = polar_stereographic",
        "latitude_of_projection_origin = 90",
        "straight_vertical_longitude_from_pole = -45",
        "standard_parallel = 70",
    ];
    let along = |name: &str, standard: &str| {
        let name_of = format!("standard_name = {standard}");
        variable(name, &[(name, 5)], &line(5, -2000.0, 1000.0), &[&name_of, "units = km"])
    };
    let dataset = dataset_of(vec![
        variable("crs", &[], &[0.0], &crs),
        along("y", "projection_y_coordinate"),
        along("x", "projection_x_coordinate"),
        variable("ice", &[("y", 5), ("x", 5)], &[], &["grid_mapping = crs"]),
    ]);
    let summary = summary("projected", dataset);
    assert_eq!(summary.grid.as_ref().map(|grid| grid.kind), Some(GridKind::Projected));
    let [west, south, east, north] = bbox(&summary).unwrap();
    assert_eq!((west, east, north), (-180.0, 180.0, 90.0));
    assert!((64.0..65.0).contains(&south), "{south}");
    assert_eq!(summary.projection.and_then(|found| found.x).map(|x| x.least), Some(-2000.0));
}

#[test]
fn stations_and_single_places() {
    let dataset = dataset_of(vec![
        variable("lon", &[("station", 3)], &[5.0, 6.0, 7.5], &[EAST]),
        variable("lat", &[("station", 3)], &[50.0, 51.0, 52.5], &[NORTH]),
        variable("t", &[("station", 3)], &[], &["coordinates = lon lat"]),
    ]);
    assert_eq!(bbox(&summary("stations", dataset)), Some([5.0, 50.0, 7.5, 52.5]));
    let dataset = dataset_of(vec![
        variable("lon", &[], &[9.5], &[EAST]),
        variable("lat", &[], &[53.5], &[NORTH]),
        variable("t", &[("time", 4)], &[], &["coordinates = lon lat"]),
    ]);
    assert_eq!(bbox(&summary("place", dataset)), Some([9.5, 53.5, 9.5, 53.5]));
    let dataset = dataset_of(vec![
        variable("lon", &[("lon", 3)], &[1.0, 2.0, 3.0], &[EAST]),
        variable("lat", &[("lat", 2)], &[4.0, 5.0], &[NORTH]),
    ]);
    assert_eq!(bbox(&summary("grid-alone", dataset)), Some([1.0, 4.0, 3.0, 5.0]));
}

#[test]
fn broken_coordinates_leave_the_rest() {
    let mut dataset = dataset_of(vec![
        variable("time", &[("time", 3)], &[], &["units = fortnights since the flood"]),
        variable("lat", &[("lat", 2)], &[4.0, 5.0], &[NORTH]),
        variable("lon", &[("lon", 3)], &[], &[EAST]),
        variable("t", &[("time", 3), ("lat", 2), ("lon", 3)], &[], &["units = K"]),
    ]);
    dataset.corrupt.push("/lon".to_owned());
    let text = |name: &str, text: &str| Attribute { name: name.into(), value: Value::text(text) };
    dataset.schema.root.attributes = vec![
        text("title", "A title"),
        text("time_coverage_start", "1999"),
        text("time_coverage_end", "2000"),
    ];
    let summary = summary("broken", dataset);
    assert_eq!(summary.bounds, None);
    assert_eq!(summary.words.title.as_deref(), Some("A title"));
    assert_eq!(summary.time.map(|time| time.end).as_deref(), Some("2000-01-01T00:00:00Z"));
    assert_eq!(summary.variables.len(), 4);
    assert!(summary.notes.iter().any(|note| note.starts_with("/lon: ")), "{:?}", summary.notes);
    assert!(summary.notes.iter().any(|note| note.starts_with("/time: ")), "{:?}", summary.notes);
}

#[test]
fn data_is_never_read() {
    let mut dataset = dataset_of(vec![
        variable("lat", &[("lat", 2)], &[4.0, 5.0], &[NORTH]),
        variable("lon", &[("lon", 3)], &[1.0, 2.0, 3.0], &[EAST]),
        variable("t", &[("lat", 2), ("lon", 3)], &[], &["units = K"]),
    ]);
    dataset.corrupt.push("/t".to_owned());
    let summary = summary("unread", dataset);
    assert_eq!((bbox(&summary), summary.notes.len()), (Some([1.0, 4.0, 3.0, 5.0]), 0));
}

#[test]
fn unknown_datasets_are_errors() {
    let running = MockHost::new().start::<Summarizing>();
    let error = running.get("/datasets/none/summary").unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}
