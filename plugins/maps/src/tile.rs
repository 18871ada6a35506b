//! Tiles: squares of the web's Mercator map, as pictures or as the values themselves.

use weir_plugin_api::{Dataset, Error, Response};
use weir_rendering::Window;

use crate::asking::Asking;
use crate::crs::{Crs, HALF_MERCATOR};
use crate::keys::Keys;
use crate::layer::Layer;
use crate::map::{Drawing, Format, values};
use crate::style::Style;

/// Pixels along each side of a tile.
pub(crate) const SIDE: u32 = 256;

/// The deepest zoom: there, a pixel is 15 cm wide.
pub(crate) const DEEPEST: u8 = 20;

/// A square of the map, from the upper left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub zoom: u8,
    pub column: u32,
    pub row: u32,
}

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Picture(Format),
    /// Singles, NaN where there is no value, as a file of NumPy.
    Values,
}

impl Content {
    /// All, with the names that files of them end with.
    pub(crate) const ALL: [(&'static str, Self); 3] =
        [("png", Self::Picture(Format::Png)), ("webp", Self::Picture(Format::Webp)), ("npy", Self::Values)];

    /// The content of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, content)| *content)
    }

    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Picture(format) => format.media_type(),
            Self::Values => "application/octet-stream",
        }
    }
}

impl Tile {
    /// A tile, checked.
    ///
    /// # Errors
    /// `NotFound` for one that there is not.
    pub(crate) fn new(zoom: u8, column: u32, row: u32) -> Result<Self, Error> {
        let across = 1_u32
            .checked_shl(u32::from(zoom))
            .filter(|_| zoom <= DEEPEST)
            .ok_or_else(|| Error::not_found(format!("there is no zoom {zoom}; the deepest is {DEEPEST}")))?;
        if column >= across || row >= across {
            return Err(Error::not_found(format!(
                "there is no tile {zoom}/{column}/{row}; of zoom {zoom}, columns and rows are 0 to {}",
                across.saturating_sub(1)
            )));
        }
        Ok(Self { zoom, column, row })
    }

    /// West, south, east, north, in metres.
    pub(crate) fn edges(self) -> [f64; 4] {
        let side = 2.0 * HALF_MERCATOR / f64::from(1_u32 << self.zoom.min(DEEPEST));
        let x = |column: f64| column * side - HALF_MERCATOR;
        let y = |row: f64| HALF_MERCATOR - row * side;
        let (column, row) = (f64::from(self.column), f64::from(self.row));
        [x(column), y(row + 1.0), x(column + 1.0), y(row)]
    }

    fn window(self) -> Result<Window, Error> {
        let [west, south, east, north] = self.edges();
        Crs::mercator().window(((west, east), (south, north)), (SIDE, SIDE))
    }
}

/// Answers with a tile.
pub(crate) fn answer(
    asking: &Asking<'_>,
    (dataset, name): (&Dataset, &str),
    (tile, content): (Tile, Content),
    keys: &Keys,
) -> Result<Response, Error> {
    let layer = Layer::open(dataset, name)?;
    let window = tile.window()?;
    match content {
        Content::Picture(format) => {
            let names = ["style", "styles"];
            let style = Style::parse(names.iter().find_map(|key| keys.get(key)).unwrap_or(""), keys)?;
            let mut drawing = Drawing::on(asking, &window, [0; 4])?;
            drawing.draw((&layer, &style), keys)?;
            format.response(&drawing.pixels)
        }
        Content::Values => {
            let file = npy(&values(asking, &layer, (&window, keys))?);
            Ok(Response::full(content.media_type(), file).stable().costly().compressible())
        }
    }
}

/// A file of NumPy, format version 1.0: little-endian singles, row by row from the upper left.
fn npy(values: &[f32]) -> Vec<u8> {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({SIDE}, {SIDE}), }}");
    // The values begin at a multiple of 64 bytes, behind a line break.
    let padded = format!("{header:<117}\n");
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(padded.len()).unwrap_or(u16::MAX).to_le_bytes());
    file.extend(padded.as_bytes());
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_lie_where_the_web_has_them() {
        let check = |tile: (u8, u32, u32), expected: [f64; 4]| {
            let edges = Tile::new(tile.0, tile.1, tile.2).unwrap().edges();
            assert!(edges.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{tile:?}: {edges:?}");
        };
        let half = 20_037_508.342_789_244;
        check((0, 0, 0), [-half, -half, half, half]);
        check((1, 1, 0), [0.0, 0.0, half, half]);
        // Hamburg.
        check((4, 8, 5), [0.0, 5_009_377.085_697_311, 2_504_688.542_848_655, 7_514_065.628_545_966]);
    }

    #[test]
    fn other_tiles_are_not_found() {
        for (zoom, column, row) in [(0, 1, 0), (0, 0, 1), (3, 8, 0), (21, 0, 0), (40, 0, 0), (255, 0, 0)] {
            assert!(Tile::new(zoom, column, row).is_err(), "{zoom}/{column}/{row}");
        }
    }

    #[test]
    fn values_begin_at_a_multiple_of_64() {
        let file = npy(&[1.5, f32::NAN]);
        assert_eq!((file.len(), &file[..8], &file[8..10]), (136, &b"\x93NUMPY\x01\x00"[..], &[118, 0][..]));
        assert_eq!((file[127], &file[128..132]), (b'\n', &1.5_f32.to_le_bytes()[..]));
    }
}
