//! What is made of the values of a group: the closed set of actions.

use std::fmt;

/// What is made of the values of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Their mean.
    Mean,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// How many there are.
    Count,
    /// The first one, in the order of the variable's dimensions.
    First,
    /// The last one.
    Last,
    /// Their sum; 0 where there are none.
    Sum,
    /// Their standard deviation, divided by how many there are.
    Std,
    /// Their variance, divided by how many there are.
    Var,
    /// The one in the middle, or the mean of the two there.
    Median,
    /// The value below which a part of them lies (0 to 1), interpolated linearly.
    Quantile(f64),
    /// Whether one is not zero. A missing value is not zero, as for NumPy.
    Any,
}

const PLAIN: [(&str, Action); 11] = [
    ("mean", Action::Mean),
    ("min", Action::Min),
    ("max", Action::Max),
    ("count", Action::Count),
    ("first", Action::First),
    ("last", Action::Last),
    ("sum", Action::Sum),
    ("std", Action::Std),
    ("var", Action::Var),
    ("median", Action::Median),
    ("any", Action::Any),
];

impl Action {
    /// The names of all actions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        PLAIN.iter().map(|(name, _)| *name).chain(["quantile"])
    }

    /// The action of a name, with the part that a quantile takes; `None` for any other name, and for a quantile without a part
    /// from 0 to 1.
    #[must_use]
    pub fn parse(name: &str, part: Option<f64>) -> Option<Self> {
        match (name, part) {
            ("quantile", Some(part)) if (0.0..=1.0).contains(&part) => Some(Self::Quantile(part)),
            _ => PLAIN.iter().find(|(known, _)| *known == name).map(|(_, action)| *action),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        PLAIN.iter().find(|(_, action)| *action == self).map_or("quantile", |(name, _)| name)
    }

    /// Whether all values of a group must be at hand at once.
    #[must_use]
    pub fn takes_all_values(self) -> bool {
        matches!(self, Self::Median | Self::Quantile(_))
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, part: Option<f64>, expected: Option<Action>) {
        assert_eq!(Action::parse(name, part), expected, "{name}");
    }

    #[test]
    fn actions_are_a_closed_set() {
        for name in Action::names() {
            assert_eq!(Action::parse(name, Some(0.25)).map(Action::name), Some(name));
        }
        check("quantile", Some(0.9), Some(Action::Quantile(0.9)));
        check("quantile", Some(1.5), None);
        check("quantile", Some(f64::NAN), None);
        check("quantile", None, None);
        check("Mean", None, None);
        check("mean()", None, None);
        check("__class__", None, None);
        check("", None, None);
    }
}
