//! The file of the index: where it lies, and what becomes of a server that cannot have it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use weir_config::Config;
use weir_datasets::index::Index;

use crate::arguments::Serve;

/// The index that a server uses, with `memory` bytes of memory. Without one it serves the same, only slower, so nothing about it keeps a server from starting.
pub fn for_serving(serve: &Serve, config: &Config, memory: u64) -> Option<Arc<Index>> {
    if serve.no_index {
        return None;
    }
    open(serve.index.as_deref(), config, memory)
        .inspect_err(|reason| {
            tracing::warn!(reason, "nothing learnt of data files is kept; --index names another file");
        })
        .ok()
}

/// Opens the index, with `memory` bytes of memory, in `file`, in the one that the configuration names, or in the user's cache directory.
///
/// # Errors
/// Text that names the file, and says why it cannot be had.
pub fn open(file: Option<&Path>, config: &Config, memory: u64) -> Result<Arc<Index>, String> {
    let path = path(file, config)?;
    let opened = Index::open_within(&path, memory);
    opened.map_err(|error| format!("the index {} cannot be used: {error}", path.display()))
}

fn path(file: Option<&Path>, config: &Config) -> Result<PathBuf, String> {
    let configured = || config.server.index.as_ref().map(|file| config.folder().join(file));
    match file.map(Path::to_owned).or_else(configured) {
        Some(file) => Ok(file),
        None => default_path(std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from), std::env::home_dir()),
    }
}

/// The folder beside the index where plugins may keep what they can make again.
pub fn state_folder(serve: &Serve, config: &Config) -> Option<PathBuf> {
    let mut folder = path(serve.index.as_deref(), config).ok()?.into_os_string();
    folder.push(".plugins");
    std::path::absolute(folder).ok()
}

/// `weir/index.redb` in the cache directory that `$XDG_CACHE_HOME` names, or else in `~/.cache` (XDG Base Directory
/// Specification: a relative path in the variable is to be ignored).
fn default_path(cache: Option<PathBuf>, home: Option<PathBuf>) -> Result<PathBuf, String> {
    let cache = cache.filter(|cache| cache.is_absolute());
    let home = || home.filter(|home| home.is_absolute()).map(|home| home.join(".cache"));
    let cache = cache.or_else(home);
    let cache = cache.ok_or("there is no cache directory, as neither $XDG_CACHE_HOME nor $HOME names one")?;
    Ok(cache.join("weir").join("index.redb"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cache: Option<&str>, home: Option<&str>, expected: Option<&str>) {
        let path = default_path(cache.map(PathBuf::from), home.map(PathBuf::from));
        assert_eq!(path.ok(), expected.map(PathBuf::from), "{cache:?} {home:?}");
    }

    #[test]
    fn the_index_lies_in_the_cache_directory() {
        check(Some("/c"), Some("/h"), Some("/c/weir/index.redb"));
        check(None, Some("/h"), Some("/h/.cache/weir/index.redb"));
        check(Some(""), Some("/h"), Some("/h/.cache/weir/index.redb"));
        check(Some("relative"), Some("/h"), Some("/h/.cache/weir/index.redb"));
        check(None, Some(""), None);
        check(None, None, None);
    }
}
