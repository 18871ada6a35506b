//! Codec chains: how a chunk's elements became the stored bytes.

use serde_json::Value;
use weir_model::{ByteOrder, Codec, DataType};

use super::element::Kind;
use super::filter::Filter;
use super::json::Members;
use crate::Error;

/// A codec as metadata names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The name, without `numcodecs.`, which version 3 puts before the codecs of that library.
    pub name: String,
    /// What it was set to.
    pub configuration: Members,
}

/// How elements become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One after the other.
    Elements(ByteOrder),
    /// A count of 4 bytes, then each text behind its length of 4 bytes, little-endian (numcodecs `VLenUTF8`, `VLenBytes`).
    Texts,
}

/// A chain of codecs, in writing order.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// From elements to elements.
    pub filters: Vec<Filter>,
    /// From elements to bytes.
    pub layout: Layout,
    /// From bytes to bytes.
    pub codecs: Vec<Codec>,
}

/// A chain has at most this many steps: the mask of skipped codecs has a bit for each.
const MOST_STEPS: usize = 32;

impl Named {
    /// A codec of some name.
    pub fn new(name: &str, configuration: Members) -> Self {
        Self { name: name.strip_prefix("numcodecs.").unwrap_or(name).to_owned(), configuration }
    }

    /// A codec from bytes to bytes, in the terms of the data model. numcodecs' `shuffle`, `zlib` and `fletcher32` are HDF5's.
    fn to_codec(&self) -> Codec {
        let number = |name: &str, default: u32| {
            let number = self.configuration.get(name).and_then(Value::as_u64);
            number.and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
        };
        match self.name.as_str() {
            "shuffle" => Codec::Shuffle { element_size: number("elementsize", 4).max(1) },
            "zlib" => Codec::Deflate { level: number("level", 1) },
            "fletcher32" => Codec::Fletcher32,
            name => Codec::Other {
                id: 0,
                name: name.to_owned(),
                parameters: Vec::new(),
                configuration: Value::Object(self.configuration.clone()).to_string(),
            },
        }
    }

    /// A number type that the configuration names, with its byte order.
    fn number(&self, member: &str) -> Option<(DataType, ByteOrder)> {
        let spelled = self.configuration.get(member)?.as_str()?;
        match Kind::of_version_2(spelled, false).ok()? {
            (Kind::Number(data_type), order) => Some((data_type, order)),
            (Kind::Bool, order) => Some((DataType::Int8, order)),
            _ => None,
        }
    }

    /// The filter, if it is one that changes elements: `None` for those that only make them compress better.
    ///
    /// # Errors
    /// `Unsupported` for one that is not built in.
    fn to_filter(&self, axes: usize) -> Result<(Option<Filter>, Option<ByteOrder>), Error> {
        let refused =
            || Error::unsupported(format!("filter {} with this configuration is not built in", self.name));
        let float = |member: &str| self.configuration.get(member).and_then(Value::as_f64).ok_or_else(refused);
        match self.name.as_str() {
            "bitround" => Ok((None, None)),
            "quantize"
                if self
                    .configuration
                    .get("astype")
                    .is_none_or(|kept| Some(kept) == self.configuration.get("dtype")) =>
            {
                Ok((None, None))
            }
            "transpose" => transposition(self.configuration.get("order"), axes).map(|filter| (filter, None)),
            "packbits" => Ok((Some(Filter::PackBits), None)),
            "delta" | "fixedscaleoffset" => {
                let (decoded, order) = self.number("dtype").ok_or_else(refused)?;
                let (stored, order) = match self.configuration.get("astype") {
                    None | Some(Value::Null) => (decoded.clone(), order),
                    Some(_) => self.number("astype").ok_or_else(refused)?,
                };
                if self.name == "delta" {
                    return Ok((Some(Filter::Delta { stored, decoded }), Some(order)));
                }
                let (scale, offset) = (float("scale")?, float("offset")?);
                Ok((Some(Filter::ScaleOffset { stored, decoded, scale, offset }), Some(order)))
            }
            _ => Err(refused()),
        }
    }
}

