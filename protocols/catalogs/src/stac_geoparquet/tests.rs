//! Tables as a whole, read with Parquet's own reader.

use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// The rows of the table of some items, written in groups of two, as text.
fn rows(items: &[Value]) -> Vec<String> {
    let mut columns = Columns::default();
    items.iter().for_each(|item| columns.add(item));
    let mut writer = TableWriter::new(columns).unwrap();
    let mut file: Vec<u8> = items.chunks(2).flat_map(|group| writer.write(group).unwrap()).collect();
    file.extend(writer.finish().unwrap());
    let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
    let metadata = reader.metadata().file_metadata().key_value_metadata().unwrap();
    assert!(metadata.iter().any(|pair| pair.key == "geo" && pair.value.as_ref().unwrap().contains("WKB")));
    reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect()
}

#[test]
fn items_are_rows() {
    let items = [
        json!({
            "id": "d1", "collection": "c", "bbox": [1, 2, -9, 3, 4, 9],
            "properties": {
                "datetime": null, "start_datetime": "1970-01-01T00:00:01.5Z", "level": 4, "good": true, "names": ["a", "b"], "id": "other",
                "mixed": 1, "cube:variables": {"v": {}}, "nothing": null
            },
            "links": [{"rel": "self", "href": "h"}, {"rel": "root"}],
            "assets": {"zarr": {"href": "z", "roles": ["data"], "options": {"x": 1}}},
        }),
        json!({"id": "d2", "properties": {"mixed": "x", "names": []}, "links": [], "assets": {"file": {"href": "f"}}}),
        json!({"id": "d3", "properties": {"names": ["c"]}}),
    ];
    let expected = [
        r#"{assets: {file: null, zarr: {href: "z", options: "{"x":1}", roles: ["data"]}}, bbox: {xmin: 1.0, ymin: 2.0, xmax: 3.0, ymax: 4.0}, collection: "c", cube:variables: "{"v":{}}", good: true, id: "d1", level: 4.0, links: [{href: "h", rel: "self"}, {href: null, rel: "root"}], mixed: "1", names: ["a", "b"], start_datetime: 1970-01-01 00:00:01.500000 +00:00}"#,
        r#"{assets: {file: {href: "f"}, zarr: null}, bbox: null, collection: null, cube:variables: null, good: null, id: "d2", level: null, links: [], mixed: ""x"", names: [], start_datetime: null}"#,
        r#"{assets: null, bbox: null, collection: null, cube:variables: null, good: null, id: "d3", level: null, links: null, mixed: null, names: ["c"], start_datetime: null}"#,
    ];
    assert_eq!(rows(&items), expected);
}

#[test]
fn items_that_do_not_fit_are_refused() {
    let mut columns = Columns::default();
    columns.add(&json!({"id": "d1", "properties": {"level": 1}, "geometry": {"type": "Point", "coordinates": [1, 2]}}));
    let mut writer = TableWriter::new(columns.clone()).unwrap();
    assert!(writer.write(&[json!({"id": "d1", "properties": {"level": "x"}})]).is_err());
    let mut writer = TableWriter::new(columns).unwrap();
    assert!(writer.write(&[json!({"id": "d1", "geometry": {"type": "Point"}})]).is_err());
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_i32..9).prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-c]{0,2}", inner, 0..3)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_items_hold_each_is_a_row(
        all in prop::collection::vec((values(), values(), values(), prop::collection::vec(values(), 0..3)), 1..6),
    ) {
        let item = |(number, (a, b, assets, links)): (usize, (Value, Value, Value, Vec<Value>))| {
            json!({"id": format!("d{number}"), "properties": {"a": a, "b": b}, "assets": assets, "links": links})
        };
        let items: Vec<Value> = all.into_iter().enumerate().map(item).collect();
        let rows = rows(&items);
        prop_assert_eq!(rows.len(), items.len());
        for (number, row) in rows.iter().enumerate() {
            let id = format!("id: \"d{number}\"");
            prop_assert!(row.contains(&id), "{row}");
        }
    }
}
