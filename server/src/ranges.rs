//! Byte ranges (RFC 9110, section 14).

use std::ops::Range;

/// What a `Range` header asks for, of a body of a known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// All of it: no header, one that is not understood, or several ranges, which a server may ignore.
    All,
    /// One range of bytes, never empty.
    Part(Range<usize>),
    /// A range that lies outside.
    Outside,
}

/// Reads a `Range` header.
pub fn parse(header: Option<&str>, length: usize) -> Asked {
    let spec = header.and_then(|value| value.trim().strip_prefix("bytes="));
    let Some((first, last)) = spec.and_then(|spec| spec.trim().split_once('-')) else { return Asked::All };
    if last.contains(',') {
        return Asked::All;
    }
    match (digits(first), digits(last)) {
        (Some(Number::None), Some(Number::Some(suffix))) => {
            part(length.saturating_sub(suffix), length, length)
        }
        (Some(Number::Some(first)), Some(Number::None)) => part(first, length, length),
        (Some(Number::Some(first)), Some(Number::Some(last))) if first <= last => {
            part(first, last.saturating_add(1), length)
        }
        _ => Asked::All,
    }
}

fn part(start: usize, end: usize, length: usize) -> Asked {
    let end = end.min(length);
    if start < end { Asked::Part(start..end) } else { Asked::Outside }
}

enum Number {
    None,
    Some(usize),
}

/// A number of digits only; one too large for this machine is beyond any body.
fn digits(text: &str) -> Option<Number> {
    let text = text.trim();
    match text {
        "" => Some(Number::None),
        _ if text.bytes().all(|b| b.is_ascii_digit()) => {
            Some(Number::Some(text.parse().unwrap_or(usize::MAX)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, expected: &Asked) {
        assert_eq!(parse(Some(header), 10), *expected, "{header}");
    }

    #[test]
    fn ranges_are_clamped_or_refused() {
        check("bytes=0-3", &Asked::Part(0..4));
        check("bytes=4-", &Asked::Part(4..10));
        check("bytes=-3", &Asked::Part(7..10));
        check("bytes=-30", &Asked::Part(0..10));
        check("bytes=8-99999999999999999999999", &Asked::Part(8..10));
        check("bytes=10-", &Asked::Outside);
        check("bytes=-0", &Asked::Outside);
        check("bytes=3-2", &Asked::All);
        check("bytes=0-1,3-4", &Asked::All);
        check("bytes=+1-2", &Asked::All);
        check("bytes=-", &Asked::All);
        check("lines=0-3", &Asked::All);
        assert_eq!(parse(None, 10), Asked::All);
        assert_eq!(parse(Some("bytes=0-"), 0), Asked::Outside);
    }
}
