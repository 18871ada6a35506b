//! NetCDF-4 files: HDF5 files that say which of their datasets are dimensions.
//!
//! Everything lies contiguous behind one block of metadata, whose bytes are known before the first element: so such a file can be
//! streamed with a known length, as a classic one can. Sources: "HDF5 File Format Specification Version 3.0"
//! (<https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>; superblock of version 2, object headers of version 2,
//! which HDF5 reads from 1.8 on), and "NetCDF-4/HDF5 File Format" (Appendix C of "File Format Specifications",
//! <https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html>).

mod attribute;
mod check;
mod datatype;
mod heap;
mod layout;
mod object;
mod plan;
mod scales;

#[cfg(test)]
mod tests;

use weir_model::Attribute;

pub use plan::Plan;

use crate::{External, NetcdfError};

/// What a file holds, in the order in which it is written. Paths begin with a slash; groups on the way to something need not be
/// named to be there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    /// The groups with attributes; `/` is the root.
    pub groups: Vec<Group>,
    /// The dimensions.
    pub dimensions: Vec<Dimension>,
    /// The variables.
    pub variables: Vec<Variable>,
}

/// A group, and what is said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its path.
    pub path: String,
    /// The attributes.
    pub attributes: Vec<Attribute>,
}

/// A named axis; all have a fixed length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its path: its group, and its name.
    pub path: String,
    /// The length.
    pub length: u64,
}

/// A named array.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its path: its group, and its name.
    pub path: String,
    /// What its elements are.
    pub elements: Elements,
    /// Places in [`File::dimensions`], slowest first, each in the variable's group or in one around it.
    pub dimensions: Vec<usize>,
    /// The attributes. Those that HDF5 and netCDF-4 keep for themselves are left out, as are values of no type that is known.
    pub attributes: Vec<Attribute>,
}

/// What the elements of a variable are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elements {
    /// Numbers or characters, which are sent little-endian.
    Numbers(External),
    /// Texts of any length (`NC_STRING`), row-major, which the plan takes up: there is nothing to send. HDF5 has texts of a fixed
    /// length, too, but netCDF-C cannot read arrays of them.
    Texts(Vec<Vec<u8>>),
}

impl File {
    /// Where everything lies, and the bytes of all metadata.
    ///
    /// # Errors
    /// [`NetcdfError`] names the first thing that no file can have.
    pub fn plan(&self) -> Result<Plan, NetcdfError> {
        check::check(self)?;
        Plan::of(self)
    }

    /// How many elements a variable has.
    fn elements(&self, variable: &Variable) -> Result<u64, NetcdfError> {
        let lengths = self.shape(variable);
        // An empty axis makes nothing of the others, however long they are.
        if lengths.contains(&0) {
            return Ok(0);
        }
        let product = lengths.iter().try_fold(1_u64, |product, length| product.checked_mul(*length));
        product.ok_or(NetcdfError::TooLarge)
    }

    /// The lengths of a variable's axes.
    fn shape(&self, variable: &Variable) -> Vec<u64> {
        let length = |place: &usize| self.dimensions.get(*place).map(|dimension| dimension.length);
        variable.dimensions.iter().filter_map(length).collect()
    }

    /// The variable that is the coordinate of a dimension: of the same path, and along it first.
    fn coordinate(&self, dimension: usize) -> Option<usize> {
        let path = &self.dimensions.get(dimension)?.path;
        let is_it = |variable: &Variable| {
            variable.path == *path && variable.dimensions.first().copied() == Some(dimension)
        };
        self.variables.iter().position(is_it)
    }
}

/// The path of the group that holds something, and its name.
fn parted(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some(parts) => parts,
        None => ("/", path),
    }
}

/// Whether a group lies in another, or is it.
fn is_within(group: &str, around: &str) -> bool {
    around == "/" || group == around || group.strip_prefix(around).is_some_and(|rest| rest.starts_with('/'))
}
