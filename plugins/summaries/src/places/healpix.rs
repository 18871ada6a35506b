//! The centres of HEALPix cells whose numbers were read as coordinates are.

use weir_cf::grid_mapping::Pixels;

/// Longitude and latitude of the centre of a cell, in degrees; `None` where there is no such cell.
pub(super) fn centre(pixels: Pixels, cell: f64) -> Option<(f64, f64)> {
    let whole = cell.is_finite() && cell.fract() == 0.0 && cell >= 0.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and not negative")]
    let cell = whole.then_some(cell as u64)?;
    pixels.centre(cell)
}

#[cfg(test)]
mod tests {
    use weir_cf::grid_mapping::Order;

    use super::*;

    fn check(nside: u64, order: Order, cell: f64, expected: Option<(f64, f64)>) {
        let got = centre(Pixels { nside, order }, cell);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        let same =
            got.zip(expected).is_some_and(|(a, b)| close(a.0.rem_euclid(360.0), b.0) && close(a.1, b.1));
        assert!(same || (got.is_none() && expected.is_none()), "{nside} {order:?} {cell}: {got:?}");
    }

    /// Values of `healpy.pix2ang(..., lonlat=True)`.
    #[test]
    fn centres_are_those_of_healpy() {
        check(1, Order::Ring, 0.0, Some((45.0, 41.810_314_895_778_6)));
        check(1, Order::Ring, 4.0, Some((0.0, 0.0)));
        check(1, Order::Nested, 4.0, Some((0.0, 0.0)));
        check(1, Order::Nested, 11.0, Some((315.0, -41.810_314_895_778_6)));
        check(2, Order::Ring, 0.0, Some((45.0, 66.443_535_691_398_15)));
        check(2, Order::Ring, 4.0, Some((22.5, 41.810_314_895_778_6)));
        check(2, Order::Ring, 12.0, Some((0.0, 19.471_220_634_490_69)));
        check(2, Order::Ring, 47.0, Some((315.0, -66.443_535_691_398_15)));
        check(2, Order::Nested, 0.0, Some((45.0, 19.471_220_634_490_69)));
        check(2, Order::Nested, 3.0, Some((45.0, 66.443_535_691_398_15)));
        check(2, Order::Nested, 1.0, Some((67.5, 41.810_314_895_778_6)));
        check(2, Order::Nested, 48.0, None);
        check(2, Order::Nested, 1.5, None);
        check(2, Order::Nested, f64::NAN, None);
    }

    /// Both orders number the same cells.
    #[test]
    fn both_orders_have_the_same_centres() {
        for nside in [1_u64, 2, 4, 8, 16] {
            let all = |order: Order| {
                let cells = 0..12 * nside * nside;
                #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small")]
                let key = |cell: u64| {
                    let (longitude, latitude) = centre(Pixels { nside, order }, cell as f64).unwrap();
                    (
                        (latitude * 1e6).round() as i64,
                        (longitude.rem_euclid(360.0) * 1e6).round() as i64 % 360_000_000,
                    )
                };
                let mut keys: Vec<(i64, i64)> = cells.map(key).collect();
                keys.sort_unstable();
                keys
            };
            assert_eq!(all(Order::Ring), all(Order::Nested), "{nside}");
        }
    }
}
