//! URLs of objects: `s3://bucket/key`, `https://host/path`, `http://host/path`.

use std::fmt;
use std::hash::{Hash, Hasher};

use object_store::path::Path;
use reqwest::Url;

use crate::{Error, ErrorKind};

/// Where an object lies, or what the names of many objects begin with.
///
/// Its texts leave out a query, which may hold a signature.
#[derive(Clone, PartialEq, Eq)]
pub struct ObjectUrl {
    pub(super) place: UrlPlace,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum UrlPlace {
    /// A bucket of a store that speaks S3, and a key without a slash at its ends.
    Bucket { bucket: String, key: String },
    /// Anything that a web server has.
    Web(Url),
}

/// No URL is longer.
const MOST_CHARACTERS: usize = 8192;

impl ObjectUrl {
    /// Whether a text is a URL of a kind that this module reaches, rather than a path.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.split_once("://").is_some_and(|(scheme, _)| {
            ["s3", "http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        })
    }

    /// Parses a URL. A key of an `s3` URL stands as it is, without percent-encoding, as all tools for S3 have it.
    ///
    /// # Errors
    /// `Unsupported` for other schemes, `BadRequest` for what is no URL or has a user name in it. Messages do not repeat the
    /// text: it may hold a password.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let bad = |what: &str| Error::new(ErrorKind::BadRequest, format!("the URL {what}"));
        if text.len() > MOST_CHARACTERS {
            return Err(bad(&format!("has more than {MOST_CHARACTERS} bytes")));
        }
        if text.chars().any(char::is_control) {
            return Err(bad("has control characters in it"));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("has no scheme"))?;
        match scheme.to_ascii_lowercase().as_str() {
            "s3" => bucket_and_key(rest),
            "http" | "https" => web(text),
            _ => Err(Error::unsupported(format!(
                "{scheme:?} URLs cannot be reached, only s3, http and https ones"
            ))),
        }
    }

    /// The last part of its path: what a dataset there is called.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let last = match &self.place {
            UrlPlace::Bucket { key, .. } => key.rsplit('/').next().map(str::to_owned),
            UrlPlace::Web(url) => {
                let last = url.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                percent_encoding::percent_decode_str(last).decode_utf8().ok().map(Into::into)
            }
        };
        last.filter(|name| !name.is_empty() && !name.contains(['/', '\0']))
    }

    /// The URL of what is called `key` below this one. The caller has checked the key.
    pub(super) fn below(&self, below: &str) -> Result<Self, Error> {
        let place = match &self.place {
            UrlPlace::Bucket { bucket, key } if key.is_empty() => {
                UrlPlace::Bucket { bucket: bucket.clone(), key: below.to_owned() }
            }
            UrlPlace::Bucket { bucket, key } => {
                UrlPlace::Bucket { bucket: bucket.clone(), key: format!("{key}/{below}") }
            }
            UrlPlace::Web(url) => {
                let mut url = url.clone();
                let mut segments = url
                    .path_segments_mut()
                    .map_err(|()| Error::new(ErrorKind::BadRequest, "the URL cannot have others below it"))?;
                segments.pop_if_empty().extend(below.split('/'));
                drop(segments);
                UrlPlace::Web(url)
            }
        };
        Ok(Self { place })
    }
}

fn bucket_and_key(rest: &str) -> Result<ObjectUrl, Error> {
    let bad = |what: &str| Err(Error::new(ErrorKind::BadRequest, format!("the s3 URL {what}")));
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    // Buckets have 3 to 63 characters; old ones up to 255 ("General purpose bucket naming rules").
    if !(3..=255).contains(&bucket.len()) || !bucket.chars().all(plain) || bucket.contains("..") {
        return bad("names no bucket: 3 or more letters, digits, dots and hyphens before the first slash");
    }
    let key = key.strip_suffix('/').unwrap_or(key);
    if key.starts_with('/') || Path::parse(key).is_err() {
        return bad("has a key with an empty part, or with . or .. as a part, which are not supported");
    }
    let place = UrlPlace::Bucket { bucket: bucket.to_owned(), key: key.to_owned() };
    Ok(ObjectUrl { place })
}

fn web(text: &str) -> Result<ObjectUrl, Error> {
    let bad = |what: &str| Error::new(ErrorKind::BadRequest, format!("the URL {what}"));
    // Taken from the text itself: parsers forgive an empty user name, slashes that lean the other way, and too many of them.
    let (_, rest) = text.split_once("://").unwrap_or_default();
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(bad("names no host"));
    }
    let mut url = Url::parse(text).map_err(|e| bad(&format!("cannot be parsed: {e}")))?;
    if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
        return Err(bad("has a user name in it, which is not allowed"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(bad("names no host"));
    }
    url.set_fragment(None);
    Ok(ObjectUrl { place: UrlPlace::Web(url) })
}

