//! Joined members as one dataset: joinExisting and joinNew.
//!
//! A hyperslab is cut where one member ends and the next begins, and each part is read by its member straight into its place.
//! Members are opened when they are touched; those that were used last stay open, so that thousands of members need no
//! thousands of open files.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Schema, Stride, Variable};

use super::held::{Held, copy_part};
use super::member::{Member, Members, most_threads};
use super::slab::{Piece, embed, pieces, scatter};
use crate::read::{Load, Pace, Reach, threads, touched};
use crate::runs::{self, Division, RunRequest, Runs};
use crate::{
    ChunkKey, ChunkSource, Dataset, Encoded, Error, ErrorKind, SlabRequest, Stored, StringRoom, codecs,
    source,
};

/// Where the elements of a variable are.
#[derive(Clone, Debug)]
pub enum Placed {
    /// In the first member.
    First,
    /// In all members, one behind the other along an axis.
    Along(Along),
    /// In memory.
    Held(Held),
}

/// How a variable is joined.
#[derive(Clone, Copy, Debug)]
pub struct Along {
    /// The join axis.
    pub axis: usize,
    /// Whether members have the axis.
    pub dimension: Dimension,
    /// Whose chunks the variable has.
    pub chunks: Chunks,
    /// Whether stored bytes mean the same in all members.
    pub encodings: Encodings,
    /// What reading a chunk of a member takes: that of the one with the largest chunks.
    pub members: MemberLoad,
}

/// Whether members encode a variable in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encodings {
    /// Codecs, byte order and fill value are those of the first member.
    Same,
    /// Some are others.
    Different,
}

/// What reading a chunk of any member takes.
#[derive(Clone, Copy, Debug)]
pub struct MemberLoad {
    /// Bytes (or, before the elements' size is known, elements) of the largest decoded chunk.
    pub chunk: u64,
    /// The length along the join axis of the shortest chunk.
    pub length: u64,
    /// From how far away chunks come.
    pub reach: Reach,
}

impl MemberLoad {
    /// The same, where elements have so many bytes.
    #[must_use]
    pub fn of_elements(self, size: u64) -> Self {
        Self { chunk: self.chunk.saturating_mul(size), ..self }
    }
}

impl Along {
    /// What reading its pieces of a hyperslab takes, each.
    fn load(&self, variable: &Variable, slab: &Hyperslab, pieces: &[Piece]) -> Result<Load, Error> {
        let MemberLoad { chunk, length, reach } = self.members;
        // Chunks beside each other, of one index along the join axis.
        let beside = match slab.narrowed(self.axis, 0, 1) {
            Some(beside) => touched(&source::grid(&variable.name, variable)?, &beside),
            None => 0,
        };
        let behind = pieces.iter().map(|piece| {
            let Stride { step, count, .. } = piece.inside;
            let spanned = count.saturating_mul(step).checked_div(length.max(1)).unwrap_or(count);
            spanned.saturating_add(2).min(count)
        });
        let touched = beside.saturating_mul(behind.max().unwrap_or(0));
        Ok(Load { chunk, touched, buffers: 3, reach })
    }
}

/// How many members are read at once, of which each takes so much.
fn members_at_once(load: &Load, pace: Pace) -> usize {
    let fitting = pace.most().checked_div(pace.scratch(load).max(1)).unwrap_or(1);
    usize::try_from(fitting).unwrap_or(usize::MAX).clamp(1, most_threads())
}

/// Whether members have the join dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// They have it.
    Existing,
    /// It is new, and has one index for each member.
    New,
}

/// Whose chunks a joined variable has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunks {
    /// Those of the members, as they are stored.
    OfMembers,
    /// Chunks that are put together when they are asked for.
    PutTogether,
}

/// Joined members.
pub struct Joined {
    /// What they hold together.
    pub schema: Schema,
    /// Text that differs with every member.
    pub generation: String,
    /// The members, in their order.
    pub list: Vec<Member>,
    /// The first index of each member along the join dimension, and the end behind the last.
    pub starts: Vec<u64>,
    /// Where the variables' elements are, by path.
    pub placed: HashMap<String, Placed>,
    /// What opens the members.
    pub members: Members,
    /// Variables of members of which all chunks are known to be good.
    pub proven: Mutex<HashSet<(String, usize)>>,
}

