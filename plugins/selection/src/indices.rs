//! Indices of one dimension, in the order in which they are wanted: runs, and what is done with them.

use weir_model::Stride;
use weir_plugin_api::Error;

/// Indices at even distances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The indices.
    pub stride: Stride,
    /// What is added to the longitudes of this run, a multiple of 360, so that those of all runs rise or fall together.
    pub shift: f64,
}

/// Indices of one dimension, in the order in which they are wanted. None is wanted twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Indices {
    runs: Vec<Run>,
    count: u64,
}

impl Indices {
    /// All of a dimension.
    #[must_use]
    pub fn all(length: u64) -> Self {
        Self::of_runs(vec![Run { stride: Stride::all(length), shift: 0.0 }])
    }

    /// One index.
    #[must_use]
    pub fn one(index: u64) -> Self {
        Self::stride(Stride { start: index, step: 1, count: 1 })
    }

    /// Indices at even distances.
    #[must_use]
    pub fn stride(stride: Stride) -> Self {
        Self::of_runs(vec![Run { stride, shift: 0.0 }])
    }

    /// Runs, one behind the other; empty ones are left out.
    #[must_use]
    pub fn of_runs(mut runs: Vec<Run>) -> Self {
        runs.retain(|run| run.stride.count > 0);
        let count = runs.iter().fold(0_u64, |sum, run| sum.saturating_add(run.stride.count));
        Self { runs, count }
    }

