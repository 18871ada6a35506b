//! Fields as pictures need them: values and grids of variables, thinned to what is seen.
//!
//! [`Laid`] says how a variable lies on the Earth. Its [`thin`](Laid::thin) leaves of the indices along each dimension those that a
//! picture of a size can show; [`grid`](Laid::grid) reads the coordinates of what is left, and [`values`] its numbers, unpacked, NaN
//! where one is missing. A [`Patch`] does both for the pixels of a window, and reads no more than these show.
//!
//! What takes memory asks for it through [`Admit`], or says how much it takes ([`bytes_of`], [`Laid::bytes`]).
#![forbid(unsafe_code)]

mod along;
mod cell;
mod corners;
mod grids;
mod laid;
mod overview;
mod patch;
#[cfg(feature = "testing")]
pub mod testing;
mod values;

pub use cell::Cell;
pub use laid::Laid;
pub use patch::{Admit, Patch};
pub use values::{bytes_of, packing, values};
