//! GeoJSON geometries that items are compared with (RFC 7946 section 3.1).

use geo::{Coord, Geometry, Intersects, Line, LineString, MultiPolygon, Point, Polygon, Rect};
use serde_json::Value;
use weir_plugin_api::Error;

use super::bbox::Bbox;

/// At most so many positions, so that a search stays quick.
const MOST_POSITIONS: usize = 10_000;

/// Geometries inside others, at most so deep.
const MOST_DEPTH: usize = 4;

/// A geometry in longitude and latitude.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    geometry: Geometry<f64>,
}

impl Shape {
    /// Reads a geometry of GeoJSON.
    ///
    /// # Errors
    /// `BadRequest` where it is none, or has too many positions.
    pub fn from_json(value: &Value) -> Result<Self, Error> {
        let mut reader = Reader { positions: 0 };
        let geometry = reader.geometry(value, 0).map_err(|why| {
            Error::bad_request(format!(
                "the geometry is no GeoJSON geometry: {why}; see RFC 7946 section 3.1"
            ))
        })?;
        Ok(Self { geometry })
    }

    /// A box as a geometry; in two parts where it crosses the antimeridian.
    #[must_use]
    pub fn of_box(bbox: &Bbox) -> Self {
        let parts = bbox.longitudes().into_iter().flatten().map(|(west, east)| {
            Rect::new(Coord { x: west, y: bbox.south }, Coord { x: east, y: bbox.north }).to_polygon()
        });
        Self { geometry: Geometry::MultiPolygon(MultiPolygon::new(parts.collect())) }
    }

    /// Whether the geometry and a box have a point in common.
    #[must_use]
    pub fn meets(&self, bbox: &Bbox) -> bool {
        bbox.longitudes().into_iter().flatten().any(|(west, east)| {
            let (low, high) = (Coord { x: west, y: bbox.south }, Coord { x: east, y: bbox.north });
            // A box without an area is a point or a line: as a rectangle it would be inside of nothing.
            match (low.x == high.x, low.y == high.y) {
                (true, true) => self.geometry.intersects(&Point::from(low)),
                (false, false) => self.geometry.intersects(&Rect::new(low, high)),
                _ => self.geometry.intersects(&Line::new(low, high)),
            }
        })
    }
}

struct Reader {
    positions: usize,
}

impl Reader {
    fn geometry(&mut self, value: &Value, depth: usize) -> Result<Geometry<f64>, String> {
        let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
        let at = value.get("coordinates").unwrap_or(&Value::Null);
        Ok(match kind {
            "Point" => Geometry::Point(self.position(at)?.into()),
            "MultiPoint" => Geometry::MultiPoint(self.positions(at)?.into_iter().map(Point::from).collect()),
            "LineString" => Geometry::LineString(self.line(at)?),
            "MultiLineString" => Geometry::MultiLineString(
                list(at)?
                    .iter()
                    .map(|line| self.line(line))
                    .collect::<Result<Vec<_>, _>>()?
                    .into_iter()
                    .collect(),
            ),
            "Polygon" => Geometry::Polygon(self.polygon(at)?),
            "MultiPolygon" => Geometry::MultiPolygon(MultiPolygon::new(
                list(at)?.iter().map(|polygon| self.polygon(polygon)).collect::<Result<_, _>>()?,
            )),
            "GeometryCollection" if depth < MOST_DEPTH => {
                let parts = list(value.get("geometries").unwrap_or(&Value::Null))?.iter();
                let parts = parts.map(|part| self.geometry(part, depth.saturating_add(1)));
                Geometry::GeometryCollection(parts.collect::<Result<Vec<_>, _>>()?.into_iter().collect())
            }
            _ => return Err(format!("its type is {:?}", kind.chars().take(40).collect::<String>())),
        })
    }

    fn position(&mut self, value: &Value) -> Result<Coord<f64>, String> {
        self.positions = self.positions.saturating_add(1);
        if self.positions > MOST_POSITIONS {
            return Err(format!("it has more than {MOST_POSITIONS} positions"));
        }
        let numbers = list(value)?.iter().map(Value::as_f64).collect::<Option<Vec<_>>>();
        match numbers.as_deref() {
            Some([x, y] | [x, y, _]) if x.abs() <= 360.0 && y.abs() <= 90.0 => Ok(Coord { x: *x, y: *y }),
            _ => Err("a position is [longitude, latitude] in degrees".to_owned()),
        }
    }

