//! Axes and selections of datasets in memory, through a plugin that answers with what it selects.

use proptest::prelude::*;
use weir_plugin_api::model::{Attribute, ByteOrder, DataType, Stride, Value, Variable};
use weir_plugin_api::testing::{MemoryDataset, MockHost, Running, Values, counting, dataset_of};
use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route, form};

use crate::{Axes, BoundingBox, Cut, Indices, Place, Run, Selection, Wanted};

/// Answers with the numbers that a query selects: `var=`, `bbox=`, `near=`, `runs=` (one list of `start:step:count` per dimension),
/// `blocks=`, and coordinates by their names.
struct Selecting {
    host: Host,
}

impl Plugin for Selecting {
    const NAME: &'static str = "selecting";
    const VERSION: &'static str = "1";

    fn create(host: Host, _config: &str) -> Result<Self, Error> {
        Ok(Self { host })
    }

    fn routes(&self) -> Vec<Route> {
        vec![Route::get("/datasets/{id}/part")]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let dataset = self.host.open(request, request.dataset_id())?;
        let query: Vec<(&str, String)> =
            form::pairs(request.query()).map(|(name, value)| (name, form::decoded(value).unwrap())).collect();
        let named =
            |wanted: &str| query.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
        let axes = Axes::of(&dataset, named("var").unwrap())?;
        let numbers =
            |text: &str| text.split(',').map(|part| part.parse::<f64>().unwrap()).collect::<Vec<_>>();
        if let Some(near) = named("near") {
            let near = numbers(near);
            let found = axes.nearest(&[Place::new(near[0], near[1])?])?.remove(0);
            let text = format!("{:?} at {} {}", found.indices, found.at.longitude, found.at.latitude);
            return Ok(Response::full("text/plain", text));
        }
        let mut cut = Cut::none();
        for (name, value) in &query {
            let chosen = match *name {
                "var" | "blocks" | "runs" => continue,
                "bbox" => axes.in_box(&BoundingBox::parse(value)?)?,
                name => {
                    let axis = axes.find(name)?;
                    vec![(axis, axes.choose(axis, &Wanted::parse(value)?)?)]
                }
            };
            for (axis, indices) in chosen {
                cut.set(&axes.along()[axis].dimension, indices);
            }
        }
        let schema = dataset.schema()?;
        let variable = schema.variable(axes.path()).unwrap();
        let selection = named("runs")
            .map_or_else(|| cut.of(variable), |text| Selection::of(text.split('|').map(runs).collect()));
        let blocks = match named("blocks") {
            Some(most) => selection.blocks(variable, (most.parse().unwrap(), most.parse().unwrap())),
            None => vec![selection.clone()],
        };
        let mut read = Vec::new();
        for block in blocks {
            let mut out = vec![0; usize::try_from(block.elements()?).unwrap() * 8];
            block.read(&dataset, (axes.path(), variable), ByteOrder::NATIVE, &mut out)?;
            read.extend(
                out.chunks_exact(8)
                    .map(|element| f64::from_ne_bytes(element.try_into().unwrap()).to_string()),
            );
        }
        let text = format!("{:?} {}", selection.shape(), read.join(" "));
        Ok(Response::full("text/plain", text))
    }
}

fn runs(text: &str) -> Indices {
    let run = |text: &str| {
        let numbers: Vec<u64> = text.split(':').map(|part| part.parse().unwrap()).collect();
        Run { stride: Stride { start: numbers[0], step: numbers[1], count: numbers[2] }, shift: 0.0 }
    };
    Indices::of_runs(text.split(',').map(run).collect())
}

/// A variable of doubles, with attributes as `name = text`; counting where it has no values.
fn variable(name: &str, axes: &[(&str, u64)], values: &[f64], attributes: &[&str]) -> (Variable, Values) {
    let (mut variable, mut made) = counting(name, DataType::Float64, axes);
    if !values.is_empty() {
        made = Values::Fixed(values.iter().flat_map(|value| value.to_le_bytes()).collect());
    }
    let attributes = attributes.iter().map(|text| text.split_once(" = ").unwrap());
    variable.attributes = attributes
        .map(|(name, text)| Attribute { name: name.to_owned(), value: Value::text(text) })
        .collect();
    (variable, made)
}

const EAST: &str = "units = degrees_east";
const NORTH: &str = "units = degrees_north";

