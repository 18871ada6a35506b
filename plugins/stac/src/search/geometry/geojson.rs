//! Reading GeoJSON geometries (RFC 7946 section 3.1).

use geo::{Coord, Geometry, LineString, MultiPolygon, Point, Polygon};
use serde_json::Value;

/// At most so many positions, so that a search stays quick.
const MOST_POSITIONS: usize = 10_000;

/// Geometries inside others, at most so deep.
const MOST_DEPTH: usize = 4;

/// Reads a geometry, or says why it is none.
pub(super) fn read(value: &Value) -> Result<Geometry<f64>, String> {
    Reader { positions: 0 }.geometry(value, 0)
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
