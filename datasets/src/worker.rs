//! Files and variables that are read through netCDF-C, in processes of their own: HDF4, virtual datasets, external storage,
//! codecs that HDF5 has a plugin for.
//!
//! No C library is linked here. The program `weir-netcdf-worker` is started for each such file that is open; it is confined
//! to the data folders, and whatever happens to it is an error of one request.

mod process;
mod protocol;
mod schema;
mod source;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use self::process::{Launch, Worker};
use self::source::WorkerSource;
use crate::other_files::OtherFiles;
use crate::{ChunkSource, DataFile, Error, ErrorKind, Generation};

/// What a site says of workers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program.
    pub program: PathBuf,
    /// How long an answer is waited for.
    pub patience: Duration,
    /// Bytes of address space that a worker may take.
    pub memory: u64,
    /// Files and folders, with all links resolved, that files may name as the place of their elements.
    pub roots: Vec<PathBuf>,
}

/// The program's name.
const PROGRAM: &str = "weir-netcdf-worker";

impl Settings {
    /// The program that the environment names (`WEIR_NETCDF_WORKER`), or the one beside this executable.
    #[must_use]
    pub fn of_environment(roots: &[PathBuf]) -> Self {
        let beside = || std::env::current_exe().ok().map(|own| own.with_file_name(PROGRAM));
        let named = std::env::var_os("WEIR_NETCDF_WORKER").map(PathBuf::from);
        let program = named.or_else(beside).unwrap_or_else(|| PathBuf::from(PROGRAM));
        Self { program, patience: Duration::from_secs(60), memory: 4 << 30, roots: roots.to_vec() }
    }
}

/// A source, and the other files that it reads.
pub type Opened = (Box<dyn ChunkSource>, OtherFiles);

/// Opens a file that no reader of ours can open.
///
/// # Errors
/// `Unsupported` where netCDF-C cannot open it either, or where there is no worker; `Unavailable` where the worker does not
/// answer, or the file changed.
pub fn open_whole(file: Arc<DataFile>, path: &Path, settings: &Settings) -> Result<Opened, Error> {
    let (worker, described) = Worker::start(launch(&file, path, settings)?)?;
    let schema = schema::read(&described)?;
    let (other, refused) = schema::sources(&described, &settings.roots)?;
    file.check_unchanged()?;
    Ok((Box::new(WorkerSource::whole(file, worker, (schema, refused), other.clone())), other))
}

/// Takes over the variables that a source cannot read itself; a source that can read all is handed back as it is.
///
/// What keeps the worker from reading them is the error of these variables, not of the others.
///
/// # Errors
/// `Unavailable` where the worker does not answer, or the file changed.
pub fn take_over(
    source: Box<dyn ChunkSource>,
    (file, path): (Arc<DataFile>, &Path),
    settings: &Settings,
) -> Result<Opened, Error> {
    let paths = source.schema().variables().into_iter().map(|(path, _)| path);
    let unreadable: Vec<String> = paths
        .filter(|path| source.refusal(path).is_some_and(|error| error.kind == ErrorKind::Unsupported))
        .collect();
    if unreadable.is_empty() {
        return Ok((source, OtherFiles::default()));
    }
    let started = launch(&file, path, settings).and_then(Worker::start);
    let started = match started {
        Err(error) if error.kind == ErrorKind::Unavailable => return Err(error),
        started => started,
    };
    let other = match &started {
        Ok((_, described)) => schema::sources(described, &settings.roots)?.0,
        Err(_) => OtherFiles::default(),
    };
    file.check_unchanged()?;
    let source =
        WorkerSource::composed((file, source), &unreadable, started, (other.clone(), &settings.roots))?;
    Ok((Box::new(source), other))
}

/// How the worker of a file is started: only for the very file that is open here.
fn launch(file: &DataFile, path: &Path, settings: &Settings) -> Result<Launch, Error> {
    use std::os::unix::fs::MetadataExt;
    let changed = || Error::unavailable("the file changed while it was opened; ask again");
    let metadata = std::fs::metadata(path).map_err(|_unshown| changed())?;
    if !file.generation().same_bytes(&Generation::of(&metadata)) {
        return Err(changed());
    }
    let (device, inode) = (metadata.dev(), metadata.ino());
    Ok(Launch { settings: settings.clone(), path: path.to_owned(), device, inode })
}
