//! Reference sets in memory.

use std::io::Read;

use crate::builder::{Entry, Held};
use crate::{Error, Reference, document};

/// Keys, and what each means. A million references take about 50 MB: targets are kept once, keys and inline values in one
/// buffer each.
#[derive(Debug, Default)]
pub struct ReferenceSet {
    keys: String,
    /// Sorted by key, each key once.
    entries: Vec<Entry>,
    targets: Vec<Box<str>>,
    inline: Vec<u8>,
}

/// What stands directly below a prefix of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child<'a> {
    /// Its name, without the prefix.
    pub name: &'a str,
    /// What it is.
    pub kind: ChildKind,
}

/// What a name below a prefix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildKind {
    /// A key.
    Key,
    /// A prefix of further keys.
    Prefix,
}

impl ReferenceSet {
    /// Reads a JSON document of version 0 or 1; templates are rendered and generators run.
    ///
    /// # Errors
    /// `Malformed` where it is not what the specification says, `TooLarge` beyond the [limits](crate::limits), `Unsupported`
    /// for another version and for parts of the template language that are not built in, `Unreadable` where `document` fails.
    pub fn read(document: impl Read) -> Result<Self, Error> {
        document::read(document)
    }

    pub(crate) fn new(keys: String, entries: Vec<Entry>, targets: Vec<Box<str>>, inline: Vec<u8>) -> Self {
        Self { keys, entries, targets, inline }
    }

    /// How many references there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes of memory it takes.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        let lists = self.entries.capacity().saturating_mul(size_of::<Entry>());
        let texts = self.keys.capacity().saturating_add(self.inline.capacity());
        let targets = self.targets.iter().map(|target| target.len().saturating_add(32)).sum::<usize>();
        lists.saturating_add(texts).saturating_add(targets) as u64
    }

    /// Whether there is no reference.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The targets that references lead to, each once.
    pub fn targets(&self) -> impl ExactSizeIterator<Item = &str> {
        self.targets.iter().map(AsRef::as_ref)
    }

    /// What a key means; `None` where the set has no such key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Reference<'_>> {
        let at = self.entries.binary_search_by(|entry| self.key(entry).cmp(key)).ok()?;
        self.entries.get(at).map(|entry| self.reference(entry))
    }

    /// All keys, sorted, and what each means.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Reference<'_>)> {
        self.entries.iter().map(|entry| (self.key(entry), self.reference(entry)))
    }

    /// What stands directly below `prefix` (empty for the root).
    pub fn children(&self, prefix: &str) -> impl Iterator<Item = Child<'_>> {
        let base = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let mut at = self.entries.partition_point(|entry| self.key(entry) < base.as_str());
        std::iter::from_fn(move || {
            let rest = self.key(self.entries.get(at)?).strip_prefix(base.as_str())?;
            let Some((name, _)) = rest.split_once('/') else {
                at = at.saturating_add(1);
                return Some(Child { name: rest, kind: ChildKind::Key });
            };
            // Keys below the name stand together: behind `name/` and before what follows `/` in the alphabet.
            let behind = format!("{base}{name}0");
            let below = self.entries.get(at..).unwrap_or_default();
            at = at.saturating_add(below.partition_point(|entry| self.key(entry) < behind.as_str()));
            Some(Child { name, kind: ChildKind::Prefix })
        })
    }

    fn key(&self, entry: &Entry) -> &str {
        entry.key.of(&self.keys)
    }

    fn reference(&self, entry: &Entry) -> Reference<'_> {
        let target = |number: u32| self.targets.get(number as usize).map_or("", AsRef::as_ref);
        match entry.held {
            Held::Inline { start, length } => {
                let range = crate::builder::Span { start, length }.range();
                Reference::Inline(self.inline.get(range).unwrap_or_default())
            }
            Held::Whole(number) => Reference::Whole { target: target(number) },
            Held::Part { target: number, offset, length } => {
                Reference::Part { target: target(number), offset, length }
            }
        }
    }
}
