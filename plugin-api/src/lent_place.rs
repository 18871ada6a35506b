//! The host's C table, continued: where stored bytes lie, and the original files of datasets.

use std::ffi::c_void;

use weir_plugin_abi as abi;
use weir_plugin_abi::{WeirBytes, WeirChunkPlace, WeirErr, WeirFile, WeirStr};

use crate::lent_table::{give, lent, numbers, service};
use crate::request::text;
use crate::schema_document::layout_to_document;
use crate::{Error, PlaceBytes};

pub(crate) unsafe extern "C" fn dataset_layout(
    dataset: *mut c_void,
    variable: WeirStr,
    out: *mut WeirBytes,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (lent, variable) = unsafe { (lent(dataset)?, text(variable)) };
        let layout = lent.dataset.layout(variable)?;
        // SAFETY: as above.
        unsafe { give(layout_to_document(&layout)?, out) }
    })
}

pub(crate) unsafe extern "C" fn dataset_chunk_place(
    dataset: *mut c_void,
    variable: WeirStr,
    index: *const u64,
    rank: u32,
    flags: u32,
    out: *mut WeirChunkPlace,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (lent, variable, index) = unsafe { (lent(dataset)?, text(variable), numbers(index, rank)) };
        // SAFETY: as above.
        let out = unsafe { room(out)? };
        lent.dataset.place(variable, index, PlaceBytes::from_flags(flags))?.write(out);
        Ok(abi::WEIR_OK)
    })
}

pub(crate) unsafe extern "C" fn dataset_file(
    dataset: *mut c_void,
    out: *mut WeirFile,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let (lent, out) = unsafe { (lent(dataset)?, room(out)?) };
        lent.dataset.file()?.write(out);
        Ok(abi::WEIR_OK)
    })
}

pub(crate) unsafe extern "C" fn dataset_file_read(
    dataset: *mut c_void,
    offset: u64,
    buffer: *mut u8,
    length: usize,
    err: *mut WeirErr,
) -> i32 {
    service(err, || {
        // SAFETY: the arguments follow the rules of the boundary.
        let lent = unsafe { lent(dataset)? };
        let out = match length {
            0 => &mut [],
            _ if buffer.is_null() => return Err(Error::internal("a plugin passed no room for a result")),
            // SAFETY: the plugin lends `length` writable bytes for this call.
            _ => unsafe { std::slice::from_raw_parts_mut(buffer, length) },
        };
        lent.dataset.read_file(offset, out)?;
        Ok(abi::WEIR_OK)
    })
}

/// A struct of this minor version that a plugin has made room for. Later plugins may have room for more; there are no earlier
/// ones that know these structs.
///
/// # Safety
/// `out` is null or points to a struct that begins with its own size.
unsafe fn room<'a, T>(out: *mut T) -> Result<&'a mut T, Error> {
    let fits = |out: *mut T| {
        // SAFETY: by this function's contract.
        let size = unsafe { out.cast::<usize>().read() };
        size >= size_of::<T>()
    };
    if out.is_null() || !out.is_aligned() || !fits(out) {
        return Err(Error::internal("a plugin passed no room for a result"));
    }
    // SAFETY: as above; the struct holds all of this version's fields.
    Ok(unsafe { &mut *out })
}

#[cfg(test)]
mod tests;
