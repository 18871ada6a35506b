//! Hyperslabs across members: which part of which member, and where its elements go.

use weir_model::{Hyperslab, Stride};

use crate::Error;

/// A run of indices of a stride along the join axis that lie in one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The member's number.
    pub member: usize,
    /// The indices inside the member.
    pub inside: Stride,
    /// Where the first of them goes along the axis of the output.
    pub at: u64,
}

/// Cuts a stride into runs of single members. `starts` has the first index of each member, and the end behind the last.
///
/// # Errors
/// `Corrupt` where the stride leads out of the members; a checked one does not.
pub fn pieces(stride: &Stride, starts: &[u64]) -> Result<Vec<Piece>, Error> {
    let outside = || Error::corrupt("a hyperslab leads out of the aggregation");
    let mut pieces = Vec::new();
    let mut at = 0_u64;
    while at < stride.count {
        let position = at.checked_mul(stride.step).and_then(|offset| offset.checked_add(stride.start));
        let position = position.ok_or_else(outside)?;
        // Of members without any index, several start at one place; the last of those that start here has it.
        let member = starts.partition_point(|&start| start <= position).checked_sub(1).ok_or_else(outside)?;
        let (start, end) =
            starts.get(member).zip(starts.get(member.saturating_add(1))).ok_or_else(outside)?;
        let first = position.checked_sub(*start).ok_or_else(outside)?;
        let room = end.checked_sub(position).and_then(|room| room.checked_sub(1)).ok_or_else(outside)?;
        let fitting = room.checked_div(stride.step).unwrap_or(0).saturating_add(1);
        let count = fitting.min(stride.count.saturating_sub(at));
        pieces.push(Piece { member, inside: Stride { start: first, step: stride.step, count }, at });
        at = at.saturating_add(count);
    }
    Ok(pieces)
}

/// Puts `part`, row-major, into `out`, an array of `shape` with elements of `size` units, so that it fills the indices from
/// `at` on along `axis`. All other axes of the part are those of the output.
///
/// # Errors
/// `Corrupt` where the part does not fit.
pub fn scatter<T: Clone>(
    part: &[T],
    (shape, size): (&[u64], usize),
    (axis, at): (usize, u64),
    out: &mut [T],
) -> Result<(), Error> {
    let misfit = || Error::corrupt("a part of a member does not fit into the hyperslab");
    let product = |lengths: &[u64]| {
        lengths.iter().try_fold(1_usize, |n, &length| n.checked_mul(usize::try_from(length).ok()?))
    };
    let outer = product(shape.get(..axis).ok_or_else(misfit)?).ok_or_else(misfit)?;
    let inner = product(shape.get(axis.saturating_add(1)..).ok_or_else(misfit)?);
    let inner = inner.and_then(|inner| inner.checked_mul(size)).ok_or_else(misfit)?;
    let of_axis = shape.get(axis).and_then(|&length| usize::try_from(length).ok()).ok_or_else(misfit)?;
    let stride = of_axis.checked_mul(inner).ok_or_else(misfit)?;
    let first = usize::try_from(at).ok().and_then(|at| at.checked_mul(inner)).ok_or_else(misfit)?;
    let row = part.len().checked_div(outer).unwrap_or(0);
    if row.checked_mul(outer) != Some(part.len()) || first.checked_add(row).is_none_or(|end| end > stride) {
        return Err(misfit());
    }
    if row == 0 {
        return Ok(());
    }
    for (number, row_of_part) in part.chunks_exact(row).enumerate() {
        let from = number.checked_mul(stride).and_then(|from| from.checked_add(first)).ok_or_else(misfit)?;
        let place = from.checked_add(row).and_then(|end| out.get_mut(from..end)).ok_or_else(misfit)?;
        place.clone_from_slice(row_of_part);
    }
    Ok(())
}

/// The elements of a hyperslab of `array`, which has `shape` and elements of `size` units.
///
/// # Errors
/// `Corrupt` where the array is shorter than its shape says.
pub fn gather<T: Clone>(
    array: &[T],
    (shape, size): (&[u64], usize),
    slab: &Hyperslab,
    mut put: impl FnMut(&[T]),
) -> Result<(), Error> {
    places(slab, shape, |place| {
        let from = place.checked_mul(size)?;
        put(array.get(from..from.checked_add(size)?)?);
        Some(())
    })
}

/// Calls `at` with the row-major place of every element of a hyperslab in an array of `shape`.
fn places(slab: &Hyperslab, shape: &[u64], mut at: impl FnMut(usize) -> Option<()>) -> Result<(), Error> {
    let short = || Error::corrupt("an array is shorter than its shape says");
    let strides = slab.strides();
    if slab.elements() == 0 {
        return Ok(());
    }
    let mut index = vec![0_u64; strides.len()];
    loop {
        let indices = index.iter().zip(strides).map(|(&n, stride)| {
            n.checked_mul(stride.step).and_then(|offset| offset.checked_add(stride.start))
        });
        let place = indices
            .zip(shape)
            .try_fold(0_u64, |place, (index, &length)| place.checked_mul(length)?.checked_add(index?));
        place.and_then(|place| usize::try_from(place).ok()).and_then(&mut at).ok_or_else(short)?;
        let moved = index.iter_mut().zip(strides).rev().find_map(|(n, stride)| {
            *n = n.saturating_add(1);
            (*n < stride.count).then_some(()).or_else(|| {
                *n = 0;
                None
            })
        });
        if moved.is_none() {
            return Ok(());
        }
    }
}

