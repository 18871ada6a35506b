//! `grid=` and `regrid=`: a regular grid, and how values come onto it.
//!
//! ```text
//! grid   = along "," along                          longitudes, then latitudes
//! along  = edge ":" edge ":" size                   degrees, as in -180:180:1,-90:90:1: from edge to edge, in cells of a size
//! regrid = "nearest" / "bilinear" / "conservative"
//! ```

use nom::character::complete::char;
use nom::combinator::all_consuming;
use nom::number::complete::double;
use nom::sequence::separated_pair;
use nom::{IResult, Parser};
use weir_plugin_api::Error;

use super::MOST_TARGETS;
use crate::grammar::shown;

/// A regular grid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// From west to east.
    pub longitudes: Run,
    /// From south to north, or from north to south.
    pub latitudes: Run,
}

/// Cells of one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    first: f64,
    last: f64,
    count: u32,
}

/// How values come onto a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// That of the nearest cell.
    Nearest,
    /// Between the four nearest centres.
    Bilinear,
    /// The mean of all cells that lie in it, by the areas in common.
    Conservative,
}

const METHODS: [(&str, Method); 3] =
    [("nearest", Method::Nearest), ("bilinear", Method::Bilinear), ("conservative", Method::Conservative)];

impl Method {
    /// The names of all.
    pub fn names() -> impl Iterator<Item = &'static str> {
        METHODS.iter().map(|(name, _)| *name)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        METHODS.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }

    /// Reads `regrid`.
    ///
    /// # Errors
    /// `BadRequest` with the names that there are.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let found = METHODS.iter().find(|(name, _)| *name == text).map(|(_, method)| *method);
        found.ok_or_else(|| {
            let names = Self::names().collect::<Vec<_>>().join(", ");
            Error::bad_request(format!("regrid {:?} is not known; there are {names}", shown(text)))
        })
    }
}

impl Grid {
    /// Reads `grid`.
    ///
    /// # Errors
    /// `BadRequest` with what can stand there; `TooLarge` for too many cells.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let along = || (double, char(':'), double, char(':'), double);
        let parsed: IResult<&str, _> = all_consuming(separated_pair(along(), char(','), along())).parse(text);
        let refused = |why: &str| {
            Error::bad_request(format!(
                "grid {:?} {why}; write the outer edges and the size of cells of longitudes and latitudes, as in -180:180:1,-90:90:1",
                shown(text)
            ))
        };
        let (_, (x, y)) = parsed.map_err(|_refused| refused("is none"))?;
        let (x, y) = ((x.0, x.2, x.4), (y.0, y.2, y.4));
        let is_longitude = |value: f64| (-540.0..=540.0).contains(&value);
        let is_latitude = |value: f64| (-90.0..=90.0).contains(&value);
        if !(is_longitude(x.0) && is_longitude(x.1) && is_latitude(y.0) && is_latitude(y.1)) {
            return Err(refused("is not on the Earth"));
        }
        if x.1 <= x.0 || x.1 - x.0 > 360.0 + 1e-9 {
            return Err(refused("does not go from west to east, once around at most"));
        }
        let run = |(first, last, size)| {
            Run::of(first, last, size).ok_or_else(|| refused("has no whole number of cells along one side"))
        };
        let (longitudes, latitudes) = (run(x)?, run(y)?);
        let cells = longitudes.len().saturating_mul(latitudes.len());
        if cells > MOST_TARGETS {
            return Err(Error::too_large(format!(
                "the grid has {cells} cells, but at most {MOST_TARGETS} are made; ask for larger ones"
            )));
        }
        Ok(Self { longitudes, latitudes })
    }

    /// How many cells it has.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.longitudes.len().saturating_mul(self.latitudes.len())
    }
}

impl Run {
    fn of(first: f64, last: f64, size: f64) -> Option<Self> {
        let count = (last - first).abs() / size;
        // Sizes such as a third are written with as many digits as people like.
        let whole = count.round();
        let fits = size > 0.0
            && (1.0..=f64::from(1_u32 << 24)).contains(&whole)
            && (count - whole).abs() <= 1e-4 * whole.min(100.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked: whole, and not too large"
        )]
        fits.then_some(Self { first, last, count: whole as u32 })
    }

    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// The edge before a cell, or behind the last one.
    fn edge(&self, index: u32) -> f64 {
        if index == self.count {
            return self.last;
        }
        self.first + (self.last - self.first) * (f64::from(index) / f64::from(self.count))
    }

    /// The edges of the cells.
    #[must_use]
    pub fn edges(&self) -> Vec<[f64; 2]> {
        (0..self.count).map(|index| [self.edge(index), self.edge(index.saturating_add(1))]).collect()
    }

    /// The centres of the cells.
    #[must_use]
    pub fn centres(&self) -> Vec<f64> {
        let centre = |index: u32| {
            self.first + (self.last - self.first) * ((f64::from(index) + 0.5) / f64::from(self.count))
        };
        (0..self.count).map(centre).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn grids_are_read() {
        let check = |text: &str, expected: Option<(Vec<f64>, Vec<f64>)>| {
            let got =
                Grid::parse(text).ok().map(|grid| (grid.longitudes.centres(), grid.latitudes.centres()));
            assert_eq!(got, expected, "{text}");
        };
        check("0:360:90,-90:90:60", Some((vec![45.0, 135.0, 225.0, 315.0], vec![-60.0, 0.0, 60.0])));
        check("170:190:10,90:80:5", Some((vec![175.0, 185.0], vec![87.5, 82.5])));
        check("0:1:0.3333333,0:1:1", Some((vec![1.0 / 6.0, 0.5, 5.0 / 6.0], vec![0.5])));
        for wrong in [
            "",
            "0:360:1",
            "0:360:1,-90:90",
            "0:360:1,-91:90:1",
            "0:361:1,-90:90:1",
            "10:0:1,0:1:1",
            "0:10:3,0:1:1",
            "0:10:0,0:1:1",
            "0:10:-1,0:1:1",
            "0:10:nan,0:1:1",
            "0:inf:1,0:1:1",
            "0:360:1e-9,0:1:1",
            "0:360:0.01,-90:90:0.01",
            "0:10:1,0:1:1;",
            "__import__('os'):1:1,0:1:1",
        ] {
            check(wrong, None);
        }
        assert_eq!(Method::parse("conservative").unwrap(), Method::Conservative);
        assert!(Method::parse("conservative()").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer_or_an_error(text in "[0-9a-z.,:e+-]{0,40}") {
            if let Ok(grid) = Grid::parse(&text) {
                prop_assert!(grid.cells() <= MOST_TARGETS);
            }
        }

        /// Cells lie edge to edge, and each centre in its cell.
        #[test]
        fn cells_lie_edge_to_edge(west in -540_i32..180, count in 1_u32..360, falls: bool) {
            let (south, north) = if falls { (60, -30) } else { (-30, 60) };
            let grid = Grid::parse(&format!("{west}:{}:1,{south}:{north}:0.5", west + count as i32)).unwrap();
            for run in [grid.longitudes, grid.latitudes] {
                let edges = run.edges();
                prop_assert!(edges.windows(2).all(|pair| pair[0][1] == pair[1][0]));
                let inside = edges.iter().zip(run.centres()).all(|([a, b], centre)| (a < &centre) == (&centre < b));
                prop_assert!(inside);
            }
        }
    }
}
