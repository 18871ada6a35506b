//! Selections: which elements of a variable are sent. Along each axis there may be several strides, one after the other.

use weir_model::{Hyperslab, Misfit, Stride};

/// A selection is read as so many hyperslabs at most.
pub const MOST_PARTS: u64 = 1 << 16;

/// A part of a variable that is known to lie inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    shape: Vec<u64>,
    axes: Vec<Vec<Stride>>,
    elements: u64,
}

impl Selection {
    /// Checks strides against a shape (lengths, slowest first).
    ///
    /// # Errors
    /// [`Misfit`] names the first axis that does not fit, or says that there are too many elements, or too many parts to read.
    pub fn within(shape: &[u64], axes: Vec<Vec<Stride>>) -> Result<Self, Misfit> {
        if axes.len() != shape.len() {
            return Err(Misfit::Rank { given: axes.len(), expected: shape.len() });
        }
        let axes: Vec<Vec<Stride>> = axes.into_iter().map(joined).collect();
        for (axis, (strides, &length)) in axes.iter().zip(shape).enumerate() {
            if strides.is_empty() {
                return Err(Misfit::Empty { axis });
            }
            for &stride in strides {
                let axis_of = |misfit| match misfit {
                    Misfit::Index { index, length, .. } => Misfit::Index { axis, index, length },
                    Misfit::Empty { .. } => Misfit::Empty { axis },
                    other => other,
                };
                Hyperslab::within(&[length], vec![stride]).map_err(axis_of)?;
            }
        }
        let mut selection = Self { shape: shape.to_vec(), axes, elements: 0 };
        let count = selection.lengths().into_iter().try_fold(1_u64, |count, length| {
            // An axis without an index leaves no element, however long the others are.
            count.checked_mul(length?)
        });
        let empty = selection.lengths().contains(&Some(0));
        selection.elements = if empty { 0 } else { count.ok_or(Misfit::Overflow)? };
        if selection.parts().is_none_or(|parts| parts > MOST_PARTS) {
            return Err(Misfit::Overflow);
        }
        Ok(selection)
    }

    fn lengths(&self) -> Vec<Option<u64>> {
        let length = |strides: &Vec<Stride>| {
            strides.iter().try_fold(0_u64, |sum, stride| sum.checked_add(stride.count))
        };
        self.axes.iter().map(length).collect()
    }

    /// How many indices each axis has, slowest first.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        self.lengths().into_iter().map(|length| length.unwrap_or(u64::MAX)).collect()
    }

    /// How many elements there are; 1 for a scalar.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.elements
    }

    /// The strides, slowest axis first.
    #[must_use]
    pub fn axes(&self) -> &[Vec<Stride>] {
        &self.axes
    }

    /// The last axis with several strides: all before it are cut index by index.
    fn last_list(&self) -> Option<usize> {
        self.axes.iter().rposition(|strides| strides.len() > 1)
    }

    /// How many hyperslabs [`hyperslabs`](Self::hyperslabs) gives; `None` beyond 64 bits.
    fn parts(&self) -> Option<u64> {
        let Some(last) = self.last_list() else { return Some(1) };
        let lengths = self.lengths();
        let outer = lengths.iter().take(last).try_fold(1_u64, |count, &length| count.checked_mul(length?));
        let lists = self.axes.get(last).map_or(1, Vec::len);
        outer?.checked_mul(u64::try_from(lists).ok()?)
    }

    /// Hyperslabs whose elements, one after the other, are those of the selection in row-major order.
    #[must_use]
    pub fn hyperslabs(&self) -> Hyperslabs<'_> {
        let last = if self.elements == 0 { Some(0) } else { self.last_list() };
        let cut = last.map_or(0, |last| last.saturating_add(1));
        let left = if self.elements == 0 { 0 } else { self.parts().unwrap_or(0) };
        Hyperslabs { of: self, cut, next: 0, left }
    }
}

/// One stride where several follow each other evenly.
fn joined(strides: Vec<Stride>) -> Vec<Stride> {
    let mut joined: Vec<Stride> = Vec::with_capacity(strides.len());
    for stride in strides {
        let follows = joined.last().and_then(|before| {
            let gap = stride.start.checked_sub(before.last()?)?;
            let step_before = if before.count == 1 { gap } else { before.step };
            let step_here = if stride.count == 1 { gap } else { stride.step };
            let even = gap > 0 && gap == step_before && gap == step_here;
            even.then_some(Stride {
                start: before.start,
                step: gap,
                count: before.count.checked_add(stride.count)?,
            })
        });
        match (follows, joined.last_mut()) {
            (Some(both), Some(last)) => *last = both,
            _ => joined.push(stride),
        }
    }
    joined
}

/// The hyperslabs of a [`Selection`].
#[derive(Clone, Debug)]
pub struct Hyperslabs<'s> {
    of: &'s Selection,
    /// So many axes are cut: index by index, the last of them stride by stride.
    cut: usize,
    next: u64,
    left: u64,
}

