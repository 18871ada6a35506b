//! What is answered, and what is refused.

use serde_json::Value;
use weir_plugin_api::ErrorKind;
use weir_plugin_api::testing::MockHost;

use super::{Picture, get, running};
use crate::MapsPlugin;

const BOX: &str = "crs=CRS:84&bbox=-180,-90,180,90&width=72&height=36";

fn map(query: &str) -> Picture {
    Picture::of(&get(&format!("/datasets/regular/wms?request=GetMap&{BOX}&{query}")).bytes)
}

#[test]
fn maps_have_the_size_and_the_ground_that_are_asked_for() {
    let picture = map("layers=empty");
    assert_eq!((picture.width, picture.height, picture.at(5, 5)), (72, 36, [255; 4]));
    assert_eq!(map("layers=empty&bgcolor=0x102030").at(5, 5), [16, 32, 48, 255]);
    assert_eq!(map("layers=empty&transparent=TRUE").at(5, 5)[3], 0);
}

#[test]
fn layers_are_drawn_over_each_other() {
    let (north, east) = (map("layers=north"), map("layers=east"));
    assert_ne!(north.pixels, east.pixels);
    assert_eq!(map("layers=north,east").pixels, east.pixels);
    assert_eq!(map("layers=east,empty&styles=,").pixels, east.pixels);
    assert_ne!(map("layers=north,east&styles=magma,turbo").pixels, east.pixels);
    // What a layer leaves out shows what is below.
    let below = map("layers=north,east&colorscalerange=0,180&belowmincolor=transparent");
    let alone = map("layers=north&colorscalerange=0,180&belowmincolor=transparent");
    assert_eq!(below.at(10, 5), alone.at(10, 5));
    assert_ne!(below.at(60, 5), alone.at(60, 5));
}

#[test]
fn colours_have_their_range() {
    // East of Greenwich, values are from 0 to 180.
    let grey = |query: &str, column| map(&format!("layers=east&styles=gray&{query}")).at(column, 10);
    assert_eq!(grey("colorscalerange=0,180", 35)[0], grey("colorscalerange=0,180", 3)[0]);
    assert_eq!(grey("colorscalerange=0,180&belowmincolor=0xFF0000", 3), [255, 0, 0, 255]);
    assert_eq!(grey("colorscalerange=-180,0&abovemaxcolor=0x00FF00", 60), [0, 255, 0, 255]);
    let bands = map("layers=east&styles=gray&numcolorbands=3");
    let mut colours = bands.pixels.clone();
    colours.sort_unstable();
    colours.dedup();
    assert_eq!(colours.len(), 3);
    // Logarithms: of 1 to 100, 10 is in the middle.
    let middle = map("layers=east&styles=gray&logscale=true&colorscalerange=1,100").at(38, 10)[0];
    assert!((120..150).contains(&middle), "{middle}");
}

#[test]
fn steps_and_levels_are_chosen() {
    let info = |query: &str| {
        let target = format!(
            "/datasets/moving/wms?request=GetFeatureInfo&query_layers=t&info_format=application/json&{BOX}&i=40&j=20&{query}"
        );
        let answer: Value = serde_json::from_slice(&get(&target).bytes).unwrap();
        answer["features"][0]["properties"]["time"].as_str().unwrap().to_owned()
    };
    assert_eq!(info(""), "2001-01-04T12:00:00Z");
    assert_eq!(info("time=current"), "2001-01-04T12:00:00Z");
    assert_eq!(info("time=2001-01-02T06:00:00.000Z"), "2001-01-02T06:00:00Z");
    assert_eq!(info("TIME=2001-01-02T08:59:00Z"), "2001-01-02T06:00:00Z");
    assert_eq!(info("time=2001-01-03"), "2001-01-03T00:00:00Z");
}

