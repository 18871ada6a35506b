//! Datasets as they are stored: type, extent, layout, codecs, fill value and attributes of one object.

use hdf5_reader::io::Cursor;
use hdf5_reader::messages::filter_pipeline::{self, FilterDescription};
use hdf5_reader::messages::layout::{self, ChunkIndexing, DataLayout};
use hdf5_reader::messages::{
    MSG_DATA_LAYOUT, MSG_DATASPACE, MSG_DATATYPE, MSG_EXTERNAL_FILES, MSG_FILL_VALUE, MSG_FILL_VALUE_OLD,
    MSG_FILTER_PIPELINE,
};
use weir_model::Codec;

use super::attribute::{self, StoredAttribute};
use super::dataspace::Space;
use super::datatype::FileType;
use super::metadata::{Metadata, guarded};
use super::object_header::{Committed, Message, ObjectHeader};
use crate::Error;
use crate::codecs;
use crate::error::NETCDF_C_HINT;

/// Elements larger than this are not shown: the schema holds one of each variable.
const MOST_ELEMENT_BYTES: usize = 1 << 20;

/// One dataset.
pub struct StoredDataset {
    /// The address of its header: what references name it by.
    pub address: u64,
    /// The type of its elements.
    pub file_type: FileType,
    /// Where that type was committed, if it was.
    pub committed: Option<u64>,
    /// Its extent.
    pub space: Space,
    /// Where its elements are.
    pub layout: Layout,
    /// The steps from elements to stored chunks, in writing order.
    pub codecs: Vec<Codec>,
    /// What stands where nothing was written.
    pub fill: Fill,
    /// Its attributes.
    pub attributes: Vec<StoredAttribute>,
}

/// Where the elements of a dataset are.
#[derive(Debug)]
pub enum Layout {
    /// In its header.
    Compact(Vec<u8>),
    /// In one piece.
    Contiguous {
        /// Where; `None` where nothing was written.
        address: Option<u64>,
        /// How many bytes, where the layout's version says so.
        bytes: Option<u64>,
    },
    /// In chunks.
    Chunked(Chunked),
    /// Where this crate cannot follow; the error says why.
    Unsupported(Error),
}

/// Chunked storage.
#[derive(Debug)]
pub struct Chunked {
    /// Lengths of a chunk, slowest first.
    pub lengths: Vec<u32>,
    /// Bytes of an element, where the layout says so beside the lengths.
    pub element_size: Option<u32>,
    /// How chunks are found; `None` for a version 1 B-tree.
    pub indexing: Option<ChunkIndexing>,
    /// The address of the index; `None` where nothing was written.
    pub index: Option<u64>,
    /// Whether chunks that stick out of the dataset are stored without codecs.
    pub plain_edges: bool,
}

/// What stands where nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Zero bytes: HDF5's own choice.
    Zero,
    /// An element in the dataset's type, as stored.
    Value(Vec<u8>),
    /// Nobody said: the writer promised to write everything.
    Undefined,
}

impl StoredDataset {
    /// Reads what a header says; `None` where there is nothing to show, with a warning.
    pub fn read(
        metadata: &Metadata,
        header: &ObjectHeader,
        address: u64,
        place: &str,
    ) -> Result<Option<Self>, Error> {
        let (body, _) = body_of(metadata, header, MSG_DATASPACE)?;
        let space = Space::parse(metadata, &body)?;
        let (body, committed) = body_of(metadata, header, MSG_DATATYPE)?;
        let file_type = FileType::parse(&body)?;
        if space == Space::Null || file_type.size > MOST_ELEMENT_BYTES {
            let element_bytes = file_type.size;
            tracing::warn!(object = place, element_bytes, "an empty or too large dataset is left out");
            return Ok(None);
        }
        metadata.spend(file_type.size)?;
        let storage = layout(metadata, header).and_then(|layout| {
            Ok((layout, pipeline(metadata, header, &file_type)?, fill(metadata, header, &file_type)?))
        });
        // What is wrong with its storage concerns those who read it, not those who read others.
        let storage = storage.unwrap_or_else(|error| (Layout::Unsupported(error), Vec::new(), Fill::Zero));
        let (layout, codecs, fill) = storage;
        let attributes = attribute::collect(metadata, header, place)?;
        Ok(Some(Self { address, file_type, committed, space, layout, codecs, fill, attributes }))
    }

