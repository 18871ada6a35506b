//! Groups of indices along a dimension: by the parts of their dates, or by what a coordinate says of them.

use std::collections::BTreeMap;

use weir_cf::packing::NumberType;
use weir_plugin_api::Error;

use crate::component::{Component, SEASONS};
use crate::engine::axis::NO_GROUP;
use crate::engine::values::{One, Values};
use crate::labels::Labels;

/// Groups along a dimension, in the order of their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// The group of each index; [`NO_GROUP`] for those whose label is missing.
    pub of: Vec<u32>,
    /// What all indices of each group have in common.
    pub labels: Labels,
}

/// Groups by a part of dates.
///
/// # Errors
/// `BadRequest` where the labels are no times; `Unsupported` for times too far from their reference date.
pub fn by_component(labels: &Labels, component: Component) -> Result<Groups, Error> {
    let mut keys = Vec::with_capacity(labels.len());
    for place in 0..labels.len() {
        let date = labels.date(place)?;
        let key = date.map(|date| component.of(&date)).transpose();
        keys.push(key.map_err(|error| Error::unsupported(error.to_string()))?);
    }
    let (of, found) = sorted(&keys);
    let labels = match component {
        Component::Season => {
            let name = |key: &i64| usize::try_from(*key).ok().and_then(|key| SEASONS.get(key));
            Labels::Texts(found.iter().filter_map(name).map(|name| (*name).to_owned()).collect())
        }
        _ => Labels::Numbers(Values::Signed(NumberType::Int64, found)),
    };
    Ok(Groups { of, labels })
}

/// Groups of equal labels.
///
/// # Errors
/// `Unsupported` for times too far from their reference date.
pub fn by_label(labels: &Labels) -> Result<Groups, Error> {
    let (of, labels) = match labels {
        Labels::Texts(texts) => {
            let (of, found) = sorted(&texts.iter().cloned().map(Some).collect::<Vec<_>>());
            (of, Labels::Texts(found))
        }
        Labels::Numbers(values) => {
            let (of, found) = numbers(values);
            (of, Labels::Numbers(found))
        }
        Labels::Times(units, values) => {
            let mut keys = Vec::with_capacity(values.len());
            for place in 0..values.len() {
                let date = labels.date(place)?;
                keys.push(
                    date.map(|date| date.instant())
                        .transpose()
                        .map_err(|error| Error::unsupported(error.to_string()))?,
                );
            }
            let (of, found) = sorted(&keys);
            // The number of the first index of each group stands for its time.
            let mut first = vec![None; found.len()];
            for (index, group) in of.iter().enumerate() {
                if let Some(place) = first.get_mut(*group as usize).filter(|place| place.is_none()) {
                    *place = Some(index);
                }
            }
            let first: Vec<usize> = first.into_iter().flatten().collect();
            let labels = Labels::Times(*units, values.picked(&first));
            (of, labels)
        }
    };
    Ok(Groups { of, labels })
}

impl Groups {
    /// The one index of each group, where each has one and none is left out; `None` otherwise.
    #[must_use]
    pub fn single_indices(&self) -> Option<Vec<usize>> {
        let mut indices = vec![None; self.labels.len()];
        for (index, group) in self.of.iter().enumerate() {
            let place = indices.get_mut(*group as usize)?;
            if place.replace(index).is_some() {
                return None;
            }
        }
        indices.into_iter().collect()
    }

    /// Groups of one index each whose labels fall steadily stay as they are, as xarray leaves those of a dimension's own
    /// coordinate.
    #[must_use]
    pub fn falling_as_they_are(mut self) -> Self {
        let last = self.of.len().saturating_sub(1);
        let falls =
            self.of.iter().enumerate().all(|(index, group)| (*group as usize).saturating_add(index) == last);
        if falls && self.of.len() == self.labels.len() {
            let backwards: Vec<usize> = (0..self.of.len()).rev().collect();
            self.labels = self.labels.picked(&backwards);
            self.of.reverse();
        }
        self
    }
}

