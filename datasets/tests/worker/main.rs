//! What weir's own readers cannot read: refused with a reason, or, with the feature `netcdf-c`, read by a worker.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failing test panics")]

#[cfg(feature = "netcdf-c")]
mod built_worker;
#[cfg(feature = "netcdf-c")]
mod failures;
mod folder;
#[cfg(feature = "netcdf-c")]
mod served;
#[cfg(not(feature = "netcdf-c"))]
mod without;
