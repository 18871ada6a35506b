//! Codecs as others write them, and what becomes of damaged streams.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod damage;
mod hdf5_filters;
mod zarr_codecs;
