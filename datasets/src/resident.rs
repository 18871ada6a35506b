//! What open data takes in memory, more or less.

use weir_model::Schema;

use crate::index::pack;

/// What a variable takes beside its texts and values: itself, its lists, and what finds it by its path.
const VARIABLE: u64 = 1024;

/// What an attribute, a dimension or a group takes beside its texts and values.
const MEMBER: u64 = 128;

/// What any open dataset takes: an open file, what is known of it, and its place among the others.
const DATASET: u64 = 4096;

/// The bytes of memory that a schema takes, and what belongs to each open dataset.
pub fn of_schema(schema: &Schema) -> u64 {
    let groups = schema.groups();
    let members = groups.iter().map(|(_, group)| {
        let attributes = group.variables.iter().map(|variable| variable.attributes.len()).sum::<usize>();
        group.dimensions.len().saturating_add(group.attributes.len()).saturating_add(attributes)
    });
    let members = members.sum::<usize>().saturating_add(groups.len()) as u64;
    let variables = groups.iter().map(|(_, group)| group.variables.len()).sum::<usize>() as u64;
    // Texts and values are as long as their record; paths are written several times.
    let texts = (pack(schema).len() as u64).saturating_mul(2);
    DATASET
        .saturating_add(texts)
        .saturating_add(variables.saturating_mul(VARIABLE))
        .saturating_add(members.saturating_mul(MEMBER))
}

/// The bytes of memory that texts take, each in its own place.
pub fn of_texts<'t>(texts: impl Iterator<Item = &'t str>) -> u64 {
    texts.map(|text| (text.len() as u64).saturating_add(48)).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use weir_model::{Attribute, ByteOrder, DataType, Storage, Value, Variable};

    use super::*;

    #[test]
    fn schemas_weigh_what_is_in_them() {
        let storage =
            Storage { chunk_shape: vec![], codecs: vec![], byte_order: ByteOrder::Little, fill: vec![0] };
        let attribute = Attribute { name: "history".into(), value: Value::Int8(vec![7; 10_000]) };
        let variable = Variable {
            name: "v".into(),
            data_type: DataType::Int8,
            dimensions: vec![],
            shape: vec![],
            attributes: vec![attribute],
            storage,
        };
        let mut schema = Schema::default();
        let empty = of_schema(&schema);
        schema.root.variables.push(variable);
        let some = of_schema(&schema);
        assert!(empty >= DATASET && some > empty + 10_000 && some < empty + 40_000, "{empty} {some}");
    }
}
