//! The server: HTTP and life cycle.
//!
//! A request goes one way: `connections` accepts it, `routes` finds the plugin, `exchange` lets the plugin answer on a
//! blocking thread, `reply` and `respond` turn the answer or the error into a response, and `stream` pulls its body. `services` is what
//! plugins get from the server. No protocol is known here.

pub mod arguments;
mod banner;
mod built_in;
pub mod catalog_export;
mod coding;
mod conditional;
pub mod configuration;
mod configured;
mod connections;
mod deflating;
mod encoder;
mod exchange;
mod failing;
mod failures;
mod held;
mod holdings;
pub mod index_command;
mod index_file;
mod kept;
mod lane;
mod linked;
pub mod loader;
mod logging;
mod metrics;
mod parts;
mod pieces;
pub mod plugin_check;
mod plugins;
pub mod preflight;
mod public;
mod ranges;
mod reach;
mod ready;
mod reply;
mod request_body;
mod request_line;
mod respond;
mod routes;
pub mod serve;
mod services;
mod settings;
mod stream;
mod waiting;
mod watch;
