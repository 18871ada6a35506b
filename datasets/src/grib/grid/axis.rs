//! Points at equal distances along one axis.

use super::Corners;
use crate::grib::scanning::Scanning;

/// `count` numbers from `first` to `last`.
///
/// Increments that a definition carries as well are not used: they are rounded more coarsely than the ends, and wrong in
/// some files.
pub fn spaced(first: f64, last: f64, count: usize) -> Vec<f64> {
    let steps = count.saturating_sub(1).max(1) as f64;
    (0..count).map(|n| first + (last - first) * n as f64 / steps).collect()
}

/// `count` numbers from `first` on.
pub fn stepped(first: f64, step: f64, count: usize) -> Vec<f64> {
    (0..count).map(|n| first + step * n as f64).collect()
}

/// The longitudes of a row, one after the other: from west to east unless the grid scans otherwise, without a jump at
/// Greenwich.
pub fn longitudes(corners: &Corners, count: usize, scanning: Scanning) -> Vec<f64> {
    let (mut first, mut last) = (corners.first.longitude, corners.last.longitude);
    let circle = if scanning.falls_along_x() { -360.0 } else { 360.0 };
    let wraps = if scanning.falls_along_x() { last > first } else { last < first };
    if wraps {
        // As ecCodes has it: a grid over Greenwich begins at a negative longitude.
        match scanning.falls_along_x() {
            true => last -= 360.0,
            false => first -= 360.0,
        }
        if first < -180.0 {
            (first, last) = (first + 360.0, last + 360.0);
        }
    }
    // A whole circle is divided evenly; its last point may be rounded.
    let even = circle * (count as f64 - 1.0) / (count as f64).max(1.0);
    if count > 1 && (first + even - last).abs() <= corners.unit {
        return (0..count).map(|n| first + circle * n as f64 / count as f64).collect();
    }
    spaced(first, last, count)
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::*;

    #[test]
    fn longitudes_do_not_jump() {
        let check = |first: f64, last: f64, count: usize, mode: u8, expected: &[f64]| {
            let place = |longitude| Place { latitude: 0.0, longitude };
            let corners = Corners { first: place(first), last: place(last), unit: 0.001 };
            assert_eq!(longitudes(&corners, count, Scanning(mode)), expected, "{first} {last}");
        };
        check(0.0, 270.0, 4, 0, &[0.0, 90.0, 180.0, 270.0]);
        check(350.0, 10.0, 3, 0, &[-10.0, 0.0, 10.0]);
        check(10.0, 350.0, 3, 0x80, &[10.0, 0.0, -10.0]);
        check(0.0, 240.0005, 3, 0, &[0.0, 120.0, 240.0]);
        check(-10.0, 10.0, 2, 0, &[-10.0, 10.0]);
        check(170.0, -170.0, 2, 0, &[170.0, 190.0]);
        check(7.0, 7.0, 1, 0, &[7.0]);
    }
}
