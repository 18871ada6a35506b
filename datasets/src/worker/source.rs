//! The chunk source whose variables, some or all, are read by a worker.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use weir_model::{ByteOrder, ChunkGrid, DataType, Group, Hyperslab, Schema, Variable};

use super::process::Worker;
use super::protocol::{DescribedVariable, Description, Message, Request};
use super::schema::{self, Refused};
use crate::codecs::MOST_CHUNK_BYTES;
use crate::hdf5::varying::{MOST_STRINGS, places};
use crate::other_files::OtherFiles;
use crate::runs::{self, RunRequest, Runs};
use crate::{ChunkKey, ChunkSource, DataFile, Encoded, Error, ErrorKind, Stored, StringRoom};

/// A file some or all of whose variables are read by a worker.
pub struct WorkerSource {
    file: Arc<DataFile>,
    other: OtherFiles,
    schema: Schema,
    /// `None` where it could not be started.
    worker: Option<Worker>,
    /// Who reads what the worker does not.
    native: Option<Box<dyn ChunkSource>>,
    /// The worker's variables, by path without the leading slash, and why it does not read them where it does not.
    taken: HashMap<String, Option<Error>>,
}

impl WorkerSource {
    /// All variables are the worker's.
    pub fn whole(
        file: Arc<DataFile>,
        worker: Worker,
        (schema, mut refused): (Schema, Refused),
        other: OtherFiles,
    ) -> Self {
        let paths = schema.variables().into_iter().map(|(path, _)| key(&path).to_owned());
        let taken = paths.map(|path| (path.clone(), refused.remove(&path))).collect();
        Self { file, other, schema, worker: Some(worker), native: None, taken }
    }

    /// The variables called `unreadable` are the worker's, if it was started and sees the same in them as `native` does.
    ///
    /// # Errors
    /// As [`schema::sources`].
    pub fn composed(
        (file, native): (Arc<DataFile>, Box<dyn ChunkSource>),
        unreadable: &[String],
        started: Result<(Worker, Box<Description>), Error>,
        (other, roots): (OtherFiles, &[PathBuf]),
    ) -> Result<Self, Error> {
        let mut schema = native.schema().clone();
        let (worker, described, refused) = match started {
            Ok((worker, described)) => {
                let refused = schema::sources(&described, roots)?.1;
                (Ok(worker), Some(described), refused)
            }
            Err(error) => (Err(error), None, Refused::new()),
        };
        let shown = described.as_deref().map(schema::variables).unwrap_or_default();
        let mut taken = HashMap::new();
        for path in unreadable {
            let result = match (&worker, variable_mut(&mut schema.root, key(path))) {
                (Ok(_), Some(variable)) => {
                    take(variable, shown.get(key(path)).copied(), refused.get(key(path)))
                }
                (Err(error), _) => Err(error.clone()),
                (_, None) => continue,
            };
            let refusal = |error: Error| {
                let own = native.refusal(path).map_or_else(String::new, |own| own.message + "; ");
                Error { message: format!("{own}through netCDF-C: {}", error.message), ..error }
            };
            taken.insert(key(path).to_owned(), result.err().map(refusal));
        }
        Ok(Self { file, other, schema, worker: worker.ok(), native: Some(native), taken })
    }

    /// A variable of the worker's; `None` where it is somebody else's.
    fn taken(&self, path: &str) -> Result<Option<&Variable>, Error> {
        match (self.taken.get(key(path)), self.schema.variable(path)) {
            (Some(Some(refused)), _) => Err(refused.clone().within(path)),
            (Some(None), Some(variable)) => Ok(Some(variable)),
            (None, _) if self.native.is_some() => Ok(None),
            _ => Err(Error::not_found(format!("the dataset has no variable {path}"))),
        }
    }

    fn ask(&self, (path, fill): (&str, &[u8]), extent: &Hyperslab) -> Result<Message, Error> {
        let worker = self.worker.as_ref();
        let worker = worker.ok_or_else(|| Error::unsupported("there is no netCDF-C worker"))?;
        let path = format!("/{}", key(path));
        worker.ask(&Request::of((&path, fill), extent)).map_err(|error| error.within(path))
    }

