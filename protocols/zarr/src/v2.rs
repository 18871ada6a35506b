//! Metadata documents of version 2 (<https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html>).

use serde_json::{Map, Value as Json, json};
use weir_model::{Attribute, Group};

use crate::{Array, Format, attributes};

/// Where xarray looks for the names of dimensions, which version 2 itself has not.
const DIMENSIONS: &str = "_ARRAY_DIMENSIONS";

/// The `.zgroup` of any group.
#[must_use]
pub fn group() -> Json {
    json!({"zarr_format": 2})
}

/// The `.zattrs` of a group.
#[must_use]
pub fn group_attributes(group: &Group) -> Json {
    Json::Object(attributes::object(&group.attributes))
}

/// The `.zarray` of an array.
#[must_use]
pub fn array(array: &Array<'_>) -> Json {
    let (element, encoding) = (array.element(), array.encoding());
    let (filters, compressor) = array.codecs_v2();
    json!({
        "zarr_format": 2,
        "shape": array.grid().shape(),
        "chunks": array.grid().chunk_shape(),
        "dtype": element.v2(encoding.byte_order),
        "compressor": compressor,
        "fill_value": array.fill_value(Format::V2),
        "order": "C",
        "filters": filters,
        "dimension_separator": ".",
    })
}

/// The `.zattrs` of an array, with the names of its dimensions.
///
/// A `_FillValue` that stands in the `.zarray` is not repeated: xarray takes it from there.
#[must_use]
pub fn array_attributes(array: &Array<'_>) -> Json {
    let variable = array.variable();
    let mut all = Map::new();
    all.insert(DIMENSIONS.to_owned(), variable.dimension_names().collect());
    let moved = array.fill_attribute_is_declared();
    let stays = |a: &&Attribute| a.name != DIMENSIONS && !(moved && a.name == "_FillValue");
    all.extend(attributes::object(variable.attributes.iter().filter(stays)));
    Json::Object(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocean;

    fn check(path: &str, array_document: &Json, attributes: &Json) {
        let schema = ocean::schema();
        let shown = Array::of(schema.variable(path).unwrap()).unwrap();
        assert_eq!(&array(&shown), array_document);
        assert_eq!(&array_attributes(&shown), attributes);
    }

    #[test]
    fn a_packed_variable_passes_through() {
        check(
            "sst",
            &json!({
                "zarr_format": 2, "shape": [7, 5], "chunks": [4, 2], "dtype": ">i2", "order": "C",
                "compressor": {"id": "zlib", "level": 4}, "filters": [{"id": "shuffle", "elementsize": 2}],
                "fill_value": -999, "dimension_separator": ".",
            }),
            &json!({"_ARRAY_DIMENSIONS": ["time", "lat"], "scale_factor": 0.01, "missing_value": -999}),
        );
    }

    #[test]
    fn texts_are_encoded_anew() {
        check(
            "label",
            &json!({
                "zarr_format": 2, "shape": [5], "chunks": [5], "dtype": "|O", "order": "C",
                "compressor": {"id": "zlib", "level": 1}, "filters": [{"id": "vlen-utf8"}],
                "fill_value": null, "dimension_separator": ".",
            }),
            &json!({"_ARRAY_DIMENSIONS": ["lat"]}),
        );
    }

    #[test]
    fn a_fill_value_that_is_no_element_stays_an_attribute() {
        check(
            "cloud",
            &json!({
                "zarr_format": 2, "shape": [], "chunks": [], "dtype": "|u1", "order": "C",
                "compressor": null, "filters": null, "fill_value": null, "dimension_separator": ".",
            }),
            &json!({"_ARRAY_DIMENSIONS": [], "_FillValue": -0.5}),
        );
    }
}
