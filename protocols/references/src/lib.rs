//! Kerchunk reference sets as pure functions: sets of keys that lead to bytes elsewhere.
//!
//! [`ReferenceSet::read`] reads a JSON document of version 0 or 1, with its templates and generators; a [`Reference`] is what
//! a key of it means. [`Partitioning`] and [`Row`] say where a key of a partitioned (parquet) set stands and what its row
//! means, [`members`] takes apart the metadata document beside the partitions, and [`write`](write()) makes a document.
//!
//! Source: "References specification" of kerchunk (<https://fsspec.github.io/kerchunk/spec.html>); where it leaves something
//! open, what `fsspec.implementations.reference` does.
//!
//! A document is hostile input: every number is checked, and size, depth and count of all that it asks for have a limit (see
//! [`limits`]). This crate does no I/O.
#![forbid(unsafe_code)]

mod builder;
mod document;
mod error;
mod expression;
mod generator;
mod inline;
pub mod limits;
mod members;
mod partition;
mod reference;
mod set;
mod template;
mod tokens;
mod transcribe;
mod value;
mod write;

pub use error::{Error, ErrorKind};
pub use members::members;
pub use partition::{Meaning, Partitioning, Place, Row};
pub use reference::Reference;
pub use set::{Child, ChildKind, ReferenceSet};
pub use write::{entry, write};
