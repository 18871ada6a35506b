//! Data responses, read back: what is encoded from any variables is what is read; and any bytes behind any DDS are read
//! alike in one piece and in many, never past the announced size, and never into JSON that is none.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use weir_dap::dap2::ascii::Ascii;
use weir_dap::dap2::grammar::{Das, parse_dds};
use weir_dap::dap2::json::Json;
use weir_dap::dap2::text::{Format, Transcript, most};
use weir_dap::dap2::values::{Event, Reader, Tree, Value};
use weir_dap::dap2::{AtomicType, Inventory, Leaf, View, dods::Layout, xdr};
use weir_model::{ByteOrder, DataType, Dimension, Group, Schema, Storage, Variable};

#[derive(Arbitrary, Debug)]
struct Input {
    variables: Vec<(u8, Vec<u8>)>,
    dds: String,
    data: Vec<u8>,
    piece: u8,
}

const TYPES: [DataType; 9] = [
    DataType::Int8,
    DataType::UInt8,
    DataType::Int16,
    DataType::UInt16,
    DataType::Int32,
    DataType::UInt32,
    DataType::Float32,
    DataType::Float64,
    DataType::String,
];

/// Variables of at most 4 axes of at most 4 indices.
fn schema(variables: &[(u8, Vec<u8>)]) -> Schema {
    let dimensions = (0..5).map(|length| Dimension { name: format!("d{length}"), length, unlimited: false });
    let variable = |(number, (of, axes)): (usize, &(u8, Vec<u8>))| {
        let shape: Vec<u64> = axes.iter().take(4).map(|axis| u64::from(axis % 5)).collect();
        let data_type = TYPES[usize::from(*of) % TYPES.len()].clone();
        let storage = Storage {
            chunk_shape: shape.iter().map(|length| (*length).max(1)).collect(),
            codecs: vec![],
            byte_order: ByteOrder::Big,
            fill: vec![0; data_type.size().unwrap_or(0)],
        };
        let dimensions = shape.iter().map(|length| format!("/d{length}")).collect();
        Variable { name: format!("v{number}"), data_type, dimensions, shape, attributes: vec![], storage }
    };
    let variables = variables.iter().take(6).enumerate().map(variable).collect();
    Schema { root: Group { dimensions: dimensions.collect(), variables, ..Group::default() } }
}

/// Encodes the variables with the bytes of `data` over and over, and reads them back.
fn encode_and_read(input: &Input) {
    let schema = schema(&input.variables);
    let inventory = Inventory::of(&schema);
    let view = View::whole(&inventory).expect("a small dataset has a view");
    let layout = Layout::of(&view, "d").expect("a small dataset has a layout");
    let mut bytes = input.data.iter().copied().chain(0..=255).cycle();
    let mut response = layout.head;
    let mut expected = Vec::new();
    for (leaf, part) in view.leaves().zip(layout.parts) {
        let Leaf::Array(array) = leaf else { panic!("plain variables are arrays") };
        let begin = response.len();
        response.extend(part.counts);
        let data_type = array.data_type();
        let stored = &array.entry.variable.data_type;
        let size = stored.size().unwrap_or(3);
        let elements: Vec<Vec<u8>> = (0..array.elements()).map(|_| bytes.by_ref().take(size).collect()).collect();
        if data_type == AtomicType::String {
            elements.iter().for_each(|text| assert!(xdr::write_text(text, &mut response)));
        } else {
            response.extend(xdr::numbers(stored, (data_type, part.form), elements.concat()));
        }
        response.extend((0..part.padding).map(|_| 0));
        if let Some(size) = part.size.exact() {
            assert_eq!((response.len() - begin) as u64, size);
        }
        expected.extend(elements.iter().map(|element| match (stored, element.as_slice()) {
            (DataType::Int8, &[byte]) => i16::from(byte.cast_signed()).to_be_bytes().to_vec(),
            (DataType::UInt8, &[byte]) if data_type == AtomicType::Int16 => vec![0, byte],
            (_, element) => element.to_vec(),
        }));
    }
    let mut reader = Reader::new();
    let mut found = Vec::new();
    for piece in response.chunks(usize::from(input.piece).max(1)) {
        reader.push(piece);
        while let Some((_, event)) = reader.next().expect("what is encoded can be read") {
            let Event::Value(value) = event else { continue };
            found.push(match value {
                Value::Byte(value) => vec![value],
                Value::Int16(value) => value.to_be_bytes().to_vec(),
                Value::UInt16(value) => value.to_be_bytes().to_vec(),
                Value::Int32(value) => value.to_be_bytes().to_vec(),
                Value::UInt32(value) => value.to_be_bytes().to_vec(),
                Value::Float32(value) => value.to_bits().to_be_bytes().to_vec(),
                Value::Float64(value) => value.to_bits().to_be_bytes().to_vec(),
                Value::Text(text) => text.to_vec(),
            });
        }
    }
    reader.finish().expect("nothing is left");
    assert_eq!(found, expected);
}

/// The text of a response, or nothing where it is broken.
fn transcript(format: impl Format, response: &[u8], piece: usize) -> Option<String> {
    let mut transcript = Transcript::new(format);
    let mut out = String::new();
    for bytes in response.chunks(piece.max(1)) {
        transcript.push(bytes, &mut out).ok()?;
    }
    transcript.finish(&mut out).ok().map(|()| out)
}

fuzz_target!(|input: Input| {
    encode_and_read(&input);
    let dds = format!("Dataset {{\n{}}} d;\n", input.dds);
    let response = [dds.as_bytes(), b"Data:\n", &input.data].concat();
    let piece = usize::from(input.piece);
    let json = || Json::new(Das { containers: vec![] });
    let text = transcript(Ascii::default(), &response, response.len());
    let document = transcript(json(), &response, response.len());
    assert_eq!(transcript(Ascii::default(), &response, piece), text);
    assert_eq!(transcript(json(), &response, piece), document);
    let Some(tree) = parse_dds(&dds).ok().and_then(|dds| Tree::of(&dds).ok()) else { return };
    let limit = most(&tree, response.len() as u64);
    for text in [text, document.clone()].into_iter().flatten() {
        assert!(limit.is_none_or(|limit| text.len() as u64 <= limit));
    }
    if let Some(document) = document {
        let parsed: Result<serde_json::Value, _> = serde_json::from_str(&document);
        assert!(parsed.is_ok(), "{document}");
    }
});
