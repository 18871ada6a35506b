//! From what a worker describes to a schema.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use weir_model::{
    Attribute, ByteOrder, Codec, DataType, Dimension, EnumMember, Group, Schema, Storage, Value, Variable,
    default_fill,
};

use super::protocol::{
    DescribedAttribute, DescribedGroup, DescribedSource, DescribedType, DescribedValue, DescribedVariable,
    Description, SourceState,
};
use crate::other_files::OtherFiles;
use crate::{Error, Generation, run_chunk_shape};

/// Groups inside groups inside ...
const MOST_DEPTH: usize = 64;

/// Bytes of a string, as far as runs of them are concerned.
const STRING_BYTES: usize = 16;

/// Errors of variables, by path without the leading slash.
pub type Refused = HashMap<String, Error>;

/// The codec that stands for netCDF-C: it is undone before chunks are handed out.
pub fn codec() -> Codec {
    Codec::Other { id: 0, name: "netcdf-c".into(), parameters: Vec::new(), configuration: String::new() }
}

/// The schema of a file that is read through netCDF-C alone.
///
/// # Errors
/// `Unsupported` for a file that no schema can describe.
pub fn read(description: &Description) -> Result<Schema, Error> {
    Ok(Schema { root: group(&description.root, "", MOST_DEPTH)? })
}

fn group(described: &DescribedGroup, path: &str, depth: usize) -> Result<Group, Error> {
    let depth = depth.checked_sub(1).ok_or_else(|| Error::unsupported("its groups are nested too deeply"))?;
    let dimensions = described.dimensions.iter().map(|d| Dimension {
        name: d.name.clone(),
        length: d.length,
        unlimited: d.unlimited,
    });
    let inner =
        |group_inside: &DescribedGroup| group(group_inside, &format!("{path}/{}", group_inside.name), depth);
    Ok(Group {
        name: described.name.clone(),
        dimensions: dimensions.collect(),
        attributes: described.attributes.iter().map(attribute).collect(),
        variables: described.variables.iter().filter_map(|found| variable(found, path)).collect(),
        groups: described.groups.iter().map(inner).collect::<Result<_, _>>()?,
    })
}

/// A variable; those of types that netCDF-C does not show as bytes are left out, with a warning.
fn variable(described: &DescribedVariable, group: &str) -> Option<Variable> {
    let name = &described.name;
    let data_type = match data_type(&described.data_type) {
        Ok(data_type) => data_type,
        Err(description) => {
            tracing::warn!(variable = format!("{group}/{name}"), description, "a variable is left out");
            return None;
        }
    };
    let shape = described.shape.clone();
    let chunked =
        described.chunk_shape.clone().filter(|chunk| chunk.len() == shape.len() && !chunk.contains(&0));
    let size = data_type.size();
    let fill = described.fill.clone().filter(|fill| Some(fill.len()) == size);
    let storage = Storage {
        chunk_shape: chunked.unwrap_or_else(|| run_chunk_shape(&shape, size.unwrap_or(STRING_BYTES))),
        codecs: vec![codec()],
        byte_order: ByteOrder::Little,
        fill: match size {
            None => Vec::new(),
            Some(size) => fill.unwrap_or_else(|| whole_fill(&data_type, size)),
        },
    };
    Some(Variable {
        name: name.clone(),
        data_type,
        dimensions: described.dimensions.clone(),
        shape,
        attributes: described.attributes.iter().map(attribute).collect(),
        storage,
    })
}

fn whole_fill(data_type: &DataType, size: usize) -> Vec<u8> {
    let mut fill = default_fill(data_type.stored());
    fill.resize(size, 0);
    fill
}

fn data_type(described: &DescribedType) -> Result<DataType, &str> {
    Ok(match described {
        DescribedType::Int8 => DataType::Int8,
        DescribedType::Uint8 => DataType::UInt8,
        DescribedType::Int16 => DataType::Int16,
        DescribedType::Uint16 => DataType::UInt16,
        DescribedType::Int32 => DataType::Int32,
        DescribedType::Uint32 => DataType::UInt32,
        DescribedType::Int64 => DataType::Int64,
        DescribedType::Uint64 => DataType::UInt64,
        DescribedType::Float32 => DataType::Float32,
        DescribedType::Float64 => DataType::Float64,
        DescribedType::Char => DataType::Char,
        DescribedType::String => DataType::String,
        DescribedType::Enum { name, base, members } => {
            let members =
                members.iter().map(|(name, value)| EnumMember { name: name.clone(), value: *value });
            let (name, members) = (name.clone(), members.collect());
            DataType::Enum { name, base: Box::new(data_type(base)?), members }
        }
        DescribedType::Opaque { size: 0, .. } => return Err("opaque without bytes"),
        DescribedType::Opaque { name, size } => DataType::Opaque { name: name.clone(), size: *size },
        DescribedType::Other { description } => return Err(description),
    })
}

