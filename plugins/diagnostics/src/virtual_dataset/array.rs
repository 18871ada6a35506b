//! Values of expressions: of singles and doubles as NumPy 2 computes them, where plain numbers take the type of what stands with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_plugin_api::Error;

use super::expression::{Comparison, Expression, Function, Name, Operation};

/// The types of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A plain number, which has no type of its own.
    Constant,
    /// Singles.
    Single,
    /// Doubles.
    Double,
    /// True or false.
    Truth,
}

/// Values of one type.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// A plain number.
    Constant(f64),
    /// Singles.
    Single(Arc<Vec<f32>>),
    /// Doubles.
    Double(Arc<Vec<f64>>),
    /// True or false.
    Truth(Vec<bool>),
}

/// What an expression gives: the type that `of` says for each variable, or why there is none.
///
/// # Errors
/// `BadRequest` where truths stand for numbers, or the other way round.
pub fn kind(expression: &Expression, of: &impl Fn(&Name) -> Kind) -> Result<Kind, Error> {
    let number = |one: &Expression| match kind(one, of)? {
        Kind::Truth => Err(Error::bad_request(format!("{one} is true or false, and no number"))),
        number => Ok(number),
    };
    let both = |one: &Expression, other: &Expression| Ok(joined(number(one)?, number(other)?));
    match expression {
        Expression::Number(_) => Ok(Kind::Constant),
        Expression::Variable(name) => Ok(of(name)),
        Expression::Negative(one) => number(one),
        Expression::Joined(_, pair) => both(&pair.0, &pair.1),
        Expression::Compared(_, pair) => both(&pair.0, &pair.1).map(|_| Kind::Truth),
        Expression::Called(Ok(Function::IsNan), arguments) => {
            arguments.iter().try_for_each(|one| number(one).map(drop)).map(|()| Kind::Truth)
        }
        Expression::Called(Ok(Function::Where), arguments) => match arguments.as_slice() {
            [condition, then, other] => {
                if kind(condition, of)? != Kind::Truth {
                    return Err(Error::bad_request(format!(
                        "{condition} is a number, and where takes a comparison"
                    )));
                }
                both(then, other)
            }
            _ => Err(Error::internal("where has another number of arguments")),
        },
        Expression::Called(_, arguments) => {
            arguments.iter().try_fold(Kind::Constant, |all, one| Ok(joined(all, number(one)?)))
        }
    }
}

/// The type of what is made of two numbers.
fn joined(one: Kind, other: Kind) -> Kind {
    match (one, other) {
        (Kind::Constant, kind) | (kind, Kind::Constant) => kind,
        (Kind::Single, Kind::Single) => Kind::Single,
        _ => Kind::Double,
    }
}

/// The values of an expression, whose variables all have as many.
///
/// # Errors
/// `Internal` where types are not what [`kind`] says.
pub fn evaluate(expression: &Expression, variables: &BTreeMap<Name, Array>) -> Result<Array, Error> {
    let value = |one: &Expression| evaluate(one, variables);
    match expression {
        Expression::Number(number) => Ok(Array::Constant(*number)),
        Expression::Variable(name) => {
            variables.get(name).cloned().ok_or_else(|| Error::internal(format!("{name} was not read")))
        }
        Expression::Negative(one) => each(value(one)?, |x| -x, |x| -x),
        Expression::Joined(operation, pair) => {
            let (one, other) = (value(&pair.0)?, value(&pair.1)?);
            match operation {
                Operation::Add => pairs(one, other, |a, b| a + b, |a, b| a + b),
                Operation::Subtract => pairs(one, other, |a, b| a - b, |a, b| a - b),
                Operation::Multiply => pairs(one, other, |a, b| a * b, |a, b| a * b),
                Operation::Divide => pairs(one, other, |a, b| a / b, |a, b| a / b),
                Operation::Power => pairs(one, other, f32::powf, f64::powf),
            }
        }
        Expression::Compared(comparison, pair) => compared(*comparison, value(&pair.0)?, value(&pair.1)?),
        Expression::Called(Ok(function), arguments) => {
            let arguments = arguments.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            called(*function, arguments)
        }
        Expression::Called(Err(unknown), _) => Err(Error::internal(format!("{unknown} is no function"))),
    }
}

