//! Statistics of windows that move along one dimension: each of an index and those before it.

use rayon::prelude::*;
use weir_plugin_api::Error;

use crate::action::Action;
use crate::engine::values::{One, Values};
use crate::watch::Watch;

/// A window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The dimension that it moves along.
    pub axis: usize,
    /// How many indices it has.
    pub length: usize,
}

/// More values are not looked at for one result, each as often as it is in a window.
const MOST_LOOKS: usize = 1 << 31;

/// Whether an action is one of windows.
#[must_use]
pub fn knows(action: Action) -> bool {
    matches!(action, Action::Mean | Action::Sum | Action::Min | Action::Max | Action::Std | Action::Var)
}

/// What is made of each window of values, of some lengths; missing where the window begins before the first index, or holds a
/// missing value, as xarray has it. Singles stay singles, all else becomes doubles.
///
/// # Errors
/// `TooLarge` where windows are very long.
pub fn rolled(
    values: &Values,
    lengths: &[usize],
    (window, action): (Window, Action),
    watch: &Watch<'_>,
) -> Result<Values, Error> {
    let Window { axis, length } = window;
    let looks = values.len().saturating_mul(length);
    if looks > MOST_LOOKS {
        return Err(Error::too_large(format!(
            "{looks} values would be looked at, but at most {MOST_LOOKS} are; select less, or take shorter windows"
        )));
    }
    let along = lengths.get(axis).copied().unwrap_or(1);
    let inner: usize =
        lengths.iter().skip(axis.saturating_add(1)).fold(1, |all, one| all.saturating_mul(*one));
    let row = inner.max(1);
    let rows = AT_ONCE.div_ceil(row.saturating_mul(length).max(1)).max(1);
    let mut results = vec![f64::NAN; values.len()];
    // A row has one result for each lane, all of the same index along the dimension.
    for (batch, room) in results.chunks_mut(rows.saturating_mul(row)).enumerate() {
        watch.check()?;
        let first = batch.saturating_mul(rows);
        room.par_chunks_mut(row).enumerate().for_each(|(at, room)| {
            let number = first.saturating_add(at);
            let index = number.checked_rem(along).unwrap_or(0);
            let Some(back) = length.checked_sub(1).filter(|back| *back <= index) else { return };
            let begin = number.saturating_sub(back);
            let mut held = Vec::with_capacity(length);
            for (lane, result) in room.iter_mut().enumerate() {
                held.clear();
                let place = |row_number: usize| row_number.saturating_mul(inner).saturating_add(lane);
                held.extend((begin..=number).filter_map(|number| values.at(place(number))).map(One::double));
                *result = made(&held, action);
            }
        });
    }
    #[expect(clippy::cast_possible_truncation, reason = "the one rounding, at the end")]
    let singles =
        |results: Vec<f64>| Values::Float32(results.into_iter().map(|result| result as f32).collect());
    Ok(if matches!(values, Values::Float32(_)) { singles(results) } else { Values::Float64(results) })
}

/// So many values are looked at between two looks at whether the result is still wanted.
const AT_ONCE: usize = 1 << 24;

/// What is made of the values of one window.
#[expect(clippy::cast_precision_loss, reason = "windows have fewer than 2^53 values")]
fn made(values: &[f64], action: Action) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let sum: f64 = values.iter().sum();
    let mean = sum / values.len() as f64;
    let variance =
        || values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / values.len() as f64;
    match action {
        Action::Sum => sum,
        Action::Min => values.iter().copied().fold(f64::INFINITY, f64::min),
        Action::Max => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Action::Var => variance(),
        Action::Std => variance().sqrt(),
        _ => mean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        values: &[f64],
        lengths: &[usize],
        (axis, length): (usize, usize),
        action: Action,
        expected: &[f64],
    ) {
        let window = (Window { axis, length }, action);
        let got = rolled(&Values::Float64(values.to_vec()), lengths, window, &Watch::nobody()).unwrap();
        let Values::Float64(got) = got else { panic!("doubles stay doubles") };
        let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        assert!(got.len() == expected.len() && got.iter().zip(expected).all(same), "{got:?}");
    }

    #[test]
    fn windows_move_along_one_dimension() {
        let none = f64::NAN;
        let six = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        check(&six, &[3, 2], (0, 2), Action::Sum, &[none, none, 4.0, 6.0, 8.0, 10.0]);
        check(&six, &[2, 3], (1, 2), Action::Mean, &[none, 1.5, 2.5, none, 4.5, 5.5]);
        check(&six, &[6], (0, 3), Action::Max, &[none, none, 3.0, 4.0, 5.0, 6.0]);
        check(&six, &[6], (0, 2), Action::Var, &[none, 0.25, 0.25, 0.25, 0.25, 0.25]);
        check(&six, &[6], (0, 7), Action::Mean, &[none; 6]);
        check(&[1.0, none, 3.0, 4.0], &[4], (0, 2), Action::Min, &[none, none, none, 3.0]);
        check(&six, &[6], (0, 1), Action::Std, &[0.0; 6]);
    }
}