impl Joined {
    fn placed(&self, path: &str) -> Result<(&Variable, &Placed), Error> {
        let plain = path.trim_start_matches('/');
        let variable = self.schema.variable(plain);
        let placed = self.placed.get(&format!("/{plain}"));
        variable.zip(placed).ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))
    }

    fn open(&self, member: usize) -> Result<(&Member, std::sync::Arc<Dataset>), Error> {
        let found =
            self.list.get(member).ok_or_else(|| Error::corrupt("the aggregation has no such member"))?;
        Ok((found, self.members.open(found)?))
    }

    /// The part of a member's variable that a piece of `slab` is.
    fn inside(
        &self,
        (path, variable, along): (&str, &Variable, Along),
        slab: &Hyperslab,
        piece: &Piece,
    ) -> Result<Hyperslab, Error> {
        let (mut strides, mut shape) = (slab.strides().to_vec(), variable.shape.clone());
        if along.axis >= strides.len().min(shape.len()) {
            return Err(Error::corrupt(format!("{path} has no join axis")));
        }
        match along.dimension {
            Dimension::New => {
                strides.remove(along.axis);
                shape.remove(along.axis);
            }
            Dimension::Existing => {
                let end = self.starts.get(piece.member.saturating_add(1));
                let length = end
                    .zip(self.starts.get(piece.member))
                    .map_or(0, |(end, start)| end.saturating_sub(*start));
                strides.iter_mut().skip(along.axis).take(1).for_each(|stride| *stride = piece.inside);
                shape.iter_mut().skip(along.axis).take(1).for_each(|of_axis| *of_axis = length);
            }
        }
        Hyperslab::within(&shape, strides).map_err(|e| Error::corrupt(format!("{path}: {e}")))
    }

    fn pieces(&self, along: Along, slab: &Hyperslab) -> Result<Vec<Piece>, Error> {
        let stride = slab.strides().get(along.axis);
        pieces(stride.ok_or_else(|| Error::corrupt("a hyperslab has no join axis"))?, &self.starts)
    }

    /// Several members are read at once; where their chunks are large, fewer are, so that together they take no more than one
    /// large reading does.
    fn scratch_along(
        &self,
        (variable, along): (&Variable, Along),
        slab: &Hyperslab,
        pace: Pace,
    ) -> Result<u64, Error> {
        let pieces = self.pieces(along, slab)?;
        let load = along.load(variable, slab, &pieces)?;
        let at_once = members_at_once(&load, pace).min(pieces.len()).max(1) as u64;
        // Where its rows are spread over the output, a part is read alone first.
        let leading = slab.strides().iter().take(along.axis).all(|stride| stride.count == 1);
        let rows = match (leading, variable.data_type.size()) {
            (false, Some(size)) => slab.elements().saturating_mul(size as u64),
            _ => 0,
        };
        Ok(pace.scratch(&load).saturating_mul(at_once).saturating_add(rows))
    }

    fn read_along(
        &self,
        (variable, along): (&Variable, Along),
        request: &SlabRequest<'_>,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let SlabRequest { variable: path, slab, .. } = *request;
        let size = variable.data_type.size().filter(|&size| size > 0).ok_or_else(|| {
            let what = variable.data_type.describe();
            let message = format!("{path} has elements of type {what}, which have no fixed size");
            Error::new(ErrorKind::BadRequest, message)
        })?;
        let expected = usize::try_from(slab.elements()).ok().and_then(|n| n.checked_mul(size));
        if expected != Some(out.len()) {
            let (length, elements) = (out.len(), slab.elements());
            let message = format!("{path}: the buffer has {length} bytes for {elements} elements of {size}");
            return Err(Error::new(ErrorKind::BadRequest, message));
        }
        if slab.elements() == 0 {
            return Ok(());
        }
        let pieces = self.pieces(along, slab)?;
        let leading = slab.strides().iter().take(along.axis).all(|stride| stride.count == 1);
        match leading {
            true => self.read_runs(&pieces, (variable, along), request, out),
            false => self.read_rows(&pieces, (variable, along, size), request, out),
        }
    }

    /// Parts that follow each other in the output: members read into it at once.
    fn read_runs(
        &self,
        pieces: &[Piece],
        (variable, along): (&Variable, Along),
        request: &SlabRequest<'_>,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let rows: u64 = pieces.iter().map(|piece| piece.inside.count).sum();
        let row = usize::try_from(rows).ok().and_then(|rows| out.len().checked_div(rows)).unwrap_or(0);
        let mut rest = out;
        let mut work = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let bytes = usize::try_from(piece.inside.count).ok().and_then(|count| count.checked_mul(row));
            let split = std::mem::take(&mut rest).split_at_mut_checked(bytes.unwrap_or(usize::MAX));
            let (own, behind) =
                split.ok_or_else(|| Error::corrupt("members hold more than the hyperslab"))?;
            work.push((piece, own));
            rest = behind;
        }
        let at_once = members_at_once(&along.load(variable, request.slab, pieces)?, self.pace());
        threads::each(work, at_once, |(piece, out)| {
            let slab = self.inside((request.variable, variable, along), request.slab, piece)?;
            self.read_member((piece.member, &slab), request, out)
        })
        .map(drop)
    }

    /// Parts that are spread over the output: each is read alone, then put in its rows.
    fn read_rows(
        &self,
        pieces: &[Piece],
        (variable, along, size): (&Variable, Along, usize),
        request: &SlabRequest<'_>,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let shape = request.slab.shape();
        for piece in pieces {
            let slab = self.inside((request.variable, variable, along), request.slab, piece)?;
            let length = usize::try_from(slab.elements()).ok().and_then(|n| n.checked_mul(size));
            // A part of the output, which its caller has in memory.
            let mut part = vec![0; length.unwrap_or(0)];
            self.read_member((piece.member, &slab), request, &mut part)?;
            scatter(&part, (&shape, size), (along.axis, piece.at), out)?;
        }
        Ok(())
    }

    /// Reads a hyperslab of a member.
    fn read_member(
        &self,
        (member, slab): (usize, &Hyperslab),
        request: &SlabRequest<'_>,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let (member, dataset) = self.open(member)?;
        let read = dataset.read_unless(request.stopped, request.variable, (slab, request.order), out);
        read.map_err(|e| e.within(&member.name))
    }

    fn verify_along(
        &self,
        (variable, along): (&Variable, Along),
        request: &SlabRequest<'_>,
    ) -> Result<(), Error> {
        let proven = || self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        let pieces = self.pieces(along, request.slab)?;
        let at_once = members_at_once(&along.load(variable, request.slab, &pieces)?, self.pace());
        threads::each(pieces, at_once, |piece| {
            let key = (request.variable.trim_start_matches('/').to_owned(), piece.member);
            if proven().contains(&key) {
                return Ok(());
            }
            let slab = self.inside((request.variable, variable, along), request.slab, &piece)?;
            let (member, dataset) = self.open(piece.member)?;
            let verified = dataset.verify_unless(request.stopped, request.variable, &slab);
            verified.map_err(|e| e.within(&member.name))?;
            let whole =
                dataset.schema().variable(request.variable).map(|variable| Hyperslab::whole(&variable.shape));
            if whole.is_some_and(|whole| whole.is_ok_and(|whole| whole == slab)) {
                proven().insert(key);
            }
            Ok(())
        })
        .map(drop)
    }

    /// At which pace members are read, as they are when they are read for themselves.
    fn pace(&self) -> Pace {
        Pace::within(self.members.opener.memory().limit())
    }

    /// The member that stores a chunk, and the chunk's index there.
    fn chunk_of_member(
        &self,
        variable: &Variable,
        along: Along,
        index: &[u64],
    ) -> Result<(usize, Vec<u64>), Error> {
        let misplaced = || Error::corrupt("the aggregation has no such chunk");
        let mut inside = index.to_vec();
        let number = index.get(along.axis).copied().ok_or_else(misplaced)?;
        if along.dimension == Dimension::New {
            inside.remove(along.axis);
            return Ok((usize::try_from(number).map_err(|_unshown| misplaced())?, inside));
        }
        let chunk = variable.storage.chunk_shape.get(along.axis).copied().ok_or_else(misplaced)?;
        let first = number.checked_mul(chunk).ok_or_else(misplaced)?;
        let stride = Stride { start: first, step: 1, count: 1 };
        let piece = pieces(&stride, &self.starts)?.first().copied().ok_or_else(misplaced)?;
        let place = inside.get_mut(along.axis).ok_or_else(misplaced)?;
        *place = piece.inside.start.checked_div(chunk).ok_or_else(misplaced)?;
        Ok((piece.member, inside))
    }

    /// A chunk that is put together: its part inside the variable, and the fill value around it.
    fn put_together(
        &self,
        variable: &Variable,
        chunk: ChunkKey<'_>,
        extent: &Hyperslab,
    ) -> Result<Encoded, Error> {
        let size = variable.data_type.size().unwrap_or(1);
        let storage = &variable.storage;
        let bytes = |elements: u64| usize::try_from(elements).ok().and_then(|n| n.checked_mul(size));
        let whole = storage.chunk_shape.iter().try_fold(1_u64, |n, &length| n.checked_mul(length));
        let whole = whole.and_then(bytes).filter(|&bytes| bytes as u64 <= codecs::MOST_CHUNK_BYTES);
        let whole =
            whole.ok_or_else(|| Error::new(ErrorKind::TooLarge, "a chunk does not fit into memory"))?;
        let order = storage.byte_order;
        let request = SlabRequest { variable: chunk.variable, slab: extent, order, stopped: &|| false };
        let mut part = vec![0; bytes(extent.elements()).unwrap_or(0)];
        self.read_slab(&request, &mut part)?;
        if part.len() == whole {
            return Ok(Encoded { bytes: part, skipped_codecs: u32::MAX });
        }
        let mut fill = storage.fill.clone();
        if order == ByteOrder::Big {
            codecs::swap(&mut fill, variable.data_type.swap_unit());
        }
        let mut padded: Vec<u8> = fill.iter().copied().cycle().take(whole).collect();
        embed(&part, &extent.shape(), &mut padded, (&storage.chunk_shape, size))?;
        Ok(Encoded { bytes: padded, skipped_codecs: u32::MAX })
    }

    /// Asks the member that stores a chunk. Answers are given only of a member that nobody wrote to meanwhile.
    fn ask<T>(
        &self,
        chunk: ChunkKey<'_>,
        of_member: impl FnOnce(&dyn ChunkSource, ChunkKey<'_>) -> Result<T, Error>,
        own: impl FnOnce(Stored) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (variable, placed) = self.placed(chunk.variable)?;
        if let Placed::Held(held) = placed {
            return own(held.locate(variable, chunk)?);
        }
        let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
        let grid = grid.map_err(|e| Error::corrupt(format!("{}: {e}", chunk.variable)))?;
        let extent = grid.extent(chunk.index).ok_or_else(|| {
            let (ChunkKey { variable, index }, counts) = (chunk, grid.counts());
            Error::not_found(format!("{variable} has no chunk {index:?}; it has {counts:?} chunks"))
        })?;
        let (member, index) = match placed {
            Placed::Along(along) if along.chunks == Chunks::PutTogether => {
                return own(Stored::Here(self.put_together(variable, chunk, &extent)?));
            }
            Placed::Along(along) => self.chunk_of_member(variable, *along, chunk.index)?,
            _ => (0, chunk.index.to_vec()),
        };
        let (member, dataset) = self.open(member)?;
        let source = dataset.source();
        let answer = of_member(source, ChunkKey { variable: chunk.variable, index: &index });
        let answer = answer.map_err(|e| e.within(&member.name))?;
        source.check_unchanged().map_err(|e| e.within(&member.name))?;
        Ok(answer)
    }
}

