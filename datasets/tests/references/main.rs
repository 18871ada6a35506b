//! Kerchunk reference sets: values as fsspec and zarr-python read them, sets of every kind, and hostile ones.

mod fixture;
mod reference_catalog;
mod reference_damage;
mod reference_values;
