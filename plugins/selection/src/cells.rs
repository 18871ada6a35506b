//! Boxes on the Earth, on every kind of grid.

use weir_cf::Coordinates;
use weir_cf::axes::Kind;
use weir_cf::extent::to_degrees;
use weir_cf::grid_mapping::Pixels;
use weir_cf::horizontal::{Horizontal, horizontal};
use weir_cf::time::Number;
use weir_model::{ChunkGrid, Hyperslab, Pieces};
use weir_plugin_api::Error;

use crate::numbers::numbers_of;
use crate::{Axes, Bound, Indices, Measure, Wanted, longitudes, named};

/// Longitudes and latitudes of cells are read in blocks of about this many.
const BLOCK: u64 = 1 << 18;

/// Grids of more cells are not searched.
const MOST_CELLS: u64 = 1 << 28;

/// A part of the Earth, in degrees; from west to east, over the antimeridian where west is the greater.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundingBox {
    /// -540 to 540.
    pub west: f64,
    /// -90 to 90.
    pub south: f64,
    /// -540 to 540.
    pub east: f64,
    /// -90 to 90.
    pub north: f64,
}

impl BoundingBox {
    /// A box, checked.
    ///
    /// # Errors
    /// `BadRequest` for what lies beyond the poles, more than one and a half turns from the prime meridian, or upside down.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self, Error> {
        let longitude = |value: f64| (-540.0..=540.0).contains(&value);
        let latitude = |value: f64| (-90.0..=90.0).contains(&value);
        if !(longitude(west) && longitude(east) && latitude(south) && latitude(north)) {
            return Err(Error::bad_request(format!(
                "the box {west},{south},{east},{north} is not on the Earth; it is west,south,east,north in degrees, \
                 latitudes from -90 to 90 and longitudes from -540 to 540"
            )));
        }
        if south > north {
            return Err(Error::bad_request(format!(
                "the box has its south {south} north of its north {north}"
            )));
        }
        Ok(Self { west, south, east, north })
    }

    /// Reads `west,south,east,north`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn parse(text: &str) -> Result<Self, Error> {
        let numbers: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
        match numbers.as_deref() {
            Some([west, south, east, north]) => Self::new(*west, *south, *east, *north),
            _ => {
                let shown: String = text.chars().take(80).collect();
                Err(Error::bad_request(format!("the box {shown:?} is not west,south,east,north in degrees")))
            }
        }
    }

    /// Whether a place lies inside, its edges included.
    #[must_use]
    pub fn holds(&self, longitude: f64, latitude: f64) -> bool {
        let wide = longitudes::unrolled(self.west, self.east)
            .is_none_or(|window| longitudes::turns_into(window, longitude).is_some());
        longitude.is_finite() && wide && (self.south..=self.north).contains(&latitude)
    }
}

/// Where the longitudes and latitudes of a variable are.
#[derive(Clone, Debug, PartialEq)]
pub enum Ground {
    /// Along a dimension each.
    Along {
        /// The dimension of latitude.
        latitude: usize,
        /// The dimension of longitude.
        longitude: usize,
    },
    /// Of each cell.
    Cells(Cells),
}

/// Cells of which each has a longitude and a latitude.
#[derive(Clone, Debug, PartialEq)]
pub struct Cells {
    /// The dimensions of the variable that the cells lie along, in the order in which the coordinates have them.
    pub axes: Vec<usize>,
    centres: Centres,
}

/// What says where the centres of cells are.
#[derive(Clone, Debug, PartialEq)]
enum Centres {
    /// Variables with the longitudes and the latitudes, by their paths.
    Told(String, String),
    /// The numbers of cells of HEALPix: those of a variable, or the indices themselves.
    Numbered(Pixels, Option<String>),
}

