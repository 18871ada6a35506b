//! Pages of datasets whose names and attributes would break out of them.

use weir_model::{Attribute, ByteOrder, Codec, DataType, Group, Storage, Value};

use super::*;
use crate::{Offers, Role, VariableFacts, Words};

const EVIL: &str = "</script><b>\"x\" & 'y'";

fn variable(name: &str, axes: &[(&str, u64)]) -> Variable {
    let codecs = vec![Codec::Shuffle { element_size: 4 }, Codec::Deflate { level: 4 }];
    let chunk_shape = axes.iter().map(|&(_, length)| length.div_ceil(2)).collect();
    Variable {
        name: name.to_owned(),
        data_type: DataType::Float32,
        dimensions: axes.iter().map(|(name, _)| format!("/{name}")).collect(),
        shape: axes.iter().map(|&(_, length)| length).collect(),
        attributes: vec![Attribute { name: EVIL.to_owned(), value: Value::text(EVIL) }],
        storage: Storage { chunk_shape, codecs, byte_order: ByteOrder::Little, fill: vec![] },
    }
}

fn coordinate(name: &str, units: &str, length: u64) -> Variable {
    let mut variable = variable(name, &[(name, length)]);
    variable.attributes.push(Attribute { name: "units".to_owned(), value: Value::text(units) });
    variable
}

fn schema() -> Schema {
    let deep =
        Group { name: EVIL.to_owned(), variables: vec![variable("t", &[("x", 5)])], ..Group::default() };
    let variables = vec![
        coordinate("lat", "degrees_north", 3),
        coordinate("lon", "degrees_east", 4),
        variable("sst", &[("lat", 3), ("lon", 4)]),
        variable(EVIL, &[("x", 5)]),
    ];
    Schema { root: Group { variables, groups: vec![deep], ..Group::default() } }
}

fn facts(name: &str) -> VariableFacts {
    let (name, data_type) = (name.to_owned(), "float32".to_owned());
    VariableFacts {
        path: format!("/{name}"),
        name,
        dimensions: vec![],
        shape: vec![],
        data_type,
        role: Role::Data,
        units: None,
        standard_name: None,
        long_name: Some(EVIL.to_owned()),
        cell_methods: None,
    }
}

fn page_of(patterns: &[&str]) -> String {
    let offers: Offers = patterns.iter().copied().collect();
    let site = Site { title: "t", base: "https://h.example", offers: &offers };
    let words =
        Words { title: Some(EVIL.to_owned()), description: Some(EVIL.to_owned()), ..Words::default() };
    let variables = vec![facts("sst"), facts(EVIL)];
    let summary = Summary { words, variables, notes: vec![EVIL.to_owned()], ..Summary::default() };
    let entry = Entry { id: "a/d<e.nc", bytes: Some(1234), modified: Some(0) };
    DatasetPage { site, entry, schema: &schema(), summary: Some(&summary), script: None }.html()
}

#[test]
fn nothing_breaks_out_of_the_page() {
    let text = page_of(&[
        "/datasets/{id}/zarr/{rest}",
        "/datasets/{id}/opendap.dds",
        "/datasets/{id}/file",
        pictures::PATTERN,
    ]);
    assert!(text.contains("<title>&lt;/script&gt;&lt;b&gt;&quot;x&quot; &amp; 'y'</title>"), "{text}");
    assert_eq!((text.matches("<script").count(), text.matches("<b>\"").count()), (1, 0), "{text}");
    assert!(text.contains("Group /&lt;/script&gt;&lt;b&gt;"), "{text}");
    for part in
        ["Dimensions", "Coordinates", "Data variables", "Attributes", "1.2 kB", "1970-01-01T00:00:00Z"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn storage_is_told() {
    let text = page_of(&[]);
    assert!(text.contains("<td><pre>2 × 2, 4 in all</pre></td>"), "{text}");
    assert!(text.contains("<td><pre>shuffle, then deflate</pre></td>"), "{text}");
    assert!(text.contains("<td><pre>48 B</pre></td>"), "{text}");
}

#[test]
fn what_lies_on_a_grid_has_a_picture_where_somebody_draws() {
    let picture =
        "src=\"https://h.example/datasets/a/d%3Ce.nc/plot/sst/image/viridis/?width=640&amp;height=360\"";
    let text = page_of(&[pictures::PATTERN]);
    assert!(text.contains(picture), "{text}");
    assert_eq!(text.matches("<img").count(), 1, "{text}");
    assert!(!page_of(&["/datasets/{id}/zarr/{rest}"]).contains("<img"));
}
