//! What a worker is told and what it answers: lines of JSON, some followed by bytes.

use std::io::{BufRead, Read};

use serde::{Deserialize, Serialize};
use weir_model::Hyperslab;

use crate::{Error, ErrorKind};

/// A line of a worker is not longer than this: it may describe a large file.
const MOST_LINE_BYTES: u64 = 64 << 20;

/// An answer has at most this many bytes: a chunk is not larger.
const MOST_ANSWER_BYTES: u64 = crate::codecs::MOST_CHUNK_BYTES;

/// A request is not longer than this; it must fit into a pipe, so that writing it never waits.
const MOST_REQUEST_BYTES: usize = 32 << 10;

/// A part of a variable.
#[derive(Serialize)]
pub struct Request<'a> {
    variable: &'a str,
    start: Vec<u64>,
    count: Vec<u64>,
    /// One element that stands where the file says nothing at all; none for strings.
    fill: &'a [u8],
}

impl<'a> Request<'a> {
    /// Asks for the extent of a chunk; its steps are 1.
    pub fn of((variable, fill): (&'a str, &'a [u8]), extent: &Hyperslab) -> Self {
        let strides = extent.strides();
        Self {
            variable,
            fill,
            start: strides.iter().map(|stride| stride.start).collect(),
            count: strides.iter().map(|stride| stride.count).collect(),
        }
    }

    /// The request as a line.
    ///
    /// # Errors
    /// `TooLarge` for one that no worker would read.
    pub fn line(&self) -> Result<Vec<u8>, Error> {
        let line = serde_json::to_vec(self);
        let mut line = line.map_err(|e| Error::unsupported(format!("the request cannot be written: {e}")))?;
        line.push(b'\n');
        if line.len() > MOST_REQUEST_BYTES {
            let bytes = line.len();
            let message = format!("the request has {bytes} bytes, the limit is {MOST_REQUEST_BYTES}");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        Ok(line)
    }
}

/// What a worker says.
#[derive(Debug)]
pub enum Message {
    /// What the file holds.
    Description(Box<Description>),
    /// Elements, little-endian, row-major.
    Elements(Vec<u8>),
    /// Strings, row-major.
    Strings(Vec<Vec<u8>>),
    /// Why there is no answer.
    Failure(Error),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Description(Box<Description>),
    Error(Failure),
    #[serde(untagged)]
    Bytes {
        bytes: u64,
        #[serde(default)]
        strings: Option<Vec<u64>>,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    BadRequest,
    Corrupt,
    NotFound,
    TooLarge,
    Unavailable,
    Unsupported,
}

/// An error of the worker.
#[derive(Clone, Debug, Deserialize)]
pub struct Failure {
    kind: Kind,
    message: String,
}

impl Failure {
    /// The same as an error of ours.
    pub fn error(&self) -> Error {
        let kind = match self.kind {
            Kind::BadRequest => ErrorKind::BadRequest,
            Kind::Corrupt => ErrorKind::Corrupt,
            // What netCDF-C does not show is in the file all the same: nobody may take it for absent.
            Kind::NotFound | Kind::Unsupported => ErrorKind::Unsupported,
            Kind::TooLarge => ErrorKind::TooLarge,
            Kind::Unavailable => ErrorKind::Unavailable,
        };
        Error::new(kind, self.message.clone())
    }
}

/// All of a file.
#[derive(Debug, Deserialize)]
pub struct Description {
    /// The root group.
    pub root: DescribedGroup,
}

/// A group.
#[derive(Debug, Deserialize)]
pub struct DescribedGroup {
    /// The name, without its parent's.
    pub name: String,
    /// Its dimensions.
    pub dimensions: Vec<DescribedDimension>,
    /// Its attributes.
    pub attributes: Vec<DescribedAttribute>,
    /// Its variables.
    pub variables: Vec<DescribedVariable>,
    /// The groups inside.
    pub groups: Vec<DescribedGroup>,
}

/// A dimension.
#[derive(Debug, Deserialize)]
pub struct DescribedDimension {
    /// The name.
    pub name: String,
    /// How many indices it has.
    pub length: u64,
    /// Whether it can grow.
    pub unlimited: bool,
}

/// An attribute.
#[derive(Debug, Deserialize)]
pub struct DescribedAttribute {
    /// The name.
    pub name: String,
    /// The value.
    pub value: DescribedValue,
}

/// The value of an attribute; floats are their bits.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DescribedValue {
    Int8(Vec<i8>),
    Uint8(Vec<u8>),
    Int16(Vec<i16>),
    Uint16(Vec<u16>),
    Int32(Vec<i32>),
    Uint32(Vec<u32>),
    Int64(Vec<i64>),
    Uint64(Vec<u64>),
    Float32(Vec<u32>),
    Float64(Vec<u64>),
    Char(String),
    String(Vec<String>),
}

/// A variable.
#[derive(Debug, Deserialize)]
pub struct DescribedVariable {
    /// The name, without its group.
    pub name: String,
    /// The type of an element.
    pub data_type: DescribedType,
    /// Paths of the dimensions, slowest first.
    pub dimensions: Vec<String>,
    /// Lengths, slowest first.
    pub shape: Vec<u64>,
    /// Lengths of a chunk, where the file has chunks.
    pub chunk_shape: Option<Vec<u64>>,
    /// Its attributes.
    pub attributes: Vec<DescribedAttribute>,
    /// One element, little-endian.
    pub fill: Option<Vec<u8>>,
    /// The other files that its elements are in.
    pub sources: Vec<DescribedSource>,
    /// Why its elements are not read.
    pub refused: Option<Failure>,
}

/// A file that elements are in.
#[derive(Debug, Deserialize)]
pub struct DescribedSource {
    /// The path.
    pub path: String,
    /// What it was; `None` where it could not be read.
    pub state: Option<SourceState>,
}

/// What a file was.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct SourceState {
    /// The device that it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// Its length.
    pub size: u64,
    /// When it was modified: seconds and nanoseconds.
    pub modified: (i64, i64),
}

