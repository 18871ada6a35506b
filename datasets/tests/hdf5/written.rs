//! Files that `weir-netcdf` writes: whatever they hold, it is what is read of them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use weir_datasets::Dataset;
use weir_model::{Attribute, ByteOrder, DataType, Hyperslab, Value};
use weir_netcdf::External;
use weir_netcdf::netcdf4::{Dimension, Elements, File, Group, Variable};

use crate::fixture::open_bytes;

/// Names of the most awkward kind that netCDF has.
fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_äΩ日][a-zA-Z0-9 _.+@:äΩ日\"'\\\\-]{0,30}[a-zA-Z0-9_äΩ日]"
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    "\\PC{0,60}".prop_map(String::into_bytes)
}

fn value() -> impl Strategy<Value = Value> {
    use prop::collection::vec;
    prop_oneof![
        text().prop_map(Value::Char),
        vec(text(), 0..4).prop_map(Value::String),
        // Longer than an attribute's message may be.
        (66_000_usize..66_010).prop_map(|length| Value::String(vec![vec![b'x'; length]])),
        vec(any::<i8>(), 0..9).prop_map(Value::Int8),
        vec(any::<u8>(), 0..9).prop_map(Value::UInt8),
        vec(any::<i16>(), 0..9).prop_map(Value::Int16),
        vec(any::<u32>(), 0..9).prop_map(Value::UInt32),
        vec(any::<i64>(), 0..9).prop_map(Value::Int64),
        vec(any::<u64>(), 0..9).prop_map(Value::UInt64),
        vec(-1e9_f32..1e9, 0..9).prop_map(Value::Float32),
        vec(-1e99_f64..1e99, 0..4000).prop_map(Value::Float64),
    ]
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    let named = (name(), value()).prop_map(|(name, value)| Attribute { name, value });
    prop::collection::vec(named, 0..12).prop_map(|mut all| {
        let mut known = BTreeSet::new();
        all.retain(|attribute| known.insert(attribute.name.clone()));
        all
    })
}

/// Numbers of a type, or texts.
fn elements() -> impl Strategy<Value = Option<External>> {
    use External::{Byte, Char, Double, Float, Int, Int64, Short, UByte, UInt, UInt64, UShort};
    let numbers = [Byte, Char, Short, Int, Float, Double, UByte, UShort, UInt, Int64, UInt64].map(Some);
    prop::sample::select([&numbers[..], &[None, None]].concat())
}

/// A group in each group, dimensions in each, and variables along those of their own group and those around it.
fn file() -> impl Strategy<Value = File> {
    let dimensions = prop::collection::vec((0_usize..3, name(), 1_u64..5), 1..7);
    let variable =
        (0_usize..3, name(), elements(), prop::collection::vec(any::<usize>(), 0..4), attributes());
    let variables = prop::collection::vec((variable, any::<bool>()), 0..12);
    (name(), name(), dimensions, variables, attributes(), attributes()).prop_map(
        |(outer, inner, dimensions, variables, global, local)| {
            let homes = [String::new(), format!("/{outer}"), format!("/{outer}/{inner}")];
            let mut file = File::default();
            let group = |path: &str, attributes| Group { path: path.to_owned(), attributes };
            file.groups = vec![group("/", global), group(&homes[2], local)];
            // Everything has its own name, but for coordinates, which have that of their dimension.
            let mut taken: BTreeSet<String> = homes.iter().cloned().collect();
            let mut places = Vec::new();
            for (home, name, length) in dimensions {
                let path = format!("{}/{name}", homes[home]);
                if taken.insert(path.clone()) {
                    places.push(home);
                    file.dimensions.push(Dimension { path, length });
                }
            }
            for ((home, name, external, axes, attributes), is_coordinate) in variables {
                let around: Vec<usize> = (0..places.len()).filter(|place| places[*place] <= home).collect();
                let mut axes: Vec<usize> =
                    axes.iter().filter_map(|axis| around.get(axis % around.len().max(1)).copied()).collect();
                let mut path = format!("{}/{name}", homes[home]);
                if let (true, Some(first)) = (is_coordinate, axes.first()) {
                    path.clone_from(&file.dimensions[*first].path);
                    // HDF5 has no list of the axes of coordinates, and what netCDF has is not heeded everywhere.
                    axes.truncate(1);
                }
                if file.variables.iter().any(|variable| variable.path == path)
                    || (!is_coordinate && !taken.insert(path.clone()))
                    || (is_coordinate && axes.is_empty())
                {
                    continue;
                }
                let count = axes.iter().map(|axis| file.dimensions[*axis].length).product();
                let elements = match external {
                    Some(external) => Elements::Numbers(external),
                    None => {
                        Elements::Texts((0..count).map(|at: u64| format!("text {at}").into_bytes()).collect())
                    }
                };
                file.variables.push(Variable { path, elements, dimensions: axes, attributes });
            }
            file
        },
    )
}

/// The bytes of a file; the elements of variables count on, from 1.
fn written(file: &File) -> Vec<u8> {
    let plan = file.plan().unwrap();
    let mut bytes = plan.header().to_vec();
    for step in plan.steps() {
        assert_eq!(step.offset, bytes.len() as u64);
        let Elements::Numbers(external) = file.variables[step.variable].elements else { continue };
        bytes.extend(counted(external, step.bytes));
        bytes.resize(bytes.len() + step.padding as usize, 0);
    }
    assert_eq!(bytes.len() as u64, plan.length());
    bytes
}

/// Bytes of elements that count on, as patterns of bits.
fn counted(external: External, bytes: u64) -> Vec<u8> {
    let size = external.size();
    (1..=bytes / size).flat_map(|number: u64| number.to_le_bytes().into_iter().take(size as usize)).collect()
}

/// Names and values, in order.
fn told(attributes: &[Attribute]) -> Vec<(String, Value)> {
    attributes.iter().map(|attribute| (attribute.name.clone(), attribute.value.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read(file in file()) {
        let source = open_bytes(&written(&file)).unwrap();
        let dataset = Dataset::new(source);
        let schema = dataset.schema();
        for group in &file.groups {
            prop_assert_eq!(told(&schema.group(&group.path).unwrap().attributes), told(&group.attributes));
        }
        for dimension in &file.dimensions {
            prop_assert_eq!(schema.dimension(&dimension.path).unwrap().length, dimension.length);
        }
        prop_assert_eq!(schema.variables().len(), file.variables.len());
        for variable in &file.variables {
            let read = schema.variable(&variable.path).unwrap();
            prop_assert_eq!(told(&read.attributes), told(&variable.attributes));
            let paths: Vec<&str> =
                variable.dimensions.iter().map(|place| file.dimensions[*place].path.as_str()).collect();
            prop_assert_eq!(read.dimensions.iter().map(String::as_str).collect::<Vec<_>>(), paths);
            let slab = Hyperslab::whole(&read.shape).unwrap();
            match &variable.elements {
                Elements::Texts(texts) => {
                    prop_assert_eq!(&read.data_type, &DataType::String);
                    prop_assert_eq!(&dataset.read_strings(&variable.path, &slab).unwrap(), texts);
                }
                Elements::Numbers(external) => {
                    prop_assert_eq!(External::of(&read.data_type), Some(*external));
                    let length = slab.elements() * external.size();
                    let mut out = vec![0; length as usize];
                    dataset.read(&variable.path, &slab, ByteOrder::Little, &mut out).unwrap();
                    prop_assert_eq!(out, counted(*external, length));
                }
            }
        }
    }
}
