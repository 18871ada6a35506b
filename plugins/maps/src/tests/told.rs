//! What is told of layers: capabilities, metadata, descriptions of tiles.

use serde_json::Value;

use super::get;

fn json(target: &str) -> Value {
    serde_json::from_slice(&get(target).bytes).unwrap()
}

#[test]
fn capabilities_name_layers_with_their_dimensions() {
    let newer = get("/datasets/regular/wms").text();
    assert!(newer.contains("<WMS_Capabilities version=\"1.3.0\""), "{newer}");
    for name in ["east", "north", "hill", "growing", "empty"] {
        let has = newer.contains(&format!("<Name>{name}</Name>"));
        // No grid says where what lies along `six` is.
        assert_eq!(has, name != "growing", "{name}");
    }
    assert!(!newer.contains("<Name>lat</Name>") && !newer.contains("<Name>words</Name>"));
    assert!(
        newer
            .contains("<BoundingBox CRS=\"EPSG:4326\" minx=\"-90\" miny=\"-180\" maxx=\"90\" maxy=\"180\"/>"),
        "{newer}"
    );
    assert!(
        newer.contains("<BoundingBox CRS=\"CRS:84\" minx=\"-180\" miny=\"-90\" maxx=\"180\" maxy=\"90\"/>")
    );
    let moving = get("/datasets/moving/wms?version=1.3.0").text();
    let times = "2001-01-01T00:00:00Z/2001-01-04T12:00:00Z/PT6H</Dimension>";
    assert!(moving.contains(times) && moving.contains("default=\"2001-01-04T12:00:00Z\""), "{moving}");
    let older = get("/datasets/moving/wms?version=1.1.1").text();
    assert!(
        older.contains("<WMT_MS_Capabilities version=\"1.1.1\">") && older.contains("PT6H</Extent>"),
        "{older}"
    );
    assert!(older.contains("SRS=\"EPSG:4326\" minx=\"-180\"") && !older.contains("CRS:84"), "{older}");
}

#[test]
fn addresses_are_those_of_the_request() {
    let told = |target: &str, expected: &str| assert!(get(target).text().contains(expected), "{target}");
    told("/datasets/moving/wms", "xlink:href=\"http://weir.example/datasets/moving/wms?\"");
    told("/thredds/wms/moving", "xlink:href=\"http://weir.example/thredds/wms/moving?\"");
}

#[test]
fn metadata_is_that_of_ncwms() {
    let item =
        |item: &str| json(&format!("/datasets/moving/wms?request=GetMetadata&layerName=t&item={item}"));
    assert_eq!(item("menu")["children"][0]["id"], "t");
    let details = item("layerDetails");
    assert_eq!(details["datesWithData"]["2001"]["0"], serde_json::json!([1, 2, 3, 4]));
    assert_eq!(details["nearestTimeIso"], "2001-01-04T12:00:00Z");
    assert!(details["scaleRange"][0].as_f64() < details["scaleRange"][1].as_f64());
    let steps = item("timesteps&day=2001-01-02T06:00:00Z");
    assert_eq!(steps["timesteps"], serde_json::json!(["00:00:00Z", "06:00:00Z", "12:00:00Z", "18:00:00Z"]));
    let seen = json(
        "/datasets/regular/wms?request=GetMetadata&layerName=east&item=minmax&crs=CRS:84&bbox=9,9,31,31&width=11&height=11",
    );
    assert_eq!((seen["min"].as_f64(), seen["max"].as_f64()), (Some(10.0), Some(30.0)));
}

#[test]
fn tiles_are_described() {
    let told = json("/datasets/moving/tiles/t/tilejson.json?style=turbo&time=2001-01-02");
    let address = "http://weir.example/datasets/moving/tiles/t/{z}/{x}/{y}.png?style=turbo&time=2001-01-02";
    assert_eq!((told["tilejson"].as_str(), told["tiles"][0].as_str()), (Some("3.0.0"), Some(address)));
    let sets = json("/datasets/regular/tiles");
    let titles: Vec<&str> =
        sets["tilesets"].as_array().unwrap().iter().filter_map(|set| set["title"].as_str()).collect();
    assert_eq!(titles, ["east", "north", "hill", "surface", "empty"]);
    let set = json("/datasets/regular/tiles/hill/WebMercatorQuad");
    assert_eq!(set["title"], "temperature of a hill");
    let matrices = json("/tileMatrixSets/WebMercatorQuad");
    let cell = matrices["tileMatrices"][0]["cellSize"].as_f64().unwrap();
    assert!((cell - 156_543.033_928_040_97).abs() < 1e-6, "{cell}");
    // As OGC 17-083r4 has it in annex D.1.
    let scale = matrices["tileMatrices"][0]["scaleDenominator"].as_f64().unwrap();
    assert!((scale - 559_082_264.028_717_9).abs() < 1e-3, "{scale}");
    assert_eq!(json("/tileMatrixSets")["tileMatrixSets"][0]["id"], "WebMercatorQuad");
}
