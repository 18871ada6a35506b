//! Geometries of GeoJSON as Well-Known Binary (OGC 06-103r4, section 8), little-endian, without heights.

use serde_json::Value;

/// Geometries inside others, at most so deep.
const MOST_DEPTH: usize = 4;

/// The bytes of a geometry; `None` where it is none.
pub fn geometry(value: &Value) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    put(value, 0, &mut bytes)?;
    Some(bytes)
}

fn put(value: &Value, depth: usize, bytes: &mut Vec<u8>) -> Option<()> {
    let at = value.get("coordinates").unwrap_or(&Value::Null);
    match value.get("type")?.as_str()? {
        "Point" => {
            head(1, bytes);
            position(at, bytes)
        }
        "LineString" => {
            head(2, bytes);
            list(at, bytes, position)
        }
        "Polygon" => {
            head(3, bytes);
            list(at, bytes, |ring, bytes| list(ring, bytes, position))
        }
        "MultiPoint" => many(4, 1, at, bytes, position),
        "MultiLineString" => many(5, 2, at, bytes, |line, bytes| list(line, bytes, position)),
        "MultiPolygon" => many(6, 3, at, bytes, |polygon, bytes| {
            list(polygon, bytes, |ring, bytes| list(ring, bytes, position))
        }),
        "GeometryCollection" if depth < MOST_DEPTH => {
            head(7, bytes);
            list(value.get("geometries")?, bytes, |part, bytes| put(part, depth.saturating_add(1), bytes))
        }
        _ => None,
    }
}

/// The order of bytes, and the kind.
fn head(kind: u32, bytes: &mut Vec<u8>) {
    bytes.push(1);
    bytes.extend_from_slice(&kind.to_le_bytes());
}

/// Parts of one kind, each of which is a geometry by itself.
fn many(
    kind: u32,
    of: u32,
    value: &Value,
    bytes: &mut Vec<u8>,
    part: impl Fn(&Value, &mut Vec<u8>) -> Option<()>,
) -> Option<()> {
    head(kind, bytes);
    list(value, bytes, |value, bytes| {
        head(of, bytes);
        part(value, bytes)
    })
}

fn list(value: &Value, bytes: &mut Vec<u8>, part: impl Fn(&Value, &mut Vec<u8>) -> Option<()>) -> Option<()> {
    let list = value.as_array()?;
    bytes.extend_from_slice(&u32::try_from(list.len()).ok()?.to_le_bytes());
    list.iter().try_for_each(|one| part(one, bytes))
}

fn position(value: &Value, bytes: &mut Vec<u8>) -> Option<()> {
    let (x, y) = (value.get(0)?.as_f64()?, value.get(1)?.as_f64()?);
    bytes.extend_from_slice(&x.to_le_bytes());
    bytes.extend_from_slice(&y.to_le_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: &Value, expected: Option<&str>) {
        let hex =
            geometry(value).map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        assert_eq!(hex.as_deref(), expected, "{value}");
    }

    #[test]
    fn geometries_are_bytes() {
        // As Shapely writes them.
        let (one, two) = ("000000000000f03f", "0000000000000040");
        check(&json!({"type": "Point", "coordinates": [1, 2, 99]}), Some(&format!("0101000000{one}{two}")));
        let line = format!("010200000002000000{one}{two}{two}{one}");
        check(&json!({"type": "LineString", "coordinates": [[1, 2], [2, 1]]}), Some(&line));
        let ring = format!("04000000{one}{two}{two}{one}{one}{one}{one}{two}");
        let polygon = json!([[[1, 2], [2, 1], [1, 1], [1, 2]]]);
        check(
            &json!({"type": "Polygon", "coordinates": polygon}),
            Some(&format!("010300000001000000{ring}")),
        );
        let many = format!("010600000001000000010300000001000000{ring}");
        check(&json!({"type": "MultiPolygon", "coordinates": [polygon]}), Some(&many));
        let points = format!("0104000000010000000101000000{one}{two}");
        check(&json!({"type": "MultiPoint", "coordinates": [[1, 2]]}), Some(&points));
        check(&json!({"type": "Point", "coordinates": [1]}), None);
        check(&json!({"type": "Blob"}), None);
    }
}
