//! The routes, as they describe themselves.

use weir_plugin_api::{Parameter, Route};

/// The place of the description in [`all`].
pub(crate) const DESCRIPTION: usize = 2;

/// The place of weir's own spelling in [`all`].
pub(crate) const SUBSET: usize = 0;

const JSON: &str = "application/json";
const NUMBER: &str = r#"{"type":"number"}"#;
const STRIDE: &str = r#"{"type":"integer","minimum":1}"#;

/// Every route.
pub(crate) fn all() -> Vec<Route> {
    let description = Route::get("/thredds/ncss/grid/{id}/dataset.xml")
        .summary("what may be asked of a dataset, for clients of the NetCDF Subset Service of THREDDS")
        .answers(200, &["application/xml"], "axes, grids, box and span of the dataset");
    vec![subset(), ncss(), answers(description)]
}

fn subset() -> Route {
    let formats = r#"{"type":"string","enum":["netcdf3","netcdf4","csv","json","covjson","parquet"],"default":"netcdf3"}"#;
    let route = Route::get("/datasets/{id}/subset")
        .summary("part of a dataset, by its coordinates, as a file to download")
        .parameter(Parameter::query("var", "variables, behind commas or given several times").required())
        .parameter(Parameter::query("bbox", "west,south,east,north in degrees; over the antimeridian where west is the greater"))
        .parameter(Parameter::query("point", "longitude,latitude: the cell nearest to it; may be given several times for csv, json and parquet"))
        .parameter(Parameter::query(
            "time",
            "a date (2001-02 is the whole month), start/end, start/duration, .. for an open side, or by index: [0], [-12:], [::12]",
        ))
        .parameter(Parameter::query("vertical", "the nearest level, low/high, or by index; any coordinate goes by its name likewise"))
        .parameter(Parameter::query("format", "the format of the file").schema(formats))
        .parameter(Parameter::query("layout", "of JSON: a list of records, or an object of columns").schema(r#"{"type":"string","enum":["records","columns"]}"#));
    let media_types = [
        "application/x-netcdf",
        "application/x-netcdf4",
        "text/csv",
        JSON,
        "application/prs.coverage+json",
        "application/vnd.apache.parquet",
    ];
    answers(route.answers(200, &media_types, "the file"))
}

fn ncss() -> Route {
    let number = |name: &str, words: &str| Parameter::query(name, words).schema(NUMBER);
    let stride = |name: &str, words: &str| Parameter::query(name, words).schema(STRIDE);
    let route = Route::get("/thredds/ncss/grid/{id}")
        .summary("part of a dataset, in the words of the NetCDF Subset Service of THREDDS")
        .parameter(Parameter::query("var", "variables, behind commas or given several times").required())
        .parameter(number("north", "degrees; with south, east and west"))
        .parameter(number("south", "degrees"))
        .parameter(number("east", "degrees"))
        .parameter(number("west", "degrees"))
        .parameter(number("latitude", "degrees: the cell nearest to it; with longitude"))
        .parameter(number("longitude", "degrees"))
        .parameter(number(
            "minx",
            "in the units of the coordinates of a projection; with maxx, miny and maxy",
        ))
        .parameter(number("maxx", "as minx"))
        .parameter(number("miny", "as minx"))
        .parameter(number("maxy", "as minx"))
        .parameter(Parameter::query("time", "the nearest time"))
        .parameter(Parameter::query("time_start", "the first time; with time_end or time_duration"))
        .parameter(Parameter::query("time_end", "the last time"))
        .parameter(Parameter::query("time_duration", "a duration of ISO 8601, such as P1D"))
        .parameter(
            Parameter::query("temporal", "all times, which is also meant where no time is asked for")
                .schema(r#"{"type":"string","enum":["all"]}"#),
        )
        .parameter(stride("timeStride", "every n-th time"))
        .parameter(stride("horizStride", "every n-th row and column"))
        .parameter(stride("vertStride", "every n-th level"))
        .parameter(number("vertCoord", "the nearest level"))
        .parameter(Parameter::query(
            "addLatLon",
            "longitudes and latitudes are part of every answer where the dataset has them",
        ))
        .parameter(Parameter::query("disableLLSubset", "of no meaning"))
        .parameter(Parameter::query("disableProjSubset", "of no meaning"))
        .parameter(
            Parameter::query("accept", "the format")
                .schema(r#"{"type":"string","enum":["netcdf","netcdf3","netcdf4","netcdf4ext","csv","xml"],"default":"netcdf"}"#),
        );
    answers(route.answers(
        200,
        &["application/x-netcdf", "application/x-netcdf4", "text/plain", "application/xml"],
        "the file",
    ))
}

fn answers(route: Route) -> Route {
    route
        .answers(
            400,
            &[JSON],
            "what is asked makes no sense, or nothing lies there; the message says what there is",
        )
        .answers(404, &[JSON], "there is no such dataset or variable; the message says which there are")
        .answers(
            413,
            &[JSON],
            "the answer would be larger than the server allows; the message says how to split it",
        )
        .answers(501, &[JSON], "the data cannot be read or written in this format")
}
