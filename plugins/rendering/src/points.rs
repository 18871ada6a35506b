//! Places that have longitude and latitude each: the nearest of them, by a tree of points on the unit sphere.

use rayon::prelude::*;
use rstar::RTree;
use rstar::primitives::GeomWithData;

use crate::grid::{Shares, around};
use crate::{Bounds, Place, Polygons};

/// A place as a point on the unit sphere, with its place in the data.
type Leaf = GeomWithData<[f64; 3], u32>;

/// Places with longitude and latitude each.
pub struct Points {
    tree: RTree<Leaf>,
    /// How far each place reaches, squared, in radii of the Earth.
    reach: Vec<f32>,
    /// The shapes of their cells, where they are told.
    shapes: Option<Box<Polygons>>,
}

impl Points {
    /// Bytes that each place takes, for those who ask before they make them.
    pub const BYTES_EACH: u64 = 64;

    /// Places without order: each reaches as far as its sixth-nearest neighbour lies, which for cells of any shape is
    /// beyond their corners, and at least to the middle between it and the nearest.
    ///
    /// Missing coordinates make no place.
    #[must_use]
    pub fn scattered(longitudes: &[f64], latitudes: &[f64]) -> Self {
        let tree = tree(longitudes, latitudes);
        let mut reach = vec![0.0; longitudes.len().min(latitudes.len())];
        let leaves: Vec<&Leaf> = tree.iter().collect();
        let sixth = |leaf: &&Leaf| {
            let near = tree.nearest_neighbor_iter_with_distance_2(leaf.geom());
            // The first is the place itself. Six cells are around one in most meshes; nine tenths of the way cover its corners.
            (leaf.data, near.map(|(_, distance)| distance).take(7).last().unwrap_or_default() * 0.8)
        };
        let found: Vec<(u32, f64)> = leaves.par_iter().map(sixth).collect();
        found.into_iter().for_each(|(place, squared)| set(&mut reach, place, squared));
        Self { tree, reach, shapes: None }
    }

    /// The places of a grid of `row` columns: each reaches three quarters of the way to its farthest neighbour in the grid.
    #[must_use]
    pub fn curvilinear(longitudes: &[f64], latitudes: &[f64], row: usize) -> Self {
        let tree = tree(longitudes, latitudes);
        let count = longitudes.len().min(latitudes.len());
        let mut reach = vec![0.0; count];
        let at = |index: usize| point(*longitudes.get(index)?, *latitudes.get(index)?);
        for index in 0..count {
            let Some(here) = at(index) else { continue };
            let column = index.checked_rem(row).unwrap_or_default();
            let east = (column.saturating_add(1) < row).then(|| index.saturating_add(1));
            let west = index.checked_sub(1).filter(|_| column > 0);
            let steps = [east, west, index.checked_add(row), index.checked_sub(row)];
            let apart = steps.into_iter().flatten().filter_map(at).map(|there| squared(here, there));
            let mut apart: Vec<f64> = apart.filter(|apart| *apart > 0.0).collect();
            apart.sort_by(f64::total_cmp);
            // The farthest may lie across a fold of the grid; then it is much farther than the next.
            let far = match apart[..] {
                [.., near, far] if far > 16.0 * near => near,
                [.., far] => far,
                [] => 0.0,
            };
            if let Ok(place) = u32::try_from(index) {
                set(&mut reach, place, far * 0.5625);
            }
        }
        Self { tree, reach, shapes: None }
    }

    /// The same with the shapes of the cells, which say what lies in them; their numbers are those of the places.
    #[must_use]
    pub fn shaped(self, shapes: Polygons) -> Self {
        Self { shapes: Some(Box::new(shapes)), ..self }
    }

    /// The place whose cell lies here; where no shapes are told, the nearest that reaches here.
    #[must_use]
    pub fn nearest(&self, place: Place) -> Option<usize> {
        if let Some(shapes) = &self.shapes {
            return shapes.cell(place);
        }
        let here = point(place.longitude, place.latitude)?;
        let leaf = self.tree.nearest_neighbor(&here)?;
        let index = usize::try_from(leaf.data).ok()?;
        (squared(*leaf.geom(), here) <= f64::from(*self.reach.get(index)?)).then_some(index)
    }

    pub(crate) fn shares(&self, place: Place) -> Shares {
        let mut shares = Shares::default();
        let Some(here) = point(place.longitude, place.latitude) else { return shares };
        if self.nearest(place).is_none() {
            return shares;
        }
        for (leaf, distance) in self.tree.nearest_neighbor_iter_with_distance_2(&here).take(4) {
            if let Ok(index) = usize::try_from(leaf.data) {
                shares.add(index, 1.0 / (distance + 1e-12));
            }
        }
        shares
    }

