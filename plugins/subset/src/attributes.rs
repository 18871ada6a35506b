//! The attributes of files.

use weir_model::{Attribute, Schema, Value};
use weir_plugin_api::Dataset;

use crate::asked::Asked;

/// The attributes of the file: those of the dataset, and a line of history. It tells no time, so that the file is the same
/// whenever it is asked for.
pub(crate) fn global_attributes(dataset: &Dataset, schema: &Schema, asked: &Asked) -> Vec<Attribute> {
    let line = format!("weir {}: subset of {} by {}", env!("CARGO_PKG_VERSION"), dataset.id(), asked.query);
    let is_history = |attribute: &&Attribute| attribute.name == "history";
    let before = schema.root.attributes.iter().find(is_history).and_then(|history| history.value.as_text());
    let history = before
        .filter(|text| !text.trim().is_empty())
        .map_or_else(|| line.clone(), |before| format!("{line}\n{before}"));
    let kept = kept(&schema.root.attributes).filter(|attribute| attribute.name != "history");
    kept.chain([Attribute { name: "history".to_owned(), value: Value::text(&history) }]).collect()
}

/// The attributes that are written. What HDF5 and netCDF-4 note for themselves was true of the file that it was in.
pub(crate) fn kept(attributes: &[Attribute]) -> impl Iterator<Item = Attribute> {
    attributes.iter().filter(|attribute| is_kept(attribute)).cloned()
}

fn is_kept(attribute: &Attribute) -> bool {
    ![
        "_NCProperties",
        "_Netcdf4Dimid",
        "_Netcdf4Coordinates",
        "_nc3_strict",
        "DIMENSION_LIST",
        "REFERENCE_LIST",
        "CLASS",
        "NAME",
    ]
    .contains(&attribute.name.as_str())
}
