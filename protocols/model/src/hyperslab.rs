//! Hyperslabs: rectangular, strided parts of a variable that are known to lie inside it.

use std::fmt;

/// One axis of a hyperslab: `count` indices, from `start` on, `step` apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stride {
    /// The first index.
    pub start: u64,
    /// The distance between two indices; at least 1.
    pub step: u64,
    /// How many indices.
    pub count: u64,
}

impl Stride {
    /// The stride that DAP writes as `[start:step:stop]`: `stop` is included, and need not be hit.
    ///
    /// `None` where `step` is 0 or `stop` lies before `start`.
    #[must_use]
    pub fn inclusive(start: u64, step: u64, stop: u64) -> Option<Self> {
        let count = stop.checked_sub(start)?.checked_div(step)?.checked_add(1)?;
        Some(Self { start, step, count })
    }

    /// All indices of an axis.
    #[must_use]
    pub fn all(length: u64) -> Self {
        Self { start: 0, step: 1, count: length }
    }

    /// The last index, or `None` where there is none or it exceeds 64 bits.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.count.checked_sub(1)?.checked_mul(self.step)?.checked_add(self.start)
    }

    /// The index at place `place` of this stride; callers stay below `count`.
    pub fn at(&self, place: u64) -> u64 {
        self.start.saturating_add(place.saturating_mul(self.step))
    }
}

/// Why a hyperslab does not fit a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The number of axes differs.
    Rank {
        /// Axes asked for.
        given: usize,
        /// Axes of the variable.
        expected: usize,
    },
    /// An index lies outside an axis.
    Index {
        /// The axis, from 0.
        axis: usize,
        /// The index asked for.
        index: u64,
        /// The length of the axis.
        length: u64,
    },
    /// A step of 0, or no index at all on an axis that has some.
    Empty {
        /// The axis, from 0.
        axis: usize,
    },
    /// More elements than 64 bits can count.
    Overflow,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rank { given, expected } => {
                write!(f, "{given} axes given for a variable with {expected}")
            }
            Self::Index { axis, index, length } => {
                write!(f, "axis {axis} is asked for index {index}, but its length is {length}")
            }
            Self::Empty { axis } => write!(f, "axis {axis} selects no index; steps must be at least 1"),
            Self::Overflow => write!(f, "the hyperslab has more elements than 64 bits can count"),
        }
    }
}

impl std::error::Error for Misfit {}

/// A rectangular, strided part of a variable, checked against the variable's shape.
///
/// There is no other way to make one than [`Hyperslab::within`] and [`Hyperslab::whole`], so whoever holds a hyperslab need
/// not check it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hyperslab {
    strides: Vec<Stride>,
    elements: u64,
}

impl Hyperslab {
    /// Checks strides against a shape (lengths, slowest first).
    ///
    /// # Errors
    /// [`Misfit`] names the first axis that does not fit.
    pub fn within(shape: &[u64], strides: Vec<Stride>) -> Result<Self, Misfit> {
        if strides.len() != shape.len() {
            return Err(Misfit::Rank { given: strides.len(), expected: shape.len() });
        }
        for (axis, (stride, &length)) in strides.iter().zip(shape).enumerate() {
            check_axis(axis, *stride, length)?;
        }
        let elements = count(strides.iter().map(|stride| stride.count)).ok_or(Misfit::Overflow)?;
        Ok(Self { strides, elements })
    }

    /// All of a variable.
    ///
    /// # Errors
    /// [`Misfit::Overflow`] where the shape has more elements than 64 bits can count.
    pub fn whole(shape: &[u64]) -> Result<Self, Misfit> {
        Self::within(shape, shape.iter().map(|&length| Stride::all(length)).collect())
    }

    /// The strides, slowest axis first.
    #[must_use]
    pub fn strides(&self) -> &[Stride] {
        &self.strides
    }

    /// How many indices each axis has, slowest first.
    #[must_use]
    pub fn shape(&self) -> Vec<u64> {
        self.strides.iter().map(|stride| stride.count).collect()
    }

    /// How many elements it has; 1 for a scalar.
    #[must_use]
    pub fn elements(&self) -> u64 {
        self.elements
    }

