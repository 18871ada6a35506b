//! Members that a script wrote, and what they hold together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_datasets::aggregate::Definition;
use weir_datasets::aggregate::definition::{Base, Edits, Kind, Rules, Scan};
use weir_datasets::contract::Expected;
use weir_datasets::memory_budget::Memory;
use weir_datasets::{Access, Dataset, Error, Opener, Place};
use weir_model::{ByteOrder, DataType, Hyperslab, Schema};

/// The folder of the members.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/aggregate")
}

/// An opener that reaches these folders.
pub fn opener(folders: &[&Path]) -> Opener {
    let folders: Vec<PathBuf> = folders.iter().map(|folder| folder.to_path_buf()).collect();
    Opener::new(Access::to(&folders), Memory::new(64 << 20))
}

/// Rules that take what a pattern finds, looked at again each time.
pub fn rules(kind: Kind, dimension: &str, folder: &Path, pattern: &str) -> Rules {
    let mut rules = Rules::new(kind, dimension);
    rules.scans.push(Scan::glob(folder, pattern));
    rules.recheck_every = Duration::ZERO;
    rules
}

pub fn defined(rules: Rules) -> Definition {
    Definition { base: Base::Aggregation(Box::new(rules)), edits: Edits::default() }
}

pub fn place(definition: Definition) -> Place {
    Place::Made(Arc::new(definition))
}

/// Times joined as they are found.
pub fn joined(folder: &Path, pattern: &str) -> Definition {
    defined(rules(Kind::JoinExisting, "time", folder, pattern))
}

/// Copies members into a folder.
pub fn copy(from: &str, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let from = folder().join(from);
    let files = if from.is_file() { vec![from] } else { list(&from) };
    for file in files {
        std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

fn list(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// All values of a variable, little-endian.
pub fn values(dataset: &Dataset, path: &str) -> Result<Vec<u8>, Error> {
    let variable = dataset.schema().variable(path).expect(path);
    let slab = Hyperslab::whole(&variable.shape).unwrap();
    let mut out = vec![0xa5; slab.elements() as usize * variable.data_type.size().unwrap()];
    dataset.read(path, &slab, ByteOrder::Little, &mut out).map(|()| out)
}

/// The values of doubles.
pub fn doubles(dataset: &Dataset, path: &str) -> Vec<f64> {
    let bytes = values(dataset, path).unwrap();
    match dataset.schema().variable(path).unwrap().data_type {
        DataType::Float64 => bytes.chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect(),
        DataType::Float32 => {
            bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()).into()).collect()
        }
        DataType::Int32 => {
            bytes.chunks(4).map(|b| i32::from_le_bytes(b.try_into().unwrap()).into()).collect()
        }
        DataType::Int16 => {
            bytes.chunks(2).map(|b| i16::from_le_bytes(b.try_into().unwrap()).into()).collect()
        }
        ref other => panic!("{other:?}"),
    }
}

/// Numbers as little-endian elements of a type.
fn elements(numbers: impl Iterator<Item = f64>, data_type: &DataType) -> Vec<u8> {
    match data_type {
        DataType::Int16 => numbers.flat_map(|n| (n as i16).to_le_bytes()).collect(),
        DataType::Int32 => numbers.flat_map(|n| (n as i32).to_le_bytes()).collect(),
        DataType::Float32 => numbers.flat_map(|n| (n as f32).to_le_bytes()).collect(),
        DataType::Float64 => numbers.flat_map(f64::to_le_bytes).collect(),
        other => panic!("{other:?}"),
    }
}

/// What the script's formula gives: every value is its place, from 1; times are days from 0 on, `days` apart.
pub fn expected(schema: &Schema, path: &str, days: f64) -> Option<Expected> {
    let variable = schema.variable(path)?;
    let count: u64 = variable.shape.iter().product();
    let places = (0..count).map(|n| n as f64);
    let data_type = &variable.data_type;
    Some(match path.rsplit('/').next()? {
        "name" => Expected::Strings((1..=count).map(|n| format!("step {n}").into_bytes()).collect()),
        "time" => Expected::Elements(elements(places.map(|n| n * days), data_type)),
        "time_bnds" => {
            let bound = |n: f64| (n / 2.0).floor() * days + if n % 2.0 == 0.0 { -0.5 } else { 0.5 };
            Expected::Elements(elements(places.map(bound), data_type))
        }
        _ => Expected::Elements(elements(places.map(|n| n + 1.0), data_type)),
    })
}