impl Axes<'_> {
    /// The indices of the horizontal dimensions that a box holds: along each of two dimensions, or the smallest rectangle of
    /// indices around the cells whose centres lie inside where a grid is curvilinear, or the cells themselves where they are a
    /// list.
    ///
    /// # Errors
    /// `BadRequest` where the box holds nothing, or nothing says where the cells are.
    pub fn in_box(&self, of: &BoundingBox) -> Result<Vec<(usize, Indices)>, Error> {
        match self.ground()? {
            Ground::Along { latitude, longitude } => {
                let between = |low, high| Wanted::Between(Bound::Number(low), Bound::Number(high));
                let rows = self.choose(latitude, &between(of.south, of.north))?;
                let columns = self.choose(longitude, &between(of.west, of.east))?;
                Ok(vec![(latitude, rows), (longitude, columns)])
            }
            Ground::Cells(cells) => self.cells_in_box(&cells, of),
        }
    }

    /// The dimensions along which places on the Earth differ; none where nothing says at which longitudes and latitudes the
    /// variable lies.
    #[must_use]
    pub fn horizontal(&self) -> Vec<usize> {
        match self.ground() {
            Ok(Ground::Along { latitude, longitude }) => vec![latitude, longitude],
            Ok(Ground::Cells(cells)) => cells.axes,
            Err(_) => Vec::new(),
        }
    }

    /// Where the longitudes and latitudes are.
    ///
    /// # Errors
    /// `BadRequest` where nothing says so.
    pub fn ground(&self) -> Result<Ground, Error> {
        let lost = || {
            Error::bad_request(format!(
                "nothing says at which longitudes and latitudes {} lies; {}",
                self.path(),
                named::coordinates(self)
            ))
        };
        let told =
            horizontal(&self.schema, self.path()).map_err(|error| Error::unsupported(error.to_string()))?;
        match told {
            Some(Horizontal::Rectilinear { y, x, measured: Kind::Longitude })
                if self.axis(y)?.measure() == Measure::Latitude =>
            {
                Ok(Ground::Along { latitude: y, longitude: x })
            }
            Some(
                Horizontal::Curvilinear { longitude, latitude, .. }
                | Horizontal::Points { longitude, latitude, .. },
            ) => self.cells(longitude, latitude).ok_or_else(lost),
            Some(Horizontal::Unstructured(mesh)) => {
                let (longitude, latitude) = mesh.longitude.zip(mesh.latitude).ok_or_else(lost)?;
                self.cells(longitude, latitude).ok_or_else(lost)
            }
            Some(Horizontal::Healpix { pixels, dimension, numbers }) => Ok(Ground::Cells(Cells {
                axes: vec![dimension],
                centres: Centres::Numbered(pixels, numbers),
            })),
            // Rotated and projected grids: where their cells lie may be said beside.
            _ => self.beside().ok_or_else(lost),
        }
    }

    fn beside(&self) -> Option<Ground> {
        let coordinates = Coordinates::of(&self.schema, self.path())?;
        let path = |kind| {
            coordinates
                .auxiliary
                .iter()
                .find(|found| found.kind == Some(kind))
                .map(|found| found.path.clone())
        };
        self.cells(path(Kind::Longitude)?, path(Kind::Latitude)?)
    }

    fn cells(&self, longitude: String, latitude: String) -> Option<Ground> {
        let (of, other) = (self.schema.variable(&longitude)?, self.schema.variable(&latitude)?);
        let place = |dimension: &String| self.along().iter().position(|along| along.dimension == *dimension);
        let axes: Vec<usize> = of.dimensions.iter().map(place).collect::<Option<_>>()?;
        (of.dimensions == other.dimensions && !axes.is_empty())
            .then_some(Ground::Cells(Cells { axes, centres: Centres::Told(longitude, latitude) }))
    }

    fn cells_in_box(&self, cells: &Cells, of: &BoundingBox) -> Result<Vec<(usize, Indices)>, Error> {
        let mut inside = Inside::of(cells, self);
        self.each_cell(cells, |indices, longitude, latitude| {
            if of.holds(longitude, latitude) {
                inside.add(indices);
            }
        })?;
        inside.indices(cells).ok_or_else(|| {
            let BoundingBox { west, south, east, north } = of;
            Error::bad_request(format!(
                "no cell of {} lies in the box {west},{south},{east},{north}",
                self.path()
            ))
        })
    }

    /// Calls `see` with the indices (along the cells' dimensions), longitude and latitude of every cell, in degrees, row by row
    /// of chunks; both are NaN where nobody knows.
    ///
    /// # Errors
    /// `TooLarge` for very many cells, and whatever keeps coordinates from being read.
    pub fn each_cell(&self, cells: &Cells, mut see: impl FnMut(&[u64], f64, f64)) -> Result<(), Error> {
        let (longitude, latitude) = match &cells.centres {
            Centres::Told(longitude, latitude) => (longitude, latitude),
            Centres::Numbered(pixels, numbers) => {
                return self.each_pixel(cells, (*pixels, numbers.as_deref()), see);
            }
        };
        let (x, y) = (self.variable(longitude)?, self.variable(latitude)?);
        let degrees = |of: &weir_model::Variable| {
            let units = of.attribute("units").and_then(|units| units.value.as_text());
            to_degrees(units.as_deref())
        };
        let (x_degrees, y_degrees) = (degrees(x), degrees(y));
        let slab = Hyperslab::whole(&x.shape).map_err(|error| Error::internal(error.to_string()))?;
        if slab.elements() > MOST_CELLS {
            return Err(Error::too_large(format!(
                "{} has {} cells, and grids of more than {MOST_CELLS} are not searched; select by index",
                self.path(),
                slab.elements()
            )));
        }
        let grid = ChunkGrid::new(x.shape.clone(), x.storage.chunk_shape.clone());
        let grid = grid.map_err(|error| Error::internal(error.to_string()))?;
        for piece in Pieces::new(slab, &grid, BLOCK, BLOCK.saturating_mul(4)) {
            let longitudes = numbers_of(self.dataset, (longitude, x), &piece)?;
            let latitudes = numbers_of(self.dataset, (latitude, y), &piece)?;
            let mut place = Places::of(&piece);
            for (longitude, latitude) in longitudes.iter().zip(&latitudes) {
                see(place.indices(), longitude * x_degrees, latitude * y_degrees);
                place.next();
            }
        }
        Ok(())
    }

    /// The same for cells of HEALPix.
    fn each_pixel(
        &self,
        cells: &Cells,
        (pixels, numbers): (Pixels, Option<&str>),
        mut see: impl FnMut(&[u64], f64, f64),
    ) -> Result<(), Error> {
        let length =
            cells.axes.first().and_then(|axis| self.along().get(*axis)).map_or(0, |along| along.length);
        if length > MOST_CELLS {
            return Err(Error::too_large(format!(
                "{} has {length} cells, and grids of more than {MOST_CELLS} are not searched; select by index",
                self.path()
            )));
        }
        let read = |path| crate::numbers::times(self.dataset, path, self.variable(path)?);
        let numbers = numbers.map(read).transpose()?;
        let number = |index: u64| match &numbers {
            None => Some(index),
            Some(numbers) => match numbers.get(usize::try_from(index).ok()?)? {
                Some(Number::Integer(number)) => u64::try_from(*number).ok(),
                _ => None,
            },
        };
        for index in 0..length {
            let (longitude, latitude) =
                number(index).and_then(|number| pixels.centre(number)).unwrap_or((f64::NAN, f64::NAN));
            see(&[index], longitude, latitude);
        }
        Ok(())
    }
}

