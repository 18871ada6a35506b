//! Access to the metadata of an HDF5 file: cached, bounded reads for parsers, and what the superblock says.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hdf5_reader::error::{Error as ParseError, Result as ParseResult};
use hdf5_reader::io::Cursor;
use hdf5_reader::superblock::Superblock;
use hdf5_reader::{BlockCacheStorage, Storage, StorageBuffer};

use crate::{DataFile, Error, ErrorKind};

/// Metadata is read and kept in blocks of this many bytes ...
const BLOCK_BYTES: usize = 64 << 10;
/// ... of which at most this many are kept while a file is opened, ...
const MOST_BLOCKS: usize = 64;
/// ... and this many while it is open.
const MOST_BLOCKS_OPEN: usize = 8;
/// No piece of metadata (a heap, an index block) may be larger.
const MOST_PIECE_BYTES: usize = 256 << 20;
/// Opening a file may read this many bytes of metadata, and a small multiple of the file's length more. Real files need a
/// fraction; files whose parts refer to each other in a maze would need more.
const LEAST_BUDGET: u64 = 64 << 20;
const MOST_BUDGET: u64 = 4 << 30;

/// A file whose addresses count from its superblock, as HDF5 addresses do.
struct Positioned {
    file: Arc<DataFile>,
    base: u64,
}

impl Storage for Positioned {
    fn len(&self) -> u64 {
        self.file.len().saturating_sub(self.base)
    }

    fn read_range(&self, offset: u64, length: usize) -> ParseResult<StorageBuffer> {
        let at = offset.checked_add(self.base).ok_or(ParseError::OffsetOutOfBounds(offset))?;
        match self.file.read_at(at, length as u64) {
            Ok(bytes) => Ok(StorageBuffer::from_vec(bytes)),
            Err(error) if error.kind == ErrorKind::Corrupt => Err(ParseError::InvalidData(error.message)),
            Err(error) => Err(ParseError::Io(std::io::Error::other(error.message))),
        }
    }
}

/// What parsers read from: blocks are cached, pieces and their sum are bounded.
struct Bounded {
    blocks: BlockCacheStorage,
    left: AtomicU64,
}

impl Bounded {
    fn new(file: Positioned, most_blocks: usize, budget: u64) -> Self {
        let blocks = BlockCacheStorage::new(Arc::new(file), BLOCK_BYTES, most_blocks);
        Self { blocks, left: AtomicU64::new(budget) }
    }

    fn spend(&self, bytes: u64) -> ParseResult<()> {
        let spent = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            if left == u64::MAX { Some(left) } else { left.checked_sub(bytes) }
        });
        let too_much = |_| ParseError::ResourceLimit("its parts refer to each other too often".into());
        spent.map(drop).map_err(too_much)
    }
}

impl Storage for Bounded {
    fn len(&self) -> u64 {
        self.blocks.len()
    }

    fn read_range(&self, offset: u64, length: usize) -> ParseResult<StorageBuffer> {
        if length > MOST_PIECE_BYTES {
            let message = format!("a piece of metadata has {length} bytes, the limit is {MOST_PIECE_BYTES}");
            return Err(ParseError::ResourceLimit(message));
        }
        self.spend(length as u64)?;
        self.blocks.read_range(offset, length)
    }
}

/// What a superblock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where addresses count from.
    pub base: u64,
    /// The address of the root group's object header.
    pub root: u64,
    /// Bytes of an address.
    pub offset_size: u8,
    /// Bytes of a length.
    pub length_size: u8,
}

/// The metadata of one open file.
pub struct Metadata {
    file: Arc<DataFile>,
    storage: Bounded,
    base: u64,
    root: u64,
    /// Bytes of an address.
    pub offset_size: u8,
    /// Bytes of a length.
    pub length_size: u8,
}

