//! Any attributes: the DAS that is written is one that the strictest grammar reads. Any text: the grammar takes it or not.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use weir_dap::dap2::{Inventory, das, grammar};
use weir_model::{Attribute, ByteOrder, DataType, Group, Schema, Storage, Value, Variable};

#[derive(Arbitrary, Debug)]
enum AnyValue {
    Int8(Vec<i8>),
    UInt16(Vec<u16>),
    Int64(Vec<i64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Char(Vec<u8>),
    String(Vec<Vec<u8>>),
}

fn value(any: AnyValue) -> Value {
    match any {
        AnyValue::Int8(v) => Value::Int8(v),
        AnyValue::UInt16(v) => Value::UInt16(v),
        AnyValue::Int64(v) => Value::Int64(v),
        AnyValue::Float32(v) => Value::Float32(v),
        AnyValue::Float64(v) => Value::Float64(v),
        AnyValue::Char(v) => Value::Char(v),
        AnyValue::String(v) => Value::String(v),
    }
}

fuzz_target!(|input: (Vec<(String, AnyValue)>, AnyValue, String, u8)| {
    let (attributes, fill, text, kind) = input;
    let _ = grammar::parse_das(&text);
    let mut attributes: Vec<_> =
        attributes.into_iter().map(|(name, any)| Attribute { name, value: value(any) }).collect();
    let global = attributes.clone();
    attributes.push(Attribute { name: "_FillValue".into(), value: value(fill) });
    let types = [DataType::Int8, DataType::UInt16, DataType::Float32, DataType::String];
    let data_type = types[usize::from(kind) % types.len()].clone();
    let storage = Storage {
        chunk_shape: vec![],
        codecs: vec![],
        byte_order: ByteOrder::Big,
        fill: vec![0; data_type.size().unwrap_or(0)],
    };
    let (dimensions, shape) = (vec![], vec![]);
    let variable = Variable { name: text, data_type, dimensions, shape, attributes, storage };
    let root = Group { variables: vec![variable], attributes: global, ..Group::default() };
    let schema = Schema { root };
    let written = das::das(&Inventory::of(&schema), &|_, _| Some(7));
    grammar::parse_das(&written).expect("what is written can be read");
});