fn called(function: Function, arguments: Vec<Array>) -> Result<Array, Error> {
    let mut arguments = arguments.into_iter();
    let mut next = || arguments.next().ok_or_else(|| Error::internal("a function lacks an argument"));
    let one = next()?;
    match function {
        Function::Abs => each(one, f32::abs, f64::abs),
        Function::Arccos => each(one, f32::acos, f64::acos),
        Function::Arcsin => each(one, f32::asin, f64::asin),
        Function::Arctan => each(one, f32::atan, f64::atan),
        Function::Ceil => each(one, f32::ceil, f64::ceil),
        Function::Cos => each(one, f32::cos, f64::cos),
        Function::Exp => each(one, f32::exp, f64::exp),
        Function::Floor => each(one, f32::floor, f64::floor),
        Function::Log => each(one, f32::ln, f64::ln),
        Function::Log10 => each(one, f32::log10, f64::log10),
        Function::Sin => each(one, f32::sin, f64::sin),
        Function::Sqrt => each(one, f32::sqrt, f64::sqrt),
        Function::Tan => each(one, f32::tan, f64::tan),
        Function::Arctan2 => pairs(one, next()?, f32::atan2, f64::atan2),
        Function::Max => pairs(one, next()?, greater, greater),
        Function::Min => pairs(one, next()?, less, less),
        Function::IsNan => Ok(match one {
            Array::Constant(number) => Array::Truth(vec![number.is_nan()]),
            Array::Single(values) => Array::Truth(values.iter().map(|value| value.is_nan()).collect()),
            Array::Double(values) => Array::Truth(values.iter().map(|value| value.is_nan()).collect()),
            Array::Truth(_) => return Err(no_number()),
        }),
        Function::Where => {
            let (then, other) = (next()?, next()?);
            let Array::Truth(condition) = one else { return Err(no_number()) };
            chosen(&condition, then, other)
        }
    }
}

/// What is missing stays so.
fn greater<T: PartialOrd + Copy>(a: T, b: T) -> T {
    if a.partial_cmp(&a).is_none() || a >= b { a } else { b }
}

fn less<T: PartialOrd + Copy>(a: T, b: T) -> T {
    if a.partial_cmp(&a).is_none() || a <= b { a } else { b }
}

fn no_number() -> Error {
    Error::internal("truths stand where numbers are expected, or the other way round")
}

fn each(of: Array, single: impl Fn(f32) -> f32, double: impl Fn(f64) -> f64) -> Result<Array, Error> {
    Ok(match of {
        Array::Constant(number) => Array::Constant(double(number)),
        Array::Single(mut values) => {
            Arc::make_mut(&mut values).iter_mut().for_each(|value| *value = single(*value));
            Array::Single(values)
        }
        Array::Double(mut values) => {
            Arc::make_mut(&mut values).iter_mut().for_each(|value| *value = double(*value));
            Array::Double(values)
        }
        Array::Truth(_) => return Err(no_number()),
    })
}

/// A plain number among singles.
#[expect(clippy::cast_possible_truncation, reason = "as NumPy rounds plain numbers that stand with singles")]
fn rounded(number: f64) -> f32 {
    number as f32
}

/// Values as doubles, so many of them.
fn doubles(of: Array, count: usize) -> Result<Vec<f64>, Error> {
    Ok(match of {
        Array::Constant(number) => vec![number; count],
        Array::Single(values) => values.iter().map(|value| f64::from(*value)).collect(),
        Array::Double(values) => Arc::unwrap_or_clone(values),
        Array::Truth(_) => return Err(no_number()),
    })
}

fn length(of: &Array) -> Option<usize> {
    match of {
        Array::Constant(_) => None,
        Array::Single(values) => Some(values.len()),
        Array::Double(values) => Some(values.len()),
        Array::Truth(values) => Some(values.len()),
    }
}

