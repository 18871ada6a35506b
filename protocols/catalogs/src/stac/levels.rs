//! What makes an item an index of the viewer gridlook: `name`, `default_var`, `levels`.
//!
//! Source: the type `TSources` of <https://github.com/d70-t/gridlook> (`GlobeTypes.ts`), of which only the first level is shown.

use serde_json::{Map, Value, json};

use super::item::Described;
use crate::listing::name_of;
use crate::{Summary, VariableFacts};

/// Variables that are nicest to see first, as DKRZ's catalogs prefer them.
const PREFERRED: [&str; 5] = ["uas", "si", "tas", "10ws", "ws"];

/// The variable that is shown first: a preferred one, else the first that lies on the grid.
pub(super) fn default_variable(summary: &Summary) -> Option<&VariableFacts> {
    let preferred =
        PREFERRED.iter().find_map(|name| on_grid(summary).find(|variable| variable.name == *name));
    preferred.or_else(|| on_grid(summary).next())
}

/// Data variables that lie on the grid of most of them.
fn on_grid(summary: &Summary) -> impl Iterator<Item = &VariableFacts> {
    let grid = summary.grid.as_ref().filter(|grid| !grid.dimensions.is_empty());
    let lies = move |variable: &&VariableFacts| {
        grid.is_some_and(|grid| {
            grid.dimensions.iter().all(|dimension| variable.dimensions.contains(dimension))
        })
    };
    summary.data_variables().filter(lies)
}

/// The keys, where the dataset can be seen; `store` is the URL of its Zarr hierarchy.
pub(super) fn keys(of: &Described<'_>, store: &str) -> Option<Map<String, Value>> {
    let default = default_variable(of.summary)?;
    let source = |path: &str| {
        let group = path.rsplit_once('/').map_or("", |(group, _)| group).trim_start_matches('/');
        json!({"store": store, "dataset": group})
    };
    let sources: Map<String, Value> =
        on_grid(of.summary).map(|variable| (variable.name.clone(), source(&variable.path))).collect();
    let name = of.summary.words.title.clone().unwrap_or_else(|| name_of(of.id).to_owned());
    let place = source(&default.path);
    let level = json!({"name": name, "time": place, "grid": place, "datasources": sources});
    let keys = [("name", json!(name)), ("default_var", json!(default.name)), ("levels", json!([level]))];
    Some(keys.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
