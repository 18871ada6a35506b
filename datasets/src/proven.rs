//! Which chunks of a file generation have been decoded and checked.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Chunks that were decoded without an error: for each variable, one bit for each chunk.
///
/// A protocol that cannot report an error behind its status line proves all chunks of a response first; this remembers it,
/// so it is paid once per file generation.
#[derive(Debug, Default)]
pub struct Proven {
    variables: Vec<Bits>,
}

/// The bits of one variable, made when the first is set.
#[derive(Debug, Default)]
struct Bits {
    /// How many chunks the variable has.
    chunks: u64,
    words: OnceLock<Box<[AtomicU64]>>,
    /// Set once what was known before was added.
    recalled: OnceLock<()>,
}

/// Chunks of variables with more are not remembered: proving again is only slow.
const MOST_CHUNKS: u64 = 1 << 27;

impl Proven {
    /// Nothing is proven yet of variables that have so many chunks each.
    pub fn of(chunks: impl Iterator<Item = u64>) -> Self {
        Self { variables: chunks.map(|chunks| Bits { chunks, ..Bits::default() }).collect() }
    }

    /// Whether a chunk was decoded before.
    pub fn contains(&self, variable: u32, number: u64) -> bool {
        let words = self.bits(variable, number).and_then(|bits| bits.words.get());
        let word = words.and_then(|words| words.get(usize::try_from(number >> 6).ok()?));
        word.is_some_and(|word| word.load(Ordering::Relaxed) & bit(number) != 0)
    }

    /// Remembers that a chunk was decoded.
    pub fn insert(&self, variable: u32, number: u64) {
        let Some(bits) = self.bits(variable, number) else { return };
        let make = || (0..bits.chunks.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        let words = bits.words.get_or_init(make);
        if let Some(word) = usize::try_from(number >> 6).ok().and_then(|place| words.get(place)) {
            word.fetch_or(bit(number), Ordering::Relaxed);
        }
    }

    /// Adds, once, the chunks that were proven of a variable before: bit `n % 8` of byte `n / 8` is that of chunk number `n`.
    pub fn recall(&self, variable: u32, known: impl FnOnce() -> Option<Vec<u8>>) {
        let Some(bits) = self.bits(variable, 0) else { return };
        bits.recalled.get_or_init(|| {
            for (place, byte) in (0_u64..).zip(known().unwrap_or_default()) {
                for bit in (0..8).filter(|bit| byte >> bit & 1 == 1) {
                    self.insert(variable, place.saturating_mul(8).saturating_add(bit));
                }
            }
        });
    }

    /// The chunks that are proven of a variable, as [`recall`](Self::recall) takes them.
    pub fn bits_of(&self, variable: u32) -> Vec<u8> {
        let Some(words) = self.bits(variable, 0).and_then(|bits| bits.words.get()) else { return Vec::new() };
        words.iter().flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes()).collect()
    }

    /// How many bytes of memory the bits take that were made so far.
    pub fn bytes(&self) -> u64 {
        let words = self.variables.iter().filter_map(|bits| bits.words.get());
        words.map(|words| size_of_val(words.as_ref()) as u64).fold(0, u64::saturating_add)
    }

    /// The bits of a variable, if it has such a chunk and can be remembered.
    fn bits(&self, variable: u32, number: u64) -> Option<&Bits> {
        let bits = self.variables.get(usize::try_from(variable).ok()?)?;
        (number < bits.chunks && bits.chunks <= MOST_CHUNKS).then_some(bits)
    }
}

fn bit(number: u64) -> u64 {
    1 << (number & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_proven_is_remembered_by_variable() {
        let proven = Proven::of([100, 64, MOST_CHUNKS + 1].into_iter());
        for number in [0, 7, 63, 64, 99] {
            assert!(!proven.contains(0, number));
            proven.insert(0, number);
            assert!(proven.contains(0, number));
        }
        assert!(!proven.contains(0, 8) && !proven.contains(1, 7));
        for (variable, number) in [(0, 100), (1, 64), (2, 0), (3, 0)] {
            proven.insert(variable, number);
            assert!(!proven.contains(variable, number), "{variable} has no chunk {number} to remember");
        }
        let again = Proven::of([100].into_iter());
        again.recall(0, || Some(proven.bits_of(0)));
        let same = (0..100).all(|number| again.contains(0, number) == proven.contains(0, number));
        assert!(same && proven.bits_of(1).is_empty());
    }
}
