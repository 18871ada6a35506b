//! All cells of two dimensions as one list, so that groups can be made of them by a coordinate over both.

use weir_plugin_api::Error;

use super::{Ground, MOST_TARGETS, Target};
use crate::diagnostic::Diagnostic;
use crate::engine::mapping::Taking;

/// The cells along two dimensions of a variable, rows first.
///
/// # Errors
/// `TooLarge` for very many.
pub fn ground(diagnostic: &Diagnostic<'_>, (y, x): (usize, usize)) -> Result<Ground, Error> {
    let variable = diagnostic.variable;
    let length = |axis: usize| variable.shape.get(axis).copied().unwrap_or(0);
    let count = length(y).saturating_mul(length(x));
    let cells =
        u32::try_from(count).ok().filter(|cells| *cells as usize <= MOST_TARGETS).ok_or_else(|| {
            Error::too_large(format!(
                "{count} cells are too many to be put into groups at once, at most {MOST_TARGETS} are"
            ))
        })?;
    let rows = variable.storage.chunk_shape.get(y).copied().unwrap_or(1).max(1);
    let name = format!("stacked_{}_{}", diagnostic.source_dimension(y), diagnostic.source_dimension(x));
    let target = Target {
        name,
        length: cells as usize,
        chunk: rows.saturating_mul(length(x)).max(1),
        source: None,
        areas: None,
    };
    Ok(Ground::new(diagnostic, vec![y, x], vec![target], Taking::Each((0..cells).collect())))
}