    /// The attribute called `name`.
    pub fn attribute(&self, name: &str) -> Option<&StoredAttribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// A message's body, wherever it is, and the address of the object that shares it.
fn body_of(metadata: &Metadata, header: &ObjectHeader, kind: u16) -> Result<(Vec<u8>, Option<u64>), Error> {
    let message = header.find(kind);
    let message = message.ok_or_else(|| Error::corrupt(format!("it has no message of type {kind}")))?;
    resolved(metadata, message)
}

fn resolved(metadata: &Metadata, message: &Message) -> Result<(Vec<u8>, Option<u64>), Error> {
    if !message.shared {
        return Ok((message.body.clone(), None));
    }
    let committed = Committed::follow(metadata, message.kind, &message.body)?;
    Ok((committed.body, Some(committed.address)))
}

fn layout(metadata: &Metadata, header: &ObjectHeader) -> Result<Layout, Error> {
    if header.find(MSG_EXTERNAL_FILES).is_some() {
        let message = "its data is in other files; files with external storage are not supported";
        return Ok(Layout::Unsupported(Error::unsupported(format!("{message}{NETCDF_C_HINT}"))));
    }
    let (body, _) = body_of(metadata, header, MSG_DATA_LAYOUT)?;
    if matches!(body.as_slice(), [version, 3, ..] if *version >= 3) {
        let message = "it is put together from other datasets; virtual datasets are not supported";
        return Ok(Layout::Unsupported(Error::unsupported(format!("{message}{NETCDF_C_HINT}"))));
    }
    let Metadata { offset_size, length_size, .. } = *metadata;
    let message = guarded("data layout", || {
        layout::parse(&mut Cursor::new(&body), offset_size, length_size, body.len())
    })?;
    Ok(match message.layout {
        DataLayout::Compact { data } => Layout::Compact(data),
        DataLayout::Contiguous { address, size } => Layout::Contiguous {
            address: metadata.defined(address),
            bytes: body.first().is_some_and(|&version| version >= 3).then_some(size),
        },
        DataLayout::Chunked { address, dims, element_size, chunk_indexing } => Layout::Chunked(Chunked {
            lengths: dims,
            element_size: if chunk_indexing.is_none() { Some(element_size) } else { None },
            indexing: chunk_indexing,
            index: metadata.defined(address),
            // Versions 4 and later: class, flags; bit 0 is "do not filter partial edge chunks".
            plain_edges: matches!(body.as_slice(), [version, 2, flags, ..] if *version >= 4 && flags & 1 != 0),
        }),
    })
}

fn pipeline(metadata: &Metadata, header: &ObjectHeader, file_type: &FileType) -> Result<Vec<Codec>, Error> {
    let Some(message) = header.find(MSG_FILTER_PIPELINE) else { return Ok(Vec::new()) };
    let (body, _) = resolved(metadata, message)?;
    let Metadata { offset_size, length_size, .. } = *metadata;
    let parsed = guarded("filter pipeline", || {
        filter_pipeline::parse(&mut Cursor::new(&body), offset_size, length_size, body.len())
    })?;
    // A chunk's mask has 32 bits, one for each filter (`H5Z_MAX_NFILTERS`).
    if parsed.filters.len() > 32 {
        let filters = parsed.filters.len();
        return Err(Error::corrupt(format!("it has {filters} filters, the limit is 32")));
    }
    Ok(parsed.filters.into_iter().map(|filter| codec(filter, file_type)).collect())
}

/// The codec that a registered HDF5 filter number means.
fn codec(filter: FilterDescription, file_type: &FileType) -> Codec {
    let first = filter.client_data.first().copied();
    match filter.id {
        1 => return Codec::Deflate { level: first.unwrap_or(0) },
        2 => {
            let size = u32::try_from(file_type.size).unwrap_or(1);
            return Codec::Shuffle { element_size: first.filter(|&size| size > 0).unwrap_or(size) };
        }
        3 => return Codec::Fletcher32,
        _ => {}
    }
    let (id, parameters) = (u32::from(filter.id), filter.client_data);
    let name = codecs::hdf5_name(id).map(str::to_owned).or(filter.name).unwrap_or_else(|| "unknown".into());
    Codec::Other { id, name, parameters, configuration: String::new() }
}

fn fill(metadata: &Metadata, header: &ObjectHeader, file_type: &FileType) -> Result<Fill, Error> {
    let (kind, body) = match (header.find(MSG_FILL_VALUE), header.find(MSG_FILL_VALUE_OLD)) {
        (Some(message), _) => (MSG_FILL_VALUE, resolved(metadata, message)?.0),
        (None, Some(message)) => (MSG_FILL_VALUE_OLD, resolved(metadata, message)?.0),
        (None, None) => return Ok(Fill::Zero),
    };
    let fill = if kind == MSG_FILL_VALUE { Fill::parse(&body)? } else { Fill::parse_value(&body)? };
    match &fill {
        Fill::Value(value) if value.len() != file_type.size => {
            let (got, expected) = (value.len(), file_type.size);
            Err(Error::corrupt(format!("its fill value has {got} bytes, its elements have {expected}")))
        }
        _ => Ok(fill),
    }
}

/// `H5D_FILL_TIME_NEVER`.
const NEVER: u8 = 1;

impl Fill {
    /// Parses a fill value message (specification, section IV.A.2.f).
    fn parse(body: &[u8]) -> Result<Self, Error> {
        let (time, state, rest) = match body {
            [1 | 2, _, time, 0, ..] => (*time, Self::Undefined, &[][..]),
            [1 | 2, _, time, _, rest @ ..] => (*time, Self::Zero, rest),
            [3, flags, ..] if flags & 0x10 != 0 => (flags >> 2 & 0x03, Self::Undefined, &[][..]),
            [3, flags, rest @ ..] if flags & 0x20 != 0 => (flags >> 2 & 0x03, Self::Zero, rest),
            [3, flags, ..] => (flags >> 2 & 0x03, Self::Zero, &[][..]),
            _ => return Err(Error::corrupt("its fill value message has an unknown version")),
        };
        let value = if rest.is_empty() { state } else { Self::parse_value(rest)? };
        // Where no value was chosen and none is ever written, nobody knows what stands there.
        Ok(if value == Self::Zero && time == NEVER { Self::Undefined } else { value })
    }

