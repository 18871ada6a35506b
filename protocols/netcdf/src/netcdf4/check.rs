//! Whether a file can be as it is described.

use std::collections::HashSet;

use super::{Dimension, Elements, File, Variable, is_within, parted};
use crate::NetcdfError;
use crate::classic::distinct;

/// The longest name that netCDF-C takes (`NC_MAX_NAME`), in bytes.
const LONGEST_NAME: usize = 256;

/// # Errors
/// The first thing that no file can have.
pub(super) fn check(file: &File) -> Result<(), NetcdfError> {
    let groups = file.groups.iter().map(|group| group.path.as_str()).filter(|path| *path != "/");
    paths(groups)?;
    paths(file.dimensions.iter().map(|dimension| dimension.path.as_str()))?;
    paths(file.variables.iter().map(|variable| variable.path.as_str()))?;
    for attributes in file
        .groups
        .iter()
        .map(|group| &group.attributes)
        .chain(file.variables.iter().map(|variable| &variable.attributes))
    {
        distinct(attributes.iter().map(|attribute| attribute.name.as_str()))?;
        attributes.iter().try_for_each(|attribute| short(&attribute.name))?;
    }
    file.variables.iter().try_for_each(|variable| axes(file, variable))?;
    file.variables.iter().try_for_each(|variable| texts(file, variable))
}

/// Paths of names that a file can have, each once.
fn paths<'a>(all: impl Iterator<Item = &'a str>) -> Result<(), NetcdfError> {
    let mut known = HashSet::new();
    for path in all {
        let Some(inner) = path.strip_prefix('/') else {
            return Err(NetcdfError::name(path, "its path does not begin with a slash"));
        };
        for name in inner.split('/') {
            distinct(std::iter::once(name))?;
            short(name)?;
        }
        if !known.insert(path) {
            return Err(NetcdfError::name(path, "it is there already"));
        }
    }
    Ok(())
}

fn short(name: &str) -> Result<(), NetcdfError> {
    match name.len() > LONGEST_NAME {
        true => Err(NetcdfError::name(name, "it has more than 256 bytes")),
        false => Ok(()),
    }
}

fn axes(file: &File, variable: &Variable) -> Result<(), NetcdfError> {
    let wrong = |reason| NetcdfError::Dimension { variable: variable.path.clone(), reason };
    let (group, _) = parted(&variable.path);
    for place in &variable.dimensions {
        let dimension = file.dimensions.get(*place);
        let Dimension { path, .. } =
            dimension.ok_or_else(|| wrong("names a dimension that the file has not"))?;
        if !is_within(group, parted(path).0) {
            return Err(wrong("lies along a dimension of a group that is not around it"));
        }
    }
    // More than 32 axes are none that HDF5 has (`H5S_MAX_RANK`).
    if variable.dimensions.len() > 32 {
        return Err(wrong("has more than 32 dimensions"));
    }
    Ok(())
}

fn texts(file: &File, variable: &Variable) -> Result<(), NetcdfError> {
    let wrong = |reason| NetcdfError::Dimension { variable: variable.path.clone(), reason };
    match &variable.elements {
        Elements::Texts(texts) if u64::try_from(texts.len()).ok() != Some(file.elements(variable)?) => {
            Err(wrong("has not as many texts as its dimensions say"))
        }
        _ => Ok(()),
    }
}
