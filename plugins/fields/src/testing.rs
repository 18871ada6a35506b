//! Datasets of every kind of grid: one variable holds the longitude of each cell, another the latitude, a third a hill over the Alps.

use weir_cf::grid_mapping::{Order, Pixels, RotatedPole};
use weir_plugin_api::model::{Attribute, DataType, Value, Variable};
use weir_plugin_api::testing::{MemoryDataset, Values, counting, dataset_of};

/// Dimensions with their lengths, and text attributes.
pub type Described<'a> = (&'a [(&'a str, u64)], &'a [(&'a str, &'a str)]);

/// A variable over dimensions, with text attributes.
pub fn variable(
    name: &str,
    (axes, attributes): Described<'_>,
    values: impl IntoIterator<Item = f64>,
) -> (Variable, Values) {
    let (mut variable, _) = counting(name, DataType::Float64, axes);
    let text = |(name, text): &(&str, &str)| Attribute { name: (*name).to_owned(), value: Value::text(text) };
    variable.attributes = attributes.iter().map(text).collect();
    (variable, Values::Fixed(values.into_iter().flat_map(f64::to_le_bytes).collect()))
}

fn with_numbers((mut variable, values): (Variable, Values), numbers: &[(&str, f64)]) -> (Variable, Values) {
    let number = |(name, number): &(&str, f64)| Attribute {
        name: (*name).to_owned(),
        value: Value::Float64(vec![*number]),
    };
    variable.attributes.extend(numbers.iter().map(number));
    (variable, values)
}

const EAST: &[(&str, &str)] = &[("units", "degrees_east")];
const NORTH: &[(&str, &str)] = &[("units", "degrees_north")];

/// Fields over places: longitude, latitude, and a hill.
fn fields(
    axes: &[(&str, u64)],
    attributes: &[(&str, &str)],
    places: &[(f64, f64)],
) -> Vec<(Variable, Values)> {
    let signed = |degrees: f64| (degrees + 180.0).rem_euclid(360.0) - 180.0;
    let hill = |(longitude, latitude): (f64, f64)| {
        let far = (signed(longitude - 10.0) * latitude.to_radians().cos()).hypot(latitude - 46.0);
        280.0 + 30.0 * (-far * far / 800.0).exp()
    };
    let with =
        |words: &[(&'static str, &'static str)]| words.iter().chain(attributes).copied().collect::<Vec<_>>();
    let kelvin = with(&[("long_name", "temperature of a hill"), ("units", "K")]);
    vec![
        variable("east", (axes, &with(&[])), places.iter().map(|place| signed(place.0))),
        variable("north", (axes, &with(&[])), places.iter().map(|place| place.1)),
        variable("hill", (axes, &kelvin), places.iter().copied().map(hill)),
    ]
}

fn steps(from: f64, step: f64, count: u32) -> Vec<f64> {
    (0..count).map(|n| from + step * f64::from(n)).collect()
}

fn grid(x: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
    y.iter().flat_map(|y| x.iter().map(move |x| (*x, *y))).collect()
}

/// Longitudes from 0 to 360, latitudes from north to south; with time and levels, whose fields grow.
fn regular() -> MemoryDataset {
    let (x, y) = (steps(0.0, 2.0, 180), steps(89.0, -2.0, 90));
    let mut all = fields(&[("lat", 90), ("lon", 180)], &[], &grid(&x, &y));
    let place = |n: u32| f64::from(n);
    let values = (0..15_u32 * 3).flat_map(|n| {
        let (step, level) = (n / 3, n % 3);
        y.iter()
            .flat_map(move |y| (0..6).map(move |x| (y, x)))
            .map(move |(y, x)| 10.0 * place(step) + 100.0 * place(level) + y / 10.0 + f64::from(x))
    });
    let values: Vec<f64> = values.collect();
    let axes = [("time", 15), ("lev", 3), ("lat", 90), ("six", 6)];
    all.push(variable("growing", (&axes, &[("units", "1")]), values));
    all.push(variable("time", (&[("time", 15)], &[("units", "days since 2001-01-01")]), steps(0.0, 1.0, 15)));
    all.push(variable(
        "lev",
        (&[("lev", 3)], &[("units", "hPa"), ("positive", "down")]),
        [1000.0, 500.0, 100.0],
    ));
    let kind =
        |(east, north): (f64, f64)| if north.abs() > 62.0 { 7.0 } else { f64::from(u8::from(east < 180.0)) };
    let mut surface = variable(
        "surface",
        (&[("lat", 90), ("lon", 180)], &[("flag_meanings", "sea dry_land snow_and_ice")]),
        grid(&x, &y).into_iter().map(kind),
    );
    surface
        .0
        .attributes
        .push(Attribute { name: "flag_values".into(), value: Value::Float64(vec![0.0, 1.0, 7.0]) });
    all.push(surface);
    all.push(variable("lat", (&[("lat", 90)], NORTH), y.clone()));
    all.push(variable("lon", (&[("lon", 180)], EAST), x));
    all.push(variable("empty", (&[("lat", 90), ("lon", 180)], &[]), vec![f64::NAN; 90 * 180]));
    let (mut words, texts) = counting("words", DataType::String, &[("lat", 90)]);
    words.attributes.clear();
    all.push((words, texts));
    dataset_of(all)
}

fn rotated_places() -> (Vec<f64>, Vec<f64>, Vec<(f64, f64)>) {
    let pole = RotatedPole { latitude: 39.25, longitude: -162.0, grid_longitude: 0.0 };
    let (x, y) = (steps(-28.0, 0.5, 93), steps(-23.0, 0.5, 89));
    let places = grid(&x, &y).into_iter().map(|place| pole.turned_back(place)).collect();
    (x, y, places)
}

fn rotated() -> MemoryDataset {
    let (x, y, places) = rotated_places();
    let mut all = fields(&[("rlat", 89), ("rlon", 93)], &[("grid_mapping", "pole")], &places);
    all.push(variable(
        "rlon",
        (&[("rlon", 93)], &[("standard_name", "grid_longitude"), ("units", "degrees")]),
        x,
    ));
    all.push(variable(
        "rlat",
        (&[("rlat", 89)], &[("standard_name", "grid_latitude"), ("units", "degrees")]),
        y,
    ));
    let mapping = variable("pole", (&[], &[("grid_mapping_name", "rotated_latitude_longitude")]), [1.0]);
    all.push(with_numbers(
        mapping,
        &[("grid_north_pole_latitude", 39.25), ("grid_north_pole_longitude", -162.0)],
    ));
    dataset_of(all)
}

/// The same cells, of which only longitudes and latitudes are told.
fn curvilinear() -> MemoryDataset {
    let (_, _, places) = rotated_places();
    let axes = [("y", 89), ("x", 93)];
    let mut all = fields(&axes, &[("coordinates", "lon lat")], &places);
    all.push(variable("lon", (&axes, EAST), places.iter().map(|place| place.0)));
    all.push(variable("lat", (&axes, NORTH), places.iter().map(|place| place.1)));
    dataset_of(all)
}

/// Polar stereographic, on a sphere: the formula is Snyder's 21-33 and 21-34 with its inverse.
fn projected() -> MemoryDataset {
    const RADIUS: f64 = 6_371_000.0;
    let (x, y) = (steps(-4e6, 5e4, 161), steps(4e6, -5e4, 161));
    let place = |(x, y): (f64, f64)| {
        let scale = RADIUS * (1.0 + 70_f64.to_radians().sin());
        (f64::atan2(x, -y).to_degrees() - 45.0, 90.0 - 2.0 * (x.hypot(y) / scale).atan().to_degrees())
    };
    let places: Vec<(f64, f64)> = grid(&x, &y).into_iter().map(place).collect();
    let mut all = fields(&[("y", 161), ("x", 161)], &[("grid_mapping", "crs")], &places);
    all.push(variable(
        "x",
        (&[("x", 161)], &[("standard_name", "projection_x_coordinate"), ("units", "m")]),
        x,
    ));
    all.push(variable(
        "y",
        (&[("y", 161)], &[("standard_name", "projection_y_coordinate"), ("units", "m")]),
        y,
    ));
    let mapping = variable("crs", (&[], &[("grid_mapping_name", "polar_stereographic")]), [1.0]);
    let numbers = [
        ("latitude_of_projection_origin", 90.0),
        ("straight_vertical_longitude_from_pole", -45.0),
        ("standard_parallel", 70.0),
        ("earth_radius", RADIUS),
    ];
    all.push(with_numbers(mapping, &numbers));
    dataset_of(all)
}

/// Cells without order, with coordinates in radians, as ICON writes them.
fn unstructured() -> MemoryDataset {
    const COUNT: u32 = 12_000;
    let place = |n: u32| {
        let up = (1.0 - (2.0 * f64::from(n) + 1.0) / f64::from(COUNT)).asin();
        (f64::from(n) * 137.507_764_05 % 360.0, up.to_degrees())
    };
    let places: Vec<(f64, f64)> = (0..COUNT).map(place).collect();
    let axes = [("ncells", u64::from(COUNT))];
    let mut all = fields(&axes, &[("coordinates", "clon clat"), ("CDI_grid_type", "unstructured")], &places);
    let attributes = |name| [("standard_name", name), ("units", "radian")];
    all.push(variable(
        "clon",
        (&axes, &attributes("longitude")),
        places.iter().map(|place| place.0.to_radians()),
    ));
    all.push(variable(
        "clat",
        (&axes, &attributes("latitude")),
        places.iter().map(|place| place.1.to_radians()),
    ));
    dataset_of(all)
}

fn healpix(order: Order, name: &str) -> MemoryDataset {
    let pixels = Pixels { nside: 32, order };
    let places: Vec<(f64, f64)> = (0..pixels.cells()).filter_map(|cell| pixels.centre(cell)).collect();
    let mut all = fields(&[("cell", pixels.cells())], &[("grid_mapping", "crs")], &places);
    let mapping =
        variable("crs", (&[], &[("grid_mapping_name", "healpix"), ("indexing_scheme", name)]), [1.0]);
    all.push(with_numbers(mapping, &[("healpix_nside", 32.0)]));
    dataset_of(all)
}

/// A sphere of so many cells that small pictures of it are thinned; with numbers, in their order or not.
fn many(reversed: bool, (order, name): (Order, &str)) -> MemoryDataset {
    let pixels = Pixels { nside: 128, order };
    let count = pixels.cells();
    let cells: Vec<u64> = if reversed { (0..count).rev().collect() } else { (0..count).collect() };
    let north = cells.iter().map(|cell| pixels.centre(*cell).map_or(f64::NAN, |(_, north)| north));
    let axes = [("cell", count)];
    let numbers = [("standard_name", "healpix_index")];
    let mapping =
        variable("crs", (&[], &[("grid_mapping_name", "healpix"), ("indexing_scheme", name)]), [1.0]);
    dataset_of(vec![
        variable("north", (&axes, &[("grid_mapping", "crs")]), north),
        variable("cell", (&axes, &numbers), cells.iter().map(|cell| *cell as f64)),
        with_numbers(mapping, &[("healpix_nside", 128.0)]),
    ])
}

/// HEALPix cells of the northern half, the last first, with their numbers.
fn healpix_part() -> MemoryDataset {
    let pixels = Pixels { nside: 32, order: Order::Nested };
    let centre = |cell: &u64| pixels.centre(*cell).unwrap_or((f64::NAN, f64::NAN));
    let cells: Vec<u64> = (0..pixels.cells()).rev().filter(|cell| centre(cell).1 > 0.0).collect();
    let count = cells.len() as u64;
    let places: Vec<(f64, f64)> = cells.iter().map(centre).collect();
    let mut all = fields(&[("cell", count)], &[("grid_mapping", "crs")], &places);
    all.push(variable(
        "cell",
        (&[("cell", count)], &[("standard_name", "healpix_index")]),
        cells.iter().map(|cell| *cell as f64),
    ));
    let mapping =
        variable("crs", (&[], &[("grid_mapping_name", "healpix"), ("indexing_scheme", "nested")]), [1.0]);
    all.push(with_numbers(mapping, &[("healpix_nside", 32.0)]));
    dataset_of(all)
}

/// A field that moves in fifteen steps.
fn moving() -> MemoryDataset {
    let (x, y) = (steps(-170.0, 20.0, 18), steps(-80.0, 20.0, 9));
    let places = grid(&x, &y);
    let value =
        |step: u32, (x, y): (f64, f64)| (x / 2.0 + f64::from(step) * 24.0).to_radians().sin() + y / 90.0;
    let values: Vec<f64> =
        (0..15).flat_map(|step| places.iter().map(move |place| value(step, *place))).collect();
    dataset_of(vec![
        variable("t", (&[("time", 15), ("lat", 9), ("lon", 18)], &[]), values),
        variable("time", (&[("time", 15)], &[("units", "hours since 2001-01-01")]), steps(0.0, 6.0, 15)),
        variable("lat", (&[("lat", 9)], NORTH), y),
        variable("lon", (&[("lon", 18)], EAST), x),
    ])
}

/// All of them, by their ids.
#[must_use]
pub fn datasets() -> Vec<(&'static str, MemoryDataset)> {
    vec![
        ("regular", regular()),
        ("rotated", rotated()),
        ("curvilinear", curvilinear()),
        ("projected", projected()),
        ("unstructured", unstructured()),
        ("healpix", healpix(Order::Nested, "nested")),
        ("ring", healpix(Order::Ring, "ring")),
        ("part", healpix_part()),
        ("moving", moving()),
        ("many", many(false, (Order::Nested, "nested"))),
        ("shuffled", many(true, (Order::Nested, "nested"))),
        ("rings", many(false, (Order::Ring, "ring"))),
    ]
}
