//! Texts as the DAS quotes them.

use std::fmt::Write;

/// `text` in quotes.
///
/// Only what must be escaped is: netCDF-C undoes escapes, pydap shows them. So line ends stay as they are, bytes that are
/// not UTF-8 and control characters become `\ooo`, and a backslash at the very end becomes `\134`, because pydap takes one
/// before the closing quote for an escape of it.
pub(in super::super) fn quote(text: &[u8]) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            push(c, &mut quoted);
        }
        for byte in chunk.invalid() {
            // Writing into a String cannot fail.
            let _ = write!(quoted, "\\{byte:03o}");
        }
    }
    if text.ends_with(b"\\") {
        quoted.truncate(quoted.len().saturating_sub(2));
        quoted.push_str("\\134");
    }
    quoted.push('"');
    quoted
}

fn push(c: char, quoted: &mut String) {
    match c {
        '"' | '\\' => quoted.extend(['\\', c]),
        '\n' | '\r' | '\t' => quoted.push(c),
        '\0'..='\x1f' | '\x7f' => {
            let _ = write!(quoted, "\\{:03o}", u32::from(c));
        }
        c => quoted.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8], expected: &str) {
        assert_eq!(quote(text), expected);
    }

    #[test]
    fn texts_are_quoted() {
        check(b"", "\"\"");
        check(b"sea water", "\"sea water\"");
        check(b"say \"x\"", "\"say \\\"x\\\"\"");
        check(b"a\\b", "\"a\\\\b\"");
        check(b"tail\\", "\"tail\\134\"");
        check(b"two\\\\", "\"two\\\\\\134\"");
        check(b"a\nb\tc\r", "\"a\nb\tc\r\"");
        check("µ é".as_bytes(), "\"µ é\"");
        check(b"caf\xe9", "\"caf\\351\"");
        check(b"a\0b\x01", "\"a\\000b\\001\"");
    }
}
