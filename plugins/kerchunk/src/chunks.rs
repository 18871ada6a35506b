//! Chunks: the very bytes that are stored.

use weir_plugin_api::model::{Schema, Storage, Variable};
use weir_plugin_api::{
    Body, Bytes, ChunkPlace, Dataset, Error, ErrorKind, Place, PlaceBytes, Request, Response, Source,
    StoredPlace,
};
use weir_zarr::{Array, Format};

use crate::{KerchunkPlugin, layouts, not_raw};

const OCTETS: &str = "application/octet-stream";

/// Chunks that may be longer are sent piece by piece, where they lie in the dataset's own file.
const MOST_AT_ONCE: u64 = 16 << 20;

/// Bytes of one piece.
const PIECE: u64 = 1 << 20;

/// A chunk that a key names.
pub(crate) struct Wanted<'a> {
    /// Path of the variable, without a leading slash.
    pub path: &'a str,
    /// The numbers of the key.
    pub index: &'a [u64],
    /// The version whose key it is.
    pub format: Format,
}

impl Wanted<'_> {
    fn no_such_chunk(&self, why: &str) -> Error {
        Error::not_found(format!("{} has no chunk {:?}: {why}", self.path, self.index))
    }
}

/// The chunk that a key names. `HEAD` finds where it is, and reads nothing of it.
pub(crate) fn respond(
    plugin: &KerchunkPlugin,
    request: &Request<'_>,
    dataset: &Dataset,
    (schema, wanted): (&Schema, &Wanted<'_>),
) -> Result<Response, Error> {
    let variable =
        schema.variable(wanted.path).ok_or_else(|| wanted.no_such_chunk("there is no such variable"))?;
    let path = format!("/{}", wanted.path);
    let layout = dataset.layout(&path).map_err(|error| hidden(error, request, wanted))?;
    let array = array(variable, &layout, request, wanted)?;
    let index = array.chunk_index(wanted.index, wanted.format).ok_or_else(|| {
        wanted.no_such_chunk(&format!("its grid of chunks has the shape {:?}", array.grid().counts()))
    })?;
    let chunk = Chunk { dataset, array: &array, wanted, path: &path, index: &index };
    let response = match request.is_head() {
        true => Response::head(OCTETS, chunk.length()?),
        false => chunk.response(plugin, request)?,
    };
    Ok(response.header("cache-control", plugin.settings.cache_control()).stable().ranges())
}

/// A variable whose layout says why it is hidden is not here; other errors are what they are.
fn hidden(error: Error, request: &Request<'_>, wanted: &Wanted<'_>) -> Error {
    match layouts::hides(&error) {
        true => not_raw(request.dataset_id(), wanted.path, &error.message),
        false => present(error),
    }
}

fn array<'a>(
    variable: &'a Variable,
    layout: &'a Storage,
    request: &Request<'_>,
    wanted: &Wanted<'_>,
) -> Result<Array<'a>, Error> {
    Array::raw(variable, layout).map_err(|reason| not_raw(request.dataset_id(), wanted.path, &reason))
}

/// A chunk of the layout is there or proven to be missing: that something on the way to it is not found means neither.
pub(crate) fn present(error: Error) -> Error {
    match error.kind {
        ErrorKind::NotFound => Error::new(ErrorKind::Unavailable, error.message),
        _ => error,
    }
}

struct Chunk<'a> {
    dataset: &'a Dataset,
    array: &'a Array<'a>,
    wanted: &'a Wanted<'a>,
    path: &'a str,
    index: &'a [u64],
}

/// What a chunk key stands for.
enum Found {
    /// Stored bytes.
    Stored(StoredPlace),
    /// Nothing is stored, and the client would put another value there than the file shows: such a chunk, made.
    Unwritten(Vec<u8>),
}

