//! Write a weir plugin in safe Rust.
//!
//! A plugin is one type that implements [`Plugin`]; a two-line crate of type `cdylib` turns it into a `.so`:
//!
//! ```ignore
//! //! The plugin as a shared library.
//! weir_plugin_api::export_plugin!(my_plugin::MyPlugin);
//! ```
//!
//! What crosses the boundary is the plain C ABI of `weir-plugin-abi`; nothing of Rust's own layout does, so a plugin and a
//! server may be built by different compilers, years apart.
//!
//! A plugin may also make datasets, which every other plugin then serves: it [publishes](Host::publish) each with a recipe of its
//! own, and its [`Provider`] answers for them. One that doubles a variable:
//!
//! ```
//! use std::sync::Arc;
//! use weir_plugin_api::{
//!     Error, Host, Made, Plugin, Provider, Publication, Published, Request, Response, Route, Wanted,
//! };
//! use weir_plugin_api::model::ByteOrder;
//!
//! struct Doubling(Host);
//!
//! impl Plugin for Doubling {
//!     const NAME: &'static str = "doubling";
//!     const VERSION: &'static str = "1.0.0";
//!     const MIN_HOST_MINOR: u32 = 5;
//!
//!     fn create(host: Host, _: &str) -> Result<Self, Error> {
//!         host.publish(Publication { id: "day.nc/twice", recipe: b"day.nc", lifetime: None })?;
//!         Ok(Self(host))
//!     }
//!
//!     fn routes(&self) -> Vec<Route> {
//!         vec![]
//!     }
//!
//!     fn handle(&self, _: &Request<'_>) -> Result<Response, Error> {
//!         Err(Error::not_found("it has no routes"))
//!     }
//!
//!     fn provider(&self) -> Option<&dyn Provider> {
//!         Some(self)
//!     }
//! }
//!
//! impl Doubling {
//!     fn source(&self, published: &Published<'_>) -> Result<weir_plugin_api::Dataset, Error> {
//!         let id = std::str::from_utf8(published.recipe());
//!         published.open(&self.0, id.map_err(|e| Error::internal(e.to_string()))?)
//!     }
//! }
//!
//! impl Provider for Doubling {
//!     fn describe(&self, published: &Published<'_>) -> Result<Made, Error> {
//!         let source = self.source(published)?;
//!         let generation = format!("twice {}", source.generation()?);
//!         let mut schema = source.schema()?.as_ref().clone();
//!         schema.root.variables.retain(|variable| variable.name == "tas");
//!         schema.root.variables.iter_mut().for_each(|variable| variable.storage.codecs.clear());
//!         Ok(Made { generation, schema: Some(Arc::new(schema)) })
//!     }
//!
//!     fn read(&self, published: &Published<'_>, wanted: Wanted<'_>, out: &mut [u8]) -> Result<(), Error> {
//!         let source = self.source(published)?;
//!         if format!("twice {}", source.generation()?) != published.generation() {
//!             return Err(Error::new(weir_plugin_api::ErrorKind::Unavailable, "it was changed; ask again"));
//!         }
//!         source.read(wanted.variable, wanted.slab, wanted.order, out)?;
//!         for four in out.as_chunks_mut::<4>().0 {
//!             *four = match wanted.order {
//!                 ByteOrder::Big => (f32::from_be_bytes(*four) * 2.0).to_be_bytes(),
//!                 ByteOrder::Little => (f32::from_le_bytes(*four) * 2.0).to_le_bytes(),
//!             };
//!         }
//!         Ok(())
//!     }
//! }
//! ```
//!
//! [`Host`] and [`Dataset`] are what a plugin sees of the server. [`lent`] and [`guest`] are the other side of the boundary:
//! what a server implements, and how it holds a plugin. All `unsafe` of the boundary is in this crate.

pub mod blocks;
mod bytes;
mod configuration;
mod description;
mod error;
pub mod export;
mod export_publish;
mod facts;
pub mod form;
pub mod guest;
mod guest_publish;
mod host;
pub mod lent;
mod lent_catalog;
mod lent_place;
mod lent_publish;
mod lent_table;
pub mod manifest;
mod place;
mod plugin;
mod publish;
mod request;
mod response;
mod route;
mod schema_document;
#[cfg(feature = "testing")]
pub mod testing;

pub use bytes::Bytes;
pub use configuration::configuration;
pub use description::{Described, Description, Parameter, Stands};
pub use error::{Error, ErrorKind};
pub use facts::{Child, Entry, PluginFacts, ServerFacts, Trouble, Troubles};
pub use host::{Dataset, Host, LogLevel};
pub use lent::StoredChunk;
pub use place::{ChunkPlace, FileInfo, Place, PlaceBytes, Source, StoredPlace};
pub use plugin::Plugin;
pub use publish::{Made, Provider, Publication, Published, Wanted};
pub use request::Request;
pub use response::{Body, Content, Response};
pub use route::{Route, RouteError};
pub use schema_document::{schema_from_document, schema_to_document};
pub use weir_model as model;
pub use weir_plugin_abi as abi;
