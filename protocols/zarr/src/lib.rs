//! Zarr as pure functions: a [`Schema`](weir_model::Schema) seen as a Zarr hierarchy, in version 2 and in version 3.
//!
//! An [`Array`] is a variable that Zarr can describe; its [`Encoding`] says whether the chunks that lie in the file can be
//! handed out as they are, and [`Array::raw`] shows them as they are whatever they went through. [`v2`] and [`v3`] write the metadata documents, [`consolidated`] joins them, [`Key::parse`] reads
//! what a client asks for, [`document()`] answers it, and [`chunk`] and [`text`] lay out the bytes of chunks that must be made anew.
//!
//! Sources: the Zarr specifications, version 2 (<https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html>) and version 3
//! (<https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html>). What xarray adds to them is said where it matters.
//!
//! This crate does no I/O and knows nothing of HTTP.
#![forbid(unsafe_code)]

mod array;
mod attributes;
mod bit_round;
mod chain;
pub mod chunk;
mod compressor;
pub mod consolidated;
mod document;
mod element;
mod encoding;
mod fill;
mod key_order;
mod keys;
pub mod listing;
mod members;
mod product;
mod recipe;
pub mod shard;
mod spelling;
pub mod text;
mod unwritten;
pub mod v2;
pub mod v3;

pub use array::Array;
pub use bit_round::BitRound;
pub use chain::Chain;
pub use compressor::{BloscName, BloscShuffle, Compressor};
pub use document::document;
pub use element::ElementType;
pub use encoding::{Encoding, Source};
pub use keys::{Format, Key};
pub use members::{Arrays, Hidden, Hierarchy, Layouts, Node};
pub use product::{Coordinates, Making, Product, Unpacked};
pub use recipe::{Recipe, Selection, Step};
pub use spelling::{meant, names_member};

#[cfg(test)]
mod ocean;
