//! Byte shuffling: bytes of equal significance are stored together, and put together again here.

/// Puts shuffled bytes together: `out[element * size + byte] = shuffled[byte * elements + element]`.
///
/// Bytes behind the last whole element are copied as they are. With `reverse`, each element's bytes come out in the other
/// order, which costs nothing here and saves a byte swap later. `out` must be as long as `shuffled`.
pub fn unshuffle(shuffled: &[u8], size: usize, reverse: bool, out: &mut [u8]) {
    let elements = shuffled.len().checked_div(size).unwrap_or(0);
    let body = elements.saturating_mul(size);
    let ((planes, tail), out) = (shuffled.split_at(body), out.split_at_mut(body.min(out.len())));
    match size {
        0 | 1 => out.0.copy_from_slice(planes),
        2 => interleave::<2>(planes, elements, reverse, out.0),
        4 => interleave::<4>(planes, elements, reverse, out.0),
        8 => interleave::<8>(planes, elements, reverse, out.0),
        _ => interleave_any(planes, (elements, size), reverse, 0, out.0),
    }
    out.1.copy_from_slice(tail);
}

/// Reverses each unit of `unit` bytes.
pub fn swap(bytes: &mut [u8], unit: usize) {
    match unit {
        0 | 1 => {}
        2 => bytes
            .as_chunks_mut::<2>()
            .0
            .iter_mut()
            .for_each(|c| *c = u16::from_ne_bytes(*c).swap_bytes().to_ne_bytes()),
        4 => bytes
            .as_chunks_mut::<4>()
            .0
            .iter_mut()
            .for_each(|c| *c = u32::from_ne_bytes(*c).swap_bytes().to_ne_bytes()),
        8 => bytes
            .as_chunks_mut::<8>()
            .0
            .iter_mut()
            .for_each(|c| *c = u64::from_ne_bytes(*c).swap_bytes().to_ne_bytes()),
        _ => bytes.chunks_exact_mut(unit).for_each(<[u8]>::reverse),
    }
}

/// Elements of any size, from element `from` on.
fn interleave_any(
    planes: &[u8],
    (elements, size): (usize, usize),
    reverse: bool,
    from: usize,
    out: &mut [u8],
) {
    for (byte, plane) in planes.chunks_exact(elements.max(1)).enumerate() {
        let place = if reverse { size.saturating_sub(1).saturating_sub(byte) } else { byte };
        let targets = out.chunks_exact_mut(size.max(1)).skip(from);
        for (target, value) in targets.zip(plane.iter().skip(from)) {
            if let Some(target) = target.get_mut(place) {
                *target = *value;
            }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn interleave<const N: usize>(planes: &[u8], elements: usize, reverse: bool, out: &mut [u8]) {
    interleave_any(planes, (elements, N), reverse, 0, out);
}

/// `N` planes, 16 elements at a time. Interleaving plane `i` with plane `i + N/2` log2(N) times is the whole transpose.
#[cfg(target_arch = "x86_64")]
fn interleave<const N: usize>(planes: &[u8], elements: usize, reverse: bool, out: &mut [u8]) {
    use std::arch::x86_64::{
        __m128i, _mm_loadu_si128, _mm_setzero_si128, _mm_storeu_si128, _mm_unpackhi_epi8, _mm_unpacklo_epi8,
    };
    let groups = elements / 16;
    if planes.len() < N.saturating_mul(elements) || out.len() < N.saturating_mul(elements) {
        return;
    }
    for group in 0..groups {
        // SAFETY: SSE2 is part of x86_64. Reads stay below `N * elements`, which is inside `planes`; writes below
        // `(group + 1) * 16 * N`, which is inside `out`: both lengths were checked above.
        unsafe {
            let mut lanes: [__m128i; N] = [_mm_setzero_si128(); N];
            for (byte, lane) in lanes.iter_mut().enumerate() {
                let plane = if reverse { N - 1 - byte } else { byte };
                *lane = _mm_loadu_si128(planes.as_ptr().add(plane * elements + group * 16).cast());
            }
            for _ in 0..N.trailing_zeros() {
                let mut next = lanes;
                for i in 0..N / 2 {
                    next[2 * i] = _mm_unpacklo_epi8(lanes[i], lanes[i + N / 2]);
                    next[2 * i + 1] = _mm_unpackhi_epi8(lanes[i], lanes[i + N / 2]);
                }
                lanes = next;
            }
            let target = out.as_mut_ptr().add(group * 16 * N);
            for (i, lane) in lanes.iter().enumerate() {
                _mm_storeu_si128(target.add(i * 16).cast(), *lane);
            }
        }
    }
    interleave_any(planes, (elements, N), reverse, groups * 16, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shuffle(bytes: &[u8], size: usize) -> Vec<u8> {
        let elements = bytes.len() / size;
        let planes = (0..size).flat_map(|b| (0..elements).map(move |e| bytes[e * size + b]));
        planes.chain(bytes[elements * size..].iter().copied()).collect()
    }

    proptest! {
        #[test]
        fn unshuffling_undoes_shuffling(
            bytes in prop::collection::vec(any::<u8>(), 0..700),
            size in 1_usize..12,
        ) {
            let shuffled = shuffle(&bytes, size);
            let mut out = vec![0; bytes.len()];
            unshuffle(&shuffled, size, false, &mut out);
            prop_assert_eq!(&out, &bytes);
            let mut swapped = bytes;
            swap(&mut swapped, size);
            unshuffle(&shuffled, size, true, &mut out);
            prop_assert_eq!(&out, &swapped);
        }
    }
}
