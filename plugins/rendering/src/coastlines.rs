//! Coastlines: Natural Earth's, embedded.
//!
//! `assets/make_assets.py` makes them and says how they are coded; `assets/LICENCES.md` says where they come from.

use std::sync::LazyLock;

use crate::Place;

/// How fine coastlines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Coastlines {
    /// For maps of the world: 1 to 110 million.
    #[default]
    Coarse,
    /// For maps of regions: 1 to 50 million.
    Fine,
}

static COARSE: LazyLock<Vec<Vec<Place>>> =
    LazyLock::new(|| decoded(include_bytes!("../assets/coastlines_110m.bin")));
static FINE: LazyLock<Vec<Vec<Place>>> =
    LazyLock::new(|| decoded(include_bytes!("../assets/coastlines_50m.bin")));

impl Coastlines {
    /// The lines.
    #[must_use]
    pub fn lines(self) -> &'static [Vec<Place>] {
        match self {
            Self::Coarse => &COARSE,
            Self::Fine => &FINE,
        }
    }
}

fn decoded(asset: &[u8]) -> Vec<Vec<Place>> {
    let mut bytes = asset.iter().copied();
    let mut lines = Vec::new();
    while let Some(count) = number(&mut bytes) {
        let (mut x, mut y) = (0_i64, 0_i64);
        let mut line = Vec::new();
        for _ in 0..count {
            let (Some(dx), Some(dy)) = (signed(&mut bytes), signed(&mut bytes)) else { return lines };
            (x, y) = (x.saturating_add(dx), y.saturating_add(dy));
            line.push(Place { longitude: hundredths(x), latitude: hundredths(y) });
        }
        lines.push(line);
    }
    lines
}

#[expect(clippy::cast_precision_loss, reason = "degrees are small")]
fn hundredths(number: i64) -> f64 {
    number as f64 / 100.0
}

/// LEB128.
fn number(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = bytes.next()?;
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(number);
        }
    }
    None
}

/// Zigzag.
fn signed(bytes: &mut impl Iterator<Item = u8>) -> Option<i64> {
    let number = number(bytes)?;
    let half = i64::try_from(number >> 1).ok()?;
    Some(if number & 1 == 0 { half } else { !half })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Capes that any map shows, within what the resolution leaves.
    #[test]
    fn coasts_are_where_they_are() {
        let check = |coastlines: Coastlines, longitude: f64, latitude: f64, within: f64| {
            let distance = |place: &Place| (place.longitude - longitude).hypot(place.latitude - latitude);
            let nearest = coastlines.lines().iter().flatten().map(distance).fold(f64::INFINITY, f64::min);
            assert!(nearest < within, "{longitude} {latitude}: {nearest}");
        };
        for (coastlines, within) in [(Coastlines::Coarse, 0.7), (Coastlines::Fine, 0.15)] {
            check(coastlines, 20.0, -34.83, within); // Cape Agulhas
            check(coastlines, -67.27, -55.98, within * 2.0); // Cape Horn
            check(coastlines, -9.5, 38.78, within); // Cabo da Roca
            check(coastlines, 178.55, -37.69, within); // East Cape
        }
    }

    #[test]
    fn all_places_lie_on_the_earth_and_no_line_crosses_the_map() {
        for coastlines in [Coastlines::Coarse, Coastlines::Fine] {
            assert!(coastlines.lines().len() > 100);
            for line in coastlines.lines() {
                assert!(line.len() > 1);
                for pair in line.windows(2) {
                    assert!(pair[0].longitude.abs() <= 180.0 && pair[0].latitude.abs() <= 90.0);
                    assert!((pair[0].longitude - pair[1].longitude).abs() < 30.0, "{pair:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_off_is_left_out() {
        assert_eq!(decoded(&[2, 2, 4, 1]), Vec::<Vec<Place>>::new());
        assert_eq!(decoded(&[255; 20]), Vec::<Vec<Place>>::new());
    }
}
