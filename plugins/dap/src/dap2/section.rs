//! Sections: what one run of bytes of a data response consists of, and how it is read piece by piece.

mod array;
mod records;
mod rows;

use weir_dap::dap2::dods::Part;
use weir_dap::dap2::record::Damaged;
use weir_dap::dap2::{Entry, Leaf, xdr};
use weir_plugin_api::blocks::Filling;
use weir_plugin_api::model::{ChunkGrid, Hyperslab, Pieces};
use weir_plugin_api::{Dataset, Error, ErrorKind};

use self::array::Array;
use self::records::Records;
use self::rows::Rows;

/// Bytes that a piece of a large response has, if chunks allow; few in tests, so that small data has many pieces.
const PREFERRED: u64 = if cfg!(test) { 1 << 14 } else { 8 << 20 };
/// Bytes that a piece never exceeds, except where one text does.
const MOST: u64 = if cfg!(test) { 1 << 16 } else { 64 << 20 };
/// What one element of unknown length is taken for when pieces are cut.
const STRING: u64 = 256;

/// One run of a response.
#[derive(Clone, Debug)]
pub struct Section {
    /// The counts in front of the elements.
    pub counts: Vec<u8>,
    /// Bytes behind the elements, all 0.
    pub padding: u64,
    content: Content,
}

/// What a section consists of.
#[derive(Clone, Debug)]
enum Content {
    Array(Array),
    Records(Records),
    Rows(Rows),
    /// Wire bytes that need not be read.
    Given(Vec<u8>),
}

/// How far a section was read.
#[derive(Debug)]
pub enum Reader {
    /// Of numbers and texts.
    Array(array::Cursor),
    /// Of Structures.
    Records(Pieces),
    /// Of rows.
    Rows(rows::Cursor),
    /// Of what need not be read; `None` once it was taken.
    Given(Option<Vec<u8>>),
}

impl Section {
    /// What `leaf`, laid out as `part`, contributes.
    pub fn of(leaf: Leaf<'_, '_>, part: Part) -> Result<Self, Error> {
        let content = match leaf {
            Leaf::Array(array) => match array::given(array, part.form)? {
                Some(bytes) => Content::Given(bytes),
                None => Content::Array(Array::of(array, part.form)?),
            },
            Leaf::Records(record) => Content::Records(Records::of(record)?),
            Leaf::Rows(rows) => Content::Rows(Rows::of(rows)?),
            Leaf::Text(text) => {
                let mut bytes = Vec::new();
                if !xdr::write_text(text.as_bytes(), &mut bytes) {
                    return Err(Error::internal("a text of more than 4 GiB"));
                }
                Content::Given(bytes)
            }
        };
        Ok(Self { counts: part.counts, padding: part.padding, content })
    }

    /// Proves that every element can be read.
    pub fn verify(&self, dataset: &Dataset) -> Result<(), Error> {
        match &self.content {
            Content::Array(array) => array.verify(dataset),
            Content::Records(records) => records.verify(dataset),
            Content::Rows(rows) => rows.verify(dataset),
            Content::Given(_) => Ok(()),
        }
    }

    /// Begins to read the elements.
    pub fn reader(&self) -> Reader {
        match &self.content {
            Content::Array(array) => Reader::Array(array.cursor()),
            Content::Records(records) => Reader::Records(records.pieces()),
            Content::Rows(rows) => Reader::Rows(rows.cursor()),
            Content::Given(bytes) => Reader::Given(Some(bytes.clone())),
        }
    }

    /// The wire bytes of the next piece, without counts and padding; `None` at the end. A piece may have no byte.
    pub fn next(&self, reader: &mut Reader, dataset: &Dataset) -> Result<Option<Vec<u8>>, Error> {
        match (&self.content, reader) {
            (Content::Array(array), Reader::Array(cursor)) => array.next(cursor, dataset),
            (Content::Records(records), Reader::Records(pieces)) => {
                pieces.next().map(|piece| records.read(&piece, dataset)).transpose()
            }
            (Content::Rows(rows), Reader::Rows(cursor)) => rows.next(cursor, dataset),
            (Content::Given(_), Reader::Given(bytes)) => Ok(bytes.take()),
            _ => Err(Error::internal("a section is read with the reader of another one")),
        }
    }

    /// Appends the wire bytes of the whole section: what is to be sent is read to where it is sent from.
    pub fn append(&self, dataset: &Dataset, out: &mut Filling) -> Result<(), Error> {
        out.put(&self.counts)?;
        let read = match &self.content {
            Content::Array(array) => array.append(dataset, out)?,
            _ => false,
        };
        if !read {
            let mut reader = self.reader();
            while let Some(bytes) = self.next(&mut reader, dataset)? {
                out.put(&bytes)?;
            }
        }
        out.put(&self.zeros())
    }

    /// The bytes behind the elements.
    pub fn zeros(&self) -> Vec<u8> {
        (0..self.padding).map(|_| 0).collect()
    }
}

/// How a variable is cut into pieces that follow each other, each small enough to be held in memory.
fn pieces(slab: &Hyperslab, grid: &ChunkGrid, element: u64) -> Pieces {
    let fitting = |limit: u64| limit.checked_div(element.max(1)).unwrap_or(limit).max(1);
    Pieces::new(slab.clone(), grid, fitting(PREFERRED), fitting(MOST))
}

/// The chunks of `entry` along the axes of `shape`, which are all that is cut.
fn grid(entry: &Entry<'_>, shape: Vec<u64>) -> Result<ChunkGrid, Error> {
    let chunks = entry.variable.storage.chunk_shape.iter().take(shape.len()).copied().collect();
    ChunkGrid::new(shape, chunks).map_err(|error| Error::internal(format!("{}: {error}", entry.path)))
}

/// Bytes of `elements` elements of `size` bytes, if memory can hold them.
fn length(elements: u64, size: u64) -> Result<usize, Error> {
    let bytes = elements.checked_mul(size).ok_or_else(too_long)?;
    usize::try_from(bytes).map_err(|error| Error::too_large(error.to_string()))
}

fn too_long() -> Error {
    Error::too_large("the response has more bytes than memory can address; ask for a part")
}

fn damaged(path: &str, damaged: Damaged) -> Error {
    Error::new(ErrorKind::Corrupt, format!("{path}: {damaged}"))
}
