//! JSON documents of version 0 (keys at the top) and version 1 (keys below `refs`, templates, generators).

use std::fmt;
use std::io::{self, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::builder::{Builder, Held, Span};
use crate::generator::{Generator, check_counts};
use crate::limits::MOST_DOCUMENT_BYTES;
use crate::template::{Scope, Steps, Template, Templates};
use crate::transcribe::Transcribe;
use crate::{Error, ErrorKind, ReferenceSet};

/// Reads a document to its end.
///
/// # Errors
/// See [`ReferenceSet::read`].
pub fn read(document: impl Read) -> Result<ReferenceSet, Error> {
    read_within(document, MOST_DOCUMENT_BYTES)
}

fn read_within(document: impl Read, most: u64) -> Result<ReferenceSet, Error> {
    let mut limited = document.take(most.saturating_add(1));
    let mut read = Document::default();
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(&mut limited));
    let result = deserializer.deserialize_map(Top(&mut read)).and_then(|()| deserializer.end());
    drop(deserializer);
    if limited.limit() == 0 {
        return Err(Error::too_large(format!("it has more bytes than the limit of {most}")));
    }
    match (result, read.failure.take()) {
        (_, Some(failure)) => Err(failure),
        (Err(error), None) => Err(broken(&error)),
        (Ok(()), None) => read.finish(),
    }
}

fn broken(error: &serde_json::Error) -> Error {
    let kind = match error.io_error_kind() {
        None | Some(io::ErrorKind::UnexpectedEof) => ErrorKind::Malformed,
        Some(_) => ErrorKind::Unreadable,
    };
    Error { kind, message: format!("it cannot be read as a reference set: {error}") }
}

/// What was read of a document.
#[derive(Debug, Default)]
struct Document {
    version: Version,
    templates: Vec<(String, String)>,
    generators: Vec<Generator>,
    /// Below `refs`.
    references: Builder,
    /// At the top: references of version 0, and what version 1 does not know.
    top: Builder,
    /// What is wrong at the top, if it is version 0.
    top_failure: Option<Error>,
    /// What is wrong, if it is not what serde says.
    failure: Option<Error>,
}

/// Which version a document is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Version {
    /// Keys at the top.
    #[default]
    Zero,
    /// Keys below `refs`. Some writers leave out the number, so any member of version 1 says it.
    One,
}

impl Document {
    fn finish(self) -> Result<ReferenceSet, Error> {
        if self.version == Version::Zero {
            return self.top_failure.map_or_else(|| Ok(self.top.build()), Err);
        }
        let mut set = self.references;
        let templates = Templates::parse(self.templates)?;
        let mut steps = Steps::default();
        if !templates.is_empty() {
            let scope = Scope { variables: &[], templates: Some(&templates) };
            set.render_targets(|target| Template::parse(target)?.render(&scope, &mut steps))?;
        }
        check_counts(&self.generators)?;
        for (number, generator) in self.generators.iter().enumerate() {
            let made = generator.generate(&templates, &mut steps, &mut set);
            made.map_err(|e| e.within(format!("generator {number}")))?;
        }
        Ok(set.build())
    }

    fn fail<E: serde::de::Error>(&mut self, error: Error) -> E {
        self.failure = Some(error);
        E::custom("refused")
    }
}

/// The members at the top of a document.
struct Top<'a>(&'a mut Document);

impl<'de> Visitor<'de> for Top<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of references")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let document = self.0;
        while let Some(name) = map.next_key::<String>()? {
            let before = document.version;
            document.version = Version::One;
            match name.as_str() {
                "version" => check_version(map.next_value()?).map_err(|e| document.fail(e))?,
                "templates" => document.templates = map.next_value_seed(Strings)?,
                "gen" => document.generators = map.next_value()?,
                "refs" => map.next_value_seed(References(document))?,
                _ => {
                    document.version = before;
                    document.top_member(&name, &mut map)?;
                }
            }
        }
        Ok(())
    }
}

fn check_version(version: u64) -> Result<(), Error> {
    match version {
        1 => Ok(()),
        _ => Err(Error::unsupported(format!(
            "version {version} of reference sets; versions 0 and 1 are built in"
        ))),
    }
}

