//! JPEG 2000 code streams (template 5.40; ISO/IEC 15444-1): an image of one component, one sample a value.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::super::octets::Octets;
use super::scale::Scale;
use crate::Error;

/// Samples of more bits are refused: the decoder computes in single precision, and its transform needs three bits more than
/// the samples have, of the 24 that are exact.
const MOST_BITS: u8 = 21;

/// Unpacks `count` values.
pub fn unpack(packed: &[u8], scale: &Scale, count: usize) -> Result<Vec<f32>, Error> {
    check_size(Octets(packed), count)?;
    let damaged = |error: hayro_jpeg2000::DecodeError| {
        Error::corrupt(format!("the JPEG 2000 code stream is damaged: {error}"))
    };
    if !packed.ends_with(&[0xff, 0xd9]) {
        return Err(Error::corrupt("the JPEG 2000 code stream does not end with its end marker"));
    }
    let settings = DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
    let image = Image::new(packed, &settings).map_err(damaged)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(damaged)?;
    let [component] = decoded.components() else {
        return Err(Error::corrupt("the JPEG 2000 image has several components"));
    };
    // Irreversible transforms give fractions; samples are whole numbers.
    Ok(component.samples().iter().map(|sample| scale.value(f64::from(sample.round()))).collect())
}

/// Checks the size marker (ISO/IEC 15444-1, A.5.1), before anything is allocated for what it says.
fn check_size(octets: Octets<'_>, count: usize) -> Result<(), Error> {
    if octets.u32(1)? != 0xff4f_ff51 {
        return Err(Error::corrupt("the packed values are no JPEG 2000 code stream"));
    }
    let side = |end: usize, start: usize| -> Result<u64, Error> {
        Ok(u64::from(octets.u32(end)?).saturating_sub(u64::from(octets.u32(start)?)))
    };
    let (width, height) = (side(9, 17)?, side(13, 21)?);
    if width.checked_mul(height) != u64::try_from(count).ok() {
        let message = format!("the JPEG 2000 image has {width} times {height} samples for {count} values");
        return Err(Error::corrupt(message));
    }
    let (components, depth) = (octets.u16(41)?, octets.u8(43)?);
    let sampling = (octets.u8(44)?, octets.u8(45)?);
    let bits = (depth & 0x7f).saturating_add(1);
    if components != 1 || sampling != (1, 1) || depth & 0x80 != 0 {
        return Err(Error::unsupported("JPEG 2000 images of several components, or of signed samples"));
    }
    if bits > MOST_BITS {
        return Err(Error::unsupported(format!(
            "JPEG 2000 samples of {bits} bits; the limit is {MOST_BITS}"
        )));
    }
    Ok(())
}
