//! Parts of datasets, chosen by their coordinates.
//!
//! [`Axes`] says what lies along the dimensions of a variable: their coordinates, with values as doubles and times in the
//! dataset's own calendar. What is [`Wanted`] of one of them (a window of values, times, places by number, the nearest value)
//! becomes [`Indices`]; a [`Box`](BoundingBox) or a [`Place`] on the Earth becomes those of the horizontal dimensions, also where
//! the grid is curvilinear or a list of cells. A [`Cut`] holds what is chosen along each dimension, and makes of any variable
//! over them a [`Selection`], which is read as if it were one hyperslab, whether it is or not.
//!
//! Every refusal says what there is: the names of coordinates, and the range of their values.
#![forbid(unsafe_code)]

mod axes;
mod cells;
mod cut;
mod duration;
mod indices;
mod longitudes;
mod named;
mod nearest;
mod numbers;
mod period;
mod reading;
mod wanted;
mod window;

#[cfg(test)]
mod tests;

pub use axes::{Along, Axes, Labels, Measure};
pub use cells::{BoundingBox, Cells, Ground};
pub use cut::Cut;
pub use duration::Duration;
pub use indices::{Indices, Run};
pub use nearest::{Found, Place};
pub use numbers::{MOST_NUMBERS, numbers, times};
pub use period::{Period, Span};
pub use reading::Selection;
pub use wanted::{Bound, Wanted};
