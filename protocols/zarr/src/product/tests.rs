//! Products of a small dataset.

use super::*;
use crate::ocean;
use proptest::prelude::*;

fn made(recipe: &str) -> Result<Product, String> {
    let recipe: Recipe = serde_json::from_str(recipe).unwrap();
    let lat = |path: &str| {
        if path == "/lat" {
            Ok(vec![10.0, 20.0, 30.0, 40.0, 50.0])
        } else {
            Err(format!("{path} has no numbers"))
        }
    };
    Product::of(&ocean::schema(), &recipe, &lat, &|_| Ok(DataType::Float64))
}

fn check_refused(recipe: &str, words: &str) {
    let reason = made(recipe).unwrap_err();
    assert!(reason.contains(words), "{reason}");
}

#[test]
fn a_part_is_taken_of_every_variable() {
    let select = r#"{"datasets": [], "select": {"lat": {"min": 20, "max": 40}, "time": {"start": 1, "stop": 7, "step": 3}}}"#;
    let product = made(select).unwrap();
    let sst = product.schema.variable("/sst").unwrap();
    assert_eq!((sst.shape.as_slice(), sst.storage.chunk_shape.as_slice()), (&[2, 3][..], &[2, 2][..]));
    assert_eq!(product.schema.dimension("/lat").unwrap().length, 3);
    assert_eq!(product.schema.variable("/lat").unwrap().shape, [3]);
    let making = &product.makings["/sst"];
    let wanted = [Stride { start: 1, step: 1, count: 1 }, Stride { start: 0, step: 2, count: 2 }];
    let source = making.source(&wanted).unwrap();
    assert_eq!(source, [Stride { start: 4, step: 3, count: 1 }, Stride { start: 1, step: 2, count: 2 }]);
    assert_eq!(making.source(&[Stride::all(3), Stride::all(3)]), None);
    assert_eq!(making.source(&[Stride::all(2)]), None);
}

#[test]
fn packed_numbers_become_floats() {
    let product = made(r#"{"datasets": [], "unpack": true, "float32": true, "keepbits": 9}"#).unwrap();
    let sst = product.schema.variable("/sst").unwrap();
    assert_eq!(sst.data_type, DataType::Float32);
    let names: Vec<&str> = sst.attributes.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["_FillValue"]);
    assert!(matches!(&sst.attributes[0].value, Value::Float32(fill) if fill[0].is_nan()));
    let making = &product.makings["/sst"];
    assert!(making.unpack && making.round == BitRound::new(ElementType::Float(4), 9).ok());
    assert_eq!(product.makings["/lat"].round, None);
}

#[test]
fn chunks_and_shards_are_the_wanted_ones() {
    let product =
        made(r#"{"datasets": [], "chunks": {"time": 2, "lat": 99}, "shards": {"time": 4}}"#).unwrap();
    let sst = product.schema.variable("/sst").unwrap();
    assert_eq!(sst.storage.chunk_shape, [2, 5]);
    assert_eq!(product.makings["/sst"].shard.as_deref(), Some(&[4, 5][..]));
    check_refused(
        r#"{"datasets": [], "chunks": {"time": 2}, "shards": {"time": 3}}"#,
        "no multiple of chunks of 2",
    );
}

#[test]
fn variables_come_with_what_they_need() {
    let product = made(r#"{"datasets": [], "variables": ["sst"]}"#).unwrap();
    let names: Vec<String> = product.schema.variables().into_iter().map(|(path, _)| path).collect();
    assert!(names.contains(&"/sst".to_owned()) && names.contains(&"/lat".to_owned()), "{names:?}");
    assert!(!names.contains(&"/label".to_owned()), "{names:?}");
}

#[test]
fn what_cannot_be_done_is_said() {
    check_refused(r#"{"datasets": [], "variables": ["none"]}"#, "the variable \"none\", which is not there");
    check_refused(r#"{"datasets": [], "chunks": {"none": 1}}"#, "the dimension \"none\", which is not there");
    check_refused(
        r#"{"datasets": [], "select": {"lat": {"min": 60, "max": 70}}}"#,
        "no coordinate is from 60 to 70",
    );
    check_refused(r#"{"datasets": [], "select": {"time": {"min": 1, "max": 2}}}"#, "/time has no numbers");
    check_refused(
        r#"{"datasets": [], "select": {"time": {"start": 9, "stop": 12}}}"#,
        "no index from 9 to 7",
    );
    check_refused(r#"{"datasets": [], "select": {"time": {"start": 0, "stop": 2, "step": 0}}}"#, "step is 0");
    check_refused(r#"{"datasets": [], "codec": {"id": "zstd", "level": 40}}"#, "level of zstd is 40");
}

proptest! {
    #[test]
    fn parts_of_parts_are_parts(
        (start, step, count) in (0_u64..50, 1_u64..5, 1_u64..20),
        (inner_start, inner_step, inner_count) in (0_u64..10, 1_u64..4, 1_u64..5),
    ) {
        let making = Making {
            part: vec![Stride { start, step, count }], unpack: false, round: None, compressor: Compressor::None {}, shard: None,
        };
        let wanted = Stride { start: inner_start, step: inner_step, count: inner_count };
        let taken: Vec<u64> = (0..count).map(|i| start + i * step).collect();
        let expected: Option<Vec<u64>> =
            (0..inner_count).map(|i| taken.get((inner_start + i * inner_step) as usize).copied()).collect();
        let got = making.source(&[wanted]).map(|s| (0..s[0].count).map(|i| s[0].at(i)).collect::<Vec<_>>());
        prop_assert_eq!(got, expected);
    }
}
