//! What opening an HDF5 file yields, as a record: with it, the file is opened without reading it.
//!
//! Lists of chunks have records of their own, which are read when they are needed, so that a file of very many chunks opens as
//! fast as any.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use hdf5_reader::messages::layout::ChunkIndexing;
use weir_model::{ChunkGrid, Schema};

use super::Hdf5Source;
use super::array::StoredArray;
use super::dataset::{Chunked, Layout};
use super::dataspace::Axis;
use super::form::{Bits, FieldForm, Form, Number};
use super::metadata::{Metadata, Said};
use crate::DataFile;
use crate::index::{Packed, Unpacker, packed};

/// What the records are called.
const RECORD: &str = "hdf5";

packed!(struct Said { base, root, offset_size, length_size });
packed!(struct Axis { length, most });
packed!(struct Chunked { lengths, element_size, indexing, index, plain_edges });

packed!(struct FieldForm { offset, count, form });
packed!(struct Number { size, order, bits });
packed!(struct Bits { first, count, signed });

packed!(enum Form {
    1 => Bytes(size),
    2 => Number(number),
    3 => Record { size, fields },
    4 => Text(size),
    5 => List { size, element },
});

packed!(enum Layout {
    1 => Compact(data),
    2 => Contiguous { address, bytes },
    3 => Chunked(chunked),
    4 => Unsupported(error),
});

packed!(enum ChunkIndexing {
    1 => SingleChunk { filtered_size, filters },
    2 => Implicit,
    3 => FixedArray { page_bits, chunk_size_len },
    4 => ExtensibleArray { max_bits, index_bits, min_pointers, min_elements, chunk_size_len },
    5 => BTreeV2,
});

/// Keeps what opening a file yielded.
pub fn remember(source: &Hdf5Source) {
    source.metadata.file().remember(RECORD, &[], || {
        let mut out = Vec::new();
        source.metadata.said().pack(&mut out);
        source.schema.pack(&mut out);
        source.arrays.len().pack(&mut out);
        source.arrays.values().for_each(|array| pack_array(array, &mut out));
        out
    });
}

/// Opens a file of which that was kept; `None` where it was not.
pub fn recall(file: &Arc<DataFile>) -> Option<Hdf5Source> {
    let (said, schema, arrays) = file.recall(RECORD, &[], |bytes| {
        let mut from = Unpacker::new(bytes);
        let (said, schema) = (Said::unpack(&mut from)?, Schema::unpack(&mut from)?);
        let arrays = unpack_arrays(&mut from, &schema)?;
        from.is_empty().then_some((said, schema, arrays))
    })?;
    Some(Hdf5Source { metadata: Metadata::known(Arc::clone(file), said), schema, arrays })
}

/// What the schema says of a variable is not said again.
fn pack_array(array: &StoredArray, out: &mut Vec<u8>) {
    let StoredArray { path, axes, element_size, form, layout, codecs, fill, unwritten, unreadable, .. } =
        array;
    path.pack(out);
    axes.pack(out);
    element_size.pack(out);
    form.pack(out);
    layout.pack(out);
    codecs.pack(out);
    fill.pack(out);
    unwritten.pack(out);
    unreadable.pack(out);
}

fn unpack_arrays(from: &mut Unpacker<'_>, schema: &Schema) -> Option<HashMap<String, StoredArray>> {
    let mut variables: HashMap<_, _> = schema.variables().into_iter().collect();
    let mut arrays = HashMap::new();
    for _ in 0..from.length(1)? {
        let path = String::unpack(from)?;
        let variable = variables.remove(&format!("/{path}"))?;
        let array = StoredArray {
            grid: ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone()).ok()?,
            axes: Packed::unpack(from)?,
            element_size: Packed::unpack(from)?,
            data_type: variable.data_type.clone(),
            form: Packed::unpack(from)?,
            layout: Packed::unpack(from)?,
            codecs: Packed::unpack(from)?,
            fill: Packed::unpack(from)?,
            unwritten: Packed::unpack(from)?,
            unreadable: Packed::unpack(from)?,
            index: OnceLock::new(),
            reading: Mutex::new(()),
            path,
        };
        arrays.insert(array.path.clone(), array);
    }
    // Every variable has an array.
    variables.is_empty().then_some(arrays)
}