    /// Strings, chunk by chunk, for netCDF-C is not asked for strides.
    fn strings(
        &self,
        variable: &Variable,
        path: &str,
        (slab, room): (&Hyperslab, &mut StringRoom),
    ) -> Result<Vec<Vec<u8>>, Error> {
        let too_large = || {
            let message = format!("too many strings of {path} are asked for at once; ask for fewer");
            Error::new(ErrorKind::TooLarge, message)
        };
        let count = usize::try_from(slab.elements()).ok().filter(|_| slab.elements() <= MOST_STRINGS);
        let mut strings = vec![Vec::new(); count.ok_or_else(too_large)?];
        let grid = grid(path, variable)?;
        for part in grid.plan(slab) {
            let extent = grid.extent(&part.chunk());
            let extent = extent.ok_or_else(|| Error::corrupt(format!("{path}: its chunks do not fit it")))?;
            let mut read = match self.ask((path, &[]), &extent)? {
                Message::Strings(read) if read.len() as u64 == extent.elements() => read,
                _ => {
                    return Err(Error::unsupported(format!(
                        "netCDF-C gives something else than strings of {path}"
                    )));
                }
            };
            for (from, to) in places(&part, &extent.shape(), &slab.shape()) {
                if let (Some(from), Some(to)) = (read.get_mut(from), strings.get_mut(to)) {
                    room.take(from.len())?;
                    std::mem::swap(from, to);
                }
            }
        }
        Ok(strings)
    }

    /// A whole chunk of a variable of the worker's.
    fn chunk(
        &self,
        variable: &Variable,
        ChunkKey { variable: path, index }: ChunkKey<'_>,
    ) -> Result<Vec<u8>, Error> {
        let grid = grid(path, variable)?;
        let extent = grid.extent(index).ok_or_else(|| {
            let counts = grid.counts();
            Error::not_found(format!("{path} has no chunk {index:?}; it has {counts:?} chunks"))
        })?;
        let size = variable.data_type.size().ok_or_else(|| {
            let what = variable.data_type.describe();
            let message = format!("{path} has elements of type {what}, which are not stored in its chunks");
            Error::new(ErrorKind::BadRequest, message)
        })?;
        let bytes =
            |elements: u64| elements.checked_mul(size as u64).filter(|&bytes| bytes <= MOST_CHUNK_BYTES);
        let too_large = || {
            let message = format!("chunks of {path} are larger than the limit of {MOST_CHUNK_BYTES} bytes");
            Error::new(ErrorKind::TooLarge, message)
        };
        let whole = bytes(grid.chunk_elements())
            .and_then(|bytes| usize::try_from(bytes).ok())
            .ok_or_else(too_large)?;
        match self.ask((path, &variable.storage.fill), &extent)? {
            Message::Elements(read) if Some(read.len() as u64) == bytes(extent.elements()) => {
                Ok(pad(read, (&extent.shape(), grid.chunk_shape()), (whole, &variable.storage.fill)))
            }
            _ => Err(Error::unsupported(format!("netCDF-C gives something else than elements of {path}"))),
        }
    }
}

impl ChunkSource for WorkerSource {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn generation(&self) -> String {
        format!("{}{}", self.file.generation(), self.other.generation())
    }

    fn is_far(&self) -> bool {
        true
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        self.file.check_unchanged()?;
        match self.other.are_unchanged() {
            true => Ok(()),
            false => {
                Err(Error::unavailable("a file that has its elements changed while it was read; ask again"))
            }
        }
    }

    fn refusal(&self, variable: &str) -> Option<Error> {
        match self.taken.get(key(variable)) {
            Some(refused) => refused.clone(),
            None => self.native.as_ref().and_then(|native| native.refusal(variable)),
        }
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        match (self.taken(chunk.variable)?, &self.native) {
            (Some(variable), _) => {
                Ok(Stored::Here(Encoded { bytes: self.chunk(variable, chunk)?, skipped_codecs: 1 }))
            }
            (None, Some(native)) => native.locate(chunk),
            (None, None) => Err(Error::not_found(format!("the dataset has no variable {}", chunk.variable))),
        }
    }

    fn runs(&self, path: &str) -> Result<Runs, Error> {
        match (self.taken(path)?, &self.native) {
            (None, Some(native)) => native.runs(path),
            _ => runs::none(&self.schema, path),
        }
    }

    fn locate_run(&self, request: RunRequest<'_>) -> Result<Stored, Error> {
        match (self.taken(request.variable)?, &self.native) {
            (None, Some(native)) => native.locate_run(request),
            _ => Err(Error::unsupported(format!("{} is read through netCDF-C", request.variable))),
        }
    }

    fn file(&self) -> Option<Arc<DataFile>> {
        Some(Arc::clone(&self.file))
    }

