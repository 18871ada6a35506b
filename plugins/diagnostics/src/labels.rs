//! What coordinates say of each place: numbers, texts and times, decoded as xarray decodes them.

use weir_cf::packing::{NumberType, Packing, PackingError};
use weir_cf::time::{DateTime, Number, TimeUnits};
use weir_model::{ByteOrder, DataType, Hyperslab, Variable};
use weir_plugin_api::{Dataset, Error};

use crate::engine::item::{Item, Unpacking};
use crate::engine::values::{One, Values};

/// What a coordinate says of each place, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Labels {
    /// Numbers.
    Numbers(Values),
    /// Texts.
    Texts(Vec<String>),
    /// Times, as numbers since a reference date; NaN where one is missing.
    Times(TimeUnits, Values),
}

/// More places of one coordinate are not read.
const MOST_PLACES: u64 = 1 << 24;

impl Labels {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) | Self::Times(_, values) => values.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// Their type, as NumPy names it: that of the numbers for times.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Numbers(values) | Self::Times(_, values) => values.type_name(),
            Self::Texts(_) => "str",
        }
    }

    /// What is said of some places.
    #[must_use]
    pub fn picked(&self, places: &[usize]) -> Self {
        match self {
            Self::Numbers(values) => Self::Numbers(values.picked(places)),
            Self::Times(units, values) => Self::Times(*units, values.picked(places)),
            Self::Texts(texts) => {
                Self::Texts(places.iter().filter_map(|place| texts.get(*place)).cloned().collect())
            }
        }
    }

    /// The date at a place; `None` where there is none.
    ///
    /// # Errors
    /// `Unsupported` where the number is too far from its reference date.
    pub fn date(&self, place: usize) -> Result<Option<DateTime>, Error> {
        let Self::Times(units, values) = self else { return Ok(None) };
        let number = match values.at(place) {
            Some(One::Signed(value)) => Number::Integer(value),
            Some(One::Unsigned(value)) => Number::Integer(i64::try_from(value).map_err(far)?),
            Some(One::Float32(value)) => Number::Real(f64::from(value)),
            Some(One::Float64(value)) => Number::Real(value),
            Some(One::Truth(_)) | None => return Ok(None),
        };
        if number.as_f64().is_nan() {
            return Ok(None);
        }
        units.decode(number).map(Some).map_err(far)
    }
}

fn far(error: impl std::fmt::Display) -> Error {
    Error::unsupported(format!("a time cannot be decoded: {error}"))
}

/// Reads a part of a coordinate.
///
/// # Errors
/// Whatever keeps it from being read; `TooLarge` for very long ones, `Unsupported` for types that are no coordinates.
pub fn read(dataset: &Dataset, path: &str, variable: &Variable, slab: &Hyperslab) -> Result<Labels, Error> {
    if slab.elements() > MOST_PLACES {
        let places = slab.elements();
        return Err(Error::too_large(format!(
            "coordinate {path} has {places} places, but at most {MOST_PLACES} are read; ask for one range of its dimensions at a time"
        )));
    }
    match &variable.data_type {
        DataType::String => {
            let texts = dataset.read_strings(path, slab)?;
            Ok(Labels::Texts(texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()))
        }
        DataType::FixedString { length } => {
            Ok(Labels::Texts(texts(&bytes(dataset, path, variable, slab)?, *length)))
        }
        DataType::Char => {
            let length = slab.strides().last().map_or(1, |characters| characters.count);
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            Ok(Labels::Texts(texts(&bytes(dataset, path, variable, slab)?, length)))
        }
        _ => numbers(dataset, path, variable, slab),
    }
}

fn bytes(dataset: &Dataset, path: &str, variable: &Variable, slab: &Hyperslab) -> Result<Vec<u8>, Error> {
    let size = variable.data_type.size().unwrap_or(0) as u64;
    let length = slab.elements().checked_mul(size).and_then(|length| usize::try_from(length).ok());
    let length = length.ok_or_else(|| Error::too_large(format!("coordinate {path} does not fit memory")))?;
    let mut bytes = vec![0; length];
    dataset.read(path, slab, ByteOrder::NATIVE, &mut bytes)?;
    Ok(bytes)
}

fn texts(bytes: &[u8], length: usize) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches(['\0', ' ']).to_owned();
    bytes.chunks(length.max(1)).map(text).collect()
}

fn numbers(dataset: &Dataset, path: &str, variable: &Variable, slab: &Hyperslab) -> Result<Labels, Error> {
    let packing = Packing::of(variable).map_err(|error| unsuitable(path, &error))?.without_valid_range();
    let unpacking = Unpacking::new(packing);
    let values = unpacked(&unpacking, &bytes(dataset, path, variable, slab)?)?;
    match TimeUnits::of(variable) {
        None => Ok(Labels::Numbers(values)),
        Some(units) => {
            let units =
                units.map_err(|error| Error::unsupported(format!("{path} holds no times: {error}")))?;
            Ok(Labels::Times(units, values))
        }
    }
}

/// The error of a variable that holds no numbers.
pub fn unsuitable(path: &str, error: &PackingError) -> Error {
    Error::bad_request(format!("{path}: {error}"))
}

fn unpacked(unpacking: &Unpacking, bytes: &[u8]) -> Result<Values, Error> {
    fn all<T: Item>(unpacking: &Unpacking, bytes: &[u8]) -> Result<Vec<T>, Error> {
        let mut values = Vec::new();
        T::unpack(unpacking, bytes, &mut values)?;
        Ok(values)
    }
    Ok(match unpacking.number_type() {
        NumberType::Float32 => Values::Float32(all(unpacking, bytes)?),
        NumberType::Float64 => Values::Float64(all(unpacking, bytes)?),
        NumberType::UInt64 => Values::Unsigned(all(unpacking, bytes)?),
        kind => Values::Signed(kind, all(unpacking, bytes)?),
    })
}