    /// Rising indices; neighbours become one run.
    #[must_use]
    pub fn rising(indices: impl IntoIterator<Item = u64>) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for index in indices {
            match runs.last_mut() {
                Some(run) if run.stride.at(run.stride.count) == index => {
                    run.stride.count = run.stride.count.saturating_add(1);
                }
                _ => runs.push(Run { stride: Stride { start: index, step: 1, count: 1 }, shift: 0.0 }),
            }
        }
        Self::of_runs(runs)
    }

    /// From `start` on, up to but without `stop`, every `step`-th, as Python slices: negative numbers count from the end, and
    /// what lies outside is cut off.
    ///
    /// # Errors
    /// Where no index is left, or the step is 0.
    pub fn slice(start: Option<i64>, stop: Option<i64>, step: u64, length: u64) -> Result<Self, Error> {
        let clamped = |index: i64| {
            let magnitude = index.unsigned_abs();
            if index < 0 { length.saturating_sub(magnitude) } else { magnitude.min(length) }
        };
        let (from, to) = (start.map_or(0, clamped), stop.map_or(length, clamped));
        let asked = || {
            let text = |end: Option<i64>| end.map(|end| end.to_string()).unwrap_or_default();
            format!("[{}:{}:{step}]", text(start), text(stop))
        };
        let span = to.saturating_sub(from);
        if step == 0 {
            return Err(Error::bad_request(format!("{} has a step of 0; steps are 1 or more", asked())));
        }
        if span == 0 {
            return Err(Error::bad_request(format!(
                "{} selects none of the {length} indices, which are 0 to {}",
                asked(),
                length.saturating_sub(1)
            )));
        }
        Ok(Self::stride(Stride { start: from, step, count: span.div_ceil(step) }))
    }

    /// One index, which counts from the end where it is negative.
    ///
    /// # Errors
    /// Where there is no such index.
    pub fn index(index: i64, length: u64) -> Result<Self, Error> {
        let magnitude = index.unsigned_abs();
        let place = if index < 0 { length.checked_sub(magnitude) } else { Some(magnitude) };
        let place = place.filter(|place| *place < length).ok_or_else(|| {
            Error::bad_request(format!(
                "index {index} is outside a dimension of length {length}; valid are -{length} to {}",
                length.saturating_sub(1)
            ))
        });
        place.map(Self::one)
    }

    /// The runs, in the order in which they are wanted.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// How many indices there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The indices, one by one, each with what is added to its longitude.
    pub fn iter(&self) -> impl Iterator<Item = (u64, f64)> + '_ {
        self.runs.iter().flat_map(|run| (0..run.stride.count).map(|place| (run.stride.at(place), run.shift)))
    }

    /// `count` of the indices, from the `from`-th on; fewer where there are not so many.
    #[must_use]
    pub fn part(&self, from: u64, count: u64) -> Self {
        let (mut skipped, mut left, mut runs) = (from, count, Vec::new());
        for run in &self.runs {
            let Stride { step, count, .. } = run.stride;
            if skipped >= count {
                skipped = skipped.saturating_sub(count);
                continue;
            }
            let taken = count.saturating_sub(skipped).min(left);
            let stride = Stride { start: run.stride.at(skipped), step, count: taken };
            runs.push(Run { stride, shift: run.shift });
            (skipped, left) = (0, left.saturating_sub(taken));
            if left == 0 {
                break;
            }
        }
        Self::of_runs(runs)
    }

    /// Every `step`-th of the indices, the first among them.
    ///
    /// # Errors
    /// Where the step is 0.
    pub fn thinned(&self, step: u64) -> Result<Self, Error> {
        if step == 0 {
            return Err(Error::bad_request("a stride is 0; strides are 1 or more"));
        }
        let (mut seen, mut runs) = (0_u64, Vec::new());
        for run in &self.runs {
            let phase =
                seen.checked_rem(step).map_or(0, |behind| if behind == 0 { 0 } else { step - behind });
            seen = seen.saturating_add(run.stride.count);
            let Some(last) = run.stride.count.checked_sub(1).filter(|last| phase <= *last) else { continue };
            let count = last.saturating_sub(phase).checked_div(step).unwrap_or(0).saturating_add(1);
            // A step that exceeds 64 bits is never taken: there is one index only then.
            let stride =
                Stride { start: run.stride.at(phase), step: run.stride.step.saturating_mul(step), count };
            runs.push(Run { stride, shift: run.shift });
        }
        Ok(Self::of_runs(runs))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listed(indices: &Indices) -> Vec<u64> {
        indices.iter().map(|(index, _)| index).collect()
    }

    fn check(slice: (Option<i64>, Option<i64>, u64), length: u64, expected: Result<&[u64], &str>) {
        let got = Indices::slice(slice.0, slice.1, slice.2, length);
        let got = got.as_ref().map(listed).map_err(|error| error.message.as_str());
        assert_eq!(got, expected.map(<[u64]>::to_vec));
    }

    #[test]
    fn slices_are_those_of_python() {
        check((None, None, 1), 3, Ok(&[0, 1, 2]));
        check((Some(-2), None, 1), 3, Ok(&[1, 2]));
        check((Some(-9), Some(-1), 1), 3, Ok(&[0, 1]));
        check((Some(1), Some(9), 2), 6, Ok(&[1, 3, 5]));
        check((None, None, 4), 6, Ok(&[0, 4]));
        check((Some(2), Some(2), 1), 6, Err("[2:2:1] selects none of the 6 indices, which are 0 to 5"));
        check((None, None, 0), 6, Err("[::0] has a step of 0; steps are 1 or more"));
        check((Some(i64::MIN), Some(i64::MAX), 1), 2, Ok(&[0, 1]));
    }

    #[test]
    fn single_indices_may_count_from_the_end() {
        let index = |index, length| Indices::index(index, length).map(|found| listed(&found)[0]);
        assert_eq!(index(-1, 5), Ok(4));
        assert_eq!(index(4, 5), Ok(4));
        let refused = index(5, 5).unwrap_err().message;
        assert_eq!(refused, "index 5 is outside a dimension of length 5; valid are -5 to 4");
        assert!(index(i64::MIN, 5).is_err() && index(0, 0).is_err());
    }

    /// Lists of distinct indices, in runs.
    fn some() -> impl Strategy<Value = Indices> {
        prop::collection::vec((1_u64..5, 1_u64..4, 0_u64..6), 0..5).prop_map(|runs| {
            let mut next = 0;
            let made = runs.into_iter().map(|(count, step, gap)| {
                let stride = Stride { start: next + gap, step, count };
                next = stride.at(count) + 1;
                Run { stride, shift: 0.0 }
            });
            let mut made: Vec<Run> = made.collect();
            let by = made.len().min(1);
            made.rotate_left(by);
            Indices::of_runs(made)
        })
    }

    proptest! {
        #[test]
        fn parts_and_every_nth_are_those_of_the_list(indices in some(), from in 0_usize..20, count in 0_usize..20, step in 1_usize..7) {
            let whole = listed(&indices);
            prop_assert_eq!(whole.len() as u64, indices.count());
            let part: Vec<u64> = whole.iter().copied().skip(from).take(count).collect();
            prop_assert_eq!(listed(&indices.part(from as u64, count as u64)), part);
            let thinned: Vec<u64> = whole.iter().copied().step_by(step).collect();
            prop_assert_eq!(listed(&indices.thinned(step as u64).unwrap()), thinned);
        }

        #[test]
        fn rising_indices_come_back(set in prop::collection::btree_set(0_u64..60, 0..40)) {
            let indices = Indices::rising(set.iter().copied());
            prop_assert_eq!(listed(&indices), set.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn slices_equal_a_filter(start in prop::option::of(-9_i64..9), stop in prop::option::of(-9_i64..9), step in 1_u64..4, length in 0_u64..8) {
            let end = |at: i64| (if at < 0 { (at + length as i64).max(0) } else { at.min(length as i64) }) as u64;
            let (from, to) = (start.map_or(0, end), stop.map_or(length, end));
            let expected: Vec<u64> = (from..to.max(from)).step_by(step as usize).collect();
            let got = Indices::slice(start, stop, step, length).map(|got| listed(&got)).unwrap_or_default();
            prop_assert_eq!(got, expected);
        }
    }
}
