//! What reads and chunks of elements of a fixed size must hold.

use weir_model::{ByteOrder, Codec, Hyperslab, Stride};

use super::{Numbers, SLABS, Subject, places, rule};
use crate::codecs::{self, Decoded, Scratch};
use crate::{Encoded, ErrorKind};

/// How many chunks of a variable are looked at, one by one.
const CHUNKS: usize = 5000;

/// Reads a hyperslab.
pub fn read(subject: &Subject<'_>, slab: &Hyperslab, order: ByteOrder) -> Result<Vec<u8>, String> {
    let size = subject.variable.data_type.size().unwrap_or(0) as u64;
    let length = slab.elements().checked_mul(size).and_then(|bytes| usize::try_from(bytes).ok());
    // Not zeros: bytes that are left as they were must be noticed.
    let mut out = vec![0xa5; length.ok_or("the hyperslab does not fit into memory")?];
    let done = subject.dataset.read(subject.path, slab, order, &mut out);
    done.map_err(|e| format!("{slab:?} cannot be read: {e}")).map(|()| out)
}

/// Whole reads and hyperslabs in both byte orders equal `whole`; a buffer of another size is refused.
pub fn check_reads(subject: &Subject<'_>, whole: &[u8]) -> Result<(), String> {
    let all = subject.whole()?;
    let got = read(subject, &all, ByteOrder::Little)?;
    rule(got == whole, || format!("read as a whole, it {}", difference(&got, whole)))?;
    let mut short = vec![0; whole.len().saturating_add(1)];
    let refused = subject.dataset.read(subject.path, &all, ByteOrder::Little, &mut short);
    let kind = refused.as_ref().err().map(|e| e.kind);
    rule(kind == Some(ErrorKind::BadRequest), || {
        format!("a buffer of the wrong size is not a bad request, but {refused:?}")
    })?;
    check_slabs(subject, whole, (0, SLABS))
}

/// `count` hyperslabs equal what is picked from `whole`.
pub fn check_slabs(subject: &Subject<'_>, whole: &[u8], (seed, count): (usize, usize)) -> Result<(), String> {
    let mut numbers = Numbers::new(seed);
    for n in 0..count {
        let slab = numbers.slab(&subject.variable.shape)?;
        let mut expected = pick(subject, whole, &subject.variable.shape, &slab)?;
        let order = if n % 2 == 0 { ByteOrder::Little } else { ByteOrder::Big };
        if order == ByteOrder::Big {
            reverse_units(&mut expected, subject.variable.data_type.swap_unit());
        }
        let got = read(subject, &slab, order)?;
        rule(got == expected, || format!("{slab:?} in order {order:?} {}", difference(&got, &expected)))?;
    }
    Ok(())
}

/// The elements of a hyperslab of an array.
pub fn pick(subject: &Subject<'_>, array: &[u8], shape: &[u64], slab: &Hyperslab) -> Result<Vec<u8>, String> {
    let size = subject.variable.data_type.size().unwrap_or(1);
    let mut picked = Vec::new();
    for place in places(shape, slab) {
        let at = place.saturating_mul(size);
        let element = array.get(at..at.saturating_add(size));
        picked.extend(element.ok_or_else(|| format!("there is no element {place}"))?);
    }
    Ok(picked)
}

fn reverse_units(bytes: &mut [u8], unit: usize) {
    bytes.chunks_exact_mut(unit.max(1)).for_each(<[u8]>::reverse);
}

/// How two runs of bytes differ.
pub fn difference(got: &[u8], expected: &[u8]) -> String {
    match got.iter().zip(expected).position(|(got, expected)| got != expected) {
        Some(at) => format!(
            "differs at byte {at} of {}: {:?}, not {:?}",
            expected.len(),
            got.get(at),
            expected.get(at)
        ),
        None => format!("has {} bytes, not {}", got.len(), expected.len()),
    }
}

/// Every chunk, by every way there is to it, holds its part of `whole`.
pub fn check_chunks(subject: &Subject<'_>, whole: &[u8]) -> Result<(), String> {
    let all = subject.whole()?;
    let mut numbers = Numbers::new(1);
    for part in subject.grid.plan(&all).take(CHUNKS) {
        let index = part.chunk();
        check_chunk(subject, whole, &index, &mut numbers)
            .map_err(|broken| format!("chunk {index:?}: {broken}"))?;
    }
    Ok(())
}

