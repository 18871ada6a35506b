//! Elements: a part of a variable as bytes.

use std::ffi::CStr;
use std::os::raw::c_char;

use netcdf::{Extent, Extents, Variable};

use crate::answer::{Answer, Failure, Kind};
use crate::file::{OpenFile, refusal};
use crate::request::{Axis, Request};
use crate::schema::Type;

/// An answer has at most this many bytes: a chunk is not larger.
const MOST_BYTES: usize = 1 << 30;

/// An answer has at most this many strings.
const MOST_STRINGS: usize = 1 << 20;

/// Reads what is asked for.
///
/// # Errors
/// `BadRequest` for what does not fit the variable, `TooLarge` beyond the limits, `Unsupported` for what netCDF-C cannot read.
pub fn read(file: &OpenFile, request: &Request) -> Result<Answer, Failure> {
    let (variable, known) = file.variable(&request.variable)?;
    let axes = request.axes(&known.shape)?;
    let count = axes.iter().try_fold(1_usize, |n, axis| n.checked_mul(axis.count));
    match &known.data_type {
        Type::String => {
            strings(&variable, &axes, within(count, MOST_STRINGS, "strings")?).map(Answer::Strings)
        }
        Type::Other { description } => {
            let message = format!("elements of type {description} are not read through netCDF-C");
            Err(Failure::new(Kind::Unsupported, message))
        }
        data_type => {
            let bytes = count.and_then(|count| count.checked_mul(data_type.size()?));
            let mut out = room(0, within(bytes, MOST_BYTES, "bytes")?)?;
            fill(&mut out, (&request.fill, data_type))?;
            elements(&variable, &axes, (&mut out, data_type))?;
            Ok(Answer::Elements(out))
        }
    }
}

fn within(number: Option<usize>, most: usize, what: &str) -> Result<usize, Failure> {
    number.filter(|&number| number <= most).ok_or_else(|| {
        let message = format!("more than {most} {what} are asked for at once; ask for fewer");
        Failure::new(Kind::TooLarge, message)
    })
}

fn extents(axes: &[Axis]) -> Extents {
    let extents = axes.iter().map(|&Axis { start, count }| Extent::SliceCount { start, count, stride: 1 });
    extents.collect::<Vec<_>>().into()
}

fn room<T: Clone>(element: T, length: usize) -> Result<Vec<T>, Failure> {
    let mut room = Vec::new();
    room.try_reserve_exact(length).map_err(|_| {
        Failure::new(Kind::TooLarge, "the worker has not enough memory for so many elements; ask for fewer")
    })?;
    room.resize(length, element);
    Ok(room)
}

/// Fills a buffer before it is read to.
fn fill(out: &mut [u8], (element, data_type): (&[u8], &Type)) -> Result<(), Failure> {
    if element.is_empty() {
        return Ok(());
    }
    if Some(element.len()) != data_type.size() {
        let message = format!("the fill value has {} bytes, which is none of this variable", element.len());
        return Err(Failure::new(Kind::BadRequest, message));
    }
    out.chunks_exact_mut(element.len()).for_each(|place| place.copy_from_slice(element));
    to_other_order(out, data_type);
    Ok(())
}

fn elements(
    variable: &Variable<'_>,
    axes: &[Axis],
    (out, data_type): (&mut [u8], &Type),
) -> Result<(), Failure> {
    let done = variable.get_raw_values_into(out, extents(axes));
    done.map_err(|error| refusal(&error, "netCDF-C cannot read it"))?;
    to_other_order(out, data_type);
    Ok(())
}

/// From this machine's order to little-endian, or back.
fn to_other_order(elements: &mut [u8], data_type: &Type) {
    if cfg!(target_endian = "big") {
        elements.chunks_exact_mut(data_type.swap_unit()).for_each(<[u8]>::reverse);
    }
}

fn strings(variable: &Variable<'_>, axes: &[Axis], count: usize) -> Result<Vec<Vec<u8>>, Failure> {
    let mut pointers = room(std::ptr::null_mut::<c_char>(), count)?;
    let length = std::mem::size_of_val(pointers.as_slice());
    // SAFETY: the bytes are those of the pointers, which any bytes are; netCDF-C writes one pointer for each string.
    let bytes = unsafe { std::slice::from_raw_parts_mut(pointers.as_mut_ptr().cast::<u8>(), length) };
    let done = variable.get_raw_values_into(bytes, extents(axes));
    let done = done.map_err(|error| refusal(&error, "netCDF-C cannot read it"));
    let text = |&pointer: &*mut c_char| match pointer.is_null() {
        true => Vec::new(),
        // SAFETY: netCDF-C's strings end with a NUL, and are freed below only.
        false => unsafe { CStr::from_ptr(pointer) }.to_bytes().to_vec(),
    };
    let strings = done.map(|()| pointers.iter().map(text).collect());
    // SAFETY: each pointer is null or was made by netCDF-C, and none is used any more.
    unsafe { netcdf_sys::nc_free_string(pointers.len(), pointers.as_mut_ptr()) };
    strings
}
