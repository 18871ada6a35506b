//! The nouns that every part of weir shares.
//!
//! A dataset is described by a [`Schema`]: groups, dimensions, variables and attributes in the order in which they were
//! declared. A part of a variable is named by a [`Hyperslab`], which only a bounds check can make. A [`ChunkGrid`] says how
//! chunks tile a variable, and its [plan](ChunkGrid::plan) says which part of which chunk goes where.
//!
//! This crate knows nothing else: no wire format, no file format, no I/O.
#![forbid(unsafe_code)]

mod attribute;
mod chunk_grid;
mod data_type;
mod default_fill;
mod hyperslab;
mod packed;
mod pieces;
mod schema;

pub use attribute::{Attribute, Value};
pub use chunk_grid::{AxisPart, ChunkGrid, ChunkPlan, GridError, Part};
pub use data_type::{ByteOrder, DataType, EnumMember, Field};
pub use default_fill::default_fill;
pub use hyperslab::{Hyperslab, Misfit, Stride};
pub use packed::{Packed, PackedError, pack_count};
pub use pieces::Pieces;
pub use schema::{Codec, Dimension, Group, Schema, Storage, Variable};
