//! Results as datasets of their own: published with the host, and made part by part when somebody reads them.

pub mod addresses;
pub mod contents;
pub mod held;
mod naming;
mod publishing;
mod recipe;
mod reduced;

use std::sync::Arc;

use weir_model::Schema;
use weir_plugin_api::{Dataset, Error, ErrorKind, Made, Provider, Published, Wanted};

pub use self::addresses::Elsewhere;
pub use self::publishing::{Asked, Groups, Publisher};
pub use self::recipe::Recipe;
pub use self::reduced::Reduced;
use crate::DiagnosticsPlugin;
use crate::watch::Watch;

/// Bytes of cells that a reading has in memory at once.
const CELL_BYTES: usize = 32 << 20;

/// A dataset that is made of others, which are open.
pub trait Derived {
    /// What it holds.
    ///
    /// # Errors
    /// Whatever keeps its coordinates from being read.
    fn schema(&self) -> Result<Schema, Error>;

    /// Elements of a fixed size.
    ///
    /// # Errors
    /// Whatever keeps them from being right.
    fn read(&self, wanted: Wanted<'_>, out: &mut [u8]) -> Result<(), Error>;

    /// Texts.
    ///
    /// # Errors
    /// Whatever keeps them from being right.
    fn read_strings(&self, wanted: Wanted<'_>) -> Result<Vec<Vec<u8>>, Error>;

    /// Bytes of memory that [`read`](Self::read) takes, beside its output.
    ///
    /// # Errors
    /// `TooLarge` where memory has not as many.
    fn memory(&self, wanted: Wanted<'_>) -> Result<u64, Error>;
}

/// What a dataset is made of, each of one generation as long as this is there.
pub struct Sources {
    /// The datasets, in the order in which the recipe names them.
    pub datasets: Vec<Dataset>,
    /// What they hold.
    pub schemas: Vec<Arc<Schema>>,
    /// What all of that is now, and what is made of it.
    pub generation: String,
}

impl Sources {
    /// The first dataset, and what it holds.
    ///
    /// # Errors
    /// `Internal` where there is none.
    pub fn first(&self) -> Result<(&Dataset, &Schema), Error> {
        let first = self.datasets.first().zip(self.schemas.first().map(AsRef::as_ref));
        first.ok_or_else(|| Error::internal("the recipe names no dataset"))
    }
}

impl DiagnosticsPlugin {
    /// Opens what a published dataset is made of.
    fn sources(&self, published: &Published<'_>, recipe: &Recipe) -> Result<Sources, Error> {
        let open = |id: &str| published.open(&self.host, id);
        let datasets = recipe.sources().into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let schemas = datasets.iter().map(Dataset::schema).collect::<Result<Vec<_>, _>>()?;
        let generation = recipe::generation(published.recipe(), &datasets)?;
        Ok(Sources { datasets, schemas, generation })
    }

    /// Hands the dataset of the generation that is wanted to `use_it`.
    fn with_derived<T>(
        &self,
        published: &Published<'_>,
        use_it: impl FnOnce(&dyn Derived) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let recipe = Recipe::read(published.recipe())?;
        let sources = self.sources(published, &recipe)?;
        if sources.generation != published.generation() {
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("what {} is made of was changed meanwhile; ask again", published.id()),
            ));
        }
        let is_stopped = || published.is_cancelled(&self.host);
        let watch = Watch { is_stopped: &is_stopped, cell_bytes: CELL_BYTES, ..Watch::nobody() };
        let derived = recipe.open(&sources, watch)?;
        use_it(derived.as_ref())
    }
}

impl Provider for DiagnosticsPlugin {
    fn describe(&self, published: &Published<'_>) -> Result<Made, Error> {
        let recipe = Recipe::read(published.recipe())?;
        let described = || {
            let sources = self.sources(published, &recipe)?;
            if sources.generation == published.generation() {
                return Ok(Made { generation: sources.generation, schema: None });
            }
            let schema = recipe.open(&sources, Watch::nobody())?.schema()?;
            Ok(Made { generation: sources.generation, schema: Some(Arc::new(schema)) })
        };
        described().map_err(|error| recipe.told(error))
    }

    fn read(&self, published: &Published<'_>, wanted: Wanted<'_>, out: &mut [u8]) -> Result<(), Error> {
        self.with_derived(published, |derived| derived.read(wanted, out))
    }

    fn read_strings(&self, published: &Published<'_>, wanted: Wanted<'_>) -> Result<Vec<Vec<u8>>, Error> {
        self.with_derived(published, |derived| derived.read_strings(wanted))
    }

    fn memory(&self, published: &Published<'_>, wanted: Wanted<'_>) -> Result<u64, Error> {
        self.with_derived(published, |derived| derived.memory(wanted))
    }
}

#[cfg(test)]
mod tests;