impl Joined {
    /// The runs of a variable that lies in all members: those of the first, where all are stored alike.
    ///
    /// A chunk lies in one member alone: elements that follow each other are cut where members begin.
    fn runs_along(&self, (path, variable): (&str, &Variable), along: Along) -> Result<Runs, Error> {
        if along.encodings == Encodings::Different {
            return Err(Error::unsupported(
                "its members are stored with different codecs, byte orders or fill values",
            ));
        }
        let (member, dataset) = self.open(0)?;
        let mut runs = dataset.source().runs(path).map_err(|e| e.within(&member.name))?;
        if runs.chunks == Division::Fixed && along.chunks == Chunks::PutTogether {
            return Err(Error::unsupported(
                "its members have chunks of different shapes, or chunks that end with a member",
            ));
        }
        let chunk = &mut runs.storage.chunk_shape;
        if along.dimension == Dimension::New {
            chunk.insert(along.axis.min(chunk.len()), 1);
            return Ok(runs);
        }
        if runs.chunks == Division::Fixed {
            return Ok(runs);
        }
        let lengths = self.starts.windows(2).filter_map(|pair| pair.last()?.checked_sub(*pair.first()?));
        let common = lengths.clone().filter(|&length| length > 0).fold(0, greatest_common_divisor);
        // Whole members may stand side by side along an outer axis.
        let of_members = chunk.get(along.axis) == Some(&common) && lengths.into_iter().max() == Some(common);
        let rows: Vec<u64> = chunk
            .iter()
            .enumerate()
            .map(|(axis, &length)| match axis.cmp(&along.axis) {
                std::cmp::Ordering::Less if of_members => length,
                std::cmp::Ordering::Less => 1,
                std::cmp::Ordering::Equal => greatest_common_divisor(length, common),
                std::cmp::Ordering::Greater => length,
            })
            .collect();
        Ok(Runs::divisible(variable, &rows).with_order(runs.storage.byte_order, runs.storage.fill))
    }

