//! `polygon=`: the cells whose centres lie inside a polygon, or several, written as Well-Known Text or GeoJSON.

use geo::{BoundingRect, Coord, CoordsIter, Geometry, Intersects, LineString, MultiPolygon, Polygon, Rect};
use rayon::prelude::*;
use serde::Deserialize;
use weir_plugin_api::Error;
use weir_selection::{Axes, Cells, Ground as Lie, Indices};
use wkt::TryFromWkt;

use super::{Ask, Ground, MOST_TARGETS, Target};
use crate::diagnostic::Diagnostic;
use crate::engine::mapping::{NO_CELL, Taking};
use crate::grammar::shown;

/// At most so many positions.
const MOST_POSITIONS: usize = 10_000;

/// An area: polygons, with holes.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    polygons: MultiPolygon<f64>,
    around: Rect<f64>,
}

impl Area {
    /// Reads `POLYGON ((…))`, `MULTIPOLYGON (((…)))`, or a geometry of GeoJSON that is one of these. Longitudes are -540 to 540 degrees,
    /// and may lie beyond 180 where an area goes over the date line.
    ///
    /// # Errors
    /// `BadRequest` for anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let refused = |why: &str| {
            Error::bad_request(format!(
                "polygon {:?} cannot be read: {why}; write POLYGON ((9 53, 11 53, 10 55, 9 53)), MULTIPOLYGON, or one of these as GeoJSON",
                shown(text)
            ))
        };
        let is_wkt =
            |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        let polygons = if text.starts_with('{') {
            of_json(text).ok_or_else(|| refused("it is no Polygon or MultiPolygon of GeoJSON"))?
        } else if is_wkt("POLYGON") || is_wkt("MULTIPOLYGON") {
            match Geometry::try_from_wkt_str(text) {
                Ok(Geometry::Polygon(polygon)) => MultiPolygon::new(vec![polygon]),
                Ok(Geometry::MultiPolygon(polygons)) => polygons,
                _ => return Err(refused("it is no Well-Known Text")),
            }
        } else {
            return Err(refused("it is neither a polygon nor GeoJSON"));
        };
        if polygons.coords_count() > MOST_POSITIONS {
            return Err(refused(&format!("it has more than {MOST_POSITIONS} positions")));
        }
        let is_on_earth =
            |Coord { x, y }: Coord<f64>| (-540.0..=540.0).contains(&x) && (-90.0..=90.0).contains(&y);
        if !polygons.coords_iter().all(is_on_earth) {
            return Err(refused(
                "a position is not on the Earth; longitudes are -540 to 540 degrees, latitudes -90 to 90",
            ));
        }
        let is_ring = |ring: &LineString<f64>| ring.0.len() >= 4;
        if !polygons.iter().all(|one| is_ring(one.exterior()) && one.interiors().iter().all(is_ring)) {
            return Err(refused("a ring has four positions at least, the last as the first"));
        }
        let around = polygons.bounding_rect().ok_or_else(|| refused("it is empty"))?;
        Ok(Self { polygons, around })
    }

    /// Whether a place lies inside, its edge included and the edges of holes, too; whatever turn its longitude is given in.
    #[must_use]
    pub fn holds(&self, longitude: f64, latitude: f64) -> bool {
        if !longitude.is_finite() || !(self.around.min().y..=self.around.max().y).contains(&latitude) {
            return false;
        }
        let west = self.around.min().x;
        let mut x = longitude - 360.0 * ((longitude - west) / 360.0).floor();
        while x <= self.around.max().x {
            let place = Coord { x, y: latitude };
            if self.polygons.intersects(&place) {
                return true;
            }
            x += 360.0;
        }
        false
    }

    /// How much looking at so many places costs.
    fn check(&self, places: u64) -> Result<(), Error> {
        const MOST_LOOKS: u64 = 1 << 33;
        let looks = places.saturating_mul(self.polygons.coords_count() as u64);
        if looks > MOST_LOOKS {
            return Err(Error::too_large(format!(
                "{places} cells would be compared with each edge of the polygon; write it with fewer positions"
            )));
        }
        Ok(())
    }
}

