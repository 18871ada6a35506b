//! BloscLZ, Blosc's own compressor: runs of bytes, and copies of bytes that came before.

use crate::Error;

/// Copies from further back have their distance in two bytes of their own.
const FAR: usize = 8191;

/// Decodes a stream into `out`; how many bytes it holds.
///
/// A control byte below 32 is followed by one more literal bytes than it says. Otherwise its upper 3 bits are the length of a
/// copy minus 2 (all ones: bytes follow, which are added, up to and including the first that is not 255), its lower 5 bits
/// and the next byte are how far back, minus 1; all ones mean that two bytes follow with a distance beyond 8191. The first
/// control byte always counts literals.
pub fn decode_into(input: &[u8], out: &mut [u8]) -> Result<usize, Error> {
    let mut rest = input;
    let mut at = 0_usize;
    let mut literal_mask = 31;
    while let Some((&control, behind)) = rest.split_first() {
        let control = control & literal_mask;
        literal_mask = 0xff;
        rest = behind;
        if control < 32 {
            let count = usize::from(control).saturating_add(1);
            let (literals, behind) = rest.split_at_checked(count).ok_or_else(cut)?;
            let end = at.saturating_add(count);
            out.get_mut(at..end).ok_or_else(too_long)?.copy_from_slice(literals);
            (rest, at) = (behind, end);
            continue;
        }
        let mut length = usize::from(control >> 5).saturating_add(2);
        if control >> 5 == 7 {
            loop {
                let more = take(&mut rest)?;
                length = length.saturating_add(usize::from(more));
                if more != 255 {
                    break;
                }
            }
        }
        let (high, low) = (usize::from(control & 31), usize::from(take(&mut rest)?));
        let distance = match (high, low) {
            (31, 255) => {
                let far = u16::from_be_bytes([take(&mut rest)?, take(&mut rest)?]);
                usize::from(far).saturating_add(FAR)
            }
            _ => high << 8 | low,
        };
        copy_back(out, at, (distance.saturating_add(1), length))?;
        at = at.saturating_add(length);
    }
    Ok(at)
}

fn take(rest: &mut &[u8]) -> Result<u8, Error> {
    let (&first, behind) = rest.split_first().ok_or_else(cut)?;
    *rest = behind;
    Ok(first)
}

/// Copies `length` bytes from `distance` bytes before `at` to `at`; a copy may reach into itself.
fn copy_back(out: &mut [u8], at: usize, (distance, length): (usize, usize)) -> Result<(), Error> {
    let start = at.checked_sub(distance);
    let start =
        start.ok_or_else(|| Error::corrupt("its blosclz stream refers to bytes before its beginning"))?;
    let end = at.checked_add(length).filter(|&end| end <= out.len()).ok_or_else(too_long)?;
    let mut at = at;
    while at < end {
        // Each round doubles what can be copied at once.
        let count = at.saturating_sub(start).min(end.saturating_sub(at));
        out.copy_within(start..start.saturating_add(count), at);
        at = at.saturating_add(count);
    }
    Ok(())
}

fn cut() -> Error {
    Error::corrupt("its blosclz stream is cut off")
}

fn too_long() -> Error {
    Error::corrupt("its blosclz stream holds more than its block")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(input: &[u8], expected: Result<&[u8], &str>) {
        let mut out = [0xa5; 9];
        let got = decode_into(input, &mut out).map(|n| out[..n].to_vec()).map_err(|e| e.message);
        assert_eq!(got, expected.map(<[u8]>::to_vec).map_err(str::to_owned), "{input:?}");
    }

    #[test]
    fn literals_and_copies() {
        check(&[], Ok(&[]));
        check(&[2, 1, 2, 3], Ok(&[1, 2, 3]));
        // The first control byte is one of literals, whatever its upper bits say.
        check(&[0x22, 1, 2, 3, 0x20, 2], Ok(&[1, 2, 3, 1, 2, 3]));
        check(&[0, 7, 0xe0, 0, 0], Err("its blosclz stream holds more than its block"));
        check(&[0, 7, 0xe0, 255, 0, 0], Err("its blosclz stream holds more than its block"));
        check(&[2, 1, 2], Err("its blosclz stream is cut off"));
        check(&[0, 7, 0x3f, 255, 0], Err("its blosclz stream is cut off"));
        check(&[0, 7, 0x20, 1], Err("its blosclz stream refers to bytes before its beginning"));
    }

    proptest! {
        #[test]
        fn copies_repeat_what_came_before(
            first in prop::collection::vec(any::<u8>(), 1..=32),
            copies in prop::collection::vec((1_usize..=8192 + 65_535, 3_usize..=2000), 0..80),
        ) {
            let mut input = [&[first.len() as u8 - 1], &first[..]].concat();
            let mut expected = first;
            for (distance, length) in copies {
                let distance = distance.min(expected.len());
                let (back, mut count) = (distance - 1, length - 2);
                let near = back.min(8191);
                input.push((count.min(7) as u8) << 5 | (near >> 8) as u8);
                if count >= 7 {
                    count -= 7;
                    input.extend(std::iter::repeat_n(255, count / 255));
                    input.push((count % 255) as u8);
                }
                input.push(near as u8);
                if near == 8191 {
                    input.extend(((back - 8191) as u16).to_be_bytes());
                }
                (0..length).for_each(|_| expected.push(expected[expected.len() - distance]));
            }
            let mut out = vec![0xa5; expected.len()];
            prop_assert_eq!(decode_into(&input, &mut out).unwrap(), expected.len());
            prop_assert_eq!(out, expected);
        }
    }
}