#[test]
fn cells_tell_their_values() {
    let info = |id: &str, query: &str, format: &str| {
        get(&format!("/datasets/{id}/wms?request=GetFeatureInfo&info_format={format}&{query}")).text()
    };
    // 10.2 east, 53.7 north, of cells of 2 degrees around even longitudes and odd latitudes.
    let query = "version=1.3.0&crs=EPSG:4326&query_layers=east,north&bbox=53.2,9.7,54.2,10.7&width=101&height=101&i=50&j=50";
    let answer: Value = serde_json::from_str(&info("regular", query, "application/json")).unwrap();
    let features = answer["features"].as_array().unwrap();
    let values: Vec<f64> = features.iter().map(|one| one["properties"]["value"].as_f64().unwrap()).collect();
    assert_eq!(values, [10.0, 53.0]);
    assert_eq!(features[0]["geometry"]["coordinates"], serde_json::json!([10.0, 53.0]));
    let older = "version=1.1.1&srs=EPSG:4326&query_layers=east&bbox=9.7,53.2,10.7,54.2&width=101&height=101&x=50&y=50";
    assert!(info("regular", older, "text/plain").contains("value: 10\n"));
    assert!(info("regular", older, "text/xml").contains("<value>10</value>"));
    // Of every other kind of grid, the cell is one near the place.
    for (id, within) in [
        ("rotated", 0.5),
        ("curvilinear", 0.5),
        ("unstructured", 2.6),
        ("healpix", 2.0),
        ("ring", 2.0),
        ("part", 2.0),
    ] {
        let answer: Value = serde_json::from_str(&info(id, query, "application/json")).unwrap();
        let feature = &answer["features"][1];
        let value = feature["properties"]["value"].as_f64().unwrap();
        assert!((value - 53.7).abs() < within, "{id}: {value}");
        let place = feature["geometry"]["coordinates"][1].as_f64().unwrap();
        assert!((value - place).abs() < 1e-6, "{id}: {value} {place}");
    }
    let nothing = "version=1.1.1&srs=EPSG:4326&query_layers=east&bbox=0,-50,1,-49&width=10&height=10&x=5&y=5";
    assert!(info("rotated", nothing, "text/plain").contains("value: none\n"));
}

#[test]
fn legends_are_pictures() {
    let legend = |query: &str| {
        Picture::of(&get(&format!("/datasets/regular/wms?request=GetLegendGraphic&{query}")).bytes)
    };
    let full = legend("layer=hill");
    assert_eq!((full.width, full.height), (110, 264));
    let bar = legend("palette=gray&colorbaronly=true&width=3&height=256");
    assert_eq!((bar.at(1, 0)[0], bar.at(1, 255)[0]), (255, 0));
    let lying = legend("palette=gray&colorbaronly=true&width=256&height=3");
    assert_eq!((lying.at(0, 1)[0], lying.at(255, 1)[0]), (0, 255));
}

/// A request, its status, the code of the exception, and words of the message.
fn check(id: &str, query: &str, (kind, code, words): (ErrorKind, &str, &str)) {
    let target = format!("/datasets/{id}/wms?{query}");
    let error = running().get(&target).expect_err(&target);
    assert_eq!(error.kind, kind, "{target}: {error}");
    let report = running().render_error(&target, 400, &error.message).unwrap();
    let text = report.text();
    let attribute =
        if code.is_empty() { "<ServiceException>".to_owned() } else { format!("code=\"{code}\"") };
    assert!(text.contains(&attribute) && error.message.contains(words), "{target}: {text}");
}

#[test]
fn what_cannot_be_is_refused_with_its_code() {
    use ErrorKind::{BadRequest, NotFound, TooLarge};
    let regular = |query: &str, expected| check("regular", &format!("{BOX}&{query}"), expected);
    let map = |query: &str, expected| regular(&format!("request=GetMap&{query}"), expected);
    map("layers=nope", (NotFound, "LayerNotDefined", "there are east, north, hill"));
    map("layers=words", (NotFound, "LayerNotDefined", "\"words\" is no layer"));
    map("", (BadRequest, "MissingParameterValue", "LAYERS is missing"));
    map("layers=east&styles=nope", (BadRequest, "StyleNotDefined", "viridis"));
    map("layers=east&styles=gray,gray", (BadRequest, "StyleNotDefined", "2 styles for 1 layers"));
    map("layers=east&format=image/gif", (BadRequest, "InvalidFormat", "image/webp"));
    map("layers=east&version=1.2.0", (BadRequest, "InvalidParameterValue", "1.1.1 or 1.3.0"));
    map("layers=east&bgcolor=white", (BadRequest, "InvalidParameterValue", "0xRRGGBB"));
    let older = "request=GetMap&version=1.1.1&layers=east&srs=EPSG:1&bbox=0,0,1,1&width=9&height=9";
    check("regular", older, (BadRequest, "InvalidSRS", "there are EPSG:4326"));
    let newer = older.replace("1.1.1", "1.3.0").replace("srs", "crs");
    check("regular", &newer, (BadRequest, "InvalidCRS", "there are EPSG:4326"));
    let large = "request=GetMap&layers=east&crs=CRS:84&bbox=0,0,1,1&width=9999&height=9";
    check("regular", large, (TooLarge, "", "4096 is the most"));
    regular(
        "request=GetFeatureInfo&query_layers=east&i=72&j=0",
        (BadRequest, "InvalidPoint", "72 x 36 pixels"),
    );
    regular("request=GetFeatureInfo&query_layers=east&i=-1&j=0", (BadRequest, "InvalidPoint", "I is \"-1\""));
    regular(
        "request=GetFeatureInfo&query_layers=east&i=1",
        (BadRequest, "MissingParameterValue", "J is missing"),
    );
    regular("request=GetNothing", (BadRequest, "OperationNotSupported", "GetMap"));
    regular("service=WCS&request=GetMap", (BadRequest, "OperationNotSupported", "must be WMS"));
    regular("request=GetMetadata&item=nope", (BadRequest, "InvalidParameterValue", "layerDetails"));
    let time = |value: &str| {
        check(
            "moving",
            &format!("request=GetMap&layers=t&{BOX}&time={value}"),
            (BadRequest, "InvalidDimensionValue", ""),
        );
    };
    time("1999-01-01");
    time("2031-01-01T00:00:00Z");
    time("soon");
    time("2001-01-01/2001-01-02");
    time("2001-01-01,2001-01-02");
}

