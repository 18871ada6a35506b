//! Requests: a part of a variable.

use serde::Deserialize;

use crate::answer::{Failure, Kind};

/// One axis of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The first index.
    pub start: usize,
    /// How many indices.
    pub count: usize,
}

/// A part of a variable.
///
/// It has no strides: netCDF-C 4.9 gives wrong elements for strides that reach beyond what was written of a variable along an
/// unlimited dimension.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The variable's path, such as `/forecast/sst`.
    pub variable: String,
    start: Vec<u64>,
    count: Vec<u64>,
    /// One element, little-endian, that stands where the file says nothing at all: HDF5 leaves the buffer as it was there.
    #[serde(default)]
    pub fill: Vec<u8>,
}

impl Request {
    /// Parses a line.
    ///
    /// # Errors
    /// `BadRequest` for one that is no request.
    pub fn parse(line: &[u8]) -> Result<Self, Failure> {
        let parsed = serde_json::from_slice(line);
        parsed.map_err(|error| Failure::new(Kind::BadRequest, format!("the request cannot be read: {error}")))
    }

    /// The axes, checked against the variable's shape.
    ///
    /// # Errors
    /// `BadRequest` where they do not lie inside it.
    pub fn axes(&self, shape: &[usize]) -> Result<Vec<Axis>, Failure> {
        let ranks = [self.start.len(), self.count.len()];
        if ranks.iter().any(|&rank| rank != shape.len()) {
            let message = format!("{ranks:?} axes are given for a variable with {}", shape.len());
            return Err(Failure::new(Kind::BadRequest, message));
        }
        let numbers = self.start.iter().zip(&self.count).zip(shape);
        numbers.map(|((&start, &count), &length)| axis(start, count, length)).collect()
    }
}

fn axis(start: u64, count: u64, length: usize) -> Result<Axis, Failure> {
    let end = start.checked_add(count).filter(|_| count > 0);
    if end.and_then(|end| usize::try_from(end).ok()).is_none_or(|end| end > length) {
        let message = format!("start {start}, count {count} do not fit an axis of length {length}");
        return Err(Failure::new(Kind::BadRequest, message));
    }
    let narrow = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(Axis { start: narrow(start), count: narrow(count) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, shape: &[usize], expected: Option<&[Axis]>) {
        let axes = Request::parse(line.as_bytes()).and_then(|request| request.axes(shape));
        assert_eq!(axes.ok().as_deref(), expected, "{line}");
    }

    #[test]
    fn requests_lie_inside_their_variables() {
        let line = |start, count| format!(r#"{{"variable":"/a","start":[{start}],"count":[{count}]}}"#);
        check(&line(1, 3), &[4], Some(&[Axis { start: 1, count: 3 }]));
        check(&line(1, 3), &[3], None);
        check(&line(0, 0), &[5], None);
        check(&line(u64::MAX, 2), &[5], None);
        check(&line(1, u64::MAX), &[5], None);
        check(&line(0, 1), &[5, 5], None);
        check(r#"{"variable":"/a","start":[],"count":[]}"#, &[], Some(&[]));
        check("{}", &[], None);
        check(r#"{"variable":"/a","start":[-1],"count":[1]}"#, &[5], None);
    }
}
