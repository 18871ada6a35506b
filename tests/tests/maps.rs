//! Maps and tiles of variables, from the built binary and the built plugin.

use weir_tests::{Mode, Netcdf3, Server, Values};

/// Two steps of 4 x 8 places around the Earth, from south to north, each with another number.
fn air() -> Netcdf3 {
    let numbers = |from: f32, step: f32, count: u8| (0..count).map(|n| from + step * f32::from(n)).collect();
    let tas = [("units", "K"), ("long_name", "air temperature")];
    Netcdf3::new()
        .dimension("time", 2)
        .dimension("lat", 4)
        .dimension("lon", 8)
        .variable("time", &["time"], &[("units", "days since 2000-01-01")], Values::Float64(vec![0.5, 1.5]))
        .variable("lat", &["lat"], &[("units", "degrees_north")], Values::Float32(numbers(-67.5, 45.0, 4)))
        .variable("lon", &["lon"], &[("units", "degrees_east")], Values::Float32(numbers(22.5, 45.0, 8)))
        .variable("tas", &["time", "lat", "lon"], &tas, Values::Float32(numbers(1.0, 1.0, 64)))
}

/// Singles of a square file of NumPy.
fn singles(file: &[u8]) -> Vec<f32> {
    assert_eq!(&file[..8], b"\x93NUMPY\x01\x00");
    file[128..].chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

const MOUNT: &str = "/datasets/deep/air.nc";
const MAP: &str =
    "request=GetMap&layers=tas&version=1.3.0&crs=EPSG:4326&bbox=-90,-180,90,180&width=80&height=40";

#[test]
fn maps_are_served() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    std::fs::write(folder.path().join("deep/air.nc"), air().bytes()).unwrap();
    for mode in [Mode::LinkedIn, Mode::Loaded] {
        let server = Server::start(mode, folder.path(), &[]);
        let told = server.get(&format!("{MOUNT}/wms?service=WMS&request=GetCapabilities"));
        assert_eq!((told.status, told.header("content-type")), (200, "text/xml"));
        assert!(told.text().contains("<Name>tas</Name>") && told.text().contains("2000-01-02T12:00:00Z"));
        let catalog = server.get("/thredds/catalog.xml").text();
        assert!(catalog.contains("serviceType=\"WMS\""), "{catalog}");
        let alias = server.get("/thredds/wms/deep/air.nc?service=WMS&request=GetCapabilities");
        assert!(alias.text().contains("/thredds/wms/deep/air.nc?"), "{}", alias.text());
        pictures(&server);
        values(&server);
        refusals(&server);
        server.stop(&["request failed"]);
    }
}

fn pictures(server: &Server) {
    for (format, magic) in [("image/png", &b"\x89PNG"[..]), ("image/webp", b"RIFF")] {
        let target = format!("{MOUNT}/wms?{MAP}&format={format}&transparent=TRUE");
        let map = server.get(&target);
        assert_eq!((map.status, map.header("content-type")), (200, format));
        assert!(map.body.starts_with(magic));
        // A map stays the same as long as its file does.
        let again = format!("If-None-Match: {}", map.header("etag"));
        assert_eq!(server.client().send("GET", &target, &[&again]).status, 304);
    }
    let first = server.get(&format!("{MOUNT}/wms?{MAP}&time=2000-01-01T12:00:00Z&styles=magma"));
    let last = server.get(&format!("{MOUNT}/wms?{MAP}&styles=magma"));
    assert_ne!(first.body, last.body);
    let legend = server.get(&format!("{MOUNT}/wms?request=GetLegendGraphic&layer=tas"));
    assert_eq!((legend.status, legend.header("content-type")), (200, "image/png"));
}

fn values(server: &Server) {
    // Row 2 from the south, column 5: 32 values of the first step, then 2 rows of 8, and 6 more.
    let info =
        "request=GetFeatureInfo&query_layers=tas&info_format=application/json&version=1.1.1&srs=EPSG:4326";
    let target = format!("{MOUNT}/wms?{info}&bbox=-180,-90,180,90&width=8&height=4&x=1&y=1");
    let found = server.get(&target).json();
    assert_eq!(found["features"][0]["properties"]["value"], 54.0, "{found}");
    // Of the map's north-eastern quarter, longitudes are 22.5, 67.5, 112.5 and 157.5.
    let tile = server.get(&format!("{MOUNT}/tiles/tas/1/1/0.npy?time=2000-01-01"));
    assert_eq!((tile.status, tile.header("content-type")), (200, "application/octet-stream"));
    let values = singles(&tile.body);
    let row: Vec<f32> = [10, 70, 140, 250].iter().map(|column| values[255 * 256 + column]).collect();
    assert_eq!(row, [17.0, 18.0, 19.0, 20.0]);
    let described = server.get(&format!("{MOUNT}/tiles/tas/tilejson.json")).json();
    let address = described["tiles"][0].as_str().unwrap().replace("{z}/{x}/{y}", "1/1/0");
    let path = &address[address.find("/datasets").unwrap()..];
    let tile = server.get(path);
    assert_eq!((tile.status, tile.header("content-type")), (200, "image/png"));
    // Rows come first in OGC API Tiles.
    assert_eq!(server.get(&format!("{MOUNT}/tiles/tas/WebMercatorQuad/1/0/1")).body, tile.body);
    assert_eq!(server.get("/tileMatrixSets/WebMercatorQuad").json()["id"], "WebMercatorQuad");
}

fn refusals(server: &Server) {
    let bad = |query: &str, status: u16, code: &str| {
        let answer = server.get(&format!("{MOUNT}/wms?{query}"));
        assert_eq!((answer.status, answer.header("content-type")), (status, "text/xml"), "{query}");
        assert!(answer.text().contains(&format!("code=\"{code}\"")), "{query}: {}", answer.text());
    };
    bad(&MAP.replace("tas", "tos"), 404, "LayerNotDefined");
    bad(&MAP.replace("EPSG:4326", "EPSG:1"), 400, "InvalidCRS");
    bad(&format!("{MAP}&time=1999-01-01"), 400, "InvalidDimensionValue");
    bad(&format!("{MAP}&styles=none"), 400, "StyleNotDefined");
    bad(&format!("{MAP}&format=image/gif"), 400, "InvalidFormat");
    bad("request=GetNothing", 400, "OperationNotSupported");
    let older = server.get(&format!("{MOUNT}/wms?{}", MAP.replace("1.3.0", "1.1.1").replace("4326", "1")));
    assert_eq!((older.status, older.header("content-type")), (400, "application/vnd.ogc.se_xml"));
    assert!(older.text().contains("InvalidSRS"), "{}", older.text());
    assert_eq!(server.get(&format!("{MOUNT}/wms?{}", MAP.replace("80", "9999"))).status, 413);
    let unknown = server.get("/datasets/none/wms?request=GetCapabilities");
    assert_eq!((unknown.status, unknown.header("content-type")), (404, "text/xml"));
    for (target, status) in [
        ("tos/0/0/0.png", 404),
        ("tas/0/1/0.png", 404),
        ("tas/99/0/0.png", 404),
        ("tas/0/0/0.png?style=none", 400),
    ] {
        let answer = server.get(&format!("{MOUNT}/tiles/{target}"));
        assert_eq!(answer.status, status, "{target}");
        assert!(answer.json()["detail"].is_string(), "{target}");
    }
}
