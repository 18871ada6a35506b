//! Places of stored chunks that were sent as they are: so few bytes that many are kept, and the chunks stay where they are.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use weir_datasets::buffers::Reused;
use weir_datasets::mapped::MappedRun;
use weir_datasets::{DataFile, Run};

/// Larger chunks are read where waiting hinders nobody.
const MOST_AT_ONCE: u64 = 2 << 20;

/// The place of a response's body. It does not keep the file open.
#[derive(Clone, Debug)]
pub struct KeptRun {
    /// The headers of the response.
    pub headers: Vec<(String, String)>,
    file: Weak<DataFile>,
    offset: u64,
    length: u64,
    skipped_codecs: u32,
}

impl KeptRun {
    /// The place of a response with these headers, if it can be read again without waiting.
    pub fn of(run: &Run, headers: &[(String, String)]) -> Option<Self> {
        let Run { file, offset, length, skipped_codecs } = run;
        let at_once = *length <= MOST_AT_ONCE && file.answers_at_once();
        at_once.then(|| Self {
            headers: headers.to_vec(),
            file: Arc::downgrade(file),
            offset: *offset,
            length: *length,
            skipped_codecs: *skipped_codecs,
        })
    }

    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The bytes, if they are in memory, and the file is open still and what it was.
    pub fn read(&self) -> Option<Bytes> {
        self.now()?.read_at_once().map(|bytes| Bytes::from_owner(Reused::new(bytes)))
    }

    /// The same, where they can be sent without being read.
    pub fn map(&self) -> Option<MappedRun> {
        MappedRun::of(&self.now()?)
    }

    fn now(&self) -> Option<Run> {
        let &Self { offset, length, skipped_codecs, .. } = self;
        Some(Run { file: self.file.upgrade()?, offset, length, skipped_codecs })
    }
}
