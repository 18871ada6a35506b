//! What happens along one axis of the source: it is kept, or its indices are put into groups.

use std::ops::Range;

use weir_model::Stride;

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
    pub stride: Stride,
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
            Role::Kept => counted(self.stride.count),
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
        0..counted(self.stride.count)
    }

    /// How many indices go to a part of the result.
    #[must_use]
    pub fn sources(&self, part: &Range<usize>) -> usize {
        match &self.role {
            Role::Kept => part.len(),
            Role::Reduced => counted(self.stride.count),
            Role::Grouped { of, .. } => of.iter().filter(|&&group| part.contains(&(group as usize))).count(),
        }
    }

    /// The chunk in which an index lies, where chunks have `length`.
    fn chunk_of(&self, index: usize, length: u64) -> u64 {
        self.stride.at(index as u64).checked_div(length).unwrap_or(0)
    }

    /// How many chunks must be decoded for a part of the result.
    #[must_use]
    pub fn chunks(&self, part: &Range<usize>) -> u64 {
        let needed = self.needed(&self.all(), part);
        if !matches!(self.role, Role::Grouped { .. }) {
            let chunk = |index| self.chunk_of(index, self.chunk);
            let between = needed
                .end
                .checked_sub(1)
                .map_or(0, |last| chunk(last).saturating_sub(chunk(needed.start)).saturating_add(1));
            return between.min(needed.len() as u64);
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

    /// Cuts indices where pieces of `length` indices of the variable begin.
    #[must_use]
    pub fn cut(&self, indices: &Range<usize>, length: u64) -> Vec<Range<usize>> {
        let mut pieces = Vec::new();
        let mut start = indices.start;
        while start < indices.end {
            let next_begins = self.chunk_of(start, length).saturating_add(1).saturating_mul(length.max(1));
            let behind = next_begins.saturating_sub(self.stride.start).div_ceil(self.stride.step.max(1));
            let end = counted(behind).clamp(start.saturating_add(1), indices.end);
            pieces.push(start..end);
            start = end;
        }
        pieces
    }

    /// The stride of some of the indices.
    #[must_use]
    pub fn strided(&self, indices: &Range<usize>) -> Stride {
        Stride {
            start: self.stride.at(indices.start as u64),
            step: self.stride.step,
            count: indices.len() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(stride: (u64, u64, u64), chunk: u64, of: &[u32]) -> Axis {
        let stride = Stride { start: stride.0, step: stride.1, count: stride.2 };
        let count = of.iter().filter(|&&g| g != NO_GROUP).max().map_or(0, |&g| g as usize + 1);
        let role = if of.is_empty() { Role::Kept } else { Role::Grouped { of: of.to_vec(), count } };
        Axis { stride, chunk, role, weights: None }
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
