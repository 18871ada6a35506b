//! Results as netCDF files, classic ones and netCDF-4.

use std::ops::Range;
use std::sync::Arc;

use weir_cf::packing::NumberType;
use weir_model::{Attribute, ByteOrder, Value};
use weir_netcdf::netcdf4::{self, Elements as Elements4};
use weir_netcdf::{Classic, Dimension, External, NetcdfError, Step, Variable};
use weir_plugin_api::{Body, Bytes, Error};

use crate::engine::values::{One, Values};
use crate::labels::Labels;
use crate::result::{Outcome, ResultCoordinate};

/// Elements of one piece of a body.
const PIECE: usize = 1 << 17;

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// A classic one.
    Classic,
    /// NetCDF-4: texts are texts, and integers as wide as they are.
    Four,
}

/// A file as it is sent.
pub struct NetcdfBody {
    header: Vec<u8>,
    length: u64,
    steps: std::vec::IntoIter<Step>,
    contents: Vec<Elements>,
    current: Option<(Step, usize)>,
}

/// A variable of a file.
struct Part {
    name: String,
    dimensions: Vec<String>,
    attributes: Vec<Attribute>,
    said: Said,
}

/// What a variable of a file holds.
enum Said {
    Numbers(Arc<Values>),
    Texts(Vec<String>),
}

impl Said {
    fn of(labels: Labels) -> Self {
        match labels {
            Labels::Numbers(values) | Labels::Times(_, values) => Self::Numbers(Arc::new(values)),
            Labels::Texts(texts) => Self::Texts(texts),
        }
    }
}

/// The elements of one variable.
struct Elements {
    external: External,
    order: ByteOrder,
    data: Data,
}

enum Data {
    Numbers(Arc<Values>),
    /// Texts as characters, padded to one length.
    Characters(Vec<u8>),
}

impl NetcdfBody {
    /// The file of a result.
    ///
    /// # Errors
    /// `Unsupported` where a name cannot be one in a netCDF file.
    pub fn new(outcome: Outcome, version: Version) -> Result<Self, Error> {
        let dimensions: Vec<(String, u64)> =
            outcome.dimensions.iter().map(|(name, length)| (name.clone(), *length as u64)).collect();
        let parts = parts(outcome);
        match version {
            Version::Classic => Self::classic(dimensions, parts),
            Version::Four => Self::four(dimensions, parts),
        }
        .map_err(|error| Error::unsupported(error.to_string()))
    }

    fn classic(dimensions: Vec<(String, u64)>, parts: Vec<Part>) -> Result<Self, NetcdfError> {
        let mut file = Classic { attributes: vec![conventions()], ..Classic::default() };
        let dimension = |(name, length)| Dimension { name, length, unlimited: false };
        file.dimensions = dimensions.into_iter().map(dimension).collect();
        let mut contents = Vec::new();
        for part in parts {
            let mut places = places(&part, file.dimensions.iter().map(|dimension| dimension.name.as_str()));
            let (external, data) = match part.said {
                Said::Numbers(values) => (narrow(&values), Data::Numbers(values)),
                Said::Texts(texts) => {
                    let (length, characters) = characters(&texts);
                    places.push(file.dimensions.len());
                    file.dimensions.push(dimension((format!("{}_characters", part.name), length)));
                    (External::Char, Data::Characters(characters))
                }
            };
            let (name, attributes) = (part.name, part.attributes);
            file.variables.push(Variable { name, external, dimensions: places, attributes });
            contents.push(Elements { external, order: ByteOrder::Big, data });
        }
        let plan = file.plan()?;
        let steps: Vec<Step> = plan.steps().collect();
        let (header, length) = (plan.header().to_vec(), plan.length());
        Ok(Self { header, length, steps: steps.into_iter(), contents, current: None })
    }

