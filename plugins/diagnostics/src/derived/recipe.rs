//! Recipes: what a dataset is made of and how, as it is kept with the host.

use serde::{Deserialize, Serialize};
use weir_plugin_api::{Dataset, Error, ErrorKind};

use super::reduced::Chunks;
use super::{Derived, Reduced, Sources};
use crate::diagnostic::Diagnostic;
use crate::virtual_dataset::{Definition, Formulas};
use crate::watch::Watch;
use crate::{groupby, query};

/// What a dataset is made of, and how.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// A variable in groups.
    Groupby {
        /// The dataset's id.
        source: String,
        /// `VARIABLE/COORDINATE/ACTION`.
        asked: String,
        /// The part of a quantile.
        q: Option<f64>,
    },
    /// The answer to a query.
    Query {
        /// The dataset's id.
        source: String,
        /// The query, without a format.
        query: String,
    },
    /// A dataset of the configuration.
    Virtual(Box<Definition>),
    /// A dataset of the configuration that cannot be understood.
    Broken {
        /// Why.
        reason: String,
    },
}

/// What generations of results end with that do not change with every byte of what they are made of.
const UNPINNED: char = '~';

/// A short text that differs where bytes do (FNV-1a).
pub fn digest(bytes: &[u8]) -> String {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, step))
}

/// What a dataset is now that is made of others by a recipe.
///
/// # Errors
/// `Cancelled` where nobody waits for it.
pub fn generation(recipe: &[u8], sources: &[Dataset]) -> Result<String, Error> {
    let all = sources.iter().map(Dataset::generation).collect::<Result<Vec<_>, _>>()?;
    let end = if all.iter().any(|one| one.ends_with(UNPINNED)) { "~" } else { "" };
    Ok(format!("{}-{}-{}{end}", digest(recipe), env!("CARGO_PKG_VERSION"), digest(all.join("\n").as_bytes())))
}

impl Recipe {
    /// The bytes that are kept.
    ///
    /// # Errors
    /// None is expected.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|e| Error::internal(format!("a recipe cannot be written: {e}")))
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// `Internal` where it was not written here.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|e| Error::internal(format!("a recipe cannot be read: {e}")))
    }

    /// The ids of the datasets that it needs.
    pub fn sources(&self) -> Vec<&str> {
        match self {
            Self::Groupby { source, .. } | Self::Query { source, .. } => vec![source],
            Self::Virtual(definition) => definition.sources(),
            Self::Broken { .. } => vec![],
        }
    }

    /// The dataset that it makes.
    ///
    /// # Errors
    /// Why it cannot be made of these.
    pub fn open<'a>(
        &'a self,
        sources: &'a Sources,
        watch: Watch<'a>,
    ) -> Result<Box<dyn Derived + 'a>, Error> {
        let reduced = |diagnostic: Diagnostic<'a>, chunks| Reduced::new(diagnostic.watched(watch), chunks);
        Ok(match self {
            Self::Groupby { asked, q, .. } => {
                let diagnostic = groupby::diagnostic(sources.first()?, asked, *q)?;
                Box::new(reduced(diagnostic, &Chunks::default())?)
            }
            Self::Query { query, .. } => {
                let diagnostic = query::diagnostic(sources.first()?, query, &|_| Ok(()))?;
                Box::new(reduced(diagnostic, &Chunks::default())?)
            }
            Self::Virtual(definition) => match definition.check().map(|()| &definition.query)? {
                Some(query) => {
                    let diagnostic = query::diagnostic(sources.first()?, query, &|_| Ok(()))?;
                    Box::new(reduced(diagnostic, &definition.chunks)?)
                }
                None => Box::new(Formulas::new(definition, sources)?),
            },
            Self::Broken { reason } => return Err(Error::unsupported(reason.clone())),
        })
    }

    /// What is told of an error: where a site has configured what cannot be, that is the site's matter, and no client's.
    pub fn told(&self, error: Error) -> Error {
        let is_of_site = matches!(error.kind, ErrorKind::NotFound | ErrorKind::BadRequest);
        match self {
            Self::Virtual(definition) if is_of_site => {
                Error::unsupported(format!("virtual dataset {}: {}", definition.id, error.message))
            }
            _ => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_are_kept_as_they_are() {
        for recipe in [
            Recipe::Groupby { source: "d.nc".into(), asked: "t/time.month/mean".into(), q: Some(0.1) },
            Recipe::Query { source: "d.nc".into(), query: "variable=t&action=mean&over=x".into() },
            Recipe::Broken { reason: "why".into() },
        ] {
            assert_eq!(Recipe::read(&recipe.write().unwrap()), Ok(recipe));
        }
        assert!(Recipe::read(b"{}").is_err());
    }
}
