//! Loads plugins from a directory of shared libraries.
//!
//! In this order, and each step can refuse a file without disturbing the server or the other files:
//! 1. only regular files `*.so` that are not hidden, sorted; nobody but root and the server's user may be able to change them;
//! 2. the file is read once; what follows works on those bytes;
//! 3. [`preflight`]: everything that can be known without running code;
//! 4. a private copy, named by its SHA-256;
//! 5. a trial in a child process, which may crash;
//! 6. the copy is mapped, for good.

mod binding;
mod ownership;
mod private_copy;
pub mod probe;

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use weir_plugin_abi::WeirPlugin;

use crate::preflight::{self, Inspection};
use ownership::plain;
use private_copy::PrivateDirectory;

/// Whether a library is tried in a process of its own before it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildCheck {
    /// No.
    Skip,
    /// Yes, by running this program, a `weir`, with the subcommand `plugin-probe`.
    Run(PathBuf),
}

/// A plugin that was loaded; it stays in memory until the process ends.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its table, already checked.
    pub table: &'static WeirPlugin,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The SHA-256 of its file, in hexadecimal.
    pub sha256: String,
}

/// What became of one file.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The file's name, without its directory.
    pub file: String,
    /// The name that the plugin gives itself, where it could be found out.
    pub name: Option<String>,
    /// The plugin, or why it was refused.
    pub result: Result<Loaded, String>,
}

/// Why a whole directory cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// The configuration of a plugin, by its name.
pub type Configured<'a> = &'a dyn Fn(&str) -> &'a str;

/// The configuration of a plugin of which nobody said anything.
pub const UNCONFIGURED: &str = "{}";

/// Loads the plugins of a directory: one outcome for each `*.so`, in the order of their names. Each is tried with what
/// `configured` gives for it.
///
/// # Errors
/// Where the directory cannot be read or others could change it, or private copies cannot be kept.
pub fn load_directory(
    dir: &Path,
    check: &ChildCheck,
    configured: Configured<'_>,
) -> Result<Vec<Outcome>, Error> {
    let wrong = |why: String| Error(format!("cannot load plugins from {}: {why}", dir.display()));
    let real = ownership::directory(dir).map_err(wrong)?;
    let files = libraries(&real).map_err(|error| wrong(plain(&error)))?;
    let private = PrivateDirectory::new().map_err(Error)?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    for file in files {
        let mut name = None;
        let image = read(&real, &file).and_then(|image| {
            let inspection = preflight::inspect(&image).map_err(|unfit| unfit.to_string())?;
            name = Some(inspection.manifest.name.clone());
            Ok((image, inspection))
        });
        let result = image
            .and_then(|image| load(image, &private, (check, configured)))
            .and_then(|loaded| unique(loaded, &outcomes));
        outcomes.push(Outcome { file: file.to_string_lossy().into_owned(), name, result });
    }
    Ok(outcomes)
}

/// Names of the files that ask to be loaded.
fn libraries(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in dir.read_dir()? {
        let name = PathBuf::from(entry?.file_name());
        let hidden = name.as_os_str().as_encoded_bytes().starts_with(b".");
        if !hidden && name.extension().is_some_and(|extension| extension == "so") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Two plugins of one name would share routes, counters and configuration.
fn unique(loaded: Loaded, earlier: &[Outcome]) -> Result<Loaded, String> {
    let same = |outcome: &&Outcome| outcome.result.as_ref().is_ok_and(|other| other.name == loaded.name);
    match earlier.iter().find(same) {
        Some(other) => {
            Err(format!("its name {} is taken by {}; remove one of them", loaded.name, other.file))
        }
        None => Ok(loaded),
    }
}

fn load(
    (image, Inspection { manifest, .. }): (Vec<u8>, Inspection),
    private: &PrivateDirectory,
    (check, configured): (&ChildCheck, Configured<'_>),
) -> Result<Loaded, String> {
    let sha256 = sha256(&image);
    let copy = private.add(&image, &sha256)?;
    drop(image);
    if let ChildCheck::Run(program) = check {
        probe::run(program, &copy, configured(&manifest.name))?;
    }
    let table = binding::bind(&copy)?;
    let name = binding::name(table)?;
    if name != manifest.name {
        return Err(format!("its note names it {}, but its table {}", manifest.name, name.escape_debug()));
    }
    Ok(Loaded { table, name: manifest.name, version: manifest.version, sha256 })
}

/// The whole content of a file that may be trusted.
fn read(dir: &Path, file: &Path) -> Result<Vec<u8>, String> {
    let (open, length) = ownership::open(dir, file)?;
    if length > preflight::LARGEST {
        return Err(format!("it has {length} bytes, the limit is {}", preflight::LARGEST));
    }
    let mut image = Vec::new();
    open.take(preflight::LARGEST).read_to_end(&mut image).map_err(|error| plain(&error))?;
    Ok(image)
}

fn sha256(image: &[u8]) -> String {
    Sha256::digest(image).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that was looked at and tried, but not loaded into this process.
#[derive(Clone, Debug)]
pub struct Examination {
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// What was found without running any of it.
    pub inspection: Inspection,
    /// What it offered in a process of its own, or how that ended.
    pub offer: Result<probe::Offer, String>,
    /// Why a server would not take it from where it lies.
    pub misplaced: Option<String>,
}

/// Examines one file as [`load_directory`] would, with `program` as the child, and loads nothing.
///
/// # Errors
/// Why it is no plugin for this server.
pub fn examine(file: &Path, program: &Path) -> Result<Examination, String> {
    let metadata = file.metadata().map_err(|error| plain(&error))?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if metadata.len() > preflight::LARGEST {
        return Err(format!("it has {} bytes, the limit is {}", metadata.len(), preflight::LARGEST));
    }
    let image = std::fs::read(file).map_err(|error| plain(&error))?;
    let inspection = preflight::inspect(&image).map_err(|unfit| unfit.to_string())?;
    let sha256 = sha256(&image);
    let private = PrivateDirectory::new()?;
    let offer = probe::run(program, &private.add(&image, &sha256)?, UNCONFIGURED);
    Ok(Examination { sha256, inspection, offer, misplaced: misplaced(file) })
}

fn misplaced(file: &Path) -> Option<String> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let name = Path::new(file.file_name()?);
    let real = match ownership::directory(dir) {
        Ok(real) => real,
        Err(why) => return Some(format!("its directory cannot be used: {why}")),
    };
    ownership::open(&real, name).err()
}
