//! What happens along one axis of the source: it is kept, or its indices are put into groups.

use std::ops::Range;

use weir_model::Stride;
use weir_selection::Indices;

/// The group of an index that belongs to none.
pub const NO_GROUP: u32 = u32::MAX;

/// What happens along an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// It is one of the result.
    Kept,
    /// All its indices are one group.
    Reduced,
    /// Its indices belong to groups, one number each ([`NO_GROUP`] for none), and the result has one index for each group.
    Grouped {
        /// The group of each index.
        of: Vec<u32>,
        /// How many groups there are.
        count: usize,
    },
}

/// One axis of the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Which indices of the variable take part.
    pub indices: Indices,
    /// The length of a chunk of the variable.
    pub chunk: u64,
    /// What happens.
    pub role: Role,
    /// What each index that takes part weighs; 1 where it is left out.
    pub weights: Option<Vec<f64>>,
}

/// `usize` of a number that was checked to count elements in memory.
pub fn counted(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Axis {
    /// How many indices the result has.
    #[must_use]
    pub fn output(&self) -> usize {
        match &self.role {
            Role::Kept => counted(self.indices.count()),
            Role::Reduced => 1,
            Role::Grouped { count, .. } => *count,
        }
    }

    /// Where an index goes in the result.
    #[must_use]
    pub fn goes(&self, index: usize) -> Option<usize> {
        match &self.role {
            Role::Kept => Some(index),
            Role::Reduced => Some(0),
            Role::Grouped { of, .. } => {
                of.get(index).filter(|&&group| group != NO_GROUP).map(|&group| group as usize)
            }
        }
    }

    /// The indices of `within` from the first to the last that go to a part of the result.
    #[must_use]
    pub fn needed(&self, within: &Range<usize>, part: &Range<usize>) -> Range<usize> {
        match self.role {
            Role::Kept => {
                let (start, end) = (within.start.max(part.start), within.end.min(part.end));
                return start..end.max(start);
            }
            Role::Reduced => return within.clone(),
            Role::Grouped { .. } => {}
        }
        let goes = |index: &usize| self.goes(*index).is_some_and(|place| part.contains(&place));
        let first = within.clone().find(goes);
        let last = within.clone().rfind(goes);
        first.zip(last).map_or(0..0, |(first, last)| first..last.saturating_add(1))
    }

    /// All indices that take part.
    #[must_use]
    pub fn all(&self) -> Range<usize> {
        0..counted(self.indices.count())
    }

    /// How many indices go to a part of the result.
    #[must_use]
    pub fn sources(&self, part: &Range<usize>) -> usize {
        match &self.role {
            Role::Kept => part.len(),
            Role::Reduced => counted(self.indices.count()),
            Role::Grouped { of, .. } => of.iter().filter(|&&group| part.contains(&(group as usize))).count(),
        }
    }

    /// The run in which an index lies, and the place there.
    fn run(&self, index: usize) -> (Stride, u64) {
        let mut place = index as u64;
        for run in self.indices.runs() {
            if place < run.stride.count {
                return (run.stride, place);
            }
            place = place.saturating_sub(run.stride.count);
        }
        (Stride { start: 0, step: 1, count: 0 }, 0)
    }

    /// The chunk in which an index lies, where chunks have `length`.
    fn chunk_of(&self, index: usize, length: u64) -> u64 {
        let (stride, place) = self.run(index);
        stride.at(place).checked_div(length).unwrap_or(0)
    }

    /// How many chunks must be decoded for a part of the result.
    #[must_use]
    pub fn chunks(&self, part: &Range<usize>) -> u64 {
        let needed = self.needed(&self.all(), part);
        if !matches!(self.role, Role::Grouped { .. }) {
            let pieces = self.cut(&needed, self.chunk);
            return pieces.len() as u64;
        }
        let mut last = None;
        let mut chunks = 0_u64;
        for index in needed.filter(|index| self.goes(*index).is_some_and(|place| part.contains(&place))) {
            let chunk = self.chunk_of(index, self.chunk);
            chunks = chunks.saturating_add(u64::from(last != Some(chunk)));
            last = Some(chunk);
        }
        chunks
    }

    /// Cuts indices where pieces of `length` indices of the variable begin, and where runs do.
    #[must_use]
    pub fn cut(&self, indices: &Range<usize>, length: u64) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        let mut start = indices.start;
        while start < indices.end {
            let (stride, place) = self.run(start);
            let chunk = stride.at(place).checked_div(length).unwrap_or(0);
            let next_begins = chunk.saturating_add(1).saturating_mul(length.max(1));
            let behind =
                next_begins.saturating_sub(stride.start).div_ceil(stride.step.max(1)).min(stride.count);
            let taken = counted(behind.saturating_sub(place)).max(1);
            let end = start.saturating_add(taken).min(indices.end);
            pieces.push(start..end);
            start = end;
        }
        pieces
    }

    /// The stride of indices of one run.
    #[must_use]
    pub fn strided(&self, indices: &Range<usize>) -> Stride {
        let (stride, place) = self.run(indices.start);
        Stride { start: stride.at(place), step: stride.step, count: indices.len() as u64 }
    }

    /// How many indices of the variable lie from the first to the last of some that take part; of several runs, of all.
    #[must_use]
    pub fn span(&self, indices: &Range<usize>) -> u64 {
        let Some(last) = indices.end.checked_sub(1).filter(|last| *last >= indices.start) else { return 1 };
        let ((first, from), (run, to)) = (self.run(indices.start), self.run(last));
        let (least, greatest, _) = self.reach();
        let (least, greatest) = if first == run { (first.at(from), run.at(to)) } else { (least, greatest) };
        greatest.saturating_sub(least).saturating_add(1)
    }

    /// The least and the greatest index of the variable, and the least distance between two: what blocks are planned by.
    #[must_use]
    pub fn reach(&self) -> (u64, u64, u64) {
        let runs = || self.indices.runs().iter().map(|run| run.stride);
        let least = runs().map(|stride| stride.start).min().unwrap_or(0);
        let greatest = runs().filter_map(|stride| stride.last()).max().unwrap_or(0);
        let step = runs().map(|stride| stride.step).min().unwrap_or(1);
        (least, greatest, step.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(stride: (u64, u64, u64), chunk: u64, of: &[u32]) -> Axis {
        let stride = Stride { start: stride.0, step: stride.1, count: stride.2 };
        let count = of.iter().filter(|&&g| g != NO_GROUP).max().map_or(0, |&g| g as usize + 1);
        let role = if of.is_empty() { Role::Kept } else { Role::Grouped { of: of.to_vec(), count } };
        Axis { indices: Indices::stride(stride), chunk, role, weights: None }
    }

    #[test]
    fn pieces_begin_where_chunks_do() {
        let check = |stride, chunk, length, expected: &[Range<usize>]| {
            let axis = axis(stride, chunk, &[]);
            assert_eq!(axis.cut(&axis.all(), length), expected);
        };
        check((0, 1, 10), 4, 4, &[0..4, 4..8, 8..10]);
        check((3, 1, 6), 4, 4, &[0..1, 1..5, 5..6]);
        check((1, 3, 5), 4, 4, &[0..1, 1..3, 3..4, 4..5]);
        check((0, 1, 10), 4, 8, &[0..8, 8..10]);
        check((0, 1, 0), 4, 8, &[]);
        let run = |start, count| weir_selection::Run { stride: Stride { start, step: 1, count }, shift: 0.0 };
        let mut two = axis((0, 1, 1), 4, &[]);
        two.indices = Indices::of_runs(vec![run(6, 4), run(0, 3)]);
        assert_eq!(two.cut(&two.all(), 4), [0..2, 2..4, 4..7]);
        assert_eq!(two.strided(&(4..7)), Stride { start: 0, step: 1, count: 3 });
        assert_eq!((two.output(), two.reach()), (7, (0, 9, 1)));
    }

    #[test]
    fn needed_indices_reach_from_the_first_to_the_last() {
        let axis = axis((0, 1, 6), 2, &[1, 0, NO_GROUP, 1, 0, 2]);
        assert_eq!(axis.needed(&(0..6), &(0..1)), 1..5);
        assert_eq!(axis.needed(&(0..6), &(2..3)), 5..6);
        assert_eq!(axis.needed(&(2..3), &(0..3)), 0..0);
        assert_eq!(axis.chunks(&(0..1)), 2);
        assert_eq!(axis.chunks(&(0..3)), 3);
        assert_eq!(axis.sources(&(0..2)), 4);
        assert_eq!(axis.output(), 3);
    }
}