/// The indices of a hyperslab's elements, row-major.
struct Places<'a> {
    slab: &'a Hyperslab,
    at: Vec<u64>,
    indices: Vec<u64>,
}

impl<'a> Places<'a> {
    fn of(slab: &'a Hyperslab) -> Self {
        let indices = slab.strides().iter().map(|stride| stride.start).collect();
        Self { slab, at: vec![0; slab.strides().len()], indices }
    }

    fn indices(&self) -> &[u64] {
        &self.indices
    }

    fn next(&mut self) {
        let axes = self.at.iter_mut().zip(&mut self.indices).zip(self.slab.strides());
        for ((at, index), stride) in axes.rev() {
            *at = at.saturating_add(1);
            if *at < stride.count {
                *index = stride.at(*at);
                return;
            }
            (*at, *index) = (0, stride.start);
        }
    }
}

/// What lies inside a box.
enum Inside {
    /// Cells of a list, which come in order.
    List(Vec<u64>),
    /// The least and the greatest index along each dimension.
    Rectangle(Option<Vec<(u64, u64)>>),
}

impl Inside {
    fn of(cells: &Cells, _: &Axes<'_>) -> Self {
        if cells.axes.len() == 1 { Self::List(Vec::new()) } else { Self::Rectangle(None) }
    }

