//! Names of types: a type that a file defines is known by the name of the link to it.

use std::collections::HashMap;

use hdf5_reader::messages::MSG_DATATYPE;
use weir_model::DataType;

use super::datatype::FileType;
use super::object_header::ObjectHeader;

/// This many types are compared with those of variables; more are found by address only.
const MOST_COMPARED: usize = 1024;

/// The types that a file defines.
#[derive(Default)]
pub struct NamedTypes {
    by_address: HashMap<u64, String>,
    known: Vec<(FileType, String)>,
}

impl NamedTypes {
    /// Remembers the type whose header is at `address`. One that cannot be parsed only loses its name.
    pub fn add(&mut self, address: u64, name: &str, header: &ObjectHeader) {
        let body = header.find(MSG_DATATYPE).map(|message| FileType::parse(&message.body));
        if let (Some(Ok(file_type)), true) = (body, self.known.len() < MOST_COMPARED) {
            self.known.push((file_type, name.to_owned()));
        }
        self.by_address.insert(address, name.to_owned());
    }

    /// Gives a type its name: that of the type it refers to, or, as netCDF-C has it, of the first that is equal.
    pub fn name(&self, file_type: &mut FileType, committed: Option<u64>) {
        let named = committed.and_then(|address| self.by_address.get(&address));
        let equal = || self.known.iter().find(|(known, _)| known == file_type).map(|(_, name)| name);
        if let Some(name) = named.or_else(equal).cloned() {
            rename(&mut file_type.data_type, name);
        }
    }
}

fn rename(data_type: &mut DataType, to: String) {
    match data_type {
        DataType::Enum { name, .. }
        | DataType::Opaque { name, .. }
        | DataType::Compound { name, .. }
        | DataType::Vlen { name, .. } => *name = to,
        _ => {}
    }
}
