//! Zarr stores as others write them: what is shown of them, what is read of them, and what becomes of damaged ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod fixture;
#[path = "../shared/numbers.rs"]
mod numbers;
mod zarr_damage;
mod zarr_schema;
mod zarr_values;
