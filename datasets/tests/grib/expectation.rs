//! What ecCodes reads of a file, as `expect_grib.py` wrote it down, and the comparison of a dataset with it.

use std::collections::HashMap;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use weir_datasets::Dataset;
use weir_model::{ByteOrder, Hyperslab, Stride, Variable};

use crate::fixture::{numbers, text};

/// How a dataset compares.
#[derive(Debug, Default)]
pub struct Report {
    /// Fields whose values are equal, bit by bit.
    pub equal: usize,
    /// Fields that cannot be read, and why.
    pub refused: Vec<String>,
    /// Fields that are not there, or have other values.
    pub wrong: Vec<String>,
    /// The greatest distance between coordinates of points, in degrees.
    pub farthest: f64,
    /// The same of rotated grids, whose coordinates ecCodes rounds to millionths of degrees on the way.
    pub farthest_rotated: f64,
    /// How many grids' coordinates were compared.
    pub grids: usize,
    /// Values that were compared.
    pub values: usize,
}

fn word<'v>(message: &'v Value, key: &str) -> &'v str {
    message[key].as_str().unwrap_or_default()
}

fn bytes(message: &Value, key: &str) -> Option<Vec<u8>> {
    Some(BASE64_STANDARD.decode(message[key].as_str()?).unwrap())
}

fn doubles(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|&eight| f64::from_le_bytes(eight)).collect()
}

/// The name of a variable's coordinate, which may be numbered.
fn coordinate(variable: &Variable, base: &str) -> Option<String> {
    let listed = text(variable, "coordinates");
    let mut names = variable.dimension_names().map(str::to_owned).chain(listed.split(' ').map(str::to_owned));
    names.find(|name| {
        let rest = name.strip_prefix(base);
        rest.is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix('_').is_some_and(|n| n.parse::<u32>().is_ok())
        })
    })
}

/// Compares an open file with what is expected of it.
pub fn compare(dataset: &Dataset, expected: &Path) -> Report {
    let expected: Vec<Value> = serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
    let mut comparison = Comparison { dataset, known: HashMap::new(), report: Report::default() };
    for (place, message) in expected.iter().enumerate().filter(|(_, message)| message["error"].is_null()) {
        comparison.message(place, message);
    }
    comparison.report
}

struct Comparison<'d> {
    dataset: &'d Dataset,
    known: HashMap<String, Vec<f64>>,
    report: Report,
}