/// The group of each key, and the keys of the groups, sorted.
fn sorted<K: Ord + Clone>(keys: &[Option<K>]) -> (Vec<u32>, Vec<K>) {
    let mut numbers: BTreeMap<K, u32> = keys.iter().flatten().map(|key| (key.clone(), 0)).collect();
    for (number, group) in numbers.values_mut().zip(0_u32..) {
        *number = group;
    }
    let of =
        keys.iter().map(|key| key.as_ref().and_then(|key| numbers.get(key)).copied().unwrap_or(NO_GROUP));
    (of.collect(), numbers.into_keys().collect())
}

/// Doubles in the order of numbers, of which -0 and 0 are one.
#[derive(Clone, Copy, PartialEq)]
struct Ordered(f64);

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

fn numbers(values: &Values) -> (Vec<u32>, Values) {
    match values {
        Values::Signed(kind, values) => {
            let (of, found) = sorted(&values.iter().copied().map(Some).collect::<Vec<_>>());
            (of, Values::Signed(*kind, found))
        }
        Values::Unsigned(values) => {
            let (of, found) = sorted(&values.iter().copied().map(Some).collect::<Vec<_>>());
            (of, Values::Unsigned(found))
        }
        Values::Truth(values) => {
            let (of, found) = sorted(&values.iter().copied().map(Some).collect::<Vec<_>>());
            (of, Values::Truth(found))
        }
        reals => {
            let double = |place| match reals.at(place) {
                Some(One::Float32(value)) => f64::from(value),
                Some(One::Float64(value)) => value,
                _ => f64::NAN,
            };
            // Adding 0 makes -0 to 0.
            let key = |place| Some(Ordered(double(place) + 0.0)).filter(|key| !key.0.is_nan());
            let (of, found) = sorted(&(0..reals.len()).map(key).collect::<Vec<_>>());
            let found = found.into_iter().map(|key| key.0);
            #[expect(clippy::cast_possible_truncation, reason = "it was a single before")]
            let labels = match reals {
                Values::Float32(_) => Values::Float32(found.map(|value| value as f32).collect()),
                _ => Values::Float64(found.collect()),
            };
            (of, labels)
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_cf::Calendar;
    use weir_cf::time::TimeUnits;

    use super::*;

    fn days(numbers: Vec<f64>) -> Labels {
        let units = TimeUnits::parse("days since 2000-01-01", Calendar::Standard).unwrap();
        Labels::Times(units, Values::Float64(numbers))
    }

    #[test]
    fn seasons_are_sorted_by_their_names() {
        let groups =
            by_component(&days(vec![100.0, 0.0, f64::NAN, 200.0, 340.0]), Component::Season).unwrap();
        assert_eq!(groups.labels, Labels::Texts(vec!["DJF".into(), "JJA".into(), "MAM".into()]));
        assert_eq!(groups.of, [2, 0, NO_GROUP, 1, 0]);
    }

    #[test]
    fn equal_labels_are_one_group() {
        let groups =
            by_label(&Labels::Numbers(Values::Float64(vec![2.0, -0.0, f64::NAN, 0.0, 2.0]))).unwrap();
        assert_eq!(groups.labels, Labels::Numbers(Values::Float64(vec![0.0, 2.0])));
        assert_eq!(groups.of, [1, 0, NO_GROUP, 0, 1]);
        let groups = by_label(&days(vec![3.0, 1.0, 3.0])).unwrap();
        assert_eq!(groups.labels, days(vec![1.0, 3.0]));
        let texts = |texts: &[&str]| Labels::Texts(texts.iter().map(|&text| text.into()).collect());
        let groups = by_label(&texts(&["b", "c", "a"])).unwrap();
        assert_eq!((groups.single_indices(), groups.of), (Some(vec![2, 0, 1]), vec![1, 2, 0]));
        let groups = by_label(&texts(&["c", "b", "a"])).unwrap().falling_as_they_are();
        assert_eq!((groups.labels, groups.of), (texts(&["c", "b", "a"]), vec![0, 1, 2]));
        assert_eq!(by_label(&texts(&["b", "b"])).unwrap().single_indices(), None);
    }
}
