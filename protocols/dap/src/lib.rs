//! The wire formats of the Data Access Protocol (DAP) as pure functions.
//!
//! Text goes in, text or bytes come out: nothing here opens a file, knows HTTP or reads a clock. Elements arrive as
//! blocks that somebody else has read, in the byte order of the protocol.
#![forbid(unsafe_code)]

pub mod dap2;
pub mod dap4;
mod real;
