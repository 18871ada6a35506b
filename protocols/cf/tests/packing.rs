//! Unpacking compared with xarray, from a file that `make_packing.py` writes. `WEIR_CF_PACKING` may name a larger one.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use weir_cf::packing::{NumberType, Packing};
use weir_model::{Attribute, ByteOrder, DataType, Storage, Value, Variable};

const PACKING: &str = include_str!("packing.txt");

fn data_type(name: &str) -> DataType {
    match name {
        "int8" => DataType::Int8,
        "uint8" => DataType::UInt8,
        "int16" => DataType::Int16,
        "uint16" => DataType::UInt16,
        "int32" => DataType::Int32,
        "uint32" => DataType::UInt32,
        "int64" => DataType::Int64,
        "uint64" => DataType::UInt64,
        "float32" => DataType::Float32,
        "float64" => DataType::Float64,
        _ => panic!("{name}"),
    }
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> Vec<T> {
    text.split(',').map(|one| one.parse().unwrap()).collect()
}

fn value(kind: &str, text: &str) -> Value {
    match kind {
        "text" => Value::text(text),
        "int8" => Value::Int8(parsed(text)),
        "uint8" => Value::UInt8(parsed(text)),
        "int16" => Value::Int16(parsed(text)),
        "uint16" => Value::UInt16(parsed(text)),
        "int32" => Value::Int32(parsed(text)),
        "uint32" => Value::UInt32(parsed(text)),
        "int64" => Value::Int64(parsed(text)),
        "uint64" => Value::UInt64(parsed(text)),
        "float32" => Value::Float32(parsed(text)),
        "float64" => Value::Float64(parsed(text)),
        _ => panic!("{kind}"),
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Int8(v) => v.iter().flat_map(|x| x.to_ne_bytes()).collect(),
        Value::UInt8(v) => v.clone(),
        Value::Int16(v) => v.iter().flat_map(|x| x.to_ne_bytes()).collect(),
        Value::UInt16(v) => v.iter().flat_map(|x| x.to_ne_bytes()).collect(),
        Value::Int32(v) => v.iter().flat_map(|x| x.to_ne_bytes()).collect(),
        Value::UInt32(v) => v.iter().flat_map(|x| x.to_ne_bytes()).collect(),
        Value::Int64(v) => v.iter().flat_map(|x| x.to_ne_bytes()).collect(),
        Value::UInt64(v) => v.iter().flat_map(|x| x.to_ne_bytes()).collect(),
        Value::Float32(v) => v.iter().flat_map(|x| x.to_ne_bytes()).collect(),
        Value::Float64(v) => v.iter().flat_map(|x| x.to_ne_bytes()).collect(),
        _ => panic!("{value:?}"),
    }
}

fn attribute(text: &str) -> Attribute {
    let (name, rest) = text.split_once('=').unwrap();
    let (kind, text) = rest.split_once(':').unwrap();
    Attribute { name: name.to_owned(), value: value(kind, text) }
}

fn variable(data_type: DataType, attributes: Vec<Attribute>) -> Variable {
    let storage =
        Storage { chunk_shape: vec![6], codecs: vec![], byte_order: ByteOrder::NATIVE, fill: vec![] };
    let (name, dimensions, shape) = ("v".to_owned(), vec!["/x".to_owned()], vec![6]);
    Variable { name, data_type, dimensions, shape, attributes, storage }
}

/// Compares one line; returns how many numbers agreed.
fn check(line: &str) -> usize {
    let fields: Vec<&str> = line.split('\t').collect();
    let [kind, attributes, stored, expected_kind, expected] = fields[..] else { panic!("{line}") };
    let attributes = attributes.split(';').filter(|text| !text.is_empty()).map(attribute).collect();
    let packing = Packing::of(&variable(data_type(kind), attributes)).unwrap().without_valid_range();
    let stored = bytes(&value(kind, &stored.replace(' ', ",")));
    let expected_kind = NumberType::of(&data_type(expected_kind)).unwrap();
    assert_eq!(packing.unpacked(), expected_kind, "{line}");
    let mut unpacked = Vec::new();
    packing.unpack(&stored, &mut unpacked).unwrap();
    let expected: Vec<f64> = parsed(&expected.replace(' ', ","));
    let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
    assert!(unpacked.iter().zip(&expected).all(same), "{line}: {unpacked:?}");
    assert_eq!(unpacked.len(), expected.len());
    if expected_kind == NumberType::Float32 {
        let mut singles = Vec::new();
        packing.unpack_singles(&stored, &mut singles).unwrap();
        let doubles: Vec<f64> = singles.into_iter().map(f64::from).collect();
        assert!(doubles.iter().zip(&expected).all(same), "{line}: {doubles:?}");
    }
    let mut present = Vec::new();
    packing.present(&stored, &mut present).unwrap();
    assert!(present.iter().zip(&expected).all(|(present, value)| *present != value.is_nan()), "{line}");
    unpacked.len()
}

#[test]
fn numbers_are_those_of_xarray() {
    let larger = std::env::var("WEIR_CF_PACKING").ok().map(|path| std::fs::read_to_string(path).unwrap());
    let agreed: usize = larger.as_deref().unwrap_or(PACKING).lines().map(check).sum();
    assert!(agreed >= 2000, "only {agreed} numbers were compared");
    println!("{agreed} numbers agree");
}
