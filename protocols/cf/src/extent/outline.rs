//! The outline of a grid that is no box of longitudes and latitudes: a swath, a rotated or a projected grid.
//!
//! It is the rim of the grid with fewer places. What cannot be told as a plain polygon (a grid around a pole or around the Earth, a rim
//! that crosses itself, places outside of the rim) has no outline; the box around it says where it is.

use super::short_way;

/// An outline has at most so many places.
const MOST: usize = 100;

/// Of all places, about so many are looked at for whether they lie inside.
const LOOKED_AT: usize = 4096;

/// A longer step along the rim is none between neighbours, and a wider grid goes (almost) around the Earth.
const LONGEST_STEP: f64 = 60.0;
const WIDEST: f64 = 350.0;

/// A place: longitude and latitude in degrees.
type Place = [f64; 2];

/// One polygon, or two where the grid lies across the antimeridian: closed rings of `[longitude, latitude]`, counter-clockwise, with
/// longitudes from -180 to 180, cut as RFC 7946 (section 3.1.9) wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    rings: Vec<Vec<Place>>,
}

impl Outline {
    /// The outline of a grid from its rim, which goes on from the last place to the first, and the places in it (those that are not finite
    /// are passed over). It leaves out less than a step along the rim.
    #[must_use]
    pub fn of(rim: &[(f64, f64)], places: &[(f64, f64)]) -> Option<Self> {
        let rim = unwound(rim)?;
        let step = length(&rim) / as_float(rim.len());
        let ring = [0.05, 0.25, 0.5, 1.0].into_iter().find_map(|part| thinned(&rim, step * part))?;
        let ring = counter_clockwise(ring)?;
        (is_plain(&ring) && holds(&ring, places, 2.0 * step)).then_some(())?;
        let rings = cut(ring)?.into_iter().map(closed).collect();
        Some(Self { rings })
    }

    /// The rings, each of a polygon by itself.
    #[must_use]
    pub fn rings(&self) -> &[Vec<Place>] {
        &self.rings
    }
}

/// The rim with longitudes that go on across the antimeridian; `None` where that does not close.
fn unwound(rim: &[(f64, f64)]) -> Option<Vec<Place>> {
    let mut unwound: Vec<Place> = Vec::with_capacity(rim.len());
    for &(longitude, latitude) in rim {
        if !longitude.is_finite() || latitude.is_nan() || latitude.abs() > 90.001 {
            return None;
        }
        let latitude = latitude.clamp(-90.0, 90.0);
        match unwound.last() {
            None => unwound.push([longitude, latitude]),
            Some(&[before, south]) => {
                let step = short_way(longitude - before);
                if step.abs() > LONGEST_STEP {
                    return None;
                }
                // A corner comes twice where two sides meet.
                if step != 0.0 || latitude.to_bits() != south.to_bits() {
                    unwound.push([before + step, latitude]);
                }
            }
        }
    }
    let (first, last) = (unwound.first()?, unwound.last()?);
    let is_closed = (last[0] + short_way(first[0] - last[0]) - first[0]).abs() < 1e-6;
    let (west, east) = bounds(&unwound);
    (is_closed && unwound.len() >= 4 && east - west < WIDEST).then_some(unwound)
}

fn bounds(ring: &[Place]) -> (f64, f64) {
    ring.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(w, e), place| (w.min(place[0]), e.max(place[0])))
}

#[expect(clippy::cast_precision_loss, reason = "numbers of places fit 53 bits")]
fn as_float(number: usize) -> f64 {
    number as f64
}

/// The edges of a ring, the one from its last place to its first included.
fn edges(ring: &[Place]) -> impl Iterator<Item = (Place, Place)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

fn length(ring: &[Place]) -> f64 {
    edges(ring).map(|(a, b)| f64::hypot(b[0] - a[0], b[1] - a[1])).sum()
}

