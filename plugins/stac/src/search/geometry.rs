//! Geometries in longitude and latitude, and whether they have points in common.

mod geojson;

use geo::{Area, BoundingRect, Coord, Geometry, Intersects, Line, MapCoords, Point, Rect};
use serde_json::Value;
use weir_plugin_api::Error;

use super::bbox::Bbox;

/// A geometry in longitude and latitude.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    turns: Vec<Turn>,
}

/// The geometry, or the same one turned once around the Earth: what lies at 190 degrees east lies at -170, too, and the meridians at
/// -180 and 180 are one.
#[derive(Clone, Debug, PartialEq)]
struct Turn {
    geometry: Geometry<f64>,
    around: Rect<f64>,
}

impl Shape {
    /// Reads a geometry of GeoJSON.
    ///
    /// # Errors
    /// `BadRequest` where it is none, or has too many positions.
    pub fn from_json(value: &Value) -> Result<Self, Error> {
        geojson::read(value).map(|geometry| Self::new(&[geometry])).map_err(|why| {
            Error::bad_request(format!(
                "the geometry is no GeoJSON geometry: {why}; see RFC 7946 section 3.1"
            ))
        })
    }

    /// A box as a geometry; in two parts where it crosses the antimeridian.
    #[must_use]
    pub fn of_box(bbox: &Bbox) -> Self {
        Self::new(&parts(bbox).collect::<Vec<_>>())
    }

    fn new(geometries: &[Geometry<f64>]) -> Self {
        let turned = |geometry: &Geometry<f64>| {
            // An empty geometry is nowhere.
            let around = geometry.bounding_rect()?;
            let turn = |by: f64| Turn {
                geometry: geometry.map_coords(|Coord { x, y }| Coord { x: x + by, y }),
                around: Rect::new(
                    (around.min().x + by, around.min().y),
                    (around.max().x + by, around.max().y),
                ),
            };
            let west = (around.max().x >= 180.0).then(|| turn(-360.0));
            let east = (around.min().x <= -180.0).then(|| turn(360.0));
            Some([Some(turn(0.0)), west, east].into_iter().flatten())
        };
        Self { turns: geometries.iter().filter_map(turned).flatten().collect() }
    }

    /// Whether the geometry and a box have a point in common.
    #[must_use]
    pub fn meets(&self, bbox: &Bbox) -> bool {
        parts(bbox).any(|part| {
            let around = part.bounding_rect();
            let near =
                self.turns.iter().filter(|turn| around.is_some_and(|around| turn.around.intersects(&around)));
            // Only what is near is looked at closely.
            near.into_iter().any(|turn| turn.geometry.intersects(&part))
        })
    }

    /// Whether two geometries have a point in common; the longitudes of the other one lie between -180 and 180.
    #[must_use]
    pub fn meets_shape(&self, other: &Self) -> bool {
        let pairs = self.turns.iter().flat_map(|turn| other.turns.iter().map(move |other| (turn, other)));
        pairs.filter(|(a, b)| a.around.intersects(&b.around)).any(|(a, b)| a.geometry.intersects(&b.geometry))
    }

    /// Whether the geometry, which lies in a box, leaves a part of it free.
    #[must_use]
    pub fn is_less_than(&self, bbox: &Bbox) -> bool {
        // Turned copies have the same area, so only what lies in the usual range of longitudes is summed.
        let is_usual = |turn: &&Turn| turn.around.min().x >= -180.0 && turn.around.max().x <= 180.0;
        let own: f64 = self.turns.iter().filter(is_usual).map(|turn| turn.geometry.unsigned_area()).sum();
        let whole: f64 = parts(bbox).map(|part| part.unsigned_area()).sum();
        own < whole * (1.0 - 1e-9)
    }
}

