//! Grids: in which cell of its data a place on the Earth lies.

use std::collections::HashMap;

use weir_cf::grid_mapping::Pixels;

use crate::{Place, Points, Rectilinear, signed};

/// The part of the Earth that data covers, in degrees. East is not less than west, and may exceed 180.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The western edge.
    pub west: f64,
    /// The eastern edge.
    pub east: f64,
    /// The southern edge.
    pub south: f64,
    /// The northern edge.
    pub north: f64,
}

impl Bounds {
    /// The whole Earth.
    pub const WORLD: Self = Self { west: -180.0, east: 180.0, south: -90.0, north: 90.0 };

    /// The meridian in the middle; that of Greenwich where the bounds go all around the Earth, whatever they begin with.
    #[must_use]
    pub fn middle(&self) -> f64 {
        if self.is_round() { 0.0 } else { signed(f64::midpoint(self.west, self.east)) }
    }

    /// Whether they go all around the Earth.
    #[must_use]
    pub fn is_round(&self) -> bool {
        self.east - self.west >= 360.0 - 1e-6
    }

    /// The same, beginning at -180 where they go all around the Earth, and with their middle between -180 and 180.
    #[must_use]
    pub fn normalised(self) -> Self {
        if self.is_round() {
            return Self { west: -180.0, east: 180.0, ..self };
        }
        let half = (self.east - self.west) / 2.0;
        let middle = self.middle();
        Self { west: middle - half, east: middle + half, ..self }
    }
}

/// A horizontal grid.
pub enum Grid {
    /// Coordinates along two dimensions.
    Rectilinear(Box<Rectilinear>),
    /// Places with longitude and latitude each: curvilinear grids, cells of meshes, stations.
    Points(Box<Points>),
    /// HEALPix.
    Healpix(HealpixCells),
}

/// HEALPix cells of which values are there.
pub struct HealpixCells {
    pixels: Pixels,
    /// Where values of cells are, where they are not all there in their order.
    places: Option<HashMap<u64, u32>>,
}

impl HealpixCells {
    /// All cells of the sphere, in their order.
    #[must_use]
    pub fn all(pixels: Pixels) -> Self {
        Self { pixels, places: None }
    }

    /// Those of some numbers, in that order.
    #[must_use]
    pub fn numbered(pixels: Pixels, numbers: impl IntoIterator<Item = u64>) -> Self {
        Self { pixels, places: Some(numbers.into_iter().zip(0..).collect()) }
    }

    /// Where the value of the cell at a place is.
    #[must_use]
    pub fn cell(&self, place: Place) -> Option<usize> {
        let number = self.pixels.cell(signed(place.longitude), place.latitude)?;
        match &self.places {
            None => usize::try_from(number).ok(),
            Some(places) => places.get(&number).and_then(|place| usize::try_from(*place).ok()),
        }
    }

    /// The middle of each cell, with where its value is.
    #[must_use]
    pub fn places(&self) -> Box<dyn Iterator<Item = (Place, usize)> + '_> {
        let of = |(number, at): (u64, usize)| {
            let (longitude, latitude) = self.pixels.centre(number)?;
            Some((Place { longitude, latitude }, at))
        };
        match &self.places {
            None => Box::new((0..self.pixels.cells()).zip(0..).filter_map(of)),
            Some(places) => {
                let at = |at: &u32| usize::try_from(*at).unwrap_or(usize::MAX);
                Box::new(places.iter().map(move |(number, place)| (*number, at(place))).filter_map(of))
            }
        }
    }

    /// The cells around a place, with the parts that they have in it: those under the four corners of a cell's shape, near ones more.
    pub(crate) fn shares(&self, place: Place) -> Shares {
        let side = 58.6 / self.pixels.nside.max(1) as f64;
        let wide = side / place.latitude.to_radians().cos().max(0.05);
        let mut shares = Shares::default();
        for (east, north) in [(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)] {
            let near = Place {
                longitude: place.longitude + east * wide,
                latitude: (place.latitude + north * side).clamp(-90.0, 90.0),
            };
            let number = self.pixels.cell(signed(near.longitude), near.latitude);
            let centre = number.and_then(|number| self.pixels.centre(number));
            if let (Some((longitude, latitude)), Some(cell)) = (centre, self.cell(near)) {
                let apart = signed(longitude - place.longitude) / wide;
                let along = (latitude - place.latitude) / side;
                shares.add(cell, (1.3 - apart.hypot(along)).max(0.01));
            }
        }
        shares
    }
}

/// Up to four cells with their parts in a value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shares {
    cells: [(u32, f32); 4],
    count: u8,
}

