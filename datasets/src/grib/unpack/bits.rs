//! Numbers of any width, one behind the other, and bitmaps.

use super::scale::Scale;
use crate::Error;

/// The number of `width` bits (at most 56) that begins at bit `at`; bits behind the end are zero.
#[inline]
pub fn number(bytes: &[u8], at: usize, width: u32) -> u64 {
    if width == 0 {
        return 0;
    }
    let first = at >> 3;
    let word = match bytes.get(first..).and_then(|rest| rest.first_chunk::<8>()) {
        Some(eight) => u64::from_be_bytes(*eight),
        None => {
            let rest = bytes.get(first..).unwrap_or_default();
            let padded = rest.iter().copied().chain(std::iter::repeat(0)).take(8);
            padded.fold(0, |word, byte| word << 8 | u64::from(byte))
        }
    };
    word << (at & 7) >> (64 - width.min(56))
}

/// Checks that `count` numbers of `width` bits are there; gives how many bytes they have, the last one filled up.
pub fn check(bytes: &[u8], width: u32, count: usize) -> Result<usize, Error> {
    let length = count.checked_mul(width as usize).map(|bits| bits.div_ceil(8));
    length.filter(|&length| length <= bytes.len()).ok_or_else(|| {
        let has = bytes.len();
        Error::corrupt(format!("{count} numbers of {width} bits are needed, but there are {has} bytes"))
    })
}

/// `count` packed numbers as values.
pub fn scaled(bytes: &[u8], scale: &Scale, count: usize) -> Result<Vec<f32>, Error> {
    check(bytes, scale.bits, count)?;
    let value = |number: u64| scale.value(number as f64);
    Ok(match scale.bits {
        8 => bytes.iter().take(count).map(|&byte| value(u64::from(byte))).collect(),
        16 => {
            let pairs = bytes.as_chunks::<2>().0.iter().take(count);
            pairs.map(|&pair| value(u64::from(u16::from_be_bytes(pair)))).collect()
        }
        width => (0..count).map(|n| value(number(bytes, n.saturating_mul(width as usize), width))).collect(),
    })
}

/// How many of the first `points` bits are set.
pub fn count_set(bitmap: &[u8], points: usize) -> Result<usize, Error> {
    check(bitmap, 1, points)?;
    let whole = bitmap.iter().take(points >> 3).map(|byte| byte.count_ones() as usize).sum::<usize>();
    let rest = (points & 7) as u32;
    let last = number(bitmap, points & !7, rest).count_ones() as usize;
    Ok(whole.saturating_add(last))
}

/// Puts values where bits are set, and NaN elsewhere.
pub fn spread(bitmap: &[u8], values: &[f32], points: usize) -> Vec<f32> {
    let mut values = values.iter().copied();
    let mut out = Vec::with_capacity(points);
    for byte in bitmap.iter().take(points.div_ceil(8)) {
        let bits = points.saturating_sub(out.len()).min(8);
        out.extend((0..bits).map(|bit| match byte << bit & 0x80 {
            0 => f32::NAN,
            _ => values.next().unwrap_or(f32::NAN),
        }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_width() {
        let bytes: Vec<u8> = (1..=20).map(|n| n * 11).collect();
        let bit = |at: usize| u64::from(bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1));
        for width in 0..=56 {
            for at in 0..170 {
                let expected = (at..at + width).fold(0, |number, at| number << 1 | bit(at));
                assert_eq!(number(&bytes, at, width as u32), expected, "{width} bits at {at}");
            }
        }
    }

    #[test]
    fn bitmaps_spread_values() {
        let bitmap = [0b1010_0000, 0b0111_1111];
        assert_eq!(count_set(&bitmap, 11), Ok(4));
        assert_eq!(count_set(&bitmap, 16), Ok(9));
        assert!(count_set(&bitmap, 17).is_err());
        let spread = spread(&bitmap, &[1.0, 2.0, 3.0, 4.0], 11);
        let present: Vec<usize> = (0..11).filter(|&at| !spread[at].is_nan()).collect();
        assert_eq!(present, [0, 2, 9, 10]);
        assert_eq!((spread[0], spread[2], spread[9], spread[10]), (1.0, 2.0, 3.0, 4.0));
    }
}
