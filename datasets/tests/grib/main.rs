//! GRIB files as others write them: what is shown of them, what is read of them, and what becomes of damaged ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod expectation;
mod fixture;
mod grib_damage;
mod grib_schema;
mod grib_values;
