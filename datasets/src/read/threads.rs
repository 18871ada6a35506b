//! Threads that may wait: for other machines, for other processes, for locks that others hold while they decode. The threads that
//! decode are few and everybody's, so nothing may wait on them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::Error;

/// How many items are worked on at once where other machines are waited for.
pub const MOST: usize = 16;

/// Results of all items, in their order, worked on by at most `most` threads, of which this is one.
///
/// # Errors
/// The first that `f` meets; items that were not begun by then are left out.
pub fn each<T: Send, R: Send>(
    items: Vec<T>,
    most: usize,
    f: impl Fn(T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let helpers = items.len().min(most).saturating_sub(1);
    if helpers == 0 {
        return items.into_iter().map(f).collect();
    }
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let next = Mutex::new(items.into_iter().enumerate());
    let failed = AtomicBool::new(false);
    let work = || -> Result<(), Error> {
        while !failed.load(Ordering::Relaxed) {
            let taken = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, item)) = taken else { break };
            let result = f(item).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let start = |_| std::thread::Builder::new().name("waiting".into()).spawn_scoped(scope, work).ok();
        // Where no further thread is to be had, this one does all the work.
        let threads: Vec<_> = (0..helpers).filter_map(start).collect();
        let own = work();
        let others = threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err(Error::unavailable("a thread that reads has failed")))
        });
        others.fold(own, Result::and)
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_errors_end_the_work() {
        for most in [0, 1, 2, 50] {
            let items = || (1..=1000).collect::<Vec<u64>>();
            let doubled: Vec<u64> = items().iter().map(|n| n * 2).collect();
            assert_eq!(each(items(), most, |n| Ok(n * 2)).unwrap(), doubled);
            assert_eq!(each(Vec::<u64>::new(), most, Ok).unwrap(), [0; 0]);
            let failed = each(items(), most, |n| if n == 7 { Err(Error::corrupt("seven")) } else { Ok(n) });
            assert_eq!(failed.unwrap_err().message, "seven");
        }
    }
}