/// Polygons as GeoJSON writes them (RFC 7946, sections 3.1.6 and 3.1.7).
#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Written {
    Polygon(Vec<Vec<Vec<f64>>>),
    MultiPolygon(Vec<Vec<Vec<Vec<f64>>>>),
}

/// Reads GeoJSON; heights are left out.
fn of_json(text: &str) -> Option<MultiPolygon<f64>> {
    let polygons = match serde_json::from_str(text).ok()? {
        Written::Polygon(polygon) => vec![polygon],
        Written::MultiPolygon(polygons) => polygons,
    };
    let position = |numbers: Vec<f64>| match numbers[..] {
        [x, y] | [x, y, _] => Some(Coord { x, y }),
        _ => None,
    };
    let ring = |ring: Vec<Vec<f64>>| {
        let closed = ring.first() == ring.last();
        Some(LineString::new(ring.into_iter().map(position).collect::<Option<_>>()?)).filter(|_| closed)
    };
    let polygon = |rings: Vec<Vec<Vec<f64>>>| {
        let mut rings = rings.into_iter().map(ring).collect::<Option<Vec<_>>>()?.into_iter();
        Some(Polygon::new(rings.next()?, rings.collect()))
    };
    polygons.into_iter().map(polygon).collect::<Option<Vec<_>>>().map(MultiPolygon::new)
}

/// The cells inside an area.
///
/// # Errors
/// `BadRequest` where no cell lies inside, or nothing says where cells are.
pub fn ground(
    diagnostic: &Diagnostic<'_>,
    axes: &Axes<'_>,
    area: &Area,
    ask: Ask<'_>,
) -> Result<Ground, Error> {
    match axes.ground()? {
        Lie::Along { latitude, longitude } => along(diagnostic, axes, (latitude, longitude), (area, ask)),
        Lie::Cells(cells) => of_cells(diagnostic, axes, &cells, (area, ask)),
    }
}

fn nothing() -> Error {
    Error::bad_request("no cell has its centre inside the polygon")
}

