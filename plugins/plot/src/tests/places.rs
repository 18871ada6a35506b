//! Known places on maps: each shows the value that is there, on every kind of grid and in every projection.

use std::sync::LazyLock;

use weir_plugin_api::testing::{MemoryDataset, MockHost, Values};
use weir_rendering::{Bounds, Coastlines, MapProjection, Place, Window};

use super::{Picture, running};
use crate::PlotPlugin;

/// Hamburg, Rome, Reykjavik; the last two lie where only global grids are.
const PLACES: [(f64, f64); 5] = [(10.0, 53.5), (12.5, 41.9), (-21.9, 64.1), (18.4, -33.9), (-74.0, 40.7)];

/// Whether a map shows at each of some places its longitude and its latitude, to within `within` degrees.
fn check(id: &str, (query, bounds): (&str, &Bounds), (places, within): (&[(f64, f64)], f64)) {
    let running = running();
    let projection = query.split("proj=").nth(1).and_then(MapProjection::named).unwrap_or_default();
    for (variable, vmin, vmax, of) in [
        ("east", -180.0, 180.0, (|place: (f64, f64)| place.0) as fn((f64, f64)) -> f64),
        ("north", -90.0, 90.0, |place| place.1),
    ] {
        let target = format!(
            "/datasets/{id}/plot/{variable}/image/gray{query}&vmin={vmin}&vmax={vmax}&bare=true&width=720"
        );
        let answer = running.get(&target).unwrap_or_else(|error| panic!("{target}: {error}"));
        let picture = Picture::of(&answer.bytes);
        let window = Window::around(projection, bounds, (picture.width, picture.height));
        for place in places {
            let (x, y) = window.point(Place { longitude: place.0, latitude: place.1 }).unwrap();
            let [grey, ..] =
                picture.at(x as u32, y as u32).unwrap_or_else(|| panic!("{target}: nothing at {place:?}"));
            let value = vmin + (vmax - vmin) * (f64::from(grey) + 0.5) / 256.0;
            // A colour stands for a 256th of the range.
            let slack = within + (vmax - vmin) / 256.0;
            assert!((value - of(*place)).abs() < slack, "{target}: {value} at {place:?}");
        }
    }
}

const EUROPE: &str = "/lon/-25_30/lat/35_70";
const BOUNDS: Bounds = Bounds { west: -25.0, east: 30.0, south: 35.0, north: 70.0 };
const NORTH: Bounds = Bounds { west: -180.0, east: 180.0, south: 20.0, north: 90.0 };

#[test]
fn regular_grids_show_places_in_every_projection() {
    check("regular", ("?", &Bounds::WORLD), (&PLACES, 1.1));
    check("regular", ("?proj=mercator", &Bounds::WORLD), (&PLACES, 1.5));
    check("regular", ("?proj=robinson", &Bounds::WORLD), (&PLACES, 1.5));
    check("regular", ("?proj=northpolarstereo", &NORTH), (&PLACES[..3], 1.5));
    let south = Bounds { south: -90.0, north: -20.0, ..Bounds::WORLD };
    check("regular", ("?proj=southpolarstereo", &south), (&PLACES[3..4], 1.5));
}

#[test]
fn rotated_grids_show_places() {
    check("rotated", (&format!("{EUROPE}?"), &BOUNDS), (&PLACES[..3], 0.8));
    check("rotated", (&format!("{EUROPE}?proj=mercator"), &BOUNDS), (&PLACES[..3], 0.8));
}

#[test]
fn curvilinear_grids_show_places() {
    check("curvilinear", (&format!("{EUROPE}?"), &BOUNDS), (&PLACES[..3], 0.8));
}

#[test]
fn projected_grids_show_places() {
    let bounds = Bounds { south: 55.0, ..BOUNDS };
    check(
        "projected",
        ("/lon/-25_30/lat/55_70?", &bounds),
        (&[(-21.9, 64.1), (10.75, 59.9), (24.9, 60.2)], 1.2),
    );
}

#[test]
fn unstructured_grids_show_places() {
    check("unstructured", ("?", &Bounds::WORLD), (&PLACES, 2.6));
    check("unstructured", (&format!("{EUROPE}?"), &BOUNDS), (&PLACES[..3], 2.6));
}

#[test]
fn healpix_shows_places_in_both_orders() {
    for id in ["healpix", "ring"] {
        check(id, ("?", &Bounds::WORLD), (&PLACES, 2.0));
        check(id, ("?proj=robinson", &Bounds::WORLD), (&PLACES, 2.0));
    }
    check("part", (&format!("{EUROPE}?"), &BOUNDS), (&PLACES[..3], 2.0));
}

