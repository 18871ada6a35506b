//! The wire formats of the Data Access Protocol (DAP) as pure functions.
//!
//! Text goes in, text or bytes come out: nothing here opens a file, knows HTTP or reads a clock. Elements arrive as
//! big-endian blocks that somebody else has read.
#![forbid(unsafe_code)]

pub mod dap2;
