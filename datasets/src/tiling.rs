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

#[cfg(test)]
mod tests {
    use super::*;

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
