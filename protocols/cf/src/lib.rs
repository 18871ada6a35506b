//! The CF conventions (climate and forecast metadata) as pure functions.
//!
//! - A [`Calendar`] counts days; [`time`] reads `days since 2000-01-01`, turns numbers into dates and dates into numbers, and
//!   moves numbers from one reference date to another.
//! - [`packing`] turns stored numbers into those that are meant, and tells which are missing.
//! - [`axes`] says what a coordinate measures; [`Coordinates`] finds those of a variable, with their bounds.
//! - [`steps()`] finds the dimension along which a dataset grows.
//! - [`grid_mapping`] reads projections, [`horizontal`] recognises kinds of grids, HEALPix and meshes among them.
//! - [`extent`] turns the numbers of coordinates into boxes on the Earth.
//! - [`cell_methods()`], [`pairs`] and [`keyed_lists`] read attributes that are lists.
//!
//! Source: the CF conventions, version 1.11 (<https://cfconventions.org/cf-conventions/cf-conventions.html>); sections are
//! named where a rule comes from. Where CF leaves a choice, the choice of the Python packages `cftime` and `xarray` is taken,
//! because the same file must mean the same there and here; what is read more strictly than there is said where it is.
//!
//! This crate does no I/O, has no clock, and knows nothing of HTTP or of file formats.
#![forbid(unsafe_code)]

pub mod axes;
mod calendar;
mod cell_methods;
mod coordinates;
pub mod extent;
pub mod grid_mapping;
pub mod horizontal;
pub mod packing;
mod scope;
mod steps;
pub mod time;
mod tokens;

#[cfg(test)]
mod sample;

pub use calendar::{Calendar, CalendarError, Date, YEARS};
pub use cell_methods::{CellMethod, cell_methods};
pub use coordinates::{Bounds, Coordinate, Coordinates, coordinate_variable, related};
pub use scope::{Located, find};
pub use steps::{Steps, steps};
pub use tokens::{Keyed, SyntaxError, keyed_lists, names, pairs};
