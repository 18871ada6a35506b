//! The centres of HEALPix cells (Górski and others 2005, sections 5.1 and 5.2).

use weir_cf::grid_mapping::{Order, Pixels};

/// Longitude and latitude of the centre of a cell, in degrees; `None` where there is no such cell.
pub(super) fn centre(pixels: Pixels, cell: f64) -> Option<(f64, f64)> {
    let whole = cell.is_finite() && cell.fract() == 0.0 && cell >= 0.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and not negative")]
    let cell = whole.then_some(cell as u64).filter(|cell| *cell < pixels.cells())?;
    Some(match pixels.order {
        Order::Ring => of_ring(pixels.nside, cell),
        Order::Nested => {
            let base = pixels.nside * pixels.nside;
            let within = cell % base;
            nested(pixels.nside, cell / base, (spread_out(within), spread_out(within >> 1)))
        }
    })
}

/// Every second bit of a number.
fn spread_out(number: u64) -> u64 {
    (0..32).map(|bit| ((number >> (2 * bit)) & 1) << bit).sum()
}

#[expect(clippy::cast_precision_loss, reason = "numbers of rings and of cells in them fit 53 bits")]
fn place(nside: u64, ring: u64, in_ring: f64) -> (f64, f64) {
    let n = nside as f64;
    let i = ring as f64;
    let (sine, longitude) = if ring < nside {
        (1.0 - i * i / (3.0 * n * n), 90.0 / i * (in_ring - 0.5))
    } else if ring <= 3 * nside {
        let shift = if (ring - nside).is_multiple_of(2) { 0.5 } else { 1.0 };
        (4.0 / 3.0 - 2.0 * i / (3.0 * n), 90.0 / n * (in_ring - shift))
    } else {
        let i = (4 * nside - ring) as f64;
        (i * i / (3.0 * n * n) - 1.0, 90.0 / i * (in_ring - 0.5))
    };
    (longitude, sine.clamp(-1.0, 1.0).asin().to_degrees())
}

/// The centre of a cell that is numbered from north to south; rings and places in them count from 1.
#[expect(clippy::cast_precision_loss, reason = "as above")]
fn of_ring(nside: u64, cell: u64) -> (f64, f64) {
    let cap = 2 * nside * (nside - 1);
    let cells = 12 * nside * nside;
    if cell < cap {
        let ring = ring_of_cap(cell);
        return place(nside, ring, (cell - 2 * ring * (ring - 1) + 1) as f64);
    }
    if cell < cells - cap {
        let behind = cell - cap;
        return place(nside, behind / (4 * nside) + nside, (behind % (4 * nside) + 1) as f64);
    }
    // From the south pole, backwards.
    let behind = cells - 1 - cell;
    let ring = ring_of_cap(behind);
    let in_ring = 4 * ring - (behind - 2 * ring * (ring - 1));
    place(nside, 4 * nside - ring, in_ring as f64)
}

/// The ring of a polar cap that the `cell`-th from the pole lies in, from 1: the greatest whose ring before ends there.
fn ring_of_cap(cell: u64) -> u64 {
    (1 + 2 * cell).isqrt().div_ceil(2)
}

/// The centre of the cell at `(x, y)` of base cell `base`.
#[expect(clippy::cast_precision_loss, reason = "as above")]
fn nested(nside: u64, base: u64, (x, y): (u64, u64)) -> (f64, f64) {
    let row = base / 4;
    // Rings count from the north: (row + 2) nside - x - y - 1.
    let ring = ((row + 2) * nside).saturating_sub(x + y + 1);
    let length = if ring < nside {
        ring
    } else if ring <= 3 * nside {
        nside
    } else {
        4 * nside - ring
    };
    // The middle of the base cell, in eighths of the circle.
    let eighth = if row == 1 { 2 * (base % 4) } else { 2 * (base % 4) + 1 };
    let shift = x as f64 - y as f64;
    let longitude = 45.0 * (eighth as f64 + shift / length.max(1) as f64);
    let (_, latitude) = place(nside, ring, 1.0);
    (longitude, latitude)
}

#[cfg(test)]
mod tests {
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
