//! Chunks for storage that has none: whole runs of consecutive bytes.

/// How many bytes a run may have before it is cut.
const RUN_BYTES: u64 = 1 << 20;

/// The chunk shape that cuts a row-major array of `shape` into runs of at most about 1 MiB.
///
/// Only leading axes are cut, so a chunk's bytes are consecutive in the file, and the last chunk of an axis is a prefix of
/// a whole one. No length is 0.
#[must_use]
pub fn run_chunk_shape(shape: &[u64], element_size: usize) -> Vec<u64> {
    let mut chunk: Vec<u64> = shape.iter().map(|_| 1).collect();
    let mut bytes = (element_size as u64).max(1);
    for (length, of_chunk) in shape.iter().zip(&mut chunk).rev() {
        let fitting = RUN_BYTES.checked_div(bytes).unwrap_or(1).max(1);
        *of_chunk = (*length).clamp(1, fitting);
        if *of_chunk < *length {
            break;
        }
        bytes = bytes.saturating_mul(*of_chunk);
    }
    chunk
}

/// Runs shorter than this cost more in requests than they save.
const LEAST_EQUAL_RUN: u64 = 64 << 10;

/// A length is looked through for divisors up to this one.
const MOST_DIVISOR: u64 = 1 << 20;

/// The chunk shape that cuts a row-major array of `shape` into runs of one length: of about 1 MiB at most, where its lengths can
/// be divided so; else as near to that as they can.
///
/// Zarr has no chunk that is cut at the edge, so bytes that are handed out as they are stored must be whole chunks. No length is 0.
#[must_use]
pub fn equal_run_shape(shape: &[u64], element_size: usize) -> Vec<u64> {
    let mut chunk: Vec<u64> = shape.iter().map(|_| 1).collect();
    let mut bytes = (element_size as u64).max(1);
    for (&length, of_chunk) in shape.iter().zip(&mut chunk).rev() {
        let fitting = RUN_BYTES.checked_div(bytes).unwrap_or(1).max(1);
        *of_chunk = if length <= fitting { length.max(1) } else { part(length, fitting, bytes) };
        if *of_chunk < length {
            break;
        }
        bytes = bytes.saturating_mul(*of_chunk);
    }
    chunk
}

/// The divisor of `length` that makes runs of rows of `row` bytes as long as they should be: at most `fitting` rows.
fn part(length: u64, fitting: u64, row: u64) -> u64 {
    let (mut below, mut above) = (1, length);
    let mut at = 1_u64;
    while at <= MOST_DIVISOR && at.saturating_mul(at) <= length {
        if length.checked_rem(at) == Some(0) {
            for divisor in [at, length.checked_div(at).unwrap_or(1)] {
                if divisor <= fitting {
                    below = below.max(divisor);
                } else {
                    above = above.min(divisor);
                }
            }
        }
        at = at.saturating_add(1);
    }
    if below.saturating_mul(row) >= LEAST_EQUAL_RUN { below } else { above }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check_equal(shape: &[u64], element_size: usize, expected: &[u64]) {
        assert_eq!(equal_run_shape(shape, element_size), expected);
    }

    #[test]
    fn equal_runs_divide_lengths() {
        check_equal(&[], 4, &[]);
        check_equal(&[0], 4, &[1]);
        check_equal(&[10, 20], 4, &[10, 20]);
        check_equal(&[1024, 512, 512], 4, &[1, 512, 512]);
        // 7 rows would fit, but 5 divide 10.
        check_equal(&[10, 37449], 4, &[5, 37449]);
        check_equal(&[8, 4096, 4096], 4, &[1, 64, 4096]);
        // A prime number of rows: one by one, where a row is long enough ...
        check_equal(&[1009, 20_000], 4, &[1, 20_000]);
        // ... all together, where it is not.
        check_equal(&[1_000_003], 4, &[1_000_003]);
        check_equal(&[5, 0, 7], 8, &[5, 1, 7]);
    }

    proptest! {
        #[test]
        fn equal_runs_tile_without_rest(shape in prop::collection::vec(1_u64..3000, 0..4), size in 1_usize..9) {
            let chunk = equal_run_shape(&shape, size);
            prop_assert_eq!(chunk.len(), shape.len());
            prop_assert!(chunk.iter().zip(&shape).all(|(chunk, length)| length % chunk == 0));
            // Behind the first axis that is cut, all are whole; before it, all are 1.
            let cut = chunk.iter().zip(&shape).rposition(|(chunk, length)| chunk < length);
            prop_assert!(chunk.iter().take(cut.unwrap_or(0)).all(|&chunk| chunk == 1));
        }
    }

    fn check(shape: &[u64], element_size: usize, expected: &[u64]) {
        assert_eq!(run_chunk_shape(shape, element_size), expected);
    }

    #[test]
    fn runs_are_cut_along_leading_axes() {
        check(&[], 4, &[]);
        check(&[0], 4, &[1]);
        check(&[10, 20], 4, &[10, 20]);
        check(&[1024, 512, 512], 4, &[1, 512, 512]);
        check(&[1024, 512, 511], 4, &[1, 512, 511]);
        check(&[8, 4096, 4096], 4, &[1, 64, 4096]);
        check(&[3, 1 << 30], 4, &[1, 1 << 18]);
        check(&[5, 0, 7], 8, &[5, 1, 7]);
    }
}