    /// Parses a length and as many bytes.
    fn parse_value(bytes: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(bytes);
        let length = cursor.read_u32_le()? as usize;
        Ok(if length == 0 { Self::Zero } else { Self::Value(cursor.read_bytes(length)?.to_vec()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &[u8], expected: Result<Fill, &str>) {
        let got = Fill::parse(body).map_err(|error| error.message);
        assert_eq!(got, expected.map_err(str::to_owned));
    }

    #[test]
    fn fill_values_of_all_versions() {
        check(&[2, 2, 2, 1, 2, 0, 0, 0, 7, 8], Ok(Fill::Value(vec![7, 8])));
        check(&[2, 2, 2, 1, 0, 0, 0, 0], Ok(Fill::Zero));
        check(&[2, 2, NEVER, 1, 0, 0, 0, 0], Ok(Fill::Undefined));
        check(&[2, 2, NEVER, 1, 1, 0, 0, 0, 7], Ok(Fill::Value(vec![7])));
        check(&[1, 2, 2, 0, 0, 0, 0, 0], Ok(Fill::Undefined));
        check(&[3, 0b0000_1010], Ok(Fill::Zero));
        check(&[3, 0b0000_0110], Ok(Fill::Undefined));
        check(&[3, 0b0001_1010], Ok(Fill::Undefined));
        check(&[3, 0b0010_1010, 1, 0, 0, 0, 9], Ok(Fill::Value(vec![9])));
        check(&[4, 0], Err("its fill value message has an unknown version"));
        assert!(Fill::parse(&[3, 0b0010_1010, 9, 0, 0, 0, 9]).is_err());
        assert!(Fill::parse(&[]).is_err());
    }
}
