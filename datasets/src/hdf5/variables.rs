//! Variables: from stored datasets and their dimensions to the schema, and to what fetches their chunks.

use std::collections::HashMap;
use std::sync::OnceLock;

use weir_model::{Attribute, ByteOrder, ChunkGrid, DataType, Group, Schema, Storage, Variable};

use super::array::{StoredArray, chunk_shape};
use super::attribute::StoredAttribute;
use super::attribute_value;
use super::dataset::{Fill, Layout, StoredDataset};
use super::dimensions::Dimensions;
use super::heap::Heap;
use super::metadata::Metadata;
use super::named_types::NamedTypes;
use super::tree::{FoundGroup, Tree};
use crate::codecs::swap;
use crate::{Error, ErrorKind};

/// netCDF-4 puts this in front of the name of a variable that is called like a dimension, but is not its coordinate.
const NOT_A_COORDINATE: &str = "_nc4_non_coord_";

/// A schema, and the stored arrays behind its variables, by path without the leading slash.
pub struct Built {
    /// What the file holds.
    pub schema: Schema,
    /// Where the elements are.
    pub arrays: HashMap<String, StoredArray>,
}

struct Builder<'a> {
    dimensions: Dimensions,
    heap: Heap<'a>,
    types: NamedTypes,
    arrays: HashMap<String, StoredArray>,
}

/// Builds the schema of a walked file.
pub fn build(metadata: &Metadata, mut tree: Tree) -> Result<Built, Error> {
    let dimensions = Dimensions::find(metadata, &tree);
    let types = std::mem::take(&mut tree.types);
    let paths: Vec<(usize, usize, Vec<(String, u64)>)> = places(&tree, &dimensions);
    let mut builder = Builder { dimensions, heap: Heap::new(metadata), types, arrays: HashMap::new() };
    let mut groups: Vec<Option<Group>> = Vec::with_capacity(tree.groups.len());
    let parents: Vec<Option<usize>> = tree.groups.iter().map(|group| group.parent).collect();
    let mut paths = paths.into_iter().peekable();
    for (place, found) in tree.groups.into_iter().enumerate() {
        let mut axes = HashMap::new();
        while let Some((_, dataset, of)) = paths.next_if(|(group, ..)| *group == place) {
            axes.insert(dataset, of);
        }
        groups.push(Some(builder.group(place, found, axes)?));
    }
    let root = nest(groups, &parents);
    Ok(Built { schema: Schema { root }, arrays: builder.arrays })
}

/// The dimensions of every dataset that is a variable.
fn places(tree: &Tree, dimensions: &Dimensions) -> Vec<(usize, usize, Vec<(String, u64)>)> {
    let mut places = Vec::new();
    for (group, found) in tree.groups.iter().enumerate() {
        for (place, (_, dataset)) in found.datasets.iter().enumerate() {
            if !dimensions.is_hidden((group, place), dataset) {
                places.push((group, place, dimensions.of_dataset((group, place), tree)));
            }
        }
    }
    places
}

/// Puts groups into their parents, which come before them.
fn nest(mut groups: Vec<Option<Group>>, parents: &[Option<usize>]) -> Group {
    for place in (1..groups.len()).rev() {
        let group = groups.get_mut(place).and_then(Option::take);
        let parent =
            parents.get(place).copied().flatten().and_then(|parent| groups.get_mut(parent)?.as_mut());
        if let (Some(group), Some(parent)) = (group, parent) {
            parent.groups.insert(0, group);
        }
    }
    groups.first_mut().and_then(Option::take).unwrap_or_default()
}

