//! Cells by their corners: in which polygon on the sphere a place lies.

use rstar::{AABB, RTree, RTreeObject};

use crate::grid::around as bounds_of;
use crate::points::{place, point};
use crate::{Bounds, Place, signed};

/// Cells with corners.
pub struct Polygons {
    tree: RTree<Leaf>,
    /// Corners of all cells, one cell behind the other, on the unit sphere.
    corners: Vec<[f32; 3]>,
    /// Where the corners of each cell begin; one more than cells.
    starts: Vec<u32>,
    edges: Edges,
}

/// What the edges between corners are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edges {
    /// Parts of great circles.
    Straight,
    /// Parallels and meridians: every cell is a box of longitudes and latitudes.
    Boxes,
}

/// The sphere around a cell: its middle and its radius.
struct Leaf {
    middle: [f32; 3],
    radius: f32,
    cell: u32,
}

impl RTreeObject for Leaf {
    type Envelope = AABB<[f32; 3]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.middle.map(|at| at - self.radius), self.middle.map(|at| at + self.radius))
    }
}

/// So near to an edge, in radians (a few metres), a place is on it: corners have no more digits.
const ON_EDGE: f64 = 1e-6;

/// Edges that differ by so many degrees at most are parallels, or meridians.
const ALONG: f64 = 1e-5;

/// Cells that reach farther than this many degrees from their middle are none.
const WIDEST: f64 = 80.0;

impl Polygons {
    /// Bytes that a cell and each of its corners take, for those who ask before they make them.
    pub const BYTES_EACH: (u64, u64) = (128, 32);

    /// Cells of which the corners are told in turn, as degrees east and north, one set for each cell. Corners that are not there, and such
    /// as repeat the one before, are left out; what has fewer than three is no cell, but keeps its number.
    ///
    /// `None` where there is no cell at all, where one is too wide to be a part of a sphere, or where they are more than 32 bits count.
    #[must_use]
    pub fn of(cells: impl IntoIterator<Item = Vec<(f64, f64)>>) -> Option<Self> {
        let (mut corners, mut starts, mut leaves) = (Vec::new(), vec![0_u32], Vec::new());
        let mut edges = Edges::Boxes;
        let mut kept: Vec<Vec<(f64, f64)>> = Vec::new();
        for cell in cells {
            let cell = distinct(cell);
            if cell.len() > 2 && !is_box(&cell) {
                edges = Edges::Straight;
            }
            kept.push(cell);
        }
        for (number, cell) in kept.into_iter().enumerate() {
            if cell.len() > 2 {
                let (middle, radius) = around(&cell, edges)?;
                let radius = single(radius) + 1e-5;
                leaves.push(Leaf { middle: middle.map(single), radius, cell: u32::try_from(number).ok()? });
                corners.extend(
                    cell.iter().filter_map(|(east, north)| point(*east, *north)).map(|at| at.map(single)),
                );
            }
            starts.push(u32::try_from(corners.len()).ok()?);
        }
        (!leaves.is_empty()).then(|| Self { tree: RTree::bulk_load(leaves), corners, starts, edges })
    }

    /// How many cells there are, with those that are none.
    #[must_use]
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Whether there are none, which is never so.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cell that a place lies in; where cells lie over each other, the first.
    #[must_use]
    pub fn cell(&self, place: Place) -> Option<usize> {
        let here = point(place.longitude, place.latitude)?;
        let envelope = AABB::from_point(here.map(single));
        let (mut inside, mut beside): (Option<u32>, Option<(f64, u32)>) = (None, None);
        for leaf in self.tree.locate_in_envelope_intersecting(&envelope) {
            let apart = match self.edges {
                Edges::Straight => self.beyond(leaf, here),
                Edges::Boxes => self.beyond_box(leaf, place),
            };
            match apart {
                Some(0.0) => inside = Some(inside.map_or(leaf.cell, |cell| cell.min(leaf.cell))),
                Some(apart) if apart < ON_EDGE && beside.is_none_or(|(least, _)| apart < least) => {
                    beside = Some((apart, leaf.cell));
                }
                _ => {}
            }
        }
        inside.or(beside.map(|(_, cell)| cell)).and_then(|cell| usize::try_from(cell).ok())
    }

