//! Searching: what a client may ask of items, as values that only parsing makes, and the records that are searched.

pub mod bbox;
pub mod datetime;
pub mod fields;
pub mod filter;
pub mod geometry;
pub mod page;
pub mod record;
pub mod sort;
pub mod wanted;
