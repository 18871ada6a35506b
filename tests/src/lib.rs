//! What black-box tests need: the built server, an HTTP client that sends what it is told, and data whose values are known.
//!
//! Nothing here knows an internal crate: the tests see what a client and an admin see.

mod client;
mod netcdf3;
mod server;

pub use client::{Client, Reply};
pub use netcdf3::{Netcdf3, Values, small_folder};
pub use server::{Binaries, Mode, Server, binaries};
