//! The plugin's side of the boundary, continued: shims for what is asked of published datasets.

use std::ffi::c_void;

use weir_model::{ByteOrder, Hyperslab, Stride};
use weir_plugin_abi as abi;
use weir_plugin_abi::{WeirBytes, WeirErr, WeirPublished, WeirSlab};

use crate::export::{guard, plugin};
use crate::lent_table::numbers;
use crate::publish::Wanted;
use crate::request::text;
use crate::{Bytes, Error, Made, Plugin, Provider, Published, schema_to_document};

/// What a call is about: the provider, and the dataset.
///
/// # Safety
/// `instance` is an instance of `P`; `published` is null, or follows the rules of the boundary for `'a`.
unsafe fn asked<'a, P: Plugin>(
    instance: *mut c_void,
    published: *const WeirPublished,
) -> Result<(&'a dyn Provider, Published<'a>), Error> {
    // SAFETY: by this function's contract.
    let (plugin, published) = unsafe { (plugin::<P>(instance), published.as_ref()) };
    let published = published.ok_or_else(|| Error::internal("the host asked for no dataset"))?;
    let provider = plugin.provider();
    let provider = provider.ok_or_else(|| Error::unsupported("the plugin publishes no datasets"))?;
    // SAFETY: as above.
    Ok((provider, unsafe { Published::from_raw(published) }))
}

/// The hyperslab that the host asks for, which it has checked against the variable.
///
/// # Safety
/// `slab` follows the rules of the boundary.
unsafe fn hyperslab(slab: &WeirSlab) -> Result<Hyperslab, Error> {
    // SAFETY: by this function's contract; arrays hold `rank` numbers each.
    let (start, count, step) = unsafe {
        (numbers(slab.start, slab.rank), numbers(slab.count, slab.rank), numbers(slab.step, slab.rank))
    };
    let axes = start.iter().zip(count).zip(step);
    let strides: Vec<Stride> = axes.map(|((&start, &count), &step)| Stride { start, step, count }).collect();
    let end = |stride: &Stride| stride.last().map_or(0, |last| last.saturating_add(1));
    let shape: Vec<u64> = strides.iter().map(end).collect();
    Hyperslab::within(&shape, strides).map_err(|misfit| Error::internal(misfit.to_string()))
}

/// Hands what a slab means to `use_it`.
///
/// # Safety
/// `slab` is null, or follows the rules of the boundary.
unsafe fn with_wanted<T>(
    slab: *const WeirSlab,
    use_it: impl FnOnce(Wanted<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    // SAFETY: by this function's contract.
    let raw = unsafe { slab.as_ref() };
    let raw = raw.ok_or_else(|| Error::internal("the host passed no hyperslab to a read"))?;
    // SAFETY: as above.
    let (variable, slab) = unsafe { (text(raw.variable), hyperslab(raw)?) };
    let order = if raw.order == abi::WEIR_ORDER_BIG { ByteOrder::Big } else { ByteOrder::Little };
    use_it(Wanted { variable, slab: &slab, order })
}

pub(crate) unsafe extern "C" fn published_describe<P: Plugin>(
    instance: *mut c_void,
    published: *const WeirPublished,
    generation: *mut WeirBytes,
    schema: *mut WeirBytes,
    err: *mut WeirErr,
) -> i32 {
    guard(err, || {
        // SAFETY: the host passes an instance of ours, and a dataset that lives through the call.
        let (provider, published) = unsafe { asked::<P>(instance, published)? };
        let Made { generation: now, schema: holds } = provider.describe(&published)?;
        let document = holds.map(|holds| schema_to_document(&holds)).transpose()?;
        // SAFETY: the host passes room for both results.
        unsafe {
            generation.write(Bytes::from(now).into_raw());
            schema.write(document.map_or(WeirBytes::EMPTY, Bytes::into_raw));
        }
        Ok(abi::WEIR_OK)
    })
}

pub(crate) unsafe extern "C" fn published_read<P: Plugin>(
    instance: *mut c_void,
    published: *const WeirPublished,
    slab: *const WeirSlab,
    buffer: *mut u8,
    length: usize,
    err: *mut WeirErr,
) -> i32 {
    guard(err, || {
        // SAFETY: as in `published_describe`.
        let (provider, published) = unsafe { asked::<P>(instance, published)? };
        let out = match length {
            0 => &mut [],
            _ if buffer.is_null() => return Err(Error::internal("the host passed no room for elements")),
            // SAFETY: the host lends `length` writable bytes for this call.
            _ => unsafe { std::slice::from_raw_parts_mut(buffer, length) },
        };
        // SAFETY: the host passes a slab that lives through the call.
        unsafe { with_wanted(slab, |wanted| provider.read(&published, wanted, out))? };
        Ok(abi::WEIR_OK)
    })
}

pub(crate) unsafe extern "C" fn published_read_strings<P: Plugin>(
    instance: *mut c_void,
    published: *const WeirPublished,
    slab: *const WeirSlab,
    out: *mut WeirBytes,
    err: *mut WeirErr,
) -> i32 {
    guard(err, || {
        // SAFETY: as in `published_read`.
        let (provider, published) = unsafe { asked::<P>(instance, published)? };
        // SAFETY: as above.
        let strings = unsafe { with_wanted(slab, |wanted| provider.read_strings(&published, wanted))? };
        let mut packed = Vec::new();
        for string in strings {
            packed.extend_from_slice(&(string.len() as u64).to_le_bytes());
            packed.extend_from_slice(&string);
        }
        // SAFETY: the host passes room for the result.
        unsafe { out.write(Bytes::from(packed).into_raw()) };
        Ok(abi::WEIR_OK)
    })
}

pub(crate) unsafe extern "C" fn published_memory<P: Plugin>(
    instance: *mut c_void,
    published: *const WeirPublished,
    slab: *const WeirSlab,
    out: *mut u64,
    err: *mut WeirErr,
) -> i32 {
    guard(err, || {
        // SAFETY: as in `published_read`.
        let (provider, published) = unsafe { asked::<P>(instance, published)? };
        // SAFETY: as above.
        let bytes = unsafe { with_wanted(slab, |wanted| provider.memory(&published, wanted))? };
        // SAFETY: the host passes room for the result.
        unsafe { out.write(bytes) };
        Ok(abi::WEIR_OK)
    })
}
