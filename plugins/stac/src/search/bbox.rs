//! Bounding boxes in longitude and latitude (RFC 7946 section 5), which may cross the antimeridian.

use serde_json::Value;
use weir_plugin_api::Error;

/// A box: degrees east and north. Where `west` is greater than `east` it crosses the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bbox {
    /// The western edge.
    pub west: f64,
    /// The southern edge.
    pub south: f64,
    /// The eastern edge.
    pub east: f64,
    /// The northern edge.
    pub north: f64,
}

impl Bbox {
    /// Reads numbers between commas: four, or six with heights, which say nothing here.
    ///
    /// # Errors
    /// `BadRequest` says which rule is broken.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let numbers = text.split(',').map(|number| number.trim().parse().ok()).collect::<Option<Vec<f64>>>();
        numbers.and_then(|numbers| Self::of(&numbers)).ok_or_else(|| refused(text))
    }

    /// Reads an array of JSON.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_json(value: &Value) -> Result<Self, Error> {
        let numbers =
            value.as_array().and_then(|list| list.iter().map(Value::as_f64).collect::<Option<Vec<_>>>());
        numbers.and_then(|numbers| Self::of(&numbers)).ok_or_else(|| refused(&value.to_string()))
    }

    fn of(numbers: &[f64]) -> Option<Self> {
        let (west, south, east, north) = match *numbers {
            [west, south, east, north] => (west, south, east, north),
            [west, south, low, east, north, high] if low <= high => (west, south, east, north),
            _ => return None,
        };
        let is_finite = [west, south, east, north].iter().all(|number| number.is_finite());
        let lies_on_earth = [west, east].iter().all(|lon| lon.abs() <= 360.0)
            && [south, north].iter().all(|lat| lat.abs() <= 90.0);
        (is_finite && lies_on_earth && south <= north).then_some(Self { west, south, east, north })
    }

    /// The box in ranges of longitude that do not cross the antimeridian, from -180 to 180: one or two.
    #[must_use]
    pub fn longitudes(&self) -> [Option<(f64, f64)>; 2] {
        let (west, east) = (self.west, self.east);
        if west <= east && east - west >= 360.0 {
            return [Some((-180.0, 180.0)), None];
        }
        if west <= east && west >= -180.0 && east <= 180.0 {
            return [Some((west, east)), None];
        }
        let (west, east) = (wrapped(west, Edge::West), wrapped(east, Edge::East));
        if west <= east {
            return [Some((west, east)), None];
        }
        [Some((west, 180.0)), Some((-180.0, east))]
    }

    /// Whether two boxes have a point in common; the meridians at -180 and 180 are one.
    #[must_use]
    pub fn intersects(&self, other: &Self) -> bool {
        let overlap = |a: (f64, f64), b: (f64, f64)| a.0 <= b.1 && b.0 <= a.1;
        let ours = self.longitudes();
        let theirs = other.longitudes();
        let touch = |ours: &(f64, f64), theirs: &(f64, f64)| {
            overlap(*ours, *theirs)
                || (ours.1 >= 180.0 && theirs.0 <= -180.0)
                || (theirs.1 >= 180.0 && ours.0 <= -180.0)
        };
        overlap((self.south, self.north), (other.south, other.north))
            && ours.iter().flatten().any(|a| theirs.iter().flatten().any(|b| touch(a, b)))
    }
}

/// Which edge of a box a longitude is: that decides what the antimeridian is called.
#[derive(Clone, Copy, PartialEq)]
enum Edge {
    West,
    East,
}

fn wrapped(longitude: f64, edge: Edge) -> f64 {
    let turned = (longitude + 180.0).rem_euclid(360.0) - 180.0;
    match edge {
        Edge::East if turned <= -180.0 => 180.0,
        _ => turned,
    }
}