/// Puts `part`, an array of `lengths`, into the corner of `out`, an array of `shape`; elements have `size` bytes.
///
/// # Errors
/// `Corrupt` where it does not fit.
pub fn embed(
    part: &[u8],
    lengths: &[u64],
    out: &mut [u8],
    (shape, size): (&[u64], usize),
) -> Result<(), Error> {
    let strides = lengths.iter().map(|&length| Stride::all(length)).collect();
    let corner = Hyperslab::within(shape, strides).map_err(|e| Error::corrupt(e.to_string()))?;
    let row = lengths.last().and_then(|&n| usize::try_from(n).ok()).unwrap_or(1).saturating_mul(size);
    // Rows are told apart by their first elements.
    let heads = match lengths.len().checked_sub(1) {
        Some(axis) if corner.elements() > 0 => corner.narrowed(axis, 0, 1),
        _ => Some(corner),
    };
    let heads = heads.ok_or_else(|| Error::corrupt("a part has no rows"))?;
    let mut rows = part.chunks_exact(row.max(1));
    places(&heads, shape, |place| {
        let from = place.checked_mul(size)?;
        out.get_mut(from..from.checked_add(row)?)?.copy_from_slice(rows.next()?);
        Some(())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn starts(lengths: &[u64]) -> Vec<u64> {
        let mut starts = vec![0];
        for length in lengths {
            starts.push(starts.last().unwrap() + length);
        }
        starts
    }

    fn check(lengths: &[u64], stride: (u64, u64, u64), expected: &[(usize, u64, u64, u64)]) {
        let (start, step, count) = stride;
        let found = pieces(&Stride { start, step, count }, &starts(lengths)).unwrap();
        let found: Vec<_> = found.iter().map(|p| (p.member, p.inside.start, p.inside.count, p.at)).collect();
        assert_eq!(found, expected, "{lengths:?} {stride:?}");
    }

    #[test]
    fn strides_are_cut_at_members() {
        check(&[3, 2, 4], (0, 1, 9), &[(0, 0, 3, 0), (1, 0, 2, 3), (2, 0, 4, 5)]);
        check(&[3, 2, 4], (1, 3, 3), &[(0, 1, 1, 0), (1, 1, 1, 1), (2, 2, 1, 2)]);
        check(&[3, 0, 0, 4], (2, 2, 3), &[(0, 2, 1, 0), (3, 1, 2, 1)]);
        check(&[0, 5], (4, 9, 1), &[(1, 4, 1, 0)]);
        check(&[5], (0, 1, 0), &[]);
        assert!(pieces(&Stride { start: 4, step: 1, count: 2 }, &starts(&[5])).is_err());
        assert!(pieces(&Stride { start: u64::MAX, step: 1, count: 1 }, &starts(&[5])).is_err());
    }

    #[test]
    fn parts_are_put_into_corners() {
        let check = |lengths: &[u64], shape: &[u64], expected: &[u8]| {
            let part: Vec<u8> = (1..=lengths.iter().product::<u64>() as u8).collect();
            let mut out = vec![0; shape.iter().product::<u64>() as usize];
            embed(&part, lengths, &mut out, (shape, 1)).unwrap();
            assert_eq!(out, expected, "{lengths:?} {shape:?}");
        };
        check(&[2, 2], &[3, 3], &[1, 2, 0, 3, 4, 0, 0, 0, 0]);
        check(&[2], &[4], &[1, 2, 0, 0]);
        check(&[], &[], &[1]);
        check(&[1, 2, 1], &[2, 2, 2], &[1, 0, 2, 0, 0, 0, 0, 0]);
        assert!(embed(&[1, 2, 3], &[3], &mut [0; 2], (&[2], 1)).is_err());
        assert!(embed(&[1], &[2], &mut [0; 2], (&[2], 1)).is_err());
    }

    proptest! {
        #[test]
        fn pieces_tile_the_stride(
            lengths in prop::collection::vec(0_u64..9, 1..12), start in any::<u64>(), step in 1_u64..11,
            count in any::<u64>()
        ) {
            let total: u64 = lengths.iter().sum();
            prop_assume!(total > 0);
            let start = start % total;
            let count = count % ((total - start - 1) / step + 1) + 1;
            let starts = starts(&lengths);
            let mut at = 0;
            for piece in pieces(&Stride { start, step, count }, &starts).unwrap() {
                prop_assert_eq!(piece.at, at);
                for n in 0..piece.inside.count {
                    let inside = piece.inside.start + n * piece.inside.step;
                    prop_assert!(inside < lengths[piece.member]);
                    prop_assert_eq!(starts[piece.member] + inside, start + (at + n) * step);
                }
                at += piece.inside.count;
            }
            prop_assert_eq!(at, count);
        }

        #[test]
        fn scattered_parts_make_the_whole(
            shape in prop::collection::vec(1_u64..5, 1..4), axis in 0_usize..3, cut in 0_u64..5
        ) {
            let axis = axis % shape.len();
            let cut = cut.min(shape[axis]);
            let whole: Vec<u64> = (1..=shape.iter().product()).collect();
            let mut out = vec![0; whole.len()];
            for (from, count) in [(0, cut), (cut, shape[axis] - cut)] {
                let strides = shape.iter().enumerate().map(|(n, &length)| match n == axis {
                    true => Stride { start: from, step: 1, count },
                    false => Stride::all(length),
                });
                let Ok(slab) = Hyperslab::within(&shape, strides.collect()) else { continue };
                let mut part = Vec::new();
                gather(&whole, (&shape, 1), &slab, |element| part.extend_from_slice(element)).unwrap();
                scatter(&part, (&shape, 1), (axis, from), &mut out).unwrap();
            }
            prop_assert_eq!(out, whole);
        }
    }
}
