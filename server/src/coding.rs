//! Content codings: which one a client wants, and of which responses (RFC 9110, sections 8.4 and 12.5.3).

use hyper::header::{self, HeaderMap};

/// A way to compress a body on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 8878: the fastest by far.
    Zstd,
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Deflate,
}

/// Bodies with fewer bytes are not compressed: they are one packet in any case.
pub const LEAST: u64 = 1024;

impl Coding {
    /// All of them; the first of those that a client likes equally well is taken.
    pub const ALL: [Self; 3] = [Self::Zstd, Self::Gzip, Self::Deflate];

    /// The name in headers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// The entity tag of a body in this coding, whose own is `tag`: other bytes need another one.
    pub fn tag(self, tag: &str) -> String {
        format!("{}-{}\"", tag.strip_suffix('"').unwrap_or(tag), self.name())
    }

    /// The coding that a request asks for, if it asks for any.
    pub fn asked(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
        let lines: Vec<_> = lines.filter_map(|line| line.to_str().ok()).collect();
        Self::accepted(&lines.join(","))
    }

    /// The coding that `Accept-Encoding` asks for. `*` is taken for gzip, which everybody knows, and not for the others.
    fn accepted(list: &str) -> Option<Self> {
        let items: Vec<(String, u16)> = list.split(',').filter_map(item).collect();
        let weight = |name: &str| items.iter().find(|(own, _)| own == name).map(|(_, weight)| *weight);
        let own_weight = |coding: Self| match coding {
            Self::Gzip => weight("gzip").or_else(|| weight("x-gzip")).or_else(|| weight("*")),
            _ => weight(coding.name()),
        };
        // Of equal ones `max_by_key` would take the last.
        let best = Self::ALL.into_iter().rev().max_by_key(|coding| own_weight(*coding).unwrap_or(0))?;
        let its = own_weight(best).unwrap_or(0);
        (its > 0 && its >= weight("identity").unwrap_or(0)).then_some(best)
    }
}

/// One coding of a list, with its weight in thousandths; `None` for what cannot be understood.
fn item(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
    let weight = match parts.next() {
        None => 1000,
        Some(parameter) => {
            weight(parameter.strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?.trim())?
        }
    };
    Some((name, weight))
}

/// A weight: `0`, `1`, or either with up to three digits behind a point; none is more than 1.
fn weight(text: &str) -> Option<u16> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if !["0", "1"].contains(&whole) || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{part:0<3}").parse().ok()?;
    let weight = if whole == "1" { thousandths.checked_add(1000)? } else { thousandths };
    (weight <= 1000).then_some(weight)
}

/// Whether a response may be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// Never.
    Nothing,
    /// It holds numbers, of which many are noise.
    Numbers,
    /// It holds text.
    Text,
}

impl Worth {
    /// What compressing a body of this media type is worth.
    pub fn of(media_type: &str) -> Self {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let (kind, name) = essence.split_once('/').unwrap_or((&essence, ""));
        let texts = ["json", "xml", "javascript", "yaml", "x-yaml", "x-ndjson", "toml"];
        let is_text = kind == "text"
            || (kind == "application" && texts.contains(&name))
            || [("+json"), ("+xml"), ("+yaml")].iter().any(|suffix| name.ends_with(suffix));
        if is_text { Self::Text } else { Self::Nothing }
    }

    /// The coding of a body of `length` bytes, of which the client asks for `asked`.
    pub fn coding(self, asked: Option<Coding>, length: Option<u64>) -> Option<Coding> {
        asked.filter(|_| self != Self::Nothing && length.is_none_or(|length| length >= LEAST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(list: &str, expected: Option<Coding>) {
        assert_eq!(Coding::accepted(list), expected, "{list:?}");
    }

    #[test]
    fn clients_choose() {
        check("", None);
        check("identity", None);
        check("br, compress", None);
        check("deflate, gzip", Some(Coding::Gzip));
        check("gzip, deflate, br, zstd", Some(Coding::Zstd));
        check("DEFLATE", Some(Coding::Deflate));
        check("x-gzip", Some(Coding::Gzip));
        check("*", Some(Coding::Gzip));
        check("gzip;q=0, *", None);
        check("*;q=0", None);
        check("gzip;q=0.5, deflate;q=0.501", Some(Coding::Deflate));
        check("zstd ; q = 0.1 , gzip ;Q=1.000", Some(Coding::Gzip));
        check("gzip;q=0.5, identity", None);
        check("gzip, identity", Some(Coding::Gzip));
        check("gzip;q=0.4, identity;q=0.5, *;q=0.1", None);
        check("identity;q=0, deflate;q=0.001", Some(Coding::Deflate));
        check("identity;q=0", None);
        check("gzip;q=2, deflate;q=x, zstd;q=0.0001, zstd;level=3,,;", None);
    }

    #[test]
    fn media_types_tell_what_is_text() {
        let check = |media_type, expected| assert_eq!(Worth::of(media_type), expected, "{media_type}");
        check("text/plain; charset=utf-8", Worth::Text);
        check("application/JSON", Worth::Text);
        check("application/vnd.example.metadata+xml", Worth::Text);
        check("image/svg+xml", Worth::Text);
        check("image/png", Worth::Nothing);
        check("application/octet-stream", Worth::Nothing);
        check("application/zip", Worth::Nothing);
        check("", Worth::Nothing);
    }

    #[test]
    fn small_bodies_stay_as_they_are() {
        let gzip = Some(Coding::Gzip);
        assert_eq!(Worth::Text.coding(gzip, Some(1023)), None);
        assert_eq!(Worth::Text.coding(gzip, Some(1024)), gzip);
        assert_eq!(Worth::Numbers.coding(gzip, None), gzip);
        assert_eq!(Worth::Numbers.coding(None, None), None);
        assert_eq!(Worth::Nothing.coding(gzip, None), None);
        assert_eq!(Coding::Gzip.tag("\"ab\""), "\"ab-gzip\"");
    }
}
