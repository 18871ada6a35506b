//! Views: the constraint of a request, resolved against a dataset as this site presents it.

use weir_dap::dap2::record;
use weir_dap::dap2::{Arrays, Constraint, Coordinates, Inventory, View};
use weir_plugin_api::model::{ByteOrder, Hyperslab, Schema};
use weir_plugin_api::{Dataset, Error};

use super::refused;
use crate::DapPlugin;

/// Values of coordinates that functions may look at in one request.
const MOST_VALUES: u64 = 1 << 22;

/// What DAP2 can say of `schema`, with Grids where the site wants them.
pub fn inventory<'s>(plugin: &DapPlugin, dataset: &Dataset, schema: &'s Schema) -> Inventory<'s> {
    let grids = plugin.configuration.grids.is_match(dataset.id());
    Inventory::with(schema, if grids { Arrays::Grids } else { Arrays::Plain })
}

/// What the constraint `query` names.
///
/// Coordinates that server functions look at are read.
pub fn view<'i>(query: &str, dataset: &Dataset, inventory: &'i Inventory<'i>) -> Result<View<'i>, Error> {
    let constraint = Constraint::parse(query).map_err(|fault| refused(&fault))?;
    let places = View::coordinates(&constraint, inventory).map_err(|fault| refused(&fault))?;
    let mut left = MOST_VALUES;
    let mut coordinates = Coordinates::new();
    for place in places {
        coordinates.insert(place, values(place, dataset, inventory, &mut left)?);
    }
    View::resolve(&constraint, inventory, &coordinates).map_err(|fault| refused(&fault))
}

/// All values of the coordinate at `place`.
fn values(
    place: usize,
    dataset: &Dataset,
    inventory: &Inventory<'_>,
    left: &mut u64,
) -> Result<Vec<f64>, Error> {
    let missing = || Error::internal(format!("there is no coordinate {place}"));
    let entry = inventory.entries().get(place).ok_or_else(missing)?;
    let wrong = |error: String| Error::internal(format!("{}: {error}", entry.path));
    let slab = Hyperslab::whole(&entry.variable.shape).map_err(|misfit| wrong(misfit.to_string()))?;
    *left = left.checked_sub(slab.elements()).ok_or_else(|| {
        let name = &entry.name;
        Error::too_large(format!(
            "functions look at no more than {MOST_VALUES} coordinates, and {name} has more"
        ))
    })?;
    let data_type = entry.value_type();
    let size =
        data_type.size().filter(|&size| size > 0).ok_or_else(|| wrong("it is no number".to_owned()))?;
    let elements = usize::try_from(slab.elements()).map_err(|error| wrong(error.to_string()))?;
    let bytes = elements.checked_mul(size).ok_or_else(|| wrong("it is too long".to_owned()))?;
    let mut block = vec![0; bytes];
    dataset.read(&entry.path, &slab, ByteOrder::Little, &mut block)?;
    let number = |bytes| record::number(&data_type, bytes).ok_or_else(|| wrong("it is no number".to_owned()));
    block.chunks_exact(size).map(number).collect()
}
