//! What a column holds: seen from values, and as a type of Parquet ("Nested Types" of its specification).

use std::collections::BTreeMap;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::Type;
use serde_json::Value;

use super::rows::{Leaf, Values};

/// Objects with more members than this are JSON text.
const MOST_MEMBERS: usize = 200;

/// What a column holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shape {
    /// Nothing was seen.
    #[default]
    Nothing,
    /// Texts.
    Text,
    /// Numbers.
    Number,
    /// True or false.
    Truth,
    /// Instants, to the microsecond.
    Moment,
    /// Whatever it is, as JSON text.
    Json,
    /// Geometries of GeoJSON, as Well-Known Binary.
    Geometry,
    /// The edges of a box.
    Box,
    /// Lists.
    List(std::boxed::Box<Shape>),
    /// Objects.
    Struct(BTreeMap<String, Shape>),
}

/// The edges of a box, in the order of their columns.
pub const EDGES: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

/// Properties that are instants (STAC item specification, "Date and Time").
const INSTANTS: [&str; 7] =
    ["datetime", "start_datetime", "end_datetime", "created", "updated", "published", "expires"];

impl Shape {
    /// What holds one more value of the column with this name, too.
    pub fn with(self, name: &str, value: &Value) -> Self {
        match (name, value) {
            (_, Value::Null) => self,
            ("geometry", _) => Self::Geometry,
            ("bbox", _) => Self::Box,
            ("assets", _) => {
                self.with_members(value, |shape, asset| shape.with_members(asset, Self::with_plain))
            }
            ("links" | "providers", Value::Array(list)) => {
                let inner = match self {
                    Self::List(inner) => *inner,
                    _ => Self::Nothing,
                };
                Self::List(
                    list.iter().fold(inner, |inner, one| inner.with_members(one, Self::with_plain)).into(),
                )
            }
            (name, Value::String(_)) if INSTANTS.contains(&name) => Self::Moment,
            _ => self.with_plain(value),
        }
    }

    /// As [`with`](Self::with), where objects are JSON text.
    fn with_plain(self, value: &Value) -> Self {
        let seen = match value {
            Value::Null => return self,
            Value::Bool(_) => Self::Truth,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Object(_) => Self::Json,
            Value::Array(list) => {
                let inner = match &self {
                    Self::List(inner) => (**inner).clone(),
                    _ => Self::Nothing,
                };
                let inner = list.iter().fold(inner, |inner, one| match one {
                    Value::Array(_) => Self::Json,
                    one => inner.with_plain(one),
                });
                if inner == Self::Json { Self::Json } else { Self::List(inner.into()) }
            }
        };
        match self {
            Self::Nothing => seen,
            Self::List(_) if matches!(seen, Self::List(_)) => seen,
            same if same == seen => same,
            _ => Self::Json,
        }
    }

    fn with_members(self, value: &Value, with: impl Fn(Self, &Value) -> Self) -> Self {
        let mut members = match self {
            Self::Struct(members) => members,
            Self::Nothing => BTreeMap::new(),
            other => return other,
        };
        let Some(object) = value.as_object() else { return Self::Json };
        for (name, value) in object.iter().filter(|(name, _)| !name.is_empty()) {
            let shape = members.remove(name).unwrap_or_default();
            members.insert(name.clone(), with(shape, value));
        }
        if members.len() > MOST_MEMBERS { Self::Json } else { Self::Struct(members) }
    }

    /// Without parts of which nothing was seen; `None` where that is all.
    pub fn filled(self) -> Option<Self> {
        match self {
            Self::Nothing => None,
            Self::List(inner) => {
                // Elements that are there are told, although nothing is in them.
                let plain = if *inner == Self::Nothing { Self::Text } else { Self::Json };
                Some(Self::List(inner.filled().unwrap_or(plain).into()))
            }
            Self::Struct(members) => {
                let members: BTreeMap<_, _> =
                    members.into_iter().filter_map(|(name, shape)| Some((name, shape.filled()?))).collect();
                (!members.is_empty()).then_some(Self::Struct(members))
            }
            other => Some(other),
        }
    }

    /// The type of a column of this name.
    pub fn field(&self, name: &str) -> Result<Type, ParquetError> {
        let group = |fields: Vec<Type>| {
            Type::group_type_builder(name).with_fields(fields.into_iter().map(Arc::new).collect())
        };
        let optional = Repetition::OPTIONAL;
        match self {
            Self::List(inner) => {
                let list = Type::group_type_builder("list").with_repetition(Repetition::REPEATED);
                let list = list.with_fields(vec![Arc::new(inner.field("element")?)]).build()?;
                group(vec![list]).with_repetition(optional).with_logical_type(Some(LogicalType::List)).build()
            }
            Self::Struct(members) => {
                let fields = members.iter().map(|(name, shape)| shape.field(name));
                group(fields.collect::<Result<_, _>>()?).with_repetition(optional).build()
            }
            Self::Box => {
                let fields = EDGES.iter().map(|edge| Self::Number.field(edge));
                group(fields.collect::<Result<_, _>>()?).with_repetition(optional).build()
            }
            plain => {
                let (physical, logical) = match plain {
                    Self::Number => (Physical::DOUBLE, None),
                    Self::Truth => (Physical::BOOLEAN, None),
                    Self::Moment => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
                    Self::Geometry => (Physical::BYTE_ARRAY, None),
                    _ => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
                };
                let leaf = Type::primitive_type_builder(name, physical).with_repetition(optional);
                leaf.with_logical_type(logical).build()
            }
        }
    }

    /// The columns without parts that it is made of, empty.
    pub fn leaves(&self) -> Vec<Leaf> {
        match self {
            Self::List(inner) => inner.leaves(),
            Self::Struct(members) => members.values().flat_map(Self::leaves).collect(),
            Self::Box => EDGES.iter().map(|_| Leaf::new(Values::Numbers(vec![]))).collect(),
            Self::Number => vec![Leaf::new(Values::Numbers(vec![]))],
            Self::Truth => vec![Leaf::new(Values::Truths(vec![]))],
            Self::Moment => vec![Leaf::new(Values::Instants(vec![]))],
            Self::Nothing | Self::Text | Self::Json | Self::Geometry => {
                vec![Leaf::new(Values::Bytes(vec![]))]
            }
        }
    }
}
