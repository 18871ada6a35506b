//! Stored bytes on their way to a connection without a buffer of this program: the kernel copies them from the file's pages in
//! memory to the connection's, once.
//!
//! Pages are mapped for that, and never looked at here: their addresses go to the kernel, which says so where the file became
//! shorter meanwhile. What was copied stays what it was, other than with `sendfile`, whose pages travel themselves and change
//! with the file for as long as the receiver has not read them. The last bytes are held back until the file is known to be what
//! it was, so that whoever was sent bytes of two generations never gets all of them.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use libc::c_void;

use crate::{DataFile, Error, Run};

/// How many bytes are held back.
const HELD_BACK: u64 = 4 << 10;

/// A run of a file whose pages are in memory.
#[derive(Debug)]
pub struct MappedRun {
    file: Arc<DataFile>,
    pages: Arc<Pages>,
    /// Where in the file the run begins.
    start: usize,
    /// How many bytes the kernel copies.
    direct: usize,
    /// Where in the file those begin that are held back.
    last: u64,
}

/// No more bytes of files than these are mapped at once, nearly: the kernel takes the pages back where it needs memory, but until
/// then they look like memory of this program.
const MOST_MAPPED: u64 = 1 << 30;

/// Bytes of files are counted in blocks, each once.
const BLOCK: usize = 1 << 20;

/// How many bytes of files are mapped.
static MAPPED_BYTES: AtomicU64 = AtomicU64::new(0);

/// Files that are mapped.
static MAPPED: Mutex<Vec<Weak<DataFile>>> = Mutex::new(vec![]);

/// Takes back what is mapped of files, but for what is being sent. Pages stay mapped for a while because mapping them costs as
/// much as sending them, and not for long, because all that is mapped counts as memory of this program.
pub fn release() {
    let files = std::mem::take(&mut *MAPPED.lock().unwrap_or_else(PoisonError::into_inner));
    for file in files.iter().filter_map(Weak::upgrade) {
        drop(file.mapped().take());
    }
}

/// Whether there is anything to be released.
#[must_use]
pub fn is_any() -> bool {
    !MAPPED.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
}

/// The pages of a file, mapped if they are not.
fn pages_of(file: &Arc<DataFile>) -> Option<Arc<Pages>> {
    let mut mapped = file.mapped();
    if let Some(pages) = mapped.as_ref() {
        return Some(Arc::clone(pages));
    }
    let pages = Arc::new(Pages::map(file)?);
    *mapped = Some(Arc::clone(&pages));
    drop(mapped);
    MAPPED.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(file));
    Some(pages)
}

impl MappedRun {
    /// Maps a run, if its pages are in memory and nobody wrote to the file: to send it then waits for no disk.
    #[must_use]
    pub fn of(run: &Run) -> Option<Self> {
        let Run { file, offset, length, .. } = run;
        let direct = length.checked_sub(HELD_BACK).filter(|direct| *direct > 0)?;
        file.check_range(*offset, *length).ok()?;
        let (start, whole) = (usize::try_from(*offset).ok()?, usize::try_from(*length).ok()?);
        let (direct, last) = (usize::try_from(direct).ok()?, offset.checked_add(direct)?);
        let pages = pages_of(file)?;
        let at_once = pages.are_in_memory(start, whole) && pages.count(start, whole);
        let at_once = at_once && file.check_unchanged().is_ok();
        at_once.then(|| Self { file: Arc::clone(file), pages, start, direct, last })
    }

    /// How many bytes [`send`](Self::send) sends; [`last`](Self::last) gives the others.
    #[must_use]
    pub fn direct(&self) -> usize {
        self.direct
    }