impl Iterator for Hyperslabs<'_> {
    type Item = Hyperslab;

    fn next(&mut self) -> Option<Hyperslab> {
        self.left = self.left.checked_sub(1)?;
        let mut number = self.next;
        self.next = self.next.checked_add(1)?;
        let mut strides = Vec::with_capacity(self.of.axes.len());
        let whole = self.of.axes.iter().enumerate().skip(self.cut);
        strides.extend(whole.filter_map(|(_, strides)| strides.first().copied()));
        for axis in (0..self.cut).rev() {
            let of_axis = self.of.axes.get(axis)?;
            let is_last = axis.checked_add(1) == Some(self.cut);
            let places = if is_last {
                u64::try_from(of_axis.len()).ok()?
            } else {
                of_axis.iter().map(|stride| stride.count).sum()
            };
            let place = number.checked_rem(places)?;
            number = number.checked_div(places)?;
            let stride = if is_last {
                of_axis.get(usize::try_from(place).ok()?).copied()?
            } else {
                Stride { start: index_at(of_axis, place)?, step: 1, count: 1 }
            };
            strides.insert(0, stride);
        }
        Hyperslab::within(&self.of.shape, strides).ok()
    }
}

/// The index at place `place` of several strides.
fn index_at(strides: &[Stride], mut place: u64) -> Option<u64> {
    for stride in strides {
        if place < stride.count {
            return Some(stride.at(place));
        }
        place = place.checked_sub(stride.count)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stride(start: u64, step: u64, count: u64) -> Stride {
        Stride { start, step, count }
    }

    /// Row-major places of the elements of a hyperslab.
    fn places(slab: &Hyperslab, shape: &[u64]) -> Vec<u64> {
        slab.strides().iter().zip(shape).fold(vec![0], |done, (stride, length)| {
            done.into_iter()
                .flat_map(|head| (0..stride.count).map(move |n| head * length + stride.at(n)))
                .collect()
        })
    }

    #[test]
    fn one_stride_along_each_axis_is_one_hyperslab() {
        let selection =
            Selection::within(&[10, 4], vec![vec![stride(1, 2, 3)], vec![stride(0, 1, 4)]]).unwrap();
        let slabs: Vec<_> = selection.hyperslabs().collect();
        assert_eq!((slabs.len(), selection.elements(), selection.shape()), (1, 12, vec![3, 4]));
    }

    #[test]
    fn even_lists_become_one_stride() {
        let list = vec![stride(0, 1, 2), stride(2, 1, 1), stride(3, 1, 4), stride(9, 1, 1)];
        let selection = Selection::within(&[10], vec![list]).unwrap();
        assert_eq!(selection.axes(), [vec![stride(0, 1, 7), stride(9, 1, 1)]]);
    }

    #[test]
    fn scalars_and_axes_without_an_index() {
        let scalar = Selection::within(&[], vec![]).unwrap();
        assert_eq!((scalar.elements(), scalar.hyperslabs().count()), (1, 1));
        let empty = Selection::within(&[0, 4], vec![vec![Stride::all(0)], vec![Stride::all(4)]]).unwrap();
        assert_eq!((empty.elements(), empty.hyperslabs().count()), (0, 0));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let check = |shape: &[u64], axes: Vec<Vec<Stride>>, expected| {
            assert_eq!(Selection::within(shape, axes), Err(expected));
        };
        check(&[4], vec![], Misfit::Rank { given: 0, expected: 1 });
        check(
            &[4, 4],
            vec![vec![stride(0, 1, 4)], vec![stride(0, 1, 1), stride(3, 1, 2)]],
            Misfit::Index { axis: 1, index: 4, length: 4 },
        );
        check(&[4], vec![vec![]], Misfit::Empty { axis: 0 });
        let list = vec![stride(0, 1, 2), stride(3, 1, 1)];
        check(&[1 << 16, 4], vec![vec![Stride::all(1 << 16)], list], Misfit::Overflow);
    }

    prop_compose! {
        fn axis()(length in 1_u64..7)(
            length in Just(length),
            strides in prop::collection::vec((0..length, 1_u64..4, 1_u64..4), 1..4),
        ) -> (u64, Vec<Stride>) {
            let inside = |(start, step, count): (u64, u64, u64)| {
                let most = (length - 1 - start) / step + 1;
                stride(start, step, count.min(most))
            };
            (length, strides.into_iter().map(inside).collect())
        }
    }

    proptest! {
        #[test]
        fn hyperslabs_follow_each_other_in_row_major_order(axes in prop::collection::vec(axis(), 0..4)) {
            let (shape, axes): (Vec<u64>, Vec<Vec<Stride>>) = axes.into_iter().unzip();
            let expected = axes.iter().zip(&shape).fold(vec![0], |done: Vec<u64>, (strides, length)| {
                let indices: Vec<u64> = strides.iter().flat_map(|s| (0..s.count).map(|n| s.at(n))).collect();
                done.into_iter().flat_map(|head| indices.iter().map(move |i| head * length + i)).collect()
            });
            let selection = Selection::within(&shape, axes).unwrap();
            let got: Vec<u64> = selection.hyperslabs().flat_map(|slab| places(&slab, &shape)).collect();
            prop_assert_eq!(selection.elements(), got.len() as u64);
            prop_assert_eq!(got, expected);
        }
    }
}
