//! Expressions: a closed set of operations and functions over variables.

use std::fmt;

/// A variable that an expression names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The name of the dataset, for others than the first one.
    pub source: Option<String>,
    /// The variable's name or path.
    pub name: String,
}

/// An operation between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Their sum.
    Add,
    /// Their difference.
    Subtract,
    /// Their product.
    Multiply,
    /// Their quotient.
    Divide,
    /// A power.
    Power,
}

/// A comparison of two numbers; with what is missing, only `!=` is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Other,
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The number without its sign.
    Abs,
    /// The angle of a cosine.
    Arccos,
    /// The angle of a sine.
    Arcsin,
    /// The angle of a tangent.
    Arctan,
    /// The angle of `y, x`.
    Arctan2,
    /// The whole number that is not less.
    Ceil,
    /// The cosine.
    Cos,
    /// The power of e.
    Exp,
    /// The whole number that is not greater.
    Floor,
    /// Whether it is missing.
    IsNan,
    /// The natural logarithm.
    Log,
    /// The logarithm to the base 10.
    Log10,
    /// The greater of two; missing where one is.
    Max,
    /// The less of two; missing where one is.
    Min,
    /// The sine.
    Sin,
    /// The square root.
    Sqrt,
    /// The tangent.
    Tan,
    /// `condition, then, else`.
    Where,
}

const FUNCTIONS: [(&str, Function, usize); 18] = [
    ("abs", Function::Abs, 1),
    ("arccos", Function::Arccos, 1),
    ("arcsin", Function::Arcsin, 1),
    ("arctan", Function::Arctan, 1),
    ("arctan2", Function::Arctan2, 2),
    ("ceil", Function::Ceil, 1),
    ("cos", Function::Cos, 1),
    ("exp", Function::Exp, 1),
    ("floor", Function::Floor, 1),
    ("isnan", Function::IsNan, 1),
    ("log", Function::Log, 1),
    ("log10", Function::Log10, 1),
    ("max", Function::Max, 2),
    ("min", Function::Min, 2),
    ("sin", Function::Sin, 1),
    ("sqrt", Function::Sqrt, 1),
    ("tan", Function::Tan, 1),
    ("where", Function::Where, 3),
];

impl Function {
    /// The function of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FUNCTIONS.iter().find(|(known, ..)| *known == name).map(|(_, function, _)| *function)
    }

    /// The names of all.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|(name, ..)| *name)
    }

    fn entry(self) -> Option<&'static (&'static str, Self, usize)> {
        FUNCTIONS.iter().find(|(_, function, _)| *function == self)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().map_or("", |(name, ..)| name)
    }

    /// How many arguments it takes.
    #[must_use]
    pub fn arguments(self) -> usize {
        self.entry().map_or(1, |(.., arguments)| *arguments)
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// The values of a variable.
    Variable(Name),
    /// The other sign.
    Negative(Box<Expression>),
    /// An operation.
    Joined(Operation, Box<(Expression, Expression)>),
    /// A comparison.
    Compared(Comparison, Box<(Expression, Expression)>),
    /// A function, or the name of what is none, and its arguments.
    Called(Result<Function, String>, Vec<Expression>),
}

impl Expression {
    /// The variables that it names, each once.
    pub fn variables(&self) -> Vec<&Name> {
        let mut names = Vec::new();
        self.collect(&mut names);
        names.sort_unstable();
        names.dedup();
        names
    }

    fn collect<'e>(&'e self, names: &mut Vec<&'e Name>) {
        match self {
            Self::Number(_) => {}
            Self::Variable(name) => names.push(name),
            Self::Negative(of) => of.collect(names),
            Self::Joined(_, both) | Self::Compared(_, both) => {
                both.0.collect(names);
                both.1.collect(names);
            }
            Self::Called(_, arguments) => arguments.iter().for_each(|argument| argument.collect(names)),
        }
    }

    /// How many arrays are there at once while it is evaluated, at most, beside those of its variables.
    #[must_use]
    pub fn depth(&self) -> u64 {
        let deeper = |of: u64| of.saturating_add(1);
        match self {
            Self::Number(_) | Self::Variable(_) => 1,
            Self::Negative(of) => deeper(of.depth()),
            Self::Joined(_, both) | Self::Compared(_, both) => {
                deeper(both.0.depth().max(deeper(both.1.depth())))
            }
            Self::Called(_, arguments) => {
                let depths = arguments.iter().zip(1_u64..).map(|(one, at)| one.depth().saturating_add(at));
                depths.max().unwrap_or(1)
            }
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |name: &str| {
            name.chars().all(|c| c.is_alphanumeric() || c == '_')
                && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        };
        let shown = |name: &String| if plain(name) { name.clone() } else { format!("'{name}'") };
        match &self.source {
            Some(source) => write!(f, "{}:{}", shown(source), shown(&self.name)),
            None => f.write_str(&shown(&self.name)),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Variable(name) => name.fmt(f),
            Self::Negative(of) => write!(f, "-{of}"),
            Self::Joined(operation, both) => {
                let sign = match operation {
                    Operation::Add => "+",
                    Operation::Subtract => "-",
                    Operation::Multiply => "*",
                    Operation::Divide => "/",
                    Operation::Power => "**",
                };
                write!(f, "({} {sign} {})", both.0, both.1)
            }
            Self::Compared(comparison, both) => {
                let sign = match comparison {
                    Comparison::Less => "<",
                    Comparison::AtMost => "<=",
                    Comparison::Greater => ">",
                    Comparison::AtLeast => ">=",
                    Comparison::Equal => "==",
                    Comparison::Other => "!=",
                };
                write!(f, "({} {sign} {})", both.0, both.1)
            }
            Self::Called(function, arguments) => {
                let name = function.as_ref().map_or_else(String::as_str, |function| function.name());
                let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
                write!(f, "{name}({})", arguments.join(", "))
            }
        }
    }
}
