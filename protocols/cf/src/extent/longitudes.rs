//! The shortest part of the circle that holds many longitudes.

use super::short_way;

/// The circle is divided into tenths of a degree. A gap between longitudes that is narrower than two of them does not count.
const BINS: usize = 3600;

/// Longitudes gathered one by one, in degrees east, in any range of 360 degrees or across it.
#[derive(Clone, Debug)]
pub struct Longitudes {
    bins: Vec<Bin>,
    /// Whether some cell alone goes all around.
    whole: bool,
    /// The widest cell; 0 where only places were given.
    widest: f64,
}

#[derive(Clone, Copy, Debug)]
struct Bin {
    /// The westernmost beginning of a cell (or place) in the bin; infinite where none begins.
    west: f64,
    /// The easternmost end in the bin.
    east: f64,
    /// How many cells begin here less those that ended in the bin before.
    begins: i64,
}

/// From west to east; `west` is greater where the antimeridian lies between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongitudeRange {
    /// -180 to 180.
    pub west: f64,
    /// -180 to 180.
    pub east: f64,
}

impl LongitudeRange {
    /// All longitudes.
    pub const WHOLE: Self = Self { west: -180.0, east: 180.0 };

    /// Whether it goes all around.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        *self == Self::WHOLE
    }
}

impl Default for Longitudes {
    fn default() -> Self {
        let empty = Bin { west: f64::INFINITY, east: f64::NEG_INFINITY, begins: 0 };
        Self { bins: vec![empty; BINS], whole: false, widest: 0.0 }
    }
}

impl Longitudes {
    /// Takes the longitude of a place. What is not finite, or farther than two turns from Greenwich (a fill value), is passed
    /// over.
    pub fn add(&mut self, degrees: f64) {
        self.add_cell([degrees]);
    }

    /// Takes the corners (or the two edges) of a cell. Corners lie the short way round from the first, so that a cell from 359
    /// to 1 is two degrees wide; two edges that are 360 degrees apart go all around.
    pub fn add_cell(&mut self, corners: impl IntoIterator<Item = f64>) {
        let mut corners = corners.into_iter().filter(|degrees| degrees.abs() <= 720.0);
        let Some(first) = corners.next() else { return };
        let (mut west, mut east) = (0.0f64, 0.0f64);
        for corner in corners {
            self.whole |= (corner - first).abs() >= 359.999_999 && (corner - first).abs() <= 360.000_001;
            let offset = short_way(corner - first);
            (west, east) = (west.min(offset), east.max(offset));
        }
        self.add_arc(first + west, east - west);
    }

    fn add_arc(&mut self, west: f64, width: f64) {
        if width >= 360.0 {
            self.whole = true;
            return;
        }
        self.widest = self.widest.max(width);
        let west = west.rem_euclid(360.0);
        let east = (west + width).rem_euclid(360.0);
        let (first, last) = (bin(west), bin(east));
        if let Some(bin) = self.bins.get_mut(first) {
            bin.west = bin.west.min(west);
            bin.begins += 1;
        }
        if let Some(bin) = self.bins.get_mut(last) {
            bin.east = bin.east.max(east);
        }
        // Behind the last bin of the circle nothing ends: counting starts anew.
        if let Some(bin) = self.bins.get_mut(last + 1) {
            bin.begins -= 1;
        }
        let over_zero = last < first || (last == first && width > 180.0);
        if let Some(bin) = self.bins.first_mut().filter(|_| over_zero) {
            bin.begins += 1;
        }
    }

