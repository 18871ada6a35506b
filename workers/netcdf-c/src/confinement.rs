//! Confinement: which files this process may open.
//!
//! A file names others: virtual datasets and external storage may lead to any path. The kernel (Landlock) allows this process
//! to read the file itself and the data folders, to write nothing, and to connect to nothing.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};

use crate::answer::{Failure, Kind};
use crate::arguments::Arguments;

/// Where plugins of HDF5 find their own libraries.
const LIBRARIES: [&str; 5] = ["/lib", "/lib64", "/usr/lib", "/usr/local/lib", "/etc/ld.so.cache"];

/// Confines this process, for good.
///
/// # Errors
/// `Unsupported` where the kernel cannot: an unconfined worker would read whatever a file names.
pub fn confine(arguments: &Arguments) -> Result<(), Failure> {
    let enforced = restrict(&readable(arguments)).map_err(|error| {
        Failure::new(Kind::Unsupported, format!("the worker cannot be confined: {error}"))
    })?;
    match enforced {
        RulesetStatus::NotEnforced => {
            let message = "this kernel has no Landlock, so the worker would read whatever a file names";
            Err(Failure::new(Kind::Unsupported, message))
        }
        _ => Ok(()),
    }
}

fn restrict(readable: &[PathBuf]) -> Result<RulesetStatus, landlock::RulesetError> {
    let access: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(ABI::V1))?
        // What older kernels do not know is not handled there.
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?;
    let status = ruleset.add_rules(path_beneath_rules(readable, access))?.restrict_self()?;
    Ok(status.ruleset)
}

/// What may be read.
fn readable(arguments: &Arguments) -> Vec<PathBuf> {
    let mut paths = vec![arguments.file.clone()];
    paths.extend(arguments.allowed.iter().cloned());
    // Only a site that has plugins lets libraries be loaded.
    if let Some(plugins) = std::env::var_os("HDF5_PLUGIN_PATH") {
        paths.extend(std::env::split_paths(&plugins).filter(|path| path.is_absolute()));
        paths.extend(LIBRARIES.iter().map(PathBuf::from));
    }
    paths.retain(|path: &PathBuf| Path::exists(path));
    paths
}
