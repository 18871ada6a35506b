//! Aggregations: what they hold, what they refuse, and how they follow their members.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

mod contract;
mod fill_values;
mod fixture;
mod following;
mod layouts;
mod ncml_files;
mod random_slabs;
mod refusals;