    /// The middle of each cell, with its number.
    pub fn middles(&self) -> impl Iterator<Item = (Place, usize)> {
        let of = |leaf: &Leaf| Some((place(leaf.middle.map(f64::from)), usize::try_from(leaf.cell).ok()?));
        self.tree.iter().filter_map(of)
    }

    /// The part of the Earth that the cells cover.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        let mut bounds = bounds_of(self.corners.iter().map(|corner| place(corner.map(f64::from))), 0.0)?;
        // No corner lies on a pole that is inside a cell.
        for (pole, latitude) in [(&mut bounds.north, 90.0), (&mut bounds.south, -90.0)] {
            if self.cell(Place { longitude: 0.0, latitude }).is_some() {
                *pole = latitude;
                (bounds.west, bounds.east) = (-180.0, 180.0);
            }
        }
        Some(bounds)
    }

    fn corners_of(&self, cell: u32) -> Option<&[[f32; 3]]> {
        let cell = usize::try_from(cell).ok()?;
        let (from, to) = (*self.starts.get(cell)?, *self.starts.get(cell.checked_add(1)?)?);
        self.corners.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?)
    }

    /// How far a place lies outside a cell, in radians; 0 inside.
    fn beyond(&self, leaf: &Leaf, here: [f64; 3]) -> Option<f64> {
        let plane = Plane::touching(leaf.middle.map(f64::from));
        let at = plane.shadow(here)?;
        let corners: Option<Vec<(f64, f64)>> =
            self.corners_of(leaf.cell)?.iter().map(|corner| plane.shadow(corner.map(f64::from))).collect();
        let corners = corners?;
        let (mut inside, mut nearest) = (false, f64::INFINITY);
        for (from, to) in corners.iter().zip(corners.iter().cycle().skip(1)) {
            if (from.1 > at.1) != (to.1 > at.1)
                && at.0 < from.0 + (at.1 - from.1) / (to.1 - from.1) * (to.0 - from.0)
            {
                inside = !inside;
            }
            nearest = nearest.min(apart(at, (*from, *to)));
        }
        Some(if inside { 0.0 } else { nearest })
    }

    fn beyond_box(&self, leaf: &Leaf, at: Place) -> Option<f64> {
        let corners: Vec<(f64, f64)> = self
            .corners_of(leaf.cell)?
            .iter()
            .map(|corner| place(corner.map(f64::from)))
            .map(|place| (place.longitude, place.latitude))
            .collect();
        let Extent { west, width, south, north } = Extent::around(&corners)?;
        let east_of = (at.longitude - west).rem_euclid(360.0);
        let beyond_east = if east_of <= width { 0.0 } else { (east_of - width).min(360.0 - east_of) };
        let beyond_north = (south - at.latitude).max(at.latitude - north).max(0.0);
        Some((beyond_east * at.latitude.to_radians().cos()).hypot(beyond_north).to_radians())
    }
}

/// Corners that are there, without those that repeat the one before.
fn distinct(corners: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let same = |a: (f64, f64), b: (f64, f64)| (a.1 - b.1).abs() < 1e-9 && signed(a.0 - b.0).abs() < 1e-9;
    let mut kept: Vec<(f64, f64)> = Vec::with_capacity(corners.len());
    for corner in corners.into_iter().filter(|(east, north)| point(*east, *north).is_some()) {
        if kept.last().is_none_or(|last| !same(*last, corner)) {
            kept.push(corner);
        }
    }
    while kept.len() > 1 && kept.first().zip(kept.last()).is_some_and(|(first, last)| same(*first, *last)) {
        kept.pop();
    }
    kept
}

fn is_pole(latitude: f64) -> bool {
    latitude.abs() > 90.0 - ALONG
}

/// Whether all edges are parallels and meridians, and the corners those of a box.
fn is_box(corners: &[(f64, f64)]) -> bool {
    let along = |(a, b): (&(f64, f64), &(f64, f64))| {
        (a.1 - b.1).abs() < ALONG || signed(a.0 - b.0).abs() < ALONG || is_pole(a.1) || is_pole(b.1)
    };
    let Some(found) = Extent::around(corners) else { return false };
    corners.iter().zip(corners.iter().cycle().skip(1)).all(along)
        && corners.iter().all(|(_, north)| (north - found.south).min(found.north - north).abs() < ALONG)
}

