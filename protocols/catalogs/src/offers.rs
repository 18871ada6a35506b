//! What a server offers, read off the routes of its plugins: no catalog names a protocol that nobody serves.

use std::collections::BTreeSet;

use crate::listing::encoded_path;

/// The patterns of a server's routes, such as `/datasets/{id}/zarr/{rest}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    patterns: BTreeSet<String>,
}

impl<T: Into<String>> FromIterator<T> for Offers {
    fn from_iter<I: IntoIterator<Item = T>>(patterns: I) -> Self {
        Self { patterns: patterns.into_iter().map(Into::into).collect() }
    }
}

/// A way to a dataset, by its URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// A word for it: `zarr`, `opendap`, ...
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What is put behind the URL of a dataset (`/datasets/{id}`).
    pub suffix: &'static str,
    /// What is put behind that for a page in a browser; nothing where there is none.
    pub page: &'static str,
    /// The media type of what is there.
    pub media_type: &'static str,
    /// The route by which a server is known to have it.
    pattern: &'static str,
}

/// All ways that catalogs know.
const ACCESSES: [Access; 7] = [
    Access {
        name: "opendap",
        label: "OPeNDAP",
        suffix: "/opendap",
        page: ".html",
        media_type: "application/vnd.opendap.dap2.data",
        pattern: "/datasets/{id}/opendap.dds",
    },
    Access {
        name: "zarr",
        label: "Zarr",
        suffix: "/zarr",
        page: "",
        media_type: "application/vnd+zarr",
        pattern: "/datasets/{id}/zarr/{rest}",
    },
    Access {
        name: "kerchunk",
        label: "Zarr, chunks as they are stored",
        suffix: "/kerchunk",
        page: "",
        media_type: "application/vnd+zarr",
        pattern: "/datasets/{id}/kerchunk/{rest}",
    },
    Access {
        name: "references",
        label: "Kerchunk references",
        suffix: "/kerchunk/refs.json",
        page: "",
        media_type: "application/json",
        pattern: "/datasets/{id}/kerchunk/{rest}",
    },
    Access {
        name: "file",
        label: "the original file",
        suffix: "/file",
        page: "",
        media_type: "application/octet-stream",
        pattern: "/datasets/{id}/file",
    },
    Access {
        name: "stac",
        label: "STAC item",
        suffix: "/stac",
        page: "",
        media_type: "application/geo+json",
        pattern: "/datasets/{id}/stac",
    },
    Access {
        name: "wms",
        label: "WMS",
        suffix: "/wms",
        page: "?service=WMS&version=1.3.0&request=GetCapabilities",
        media_type: "text/xml",
        pattern: "/datasets/{id}/wms",
    },
];

impl Offers {
    /// Whether somebody serves a pattern.
    #[must_use]
    pub fn has(&self, pattern: &str) -> bool {
        self.patterns.contains(pattern)
    }

    /// The ways to a dataset that the server has.
    pub fn accesses(&self) -> impl Iterator<Item = &'static Access> + '_ {
        ACCESSES.iter().filter(|access| self.has(access.pattern))
    }

    /// The way called `name`, if the server has it.
    #[must_use]
    pub fn access(&self, name: &str) -> Option<&'static Access> {
        self.accesses().find(|access| access.name == name)
    }

    /// All patterns, sorted.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.patterns.iter().map(String::as_str)
    }
}

/// Where documents are, and what is there.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// What the server is called.
    pub title: &'a str,
    /// Its public URL, without a slash at the end.
    pub base: &'a str,
    /// What it offers.
    pub offers: &'a Offers,
}

impl Site<'_> {
    /// The URL of a dataset, without a slash at the end; everything about it lies below.
    #[must_use]
    pub fn dataset_url(&self, id: &str) -> String {
        format!("{}/datasets/{}", self.base, encoded_path(id))
    }

    /// The URL of a page about a dataset, if somebody serves one.
    #[must_use]
    pub fn dataset_page(&self, id: &str) -> Option<String> {
        let pages = ["/", "/opendap.html"];
        let page = pages.iter().find(|page| self.offers.has(&format!("/datasets/{{id}}{page}")))?;
        Some(self.dataset_url(id) + page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_served_is_offered() {
        let names = |patterns: &[&str]| {
            let offers: Offers = patterns.iter().copied().collect();
            offers.accesses().map(|access| access.name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(&[]), "");
        assert_eq!(names(&["/datasets/{id}/zarr/{rest}", "/datasets/{id}/file"]), "zarr file");
        assert_eq!(names(&["/datasets/{id}/kerchunk/{rest}", "/datasets/{id}/zarr"]), "kerchunk references");
        let offers: Offers = ["/datasets/{id}/opendap.dds"].into_iter().collect();
        assert_eq!(offers.access("opendap").map(|access| access.suffix), Some("/opendap"));
        assert_eq!(offers.access("zarr"), None);
    }
}