    /// Where a chunk of one member is stored.
    fn locate_in_member(
        &self,
        variable: &Variable,
        along: Along,
        request: RunRequest<'_>,
    ) -> Result<Stored, Error> {
        let RunRequest { variable: path, extent, .. } = request;
        let pieces = self.pieces(along, extent)?;
        let [piece] = pieces.as_slice() else {
            return Err(Error::unsupported(format!("{path}: a chunk lies in {} members", pieces.len())));
        };
        let inside = self.inside((path, variable, along), extent, piece)?;
        let (member, dataset) = self.open(piece.member)?;
        let within = |e: Error| e.within(&member.name);
        let source = dataset.source();
        let stored = source.locate_run(RunRequest { extent: &inside, ..request }).map_err(within)?;
        source.check_unchanged().map_err(within)?;
        Ok(stored)
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a
}

impl ChunkSource for Joined {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn generation(&self) -> String {
        self.generation.clone()
    }

    /// Members are checked one by one, before and after anything is read of them.
    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        self.ask(chunk, |source, chunk| source.locate(chunk), Ok)
    }

    fn runs(&self, path: &str) -> Result<Runs, Error> {
        let (variable, placed) = self.placed(path)?;
        match placed {
            Placed::Held(_) => Ok(Runs::of_chunks(variable)),
            Placed::Along(along) => self.runs_along((path, variable), *along),
            Placed::First => {
                let (member, dataset) = self.open(0)?;
                dataset.source().runs(path).map_err(|e| e.within(&member.name))
            }
        }
    }

