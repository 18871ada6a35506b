//! Results as classic netCDF files.

use std::ops::Range;

use weir_cf::packing::NumberType;
use weir_model::{Attribute, Value};
use weir_netcdf::{Classic, Dimension, External, Step, Variable};
use weir_plugin_api::{Body, Bytes, Error};

use crate::engine::values::{One, Values};
use crate::labels::Labels;
use crate::result::Outcome;

/// Elements of one piece of a body.
const PIECE: usize = 1 << 17;

/// A file as it is sent.
pub struct NetcdfBody {
    header: Vec<u8>,
    length: u64,
    steps: std::vec::IntoIter<Step>,
    contents: Vec<Elements>,
    current: Option<(Step, usize)>,
}

/// The elements of one variable.
struct Elements {
    external: External,
    data: Data,
}

enum Data {
    Numbers(Values),
    /// Texts as characters, padded to one length.
    Characters(Vec<u8>),
}

impl NetcdfBody {
    /// The file of a result.
    ///
    /// # Errors
    /// `Unsupported` where a name cannot be one in a netCDF file.
    pub fn new(outcome: Outcome) -> Result<Self, Error> {
        let mut file = Classic::default();
        let mut contents = Vec::new();
        for (name, length) in &outcome.dimensions {
            file.dimensions.push(Dimension { name: name.clone(), length: *length as u64, unlimited: false });
        }
        let place = |names: &[String], file: &Classic| -> Vec<usize> {
            let find = |name: &String| file.dimensions.iter().position(|dimension| dimension.name == *name);
            names.iter().filter_map(find).collect()
        };
        let mut beside = Vec::new();
        for coordinate in outcome.coordinates {
            let mut dimensions = place(&coordinate.dimensions, &file);
            if coordinate.dimensions != [coordinate.name.clone()] {
                beside.push(coordinate.name.clone());
            }
            let (elements, characters) = coordinate_elements(coordinate.labels);
            if let Some(length) = characters {
                dimensions.push(file.dimensions.len());
                let name = format!("{}_characters", coordinate.name);
                file.dimensions.push(Dimension { name, length, unlimited: false });
            }
            let external = elements.external;
            file.variables.push(Variable {
                name: coordinate.name,
                external,
                dimensions,
                attributes: coordinate.attributes,
            });
            contents.push(elements);
        }
        let names: Vec<String> = outcome.dimensions.iter().map(|(name, _)| name.clone()).collect();
        let external = external(&outcome.values);
        let mut attributes = outcome.attributes;
        if !beside.is_empty() {
            attributes
                .push(Attribute { name: "coordinates".to_owned(), value: Value::text(&beside.join(" ")) });
        }
        match external {
            External::Float => attributes.push(fill(Value::Float32(vec![f32::NAN]))),
            External::Double => attributes.push(fill(Value::Float64(vec![f64::NAN]))),
            _ => {}
        }
        let dimensions = place(&names, &file);
        file.variables.push(Variable { name: outcome.name, external, dimensions, attributes });
        contents.push(Elements { external, data: Data::Numbers(outcome.values) });
        file.attributes.push(Attribute { name: "Conventions".to_owned(), value: Value::text("CF-1.11") });
        let plan = file.plan().map_err(|error| Error::unsupported(error.to_string()))?;
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

fn fill(value: Value) -> Attribute {
    Attribute { name: "_FillValue".to_owned(), value }
}

/// Elements of a coordinate, and of texts how many characters each has.
fn coordinate_elements(labels: Labels) -> (Elements, Option<u64>) {
    match labels {
        Labels::Numbers(values) | Labels::Times(_, values) => {
            (Elements { external: external(&values), data: Data::Numbers(values) }, None)
        }
        Labels::Texts(texts) => {
            let length = texts.iter().map(String::len).max().unwrap_or(0).max(1);
            let padded = |text: &String| {
                let mut bytes = text.clone().into_bytes();
                bytes.resize(length, 0);
                bytes
            };
            let bytes = texts.iter().flat_map(padded).collect();
            (Elements { external: External::Char, data: Data::Characters(bytes) }, Some(length as u64))
        }
    }
}

/// The type that stores values: integers of 64 bits as such of 32 where all fit, which every reader has.
fn external(values: &Values) -> External {
    let fits = |least: Option<i128>, greatest: Option<i128>| {
        least.is_none_or(|least| least >= i32::MIN.into())
            && greatest.is_none_or(|greatest| greatest <= i32::MAX.into())
    };
    match values {
        Values::Float32(_) => External::Float,
        Values::Float64(_) => External::Double,
        Values::Truth(_) | Values::Signed(NumberType::Int8, _) => External::Byte,
        Values::Signed(NumberType::UInt8 | NumberType::Int16, _) => External::Short,
        Values::Signed(_, values) => {
            let wide = |value: &i64| i128::from(*value);
            match fits(values.iter().map(wide).min(), values.iter().map(wide).max()) {
                true => External::Int,
                false => External::Int64,
            }
        }
        Values::Unsigned(values) => match fits(None, values.iter().map(|value| i128::from(*value)).max()) {
            true => External::Int,
            false => External::UInt64,
        },
    }
}

impl Elements {
    fn len(&self) -> usize {
        match &self.data {
            Data::Numbers(values) => values.len(),
            Data::Characters(bytes) => bytes.len(),
        }
    }

    /// Some elements, big-endian.
    fn bytes(&self, places: Range<usize>) -> Result<Vec<u8>, Error> {
        let values = match &self.data {
            Data::Characters(bytes) => return Ok(bytes.get(places).unwrap_or_default().to_vec()),
            Data::Numbers(values) => values,
        };
        let mut out = Vec::new();
        for one in places.filter_map(|place| values.at(place)) {
            match one {
                One::Float32(value) => out.extend(value.to_be_bytes()),
                One::Float64(value) => out.extend(value.to_be_bytes()),
                One::Truth(value) => out.push(u8::from(value)),
                One::Signed(value) => self.integer(value.into(), &mut out)?,
                One::Unsigned(value) => self.integer(value.into(), &mut out)?,
            }
        }
        Ok(out)
    }

    fn integer(&self, value: i128, out: &mut Vec<u8>) -> Result<(), Error> {
        let misfit = |_| Error::internal(format!("{value} does not fit the type that was chosen for it"));
        match self.external {
            External::Byte => out.extend(i8::try_from(value).map_err(misfit)?.to_be_bytes()),
            External::Short => out.extend(i16::try_from(value).map_err(misfit)?.to_be_bytes()),
            External::Int => out.extend(i32::try_from(value).map_err(misfit)?.to_be_bytes()),
            External::UInt64 => out.extend(u64::try_from(value).map_err(misfit)?.to_be_bytes()),
            _ => out.extend(i64::try_from(value).map_err(misfit)?.to_be_bytes()),
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
