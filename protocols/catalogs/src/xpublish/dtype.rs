//! Element types by NumPy's names.

use weir_model::DataType;

/// What `str(dtype)` is.
pub(crate) fn text(data_type: &DataType) -> String {
    match size_of_bytes(data_type) {
        Kind::Bytes(length) => format!("|S{length}"),
        Kind::Void(size) => format!("|V{size}"),
        Kind::Named(name) => name,
    }
}

/// What `dtype.name` is: text and records are named by their bits.
pub(super) fn name(data_type: &DataType) -> String {
    match size_of_bytes(data_type) {
        Kind::Bytes(length) => format!("bytes{}", length.saturating_mul(8)),
        Kind::Void(size) => format!("void{}", size.saturating_mul(8)),
        Kind::Named(name) => name,
    }
}

enum Kind {
    Bytes(usize),
    Void(usize),
    Named(String),
}

fn size_of_bytes(data_type: &DataType) -> Kind {
    match data_type.stored() {
        DataType::Char => Kind::Bytes(1),
        DataType::FixedString { length } => Kind::Bytes(*length),
        varying if varying.is_varying() => Kind::Named("object".to_owned()),
        DataType::Opaque { size, .. } | DataType::Compound { size, .. } => Kind::Void(*size),
        number => Kind::Named(number.describe()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data_type: &DataType, expected: (&str, &str)) {
        assert_eq!((text(data_type).as_str(), name(data_type).as_str()), expected);
    }

    #[test]
    fn types_have_the_names_of_numpy() {
        check(&DataType::Float32, ("float32", "float32"));
        check(&DataType::UInt64, ("uint64", "uint64"));
        check(&DataType::Char, ("|S1", "bytes8"));
        check(&DataType::FixedString { length: 12 }, ("|S12", "bytes96"));
        check(&DataType::String, ("object", "object"));
        let base = Box::new(DataType::Int16);
        check(&DataType::Enum { name: "sky".to_owned(), base, members: vec![] }, ("int16", "int16"));
        check(&DataType::Opaque { name: "key".to_owned(), size: 5 }, ("|V5", "void40"));
        let fields = vec![];
        check(&DataType::Compound { name: "point".to_owned(), size: 16, fields }, ("|V16", "void128"));
        let element = Box::new(DataType::Int8);
        check(&DataType::Vlen { name: "list".to_owned(), element }, ("object", "object"));
    }
}
