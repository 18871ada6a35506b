//! Heights, depths and levels.

use weir_catalogs::{VariableFacts, Vertical};
use weir_cf::Coordinates;
use weir_cf::axes::{Kind, positive};
use weir_cf::extent::Range;
use weir_plugin_api::Error;

use crate::variables::attribute;
use crate::{Asked, grids, numbers};

/// The vertical coordinate that most data variables have: its range.
///
/// # Errors
/// Those that pass.
pub(crate) fn of(asked: &Asked<'_>, variables: &[VariableFacts]) -> Result<Option<Vertical>, Error> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for (path, count) in grids::representatives(&asked.schema, variables) {
        let coordinates = Coordinates::of(&asked.schema, &path);
        let vertical = coordinates.as_ref().and_then(|coordinates| coordinates.of_kind(Kind::Vertical));
        let Some(vertical) = vertical else { continue };
        match found.iter_mut().find(|(known, _)| *known == vertical.path) {
            Some((_, known)) => *known = known.saturating_add(count),
            None => found.push((vertical.path.clone(), count)),
        }
    }
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (path, _) in found {
        let Some(variable) = asked.schema.variable(&path) else { continue };
        let numbers = asked.told(&path, numbers::read(asked, &path, variable))?;
        if let Some(range) = numbers.and_then(|numbers| Range::of(numbers.values)) {
            let (units, positive) = (attribute(variable, "units"), positive(variable));
            return Ok(Some(Vertical { range, units, positive, path }));
        }
    }
    Ok(None)
}
