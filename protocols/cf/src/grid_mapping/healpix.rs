//! The centres of HEALPix cells, and the cells of places (Górski and others 2005, sections 5.1 to 5.3).

use super::{Order, Pixels};

impl Pixels {
    /// Longitude and latitude of the centre of a cell, in degrees; `None` where there is no such cell.
    #[must_use]
    pub fn centre(self, cell: u64) -> Option<(f64, f64)> {
        (cell < self.cells()).then(|| match self.order {
            Order::Ring => of_ring(self.nside, cell),
            Order::Nested => {
                let base = self.nside * self.nside;
                let within = cell % base;
                nested(self.nside, cell / base, (spread_out(within), spread_out(within >> 1)))
            }
        })
    }

    /// The number of the cell that a place lies in, given its longitude and latitude in degrees; `None` where these are no numbers, or
    /// the latitude lies beyond a pole.
    #[must_use]
    pub fn cell(self, longitude: f64, latitude: f64) -> Option<u64> {
        if !longitude.is_finite() || !(-90.0..=90.0).contains(&latitude) {
            return None;
        }
        let sine = latitude.to_radians().sin();
        // The longitude in quarters of the circle; rounding must not reach the end.
        let quarter = (longitude / 90.0).rem_euclid(4.0);
        let quarter = if quarter < 4.0 { quarter } else { 0.0 };
        Some(match self.order {
            Order::Ring => in_ring(self.nside, quarter, sine),
            Order::Nested => in_base_cell(self.nside, quarter, sine),
        })
    }
}

/// How far a place in the belt around the equator lies along both diagonals of the base cells, in cells.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "nside fits 30 bits, and neither number is negative in the belt"
)]
fn diagonals(nside: u64, quarter: f64, sine: f64) -> (u64, u64) {
    let along = nside as f64 * (0.5 + quarter);
    let across = nside as f64 * sine * 0.75;
    ((along - across).floor() as u64, (along + across).floor() as u64)
}

/// The same for a place in a polar cap, counted from the pole within its quarter.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as above"
)]
fn cap_diagonals(nside: u64, quarter: f64, sine: f64) -> (u64, u64) {
    let part = quarter.fract();
    let reach = nside as f64 * (3.0 * (1.0 - sine.abs())).max(0.0).sqrt();
    let cut = |number: f64| (number.floor() as u64).min(nside.saturating_sub(1));
    (cut(part * reach), cut((1.0 - part) * reach))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as above"
)]
fn in_ring(nside: u64, quarter: f64, sine: f64) -> u64 {
    if sine.abs() <= 2.0 / 3.0 {
        let (down, up) = diagonals(nside, quarter, sine);
        let ring = (nside + 1 + down).saturating_sub(up);
        let shift = u64::from(ring.is_multiple_of(2));
        let place = ((down + up + shift + 1).saturating_sub(nside) / 2) % (4 * nside);
        return 2 * nside * (nside - 1) + ring.saturating_sub(1) * 4 * nside + place;
    }
    let (down, up) = cap_diagonals(nside, quarter, sine);
    let ring = down + up + 1;
    let place = (quarter * ring as f64).floor() as u64 % (4 * ring);
    let before = if sine > 0.0 { 2 * ring * (ring - 1) } else { 12 * nside * nside - 2 * ring * (ring + 1) };
    before + place
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as above")]
fn in_base_cell(nside: u64, quarter: f64, sine: f64) -> u64 {
    let (base, x, y) = if sine.abs() <= 2.0 / 3.0 {
        let (down, up) = diagonals(nside, quarter, sine);
        let base = match (down / nside, up / nside) {
            (d, u) if d == u => d % 4 + 4,
            (d, u) if d < u => d,
            (_, u) => u + 8,
        };
        (base, up % nside, nside - down % nside - 1)
    } else {
        let (down, up) = cap_diagonals(nside, quarter, sine);
        let quarter = (quarter as u64).min(3);
        if sine > 0.0 { (quarter, nside - up - 1, nside - down - 1) } else { (quarter + 8, down, up) }
    };
    base * nside * nside + (spread(x) | spread(y) << 1)
}

/// The bits of a number, each with a zero behind it.
fn spread(number: u64) -> u64 {
    (0..30).map(|bit| ((number >> bit) & 1) << (2 * bit)).sum()
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

    /// Cells that are known by sight, from the figures of the paper.
    #[test]
    fn places_lie_in_the_cells_that_they_must() {
        let check = |order, nside, (longitude, latitude), expected| {
            assert_eq!(Pixels { nside, order }.cell(longitude, latitude), expected, "{longitude} {latitude}");
        };
        check(Order::Nested, 1, (45.0, 60.0), Some(0));
        check(Order::Nested, 1, (-45.0, -60.0), Some(11));
        check(Order::Nested, 1, (0.0, 0.0), Some(4));
        check(Order::Ring, 1, (-90.0, 5.0), Some(7));
        check(Order::Ring, 2, (10.0, 89.0), Some(0));
        check(Order::Ring, 2, (-10.0, -89.0), Some(47));
        check(Order::Nested, 2, (720.0 + 45.0, 66.4), Some(3));
        check(Order::Nested, 2, (0.0, 90.5), None);
        check(Order::Nested, 2, (f64::NAN, 0.0), None);
    }

    #[test]
    fn a_centre_lies_in_its_cell() {
        for nside in [1_u64, 2, 4, 16, 64] {
            for order in [Order::Ring, Order::Nested] {
                let pixels = Pixels { nside, order };
                for cell in 0..pixels.cells() {
                    let (longitude, latitude) = pixels.centre(cell).unwrap();
                    assert_eq!(pixels.cell(longitude, latitude), Some(cell), "{pixels:?}");
                    assert_eq!(pixels.cell(longitude - 720.0, latitude), Some(cell), "{pixels:?}");
                }
                assert_eq!(pixels.centre(pixels.cells()), None);
            }
        }
    }

    /// With other numbers of rings than powers of two, which only the order by rings has.
    #[test]
    fn rings_may_be_of_any_number() {
        for nside in [3_u64, 5, 12] {
            let pixels = Pixels { nside, order: Order::Ring };
            for cell in 0..pixels.cells() {
                let (longitude, latitude) = pixels.centre(cell).unwrap();
                assert_eq!(pixels.cell(longitude, latitude), Some(cell), "{nside}");
            }
        }
    }

    #[test]
    fn both_orders_agree_on_the_cell_of_any_place() {
        let of = |order| Pixels { nside: 32, order };
        for step in 0..40_000_u32 {
            let longitude = f64::from(step) * 0.771 + 0.013;
            let latitude = (f64::from(step) * 0.618_033_9).fract() * 179.8 - 89.9;
            let ring = of(Order::Ring).cell(longitude, latitude).unwrap();
            let nested = of(Order::Nested).cell(longitude, latitude).unwrap();
            let (a, b) = (of(Order::Ring).centre(ring).unwrap(), of(Order::Nested).centre(nested).unwrap());
            let apart = (a.0 - b.0 + 180.0).rem_euclid(360.0) - 180.0;
            assert!(apart.abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9, "{longitude} {latitude}");
        }
    }
}