/// A type of elements.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DescribedType {
    Int8,
    Uint8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Uint64,
    Float32,
    Float64,
    Char,
    String,
    Enum { name: String, base: Box<DescribedType>, members: Vec<(String, i128)> },
    Opaque { name: String, size: usize },
    Other { description: String },
}

/// Reads what a worker says next; `None` where it says no more, or what makes no sense: then it must not be asked again.
pub fn next_message(from: &mut impl BufRead) -> Option<Message> {
    let mut line = Vec::new();
    from.take(MOST_LINE_BYTES).read_until(b'\n', &mut line).ok()?;
    if !line.ends_with(b"\n") {
        return None;
    }
    match serde_json::from_slice(&line).ok()? {
        Line::Description(description) => Some(Message::Description(description)),
        Line::Error(failure) => Some(Message::Failure(failure.error())),
        Line::Bytes { bytes, strings: None } => next_bytes(from, bytes).map(Message::Elements),
        Line::Bytes { bytes, strings: Some(lengths) } => {
            split(&next_bytes(from, bytes)?, &lengths).map(Message::Strings)
        }
    }
}

fn next_bytes(from: &mut impl Read, length: u64) -> Option<Vec<u8>> {
    if length > MOST_ANSWER_BYTES {
        return None;
    }
    // It grows with what comes, not with what was announced.
    let mut bytes = Vec::new();
    let read = from.take(length).read_to_end(&mut bytes).ok()?;
    (read as u64 == length).then_some(bytes)
}

/// Cuts bytes into strings; they must use all of them.
fn split(bytes: &[u8], lengths: &[u64]) -> Option<Vec<Vec<u8>>> {
    let mut rest = bytes;
    let mut strings = Vec::with_capacity(lengths.len());
    for &length in lengths {
        let (text, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        strings.push(text.to_vec());
        rest = behind;
    }
    rest.is_empty().then_some(strings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &[u8], expected: &str) {
        let message = next_message(&mut &said[..]);
        let got = match message {
            Some(Message::Elements(bytes)) => format!("{bytes:?}"),
            Some(Message::Strings(strings)) => format!("{strings:?}"),
            Some(Message::Failure(error)) => format!("{:?}: {error}", error.kind),
            Some(Message::Description(description)) => format!("{} groups", description.root.groups.len()),
            None => "nothing".to_owned(),
        };
        assert_eq!(got, expected, "{}", String::from_utf8_lossy(said));
    }

    #[test]
    fn messages_are_a_line_and_its_bytes() {
        check(b"{\"bytes\":3}\nabc", "[97, 98, 99]");
        check(b"{\"bytes\":3}\nabcd", "[97, 98, 99]");
        check(b"{\"bytes\":3,\"strings\":[2,0,1]}\nabc", "[[97, 98], [], [99]]");
        check(b"{\"error\":{\"kind\":\"corrupt\",\"message\":\"no\"}}\n", "Corrupt: no");
        check(b"{\"error\":{\"kind\":\"not_found\",\"message\":\"no\"}}\n", "Unsupported: no");
        let root = r#"{"name":"","dimensions":[],"attributes":[],"variables":[],"groups":[]}"#;
        check(format!("{{\"description\":{{\"root\":{root}}}}}\n").as_bytes(), "0 groups");
    }

    #[test]
    fn what_makes_no_sense_ends_the_talk() {
        check(b"", "nothing");
        check(b"{\"bytes\":3}", "nothing");
        check(b"{\"bytes\":3}\nab", "nothing");
        check(b"{\"bytes\":-3}\nabc", "nothing");
        check(b"{\"bytes\":1073741825}\nabc", "nothing");
        check(b"{\"bytes\":3,\"strings\":[2]}\nabc", "nothing");
        check(b"{\"bytes\":3,\"strings\":[4]}\nabc", "nothing");
        check(b"{\"bytes\":3,\"strings\":[18446744073709551615,4]}\nabc", "nothing");
        check(b"no JSON\n", "nothing");
    }
}
