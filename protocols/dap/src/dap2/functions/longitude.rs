//! Boxes on axes of latitudes and longitudes: which indices cover them.

use weir_model::Stride;

use super::Refusal;
use super::grid::Run;

/// Degrees of a circle.
const CIRCLE: f64 = 360.0;

/// The fewest indices that cover latitudes from `bottom` to `top`.
///
/// As in Hyrax, the first and the last value may lie outside of the box, so that no part of it is uncovered.
pub fn latitudes(values: &[f64], top: f64, bottom: f64) -> Result<Run, Refusal> {
    if bottom > top {
        return Err(format!("the top of the box, {top}, lies south of its bottom, {bottom}"));
    }
    let descends = values.first() > values.last();
    let ascending: Vec<f64> = if descends { values.iter().rev().copied().collect() } else { values.to_vec() };
    let (first, last) = ends(&ascending).ok_or("the latitudes of the array neither ascend nor descend")?;
    if top < first || bottom > last {
        return Err(format!(
            "the box from {bottom} to {top} lies outside of the latitudes from {first} to {last}"
        ));
    }
    let (begin, end) = (at_or_before(&ascending, bottom), at_or_behind(&ascending, top));
    let length = values.len();
    let (begin, end) = if descends {
        (length.saturating_sub(end).saturating_sub(1), length.saturating_sub(begin).saturating_sub(1))
    } else {
        (begin, end)
    };
    Ok(Run { indices: stride(begin, end)?, behind: None, values: None })
}

/// The fewest indices that cover longitudes from `left` eastwards to `right`, on an axis that may be a circle.
///
/// The values that are sent are in the notation of the box: from -180 to 180 where it has a negative side, else from 0 on.
pub fn longitudes(values: &[f64], left: f64, right: f64) -> Result<Run, Refusal> {
    let east = unrolled(values).ok_or("the longitudes of the array do not ascend")?;
    let (first, last) = ends(&east).ok_or("the longitudes of the array do not ascend")?;
    let covered = covering(&east, (first, last), left, right);
    let (begin, count) = covered.ok_or_else(|| {
        format!("the box from {left} to {right} lies outside of the longitudes from {first} to {last}")
    })?;
    let length = values.len();
    let to_end = count.min(length.saturating_sub(begin));
    let rest = count.saturating_sub(to_end);
    // Both ends of an axis may be the same meridian.
    let skipped = usize::from(rest > 0 && last - first == CIRCLE);
    let behind =
        rest.checked_sub(1).filter(|&end| end >= skipped).map(|end| stride(skipped, end)).transpose()?;
    let indices = stride(begin, begin.saturating_add(to_end).saturating_sub(1))?;
    let chosen = values.iter().skip(begin).take(to_end);
    let chosen: Vec<f64> = chosen.chain(values.iter().take(rest).skip(skipped)).copied().collect();
    let noted: Vec<f64> = chosen.iter().map(|&value| in_notation(value, left < 0.0 || right < 0.0)).collect();
    let values = (behind.is_some() || noted != chosen).then_some(noted);
    Ok(Run { indices, behind, values })
}

/// Longitudes that ascend, where the axis begins anew once: 350, 355, 0, 5 become 350, 355, 360, 365.
fn unrolled(values: &[f64]) -> Option<Vec<f64>> {
    let mut turns = 0.0;
    let mut previous = f64::NEG_INFINITY;
    let mut east = Vec::with_capacity(values.len());
    for &value in values {
        if value < previous && turns == 0.0 {
            turns = CIRCLE;
        }
        previous = value;
        east.push(value + turns);
    }
    let (first, last) = ends(&east)?;
    (last - first <= CIRCLE).then_some(east)
}

/// First and last value, where values ascend strictly.
fn ends(values: &[f64]) -> Option<(f64, f64)> {
    let ascends = values.iter().zip(values.iter().skip(1)).all(|(a, b)| a < b);
    let finite = values.iter().all(|value| value.is_finite());
    Some((*values.first()?, *values.last()?)).filter(|_| ascends && finite)
}

/// Where the box begins, and how many indices it takes, going on at the beginning of the axis behind its end.
fn covering(east: &[f64], (first, last): (f64, f64), left: f64, right: f64) -> Option<(usize, usize)> {
    let length = east.len();
    let width = if right >= left { right - left } else { (right - left).rem_euclid(CIRCLE) };
    // A gap of little more than the usual distance between two values closes the circle.
    let distance = (last - first) / length.saturating_sub(1).max(1) as f64;
    let is_circle = length > 1 && last - first + 1.5 * distance >= CIRCLE;
    if width >= CIRCLE {
        return Some((0, length));
    }
    let begin = first + (left - first).rem_euclid(CIRCLE);
    let (begin, end) = (begin, begin + width);
    if end <= last {
        let at = at_or_before(east, begin);
        return Some((at, at_or_behind(east, end).saturating_sub(at).saturating_add(1)));
    }
    let beyond = end - CIRCLE;
    let from = at_or_before(east, begin);
    match (begin <= last || is_circle, beyond >= first || is_circle) {
        (true, true) => {
            let to = at_or_behind(east, beyond);
            Some((from, length.saturating_sub(from).saturating_add(to).saturating_add(1).min(length)))
        }
        (true, false) => Some((from, length.saturating_sub(from))),
        (false, true) => Some((0, at_or_behind(east, beyond).saturating_add(1))),
        (false, false) => None,
    }
}

/// The last index whose value is not greater; the first one where there is none.
fn at_or_before(values: &[f64], limit: f64) -> usize {
    values.iter().rposition(|&value| value <= limit).unwrap_or(0)
}