impl Comparison<'_> {
    fn values_of(&mut self, name: &str) -> &[f64] {
        self.known.entry(name.to_owned()).or_insert_with(|| numbers(self.dataset, name))
    }

    /// The index of a message along one axis of a variable; `None` where the axis does not have it.
    fn place(&mut self, variable: &Variable, base: &str, wanted: f64) -> Option<(Option<String>, u64)> {
        let name = coordinate(variable, base)?;
        let near = |value: &f64| (value - wanted).abs() <= wanted.abs() * 1e-12;
        let place = self.values_of(&name).iter().position(near)? as u64;
        let dimension = variable.dimension_names().any(|dimension| dimension == name);
        Some((dimension.then_some(name), place))
    }

    /// Where a message is in a variable; `None` where it cannot be there.
    fn slab(&mut self, variable: &Variable, message: &Value) -> Option<Hyperslab> {
        let shape: Vec<u64> = message["shape"].as_array()?.iter().filter_map(Value::as_u64).collect();
        let same = [
            ("GRIB_typeOfLevel", "level_type"),
            ("GRIB_stepType", "step_type"),
            ("GRIB_gridType", "grid_type"),
        ];
        let fits = |(ours, theirs): (&str, &str)| text(variable, ours) == word(message, theirs);
        if !variable.shape.ends_with(&shape) || !same.into_iter().all(fits) {
            return None;
        }
        let mut strides = HashMap::new();
        let mut axes = vec![
            ("time", message["time"].as_f64()?),
            ("step", message["step"].as_f64()? / 3600.0),
            (word(message, "level_type"), message["level"].as_f64()?),
        ];
        axes.extend(message["number"].as_f64().map(|number| ("number", number)));
        for (base, wanted) in axes {
            if let (Some(name), place) = self.place(variable, base, wanted)? {
                strides.insert(name, Stride { start: place, step: 1, count: 1 });
            }
        }
        let dimensions = variable.dimension_names().zip(&variable.shape);
        let strides = dimensions.map(|(name, &length)| strides.remove(name).unwrap_or(Stride::all(length)));
        Some(Hyperslab::within(&variable.shape, strides.collect()).unwrap())
    }

    fn message(&mut self, place: usize, message: &Value) {
        let dataset = self.dataset;
        let wanted = bytes(message, "values").unwrap();
        let mut seen = Vec::new();
        for (path, variable) in dataset.schema().variables() {
            let short = text(variable, "GRIB_shortName");
            let unnamed = ["unknown", ""].contains(&word(message, "short")) || short.is_empty();
            if text(variable, "GRIB_stepType").is_empty() || (!unnamed && short != word(message, "short")) {
                continue;
            }
            let Some(slab) = self.slab(variable, message) else { continue };
            let mut got = vec![0xa5; wanted.len()];
            match dataset.read(&path, &slab, ByteOrder::Little, &mut got) {
                Err(error) => seen.push(Err(error.message)),
                Ok(()) if same_floats(&got, &wanted) => {
                    self.report.equal += 1;
                    self.report.values += wanted.len() / 4;
                    self.places(variable, message);
                    return;
                }
                Ok(()) => seen.push(Ok(format!("{path} {slab:?}: {}", difference(&got, &wanted)))),
            }
        }
        let what = format!("message {place} ({})", word(message, "short"));
        match seen.pop() {
            Some(Err(error)) => self.report.refused.push(format!("{what}: {error}")),
            Some(Ok(difference)) => self.report.wrong.push(format!("{what}: {difference}")),
            None => self.report.wrong.push(format!("{what} is in no variable")),
        }
    }

    /// Compares latitudes and longitudes, where the message has them.
    fn places(&mut self, variable: &Variable, message: &Value) {
        let wanted = bytes(message, "latitudes").zip(bytes(message, "longitudes"));
        let Some((latitudes, longitudes)) = wanted else { return };
        let names = coordinate(variable, "latitude").zip(coordinate(variable, "longitude"));
        let Some((y, x)) = names else { return };
        let (y, x) = (self.values_of(&y).to_vec(), self.values_of(&x).to_vec());
        let rectangular = y.len() * x.len() == latitudes.len() / 8
            && text(variable, "coordinates").find("latitude").is_none();
        let ours: Vec<(f64, f64)> = match rectangular {
            true => y.iter().flat_map(|&y| x.iter().map(move |&x| (y, x))).collect(),
            false => y.into_iter().zip(x).collect(),
        };
        let theirs = doubles(&latitudes).into_iter().zip(doubles(&longitudes));
        assert_eq!(ours.len(), latitudes.len() / 8);
        let turn = |a: f64, b: f64| ((a - b + 180.0).rem_euclid(360.0) - 180.0).abs();
        let far = ours
            .iter()
            .zip(theirs)
            .map(|(our, their)| (our.0 - their.0).abs().max(turn(our.1, their.1) * our.0.to_radians().cos()));
        let farthest = match word(message, "grid_type").starts_with("rotated") {
            true => &mut self.report.farthest_rotated,
            false => &mut self.report.farthest,
        };
        *farthest = far.fold(*farthest, f64::max);
        self.report.grids += 1;
    }
}

/// Whether floats are the same bit by bit; any NaN is any other.
fn same_floats(got: &[u8], wanted: &[u8]) -> bool {
    let floats = |bytes: &[u8]| -> Vec<f32> {
        bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect()
    };
    let same = |(a, b): (f32, f32)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
    floats(got).into_iter().zip(floats(wanted)).all(same)
}

fn difference(got: &[u8], wanted: &[u8]) -> String {
    let pairs = got.as_chunks::<4>().0.iter().zip(wanted.as_chunks::<4>().0);
    let pairs: Vec<(f32, f32)> =
        pairs.map(|(&a, &b)| (f32::from_le_bytes(a), f32::from_le_bytes(b))).collect();
    let differs = |&&(a, b): &&(f32, f32)| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan());
    let all: Vec<&(f32, f32)> = pairs.iter().filter(differs).collect();
    format!("{} of {} values differ, the first as {:?}", all.len(), pairs.len(), all.first())
}
