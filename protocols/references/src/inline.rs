//! Bytes that stand in a reference set itself.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::Error;
use crate::limits::MOST_INLINE_BYTES;

/// Writers differ in whether they pad.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a string value means: behind `base64:` bytes, otherwise itself ("References specification", "the `str` format of a
/// reference value").
///
/// # Errors
/// `Malformed` where what is behind `base64:` is no base64, `TooLarge` beyond the limit.
pub fn inline_bytes(text: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    let bytes = match text.strip_prefix(b"base64:") {
        None => Cow::Borrowed(text),
        Some(encoded) => {
            let broken = |e| Error::malformed(format!("what is behind base64: is no base64: {e}"));
            Cow::Owned(LENIENT.decode(without_lines(encoded)).map_err(broken)?)
        }
    };
    if bytes.len() > MOST_INLINE_BYTES {
        let message = format!("an inline value has {} bytes, the limit is {MOST_INLINE_BYTES}", bytes.len());
        return Err(Error::too_large(message));
    }
    Ok(bytes)
}

/// Some writers break base64 into lines.
fn without_lines(encoded: &[u8]) -> Cow<'_, [u8]> {
    match encoded.iter().any(u8::is_ascii_whitespace) {
        true => encoded.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect(),
        false => Cow::Borrowed(encoded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn check(text: &str, expected: Result<&[u8], ErrorKind>) {
        let got = inline_bytes(text.as_bytes()).map_err(|e| e.kind);
        assert_eq!(got.as_deref(), expected.as_deref(), "{text}");
    }

    #[test]
    fn text_stands_for_itself_and_base64_for_bytes() {
        check("{\"zarr_format\":2}", Ok(b"{\"zarr_format\":2}"));
        check("", Ok(b""));
        check("base64:", Ok(b""));
        check("base64:AQID", Ok(&[1, 2, 3]));
        check("base64:AQI=", Ok(&[1, 2]));
        check("base64:AQI", Ok(&[1, 2]));
        check("base64:AQ\nID\n", Ok(&[1, 2, 3]));
        check("base64:A", Err(ErrorKind::Malformed));
        check("base64:!!!!", Err(ErrorKind::Malformed));
    }

    #[test]
    fn inline_values_are_capped() {
        let long = vec![b'a'; MOST_INLINE_BYTES + 1];
        assert_eq!(inline_bytes(&long).unwrap_err().kind, ErrorKind::TooLarge);
    }
}
