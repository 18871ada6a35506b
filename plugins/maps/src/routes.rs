//! The routes, and what is said of each.

use weir_plugin_api::{Parameter, Route};

/// What a route answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Wms,
    Tiles,
    MatrixSets,
    MatrixSet,
}

const JSON: &str = "application/json";

/// Patterns, in their order.
pub(crate) const ROUTES: [(&str, Kind); 6] = [
    ("/datasets/{id}/wms", Kind::Wms),
    ("/thredds/wms/{id}", Kind::Wms),
    ("/datasets/{id}/tiles", Kind::Tiles),
    ("/datasets/{id}/tiles/{rest}", Kind::Tiles),
    ("/tileMatrixSets", Kind::MatrixSets),
    ("/tileMatrixSets/WebMercatorQuad", Kind::MatrixSet),
];

/// Keys of WMS that are told, and what they say.
const WMS: [(&str, &str); 19] = [
    ("request", "GetCapabilities, GetMap, GetFeatureInfo, GetLegendGraphic or GetMetadata"),
    ("version", "1.1.1 or 1.3.0"),
    ("layers", "variables, with commas between; the first is drawn first"),
    ("styles", "default-scalar/ with the name of a colour map, for each layer one; or nothing"),
    ("crs", "EPSG:4326, CRS:84, EPSG:3857, EPSG:3995, EPSG:3413 or EPSG:3031 (srs in version 1.1.1)"),
    (
        "bbox",
        "the least of both axes and then the greatest; in version 1.3.0 latitudes are the first axis of EPSG:4326",
    ),
    ("width", "pixels"),
    ("height", "pixels"),
    ("format", "image/png or image/webp"),
    ("transparent", "TRUE where nothing shall be seen where nothing is"),
    ("bgcolor", "what is seen there else: 0xRRGGBB"),
    ("query_layers", "of which layers GetFeatureInfo tells values"),
    ("i", "the column of the pixel (x in version 1.1.1)"),
    ("j", "the row of the pixel (y in version 1.1.1)"),
    ("info_format", "application/json, text/plain or text/xml"),
    ("layer", "whose colours GetLegendGraphic shows"),
    ("palette", "the colour map that GetLegendGraphic shows"),
    ("item", "what GetMetadata tells: menu, layerDetails, minmax or timesteps"),
    ("layername", "the layer that GetMetadata speaks of"),
];

/// Keys that pictures of WMS and tiles share.
const SHARED: [(&str, &str); 7] = [
    ("time", "the nearest time is drawn; the last where nothing is said"),
    ("elevation", "the nearest level is drawn; the first where nothing is said"),
    (
        "colorscalerange",
        "min,max of the colours; auto for what is seen; that of the variable where nothing is said",
    ),
    ("numcolorbands", "how many colours"),
    ("abovemaxcolor", "extend, transparent, 0xRRGGBB or 0xAARRGGBB"),
    ("belowmincolor", "extend, transparent, 0xRRGGBB or 0xAARRGGBB"),
    ("logscale", "TRUE for colours by logarithms"),
];

/// All routes.
pub(crate) fn all() -> Vec<Route> {
    ROUTES.iter().map(|(pattern, kind)| described(pattern, *kind)).collect()
}

fn described(pattern: &str, kind: Kind) -> Route {
    let route = Route::get(pattern);
    match kind {
        Kind::Wms => wms(route),
        Kind::Tiles => tiles(route, pattern),
        Kind::MatrixSets => {
            route.summary("the tile matrix sets of all tiles").answers(200, &[JSON], "the only one")
        }
        Kind::MatrixSet => route.summary("the squares that the web's map is cut into").answers(
            200,
            &[JSON],
            "the definition",
        ),
    }
}

fn told(route: Route, parameters: &[(&str, &str)]) -> Route {
    parameters.iter().fold(route, |route, (name, words)| route.parameter(Parameter::query(name, words)))
}

fn wms(route: Route) -> Route {
    let reports = &["text/xml", "application/vnd.ogc.se_xml"];
    let bodies = ["image/png", "image/webp", "text/xml", "application/vnd.ogc.wms_xml", JSON, "text/plain"];
    let route = told(told(route.summary("maps of variables (WMS 1.1.1 and 1.3.0)"), &WMS), &SHARED);
    route
        .answers(200, &bodies, "a map, a legend, values, or what there is")
        .answers(400, reports, "what cannot be, with what can")
        .answers(404, reports, "no such dataset or layer, with those that there are")
        .answers(413, reports, "more than is allowed")
        .answers(500, reports, "the data is damaged")
        .answers(501, reports, "a grid or a type of data that is not drawn, or a codec that is not built in")
        .answers(503, reports, "the data cannot be had now; come again later")
}

fn tiles(route: Route, pattern: &str) -> Route {
    let route = if pattern.ends_with("{rest}") {
        let words = "variable/z/x/y.png, .webp or .npy (the values, as singles); variable/tilejson.json; variable/WebMercatorQuad, and \
                     variable/WebMercatorQuad/z/row/column";
        let route =
            told(route.summary("tiles of a variable").parameter(Parameter::path("rest", words)), &SHARED);
        told(
            route,
            &[("style", "the name of a colour map"), ("f", "png, webp or npy, where no ending says it")],
        )
    } else {
        route.summary("the tile sets of a dataset")
    };
    let bodies: &[&str] = match pattern.ends_with("{rest}") {
        true => &["image/png", "image/webp", "application/octet-stream", JSON],
        false => &[JSON],
    };
    route
        .answers(200, bodies, "a tile, or what describes tiles")
        .answers(400, &[JSON], "what cannot be, with what can")
        .answers(404, &[JSON], "no such dataset, variable or tile, with those that there are")
        .answers(413, &[JSON], "more than is allowed")
        .answers(500, &[JSON], "the data is damaged")
        .answers(501, &[JSON], "a grid or a type of data that is not drawn, or a codec that is not built in")
        .answers(503, &[JSON], "the data cannot be had now; come again later")
}