    fn four(dimensions: Vec<(String, u64)>, parts: Vec<Part>) -> Result<Self, NetcdfError> {
        let root = netcdf4::Group { path: "/".to_owned(), attributes: vec![conventions()] };
        let mut file = netcdf4::File { groups: vec![root], ..netcdf4::File::default() };
        let mut contents = Vec::new();
        for part in parts {
            let places = places(&part, dimensions.iter().map(|(name, _)| name.as_str()));
            let (elements, external, data) = match part.said {
                Said::Numbers(values) => {
                    let external = external(&values);
                    (Elements4::Numbers(external), external, Data::Numbers(values))
                }
                // The metadata has them, and nothing is left to send.
                Said::Texts(texts) => {
                    let texts = texts.into_iter().map(String::into_bytes).collect();
                    (Elements4::Texts(texts), External::Char, Data::Characters(Vec::new()))
                }
            };
            let (path, attributes) = (format!("/{}", part.name), part.attributes);
            file.variables.push(netcdf4::Variable { path, elements, dimensions: places, attributes });
            contents.push(Elements { external, order: ByteOrder::Little, data });
        }
        let dimension = |(name, length)| netcdf4::Dimension { path: format!("/{name}"), length };
        file.dimensions = dimensions.into_iter().map(dimension).collect();
        let plan = file.plan()?;
        let steps: Vec<Step> = plan.steps().collect();
        let (header, length) = (plan.header().to_vec(), plan.length());
        Ok(Self { header, length, steps: steps.into_iter(), contents, current: None })
    }

    /// Bytes of the file.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }
}

fn conventions() -> Attribute {
    Attribute { name: "Conventions".to_owned(), value: Value::text("CF-1.11") }
}

/// The places of a variable's dimensions among all.
fn places<'a>(part: &Part, known: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let known: Vec<&str> = known.collect();
    let find = |name: &String| known.iter().position(|known| known == name);
    part.dimensions.iter().filter_map(find).collect()
}

/// The variables of a result: its coordinates, and itself.
fn parts(outcome: Outcome) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut beside = Vec::new();
    for coordinate in outcome.coordinates {
        let ResultCoordinate { name, dimensions, attributes, labels, .. } = coordinate;
        if dimensions != [name.clone()] {
            beside.push(name.clone());
        }
        parts.push(Part { name, dimensions, attributes, said: Said::of(labels) });
    }
    let mut attributes = outcome.attributes;
    if !beside.is_empty() {
        attributes.push(Attribute { name: "coordinates".to_owned(), value: Value::text(&beside.join(" ")) });
    }
    match narrow(&outcome.values) {
        External::Float => attributes.push(fill(Value::Float32(vec![f32::NAN]))),
        External::Double => attributes.push(fill(Value::Float64(vec![f64::NAN]))),
        _ => {}
    }
    let dimensions = outcome.dimensions.into_iter().map(|(name, _)| name).collect();
    parts.push(Part { name: outcome.name, dimensions, attributes, said: Said::Numbers(outcome.values) });
    parts
}

fn fill(value: Value) -> Attribute {
    Attribute { name: "_FillValue".to_owned(), value }
}

/// Texts as characters: how many each has, and these, padded with zeros.
fn characters(texts: &[String]) -> (u64, Vec<u8>) {
    let length = texts.iter().map(String::len).max().unwrap_or(0).max(1);
    let padded = |text: &String| {
        let mut bytes = text.clone().into_bytes();
        bytes.resize(length, 0);
        bytes
    };
    (length as u64, texts.iter().flat_map(padded).collect())
}

/// The type that stores values as they are.
fn external(values: &Values) -> External {
    match values {
        Values::Float32(_) => External::Float,
        Values::Float64(_) => External::Double,
        Values::Truth(_) => External::Byte,
        Values::Unsigned(_) => External::UInt64,
        Values::Signed(of, _) => match of {
            NumberType::Int8 => External::Byte,
            NumberType::UInt8 => External::UByte,
            NumberType::Int16 => External::Short,
            NumberType::UInt16 => External::UShort,
            NumberType::Int32 => External::Int,
            NumberType::UInt32 => External::UInt,
            _ => External::Int64,
        },
    }
}