    /// The same hyperslab with one axis narrowed to `count` of its indices from the `from`-th on.
    ///
    /// A part of a checked hyperslab needs no new check; `None` where the part is not inside.
    #[must_use]
    pub fn narrowed(&self, axis: usize, from: u64, count_of_axis: u64) -> Option<Self> {
        let mut strides = self.strides.clone();
        let stride = strides.get_mut(axis)?;
        if count_of_axis == 0 || from.checked_add(count_of_axis)? > stride.count {
            return None;
        }
        *stride = Stride { start: stride.at(from), step: stride.step, count: count_of_axis };
        let elements = count(strides.iter().map(|stride| stride.count))?;
        Some(Self { strides, elements })
    }
}

fn check_axis(axis: usize, stride: Stride, length: u64) -> Result<(), Misfit> {
    if stride.step == 0 || (stride.count == 0 && length != 0) {
        return Err(Misfit::Empty { axis });
    }
    if stride.count == 0 {
        return Ok(());
    }
    if stride.start >= length {
        return Err(Misfit::Index { axis, index: stride.start, length });
    }
    match stride.last() {
        Some(last) if last < length => Ok(()),
        last => Err(Misfit::Index { axis, index: last.unwrap_or(u64::MAX), length }),
    }
}

fn count(counts: impl Iterator<Item = u64>) -> Option<u64> {
    // A zero anywhere makes the product zero, whatever the other axes multiply to.
    let counts: Vec<u64> = counts.collect();
    if counts.contains(&0) {
        return Some(0);
    }
    counts.into_iter().try_fold(1_u64, u64::checked_mul)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(shape: &[u64], strides: &[(u64, u64, u64)], expected: &str) {
        let strides = strides.iter().map(|&(start, step, count)| Stride { start, step, count }).collect();
        let got = match Hyperslab::within(shape, strides) {
            Ok(slab) => format!("{:?} = {}", slab.shape(), slab.elements()),
            Err(misfit) => misfit.to_string(),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn hyperslabs_are_checked_against_the_shape() {
        check(&[], &[], "[] = 1");
        check(&[10], &[(0, 2, 5)], "[5] = 5");
        check(&[10, 4], &[(9, 1, 1), (0, 3, 2)], "[1, 2] = 2");
        check(&[10], &[(10, 1, 1)], "axis 0 is asked for index 10, but its length is 10");
        check(&[4, 10], &[(0, 1, 4), (0, 2, 6)], "axis 1 is asked for index 10, but its length is 10");
        check(&[10], &[(0, 0, 1)], "axis 0 selects no index; steps must be at least 1");
        check(&[10], &[(0, 1, 0)], "axis 0 selects no index; steps must be at least 1");
        check(&[0], &[(0, 1, 0)], "[0] = 0");
        check(&[10], &[], "0 axes given for a variable with 1");
        check(
            &[u64::MAX, 3],
            &[(0, 1, u64::MAX), (0, 1, 3)],
            "the hyperslab has more elements than 64 bits can count",
        );
        check(
            &[5],
            &[(1, u64::MAX, 2)],
            "axis 0 is asked for index 18446744073709551615, but its length is 5",
        );
    }

    #[test]
    fn dap_strides_include_their_stop() {
        assert_eq!(Stride::inclusive(0, 2, 9).map(|s| s.count), Some(5));
        assert_eq!(Stride::inclusive(1, 2, 7).map(|s| s.count), Some(4));
        assert_eq!(Stride::inclusive(10, 3, 21).map(|s| s.count), Some(4));
        assert_eq!(Stride::inclusive(0, 1, 0).map(|s| s.count), Some(1));
        assert_eq!(Stride::inclusive(5, 1, 1), None);
        assert_eq!(Stride::inclusive(0, 0, 1), None);
        assert_eq!(Stride::inclusive(0, 1, u64::MAX), None);
    }

    proptest! {
        #[test]
        fn every_index_of_a_checked_stride_is_inside(length in 0_u64.., start: u64, step: u64, n: u64) {
            let stride = Stride { start, step, count: n };
            if let Ok(slab) = Hyperslab::within(&[length], vec![stride]) {
                prop_assert!(slab.elements() == 0 || slab.strides()[0].last().unwrap() < length);
            }
        }
    }
}
