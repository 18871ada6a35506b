//! The place of a dataset as GeoJSON (RFC 7946).

use serde_json::{Value, json};
use weir_cf::extent::BoundingBox;

/// A polygon, or two where the box crosses the antimeridian; a point or a line where it has no area, which a polygon must.
pub(super) fn geometry(bounds: &BoundingBox) -> Value {
    let BoundingBox { west, south, east, north } = *bounds;
    match (west == east, south == north) {
        (true, true) => return json!({"type": "Point", "coordinates": [west, south]}),
        (true, false) | (false, true) => return line(bounds),
        (false, false) => {}
    }
    let rings = bounds.rings();
    match &rings[..] {
        [only] => json!({"type": "Polygon", "coordinates": [only]}),
        several => {
            let polygons: Vec<Value> = several.iter().map(|ring| json!([ring])).collect();
            json!({"type": "MultiPolygon", "coordinates": polygons})
        }
    }
}

/// A line along a meridian or a parallel, cut at the antimeridian.
fn line(bounds: &BoundingBox) -> Value {
    let BoundingBox { west, south, east, north } = *bounds;
    if bounds.crosses_antimeridian() {
        let lines = [[[west, south], [180.0, north]], [[-180.0, south], [east, north]]];
        return json!({"type": "MultiLineString", "coordinates": lines});
    }
    json!({"type": "LineString", "coordinates": [[west, south], [east, north]]})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_become_what_they_are() {
        let of = |west, south, east, north| geometry(&BoundingBox { west, south, east, north });
        let check = |made: Value, kind: &str, coordinates: Value| {
            assert_eq!(made, json!({"type": kind, "coordinates": coordinates}));
        };
        let ring = json!([[1.0, 2.0], [3.0, 2.0], [3.0, 4.0], [1.0, 4.0], [1.0, 2.0]]);
        check(of(1.0, 2.0, 3.0, 4.0), "Polygon", json!([ring]));
        assert_eq!(of(170.0, 2.0, -170.0, 4.0)["type"], "MultiPolygon");
        assert_eq!(of(170.0, 2.0, -170.0, 4.0)["coordinates"].as_array().map(Vec::len), Some(2));
        check(of(5.0, 6.0, 5.0, 6.0), "Point", json!([5.0, 6.0]));
        check(of(5.0, 6.0, 5.0, 7.0), "LineString", json!([[5.0, 6.0], [5.0, 7.0]]));
        assert_eq!(of(170.0, 6.0, -170.0, 6.0)["type"], "MultiLineString");
    }
}
