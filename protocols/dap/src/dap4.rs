//! DAP4: constraint expressions, the DMR, data in response chunks, and what leads to them.
//!
//! The way of a request is that of DAP2 next door: the [query](Query::parse) holds a [`Constraint`]; the dataset's schema is turned
//! into an [`Inventory`]; both together [resolve](View::resolve) to a [`View`], which names variables and checked
//! [selections](Selection) only. A view has a [document](document::Dataset), which is [written](dmr::write) as a DMR, and
//! each of its variables has a [`Form`], by which its stored elements are [encoded](data::encode).
//!
//! Sources: "DAP4 Specification" (<https://opendap.github.io/dap4-specification/DAP4.html>), and what netCDF-C 4.9.0 and 4.10,
//! libdap 3.20 and pydap really read.

mod atomic_type;
mod attributes;
mod checksum;
pub mod constraint;
pub mod data;
pub mod dmr;
pub mod document;
pub mod error;
mod fault;
mod filter;
mod form;
pub mod html;
mod inventory;
mod maps;
pub mod names;
mod query;
pub mod response_chunk;
mod selection;
pub mod services;
mod size;
mod view;

pub use atomic_type::AtomicType;
pub use checksum::{Checksum, Checksums};
pub use constraint::Constraint;
pub use fault::{Fault, Reason};
pub use form::{Field, Form, Formless, Part};
pub use inventory::{DimensionEntry, Entry, GroupEntry, Hidden, HiddenBecause, Inventory};
pub use query::{BadQuery, Query};
pub use selection::{Hyperslabs, Selection};
pub use size::Size;
pub use view::{Projected, View};

#[cfg(test)]
pub(crate) mod samples;