fn pairs(
    one: Array,
    other: Array,
    single: impl Fn(f32, f32) -> f32,
    double: impl Fn(f64, f64) -> f64,
) -> Result<Array, Error> {
    if let (Some(own), Some(others)) = (length(&one), length(&other))
        && own != others
    {
        return Err(Error::internal("values of different numbers stand together"));
    }
    Ok(match (one, other) {
        (Array::Constant(a), Array::Constant(b)) => Array::Constant(double(a, b)),
        (Array::Single(mut values), Array::Single(others)) => {
            let both = Arc::make_mut(&mut values).iter_mut().zip(others.iter());
            both.for_each(|(a, b)| *a = single(*a, *b));
            Array::Single(values)
        }
        (Array::Single(mut values), Array::Constant(b)) => {
            let b = rounded(b);
            Arc::make_mut(&mut values).iter_mut().for_each(|a| *a = single(*a, b));
            Array::Single(values)
        }
        (Array::Constant(a), Array::Single(mut values)) => {
            let a = rounded(a);
            Arc::make_mut(&mut values).iter_mut().for_each(|b| *b = single(a, *b));
            Array::Single(values)
        }
        (one, other) => {
            let count = length(&one).or_else(|| length(&other)).unwrap_or(1);
            let (mut values, others) = (doubles(one, count)?, doubles(other, count)?);
            values.iter_mut().zip(&others).for_each(|(a, b)| *a = double(*a, *b));
            Array::Double(Arc::new(values))
        }
    })
}

fn compared(comparison: Comparison, one: Array, other: Array) -> Result<Array, Error> {
    let count = length(&one).or_else(|| length(&other)).unwrap_or(1);
    // A plain number among singles is a single, so that it equals what was stored as one.
    let is_single = |of: &Array| matches!(of, Array::Single(_));
    let as_stored = |of: Array, beside: bool| match of {
        Array::Constant(number) if beside => Array::Constant(f64::from(rounded(number))),
        other => other,
    };
    let (beside_one, beside_other) = (is_single(&other), is_single(&one));
    let (one, other) = (as_stored(one, beside_one), as_stored(other, beside_other));
    let (values, others) = (doubles(one, count)?, doubles(other, count)?);
    #[expect(clippy::float_cmp, reason = "it is what was asked for")]
    let holds = |(a, b): (f64, f64)| match comparison {
        Comparison::Less => a < b,
        Comparison::AtMost => a <= b,
        Comparison::Greater => a > b,
        Comparison::AtLeast => a >= b,
        Comparison::Equal => a == b,
        Comparison::Other => a != b,
    };
    Ok(Array::Truth(values.into_iter().zip(others).map(holds).collect()))
}