impl fmt::Display for ObjectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            UrlPlace::Bucket { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            UrlPlace::Web(url) => {
                write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                f.write_str(url.path())
            }
        }
    }
}

impl fmt::Debug for ObjectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Hash for ObjectUrl {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.place {
            UrlPlace::Bucket { bucket, key } => (bucket, key).hash(state),
            UrlPlace::Web(url) => url.as_str().hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_shown_is_a_url_that_leads_to_the_same_place(
            scheme in "s3|http|https|HTTP|file",
            rest in "\\PC{0,40}|[a-z.%0-9/?#@:\\\\ ]{0,40}",
        ) {
            if let Ok(url) = ObjectUrl::parse(&format!("{scheme}://{rest}")) {
                let again = ObjectUrl::parse(&url.to_string()).unwrap();
                prop_assert_eq!(again.to_string(), url.to_string());
                prop_assert_eq!(again.name(), url.name());
            }
        }
    }

    fn check(text: &str, expected: Result<&str, ErrorKind>) {
        let got = ObjectUrl::parse(text);
        assert_eq!(got.map(|url| url.to_string()).map_err(|e| e.kind), expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn urls_of_buckets() {
        check("s3://bucket/a/b.nc", Ok("s3://bucket/a/b.nc"));
        check("S3://bucket/a b%20?c#d.nc", Ok("s3://bucket/a b%20?c#d.nc"));
        check("s3://bucket/store.zarr/", Ok("s3://bucket/store.zarr"));
        check("s3://bucket", Ok("s3://bucket/"));
        for text in [
            "s3://",
            "s3:///key",
            "s3://b/k",
            "s3://user:key@bucket/k",
            "s3://bu..et/k",
            "s3://bucket:9000/k",
        ] {
            check(text, Err(ErrorKind::BadRequest));
        }
        for key in ["../k", "a/../k", "/k", "a//k", "./k", "k/.", "a\nb"] {
            check(&format!("s3://bucket/{key}"), Err(ErrorKind::BadRequest));
        }
    }

    #[test]
    fn urls_of_web_servers() {
        check("https://host/a/b.nc", Ok("https://host/a/b.nc"));
        check("HTTPS://HOST:8443/a/../b%2Fc.nc?signature=canary", Ok("https://host:8443/b%2Fc.nc"));
        check("http://2130706433/x", Ok("http://127.0.0.1/x"));
        check("http://0x7f.1/x", Ok("http://127.0.0.1/x"));
        check("http://0177.0.0.01/x", Ok("http://127.0.0.1/x"));
        check("http://[::ffff:127.0.0.1]/x", Ok("http://[::ffff:7f00:1]/x"));
        for text in ["https://user@host/x", "https://:pass@host/x", "https://@host/x", "https:///@host/x"] {
            check(text, Err(ErrorKind::BadRequest));
        }
        check("https://host/x@y?z=http://a@b", Ok("https://host/x@y"));
        check("https://host\\@other/x", Ok("https://host/@other/x"));
        check("https://", Err(ErrorKind::BadRequest));
        check("no url", Err(ErrorKind::BadRequest));
        check("gopher://host/x", Err(ErrorKind::Unsupported));
        check("file:///etc/passwd", Err(ErrorKind::Unsupported));
    }

    #[test]
    fn secrets_in_urls_are_not_repeated() {
        for text in ["https://user:canary@host/x", "s3://user:canary@bucket/x", "https://host:canary/x"] {
            let error = ObjectUrl::parse(text).unwrap_err();
            assert!(!error.message.contains("canary"), "{error}");
        }
        let url = ObjectUrl::parse("https://host/x?X-Amz-Signature=canary#canary").unwrap();
        assert!(!format!("{url} {url:?}").contains("canary"), "{url:?}");
    }

    #[test]
    fn names_and_what_lies_below() {
        let parse = |text: &str| ObjectUrl::parse(text).unwrap();
        assert_eq!(parse("s3://bucket/a/b.nc").name().unwrap(), "b.nc");
        assert_eq!(parse("https://host/a/b%20c.nc?x").name().unwrap(), "b c.nc");
        assert_eq!((parse("s3://bucket").name(), parse("https://host").name()), (None, None));
        assert_eq!(parse("https://host/a%2Fb").name(), None);
        assert_eq!(parse("s3://bucket").below("a/0.0").unwrap().to_string(), "s3://bucket/a/0.0");
        assert_eq!(parse("s3://bucket/z").below("a/0.0").unwrap().to_string(), "s3://bucket/z/a/0.0");
        assert_eq!(parse("http://h/z/").below("a/0 %").unwrap().to_string(), "http://h/z/a/0%20%25");
    }
}
