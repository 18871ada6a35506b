//! Reading a hyperslab: plan, fetch, decode, and put every element where it belongs.

use rayon::prelude::*;
use weir_model::{AxisPart, ByteOrder, ChunkGrid, Hyperslab, Part, Variable};

use crate::codecs::{self, Decoded, MOST_CHUNK_BYTES, Scratch};
use crate::{ChunkKey, ChunkSource, Error, ErrorKind, buffers};

/// What is read: a variable, its grid, and the byte order in which its elements are wanted.
pub struct Target<'a> {
    /// The variable's path.
    pub path: &'a str,
    /// The variable.
    pub variable: &'a Variable,
    /// How chunks tile it.
    pub grid: &'a ChunkGrid,
    /// The wanted order.
    pub order: ByteOrder,
}

impl Target<'_> {
    fn element_size(&self) -> Result<usize, Error> {
        self.variable.data_type.size().filter(|&size| size > 0).ok_or_else(|| {
            let what = self.variable.data_type.describe();
            Error::new(
                ErrorKind::BadRequest,
                format!("{} has elements of type {what}, which have no fixed size", self.path),
            )
        })
    }

    /// Bytes of one whole chunk.
    fn chunk_bytes(&self) -> Result<usize, Error> {
        let size = self.element_size()? as u64;
        let bytes = self.grid.chunk_elements().checked_mul(size).filter(|&bytes| bytes <= MOST_CHUNK_BYTES);
        bytes.and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(|| {
            let message =
                format!("{}: a chunk is larger than the limit of {MOST_CHUNK_BYTES} bytes", self.path);
            Error::new(ErrorKind::TooLarge, message)
        })
    }

    /// The fill value in the wanted order.
    fn fill(&self) -> Vec<u8> {
        let mut fill = self.variable.storage.fill.clone();
        if self.order == ByteOrder::Big {
            codecs::swap(&mut fill, self.variable.data_type.swap_unit());
        }
        fill
    }
}

/// Reads `slab` of a variable, row-major, into `out`.
///
/// # Errors
/// Whatever keeps the bytes from being right; `out` then holds nothing of use.
pub fn read(
    source: &dyn ChunkSource,
    target: &Target<'_>,
    slab: &Hyperslab,
    out: &mut [u8],
) -> Result<(), Error> {
    let size = target.element_size()?;
    let expected = usize::try_from(slab.elements()).ok().and_then(|elements| elements.checked_mul(size));
    if expected != Some(out.len()) {
        let message = format!(
            "{}: the buffer has {} bytes for {} elements of {size}",
            target.path,
            out.len(),
            slab.elements()
        );
        return Err(Error::new(ErrorKind::BadRequest, message));
    }
    let window = Window { shape: slab.shape(), size, ptr: Ptr(out.as_mut_ptr()), len: out.len() };
    let mut plan = target.grid.plan(slab).peekable();
    while plan.peek().is_some() {
        let batch: Vec<Part> = plan.by_ref().take(4096).collect();
        match batch.as_slice() {
            [part] => place_part(source, target, part, &window)?,
            parts => parts.par_iter().try_for_each(|part| place_part(source, target, part, &window))?,
        }
    }
    Ok(())
}

/// The output buffer, written by several threads at once: each part of a plan has places of its own, because the parts tile
/// the hyperslab.
struct Window {
    shape: Vec<u64>,
    size: usize,
    ptr: Ptr,
    len: usize,
}

struct Ptr(*mut u8);

// SAFETY: threads write through it only to the places of their own parts, which never overlap.
unsafe impl Send for Ptr {}
// SAFETY: as above.
unsafe impl Sync for Ptr {}

impl Window {
    /// `length` bytes at byte `at` of the output.
    ///
    /// # Safety
    /// No other reference to these bytes exists: they belong to a part that only the caller works on.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that it alone has these bytes")]
    unsafe fn bytes(&self, at: usize, length: usize) -> Result<&mut [u8], Error> {
        if at.checked_add(length).is_none_or(|end| end > self.len) {
            return Err(Error::corrupt("a part of a chunk lies outside the hyperslab"));
        }
        // SAFETY: the range was checked, and is the caller's alone.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.ptr.0.add(at), length) })
    }
}

