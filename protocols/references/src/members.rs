//! Takes a JSON object apart into its members, without looking into their values.
//!
//! Metadata documents written by Python hold `NaN` and `Infinity`, which JSON has not; what a value means is for its reader
//! to say, so here only brackets and strings are followed.

use crate::Error;

/// How deep values may nest.
const MOST_NESTED: usize = 128;

/// The members of a JSON object: names, and the text of each value.
///
/// # Errors
/// `Malformed` where the text is no object.
pub fn members(text: &str) -> Result<Vec<(String, &str)>, Error> {
    let mut scanner = Scanner { text, at: 0 };
    let mut members = Vec::new();
    scanner.require(b'{')?;
    if scanner.take(b'}') {
        return scanner.end().map(|()| members);
    }
    loop {
        scanner.skip_space();
        let name = scanner.string()?;
        let name =
            serde_json::from_str(name).map_err(|e| Error::malformed(format!("{name} is no name: {e}")))?;
        scanner.require(b':')?;
        members.push((name, scanner.value()?));
        if scanner.take(b'}') {
            return scanner.end().map(|()| members);
        }
        scanner.require(b',')?;
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at = self.at.saturating_add(1);
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let taken = self.peek() == Some(byte);
        if taken {
            self.at = self.at.saturating_add(1);
        }
        taken
    }

    fn require(&mut self, byte: u8) -> Result<(), Error> {
        if self.take(byte) { Ok(()) } else { Err(self.broken()) }
    }

    fn end(&mut self) -> Result<(), Error> {
        self.skip_space();
        if self.at == self.text.len() { Ok(()) } else { Err(self.broken()) }
    }

    fn broken(&self) -> Error {
        Error::malformed(format!("it is no JSON object: byte {} is not expected", self.at))
    }

    fn since(&self, start: usize) -> Result<&'a str, Error> {
        self.text.get(start..self.at).ok_or_else(|| self.broken())
    }

    /// A string with its quotes.
    fn string(&mut self) -> Result<&'a str, Error> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.broken());
        }
        // The opening quote does not close.
        let mut escaped = true;
        while let Some(byte) = self.peek() {
            self.at = self.at.saturating_add(1);
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return self.since(start),
                _ => {}
            }
        }
        Err(self.broken())
    }

    /// A value, without the space around it.
    fn value(&mut self) -> Result<&'a str, Error> {
        self.skip_space();
        let start = self.at;
        let mut open = Vec::new();
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' if open.len() >= MOST_NESTED => return Err(self.broken()),
                b'{' => open.push(b'}'),
                b'[' => open.push(b']'),
                b'}' | b']' | b',' if open.is_empty() => break,
                b'}' | b']' if open.pop() != Some(byte) => return Err(self.broken()),
                _ => {}
            }
            self.at = self.at.saturating_add(1);
        }
        let value = self.since(start)?.trim_ascii_end();
        if value.is_empty() || !open.is_empty() { Err(self.broken()) } else { Ok(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&[(&str, &str)]>) {
        let got = members(text).ok();
        let got = got.as_ref().map(|m| m.iter().map(|(k, v)| (k.as_str(), *v)).collect::<Vec<_>>());
        assert_eq!(got.as_deref(), expected, "{text}");
    }

    #[test]
    fn objects_are_taken_apart() {
        check("{}", Some(&[]));
        check(" { } ", Some(&[]));
        check(r#"{"a": 1, "b" : [1, {"c": "}"}] }"#, Some(&[("a", "1"), ("b", r#"[1, {"c": "}"}]"#)]));
        check(r#"{"a/.zattrs": {"_FillValue": NaN}}"#, Some(&[("a/.zattrs", r#"{"_FillValue": NaN}"#)]));
        check(r#"{"\u00e9\"": "\\"}"#, Some(&[("é\"", r#""\\""#)]));
        for broken in ["", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{\"a\":[}]}", "{}{}"] {
            check(broken, None);
        }
        check(r#"{"a": "b"#, None);
        check(&format!("{{\"a\":{}", "[".repeat(100_000)), None);
    }
}
