//! An edited dataset: another one under other names, with other attributes, and with values that were added.

use std::sync::Arc;

use weir_model::{Hyperslab, Schema, Variable};

use super::edits::{EditedSchema, Origin};
use super::held::Held;
use super::member::{Member, Members};
use crate::read::Pace;
use crate::runs::{self, RunRequest, Runs};
use crate::{ChunkKey, ChunkSource, Dataset, Encoded, Error, SlabRequest, Stored, StringRoom, resident};

/// What was edited.
pub enum Inner {
    /// Nothing: all variables are held in memory.
    Nothing,
    /// A dataset that needs no open file.
    Made(Arc<Dataset>),
    /// A file, opened when it is touched.
    File(Box<(Member, Members)>),
}

/// An edited dataset.
pub struct Edited {
    /// What it holds.
    pub edited: EditedSchema,
    /// Text that differs with the edits and with what was edited.
    pub generation: String,
    /// What was edited.
    pub inner: Inner,
}

impl Edited {
    fn find(&self, path: &str) -> Result<(&Variable, &Origin), Error> {
        let plain = path.trim_start_matches('/');
        let variable = self.edited.schema.variable(plain);
        let origin = self.edited.origins.get(&format!("/{plain}"));
        variable.zip(origin).ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))
    }

    /// Asks what was edited, or the values in memory.
    fn ask<T>(
        &self,
        path: &str,
        inside: impl FnOnce(&Dataset, &str) -> Result<T, Error>,
        held: impl FnOnce(&Variable, &Held) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (variable, origin) = self.find(path)?;
        let original = match origin {
            Origin::Held(values) => return held(variable, values),
            Origin::Inside(original) => original,
        };
        let opened;
        let dataset = match &self.inner {
            Inner::Nothing => return Err(Error::not_found(format!("the dataset has no variable {path}"))),
            Inner::Made(dataset) => dataset,
            Inner::File(file) => {
                let (member, members) = file.as_ref();
                opened = members.open(member)?;
                &opened
            }
        };
        let answer = inside(dataset, original)?;
        dataset.source().check_unchanged()?;
        Ok(answer)
    }
}

impl ChunkSource for Edited {
    fn schema(&self) -> &Schema {
        &self.edited.schema
    }

    fn generation(&self) -> String {
        self.generation.clone()
    }

    /// What was edited is checked before and after anything is read of it.
    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        self.ask(
            chunk.variable,
            |dataset, variable| dataset.source().locate(ChunkKey { variable, ..chunk }),
            |variable, held| held.locate(variable, chunk),
        )
    }

    fn runs(&self, path: &str) -> Result<Runs, Error> {
        self.ask(
            path,
            |dataset, variable| dataset.source().runs(variable),
            |variable, _| Ok(Runs::of_chunks(variable)),
        )
    }

    fn locate_run(&self, request: RunRequest<'_>) -> Result<Stored, Error> {
        let path = request.variable;
        let index = || runs::index_of(&self.edited.schema, path, request.extent);
        self.ask(
            path,
            |dataset, variable| dataset.source().locate_run(RunRequest { variable, ..request }),
            |variable, held| held.locate(variable, ChunkKey { variable: path, index: &index()? }),
        )
    }

    fn fetch(&self, chunk: ChunkKey<'_>) -> Result<Option<Encoded>, Error> {
        self.ask(
            chunk.variable,
            |dataset, variable| dataset.source().fetch(ChunkKey { variable, ..chunk }),
            |variable, held| match held.locate(variable, chunk)? {
                Stored::Here(encoded) => Ok(Some(encoded)),
                _ => Ok(None),
            },
        )
    }

    fn fetch_part(&self, chunk: ChunkKey<'_>, offset: u64, out: &mut [u8]) -> Result<bool, Error> {
        if let (variable, Origin::Held(held)) = self.find(chunk.variable)? {
            return held.part(variable, (chunk, offset), out).map(|()| true);
        }
        self.ask(
            chunk.variable,
            |dataset, variable| dataset.source().fetch_part(ChunkKey { variable, ..chunk }, offset, out),
            |_, _| Ok(false),
        )
    }

    fn check_extent(&self, chunk: ChunkKey<'_>) -> Result<bool, Error> {
        self.ask(
            chunk.variable,
            |dataset, variable| dataset.source().check_extent(ChunkKey { variable, ..chunk }),
            |variable, held| held.locate(variable, chunk).map(|_| true),
        )
    }

    fn read_slab(&self, request: &SlabRequest<'_>, out: &mut [u8]) -> Result<bool, Error> {
        let SlabRequest { variable: path, slab, order, stopped } = *request;
        if let (variable, Origin::Held(held)) = self.find(path)? {
            return held.read((path, variable), (slab, order), out).map(|()| true);
        }
        let read =
            |dataset: &Dataset, variable: &str| dataset.read_unless(stopped, variable, (slab, order), out);
        self.ask(path, read, |_, _| Ok(())).map(|()| true)
    }

    fn verify_slab(&self, request: &SlabRequest<'_>) -> Result<bool, Error> {
        let SlabRequest { variable: path, slab, stopped, .. } = *request;
        let verify = |dataset: &Dataset, variable: &str| dataset.verify_unless(stopped, variable, slab);
        self.ask(path, verify, |_, _| Ok(())).map(|()| true)
    }

    fn read_strings(
        &self,
        path: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error> {
        if let (variable, Origin::Held(held)) = self.find(path)? {
            return held.read_strings((path, variable), (slab, room));
        }
        let read = |dataset: &Dataset, variable: &str| dataset.read_strings_within(variable, slab, room);
        self.ask(path, read, |_, _| Ok(Vec::new()))
    }

    fn scratch_bytes(&self, path: &str, slab: &Hyperslab, pace: Pace) -> Result<u64, Error> {
        let inside = |dataset: &Dataset, variable: &str| dataset.source().scratch_bytes(variable, slab, pace);
        self.ask(path, inside, |_, _| Ok(0))
    }

    fn resident_bytes(&self) -> u64 {
        let held = self.edited.origins.values().map(|origin| match origin {
            Origin::Held(values) => values.bytes(),
            Origin::Inside(_) => 0,
        });
        let paths = resident::of_texts(self.edited.origins.keys().map(String::as_str));
        held.fold(paths.saturating_mul(2), u64::saturating_add)
    }
}
