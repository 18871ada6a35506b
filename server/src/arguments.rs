//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Serves archives of scientific data over every protocol that scientists' tools speak.
#[derive(Debug, Parser)]
#[command(name = "weir", version, about, arg_required_else_help = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve files and directories of data
    Serve(Serve),
    /// Check a configuration, its datasets and plugins, as `serve` would with the same arguments, and serve nothing
    CheckConfig(Serve),
    /// Print what a configuration file may hold
    Config {
        /// What to print.
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Learn all about data files ahead, so that a server opens them at once
    Index(Index),
    /// Work with the catalog of datasets
    Catalog {
        /// What to do with it.
        #[command(subcommand)]
        command: CatalogCommand,
    },
    /// Work with plugins
    Plugin {
        /// What to do with them.
        #[command(subcommand)]
        command: PluginCommand,
    },
    /// Load a plugin and say how it went; run by `plugin check`, so that a crash ends only this process
    #[command(hide = true)]
    PluginProbe(PluginFile),
}

/// What to print of configuration files.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Their JSON Schema, for editors
    Schema,
    /// All sections and fields, in Markdown
    Reference,
}

/// What to do with plugins.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// Say whether this server can load a plugin, and why not
    Check(PluginFile),
}

/// What to do with the catalog of datasets.
#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// Write the catalog as files that need no server; their links to data lead to the server at --public-url
    Export(Export),
}

/// What to write, and where.
#[derive(Debug, Args)]
pub struct Export {
    /// The folder to write to; it is made, or must be empty
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The datasets, and how they are served.
    #[command(flatten)]
    pub serve: Serve,
}

/// A plugin's file.
#[derive(Debug, Args)]
pub struct PluginFile {
    /// The shared library
    #[arg(value_name = "FILE.so")]
    pub file: PathBuf,
}

/// How to serve.
#[derive(Debug, Args)]
pub struct Serve {
    /// Data files, directories of them, or URLs of files (s3, https, http); a dataset's id is its name, or its path below
    /// the directory. Buckets are reached as the AWS_ variables say
    #[arg(required_unless_present = "config", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Configuration file (TOML): datasets, aggregations, object stores, and what is set here; the command line counts more, and
    /// then variables of the environment such as WEIR_LISTEN
    #[arg(long, value_name = "FILE", env = "WEIR_CONFIG")]
    pub config: Option<PathBuf>,
    /// Write a configuration file that says the same as these arguments, and serve nothing; - prints it
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub save_config: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Directory with plugins (*.so) to load
    #[arg(long, value_name = "DIR")]
    pub plugins: Option<PathBuf>,
    /// Do not use the plugins that are linked in
    #[arg(long)]
    pub no_builtin_plugins: bool,
    /// How log lines look
    #[arg(long, default_value = "human")]
    pub log_format: LogFormat,
    /// The largest response that is served, such as 500MiB or 2GiB [default: 500MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_response: Option<u64>,
    /// Memory for serving: half of it (at least 48MiB) is for requests, which wait where they do not fit; the rest is dealt out to
    /// caches of chunks, open datasets and what else is kept [default: 1GiB, at least: 64MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_budget)]
    pub memory_budget: Option<u64>,
    /// How many seconds a request waits for memory before it is told to come again [default: 20]
    #[arg(long, value_name = "SECONDS")]
    pub memory_wait: Option<u64>,
    /// How many seconds it takes at most until new and removed files are noticed where the file system tells nothing of them, as
    /// those of networks do; 0 for never [default: 600]
    #[arg(long, value_name = "SECONDS")]
    pub rescan: Option<u64>,
    /// The URL under which clients reach this server, where that is not the address it listens on
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Address or network of a proxy that is believed when it says under which URL clients reach the server (X-Forwarded-Host,
    /// -Proto, -Prefix), where --public-url is not given; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub trusted_proxy: Vec<String>,
    /// The file that keeps what is learnt of data files; weir/index.redb in the user's cache directory where it is not given
    #[arg(long, value_name = "FILE")]
    pub index: Option<PathBuf>,
    /// Do not keep what is learnt of data files
    #[arg(long, conflicts_with = "index")]
    pub no_index: bool,
}

/// What to index.
#[derive(Debug, Args)]
pub struct Index {
    /// Data files, or directories of them, as they are served
    #[arg(required_unless_present = "config", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Configuration file (TOML) whose datasets are indexed, too
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The index's file; weir/index.redb in the user's cache directory where it is not given
    #[arg(long = "index", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Also decode every chunk once, so that no response has to be proven before it is sent
    #[arg(long)]
    pub verify: bool,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// With less, ordinary requests would not fit.
pub const LEAST_BUDGET: u64 = weir_datasets::memory_budget::LEAST_BUDGET;

fn parse_budget(text: &str) -> Result<u64, String> {
    let bytes = parse_size(text)?;
    if bytes < LEAST_BUDGET {
        return Err(format!("{text} is too little; at least {}MiB are needed", LEAST_BUDGET >> 20));
    }
    Ok(bytes)
}

/// Parses a size: digits, then nothing, `KiB`, `MiB` or `GiB`.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text.get(digits.len()..).unwrap_or_default().trim() {
        "" | "B" => 1,
        "KiB" => 1_u64 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        other => return Err(format!("unknown unit {other:?}; use KiB, MiB or GiB")),
    };
    let number: u64 = digits.parse().map_err(|e| format!("{digits:?} is not a whole number: {e}"))?;
    number.checked_mul(unit).ok_or_else(|| format!("{text} is more than 64 bits can count"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(parse_size(text).ok(), expected, "{text}");
    }

    #[test]
    fn sizes_have_binary_units() {
        check("500MiB", Some(500 << 20));
        check("2 GiB", Some(2 << 30));
        check("17", Some(17));
        check("1KiB", Some(1024));
        check("1MB", None);
        check("-1", None);
        check("MiB", None);
        check("18446744073709551615GiB", None);
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
