//! Where results are found that are datasets of their own.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;
use weir_plugin_api::{Request, Response, form};

/// A format that another plugin makes of a result, once that is a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// As Zarr.
    Zarr,
    /// As a picture.
    Png,
}

/// Those, by the names that `format` takes.
pub const FORMATS: [(&str, Elsewhere); 2] = [("zarr", Elsewhere::Zarr), ("png", Elsewhere::Png)];

/// What stays as it is in paths.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

fn encoded(path: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(path, KEPT)
}

impl Elsewhere {
    /// What a request asks for.
    #[must_use]
    pub fn of(request: &Request<'_>) -> Option<Self> {
        let (_, wanted) = form::pairs(request.query()).find(|(name, _)| *name == "format")?;
        FORMATS.iter().find(|(name, _)| *name == wanted).map(|(_, format)| *format)
    }

    /// Sends a client to the variable of the dataset `id`, which has so many dimensions.
    #[must_use]
    pub fn answer(self, request: &Request<'_>, id: &str, (variable, rank): (&str, usize)) -> Response {
        let dataset = format!("{}/datasets/{}", request.base_url(), encoded(id));
        let kind = if rank == 1 { "line" } else { "image" };
        let location = match self {
            Self::Zarr => format!("{dataset}/zarr"),
            Self::Png => format!("{dataset}/plot/{}/{kind}", encoded(variable)),
        };
        let body = json!({ "dataset": id, "variable": variable, "location": location });
        let response = Response::full("application/json", format!("{body}\n")).status(303);
        response.header("Location", location).header("Cache-Control", "no-store")
    }
}
