//! GRIB files, editions 1 and 2: what WMO's weather services exchange forecasts in (Manual on Codes, No. 306, volume I.2, FM 92).
//!
//! A file is a row of messages, each of them a field: the values of one parameter on one grid, at one level and time. They are
//! found by one pass over the headers, and arranged as cfgrib arranges them: fields of one parameter, type of level and grid
//! are a variable over ensemble members, reference times, steps and levels; axes of one value are scalar coordinates. A
//! field is a chunk. One that the file does not have is absent, and reads as NaN.
//!
//! Values are unpacked when they are asked for, to single precision, in the order of the coordinates: rows from the first
//! that is stored to the last. Points that a bitmap leaves out are NaN.

mod calendar;
mod coordinates;
mod cube;
mod edition1;
mod edition2;
mod field;
mod grid;
mod level;
mod mapping;
mod messages;
mod naming;
mod octets;
mod parameters;
mod product;
mod product1;
mod product2;
mod scanning;
mod schema;
mod unpack;
mod window;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use weir_model::{Codec, Hyperslab, Schema, Storage, Variable};

use self::coordinates::{Content, Role};
use self::cube::Cube;
use self::field::{Extent, Index};
use crate::read::{Load, Pace, Reach};
use crate::runs::{self, Division, RunRequest, Runs};
use crate::source::Run;
use crate::{ChunkKey, ChunkSource, DataFile, Encoded, Error, ErrorKind, Stored, StringRoom, source};

/// A grid of more points is not read: a chunk of their coordinates would have more than 1 GiB.
const MOST_POINTS: u64 = 1 << 27;

/// Why a field is no run of the file.
const SHARED: &str = "its fields share messages with others, or stand in damaged ones";

/// How far into a file its first message may begin: telecommunication headings are some tens of bytes long.
const MOST_HEADING_BYTES: u64 = 1024;

/// Whether a file's first bytes have the beginning of a message in them: `GRIB`, and its edition four octets behind.
///
/// # Errors
/// `Unavailable` where the file cannot be read.
pub fn recognise(file: &DataFile) -> Result<bool, Error> {
    let start = file.read_at(0, file.len().min(MOST_HEADING_BYTES))?;
    let is_message = |bytes: &[u8]| bytes.starts_with(messages::START) && matches!(bytes.last(), Some(1 | 2));
    Ok(start.windows(8).any(is_message))
}

/// Opens a GRIB file.
///
/// # Errors
/// `Corrupt` where no message can be read, `Unsupported` where none is of a kind that is known here, `TooLarge` for files
/// beyond any real one, `Unavailable` where the disk fails.
pub fn open(file: impl Into<Arc<DataFile>>) -> Result<Box<dyn ChunkSource>, Error> {
    let file = file.into();
    let index = messages::index(&file)?;
    let cubes = cube::arrange(&index).ok_or_else(|| {
        Error::new(
            ErrorKind::TooLarge,
            "its fields have so many coordinates that they cannot be arranged; split it",
        )
    })?;
    let (schema, contents) = schema::describe(&index, &cubes);
    for (reason, count) in &index.unread {
        tracing::warn!(count, reason, "messages are not read");
    }
    file.check_undisturbed()?;
    let divided = cubes.iter().map(|cube| divided(cube, &index)).collect();
    let generation = file.generation().to_string();
    Ok(Box::new(Grib { generation, file, schema, index, cubes, contents, divided }))
}

/// Why the fields of a cube are not whole messages whose values are in the order of the coordinates.
fn divided(cube: &Cube, index: &Index) -> Option<&'static str> {
    let fields = || cube.fields().filter_map(|place| index.fields.get(place));
    let in_rows = |field: &field::Field| {
        let mode = index.grids.get(field.grid).map(|grid| grid.scanning);
        mode.is_some_and(|mode| !mode.by_columns() && !mode.alternates() && !mode.staggers())
    };
    if !fields().all(in_rows) {
        return Some("its points are not stored in rows that all run one way");
    }
    fields().any(|field| field.message.is_none()).then_some(SHARED)
}

/// An open file.
struct Grib {
    file: Arc<DataFile>,
    generation: String,
    schema: Schema,
    index: Index,
    cubes: Vec<Cube>,
    contents: HashMap<String, Content>,
    /// Of each cube, why its fields are not whole messages whose values are in the order of the coordinates; `None` where they are.
    divided: Vec<Option<&'static str>>,
}

/// Where a chunk comes from.
enum Source<'g> {
    /// Elements in memory.
    Bytes(&'g [u8]),
    /// What a grid tells of some consecutive points.
    Grid(usize, Role, Range<usize>),
    /// A field, by its place in the index.
    Field(usize),
    /// Nowhere: there is no such field.
    Absent,
}