/// The type of a classic file that stores values: integers of 64 bits as such of 32 where all fit, which every reader has.
fn narrow(values: &Values) -> External {
    let fits = |least: i128, greatest: i128| least >= i32::MIN.into() && greatest <= i32::MAX.into();
    match values {
        Values::Signed(NumberType::UInt8, _) => External::Short,
        Values::Signed(NumberType::Int8 | NumberType::Int16, _)
        | Values::Float32(_)
        | Values::Float64(_)
        | Values::Truth(_) => external(values),
        Values::Signed(_, integers) => {
            let wide = integers.iter().map(|value| i128::from(*value));
            match fits(wide.clone().min().unwrap_or(0), wide.max().unwrap_or(0)) {
                true => External::Int,
                false => External::Int64,
            }
        }
        Values::Unsigned(integers) => {
            let greatest = integers.iter().map(|value| i128::from(*value)).max().unwrap_or(0);
            if fits(0, greatest) { External::Int } else { External::UInt64 }
        }
    }
}

impl Elements {
    fn len(&self) -> usize {
        match &self.data {
            Data::Numbers(values) => values.len(),
            Data::Characters(bytes) => bytes.len(),
        }
    }

    /// Some elements.
    fn bytes(&self, places: Range<usize>) -> Result<Vec<u8>, Error> {
        let values = match &self.data {
            Data::Characters(bytes) => return Ok(bytes.get(places).unwrap_or_default().to_vec()),
            Data::Numbers(values) => values,
        };
        let mut out = Vec::new();
        for one in places.filter_map(|place| values.at(place)) {
            match one {
                One::Float32(value) => self.ordered(value.to_be_bytes(), &mut out),
                One::Float64(value) => self.ordered(value.to_be_bytes(), &mut out),
                One::Truth(value) => out.push(u8::from(value)),
                One::Signed(value) => self.integer(value.into(), &mut out)?,
                One::Unsigned(value) => self.integer(value.into(), &mut out)?,
            }
        }
        Ok(out)
    }

    /// Appends the bytes of a number.
    fn ordered<const N: usize>(&self, mut number: [u8; N], out: &mut Vec<u8>) {
        if self.order == ByteOrder::Little {
            number.reverse();
        }
        out.extend(number);
    }

    fn integer(&self, value: i128, out: &mut Vec<u8>) -> Result<(), Error> {
        let misfit = |_| Error::internal(format!("{value} does not fit the type that was chosen for it"));
        match self.external {
            External::Byte => self.ordered(i8::try_from(value).map_err(misfit)?.to_be_bytes(), out),
            External::UByte => self.ordered(u8::try_from(value).map_err(misfit)?.to_be_bytes(), out),
            External::Short => self.ordered(i16::try_from(value).map_err(misfit)?.to_be_bytes(), out),
            External::UShort => self.ordered(u16::try_from(value).map_err(misfit)?.to_be_bytes(), out),
            External::Int => self.ordered(i32::try_from(value).map_err(misfit)?.to_be_bytes(), out),
            External::UInt => self.ordered(u32::try_from(value).map_err(misfit)?.to_be_bytes(), out),
            External::UInt64 => self.ordered(u64::try_from(value).map_err(misfit)?.to_be_bytes(), out),
            _ => self.ordered(i64::try_from(value).map_err(misfit)?.to_be_bytes(), out),
        }
        Ok(())
    }
}

impl Body for NetcdfBody {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if !self.header.is_empty() {
            return Ok(Some(Bytes::from(std::mem::take(&mut self.header))));
        }
        let Some((step, from)) = self.current.take().or_else(|| self.steps.next().map(|step| (step, 0)))
        else {
            return Ok(None);
        };
        let elements = self.contents.get(step.variable);
        let elements =
            elements.ok_or_else(|| Error::internal("the plan of a file names a variable that it has not"))?;
        let end = from.saturating_add(PIECE).min(elements.len());
        let mut bytes = elements.bytes(from..end)?;
        if end < elements.len() {
            self.current = Some((step, end));
        } else {
            let padding = usize::try_from(step.padding).unwrap_or(0);
            bytes.resize(bytes.len().saturating_add(padding), 0);
        }
        Ok(Some(Bytes::from(bytes)))
    }
}
