//! The two versions of WMS.

use weir_plugin_api::Error;

use crate::keys::{Keys, invalid};

/// A version of WMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 1.1.1 (OGC 01-068r3).
    V111,
    /// 1.3.0 (OGC 06-042).
    V130,
}

impl Version {
    /// The version in which capabilities are told: the highest that is not above what is asked for, else the lowest (OGC 06-042, 6.2.4).
    pub(crate) fn negotiated(keys: &Keys) -> Self {
        match asked(keys).map(numbers) {
            Some(Some(version)) if version < [1, 3, 0] => Self::V111,
            _ => Self::V130,
        }
    }

    /// The version of another request, which must be one of the two. Where none is told, `SRS` tells the older one.
    ///
    /// # Errors
    /// `InvalidParameterValue`.
    pub(crate) fn of(keys: &Keys) -> Result<Self, Error> {
        match asked(keys) {
            None if keys.get("srs").is_some() && keys.get("crs").is_none() => Ok(Self::V111),
            None | Some("1.3.0" | "1.3") => Ok(Self::V130),
            Some("1.1.1" | "1.1.0" | "1.1") => Ok(Self::V111),
            Some(other) => Err(invalid("version", other, "1.1.1 or 1.3.0")),
        }
    }

    /// The media type of its exceptions.
    pub(crate) fn exception_type(self) -> &'static str {
        match self {
            Self::V111 => "application/vnd.ogc.se_xml",
            Self::V130 => "text/xml",
        }
    }

    /// The key of the coordinate reference system.
    pub(crate) fn crs_key(self) -> &'static str {
        match self {
            Self::V111 => "srs",
            Self::V130 => "crs",
        }
    }
}

fn asked(keys: &Keys) -> Option<&str> {
    keys.get("version").or_else(|| keys.get("wmtver"))
}

fn numbers(text: &str) -> Option<[u32; 3]> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let mut next = || parts.next().unwrap_or(Some(0));
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_negotiated() {
        let check = |query: &str, expected| {
            assert_eq!(Version::negotiated(&Keys::parse(query).unwrap()), expected, "{query}");
        };
        check("", Version::V130);
        check("version=1.3.0", Version::V130);
        check("VERSION=1.1.1", Version::V111);
        check("version=1.0.0", Version::V111);
        check("version=1.2.7", Version::V111);
        check("version=2.0.0", Version::V130);
        check("version=x", Version::V130);
    }

    #[test]
    fn requests_have_a_version() {
        let check = |query: &str, expected: Option<Version>| {
            assert_eq!(Version::of(&Keys::parse(query).unwrap()).ok(), expected, "{query}");
        };
        check("", Some(Version::V130));
        check("srs=EPSG:4326", Some(Version::V111));
        check("srs=EPSG:4326&crs=EPSG:4326", Some(Version::V130));
        check("version=1.1.1&crs=CRS:84", Some(Version::V111));
        check("version=1.0.0", None);
    }
}
