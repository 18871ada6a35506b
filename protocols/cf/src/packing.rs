//! Packed and missing values (CF sections 2.5.1 and 8.1; NetCDF User Guide, "Attribute Conventions"): from stored numbers to
//! the numbers that are meant.
//!
//! The type of unpacked values is chosen as xarray chooses it, so that they are equal to the last bit. What it does not do,
//! and the conventions want, is done here: values outside the valid range are missing (leave it out with
//! [`Packing::without_valid_range`]). Fill values that no attribute names are not missing values: the default fill values of
//! netCDF are the business of who reads the file.

pub(crate) mod element;
mod unpack;

use std::fmt;

use weir_model::{Value, Variable};

pub use element::{NumberType, Wide};

/// How stored numbers become the numbers that are meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Packing {
    stored: NumberType,
    unpacked: NumberType,
    missing: Vec<Wide>,
    valid: ValidRange,
    scale: Option<f64>,
    offset: Option<f64>,
}

/// The values that are not missing, ends included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ValidRange {
    /// The smallest.
    pub least: Option<Wide>,
    /// The greatest.
    pub greatest: Option<Wide>,
    /// Which numbers are compared with them.
    pub compared: Compared,
}

/// Which numbers a valid range speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compared {
    /// The stored ones.
    #[default]
    Stored,
    /// The unpacked ones: where the range has their type, and it is wider than the stored one (NetCDF User Guide).
    Unpacked,
}

/// Why a variable's attributes say nothing that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackingError {
    /// The variable's elements are no numbers.
    NotNumeric(String),
    /// An attribute is no number, or not as many as it takes.
    Attribute {
        /// The attribute.
        name: &'static str,
        /// How many numbers it takes.
        takes: &'static str,
    },
    /// The length of the stored bytes is not a whole number of elements.
    Length {
        /// How many bytes were given.
        bytes: usize,
        /// Bytes of one element.
        element: usize,
    },
}

impl fmt::Display for PackingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNumeric(what) => {
                write!(f, "elements of type {what} are no numbers, and cannot be unpacked")
            }
            Self::Attribute { name, takes } => write!(f, "attribute {name} is not {takes}"),
            Self::Length { bytes, element } => {
                write!(f, "{bytes} bytes are not a whole number of elements of {element} bytes")
            }
        }
    }
}

impl std::error::Error for PackingError {}

impl Packing {
    /// What a variable's `scale_factor`, `add_offset`, `_FillValue`, `missing_value`, `valid_min`, `valid_max`, `valid_range`
    /// and `_Unsigned` say.
    ///
    /// # Errors
    /// [`PackingError::NotNumeric`], and [`PackingError::Attribute`] for an attribute that does not hold the numbers it takes.
    pub fn of(variable: &Variable) -> Result<Self, PackingError> {
        let not_numeric = || PackingError::NotNumeric(variable.data_type.describe());
        let raw = NumberType::of(&variable.data_type).ok_or_else(not_numeric)?;
        let stored = raw.signed_as(unsigned(variable));
        let single = |name| single(variable, name);
        let (scale, offset) = (single("scale_factor")?, single("add_offset")?);
        let missing = missing(variable, stored)?;
        let valid = valid_range(variable, stored, (scale, offset))?;
        let mut packing = Self {
            stored,
            unpacked: stored,
            missing,
            valid,
            scale: scale.map(|(_, value)| value.as_f64()),
            offset: offset.map(|(_, value)| value.as_f64()),
        };
        let named = ["_FillValue", "missing_value"].iter().any(|name| variable.attribute(name).is_some());
        let fill = if named { Fill::Named } else { Fill::None };
        packing.unpacked = packing.choose(scale.map(|(kind, _)| kind), offset.map(|(kind, _)| kind), fill);
        Ok(packing)
    }

    /// Numbers that are stored as they are meant; none is missing but NaN.
    #[must_use]
    pub fn plain(of: NumberType) -> Self {
        Self {
            stored: of,
            unpacked: of,
            missing: Vec::new(),
            valid: ValidRange::default(),
            scale: None,
            offset: None,
        }
    }

