//! Builds reference sets: compactly, because sets of millions of references are common.

use std::collections::HashMap;

use crate::inline::inline_bytes;
use crate::limits::{MOST_REFERENCES, MOST_TEXT_BYTES};
use crate::{Error, ReferenceSet};

/// What is held for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Bytes of the set.
    Inline {
        /// The first one.
        start: u32,
        /// How many.
        length: u32,
    },
    /// All of a target, by number.
    Whole(u32),
    /// A part of a target.
    Part {
        /// Its number.
        target: u32,
        /// The first byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
}

/// A key, and what is held for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where the key stands.
    pub key: Span,
    /// What is held for it.
    pub held: Held,
}

/// A run of bytes in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first one.
    pub start: u32,
    /// How many.
    pub length: u32,
}

impl Span {
    /// From `start` to the end of a buffer of this length.
    pub fn from(start: usize, end: usize) -> Result<Self, Error> {
        let number = |n| u32::try_from(n).map_err(|e| Error::too_large(format!("the set is too large: {e}")));
        Ok(Self { start: number(start)?, length: number(end.saturating_sub(start))? })
    }

    /// The run of `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    /// The run as a range.
    pub fn range(self) -> std::ops::Range<usize> {
        let start = self.start as usize;
        start..start.saturating_add(self.length as usize)
    }
}

/// A set that is being read.
#[derive(Debug, Default)]
pub struct Builder {
    keys: String,
    entries: Vec<Entry>,
    /// Numbers of targets: many references lead to few.
    targets: HashMap<Box<str>, u32>,
    inline: Vec<u8>,
}

impl Builder {
    /// Keeps a key.
    ///
    /// # Errors
    /// `TooLarge` for one that is too long.
    pub fn key(&mut self, key: &str) -> Result<Span, Error> {
        check_text("a key", key)?;
        let start = self.keys.len();
        self.keys.push_str(key);
        Span::from(start, self.keys.len())
    }

    /// The text of a key.
    pub fn key_text(&self, key: Span) -> &str {
        key.of(&self.keys)
    }

    /// The number of a target.
    ///
    /// # Errors
    /// `TooLarge` for one that is too long.
    pub fn target(&mut self, target: &str) -> Result<u32, Error> {
        if let Some(number) = self.targets.get(target) {
            return Ok(*number);
        }
        check_text("a target", target)?;
        let number = u32::try_from(self.targets.len());
        let number = number.map_err(|e| Error::too_large(format!("the set has too many targets: {e}")))?;
        self.targets.insert(target.into(), number);
        Ok(number)
    }

    /// Keeps a string value.
    ///
    /// # Errors
    /// Those of its base64; `TooLarge` beyond the limit.
    pub fn text(&mut self, text: &str) -> Result<Held, Error> {
        let start = self.inline.len();
        self.inline.extend_from_slice(&inline_bytes(text.as_bytes())?);
        self.inline_since(start)
    }

    /// Where inline values are kept, for one that is written bit by bit.
    pub fn inline(&mut self) -> &mut Vec<u8> {
        &mut self.inline
    }

    /// The inline value that was written since there were `start` bytes.
    ///
    /// # Errors
    /// `TooLarge` beyond the limit.
    pub fn inline_since(&self, start: usize) -> Result<Held, Error> {
        let Span { start, length } = Span::from(start, self.inline.len())?;
        Ok(Held::Inline { start, length })
    }

    /// Adds a reference; it stands before those of the same key that were added earlier.
    ///
    /// # Errors
    /// `TooLarge` where there are too many.
    pub fn add(&mut self, key: Span, held: Held) -> Result<(), Error> {
        if self.entries.len() >= MOST_REFERENCES {
            return Err(Error::too_large(format!(
                "it has more references than the limit of {MOST_REFERENCES}"
            )));
        }
        self.entries.push(Entry { key, held });
        Ok(())
    }

    /// Replaces every target by what `render` makes of it.
    ///
    /// # Errors
    /// Those of `render`.
    pub fn render_targets(
        &mut self,
        mut render: impl FnMut(&str) -> Result<String, Error>,
    ) -> Result<(), Error> {
        let before = std::mem::take(&mut self.targets);
        let mut numbers = vec![0; before.len()];
        for (target, number) in before {
            let rendered =
                self.target(&if target.contains("{{") { render(&target)? } else { target.into() })?;
            if let Some(place) = numbers.get_mut(number as usize) {
                *place = rendered;
            }
        }
        for entry in &mut self.entries {
            if let Held::Whole(target) | Held::Part { target, .. } = &mut entry.held {
                *target = numbers.get(*target as usize).copied().unwrap_or(*target);
            }
        }
        Ok(())
    }

    /// The set, sorted by key.
    pub fn build(self) -> ReferenceSet {
        let Self { mut keys, mut entries, targets, mut inline } = self;
        // Stable: of references of one key, the one that was added last is last.
        entries.sort_by(|a, b| a.key.of(&keys).cmp(b.key.of(&keys)));
        entries.dedup_by(|later, kept| {
            let same = later.key.of(&keys) == kept.key.of(&keys);
            if same {
                *kept = *later;
            }
            same
        });
        let mut names = vec![Box::<str>::default(); targets.len()];
        for (target, number) in targets {
            if let Some(place) = names.get_mut(number as usize) {
                *place = target;
            }
        }
        keys.shrink_to_fit();
        entries.shrink_to_fit();
        inline.shrink_to_fit();
        ReferenceSet::new(keys, entries, names, inline)
    }
}

fn check_text(what: &str, text: &str) -> Result<(), Error> {
    match text.len() > MOST_TEXT_BYTES {
        true => {
            Err(Error::too_large(format!("{what} has {} bytes, the limit is {MOST_TEXT_BYTES}", text.len())))
        }
        false => Ok(()),
    }
}