    /// The part of the Earth that the places cover, with half the way to a neighbour around them.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        if let Some(shapes) = &self.shapes {
            return shapes.bounds();
        }
        let margin = self.reach.iter().fold(0.0_f32, |most, reach| most.max(*reach));
        let margin = f64::from(margin).sqrt().to_degrees().min(5.0) * 0.5;
        around(self.tree.iter().map(|leaf| place(*leaf.geom())), margin)
    }

    /// All places, with their places in the data.
    pub fn places(&self) -> impl Iterator<Item = (Place, usize)> {
        self.tree.iter().filter_map(|leaf| Some((place(*leaf.geom()), usize::try_from(leaf.data).ok()?)))
    }

    /// Whether there is no place.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.size() == 0
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a distance needs no more digits")]
fn set(reach: &mut [f32], place: u32, squared: f64) {
    if let Some(room) = usize::try_from(place).ok().and_then(|place| reach.get_mut(place)) {
        *room = squared as f32;
    }
}

fn tree(longitudes: &[f64], latitudes: &[f64]) -> RTree<Leaf> {
    let pairs = longitudes.iter().zip(latitudes).zip(0_u32..);
    let leaves =
        pairs.filter_map(|((longitude, latitude), n)| Some(Leaf::new(point(*longitude, *latitude)?, n)));
    RTree::bulk_load(leaves.collect())
}

pub(crate) fn point(longitude: f64, latitude: f64) -> Option<[f64; 3]> {
    if !longitude.is_finite() || latitude.is_nan() || latitude.abs() > 90.001 {
        return None;
    }
    let (sin_x, cos_x) = longitude.to_radians().sin_cos();
    let (sin_y, cos_y) = latitude.to_radians().sin_cos();
    Some([cos_y * cos_x, cos_y * sin_x, sin_y])
}

pub(crate) fn place([x, y, z]: [f64; 3]) -> Place {
    Place { longitude: y.atan2(x).to_degrees(), latitude: z.clamp(-1.0, 1.0).asin().to_degrees() }
}

fn squared(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(longitude: f64, latitude: f64) -> Place {
        Place { longitude, latitude }
    }

    /// A sphere of points that no grid has, by the golden angle.
    fn sphere(count: u32) -> (Vec<f64>, Vec<f64>) {
        let along = |n: u32| f64::from(n) * 137.507_764_05 % 360.0;
        let up = |n: u32| (1.0 - (2.0 * f64::from(n) + 1.0) / f64::from(count)).asin().to_degrees();
        ((0..count).map(along).collect(), (0..count).map(up).collect())
    }

    #[test]
    fn the_nearest_place_is_found_and_the_sphere_is_covered() {
        let (longitudes, latitudes) = sphere(3000);
        let points = Points::scattered(&longitudes, &latitudes);
        for (index, (longitude, latitude)) in longitudes.iter().zip(&latitudes).enumerate() {
            assert_eq!(points.nearest(at(longitude - 360.0, *latitude)), Some(index));
        }
        for step in 0..2000 {
            let place = at(f64::from(step) * 1.37, (f64::from(step) * 0.618).fract() * 180.0 - 90.0);
            assert!(points.nearest(place).is_some(), "{place:?}");
        }
        assert_eq!(points.bounds(), Some(Bounds::WORLD));
    }

    #[test]
    fn nothing_is_where_no_cell_is() {
        // A grid of five by four, 1 degree apart, around the antimeridian.
        let longitudes: Vec<f64> = (0..20).map(|n| 178.0 + f64::from(n % 5)).collect();
        let latitudes: Vec<f64> = (0..20).map(|n| 10.0 + f64::from(n / 5)).collect();
        for points in
            [Points::curvilinear(&longitudes, &latitudes, 5), Points::scattered(&longitudes, &latitudes)]
        {
            assert_eq!(points.nearest(at(-178.1, 12.2)), Some(14));
            assert_eq!(points.nearest(at(180.0, 11.4)), Some(7));
            assert_eq!(points.nearest(at(-175.0, 12.0)), None);
            assert_eq!(points.nearest(at(180.0, 16.0)), None);
            let bounds = points.bounds().unwrap();
            assert!((bounds.west - 178.0).abs() < 1.0 && (bounds.east - 182.0).abs() < 1.0, "{bounds:?}");
        }
    }

    #[test]
    fn missing_coordinates_make_no_place() {
        let points = Points::curvilinear(&[f64::NAN, 1.0, 2.0, 3.0], &[0.0, 0.0, 1e20, 0.0], 2);
        assert_eq!(points.places().count(), 2);
        assert_eq!(points.nearest(at(1.0, 0.0)), Some(1));
        assert!(Points::scattered(&[], &[]).is_empty());
        assert_eq!(Points::scattered(&[], &[]).bounds(), None);
    }
}