    /// The shortest range that holds them all; `None` before the first.
    ///
    /// Places that are as far apart all around as they are at their widest gap, at least four of them, go all around: so do the
    /// longitudes 0, 2.5, ..., 357.5. With cells, only what they cover counts.
    #[must_use]
    pub fn range(&self) -> Option<LongitudeRange> {
        let covered = self.covered();
        if !covered.contains(&true) {
            return self.whole.then_some(LongitudeRange::WHOLE);
        }
        let Some(start) = covered.iter().position(|covered| !covered).filter(|_| !self.whole) else {
            return Some(LongitudeRange::WHOLE);
        };
        let runs = self.runs(&covered, start);
        let mut gaps = gaps(&runs);
        gaps.sort_by(|a, b| b.degrees.total_cmp(&a.degrees));
        let widest = gaps.first().copied()?;
        let next = gaps.get(1).map_or(0.0, |gap| gap.degrees);
        let even = self.widest == 0.0 && runs.len() >= 4 && widest.degrees <= next * 1.1;
        if even {
            return Some(LongitudeRange::WHOLE);
        }
        Some(LongitudeRange { west: signed(widest.ends, -180.0), east: signed(widest.begins, 180.0) })
    }

    /// Which bins a cell or a place lies in.
    fn covered(&self) -> Vec<bool> {
        let mut open = 0;
        let count = |bin: &Bin| {
            open += bin.begins;
            open > 0
        };
        self.bins.iter().map(count).collect()
    }

    /// The covered parts of the circle, as west and east, once around from a bin that is not covered.
    fn runs(&self, covered: &[bool], start: usize) -> Vec<(f64, f64)> {
        let bins = self.bins.iter().zip(covered);
        let around =
            bins.clone().skip(start).map(|bin| (bin, 0.0)).chain(bins.take(start).map(|bin| (bin, 360.0)));
        let mut runs: Vec<(f64, f64)> = Vec::new();
        let mut inside = false;
        for ((bin, covered), turn) in around {
            if *covered && !inside {
                // A run begins in the bin in which its first cell begins.
                runs.push((bin.west + turn, f64::NEG_INFINITY));
            }
            if let Some(run) = runs.last_mut().filter(|_| *covered) {
                run.1 = run.1.max(bin.east + turn);
            }
            inside = *covered;
        }
        runs
    }
}

/// A part of the circle without longitudes, eastwards.
#[derive(Clone, Copy)]
struct Gap {
    degrees: f64,
    begins: f64,
    ends: f64,
}

fn gaps(runs: &[(f64, f64)]) -> Vec<Gap> {
    let following =
        runs.iter().skip(1).copied().chain(runs.first().map(|(west, east)| (west + 360.0, *east)));
    let gap = |((_, begins), (ends, _)): (&(f64, f64), (f64, f64))| Gap {
        degrees: ends - begins,
        begins: *begins,
        ends,
    };
    runs.iter().zip(following).map(gap).collect()
}

fn bin(degrees: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 3600")]
    let bin = (degrees * 10.0) as usize;
    bin.min(BINS - 1)
}