fn place_part(
    source: &dyn ChunkSource,
    target: &Target<'_>,
    part: &Part,
    window: &Window,
) -> Result<(), Error> {
    let index = part.chunk();
    let key = ChunkKey { variable: target.path, index: &index };
    if target.variable.storage.codecs.is_empty() {
        return place_plain(source, target, key, part, window);
    }
    decoded_chunk(source, target, key, |chunk| match chunk {
        Some(chunk) => Rows::of(part, target, window).copy(chunk, 0, window),
        None => fill_part(target, part, window),
    })
}

/// Fetches and decodes a chunk, in the wanted byte order, and lends it to `f`; `None` where nothing is stored.
///
/// # Errors
/// As [`read`], with the chunk's name.
pub fn decoded_chunk<T>(
    source: &dyn ChunkSource,
    target: &Target<'_>,
    key: ChunkKey<'_>,
    f: impl FnOnce(Option<&[u8]>) -> Result<T, Error>,
) -> Result<T, Error> {
    let length = target.chunk_bytes()?;
    let Some(encoded) = source.fetch(key)? else { return f(None) };
    let storage = &target.variable.storage;
    let to = Decoded {
        codecs: &storage.codecs,
        length,
        data_type: &target.variable.data_type,
        stored: storage.byte_order,
        wanted: target.order,
    };
    let result = Scratch::with(|scratch| {
        let decoded = codecs::decode(scratch, &encoded.bytes, encoded.skipped_codecs, &to);
        f(Some(decoded.map_err(|e| e.within(format!("{} chunk {:?}", key.variable, key.index)))?))
    });
    buffers::give(encoded.bytes);
    result
}

/// A part of a chunk without codecs: only the bytes from its first to its last element are read.
fn place_plain(
    source: &dyn ChunkSource,
    target: &Target<'_>,
    key: ChunkKey<'_>,
    part: &Part,
    window: &Window,
) -> Result<(), Error> {
    target.chunk_bytes()?;
    let rows = Rows::of(part, target, window);
    let (first, end) = rows.span();
    let unit = match target.order == target.variable.storage.byte_order {
        true => 1,
        false => target.variable.data_type.swap_unit(),
    };
    if let Some((at, length)) = rows.single_run() {
        // SAFETY: the run is this part's alone.
        let out = unsafe { window.bytes(at, length)? };
        if !source.fetch_part(key, first as u64, out)? {
            return fill_part(target, part, window);
        }
        codecs::swap(out, unit);
        return Ok(());
    }
    let mut span = vec![0; end.saturating_sub(first)];
    if !source.fetch_part(key, first as u64, &mut span)? {
        return fill_part(target, part, window);
    }
    codecs::swap(&mut span, unit);
    rows.copy(&span, first, window)
}

fn fill_part(target: &Target<'_>, part: &Part, window: &Window) -> Result<(), Error> {
    let fill = target.fill();
    if fill.len() != window.size {
        return Err(Error::corrupt(format!("{} has no usable fill value", target.path)));
    }
    let rows = Rows::of(part, target, window);
    rows.each(|_, at| {
        // SAFETY: the row is this part's alone.
        let out = unsafe { window.bytes(at, rows.row_out_bytes())? };
        out.chunks_exact_mut(fill.len()).for_each(|element| element.copy_from_slice(&fill));
        Ok(())
    })
}

/// The rows of a part: runs along the last axis, in the chunk and in the output. Trailing axes that the part covers whole,
/// in both, are merged into one.
struct Rows {
    /// Outer axes: how many indices, bytes between two in the chunk, bytes between two in the output.
    outer: Vec<(u64, usize, usize)>,
    /// Elements of a row.
    count: usize,
    /// Bytes between two elements of a row in the chunk.
    step: usize,
    size: usize,
    first: usize,
    at: usize,
}

impl Rows {
    fn of(part: &Part, target: &Target<'_>, window: &Window) -> Self {
        let size = window.size;
        let (mut first, mut at) = (0_usize, 0_usize);
        let (mut in_chunk, mut in_out) = (size, size);
        let mut axes: Vec<(u64, usize, usize)> = Vec::with_capacity(part.axes.len());
        let lengths = target.grid.chunk_shape().iter().zip(&window.shape);
        for (axis, (&of_chunk, &of_out)) in part.axes.iter().zip(lengths).rev() {
            let AxisPart { first: from, step, count, out, .. } = *axis;
            first = first.saturating_add(narrow(from).saturating_mul(in_chunk));
            at = at.saturating_add(narrow(out).saturating_mul(in_out));
            axes.push((count, narrow(step).saturating_mul(in_chunk), in_out));
            in_chunk = in_chunk.saturating_mul(narrow(of_chunk));
            in_out = in_out.saturating_mul(narrow(of_out));
        }
        Self::merged(axes, size, first, at)
    }