impl Shares {
    /// Adds a cell; a fifth is left out.
    #[expect(clippy::cast_possible_truncation, reason = "a part needs no more digits")]
    pub(crate) fn add(&mut self, cell: usize, part: f64) {
        if let (Some(room), Ok(cell)) = (self.cells.get_mut(usize::from(self.count)), u32::try_from(cell)) {
            *room = (cell, part as f32);
            self.count = self.count.saturating_add(1);
        }
    }

    /// The mean of the values that are there, by their parts; NaN where no value is there, or the cells with one have less than half of
    /// it all.
    #[must_use]
    pub fn mean(&self, values: &[f32]) -> f32 {
        let (mut first, mut sum, mut parts, mut all) = (None, 0.0, 0.0, 0.0);
        for (cell, part) in self.cells.iter().take(usize::from(self.count)) {
            let value = usize::try_from(*cell).ok().and_then(|cell| values.get(cell)).copied();
            let value = value.unwrap_or(f32::NAN);
            all += part;
            if !value.is_nan() {
                // As what is added to the first, so that the mean of equal values is their value and no other beside it.
                sum += (value - *first.get_or_insert(value)) * part;
                parts += part;
            }
        }
        let first = first.unwrap_or(f32::NAN);
        if parts > 0.0 && parts * 2.0 >= all { first + sum / parts } else { f32::NAN }
    }
}

impl Grid {
    /// Where in the data the value for a place is; `None` where there is none.
    #[must_use]
    pub fn cell(&self, place: Place) -> Option<usize> {
        match self {
            Self::Rectilinear(grid) => grid.cell(place),
            Self::Points(points) => points.nearest(place),
            Self::Healpix(cells) => cells.cell(place),
        }
    }

    /// The middle of each cell, with where its value is.
    #[must_use]
    pub fn places(&self) -> Box<dyn Iterator<Item = (Place, usize)> + '_> {
        match self {
            Self::Rectilinear(grid) => Box::new(grid.places()),
            Self::Points(points) => Box::new(points.places()),
            Self::Healpix(cells) => cells.places(),
        }
    }

    /// The cells around a place with their parts in its value.
    pub(crate) fn shares(&self, place: Place) -> Shares {
        match self {
            Self::Rectilinear(grid) => grid.shares(place),
            Self::Points(points) => points.shares(place),
            Self::Healpix(cells) => cells.shares(place),
        }
    }

    /// The part of the Earth that the cells cover; `None` where they cover none.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        let bounds = match self {
            Self::Rectilinear(grid) => grid.bounds(),
            Self::Points(points) => points.bounds(),
            Self::Healpix(HealpixCells { pixels, places }) => match places {
                None => Some(Bounds::WORLD),
                Some(places) => {
                    let centres = places.keys().filter_map(|number| pixels.centre(*number));
                    let half = 30.0 / pixels.nside.max(1) as f64;
                    around(centres.map(|(longitude, latitude)| Place { longitude, latitude }), half)
                }
            },
        };
        bounds.map(Bounds::normalised)
    }
}

/// The bounds of places, and a margin of some degrees around them.
pub(crate) fn around(places: impl Iterator<Item = Place>, margin: f64) -> Option<Bounds> {
    use weir_cf::extent::{BoundingBox, Latitudes, Longitudes};
    let (mut longitudes, mut latitudes) = (Longitudes::default(), Latitudes::default());
    for place in places {
        longitudes.add(place.longitude);
        latitudes.add(place.latitude);
    }
    let found = BoundingBox::of(&longitudes, &latitudes)?;
    let east = if found.east < found.west { found.east + 360.0 } else { found.east };
    let (west, east) = (found.west - margin, east + margin);
    let (south, north) = ((found.south - margin).max(-90.0), (found.north + margin).min(90.0));
    if east - west >= 360.0 {
        return Some(Bounds { south, north, ..Bounds::WORLD });
    }
    Some(Bounds { west, east, south, north })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_those_of_what_is_there() {
        let shares = |parts: &[f64]| {
            let mut shares = Shares::default();
            parts.iter().enumerate().for_each(|(cell, part)| shares.add(cell, *part));
            shares
        };
        assert_eq!(shares(&[0.25, 0.75]).mean(&[8.0, 4.0]), 5.0);
        assert_eq!(shares(&[0.6, 0.4]).mean(&[8.0, f32::NAN]), 8.0);
        assert!(shares(&[0.4, 0.6]).mean(&[8.0, f32::NAN]).is_nan());
        assert!(shares(&[]).mean(&[8.0]).is_nan());
        for n in 1..100_u8 {
            let part = f64::from(n) / 100.0;
            assert_eq!(shares(&[part, 1.0 - part, part / 3.0, 0.1]).mean(&[273.15; 4]), 273.15);
        }
    }
}