    fn locate_run(&self, request: RunRequest<'_>) -> Result<Stored, Error> {
        let path = request.variable;
        let (variable, placed) = self.placed(path)?;
        match placed {
            Placed::Held(held) => {
                let index = runs::index_of(&self.schema, path, request.extent)?;
                held.locate(variable, ChunkKey { variable: path, index: &index })
            }
            Placed::Along(along) => self.locate_in_member(variable, *along, request),
            Placed::First => {
                let (member, dataset) = self.open(0)?;
                let stored = dataset.source().locate_run(request).map_err(|e| e.within(&member.name))?;
                dataset.source().check_unchanged().map_err(|e| e.within(&member.name))?;
                Ok(stored)
            }
        }
    }

    fn fetch(&self, chunk: ChunkKey<'_>) -> Result<Option<Encoded>, Error> {
        let here = |stored| match stored {
            Stored::Here(encoded) => Ok(Some(encoded)),
            _ => Ok(None),
        };
        self.ask(chunk, |source, chunk| source.fetch(chunk), here)
    }

    fn fetch_part(&self, chunk: ChunkKey<'_>, offset: u64, out: &mut [u8]) -> Result<bool, Error> {
        // One of the two is called, so both may write.
        let out = std::cell::RefCell::new(out);
        let part = |stored: Stored| copy_part(&stored, (chunk, offset), &mut out.borrow_mut()).map(|()| true);
        self.ask(chunk, |source, chunk| source.fetch_part(chunk, offset, &mut out.borrow_mut()), part)
    }

