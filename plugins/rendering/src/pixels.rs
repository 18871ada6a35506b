//! Pixels: red, green, blue and opacity.

use crate::ColourScale;

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
        let colour = |value: &f32| scale.colour(f64::from(*value)).map_or([0; 4], |[r, g, b]| [r, g, b, 255]);
        Self { width, height, rgba: values.iter().flat_map(colour).collect() }
    }

    /// The pixel of a column and a row.
    #[must_use]
    pub fn at(&self, column: u32, row: u32) -> Option<[u8; 4]> {
        let place = usize::try_from(u64::from(row) * u64::from(self.width) + u64::from(column)).ok()?;
        self.rgba.as_chunks().0.get(place).copied()
    }
}
