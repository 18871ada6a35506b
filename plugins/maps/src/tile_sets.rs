//! Descriptions of tiles: TileJSON 3.0, and tile sets and the tile matrix set of OGC API Tiles (OGC 20-057, 17-083r4).

use serde_json::{Value, json};
use weir_catalogs::listing::encoded_path;
use weir_plugin_api::{Dataset, Error, Response};
use weir_rendering::Bounds;

use crate::asking::Asking;
use crate::crs::HALF_MERCATOR;
use crate::layer::{Layer, names};
use crate::refusal::{Code, refused};
use crate::tile::{Content, DEEPEST, SIDE};
use crate::tile_address::MATRIX_SET;

const JSON: &str = "application/json";
const CRS: &str = "http://www.opengis.net/def/crs/EPSG/0/3857";
const DEFINITION: &str = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad";
const TILING: &str = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme";

/// The address of a dataset's tiles.
fn base(asking: &Asking<'_>) -> String {
    format!("{}/datasets/{}/tiles", asking.request.base_url(), encoded_path(asking.request.dataset_id()))
}

/// Answers with all tile sets of a dataset.
pub(crate) fn all(asking: &Asking<'_>, dataset: &Dataset) -> Result<Response, Error> {
    let base = base(asking);
    let set = |name: String| {
        let below = format!("{base}/{}", encoded_path(&name));
        json!({
            "title": name,
            "dataType": "map",
            "crs": CRS,
            "tileMatrixSetURI": DEFINITION,
            "links": [
                {"rel": "self", "type": JSON, "href": format!("{below}/{MATRIX_SET}")},
                {"rel": "describedby", "type": JSON, "title": "TileJSON", "href": format!("{below}/tilejson.json")},
            ],
        })
    };
    let sets: Vec<Value> = names(&*dataset.schema()?).into_iter().map(set).collect();
    Ok(document(&json!({"tilesets": sets, "links": [{"rel": "self", "type": JSON, "href": base}]})))
}

/// Answers with the tile set of a variable.
pub(crate) fn one(asking: &Asking<'_>, dataset: &Dataset, name: &str) -> Result<Response, Error> {
    let layer = Layer::open(dataset, name)?;
    let bounds = bounds(asking, &layer)?;
    let below = format!("{}/{}", base(asking), encoded_path(&layer.name));
    let item = |(ending, content): &(&str, Content)| {
        json!({
            "rel": "item",
            "type": content.media_type(),
            "templated": true,
            "href": format!("{below}/{MATRIX_SET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}.{ending}"),
        })
    };
    let mut links = vec![
        json!({"rel": "self", "type": JSON, "href": format!("{below}/{MATRIX_SET}")}),
        json!({"rel": TILING, "type": JSON, "href": format!("{}/tileMatrixSets/{MATRIX_SET}", asking.request.base_url())}),
    ];
    links.extend(Content::ALL.iter().map(item));
    Ok(document(&json!({
        "title": layer.title(),
        "dataType": "map",
        "crs": CRS,
        "tileMatrixSetURI": DEFINITION,
        "boundingBox": {
            "lowerLeft": [bounds.west, bounds.south],
            "upperRight": [bounds.east, bounds.north],
            "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
        "links": links,
    })))
}

/// Answers with TileJSON; the query of the request becomes that of the tiles.
pub(crate) fn tile_json(asking: &Asking<'_>, dataset: &Dataset, name: &str) -> Result<Response, Error> {
    let layer = Layer::open(dataset, name)?;
    let Bounds { west, east, south, north } = bounds(asking, &layer)?;
    let query = match asking.request.query() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let below = format!("{}/{}", base(asking), encoded_path(&layer.name));
    let (west, east) = if east > 180.0 { (-180.0, 180.0) } else { (west, east) };
    Ok(document(&json!({
        "tilejson": "3.0.0",
        "name": layer.name,
        "description": layer.label(),
        "scheme": "xyz",
        "tiles": [format!("{below}/{{z}}/{{x}}/{{y}}.png{query}")],
        "minzoom": 0,
        "maxzoom": deepest(&layer, &Bounds { west, east, south, north }),
        "bounds": [west, south, east, north],
    })))
}

fn bounds(asking: &Asking<'_>, layer: &Layer<'_>) -> Result<Bounds, Error> {
    let bounds = layer.laid.bounds(&layer.axes, &|bytes| asking.admit(bytes))?;
    bounds.ok_or_else(|| {
        refused(Code::LayerNotDefined, format!("no cell of {} lies anywhere on the Earth", layer.name))
    })
}

/// The zoom at which a cell is at least 32 pixels wide; beyond, nothing new is seen.
fn deepest(layer: &Layer<'_>, bounds: &Bounds) -> u8 {
    let area = (bounds.east - bounds.west) * (bounds.north - bounds.south);
    #[expect(clippy::cast_precision_loss, reason = "about how many")]
    let cell = (area / layer.cells().max(1) as f64).sqrt();
    let wide = |zoom: &u8| cell * f64::from(SIDE) * f64::from(1_u32 << zoom) / 360.0 >= 32.0;
    (0..DEEPEST).find(wide).unwrap_or(DEEPEST)
}

/// Answers with the list of tile matrix sets.
pub(crate) fn matrix_sets(base_url: &str) -> Response {
    let link =
        json!({"rel": "self", "type": JSON, "href": format!("{base_url}/tileMatrixSets/{MATRIX_SET}")});
    let set = json!({"id": MATRIX_SET, "title": "Google Maps Compatible for the World", "uri": DEFINITION, "links": [link]});
    document(&json!({"tileMatrixSets": [set]}))
}

/// Answers with the definition of the tile matrix set (OGC 17-083r4, annex D).
pub(crate) fn matrix_set() -> Response {
    let matrix = |zoom: u8| {
        let across = 1_u32 << zoom.min(DEEPEST);
        let cell = 2.0 * HALF_MERCATOR / f64::from(SIDE) / f64::from(across);
        json!({
            "id": zoom.to_string(),
            // A pixel of the standard is 0.28 mm wide.
            "scaleDenominator": cell / 0.000_28,
            "cellSize": cell,
            "cornerOfOrigin": "topLeft",
            "pointOfOrigin": [-HALF_MERCATOR, HALF_MERCATOR],
            "tileWidth": SIDE,
            "tileHeight": SIDE,
            "matrixWidth": across,
            "matrixHeight": across,
        })
    };
    document(&json!({
        "id": MATRIX_SET,
        "title": "Google Maps Compatible for the World",
        "uri": DEFINITION,
        "crs": CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": (0..=DEEPEST).map(matrix).collect::<Vec<_>>(),
    }))
}

fn document(value: &Value) -> Response {
    Response::full(JSON, value.to_string())
}
