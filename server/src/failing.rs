//! Datasets that could not be opened when somebody last wanted them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use weir_plugin_api::Trouble;

/// Ids, and why they cannot be opened.
#[derive(Debug, Default)]
pub struct Failing {
    reasons: Mutex<BTreeMap<String, String>>,
    /// Whether there is any, so that a success costs nothing as long as all is well.
    any: AtomicBool,
}

/// Of how many datasets it is remembered.
const MOST: usize = 1000;

impl Failing {
    /// Notes how opening a dataset went.
    pub fn note(&self, id: &str, failure: Option<&str>) {
        if failure.is_none() && !self.any.load(Ordering::Acquire) {
            return;
        }
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        match failure {
            Some(reason) if reasons.len() < MOST || reasons.contains_key(id) => {
                reasons.insert(id.to_owned(), reason.to_owned());
            }
            Some(_) => {}
            None => {
                reasons.remove(id);
            }
        }
        self.any.store(!reasons.is_empty(), Ordering::Release);
    }

    /// Forgets datasets that there are no more.
    pub fn keep(&self, is_dataset: impl Fn(&str) -> bool) {
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.retain(|id, _| is_dataset(id));
        self.any.store(!reasons.is_empty(), Ordering::Release);
    }

    /// The ids.
    pub fn ids(&self) -> Vec<String> {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Each, and why.
    pub fn list(&self) -> Vec<Trouble> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = |(id, reason): (&String, &String)| Trouble { name: id.clone(), reason: reason.clone() };
        reasons.iter().map(trouble).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_well_later_is_forgotten() {
        let failing = Failing::default();
        failing.note("a", None);
        failing.note("a", Some("it is cut short"));
        failing.note("b", Some("it is no file"));
        failing.note("a", Some("it is cut shorter"));
        let trouble = |name: &str, reason: &str| Trouble { name: name.to_owned(), reason: reason.to_owned() };
        assert_eq!(failing.list(), [trouble("a", "it is cut shorter"), trouble("b", "it is no file")]);
        failing.note("a", None);
        assert_eq!(failing.ids(), ["b"]);
        failing.keep(|id| id != "b");
        assert_eq!(failing.list(), []);
    }

    #[test]
    fn only_so_many_are_remembered() {
        let failing = Failing::default();
        (0..MOST + 10).for_each(|n| failing.note(&format!("{n:06}"), Some("why")));
        failing.note("000001", Some("why not"));
        assert_eq!(failing.ids().len(), MOST);
        assert_eq!(failing.list()[1].reason, "why not");
    }
}