fn rectilinear() -> MemoryDataset {
    dataset_of(vec![
        variable(
            "time",
            &[("time", 4)],
            &[0.0, 29.0, 30.0, 59.0],
            &["units = days since 2001-02-01", "calendar = 360_day"],
        ),
        variable("lev", &[("lev", 2)], &[1000.0, 500.0], &["units = hPa"]),
        variable("lat", &[("lat", 3)], &[10.0, 0.0, -10.0], &[NORTH]),
        variable("lon", &[("lon", 4)], &[0.0, 90.0, 180.0, 270.0], &[EAST]),
        variable("t", &[("time", 4), ("lev", 2), ("lat", 3), ("lon", 4)], &[], &["units = K"]),
        variable("member", &[("member", 5)], &[], &[]),
    ])
}

fn check(running: &Running, query: &str, expected: Result<&str, &str>) {
    let got = running.get(&format!("/datasets/d/part?{query}")).map(|pulled| pulled.text());
    match (got, expected) {
        (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{query}"),
        (Err(error), Err(part)) => assert!(error.message.contains(part), "{query}: {}", error.message),
        (got, expected) => panic!("{query}: {got:?} is not {expected:?}"),
    }
}

fn start(dataset: MemoryDataset) -> Running {
    MockHost::new().dataset("d", dataset).start::<Selecting>()
}

#[test]
fn coordinates_select() {
    let running = start(rectilinear());
    let at = |rest: &str| format!("var=t&{rest}");
    // The element at (i, j, k, l) is 24 i + 12 j + 4 k + l + 1.
    check(&running, &at("time=2001-02&lev=500&lat=[0]&lon=[0]"), Ok("[2, 1, 1, 1] 13 37"));
    check(&running, &at("time=2001-02-30&lev=990&lat=[0]&lon=[0]"), Ok("[1, 1, 1, 1] 25"));
    check(&running, &at("time=2001-03-02T12:00&lev=[0]&lat=[0]&lon=[0]"), Ok("[1, 1, 1, 1] 49"));
    check(&running, &at("time=2001-02-30/..&lev=[0]&lat=[0]&lon=[0]"), Ok("[3, 1, 1, 1] 25 49 73"));
    check(
        &running,
        &at("time=[-1]&vertical=../600&latitude=0/99&longitude=80/100"),
        Ok("[1, 1, 2, 1] 86 90"),
    );
    check(&running, &at("time=[0]&lev=[0]&bbox=-100,-10,10,0"), Ok("[1, 1, 2, 2] 8 5 12 9"));
    check(&running, &at("time=[0:2]&lev=[0]&bbox=-100,0,10,1&blocks=1"), Ok("[2, 1, 1, 2] 8 5 32 29"));
    check(&running, &at("time=[0]&lev=[0]&lat=3&lon=-80"), Ok("[1, 1, 1, 1] 8"));
    check(&running, &at("near=-91,-4"), Ok("[(2, 1), (3, 3)] at 270 0"));
}

#[test]
fn refusals_say_what_there_is() {
    let running = start(rectilinear());
    let at = |rest: &str| format!("var=t&{rest}");
    check(&running, "var=q", Err("variable \"q\" not found; there are time, lev, lat, lon, t, member"));
    check(
        &running,
        &at("height=2"),
        Err(
            "\"height\" is no coordinate of /t; it has time (2001-02-01T00:00:00 to 2001-03-30T00:00:00 in the 360_day calendar, 4 values), lev (500 to 1000 hPa, 2 values), lat (-10 to 10 degrees north, 3 values), lon (0 to 270 degrees east, 4 values)",
        ),
    );
    check(
        &running,
        &at("lat=20/30"),
        Err("nothing lies from 20 to 30 of lat (-10 to 10 degrees north, 3 values)"),
    );
    check(&running, &at("lat=21"), Err("nothing lies at 21 of lat"));
    check(&running, &at("lat=warm"), Err("lat is \"warm\", but must be a number"));
    check(&running, &at("time=2005"), Err("nothing lies at 2005 of time (2001-02-01T00:00:00 to"));
    check(&running, &at("time=2005-01-01T00:00"), Err("nothing lies at 2005-01-01T00:00 of time"));
    check(&running, &at("time=2001-02-31"), Err("the 360_day calendar has no day 2001-02-31"));
    check(&running, &at("lat=[7]"), Err("lat: index 7 is outside a dimension of length 3"));
    check(&running, &at("near=0,80"), Err("nothing lies at 80 of lat"));
    check(
        &running,
        "var=member&bbox=0,0,1,1",
        Err("nothing says at which longitudes and latitudes /member lies"),
    );
}

#[test]
fn curvilinear_grids_and_lists_of_cells_are_searched() {
    let grid = [("y", 2), ("x", 3)];
    let curvilinear = dataset_of(vec![
        variable("glon", &grid, &[10.0, 20.0, 30.0, 11.0, 21.0, 31.0], &["standard_name = longitude", EAST]),
        variable("glat", &grid, &[1.0, 2.0, 3.0, 11.0, 12.0, 13.0], &["standard_name = latitude", NORTH]),
        variable("v", &grid, &[], &["coordinates = glon glat"]),
    ]);
    let running = start(curvilinear);
    check(&running, "var=v&bbox=15,0,40,5", Ok("[1, 2] 2 3"));
    check(&running, "var=v&bbox=370,0,381,13", Ok("[2, 2] 1 2 4 5"));
    check(&running, "var=v&bbox=50,0,60,5", Err("no cell of /v lies in the box"));
    check(&running, "var=v&near=-339,12.4", Ok("[(0, 1), (1, 1)] at 21 12"));
    let cells = dataset_of(vec![
        variable(
            "clon",
            &[("cell", 5)],
            &[0.0, 1.0, 2.0, 3.0, -3.0],
            &["standard_name = longitude", "units = radian"],
        ),
        variable(
            "clat",
            &[("cell", 5)],
            &[0.0, 0.1, 0.0, 0.1, 0.0],
            &["standard_name = latitude", "units = radian"],
        ),
        variable(
            "v",
            &[("step", 2), ("cell", 5)],
            &[],
            &["coordinates = clon clat", "CDI_grid_type = unstructured"],
        ),
    ]);
    let running = start(cells);
    check(&running, "var=v&bbox=170,-10,-170,10", Ok("[2, 2] 4 5 9 10"));
    check(&running, "var=v&bbox=-1,-1,1,1&step=[1]", Ok("[1, 1] 6"));
    check(&running, "var=v&bbox=-180,-1,180,1", Ok("[2, 3] 1 3 5 6 8 10"));
    check(&running, "var=v&near=60,5", Ok("[(1, 1)] at 57.29577951308232 5.729577951308233"));
}

/// Distinct indices below 12, in runs, perhaps out of order.
fn some_indices() -> impl Strategy<Value = Vec<(u64, u64, u64)>> {
    let run = (0_u64..3, 1_u64..3, 1_u64..3);
    (prop::collection::vec(run, 1..4), any::<bool>()).prop_map(|(parts, turned)| {
        let mut next = 0;
        let mut made: Vec<(u64, u64, u64)> = Vec::new();
        for (gap, step, count) in parts {
            made.push((next + gap, step, count));
            next += gap + step * (count - 1) + 1;
        }
        if turned {
            made.rotate_left(1);
        }
        made
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_selected_is_read_in_its_order(axes in prop::collection::vec(some_indices(), 3), most in 1_u64..40) {
        let running = start(dataset_of(vec![variable("v", &[("a", 24), ("b", 24), ("c", 24)], &[], &[])]));
        let listed = |runs: &Vec<(u64, u64, u64)>| -> Vec<u64> {
            runs.iter().flat_map(|&(start, step, count)| (0..count).map(move |n| start + step * n)).collect()
        };
        let text: Vec<String> = axes
            .iter()
            .map(|runs| runs.iter().map(|(a, b, c)| format!("{a}:{b}:{c}")).collect::<Vec<_>>().join(","))
            .collect();
        let [a, b, c] = [listed(&axes[0]), listed(&axes[1]), listed(&axes[2])];
        let mut expected = Vec::new();
        for i in &a { for j in &b { for k in &c { expected.push(((i * 24 + j) * 24 + k + 1).to_string()); } } }
        let expected = format!("{:?} {}", [a.len(), b.len(), c.len()], expected.join(" "));
        for blocks in ["".to_owned(), format!("&blocks={most}")] {
            let got = running.get(&format!("/datasets/d/part?var=v&runs={}{blocks}", text.join("|"))).unwrap().text();
            prop_assert_eq!(&got, &expected);
        }
    }
}
