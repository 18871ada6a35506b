//! Parts of pulled bodies: a `Range` header, answered by a body that begins and ends where it says.

use std::ops::Range;

use weir_plugin_api::guest::{Answer, AnswerContent};
use weir_plugin_api::{Error, ErrorKind};

use crate::ranges::{self, Asked};

/// What of a pulled body is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it, and parts are not to be had.
    Whole,
    /// All of it; parts are to be had.
    WholeOfMany,
    /// These bytes of so many.
    Some(Range<u64>, u64),
    /// Nothing: the range lies outside of so many bytes.
    Outside(u64),
}

/// Chooses what a `Range` header asks for of an answer's body, and restricts the body to it before its first piece is pulled.
/// `head` is whether nothing of it is sent.
///
/// # Errors
/// What the plugin says; where it gives no parts, the whole body is sent.
pub fn choose(answer: &mut Answer, range: Option<&str>, head: bool) -> Result<Part, Error> {
    let AnswerContent::Stream { length, body } = &mut answer.content else { return Ok(Part::Whole) };
    let Some(whole) = length.filter(|_| answer.ranges && answer.status == 200) else {
        return Ok(Part::Whole);
    };
    let Ok(addressable) = usize::try_from(whole) else { return Ok(Part::Whole) };
    if !head && !body.gives_parts() {
        return Ok(Part::Whole);
    }
    let part = match ranges::parse(range, addressable) {
        Asked::All => return Ok(Part::WholeOfMany),
        Asked::Outside => return Ok(Part::Outside(whole)),
        Asked::Part(part) => part.start as u64..part.end as u64,
    };
    let wanted = part.end.saturating_sub(part.start);
    if !head {
        match body.restrict(part.start, wanted) {
            Err(error) if error.kind == ErrorKind::Unsupported => return Ok(Part::Whole),
            result => result?,
        }
    }
    *length = Some(wanted);
    Ok(Part::Some(part, whole))
}

impl Part {
    /// The status, where that of the whole body is `status`.
    pub fn status(&self, status: u16) -> u16 {
        match self {
            Self::Whole | Self::WholeOfMany => status,
            Self::Some(..) => 206,
            Self::Outside(_) => 416,
        }
    }

    /// The headers that tell of it.
    pub fn headers(&self) -> Vec<(String, String)> {
        let content_range = match self {
            Self::Whole => return vec![],
            Self::WholeOfMany => None,
            Self::Some(part, whole) => {
                Some(format!("bytes {}-{}/{whole}", part.start, part.end.saturating_sub(1)))
            }
            Self::Outside(whole) => Some(format!("bytes */{whole}")),
        };
        let content_range = content_range.map(|range| ("content-range".to_owned(), range));
        std::iter::once(("accept-ranges".to_owned(), "bytes".to_owned())).chain(content_range).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(part: &Part, status: u16, headers: &[(&str, &str)]) {
        assert_eq!(part.status(200), status);
        let told = part.headers();
        let told: Vec<(&str, &str)> =
            told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(told, headers);
    }

    #[test]
    fn parts_say_which_they_are() {
        check(&Part::Whole, 200, &[]);
        check(&Part::WholeOfMany, 200, &[("accept-ranges", "bytes")]);
        let some = [("accept-ranges", "bytes"), ("content-range", "bytes 3-6/10")];
        check(&Part::Some(3..7, 10), 206, &some);
        check(&Part::Outside(10), 416, &[("accept-ranges", "bytes"), ("content-range", "bytes */10")]);
    }
}