    fn positions(&mut self, value: &Value) -> Result<Vec<Coord<f64>>, String> {
        list(value)?.iter().map(|position| self.position(position)).collect()
    }

    fn line(&mut self, value: &Value) -> Result<LineString<f64>, String> {
        let positions = self.positions(value)?;
        match positions.len() < 2 {
            true => Err("a line has two positions at least".to_owned()),
            false => Ok(LineString::new(positions)),
        }
    }

    fn polygon(&mut self, value: &Value) -> Result<Polygon<f64>, String> {
        let mut rings = list(value)?.iter().map(|ring| self.ring(ring)).collect::<Result<Vec<_>, _>>()?;
        if rings.is_empty() {
            return Err("a polygon has one ring at least".to_owned());
        }
        let outer = rings.remove(0);
        Ok(Polygon::new(outer, rings))
    }

    fn ring(&mut self, value: &Value) -> Result<LineString<f64>, String> {
        let positions = self.positions(value)?;
        match positions.len() >= 4 && positions.first() == positions.last() {
            true => Ok(LineString::new(positions)),
            false => Err("a ring of a polygon has four positions at least, the last as the first".to_owned()),
        }
    }
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| "its coordinates are no list where there should be one".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(geometry: &Value, bbox: &str, expected: Option<bool>) {
        let got = Shape::from_json(geometry).ok().map(|shape| shape.meets(&Bbox::parse(bbox).unwrap()));
        assert_eq!(got, expected, "{geometry} {bbox}");
    }

    #[test]
    fn geometries_meet_boxes() {
        let triangle = json!({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [0, 10], [0, 0]]]});
        check(&triangle, "1,1,2,2", Some(true));
        check(&triangle, "8,8,9,9", Some(false));
        check(&triangle, "2,2,2,2", Some(true));
        check(&triangle, "9,9,9,9", Some(false));
        check(&triangle, "-5,1,20,1", Some(true));
        check(&triangle, "170,1,1,2", Some(true));
        let holed = json!({"type": "Polygon", "coordinates": [
            [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]], [[2, 2], [2, 8], [8, 8], [8, 2], [2, 2]]]});
        check(&holed, "4,4,5,5", Some(false));
        check(&holed, "1,4,5,5", Some(true));
        check(&json!({"type": "Point", "coordinates": [3, 4, 100]}), "2,3,4,5", Some(true));
        check(&json!({"type": "LineString", "coordinates": [[0, 0], [10, 10]]}), "4,6,5,7", Some(false));
        check(&json!({"type": "MultiPoint", "coordinates": [[50, 50], [3, 4]]}), "2,3,4,5", Some(true));
        check(
            &json!({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [3, 4]}]}),
            "2,3,4,5",
            Some(true),
        );
        for refused in [
            json!({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [0, 10]]]}),
            json!({"type": "Polygon", "coordinates": []}),
            json!({"type": "Point", "coordinates": [3]}),
            json!({"type": "Point", "coordinates": [3, 91]}),
            json!({"type": "LineString", "coordinates": [[1, 1]]}),
            json!({"type": "Blob", "coordinates": []}),
            json!({"coordinates": [1, 2]}),
            json!([1, 2]),
        ] {
            check(&refused, "0,0,1,1", None);
        }
        let nested =
            (0..9).fold(triangle, |inner, _| json!({"type": "GeometryCollection", "geometries": [inner]}));
        check(&nested, "0,0,1,1", None);
    }

    proptest! {
        #[test]
        fn boxes_as_geometries_meet_as_boxes_do(
            a in (-179.0..179.0, -90.0..90.0, -179.0..179.0, -90.0..90.0),
            b in (-179.0..179.0, -90.0..90.0, -179.0..179.0, -90.0..90.0),
        ) {
            let of = |(west, x, east, y): (f64, f64, f64, f64)| Bbox { west, south: x.min(y), east, north: x.max(y) };
            let (a, b) = (of(a), of(b));
            prop_assert_eq!(Shape::of_box(&a).meets(&b), a.intersects(&b));
        }
    }
}
