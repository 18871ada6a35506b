//! Cells of meshes: each pixel shows the value of the cell whose corners are around it, however these are told.

use weir_plugin_api::model::{Attribute, DataType, Value, Variable};
use weir_plugin_api::testing::{MemoryDataset, MockHost, Values, dataset_of};
use weir_rendering::{Bounds, MapProjection, Place, Window};

use super::Picture;
use crate::PlotPlugin;
use weir_fields::testing::{Described, variable};

/// A narrow cell, a wide one beside it whose edge leans, and a triangle: from their middles alone, others would be nearest near the edges.
const CORNERS: [(f64, f64); 7] =
    [(0.0, 0.0), (2.0, 0.0), (20.0, 0.0), (0.0, 20.0), (4.0, 20.0), (20.0, 20.0), (30.0, 0.0)];
const CELLS: [&[usize]; 3] = [&[0, 1, 4, 3], &[1, 2, 5, 4], &[2, 6, 5]];

const CELL: &[(&str, u64)] = &[("cell", 3)];
const CORNER: &[(&str, u64)] = &[("cell", 3), ("nv", 4)];
const EAST: &[(&str, &str)] = &[("units", "degrees_east"), ("bounds", "lon_bnds")];
const NORTH: &[(&str, &str)] = &[("units", "degrees_north"), ("bounds", "lat_bnds")];

fn middle(cell: &[usize]) -> (f64, f64) {
    let count = cell.len() as f64;
    let sum = cell.iter().fold((0.0, 0.0), |sum, n| (sum.0 + CORNERS[*n].0, sum.1 + CORNERS[*n].1));
    (sum.0 / count, sum.1 / count)
}

fn middles() -> (Vec<f64>, Vec<f64>) {
    CELLS.iter().map(|cell| middle(cell)).unzip()
}

/// Corners of each cell, the last once more where a cell has fewer than four.
fn of_cells(part: impl Fn((f64, f64)) -> f64) -> Vec<f64> {
    let corner = |cell: &&[usize], n: usize| CORNERS[*cell.get(n).or(cell.last()).unwrap()];
    CELLS.iter().flat_map(|cell| (0..4).map(move |n| corner(cell, n))).map(part).collect()
}

/// Numbers of corners, with something for the corner that the triangle has not.
fn listed(first: f64, none: f64) -> Vec<f64> {
    CELLS
        .iter()
        .flat_map(|cell| (0..4).map(move |n| cell.get(n).map_or(none, |corner| *corner as f64 + first)))
        .collect()
}

/// A variable of whole numbers.
fn integers(name: &str, (axes, attributes): Described<'_>, numbers: &[f64]) -> (Variable, Values) {
    let (mut found, _) = variable(name, (axes, attributes), []);
    found.data_type = DataType::Int32;
    (found, Values::Fixed(numbers.iter().flat_map(|number| (*number as i32).to_le_bytes()).collect()))
}

fn values(axes: &[(&str, u64)], attributes: &[(&str, &str)]) -> (Variable, Values) {
    variable("v", (axes, attributes), [1.0, 2.0, 3.0])
}

/// Bounds over cells and corners, as CF has them.
pub(super) fn bounds() -> MemoryDataset {
    let (east, north) = middles();
    dataset_of(vec![
        values(CELL, &[("coordinates", "lon lat")]),
        variable("lon", (CELL, EAST), east),
        variable("lat", (CELL, NORTH), north),
        variable("lon_bnds", (CORNER, &[]), of_cells(|corner| corner.0)),
        variable("lat_bnds", (CORNER, &[]), of_cells(|corner| corner.1)),
    ])
}

/// Without bounds, the middles are all that is known.
fn without() -> MemoryDataset {
    let (east, north) = middles();
    dataset_of(vec![
        values(CELL, &[("coordinates", "lon lat"), ("CDI_grid_type", "unstructured")]),
        variable("lon", (CELL, &[("units", "degrees_east")]), east),
        variable("lat", (CELL, &[("units", "degrees_north")]), north),
    ])
}

/// ICON's: radians, and vertices in variables of their own.
fn icon() -> MemoryDataset {
    let (east, north) = middles();
    let radians = |name| [("units", "radian"), ("standard_name", name)];
    let turned = |numbers: Vec<f64>| numbers.into_iter().map(f64::to_radians).collect::<Vec<_>>();
    let all = vec![
        values(CELL, &[("coordinates", "clon clat"), ("CDI_grid_type", "unstructured")]),
        variable("clon", (CELL, &radians("longitude")), turned(east)),
        variable("clat", (CELL, &radians("latitude")), turned(north)),
        variable("clon_vertices", (CORNER, &[("units", "radian")]), turned(of_cells(|corner| corner.0))),
        variable("clat_vertices", (CORNER, &[("units", "radian")]), turned(of_cells(|corner| corner.1))),
    ];
    dataset_of(all)
}