/// A box in ranges of longitude that do not cross the antimeridian. One without an area is a point or a line: as a rectangle it would be
/// inside of nothing.
fn parts(bbox: &Bbox) -> impl Iterator<Item = Geometry<f64>> {
    let (south, north) = (bbox.south, bbox.north);
    bbox.longitudes().into_iter().flatten().map(move |(west, east)| {
        let (low, high) = (Coord { x: west, y: south }, Coord { x: east, y: north });
        #[expect(clippy::float_cmp, reason = "a box is flat where its edges are the same number")]
        match (low.x == high.x, low.y == high.y) {
            (true, true) => Geometry::Point(Point::from(low)),
            (false, false) => Geometry::Rect(Rect::new(low, high)),
            _ => Geometry::Line(Line::new(low, high)),
        }
    })
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
        let beyond =
            json!({"type": "Polygon", "coordinates": [[[170, 0], [190, 0], [190, 10], [170, 10], [170, 0]]]});
        check(&beyond, "-175,1,-172,2", Some(true));
        check(&beyond, "-169,1,-160,2", Some(false));
        check(&beyond, "175,1,-175,2", Some(true));
        check(&json!({"type": "Point", "coordinates": [-180, 4]}), "170,2,180,5", Some(true));
        check(
            &json!({"type": "LineString", "coordinates": [[180, 4], [180, 6]]}),
            "-180,2,-170,5",
            Some(true),
        );
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

    fn check_pair(a: &Value, b: &Value, expected: bool) {
        let [a, b] = [a, b].map(|geometry| Shape::from_json(geometry).unwrap());
        assert_eq!((a.meets_shape(&b), b.meets_shape(&a)), (expected, expected));
    }

    #[test]
    fn geometries_meet_geometries() {
        let triangle = json!({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [0, 10], [0, 0]]]});
        let other = json!({"type": "Polygon", "coordinates": [[[10, 10], [10, 1], [1, 10], [10, 10]]]});
        // Their boxes overlap.
        check_pair(&triangle, &other, false);
        check_pair(&triangle, &json!({"type": "Point", "coordinates": [5, 5]}), true);
        check_pair(&triangle, &json!({"type": "LineString", "coordinates": [[9, 9], [4, 4]]}), true);
        check_pair(&triangle, &json!({"type": "GeometryCollection", "geometries": [other]}), false);
        let cut = json!({"type": "MultiPolygon", "coordinates": [
            [[[170, 0], [180, 0], [180, 10], [170, 0]]], [[[-180, 0], [-170, 20], [-180, 10], [-180, 0]]]]});
        check_pair(&cut, &json!({"type": "Point", "coordinates": [-172, 16]}), true);
        check_pair(&cut, &json!({"type": "Point", "coordinates": [-172, 2]}), false);
        check_pair(&cut, &json!({"type": "Point", "coordinates": [172, 1]}), true);
        check_pair(&cut, &json!({"type": "Point", "coordinates": [172, 9]}), false);
    }

    #[test]
    fn footprints_leave_a_part_of_their_box_free() {
        let check = |geometry: &Value, bbox: &str, expected: bool| {
            let shape = Shape::from_json(geometry).unwrap();
            assert_eq!(shape.is_less_than(&Bbox::parse(bbox).unwrap()), expected, "{geometry}");
        };
        let square =
            json!({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]});
        check(&square, "0,0,10,10", false);
        check(&square, "0,0,10,11", true);
        check(
            &json!({"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [0, 10], [0, 0]]]}),
            "0,0,10,10",
            true,
        );
        let cut = json!({"type": "MultiPolygon", "coordinates": [
            [[[170, 0], [180, 0], [180, 10], [170, 10], [170, 0]]], [[[-180, 0], [-170, 0], [-170, 10], [-180, 10], [-180, 0]]]]});
        check(&cut, "170,0,-170,10", false);
        check(&json!({"type": "Point", "coordinates": [1, 2]}), "1,2,1,2", false);
        check(&json!({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}), "1,2,3,4", true);
    }

    /// A triangle as GeoJSON; its corners are on whole degrees.
    fn triangles() -> impl Strategy<Value = [(f64, f64); 3]> {
        let corner = || (-179_i32..=179, -89_i32..=89).prop_map(|(x, y)| (f64::from(x), f64::from(y)));
        [corner(), corner(), corner()].prop_filter("has an area", |[a, b, c]| {
            ((b.0 - a.0) * (c.1 - a.1) - (c.0 - a.0) * (b.1 - a.1)).abs() > 0.5
        })
    }

    fn polygon([a, b, c]: &[(f64, f64); 3], turn: f64) -> Value {
        let ring: Vec<_> = [a, b, c, a].iter().map(|(x, y)| [x + turn, *y]).collect();
        json!({"type": "Polygon", "coordinates": [ring]})
    }

    /// Whether some axis separates them: of convex polygons, one across some edge does, unless they meet.
    fn separated(a: &[(f64, f64); 3], b: &[(f64, f64); 3]) -> bool {
        let edges = |t: &[(f64, f64); 3]| [(t[0], t[1]), (t[1], t[2]), (t[2], t[0])];
        edges(a).into_iter().chain(edges(b)).any(|(from, to)| {
            let across = (from.1 - to.1, to.0 - from.0);
            let along = |t: &[(f64, f64); 3]| {
                let all = t.map(|(x, y)| x * across.0 + y * across.1);
                (
                    all.into_iter().fold(f64::INFINITY, f64::min),
                    all.into_iter().fold(f64::NEG_INFINITY, f64::max),
                )
            };
            let (a, b) = (along(a), along(b));
            a.1 < b.0 || b.1 < a.0
        })
    }

    proptest! {
        #[test]
        fn triangles_meet_unless_an_axis_separates_them(a in triangles(), b in triangles()) {
            let of = |triangle, turn| Shape::from_json(&polygon(triangle, turn)).unwrap();
            let expected = !separated(&a, &b);
            prop_assert_eq!(of(&a, 0.0).meets_shape(&of(&b, 0.0)), expected);
            // What is asked for may be written in another turn.
            let turn = if a.iter().all(|(x, _)| *x >= 0.0) { Some(-360.0) } else { a.iter().all(|(x, _)| *x <= 0.0).then_some(360.0) };
            if let Some(turn) = turn {
                prop_assert_eq!(of(&a, turn).meets_shape(&of(&b, 0.0)), expected);
            }
        }

        #[test]
        fn triangles_meet_boxes_as_they_meet_their_polygons(a in triangles(), west in -180_i32..=180, east in -180_i32..=180, y in -90_i32..=90, z in -90_i32..=90) {
            let shape = Shape::from_json(&polygon(&a, 0.0)).unwrap();
            let bbox = Bbox { west: west.into(), south: y.min(z).into(), east: east.into(), north: y.max(z).into() };
            prop_assert_eq!(shape.meets(&bbox), shape.meets_shape(&Shape::of_box(&bbox)));
            prop_assert_eq!(shape.meets(&bbox), Shape::of_box(&bbox).meets_shape(&shape));
        }

        #[test]
        fn boxes_as_geometries_meet_as_boxes_do(
            a in (-180..=180, -90.0..90.0, -180..=180, -90.0..90.0),
            b in (-180..=180, -90.0..90.0, -180..=180, -90.0..90.0),
        ) {
            let of = |(west, x, east, y): (i32, f64, i32, f64)| {
                Bbox { west: west.into(), south: x.min(y), east: east.into(), north: x.max(y) }
            };
            let (a, b) = (of(a), of(b));
            prop_assert_eq!(Shape::of_box(&a).meets(&b), a.intersects(&b));
        }
    }
}
