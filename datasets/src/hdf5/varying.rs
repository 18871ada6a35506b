//! Elements of varying size: a variable's elements are references, or hold some, and the global heap has the rest.
//!
//! What they become is their packed form, which [`Packed`](weir_model::Packed) describes.

use weir_model::{AxisPart, Hyperslab, Part, pack_count};

use super::array::StoredArray;
use super::form::{FieldForm, Form, Number};
use super::heap::{Heap, text_of};
use super::metadata::Metadata;
use crate::{Error, ErrorKind, MOST_STRING_BYTES, StringRoom};

/// One answer may have this many elements.
pub const MOST_STRINGS: u64 = 1 << 24;

/// What a list in a list is taken to need, in bytes, where nobody has looked.
const LIST_BYTES: u64 = 64;

/// Reads the elements of a hyperslab, row-major. Takes of the room what it packs before it holds it.
pub fn read(
    metadata: &Metadata,
    array: &StoredArray,
    (slab, room): (&Hyperslab, &mut StringRoom),
) -> Result<Vec<Vec<u8>>, Error> {
    check_count(slab)?;
    let mut packing = Packing { heap: Heap::new(metadata), room };
    let elements = usize::try_from(slab.elements()).unwrap_or(usize::MAX);
    let mut packed = vec![Vec::new(); elements];
    each(metadata, array, slab, |to, stored| {
        if let Some(place) = packed.get_mut(to) {
            *place = packing.element(&array.form, stored)?;
        }
        Ok(())
    })?;
    Ok(packed)
}

/// How many bytes the packed forms of a hyperslab have, by what references say of what they lead to; roughly where that holds
/// references itself.
pub fn bytes(metadata: &Metadata, array: &StoredArray, slab: &Hyperslab) -> Result<u64, Error> {
    check_count(slab)?;
    let mut sum = 0_u64;
    each(metadata, array, slab, |_, stored| {
        sum = sum.saturating_add(said_bytes(&array.form, stored));
        Ok(())
    })?;
    Ok(sum.min(MOST_STRING_BYTES as u64))
}

fn said_bytes(form: &Form, stored: &[u8]) -> u64 {
    // A reference begins with how many elements it leads to.
    let count = || stored.first_chunk().map_or(0, |count| u64::from(u32::from_le_bytes(*count)));
    match form {
        fixed if !fixed.is_varying() => fixed.size() as u64,
        Form::Text(_) => count(),
        Form::List { element, .. } if element.is_varying() => count().saturating_mul(LIST_BYTES),
        Form::List { element, .. } => count().saturating_mul(element.size() as u64),
        Form::Record { fields, .. } => {
            let of_field = |field: &FieldForm| {
                let elements = stored.get(field.range()).unwrap_or_default();
                let elements = elements.chunks_exact(field.form.size().max(1));
                elements.map(|element| said_bytes(&field.form, element)).fold(0, u64::saturating_add)
            };
            fields.iter().map(of_field).fold(0, u64::saturating_add)
        }
        Form::Bytes(size) | Form::Number(Number { size, .. }) => *size as u64,
    }
}

fn check_count(slab: &Hyperslab) -> Result<(), Error> {
    let elements = slab.elements();
    if elements <= MOST_STRINGS {
        return Ok(());
    }
    let message =
        format!("{elements} elements of varying size are asked for at once, the limit is {MOST_STRINGS}");
    Err(Error::new(ErrorKind::TooLarge, message))
}

