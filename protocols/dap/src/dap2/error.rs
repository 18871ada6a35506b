//! The error body: what a client reads instead of data.

/// The DAP2 body that says `message`; `code` is the HTTP status.
///
/// netCDF-C prints the message only from exactly this shape: an unquoted integer, a quoted string, and `};` at the end.
#[must_use]
pub fn body(code: u16, message: &str) -> String {
    let mut quoted = String::with_capacity(message.len());
    for c in message.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    format!("Error {{\n    code = {code};\n    message = \"{quoted}\";\n}};\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: &str) {
        let expected = format!("Error {{\n    code = 400;\n    message = \"{expected}\";\n}};\n");
        assert_eq!(body(400, message), expected);
    }

    #[test]
    fn messages_are_quoted() {
        check("no variable x", "no variable x");
        check("found \"x\\y\"", "found \\\"x\\\\y\\\"");
        check("two\nlines", "two lines");
    }
}