/// A transposition, if it changes anything.
fn transposition(order: Option<&Value>, axes: usize) -> Result<Option<Filter>, Error> {
    let order: Option<Vec<usize>> = order
        .and_then(Value::as_array)
        .and_then(|order| order.iter().map(|axis| usize::try_from(axis.as_u64()?).ok()).collect());
    let order = order.filter(|order| order.len() == axes && (0..axes).all(|axis| order.contains(&axis)));
    let order = order.ok_or_else(|| {
        Error::corrupt(format!("its transposition does not name each of its {axes} axes once"))
    })?;
    let changes = order.iter().enumerate().any(|(n, &axis)| n != axis);
    Ok(changes.then_some(Filter::Transpose { order }))
}

/// The names of codecs from elements to elements.
const FILTERS: [&str; 8] =
    ["transpose", "delta", "fixedscaleoffset", "packbits", "quantize", "bitround", "astype", "categorize"];

/// The order of the axes in the chunks of version 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// The last axis varies fastest.
    C,
    /// The first axis varies fastest.
    F,
}

impl Chain {
    /// The chain of an array of version 2. Filters work on elements in the order in which they are stored.
    ///
    /// # Errors
    /// `Unsupported` for filters that are not built in.
    pub fn of_version_2(
        kind: &Kind,
        order: ByteOrder,
        (shape_axes, axes): (usize, Axes),
        steps: &[Named],
    ) -> Result<Self, Error> {
        let mut filters = Vec::new();
        if axes == Axes::F && shape_axes > 1 {
            filters.push(Filter::Transpose { order: (0..shape_axes).rev().collect() });
        }
        let mut order = order;
        let of_bytes = steps.iter().position(|step| !FILTERS.contains(&step.name.as_str()));
        let (of_elements, of_bytes) = steps.split_at(of_bytes.unwrap_or(steps.len()));
        for step in of_elements {
            let (filter, stored) = step.to_filter(shape_axes)?;
            filters.extend(filter);
            order = stored.unwrap_or(order);
        }
        let texts = |step: &Named| matches!(step.name.as_str(), "vlen-utf8" | "vlen-bytes");
        match (kind, of_bytes) {
            (Kind::Text, [first, rest @ ..]) if texts(first) && filters.is_empty() => {
                Self::checked(kind, filters, Layout::Texts, rest)
            }
            (Kind::Text, _) => Err(Error::unsupported("texts in this layout cannot be read")),
            _ => Self::checked(kind, filters, Layout::Elements(order), of_bytes),
        }
    }

    /// The chain of an array of version 3.
    ///
    /// # Errors
    /// `Unsupported` for steps that are not built in, `Corrupt` where none makes bytes of elements.
    pub fn of_version_3(kind: &Kind, axes: usize, steps: &[Named]) -> Result<Self, Error> {
        let count = steps.iter().position(|step| !FILTERS.contains(&step.name.as_str()));
        let (of_elements, rest) = steps.split_at(count.unwrap_or(steps.len()));
        let (layout, of_bytes) =
            rest.split_first().ok_or_else(|| Error::corrupt("no codec makes bytes of its elements"))?;
        let layout = match layout.name.as_str() {
            "bytes" | "endian" => match layout.configuration.get("endian").and_then(Value::as_str) {
                Some("big") => Layout::Elements(ByteOrder::Big),
                Some("little") | None => Layout::Elements(ByteOrder::Little),
                Some(other) => return Err(Error::corrupt(format!("its byte order is {other:?}"))),
            },
            "vlen-utf8" | "vlen-bytes" => Layout::Texts,
            name => return Err(Error::unsupported(format!("codec {name} is not built in"))),
        };
        let filters: Result<Vec<_>, Error> =
            of_elements.iter().map(|step| Ok(step.to_filter(axes)?.0)).collect();
        let filters = filters?.into_iter().flatten().collect();
        Self::checked(kind, filters, layout, of_bytes)
    }

