//! Fields as pictures need them: values and grids of variables, thinned to what is seen.
//!
//! [`Laid`] says how a variable lies on the Earth. Its [`thin`](Laid::thin) leaves of the indices along each dimension those that a
//! picture of a size can show; [`grid`](Laid::grid) reads the coordinates of what is left, and [`values`] its numbers, unpacked, NaN
//! where one is missing. Nothing here asks for memory: [`bytes_of`] and [`Laid::bytes`] say what must be admitted before.
#![forbid(unsafe_code)]

mod grids;
mod laid;
mod overview;
mod values;

pub use laid::Laid;
pub use values::{bytes_of, packing, values};