    fn check_extent(&self, chunk: ChunkKey<'_>) -> Result<bool, Error> {
        self.ask(chunk, |source, chunk| source.check_extent(chunk), |_| Ok(true))
    }

    fn read_slab(&self, request: &SlabRequest<'_>, out: &mut [u8]) -> Result<bool, Error> {
        let (variable, placed) = self.placed(request.variable)?;
        match placed {
            Placed::Held(held) => {
                held.read((request.variable, variable), (request.slab, request.order), out)?;
            }
            Placed::Along(along) => self.read_along((variable, *along), request, out)?,
            Placed::First => self.read_member((0, request.slab), request, out)?,
        }
        Ok(true)
    }

    fn verify_slab(&self, request: &SlabRequest<'_>) -> Result<bool, Error> {
        let (variable, placed) = self.placed(request.variable)?;
        match placed {
            Placed::Held(_) => {}
            Placed::Along(along) => self.verify_along((variable, *along), request)?,
            Placed::First => {
                let (member, dataset) = self.open(0)?;
                let verified = dataset.verify_unless(request.stopped, request.variable, request.slab);
                verified.map_err(|e| e.within(&member.name))?;
            }
        }
        Ok(true)
    }

    fn scratch_bytes(&self, path: &str, slab: &Hyperslab, pace: Pace) -> Result<u64, Error> {
        let (variable, placed) = self.placed(path)?;
        match placed {
            Placed::Held(_) => Ok(0),
            Placed::First => {
                let (member, dataset) = self.open(0)?;
                dataset.source().scratch_bytes(path, slab, pace).map_err(|e| e.within(&member.name))
            }
            Placed::Along(along) => self.scratch_along((variable, *along), slab, pace),
        }
    }

    fn resident_bytes(&self) -> u64 {
        let held = self.placed.iter().map(|(path, placed)| match placed {
            Placed::Held(held) => held.bytes().saturating_add(path.len() as u64),
            Placed::First | Placed::Along(_) => path.len().saturating_add(size_of::<Placed>()) as u64,
        });
        let members = self.list.iter().map(Member::resident_bytes);
        let starts = size_of_val(self.starts.as_slice()) as u64;
        let proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
        held.chain(members).fold(starts.saturating_add(proven.saturating_mul(64)), u64::saturating_add)
    }

    fn read_strings(
        &self,
        path: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let (variable, placed) = self.placed(path)?;
        let along = match placed {
            Placed::Held(held) => return held.read_strings((path, variable), (slab, room)),
            Placed::First => {
                let (member, dataset) = self.open(0)?;
                let strings = dataset.read_strings_within(path, slab, room);
                return strings.map_err(|e| e.within(&member.name));
            }
            Placed::Along(along) => *along,
        };
        if variable.data_type.size().is_some() {
            return Err(Error::new(ErrorKind::BadRequest, format!("{path} holds no strings")));
        }
        let count = usize::try_from(slab.elements());
        let count = count.map_err(|e| Error::new(ErrorKind::TooLarge, format!("{path}: {e}")))?;
        let mut out = Vec::new();
        out.try_reserve(count).map_err(|e| Error::new(ErrorKind::TooLarge, format!("{path}: {e}")))?;
        out.resize(count, Vec::new());
        for piece in self.pieces(along, slab)? {
            let inside = self.inside((path, variable, along), slab, &piece)?;
            let (member, dataset) = self.open(piece.member)?;
            let strings = dataset.read_strings_within(path, &inside, room);
            let strings = strings.map_err(|e| e.within(&member.name))?;
            scatter(&strings, (&slab.shape(), 1), (along.axis, piece.at), &mut out)?;
        }
        Ok(out)
    }
}