impl Grib {
    fn variable(&self, path: &str) -> Result<(&Variable, &Content), Error> {
        let name = path.trim_start_matches('/');
        let found = self.schema.root.variable(name).zip(self.contents.get(name));
        found.ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))
    }

    /// Where a chunk comes from, if there is such a chunk.
    fn source(&self, chunk: ChunkKey<'_>) -> Result<Source<'_>, Error> {
        let (variable, content) = self.variable(chunk.variable)?;
        let missing = || {
            let ChunkKey { variable, index } = chunk;
            Error::not_found(format!("{variable} has no chunk {index:?}"))
        };
        if !has_chunk(variable, chunk.index) {
            return Err(missing());
        }
        let range = || elements(variable, chunk.index).ok_or_else(missing);
        match content {
            Content::Bytes(bytes) => {
                let range = range()?;
                let size = variable.data_type.size().unwrap_or(1);
                let (start, end) = (range.start.saturating_mul(size), range.end.saturating_mul(size));
                bytes.get(start..end).map(Source::Bytes).ok_or_else(missing)
            }
            Content::Grid(grid, role) => Ok(Source::Grid(*grid, *role, range()?)),
            Content::Cube(cube) => {
                let cube = self.cubes.get(*cube).ok_or_else(missing)?;
                self.field(cube, chunk).ok_or_else(missing)
            }
        }
    }

    /// The field of a chunk: indices of the axes that have several values, then zeros along the grid.
    fn field(&self, cube: &Cube, chunk: ChunkKey<'_>) -> Option<Source<'_>> {
        let mut index = chunk.index.iter().copied();
        let mut cell = [0; 4];
        for (place, count) in cell.iter_mut().zip(cube.counts()) {
            if count > 1 {
                *place = index.next()?;
            }
        }
        Some(cube.field(cell).map_or(Source::Absent, Source::Field))
    }

    /// The values of a field, in the order of the dimensions of its grid.
    fn values(&self, place: usize) -> Result<Vec<u8>, Error> {
        let lost = || Error::corrupt("a field has no grid");
        let field = self.index.fields.get(place).ok_or_else(lost)?;
        let grid = self.index.grids.get(field.grid).ok_or_else(lost)?;
        if let Some(fault) = &field.fault {
            return Err(Error::clone(fault));
        }
        let points = self.check_points(grid.points)?;
        let values = unpack::values(&self.file, &field.stored, points)?;
        let values = match grid.rows {
            Some((nx, ny)) => {
                let side = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
                grid.scanning.into_rows(values, side(nx), side(ny))
            }
            None => values,
        };
        Ok(values.into_iter().flat_map(f32::to_le_bytes).collect())
    }

    /// The fields of a variable as whole messages, which kerchunk's codec for them unpacks.
    ///
    /// Source: `kerchunk.codecs.GRIBCodec` (<https://fsspec.github.io/kerchunk/>), and what `kerchunk.grib2` writes.
    fn messages(&self, variable: &Variable, cube: usize) -> Result<Runs, Error> {
        let lost = || Error::corrupt("a variable has no fields");
        if let Some(reason) = self.divided.get(cube).ok_or_else(lost)? {
            return Err(Error::unsupported(*reason));
        }
        let configuration = r#"{"var":"values","dtype":"float32"}"#.to_owned();
        let codec = Codec::Other { id: 0, name: "grib".to_owned(), parameters: vec![], configuration };
        let storage = Storage { codecs: vec![codec], ..variable.storage.clone() };
        Ok(Runs { storage, chunks: Division::Fixed })
    }

    fn check_points(&self, points: u64) -> Result<usize, Error> {
        let checked = Some(points).filter(|&points| points <= MOST_POINTS);
        checked.and_then(|points| usize::try_from(points).ok()).ok_or_else(|| {
            let message = format!("a grid has {points} points, the limit is {MOST_POINTS}");
            Error::new(ErrorKind::TooLarge, message)
        })
    }

    fn grid_bytes(&self, place: usize, role: Role, range: Range<usize>) -> Result<Vec<u8>, Error> {
        let unknown = || Error::corrupt("a grid has no coordinates");
        let grid = self.index.grids.get(place).ok_or_else(unknown)?;
        self.check_points(grid.points)?;
        let doubles = match role {
            Role::AlongY => grid.along_dimensions().map(|along| along.y),
            Role::AlongX => grid.along_dimensions().map(|along| along.x),
            Role::Latitude => grid.of_points(range.clone()).map(|places| places.y),
            Role::Longitude => grid.of_points(range.clone()).map(|places| places.x),
        };
        let doubles = doubles.ok_or_else(unknown)?;
        let part = match role {
            Role::AlongX | Role::AlongY => doubles.get(range).ok_or_else(unknown)?,
            Role::Latitude | Role::Longitude if doubles.len() == range.len() => &doubles,
            Role::Latitude | Role::Longitude => return Err(unknown()),
        };
        Ok(part.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// A field that is absent is proven to be so, unless damage hides what else the file had.
    fn absent(&self) -> Result<(), Error> {
        if !self.index.damaged {
            return Ok(());
        }
        let reason = self.index.unread.keys().next().map_or("", String::as_str);
        Err(Error::corrupt(format!("it is missing, or is what cannot be read: {reason}")))
    }
}

fn has_chunk(variable: &Variable, index: &[u64]) -> bool {
    let lengths = variable.shape.iter().zip(&variable.storage.chunk_shape);
    let inside = |(&place, (&length, &of_chunk)): (&u64, (&u64, &u64))| {
        place.checked_mul(of_chunk).is_some_and(|first| first < length)
    };
    index.len() == variable.shape.len() && index.iter().zip(lengths).all(inside)
}

/// The elements of a variable that a chunk has: chunks of coordinates are cut along their first axes, so that these follow
/// each other.
fn elements(variable: &Variable, index: &[u64]) -> Option<Range<usize>> {
    let (mut start, mut count) = (0_u64, 1_u64);
    for ((&place, &length), &of_chunk) in index.iter().zip(&variable.shape).zip(&variable.storage.chunk_shape)
    {
        let first = place.checked_mul(of_chunk)?;
        start = start.checked_mul(length)?.checked_add(first)?;
        count = count.checked_mul(of_chunk.min(length.checked_sub(first)?))?;
    }
    let end = start.checked_add(count)?;
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

impl ChunkSource for Grib {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn generation(&self) -> String {
        self.generation.clone()
    }

    fn reach(&self) -> Reach {
        if self.file.is_remote() { Reach::Referred } else { Reach::Near }
    }

    fn resident_bytes(&self) -> u64 {
        let contents = self.contents.values().map(|content| match content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Grid(..) | Content::Cube(_) => 0,
        });
        let cubes = self.cubes.iter().map(Cube::resident_bytes);
        contents.chain(cubes).fold(self.index.resident_bytes(), u64::saturating_add)
    }

    /// A field is unpacked to wide numbers first, and its points are put in order after that.
    fn scratch_bytes(&self, variable: &str, slab: &Hyperslab, pace: Pace) -> Result<u64, Error> {
        const BUFFERS: u64 = 8;
        let (found, _) = self.variable(variable)?;
        let load = Load::of(found, &source::grid(variable, found)?, slab, self.reach());
        Ok(pace.scratch(&Load { buffers: BUFFERS, ..load }))
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        self.file.check_unchanged()
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        let encoded = |bytes, skipped_codecs| Ok(Stored::Here(Encoded { bytes, skipped_codecs }));
        match self.source(chunk)? {
            Source::Bytes(bytes) => encoded(bytes.to_vec(), 0),
            Source::Grid(grid, role, range) => encoded(self.grid_bytes(grid, role, range)?, 0),
            Source::Field(place) => encoded(self.values(place)?, 1),
            Source::Absent => self.absent().map(|()| Stored::Nothing),
        }
    }

    fn runs(&self, path: &str) -> Result<Runs, Error> {
        match self.variable(path)? {
            (variable, Content::Bytes(_) | Content::Grid(..)) => Ok(Runs::of_chunks(variable)),
            (variable, Content::Cube(cube)) => self.messages(variable, *cube),
        }
    }

    /// A field's run is the whole message: that is what others who read GRIB chunk by chunk unpack.
    fn locate_run(&self, request: RunRequest<'_>) -> Result<Stored, Error> {
        let index = runs::index_of(&self.schema, request.variable, request.extent)?;
        let chunk = ChunkKey { variable: request.variable, index: &index };
        let Source::Field(place) = self.source(chunk)? else { return self.locate(chunk) };
        let message = self.index.fields.get(place).and_then(|field| field.message);
        let Extent { offset, length } = message.ok_or_else(|| Error::unsupported(SHARED))?;
        Ok(Stored::Run(Run { file: Arc::clone(&self.file), offset, length, skipped_codecs: 0 }))
    }

    fn file(&self) -> Option<Arc<DataFile>> {
        Some(Arc::clone(&self.file))
    }

    fn check_extent(&self, chunk: ChunkKey<'_>) -> Result<bool, Error> {
        match self.source(chunk)? {
            Source::Bytes(_) | Source::Grid(..) => Ok(true),
            Source::Absent => self.absent().map(|()| false),
            Source::Field(place) => {
                let field = self.index.fields.get(place);
                let field = field.ok_or_else(|| Error::corrupt("a field is not in the index"))?;
                if let Some(fault) = &field.fault {
                    return Err(Error::clone(fault));
                }
                let values = field.stored.values;
                self.file.check_range(values.offset, values.length).map(|()| true)
            }
        }
    }

    fn read_strings(&self, variable: &str, _: &Hyperslab, _: &mut StringRoom) -> Result<Vec<Vec<u8>>, Error> {
        self.variable(variable)?;
        Err(Error::new(ErrorKind::BadRequest, format!("{variable} holds no strings; GRIB files have none")))
    }
}