/// The ring without places that are less than `tolerance` off what is left (Ramer 1972, Douglas and Peucker 1973); `None` where more than
/// [`MOST`] are left.
fn thinned(ring: &[Place], tolerance: f64) -> Option<Vec<Place>> {
    let first = *ring.first()?;
    let away = |place: &Place| f64::hypot(place[0] - first[0], place[1] - first[1]);
    let (far, _) = ring.iter().enumerate().max_by(|a, b| away(a.1).total_cmp(&away(b.1)))?;
    let mut kept = vec![0, far];
    let mut open = vec![(0, far), (far, ring.len())];
    while let Some((from, to)) = open.pop() {
        let (a, b) = (*ring.get(from)?, *ring.get(to).unwrap_or(&first));
        let between = ring.iter().enumerate().take(to).skip(from.saturating_add(1));
        let farthest =
            between.map(|(at, place)| (at, distance(*place, (a, b)))).max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((at, _)) = farthest.filter(|(_, off)| *off > tolerance) {
            kept.push(at);
            if kept.len() > MOST {
                return None;
            }
            open.extend([(from, at), (at, to)]);
        }
    }
    kept.sort_unstable();
    kept.dedup();
    Some(kept.into_iter().filter_map(|at| ring.get(at).copied()).collect())
}

/// How far a place is from an edge.
fn distance(place: Place, (a, b): (Place, Place)) -> f64 {
    let (along, up) = (b[0] - a[0], b[1] - a[1]);
    let whole = along * along + up * up;
    let part = if whole > 0.0 { ((place[0] - a[0]) * along + (place[1] - a[1]) * up) / whole } else { 0.0 };
    let part = part.clamp(0.0, 1.0);
    f64::hypot(place[0] - a[0] - part * along, place[1] - a[1] - part * up)
}

/// The ring in the direction that polygons have; `None` where it has (almost) no area.
fn counter_clockwise(mut ring: Vec<Place>) -> Option<Vec<Place>> {
    let twice: f64 = edges(&ring).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum();
    if twice < 0.0 {
        ring.reverse();
    }
    (ring.len() >= 3 && twice.abs() > 1e-6 * length(&ring).powi(2)).then_some(ring)
}

/// On which side of an edge a place is: positive on the left.
fn side((a, b): (Place, Place), place: Place) -> f64 {
    (b[0] - a[0]) * (place[1] - a[1]) - (b[1] - a[1]) * (place[0] - a[0])
}

/// Whether no two edges of a ring cross or touch but where one goes on from the other.
fn is_plain(ring: &[Place]) -> bool {
    let edges: Vec<_> = edges(ring).collect();
    let last = edges.len().saturating_sub(1);
    edges.iter().enumerate().all(|(number, one)| {
        edges.iter().enumerate().skip(number.saturating_add(2)).all(|(other_number, other)| {
            let are_neighbours = number == 0 && other_number == last;
            are_neighbours || !crosses(*one, *other)
        })
    })
}

fn crosses(one: (Place, Place), other: (Place, Place)) -> bool {
    let parts = |edge: (Place, Place), by: (Place, Place)| side(by, edge.0) * side(by, edge.1) <= 0.0;
    let overlap = |axis: fn(Place) -> f64| {
        let (a, b, c, d) = (axis(one.0), axis(one.1), axis(other.0), axis(other.1));
        a.min(b) <= c.max(d) && c.min(d) <= a.max(b)
    };
    parts(one, other) && parts(other, one) && overlap(|place| place[0]) && overlap(|place| place[1])
}

/// Whether all places lie in a ring, or off it by the tolerance at most.
fn holds(ring: &[Place], places: &[(f64, f64)], tolerance: f64) -> bool {
    let (west, east) = bounds(ring);
    let middle = west + (east - west) / 2.0;
    let some = places.iter().step_by(places.len().div_ceil(LOOKED_AT).max(1));
    let known = some.filter(|(x, y)| x.is_finite() && y.abs() <= 90.001);
    known
        .map(|&(x, y)| [middle + short_way(x - middle), y])
        .all(|place| is_inside(ring, place) || edges(ring).any(|edge| distance(place, edge) <= tolerance))
}

