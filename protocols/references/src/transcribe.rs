//! JSON values that stand in a reference set as they are ("Data can also be written as a JSON object instead of a string").

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::limits::MOST_INLINE_BYTES;

/// Writes the value that is read next as JSON text, without ever holding it otherwise.
pub struct Transcribe<'a>(pub &'a mut Vec<u8>);

impl Transcribe<'_> {
    fn text<T: serde::Serialize + ?Sized, E: serde::de::Error>(&mut self, value: &T) -> Result<(), E> {
        serde_json::to_writer(&mut *self.0, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Transcribe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Transcribe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: serde::de::Error>(mut self, value: bool) -> Result<(), E> {
        self.text(&value)
    }

    fn visit_i64<E: serde::de::Error>(mut self, value: i64) -> Result<(), E> {
        self.text(&value)
    }

    fn visit_u64<E: serde::de::Error>(mut self, value: u64) -> Result<(), E> {
        self.text(&value)
    }

    fn visit_f64<E: serde::de::Error>(mut self, value: f64) -> Result<(), E> {
        self.text(&value)
    }

    fn visit_str<E: serde::de::Error>(mut self, value: &str) -> Result<(), E> {
        self.text(value)
    }

    fn visit_unit<E: serde::de::Error>(mut self) -> Result<(), E> {
        self.text(&())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.push(b'[');
        let start = self.0.len();
        while list.next_element_seed(Element { out: self.0, start })?.is_some() {}
        self.0.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let begun = self.0.len();
        self.0.push(b'{');
        let start = self.0.len();
        while let Some(name) = map.next_key::<String>()? {
            if self.0.len() > start {
                self.0.push(b',');
            }
            self.text(&name)?;
            self.0.push(b':');
            map.next_value_seed(Transcribe(self.0))?;
            if self.0.len().saturating_sub(begun) > MOST_INLINE_BYTES {
                let message = format!("an inline value has more than {MOST_INLINE_BYTES} bytes");
                return Err(serde::de::Error::custom(message));
            }
        }
        self.0.push(b'}');
        Ok(())
    }
}

/// An element of a list, with a comma before all but the first.
struct Element<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.out.len() > self.start {
            self.out.push(b',');
        }
        deserializer.deserialize_any(Transcribe(self.out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_written_as_it_was_read() {
        let text = r#"{"shape":[3,-4,18446744073709551615],"fill_value":0.1,"a":[[],{},[{"b":null}],""],"é\n":true,"c":"\""}"#;
        let mut out = b"before".to_vec();
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Transcribe(&mut out).deserialize(&mut deserializer).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("before{text}"));
    }
}
