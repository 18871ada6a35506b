//! IEEE 754 floats (template 5.4).

use super::super::octets::Octets;
use crate::Error;

/// Unpacks `count` floats; doubles are rounded to singles.
pub fn unpack(description: Octets<'_>, packed: &[u8], count: usize) -> Result<Vec<f32>, Error> {
    match description.u8(12)? {
        1 => {
            super::bits::check(packed, 32, count)?;
            let floats = packed.as_chunks::<4>().0.iter().take(count);
            Ok(floats.map(|&bytes| f32::from_be_bytes(bytes)).collect())
        }
        2 => {
            super::bits::check(packed, 64, count)?;
            let floats = packed.as_chunks::<8>().0.iter().take(count);
            Ok(floats.map(|&bytes| f64::from_be_bytes(bytes) as f32).collect())
        }
        other => Err(Error::unsupported(format!("floats of precision {other} of code table 5.7"))),
    }
}
