//! Objects of S3 stores and web servers: a real S3 server, and web servers that misbehave.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing test may panic: that is how it fails"
)]

mod changes;
mod faults;
mod fixtures;
mod moto;
mod proofs;
mod refusals;
mod s3;
mod secrets;
mod stores;
mod web;
mod web_server;

use std::path::Path;
use std::time::Duration;

use weir_datasets::{Access, AccessRules, Addresses, DataFile, Error, HostRule, ObjectUrl, Patience};

/// Patience for tests: what is asked for again is asked for soon.
fn patience() -> Patience {
    Patience {
        deadline: Duration::from_millis(1500),
        least_rate: 64 << 20,
        silence: Duration::from_millis(400),
        first_pause: Duration::from_millis(2),
        longest_pause: Duration::from_millis(20),
        revalidate: Duration::ZERO,
    }
}

/// Access to one web server of this machine.
fn access_to(origin: &str) -> Access {
    let hosts = vec![HostRule::parse(origin, Addresses::Private).unwrap()];
    Access::new(AccessRules { hosts, patience: patience(), ..AccessRules::default() }).unwrap()
}

/// Opens a URL as a reference in a file would.
fn open(access: &Access, url: &str) -> Result<DataFile, Error> {
    access.open(url, Path::new("/"))
}

fn url(text: &str) -> ObjectUrl {
    ObjectUrl::parse(text).unwrap()
}

/// Bytes whose values depend on their place.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251 + 1) as u8).collect()
}