impl Document {
    /// A member that is no reference is wrong in version 0 only; which version it is may stand behind it.
    fn top_member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let added = map.next_value_seed(Meaning(&mut self.top))?.and_then(|held| {
            let key = self.top.key(name)?;
            self.top.add(key, held)
        });
        if let Err(error) = added {
            self.top_failure.get_or_insert_with(|| error.within(format!("{name:?}")));
        }
        Ok(())
    }
}

/// The members of `refs`.
struct References<'a>(&'a mut Document);

impl<'de> DeserializeSeed<'de> for References<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for References<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("references by key")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let document = self.0;
        while let Some(key) = map.next_key_seed(Key(&mut document.references))? {
            let set = &mut document.references;
            let key = key.map_err(|e| fail(&mut document.failure, e))?;
            let added = map.next_value_seed(Meaning(set))?.and_then(|held| set.add(key, held));
            if let Err(error) = added {
                let error = error.within(format!("{:?}", set.key_text(key)));
                return Err(fail(&mut document.failure, error));
            }
        }
        Ok(())
    }
}

fn fail<E: serde::de::Error>(place: &mut Option<Error>, error: Error) -> E {
    *place = Some(error);
    E::custom("refused")
}

/// A key, kept where the set keeps its keys.
struct Key<'a>(&'a mut Builder);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Result<Span, Error>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Result<Span, Error>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.key(key))
    }
}

/// The value of a key. What is well-formed JSON but no reference is an inner error, and wholly read.
struct Meaning<'a>(&'a mut Builder);

impl<'de> DeserializeSeed<'de> for Meaning<'_> {
    type Value = Result<Held, Error>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn no_reference<E>() -> Result<Result<Held, Error>, E> {
    let what =
        "it is no reference: text, an object, [url] or [url, offset, length] with whole numbers from 0";
    Ok(Err(Error::malformed(what)))
}

impl<'de> Visitor<'de> for Meaning<'_> {
    type Value = Result<Held, Error>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reference")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.0.text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let start = self.0.inline().len();
        Transcribe(self.0.inline()).visit_map(map)?;
        Ok(self.0.inline_since(start))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let target = list.next_element_seed(Item(Some(&mut *self.0)))?;
        let offset = list.next_element_seed(Item(None))?;
        let length = list.next_element_seed(Item(None))?;
        let mut more = 0_usize;
        while list.next_element::<IgnoredAny>()?.is_some() {
            more = more.saturating_add(1);
        }
        match (target, offset, length, more) {
            (Some(Part::Target(target)), None, None, 0) => Ok(target.map(Held::Whole)),
            (Some(Part::Target(target)), Some(Part::Natural(offset)), Some(Part::Natural(length)), 0) => {
                Ok(target.map(|target| Held::Part { target, offset, length }))
            }
            (Some(Part::Null), ..) => {
                Ok(Err(Error::unsupported("its target is null: to be given from outside")))
            }
            _ => no_reference(),
        }
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
        no_reference()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
        no_reference()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
        no_reference()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
        no_reference()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        no_reference()
    }
}

/// An element of a reference to another file.
enum Part {
    Target(Result<u32, Error>),
    Natural(u64),
    Null,
    Other,
}

/// Reads an element; text is a target where a builder is given.
struct Item<'a>(Option<&'a mut Builder>);

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = Part;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Part, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a target, an offset or a length")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Part, E> {
        Ok(self.0.map_or(Part::Other, |set| Part::Target(set.target(text))))
    }

    fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Part, E> {
        Ok(Part::Natural(n))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Part, E> {
        Ok(Part::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Part, E> {
        Ok(Part::Other)
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Part, E> {
        Ok(Part::Other)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Part, E> {
        Ok(Part::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Part, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Part::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Part::Other)
    }
}

/// Strings by name, in their order; a name that stands twice is as it stands last.
struct Strings;

impl<'de> DeserializeSeed<'de> for Strings {
    type Value = Vec<(String, String)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Strings {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("templates by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut strings = Vec::new();
        while let Some(entry) = map.next_entry()? {
            strings.push(entry);
        }
        Ok(strings)
    }
}

#[cfg(test)]
mod tests;