fn attribute(described: &DescribedAttribute) -> Attribute {
    let value = match described.value.clone() {
        DescribedValue::Int8(values) => Value::Int8(values),
        DescribedValue::Uint8(values) => Value::UInt8(values),
        DescribedValue::Int16(values) => Value::Int16(values),
        DescribedValue::Uint16(values) => Value::UInt16(values),
        DescribedValue::Int32(values) => Value::Int32(values),
        DescribedValue::Uint32(values) => Value::UInt32(values),
        DescribedValue::Int64(values) => Value::Int64(values),
        DescribedValue::Uint64(values) => Value::UInt64(values),
        DescribedValue::Float32(bits) => Value::Float32(bits.into_iter().map(f32::from_bits).collect()),
        DescribedValue::Float64(bits) => Value::Float64(bits.into_iter().map(f64::from_bits).collect()),
        DescribedValue::Char(text) => Value::Char(text.into_bytes()),
        DescribedValue::String(texts) => Value::String(texts.into_iter().map(String::into_bytes).collect()),
    };
    Attribute { name: described.name.clone(), value }
}

/// Whether elements that netCDF-C shows in one type are those of a variable of another type.
pub fn same_elements(described: &DescribedType, data_type_of_ours: &DataType) -> bool {
    let Ok(shown) = data_type(described) else { return false };
    match (shown.stored(), data_type_of_ours.stored()) {
        (DataType::Opaque { size: one, .. }, DataType::Opaque { size: other, .. }) => one == other,
        (one, other) => one == other,
    }
}

/// All described variables, by path without the leading slash.
pub fn variables(description: &Description) -> HashMap<String, &DescribedVariable> {
    let mut found = HashMap::new();
    let mut groups = vec![(String::new(), &description.root)];
    while let Some((path, group)) = groups.pop() {
        found.extend(group.variables.iter().map(|variable| (format!("{path}{}", variable.name), variable)));
        groups.extend(group.groups.iter().map(|inner| (format!("{path}{}/", inner.name), inner)));
    }
    found
}

/// The other files that elements are in, and the variables that cannot be read.
///
/// # Errors
/// `Unavailable` where a file changed since the worker looked at it.
pub fn sources(description: &Description, roots: &[PathBuf]) -> Result<(OtherFiles, Refused), Error> {
    let (mut files, mut refused) = (Vec::new(), Refused::new());
    for (path, variable) in variables(description) {
        let own = variable.sources.iter().map(|source| file(source, roots)).collect::<Result<Vec<_>, _>>();
        match own {
            Ok(own) => files.extend(own),
            Err(error) if error.kind == crate::ErrorKind::Unavailable => return Err(error),
            Err(error) => {
                refused.insert(path, error);
                continue;
            }
        }
        if let Some(failure) = &variable.refused {
            refused.insert(path, failure.error());
        }
    }
    Ok((OtherFiles::new(files), refused))
}

/// A file that a worker names: what it is now must be what the worker saw.
fn file(source: &DescribedSource, roots: &[PathBuf]) -> Result<(PathBuf, Option<Generation>), Error> {
    use std::os::unix::fs::MetadataExt;
    let path = Path::new(&source.path);
    let Some(seen) = &source.state else { return Ok((path.to_owned(), OtherFiles::look(path))) };
    let changed =
        || Error::unavailable("a file that has its elements changed while it was opened; ask again");
    let resolved = std::fs::canonicalize(path).map_err(|_unshown| changed())?;
    // The worker is confined to the roots, but by another means.
    if !roots.iter().any(|root| resolved.starts_with(root)) {
        return Err(Error::unsupported("its elements are in a file that is not inside the data folders"));
    }
    let metadata = std::fs::metadata(path).map_err(|_unshown| changed())?;
    let now = SourceState {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
    };
    if now != *seen {
        return Err(changed());
    }
    Ok((path.to_owned(), Some(Generation::of(&metadata))))
}
