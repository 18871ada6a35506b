//! Layouts: how the stored chunks of variables lie, and why some cannot be shown.

use std::sync::Arc;

use weir_plugin_api::model::Schema;
use weir_plugin_api::{Dataset, Error, ErrorKind};
use weir_zarr::Layouts;

/// The layout of one variable; `path` has no leading slash.
///
/// # Errors
/// What keeps it from being known now.
pub(crate) fn of_one(dataset: &Dataset, path: &str) -> Result<Layouts, Error> {
    let path = format!("/{path}");
    let layout = shown(dataset, &path)?;
    Ok([(path, layout)].into())
}

/// The layouts of all variables.
///
/// # Errors
/// As [`of_one`].
pub(crate) fn of_all(dataset: &Dataset, schema: &Schema) -> Result<Layouts, Error> {
    let paths = schema.variables().into_iter().map(|(path, _)| path);
    paths.map(|path| shown(dataset, &path).map(|layout| (path, layout))).collect()
}

/// The layout, or the reason for which the variable is left out. A backend that does not answer is no such reason.
fn shown(
    dataset: &Dataset,
    path: &str,
) -> Result<Result<Arc<weir_plugin_api::model::Storage>, String>, Error> {
    match dataset.layout(path) {
        Ok(layout) => Ok(Ok(Arc::new(layout))),
        Err(error) if hides(&error) => Ok(Err(error.message)),
        Err(error) => Err(error),
    }
}

/// Whether an error is the reason for which a variable is left out, and not one for which it cannot be had now.
pub(crate) fn hides(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Corrupt | ErrorKind::TooLarge | ErrorKind::Unsupported)
}
