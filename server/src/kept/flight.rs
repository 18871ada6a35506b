//! Flights: responses that are being made, so that who asks for the same at the same time waits instead of making it again.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Kept;

/// How often who waits looks whether its client still does.
const LOOK: Duration = Duration::from_millis(100);

/// The responses that are being made, by tag.
#[derive(Default)]
pub struct Flights(Mutex<HashMap<String, Arc<Flight>>>);

/// A response that is being made.
#[derive(Default)]
pub struct Flight {
    landed: Mutex<Option<Landing>>,
    changed: Condvar,
}

/// What came of a flight.
#[derive(Clone)]
enum Landing {
    /// A whole response, which all can have.
    Whole(Arc<Kept>),
    /// Nothing that can be shared: a failure, or a body that is pulled.
    Apart,
}

/// The role in which somebody takes part.
pub enum Boarding<'f> {
    /// It makes the response; the others wait until the seat is given up.
    Makes(Seat<'f>),
    /// It waits.
    Waits(Arc<Flight>),
}

/// The right to make a response. Giving it up ends the waiting.
pub struct Seat<'f> {
    flights: &'f Flights,
    tag: String,
}

impl Flights {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Flight>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes part in making the response of a tag.
    pub fn board(&self, tag: &str) -> Boarding<'_> {
        let mut all = self.all();
        if let Some(flight) = all.get(tag) {
            return Boarding::Waits(Arc::clone(flight));
        }
        all.insert(tag.to_owned(), Arc::default());
        Boarding::Makes(Seat { flights: self, tag: tag.to_owned() })
    }

    /// Gives a response to those who wait for it.
    pub fn land(&self, tag: &str, whole: &Arc<Kept>) {
        if let Some(flight) = self.all().remove(tag) {
            flight.end(Landing::Whole(Arc::clone(whole)));
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if let Some(flight) = self.flights.all().remove(&self.tag) {
            flight.end(Landing::Apart);
        }
    }
}

impl Flight {
    fn end(&self, landing: Landing) {
        *self.landed.lock().unwrap_or_else(PoisonError::into_inner) = Some(landing);
        self.changed.notify_all();
    }

    /// Waits for the response; `None` where there is none to be shared, or nobody waits any more.
    pub fn wait(&self, is_cancelled: impl Fn() -> bool) -> Option<Arc<Kept>> {
        let mut landed = self.landed.lock().unwrap_or_else(PoisonError::into_inner);
        while landed.is_none() && !is_cancelled() {
            landed = self.changed.wait_timeout(landed, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        match landed.as_ref() {
            Some(Landing::Whole(whole)) => Some(Arc::clone(whole)),
            Some(Landing::Apart) | None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coding::Worth;

    fn whole() -> Arc<Kept> {
        let body = bytes::Bytes::from_static(b"body");
        Arc::new(Kept {
            status: 200,
            headers: vec![],
            ranges: false,
            worth: Worth::Nothing,
            costly: false,
            body,
        })
    }

    fn waiting(flights: &Flights) -> Arc<Flight> {
        match flights.board("tag") {
            Boarding::Waits(flight) => flight,
            Boarding::Makes(_) => panic!("nobody makes it"),
        }
    }

    #[test]
    fn who_waits_gets_what_was_made() {
        let flights = Flights::default();
        let Boarding::Makes(seat) = flights.board("tag") else { panic!("somebody makes it already") };
        let flight = waiting(&flights);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| flight.wait(|| false));
            flights.land("tag", &whole());
            assert_eq!(waiting.join().unwrap().unwrap().body, "body");
        });
        drop(seat);
        assert!(matches!(flights.board("tag"), Boarding::Makes(_)));
    }

    #[test]
    fn a_failure_ends_the_waiting() {
        let flights = Flights::default();
        let Boarding::Makes(seat) = flights.board("tag") else { panic!("somebody makes it already") };
        let flight = waiting(&flights);
        assert!(flight.wait(|| true).is_none());
        drop(seat);
        assert!(flight.wait(|| false).is_none());
    }
}
