//! Values with their coordinates, written piece by piece: CoverageJSON, CSV, JSON as records or columns, and Parquet.
//!
//! A [`Frame`] describes a rectangular part of some variables: the [`Coordinate`]s along (or beside) its dimensions, and the
//! [`Column`]s of values. [`csv`], [`records`], [`columns`] and [`parquet`] make a table of it, one row per element, row-major;
//! [`covjson`] a coverage. Who has the values calls for the beginning, gives values in order and in pieces of any length, and calls
//! for the end; nothing is held here but coordinates. NaN is `null` in JSON (and so is infinity) and in
//! Parquet, and `NaN` in CSV.
//!
//! Sources: the OGC CoverageJSON Community Standard 1.0 (<https://docs.ogc.org/cs/21-069r2/21-069r2.html>), RFC 4180, RFC 8259.
#![forbid(unsafe_code)]

pub mod columns;
pub mod covjson;
pub mod csv;
mod frame;
mod number;
pub mod parquet;
pub mod records;
mod time;

#[cfg(test)]
mod sample;

pub use frame::{Column, Coordinate, Frame, Labels};
pub use number::Numeric;
pub use time::{is_gregorian, time_labels};