impl Chunk<'_> {
    fn find(&self, bytes: PlaceBytes) -> Result<Found, Error> {
        match self.dataset.place(self.path, self.index, bytes).map_err(present)? {
            ChunkPlace::Stored(stored) => self.as_said(stored).map(Found::Stored),
            ChunkPlace::Missing if self.array.absent_chunks_may_be_missing(self.wanted.format) => {
                Err(self.wanted.no_such_chunk("nothing was written there, all of it is the fill value"))
            }
            ChunkPlace::Missing => self.unwritten().map(Found::Unwritten),
        }
    }

    /// A client undoes all codecs of the metadata document: a chunk that did not go through one of them would be taken for other
    /// values.
    fn as_said(&self, stored: StoredPlace) -> Result<StoredPlace, Error> {
        if stored.skipped_codecs == 0 {
            return Ok(stored);
        }
        let (path, index) = (self.wanted.path, self.index);
        Err(Error::unsupported(format!(
            "chunk {index:?} of {path} is stored without some of the codecs of the others, which Zarr cannot say; the zarr \
             route of this dataset serves it decoded and encoded anew"
        )))
    }

    fn unwritten(&self) -> Result<Vec<u8>, Error> {
        let elements = self.array.grid().chunk_elements();
        let made = self.array.chain().and_then(|chain| chain.unwritten(&self.array.fill(), elements));
        made.ok_or_else(|| {
            let (path, index) = (self.wanted.path, self.index);
            Error::unsupported(format!(
                "chunk {index:?} of {path} was never written, and its fill value cannot be said in Zarr; the zarr route of this \
                 dataset serves it"
            ))
        })
    }

    fn length(&self) -> Result<u64, Error> {
        Ok(match self.find(PlaceBytes::Unwanted)? {
            Found::Stored(stored) => stored.length,
            Found::Unwritten(bytes) => bytes.len() as u64,
        })
    }

    fn response(&self, plugin: &KerchunkPlugin, request: &Request<'_>) -> Result<Response, Error> {
        if self.array.chunk_bytes().is_none_or(|bytes| bytes > MOST_AT_ONCE)
            && let Found::Stored(place) = self.find(PlaceBytes::Unwanted)?
        {
            plugin.host.admit(request, place.length)?;
            if let Place::Range { source: Source::Own, offset } = place.at {
                return self.in_pieces(plugin, request, (offset, place.length));
            }
        }
        let bytes = match self.find(PlaceBytes::Wanted)? {
            Found::Stored(stored) => stored.bytes.unwrap_or_default(),
            Found::Unwritten(bytes) => bytes.into(),
        };
        plugin.host.admit(request, bytes.len() as u64)?;
        Ok(Response::full(OCTETS, bytes))
    }

    /// The body has a loan of its own, as it outlives the call.
    fn in_pieces(
        &self,
        plugin: &KerchunkPlugin,
        request: &Request<'_>,
        (offset, length): (u64, u64),
    ) -> Result<Response, Error> {
        let dataset = plugin.host.open(request, request.dataset_id()).map_err(present)?;
        if dataset.generation()? != self.dataset.generation()? {
            return Err(Error::new(ErrorKind::Unavailable, "the file changed while it was read; ask again"));
        }
        Ok(Response::stream(OCTETS, Some(length), Box::new(Pieces { dataset, offset, left: length })))
    }
}

/// A range of the dataset's own file.
struct Pieces {
    dataset: Dataset,
    offset: u64,
    left: u64,
}

impl Body for Pieces {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let length = self.left.min(PIECE);
        if length == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; usize::try_from(length).map_err(|e| Error::too_large(e.to_string()))?];
        self.dataset.read_file(self.offset, &mut piece)?;
        self.offset = self.offset.saturating_add(length);
        self.left = self.left.saturating_sub(length);
        Ok(Some(piece.into()))
    }

    fn restrict(&mut self, offset: u64, length: u64) -> Result<(), Error> {
        let inside = offset.checked_add(length).is_some_and(|end| end <= self.left);
        let start = self.offset.checked_add(offset).filter(|_| inside);
        self.offset = start.ok_or_else(|| Error::bad_request("the chunk has no such bytes"))?;
        self.left = length;
        Ok(())
    }
}
