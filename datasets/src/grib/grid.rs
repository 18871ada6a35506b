//! Grids: how many points a field has, in which shape, and where they lie.

pub mod axis;
pub mod edition1;
pub mod edition2;
pub mod gaussian;
pub mod projection;
pub mod rotation;

use std::ops::Range;

use self::projection::Projection;
use self::rotation::Rotation;
use super::scanning::Scanning;

/// Where on Earth something is, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// The latitude.
    pub latitude: f64,
    /// The longitude, east of Greenwich.
    pub longitude: f64,
}

/// The first and the last point of a grid along latitudes and longitudes.
#[derive(Clone, Copy, Debug)]
pub struct Corners {
    /// The first point.
    pub first: Place,
    /// The last point.
    pub last: Place,
    /// The smallest angle that the definition can tell: what its corners are rounded to.
    pub unit: f64,
}

/// Grids of both editions, whose units differ, are one if their points are the same.
impl PartialEq for Corners {
    fn eq(&self, other: &Self) -> bool {
        (self.first, self.last) == (other.first, other.last)
    }
}

/// Where the points of a grid lie.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// Rows of equal latitude at equal distances.
    LatLon(Corners, Option<Rotation>),
    /// Rows at the Gaussian latitudes: `parallels` of them between a pole and the equator.
    Gaussian {
        /// The number between a pole and the equator.
        parallels: u32,
        /// The corners.
        corners: Corners,
        /// The rotation of the grid's pole.
        rotation: Option<Rotation>,
    },
    /// Gaussian latitudes, with rows that have fewer points towards the poles.
    ReducedGaussian {
        /// The number of latitudes between a pole and the equator.
        parallels: u32,
        /// The points of each row.
        rows: Vec<u32>,
        /// The corners.
        corners: Corners,
    },
    /// Points at equal distances on a map.
    Projected {
        /// The map.
        projection: Projection,
        /// The first point.
        first: Place,
        /// Metres between two points, along x and y.
        distance: (f64, f64),
    },
    /// Not known here; values are given in the order in which they are stored.
    Unknown,
}

/// A grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Its type, as ecCodes names it.
    pub name: String,
    /// How many points it has.
    pub points: u64,
    /// Points along x and along y; `None` where points are a list.
    pub rows: Option<(u64, u64)>,
    /// In which order they are stored.
    pub scanning: Scanning,
    /// Where they lie.
    pub geometry: Geometry,
}

impl Grid {
    /// A grid whose points are a list.
    pub fn list(name: impl Into<String>, points: u64, geometry: Geometry) -> Self {
        Self { name: name.into(), points, rows: None, scanning: Scanning(0), geometry }
    }

    /// A grid of rows, or (where the counts contradict each other, or the order of the points is not known) a list.
    pub fn of_rows(
        name: &str,
        points: u64,
        rows: (u64, u64),
        scanning: Scanning,
        geometry: Geometry,
    ) -> Self {
        let counted = rows.0.checked_mul(rows.1);
        if counted != Some(points) || points == 0 || scanning.staggers() {
            return Self::list(name, points, Geometry::Unknown);
        }
        Self { name: name.to_owned(), points, rows: Some(rows), scanning, geometry }
    }

    /// The names of its dimensions and their lengths, slowest first.
    pub fn dimensions(&self) -> Vec<(&'static str, u64)> {
        match (self.rows, &self.geometry) {
            (None, _) => vec![("values", self.points)],
            (Some((nx, ny)), Geometry::LatLon(_, None) | Geometry::Gaussian { rotation: None, .. }) => {
                vec![("latitude", ny), ("longitude", nx)]
            }
            (Some((nx, ny)), _) => vec![("y", ny), ("x", nx)],
        }
    }
}

/// Along which latitudes and longitudes a grid is rectangular, or where each of its points lies: degrees, in the order of
/// its dimensions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coordinates {
    /// Of the rows or `y`: latitudes, rotated latitudes, or metres.
    pub y: Vec<f64>,
    /// Of the columns or `x`.
    pub x: Vec<f64>,
}

impl Grid {
    /// The coordinates of a grid of rows, along its two dimensions; `None` for lists and unknown geometries.
    pub fn along_dimensions(&self) -> Option<Coordinates> {
        let (nx, ny) = self.rows?;
        let (nx, ny) = (usize::try_from(nx).ok()?, usize::try_from(ny).ok()?);
        match &self.geometry {
            Geometry::LatLon(corners, _) => {
                let y = axis::spaced(corners.first.latitude, corners.last.latitude, ny);
                Some(Coordinates { y, x: axis::longitudes(corners, nx, self.scanning) })
            }
            Geometry::Gaussian { parallels, corners, .. } => {
                let y = gaussian::latitudes_between(*parallels, corners, ny);
                Some(Coordinates { y, x: axis::longitudes(corners, nx, self.scanning) })
            }
            Geometry::Projected { projection, first, distance } => {
                let (x, y) = projection.forward(*first);
                let dx = if self.scanning.falls_along_x() { -distance.0 } else { distance.0 };
                let dy = if self.scanning.rises_along_y() { distance.1 } else { -distance.1 };
                Some(Coordinates { y: axis::stepped(y, dy, ny), x: axis::stepped(x, dx, nx) })
            }
            Geometry::ReducedGaussian { .. } | Geometry::Unknown => None,
        }
    }

    /// Whether each point has a latitude and longitude that [`of_points`](Self::of_points) can tell.
    pub fn has_places(&self) -> bool {
        match &self.geometry {
            Geometry::LatLon(_, rotation) | Geometry::Gaussian { rotation, .. } => rotation.is_some(),
            Geometry::Projected { .. } => true,
            Geometry::ReducedGaussian { parallels, rows, corners } => {
                gaussian::row_longitudes(*parallels, rows, corners, self.points).is_some()
            }
            Geometry::Unknown => false,
        }
    }

    /// Latitude and longitude of some consecutive points, in the order of its dimensions: `y` holds latitudes, `x`
    /// longitudes.
    pub fn of_points(&self, range: Range<usize>) -> Option<Coordinates> {
        match &self.geometry {
            Geometry::ReducedGaussian { parallels, rows, corners } => {
                gaussian::reduced((*parallels, rows), corners, self.points, range)
            }
            Geometry::LatLon(_, Some(rotation)) | Geometry::Gaussian { rotation: Some(rotation), .. } => {
                self.each_point(range, |x, y| rotation.unrotate(Place { latitude: y, longitude: x }))
            }
            Geometry::Projected { projection, .. } => self.each_point(range, |x, y| projection.inverse(x, y)),
            _ => None,
        }
    }

    fn each_point(&self, range: Range<usize>, place: impl Fn(f64, f64) -> Place) -> Option<Coordinates> {
        let along = self.along_dimensions()?;
        let mut all = Coordinates::default();
        for point in range {
            let (row, column) = (point.checked_div(along.x.len())?, point.checked_rem(along.x.len())?);
            let place = place(*along.x.get(column)?, *along.y.get(row)?);
            all.y.push(place.latitude);
            all.x.push(place.longitude.rem_euclid(360.0));
        }
        Some(all)
    }
}
