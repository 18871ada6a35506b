//! Serves pictures of variables, at the addresses of cloudify: `/datasets/{id}/plot/{variable}/{kind}/{map}/{selection}`.
//!
//! Maps of fields on any horizontal grid, as cells, contours or dots; time series, profiles, sections, histograms; PNG, SVG and
//! animations. What is too large is thinned when it is read, and what would take too much memory is refused before it is read.
#![forbid(unsafe_code)]

mod asked;
mod axis_words;
mod charts;
mod kind;
mod maps;
mod options;
mod picked;
mod plane;
mod section;
mod words;

use weir_plugin_api::{Error, Host, Parameter, Plugin, Request, Response, Route};
use weir_rendering::{ColourMap, ColourScale, EncodeError, MapProjection, Scene, Spread, png_of};

use crate::asked::Asked;
use crate::kind::Kind;
use crate::options::{Format, Options};
use crate::picked::Picked;

/// The plugin.
pub struct PlotPlugin {
    host: Host,
}

const JSON: &str = "application/json";

impl Plugin for PlotPlugin {
    const NAME: &'static str = "plot";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        match config.trim() {
            "" | "{}" => Ok(Self { host }),
            _ => Err(Error::bad_request("nothing can be configured")),
        }
    }

    fn routes(&self) -> Vec<Route> {
        vec![route()]
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let options = Options::parse(request.query())?;
        let dataset = self.host.open(request, request.dataset_id())?;
        let asked = Asked::parse(&*dataset.schema()?, request.rest())?;
        let picked = Picked::of(&dataset, &asked)?;
        let drawing =
            Drawing { host: &self.host, request, dataset: &dataset, asked: &asked, options: &options };
        match asked.kind() {
            Kind::Image | Kind::Quadmesh | Kind::Contour | Kind::Contourf | Kind::Scatter => {
                maps::respond(&drawing, &picked).or_else(|error| plane::respond(&drawing, error))
            }
            Kind::Line => charts::line(&drawing, &picked),
            Kind::Profile => charts::profile(&drawing, &picked),
            Kind::Hist => charts::histogram(&drawing, &picked),
            Kind::Section => section::respond(&drawing, &picked),
        }
    }
}

/// What a picture is made of: who asks, for what, and how it shall look.
pub(crate) struct Drawing<'a> {
    pub host: &'a Host,
    pub request: &'a Request<'a>,
    pub dataset: &'a weir_plugin_api::Dataset,
    pub asked: &'a Asked,
    pub options: &'a Options,
}

impl Drawing<'_> {
    /// Asks for memory.
    pub(crate) fn admit(&self, bytes: u64) -> Result<(), Error> {
        self.host.admit(self.request, bytes)
    }

    /// # Errors
    /// Where nobody waits any more.
    pub(crate) fn go_on(&self) -> Result<(), Error> {
        if self.host.is_cancelled(self.request) {
            return Err(Error::new(
                weir_plugin_api::ErrorKind::Cancelled,
                "the picture is not wanted any more",
            ));
        }
        Ok(())
    }

    /// The colours of values: one for each that means something where cells are drawn, else those between two ends.
    pub(crate) fn scale(&self, values: impl IntoIterator<Item = f32>) -> Result<ColourScale, Error> {
        let options = self.options;
        let is_of_cells = !matches!(self.asked.kind(), Kind::Contour | Kind::Contourf);
        let is_free = options.least.is_none() && options.most.is_none() && options.spread == Spread::Linear;
        if is_of_cells && is_free {
            let schema = self.dataset.schema()?;
            if let Some(named) = schema.variable(&self.asked.path).and_then(words::meanings) {
                return Ok(ColourScale::of_names(self.asked.map, named));
            }
        }
        Ok(ColourScale::of(self.asked.map, values, (options.least, options.most), options.spread))
    }

    /// The picture of a scene, in the format that is asked for.
    pub(crate) fn picture(&self, scene: &Scene) -> Result<Response, Error> {
        match self.options.format {
            Format::Svg => {
                let svg = scene.svg().map_err(|error| Error::internal(error.to_string()))?;
                let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                let response = Response::full("image/svg+xml", svg).header("content-security-policy", policy);
                Ok(response.stable().costly())
            }
            Format::Png => {
                let pixels = scene.pixels().ok_or_else(|| Error::internal("a picture has no size"))?;
                png(png_of(&pixels))
            }
            Format::Apng => Err(Error::bad_request(format!(
                "kind {} does not move; ask for format=png or format=svg",
                self.asked.kind().name()
            ))),
        }
    }
}

pub(crate) fn png(file: Result<Vec<u8>, EncodeError>) -> Result<Response, Error> {
    let file = file.map_err(|error| Error::internal(error.to_string()))?;
    Ok(Response::full("image/png", file).stable().costly())
}

fn route() -> Route {
    let path = "variable/kind/map/selection: the variable's path; image, quadmesh, contour, contourf, scatter, line, \
                profile, section or hist; a colour map of matplotlib; then coordinate/low_high in pairs, where time is a \
                range of indices (time/-12_0) and others are windows of values (lat/20_73)";
    let mut route = Route::get("/datasets/{id}/plot/{rest}")
        .summary("a picture of a variable")
        .parameter(Parameter::path("rest", path));
    for (name, words, schema) in options::PARAMETERS {
        route = route.parameter(Parameter::query(name, words).schema(schema));
    }
    let projections = MapProjection::names().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(",");
    let schema = format!("{{\"type\":\"string\",\"enum\":[{projections}]}}");
    route
        .parameter(Parameter::query("proj", "the projection of a map").schema(&schema))
        .answers(200, &["image/png", "image/svg+xml", "image/apng"], "the picture")
        .answers(400, &[JSON], "a selection or a parameter that cannot be, with what can")
        .answers(404, &[JSON], "no such dataset, variable, kind or colour map, with those that there are")
        .answers(413, &[JSON], "a picture, or what it would take to make it, exceeds a limit")
        .answers(500, &[JSON], "the data is damaged")
        .answers(501, &[JSON], "a grid or a type of data that is not drawn, or a codec that is not built in")
        .answers(503, &[JSON], "the server has no memory left now, or the data changed while it was read")
}

/// The names of all colour maps, for those who asked for another.
pub(crate) fn colour_map(name: &str) -> Result<ColourMap, Error> {
    ColourMap::named(name).ok_or_else(|| {
        let shown: String = name.chars().take(40).collect();
        let names = ColourMap::names().join(", ");
        Error::not_found(format!("colour map {shown:?} not found; there are {names}, and each with _r"))
    })
}

#[cfg(test)]
mod tests;
