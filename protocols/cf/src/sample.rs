//! Small schemas for tests, written as `ncdump` writes them, roughly.

use weir_model::{Attribute, ByteOrder, DataType, Dimension, Group, Schema, Storage, Value, Variable};

/// A value from text: `1`, `1.5`, `1 2 3` are numbers, anything else is text; a suffix (`b`, `ub`, `s`, `f`) names the type.
pub(crate) fn value(text: &str) -> Value {
    let words: Vec<&str> = text.split(' ').collect();
    let all = |suffix: &str| words.iter().map(|word| word.strip_suffix(suffix)).collect::<Option<Vec<_>>>();
    fn parsed<T: std::str::FromStr>(words: &[&str]) -> Option<Vec<T>> {
        words.iter().map(|word| word.parse().ok()).collect()
    }
    None.or_else(|| parsed(&words).map(Value::Int32))
        .or_else(|| {
            parsed(&words).filter(|_| !text.contains("nan") && !text.contains("inf")).map(Value::Float64)
        })
        .or_else(|| parsed(&all("f")?).map(Value::Float32))
        .or_else(|| parsed(&all("ub")?).map(Value::UInt8))
        .or_else(|| parsed(&all("b")?).map(Value::Int8))
        .or_else(|| parsed(&all("s")?).map(Value::Int16))
        .unwrap_or_else(|| Value::text(text))
}

/// A variable from its name and dimensions, `sst(time, lat)`, and attributes, `units = K`.
pub(crate) fn variable(declared: &str, data_type: DataType, attributes: &[&str]) -> Variable {
    let (name, dimensions) = declared.split_once('(').unwrap_or((declared, ")"));
    let dimensions = dimensions.trim_end_matches(')').split(',').map(str::trim);
    let dimensions: Vec<String> =
        dimensions.filter(|name| !name.is_empty()).map(|name| format!("/{name}")).collect();
    let attributes = attributes.iter().filter_map(|text| text.split_once(" = "));
    let storage = Storage {
        chunk_shape: vec![1; dimensions.len()],
        codecs: vec![],
        byte_order: ByteOrder::NATIVE,
        fill: vec![],
    };
    Variable {
        name: name.to_owned(),
        data_type,
        shape: vec![2; dimensions.len()],
        dimensions,
        attributes: attributes
            .map(|(name, text)| Attribute { name: name.to_owned(), value: value(text) })
            .collect(),
        storage,
    }
}

/// A schema of one group from lines: `sst(time, lat): units = K; positive = up`. Every variable holds doubles; every dimension
/// has length 2, or the length a line `dim name 12` gives it.
pub(crate) fn schema(text: &str) -> Schema {
    let mut root = Group::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("dim ") {
            let Some((name, length)) = rest.split_once(' ') else { continue };
            let Ok(length) = length.trim().parse() else { continue };
            root.dimensions.push(Dimension { name: name.to_owned(), length, unlimited: false });
            continue;
        }
        if let Some(rest) = line.strip_prefix(": ") {
            let Some((name, text)) = rest.split_once(" = ") else { continue };
            root.attributes.push(Attribute { name: name.to_owned(), value: value(text) });
            continue;
        }
        let (declared, attributes) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        let attributes: Vec<&str> = attributes.split("; ").collect();
        root.variables.push(variable(declared, DataType::Float64, &attributes));
    }
    for variable in &mut root.variables {
        for (path, length) in variable.dimensions.iter().zip(&mut variable.shape) {
            let name = path.trim_start_matches('/');
            match root.dimensions.iter().find(|dimension| dimension.name == name) {
                Some(dimension) => *length = dimension.length,
                None => {
                    root.dimensions.push(Dimension { name: name.to_owned(), length: 2, unlimited: false });
                }
            }
        }
    }
    Schema { root }
}