    /// The same, but values outside the valid range are values, as xarray takes them.
    #[must_use]
    pub fn without_valid_range(mut self) -> Self {
        self.valid = ValidRange::default();
        if self.scale.is_none() && self.offset.is_none() {
            self.unpacked = self.choose(None, None, Fill::None);
        }
        self
    }

    /// The type in which elements are stored, `_Unsigned` taken into account.
    #[must_use]
    pub fn stored(&self) -> NumberType {
        self.stored
    }

    /// The type of the numbers that are meant: the stored type where nothing is packed and nothing can be missing.
    #[must_use]
    pub fn unpacked(&self) -> NumberType {
        self.unpacked
    }

    /// The values that stand for nothing.
    #[must_use]
    pub fn missing(&self) -> &[Wide] {
        &self.missing
    }

    /// What stored numbers are multiplied with, where anything is said.
    #[must_use]
    pub fn scale(&self) -> Option<f64> {
        self.scale
    }

    /// What is added then, where anything is said.
    #[must_use]
    pub fn offset(&self) -> Option<f64> {
        self.offset
    }

    /// The values that stand for something.
    #[must_use]
    pub fn valid_range(&self) -> ValidRange {
        self.valid
    }

    /// The ends of the valid range as the numbers that are meant; an end is open where nothing is said.
    #[must_use]
    pub fn unpacked_range(&self) -> (Option<f64>, Option<f64>) {
        let ValidRange { least, greatest, compared } = self.valid;
        let (scale, offset) = match compared {
            Compared::Stored => (self.scale.unwrap_or(1.0), self.offset.unwrap_or(0.0)),
            Compared::Unpacked => (1.0, 0.0),
        };
        let meant = |end: Wide| end.as_f64() * scale + offset;
        let (least, greatest) = (least.map(meant), greatest.map(meant));
        if scale < 0.0 { (greatest, least) } else { (least, greatest) }
    }

    /// Whether the numbers that are meant are those that are stored, and none is missing.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        let packed = self.scale.is_some() || self.offset.is_some();
        let masked = !self.missing.is_empty() || self.valid != ValidRange::default();
        !packed && !masked
    }

    /// The rule of xarray. CF section 8.1 wants the type of both attributes; integers of 32 bits do not fit a `float32`, and an
    /// offset may push digits out of one, so whatever is not quite as CF wants it becomes a `float64`.
    ///
    /// xarray takes the type of an integral `scale_factor` that stands alone, in which a missing value has no number; here
    /// that is `float64` too.
    ///
    /// xarray leaves packed floats whose only fill value is NaN in their type; so does this.
    fn choose(&self, scale: Option<NumberType>, offset: Option<NumberType>, fill: Fill) -> NumberType {
        use NumberType::{Float32, Float64};
        match (scale, offset) {
            _ if self.stored.is_real() && fill == Fill::Named && self.missing.is_empty() => self.stored,
            (Some(a), Some(b)) if a == b && a.is_real() => {
                if self.stored.size() == 4 && !self.stored.is_real() { Float64 } else { a }
            }
            (Some(kind), None) if kind.is_real() => kind,
            (None, None) if self.is_identity() => self.stored,
            (None, None) if self.stored.is_real() => self.stored,
            (None, None) if self.stored.size() <= 2 => Float32,
            _ => Float64,
        }
    }
}

/// Whether an attribute names a fill value, perhaps one that no element can have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fill {
    None,
    Named,
}