fn chosen(condition: &[bool], then: Array, other: Array) -> Result<Array, Error> {
    // One condition for all.
    let count = length(&then).or_else(|| length(&other)).unwrap_or(1).max(condition.len());
    let holds = |place: usize| condition.get(place).or_else(|| condition.first()).copied().unwrap_or(false);
    let is_double = |of: &Array| matches!(of, Array::Double(_));
    let is_single = |of: &Array| matches!(of, Array::Single(_));
    if (is_single(&then) || is_single(&other)) && !is_double(&then) && !is_double(&other) {
        let singles = |of: Array| match of {
            Array::Single(values) => Ok(values),
            Array::Constant(number) => Ok(Arc::new(vec![rounded(number); count])),
            _ => Err(no_number()),
        };
        let (mut values, others) = (singles(then)?, singles(other)?);
        let both = Arc::make_mut(&mut values).iter_mut().zip(others.iter()).enumerate();
        both.filter(|(place, _)| !holds(*place)).for_each(|(_, (value, other))| *value = *other);
        return Ok(Array::Single(values));
    }
    let (mut values, others) = (doubles(then, count)?, doubles(other, count)?);
    let both = values.iter_mut().zip(&others).enumerate();
    both.filter(|(place, _)| !holds(*place)).for_each(|(_, (value, other))| *value = *other);
    Ok(Array::Double(Arc::new(values)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::grammar::expression;
    use super::*;

    fn name(name: &str) -> Name {
        Name { source: None, name: name.to_owned() }
    }

    fn variables() -> BTreeMap<Name, Array> {
        let none = f32::NAN;
        BTreeMap::from([
            (name("s"), Array::Single(Arc::new(vec![1.5, -2.0, none, 0.1]))),
            (name("t"), Array::Single(Arc::new(vec![3.0, none, 4.0, 0.3]))),
            (name("d"), Array::Double(Arc::new(vec![1.5, -2.0, f64::NAN, 0.1]))),
        ])
    }

    fn check(text: &str, expected: &Array) {
        let read = expression(text).unwrap();
        let of = |name: &Name| if name.name == "d" { Kind::Double } else { Kind::Single };
        let got = evaluate(&read, &variables()).unwrap();
        assert_eq!(format!("{got:?}"), format!("{expected:?}"), "{text}");
        let expected_kind = match expected {
            Array::Constant(_) => Kind::Constant,
            Array::Single(_) => Kind::Single,
            Array::Double(_) => Kind::Double,
            Array::Truth(_) => Kind::Truth,
        };
        assert_eq!(kind(&read, &of).unwrap(), expected_kind, "{text}");
    }

    #[test]
    fn expressions_are_computed_as_numpy_does() {
        let none = f32::NAN;
        let single = |values: [f32; 4]| Array::Single(Arc::new(values.to_vec()));
        let double = |values: [f64; 4]| Array::Double(Arc::new(values.to_vec()));
        check("s * 2 + 1", &single([4.0, -3.0, none, 0.1 * 2.0 + 1.0]));
        check("s + t", &single([4.5, none, none, 0.1 + 0.3]));
        check("s + d", &double([3.0, -4.0, f64::NAN, f64::from(0.1_f32) + 0.1]));
        check("-s ** 2", &single([-2.25, -4.0, none, -(0.1_f32.powf(2.0))]));
        check("max(s, 0)", &single([1.5, 0.0, none, 0.1]));
        check("min(0, s)", &single([0.0, -2.0, none, 0.0]));
        check("max(s, t)", &single([3.0, none, none, 0.3]));
        check("where(s > 0, s, -s)", &single([1.5, 2.0, none, 0.1]));
        check("where(isnan(s), 9, s)", &single([1.5, -2.0, 9.0, 0.1]));
        check("where(s > 0, d, 0)", &double([1.5, 0.0, 0.0, 0.1]));
        check("s == 0.1", &Array::Truth(vec![false, false, false, true]));
        check("s != s", &Array::Truth(vec![false, false, true, false]));
        check("sqrt(4) * 3", &Array::Constant(6.0));
        check("abs(d)", &double([1.5, 2.0, f64::NAN, 0.1]));
        check(
            "arctan2(s, s)",
            &single([1.5_f32.atan2(1.5), (-2.0_f32).atan2(-2.0), none, 0.1_f32.atan2(0.1)]),
        );
    }

    #[test]
    fn truths_are_no_numbers() {
        let of = |_: &Name| Kind::Single;
        for text in ["(a > 1) + 1", "where(a, 1, 2)", "sqrt(a < b)", "-(a < b)", "(a < b) == (b < a)"] {
            assert!(kind(&expression(text).unwrap(), &of).is_err(), "{text}");
        }
    }

    /// What an expression is for one value of each of its two variables.
    type OneByOne = fn(f64, f64) -> f64;

    /// Any expression of doubles, and what it is for given values of a and b, computed one by one.
    fn expressions() -> impl Strategy<Value = (String, OneByOne)> {
        let atoms: Vec<(&str, OneByOne)> = vec![
            ("a", |a, _| a),
            ("a - b", |a, b| a - b),
            ("a * b + 2", |a, b| a * b + 2.0),
            ("a / b", |a, b| a / b),
            ("sqrt(abs(a)) - b ** 2", |a, b| a.abs().sqrt() - b.powf(2.0)),
            ("where(a >= b, a, exp(b))", |a, b| if a >= b { a } else { b.exp() }),
            ("where(isnan(a), b, a)", |a, b| if a.is_nan() { b } else { a }),
            ("log(a) + log10(b)", |a, b| a.ln() + b.log10()),
            ("floor(a) - ceil(b)", |a, b| a.floor() - b.ceil()),
            ("sin(a) * cos(b) - tan(a)", |a, b| a.sin() * b.cos() - a.tan()),
        ];
        prop::sample::select(atoms).prop_map(|(text, made)| (text.to_owned(), made))
    }

    proptest! {
        #[test]
        fn arrays_are_computed_one_by_one(
            (text, made) in expressions(),
            values in prop::collection::vec((any::<f64>(), any::<f64>()), 1..20),
        ) {
            let of = |which: fn(&(f64, f64)) -> f64| Array::Double(Arc::new(values.iter().map(which).collect()));
            let variables = BTreeMap::from([(name("a"), of(|pair| pair.0)), (name("b"), of(|pair| pair.1))]);
            let Array::Double(got) = evaluate(&expression(&text).unwrap(), &variables).unwrap() else {
                panic!("doubles")
            };
            let expected: Vec<f64> = values.iter().map(|(a, b)| made(*a, *b)).collect();
            for (got, expected) in got.iter().zip(&expected) {
                prop_assert!(got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan()), "{text}");
            }
        }
    }
}
