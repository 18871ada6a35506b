//! Strings: a variable's elements are references, and the global heap has the text.

use weir_model::{AxisPart, Hyperslab, Part};

use super::array::StoredArray;
use super::heap::Heap;
use super::metadata::Metadata;
use crate::{Error, ErrorKind, StringRoom};

/// One answer may have this many strings.
pub const MOST_STRINGS: u64 = 1 << 24;

/// Reads the strings of a hyperslab, row-major.
pub fn read(
    metadata: &Metadata,
    array: &StoredArray,
    (slab, room): (&Hyperslab, &mut StringRoom),
) -> Result<Vec<Vec<u8>>, Error> {
    if slab.elements() > MOST_STRINGS {
        let elements = slab.elements();
        let message = format!("{elements} strings are asked for at once, the limit is {MOST_STRINGS}");
        return Err(Error::new(ErrorKind::TooLarge, message));
    }
    let mut heap = Heap::new(metadata);
    if array.element_size != heap.reference_bytes() {
        return Err(Error::corrupt("its strings are not references of the usual size"));
    }
    let elements = usize::try_from(slab.elements()).unwrap_or(usize::MAX);
    let mut strings = vec![Vec::new(); elements];
    let shape = slab.shape();
    for part in array.grid.plan(slab) {
        let index = part.chunk();
        let chunk = array.decoded(metadata, &index)?;
        for (from, to) in places(&part, array.grid.chunk_shape(), &shape) {
            let text = match &chunk {
                Some(chunk) => heap.string(reference(chunk, from, array.element_size)?)?,
                // The fill value of strings is a reference too.
                None => heap.string(array.unwritten.as_ref().unwrap_or(&array.fill))?,
            };
            room.take(text.len())?;
            if let Some(place) = strings.get_mut(to) {
                *place = text;
            }
        }
    }
    Ok(strings)
}

fn reference(chunk: &[u8], place: usize, size: usize) -> Result<&[u8], Error> {
    let start = place.checked_mul(size);
    let range = start.and_then(|start| Some(start..start.checked_add(size)?));
    let reference = range.and_then(|range| chunk.get(range));
    reference.ok_or_else(|| Error::corrupt("a chunk is shorter than its shape says"))
}

/// The places, in the chunk and in the hyperslab, of a part's elements.
pub fn places(part: &Part, chunk_shape: &[u64], shape: &[u64]) -> Vec<(usize, usize)> {
    let narrow = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let mut places = vec![(0_usize, 0_usize)];
    for ((axis, &of_chunk), &of_slab) in part.axes.iter().zip(chunk_shape).zip(shape) {
        let AxisPart { first, step, count, out, .. } = *axis;
        let mut next = Vec::with_capacity(places.len().saturating_mul(narrow(count)));
        for (from, to) in places {
            let from = from.saturating_mul(narrow(of_chunk)).saturating_add(narrow(first));
            let to = to.saturating_mul(narrow(of_slab)).saturating_add(narrow(out));
            next.extend(
                (0..narrow(count))
                    .map(|n| (from.saturating_add(n.saturating_mul(narrow(step))), to.saturating_add(n))),
            );
        }
        places = next;
    }
    places
}
