//! Copies of plugins that only the server can reach.
//!
//! A site replaces the files in its plugin directory at any time. Code that is mapped from there crashes when its file is
//! overwritten in place, and `dlopen` of a path that was loaded before returns the old library. So the server maps a copy that is
//! named by its content, in a directory of its own.

use std::fs::{OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::ownership::{self, plain};

/// A directory for copies. Dropping it removes the files; what was loaded from them stays mapped.
#[derive(Debug)]
pub struct PrivateDirectory {
    directory: tempfile::TempDir,
}

impl PrivateDirectory {
    /// A fresh directory in `$XDG_RUNTIME_DIR` or, without that, among the temporary files.
    ///
    /// # Errors
    /// Where it cannot be made, or others could change it.
    pub fn new() -> Result<Self, String> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_dir());
        let parent = runtime.unwrap_or_else(std::env::temp_dir);
        let made = tempfile::Builder::new()
            .prefix("weir-plugins-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent);
        let wrong = |why: String| {
            format!("cannot keep private copies of plugins in {}: {why}; set TMPDIR", parent.display())
        };
        let directory = made.map_err(|error| wrong(plain(&error)))?;
        ownership::directory(directory.path()).map_err(wrong)?;
        Ok(Self { directory })
    }

    /// Writes a copy, readable and executable by the server's user alone; the same content is written once.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn add(&self, image: &[u8], sha256: &str) -> Result<PathBuf, String> {
        let path = self.directory.path().join(format!("{sha256}.so"));
        if path.exists() {
            return Ok(path);
        }
        write_new(&path, image)
            .map_err(|error| format!("cannot write a private copy of it: {}", plain(&error)))?;
        Ok(path)
    }
}

fn write_new(path: &Path, image: &[u8]) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o500).open(path)?.write_all(image)
}
