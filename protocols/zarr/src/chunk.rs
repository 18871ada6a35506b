//! Chunks that are made anew: elements of the part that lies inside the variable, padded to a whole chunk, then shuffled.

/// A run of elements that lie side by side both in the part and in the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Place of the first element in the part.
    pub from: usize,
    /// Place of the first element in the whole chunk.
    pub to: usize,
    /// How many elements.
    pub length: usize,
}

/// The rows of a part of shape `part` at the origin of a chunk of shape `chunk`, both slowest first.
///
/// `None` where the shapes have different numbers of axes, the part exceeds the chunk, or a place exceeds this machine.
pub fn rows<'a>(part: &'a [u64], chunk: &'a [u64]) -> Option<impl Iterator<Item = Row> + use<'a>> {
    if part.len() != chunk.len() || part.iter().zip(chunk).any(|(part, chunk)| part > chunk) {
        return None;
    }
    // Every place below is smaller than this product.
    chunk.iter().try_fold(1_usize, |n, &length| n.checked_mul(usize::try_from(length).ok()?))?;
    let (length, outer) = part.split_last().map_or((1, part), |(&last, outer)| (last, outer));
    let width = chunk.last().copied().unwrap_or(1);
    let count: u64 = if length == 0 { 0 } else { outer.iter().product() };
    Some((0..count).map(move |row| Row {
        from: to_place(row.saturating_mul(length)),
        to: to_place(outer_place(row, outer, chunk).saturating_mul(width)),
        length: to_place(length),
    }))
}

/// The place in the outer axes of `chunk` of the `row`-th index of the outer axes of the part.
fn outer_place(mut row: u64, outer: &[u64], chunk: &[u64]) -> u64 {
    let (mut place, mut unit) = (0_u64, 1_u64);
    for (&length, &of_chunk) in outer.iter().zip(chunk).rev() {
        place = place.saturating_add(row.checked_rem(length).unwrap_or(0).saturating_mul(unit));
        row = row.checked_div(length).unwrap_or(0);
        unit = unit.saturating_mul(of_chunk);
    }
    place
}

/// A place that [`rows`] has found to fit.
fn to_place(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// A whole chunk of `elements` elements, each `fill`. `None` where that many bytes cannot be counted.
#[must_use]
pub fn filled(fill: &[u8], elements: u64) -> Option<Vec<u8>> {
    let elements = usize::try_from(elements).ok()?;
    fill.len().checked_mul(elements)?;
    Some(fill.repeat(elements))
}

/// Pads the bytes of a part to a whole chunk; what lies outside the variable is `fill`, one element.
///
/// Shapes are those of [`rows`]. `None` where the shapes do not fit each other or the bytes.
#[must_use]
pub fn padded(values: Vec<u8>, part: &[u64], chunk: &[u64], fill: &[u8]) -> Option<Vec<u8>> {
    let size = fill.len();
    let elements: u64 = part.iter().try_fold(1_u64, |n, &length| n.checked_mul(length))?;
    if u64::try_from(values.len()).ok()? != elements.checked_mul(u64::try_from(size).ok()?)? {
        return None;
    }
    if part == chunk {
        return Some(values);
    }
    let mut whole = filled(fill, chunk.iter().try_fold(1_u64, |n, &length| n.checked_mul(length))?)?;
    for row in rows(part, chunk)? {
        let bytes = row.length.checked_mul(size)?;
        let (from, to) = (row.from.checked_mul(size)?, row.to.checked_mul(size)?);
        let source = values.get(from..from.checked_add(bytes)?)?;
        whole.get_mut(to..to.checked_add(bytes)?)?.copy_from_slice(source);
    }
    Some(whole)
}

/// Puts bytes of equal significance together, as HDF5 and `numcodecs.shuffle` do. `None` where `bytes` is not a whole
/// number of elements of `size` bytes.
#[must_use]
pub fn shuffled(bytes: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; bytes.len()];
    shuffle_into(bytes, size, &mut out).map(|()| out)
}

/// As [`shuffled`], into a buffer of the same length; `None` where it has another one, too.
#[must_use]
pub fn shuffle_into(bytes: &[u8], size: usize, out: &mut [u8]) -> Option<()> {
    if bytes.len().checked_rem(size)? != 0 || out.len() != bytes.len() {
        return None;
    }
    match size {
        2 => shuffle(bytes, out, |element, shift| (u16::from_le_bytes(element) >> shift) as u8),
        4 => shuffle(bytes, out, |element, shift| (u32::from_le_bytes(element) >> shift) as u8),
        8 => shuffle(bytes, out, |element, shift| (u64::from_le_bytes(element) >> shift) as u8),
        _ => {
            let ordered = (0..size).flat_map(|significance| bytes.iter().skip(significance).step_by(size));
            out.iter_mut().zip(ordered).for_each(|(to, from)| *to = *from);
        }
    }
    Some(())
}

