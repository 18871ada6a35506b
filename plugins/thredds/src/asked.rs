//! What of a folder is asked for.

use weir_plugin_api::Error;

/// A folder, and what of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked<'a> {
    /// Its path with a slash at its end; nothing for the root.
    pub folder: &'a str,
    /// What is wanted.
    pub what: What,
}

/// A kind of answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// `catalog.xml`.
    Xml,
    /// `catalog.html`.
    Page,
    /// `latest.xml`.
    Latest,
    /// The folder's bare address.
    Nothing,
}

impl<'a> Asked<'a> {
    /// Reads a path below the root of catalogs.
    ///
    /// # Errors
    /// `NotFound` where it ends with no catalog's name.
    pub fn parse(path: &'a str) -> Result<Self, Error> {
        let behind = path.rfind('/').map_or(0, |slash| slash.saturating_add(1));
        let (folder, file) = path.split_at_checked(behind).unwrap_or(("", path));
        let what = match file {
            "catalog.xml" => What::Xml,
            "catalog.html" => What::Page,
            "latest.xml" => What::Latest,
            "" => What::Nothing,
            _ => {
                return Err(Error::not_found(format!(
                    "{file:?} is no catalog; a folder has catalog.xml, catalog.html and latest.xml"
                )));
            }
        };
        Ok(Self { folder, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: Option<(&str, What)>) {
        let got = Asked::parse(path).ok().map(|Asked { folder, what }| (folder, what));
        assert_eq!(got, expected, "{path}");
    }

    #[test]
    fn paths_end_with_catalogs() {
        check("catalog.xml", Some(("", What::Xml)));
        check("a/é b/catalog.html", Some(("a/é b/", What::Page)));
        check("a/latest.xml", Some(("a/", What::Latest)));
        check("a/", Some(("a/", What::Nothing)));
        check("", Some(("", What::Nothing)));
        check("a/catalog.xm", None);
        check("a", None);
    }
}
