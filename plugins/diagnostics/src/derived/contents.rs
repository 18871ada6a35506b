//! What made datasets hold: variables that are made when they are read, and coordinates that are at hand.

use std::collections::BTreeMap;

use weir_cf::packing::NumberType;
use weir_model::{
    Attribute, ByteOrder, DataType, Dimension, Group, Hyperslab, Pieces, Schema, Storage, Stride, Value,
    Variable,
};
use weir_plugin_api::Error;
use weir_selection::Indices;

use crate::engine::axis::counted;
use crate::engine::values::{One, Values};
use crate::labels::Labels;
use crate::proposals::proposal;
use crate::result::ResultCoordinate;

/// A variable that is made when it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Computed {
    /// Its name.
    pub name: String,
    /// The names and lengths of its dimensions.
    pub dimensions: Vec<(String, u64)>,
    /// Its type.
    pub data_type: DataType,
    /// What is said of it, without what says how it is stored.
    pub attributes: Vec<Attribute>,
    /// The chunks in which it is best read.
    pub chunks: Vec<u64>,
}

/// The type of values.
#[must_use]
pub fn data_type(values: &Values) -> DataType {
    match values {
        Values::Float32(_) => DataType::Float32,
        Values::Float64(_) => DataType::Float64,
        Values::Truth(_) | Values::Signed(NumberType::Int8, _) => DataType::Int8,
        Values::Signed(NumberType::UInt8, _) => DataType::UInt8,
        Values::Signed(NumberType::Int16, _) => DataType::Int16,
        Values::Signed(NumberType::UInt16, _) => DataType::UInt16,
        Values::Signed(NumberType::Int32, _) => DataType::Int32,
        Values::Signed(NumberType::UInt32, _) => DataType::UInt32,
        Values::Signed(..) => DataType::Int64,
        Values::Unsigned(_) => DataType::UInt64,
    }
}

/// The dataset of some variables with their coordinates.
///
/// # Errors
/// `Unsupported` where two of them have one name, or a dimension two lengths.
pub fn schema(computed: &[Computed], coordinates: &[ResultCoordinate], title: &str) -> Result<Schema, Error> {
    let mut root = Group::default();
    for (name, length) in computed.iter().flat_map(|one| &one.dimensions) {
        match root.dimensions.iter().find(|dimension| dimension.name == *name) {
            None => {
                root.dimensions.push(Dimension { name: name.clone(), length: *length, unlimited: false });
            }
            Some(other) if other.length != *length => {
                let other = other.length;
                return Err(Error::unsupported(format!(
                    "dimension {name} has {length} indices for one variable, and {other} for another"
                )));
            }
            Some(_) => {}
        }
    }
    root.variables = coordinates.iter().map(|one| held(one, &root.dimensions)).collect::<Result<_, _>>()?;
    for one in computed {
        if root.variables.iter().any(|other| other.name == one.name) {
            let name = &one.name;
            return Err(Error::unsupported(format!("{name} would be the name of two variables")));
        }
        root.variables.push(variable(one, coordinates));
    }
    for (name, words) in [("Conventions", "CF-1.11"), ("title", title)] {
        root.attributes.push(Attribute { name: name.to_owned(), value: Value::text(words) });
    }
    Ok(Schema { root })
}

fn storage(data_type: &DataType, chunks: Vec<u64>) -> Storage {
    let fill = match data_type {
        DataType::Float32 => f32::NAN.to_le_bytes().to_vec(),
        DataType::Float64 => f64::NAN.to_le_bytes().to_vec(),
        other => vec![0; other.size().unwrap_or(0)],
    };
    Storage { chunk_shape: chunks, codecs: vec![], byte_order: ByteOrder::NATIVE, fill }
}

fn paths(names: &[String]) -> Vec<String> {
    names.iter().map(|name| format!("/{name}")).collect()
}

fn variable(one: &Computed, coordinates: &[ResultCoordinate]) -> Variable {
    let names: Vec<String> = one.dimensions.iter().map(|(name, _)| name.clone()).collect();
    let mut attributes = one.attributes.clone();
    let own = coordinates.iter().filter(|coordinate| {
        coordinate.dimensions != [coordinate.name.clone()]
            && coordinate.dimensions.iter().all(|name| names.contains(name))
    });
    let beside: Vec<&str> = own.map(|coordinate| coordinate.name.as_str()).collect();
    if !beside.is_empty() {
        attributes.push(Attribute { name: "coordinates".to_owned(), value: Value::text(&beside.join(" ")) });
    }
    let fill = match one.data_type {
        DataType::Float32 => Some(Value::Float32(vec![f32::NAN])),
        DataType::Float64 => Some(Value::Float64(vec![f64::NAN])),
        _ => None,
    };
    attributes.extend(fill.map(|value| Attribute { name: "_FillValue".to_owned(), value }));
    Variable {
        name: one.name.clone(),
        data_type: one.data_type.clone(),
        dimensions: paths(&names),
        shape: one.dimensions.iter().map(|(_, length)| *length).collect(),
        attributes,
        storage: storage(&one.data_type, one.chunks.clone()),
    }
}

