//! Schemas as JSON documents: how a schema crosses the boundary.
//!
//! Numbers of attributes are base64 of their little-endian bytes, so that every bit survives; text is plain where it is
//! UTF-8, else base64. Readers must ignore members that they do not know.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use weir_model as model;

use crate::{Bytes, Error};

#[derive(Serialize, Deserialize)]
struct Document {
    weir_schema: u32,
    root: Group,
}

#[derive(Serialize, Deserialize)]
struct Group {
    name: String,
    dimensions: Vec<Dimension>,
    attributes: Vec<Attribute>,
    variables: Vec<Variable>,
    groups: Vec<Group>,
}

#[derive(Serialize, Deserialize)]
struct Dimension {
    name: String,
    length: u64,
    unlimited: bool,
}

#[derive(Serialize, Deserialize)]
struct Variable {
    name: String,
    data_type: DataType,
    dimensions: Vec<String>,
    shape: Vec<u64>,
    attributes: Vec<Attribute>,
    chunk_shape: Vec<u64>,
    codecs: Vec<Codec>,
    big_endian: bool,
    fill: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Codec {
    Shuffle {
        element_size: u32,
    },
    Deflate {
        level: u32,
    },
    Fletcher32,
    Other {
        id: u32,
        name: String,
        // What the first plugins do not know of, they leave out.
        #[serde(default)]
        parameters: Vec<u32>,
        #[serde(default)]
        configuration: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DataType {
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float32,
    Float64,
    Char,
    String,
    FixedString { length: usize },
    Enum { name: String, base: Box<DataType>, members: Vec<(String, String)> },
    Opaque { name: String, size: usize },
    Compound { name: String, size: usize, fields: Vec<Field> },
    Vlen { name: String, element: Box<DataType> },
}

#[derive(Serialize, Deserialize)]
struct Field {
    name: String,
    offset: usize,
    data_type: DataType,
    shape: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct Attribute {
    name: String,
    #[serde(flatten)]
    value: Value,
}

/// Text, or base64 of bytes that are not UTF-8.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Bytes { base64: String },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "lowercase")]
enum Value {
    Int8(String),
    UInt8(String),
    Int16(String),
    UInt16(String),
    Int32(String),
    UInt32(String),
    Int64(String),
    UInt64(String),
    Float32(String),
    Float64(String),
    Char(Text),
    String(Vec<Text>),
    Other(String),
}

/// Writes a schema as a document.
///
/// # Errors
/// None is expected; a failing serializer is reported as an internal fault.
pub fn schema_to_document(schema: &model::Schema) -> Result<Bytes, Error> {
    let document = Document { weir_schema: 1, root: write_group(&schema.root) };
    let text =
        serde_json::to_vec(&document).map_err(|e| Error::internal(format!("cannot write a schema: {e}")))?;
    Ok(text.into())
}

/// Reads a document.
///
/// # Errors
/// Where it is not a schema document of version 1.
pub fn schema_from_document(document: &[u8]) -> Result<model::Schema, Error> {
    let error = |e: &dyn std::fmt::Display| Error::internal(format!("cannot read a schema document: {e}"));
    let document: Document = serde_json::from_slice(document).map_err(|e| error(&e))?;
    if document.weir_schema != 1 {
        return Err(error(&format!("it has version {}, but only 1 is known", document.weir_schema)));
    }
    let root = read_group(document.root).ok_or_else(|| error(&"a value is not what its type says"))?;
    Ok(model::Schema { root })
}

fn write_group(group: &model::Group) -> Group {
    let dimension =
        |d: &model::Dimension| Dimension { name: d.name.clone(), length: d.length, unlimited: d.unlimited };
    Group {
        name: group.name.clone(),
        dimensions: group.dimensions.iter().map(dimension).collect(),
        attributes: group.attributes.iter().map(write_attribute).collect(),
        variables: group.variables.iter().map(write_variable).collect(),
        groups: group.groups.iter().map(write_group).collect(),
    }
}

fn read_group(group: Group) -> Option<model::Group> {
    let dimension =
        |d: Dimension| model::Dimension { name: d.name, length: d.length, unlimited: d.unlimited };
    Some(model::Group {
        name: group.name,
        dimensions: group.dimensions.into_iter().map(dimension).collect(),
        attributes: group.attributes.into_iter().map(read_attribute).collect::<Option<_>>()?,
        variables: group.variables.into_iter().map(read_variable).collect::<Option<_>>()?,
        groups: group.groups.into_iter().map(read_group).collect::<Option<_>>()?,
    })
}

/// How a variable's stored bytes are laid out, as it crosses the boundary.
#[derive(Serialize, Deserialize)]
struct Layout {
    chunk_shape: Vec<u64>,
    codecs: Vec<Codec>,
    big_endian: bool,
    fill: String,
}

/// Writes a layout as a document.
///
/// # Errors
/// None is expected; a failing serializer is reported as an internal fault.
pub(crate) fn layout_to_document(storage: &model::Storage) -> Result<Bytes, Error> {
    let layout = Layout {
        chunk_shape: storage.chunk_shape.clone(),
        codecs: storage.codecs.iter().map(write_codec).collect(),
        big_endian: storage.byte_order == model::ByteOrder::Big,
        fill: STANDARD.encode(&storage.fill),
    };
    let text =
        serde_json::to_vec(&layout).map_err(|e| Error::internal(format!("cannot write a layout: {e}")))?;
    Ok(text.into())
}

/// Reads a layout.
///
/// # Errors
/// Where it is none.
pub(crate) fn layout_from_document(document: &[u8]) -> Result<model::Storage, Error> {
    let error = |e: &dyn std::fmt::Display| Error::internal(format!("cannot read a layout: {e}"));
    let layout: Layout = serde_json::from_slice(document).map_err(|e| error(&e))?;
    Ok(model::Storage {
        chunk_shape: layout.chunk_shape,
        codecs: layout.codecs.into_iter().map(read_codec).collect(),
        byte_order: if layout.big_endian { model::ByteOrder::Big } else { model::ByteOrder::Little },
        fill: STANDARD.decode(layout.fill).map_err(|e| error(&e))?,
    })
}

fn write_codec(codec: &model::Codec) -> Codec {
    match codec {
        model::Codec::Shuffle { element_size } => Codec::Shuffle { element_size: *element_size },
        model::Codec::Deflate { level } => Codec::Deflate { level: *level },
        model::Codec::Fletcher32 => Codec::Fletcher32,
        model::Codec::Other { id, name, parameters, configuration } => Codec::Other {
            id: *id,
            name: name.clone(),
            parameters: parameters.clone(),
            configuration: configuration.clone(),
        },
    }
}

fn read_codec(codec: Codec) -> model::Codec {
    match codec {
        Codec::Shuffle { element_size } => model::Codec::Shuffle { element_size },
        Codec::Deflate { level } => model::Codec::Deflate { level },
        Codec::Fletcher32 => model::Codec::Fletcher32,
        Codec::Other { id, name, parameters, configuration } => {
            model::Codec::Other { id, name, parameters, configuration }
        }
    }
}

fn write_variable(variable: &model::Variable) -> Variable {
    Variable {
        name: variable.name.clone(),
        data_type: write_type(&variable.data_type),
        dimensions: variable.dimensions.clone(),
        shape: variable.shape.clone(),
        attributes: variable.attributes.iter().map(write_attribute).collect(),
        chunk_shape: variable.storage.chunk_shape.clone(),
        codecs: variable.storage.codecs.iter().map(write_codec).collect(),
        big_endian: variable.storage.byte_order == model::ByteOrder::Big,
        fill: STANDARD.encode(&variable.storage.fill),
    }
}

fn read_variable(variable: Variable) -> Option<model::Variable> {
    let storage = model::Storage {
        chunk_shape: variable.chunk_shape,
        codecs: variable.codecs.into_iter().map(read_codec).collect(),
        byte_order: if variable.big_endian { model::ByteOrder::Big } else { model::ByteOrder::Little },
        fill: STANDARD.decode(variable.fill).ok()?,
    };
    Some(model::Variable {
        name: variable.name,
        data_type: read_type(variable.data_type)?,
        dimensions: variable.dimensions,
        shape: variable.shape,
        attributes: variable.attributes.into_iter().map(read_attribute).collect::<Option<_>>()?,
        storage,
    })
}

fn write_type(data_type: &model::DataType) -> DataType {
    use model::DataType as M;
    match data_type {
        M::Int8 => DataType::Int8,
        M::UInt8 => DataType::UInt8,
        M::Int16 => DataType::Int16,
        M::UInt16 => DataType::UInt16,
        M::Int32 => DataType::Int32,
        M::UInt32 => DataType::UInt32,
        M::Int64 => DataType::Int64,
        M::UInt64 => DataType::UInt64,
        M::Float32 => DataType::Float32,
        M::Float64 => DataType::Float64,
        M::Char => DataType::Char,
        M::String => DataType::String,
        M::FixedString { length } => DataType::FixedString { length: *length },
        M::Enum { name, base, members } => {
            let members = members.iter().map(|m| (m.name.clone(), m.value.to_string()));
            DataType::Enum {
                name: name.clone(),
                base: Box::new(write_type(base)),
                members: members.collect(),
            }
        }
        M::Opaque { name, size } => DataType::Opaque { name: name.clone(), size: *size },
        M::Compound { name, size, fields } => DataType::Compound {
            name: name.clone(),
            size: *size,
            fields: fields.iter().map(write_field).collect(),
        },
        M::Vlen { name, element } => {
            DataType::Vlen { name: name.clone(), element: Box::new(write_type(element)) }
        }
    }
}

fn write_field(field: &model::Field) -> Field {
    let (name, shape) = (field.name.clone(), field.shape.clone());
    Field { name, offset: field.offset, data_type: write_type(&field.data_type), shape }
}

fn read_type(data_type: DataType) -> Option<model::DataType> {
    use model::DataType as M;
    Some(match data_type {
        DataType::Int8 => M::Int8,
        DataType::UInt8 => M::UInt8,
        DataType::Int16 => M::Int16,
        DataType::UInt16 => M::UInt16,
        DataType::Int32 => M::Int32,
        DataType::UInt32 => M::UInt32,
        DataType::Int64 => M::Int64,
        DataType::UInt64 => M::UInt64,
        DataType::Float32 => M::Float32,
        DataType::Float64 => M::Float64,
        DataType::Char => M::Char,
        DataType::String => M::String,
        DataType::FixedString { length } => M::FixedString { length },
        DataType::Enum { name, base, members } => {
            let member = |(name, value): (String, String)| {
                Some(model::EnumMember { name, value: value.parse().ok()? })
            };
            let members = members.into_iter().map(member).collect::<Option<_>>()?;
            M::Enum { name, base: Box::new(read_type(*base)?), members }
        }
        DataType::Opaque { name, size } => M::Opaque { name, size },
        DataType::Compound { name, size, fields } => {
            let fields = fields.into_iter().map(read_field).collect::<Option<_>>()?;
            M::Compound { name, size, fields }
        }
        DataType::Vlen { name, element } => M::Vlen { name, element: Box::new(read_type(*element)?) },
    })
}

fn read_field(field: Field) -> Option<model::Field> {
    let data_type = read_type(field.data_type)?;
    Some(model::Field { name: field.name, offset: field.offset, data_type, shape: field.shape })
}

fn write_text(bytes: &[u8]) -> Text {
    match std::str::from_utf8(bytes) {
        Ok(text) => Text::Plain(text.to_owned()),
        Err(_) => Text::Bytes { base64: STANDARD.encode(bytes) },
    }
}

fn read_text(text: Text) -> Option<Vec<u8>> {
    match text {
        Text::Plain(text) => Some(text.into_bytes()),
        Text::Bytes { base64 } => STANDARD.decode(base64).ok(),
    }
}

/// Base64 of the little-endian bytes of numbers.
macro_rules! pack {
    ($numbers:expr) => {
        STANDARD.encode($numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>())
    };
}

/// Numbers from base64 of their little-endian bytes.
macro_rules! unpack {
    ($text:expr, $number:ty) => {{
        let bytes = STANDARD.decode($text).ok()?;
        let (whole, rest) = bytes.as_chunks::<{ size_of::<$number>() }>();
        if !rest.is_empty() {
            return None;
        }
        whole.iter().map(|chunk| <$number>::from_le_bytes(*chunk)).collect()
    }};
}

fn write_attribute(attribute: &model::Attribute) -> Attribute {
    use model::Value as M;
    let value = match &attribute.value {
        M::Int8(v) => Value::Int8(pack!(v)),
        M::UInt8(v) => Value::UInt8(pack!(v)),
        M::Int16(v) => Value::Int16(pack!(v)),
        M::UInt16(v) => Value::UInt16(pack!(v)),
        M::Int32(v) => Value::Int32(pack!(v)),
        M::UInt32(v) => Value::UInt32(pack!(v)),
        M::Int64(v) => Value::Int64(pack!(v)),
        M::UInt64(v) => Value::UInt64(pack!(v)),
        M::Float32(v) => Value::Float32(pack!(v)),
        M::Float64(v) => Value::Float64(pack!(v)),
        M::Char(bytes) => Value::Char(write_text(bytes)),
        M::String(texts) => Value::String(texts.iter().map(|text| write_text(text)).collect()),
        M::Other { description } => Value::Other(description.clone()),
    };
    Attribute { name: attribute.name.clone(), value }
}

fn read_attribute(attribute: Attribute) -> Option<model::Attribute> {
    use model::Value as M;
    let value = match attribute.value {
        Value::Int8(v) => M::Int8(unpack!(v, i8)),
        Value::UInt8(v) => M::UInt8(unpack!(v, u8)),
        Value::Int16(v) => M::Int16(unpack!(v, i16)),
        Value::UInt16(v) => M::UInt16(unpack!(v, u16)),
        Value::Int32(v) => M::Int32(unpack!(v, i32)),
        Value::UInt32(v) => M::UInt32(unpack!(v, u32)),
        Value::Int64(v) => M::Int64(unpack!(v, i64)),
        Value::UInt64(v) => M::UInt64(unpack!(v, u64)),
        Value::Float32(v) => M::Float32(unpack!(v, f32)),
        Value::Float64(v) => M::Float64(unpack!(v, f64)),
        Value::Char(text) => M::Char(read_text(text)?),
        Value::String(texts) => M::String(texts.into_iter().map(read_text).collect::<Option<_>>()?),
        Value::Other(description) => M::Other { description },
    };
    Some(model::Attribute { name: attribute.name, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{counting, dataset_of};

    fn attributes() -> Vec<model::Attribute> {
        use model::Value as M;
        let values = [
            M::Int8(vec![-1, 2]),
            M::UInt64(vec![u64::MAX]),
            M::Float32(vec![f32::NAN, -0.0, f32::INFINITY]),
            M::Float64(vec![1e300, f64::from_bits(0x7ff8_0000_0000_0001)]),
            M::Char(b"caf\xe9".to_vec()),
            M::String(vec![b"a".to_vec(), vec![0xff], vec![]]),
            M::Int32(vec![]),
            M::Other { description: "vlen pair".into() },
        ];
        let name = |(i, value)| model::Attribute { name: format!("a{i}"), value };
        values.into_iter().enumerate().map(name).collect()
    }

    #[test]
    fn documents_keep_every_bit() {
        let field =
            model::Field { name: "f".into(), offset: 2, data_type: model::DataType::Char, shape: vec![3] };
        let compound = model::DataType::Compound { name: "c".into(), size: 5, fields: vec![field] };
        let member = model::EnumMember { name: "most".into(), value: i128::from(u64::MAX) };
        let types = [
            model::DataType::Enum {
                name: "e".into(),
                base: Box::new(model::DataType::UInt64),
                members: vec![member],
            },
            model::DataType::Vlen { name: "v".into(), element: Box::new(compound) },
            model::DataType::FixedString { length: 4 },
            model::DataType::Opaque { name: "o".into(), size: 9 },
        ];
        let variables =
            types.into_iter().enumerate().map(|(i, t)| counting(&format!("v{i}"), t, &[("x", 2)]));
        let mut schema = dataset_of(variables.collect()).schema;
        schema.root.variables[0].storage.codecs = vec![
            model::Codec::Shuffle { element_size: 8 },
            model::Codec::Deflate { level: 4 },
            model::Codec::Fletcher32,
            model::Codec::Other {
                id: 32015,
                name: "zstd".into(),
                parameters: vec![3],
                configuration: "{}".into(),
            },
        ];
        schema.root.variables[0].attributes = attributes();
        schema.root.groups.push(model::Group { name: "g".into(), ..Default::default() });
        let back = schema_from_document(&schema_to_document(&schema).unwrap()).unwrap();
        // NaN is not equal to itself, so compare what is printed, which shows every value.
        assert_eq!(format!("{back:?}"), format!("{schema:?}"));
        let model::Value::Float64(floats) = &back.root.variables[0].attributes[3].value else {
            panic!("a float")
        };
        assert_eq!(floats[1].to_bits(), 0x7ff8_0000_0000_0001);
    }

    #[test]
    fn other_versions_are_refused() {
        let error = schema_from_document(b"{}").unwrap_err();
        assert!(error.message.starts_with("cannot read a schema document"), "{error}");
    }
}
