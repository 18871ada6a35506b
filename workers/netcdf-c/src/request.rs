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
    /// The distance between two of them; at least 1.
    pub stride: isize,
}

/// A part of a variable.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The variable's path, such as `/forecast/sst`.
    pub variable: String,
    start: Vec<u64>,
    count: Vec<u64>,
    stride: Vec<u64>,
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
        let ranks = [self.start.len(), self.count.len(), self.stride.len()];
        if ranks.iter().any(|&rank| rank != shape.len()) {
            let message = format!("{ranks:?} axes are given for a variable with {}", shape.len());
            return Err(Failure::new(Kind::BadRequest, message));
        }
        let numbers = self.start.iter().zip(&self.count).zip(&self.stride);
        numbers
            .zip(shape)
            .map(|(((&start, &count), &stride), &length)| axis((start, count, stride), length))
            .collect()
    }
}

fn axis((start, count, stride): (u64, u64, u64), length: usize) -> Result<Axis, Failure> {
    let checked = || {
        let last = count.checked_sub(1)?.checked_mul(stride)?.checked_add(start)?;
        let inside = stride > 0 && usize::try_from(last).is_ok_and(|last| last < length);
        inside.then_some(())?;
        let axis =
            (usize::try_from(start).ok()?, usize::try_from(count).ok()?, isize::try_from(stride).ok()?);
        Some(Axis { start: axis.0, count: axis.1, stride: axis.2 })
    };
    checked().ok_or_else(|| {
        let message =
            format!("start {start}, count {count}, stride {stride} do not fit an axis of length {length}");
        Failure::new(Kind::BadRequest, message)
    })
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
        let line = |start, count, stride| {
            format!(r#"{{"variable":"/a","start":[{start}],"count":[{count}],"stride":[{stride}]}}"#)
        };
        let axis = |start, count, stride| [Axis { start, count, stride }];
        check(&line(1, 3, 2), &[6], Some(&axis(1, 3, 2)));
        check(&line(1, 3, 2), &[5], None);
        check(&line(0, 0, 1), &[5], None);
        check(&line(0, 1, 0), &[5], None);
        check(&line(u64::MAX, 2, 1), &[5], None);
        check(&line(0, u64::MAX, u64::MAX), &[5], None);
        check(&line(0, 1, 1), &[5, 5], None);
        check(r#"{"variable":"/a","start":[],"count":[],"stride":[]}"#, &[], Some(&[]));
        check("{}", &[], None);
        check(r#"{"variable":"/a","start":[-1],"count":[1],"stride":[1]}"#, &[5], None);
    }
}