/// Whether a line from a place to the east crosses the ring an odd number of times.
fn is_inside(ring: &[Place], place: Place) -> bool {
    let [x, y] = place;
    let crossed = edges(ring)
        .filter(|(a, b)| (a[1] > y) != (b[1] > y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
    crossed.count() % 2 == 1
}

/// The ring in the usual range of longitudes, in two parts where it lies across the antimeridian; `None` where it would be more.
fn cut(mut ring: Vec<Place>) -> Option<Vec<Vec<Place>>> {
    let (west, _) = bounds(&ring);
    let turn = short_way(west) - west;
    ring.iter_mut().for_each(|place| place[0] += turn);
    if ring.iter().all(|place| place[0] <= 180.0) {
        return Some(vec![ring]);
    }
    let crossings = edges(&ring).filter(|(a, b)| (a[0] > 180.0) != (b[0] > 180.0)).count();
    if crossings != 2 {
        return None;
    }
    let part = |is_kept: fn(f64) -> bool, turn: f64| {
        let mut kept: Vec<Place> = Vec::new();
        for (a, b) in edges(&ring) {
            if is_kept(a[0]) {
                kept.push([a[0] + turn, a[1]]);
            }
            if (a[0] > 180.0) != (b[0] > 180.0) {
                kept.push([180.0 + turn, a[1] + (180.0 - a[0]) / (b[0] - a[0]) * (b[1] - a[1])]);
            }
        }
        kept
    };
    Some(vec![part(|x| x <= 180.0, 0.0), part(|x| x > 180.0, -360.0)])
}

/// The ring with its first place again at its end.
fn closed(mut ring: Vec<Place>) -> Vec<Place> {
    ring.extend(ring.first().copied());
    ring
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A grid of places that `of` makes of numbers from 0 to 1, and its rim.
    fn grid(rows: usize, row: usize, of: impl Fn(f64, f64) -> (f64, f64)) -> [Vec<(f64, f64)>; 2] {
        let part = |at: usize, count: usize| as_float(at) / as_float(count - 1);
        let at = |i: usize, j: usize| of(part(i, row), part(j, rows));
        let places = (0..rows).flat_map(|j| (0..row).map(move |i| (i, j))).map(|(i, j)| at(i, j)).collect();
        let south = (0..row).map(|i| (i, 0));
        let east = (0..rows).map(|j| (row - 1, j));
        let north = (0..row).rev().map(|i| (i, rows - 1));
        let west = (0..rows).rev().map(|j| (0, j));
        [south.chain(east).chain(north).chain(west).map(|(i, j)| at(i, j)).collect(), places]
    }

    fn outline(rows: usize, row: usize, of: impl Fn(f64, f64) -> (f64, f64)) -> Option<Outline> {
        let [rim, places] = grid(rows, row, of);
        Outline::of(&rim, &places)
    }

    #[test]
    fn slanted_grids_have_their_corners() {
        // A parallelogram.
        let of = |x: f64, y: f64| (10.0 + 20.0 * x + 10.0 * y, 30.0 + 10.0 * y - 5.0 * x);
        let expected = [[10.0, 30.0], [30.0, 25.0], [40.0, 35.0], [20.0, 40.0], [10.0, 30.0]];
        assert_eq!(outline(11, 21, of).unwrap().rings(), [expected]);
        // The same, the other way round, and with longitudes of another turn.
        let turned = |x: f64, y: f64| of(1.0 - x, y);
        let ring =
            outline(11, 21, |x, y| (turned(x, y).0 + 360.0, turned(x, y).1)).unwrap().rings()[0].clone();
        let same = |a: &[f64; 2]| expected.iter().any(|b| (a[0] - b[0]).abs() + (a[1] - b[1]).abs() < 1e-9);
        assert!(ring.len() == 5 && ring.iter().all(same), "{ring:?}");
    }

    #[test]
    fn grids_across_the_antimeridian_are_cut() {
        let of = |x: f64, y: f64| (170.0 + 20.0 * x + 10.0 * y, 10.0 * y - 5.0 * x);
        let made = outline(11, 21, of).unwrap();
        let [west, east] = made.rings() else { panic!("{made:?}") };
        assert!(west.iter().all(|place| (170.0..=180.0).contains(&place[0])), "{west:?}");
        assert!(east.iter().all(|place| (-180.0..=-160.0).contains(&place[0])), "{east:?}");
        for ring in [west, east] {
            let area: f64 = ring.windows(2).map(|pair| side((pair[0], pair[1]), [0.0, 0.0])).sum();
            assert!(area > 0.0 && ring.first() == ring.last(), "{ring:?}");
        }
    }

    #[test]
    fn what_is_no_plain_polygon_has_no_outline() {
        let check = |of: &dyn Fn(f64, f64) -> (f64, f64)| assert_eq!(outline(24, 36, of), None);
        // Around the Earth, around a pole, a line, folded, with a hole in its rim.
        check(&|x, y| (359.0 * x, 60.0 * y + x));
        check(&|x, y| {
            let (x, y) = (x - 0.5, y - 0.5);
            (f64::atan2(y, x).to_degrees(), 90.0 - 40.0 * f64::hypot(x, y))
        });
        check(&|x, _| (10.0 * x, 5.0 * x));
        check(&|x, y| (10.0 * (x - 0.5) * (y - 0.5), 10.0 * y));
        check(&|x, y| (if x == 0.0 { f64::NAN } else { x }, y + x));
        assert_eq!(Outline::of(&[], &[]), None);
        // A place that the rim does not go around.
        let [rim, mut places] = grid(9, 9, |x, y| (x + y, 3.0 * y));
        assert!(Outline::of(&rim, &places).is_some());
        places.push((40.0, 1.0));
        assert_eq!(Outline::of(&rim, &places), None);
    }

    proptest! {
        #[test]
        fn outlines_hold_what_lies_in_the_grid(west in -180.0..180.0, width in 1.0..80.0, slant in -30.0..30.0, bend in -10.0..10.0, south in -60.0..20.0, rows in 5_usize..40) {
            // Bent along both sides, as rotated grids are.
            let of = |x: f64, y: f64| {
                (west + width * x + slant * y, south + 30.0 * y + bend * (x - 0.5) * (x - 0.5) * 4.0 + slant * 0.3 * x)
            };
            let [rim, places] = grid(rows, 40, of);
            if let Some(made) = Outline::of(&rim, &places) {
                let step = length(&unwound(&rim).unwrap()) / as_float(rim.len());
                for ring in made.rings() {
                    prop_assert!(ring.len() <= MOST + 3 && ring.first() == ring.last());
                    prop_assert!(ring.iter().all(|place| place[0].abs() <= 180.0 && place[1].abs() <= 90.0));
                    prop_assert!(is_plain(&ring[1..]));
                }
                for (x, y) in places {
                    let place = [short_way(x), y];
                    let near = |ring: &Vec<Place>| is_inside(ring, place) || edges(ring).any(|edge| distance(place, edge) <= 2.0 * step);
                    prop_assert!(made.rings().iter().any(near), "{:?}", place);
                }
            }
        }

        #[test]
        fn any_numbers_have_an_outline_or_none(rim in proptest::collection::vec((-400.0..400.0, -91.0..91.0), 0..30)) {
            if let Some(made) = Outline::of(&rim, &rim) {
                prop_assert!(made.rings().iter().all(|ring| ring.len() >= 4));
            }
        }
    }
}