/// Calls `element` with the place of each element in the hyperslab, and with the element as it is stored.
fn each(
    metadata: &Metadata,
    array: &StoredArray,
    slab: &Hyperslab,
    mut element: impl FnMut(usize, &[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let shape = slab.shape();
    for part in array.grid.plan(slab) {
        let chunk = array.decoded(metadata, &part.chunk())?;
        for (from, to) in places(&part, array.grid.chunk_shape(), &shape) {
            let stored = match &chunk {
                Some(chunk) => stored(chunk, from, array.element_size)?,
                // References in a fill value lead somewhere, too.
                None => &array.fill,
            };
            element(to, stored)?;
        }
    }
    Ok(())
}

fn stored(chunk: &[u8], place: usize, size: usize) -> Result<&[u8], Error> {
    let start = place.checked_mul(size);
    let range = start.and_then(|start| Some(start..start.checked_add(size)?));
    let element = range.and_then(|range| chunk.get(range));
    element.ok_or_else(|| Error::corrupt("a chunk is shorter than its shape says"))
}

/// Puts packed forms together.
///
/// References may lead to the same place from many others, so what is bounded is not what is stored, but what is made of it. A
/// datatype is nested only so deep, so are the calls here, and each packs at least a byte.
struct Packing<'a> {
    heap: Heap<'a>,
    /// How many bytes may still be packed.
    room: &'a mut StringRoom,
}

impl Packing<'_> {
    /// The packed form of an element of a variable.
    fn element(&mut self, form: &Form, stored: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        match form {
            Form::Text(_) => {
                let found = self.heap.find(stored, 1)?;
                self.append(text_of(&found), &mut out)?;
            }
            Form::List { element, .. } => {
                let found = self.heap.find(stored, element.size())?;
                self.several(element, found.bytes(), &mut out)?;
            }
            form => self.several(form, stored, &mut out)?,
        }
        Ok(out)
    }

    /// Packs elements that lie inside of something else, one after the other.
    fn several(&mut self, form: &Form, stored: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        if form.is_varying() {
            let mut elements = stored.chunks_exact(form.size().max(1));
            return elements.try_for_each(|element| self.inside(form, element, out));
        }
        let start = out.len();
        self.append(stored, out)?;
        form.normalise_all(out.get_mut(start..).unwrap_or_default());
        Ok(())
    }

    /// Packs one element of varying size that lies inside of something else.
    fn inside(&mut self, form: &Form, stored: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        match form {
            Form::Text(_) => {
                let found = self.heap.find(stored, 1)?;
                let text = text_of(&found);
                self.count(text.len(), out)?;
                self.append(text, out)
            }
            Form::List { element, .. } => {
                let found = self.heap.find(stored, element.size())?;
                self.count(found.count, out)?;
                self.several(element, found.bytes(), out)
            }
            Form::Record { fields, .. } => fields.iter().try_for_each(|field| {
                let part = stored.get(field.range());
                let part = part.ok_or_else(|| Error::corrupt("an element is shorter than its fields"))?;
                self.several(&field.form, part, out)
            }),
            form => self.several(form, stored, out),
        }
    }

    fn count(&mut self, count: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        self.room.take(size_of::<u64>())?;
        pack_count(count, out);
        Ok(())
    }

    fn append(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        self.room.take(bytes.len())?;
        out.extend_from_slice(bytes);
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::DataFile;

    /// A file with a heap at its end, in which one list has `count` references to itself, and that heap's address.
    fn circle(count: u32) -> (tempfile::NamedTempFile, u64) {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hdf5_varying.h5");
        let mut bytes = std::fs::read(fixture).unwrap();
        let address = bytes.len() as u64;
        let list = reference(count, address).repeat(count as usize);
        let object = [&[1, 0, 1, 0, 0, 0, 0, 0][..], &(list.len() as u64).to_le_bytes(), &list].concat();
        let length = 16 + object.len() as u64;
        bytes.extend([&b"GCOL\x01\0\0\0"[..], &length.to_le_bytes(), &object].concat());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        (file, address)
    }

    fn reference(count: u32, address: u64) -> Vec<u8> {
        [&count.to_le_bytes()[..], &address.to_le_bytes(), &1_u32.to_le_bytes()].concat()
    }

    fn lists(depth: usize) -> Form {
        (0..depth).fold(Form::Bytes(16), |element, _| Form::List { size: 16, element: Box::new(element) })
    }

    fn check(count: u32, depth: usize, left: u64) -> Result<Vec<u8>, ErrorKind> {
        let (file, address) = circle(count);
        let metadata = Metadata::open(Arc::new(DataFile::open(file.path()).unwrap())).unwrap();
        let mut packing = Packing { heap: Heap::new(&metadata), room: &mut StringRoom::of(left) };
        packing.element(&lists(depth), &reference(count, address)).map_err(|error| error.kind)
    }

    #[test]
    fn lists_of_themselves_are_bounded_by_what_is_packed() {
        let two = check(2, 2, 1 << 10).unwrap();
        assert_eq!(
            (two.len(), &two[..9], &two[40..49]),
            (80, &[2, 0, 0, 0, 0, 0, 0, 0, 2][..], &[2, 0, 0, 0, 0, 0, 0, 0, 2][..])
        );
        assert_eq!(check(2, 2, 80), Ok(two));
        assert_eq!(check(2, 2, 79), Err(ErrorKind::TooLarge));
        // As deep as datatypes may be: 8 to the power of 16 elements, if nothing stopped it.
        assert_eq!(check(8, 16, 1 << 16), Err(ErrorKind::TooLarge));
    }
}
