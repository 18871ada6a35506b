//! Random datasets as trees of values.

use weir_dap::dap2::names::{self, Role};
use weir_plugin_api::model::{ByteOrder, DataType, Dimension, Field, Group, Schema, Storage, Variable};
use weir_plugin_api::testing::{MemoryDataset, Values};

/// A source of numbers that are the same for the same seed.
pub struct Dice {
    state: u64,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self { state: seed | 1 }
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.state >> 33) % limit.max(1)
    }

    pub fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }
}

/// One type of elements.
#[derive(Clone, Debug)]
pub enum Type {
    Number(DataType),
    /// Characters: so many along one more axis.
    Characters(u64),
    Fixed(usize),
    Text,
    Record {
        fields: Vec<Part>,
        size: usize,
        offsets: Vec<usize>,
    },
}

/// One field, with the name that DAP2 gives it.
#[derive(Clone, Debug)]
pub struct Part {
    pub name: String,
    pub spelled: String,
    pub of: Type,
    pub shape: Vec<u64>,
}

/// One element.
#[derive(Clone, Debug)]
pub enum Element {
    Number(i64),
    Text(Vec<u8>),
    /// The elements of each field, row-major.
    Record(Vec<Vec<Element>>),
}

/// One variable with its elements, row-major.
#[derive(Clone, Debug)]
pub struct Array {
    pub part: Part,
    pub is_sequence: bool,
    pub elements: Vec<Element>,
}

/// A dataset.
#[derive(Clone, Debug)]
pub struct Model {
    pub arrays: Vec<Array>,
}

const NUMBERS: [DataType; 8] = [
    DataType::Int8,
    DataType::UInt8,
    DataType::Int16,
    DataType::UInt16,
    DataType::Int32,
    DataType::UInt32,
    DataType::Float32,
    DataType::Float64,
];

impl Type {
    fn random(dice: &mut Dice, depth: u64) -> Self {
        match dice.below(if depth > 0 { 9 } else { 6 }) {
            0 => Self::Characters(dice.below(4) + 1),
            1 => Self::Fixed(dice.below(5) as usize + 1),
            2 => Self::Text,
            3..=5 => Self::Number(NUMBERS[dice.below(8) as usize].clone()),
            _ => {
                let fields: Vec<Part> =
                    (0..=dice.below(4)).map(|number| Part::random(number, dice, depth - 1)).collect();
                let mut size = dice.below(3) as usize;
                let mut offsets = vec![];
                for field in &fields {
                    offsets.push(size);
                    size += field.bytes().unwrap_or(0) + dice.below(4) as usize;
                }
                Self::Record { fields, size, offsets }
            }
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Number(data_type) => data_type.clone(),
            Self::Characters(_) => DataType::Char,
            Self::Fixed(length) => DataType::FixedString { length: *length },
            Self::Text => DataType::String,
            Self::Record { fields, size, offsets } => {
                let field = |(part, offset): (&Part, &usize)| Field {
                    name: part.name.clone(),
                    offset: *offset,
                    data_type: part.of.data_type(),
                    shape: part.stored_shape(),
                };
                let fields = fields.iter().zip(offsets).map(field).collect();
                DataType::Compound { name: "made".into(), size: *size, fields }
            }
        }
    }

    fn element(&self, dice: &mut Dice) -> Element {
        let text = |limit: u64, dice: &mut Dice| {
            (0..dice.below(limit + 1)).map(|_| b"abcde"[dice.below(5) as usize]).collect()
        };
        match self {
            Self::Number(DataType::UInt8 | DataType::UInt16 | DataType::UInt32) => {
                Element::Number(dice.below(250) as i64 + 1)
            }
            Self::Number(_) => Element::Number(dice.below(250) as i64 - 124),
            Self::Characters(width) => Element::Text(text(*width, dice)),
            Self::Fixed(length) => Element::Text(text(*length as u64, dice)),
            Self::Text => Element::Text(text(9, dice)),
            Self::Record { fields, .. } => {
                Element::Record(fields.iter().map(|field| field.elements(dice)).collect())
            }
        }
    }
}

impl Part {
    fn random(number: u64, dice: &mut Dice, depth: u64) -> Self {
        let name = match dice.below(4) {
            0 => format!("in side.{number}"),
            _ => format!("f{number}"),
        };
        let shape = (0..dice.below(3)).map(|_| dice.below(3) + 1).collect();
        let spelled = names::spell(&name, Role::Member);
        Self { name, spelled, of: Type::random(dice, depth), shape }
    }

    fn stored_shape(&self) -> Vec<u64> {
        let width = match self.of {
            Type::Characters(width) => Some(width),
            _ => None,
        };
        self.shape.iter().copied().chain(width).collect()
    }