impl Metadata {
    /// Finds and checks the superblock.
    pub fn open(file: Arc<DataFile>) -> Result<Self, Error> {
        let whole = Positioned { file: Arc::clone(&file), base: 0 };
        let superblock = guarded("superblock", || Superblock::parse_from_storage(&whole))?;
        let undefined = Cursor::is_undefined_offset(superblock.eof_address, superblock.offset_size);
        if !undefined && superblock.eof_address > file.len() {
            let (needed, length) = (superblock.eof_address, file.len());
            return Err(Error::corrupt(format!(
                "the file is truncated: it has {length} bytes, and should have {needed}"
            )));
        }
        // Version 3 marks files that are open for writing (bit 0) or for writing while reading (bit 2).
        if superblock.version >= 3 && superblock.consistency_flags & 0b101 != 0 {
            let message = "the file is being written, or was not closed; h5clear -s resets it";
            return Err(Error::unavailable(message));
        }
        let root = guarded("superblock", || superblock.root_object_header_address())?;
        let base = superblock.base_address;
        let budget = file.len().saturating_mul(4).saturating_add(LEAST_BUDGET).min(MOST_BUDGET);
        let storage = Bounded::new(Positioned { file: Arc::clone(&file), base }, MOST_BLOCKS, budget);
        let (offset_size, length_size) = (superblock.offset_size, superblock.length_size);
        Ok(Self { file, storage, base, root, offset_size, length_size })
    }

    /// The metadata of a file whose superblock said this when it was opened earlier; nothing is read.
    pub fn known(file: Arc<DataFile>, said: Said) -> Self {
        let Said { base, root, offset_size, length_size } = said;
        let storage = Bounded::new(Positioned { file: Arc::clone(&file), base }, MOST_BLOCKS_OPEN, u64::MAX);
        Self { file, storage, base, root, offset_size, length_size }
    }

    /// What the superblock said.
    pub fn said(&self) -> Said {
        let Self { base, root, offset_size, length_size, .. } = *self;
        Said { base, root, offset_size, length_size }
    }

    /// Ends the opening of the file: what is read from now on is bounded by each request.
    pub fn opened(&mut self) {
        let file = Positioned { file: Arc::clone(&self.file), base: self.base };
        self.storage = Bounded::new(file, MOST_BLOCKS_OPEN, u64::MAX);
    }

    /// Counts bytes that are made of metadata while the file is opened, however often they are stored.
    pub fn spend(&self, bytes: usize) -> Result<(), Error> {
        self.storage.spend(bytes as u64).map_err(Error::from)
    }

    /// How many bytes of blocks are kept.
    pub fn kept_bytes(&self) -> u64 {
        self.storage.blocks.stats().current_bytes as u64
    }

    /// The file itself.
    pub fn file(&self) -> &DataFile {
        &self.file
    }

    /// The file, for those who read stored chunks.
    pub fn shared_file(&self) -> Arc<DataFile> {
        Arc::clone(&self.file)
    }

    /// The address of the root group's object header.
    pub fn root(&self) -> u64 {
        self.root
    }

    /// What the parsers read from.
    pub fn storage(&self) -> &dyn Storage {
        &self.storage
    }

    /// `length` bytes of metadata at `address`.
    pub fn piece(&self, address: u64, length: usize) -> Result<StorageBuffer, Error> {
        self.storage.read_range(address, length).map_err(Error::from)
    }

    /// An address, unless it is HDF5's undefined address.
    pub fn defined(&self, address: u64) -> Option<u64> {
        (!Cursor::is_undefined_offset(address, self.offset_size)).then_some(address)
    }

    /// Where in the file an address lies.
    pub fn position(&self, address: u64) -> Result<u64, Error> {
        let position = address.checked_add(self.base);
        position.ok_or_else(|| Error::corrupt(format!("address {address} is larger than any file")))
    }

    /// Reads stored data; data is not cached.
    pub fn read_data(&self, address: u64, length: u64) -> Result<Vec<u8>, Error> {
        self.file.read_at(self.position(address)?, length)
    }
}

/// Runs a parser that may not be as careful as this crate: a panic is an error like any other.
pub fn guarded<T>(what: &str, parse: impl FnOnce() -> ParseResult<T>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(result) => result.map_err(|error| Error::from(error).within(format!("the file's {what}"))),
        Err(_) => Err(Error::corrupt(format!("the file's {what} cannot be parsed"))),
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        use ParseError as P;
        let kind = match &error {
            P::Io(_) => ErrorKind::Unavailable,
            P::ResourceLimit(_) => ErrorKind::TooLarge,
            P::UnsupportedSuperblockVersion(_)
            | P::UnsupportedLayoutClass(_)
            | P::UnsupportedLayoutVersion(_)
            | P::UnsupportedFilterPipelineVersion(_)
            | P::UnsupportedDatatypeClass(_)
            | P::UnsupportedEncoding(_)
            | P::UnsupportedFilter(_) => ErrorKind::Unsupported,
            _ => ErrorKind::Corrupt,
        };
        Self::new(kind, error.to_string())
    }
}
