//! Kerchunk reference sets: values as fsspec and zarr-python read them, sets of every kind, and hostile ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod fixture;
#[path = "../shared/numbers.rs"]
mod numbers;
mod reference_catalog;
mod reference_damage;
mod reference_values;
