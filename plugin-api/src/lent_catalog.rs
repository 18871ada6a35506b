//! The host's C table over [`Services`](crate::lent::Services): what plugins ask of the catalog and of the server.

use std::ffi::c_void;

use weir_plugin_abi as abi;
use weir_plugin_abi::{WeirBytes, WeirErr, WeirStr};

use crate::Error;
use crate::lent_table::{context, give, service};
use crate::request::text;

pub(crate) unsafe extern "C" fn catalog_version(host: *mut c_void) -> u64 {
    let mut version = 0;
    service(std::ptr::null_mut(), || {
        // SAFETY: the argument follows the rules of the boundary.
        version = unsafe { context(host) }.services.catalog_version();
        Ok(abi::WEIR_OK)
    });
    version
}

pub(crate) unsafe extern "C" fn catalog_entries(
    host: *mut c_void,
    prefix: WeirStr,
    after: WeirStr,
    limit: u32,
    flags: u32,
    out: *mut WeirBytes,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (context, prefix, after) = unsafe { (context(host), text(prefix), text(after)) };
        let services = &context.services;
        let document = if flags & abi::WEIR_ENTRIES_FOLDED == 0 {
            serde_json::to_vec(&services.entries(prefix, after, limit as usize))
        } else {
            serde_json::to_vec(&services.children(prefix, after, limit as usize))
        };
        let document = document.map_err(|e| Error::internal(format!("a list cannot be written: {e}")))?;
        // SAFETY: as above.
        unsafe { give(document, out) }
    })
}

pub(crate) unsafe extern "C" fn server_facts(
    host: *mut c_void,
    out: *mut WeirBytes,
    err: *mut WeirErr,
) -> i32 {
    // SAFETY: the arguments follow the rules of the boundary.
    service(err, || unsafe { give(context(host).services.facts()?.to_json().to_string(), out) })
}

pub(crate) unsafe extern "C" fn server_troubles(
    host: *mut c_void,
    out: *mut WeirBytes,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let document = serde_json::to_vec(&unsafe { context(host) }.services.troubles());
        let document = document.map_err(|e| Error::internal(format!("a list cannot be written: {e}")))?;
        // SAFETY: as above.
        unsafe { give(document, out) }
    })
}