/// A box of longitudes and latitudes.
struct Extent {
    west: f64,
    width: f64,
    south: f64,
    north: f64,
}

impl Extent {
    fn around(corners: &[(f64, f64)]) -> Option<Self> {
        // A pole has no longitude.
        let (first, _) = corners.iter().find(|(_, north)| !is_pole(*north))?;
        let (mut west, mut east) = (0.0_f64, 0.0_f64);
        for (longitude, _) in corners.iter().filter(|(_, north)| !is_pole(*north)) {
            let apart = signed(longitude - first);
            (west, east) = (west.min(apart), east.max(apart));
        }
        let latitudes = corners.iter().map(|(_, north)| *north);
        let (south, north) = latitudes.fold((90.0_f64, -90.0_f64), |(a, b), n| (a.min(n), b.max(n)));
        Some(Self { west: first + west, width: east - west, south, north })
    }
}

/// The middle of a cell, and how far it reaches from there through the sphere; `None` where it is too wide.
fn around(corners: &[(f64, f64)], edges: Edges) -> Option<([f64; 3], f64)> {
    let points: Vec<[f64; 3]> = corners.iter().filter_map(|(east, north)| point(*east, *north)).collect();
    let middle = match edges {
        Edges::Boxes => {
            let Extent { west, width, south, north } = Extent::around(corners)?;
            point(west + width / 2.0, f64::midpoint(south, north))?
        }
        Edges::Straight => {
            let sum =
                points.iter().fold([0.0; 3], |sum, at| [sum[0] + at[0], sum[1] + at[1], sum[2] + at[2]]);
            let length = dot(sum, sum).sqrt();
            if length < 1e-9 {
                return None;
            }
            sum.map(|part| part / length)
        }
    };
    let far = points.iter().map(|at| dot(middle, *at)).fold(1.0, f64::min);
    // The chord of an angle whose cosine is known.
    (far > WIDEST.to_radians().cos()).then(|| (middle, (2.0 * (1.0 - far)).max(0.0).sqrt()))
}

/// A plane that touches the sphere: great circles are straight lines on it.
struct Plane {
    middle: [f64; 3],
    right: [f64; 3],
    up: [f64; 3],
}

impl Plane {
    fn touching(middle: [f64; 3]) -> Self {
        let [x, y, z] = middle;
        let across = if z.abs() < 0.9 { [-y, x, 0.0] } else { [0.0, -z, y] };
        let length = dot(across, across).sqrt();
        let right = across.map(|part| part / length);
        let up = [
            middle[1] * right[2] - middle[2] * right[1],
            middle[2] * right[0] - middle[0] * right[2],
            middle[0] * right[1] - middle[1] * right[0],
        ];
        Self { middle, right, up }
    }

