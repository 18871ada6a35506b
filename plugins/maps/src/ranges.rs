//! The range of a variable's colours where nobody asks for another: one for all tiles, so that neighbours match.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use weir_cf::packing::{Packing, attribute_numbers};
use weir_fields::Patch;
use weir_model::Variable;
use weir_plugin_api::Error;
use weir_rendering::{MapProjection, Window};

use crate::asking::Asking;
use crate::keys::Keys;
use crate::layer::Layer;

/// Ranges of so many variables are kept.
const MOST_KEPT: usize = 4096;

/// The size of the overview that tells the range.
const OVERVIEW: (u32, u32) = (512, 256);

/// Ranges that were found, by dataset, its generation, and variable.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    kept: Mutex<HashMap<[String; 3], (f64, f64)>>,
}

impl Ranges {
    /// The range of a layer: what its attributes say, else that of an overview of all of it, where its dimensions have their defaults.
    ///
    /// # Errors
    /// Whatever keeps the overview from being read.
    pub(crate) fn of(&self, asking: &Asking<'_>, layer: &Layer<'_>) -> Result<(f64, f64), Error> {
        if let Some(told) = told(layer.variable()?) {
            return Ok(told);
        }
        let dataset = layer.axes.dataset();
        let key = [dataset.id().to_owned(), dataset.generation()?, layer.name.clone()];
        if let Some(range) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(*range);
        }
        let range = overview(asking, layer)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(key, range);
        Ok(range)
    }
}

fn overview(asking: &Asking<'_>, layer: &Layer<'_>) -> Result<(f64, f64), Error> {
    let admit = |bytes| asking.admit(bytes);
    let Some(bounds) = layer.laid.bounds(&layer.axes, &admit)? else { return Ok((0.0, 1.0)) };
    let window = Window::around(MapProjection::PlateCarree, &bounds, OVERVIEW);
    let at = layer.at(&Keys::default())?;
    let values = Patch::of(&layer.laid, &layer.axes, (&window, &at), &admit)?.values(&layer.axes)?;
    Ok(ends(&values))
}

/// The least and the greatest of the values that are there; 0 and 1 where none is.
pub(crate) fn ends(values: &[f32]) -> (f64, f64) {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (least, most) =
        finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), n| (least.min(n), most.max(n)));
    if least <= most { (f64::from(least), f64::from(most)) } else { (0.0, 1.0) }
}

/// What attributes say: `actual_range` (of unpacked values), else a valid range with two ends.
fn told(variable: &Variable) -> Option<(f64, f64)> {
    let sound = |(least, most): (f64, f64)| {
        // Valid ranges that mean no more than that a value is finite say nothing.
        let is_sound = least < most && least.abs() < 1e15 && most.abs() < 1e15;
        is_sound.then_some((least, most))
    };
    numbers(variable, "actual_range").and_then(sound).or_else(|| valid(variable).and_then(sound))
}

fn numbers(variable: &Variable, name: &str) -> Option<(f64, f64)> {
    match attribute_numbers(variable, name)?[..] {
        [least, most] => Some((least, most)),
        _ => None,
    }
}

fn valid(variable: &Variable) -> Option<(f64, f64)> {
    let (least, most) = Packing::of(variable).ok()?.unpacked_range();
    least.zip(most)
}

#[cfg(test)]
mod tests {
    use weir_plugin_api::model::{Attribute, DataType, Value};
    use weir_plugin_api::testing::counting;

    use super::*;

    fn check(attributes: &[(&str, Value)], expected: Option<(f64, f64)>) {
        let (mut variable, _) = counting("t", DataType::Int16, &[("x", 2)]);
        variable.attributes = attributes
            .iter()
            .map(|(name, value)| Attribute { name: (*name).to_owned(), value: value.clone() })
            .collect();
        assert_eq!(told(&variable), expected);
    }

    #[test]
    fn attributes_tell_ranges() {
        let doubles = |least, most| Value::Float64(vec![least, most]);
        check(&[], None);
        check(&[("actual_range", doubles(2.0, 7.5))], Some((2.0, 7.5)));
        check(&[("actual_range", doubles(7.5, 2.0))], None);
        check(
            &[("valid_min", Value::Int16(vec![-4])), ("valid_max", Value::Int16(vec![6]))],
            Some((-4.0, 6.0)),
        );
        check(&[("valid_min", Value::Int16(vec![-4]))], None);
        let packed = [
            ("valid_range", Value::Int16(vec![0, 100])),
            ("scale_factor", Value::Float64(vec![0.5])),
            ("add_offset", Value::Float64(vec![-10.0])),
        ];
        check(&packed, Some((-10.0, 40.0)));
    }

    #[test]
    fn ends_are_those_of_values_that_are_there() {
        assert_eq!(ends(&[f32::NAN, 3.0, -1.0, f32::INFINITY]), (-1.0, 3.0));
        assert_eq!(ends(&[f32::NAN]), (0.0, 1.0));
    }
}
