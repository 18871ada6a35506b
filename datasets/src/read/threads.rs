//! Threads that may wait: for other machines, for other processes, for locks that others hold while they decode. The threads that
//! decode are few and everybody's, so nothing may wait on them.

use std::sync::{Mutex, PoisonError};

use crate::Error;

/// How many items are worked on at once.
pub const MOST: usize = 16;

/// Results of all items, in their order.
///
/// # Errors
/// The first that `f` meets; items behind it may be left out.
pub fn each<'i, T: Sync, R: Send>(
    items: &'i [T],
    f: impl Fn(&'i T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let next = Mutex::new(items.iter().enumerate());
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let work = || -> Result<(), Error> {
        loop {
            let taken = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((place, item)) = taken else { return Ok(()) };
            let result = f(item).inspect_err(|_| {
                // The others find nothing more to do.
                next.lock().unwrap_or_else(PoisonError::into_inner).by_ref().for_each(drop);
            })?;
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
        }
    };
    std::thread::scope(|scope| {
        let start = |_| std::thread::Builder::new().name("far".into()).spawn_scoped(scope, work).ok();
        // Where no further thread is to be had, this one does all the work.
        let threads: Vec<_> = (1..items.len().min(MOST)).filter_map(start).collect();
        let own = work();
        let others = threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err(Error::unavailable("a thread that reads has failed")))
        });
        others.fold(own, Result::and)
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_errors_end_the_work() {
        let items: Vec<u64> = (1..=1000).collect();
        let doubled: Vec<u64> = items.iter().map(|n| n * 2).collect();
        assert_eq!(each(&items, |n| Ok(n * 2)).unwrap(), doubled);
        assert_eq!(each(&[] as &[u64], |n| Ok(*n)).unwrap(), [0; 0]);
        let failed = each(&items, |n| if *n == 7 { Err(Error::corrupt("seven")) } else { Ok(*n) });
        assert_eq!(failed.unwrap_err().message, "seven");
    }
}
