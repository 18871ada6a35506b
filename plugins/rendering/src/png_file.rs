//! Pictures as PNG files, and several as one that moves (APNG).

use std::fmt;

use rayon::prelude::*;

use crate::pixels::{PIECE, opaque};
use crate::{ColourScale, Pixels};

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
    let size = (pixels.width, pixels.height);
    let (colours, _) = pixels.rgba.as_chunks();
    if let Some(indexed) = Indexed::of(colours) {
        return indexed.file(size);
    }
    let mut file = Vec::new();
    let mut encoder = encoder(&mut file, size);
    if colours.iter().all(|[_, _, _, a]| *a == 255) {
        encoder.set_color(png::ColorType::Rgb);
        let rgb: Vec<u8> = colours.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
        encoder.write_header()?.write_image_data(&rgb)?;
    } else {
        encoder.set_color(png::ColorType::Rgba);
        encoder.write_header()?.write_image_data(&pixels.rgba)?;
    }
    Ok(file)
}

/// A PNG file of values in the colours of a scale; what is missing is transparent. As [`png_of`] the [`Pixels`] that they make, and in less time.
///
/// # Errors
/// Where the values are not as many as they should be.
pub fn png_of_values(values: &[f32], size: (u32, u32), scale: &ColourScale) -> Result<Vec<u8>, EncodeError> {
    match Indexed::of_values(values, scale) {
        Some(indexed) => indexed.file(size),
        None => png_of(&Pixels::coloured(values, size, scale)),
    }
}

fn encoder(file: &mut Vec<u8>, (width, height): (u32, u32)) -> png::Encoder<'static, &mut Vec<u8>> {
    let mut encoder = png::Encoder::new(file, width, height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder
}

/// A picture of at most 256 colours.
struct Indexed {
    palette: Vec<u8>,
    opacities: Vec<u8>,
    pixels: Vec<u8>,
}

impl Indexed {
    /// Values by the numbers of their colours; `None` where values are missing and all 256 numbers are those of colours.
    fn of_values(values: &[f32], scale: &ColourScale) -> Option<Self> {
        let mut pixels = vec![0; values.len()];
        let number = |(pixels, values): (&mut [u8], &[f32])| {
            let mut used = Used { colours: [false; 256], missing: false };
            for (pixel, value) in pixels.iter_mut().zip(values) {
                match scale.number(f64::from(*value)) {
                    Some(number) => {
                        *pixel = number;
                        if let Some(used) = used.colours.get_mut(usize::from(number)) {
                            *used = true;
                        }
                    }
                    None => used.missing = true,
                }
            }
            used
        };
        let pieces = pixels.par_chunks_mut(PIECE).zip(values.par_chunks(PIECE));
        let used = pieces.map(number).reduce(Used::none, Used::or);
        let mut colours: Vec<[u8; 4]> = (0..=u8::MAX).map(|number| opaque(scale.numbered(number))).collect();
        if used.missing {
            let free = u8::try_from(used.colours.iter().position(|used| !used)?).ok()?;
            *colours.get_mut(usize::from(free))? = [0; 4];
            pixels.par_chunks_mut(PIECE).zip(values.par_chunks(PIECE)).for_each(|(pixels, values)| {
                for (pixel, value) in pixels.iter_mut().zip(values) {
                    if scale.number(f64::from(*value)).is_none() {
                        *pixel = free;
                    }
                }
            });
        }
        Some(Self {
            palette: colours.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect(),
            opacities: colours.iter().map(|[_, _, _, a]| *a).collect(),
            pixels,
        })
    }

    fn file(self, size: (u32, u32)) -> Result<Vec<u8>, EncodeError> {
        let mut file = Vec::new();
        let mut encoder = encoder(&mut file, size);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_filter(filter(&self.pixels, size.0));
        encoder.set_palette(self.palette);
        if self.opacities.contains(&0) {
            encoder.set_trns(self.opacities);
        }
        encoder.write_header()?.write_image_data(&self.pixels)?;
        Ok(file)
    }

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

/// Which of 256 colours are there, and whether something is missing.
#[derive(Clone, Copy)]
struct Used {
    colours: [bool; 256],
    missing: bool,
}

impl Used {
    fn none() -> Self {
        Self { colours: [false; 256], missing: false }
    }

    fn or(mut self, other: Self) -> Self {
        self.missing |= other.missing;
        self.colours.iter_mut().zip(other.colours).for_each(|(here, there)| *here |= there);
        self
    }
}

/// Numbers of colours differ little from their neighbours, as colours do. Where many rows repeat the one before, as those of cells higher than a
/// pixel, a filter is looked for row by row.
fn filter(pixels: &[u8], width: u32) -> png::Filter {
    let width = usize::try_from(width).unwrap_or(usize::MAX).max(1);
    let rows = pixels.chunks(width);
    let same = rows.clone().zip(rows.clone().skip(1)).filter(|(row, next)| row == next).count();
    if same.saturating_mul(4) > rows.len() { png::Filter::Adaptive } else { png::Filter::Sub }
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

    /// Values make the file that their colours make.
    #[test]
    fn values_are_what_their_colours_are() {
        let map = crate::ColourMap::named("inferno").unwrap();
        let scale = ColourScale::new(map, (0.0, 1000.0), crate::Spread::Linear);
        let check = |scale: &ColourScale, values: &[f32], expected| {
            let size = (40, 30);
            let (_, found, stored) = decoded(&png_of_values(values, size, scale).unwrap());
            assert_eq!(found, Pixels::coloured(values, size, scale).rgba);
            assert_eq!(stored, expected);
        };
        let values: Vec<f32> = (0..1200_u16).map(f32::from).collect();
        check(&scale, &values, png::ColorType::Indexed);
        let some: Vec<f32> =
            values.iter().map(|n| if n % 7.0 == 0.0 { f32::NAN } else { n % 500.0 }).collect();
        check(&scale, &some, png::ColorType::Indexed);
        let all: Vec<f32> = values.iter().map(|n| if n % 7.0 == 0.0 { f32::NAN } else { *n }).collect();
        check(&scale, &all, png::ColorType::Rgba);
        check(&scale, &[f32::NAN; 1200], png::ColorType::Indexed);
        check(&scale.banded(vec![0.0, 300.0, 600.0, 1000.0]), &all, png::ColorType::Indexed);
        assert!(
            png_of_values(&[1.0; 7], (40, 30), &ColourScale::new(map, (0.0, 1.0), crate::Spread::Linear))
                .is_err()
        );
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
