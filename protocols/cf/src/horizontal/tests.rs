//! Tests of recognition, on schemas as the models and tools write them.

use super::*;
use crate::sample;

/// The grid of the variable `t`, in its short form.
fn check(schema: &str, expected: &str) {
    let grid = horizontal(&sample::schema(schema), "/t");
    let mesh = |mesh: Mesh| {
        let Mesh { convention, location, dimension, longitude, latitude, corners, connectivity } = mesh;
        let or_none = |path: Option<String>| path.unwrap_or_else(|| "-".to_owned());
        let corners = corners.map_or_else(|| "-".to_owned(), |(a, b)| format!("{a}+{b}"));
        let (longitude, latitude) = (or_none(longitude), or_none(latitude));
        let connectivity = or_none(connectivity);
        format!("{convention:?} {location:?} {dimension} {longitude} {latitude} {corners} {connectivity}")
    };
    let got = match grid {
        Ok(None) => "none".to_owned(),
        Err(error) => error.to_string(),
        Ok(Some(Horizontal::Rectilinear { y, x, measured })) => format!("rectilinear {y} {x} {measured:?}"),
        Ok(Some(Horizontal::Curvilinear { dimensions, longitude, latitude })) => {
            format!("curvilinear {dimensions:?} {longitude} {latitude}")
        }
        Ok(Some(Horizontal::Healpix { pixels, dimension, numbers })) => {
            format!("healpix {} {:?} {dimension} {}", pixels.nside, pixels.order, numbers.unwrap_or_default())
        }
        Ok(Some(Horizontal::Unstructured(found))) => mesh(found),
        Ok(Some(Horizontal::Points { dimension, longitude, latitude })) => {
            format!("points {dimension} {longitude} {latitude}")
        }
    };
    assert_eq!(got, expected, "{schema}");
}

#[test]
fn rectilinear_grids() {
    check(
        "time(time): units = days since 2000-1-1
         lat(lat): units = degrees_north
         lon(lon): units = degrees_east
         t(time, lat, lon):",
        "rectilinear 1 2 Longitude",
    );
    check(
        "rlat(rlat): standard_name = grid_latitude
         rlon(rlon): standard_name = grid_longitude
         lon(rlat, rlon): units = degrees_east
         lat(rlat, rlon): units = degrees_north
         t(rlat, rlon): coordinates = lon lat",
        "rectilinear 0 1 GridLongitude",
    );
    check("x(x): axis = X\ny(y): axis = Y\nt(x, y):", "rectilinear 1 0 Other(X)");
    check("t(lat, lon):", "none");
    check("t:", "none");
    check("s(x):", "none");
}

#[test]
fn curvilinear_grids() {
    check(
        "nav_lon(y, x): units = degrees_east
         nav_lat(y, x): units = degrees_north
         t(time, y, x): coordinates = nav_lat nav_lon",
        "curvilinear [1, 2] /nav_lon /nav_lat",
    );
    // A cubed sphere: its dimensions pretend to be longitude and latitude.
    check(
        "Xdim(Xdim): units = degrees_east
         Ydim(Ydim): units = degrees_north
         lons(nf, Ydim, Xdim): units = degrees_east
         lats(nf, Ydim, Xdim): units = degrees_north
         t(time, nf, Ydim, Xdim): coordinates = lons lats; grid_mapping = cubed_sphere",
        "curvilinear [1, 2, 3] /lons /lats",
    );
}

#[test]
fn points_and_cells() {
    let places =
        "lon(n): standard_name = longitude; bounds = lon_b\nlat(n): standard_name = latitude; bounds = lat_b";
    check(&format!("{places}\nt(time, n): coordinates = lat lon"), "points 1 /lon /lat");
    let corners = format!("dim nv 4\n{places}\nlon_b(n, nv):\nlat_b(n, nv):\nt(n): coordinates = lat lon");
    check(&corners, "Cf Face 0 /lon /lat /lon_b+/lat_b -");
}

