//! Places: where the stored bytes of chunks lie, and what the original file of a dataset is.
//!
//! They came with minor version 1 of the boundary.

use std::time::{Duration, SystemTime};

use weir_plugin_abi as abi;
use weir_plugin_abi::{WeirBytes, WeirChunkPlace, WeirFile};

use crate::{Bytes, Error};

/// Where a chunk of a layout is stored.
#[derive(Clone, Debug)]
pub enum ChunkPlace {
    /// It was proven that nothing is stored: every element is the fill value.
    Missing,
    /// It is stored.
    Stored(StoredPlace),
}

/// The place of a chunk that is stored.
#[derive(Clone, Debug)]
pub struct StoredPlace {
    /// Where.
    pub at: Place,
    /// How many bytes.
    pub length: u64,
    /// Bit n is set where the layout's n-th codec was not applied to this chunk. Where it is not 0, the bytes are not what the
    /// layout says.
    pub skipped_codecs: u32,
    /// The bytes exactly as they are stored, checksums and all, if they were wanted.
    pub bytes: Option<Bytes>,
}

/// Where stored bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a range of a file.
    Range {
        /// The file.
        source: Source,
        /// The first byte.
        offset: u64,
    },
    /// In no range of any file: in metadata, or decoded or put together.
    Elsewhere,
}

/// A file, as clients may be told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The file that the dataset is.
    Own,
    /// The file of the dataset with this id.
    Dataset(String),
    /// What anybody can read at this URL.
    Url(String),
    /// One that has no name for clients.
    Unnamed,
}

/// Whether stored bytes are wanted with their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceBytes {
    /// They are read.
    Wanted,
    /// Nothing of the data is read.
    Unwanted,
}

/// The original file of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// How many bytes it has.
    pub length: u64,
    /// When it was last written, where that is known.
    pub modified: Option<SystemTime>,
    /// Whether its bytes stay the same as long as the dataset's generation does.
    pub stable: bool,
    /// Its name without its folder; empty where it has none.
    pub name: String,
    /// The URL under which anybody can read it elsewhere.
    pub url: Option<String>,
}

/// What a place is before the host has written it.
pub(crate) const NO_PLACE: WeirChunkPlace = WeirChunkPlace {
    size: size_of::<WeirChunkPlace>(),
    state: abi::WEIR_PLACE_MISSING,
    skipped_codecs: 0,
    source_kind: abi::WEIR_SOURCE_OWN,
    reserved: 0,
    offset: 0,
    length: 0,
    source: WeirBytes::EMPTY,
    bytes: WeirBytes::EMPTY,
};

/// What a file is before the host has written it.
pub(crate) const NO_FILE: WeirFile = WeirFile {
    size: size_of::<WeirFile>(),
    length: 0,
    modified: i64::MIN,
    stable: 0,
    reserved: 0,
    name: WeirBytes::EMPTY,
    url: WeirBytes::EMPTY,
};

impl PlaceBytes {
    pub(crate) fn flags(self) -> u32 {
        match self {
            Self::Wanted => abi::WEIR_PLACE_WITH_BYTES,
            Self::Unwanted => 0,
        }
    }

    pub(crate) fn from_flags(flags: u32) -> Self {
        if flags & abi::WEIR_PLACE_WITH_BYTES == 0 { Self::Unwanted } else { Self::Wanted }
    }
}

impl ChunkPlace {
    /// Hands the place over to the other side.
    pub(crate) fn write(self, out: &mut WeirChunkPlace) {
        let Self::Stored(stored) = self else { return out.state = abi::WEIR_PLACE_MISSING };
        let StoredPlace { at, length, skipped_codecs, bytes } = stored;
        (out.length, out.skipped_codecs) = (length, skipped_codecs);
        out.bytes = bytes.map_or(WeirBytes::EMPTY, Bytes::into_raw);
        match at {
            Place::Elsewhere => out.state = abi::WEIR_PLACE_ELSEWHERE,
            Place::Range { source, offset } => {
                (out.state, out.offset) = (abi::WEIR_PLACE_RANGE, offset);
                let (kind, name) = source.parts();
                out.source_kind = kind;
                out.source = Bytes::from(name).into_raw();
            }
        }
    }

