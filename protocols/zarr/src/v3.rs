//! Metadata documents of version 3 (<https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html>).

use serde_json::{Map, Value as Json, json};
use weir_model::Group;

use crate::{Array, Format, attributes, fill};

/// The `zarr.json` of a group, without its consolidated metadata.
#[must_use]
pub fn group(group: &Group) -> Map<String, Json> {
    let mut document = Map::new();
    document.insert("zarr_format".to_owned(), Json::from(3));
    document.insert("node_type".to_owned(), Json::from("group"));
    document.insert("attributes".to_owned(), Json::Object(attributes::object(&group.attributes)));
    document
}

/// The `zarr.json` of an array.
#[must_use]
pub fn array(array: &Array<'_>) -> Json {
    let (element, grid) = (array.element(), array.objects(Format::V3));
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": grid.shape(),
        "data_type": element.v3(),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": grid.chunk_shape()}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": array.fill_value(Format::V3),
        "codecs": array.codecs_v3(),
        "attributes": array_attributes(array),
        "dimension_names": array.variable().dimension_names().collect::<Vec<_>>(),
    })
}

/// The attributes of an array; `_FillValue` in the one form that xarray reads, or not at all.
fn array_attributes(array: &Array<'_>) -> Map<String, Json> {
    let variable = array.variable();
    let mut all = attributes::object(&variable.attributes);
    if let Some(given) = variable.attribute("_FillValue") {
        match fill::v3_attribute(array.element(), &given.value) {
            Some(value) => all.insert("_FillValue".to_owned(), value),
            None => all.shift_remove("_FillValue"),
        };
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocean;

    fn check(path: &str, expected: &Json) {
        let schema = ocean::schema();
        assert_eq!(&array(&Array::of(schema.variable(path).unwrap()).unwrap()), expected);
    }

    #[test]
    fn a_packed_variable_passes_through() {
        check(
            "sst",
            &json!({
                "zarr_format": 3, "node_type": "array", "shape": [7, 5], "data_type": "int16",
                "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 2]}},
                "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
                "fill_value": -999,
                "codecs": [
                    {"name": "bytes", "configuration": {"endian": "big"}},
                    {"name": "numcodecs.shuffle", "configuration": {"elementsize": 2}},
                    {"name": "numcodecs.zlib", "configuration": {"level": 4}},
                ],
                "attributes": {"scale_factor": 0.01, "_FillValue": -999, "missing_value": -999},
                "dimension_names": ["time", "lat"],
            }),
        );
    }

    #[test]
    fn characters_are_fixed_bytes() {
        let schema = ocean::schema();
        let shown = array(&Array::of(schema.variable("flag").unwrap()).unwrap());
        let data_type = json!({"name": "null_terminated_bytes", "configuration": {"length_bytes": 1}});
        assert_eq!(shown["data_type"], data_type);
        assert_eq!(shown["codecs"], json!([{"name": "bytes"}]));
        assert_eq!(shown["fill_value"], "Kg==");
        // xarray has no form for the fill value of text.
        assert_eq!(shown["attributes"], json!({}));
    }

    #[test]
    fn a_scalar_has_no_axes() {
        let schema = ocean::schema();
        let shown = array(&Array::of(schema.variable("cloud").unwrap()).unwrap());
        assert_eq!(shown["shape"], json!([]));
        assert_eq!(shown["chunk_grid"]["configuration"]["chunk_shape"], json!([]));
        // -0.5 is no unsigned integer.
        assert_eq!(shown["attributes"], json!({}));
    }
}
