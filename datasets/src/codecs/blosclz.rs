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
