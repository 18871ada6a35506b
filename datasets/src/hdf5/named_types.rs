//! Names of types: a type that a file defines is known by the name of the link to it.

use std::collections::{HashMap, HashSet};

use hdf5_reader::messages::MSG_DATATYPE;
use weir_model::DataType;

use super::datatype::FileType;
use super::object_header::ObjectHeader;
use crate::index::pack;

/// The names of the types of one file. A name stands for one type only, whatever groups it was defined in.
#[derive(Default)]
pub struct NamedTypes {
    by_address: HashMap<u64, String>,
    /// The first name of each type, by what the type is without names of its own.
    by_shape: HashMap<Vec<u8>, String>,
    /// The names that were given, by the name that was wanted and by what the type is.
    given: HashMap<(String, Vec<u8>), String>,
    taken: HashSet<String>,
    /// How often each name was wanted.
    wanted: HashMap<String, u64>,
}

impl NamedTypes {
    /// Remembers the type whose header is at `address`, by the first of its names. One that cannot be parsed only loses its name.
    pub fn add(&mut self, address: u64, name: &str, header: &ObjectHeader) {
        if self.by_address.contains_key(&address) {
            return;
        }
        let body = header.find(MSG_DATATYPE).map(|message| FileType::parse(&message.body));
        if let Some(Ok(file_type)) = body {
            let shape = pack(&file_type.data_type);
            let name = self.unique(name, &shape);
            self.by_shape.entry(shape).or_insert_with(|| name.clone());
            self.by_address.insert(address, name);
        }
    }

    /// Gives a type its name, and those inside of it theirs: that of the type it refers to, or, as netCDF-C has it, of the first
    /// that is equal; else one that no other type has.
    pub fn name(&mut self, file_type: &mut FileType, committed: Option<u64>) {
        let named = committed.and_then(|address| self.by_address.get(&address)).cloned();
        self.name_all(&mut file_type.data_type);
        if let (Some(named), Some(name)) = (named, name_of(&mut file_type.data_type)) {
            *name = named;
        }
    }

    fn name_all(&mut self, data_type: &mut DataType) {
        if name_of(data_type).is_none() {
            return;
        }
        // What a type is must be seen before the types inside of it have names.
        let shape = pack(data_type);
        match data_type {
            DataType::Compound { fields, .. } => {
                fields.iter_mut().for_each(|field| self.name_all(&mut field.data_type));
            }
            DataType::Vlen { element, .. } => self.name_all(element),
            _ => {}
        }
        let Some(name) = name_of(data_type) else { return };
        *name = match self.by_shape.get(&shape) {
            Some(known) => known.clone(),
            None => {
                let made_up = self.unique(name, &shape);
                self.by_shape.insert(shape, made_up.clone());
                made_up
            }
        };
    }

    /// A name for a type: the wanted one, or one with a number behind it where another type has that.
    fn unique(&mut self, wanted: &str, shape: &[u8]) -> String {
        let key = (wanted.to_owned(), shape.to_owned());
        if let Some(given) = self.given.get(&key) {
            return given.clone();
        }
        let times = self.wanted.entry(wanted.to_owned()).or_default();
        let name = loop {
            *times = times.saturating_add(1);
            let name = if *times == 1 { wanted.to_owned() } else { format!("{wanted}_{times}") };
            if self.taken.insert(name.clone()) {
                break name;
            }
        };
        self.given.insert(key, name.clone());
        name
    }
}

/// The name of a type that has one.
fn name_of(data_type: &mut DataType) -> Option<&mut String> {
    match data_type {
        DataType::Enum { name, .. }
        | DataType::Opaque { name, .. }
        | DataType::Compound { name, .. }
        | DataType::Vlen { name, .. } => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use weir_model::Field;

    use super::*;

    fn opaque(name: &str, size: usize) -> DataType {
        DataType::Opaque { name: name.into(), size }
    }

    fn names(types: &mut NamedTypes, data_type: &DataType) -> String {
        let mut named = data_type.clone();
        types.name_all(&mut named);
        match named {
            DataType::Vlen { name, element } => format!("{name} of {}", element.describe()),
            other => other.describe(),
        }
    }

    #[test]
    fn a_name_is_of_one_type_only() {
        let mut types = NamedTypes::default();
        assert_eq!(types.unique("blob", b"one"), "blob");
        assert_eq!(types.unique("blob", b"other"), "blob_2");
        assert_eq!(types.unique("blob", b"one"), "blob");
        assert_eq!(types.unique("blob_2", b"third"), "blob_2_2");
        assert_eq!(types.unique("blob", b"third"), "blob_3");
    }

    #[test]
    fn types_without_a_name_get_one_for_each_shape() {
        let mut types = NamedTypes::default();
        assert_eq!(names(&mut types, &opaque("opaque", 3)), "opaque opaque");
        assert_eq!(names(&mut types, &opaque("opaque", 4)), "opaque opaque_2");
        assert_eq!(names(&mut types, &opaque("opaque", 3)), "opaque opaque");
        let list = DataType::Vlen { name: "vlen".into(), element: Box::new(opaque("opaque", 4)) };
        assert_eq!(names(&mut types, &list), "vlen of opaque opaque_2");
        assert_eq!(names(&mut types, &DataType::Int8), "int8");
        // Two types of one shape stay one, also when one of them was named before.
        let field = Field { name: "f".into(), offset: 0, data_type: list, shape: vec![] };
        let record = DataType::Compound { name: "compound".into(), size: 16, fields: vec![field] };
        assert_eq!(names(&mut types, &record), "compound compound");
        assert_eq!(names(&mut types, &record), "compound compound");
    }
}
