//! Legends: a colour bar with its values and its label, alone.

use crate::map_picture::colour_bar;
use crate::{Area, ColourScale, Scene};

/// A colour bar with its values and its label.
pub struct Legend<'a> {
    /// The colours.
    pub scale: &'a ColourScale,
    /// What stands along it.
    pub label: &'a str,
}

impl Legend<'_> {
    /// What a picture of some pixels shows.
    #[must_use]
    pub fn scene(&self, (width, height): (u32, u32)) -> Scene {
        let mut marks = Vec::new();
        let area = Area { x: 8.0, y: 10.0, width: 14.0, height: (f64::from(height) - 20.0).max(1.0) };
        colour_bar(&mut marks, area, (self.scale, self.label));
        Scene { width, height, marks }
    }
}