/// Cells that are not there are not drawn.
#[test]
fn nothing_is_shown_where_no_cell_is() {
    let running = running();
    for id in ["rotated", "curvilinear"] {
        let target =
            format!("/datasets/{id}/plot/east/image/gray/lon/-100_100/lat/-60_80?bare=true&width=400");
        let picture = Picture::of(&running.get(&target).unwrap().bytes);
        let bounds = Bounds { west: -100.0, east: 100.0, south: 20.0, north: 75.0 };
        let window = Window::around(MapProjection::PlateCarree, &bounds, (picture.width, picture.height));
        let at = |longitude, latitude| {
            let (x, _) = window.point(Place { longitude, latitude }).unwrap();
            picture.at(x as u32, picture.height / 2)
        };
        assert_eq!(at(-95.0, 45.0), None, "{id}");
        assert_eq!(at(95.0, 45.0), None, "{id}");
        assert!(at(10.0, 45.0).is_some(), "{id}");
    }
}

/// The coasts over each degree of longitude, from -180 on: parts from one place to the next.
static COASTS: LazyLock<Vec<Vec<(Place, Place)>>> = LazyLock::new(|| {
    let mut over = vec![Vec::new(); 361];
    for pair in Coastlines::Coarse.lines().iter().flat_map(|line| line.windows(2)) {
        let (a, b) = (pair[0].longitude, pair[1].longitude);
        let degrees = (a.min(b) + 180.0) as usize..=(a.max(b) + 180.0) as usize;
        over[degrees].iter_mut().for_each(|over| over.push((pair[0], pair[1])));
    }
    over
});

/// Whether a place is land, by the coastlines that pictures have: from the north pole, which lies in the sea, every coast leads to the other.
fn is_land((longitude, latitude): (f64, f64)) -> bool {
    let east = (longitude + 180.0).rem_euclid(360.0) - 180.0;
    let crossed = COASTS[(east + 180.0) as usize].iter().filter(|(a, b)| {
        let part = (east - a.longitude) / (b.longitude - a.longitude);
        (a.longitude > east) != (b.longitude > east)
            && a.latitude + part * (b.latitude - a.latitude) > latitude
    });
    crossed.count() % 2 == 1
}

/// A field that is 1 on land and 0 at sea, on grids whose cells lie where their attributes say: towns are on land, and seas are not.
#[test]
fn coasts_are_where_they_are() {
    const LAND: [(f64, f64); 6] =
        [(11.0, 50.0), (-4.0, 40.0), (25.0, 46.0), (26.0, 53.0), (2.5, 47.0), (28.0, 63.0)];
    const SEA: [(f64, f64); 6] =
        [(3.0, 57.0), (-7.0, 46.5), (18.0, 35.5), (-12.0, 50.0), (-20.0, 40.0), (0.0, 66.0)];
    for id in ["rotated", "curvilinear", "healpix", "ring", "part", "unstructured"] {
        let host = MockHost::new().dataset(id, on_land(id));
        let target = format!("/datasets/{id}/plot/land/image/gray{EUROPE}?vmin=0&vmax=1&bare=true&width=720");
        let answer = host.start::<PlotPlugin>().get(&target).unwrap_or_else(|error| panic!("{id}: {error}"));
        let picture = Picture::of(&answer.bytes);
        let window = Window::around(MapProjection::PlateCarree, &BOUNDS, (picture.width, picture.height));
        for (places, expected) in [(LAND, 255), (SEA, 0)] {
            for (longitude, latitude) in places {
                let (x, y) = window.point(Place { longitude, latitude }).unwrap();
                let found = picture.at(x as u32, y as u32);
                assert_eq!(found, Some([expected; 3]), "{id} {longitude} {latitude}");
            }
        }
    }
}

/// One of the datasets, with a variable that says where its cells are on land.
fn on_land(id: &str) -> MemoryDataset {
    let (_, mut dataset) =
        weir_fields::testing::datasets().into_iter().find(|(known, _)| *known == id).unwrap();
    let numbers = |name: &str| match &dataset.values[name] {
        Values::Fixed(bytes) => bytes
            .chunks_exact(8)
            .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()))
            .collect::<Vec<_>>(),
        Values::Strings(_) => panic!("{name} has no numbers"),
    };
    let places = numbers("/east").into_iter().zip(numbers("/north"));
    let land = places.flat_map(|place| f64::from(u8::from(is_land(place))).to_le_bytes()).collect();
    let mut variable = dataset.schema.variable("/east").unwrap().clone();
    variable.name = "land".into();
    dataset.schema.root.variables.push(variable);
    dataset.values.insert("/land".into(), Values::Fixed(land));
    dataset
}
