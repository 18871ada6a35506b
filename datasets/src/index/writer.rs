//! The writer: one thread that makes the changes of the store in batches, so that nobody else waits for the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::database::{Change, Database};

/// Changes wait so long for others to be made with them.
const GATHERING: Duration = Duration::from_millis(200);

/// A batch of so many bytes is made at once.
const BATCH_BYTES: usize = 16 << 20;

enum Order {
    Make(Change),
    /// Says when everything before it was made.
    Tell(SyncSender<()>),
}

/// Hands changes to the thread that makes them. Dropping it makes those that wait.
pub struct Writer {
    orders: Option<Sender<Order>>,
    waiting: Arc<AtomicUsize>,
    /// Where so many bytes wait, records are not taken any more: the disk is slower than those who learn of files.
    most: usize,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; changes of at most `most` bytes wait for it, or a single one of any length.
    pub fn start(database: Arc<Database>, most: usize) -> std::io::Result<Self> {
        let (orders, taken) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let of_thread = Arc::clone(&waiting);
        let thread = std::thread::Builder::new().name("weir-index".to_owned());
        let batch = BATCH_BYTES.min(most >> 1);
        let thread = thread.spawn(move || work(&database, (&taken, batch), &of_thread))?;
        Ok(Self { orders: Some(orders), waiting, most, thread: Some(thread) })
    }

    /// Takes a change, which is made a little later. Where too much waits it is dropped: what it holds will be learnt again.
    pub fn take(&self, change: Change) {
        let bytes = change.bytes();
        let before = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        if before > 0 && before.saturating_add(bytes) > self.most {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            tracing::debug!("a record is not kept: the disk of the index is too slow");
            return;
        }
        // The thread ends only after this end is dropped.
        drop(self.orders.as_ref().map(|orders| orders.send(Order::Make(change))));
    }

    /// Waits until everything that was taken so far was made.
    pub fn finish(&self) {
        let (tell, told) = sync_channel(1);
        if self.orders.as_ref().is_some_and(|orders| orders.send(Order::Tell(tell)).is_ok()) {
            // An error says that the thread has ended: then nothing waits.
            let _ended = told.recv();
        }
    }

    /// Waits where much waits to be made, so that nothing is dropped.
    pub fn keep_up(&self) {
        if self.waiting.load(Ordering::Relaxed) > BATCH_BYTES.min(self.most >> 1) {
            self.finish();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn work(database: &Database, (orders, most): (&Receiver<Order>, usize), waiting: &AtomicUsize) {
    while let Ok(first) = orders.recv() {
        let batch = gather(first, (orders, most));
        if !batch.changes.is_empty() {
            database.apply(&batch.changes, super::today());
        }
        waiting.fetch_sub(batch.bytes, Ordering::Relaxed);
        if let Some(tell) = batch.tell {
            // Whoever asked may not wait any more.
            let _gone = tell.send(());
        }
    }
}

/// Changes that are made together.
#[derive(Default)]
struct Batch {
    changes: Vec<Change>,
    bytes: usize,
    tell: Option<SyncSender<()>>,
}

fn gather(first: Order, (orders, most): (&Receiver<Order>, usize)) -> Batch {
    let (mut batch, until) = (Batch::default(), Instant::now() + GATHERING);
    let mut next = Some(first);
    while let Some(order) = next {
        match order {
            Order::Make(change) => {
                batch.bytes = batch.bytes.saturating_add(change.bytes());
                batch.changes.push(change);
            }
            Order::Tell(tell) => {
                batch.tell = Some(tell);
                break;
            }
        }
        if batch.bytes >= most {
            break;
        }
        next = orders.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
    }
    batch
}