impl Builder<'_> {
    fn group(
        &mut self,
        place: usize,
        found: FoundGroup,
        mut axes: HashMap<usize, Vec<(String, u64)>>,
    ) -> Result<Group, Error> {
        let mut group = Group {
            name: found.name,
            dimensions: self.dimensions.of_group(place),
            attributes: self.attributes(found.attributes, &found.path)?,
            ..Group::default()
        };
        for (n, (stored_name, dataset)) in found.datasets.into_iter().enumerate() {
            let Some(axes) = axes.remove(&n) else { continue };
            let name = stored_name.strip_prefix(NOT_A_COORDINATE).filter(|name| !name.is_empty());
            let name = name.unwrap_or(&stored_name).to_owned();
            let path = format!("{}/{name}", found.path);
            let key = path.trim_start_matches('/').to_owned();
            if self.arrays.contains_key(&key) {
                tracing::warn!(variable = path, "a second variable of the same name is left out");
                continue;
            }
            let (variable, array) =
                self.variable(name, dataset, axes, &path).map_err(|error| error.within(path))?;
            group.variables.push(variable);
            self.arrays.insert(key, array);
        }
        Ok(group)
    }

    fn attributes(&mut self, stored: Vec<StoredAttribute>, place: &str) -> Result<Vec<Attribute>, Error> {
        let mut attributes: Vec<Attribute> = Vec::with_capacity(stored.len());
        for mut found in stored {
            if attribute_value::is_internal(&found.name) {
                continue;
            }
            self.types.name(&mut found.file_type, found.committed);
            match attribute_value::value(&found, &mut self.heap) {
                Ok(value) => attributes.push(Attribute { name: found.name, value }),
                Err(error) if error.kind == ErrorKind::TooLarge => return Err(error),
                Err(error) => {
                    tracing::warn!(object = place, attribute = found.name, %error, "an attribute is left out");
                }
            }
        }
        Ok(attributes)
    }

    fn variable(
        &mut self,
        name: String,
        dataset: StoredDataset,
        axes: Vec<(String, u64)>,
        path: &str,
    ) -> Result<(Variable, StoredArray), Error> {
        let attributes = self.attributes(dataset.attributes, path)?;
        let mut file_type = dataset.file_type;
        self.types.name(&mut file_type, dataset.committed);
        let (dimensions, shape): (Vec<String>, Vec<u64>) = axes.into_iter().unzip();
        let own_axes = dataset.space.axes().to_vec();
        if shape.len() != own_axes.len() {
            return Err(Error::corrupt("its axes have no dimensions"));
        }
        let mut layout = dataset.layout;
        let grid = grid(&mut layout, &shape, file_type.size)?;
        let fills = Fills::of(&dataset.fill, &file_type.data_type, file_type.size, file_type.order);
        let is_padded = own_axes.iter().zip(&shape).any(|(axis, &shown)| axis.length < shown);
        if is_padded && matches!(layout, Layout::Contiguous(_) | Layout::Compact(_)) {
            layout = Layout::Unsupported(Error::corrupt("it can grow, but is not stored in chunks"));
        }
        let has_size = file_type.data_type.size().is_some();
        let codecs = if matches!(layout, Layout::Chunked(_)) { dataset.codecs } else { Vec::new() };
        let stands = if is_padded { &fills.beyond } else { &fills.unwritten };
        let mut fill = if has_size { stands.clone() } else { Vec::new() };
        if file_type.order == ByteOrder::Big {
            swap(&mut fill, file_type.data_type.swap_unit());
        }
        let multibyte = file_type.data_type.swap_unit() > 1;
        let order = if multibyte { file_type.order } else { ByteOrder::Little };
        let storage = Storage {
            chunk_shape: grid.chunk_shape().to_vec(),
            // References into the heap are of no use to others, so neither are their codecs.
            codecs: if has_size { codecs.clone() } else { Vec::new() },
            byte_order: order,
            fill,
        };
        let unreadable = file_type.unreadable.filter(|_| file_type.data_type != DataType::String);
        let data_type = file_type.data_type;
        let array = StoredArray {
            grid,
            axes: own_axes,
            element_size: file_type.size,
            data_type: data_type.clone(),
            order,
            layout,
            codecs,
            unwritten: (is_padded && fills.unwritten != fills.beyond).then_some(fills.unwritten),
            beyond: fills.beyond,
            unreadable: unreadable.map(Error::unsupported),
            index: OnceLock::new(),
        };
        Ok((Variable { name, data_type, dimensions, shape, attributes, storage }, array))
    }
}

/// How chunks tile a variable. A layout that cannot is an error for those who read the variable.
fn grid(layout: &mut Layout, shape: &[u64], element_size: usize) -> Result<ChunkGrid, Error> {
    let elements = match shape.contains(&0) {
        true => Some(0),
        false => shape.iter().try_fold(1_u64, |n, &length| n.checked_mul(length)),
    };
    let bytes = elements.and_then(|elements| elements.checked_mul(element_size as u64));
    if bytes.is_none() {
        return Err(Error::corrupt(format!("its shape {shape:?} has more bytes than 64 bits can count")));
    }
    if let Layout::Chunked(chunked) = layout {
        // Versions 4 and later list the element size behind the lengths.
        chunked.lengths.truncate(shape.len());
    }
    let tiled = ChunkGrid::new(shape.to_vec(), chunk_shape(layout, shape, element_size));
    tiled.or_else(|error| {
        *layout = Layout::Unsupported(Error::corrupt(error.to_string()));
        let runs = chunk_shape(layout, shape, element_size);
        ChunkGrid::new(shape.to_vec(), runs).map_err(|error| Error::corrupt(error.to_string()))
    })
}

/// Elements, as stored, that stand where nothing is.
struct Fills {
    /// Where the dataset has places that were never written: HDF5 fills them.
    unwritten: Vec<u8>,
    /// Where the dataset ends before a shared dimension does: netCDF fills them.
    beyond: Vec<u8>,
}

impl Fills {
    fn of(fill: &Fill, data_type: &DataType, size: usize, order: ByteOrder) -> Self {
        let mut default = default_fill(data_type.stored());
        if default.len() != size {
            default = vec![0; size];
        }
        if order == ByteOrder::Big {
            swap(&mut default, data_type.swap_unit());
        }
        match fill {
            Fill::Value(value) => Self { unwritten: value.clone(), beyond: value.clone() },
            Fill::Zero => Self { unwritten: vec![0; size], beyond: default },
            Fill::Undefined => Self { unwritten: default.clone(), beyond: default },
        }
    }
}

/// The values that netCDF fills with where nobody chose one (`NC_FILL_...` in `netcdf.h`), little-endian.
fn default_fill(data_type: &DataType) -> Vec<u8> {
    match data_type {
        DataType::Int8 => (-127_i8).to_le_bytes().to_vec(),
        DataType::UInt8 => vec![u8::MAX],
        DataType::Int16 => (-32767_i16).to_le_bytes().to_vec(),
        DataType::UInt16 => u16::MAX.to_le_bytes().to_vec(),
        DataType::Int32 => (-2_147_483_647_i32).to_le_bytes().to_vec(),
        DataType::UInt32 => u32::MAX.to_le_bytes().to_vec(),
        DataType::Int64 => (-9_223_372_036_854_775_806_i64).to_le_bytes().to_vec(),
        DataType::UInt64 => 18_446_744_073_709_551_614_u64.to_le_bytes().to_vec(),
        DataType::Float32 => 9.969_21e36_f32.to_le_bytes().to_vec(),
        DataType::Float64 => 9.969_209_968_386_869e36_f64.to_le_bytes().to_vec(),
        _ => Vec::new(),
    }
}