    /// Sends `head`, and then bytes behind the first `sent` ones, as many as the connection takes without waiting; more will
    /// follow. How many bytes it took, those of `head` included.
    ///
    /// # Errors
    /// The connection's (`WouldBlock` where it takes none now), and where the file became shorter.
    pub fn send(&self, connection: BorrowedFd<'_>, head: &[u8], sent: usize) -> io::Result<usize> {
        let left = self.direct.checked_sub(sent).filter(|left| *left > 0);
        let left = left.ok_or(io::ErrorKind::InvalidInput)?;
        let at = self.start.checked_add(sent).ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: the file had more than `start + direct` bytes when it was opened, all of which are mapped as long as `self` is,
        // and `at + left` is no more than that.
        let bytes = unsafe { self.pages.address.as_ptr().cast::<u8>().add(at) };
        let mut parts = [
            libc::iovec { iov_base: head.as_ptr().cast_mut().cast(), iov_len: head.len() },
            libc::iovec { iov_base: bytes.cast(), iov_len: left },
        ];
        // SAFETY: a message without anything in it is all zeroes.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = parts.as_mut_ptr();
        message.msg_iovlen = parts.len() as _;
        let flags = libc::MSG_MORE | libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
        // SAFETY: both parts live until this returns. Only the kernel reads what is mapped, and it answers where a page is not
        // there any more.
        let taken = unsafe { libc::sendmsg(connection.as_raw_fd(), &raw const message, flags) };
        usize::try_from(taken).ok().ok_or_else(io::Error::last_os_error)
    }

    /// The bytes behind those that are sent directly, if all bytes that were sent so far are of the generation that was opened.
    ///
    /// # Errors
    /// As [`DataFile::read_at`] and [`DataFile::check_unchanged`]: the response must then be broken off.
    pub fn last(&self) -> Result<Vec<u8>, Error> {
        let bytes = self.file.read_at(self.last, HELD_BACK)?;
        self.file.check_unchanged()?;
        Ok(bytes)
    }
}

/// The pages of a file, mapped: as many as it had when it was opened.
#[derive(Debug)]
pub struct Pages {
    address: NonNull<c_void>,
    length: usize,
    /// One bit for each block of which bytes were sent.
    blocks: Vec<AtomicU8>,
}

// SAFETY: the address is this value's own, and says the same to all threads.
unsafe impl Send for Pages {}
// SAFETY: nothing is changed through it.
unsafe impl Sync for Pages {}

impl Pages {
    /// Maps a file, where the kernel tells which of its pages are in memory: it does to the file's owner (mincore(2)).
    fn map(file: &DataFile) -> Option<Self> {
        let (local, length) = (file.local()?, usize::try_from(file.len()).ok()?);
        // SAFETY: asks for a number.
        let user = unsafe { libc::geteuid() };
        if user != 0 && user != local.metadata().ok()?.uid() {
            return None;
        }
        let (read, shared) = (libc::PROT_READ, libc::MAP_SHARED);
        // SAFETY: the kernel chooses addresses that nobody uses.
        let address = unsafe { libc::mmap(std::ptr::null_mut(), length, read, shared, local.as_raw_fd(), 0) };
        let address = NonNull::new(address).filter(|_| address != libc::MAP_FAILED)?;
        let blocks = (0..length.div_ceil(BLOCK).div_ceil(8)).map(|_| AtomicU8::new(0)).collect();
        Some(Self { address, length, blocks })
    }

    /// Counts the blocks that so many bytes are in; whether they may be mapped.
    fn count(&self, start: usize, length: usize) -> bool {
        let last = start.saturating_add(length.saturating_sub(1)) / BLOCK;
        (start / BLOCK..=last).all(|block| {
            let Some(eight) = self.blocks.get(block >> 3) else { return false };
            let bit = 1_u8 << (block & 7);
            if eight.load(Ordering::Relaxed) & bit != 0 {
                return true;
            }
            if MAPPED_BYTES.load(Ordering::Relaxed) >= MOST_MAPPED {
                return false;
            }
            if eight.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
                MAPPED_BYTES.fetch_add(BLOCK as u64, Ordering::Relaxed);
            }
            true
        })
    }

    /// Whether the pages of so many bytes are in memory.
    fn are_in_memory(&self, start: usize, length: usize) -> bool {
        /// Bytes of the smallest pages there are.
        const SMALLEST: usize = 4 << 10;
        let Some(end) = start.checked_add(length).filter(|end| *end <= self.length) else { return false };
        let Some(first) = page_size().and_then(|size| start.checked_sub(start.checked_rem(size)?)) else {
            return false;
        };
        let asked = end.saturating_sub(first);
        let mut pages = vec![1_u8; asked.div_ceil(SMALLEST)];
        // SAFETY: these bytes are mapped. One byte is written for each page of theirs, and there are no smaller pages.
        let told = unsafe {
            let address = self.address.as_ptr().cast::<u8>().add(first);
            libc::mincore(address.cast(), asked, pages.as_mut_ptr().cast())
        };
        told == 0 && pages.iter().all(|page| page & 1 == 1)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: this was mapped by `map`, and nobody has the address any more.
        let unmapped = unsafe { libc::munmap(self.address.as_ptr(), self.length) };
        debug_assert_eq!(unmapped, 0, "what was mapped can be unmapped");
        let counts = self.blocks.iter().map(|eight| u64::from(eight.load(Ordering::Relaxed).count_ones()));
        let blocks: u64 = counts.sum();
        MAPPED_BYTES.fetch_sub(blocks.saturating_mul(BLOCK as u64), Ordering::Relaxed);
    }
}

