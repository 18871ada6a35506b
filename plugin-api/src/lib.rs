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
