//! Values and coordinates in, pictures out.
//!
//! - A [`Grid`] knows in which cell of its data a place on the Earth lies; a [`Window`] knows the place of each pixel of a map.
//!   [`Resampling`] brings the two together: it is made once, and then turns the values of any field on the grid into pixels.
//! - A [`MapPicture`] or a [`Chart`] is what people look at: with colour bar, axes, coastlines and words. It becomes a [`Scene`],
//!   and that becomes pixels ([`Scene::pixels`]) or SVG ([`Scene::svg`]); [`png_of`] and [`animation_of`] write files.
//!
//! This crate does no I/O, has no clock, and knows nothing of HTTP or of file formats of data.
#![forbid(unsafe_code)]

mod axis_cells;
mod chart;
mod coastlines;
mod colour_map;
mod colour_scale;
mod contours;
mod dots;
mod frame;
mod grid;
mod legend;
mod map_picture;
mod map_projection;
mod pixels;
mod png_file;
mod points;
mod polygons;
mod rectilinear;
mod resampling;
mod scene;
mod svg;
mod text;
mod ticks;
mod window;

pub use axis_cells::{AxisCells, AxisError};
pub use chart::{Chart, Drawn, Mesh};
pub use coastlines::Coastlines;
pub use colour_map::{Colour, ColourMap};
pub use colour_scale::{ColourScale, Spread};
pub use contours::contour_lines;
pub use dots::scattered;
pub use frame::Frame;
pub use grid::{Bounds, Grid, HealpixCells};
pub use legend::Legend;
pub use map_picture::MapPicture;
pub use map_projection::{MapProjection, View};
pub use pixels::Pixels;
pub use png_file::{EncodeError, animation_of, png_of, png_of_values};
pub use points::Points;
pub use polygons::Polygons;
pub use rectilinear::{Order, Rectilinear};
pub use resampling::{Resampling, Sampling};
pub use scene::{Area, Mark, Scene, Stand};
pub use ticks::{Axis, Tick, brief, latitude, longitude, nice_ticks};
pub use window::Window;

/// A place on the Earth, in degrees east and north.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
}

/// Degrees between -180 and 180 (180 itself is -180).
pub(crate) fn signed(degrees: f64) -> f64 {
    (degrees + 180.0).rem_euclid(360.0) - 180.0
}