#[test]
fn refusals_have_the_media_type_of_their_version() {
    let header = |query: &str| {
        let target = format!("/datasets/regular/wms?{query}");
        running()
            .render_error(&target, 400, "InvalidCRS: no")
            .unwrap()
            .header("content-type")
            .unwrap()
            .to_owned()
    };
    assert_eq!(header("version=1.1.1&request=GetMap"), "application/vnd.ogc.se_xml");
    assert_eq!(header("request=GetMap"), "text/xml");
    assert_eq!(header("version=1.0.0&x=%ff"), "text/xml");
    assert!(running().render_error("/datasets/regular/tiles/x", 404, "no").is_none());
}

#[test]
fn memory_is_asked_for_before_it_is_taken() {
    let all = weir_fields::testing::datasets();
    let host = all.into_iter().fold(MockHost::new(), |host, (id, dataset)| host.dataset(id, dataset));
    let running = host.limit(100_000).start::<MapsPlugin>();
    let query = "request=GetMap&layers=east&crs=CRS:84&bbox=-180,-90,180,90&width=1000&height=1000";
    for id in ["regular", "unstructured", "healpix"] {
        let error = running.get(&format!("/datasets/{id}/wms?{query}")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge, "{error}");
    }
}

/// Of a field that is finer than a map, no more than the map shows is read; of a tile of a part, only that part.
#[test]
fn only_what_is_seen_is_read() {
    let before = running().reads();
    get("/datasets/regular/tiles/east/8/130/80.npy");
    // The two coordinates, and the values.
    assert!(running().reads() - before <= 4, "{}", running().reads() - before);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// Whatever is asked for is answered, or refused for what is wrong with it.
    #[test]
    fn any_request_is_answered_or_refused(
        operation in proptest::sample::select(vec!["GetMap", "GetFeatureInfo", "GetLegendGraphic", "GetMetadata", "GetCapabilities"]),
        keys in proptest::collection::vec((
            proptest::sample::select(vec![
                "layers", "styles", "time", "bbox", "width", "i", "item", "colorscalerange", "numcolorbands", "bgcolor", "crs",
                "version", "format", "elevation", "logscale", "day",
            ]),
            "[-+0-9a-zA-Z,./:%]{0,12}|-?[0-9.e]{1,9},[0-9]{1,3}|[0-9]{4}-[0-9]{2}|360,9e9,inf,1",
        ), 0..4),
    ) {
        let mut target = format!("/datasets/moving/wms?request={operation}");
        for (key, value) in keys {
            target += &format!("&{key}={value}");
        }
        target += "&layers=t&layer=t&query_layers=t&crs=CRS:84&bbox=-180,-90,180,90&width=9&height=9&i=1&j=1&item=menu";
        if let Err(error) = running().get(&target) {
            let is_refusal = matches!(
                error.kind,
                ErrorKind::BadRequest | ErrorKind::NotFound | ErrorKind::TooLarge | ErrorKind::Unsupported
            );
            proptest::prop_assert!(is_refusal, "{target}: {error}");
        }
    }
}