    fn read_strings(
        &self,
        path: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let variable = match (self.taken(path)?, &self.native) {
            (Some(variable), _) => variable,
            (None, Some(native)) => return native.read_strings(path, slab, room),
            (None, None) => return Err(Error::not_found(format!("the dataset has no variable {path}"))),
        };
        if variable.data_type != DataType::String {
            let what = variable.data_type.describe();
            let message = format!("{path} has elements of type {what}, not strings");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        self.strings(variable, path, (slab, room))
    }
}

/// A path as it is looked up.
fn key(path: &str) -> &str {
    path.trim_start_matches('/')
}

fn grid(path: &str, variable: &Variable) -> Result<ChunkGrid, Error> {
    let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
    grid.map_err(|misfit| Error::corrupt(format!("{path}: {misfit}")))
}

fn variable_mut<'g>(group: &'g mut Group, path: &str) -> Option<&'g mut Variable> {
    match path.split_once('/') {
        Some((name, rest)) => variable_mut(group.groups.iter_mut().find(|group| group.name == name)?, rest),
        None => group.variables.iter_mut().find(|variable| variable.name == path),
    }
}

/// Makes a variable the worker's, where netCDF-C shows the same elements in it.
fn take(
    variable: &mut Variable,
    shown: Option<&DescribedVariable>,
    refused: Option<&Error>,
) -> Result<(), Error> {
    if let Some(refused) = refused {
        return Err(refused.clone());
    }
    let shown = shown.ok_or_else(|| Error::unsupported("it does not show this variable"))?;
    if shown.shape != variable.shape || !schema::same_elements(&shown.data_type, &variable.data_type) {
        let (theirs, ours) = (&shown.data_type, variable.data_type.describe());
        let (shape, own_shape) = (&shown.shape, &variable.shape);
        let message =
            format!("it shows {theirs:?} of shape {shape:?} where the file has {ours} of {own_shape:?}");
        return Err(Error::unsupported(message));
    }
    variable.storage.codecs = vec![schema::codec()];
    variable.storage.byte_order = ByteOrder::Little;
    Ok(())
}

/// Puts the part of a chunk that lies inside its variable into a whole chunk of the fill value.
fn pad(part: Vec<u8>, (extent, chunk): (&[u64], &[u64]), (whole, fill): (usize, &[u8])) -> Vec<u8> {
    if part.len() == whole {
        return part;
    }
    let size = fill.len().max(1);
    let mut bytes: Vec<u8> = fill.iter().copied().cycle().take(whole).collect();
    bytes.resize(whole, 0);
    let narrow = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let row = extent.last().map_or(size, |&length| narrow(length).saturating_mul(size));
    let outer = extent.len().saturating_sub(1);
    for (n, elements) in part.chunks_exact(row.max(1)).enumerate() {
        // Where row n begins: its indices along the outer axes, fastest first.
        let (mut rest, mut at) = (n, 0_usize);
        let mut step = chunk.last().map_or(size, |&length| narrow(length).saturating_mul(size));
        for (&length, &of_chunk) in extent.iter().zip(chunk).take(outer).rev() {
            let length = narrow(length).max(1);
            at = at.saturating_add((rest % length).saturating_mul(step));
            rest /= length;
            step = step.saturating_mul(narrow(of_chunk));
        }
        if let Some(place) = bytes.get_mut(at..at.saturating_add(elements.len())) {
            place.copy_from_slice(elements);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(extent: &[u64], chunk: &[u64], expected: &[u8]) {
        let elements: u64 = extent.iter().product();
        let part = (1..=elements).map(|n| n as u8).collect();
        let whole = chunk.iter().product::<u64>() as usize;
        assert_eq!(pad(part, (extent, chunk), (whole, &[9])), expected);
    }

    #[test]
    fn parts_lie_at_the_beginning_of_their_chunks() {
        check(&[], &[], &[1]);
        check(&[2], &[3], &[1, 2, 9]);
        check(&[2, 2], &[2, 2], &[1, 2, 3, 4]);
        check(&[2, 2], &[3, 3], &[1, 2, 9, 3, 4, 9, 9, 9, 9]);
        check(&[1, 2, 1], &[2, 2, 2], &[1, 9, 2, 9, 9, 9, 9, 9]);
        check(&[2, 1, 2], &[2, 2, 2], &[1, 2, 9, 9, 3, 4, 9, 9]);
    }

    #[test]
    fn elements_of_several_bytes_keep_theirs() {
        let part = vec![1, 2, 3, 4];
        assert_eq!(pad(part, (&[1, 2], &[2, 3]), (12, &[8, 9])), [1, 2, 3, 4, 8, 9, 8, 9, 8, 9, 8, 9]);
    }
}