fn refused(text: &str) -> Error {
    let shown: String = text.chars().take(100).collect();
    Error::bad_request(format!(
        "bbox is {shown:?}, but must be west,south,east,north in degrees, or six numbers with heights, with south <= north and \
         longitudes from -360 to 360"
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<[f64; 4]>) {
        let got = Bbox::parse(text).ok().map(|b| [b.west, b.south, b.east, b.north]);
        assert_eq!(got, expected, "{text}");
        let json = serde_json::from_str::<Value>(&format!("[{text}]"));
        if let Ok(value) = json {
            assert_eq!(Bbox::from_json(&value).ok().map(|b| [b.west, b.south, b.east, b.north]), expected);
        }
    }

    #[test]
    fn boxes_are_four_or_six_numbers() {
        check("1,2,3,4", Some([1.0, 2.0, 3.0, 4.0]));
        check("1,2,-10,3,4,20", Some([1.0, 2.0, 3.0, 4.0]));
        check(" 170, -10, -170, 10", Some([170.0, -10.0, -170.0, 10.0]));
        check("1,2,3", None);
        check("1,2,3,4,5", None);
        check("1,4,3,2", None);
        check("1,2,9,3,4,5", None);
        check("1,2,3,91", None);
        check("361,2,3,4", None);
        check("nan,2,3,4", None);
        check("", None);
        check("1,2,3,x", None);
    }

    fn check_meets(a: [f64; 4], b: [f64; 4], expected: bool) {
        let (a, b) = (Bbox::of(&a).unwrap(), Bbox::of(&b).unwrap());
        assert_eq!(a.intersects(&b), expected, "{a:?} {b:?}");
        assert_eq!(b.intersects(&a), expected, "{b:?} {a:?}");
    }

    #[test]
    fn boxes_meet_across_the_antimeridian() {
        check_meets([170.0, -10.0, -170.0, 10.0], [175.0, 0.0, 176.0, 1.0], true);
        check_meets([170.0, -10.0, -170.0, 10.0], [-175.0, 0.0, -172.0, 1.0], true);
        check_meets([170.0, -10.0, -170.0, 10.0], [0.0, 0.0, 1.0, 1.0], false);
        check_meets([0.0, -90.0, 360.0, 90.0], [-20.0, 0.0, -10.0, 1.0], true);
        check_meets([350.0, 0.0, 355.0, 1.0], [-10.0, 0.0, -9.0, 1.0], true);
        check_meets([170.0, 0.0, 180.0, 1.0], [-180.0, 0.0, -170.0, 1.0], true);
        check_meets([1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0], true);
        check_meets([1.0, 2.0, 3.0, 4.0], [1.0, 5.0, 3.0, 6.0], false);
    }

    fn boxes() -> impl Strategy<Value = Bbox> {
        (-180.0..=180.0, -90.0..=90.0, -180.0..=180.0, -90.0..=90.0).prop_map(
            |(west, a, east, b): (f64, f64, f64, f64)| Bbox { west, south: a.min(b), east, north: a.max(b) },
        )
    }

    proptest! {
        #[test]
        fn meeting_boxes_have_a_point_in_common(a in boxes(), b in boxes()) {
            // The edges of both are the only places where "inside" changes, so one of them is a common point where there is any.
            let inside = |of: &Bbox, lon: f64| match of.west <= of.east {
                true => of.west <= lon && lon <= of.east,
                false => lon >= of.west || lon <= of.east,
            };
            let common = [a.west, a.east, b.west, b.east].iter().any(|lon| inside(&a, *lon) && inside(&b, *lon));
            let expected = common && a.south <= b.north && b.south <= a.north;
            prop_assert_eq!(a.intersects(&b), expected);
        }

        #[test]
        fn turning_a_box_once_round_changes_nothing(west in -179.0..-2.0, width in 0.001..0.999, b in boxes()) {
            // It ends before the meridian of Greenwich, so that its turned copy is another writing of the same box.
            let a = Bbox { west, south: -10.0, east: west * (1.0 - width), north: 10.0 };
            let turned = Bbox { west: a.west + 360.0, east: a.east + 360.0, ..a };
            // Turned back, a longitude may differ in its last digits.
            prop_assume!([a.west, a.east].iter().all(|x| [b.west, b.east].iter().all(|y| (x - y).abs() > 1e-6)));
            prop_assert_eq!(a.intersects(&b), turned.intersects(&b));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-0-9.,e ]{0,40}") {
            if let Ok(read) = Bbox::parse(&text) {
                prop_assert!(read.south <= read.north && read.intersects(&read));
            }
        }
    }
}