/// Elements of a usual size as words, of which the compiler shifts many at once.
fn shuffle<const SIZE: usize>(bytes: &[u8], out: &mut [u8], byte: impl Fn([u8; SIZE], u32) -> u8) {
    let (elements, _) = bytes.as_chunks::<SIZE>();
    for (plane, shift) in out.chunks_exact_mut(elements.len().max(1)).zip((0..).step_by(8)) {
        for (to, element) in plane.iter_mut().zip(elements) {
            *to = byte(*element, shift);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(part: &[u64], chunk: &[u64], expected: &[u8]) {
        let elements = part.iter().product::<u64>() as u8;
        let values = (1..=elements).flat_map(|i| [i, i + 100]).collect();
        let got = padded(values, part, chunk, &[77, 88]).unwrap();
        let first: Vec<u8> = got.iter().step_by(2).copied().collect();
        assert_eq!(first, expected);
        let second: Vec<u8> = got.iter().skip(1).step_by(2).copied().collect();
        let follows: Vec<u8> = expected.iter().map(|&i| if i == 77 { 88 } else { i + 100 }).collect();
        assert_eq!(second, follows);
    }

    #[test]
    fn parts_stand_at_the_origin() {
        check(&[], &[], &[1]);
        check(&[2], &[4], &[1, 2, 77, 77]);
        check(&[4], &[4], &[1, 2, 3, 4]);
        check(&[0], &[2], &[77, 77]);
        check(&[2, 1], &[3, 2], &[1, 77, 2, 77, 77, 77]);
        check(&[2, 1, 2], &[2, 2, 3], &[1, 2, 77, 77, 77, 77, 3, 4, 77, 77, 77, 77]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(padded(vec![1], &[2], &[4], &[0]), None);
        assert_eq!(padded(vec![1, 2], &[2], &[1], &[0]), None);
        assert_eq!(padded(vec![1, 2], &[2], &[2, 1], &[0]), None);
        assert!(rows(&[1, 1], &[u64::MAX, 2]).is_none());
        assert_eq!(filled(&[1, 2], u64::MAX), None);
        assert_eq!(filled(&[1, 2], 2), Some(vec![1, 2, 1, 2]));
    }

    #[test]
    fn bytes_of_equal_significance_stand_together() {
        assert_eq!(shuffled(&[1, 2, 3, 4, 5, 6], 2), Some(vec![1, 3, 5, 2, 4, 6]));
        assert_eq!(shuffled(&[1, 2, 3], 1), Some(vec![1, 2, 3]));
        assert_eq!(shuffled(&[1, 2, 3], 2), None);
        assert_eq!(shuffled(&[1, 2, 3], 0), None);
    }

    proptest! {
        #[test]
        fn every_element_keeps_its_index(axes in prop::collection::vec((1_u64..5, 0_u64..3), 0..4)) {
            let part: Vec<u64> = axes.iter().map(|a| a.0).collect();
            let chunk: Vec<u64> = axes.iter().map(|a| a.0 + a.1).collect();
            let mut seen = 0;
            for row in rows(&part, &chunk).unwrap() {
                for i in 0..row.length {
                    let unravel = |mut place: u64, shape: &[u64]| -> Vec<u64> {
                        let mut index: Vec<u64> = shape.iter().rev().map(|&n| { let i = place % n; place /= n; i }).collect();
                        index.reverse();
                        index
                    };
                    prop_assert_eq!(unravel((row.from + i) as u64, &part), unravel((row.to + i) as u64, &chunk));
                    prop_assert_eq!(row.from + i, seen);
                    seen += 1;
                }
            }
            prop_assert_eq!(seen as u64, part.iter().product::<u64>());
        }

        #[test]
        fn shuffling_moves_every_byte_once(elements in 0_usize..20, size in 1_usize..9) {
            let bytes: Vec<u8> = (0..elements * size).map(|i| i as u8).collect();
            let shuffled = shuffled(&bytes, size).unwrap();
            for (i, &byte) in bytes.iter().enumerate() {
                prop_assert_eq!(shuffled[i % size * elements + i / size], byte);
            }
        }
    }
}