/// The type in which a coordinate is given: integers of 64 bits as such of 32 where all fit, which clients of every protocol know.
#[must_use]
pub fn label_type(labels: &Labels) -> DataType {
    match labels {
        Labels::Numbers(values) | Labels::Times(_, values) => match values {
            Values::Signed(NumberType::Int64, numbers)
                if numbers.iter().all(|number| i32::try_from(*number).is_ok()) =>
            {
                DataType::Int32
            }
            values => data_type(values),
        },
        Labels::Texts(_) => DataType::String,
    }
}

/// Values in a type: integers as doubles, or as such of 32 bits.
#[must_use]
pub fn in_type(values: Values, data_type: &DataType) -> Values {
    match (values, data_type) {
        (Values::Signed(NumberType::Int64, numbers), DataType::Int32) => {
            Values::Signed(NumberType::Int32, numbers)
        }
        (values @ (Values::Signed(..) | Values::Unsigned(_) | Values::Truth(_)), DataType::Float64) => {
            let doubles = (0..values.len()).filter_map(|place| values.at(place)).map(One::double);
            Values::Float64(doubles.collect())
        }
        (values, _) => values,
    }
}

fn held(coordinate: &ResultCoordinate, dimensions: &[Dimension]) -> Result<Variable, Error> {
    let data_type = label_type(&coordinate.labels);
    let length = |name: &String| dimensions.iter().find(|one| one.name == *name).map(|one| one.length);
    let shape: Option<Vec<u64>> = coordinate.dimensions.iter().map(length).collect();
    let elements = |shape: &[u64]| shape.iter().try_fold(1_u64, |all, one| all.checked_mul(*one));
    let shape = shape.filter(|shape| elements(shape) == Some(coordinate.labels.len() as u64));
    let name = coordinate.name.clone();
    let shape = shape
        .ok_or_else(|| Error::internal(format!("coordinate {name} has another shape than the result")))?;
    let chunks = shape.iter().map(|length| (*length).max(1)).collect();
    let storage = storage(&data_type, chunks);
    let (dimensions, attributes) = (paths(&coordinate.dimensions), coordinate.attributes.clone());
    Ok(Variable { name, data_type, dimensions, shape, attributes, storage })
}

/// Row-major places of a hyperslab's elements in an array of a shape.
///
/// # Errors
/// `Internal` where it does not lie inside.
pub fn places(slab: &Hyperslab, shape: &[u64]) -> Result<Vec<usize>, Error> {
    let outside = || Error::internal("a hyperslab does not lie inside of its variable");
    let mut places = vec![0_usize];
    for (stride, length) in slab.strides().iter().zip(shape) {
        let mut next = Vec::new();
        for outer in &places {
            for n in 0..stride.count {
                let at = (*outer as u64).checked_mul(*length).and_then(|base| base.checked_add(stride.at(n)));
                let at = at.filter(|_| stride.at(n) < *length).and_then(|at| usize::try_from(at).ok());
                next.push(at.ok_or_else(outside)?);
            }
        }
        places = next;
    }
    if slab.strides().len() == shape.len() { Ok(places) } else { Err(outside()) }
}

/// Fills `out` with a variable, piece by piece; `make` makes the values of one.
///
/// # Errors
/// Those of `make`; `Internal` where the pieces are not as many elements as there is room for.
pub fn fill(
    (of, order): (&Computed, ByteOrder),
    pieces: Pieces,
    out: &mut [u8],
    make: impl Fn(&Hyperslab) -> Result<Values, Error>,
) -> Result<(), Error> {
    let wrong = || Error::internal("the buffer has another number of elements than are wanted");
    let (size, mut rest) = (of.data_type.size().unwrap_or(0), out);
    for piece in pieces {
        let length = counted(piece.elements()).checked_mul(size).ok_or_else(wrong)?;
        let (own, behind) = rest.split_at_mut_checked(length).ok_or_else(wrong)?;
        write(&make(&piece)?, (&of.data_type, order), own)?;
        rest = behind;
    }
    if rest.is_empty() { Ok(()) } else { Err(wrong()) }
}

/// Some of the indices.
///
/// # Errors
/// None for strides that lie inside.
pub fn strided(indices: &Indices, stride: Stride) -> Result<Indices, Error> {
    let span = stride.count.saturating_sub(1).saturating_mul(stride.step).saturating_add(1);
    match stride.count {
        0 => Ok(Indices::of_runs(vec![])),
        _ => indices.part(stride.start, span).thinned(stride.step),
    }
}

/// How many indices that are chosen a chunk of the source has.
#[must_use]
pub fn chosen_chunk(chunk: u64, indices: &Indices) -> u64 {
    let step = match indices.runs() {
        [run] => run.stride.step.max(1),
        _ => 1,
    };
    chunk.div_ceil(step).max(1)
}

/// Chunks have at most about so many bytes.
const MOST_CHUNK_BYTES: u64 = 16 << 20;

