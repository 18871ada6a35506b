//! Pixels: red, green, blue and opacity.

use rayon::prelude::*;

use crate::{Colour, ColourScale};

/// So many pixels are coloured at once.
pub(crate) const PIECE: usize = 1 << 14;

pub(crate) fn opaque([r, g, b]: Colour) -> [u8; 4] {
    [r, g, b, 255]
}

/// A picture of pixels, from the upper left, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// How many pixels a row has.
    pub width: u32,
    /// How many rows there are.
    pub height: u32,
    /// Red, green, blue and opacity of each pixel; colours are not multiplied by it.
    pub rgba: Vec<u8>,
}

impl Pixels {
    /// Values as colours; what is missing is transparent.
    #[must_use]
    pub fn coloured(values: &[f32], (width, height): (u32, u32), scale: &ColourScale) -> Self {
        let table: Vec<[u8; 4]> = (0..=u8::MAX).map(|number| opaque(scale.numbered(number))).collect();
        let colour = |value: f32| {
            let number = scale.number(f64::from(value));
            number.and_then(|number| table.get(usize::from(number))).copied().unwrap_or_default()
        };
        let mut rgba = vec![0; values.len().saturating_mul(4)];
        rgba.par_chunks_mut(4 * PIECE).zip(values.par_chunks(PIECE)).for_each(|(rgba, values)| {
            for (room, value) in rgba.as_chunks_mut().0.iter_mut().zip(values) {
                *room = colour(*value);
            }
        });
        Self { width, height, rgba }
    }

    /// The pixel of a column and a row.
    #[must_use]
    pub fn at(&self, column: u32, row: u32) -> Option<[u8; 4]> {
        let place = usize::try_from(u64::from(row) * u64::from(self.width) + u64::from(column)).ok()?;
        self.rgba.as_chunks().0.get(place).copied()
    }
}
