//! Queries of keys and values, as the WMS specifications write them: keys in any case, in any order (OGC 06-042, 6.8.1).

use weir_plugin_api::Error;
use weir_plugin_api::form::{decoded, pairs};

use crate::refusal::{Code, refused};

/// The keys of a query with their values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Keys {
    pairs: Vec<(String, String)>,
}

impl Keys {
    /// Reads a query.
    ///
    /// # Errors
    /// Where a key or a value is not UTF-8.
    pub(crate) fn parse(query: &str) -> Result<Self, Error> {
        let text = |text: &str| {
            decoded(text).map_err(|error| {
                let shown: String = text.chars().take(60).collect();
                refused(Code::InvalidParameterValue, format!("{shown:?} is not UTF-8: {error}"))
            })
        };
        let read = |(key, value)| Ok((text(key)?, text(value)?.trim().to_owned()));
        Ok(Self { pairs: pairs(query).map(read).collect::<Result<_, Error>>()? })
    }

    /// The value of a key; nothing where it is empty, which is as good as not being there.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let mut named = self.pairs.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        named.find(|(_, value)| !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The value of a key that must be there.
    ///
    /// # Errors
    /// `MissingParameterValue`.
    pub(crate) fn required(&self, key: &str) -> Result<&str, Error> {
        self.get(key).ok_or_else(|| {
            refused(Code::MissingParameterValue, format!("{} is missing", key.to_ascii_uppercase()))
        })
    }

    /// The parts of a value between commas; none where the key is not there.
    pub(crate) fn list(&self, key: &str) -> Vec<&str> {
        self.get(key).map(|value| value.split(',').map(str::trim).collect()).unwrap_or_default()
    }

    /// A whole number within limits, where the key is there.
    ///
    /// # Errors
    /// `InvalidParameterValue`; `TooLarge` for what is beyond `most`.
    pub(crate) fn whole(&self, key: &str, (least, most): (u32, u32)) -> Result<Option<u32>, Error> {
        let Some(text) = self.get(key) else { return Ok(None) };
        let name = key.to_ascii_uppercase();
        match text.parse::<u64>() {
            Ok(number) if number > u64::from(most) => {
                Err(Error::too_large(format!("{name} is {number}, and {most} is the most")))
            }
            Ok(number) if number >= u64::from(least) => Ok(u32::try_from(number).ok()),
            _ => Err(invalid(key, text, &format!("a whole number from {least} to {most}"))),
        }
    }

    /// Whether a key says true; `false` where it is not there.
    ///
    /// # Errors
    /// `InvalidParameterValue`.
    pub(crate) fn flag(&self, key: &str) -> Result<bool, Error> {
        match self.get(key).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(invalid(key, other, "TRUE or FALSE")),
        }
    }
}

/// A value that a key does not take.
pub(crate) fn invalid(key: &str, value: &str, wanted: &str) -> Error {
    let shown: String = value.chars().take(60).collect();
    let key = key.to_ascii_uppercase();
    refused(Code::InvalidParameterValue, format!("{key} is {shown:?}, but must be {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_any_case() {
        let keys =
            Keys::parse("Layers=a,+b%20c&STYLES=&width=70&transparent=TRUE&x=%C3%A9&layers=d").unwrap();
        assert_eq!(keys.list("LAYERS"), ["a", "b c"]);
        assert_eq!(keys.get("styles"), None);
        assert!(keys.list("styles").is_empty());
        assert_eq!(keys.whole("WIDTH", (1, 100)), Ok(Some(70)));
        assert_eq!(keys.whole("HEIGHT", (1, 100)), Ok(None));
        assert_eq!(keys.flag("TRANSPARENT"), Ok(true));
        assert_eq!(keys.get("X"), Some("é"));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let check = |found: Result<(), Error>, words: &str| {
            let error = found.unwrap_err();
            assert!(error.message.contains(words), "{error}");
        };
        check(Keys::parse("a=%ff").map(drop), "not UTF-8");
        let keys = Keys::parse("width=0&height=1e3&transparent=yes&deep=5000").unwrap();
        check(keys.whole("width", (1, 4096)).map(drop), "a whole number from 1 to 4096");
        check(keys.whole("height", (1, 4096)).map(drop), "HEIGHT is \"1e3\"");
        check(keys.whole("deep", (1, 4096)).map(drop), "4096 is the most");
        check(keys.flag("transparent").map(drop), "TRUE or FALSE");
        check(keys.required("bbox").map(drop), "MissingParameterValue: BBOX is missing");
    }
}
