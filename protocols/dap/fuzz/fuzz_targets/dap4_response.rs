//! Any elements of any type: what is encoded and framed is what its DMR says. Any bytes: they are a response or not.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use weir_dap::dap4::data::{delimit, encode};
use weir_dap::dap4::response_chunk::{Framed, unframe};
use weir_dap::dap4::{Checksum, Checksums, Inventory, View, dmr};
use weir_model::{ByteOrder, DataType, Field, Group, Schema, Storage, Variable};

#[derive(Arbitrary, Debug)]
enum AnyType {
    Int16,
    Float64,
    Char,
    String,
    Padded(u8),
    Opaque(u8),
    List(Box<AnyType>),
    Record(Vec<(AnyType, u8)>),
}

fn data_type(any: AnyType) -> DataType {
    match any {
        AnyType::Int16 => DataType::Int16,
        AnyType::Float64 => DataType::Float64,
        AnyType::Char => DataType::Char,
        AnyType::String => DataType::String,
        AnyType::Padded(length) => DataType::FixedString { length: length.into() },
        AnyType::Opaque(size) => DataType::Opaque { name: "o".into(), size: size.into() },
        AnyType::List(element) => DataType::Vlen { name: "l".into(), element: Box::new(data_type(*element)) },
        AnyType::Record(parts) => {
            let mut size = 0_usize;
            let fields = parts.into_iter().enumerate().map(|(number, (any, length))| {
                let (data_type, length) = (data_type(any), u64::from(length % 4));
                let offset = size;
                size = size.saturating_add(data_type.size().unwrap_or(0).saturating_mul(length as usize));
                Field { name: format!("f{number}"), offset, data_type, shape: vec![length] }
            });
            let fields = fields.collect();
            DataType::Compound { name: "r".into(), size, fields }
        }
    }
}

fuzz_target!(|input: (AnyType, Vec<u8>, bool)| {
    let (any, stored, summed) = input;
    let _ = unframe(&stored).map_err(|bad| bad.to_string());
    let storage = Storage { chunk_shape: vec![], codecs: vec![], byte_order: ByteOrder::Little, fill: vec![] };
    let (dimensions, shape, attributes) = (vec![], vec![], vec![]);
    let variable =
        Variable { name: "x".into(), data_type: data_type(any), dimensions, shape, attributes, storage };
    let schema = Schema { root: Group { variables: vec![variable], ..Group::default() } };
    let inventory = Inventory::of(&schema);
    let view = View::of("", &inventory).expect("a scalar always fits");
    // A type that lies too deep in itself is left out.
    let Some(projected) = view.variables.first() else { return };
    let mut data = Vec::new();
    if encode(&projected.form, &stored, &mut data).is_err() {
        return;
    }
    assert!(projected.size().most.is_none_or(|most| most >= data.len() as u64));
    let (checksums, encoded) = (if summed { Checksums::Sent } else { Checksums::LeftOut }, data.clone());
    if summed {
        let mut checksum = Checksum::default();
        checksum.update(&encoded);
        data.extend(checksum.finish());
    }
    let text = dmr::write(&view.document("x"));
    let mut framed = Framed::new(text.as_bytes(), checksums, data.len()).expect("a small DMR");
    framed.push(&data);
    let unframed = unframe(&framed.finish().expect("as many bytes as announced")).expect("a whole response");
    let document = dmr::parse(std::str::from_utf8(&unframed.dmr).expect("text")).expect("a DMR");
    let found = delimit(&document, &unframed.data, unframed.checksums).expect("what the DMR says");
    assert_eq!(found.first().map(|one| one.bytes), Some(encoded.as_slice()));
});
