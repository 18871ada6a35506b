//! Limits that the worker sets itself, so that a file cannot make it a burden.

use crate::answer::{Failure, Kind};

/// Descriptors: the file, and the sources of virtual datasets.
pub const MOST_DESCRIPTORS: u64 = 1024;

/// Seconds of processor time that one request may take. The server waits less; this ends a worker whose server is gone.
const SECONDS: u64 = 300;

/// Keeps the libraries from reading settings of this machine's users, from locking files, and from looking for other files
/// elsewhere than beside the one that names them. Must be called before any thread is made.
pub fn prepare_libraries() {
    let settings = [
        // Read-only media cannot be locked, and reading must not keep others from writing.
        ("HDF5_USE_FILE_LOCKING", "FALSE"),
        // Names of external files are relative to the file that has them, as those of virtual datasets are.
        ("HDF5_EXTFILE_PREFIX", "${ORIGIN}"),
        // `.ncrc`, `.daprc` and the like, in the home and working directory.
        ("NCRCENV_IGNORE", "1"),
    ];
    for (name, value) in settings {
        // SAFETY: there is one thread, and no library was called yet.
        unsafe { std::env::set_var(name, value) };
    }
    for name in ["HDF5_VDS_PREFIX", "HDF5_DRIVER", "NCRCENV_HOME", "NCRCENV_RC"] {
        // SAFETY: as above.
        unsafe { std::env::remove_var(name) };
    }
}

/// Sets the limits for the life of the process.
///
/// # Errors
/// `Unavailable` where the system refuses one.
pub fn set(memory: u64) -> Result<(), Failure> {
    let limits = [
        (libc::RLIMIT_AS, memory, "address space"),
        (libc::RLIMIT_CORE, 0, "core files"),
        (libc::RLIMIT_FSIZE, 0, "written files"),
        (libc::RLIMIT_NOFILE, MOST_DESCRIPTORS, "open files"),
    ];
    for (resource, value, what) in limits {
        let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
        // SAFETY: the call reads `limit` alone.
        if unsafe { libc::setrlimit(resource, &limit) } != 0 {
            let error = std::io::Error::last_os_error();
            return Err(Failure::new(
                Kind::Unavailable,
                format!("the worker cannot limit its {what}: {error}"),
            ));
        }
    }
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: the system's own action is set. Rust's handler, which looks for stack overflows, is not for a process whose
        // memory a library may have destroyed.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    allow_more_time();
    Ok(())
}

/// Allows the next request its processor time.
pub fn allow_more_time() {
    let limit =
        libc::rlimit { rlim_cur: seconds_used().saturating_add(SECONDS), rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the call reads `limit` alone. Where it fails, the limit set before stands.
    unsafe { libc::setrlimit(libc::RLIMIT_CPU, &limit) };
}

fn seconds_used() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `time` alone.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    u64::try_from(time.tv_sec).unwrap_or(0)
}