    fn checked(kind: &Kind, filters: Vec<Filter>, layout: Layout, of_bytes: &[Named]) -> Result<Self, Error> {
        if filters.len().max(of_bytes.len()) >= MOST_STEPS {
            return Err(Error::unsupported(format!("{MOST_STEPS} codecs or more are one too many")));
        }
        if let Some(late) = of_bytes.iter().find(|step| FILTERS.contains(&step.name.as_str())) {
            return Err(Error::unsupported(format!(
                "filter {} behind codecs of bytes is not built in",
                late.name
            )));
        }
        if (layout == Layout::Texts) != (*kind == Kind::Text)
            || (layout == Layout::Texts && !filters.is_empty())
        {
            return Err(Error::unsupported("its codecs are not those of its type"));
        }
        let only_moves = filters.iter().all(|filter| matches!(filter, Filter::Transpose { .. }));
        if !only_moves && kind.is_text() {
            return Err(Error::unsupported("filters of numbers on texts are not built in"));
        }
        filters.iter().try_fold(kind.data_type(), |data_type, filter| filter.stored_type(&data_type))?;
        Ok(Self { filters, layout, codecs: of_bytes.iter().map(Named::to_codec).collect() })
    }

    /// Whether stored chunks are what the data model's codecs describe, and can be passed on as they are.
    pub fn is_plain(&self) -> bool {
        self.filters.is_empty()
    }

    /// The codecs for the schema. A chain that they cannot describe stands there as one step, which is undone here.
    pub fn codecs(&self) -> Vec<Codec> {
        if self.is_plain() {
            return self.codecs.clone();
        }
        let names = self.filters.iter().map(|filter| match filter {
            Filter::Transpose { .. } => "transpose",
            Filter::Delta { .. } => "delta",
            Filter::ScaleOffset { .. } => "fixedscaleoffset",
            Filter::PackBits => "packbits",
        });
        vec![opaque(&names.collect::<Vec<_>>().join("+"))]
    }

    /// Bytes that are swapped together in stored elements.
    pub fn stored_unit(&self, kind: &Kind) -> usize {
        let stored = self
            .filters
            .iter()
            .try_fold(kind.data_type(), |data_type, filter| filter.stored_type(&data_type));
        match (kind, stored) {
            (Kind::FixedUtf32 { .. }, _) => 4,
            (_, Ok(stored)) => stored.swap_unit(),
            _ => 1,
        }
    }
}

/// A step without a description.
pub fn opaque(name: &str) -> Codec {
    Codec::Other { id: 0, name: name.to_owned(), parameters: Vec::new(), configuration: "{}".to_owned() }
}