/// What `_Unsigned` says of the sign, if anything.
fn unsigned(variable: &Variable) -> Option<bool> {
    let text = variable.attribute("_Unsigned")?.value.as_text()?.to_ascii_lowercase();
    match text.trim() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

type Typed = (NumberType, Wide);

/// The numbers of an attribute, whatever their type, as doubles; `None` where it is not there, or no numbers.
#[must_use]
pub fn attribute_numbers(variable: &Variable, name: &str) -> Option<Vec<f64>> {
    let (_, numbers) = element::numbers(&variable.attribute(name)?.value)?;
    Some(numbers.into_iter().map(Wide::as_f64).collect())
}

/// The numbers of an attribute with their type; `None` where it is absent, an error where it is no number.
fn numbers(variable: &Variable, name: &'static str) -> Result<Option<(NumberType, Vec<Wide>)>, PackingError> {
    let Some(attribute) = variable.attribute(name) else { return Ok(None) };
    let takes = PackingError::Attribute { name, takes: "a number" };
    element::numbers(&attribute.value).ok_or(takes).map(Some)
}

fn single(variable: &Variable, name: &'static str) -> Result<Option<Typed>, PackingError> {
    let Some((kind, values)) = numbers(variable, name)? else { return Ok(None) };
    match values[..] {
        [value] => Ok(Some((kind, value))),
        _ => Err(PackingError::Attribute { name, takes: "one number" }),
    }
}

/// The values of `_FillValue` and `missing_value` as the stored type has them; those that it cannot have are left out.
fn missing(variable: &Variable, stored: NumberType) -> Result<Vec<Wide>, PackingError> {
    let mut missing = Vec::new();
    for name in ["_FillValue", "missing_value"] {
        // An empty text is what some tools leave behind when they remove a value.
        let empty = |value: &Value| value.as_text().is_some_and(|text| text.trim().is_empty());
        if variable.attribute(name).is_some_and(|attribute| empty(&attribute.value)) {
            continue;
        }
        for value in numbers(variable, name)?.map(|(_, values)| values).unwrap_or_default() {
            // A stored NaN is missing whether it is named or not.
            let value = stored.holds(value).filter(|value| !value.as_f64().is_nan());
            missing.extend(value.filter(|value| !missing.contains(value)));
        }
    }
    Ok(missing)
}

fn valid_range(
    variable: &Variable,
    stored: NumberType,
    (scale, offset): (Option<Typed>, Option<Typed>),
) -> Result<ValidRange, PackingError> {
    let (kind, least, greatest) = match numbers(variable, "valid_range")? {
        Some((kind, values)) => match values[..] {
            [least, greatest] => (kind, Some(least), Some(greatest)),
            _ => return Err(PackingError::Attribute { name: "valid_range", takes: "two numbers" }),
        },
        None => {
            let (least, greatest) = (single(variable, "valid_min")?, single(variable, "valid_max")?);
            let Some((kind, _)) = least.or(greatest) else { return Ok(ValidRange::default()) };
            (kind, least.map(|(_, value)| value), greatest.map(|(_, value)| value))
        }
    };
    let meant = scale.into_iter().chain(offset).map(|(kind, _)| kind).max_by_key(|kind| kind.width());
    let unpacked = meant.is_some_and(|meant| meant == kind && kind.width() > stored.width());
    let compared = if unpacked { Compared::Unpacked } else { Compared::Stored };
    // A signed attribute beside `_Unsigned = "true"` is read as the data are.
    let read = |value: Wide| if unpacked { value } else { stored.holds(value).unwrap_or(value) };
    Ok(ValidRange { least: least.map(read), greatest: greatest.map(read), compared })
}

#[cfg(test)]
mod tests {
    use weir_model::DataType;

    use super::*;
    use crate::sample::variable;

    #[test]
    fn elements_are_integers_of_63_bits_or_none() {
        let check =
            |of: NumberType, bytes: &[u8], expected| assert_eq!(of.integer(bytes), expected, "{of:?}");
        check(NumberType::Int16, &(-2_i16).to_ne_bytes(), Some(-2));
        check(NumberType::UInt8, &[200], Some(200));
        check(NumberType::UInt64, &i64::MAX.to_ne_bytes(), Some(i64::MAX));
        check(NumberType::UInt64, &u64::MAX.to_ne_bytes(), None);
        check(NumberType::Float32, &1_f32.to_ne_bytes(), None);
        check(NumberType::Int32, &[1, 2], None);
    }

    /// Unpacks 16-bit integers.
    fn check(attributes: &[&str], stored: &[i16], expected: &[f64]) {
        let packing = Packing::of(&variable("v(x)", DataType::Int16, attributes)).unwrap();
        let bytes: Vec<u8> = stored.iter().flat_map(|value| value.to_ne_bytes()).collect();
        let mut unpacked = Vec::new();
        packing.unpack(&bytes, &mut unpacked).unwrap();
        let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
        assert!(unpacked.len() == expected.len() && unpacked.iter().zip(expected).all(same), "{unpacked:?}");
    }

    #[test]
    fn values_outside_the_valid_range_are_missing() {
        check(&["valid_range = 2s 3s"], &[1, 2, 3, 4], &[f64::NAN, 2.0, 3.0, f64::NAN]);
        check(&["valid_min = 2s"], &[1, 2, 3, 4], &[f64::NAN, 2.0, 3.0, 4.0]);
        check(&["valid_max = 2.5"], &[1, 2, 3, 4], &[1.0, 2.0, f64::NAN, f64::NAN]);
        check(&["valid_range = 4s 1s"], &[1, 4], &[f64::NAN, f64::NAN]);
    }

    #[test]
    fn a_range_of_the_unpacked_type_speaks_of_unpacked_numbers() {
        check(&["scale_factor = 0.5", "valid_max = 1.5"], &[1, 3, 4], &[0.5, 1.5, f64::NAN]);
        check(&["scale_factor = 0.5", "valid_max = 3s"], &[1, 3, 4], &[0.5, 1.5, f64::NAN]);
        check(&["scale_factor = 0.5", "valid_max = 3f"], &[1, 3, 4], &[0.5, 1.5, f64::NAN]);
    }

    #[test]
    fn unsigned_data_have_unsigned_attributes() {
        check(&["_Unsigned = true", "_FillValue = -1s"], &[-1, -2, 5], &[f64::NAN, 65534.0, 5.0]);
        check(&["_Unsigned = True", "valid_range = 0s -3s"], &[-1, -3, 5], &[f64::NAN, 65533.0, 5.0]);
        check(&["_Unsigned = false", "_FillValue = -1s"], &[-1, -2], &[f64::NAN, -2.0]);
        check(&["_Unsigned = perhaps"], &[-1, -2], &[-1.0, -2.0]);
    }

    #[test]
    fn values_that_cannot_be_stored_are_never_missing() {
        check(&["_FillValue = 70000"], &[4464, 1], &[4464.0, 1.0]);
        check(&["missing_value = 1.5"], &[1, 2], &[1.0, 2.0]);
        check(&["missing_value = 1.0"], &[1, 2], &[f64::NAN, 2.0]);
        check(&["missing_value = "], &[1, 2], &[1.0, 2.0]);
        check(&["_FillValue = 65535"], &[-1, 2], &[f64::NAN, 2.0]);
    }

    #[test]
    fn attributes_that_are_no_numbers_are_refused() {
        let refused =
            |attributes: &[&str]| Packing::of(&variable("v(x)", DataType::Int16, attributes)).unwrap_err();
        assert_eq!(refused(&["scale_factor = much"]).to_string(), "attribute scale_factor is not a number");
        assert_eq!(refused(&["add_offset = 1 2"]).to_string(), "attribute add_offset is not one number");
        assert_eq!(refused(&["valid_range = 1 2 3"]).to_string(), "attribute valid_range is not two numbers");
        let text = Packing::of(&variable("v(x)", DataType::Char, &[]));
        assert!(matches!(text, Err(PackingError::NotNumeric(_))));
        let packing = Packing::of(&variable("v(x)", DataType::Int16, &[])).unwrap();
        assert!(packing.is_identity() && packing.unpack(&[1, 2, 3], &mut vec![]).is_err());
    }
}