/// Rows and columns, without those that have no cell inside, as xarray's `where(…, drop=True)` leaves them.
fn along(
    diagnostic: &Diagnostic<'_>,
    axes: &Axes<'_>,
    (y, x): (usize, usize),
    (area, ask): (&Area, Ask<'_>),
) -> Result<Ground, Error> {
    let (rows, columns) = (axes.values(y)?.unwrap_or_default(), axes.values(x)?.unwrap_or_default());
    let cells = (rows.len() as u64).saturating_mul(columns.len() as u64);
    area.check(cells)?;
    ask(cells)?;
    let inside: Vec<Vec<bool>> = rows
        .par_iter()
        .map(|latitude| columns.iter().map(|longitude| area.holds(*longitude, *latitude)).collect())
        .collect();
    let taken = |inside: &mut dyn Iterator<Item = bool>| -> Vec<usize> {
        inside.enumerate().filter(|(_, any)| *any).map(|(index, _)| index).collect()
    };
    let kept_rows = taken(&mut inside.iter().map(|row| row.contains(&true)));
    let is_inside = |row: usize, column: usize| {
        inside.get(row).and_then(|row| row.get(column)).is_some_and(|inside| *inside)
    };
    let kept_columns =
        taken(&mut (0..columns.len()).map(|column| kept_rows.iter().any(|row| is_inside(*row, column))));
    let targets = kept_rows.len().saturating_mul(kept_columns.len());
    if targets == 0 {
        return Err(nothing());
    }
    check_targets(targets)?;
    ask((targets as u64).saturating_mul(4))?;
    let mut numbers = Vec::with_capacity(targets);
    for row in &kept_rows {
        for column in &kept_columns {
            let number = row.saturating_mul(columns.len()).saturating_add(*column);
            numbers.push(if is_inside(*row, *column) { cell(number)? } else { NO_CELL });
        }
    }
    let target = |axis: usize, kept: &[usize]| {
        part(diagnostic, axis, Indices::rising(kept.iter().map(|index| *index as u64)))
    };
    let targets = vec![target(y, &kept_rows), target(x, &kept_columns)];
    Ok(Ground::new(diagnostic, vec![y, x], targets, Taking::Each(numbers)))
}

/// Cells with coordinates of their own: those of a list, or the rectangle of indices around them with the others missing.
fn of_cells(
    diagnostic: &Diagnostic<'_>,
    axes: &Axes<'_>,
    cells: &Cells,
    (area, ask): (&Area, Ask<'_>),
) -> Result<Ground, Error> {
    let length =
        |number: usize| cells.axes.get(number).and_then(|axis| diagnostic.variable.shape.get(*axis)).copied();
    let (rows, width) = (length(0).unwrap_or(1), length(1).unwrap_or(1));
    if cells.axes.len() > 2 {
        return Err(Error::unsupported("cells over three dimensions are not searched for polygons"));
    }
    area.check(rows.saturating_mul(width))?;
    ask(rows.saturating_mul(width).saturating_mul(8))?;
    let mut inside: Vec<u64> = Vec::new();
    axes.each_cell(cells, |indices, longitude, latitude| {
        if area.holds(longitude, latitude) {
            let row = indices.first().copied().unwrap_or(0);
            inside.push(row.saturating_mul(width).saturating_add(indices.get(1).copied().unwrap_or(0)));
        }
    })?;
    inside.sort_unstable();
    let (Some(first), Some(last)) = (inside.first(), inside.last()) else { return Err(nothing()) };
    let narrow = |number: &u64| usize::try_from(*number).map_err(|_refused| nothing()).and_then(cell);
    let [y, rest @ ..] = &cells.axes[..] else { return Err(nothing()) };
    let [x] = rest else {
        check_targets(inside.len())?;
        let numbers: Result<Vec<u32>, Error> = inside.iter().map(narrow).collect();
        let target = part(diagnostic, *y, Indices::rising(inside.iter().copied()));
        return Ok(Ground::new(diagnostic, vec![*y], vec![target], Taking::Each(numbers?)));
    };
    let (top, bottom) = (first / width.max(1), last / width.max(1));
    let column = |number: &u64| number % width.max(1);
    let (west, east) =
        (inside.iter().map(column).min().unwrap_or(0), inside.iter().map(column).max().unwrap_or(0));
    let run = |from: u64, to: u64| Indices::rising(from..=to);
    let (down, across) = (run(top, bottom), run(west, east));
    let targets = down.count().saturating_mul(across.count());
    check_targets(usize::try_from(targets).unwrap_or(usize::MAX))?;
    ask(targets.saturating_mul(4))?;
    let mut numbers = Vec::new();
    for row in top..=bottom {
        for column in west..=east {
            let number = row.saturating_mul(width).saturating_add(column);
            numbers.push(if inside.binary_search(&number).is_ok() { narrow(&number)? } else { NO_CELL });
        }
    }
    let targets = vec![part(diagnostic, *y, down), part(diagnostic, *x, across)];
    Ok(Ground::new(diagnostic, vec![*y, *x], targets, Taking::Each(numbers)))
}

fn check_targets(targets: usize) -> Result<(), Error> {
    if targets > MOST_TARGETS {
        return Err(Error::too_large(format!(
            "{targets} cells lie in the rectangle around the polygon, but at most {MOST_TARGETS} are taken; ask for a smaller one"
        )));
    }
    Ok(())
}

fn cell(number: usize) -> Result<u32, Error> {
    let number = u32::try_from(number).ok().filter(|number| *number != NO_CELL);
    number.ok_or_else(|| Error::too_large("a grid has more cells than 32 bits count; select by index"))
}

/// Some indices of a dimension.
fn part(diagnostic: &Diagnostic<'_>, axis: usize, indices: Indices) -> Target {
    let chunk = diagnostic.variable.storage.chunk_shape.get(axis).copied().unwrap_or(1).max(1);
    let length = usize::try_from(indices.count()).unwrap_or(usize::MAX);
    let name = diagnostic.source_dimension(axis).to_owned();
    Target { name, length, chunk, source: Some((axis, indices)), areas: None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOLED: &str = "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (4 4, 6 4, 6 6, 4 6, 4 4))";

    #[test]
    fn areas_are_read() {
        let check = |text: &str, is_one: bool| assert_eq!(Area::parse(text).is_ok(), is_one, "{text}");
        check(HOLED, true);
        check("multipolygon (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))", true);
        check(r#"{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}"#, true);
        check(r#"{"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]}"#, true);
        for wrong in [
            "",
            "POLYGON",
            "POLYGON EMPTY",
            "POINT (1 2)",
            "POLYGON ((0 0, 1 0))",
            "POLYGON ((0 0, 1 0, 1 91, 0 0))",
            "POLYGON ((0 0, 1 0, 1 1, 0 0)",
            "POLYGON ((0 0, nan 0, 1 1, 0 0))",
            "GEOMETRYCOLLECTION (POLYGON ((0 0, 1 0, 1 1, 0 0)))",
            "{}",
            r#"{"type": "Point", "coordinates": [1, 2]}"#,
            r#"{"type": "Polygon", "coordinates": [[[0, 0], [1]]]}"#,
            "__import__('os')",
            "POLYGON ((__import__('os') 0, 1 0, 1 1, 0 0))",
            r#"{"type": "Polygon", "coordinates": []}"#,
        ] {
            check(wrong, false);
        }
    }

    #[test]
    fn areas_hold_what_lies_inside() {
        let check = |text: &str, (longitude, latitude), expected: bool| {
            assert_eq!(
                Area::parse(text).unwrap().holds(longitude, latitude),
                expected,
                "{longitude} {latitude}"
            );
        };
        check(HOLED, (1.0, 1.0), true);
        check(HOLED, (5.0, 5.0), false);
        check(HOLED, (4.0, 5.0), true);
        check(HOLED, (0.0, 5.0), true);
        check(HOLED, (361.0, 1.0), true);
        check(HOLED, (-359.0, 1.0), true);
        check(HOLED, (f64::NAN, 1.0), false);
        check(HOLED, (1.0, 11.0), false);
        let over_the_date_line = "POLYGON ((170 -10, 190 -10, 190 10, 170 10, 170 -10))";
        check(over_the_date_line, (-175.0, 0.0), true);
        check(over_the_date_line, (175.0, 0.0), true);
        check(over_the_date_line, (0.0, 0.0), false);
    }

    proptest! {
        #[test]
        fn any_text_is_an_answer_or_an_error(text in "(POLYGON |MULTIPOLYGON |\\{)?[(){}\\[\\]0-9a-z.,:\" -]{0,60}") {
            let _ = Area::parse(&text);
        }

        /// A box as a polygon holds what lies in the box, in every turn.
        #[test]
        fn boxes_hold_what_lies_between(west in -300_i32..300, width in 1_i32..240, longitude in -400_i32..400, latitude in -80_i32..80) {
            let east = west + width;
            let area = Area::parse(&format!("POLYGON (({west} -40, {east} -40, {east} 40, {west} 40, {west} -40))")).unwrap();
            let inside = (longitude - west).rem_euclid(360) <= width && (-40..=40).contains(&latitude);
            prop_assert_eq!(area.holds(longitude.into(), latitude.into()), inside);
        }
    }
}
