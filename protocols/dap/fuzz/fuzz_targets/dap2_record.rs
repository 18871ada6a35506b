//! Any compound type, any bytes: an element is damaged, or what is sent of it is what a client reads to the end.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use weir_dap::dap2::values::Reader;
use weir_dap::dap2::{Inventory, Leaf, View, dods::Layout};
use weir_model::{ByteOrder, DataType, Field, Group, Schema, Storage, Variable};

#[derive(Arbitrary, Debug)]
enum Kind {
    Number(u8),
    Characters(u8),
    Fixed(u8),
    Text,
    Sequence(u8),
    Record(Vec<Member>),
}

#[derive(Arbitrary, Debug)]
struct Member {
    name: String,
    offset: u8,
    shape: Vec<u8>,
    kind: Kind,
}

const NUMBERS: [DataType; 9] = [
    DataType::Int8,
    DataType::UInt8,
    DataType::Int16,
    DataType::UInt16,
    DataType::Int32,
    DataType::UInt32,
    DataType::Int64,
    DataType::Float32,
    DataType::Float64,
];

fn number(of: u8) -> DataType {
    NUMBERS[usize::from(of) % NUMBERS.len()].clone()
}

fn compound(members: &[Member], depth: usize) -> DataType {
    let field = |member: &Member| {
        let mut shape: Vec<u64> = member.shape.iter().take(3).map(|length| u64::from(length % 4)).collect();
        let data_type = match &member.kind {
            Kind::Number(of) => number(*of),
            Kind::Characters(width) => {
                shape.push(u64::from(*width % 9));
                DataType::Char
            }
            Kind::Fixed(length) => DataType::FixedString { length: usize::from(*length % 9) },
            Kind::Text => DataType::String,
            Kind::Sequence(of) => DataType::Vlen { name: "v".into(), element: Box::new(number(*of)) },
            Kind::Record(members) if depth < 20 => compound(members, depth + 1),
            Kind::Record(_) => DataType::Int8,
        };
        Field { name: member.name.clone(), offset: usize::from(member.offset), data_type, shape }
    };
    DataType::Compound { name: "c".into(), size: 64, fields: members.iter().take(8).map(field).collect() }
}

fuzz_target!(|input: (Vec<Member>, Vec<u8>)| {
    let (members, element) = input;
    let data_type = compound(&members, 0);
    let storage =
        Storage { chunk_shape: vec![], codecs: vec![], byte_order: ByteOrder::Little, fill: vec![] };
    let (dimensions, shape, attributes) = (vec![], vec![], vec![]);
    let variable = Variable { name: "s".into(), data_type, dimensions, shape, attributes, storage };
    let schema = Schema { root: Group { variables: vec![variable], ..Group::default() } };
    let inventory = Inventory::of(&schema);
    let view = View::whole(&inventory).expect("one element is no overflow");
    let Some(Leaf::Records(record)) = view.leaves().next() else { return };
    let layout = Layout::of(&view, "d").expect("small arrays can be counted");
    let mut response = layout.head;
    let head = response.len();
    if record.encoder().encode(&element, &mut response).is_err() {
        return;
    }
    if let Some(size) = layout.size.exact() {
        assert_eq!(response.len() as u64, size);
    }
    assert!((response.len() - head).is_multiple_of(4));
    let mut reader = Reader::new();
    reader.push(&response);
    while reader.next().expect("what is encoded can be read").is_some() {}
    reader.finish().expect("nothing is left");
});