/// A longitude as -180 to 180, without the digits that the difference made up; `at` is what the antimeridian is.
fn signed(degrees: f64, at: f64) -> f64 {
    let rounded = (short_way(degrees) * 1e10).round() / 1e10;
    if rounded.abs() == 180.0 { at } else { rounded }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(degrees: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
        let mut longitudes = Longitudes::default();
        degrees.into_iter().for_each(|degrees| longitudes.add(degrees));
        longitudes.range().map(|range| (range.west, range.east))
    }

    fn cells(cells: &[(f64, f64)]) -> Option<(f64, f64)> {
        let mut longitudes = Longitudes::default();
        cells.iter().for_each(|(west, east)| longitudes.add_cell([*west, *east]));
        longitudes.range().map(|range| (range.west, range.east))
    }

    /// The places from `from`, `count` of them, `step` apart.
    fn check(from: f64, step: f64, count: u32, expected: (f64, f64)) {
        let at = |index| from + step * f64::from(index);
        assert_eq!(places((0..count).map(at)), Some(expected), "{from} {step} {count}");
        assert_eq!(places((0..count).rev().map(at)), Some(expected), "{from} {step} {count} reversed");
        assert_eq!(
            places((0..count).map(|index| at(index) - 360.0)),
            Some(expected),
            "{from} {step} {count} a turn on"
        );
    }

    #[test]
    fn regional_places_keep_their_ends() {
        check(-20.0, 0.25, 161, (-20.0, 20.0));
        check(100.0, 2.5, 41, (100.0, -160.0));
        check(170.0, 1.0, 21, (170.0, -170.0));
        check(350.0, 1.0, 21, (-10.0, 10.0));
        check(7.5, 1.0, 1, (7.5, 7.5));
        check(0.0, 90.0, 2, (0.0, 90.0));
        check(0.0, 10.0, 35, (0.0, -20.0));
        check(180.0, 1.0, 11, (-180.0, -170.0));
        check(170.0, 1.0, 11, (170.0, 180.0));
    }

    #[test]
    fn places_all_around_are_global() {
        check(0.0, 2.5, 144, (-180.0, 180.0));
        check(-179.75, 0.5, 720, (-180.0, 180.0));
        check(0.05, 0.1, 3600, (-180.0, 180.0));
        check(0.0, 0.01, 36000, (-180.0, 180.0));
        check(0.0, 90.0, 4, (-180.0, 180.0));
        check(0.0, 2.5, 145, (-180.0, 180.0));
    }

    #[test]
    fn cells_count_with_their_edges() {
        assert_eq!(cells(&[(-0.5, 0.5), (0.5, 1.5)]), Some((-0.5, 1.5)));
        assert_eq!(cells(&[(359.5, 0.5), (0.5, 1.5)]), Some((-0.5, 1.5)));
        assert_eq!(cells(&[(179.0, 181.0)]), Some((179.0, -179.0)));
        assert_eq!(cells(&[(0.0, 360.0)]), Some((-180.0, 180.0)));
        assert_eq!(
            cells(&[(0.0, 90.0), (90.0, 180.0), (180.0, 270.0), (270.0, 360.0)]),
            Some((-180.0, 180.0))
        );
        assert_eq!(cells(&[(0.0, 90.0), (90.0, 180.0), (180.0, 270.0)]), Some((0.0, -90.0)));
        assert_eq!(cells(&[(10.0, 9.0)]), Some((9.0, 10.0)));
        assert_eq!(
            cells(&[(0.0, 10.0), (90.0, 100.0), (180.0, 190.0), (275.0, 285.0)]),
            Some((-85.0, -170.0))
        );
    }

    #[test]
    fn what_is_no_longitude_is_passed_over() {
        assert_eq!(places([f64::NAN, 1e20, f64::INFINITY, -1e300]), None);
        assert_eq!(places([f64::NAN, 3.0, 9.969_21e36]), Some((3.0, 3.0)));
        let mut longitudes = Longitudes::default();
        longitudes.add_cell([]);
        assert_eq!(longitudes.range(), None);
    }

    proptest! {
        #[test]
        fn every_place_lies_in_the_range(from in -400f64..400.0, reach in 0f64..170.0, parts in proptest::collection::vec(0f64..1.0, 1..40)) {
            let at = |part: &f64| from + reach * part;
            let (west, east) = places(parts.iter().map(at)).unwrap();
            let width = (east - west).rem_euclid(360.0);
            for part in &parts {
                let inside = (at(part) - west).rem_euclid(360.0);
                prop_assert!(inside <= width + 1e-9 || inside > 360.0 - 1e-9, "{} of {} {}", at(part), west, east);
            }
            // Nothing is wider than it must be, up to the digits that are rounded away.
            prop_assert!(width <= reach + 1e-9);
        }

        #[test]
        fn any_numbers_are_an_answer(values in proptest::collection::vec(proptest::num::f64::ANY, 0..20)) {
            let mut longitudes = Longitudes::default();
            longitudes.add_cell(values.iter().copied());
            values.iter().for_each(|value| longitudes.add(*value));
            if let Some(range) = longitudes.range() {
                prop_assert!(range.west.abs() <= 180.0 && range.east.abs() <= 180.0);
            }
        }
    }
}