    /// Bytes of all its elements where their size is fixed.
    fn bytes(&self) -> Option<usize> {
        let elements: u64 = self.stored_shape().iter().product();
        Some(self.of.data_type().size()? * elements as usize)
    }

    fn elements(&self, dice: &mut Dice) -> Vec<Element> {
        (0..self.shape.iter().product()).map(|_| self.of.element(dice)).collect()
    }

    /// The bytes of one element, little-endian; `inside` something else, varying text has its length in front.
    fn write(&self, element: &Element, inside: bool, out: &mut Vec<u8>) {
        match (&self.of, element) {
            (Type::Number(data_type), Element::Number(value)) => match data_type {
                DataType::Float32 => out.extend((*value as f32).to_le_bytes()),
                DataType::Float64 => out.extend((*value as f64).to_le_bytes()),
                other => out.extend(&value.to_le_bytes()[..other.size().unwrap()]),
            },
            (Type::Characters(width), Element::Text(text)) => padded(text, *width as usize, out),
            (Type::Fixed(length), Element::Text(text)) => padded(text, *length, out),
            (Type::Text, Element::Text(text)) => {
                if inside {
                    out.extend((text.len() as u64).to_le_bytes());
                }
                out.extend(text);
            }
            (Type::Record { fields, size, offsets }, Element::Record(values)) => {
                let packed = self.of.data_type().is_varying();
                let begin = out.len();
                for ((field, offset), values) in fields.iter().zip(offsets).zip(values) {
                    if !packed {
                        out.resize(begin + offset, 0xee);
                    }
                    values.iter().for_each(|value| field.write(value, true, out));
                }
                if !packed {
                    out.resize(begin + size, 0xee);
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

fn padded(text: &[u8], width: usize, out: &mut Vec<u8>) {
    let end = out.len() + width;
    out.extend(text);
    out.resize(end, 0);
}

impl Model {
    /// Some variables of any kind, one of them a table.
    pub fn random(dice: &mut Dice) -> Self {
        let mut arrays = vec![];
        for number in 0..=dice.below(4) {
            let depth = if dice.one_in(2) { 2 } else { 0 };
            let mut part = Part::random(number, dice, depth);
            part.name = match dice.below(3) {
                0 => format!("air temp{number}"),
                _ => format!("v{number}"),
            };
            part.spelled = names::spell(&part.name, Role::Variable);
            let elements = part.elements(dice);
            arrays.push(Array { part, is_sequence: false, elements });
        }
        let mut table = Part::random(9, dice, 0);
        (table.name, table.spelled, table.shape) = ("log".into(), "log".into(), vec![dice.below(12) + 1]);
        let column = |number| {
            let mut column = Part::random(number, dice, 0);
            column.shape.clear();
            column
        };
        let fields: Vec<Part> = (0..4).map(column).collect();
        let mut size = 0;
        let mut offsets = vec![];
        for field in &fields {
            offsets.push(size);
            size += field.bytes().unwrap_or(0);
        }
        table.of = Type::Record { fields, size, offsets };
        let elements = table.elements(dice);
        arrays.insert(
            dice.below(arrays.len() as u64 + 1) as usize,
            Array { part: table, is_sequence: true, elements },
        );
        Self { arrays }
    }

    pub fn dataset(&self) -> MemoryDataset {
        let mut root = Group::default();
        let mut dataset = MemoryDataset::default();
        for (number, array) in self.arrays.iter().enumerate() {
            let shape = array.part.stored_shape();
            let axis = |axis: usize| format!("d{number}_{axis}");
            let dimension = |(at, &length): (usize, &u64)| Dimension {
                name: axis(at),
                length,
                unlimited: array.is_sequence,
            };
            root.dimensions.extend(shape.iter().enumerate().map(dimension));
            let data_type = array.part.of.data_type();
            let varying = data_type.is_varying();
            let bytes = array.elements.iter().map(|element| {
                let mut out = vec![];
                array.part.write(element, false, &mut out);
                out
            });
            let bytes: Vec<Vec<u8>> = bytes.collect();
            let values = if varying { Values::Strings(bytes) } else { Values::Fixed(bytes.concat()) };
            dataset.values.insert(format!("/{}", array.part.name), values);
            let storage = Storage {
                chunk_shape: shape.iter().map(|&length| length.div_ceil(2)).collect(),
                codecs: vec![],
                byte_order: ByteOrder::Little,
                fill: vec![0; data_type.size().unwrap_or(0)],
            };
            let dimensions = (0..shape.len()).map(|at| format!("/{}", axis(at))).collect();
            let name = array.part.name.clone();
            root.variables.push(Variable { name, data_type, dimensions, shape, attributes: vec![], storage });
        }
        dataset.schema = Schema { root };
        dataset
    }
}
