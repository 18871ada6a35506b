//! What is asked of `weir-dask`: a reduction as JSON. All that a file's conventions mean is understood here already; what goes over are
//! numbers, and names of a closed set.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use weir_cf::packing::{NumberType, Wide};
use weir_plugin_api::Error;

use super::reply::Type;
use crate::action::Action;
use crate::engine::axis::{Axis, NO_GROUP, Role};
use crate::engine::{Reduction, tile};

/// The version of what goes over.
const PROTOCOL: u32 = 1;

/// Longer jobs are not sent.
const LONGEST: usize = 256 << 20;

#[derive(Serialize)]
struct Job<'a> {
    protocol: u32,
    array: String,
    shape: &'a [u64],
    packing: Packing,
    axes: Vec<Along<'a>>,
    action: &'static str,
    part: Option<f64>,
    result: &'static str,
    elements: usize,
}

#[derive(Serialize)]
struct Packing {
    stored: &'static str,
    unpacked: &'static str,
    /// Texts, because JSON has no infinities.
    missing: Vec<String>,
    scale: Option<f64>,
    offset: Option<f64>,
}

#[derive(Serialize)]
struct Along<'a> {
    /// Where each begins, how far its indices are apart, and how many there are.
    runs: Vec<[u64; 3]>,
    along: &'static str,
    /// The group of each index; -1 for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<&'a [f64]>,
}

/// How many elements the result has.
pub fn elements(reduction: &Reduction<'_>) -> usize {
    tile::cells(&reduction.whole()).unwrap_or(usize::MAX)
}

/// Whether a job can say what a reduction is.
pub fn can_say(reduction: &Reduction<'_>) -> bool {
    let packing = reduction.source.stored.packing();
    let finite = |number: Option<f64>| number.is_none_or(f64::is_finite);
    let weights = || reduction.axes.iter().filter_map(|axis| axis.weights.as_deref()).flatten();
    let not_kept = reduction.axes.iter().filter(|axis| axis.role != Role::Kept).count();
    // Along several axes, which value comes first depends on how the array is cut.
    let is_end = matches!(reduction.action, Action::First | Action::Last);
    // Workers know the variable as it is stored.
    let is_stored = reduction.source.mapping.is_none();
    let has_all =
        is_stored && reduction.axes.iter().all(|axis| axis.indices.count() > 0) && elements(reduction) > 0;
    has_all
        && (!is_end || not_kept <= 1)
        && finite(packing.scale())
        && finite(packing.offset())
        && weights().all(|weight| weight.is_finite() && *weight >= 0.0)
}

/// The job of a reduction, as one line; `base` is the URL of the server for workers.
///
/// # Errors
/// `Unsupported` where it is too long.
pub fn line(reduction: &Reduction<'_>, base: &str) -> Result<Vec<u8>, Error> {
    let source = &reduction.source;
    let packing = source.stored.packing();
    let job = Job {
        protocol: PROTOCOL,
        array: array(base, source.dataset.id(), source.path),
        shape: source.shape,
        packing: Packing {
            stored: name(packing.stored()),
            unpacked: name(packing.unpacked()),
            missing: packing.missing().iter().map(|value| text(*value)).collect(),
            scale: packing.scale(),
            offset: packing.offset(),
        },
        axes: reduction.axes.iter().map(along).collect(),
        action: reduction.action.name(),
        part: match reduction.action {
            Action::Quantile(part) => Some(part),
            _ => None,
        },
        result: Type::of(reduction).name(),
        elements: elements(reduction),
    };
    let mut line = serde_json::to_vec(&job)
        .map_err(|error| Error::internal(format!("the job cannot be written: {error}")))?;
    if line.len() >= LONGEST {
        return Err(Error::unsupported(format!(
            "the job has {} bytes, but at most {LONGEST} are sent",
            line.len()
        )));
    }
    line.push(b'\n');
    Ok(line)
}

fn along(axis: &Axis) -> Along<'_> {
    let runs = axis.indices.runs().iter().map(|run| [run.stride.start, run.stride.step, run.stride.count]);
    let (along, groups, size) = match &axis.role {
        Role::Kept => ("kept", None, None),
        Role::Reduced => ("reduced", None, None),
        Role::Grouped { of, count } => {
            let group = |group: &u32| if *group == NO_GROUP { -1 } else { i64::from(*group) };
            ("grouped", Some(of.iter().map(group).collect()), Some(*count))
        }
    };
    Along { runs: runs.collect(), along, groups, size, weights: axis.weights.as_deref() }
}

/// The Zarr array of a variable.
fn array(base: &str, dataset: &str, path: &str) -> String {
    /// RFC 3986, section 2.3; paths keep their slashes.
    const PATH: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
    let encoded = |text: &str| utf8_percent_encode(text, PATH).to_string();
    format!(
        "{}/datasets/{}/zarr/{}",
        base.trim_end_matches('/'),
        encoded(dataset),
        encoded(path.trim_start_matches('/'))
    )
}

fn text(value: Wide) -> String {
    match value {
        Wide::Integer(value) => value.to_string(),
        Wide::Real(value) => value.to_string(),
    }
}

/// What NumPy calls a type of numbers.
fn name(of: NumberType) -> &'static str {
    match of {
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
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use weir_model::Stride;
    use weir_selection::Indices;

    use super::*;

    #[test]
    fn axes_are_numbers() {
        let check = |role: Role, weights: Option<Vec<f64>>, expected: serde_json::Value| {
            let indices = Indices::stride(Stride { start: 2, step: 3, count: 3 });
            let axis = Axis { indices, chunk: 4, role, weights };
            assert_eq!(serde_json::to_value(along(&axis)).unwrap(), expected);
        };
        check(Role::Kept, None, json!({"runs": [[2, 3, 3]], "along": "kept"}));
        check(
            Role::Reduced,
            Some(vec![0.5, 1.0, 0.1]),
            json!({"runs": [[2, 3, 3]], "along": "reduced", "weights": [0.5, 1.0, 0.1]}),
        );
        let grouped = Role::Grouped { of: vec![1, NO_GROUP, 0], count: 2 };
        check(
            grouped,
            None,
            json!({"runs": [[2, 3, 3]], "along": "grouped", "groups": [1, -1, 0], "size": 2}),
        );
    }

    #[test]
    fn arrays_are_urls() {
        let check = |base, dataset, path, expected: &str| assert_eq!(array(base, dataset, path), expected);
        check("http://weir:8080/", "a/b c.nc", "/g/tas", "http://weir:8080/datasets/a/b%20c.nc/zarr/g/tas");
        check("https://x/sub", "ü?#.nc", "/v", "https://x/sub/datasets/%C3%BC%3F%23.nc/zarr/v");
    }

    #[test]
    fn missing_values_keep_their_digits() {
        let check = |value: f64| {
            assert_eq!(text(Wide::Real(value)).parse::<f64>().unwrap().to_bits(), value.to_bits());
        };
        [1e20_f32.into(), f64::INFINITY, -9e9, 0.1, 5e-324].into_iter().for_each(check);
        assert_eq!(text(Wide::Integer(u64::MAX.into())), "18446744073709551615");
    }
}
