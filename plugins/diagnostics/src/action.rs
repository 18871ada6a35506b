//! What is made of the values of a group: the closed set of actions, and the types of their results.

use std::fmt;

use weir_cf::packing::NumberType;

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

/// The type of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultType {
    /// A number.
    Number(NumberType),
    /// True or false.
    Truth,
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

    /// The type of the result for values of a type: that which NumPy and xarray choose.
    #[must_use]
    pub fn result_type(self, values: NumberType) -> ResultType {
        let signed =
            matches!(values, NumberType::Int8 | NumberType::Int16 | NumberType::Int32 | NumberType::Int64);
        ResultType::Number(match self {
            Self::Any => return ResultType::Truth,
            Self::Count => NumberType::Int64,
            Self::Min | Self::Max | Self::First | Self::Last => values,
            Self::Quantile(_) => NumberType::Float64,
            _ if values.is_real() => values,
            Self::Sum if signed => NumberType::Int64,
            Self::Sum => NumberType::UInt64,
            Self::Mean | Self::Std | Self::Var | Self::Median => NumberType::Float64,
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ResultType {
    /// Its name, as NumPy has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Truth => "bool",
            Self::Number(number) => match number {
                NumberType::Int8 => "int8",
                NumberType::UInt8 => "uint8",
                NumberType::Int16 => "int16",
                NumberType::UInt16 => "uint16",
                NumberType::Int32 => "int32",
                NumberType::UInt32 => "uint32",
                NumberType::Int64 => "int64",
                NumberType::UInt64 => "uint64",
                NumberType::Float32 => "float32",
                NumberType::Float64 => "float64",
            },
        }
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

    #[test]
    fn results_have_the_types_of_numpy() {
        let name = |action: Action, values| action.result_type(values).name();
        assert_eq!(name(Action::Sum, NumberType::Int8), "int64");
        assert_eq!(name(Action::Sum, NumberType::UInt16), "uint64");
        assert_eq!(name(Action::Sum, NumberType::Float32), "float32");
        assert_eq!(name(Action::Mean, NumberType::Int16), "float64");
        assert_eq!(name(Action::Max, NumberType::UInt8), "uint8");
        assert_eq!(name(Action::Quantile(0.5), NumberType::Float32), "float64");
        assert_eq!(name(Action::Median, NumberType::Float32), "float32");
        assert_eq!(name(Action::Any, NumberType::Float32), "bool");
    }
}
