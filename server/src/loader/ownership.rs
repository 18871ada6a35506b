//! Who could have changed a file: a plugin has all the rights of the server, so only root and the server's own user may be able
//! to write it, its directory, or anything above.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const WRITABLE_BY_OTHERS: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Whom a file may belong to, and what others may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The plugin, or its directory.
    Own,
    /// A directory further up: one that everybody may write, such as `/tmp`, is harmless where it is sticky, because then
    /// nobody but their owners can rename or remove what lies in it.
    Above,
}

/// The real path of a directory that nobody but root and the server's user can change.
///
/// # Errors
/// What is wrong with it, or with which directory above.
pub fn directory(path: &Path) -> Result<PathBuf, String> {
    let real = path.canonicalize().map_err(|error| plain(&error))?;
    let metadata = real.metadata().map_err(|error| plain(&error))?;
    if !metadata.is_dir() {
        return Err("it is not a directory".to_owned());
    }
    check(&metadata, Place::Own).map_err(|why| format!("it {why}"))?;
    for above in real.ancestors().skip(1) {
        let metadata = above.metadata().map_err(|error| plain(&error))?;
        check(&metadata, Place::Above)
            .map_err(|why| format!("the directory {} above it {why}", above.display()))?;
    }
    Ok(real)
}

/// Opens `name` in a directory that [`directory`] returned: a regular file, or a link to one in the same directory.
///
/// # Errors
/// What is wrong with it.
pub fn open(directory: &Path, name: &Path) -> Result<(File, u64), String> {
    let real = directory.join(name).canonicalize().map_err(|error| plain(&error))?;
    if !real.starts_with(directory) {
        return Err("it is a symbolic link that leads out of the plugin directory".to_owned());
    }
    // A link within the directory may lead into a directory below it.
    for between in real.ancestors().skip(1).take_while(|between| *between != directory) {
        let metadata = between.metadata().map_err(|error| plain(&error))?;
        check(&metadata, Place::Own).map_err(|why| format!("the directory that it leads to {why}"))?;
    }
    // What is opened is what is checked: a file that is exchanged in between is no link, and its own owner counts. Without
    // O_NONBLOCK a named pipe would keep the server waiting.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
    let file =
        OpenOptions::new().read(true).custom_flags(flags).open(&real).map_err(|error| plain(&error))?;
    let metadata = file.metadata().map_err(|error| plain(&error))?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    check(&metadata, Place::Own).map_err(|why| format!("it {why}"))?;
    Ok((file, metadata.len()))
}

fn check(metadata: &Metadata, place: Place) -> Result<(), String> {
    let (owner, mode) = (metadata.uid(), metadata.mode());
    // SAFETY: geteuid takes no arguments and cannot fail.
    let own = unsafe { libc::geteuid() };
    if owner != 0 && owner != own {
        return Err(format!("belongs to user {owner}; only root and the server's user {own} are trusted"));
    }
    let harmless = place == Place::Above && mode & STICKY != 0;
    if mode & WRITABLE_BY_OTHERS != 0 && !harmless {
        return Err(format!("is writable by others (mode {:o}); use chmod go-w", mode & 0o7777));
    }
    Ok(())
}

/// An error of the operating system, in lower case and without its number.
pub fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
