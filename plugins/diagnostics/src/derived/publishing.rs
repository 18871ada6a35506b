//! How results become datasets: who asks for one makes it known, for a time.

use std::time::Duration;

use weir_plugin_api::{Error, Host, LogLevel, Publication, Request, Response};

use super::{Elsewhere, Recipe, naming};
use crate::diagnostic::Diagnostic;
use crate::virtual_dataset::Definition;
use crate::{groupby, query};

/// Makes results known.
pub struct Publisher {
    host: Host,
    lifetime: Duration,
    groups: Groups,
}

/// Which results of `groupby` are made known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Groups {
    /// All that are asked for, as cloudify does it.
    All,
    /// Those that are asked for in a format that needs it.
    Wanted,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// `VARIABLE/COORDINATE/ACTION`, and the part of a quantile.
    Groups(&'a str, Option<f64>),
    /// A query.
    Query(&'a str),
}

impl Publisher {
    /// Results are datasets for `seconds` after they were last asked for.
    #[must_use]
    pub fn new(host: Host, seconds: u64, groups: Groups) -> Self {
        Self { host, lifetime: Duration::from_secs(seconds), groups }
    }

    /// Makes known what a request asks for, and sends its client there. A request for the head alone changes nothing.
    ///
    /// # Errors
    /// As for the result in any other format; `Unavailable` where too many datasets are published.
    pub fn answer(
        &self,
        request: &Request<'_>,
        (asked, elsewhere): (Asked<'_>, Elsewhere),
    ) -> Result<Response, Error> {
        let source = request.dataset_id();
        let dataset = self.host.open(request, source)?;
        let schema = dataset.schema()?;
        let (id, recipe) = self.recipe(source, &schema, asked)?;
        let of = (&dataset, schema.as_ref());
        let diagnostic = match asked {
            Asked::Groups(asked, part) => groupby::diagnostic(of, asked, part)?,
            Asked::Query(query) => query::diagnostic(of, query, &|_| Ok(()))?,
        };
        let shown = shown(&diagnostic)?;
        if elsewhere == Elsewhere::Png && shown.1 == 0 {
            return Err(Error::bad_request("the result is a single value, of which there is no picture"));
        }
        if !request.is_head() {
            self.publish(&id, &recipe, Some(self.lifetime))?;
        }
        Ok(elsewhere.answer(request, &id, (&shown.0, shown.1)))
    }

    /// Makes known the groups that a request was answered with, if that is wanted. Where it is not possible, the answer is as good.
    pub fn note_groups(&self, request: &Request<'_>, (asked, part): (&str, Option<f64>)) {
        if self.groups == Groups::Wanted || request.is_head() {
            return;
        }
        let source = request.dataset_id();
        let publish = || {
            let schema = self.host.open(request, source)?.schema()?;
            let (id, recipe) = self.recipe(source, &schema, Asked::Groups(asked, part))?;
            self.publish(&id, &recipe, Some(self.lifetime))
        };
        if let Err(error) = publish() {
            let message = format!("a result of {source} is not made known: {}", error.message);
            self.host.log(Some(request), LogLevel::Debug, &message);
        }
    }

    /// Makes known the datasets of the configuration. One that cannot be does not keep the others from it.
    pub fn publish_virtual(&self, definitions: Vec<serde_json::Value>) -> Result<(), Error> {
        for written in definitions {
            let id = written.get("id").and_then(|id| id.as_str()).unwrap_or_default().to_owned();
            if id.is_empty() {
                return Err(Error::bad_request(
                    "a virtual dataset has no id; each needs one, as in id = \"wind\"",
                ));
            }
            let recipe = match serde_json::from_value::<Definition>(written).map_err(|e| e.to_string()) {
                Ok(definition) => Recipe::Virtual(Box::new(definition)),
                Err(reason) => Recipe::Broken { reason: format!("virtual dataset {id}: {reason}") },
            };
            self.publish(&id, &recipe, None).map_err(|error| Error {
                message: format!("virtual dataset {id}: {}", error.message),
                ..error
            })?;
        }
        Ok(())
    }

    fn recipe(
        &self,
        source: &str,
        schema: &weir_model::Schema,
        asked: Asked<'_>,
    ) -> Result<(String, Recipe), Error> {
        Ok(match asked {
            Asked::Groups(asked, part) => {
                let id = naming::of_groups(source, schema, asked, part)?;
                (id, Recipe::Groupby { source: source.to_owned(), asked: asked.to_owned(), q: part })
            }
            Asked::Query(query) => {
                let (query, id) = naming::of_query(source, query);
                (id, Recipe::Query { source: source.to_owned(), query })
            }
        })
    }

    fn publish(&self, id: &str, recipe: &Recipe, lifetime: Option<Duration>) -> Result<(), Error> {
        self.host.publish(Publication { id, recipe: &recipe.write()?, lifetime })
    }
}

/// The name of a result's variable, and how many dimensions it has.
fn shown(diagnostic: &Diagnostic<'_>) -> Result<(String, usize), Error> {
    let reduced = super::Reduced::new(diagnostic.clone(), &super::reduced::Chunks::default())?;
    Ok((diagnostic.variable.name.clone(), reduced.rank()))
}