    fn add(&mut self, indices: &[u64]) {
        match (self, indices) {
            (Self::List(list), [index]) => list.push(*index),
            (Self::Rectangle(Some(sides)), indices) => {
                for ((low, high), index) in sides.iter_mut().zip(indices) {
                    (*low, *high) = ((*low).min(*index), (*high).max(*index));
                }
            }
            (Self::Rectangle(none), indices) => {
                *none = Some(indices.iter().map(|index| (*index, *index)).collect());
            }
            (Self::List(_), _) => {}
        }
    }

    fn indices(self, cells: &Cells) -> Option<Vec<(usize, Indices)>> {
        match self {
            Self::List(list) if list.is_empty() => None,
            Self::List(list) => Some(vec![(*cells.axes.first()?, Indices::rising(list))]),
            Self::Rectangle(sides) => {
                let run = |(low, high): &(u64, u64)| {
                    let count = high.saturating_sub(*low).saturating_add(1);
                    Indices::stride(weir_model::Stride { start: *low, step: 1, count })
                };
                Some(cells.axes.iter().copied().zip(sides?.iter().map(run)).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_read_and_checked() {
        let check = |text: &str, expected: Result<[f64; 4], &str>| {
            let got = BoundingBox::parse(text).map(|of| [of.west, of.south, of.east, of.north]);
            match (got, expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected),
                (Err(error), Err(part)) => assert!(error.message.contains(part), "{}", error.message),
                (got, expected) => panic!("{text}: {got:?} is not {expected:?}"),
            }
        };
        check("170,-10, -170,10.5", Ok([170.0, -10.0, -170.0, 10.5]));
        check("1,2,3", Err("is not west,south,east,north"));
        check("1,2,3,north", Err("is not west,south,east,north"));
        check("0,-91,1,1", Err("is not on the Earth"));
        check("nan,0,1,1", Err("is not on the Earth"));
        check("0,2,1,1", Err("south 2 north of its north 1"));
    }

    #[test]
    fn boxes_hold_places_whatever_turn_they_are_given_in() {
        let of = BoundingBox::new(170.0, -10.0, -170.0, 10.0).unwrap();
        for (longitude, latitude, expected) in [
            (175.0, 0.0, true),
            (-175.0, 10.0, true),
            (185.0, 0.0, true),
            (0.0, 0.0, false),
            (180.0, 11.0, false),
            (f64::NAN, 0.0, false),
        ] {
            assert_eq!(of.holds(longitude, latitude), expected, "{longitude} {latitude}");
        }
        let around = BoundingBox::new(-180.0, -90.0, 180.0, 90.0).unwrap();
        assert!(around.holds(359.0, -90.0) && !around.holds(f64::NAN, 0.0) && !around.holds(0.0, f64::NAN));
    }
}
