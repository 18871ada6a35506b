//! The `weir` binary: arguments, then a server, an index or a plugin check, then an exit code.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use weir_server::arguments::{Arguments, CatalogCommand, Command, ConfigCommand, PluginCommand};

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Serve(serve) => weir_server::serve::run(&serve),
        Command::CheckConfig(serve) => weir_server::configuration::check(&serve),
        Command::Config { command: ConfigCommand::Schema } => print(&weir_config::json_schema()),
        Command::Config { command: ConfigCommand::Reference } => print(&weir_config::reference()),
        Command::Index(index) => weir_server::index_command::run(&index),
        Command::Catalog { command: CatalogCommand::Export(export) } => {
            weir_server::catalog_export::run(&export)
        }
        Command::Plugin { command: PluginCommand::Check(check) } => {
            return weir_server::plugin_check::run(&check);
        }
        Command::PluginProbe(probe) => return weir_server::plugin_check::probe(&probe),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn print(text: &str) -> Result<(), Box<dyn Error>> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
