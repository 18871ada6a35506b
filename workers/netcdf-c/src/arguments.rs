//! The command line: `weir-netcdf-worker [--memory BYTES] [--allow PATH]... --device N --inode N FILE`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::answer::{Failure, Kind};
use crate::identity::Identity;

/// Address space, where the command line does not say how much.
const MEMORY: u64 = 4 << 30;

/// What the worker is told.
#[derive(Debug, PartialEq, Eq)]
pub struct Arguments {
    /// The file: an absolute path with all links resolved.
    pub file: PathBuf,
    /// Which file that must be.
    pub identity: Identity,
    /// Other files and folders that may be read.
    pub allowed: Vec<PathBuf>,
    /// Bytes of address space.
    pub memory: u64,
}

impl Arguments {
    /// Parses the command line.
    ///
    /// # Errors
    /// `BadRequest` for one that makes no sense, and for a path that netCDF-C could take for something else than a file.
    pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Self, Failure> {
        let mut arguments = arguments;
        let (mut file, mut allowed, mut memory) = (None, Vec::new(), MEMORY);
        let (mut device, mut inode) = (None, None);
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--memory") => memory = number(arguments.next())?,
                Some("--device") => device = Some(number(arguments.next())?),
                Some("--inode") => inode = Some(number(arguments.next())?),
                Some("--allow") => allowed.push(PathBuf::from(arguments.next().ok_or_else(usage)?)),
                _ if file.is_none() => file = Some(PathBuf::from(argument)),
                _ => return Err(usage()),
            }
        }
        let identity = Identity { device: device.ok_or_else(usage)?, inode: inode.ok_or_else(usage)? };
        let file = file.ok_or_else(usage)?;
        check_path(&file)?;
        Ok(Self { file, identity, allowed, memory })
    }
}

fn number(argument: Option<OsString>) -> Result<u64, Failure> {
    let number = argument.and_then(|argument| argument.to_str()?.parse().ok());
    number.ok_or_else(usage)
}

fn usage() -> Failure {
    let message = "usage: weir-netcdf-worker [--memory BYTES] [--allow PATH]... --device N --inode N FILE";
    Failure::new(Kind::BadRequest, message)
}

/// netCDF-C takes text with `://` for a URL of its network clients, and `[` at the beginning for options before one; it reads
/// `\` as `/` or as an escape.
fn check_path(path: &Path) -> Result<(), Failure> {
    let message = match path.to_str() {
        _ if !path.is_absolute() => "the path is not absolute",
        None => "the path is not UTF-8; rename the file or its folder",
        Some(text) if text.contains("://") => "the path looks like a URL",
        Some(text) if text.chars().any(|c| c == '\\' || c.is_control()) => {
            "the path has a backslash or a control character, which netCDF-C does not take literally; rename it"
        }
        Some(_) => return Ok(()),
    };
    Err(Failure::new(Kind::Unsupported, message))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test panics")]

    use super::*;

    fn check(line: &str, expected: Result<(&str, usize), Kind>) {
        let parsed = Arguments::parse(line.split(' ').map(OsString::from));
        let parsed = parsed.as_ref().map(|parsed| (parsed.file.to_str().unwrap(), parsed.allowed.len()));
        assert_eq!(parsed.map_err(|failure| failure.kind), expected, "{line}");
    }

    #[test]
    fn only_absolute_paths_are_files() {
        check("--device 1 --inode 2 /data/a.nc", Ok(("/data/a.nc", 0)));
        check(
            "--allow /data --allow /more --memory 9 --device 1 --inode 2 /data/a.nc",
            Ok(("/data/a.nc", 2)),
        );
        check("/data/a.nc", Err(Kind::BadRequest));
        check("--device 1 --inode 2", Err(Kind::BadRequest));
        check("--device x --inode 2 /data/a.nc", Err(Kind::BadRequest));
        check("--device 1 --inode 2 /data/a.nc /data/b.nc", Err(Kind::BadRequest));
        for path in ["a.nc", "http://host/a.nc", "/data/http://host/a", "[mode=bytes]/a", "/a\\b", "/a\nb"] {
            check(&format!("--device 1 --inode 2 {path}"), Err(Kind::Unsupported));
        }
    }
}
