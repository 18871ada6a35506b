//! Writes reference sets as documents of version 1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::Reference;

/// A JSON document of version 1 with these references, in their order; each key must stand once.
///
/// Inline bytes are written as text where they are ASCII ("any other string, interpreted as ascii data"), otherwise as base64.
#[must_use]
pub fn write<'a>(references: impl IntoIterator<Item = (&'a str, Reference<'a>)>) -> String {
    let mut out = String::from(r#"{"version":1,"refs":{"#);
    for (number, (key, reference)) in references.into_iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        out.push_str(&entry(key, reference));
    }
    out.push_str("}}");
    out
}

/// A key and its reference as a member of the object `refs`, for documents that are written piece by piece.
#[must_use]
pub fn entry(key: &str, reference: Reference<'_>) -> String {
    format!("{}:{}", Value::from(key), value(reference))
}

fn value(reference: Reference<'_>) -> Value {
    match reference {
        Reference::Inline(bytes) => Value::from(text(bytes)),
        Reference::Whole { target } => Value::from(vec![target]),
        Reference::Part { target, offset, length } => {
            Value::from(vec![Value::from(target), Value::from(offset), Value::from(length)])
        }
    }
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() && !text.starts_with("base64:") => text.to_owned(),
        _ => format!("base64:{}", STANDARD.encode(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ReferenceSet;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            inline in prop::collection::vec(any::<u8>(), 0..40), text in "\\PC{0,20}",
            target in "\\PC{1,20}", offset in any::<u64>(), length in any::<u64>(),
        ) {
            let encoded = format!("base64:{text}");
            let references = [
                ("\"k/0\"", Reference::Inline(&inline)),
                ("k/1", Reference::Inline(text.as_bytes())),
                ("k/2", Reference::Inline(encoded.as_bytes())),
                ("k/3", Reference::Whole { target: &target }),
                ("k/4", Reference::Part { target: &target, offset, length }),
            ];
            let set = ReferenceSet::read(write(references).as_bytes()).unwrap();
            prop_assert_eq!(set.iter().collect::<Vec<_>>(), references.to_vec());
        }
    }
}