/// The name and configuration of a codec of version 2: an object whose `id` is the name.
///
/// # Errors
/// `Corrupt` where it has no name.
pub fn named_version_2(value: &Value) -> Result<Named, Error> {
    let mut members = value.as_object().cloned().unwrap_or_default();
    let name = members.remove("id").and_then(|id| id.as_str().map(str::to_owned));
    let name = name.ok_or_else(|| Error::corrupt("a codec has no id"))?;
    Ok(Named::new(&name, members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(json: &str) -> Vec<Named> {
        let steps: Vec<Value> = serde_json::from_str(json).unwrap();
        steps.iter().map(|step| named_version_2(step).unwrap()).collect()
    }

    fn check_2(kind: &Kind, axes: (usize, Axes), json: &str, expected: Result<(usize, &[&str]), &str>) {
        let got = Chain::of_version_2(kind, ByteOrder::Little, axes, &named(json));
        check(json, got, expected);
    }

    fn check(json: &str, got: Result<Chain, Error>, expected: Result<(usize, &[&str]), &str>) {
        match (got, expected) {
            (Ok(chain), Ok((filters, codecs))) => {
                assert_eq!(chain.filters.len(), filters, "{json}");
                assert_eq!(chain.codecs.iter().map(Codec::name).collect::<Vec<_>>(), codecs, "{json}");
            }
            (Err(error), Err(part)) => assert!(error.message.contains(part), "{json}: {error}"),
            (got, expected) => panic!("{json}: {got:?}, not {expected:?}"),
        }
    }

    #[test]
    fn chains_of_version_2() {
        let float = Kind::Number(DataType::Float32);
        check_2(&float, (2, Axes::C), "[]", Ok((0, &[])));
        check_2(
            &float,
            (2, Axes::F),
            r#"[{"id":"shuffle","elementsize":4},{"id":"zlib"}]"#,
            Ok((1, &["shuffle", "deflate"])),
        );
        check_2(&float, (1, Axes::F), r#"[{"id":"blosc","cname":"lz4"}]"#, Ok((0, &["blosc"])));
        check_2(
            &float,
            (1, Axes::C),
            r#"[{"id":"bitround","keepbits":3},{"id":"crc32"}]"#,
            Ok((0, &["crc32"])),
        );
        let delta = r#"[{"id":"delta","dtype":"<f4"},{"id":"zstd"}]"#;
        check_2(&float, (1, Axes::C), delta, Ok((1, &["zstd"])));
        check_2(&Kind::Number(DataType::Int8), (1, Axes::C), delta, Err("for int8 is not built in"));
        check_2(
            &float,
            (1, Axes::C),
            r#"[{"id":"zlib"},{"id":"delta","dtype":"<f4"}]"#,
            Err("behind codecs"),
        );
        check_2(&float, (1, Axes::C), r#"[{"id":"astype","encode_dtype":"<f2"}]"#, Err("filter astype"));
        check_2(&Kind::Text, (1, Axes::C), r#"[{"id":"vlen-utf8"},{"id":"lz4"}]"#, Ok((0, &["lz4"])));
        check_2(&Kind::Text, (1, Axes::C), r#"[{"id":"json2"}]"#, Err("texts in this layout"));
        check_2(
            &float,
            (1, Axes::C),
            &format!("[{}]", [r#"{"id":"zlib"}"#; 40].join(",")),
            Err("one too many"),
        );
    }

    fn check_3(kind: &Kind, json: &str, expected: Result<(usize, &[&str]), &str>) {
        check(json, Chain::of_version_3(kind, 2, &named(json)), expected);
    }

    #[test]
    fn chains_of_version_3() {
        let float = Kind::Number(DataType::Float32);
        check_3(&float, r#"[{"id":"bytes","endian":"big"},{"id":"gzip","level":5}]"#, Ok((0, &["gzip"])));
        check_3(&float, r#"[{"id":"transpose","order":[1,0]},{"id":"bytes"}]"#, Ok((1, &[])));
        check_3(&float, r#"[{"id":"transpose","order":[0,1]},{"id":"bytes"}]"#, Ok((0, &[])));
        for order in ["[0]", "[0,0]", "[0,2]", "[0,1,2]", "\"F\"", "[-1,0]"] {
            let json = format!(r#"[{{"id":"transpose","order":{order}}},{{"id":"bytes"}}]"#);
            check_3(&float, &json, Err("does not name each of its 2 axes once"));
        }
        check_3(
            &float,
            r#"[{"id":"numcodecs.shuffle"},{"id":"bytes"}]"#,
            Err("codec shuffle is not built in"),
        );
        check_3(&float, r#"[{"id":"bytes","endian":"middle"}]"#, Err("middle"));
        check_3(&float, "[]", Err("no codec makes bytes"));
        check_3(&float, r#"[{"id":"vlen-utf8"}]"#, Err("not those of its type"));
    }
}