fn page_size() -> Option<usize> {
    // SAFETY: asks for a number.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::path::Path;

    use super::*;

    const LENGTH: usize = 300_000;

    fn bytes() -> Vec<u8> {
        (0..LENGTH).map(|at| (at % 251) as u8 + 1).collect()
    }

    fn run(path: &Path, offset: u64, length: u64) -> Run {
        std::fs::write(path, bytes()).unwrap();
        let file = Arc::new(DataFile::open(path).unwrap());
        Run { file, offset, length, skipped_codecs: 0 }
    }

    /// Sends all that is sent directly to a reader, who gives back what it got.
    fn sent(mapped: &MappedRun) -> io::Result<Vec<u8>> {
        let (near, mut far) = UnixStream::pair().unwrap();
        let reading = std::thread::spawn(move || {
            let mut got = Vec::new();
            far.read_to_end(&mut got).map(|_| got)
        });
        let mut sent = 0;
        while sent < mapped.direct() {
            match mapped.send(near.as_fd(), &[], sent) {
                Ok(more) => sent += more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(error) => return Err(error),
            }
        }
        drop(near);
        reading.join().unwrap()
    }

    #[test]
    fn all_bytes_are_sent_wherever_the_run_begins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        for (offset, length) in
            [(0, LENGTH), (1, 4097), (4095, 4098), (4096, 100_000), (12_345, LENGTH - 12_345)]
        {
            let mapped = MappedRun::of(&run(&path, offset as u64, length as u64)).unwrap();
            let mut got = sent(&mapped).unwrap();
            got.extend(mapped.last().unwrap());
            assert_eq!(got, bytes()[offset..offset + length], "{length} bytes at {offset}");
        }
    }

    #[test]
    fn what_is_short_or_outside_is_not_mapped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let check =
            |offset, length| assert!(MappedRun::of(&run(&path, offset, length)).is_none(), "{length}");
        check(0, 0);
        check(7, 4096);
        check(1, LENGTH as u64);
        check(u64::MAX, 8192);
    }

    #[test]
    fn blocks_are_counted_once() {
        let folder = tempfile::tempdir().unwrap();
        let run = run(&folder.path().join("data"), 0, 50_000);
        let pages = Pages::map(&run.file).unwrap();
        let counted = || pages.blocks.iter().map(|eight| eight.load(Ordering::Relaxed)).collect::<Vec<_>>();
        assert_eq!(counted(), [0]);
        assert!(pages.count(0, 10) && pages.count(100_000, 200_000));
        assert_eq!(counted(), [1]);
        assert!(!pages.count(8 * BLOCK - 1, 2), "outside");
    }

    #[test]
    fn what_is_being_sent_stays_mapped() {
        let folder = tempfile::tempdir().unwrap();
        let run = run(&folder.path().join("data"), 100, 50_000);
        let mapped = MappedRun::of(&run).unwrap();
        assert!(is_any());
        release();
        assert!(run.file.mapped().is_none());
        assert_eq!(sent(&mapped).unwrap(), bytes()[100..100 + mapped.direct()]);
    }

    #[test]
    fn a_file_that_was_written_to_gives_no_last_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let run = run(&path, 0, LENGTH as u64);
        let mapped = MappedRun::of(&run).unwrap();
        std::fs::write(&path, vec![7; LENGTH + 1]).unwrap();
        assert!(sent(&mapped).is_ok());
        assert!(mapped.last().is_err());
        assert!(MappedRun::of(&run).is_none());
    }

    #[test]
    fn a_file_that_became_shorter_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let mapped = MappedRun::of(&run(&path, 0, LENGTH as u64)).unwrap();
        std::fs::write(&path, [7; 5000]).unwrap();
        assert!(sent(&mapped).is_err());
        assert!(mapped.last().is_err());
    }
}
