//! Colour maps: from a number between 0 and 1 to a colour.
//!
//! They are matplotlib's, 256 colours each, made by `assets/make_assets.py`; `assets/LICENCES.md` says where they come from.

use std::sync::LazyLock;

/// Red, green and blue.
pub type Colour = [u8; 3];

/// How many colours a map has.
const COLOURS: usize = 256;

static ASSET: &[u8] = include_bytes!("../assets/colour_maps.bin");

/// Names, and their tables one behind the other.
static TABLES: LazyLock<(Vec<&'static str>, &'static [[u8; 3]])> = LazyLock::new(|| {
    let end = ASSET.windows(2).position(|pair| pair == b"\n\n").unwrap_or(ASSET.len());
    let (names, tables) = ASSET.split_at(end);
    let (colours, _) = tables.get(2..).unwrap_or_default().as_chunks();
    (std::str::from_utf8(names).unwrap_or_default().lines().collect(), colours)
});

/// A colour map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColourMap {
    place: usize,
    reversed: bool,
}

impl ColourMap {
    /// The map of a name, as matplotlib spells it; with `_r` behind it, it is reversed.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (plain, reversed) = name.strip_suffix("_r").map_or((name, false), |plain| (plain, true));
        let place = Self::names().iter().position(|known| *known == plain)?;
        Some(Self { place, reversed })
    }

    /// The names of all maps, none reversed.
    #[must_use]
    pub fn names() -> &'static [&'static str] {
        &TABLES.0
    }

    /// The colour of a part of the whole, which is brought between 0 and 1.
    #[must_use]
    pub fn at(&self, part: f64) -> Colour {
        self.of_bin(self.bin(part))
    }

    /// The number of the colour of a part of the whole. As matplotlib does it: 256 bins of equal width, the end in the last.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
    pub(crate) fn bin(&self, part: f64) -> u8 {
        let part = if self.reversed { 1.0 - part } else { part };
        // Between 0 and 255, so that cutting off is rounding down.
        (part * 256.0).clamp(0.0, 255.0) as u8
    }

    pub(crate) fn of_bin(&self, bin: u8) -> Colour {
        let place = self.place.saturating_mul(COLOURS).saturating_add(usize::from(bin));
        TABLES.1.get(place).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `matplotlib.colormaps[name](part, bytes=True)`, version 3.10.7.
    #[test]
    fn colours_are_those_of_matplotlib() {
        let check = |name: &str, part, expected: Colour| {
            assert_eq!(ColourMap::named(name).unwrap().at(part), expected, "{name} {part}");
        };
        check("viridis", 0.0, [68, 1, 84]);
        check("viridis", 0.5, [32, 144, 140]);
        check("viridis", 1.0, [253, 231, 36]);
        check("viridis_r", 0.0, [253, 231, 36]);
        check("plasma", 0.25, [126, 3, 167]);
        check("inferno", 0.75, [249, 142, 8]);
        check("magma", 0.9, [253, 207, 146]);
        check("cividis", 0.1, [8, 51, 112]);
        check("turbo", 0.6, [225, 220, 55]);
        check("coolwarm", 0.5, [221, 220, 219]);
        check("RdBu", 0.2, [214, 96, 77]);
        check("Spectral_r", 0.9, [211, 60, 78]);
        check("Blues", 0.3, [182, 212, 233]);
        check("Greys", 1.0, [0, 0, 0]);
        check("viridis", f64::NAN, [68, 1, 84]);
    }

    #[test]
    fn there_is_a_table_for_each_name() {
        assert_eq!(TABLES.1.len(), ColourMap::names().len() * COLOURS);
        assert!(ColourMap::names().contains(&"viridis"));
        assert_eq!(ColourMap::named("no such map"), None);
        assert_eq!(ColourMap::named("_r"), None);
    }
}