fn check_chunk(
    subject: &Subject<'_>,
    whole: &[u8],
    index: &[u64],
    numbers: &mut Numbers,
) -> Result<(), String> {
    let extent = subject.grid.extent(index).ok_or("the grid does not have it")?;
    let expected = pick(subject, whole, &subject.variable.shape, &extent)?;
    let stored = subject.source.fetch(subject.key(index)).map_err(|e| e.to_string())?;
    let present = subject.source.check_extent(subject.key(index)).map_err(|e| e.to_string())?;
    rule(present == stored.is_some(), || {
        format!("its extent is said to be stored: {present}, but fetched: {}", !present)
    })?;
    check_raw(subject, index, &expected)?;
    match stored {
        Some(stored) if subject.variable.storage.codecs.is_empty() => {
            check_parts(subject, index, &stored, numbers)
        }
        _ => Ok(()),
    }
}

/// The raw chunk is there if a stored one is, and decodes to the chunk's part of the variable.
fn check_raw(subject: &Subject<'_>, index: &[u64], expected: &[u8]) -> Result<(), String> {
    let variable = subject.variable;
    let raw = subject.dataset.raw_chunk(subject.path, index).map_err(|e| e.to_string())?;
    let Some(raw) = raw else {
        let fill = variable.storage.fill.iter().copied().cycle().take(expected.len());
        return rule(fill.eq(expected.iter().copied()), || "it is absent, but not all fill value".to_owned());
    };
    // A trailing checksum was verified and taken off, so it is not there to be decoded.
    let codecs = &variable.storage.codecs;
    let codecs = codecs.strip_suffix(&[Codec::Fletcher32]).unwrap_or(codecs);
    let size = variable.data_type.size().unwrap_or(1);
    let length = usize::try_from(subject.grid.chunk_elements()).ok().and_then(|n| n.checked_mul(size));
    let to = Decoded {
        codecs,
        length: length.ok_or("it does not fit into memory")?,
        data_type: &variable.data_type,
        stored: variable.storage.byte_order,
        wanted: ByteOrder::Little,
    };
    let decoded = Scratch::with(|scratch| {
        codecs::decode(scratch, &raw.bytes, raw.skipped_codecs, &to).map(<[u8]>::to_vec)
    });
    let decoded = decoded.map_err(|e| format!("as it is passed on, it cannot be decoded: {e}"))?;
    let counts = subject.grid.extent(index).map(|extent| extent.shape()).unwrap_or_default();
    let strides = counts.into_iter().map(|count| Stride { start: 0, step: 1, count }).collect();
    let inside = Hyperslab::within(subject.grid.chunk_shape(), strides).map_err(|e| e.to_string())?;
    let got = pick(subject, &decoded, subject.grid.chunk_shape(), &inside)?;
    rule(got == expected, || format!("as it is passed on, it {}", difference(&got, expected)))
}

/// Parts of a chunk without codecs are parts of the chunk, and nothing lies behind it.
fn check_parts(
    subject: &Subject<'_>,
    index: &[u64],
    stored: &Encoded,
    numbers: &mut Numbers,
) -> Result<(), String> {
    let length = stored.bytes.len();
    for _ in 0..4 {
        let from = usize::try_from(numbers.below(length as u64)).unwrap_or(0);
        let count = usize::try_from(numbers.below(length.saturating_sub(from) as u64)).unwrap_or(0);
        let end = from.saturating_add(count).saturating_add(1);
        let mut part = vec![0xa5; end.saturating_sub(from)];
        let found = subject
            .source
            .fetch_part(subject.key(index), from as u64, &mut part)
            .map_err(|e| e.to_string())?;
        let same = found && stored.bytes.get(from..end) == Some(&part);
        rule(same, || format!("its bytes {from}..{end} are not those of the whole chunk"))?;
    }
    let mut behind = [0; 2];
    let from = (length as u64).saturating_sub(1);
    let refused = subject.source.fetch_part(subject.key(index), from, &mut behind);
    rule(refused.is_err(), || format!("bytes behind its {length} bytes are given"))
}
