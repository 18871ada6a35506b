//! The place of a dataset as GeoJSON (RFC 7946).

use serde_json::{Value, json};
use weir_cf::extent::{BoundingBox, Outline};

/// Digits behind the point that positions of outlines have (RFC 7946 section 11.2): a tenth of a metre.
const DIGITS: f64 = 1e6;

/// One polygon, or two across the antimeridian.
pub(super) fn outlined(outline: &Outline) -> Value {
    let rounded = |degrees: f64| (degrees * DIGITS).round() / DIGITS;
    let ring = |ring: &Vec<[f64; 2]>| ring.iter().map(|place| place.map(rounded)).collect::<Vec<_>>();
    let polygons: Vec<_> = outline.rings().iter().map(|places| [ring(places)]).collect();
    match &polygons[..] {
        [only] => json!({"type": "Polygon", "coordinates": only}),
        several => json!({"type": "MultiPolygon", "coordinates": several}),
    }
}

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
    fn outlines_become_polygons() {
        let slanted = |west: f64| {
            let rim = [
                (west, 1.0),
                (west + 5.0, 2.0),
                (west + 9.0, 3.0),
                (west + 8.0, 5.0),
                (west - 0.123_456_789, 4.0),
            ];
            outlined(&Outline::of(&rim, &rim).unwrap())
        };
        let ring = json!([[-0.123457, 4.0], [0.0, 1.0], [9.0, 3.0], [8.0, 5.0], [-0.123457, 4.0]]);
        let made = slanted(0.0);
        assert_eq!(made["type"], "Polygon");
        let places = |ring: &Value| {
            let mut places: Vec<String> = ring.as_array().unwrap().iter().map(Value::to_string).collect();
            places.sort();
            places.dedup();
            places
        };
        assert_eq!(places(&made["coordinates"][0]), places(&ring));
        let made = slanted(175.0);
        assert_eq!(
            (&made["type"], made["coordinates"].as_array().map(Vec::len)),
            (&json!("MultiPolygon"), Some(2))
        );
    }

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
