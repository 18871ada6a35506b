//! LZF (HDF5 filter 32000): runs of bytes, and copies of bytes that came before.

use crate::Error;

/// Decodes a whole stream to at most `limit` bytes; what it holds says itself where it ends.
///
/// A control byte below 32 is followed by one more literal bytes than it says. Otherwise its upper 3 bits are the length of a
/// copy minus 2 (all ones: a byte follows, which is added), its lower 5 bits and the byte behind are how far back, minus 1.
pub fn decode(input: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    out.clear();
    let mut rest = input;
    while let Some((&control, behind)) = rest.split_first() {
        if control < 32 {
            let count = usize::from(control).saturating_add(1);
            let (literals, behind) = behind.split_at_checked(count).ok_or_else(cut)?;
            check_room(out, count, limit)?;
            out.extend_from_slice(literals);
            rest = behind;
            continue;
        }
        let (mut length, mut behind) = (usize::from(control >> 5), behind);
        if length == 7 {
            let (&more, others) = behind.split_first().ok_or_else(cut)?;
            (length, behind) = (length.saturating_add(usize::from(more)), others);
        }
        let (&low, behind) = behind.split_first().ok_or_else(cut)?;
        let distance = (usize::from(control & 31) << 8 | usize::from(low)).saturating_add(1);
        let length = length.saturating_add(2);
        check_room(out, length, limit)?;
        copy_back(out, distance, length)?;
        rest = behind;
    }
    Ok(())
}

fn check_room(out: &[u8], more: usize, limit: usize) -> Result<(), Error> {
    match out.len().saturating_add(more) > limit {
        true => Err(Error::corrupt(format!("its lzf stream holds more than the {limit} bytes of the chunk"))),
        false => Ok(()),
    }
}

/// Appends `length` bytes that begin `distance` bytes before the end; a copy may reach into itself.
fn copy_back(out: &mut Vec<u8>, distance: usize, mut length: usize) -> Result<(), Error> {
    let start = out.len().checked_sub(distance);
    let start = start.ok_or_else(|| Error::corrupt("its lzf stream refers to bytes before its beginning"))?;
    while length > 0 {
        // Each round doubles what can be copied at once.
        let count = out.len().saturating_sub(start).min(length);
        out.extend_from_within(start..start.saturating_add(count));
        length = length.saturating_sub(count);
    }
    Ok(())
}

fn cut() -> Error {
    Error::corrupt("its lzf stream is cut off")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(input: &[u8], limit: usize, expected: Result<&[u8], &str>) {
        let mut out = vec![0xa5; 9];
        let got = decode(input, limit, &mut out).map(|()| out).map_err(|e| e.message);
        assert_eq!(got, expected.map(<[u8]>::to_vec).map_err(str::to_owned), "{input:?}");
    }

    #[test]
    fn literals_and_copies() {
        check(&[], 9, Ok(&[]));
        check(&[2, 1, 2, 3], 9, Ok(&[1, 2, 3]));
        check(&[2, 1, 2, 3, 0x20, 2], 9, Ok(&[1, 2, 3, 1, 2, 3]));
        check(&[0, 7, 0xe0, 0, 0], 10, Ok(&[7; 10]));
        check(&[0, 7, 0xe0, 0, 0], 9, Err("its lzf stream holds more than the 9 bytes of the chunk"));
        check(&[2, 1, 2, 3], 2, Err("its lzf stream holds more than the 2 bytes of the chunk"));
        check(&[2, 1, 2], 9, Err("its lzf stream is cut off"));
        check(&[0, 7, 0x20], 9, Err("its lzf stream is cut off"));
        check(&[0, 7, 0xe0, 1], 9, Err("its lzf stream is cut off"));
        check(&[0, 7, 0x20, 1], 9, Err("its lzf stream refers to bytes before its beginning"));
    }

    proptest! {
        #[test]
        fn copies_repeat_what_came_before(
            first in prop::collection::vec(any::<u8>(), 1..=32),
            copies in prop::collection::vec((1_usize..=8192, 3_usize..=264), 0..60),
        ) {
            let mut input = [&[first.len() as u8 - 1], &first[..]].concat();
            let mut expected = first;
            for (distance, length) in copies {
                let distance = distance.min(expected.len());
                let (back, count) = (distance - 1, length - 2);
                input.push((count.min(7) as u8) << 5 | (back >> 8) as u8);
                input.extend((count >= 7).then(|| (count - 7) as u8));
                input.push(back as u8);
                (0..length).for_each(|_| expected.push(expected[expected.len() - distance]));
            }
            let mut out = Vec::new();
            decode(&input, expected.len(), &mut out).unwrap();
            prop_assert_eq!(out, expected);
        }
    }
}
