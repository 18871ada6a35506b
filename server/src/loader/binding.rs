//! Maps a library into the process, for good, and finds the plugin's table in it.

use std::error::Error as _;
use std::mem::ManuallyDrop;
use std::path::Path;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use weir_plugin_abi as abi;
use weir_plugin_abi::{WeirPlugin, WeirStr};
use weir_plugin_api::guest::adopt;

/// Loads a private copy that passed the preflight. Its constructors run here.
///
/// The library is never unloaded: bodies, bytes and thread-local destructors of a plugin may outlive everything else of it.
///
/// # Errors
/// What the dynamic loader says, or why the table cannot be used.
pub fn bind(copy: &Path) -> Result<&'static WeirPlugin, String> {
    let flags = RTLD_NOW | RTLD_LOCAL | libc::RTLD_NODELETE;
    // SAFETY: a plugin is trusted like the server itself; its file was checked and nobody else can change it.
    let library = unsafe { Library::open(Some(copy), flags) }.map_err(|error| explain(&error, copy))?;
    let library = ManuallyDrop::new(library);
    // SAFETY: the symbol is data, so no code runs, and nothing is read through the pointer yet.
    let symbol = unsafe { library.get::<*const WeirPlugin>(abi::ENTRY_SYMBOL) };
    let table = *symbol.map_err(|error| explain(&error, copy))?;
    if table.is_null() || !table.is_aligned() {
        return Err(format!("its {} is not a plugin's table", abi::ENTRY_SYMBOL));
    }
    // SAFETY: the preflight found an object there that is at least as large as the first tables were; a plugin is trusted to
    // tell the true size of its table; the library is never unloaded.
    unsafe { adopt(table) }
}

/// The name in a table.
///
/// # Errors
/// Where it is no text of a bearable length.
pub fn name(table: &WeirPlugin) -> Result<&str, String> {
    /// The preflight allows no longer one in the note, and the two must be equal.
    const LONGEST: usize = 64;
    let WeirStr { ptr, len } = table.name;
    if ptr.is_null() || len > LONGEST {
        return Err("the name in its table is no text".to_owned());
    }
    // SAFETY: by the ABI a table's text is static, and `len` bytes long.
    let bytes = unsafe { std::slice::from_raw_parts(ptr, len) };
    std::str::from_utf8(bytes).map_err(|error| format!("the name in its table is no text: {error}"))
}

/// What the dynamic loader says, without the private path.
fn explain(error: &libloading::Error, copy: &Path) -> String {
    let said = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let copy = copy.display().to_string();
    let said = said.replace(&format!("{copy}: "), "").replace(&copy, "the plugin");
    let hint = if said.contains("failed to map segment") {
        "; private copies must lie where programs may run, so set TMPDIR to a directory that is not mounted noexec"
    } else {
        ""
    };
    format!("the dynamic loader refuses it: {said}{hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loader_is_quoted_without_private_paths() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("missing.so");
        let said = bind(&path).unwrap_err();
        assert!(said.starts_with("the dynamic loader refuses it: cannot open shared object file"), "{said}");
    }
}
