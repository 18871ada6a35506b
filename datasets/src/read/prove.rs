//! Proving: every chunk of a hyperslab is fetched and decoded as it is for reading, and forgotten.

use weir_model::{Hyperslab, Part};

use super::gather::Gathered;
use super::{BATCH, Reading, Waiting};
use crate::codecs::Scratch;
use crate::{ChunkKey, Encoded, Error, Stored, buffers};

impl Reading<'_> {
    /// Proves that every chunk of a hyperslab can be decoded: chunks with codecs are decoded, once for each generation of their
    /// file; chunks without are checked to lie inside the file.
    ///
    /// # Errors
    /// What the first damaged chunk suffers from.
    pub fn prove_all(&self, slab: &Hyperslab) -> Result<(), Error> {
        // Chunks are planned in batches, so that a slab of very many chunks needs no list of them all.
        let mut plan = self.target.grid.plan(slab).peekable();
        while plan.peek().is_some() {
            let batch: Vec<Part> = plan.by_ref().take(BATCH).collect();
            let waiting = self.started(&batch, |part| self.start_proof(part))?;
            self.finished(waiting, |group, bytes| self.finish_proof(group, bytes))?;
        }
        Ok(())
    }

    /// Proves a chunk that needs no fetching; hands back what is to be fetched of one that does.
    fn start_proof<'p>(&self, part: &'p Part) -> Result<Option<Waiting<'p>>, Error> {
        self.check_wanted()?;
        let index = part.chunk();
        let key = ChunkKey { variable: self.target.path, index: &index };
        if !self.target.has_codecs() {
            return self.source.check_extent(key).map(|_| None);
        }
        let number = self.target.grid.number(&index);
        if number.is_some_and(|number| self.proven.contains(self.variable, number)) {
            return Ok(None);
        }
        let encoded = match self.locate(key)? {
            Stored::Run(run) if self.is_read_at_once(&run) => Some(run.read()?),
            Stored::Run(run) => return Ok(Some(Waiting { part, run, first: 0, keep: false })),
            stored => stored.fetch(|| self.source.fetch(key))?,
        };
        let Some(Encoded { bytes, skipped_codecs }) = encoded else {
            return self.noted(&index, Ok(None));
        };
        self.prove(&index, &bytes, skipped_codecs)?;
        buffers::give(bytes);
        Ok(None)
    }

    /// Proves the chunks of a group that was fetched.
    fn finish_proof(&self, group: &Gathered<'_>, bytes: Vec<u8>) -> Result<(), Error> {
        for waiting in &group.waiting {
            self.check_wanted()?;
            let stored = group.slice(&bytes, waiting)?;
            self.prove(&waiting.part.chunk(), stored, waiting.run.skipped_codecs)?;
        }
        buffers::give(bytes);
        Ok(())
    }

    fn prove(&self, index: &[u64], bytes: &[u8], skipped: u32) -> Result<(), Error> {
        Scratch::with(|scratch| self.decoded(scratch, bytes, skipped, index).map(drop))
    }
}
