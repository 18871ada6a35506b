//! Serves parts of datasets as files to download: `/datasets/{id}/subset`, and the same in the words of THREDDS' NetCDF Subset
//! Service below `/thredds/ncss/grid/`.
//!
//! What is asked in either spelling becomes one `Asked`. `chosen` turns it into indices of dimensions, `classic` and `netcdf4` into a
//! netCDF file whose length is known before its first byte, and `table` into rows of texts or of Parquet.
//! All of them are read and sent piece by piece.
#![forbid(unsafe_code)]

mod asked;
mod attributes;
mod chosen;
mod classic;
mod description;
mod elements;
mod format;
mod longitudes;
mod members;
mod ncss;
mod ncss_xml;
mod netcdf4;
mod routes;
mod table;
mod table_body;
mod texts;

use weir_plugin_api::{Error, ErrorKind, Host, Plugin, Request, Response, Route, configuration};

use crate::asked::Asked;
use crate::format::Format;

/// The plugin.
pub struct SubsetPlugin {
    host: Host,
}

/// What a site may say: nothing.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {}

impl Plugin for SubsetPlugin {
    const NAME: &'static str = "subset";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        let Configuration {} = configuration(config)?;
        Ok(Self { host })
    }

    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let asked = match request.route() {
            routes::DESCRIPTION => return description::answer(self.host, request),
            routes::SUBSET => Asked::parse(request.query()),
            _ => ncss::parse(request.query()),
        };
        self.answer(request, &asked?)
    }
}

impl SubsetPlugin {
    fn answer(&self, request: &Request<'_>, asked: &Asked) -> Result<Response, Error> {
        let dataset = self.host.open(request, request.dataset_id())?;
        let parts = chosen::parts(&dataset, asked)?;
        let response = match asked.format {
            Format::Netcdf3 => classic::answer((self.host, request), dataset, (asked, &parts)),
            Format::Netcdf4 => netcdf4::answer((self.host, request), dataset, (asked, &parts)),
            _ => table::answer((self.host, request), dataset, (asked, parts)),
        };
        let response = response.map_err(|error| match error.kind {
            ErrorKind::TooLarge => Error::too_large(format!(
                "{}; split it, for example along time with time=start/end, into boxes with bbox=west,south,east,north, or one variable at a time",
                error.message
            )),
            _ => error,
        })?;
        let name = asked.format.file_name(request.dataset_id());
        Ok(response
            .header("content-disposition", format!("attachment; filename=\"{name}\""))
            .stable()
            .costly())
    }
}

#[cfg(test)]
mod tests;
