//! HDF5 files as others write them, and as we do: what is shown of them, what is read of them, and what becomes of damaged ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod fixture;
mod hdf5_damage;
mod hdf5_schema;
mod hdf5_values;
#[path = "../shared/numbers.rs"]
mod numbers;
mod user_types;
mod written;
