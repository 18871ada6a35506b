//! Rows: where the elements of a part lie in their chunk, and where they go in the output.

use weir_model::{AxisPart, Part};

use super::Target;
use crate::Error;

/// The output buffer, written by several threads at once: each part of a plan has places of its own, because the parts tile
/// the hyperslab.
pub struct Window {
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
    /// A window on `out`, which holds elements of `size` bytes in a row-major array of `shape`.
    ///
    /// The borrow ends here: whoever makes a window keeps `out` to itself until all threads are done.
    pub fn of(out: &mut [u8], shape: Vec<u64>, size: usize) -> Self {
        Self { shape, size, ptr: Ptr(out.as_mut_ptr()), len: out.len() }
    }

    /// Bytes of an element.
    pub fn size(&self) -> usize {
        self.size
    }

    /// `length` bytes at byte `at` of the output.
    ///
    /// # Safety
    /// No other reference to these bytes exists: they belong to a part that only the caller works on.
    #[allow(clippy::mut_from_ref, reason = "the caller promises that it alone has these bytes")]
    pub unsafe fn bytes(&self, at: usize, length: usize) -> Result<&mut [u8], Error> {
        if at.checked_add(length).is_none_or(|end| end > self.len) {
            return Err(Error::corrupt("a part of a chunk lies outside the hyperslab"));
        }
        // SAFETY: the range was checked, and is the caller's alone.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.ptr.0.add(at), length) })
    }
}

/// The rows of a part: runs along the last axis, in the chunk and in the output. Trailing axes that the part covers whole,
/// in both, are merged into one.
pub struct Rows {
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
    /// The rows of a part of a plan.
    pub fn of(part: &Part, target: &Target<'_>, window: &Window) -> Self {
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
    pub fn row_out_bytes(&self) -> usize {
        self.count.saturating_mul(self.size)
    }

    /// First byte and end of what the part touches in its chunk.
    pub fn span(&self) -> (usize, usize) {
        let reach = |(count, in_chunk, _): &(u64, usize, usize)| {
            narrow(count.saturating_sub(1)).saturating_mul(*in_chunk)
        };
        let outer = self.outer.iter().map(reach).fold(0_usize, usize::saturating_add);
        let row = self.count.saturating_sub(1).saturating_mul(self.step).saturating_add(self.size);
        (self.first, self.first.saturating_add(outer).saturating_add(row))
    }

    /// Where in the output, and how many bytes, if the part is one run in both.
    pub fn single_run(&self) -> Option<(usize, usize)> {
        let single =
            self.outer.iter().all(|(count, ..)| *count == 1) && (self.step == self.size || self.count == 1);
        single.then(|| (self.at, self.row_out_bytes()))
    }

    /// Calls `row` with the byte offsets of each row in the chunk and in the output.
    pub fn each(&self, mut row: impl FnMut(usize, usize) -> Result<(), Error>) -> Result<(), Error> {
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
    pub fn copy(&self, chunk: &[u8], skipped: usize, window: &Window) -> Result<(), Error> {
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