/// Lengths of chunks, each with that of the whole, made so small that a chunk is not too large to be sent at once.
#[must_use]
pub fn bounded(mut chunks: Vec<(u64, u64)>, size: u64) -> Vec<u64> {
    let bytes = |chunks: &[(u64, u64)]| {
        chunks.iter().map(|(chunk, all)| (*chunk).min((*all).max(1))).fold(size, u64::saturating_mul)
    };
    for at in 0..chunks.len() {
        while bytes(&chunks) > MOST_CHUNK_BYTES {
            match chunks.get_mut(at) {
                Some((chunk, all)) if (*chunk).min(*all) > 1 => *chunk = (*chunk).min(*all).div_ceil(2),
                _ => break,
            }
        }
    }
    chunks.into_iter().map(|(chunk, all)| chunk.clamp(1, all.max(1))).collect()
}

/// Checks that chunks are given along dimensions that there are.
///
/// # Errors
/// `BadRequest` with the names of those, and the nearest.
pub fn check_chunks(chunks: &BTreeMap<String, u64>, dimensions: &[(String, u64)]) -> Result<(), Error> {
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| name.as_str()).collect();
    match chunks.iter().find(|(name, length)| !names.contains(&name.as_str()) || **length == 0) {
        None => Ok(()),
        Some((name, 0)) => {
            Err(Error::bad_request(format!("chunks along {name} have a length of 0; it is 1 or more")))
        }
        Some((name, _)) => Err(Error::bad_request(format!(
            "chunks are given along {name:?}, but the dimensions are {}{}",
            names.join(", "),
            proposal(name, &names)
        ))),
    }
}

/// Writes values as elements of a type, in an order, into all of `out`.
///
/// # Errors
/// `Internal` where they are of another type, or another number: what was described is what is given, or nothing.
pub fn write(
    values: &Values,
    (data_type, order): (&DataType, ByteOrder),
    out: &mut [u8],
) -> Result<(), Error> {
    let wrong = || Error::internal("the values are not what the dataset was said to hold");
    let size = data_type.size().unwrap_or(0);
    if size == 0 || values.len().checked_mul(size) != Some(out.len()) || self::data_type(values) != *data_type
    {
        return Err(wrong());
    }
    for (place, element) in out.chunks_exact_mut(size).enumerate() {
        let bytes: [u8; 8] = match values.at(place).ok_or_else(wrong)? {
            One::Float32(value) => wide(&value.to_le_bytes()),
            One::Float64(value) => value.to_le_bytes(),
            One::Signed(value) => value.to_le_bytes(),
            One::Unsigned(value) => value.to_le_bytes(),
            One::Truth(value) => wide(&[u8::from(value)]),
        };
        element.copy_from_slice(bytes.get(..size).ok_or_else(wrong)?);
        if order == ByteOrder::Big {
            element.reverse();
        }
    }
    Ok(())
}

/// Bytes with zeros behind them.
fn wide(bytes: &[u8]) -> [u8; 8] {
    let mut all = [0; 8];
    all.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_elements() {
        let check = |values: Values, order: ByteOrder, expected: &[u8]| {
            let data_type = data_type(&values);
            let mut out = vec![9; expected.len()];
            write(&values, (&data_type, order), &mut out).unwrap();
            assert_eq!(out, expected, "{values:?}");
            assert!(write(&values, (&DataType::Char, order), &mut out).is_err());
            assert!(write(&values, (&data_type, order), &mut [0; 17]).is_err());
        };
        check(Values::Float32(vec![1.5, -2.0]), ByteOrder::Big, &[0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0]);
        check(Values::Float64(vec![1.5]), ByteOrder::Little, &1.5_f64.to_le_bytes());
        check(Values::Signed(NumberType::Int16, vec![-2, 3]), ByteOrder::Little, &[0xfe, 0xff, 3, 0]);
        check(Values::Signed(NumberType::UInt8, vec![200]), ByteOrder::Big, &[200]);
        check(Values::Signed(NumberType::Int64, vec![-1]), ByteOrder::Big, &[0xff; 8]);
        check(Values::Unsigned(vec![u64::MAX - 1]), ByteOrder::Little, &(u64::MAX - 1).to_le_bytes());
        check(Values::Truth(vec![true, false]), ByteOrder::Big, &[1, 0]);
    }

    #[test]
    fn places_are_row_major() {
        let slab = |strides: &[(u64, u64, u64)], shape: &[u64]| {
            let stride = |&(start, step, count): &(u64, u64, u64)| Stride { start, step, count };
            Hyperslab::within(shape, strides.iter().map(stride).collect()).unwrap()
        };
        assert_eq!(places(&slab(&[(1, 2, 2), (0, 3, 2)], &[4, 5]), &[4, 5]).unwrap(), [5, 8, 15, 18]);
        assert_eq!(places(&slab(&[], &[]), &[]).unwrap(), [0]);
        assert!(places(&slab(&[(3, 1, 1)], &[4]), &[3]).is_err());
    }
}