/// The first index whose value is not smaller; the last one where there is none.
fn at_or_behind(values: &[f64], limit: f64) -> usize {
    values.iter().position(|&value| value >= limit).unwrap_or(values.len().saturating_sub(1))
}

fn in_notation(value: f64, has_negative: bool) -> f64 {
    match has_negative {
        true if value > 180.0 => value - CIRCLE,
        false if value < 0.0 => value + CIRCLE,
        _ => value,
    }
}

fn stride(first: usize, last: usize) -> Result<Stride, Refusal> {
    let number = |index: usize| u64::try_from(index).map_err(|error| error.to_string());
    Stride::inclusive(number(first)?, 1, number(last)?).ok_or_else(|| "the box has no index".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The run as `first-last`, and the values that are sent.
    fn check(got: Result<Run, Refusal>, expected: &str) {
        let range = |stride: Stride| format!("{}-{}", stride.start, stride.at(stride.count - 1));
        let shown = got.map_or_else(
            |why| why,
            |run| {
                let behind = run.behind.map_or(String::new(), |behind| format!("+{}", range(behind)));
                let values = run.values.map_or(String::new(), |values| format!(" {values:?}"));
                format!("{}{behind}{values}", range(run.indices))
            },
        );
        assert_eq!(shown, expected);
    }

    #[test]
    fn latitudes_cover_the_box() {
        let north = [-90.0, -45.0, 0.0, 45.0, 90.0];
        let south = [90.0, 45.0, 0.0, -45.0, -90.0];
        check(latitudes(&north, 45.0, 0.0), "2-3");
        check(latitudes(&south, 45.0, 0.0), "1-2");
        check(latitudes(&north, 50.0, -1.0), "1-4");
        check(latitudes(&south, 50.0, -1.0), "0-3");
        check(latitudes(&north, 100.0, -100.0), "0-4");
        check(latitudes(&[1.0, 3.0, 2.0], 2.0, 1.0), "the latitudes of the array neither ascend nor descend");
        check(latitudes(&north, 0.0, 1.0), "the top of the box, 0, lies south of its bottom, 1");
        check(
            latitudes(&[10.0, 20.0], 9.0, 8.0),
            "the box from 8 to 9 lies outside of the latitudes from 10 to 20",
        );
    }

    #[test]
    fn longitudes_wrap_around() {
        let whole: Vec<f64> = (0..36).map(|n| f64::from(n) * 10.0).collect();
        check(longitudes(&whole, 20.0, 40.0), "2-4");
        check(longitudes(&whole, 25.0, 35.0), "2-4");
        check(longitudes(&whole, 340.0, 10.0), "34-35+0-1 [340.0, 350.0, 0.0, 10.0]");
        check(longitudes(&whole, -20.0, 10.0), "34-35+0-1 [-20.0, -10.0, 0.0, 10.0]");
        check(longitudes(&whole, -20.0, -10.0), "34-35 [-20.0, -10.0]");
        check(longitudes(&whole, 352.0, 358.0), "35-35+0-0 [350.0, 0.0]");
        check(longitudes(&whole, 0.0, 360.0), "0-35");
        check(longitudes(&whole, 380.0, 400.0), "2-4");
        let both = longitudes(&whole, 55.0, 45.0).unwrap();
        assert_eq!((both.indices.count, both.behind.unwrap().count), (31, 5));
    }

    #[test]
    fn axes_of_other_notations() {
        let half: Vec<f64> = (0..36).map(|n| f64::from(n) * 10.0 - 180.0).collect();
        check(longitudes(&half, 170.0, 190.0), "35-35+0-1 [170.0, 180.0, 190.0]");
        check(longitudes(&half, -10.0, 10.0), "17-19");
        check(longitudes(&half, 350.0, 10.0), "17-19 [350.0, 0.0, 10.0]");
        let closed = [0.0, 90.0, 180.0, 270.0, 360.0];
        check(longitudes(&closed, 270.0, 90.0), "3-4+1-1 [270.0, 360.0, 90.0]");
        let across = [350.0, 355.0, 0.0, 5.0];
        check(longitudes(&across, 355.0, 2.0), "1-3");
        let region = [10.0, 20.0, 30.0];
        check(longitudes(&region, 350.0, 15.0), "0-1");
        check(longitudes(&region, 25.0, 80.0), "1-2");
        check(
            longitudes(&region, 40.0, 80.0),
            "the box from 40 to 80 lies outside of the longitudes from 10 to 30",
        );
        check(longitudes(&[30.0, 20.0, 10.0], 15.0, 25.0), "the longitudes of the array do not ascend");
        check(longitudes(&[f64::NAN], 1.0, 2.0), "the longitudes of the array do not ascend");
    }

    proptest! {
        #[test]
        fn boxes_are_covered(n in 2_usize..40, begin in -360_i32..360, left in -720.0..720.0_f64, width in 0.0..400.0_f64) {
            let step = CIRCLE / n as f64;
            let axis: Vec<f64> = (0..n).map(|i| f64::from(begin) + step * i as f64).collect();
            let run = longitudes(&axis, left, left + width).unwrap();
            let mut chosen: Vec<usize> = (0..run.indices.count).map(|i| (run.indices.start + i) as usize).collect();
            if let Some(behind) = run.behind {
                chosen.extend((0..behind.count).map(|i| (behind.start + i) as usize));
            }
            let unique: std::collections::HashSet<_> = chosen.iter().collect();
            prop_assert_eq!(unique.len(), chosen.len());
            // Each value inside the box is there.
            for (index, value) in axis.iter().enumerate() {
                let inside = (value - left).rem_euclid(CIRCLE) <= width - 1e-9;
                prop_assert!(!inside || chosen.contains(&index), "{} of {:?}", value, run);
            }
        }
    }
}
