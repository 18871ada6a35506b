//! Serves maps of variables: WMS 1.1.1 and 1.3.0 at `/datasets/{id}/wms` and `/thredds/wms/{id}`, and tiles of pictures and of values
//! below `/datasets/{id}/tiles/`.
//!
//! Both draw the same: a `Layer` is a variable that lies on the Earth, a `Style` says its colours, and of its field only what the pixels
//! of a window show is read. The range of colours is that of the whole variable, so that neighbouring tiles match.
#![forbid(unsafe_code)]

mod asking;
mod capabilities;
mod crs;
mod dimension;
mod info;
mod keys;
mod layer;
mod legend;
mod map;
mod metadata;
mod ranges;
mod refusal;
mod routes;
mod style;
mod tile;
mod tile_address;
mod tile_sets;
mod times;
mod version;
mod wms;
mod xml;

use weir_plugin_api::{Error, Host, Plugin, Request, Response, Route};

use crate::asking::Asking;
use crate::keys::Keys;
use crate::ranges::Ranges;
use crate::routes::{Kind, ROUTES};
use crate::tile_address::Address;
use crate::version::Version;

/// The plugin.
pub struct MapsPlugin {
    host: Host,
    ranges: Ranges,
}

impl Plugin for MapsPlugin {
    const NAME: &'static str = "maps";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        match config.trim() {
            "" | "{}" => Ok(Self { host, ranges: Ranges::default() }),
            _ => Err(Error::bad_request("nothing can be configured")),
        }
    }

    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let kind = kind(request)?;
        let asking = Asking { host: self.host, request, ranges: &self.ranges };
        match kind {
            Kind::MatrixSets => Ok(tile_sets::matrix_sets(request.base_url())),
            Kind::MatrixSet => Ok(tile_sets::matrix_set()),
            Kind::Wms => {
                let dataset = self.host.open(request, request.dataset_id())?;
                wms::answer(&asking, &dataset, &Keys::parse(request.query())?)
            }
            Kind::Tiles => {
                let dataset = self.host.open(request, request.dataset_id())?;
                let keys = Keys::parse(request.query())?;
                match Address::parse(request.rest(), &keys)? {
                    Address::TileSets => tile_sets::all(&asking, &dataset),
                    Address::TileSet(name) => tile_sets::one(&asking, &dataset, name),
                    Address::TileJson(name) => tile_sets::tile_json(&asking, &dataset, name),
                    Address::Tile(name, tile, content) => {
                        tile::answer(&asking, (&dataset, name), (tile, content), &keys)
                    }
                }
            }
        }
    }

    fn render_error(&self, request: &Request<'_>, _status: u16, message: &str) -> Option<Response> {
        if kind(request).ok()? != Kind::Wms {
            return None;
        }
        // A query that cannot be read has no version.
        let keys = Keys::parse(request.query()).unwrap_or_default();
        refusal::report(Version::of(&keys).unwrap_or_else(|_| Version::negotiated(&keys)), message)
    }
}

fn kind(request: &Request<'_>) -> Result<Kind, Error> {
    let found = ROUTES.get(request.route()).map(|(_, kind)| *kind);
    found.ok_or_else(|| Error::internal(format!("there is no route {}", request.route())))
}

#[cfg(test)]
mod tests;