/// UGRID's: cells list their corners, and have no middles; `-1` is no corner.
fn ugrid(first: f64, numbers: &[f64]) -> MemoryDataset {
    let topology = [
        ("cf_role", "mesh_topology"),
        ("node_coordinates", "node_x node_y"),
        ("face_node_connectivity", "corners"),
    ];
    let node = &[("node", 7)];
    let (mut list, stored) = integers("corners", (CORNER, &[]), numbers);
    list.attributes.push(Attribute { name: "start_index".into(), value: Value::Int32(vec![first as i32]) });
    dataset_of(vec![
        values(CELL, &[("mesh", "mesh"), ("location", "face")]),
        variable("mesh", (&[], &topology), [0.0]),
        variable("node_x", (node, &[("units", "degrees_east")]), CORNERS.map(|corner| corner.0)),
        variable("node_y", (node, &[("units", "degrees_north")]), CORNERS.map(|corner| corner.1)),
        (list, stored),
    ])
}

/// MPAS': radians that are not said to be such, numbers from 1, and how many of them are meant.
fn mpas() -> MemoryDataset {
    let (east, north) = middles();
    let turned = |numbers: &[f64]| numbers.iter().map(|number| number.to_radians()).collect::<Vec<_>>();
    let (cells, corners, nodes) = (&[("nCells", 3)], &[("nCells", 3), ("maxEdges", 4)], &[("nVertices", 7)]);
    dataset_of(vec![
        values(cells, &[]),
        variable("lonCell", (cells, &[]), turned(&east)),
        variable("latCell", (cells, &[]), turned(&north)),
        variable("lonVertex", (nodes, &[]), turned(&CORNERS.map(|corner| corner.0))),
        variable("latVertex", (nodes, &[]), turned(&CORNERS.map(|corner| corner.1))),
        integers("verticesOnCell", (corners, &[]), &listed(1.0, 1.0)),
        integers("nEdgesOnCell", (cells, &[]), &[4.0, 4.0, 3.0]),
    ])
}

/// The value that is drawn at a place, of a map of what lies from 0 to 30 east and 0 to 20 north.
fn drawn(dataset: MemoryDataset, places: &[(f64, f64)]) -> Vec<Option<u8>> {
    let running = MockHost::new().dataset("mesh", dataset).start::<PlotPlugin>();
    let target = "/datasets/mesh/plot/v/image/gray/lon/0_30/lat/0_20?bare=true&width=600&vmin=0&vmax=4";
    let picture = Picture::of(&running.get(target).unwrap_or_else(|error| panic!("{error}")).bytes);
    let bounds = Bounds { west: 0.0, east: 30.0, south: 0.0, north: 20.0 };
    let window = Window::around(MapProjection::PlateCarree, &bounds, (picture.width, picture.height));
    let at = |(longitude, latitude): &(f64, f64)| {
        let (x, y) = window.point(Place { longitude: *longitude, latitude: *latitude }).unwrap();
        picture.at(x as u32, y as u32).map(|[grey, ..]| grey / 64)
    };
    places.iter().map(at).collect()
}

/// On both sides of the edges, and beside all cells.
const PLACES: [(f64, f64); 8] = [
    (1.0, 1.0),
    (2.3, 1.0),
    (3.6, 18.0),
    (4.0, 18.0),
    (19.7, 10.0),
    (20.3, 10.0),
    (24.6, 10.0),
    (25.4, 10.0),
];
const EXPECTED: [Option<u8>; 8] = [Some(1), Some(2), Some(1), Some(2), Some(2), Some(3), Some(3), None];

#[test]
fn cells_end_at_their_edges() {
    assert_eq!(drawn(bounds(), &PLACES), EXPECTED, "bounds");
    assert_eq!(drawn(icon(), &PLACES), EXPECTED, "icon");
    assert_eq!(drawn(ugrid(0.0, &listed(0.0, -1.0)), &PLACES), EXPECTED, "ugrid");
    assert_eq!(drawn(ugrid(1.0, &listed(1.0, -999.0)), &PLACES), EXPECTED, "ugrid from 1");
    assert_eq!(drawn(mpas(), &PLACES), EXPECTED, "mpas");
}

#[test]
fn the_nearest_cell_is_drawn_where_no_corners_are_told() {
    let running = MockHost::new().dataset("mesh", without()).start::<PlotPlugin>();
    let target = "/datasets/mesh/plot/v/image/gray/lon/0_30?bare=true&width=600&vmin=0&vmax=4";
    let picture = Picture::of(&running.get(target).unwrap().bytes);
    // Half way between both middles, at 6.5 degrees east, and not where the edge is.
    let at = |longitude: u32| picture.at(longitude * 20, picture.height / 2).map(|[grey, ..]| grey / 64);
    assert_eq!([1, 4, 6, 7, 12].map(at), [1, 1, 1, 2, 2].map(Some));
}

/// A number of a corner that there is not makes no cell, and the others stay.
#[test]
fn damaged_lists_make_no_cells() {
    let mut numbers = listed(0.0, -1.0);
    numbers[5] = 70.0;
    assert_eq!(
        drawn(ugrid(0.0, &numbers), &[(1.0, 1.0), (12.0, 10.0), (21.0, 5.0)]),
        [Some(1), None, Some(3)]
    );
}
