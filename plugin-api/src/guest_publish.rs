//! The host's side of the boundary, continued: what a plugin is asked of the datasets that it published.

use std::sync::Arc;

use weir_model::{ChunkGrid, Hyperslab, Schema, Variable};
use weir_plugin_abi::{WeirBytes, WeirErr, WeirPublished, WeirSlab, WeirStr};

use crate::error::Message;
use crate::guest::Guest;
use crate::host::{Axes, unpack_strings};
use crate::lent::RequestContext;
use crate::{Bytes, Error, Made, Wanted, schema_from_document};

/// A published dataset on its way to the plugin that answers for it.
#[derive(Clone, Copy, Debug)]
pub struct Recipe<'a> {
    /// The id under which it is published.
    pub id: &'a str,
    /// What it was published with.
    pub recipe: &'a [u8],
    /// The generation that is wanted; when it is described, the one that is known, or empty.
    pub generation: &'a str,
}

impl Guest {
    /// Whether the plugin can answer for datasets that it publishes.
    #[must_use]
    pub fn makes_datasets(&self) -> bool {
        self.table.published_describe.is_some() && self.table.published_read.is_some()
    }

    /// What a published dataset is now. Blocks.
    ///
    /// # Errors
    /// What the plugin says; `Internal` where what it describes is no dataset.
    pub fn describe(&self, of: Recipe<'_>, context: &Arc<RequestContext>) -> Result<Made, Error> {
        let describe = self.table.published_describe.ok_or_else(cannot)?;
        let (mut generation, mut document) = (WeirBytes::EMPTY, WeirBytes::EMPTY);
        let raw = raw(of, context);
        // SAFETY: the instance is valid; the dataset and the room for results live through the call.
        Message::new().call(|err| unsafe {
            describe(self.instance, &raw const raw, &raw mut generation, &raw mut document, err)
        })?;
        // SAFETY: the plugin gave these references to us.
        let (generation, document) = unsafe { (Bytes::from_raw(generation), Bytes::from_raw(document)) };
        let generation = String::from_utf8_lossy(&generation).into_owned();
        if document.is_empty() {
            return if generation == of.generation && !generation.is_empty() {
                Ok(Made { generation, schema: None })
            } else {
                Err(self.wrong(of, "another generation comes with a schema"))
            };
        }
        let schema = schema_from_document(&document)?;
        check(&schema).map_err(|reason| self.wrong(of, &reason))?;
        if generation.is_empty() {
            return Err(self.wrong(of, "it has no generation"));
        }
        Ok(Made { generation, schema: Some(Arc::new(schema)) })
    }

    fn wrong(&self, of: Recipe<'_>, reason: &str) -> Error {
        Error::internal(format!("plugin {} described no dataset as {}: {reason}", self.name(), of.id))
    }

    /// Elements of a fixed size of a published dataset, into all of `out`. Blocks.
    ///
    /// # Errors
    /// What the plugin says; `out` then holds nothing of use.
    pub fn read_made(
        &self,
        of: Recipe<'_>,
        context: &Arc<RequestContext>,
        wanted: Wanted<'_>,
        out: &mut [u8],
    ) -> Result<(), Error> {
        let read = self.table.published_read.ok_or_else(cannot)?;
        with_raw((of, context, wanted), |published, slab, err| {
            // SAFETY: the instance is valid; all that is passed lives through the call.
            unsafe { read(self.instance, published, slab, out.as_mut_ptr(), out.len(), err) }
        })
    }

    /// Elements of varying size of a published dataset, as many as are wanted. Blocks.
    ///
    /// # Errors
    /// What the plugin says; `Internal` where it gives another number.
    pub fn read_made_strings(
        &self,
        of: Recipe<'_>,
        context: &Arc<RequestContext>,
        wanted: Wanted<'_>,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let read = self.table.published_read_strings.ok_or_else(cannot)?;
        let mut out = WeirBytes::EMPTY;
        with_raw((of, context, wanted), |published, slab, err| {
            // SAFETY: as in `read_made`; `out` is room for the result.
            unsafe { read(self.instance, published, slab, &raw mut out, err) }
        })?;
        // SAFETY: the plugin gave this reference to us.
        let strings = unpack_strings(&unsafe { Bytes::from_raw(out) })?;
        if strings.len() as u64 != wanted.slab.elements() {
            return Err(Error::internal(format!(
                "plugin {} gave {} elements where {} are wanted",
                self.name(),
                strings.len(),
                wanted.slab.elements()
            )));
        }
        Ok(strings)
    }

    /// How many bytes of memory reading takes, beside its output.
    ///
    /// # Errors
    /// What the plugin says.
    pub fn memory_of_made(
        &self,
        of: Recipe<'_>,
        context: &Arc<RequestContext>,
        wanted: Wanted<'_>,
    ) -> Result<u64, Error> {
        let Some(memory) = self.table.published_memory else { return Ok(0) };
        let mut out = 0;
        with_raw((of, context, wanted), |published, slab, err| {
            // SAFETY: as in `read_made`; `out` is room for the result.
            unsafe { memory(self.instance, published, slab, &raw mut out, err) }
        })?;
        Ok(out)
    }
}

fn cannot() -> Error {
    Error::unsupported("the plugin answers for no datasets; rebuild it against ABI 1.5")
}

fn raw(of: Recipe<'_>, context: &Arc<RequestContext>) -> WeirPublished {
    WeirPublished {
        size: size_of::<WeirPublished>(),
        id: WeirStr::new(of.id),
        recipe: of.recipe.as_ptr(),
        recipe_length: of.recipe.len(),
        generation: WeirStr::new(of.generation),
        context: Arc::as_ptr(context).cast_mut().cast(),
    }
}

/// Views what is asked as C for the length of a call.
fn with_raw(
    (of, context, wanted): (Recipe<'_>, &Arc<RequestContext>, Wanted<'_>),
    call: impl FnOnce(*const WeirPublished, *const WeirSlab, *mut WeirErr) -> i32,
) -> Result<(), Error> {
    let (published, axes) = (raw(of, context), Axes::of(wanted.slab));
    let slab: WeirSlab = axes.raw(wanted.variable, wanted.order);
    Message::new().call(|err| call(&raw const published, &raw const slab, err))
}

/// Checks that a schema is one of a dataset that is made: nothing of it is trusted afterwards.
fn check(schema: &Schema) -> Result<(), String> {
    schema.variables().iter().try_for_each(|(path, variable)| {
        check_variable(schema, variable).map_err(|reason| format!("{path} {reason}"))
    })
}

fn check_variable(schema: &Schema, variable: &Variable) -> Result<(), String> {
    let lengths: Option<Vec<u64>> =
        variable.dimensions.iter().map(|path| Some(schema.dimension(path)?.length)).collect();
    if lengths.as_ref() != Some(&variable.shape) {
        return Err("has another shape than its dimensions".to_owned());
    }
    ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone())
        .map_err(|e| format!("has chunks that do not tile it: {e}"))?;
    Hyperslab::whole(&variable.shape).map_err(|misfit| misfit.to_string())?;
    if !variable.storage.codecs.is_empty() {
        return Err("has codecs, which what is made has not".to_owned());
    }
    match variable.data_type.size() {
        Some(size) if size != variable.storage.fill.len() => {
            let has = variable.storage.fill.len();
            Err(format!("has a fill value of {has} bytes, but elements of {size}"))
        }
        _ => Ok(()),
    }
}