    /// Takes over a place that the other side wrote; `bytes` says whether it was asked for the bytes.
    ///
    /// # Errors
    /// Where it is a state or a source of a later version.
    ///
    /// # Safety
    /// The references in `raw` are given up by the other side, and taken once.
    pub(crate) unsafe fn read(raw: &WeirChunkPlace, wanted: PlaceBytes) -> Result<Self, Error> {
        // SAFETY: by this function's contract.
        let (name, bytes) = unsafe { (Bytes::from_raw(raw.source), Bytes::from_raw(raw.bytes)) };
        let unknown = |what: &str, number: u32| {
            Error::internal(format!("the host speaks of {what} {number}, which is not known here"))
        };
        let at = match raw.state {
            abi::WEIR_PLACE_MISSING => return Ok(Self::Missing),
            abi::WEIR_PLACE_ELSEWHERE => Place::Elsewhere,
            abi::WEIR_PLACE_RANGE => {
                let name = || String::from_utf8_lossy(&name).into_owned();
                let source = match raw.source_kind {
                    abi::WEIR_SOURCE_OWN => Source::Own,
                    abi::WEIR_SOURCE_DATASET => Source::Dataset(name()),
                    abi::WEIR_SOURCE_URL => Source::Url(name()),
                    abi::WEIR_SOURCE_UNNAMED => Source::Unnamed,
                    other => return Err(unknown("a source of kind", other)),
                };
                Place::Range { source, offset: raw.offset }
            }
            other => return Err(unknown("a place in state", other)),
        };
        let (length, skipped_codecs) = (raw.length, raw.skipped_codecs);
        let bytes = (wanted == PlaceBytes::Wanted).then_some(bytes);
        Ok(Self::Stored(StoredPlace { at, length, skipped_codecs, bytes }))
    }
}

impl Source {
    fn parts(self) -> (u32, String) {
        match self {
            Self::Own => (abi::WEIR_SOURCE_OWN, String::new()),
            Self::Dataset(id) => (abi::WEIR_SOURCE_DATASET, id),
            Self::Url(url) => (abi::WEIR_SOURCE_URL, url),
            Self::Unnamed => (abi::WEIR_SOURCE_UNNAMED, String::new()),
        }
    }
}

impl FileInfo {
    /// Hands what is told of a file over to the other side.
    pub(crate) fn write(self, out: &mut WeirFile) {
        let Self { length, modified, stable, name, url } = self;
        let seconds = modified.and_then(|modified| modified.duration_since(SystemTime::UNIX_EPOCH).ok());
        out.modified = seconds.and_then(|age| i64::try_from(age.as_secs()).ok()).unwrap_or(i64::MIN);
        (out.length, out.stable) = (length, u32::from(stable));
        out.name = Bytes::from(name).into_raw();
        out.url = url.map_or(WeirBytes::EMPTY, |url| Bytes::from(url).into_raw());
    }

    /// Takes over what the other side told.
    ///
    /// # Safety
    /// The references in `raw` are given up by the other side, and taken once.
    pub(crate) unsafe fn read(raw: &WeirFile) -> Self {
        // SAFETY: by this function's contract.
        let (name, url) = unsafe { (Bytes::from_raw(raw.name), Bytes::from_raw(raw.url)) };
        let seconds = u64::try_from(raw.modified).ok();
        let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
        Self {
            length: raw.length,
            modified: seconds.and_then(|s| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(s))),
            stable: raw.stable != 0,
            name: text(&name),
            url: (!url.is_empty()).then(|| text(&url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(place: ChunkPlace) {
        let told = format!("{place:?}");
        let wanted = match &place {
            ChunkPlace::Stored(StoredPlace { bytes: None, .. }) => PlaceBytes::Unwanted,
            _ => PlaceBytes::Wanted,
        };
        let mut raw = NO_PLACE;
        place.write(&mut raw);
        // SAFETY: written above, and taken once.
        let back = unsafe { ChunkPlace::read(&raw, wanted) }.unwrap();
        assert_eq!(format!("{back:?}"), told);
    }

    #[test]
    fn places_cross_unchanged() {
        check(ChunkPlace::Missing);
        let stored =
            |at, bytes| ChunkPlace::Stored(StoredPlace { at, length: 1 << 40, skipped_codecs: 5, bytes });
        check(stored(Place::Elsewhere, Some(vec![1, 2, 3].into())));
        for source in
            [Source::Own, Source::Dataset("a/é".into()), Source::Url("https://x".into()), Source::Unnamed]
        {
            check(stored(Place::Range { source, offset: u64::MAX }, None));
        }
    }

    #[test]
    fn states_of_later_versions_are_refused() {
        for (state, source_kind) in [(3, 0), (abi::WEIR_PLACE_RANGE, 4)] {
            let raw = WeirChunkPlace { state, source_kind, ..NO_PLACE };
            // SAFETY: there is nothing in it.
            let error = unsafe { ChunkPlace::read(&raw, PlaceBytes::Unwanted) }.unwrap_err();
            assert!(error.message.contains("which is not known here"), "{error}");
        }
    }

    #[test]
    fn what_is_told_of_a_file_crosses_unchanged() {
        let modified = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(7));
        let full = FileInfo {
            length: 9,
            modified,
            stable: true,
            name: "a.nc".into(),
            url: Some("https://x/a.nc".into()),
        };
        let bare = FileInfo { length: 0, modified: None, stable: false, name: String::new(), url: None };
        for info in [full, bare] {
            let mut raw = NO_FILE;
            info.clone().write(&mut raw);
            // SAFETY: written above, and taken once.
            assert_eq!(unsafe { FileInfo::read(&raw) }, info);
        }
    }
}
