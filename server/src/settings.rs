//! Settings: what the command line says, else the configuration, else the default.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;
use weir_config::{Compression, Config};
use weir_datasets::memory_budget::DEFAULT_BUDGET;

use crate::arguments::{LEAST_BUDGET, Serve};

/// Requests wait this long for a dataset to change: shorter than the minute after which proxies give up by default.
const LONGEST_WAIT: Duration = Duration::from_secs(50);

/// Folders are looked through this often, because not every file system tells what happens in them.
const RESCAN: Duration = Duration::from_secs(600);

/// Responses under way may take this long after the server was told to stop.
const DRAIN: Duration = Duration::from_secs(30);
/// So many datasets may plugins publish at a time, where a site says nothing.
const PUBLISHED_DATASETS: usize = 1000;

/// How the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The URL under which clients reach the server, where that is not the address it listens on.
    pub public_url: Option<String>,
    /// Networks of proxies that say how the server is reached.
    pub trusted_proxies: Vec<IpNet>,
    /// The largest response that is served, in bytes.
    pub max_response: u64,
    /// How many datasets plugins may publish at a time.
    pub published_datasets: usize,
    /// Memory for reading, in bytes.
    pub memory_budget: u64,
    /// How long a request waits for memory.
    pub memory_wait: Duration,
    /// How long a request may wait for a dataset to change.
    pub longest_wait: Duration,
    /// How long it takes at most until new and removed files are noticed; for ever where it is `None`, if the file system tells
    /// nothing of them.
    pub rescan: Option<Duration>,
    /// Whether responses are compressed for clients that ask for it.
    pub compression: Compression,
    /// For how long a server that was told to stop goes on, not ready any more.
    pub stop_delay: Duration,
    /// How long responses under way may take after that.
    pub drain: Duration,
}

impl Settings {
    /// The settings of a server.
    ///
    /// # Errors
    /// A memory budget of the configuration that is too little.
    pub fn of(serve: &Serve, config: &Config) -> Result<Self, String> {
        let server = &config.server;
        let memory_budget =
            serve.memory_budget.or(server.memory_budget.map(|size| size.0)).unwrap_or(DEFAULT_BUDGET);
        if memory_budget < LEAST_BUDGET {
            let (file, least) = (config.file.display(), LEAST_BUDGET >> 20);
            return Err(format!("{file}: memory_budget is too little; at least {least}MiB are needed"));
        }
        let wait = serve.memory_wait.map(Duration::from_secs);
        Ok(Self {
            listen: serve.listen.or(server.listen).unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            public_url: serve.public_url.clone().or_else(|| server.public_url.clone()),
            trusted_proxies: trusted_proxies(&serve.trusted_proxy, config)?,
            max_response: serve.max_response.or(server.max_response.map(|size| size.0)).unwrap_or(500 << 20),
            published_datasets: server.published_datasets.unwrap_or(PUBLISHED_DATASETS),
            memory_budget,
            longest_wait: server.longest_wait.map_or(LONGEST_WAIT, |wait| wait.0),
            rescan: Some(
                serve
                    .rescan
                    .map(Duration::from_secs)
                    .or(server.rescan.map(|every| every.0))
                    .unwrap_or(RESCAN),
            )
            .filter(|every| !every.is_zero()),
            compression: server.compression.unwrap_or_default(),
            stop_delay: server.stop_delay.map_or(Duration::ZERO, |delay| delay.0),
            drain: server.drain.map_or(DRAIN, |drain| drain.0),
            memory_wait: wait.or(server.memory_wait.map(|wait| wait.0)).unwrap_or(Duration::from_secs(20)),
        })
    }
}

/// Networks, or single addresses.
fn trusted_proxies(typed: &[String], config: &Config) -> Result<Vec<IpNet>, String> {
    let all = typed.iter().chain(&config.server.trusted_proxies);
    let network = |text: &String| {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_no_network| address()).map_err(|_no_address| {
            format!(
                "trusted_proxies: {text:?} is no address and no network; write such as 10.0.0.1 or 10.0.0.0/8"
            )
        })
    };
    all.map(network).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command};

    fn settings(arguments: &[&str], config: &str) -> Result<Settings, String> {
        let all = ["weir", "serve", "--config", "weir.toml"].into_iter().chain(arguments.iter().copied());
        let Command::Serve(serve) = Arguments::try_parse_from(all).unwrap().command else {
            panic!("it is no serve");
        };
        Settings::of(&serve, &Config::parse(config, Path::new("weir.toml")).unwrap())
    }

    #[test]
    fn the_command_line_counts_more_than_the_configuration() {
        let config = "[server]\nlisten = \"127.0.0.1:1\"\nmax_response = \"1GiB\"\nmemory_wait = \"1min\"";
        let found = settings(&["--listen", "127.0.0.1:2"], config).unwrap();
        assert_eq!((found.listen.port(), found.max_response), (2, 1 << 30));
        assert_eq!((found.memory_budget, found.memory_wait), (1 << 30, Duration::from_secs(60)));
        let found = settings(&[], "").unwrap();
        assert_eq!((found.listen.to_string().as_str(), found.max_response), ("127.0.0.1:8080", 500 << 20));
        let refused = settings(&[], "[server]\nmemory_budget = \"1MiB\"").unwrap_err();
        assert_eq!(refused, "weir.toml: memory_budget is too little; at least 64MiB are needed");
    }
}
