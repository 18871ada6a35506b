//! The open file.

use std::collections::HashMap;

use netcdf::{File, Variable};

use crate::answer::{Failure, Kind};
use crate::arguments::Arguments;
use crate::schema::{self, DescribedGroup, Description, Type};
use crate::sources::Sources;

/// What reading a variable needs to know.
#[derive(Debug)]
pub struct Known {
    /// The type of an element.
    pub data_type: Type,
    /// Lengths, slowest first.
    pub shape: Vec<usize>,
    refused: Option<Failure>,
}

/// The open file.
pub struct OpenFile {
    file: File,
    description: Description,
    known: HashMap<String, Known>,
}

impl OpenFile {
    /// Opens the file that the command line names.
    ///
    /// # Errors
    /// `Unavailable` where another file is there, `Unsupported` where netCDF-C cannot open it.
    pub fn open(arguments: &Arguments) -> Result<Self, Failure> {
        arguments.identity.check_path(&arguments.file)?;
        // Before netCDF-C has it open, so that both may open it in their own way.
        let sources = Sources::of_file(&arguments.file)?;
        let file =
            netcdf::open(&arguments.file).map_err(|error| refusal(&error, "netCDF-C cannot open it"))?;
        arguments.identity.check_open()?;
        let mut description = schema::describe(&file);
        let mut known = HashMap::new();
        complete(&mut description.root, "", &sources, &mut known);
        Ok(Self { file, description, known })
    }

    /// What it holds.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// A variable, and what is known of it.
    ///
    /// # Errors
    /// `NotFound` where there is none; why it is refused where it is.
    pub fn variable(&self, path: &str) -> Result<(Variable<'_>, &Known), Failure> {
        let missing = || Failure::new(Kind::NotFound, format!("netCDF-C shows no variable {path}"));
        let known = self.known.get(path).ok_or_else(missing)?;
        if let Some(refused) = &known.refused {
            return Err(refused.clone());
        }
        let variable = self.file.variable(path.trim_start_matches('/')).ok_or_else(missing)?;
        Ok((variable, known))
    }
}

/// Adds what only HDF5 knows, and remembers what reading needs.
fn complete(group: &mut DescribedGroup, path: &str, sources: &Sources, known: &mut HashMap<String, Known>) {
    for variable in &mut group.variables {
        let path = format!("{path}/{}", variable.name);
        (variable.sources, variable.refused) = sources.of_variable(&path);
        let (data_type, shape) = (variable.data_type.clone(), variable.shape.clone());
        known.insert(path, Known { data_type, shape, refused: variable.refused.clone() });
    }
    for inner in &mut group.groups {
        let path = format!("{path}/{}", inner.name);
        complete(inner, &path, sources, known);
    }
}

/// An error of the netCDF crate, in words of ours.
pub fn refusal(error: &netcdf::Error, what: &str) -> Failure {
    let kind = match error {
        netcdf::Error::Netcdf(libc::ENOMEM | netcdf_sys::NC_ENOMEM) => Kind::TooLarge,
        netcdf::Error::Netcdf(libc::ENOENT | libc::EACCES | libc::EIO) => Kind::Unavailable,
        netcdf::Error::Netcdf(netcdf_sys::NC_EFILTER | netcdf_sys::NC_ENOTNC | netcdf_sys::NC_EHDFERR) => {
            Kind::Unsupported
        }
        netcdf::Error::Netcdf(_) => Kind::Unsupported,
        _ => Kind::BadRequest,
    };
    Failure::new(kind, format!("{what}: {error}"))
}
