//! Portable Network Graphics (template 5.41): one pixel a value, of which all channels together are one number.

use std::io::Cursor;

use png::{Decoder, Limits};

use super::bits::number;
use super::scale::Scale;
use crate::Error;

/// What a decoder may take beside the image itself.
const SCRATCH_BYTES: usize = 16 << 20;

/// Unpacks `count` values.
pub fn unpack(packed: &[u8], scale: &Scale, count: usize) -> Result<Vec<f32>, Error> {
    let damaged = |error: png::DecodingError| Error::corrupt(format!("the PNG image is damaged: {error}"));
    let bytes = count.saturating_mul(8).saturating_add(SCRATCH_BYTES);
    let mut decoder = Decoder::new_with_limits(Cursor::new(packed), Limits { bytes });
    decoder.ignore_checksums(false);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let info = reader.info();
    let (width, height) = (info.width as usize, info.height as usize);
    if width.checked_mul(height) != Some(count) {
        return Err(Error::corrupt(format!(
            "the PNG image has {width} times {height} pixels for {count} values"
        )));
    }
    let bits = info.bits_per_pixel();
    if bits > 32 || info.palette.is_some() {
        return Err(Error::unsupported(format!("PNG images of {bits} bits a pixel, or with a palette")));
    }
    let row_bytes = info.raw_row_length().saturating_sub(1);
    let size = reader.output_buffer_size().filter(|&size| row_bytes.checked_mul(height) == Some(size));
    let mut image = vec![0; size.ok_or_else(|| Error::corrupt("the PNG image has rows of another length"))?];
    reader.next_frame(&mut image).map_err(damaged)?;
    // Rows begin with an octet of their own.
    let rows = image.chunks_exact(row_bytes.max(1));
    let value =
        |row: &[u8], pixel: usize| scale.value(number(row, pixel.saturating_mul(bits), bits as u32) as f64);
    Ok(rows.flat_map(|row| (0..width).map(move |pixel| value(row, pixel))).collect())
}