#[test]
fn healpix() {
    let all = "dim cell 48\ncrs: grid_mapping_name = healpix; healpix_nside = 2; healpix_order = nest";
    check(&format!("{all}\nt(time, cell): grid_mapping = crs"), "healpix 2 Nested 1 ");
    check(&format!("{all}\nt(cell, lev): grid_mapping = crs"), "healpix 2 Nested 0 ");
    check(&format!("{all}\ncell(cell):\nt(cell, lev): grid_mapping = crs: cell"), "healpix 2 Nested 0 /cell");
    check(
        "cell_ids(cells): grid_name = healpix; level = 3; indexing_scheme = ring
         t(cells): coordinates = cell_ids",
        "healpix 8 Ring 0 /cell_ids",
    );
    // More values than there are cells.
    check(
        "dim cell 49\ncrs: grid_mapping_name = healpix; healpix_nside = 2\nt(cell): grid_mapping = crs",
        "none",
    );
    check(
        "crs: grid_mapping_name = healpix\nt(cell): grid_mapping = crs",
        "grid mapping /crs has no refinement_level",
    );
}

#[test]
fn ugrid() {
    let mesh = "Mesh2: cf_role = mesh_topology; node_coordinates = node_x node_y; face_node_connectivity = faces; edge_node_connectivity = edges; edge_coordinates = edge_y edge_x
        node_x(nodes): units = degrees_east
        node_y(nodes): units = degrees_north
        edge_x(edge): units = degrees_east
        edge_y(edge): units = degrees_north
        faces(cells, three): cf_role = face_node_connectivity
        edges(edge, two):";
    check(
        &format!("{mesh}\nt(time, cells): mesh = Mesh2; location = face"),
        "Ugrid Face 1 - - /node_x+/node_y /faces",
    );
    check(
        &format!("{mesh}\nt(nodes): mesh = Mesh2; location = node"),
        "Ugrid Node 0 /node_x /node_y /node_x+/node_y /faces",
    );
    check(
        &format!("{mesh}\nt(edge): mesh = Mesh2; location = edge"),
        "Ugrid Edge 0 /edge_x /edge_y /node_x+/node_y /faces",
    );
    check(&format!("{mesh}\nt(cells):"), "Ugrid Face 0 - - /node_x+/node_y /faces");
    // The faces lie along the second dimension, and the mesh says so.
    let turned = mesh
        .replace("faces(cells, three)", "faces(three, cells)")
        .replace("mesh_topology;", "mesh_topology; face_dimension = cells;");
    check(
        &format!("{turned}\nt(cells): mesh = Mesh2; location = face"),
        "Ugrid Face 0 - - /node_x+/node_y /faces",
    );
    check("t(time, nod2): mesh = fesom_mesh; location = node", "Ugrid Node 1 - - - -");
}

#[test]
fn icon() {
    let cells = "dim nv 3
        clon(cell): standard_name = longitude; units = radian; bounds = clon_vertices
        clat(cell): standard_name = latitude; units = radian; bounds = clat_vertices
        clon_vertices(cell, nv): units = radian
        clat_vertices(cell, nv): units = radian";
    let all = "/clon /clat /clon_vertices+/clat_vertices";
    check(
        &format!("{cells}\nvertex_of_cell(nv, cell):\nt(time, cell): coordinates = clat clon"),
        &format!("Icon Face 1 {all} /vertex_of_cell"),
    );
    check(
        &format!("{cells}\nt(time, lev, cell): CDI_grid_type = unstructured; coordinates = clat clon"),
        &format!("Icon Face 2 {all} -"),
    );
    check("t(time, ncells): CDI_grid_type = unstructured", "Icon Face 1 - - - -");
    check("dim nv 3\nvertex_of_cell(nv, cell):\nt(cell):", "Icon Face 0 - - - /vertex_of_cell");
}

#[test]
fn meshes_known_by_their_dimensions() {
    check(
        "lonCell(nCells):\nlatCell(nCells):\nlonVertex(nVertices):\nlatVertex(nVertices):\nverticesOnCell(nCells, maxEdges):\nt(Time, nCells):",
        "Mpas Face 1 /lonCell /latCell /lonVertex+/latVertex /verticesOnCell",
    );
    check("t(Time, nEdges):", "Mpas Edge 1 - - - -");
    check(
        "dim grid_corners 4\ngrid_center_lat(grid_size): units = degrees\ngrid_center_lon(grid_size): units = degrees\nt(grid_size):",
        "Scrip Face 0 /grid_center_lon /grid_center_lat - -",
    );
    check("t(elementCount):", "Esmf Face 0 - - - -");
}