    /// Where the line from the middle of the Earth through a point meets the plane.
    fn shadow(&self, at: [f64; 3]) -> Option<(f64, f64)> {
        let along = dot(at, self.middle);
        (along > 0.05).then(|| (dot(at, self.right) / along, dot(at, self.up) / along))
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// How far a point is from the line between two others.
fn apart((x, y): (f64, f64), ((ax, ay), (bx, by)): ((f64, f64), (f64, f64))) -> f64 {
    let (wide, high) = (bx - ax, by - ay);
    let length = wide * wide + high * high;
    let part =
        if length > 0.0 { (((x - ax) * wide + (y - ay) * high) / length).clamp(0.0, 1.0) } else { 0.0 };
    (x - ax - part * wide).hypot(y - ay - part * high)
}

#[expect(clippy::cast_possible_truncation, reason = "metres")]
fn single(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(longitude: f64, latitude: f64) -> Place {
        Place { longitude, latitude }
    }

    fn cells(all: &[&[(f64, f64)]]) -> Polygons {
        Polygons::of(all.iter().map(|cell| cell.to_vec())).unwrap()
    }

    #[test]
    fn places_lie_in_polygons_with_great_circles_for_edges() {
        // A triangle over the date line, one that holds the north pole, a bent arrow, and two corners that make nothing.
        let found = cells(&[
            &[(170.0, 10.0), (-170.0, 10.0), (180.0, 25.0), (180.0, 25.0)],
            &[(0.0, 80.0), (120.0, 80.0), (240.0, 80.0)],
            &[(0.0, 0.0), (10.0, 10.0), (20.0, 0.0), (10.0, 20.0)],
            &[(50.0, 50.0), (51.0, 51.0), (f64::NAN, 3.0)],
        ]);
        let check = |place: Place, expected| assert_eq!(found.cell(place), expected, "{place:?}");
        check(at(180.0, 15.0), Some(0));
        check(at(-175.0, 11.0), Some(0));
        // The great circle between its corners goes farther north than they lie.
        check(at(180.0, 10.02), None);
        check(at(180.0, 10.3), Some(0));
        check(at(77.0, 90.0), Some(1));
        check(at(180.0, 84.9), None);
        check(at(180.0, 85.2), Some(1));
        check(at(10.0, 15.0), Some(2));
        check(at(10.0, 5.0), None);
        check(at(50.5, 50.5), None);
        assert_eq!(found.len(), 4);
        assert_eq!(found.middles().count(), 3);
    }

    #[test]
    fn boxes_have_parallels_for_edges() {
        // Rows of a reduced grid: the lower one has corners where the upper one has none.
        let found = cells(&[
            &[(-20.0, 60.0), (20.0, 60.0), (20.0, 90.0), (-20.0, 90.0)],
            &[(20.0, 60.0), (60.0, 60.0), (0.0, 90.0)],
            &[(-20.0, 40.0), (0.0, 40.0), (0.0, 60.0), (-20.0, 60.0)],
            &[(340.0, 20.0), (340.0, 40.0), (20.0, 40.0), (20.0, 20.0)],
        ]);
        let check = |place: Place, expected| assert_eq!(found.cell(place), expected, "{place:?}");
        check(at(0.0, 60.01), Some(0));
        check(at(-10.0, 59.99), Some(2));
        check(at(359.0, 39.99), Some(3));
        check(at(10.0, 59.99), None);
        check(at(59.9, 89.0), Some(1));
        check(at(300.0, 89.0), None);
    }

    /// A mesh of triangles over the whole sphere: every place lies in one of them, and only in one whose corners are around it.
    #[test]
    fn a_mesh_has_no_slits() {
        let corner = |row: u32, column: u32| {
            (f64::from(column) * 10.0 + f64::from(row % 2) * 5.0, f64::from(row) * 15.0 - 75.0)
        };
        let mut all = Vec::new();
        for row in 0..10 {
            for column in 0..36 {
                let (left, right) = (column + row % 2, column + 1 + row % 2);
                all.push(vec![corner(row, column), corner(row, column + 1), corner(row + 1, left)]);
                all.push(vec![corner(row, column + 1), corner(row + 1, left), corner(row + 1, right)]);
            }
        }
        let mesh = Polygons::of(all.clone()).unwrap();
        for n in 0..20_000 {
            let place =
                at(f64::from(n) * 137.507_764 % 360.0, (f64::from(n) * 0.618_034).fract() * 148.0 - 74.0);
            let cell = mesh.cell(place).unwrap_or_else(|| panic!("{place:?}"));
            assert!(
                all[cell].iter().any(|(_, north)| (north - place.latitude).abs() <= 16.0),
                "{place:?} {:?}",
                all[cell]
            );
        }
        for (number, cell) in all.iter().enumerate() {
            let points: Vec<[f64; 3]> =
                cell.iter().map(|(east, north)| point(*east, *north).unwrap()).collect();
            let middle = [0, 1, 2].map(|n| points.iter().map(|at| at[n]).sum::<f64>() / 3.0);
            assert_eq!(mesh.cell(place(middle)), Some(number));
        }
    }

    #[test]
    fn what_is_no_cell_makes_none() {
        assert!(Polygons::of([vec![(0.0, 0.0), (1.0, 1.0)]]).is_none());
        assert!(Polygons::of([vec![(0.0, 0.0), (120.0, 0.0), (240.0, 0.0)]]).is_none());
        assert!(Polygons::of([]).is_none());
    }
}
