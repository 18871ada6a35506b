//! Documents of a dataset with groups, coordinates and attributes that HTML and JSON have no room for.

use serde_json::json;
use weir_model::{ByteOrder, DataType, Storage, Value};

use super::*;

fn attribute(name: &str, value: Value) -> Attribute {
    Attribute { name: name.to_owned(), value }
}

fn variable(name: &str, data_type: DataType, axes: &[(&str, u64)]) -> Variable {
    let storage =
        Storage { chunk_shape: vec![], codecs: vec![], byte_order: ByteOrder::Little, fill: vec![] };
    Variable {
        name: name.to_owned(),
        data_type,
        dimensions: axes.iter().map(|(name, _)| format!("/{name}")).collect(),
        shape: axes.iter().map(|&(_, length)| length).collect(),
        attributes: vec![],
        storage,
    }
}

fn schema() -> Schema {
    let lat = variable("lat", DataType::Float64, &[("lat", 3)]);
    let mut height = variable("height", DataType::Float32, &[]);
    height.attributes = vec![attribute("units", Value::text("m"))];
    let mut sst = variable("sst", DataType::Int16, &[("time", 2), ("lat", 3)]);
    sst.attributes = vec![
        attribute("coordinates", Value::text("height none")),
        attribute("_FillValue", Value::Int16(vec![-9])),
        attribute("range", Value::Float64(vec![1.5, f64::NAN])),
    ];
    let deep = Group {
        name: "deep".to_owned(),
        variables: vec![variable("t", DataType::Char, &[("time", 2), ("text", 7)])],
        ..Group::default()
    };
    let one = Group { name: "one".to_owned(), groups: vec![deep], ..Group::default() };
    let two = Group { name: "two".to_owned(), ..Group::default() };
    let title = attribute("title", Value::text("</script><b>\"tropics\" & more"));
    let root = Group {
        attributes: vec![title],
        variables: vec![lat, height, sst],
        groups: vec![one, two],
        ..Group::default()
    };
    Schema { root }
}

#[test]
fn a_group_is_described() {
    let schema = schema();
    let node = Node::find(&schema, "").unwrap();
    assert_eq!(node.keys(), json!(["lat", "height", "sst"]));
    assert_eq!(
        node.dict(),
        json!({
            "coords": {
                "lat": {"dims": ["lat"], "attrs": {}, "dtype": "float64", "shape": [3]},
                "height": {"dims": [], "attrs": {"units": "m"}, "dtype": "float32", "shape": []},
            },
            "attrs": {"title": "</script><b>\"tropics\" & more"},
            "dims": {"lat": 3, "time": 2},
            "data_vars": {
                "sst": {
                    "dims": ["time", "lat"], "attrs": {"_FillValue": -9, "range": [1.5, "NaN"]},
                    "dtype": "int16", "shape": [2, 3],
                },
            },
        })
    );
    let info = node.info();
    assert_eq!(info["dimensions"], json!({"lat": 3, "time": 2}));
    let attributes = json!({"coordinates": "height none", "_FillValue": -9, "range": [1.5, "NaN"]});
    let sst = json!({"type": "int16", "dimensions": ["time", "lat"], "attributes": attributes});
    assert_eq!(info["variables"]["sst"], sst);
    assert_eq!(info["global_attributes"], json!({"title": "</script><b>\"tropics\" & more"}));
}

#[test]
fn groups_inherit_what_is_indexed() {
    let schema = schema();
    assert_eq!(groups(&schema), json!(["/", "/one", "/two", "/one/deep"]));
    for path in ["one/deep", "/one/deep/", "one//deep"] {
        let node = Node::find(&schema, path).unwrap();
        assert_eq!(node.keys(), json!(["t", "lat"]), "{path}");
        assert_eq!(node.dict()["dims"], json!({"time": 2, "text": 7, "lat": 3}));
        assert_eq!(node.info()["variables"]["t"]["type"], "bytes8");
    }
    for path in ["none", "one/none", "sst", ".."] {
        assert!(Node::find(&schema, path).is_none(), "{path}");
    }
}
