//! Pictures as PNG files, and several as one that moves (APNG).

use std::fmt;

use crate::Pixels;

/// Why a picture cannot be encoded.
#[derive(Debug)]
pub struct EncodeError(String);

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the picture cannot be encoded: {}", self.0)
    }
}

impl std::error::Error for EncodeError {}

impl From<png::EncodingError> for EncodeError {
    fn from(error: png::EncodingError) -> Self {
        Self(error.to_string())
    }
}

/// A PNG file: with a palette where there are few colours, without opacity where all is opaque.
///
/// # Errors
/// Where the pixels are not as many as they should be.
pub fn png_of(pixels: &Pixels) -> Result<Vec<u8>, EncodeError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width, pixels.height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let (colours, _) = pixels.rgba.as_chunks();
    if let Some(indexed) = Indexed::of(colours) {
        encoder.set_color(png::ColorType::Indexed);
        // Numbers of colours differ little from their neighbours, as colours do; cells wider than a pixel not at all.
        encoder.set_filter(png::Filter::Adaptive);
        encoder.set_palette(indexed.palette);
        if indexed.opacities.contains(&0) {
            encoder.set_trns(indexed.opacities);
        }
        encoder.write_header()?.write_image_data(&indexed.pixels)?;
    } else if colours.iter().all(|[_, _, _, a]| *a == 255) {
        encoder.set_color(png::ColorType::Rgb);
        let rgb: Vec<u8> = colours.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
        encoder.write_header()?.write_image_data(&rgb)?;
    } else {
        encoder.set_color(png::ColorType::Rgba);
        encoder.write_header()?.write_image_data(&pixels.rgba)?;
    }
    Ok(file)
}

/// A picture of at most 256 colours.
struct Indexed {
    palette: Vec<u8>,
    opacities: Vec<u8>,
    pixels: Vec<u8>,
}

impl Indexed {
    fn of(colours: &[[u8; 4]]) -> Option<Self> {
        let mut found =
            Self { palette: Vec::new(), opacities: Vec::new(), pixels: Vec::with_capacity(colours.len()) };
        // A small table by a hash of the colour: a lookup is one comparison for nearly all pixels.
        let mut table: Vec<Option<([u8; 4], u8)>> = vec![None; 4096];
        for colour in colours {
            let mut slot =
                (u32::from_le_bytes(*colour).wrapping_mul(0x9E37_79B1) >> 20) as usize % table.len();
            let index = loop {
                match table.get(slot).copied().flatten() {
                    Some((known, index)) if known == *colour => break index,
                    Some(_) => slot = slot.wrapping_add(1) % table.len(),
                    None => {
                        let index = u8::try_from(found.opacities.len()).ok()?;
                        let [r, g, b, a] = *colour;
                        found.palette.extend([r, g, b]);
                        found.opacities.push(a);
                        *table.get_mut(slot)? = Some((*colour, index));
                        break index;
                    }
                }
            };
            found.pixels.push(index);
        }
        Some(found)
    }
}

/// A PNG file that shows pictures of one size one after the other, for ever, each for some milliseconds. `next` gives the pictures.
///
/// # Errors
/// Where the pixels of a picture are not as many as they should be, and those of `next`.
pub fn animation_of<E: From<EncodeError>>(
    (width, height): (u32, u32),
    (count, milliseconds): (u32, u16),
    mut next: impl FnMut(u32) -> Result<Pixels, E>,
) -> Result<Vec<u8>, E> {
    let wrong = |error: png::EncodingError| E::from(EncodeError::from(error));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_animated(count.max(1), 0).map_err(wrong)?;
    encoder.set_frame_delay(milliseconds, 1000).map_err(wrong)?;
    let mut writer = encoder.write_header().map_err(wrong)?;
    for frame in 0..count.max(1) {
        let pixels = next(frame)?;
        let rgb: Vec<u8> =
            pixels.rgba.as_chunks().0.iter().flat_map(|[r, g, b, _]: &[u8; 4]| [*r, *g, *b]).collect();
        writer.write_image_data(&rgb).map_err(wrong)?;
    }
    writer.finish().map_err(wrong)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(file: &[u8]) -> (png::OutputInfo, Vec<u8>, png::ColorType) {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().unwrap();
        let stored = reader.info().color_type;
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info, pixels, stored)
    }

    fn check(colours: usize, opaque: bool, expected: png::ColorType) {
        let pixel = |n: usize| {
            let n = n % colours;
            [(n % 256) as u8, (n / 256) as u8, 7, if opaque || n != 0 { 255 } else { 0 }]
        };
        let pixels = Pixels { width: 40, height: 30, rgba: (0..1200).flat_map(pixel).collect() };
        let (info, found, stored) = decoded(&png_of(&pixels).unwrap());
        assert_eq!((info.width, info.height, stored), (40, 30, expected));
        assert_eq!(found, pixels.rgba);
    }

    #[test]
    fn pixels_are_read_back() {
        check(5, true, png::ColorType::Indexed);
        check(256, false, png::ColorType::Indexed);
        check(257, true, png::ColorType::Rgb);
        check(300, false, png::ColorType::Rgba);
    }

    #[test]
    fn too_few_pixels_are_an_error() {
        assert!(png_of(&Pixels { width: 3, height: 3, rgba: vec![0; 4] }).is_err());
    }

    #[test]
    fn animations_have_their_frames() {
        let frame = |n: u32| {
            Ok::<_, EncodeError>(Pixels { width: 2, height: 1, rgba: vec![n as u8, 1, 2, 255, 3, 4, 5, 255] })
        };
        let file = animation_of((2, 1), (3, 250), frame).unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(&file));
        let mut reader = decoder.read_info().unwrap();
        assert_eq!(reader.info().animation_control().unwrap().num_frames, 3);
        for n in 0..3 {
            let mut pixels = vec![0; 6];
            reader.next_frame(&mut pixels).unwrap();
            assert_eq!(pixels, [n, 1, 2, 3, 4, 5]);
        }
    }
}
