//! Values without what is made of their groups (anomalies), and results of groups that are empty.

use crate::action::Action;
use crate::engine::axis::{Axis, Role};
use crate::engine::values::{One, Values};

impl Values {
    /// These values, over all indices of some axes, each without that of `made`, over their groups, which it belongs to; missing
    /// where it belongs to none. Singles of singles are singles, all else is doubles.
    #[must_use]
    pub fn without(&self, made: &Self, axes: &[Axis]) -> Self {
        let groups = groups(axes);
        match (self, made) {
            (Self::Float32(values), Self::Float32(made)) => {
                let of = |group: Option<usize>| {
                    group.and_then(|group| made.get(group)).copied().unwrap_or(f32::NAN)
                };
                Self::Float32(values.iter().zip(groups).map(|(value, group)| value - of(group)).collect())
            }
            (values, made) => {
                let of = |group: Option<usize>| {
                    group.and_then(|group| made.at(group)).map_or(f64::NAN, One::double)
                };
                let value = |place| values.at(place).map_or(f64::NAN, One::double);
                Self::Float64(groups.enumerate().map(|(place, group)| value(place) - of(group)).collect())
            }
        }
    }
}

impl Values {
    /// These results of groups, of which those without any index are missing, as periods without times are: integers become
    /// doubles then, as xarray makes them. Counts and truths are left alone, because 0 and false are right.
    #[must_use]
    pub fn without_empty_groups(self, action: Action, axes: &[Axis]) -> Self {
        let one_of_many =
            matches!(action, Action::Sum | Action::Min | Action::Max | Action::First | Action::Last);
        let is_empty = |axis: &Axis| match axis.role {
            Role::Grouped { count, .. } => {
                (0..count).map(|group| axis.sources(&(group..group.saturating_add(1))) == 0).collect()
            }
            _ => vec![false; axis.output()],
        };
        let empty: Vec<Vec<bool>> = axes.iter().map(is_empty).collect();
        if !one_of_many || !empty.iter().flatten().any(|empty| *empty) {
            return self;
        }
        let mut cells = vec![false];
        for along in &empty {
            cells = cells.iter().flat_map(|outer| along.iter().map(move |inner| *outer || *inner)).collect();
        }
        match self {
            Self::Float32(values) => Self::Float32(
                values
                    .into_iter()
                    .zip(cells)
                    .map(|(value, empty)| if empty { f32::NAN } else { value })
                    .collect(),
            ),
            values => {
                let value = |place| values.at(place).map_or(f64::NAN, One::double);
                Self::Float64(
                    cells
                        .iter()
                        .enumerate()
                        .map(|(place, empty)| if *empty { f64::NAN } else { value(place) })
                        .collect(),
                )
            }
        }
    }
}

/// The group of each index of some axes, row-major.
fn groups(axes: &[Axis]) -> impl Iterator<Item = Option<usize>> + '_ {
    let lengths: Vec<usize> = axes.iter().map(|axis| axis.all().len()).collect();
    let elements = lengths.iter().fold(1_usize, |elements, length| elements.saturating_mul(*length));
    let mut at = vec![0_usize; axes.len()];
    (0..elements).map(move |_| {
        let place = axes.iter().zip(&at).try_fold(0_usize, |place, (axis, index)| {
            Some(place.saturating_mul(axis.output()).saturating_add(axis.goes(*index)?))
        });
        for (index, length) in at.iter_mut().zip(&lengths).rev() {
            *index = index.saturating_add(1);
            if *index < *length {
                break;
            }
            *index = 0;
        }
        place
    })
}

#[cfg(test)]
mod tests {
    use weir_selection::Indices;

    use super::*;
    use crate::engine::axis::NO_GROUP;

    #[test]
    fn each_value_is_without_that_of_its_group() {
        let axis = |role, length| Axis { indices: Indices::all(length), chunk: 1, role, weights: None };
        let axes = [axis(Role::Grouped { of: vec![1, 0, NO_GROUP], count: 2 }, 3), axis(Role::Kept, 2)];
        let made = Values::Float32(vec![10.0, 20.0, 30.0, 40.0]);
        let Values::Float32(got) = Values::Float32(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).without(&made, &axes)
        else {
            panic!("singles stay singles")
        };
        assert_eq!(got[..4], [-29.0, -38.0, -7.0, -16.0]);
        assert!(got[4].is_nan() && got[5].is_nan());
    }

    #[test]
    fn empty_groups_are_missing() {
        let axis = |of: &[u32], count| {
            let role = Role::Grouped { of: of.to_vec(), count };
            Axis { indices: Indices::all(of.len() as u64), chunk: 1, role, weights: None }
        };
        let axes = [axis(&[0, 2], 3)];
        let integers = || Values::Unsigned(vec![7, 0, 9]);
        let Values::Float64(got) = integers().without_empty_groups(Action::Max, &axes) else {
            panic!("doubles")
        };
        assert!(got[0] == 7.0 && got[1].is_nan() && got[2] == 9.0);
        assert_eq!(integers().without_empty_groups(Action::Count, &axes), integers());
        assert_eq!(integers().without_empty_groups(Action::Max, &[axis(&[0, 1, 2], 3)]), integers());
    }
}
