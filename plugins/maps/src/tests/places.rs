//! Known places on maps: each shows the value that is there, on every kind of grid, in every system and both versions.

use weir_rendering::{Place, Window};

use super::{Picture, get};
use crate::crs::Crs;
use crate::keys::Keys;
use crate::tile::Tile;
use crate::version::Version;

/// Hamburg, Rome, Reykjavik; the last two lie where only global grids are.
const PLACES: [(f64, f64); 5] = [(10.0, 53.5), (12.5, 41.9), (-21.9, 64.1), (18.4, -33.9), (-74.0, 40.7)];

/// Variables whose values are longitudes and latitudes, their colours' range, and what a place has there.
type Variable = (&'static str, f64, f64, fn((f64, f64)) -> f64);
const VARIABLES: [Variable; 2] =
    [("east", -180.0, 180.0, |place| place.0), ("north", -90.0, 90.0, |place| place.1)];

/// Where a place lies on the map of a query.
fn pixel(query: &str, (longitude, latitude): (f64, f64)) -> (u32, u32) {
    let keys = Keys::parse(query).unwrap();
    let window: Window = Crs::asked(&keys, Version::of(&keys).unwrap()).unwrap();
    let (x, y) = window.point(Place { longitude, latitude }).unwrap();
    (x as u32, y as u32)
}

/// Whether a map shows at each of some places its longitude and its latitude, to within `within` degrees.
fn check(id: &str, query: &str, (places, within): (&[(f64, f64)], f64)) {
    for (variable, least, most, of) in VARIABLES {
        let target = format!(
            "/datasets/{id}/wms?request=GetMap&layers={variable}&styles=gray&colorscalerange={least},{most}&{query}"
        );
        let picture = Picture::of(&get(&target).bytes);
        for place in places {
            let (column, row) = pixel(query, *place);
            let [grey, _, _, opacity] = picture.at(column, row);
            assert_eq!(opacity, 255, "{target}: nothing at {place:?}");
            let value = least + (most - least) * (f64::from(grey) + 0.5) / 256.0;
            // A colour stands for a 256th of the range.
            let slack = within + (most - least) / 256.0;
            assert!((value - of(*place)).abs() < slack, "{target}: {value} at {place:?}");
        }
    }
}

const WORLD: &str = "version=1.3.0&crs=EPSG:4326&bbox=-90,-180,90,180&width=720&height=360&transparent=true";
const EUROPE: &str = "version=1.3.0&crs=EPSG:4326&bbox=35,-25,70,30&width=550&height=350&transparent=true";

#[test]
fn both_versions_show_places_in_every_system() {
    check("regular", WORLD, (&PLACES, 1.3));
    check("regular", "version=1.1.1&srs=EPSG:4326&bbox=-180,-90,180,90&width=720&height=360", (&PLACES, 1.3));
    check("regular", "version=1.3.0&crs=CRS:84&bbox=-180,-90,180,90&width=720&height=360", (&PLACES, 1.3));
    check("regular", "version=1.3.0&crs=CRS:84&bbox=-90,-90,360,90&width=900&height=360", (&PLACES, 1.3));
    let web = "bbox=-20037508.34,-20037508.34,20037508.34,20037508.34&width=720&height=720";
    check("regular", &format!("version=1.3.0&crs=EPSG:3857&{web}"), (&PLACES, 1.5));
    check("regular", &format!("version=1.1.1&srs=EPSG:900913&{web}"), (&PLACES, 1.5));
    let polar = "bbox=-6000000,-6000000,6000000,6000000&width=600&height=600";
    check("regular", &format!("version=1.3.0&crs=EPSG:3995&{polar}"), (&PLACES[..3], 1.5));
    check("regular", &format!("version=1.3.0&crs=EPSG:3413&{polar}"), (&PLACES[..3], 1.5));
    let south = "bbox=-8000000,-8000000,8000000,8000000&width=600&height=600";
    check("regular", &format!("version=1.3.0&crs=EPSG:3031&{south}"), (&PLACES[3..4], 1.5));
}

#[test]
fn every_kind_of_grid_shows_places() {
    check("rotated", EUROPE, (&PLACES[..3], 0.8));
    check("curvilinear", EUROPE, (&PLACES[..3], 0.8));
    let north = "version=1.3.0&crs=EPSG:4326&bbox=55,-25,70,30&width=550&height=150";
    check("projected", north, (&[(-21.9, 64.1), (10.75, 59.9), (24.9, 60.2)], 1.2));
    for query in [WORLD, EUROPE] {
        let places = if query == WORLD { &PLACES[..] } else { &PLACES[..3] };
        check("unstructured", query, (places, 2.6));
        check("healpix", query, (places, 2.0));
        check("ring", query, (places, 2.0));
    }
    check("part", EUROPE, (&PLACES[..3], 2.0));
}

/// Where cells are finer than pixels, those near the middle of a pixel are seen; where they are not, the cell that it lies in.
#[test]
fn thinned_spheres_show_places_at_every_scale() {
    for (id, half, size, within) in [
        ("many", 60.0, 40, 5.0),
        ("many", 20.0, 100, 1.0),
        ("many", 2.0, 200, 0.5),
        ("healpix", 1.0, 50, 1.8),
    ] {
        let (x, y) = (10.0, 20.0);
        let bbox = format!("{},{},{},{}", x - half, y - half, x + half, y + half);
        let target = format!(
            "/datasets/{id}/wms?request=GetMap&layers=north&styles=gray&colorscalerange=-90,90&crs=CRS:84&bbox={bbox}&width={size}&height={size}"
        );
        let picture = Picture::of(&get(&target).bytes);
        for row in 0..size {
            let latitude = y + half - 2.0 * half * (f64::from(row) + 0.5) / f64::from(size);
            let [grey, ..] = picture.at(size / 3, row);
            let value = -90.0 + 180.0 * (f64::from(grey) + 0.5) / 256.0;
            assert!((value - latitude).abs() < within + 0.75, "{target}: {value} at {latitude}");
        }
    }
}

/// Cells that are not there are not drawn.
#[test]
fn nothing_is_shown_where_no_cell_is() {
    for id in ["rotated", "curvilinear", "projected"] {
        let query = "version=1.3.0&crs=EPSG:4326&bbox=-60,-100,80,100&width=400&height=280&transparent=true";
        let target = format!("/datasets/{id}/wms?request=GetMap&layers=east&{query}");
        let picture = Picture::of(&get(&target).bytes);
        let opacity = |place| {
            let (column, row) = pixel(query, place);
            picture.at(column, row)[3]
        };
        assert_eq!(
            (opacity((-95.0, -45.0)), opacity((20.0, -45.0)), opacity((10.0, 65.0))),
            (0, 0, 255),
            "{id}"
        );
    }
}

/// A tile and a map of its square are the same picture, of every kind of grid.
#[test]
fn tiles_are_maps_of_their_squares() {
    for id in ["regular", "rotated", "curvilinear", "projected", "unstructured", "healpix", "part", "many"] {
        for (zoom, column, row) in [(0, 0, 0), (3, 4, 2), (6, 33, 20)] {
            let variable = if id == "many" { "north" } else { "east" };
            let tile = get(&format!("/datasets/{id}/tiles/{variable}/{zoom}/{column}/{row}.png?style=turbo"));
            let [west, south, east, north] = Tile::new(zoom, column, row).unwrap().edges();
            let map = get(&format!(
                "/datasets/{id}/wms?request=GetMap&layers={variable}&styles=turbo&crs=EPSG:3857&bbox={west},{south},{east},{north}\
                 &width=256&height=256&transparent=true&format=image/png"
            ));
            assert_eq!(tile.bytes, map.bytes, "{id} {zoom}/{column}/{row}");
        }
    }
}

/// The values of a tile are those that its picture has colours of.
#[test]
fn values_of_tiles_lie_where_they_belong() {
    let tile = get("/datasets/regular/tiles/east/2/2/1.npy").bytes;
    let values: Vec<f32> =
        tile[128..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    assert_eq!(values.len(), 256 * 256);
    // A tile of 90 degrees from Greenwich on; cells are 2 degrees wide and lie around even longitudes.
    for column in 0..256_usize {
        let longitude = 90.0 * (column as f64 + 0.5) / 256.0;
        let cell = 2.0 * (longitude / 2.0).round();
        assert_eq!(f64::from(values[100 * 256 + column]), cell, "{longitude}");
    }
    let north = get("/datasets/regular/tiles/north/2/2/1.npy").bytes;
    let first = f32::from_le_bytes(north[128..132].try_into().unwrap());
    // The upper edge is 66.513 degrees north; cells lie around odd latitudes.
    assert!((first - 67.0).abs() < 1e-6, "{first}");
}