    /// `axes` are fastest first.
    fn merged(axes: Vec<(u64, usize, usize)>, size: usize, first: usize, at: usize) -> Self {
        let mut axes = axes.into_iter().peekable();
        let (count, step, _) = axes.next().unwrap_or((1, size, size));
        let mut count = narrow(count);
        while let Some(&(next, in_chunk, in_out)) = axes.peek() {
            let row = count.saturating_mul(size);
            if step != size || in_chunk != row || in_out != row {
                break;
            }
            count = count.saturating_mul(narrow(next));
            axes.next();
        }
        let mut outer: Vec<_> = axes.collect();
        outer.reverse();
        Self { outer, count, step, size, first, at }
    }

    /// Bytes of a row in the output.
    fn row_out_bytes(&self) -> usize {
        self.count.saturating_mul(self.size)
    }

    /// First byte and end of what the part touches in its chunk.
    fn span(&self) -> (usize, usize) {
        let reach = |(count, in_chunk, _): &(u64, usize, usize)| {
            narrow(count.saturating_sub(1)).saturating_mul(*in_chunk)
        };
        let outer = self.outer.iter().map(reach).fold(0_usize, usize::saturating_add);
        let row = self.count.saturating_sub(1).saturating_mul(self.step).saturating_add(self.size);
        (self.first, self.first.saturating_add(outer).saturating_add(row))
    }

    /// Where in the output, and how many bytes, if the part is one run in both.
    fn single_run(&self) -> Option<(usize, usize)> {
        let single =
            self.outer.iter().all(|(count, ..)| *count == 1) && (self.step == self.size || self.count == 1);
        single.then(|| (self.at, self.row_out_bytes()))
    }

    /// Calls `row` with the byte offsets of each row in the chunk and in the output.
    fn each(&self, mut row: impl FnMut(usize, usize) -> Result<(), Error>) -> Result<(), Error> {
        let mut place = vec![0_u64; self.outer.len()];
        loop {
            let offsets = place.iter().zip(&self.outer).fold((self.first, self.at), |(c, o), (&n, axis)| {
                let n = narrow(n);
                (c.saturating_add(n.saturating_mul(axis.1)), o.saturating_add(n.saturating_mul(axis.2)))
            });
            row(offsets.0, offsets.1)?;
            let moved = place.iter_mut().zip(&self.outer).rev().find_map(|(n, axis)| {
                *n = n.saturating_add(1);
                (*n < axis.0).then_some(()).or_else(|| {
                    *n = 0;
                    None
                })
            });
            if moved.is_none() {
                return Ok(());
            }
        }
    }

    /// Copies the part out of `chunk`, whose first byte is byte `skipped` of the real chunk.
    fn copy(&self, chunk: &[u8], skipped: usize, window: &Window) -> Result<(), Error> {
        let row_in_bytes = self.count.saturating_sub(1).saturating_mul(self.step).saturating_add(self.size);
        self.each(|from, at| {
            let from = from.saturating_sub(skipped);
            let row = chunk.get(from..from.saturating_add(row_in_bytes));
            let row = row.ok_or_else(|| Error::corrupt("a chunk is shorter than its shape says"))?;
            // SAFETY: the row is this part's alone.
            let out = unsafe { window.bytes(at, self.row_out_bytes())? };
            if self.step == self.size {
                out.copy_from_slice(row);
            } else {
                let elements = row.chunks(self.step).filter_map(|element| element.get(..self.size));
                out.chunks_exact_mut(self.size)
                    .zip(elements)
                    .for_each(|(out, element)| out.copy_from_slice(element));
            }
            Ok(())
        })
    }
}

/// Numbers inside a chunk fit in `usize`, because the chunk's bytes do; anything else saturates, and is caught as out of
/// range where it is used.
fn narrow(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
