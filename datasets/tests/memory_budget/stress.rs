//! Everything at once: whole reads, parts, proofs, shards, stores that come and go, aggregations. What is accounted for never
//! exceeds the budget, and neither does the heap.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use weir_datasets::aggregate::Definition;
use weir_datasets::aggregate::definition::{Base, Edits, Kind, Rules, Scan};
use weir_datasets::buffers::keep_idle;
use weir_datasets::memory_budget::{LEAST_BUDGET, Memory, Share};
use weir_datasets::{Access, Dataset, Opener, Place};
use weir_model::{ByteOrder, Hyperslab, Stride};

use super::data::{OneFile, is_right, sharded, zarr_member};
use super::{alone, peak};

const SHAPE: [u64; 3] = [48, 256, 512];
const CHUNK: [u64; 3] = [2, 256, 512];
const SHARDS: u64 = 1 << 14;
const THREADS: u64 = 20;
const ROUNDS: u64 = 6;

/// Heap that nobody accounts for: stacks of threads are not on it, but what each thread, map and message has is.
const UNACCOUNTED: u64 = 4 << 20;

struct Site {
    memory: Arc<Memory>,
    opener: Opener,
    file: Dataset,
    stores: Vec<Place>,
    joined: Place,
    reads: AtomicUsize,
}

impl Site {
    fn new(folder: &Path) -> Self {
        let memory = Memory::new(LEAST_BUDGET);
        keep_idle(memory.share(Share::Idle));
        let store = |number: u64| {
            let path = folder.join(format!("{number}.shards"));
            sharded(&path, SHARDS);
            Place::Folder { path, root: None }
        };
        for number in 0..8 {
            let path = folder.join(format!("{number}.zarr"));
            zarr_member(&path, (&[4, 256, 256], &[2, 256, 256]), (number * 4, number * 4 * 256 * 256));
        }
        let mut rules = Rules::new(Kind::JoinExisting, "time");
        rules.scans.push(Scan::glob(folder, "*.zarr"));
        let definition = Definition { base: Base::Aggregation(Box::new(rules)), edits: Edits::default() };
        Self {
            opener: Opener::new(Access::to(&[folder.to_owned()]), Arc::clone(&memory)),
            file: Dataset::within(Box::new(OneFile::new(&SHAPE, &CHUNK)), &memory),
            stores: (0..30).map(store).collect(),
            joined: Place::Made(Arc::new(definition)),
            reads: AtomicUsize::new(0),
            memory,
        }
    }

    /// Reads as a request does: what is needed is reserved first, and waited for.
    fn read(&self, dataset: &Dataset, shape: &[u64], slab: &Hyperslab) {
        let output = slab.elements() * 4;
        let bytes = dataset.scratch_bytes("a", slab).unwrap() + output;
        let reserved = self.memory.reserve(bytes, Duration::from_secs(600)).unwrap();
        let mut out = vec![0; usize::try_from(output).unwrap()];
        dataset.read("a", slab, ByteOrder::Little, &mut out).unwrap();
        assert!(is_right(&out, shape, slab), "{slab:?}");
        drop(out);
        drop(reserved);
        self.reads.fetch_add(1, Ordering::Relaxed);
        let (accounted, budget) = (self.memory.accounted(), self.memory.deal().budget());
        assert!(accounted <= budget, "{accounted} bytes of {budget}");
    }

    fn one(&self, number: u64) {
        let whole = Hyperslab::whole(&SHAPE).unwrap();
        match number % 6 {
            0 => self.read(&self.file, &SHAPE, &whole.narrowed(0, number % 30, 17).unwrap()),
            1 => {
                let point = [Stride::all(48), one(number % 256), one(number % 512)];
                self.read(&self.file, &SHAPE, &Hyperslab::within(&SHAPE, point.to_vec()).unwrap());
            }
            2 => {
                let slab = whole.narrowed(0, number % 40, 8).unwrap();
                let bytes = self.file.scratch_bytes("a", &slab).unwrap();
                let _reserved = self.memory.reserve(bytes, Duration::from_secs(600)).unwrap();
                self.file.verify("a", &slab).unwrap();
            }
            3 | 4 => {
                let store = &self.stores[usize::try_from(number).unwrap() % self.stores.len()];
                let dataset = self.opener.open(store).unwrap();
                let slab = Hyperslab::whole(&[SHARDS]).unwrap();
                self.read(&dataset, &[SHARDS], &slab.narrowed(0, number % SHARDS, 1).unwrap());
            }
            _ => {
                let dataset = self.opener.open(&self.joined).unwrap();
                let shape = [32, 256, 256];
                let slab = Hyperslab::whole(&shape).unwrap().narrowed(0, number % 16, 16).unwrap();
                self.read(&dataset, &shape, &slab);
            }
        }
    }
}

fn one(start: u64) -> Stride {
    Stride { start, step: 1, count: 1 }
}

#[test]
fn everything_at_once_stays_within_the_budget() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let site = Site::new(folder.path());
    let budget = site.memory.deal().budget();
    let ((), held) = peak(|| {
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let site = &site;
                scope.spawn(move || (0..ROUNDS).for_each(|round| site.one(thread * 7 + round * 11)));
            }
        });
    });
    assert_eq!(site.memory.reserved(), 0);
    let (most, reads) = (site.memory.peak(), site.reads.load(Ordering::Relaxed));
    assert!(most <= budget, "{most} bytes were accounted for, of {budget}");
    assert!(held <= budget + UNACCOUNTED, "{held} bytes were on the heap, of {budget}");
    // It was busy: much was reserved at once, and what was kept filled its shares.
    assert!(most > budget / 2, "only {most} bytes of {budget} were accounted for by {reads} reads");
    assert!(held > budget / 4, "only {held} bytes of {budget} were on the heap");
}
