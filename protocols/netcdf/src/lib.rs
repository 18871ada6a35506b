//! Writes files in the formats of netCDF, in order, so that they can be streamed: the classic ones, and [`netcdf4`].
//!
//! A [`Classic`] names dimensions, attributes and variables. [`Classic::plan`] computes the header, the exact length of the file
//! and the order of what follows the header; it chooses the oldest of CDF-1, CDF-2 (64-bit offsets) and CDF-5 (64-bit data) that
//! holds what is described. [`Plan::steps`] then says whose bytes come next, and whoever has the data sends them, big-endian,
//! with the padding behind them. This crate holds no data, does no I/O and has no clock.
//!
//! Source: "The NetCDF Classic Format Specification"
//! (<https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html>), and for CDF-5 the grammar of PnetCDF
//! (<https://parallel-netcdf.github.io/wiki/files/CDF_file_format.pdf>).
#![forbid(unsafe_code)]

mod attributes;
mod classic;
mod error;
mod external;
mod header;
pub mod netcdf4;
mod plan;

#[cfg(test)]
mod tests;

pub use classic::{Classic, Dimension, Variable};
pub use error::NetcdfError;
pub use external::External;
pub use plan::{Plan, Step, Steps, Version};
