//! Dimensions with the ranges and steps of their coordinates: what `cube:dimensions` of STAC tells.

use weir_catalogs::{DimensionFacts, Extent, Step, Values};
use weir_cf::axes::{Axis, Kind};
use weir_cf::extent::Range;
use weir_cf::{Coordinate, coordinate_variable};
use weir_plugin_api::Error;
use weir_plugin_api::model::{DataType, Dimension, Hyperslab};

use crate::numbers::{Part, read, read_times};
use crate::variables::attribute;
use crate::{Asked, times};

/// Coordinates of at most this many values are listed.
const MOST_VALUES: u64 = 64;

/// Of a dataset with many dimensions, the coordinates of this many are read.
const MOST_READ: usize = 64;

/// Every dimension, groups after their parents.
///
/// # Errors
/// Those that pass.
pub(crate) fn facts(asked: &Asked<'_>) -> Result<Vec<DimensionFacts>, Error> {
    let mut facts = Vec::new();
    for (group, members) in asked.schema.groups() {
        for dimension in &members.dimensions {
            let bare = bare(&group, dimension);
            let coordinate = coordinate_variable(&asked.schema, &group, &bare.path);
            let Some(coordinate) = coordinate.filter(|_| facts.len() < MOST_READ) else {
                facts.push(bare);
                continue;
            };
            facts.push(with(asked, &coordinate, bare)?);
        }
    }
    Ok(facts)
}

fn bare(group: &str, dimension: &Dimension) -> DimensionFacts {
    DimensionFacts {
        path: format!("{group}/{}", dimension.name),
        name: dimension.name.clone(),
        length: dimension.length,
        coordinate: None,
        measured: None,
        units: None,
        description: None,
        extent: None,
        step: None,
        values: Values::Unlisted,
    }
}

fn with(
    asked: &Asked<'_>,
    coordinate: &Coordinate<'_>,
    bare: DimensionFacts,
) -> Result<DimensionFacts, Error> {
    let variable = coordinate.variable;
    let text = |name: &str| attribute(variable, name);
    let known = DimensionFacts {
        coordinate: Some(coordinate.path.clone()),
        measured: coordinate.kind,
        units: text("units"),
        description: text("long_name").or_else(|| text("standard_name")),
        ..bare
    };
    let read = match (&variable.data_type, times::units(variable)) {
        (DataType::String, _) => Ok((None, None, texts(asked, coordinate, known.length)?)),
        (kind, _) if !kind.is_numeric() => Ok((None, None, Values::Unlisted)),
        (_, Ok(None)) => numbers(asked, coordinate),
        (_, Ok(Some(units))) => of_times(asked, coordinate, &units),
        (_, Err(error)) => Err(error),
    };
    let (extent, step, values) = asked.told(&coordinate.path, read)?.unwrap_or_default();
    Ok(DimensionFacts { extent, step, values, ..known })
}

type Told = (Option<Extent>, Option<Step>, Values);

fn of_times(
    asked: &Asked<'_>,
    coordinate: &Coordinate<'_>,
    units: &weir_cf::time::TimeUnits,
) -> Result<Told, Error> {
    let numbers = read_times(asked, &coordinate.path, coordinate.variable)?;
    let all = coordinate.variable.shape.first().and_then(|n| usize::try_from(*n).ok()) == Some(numbers.len());
    let step = if all { times::step(units, &numbers) } else { None };
    let span = times::of_numbers(units, numbers)?;
    Ok((span.map(|(span, calendar)| Extent::Times(times::text(&span, calendar))), step, Values::Unlisted))
}

fn numbers(asked: &Asked<'_>, coordinate: &Coordinate<'_>) -> Result<Told, Error> {
    let numbers = read(asked, &coordinate.path, coordinate.variable)?;
    let extent = Range::of(numbers.values.iter().copied()).map(Extent::Numbers);
    let step = if numbers.part == Part::Whole { step(&numbers.values) } else { None };
    let horizontal = matches!(coordinate.kind.and_then(Kind::axis), Some(Axis::X | Axis::Y));
    let short = coordinate.variable.shape.iter().all(|length| *length <= MOST_VALUES);
    let listed = short && !horizontal && numbers.values.iter().all(|value| value.is_finite());
    let values = if listed { Values::Numbers(numbers.values) } else { Values::Unlisted };
    Ok((extent, step, values))
}

fn texts(asked: &Asked<'_>, coordinate: &Coordinate<'_>, length: u64) -> Result<Values, Error> {
    if length > MOST_VALUES {
        return Ok(Values::Unlisted);
    }
    let slab =
        Hyperslab::whole(&coordinate.variable.shape).map_err(|error| Error::internal(error.to_string()))?;
    let read = asked.dataset.read_strings(&coordinate.path, &slab);
    let Some(texts) = asked.told(&coordinate.path, read)? else { return Ok(Values::Unlisted) };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Values::Texts(texts.into_iter().map(text).collect()))
}

/// The distance between neighbours, where it is the same all along but for the rounding of single precision.
fn step(numbers: &[f64]) -> Option<Step> {
    let (first, last) = (*numbers.first()?, *numbers.last()?);
    let between = numbers.len().checked_sub(1).filter(|between| *between > 0)?;
    #[expect(clippy::cast_precision_loss, reason = "fewer than 2 to the 53rd")]
    let step = (last - first) / between as f64;
    let greatest = numbers.iter().fold(0.0_f64, |greatest, number| greatest.max(number.abs()));
    let rounding = step.abs() * 1e-4 + greatest * f64::from(f32::EPSILON);
    let even = |pair: &[f64]| match pair {
        [a, b] => (b - a - step).abs() <= rounding,
        _ => false,
    };
    (step != 0.0 && step.is_finite() && numbers.windows(2).all(even))
        .then(|| Step::Number(shortest(step, rounding)))
}

/// The number with the fewest digits that a step may mean, given how far single precision may have moved it: 0.25 instead of
/// 0.24999999.
fn shortest(step: f64, rounding: f64) -> f64 {
    let rounded = |digits: i32| {
        let scale = 10_f64.powi(digits);
        (step * scale).round() / scale
    };
    let close = |number: &f64| (number - step).abs() <= rounding;
    (0..=12).map(rounded).find(close).unwrap_or(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(numbers: &[f64], expected: Option<f64>) {
        let got = step(numbers).map(|step| match step {
            Step::Number(number) => number,
            Step::Duration(_) => f64::NAN,
        });
        assert_eq!(got, expected, "{numbers:?}");
    }

    #[test]
    fn steps_are_even() {
        check(&[1.0, 2.0, 3.0], Some(1.0));
        check(&[90.0, 87.5, 85.0], Some(-2.5));
        check(&[0.0, f64::from(0.1_f32), f64::from(0.2_f32), f64::from(0.3_f32)], Some(0.1));
        check(&[1.0, 2.0, 4.0], None);
        check(&[5.0], None);
        check(&[5.0, 5.0], None);
        check(&[1.0, f64::NAN, 3.0], None);
        check(&[], None);
    }
}
