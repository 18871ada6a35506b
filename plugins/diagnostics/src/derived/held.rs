//! Coordinates of made datasets: they are at hand, and parts of them are picked.

use weir_model::DataType;
use weir_plugin_api::{Error, Wanted};

use super::contents::{in_type, label_type, places, write};
use crate::labels::Labels;
use crate::result::ResultCoordinate;

/// Bytes of memory that reading a part of one takes, roughly.
#[must_use]
pub fn memory(wanted: Wanted<'_>) -> u64 {
    wanted.slab.elements().saturating_mul(48)
}

/// Elements of a coordinate over some dimensions.
///
/// # Errors
/// `NotFound` for one that there is not, `BadRequest` for one of texts.
pub fn read(
    coordinates: &[ResultCoordinate],
    dimensions: &[(String, u64)],
    wanted: Wanted<'_>,
    out: &mut [u8],
) -> Result<(), Error> {
    let (data_type, labels) = picked(coordinates, dimensions, wanted)?;
    match labels {
        Labels::Numbers(values) | Labels::Times(_, values) => {
            write(&in_type(values, &data_type), (&data_type, wanted.order), out)
        }
        Labels::Texts(_) => Err(Error::bad_request(format!("{} holds texts", wanted.variable))),
    }
}

/// Texts of a coordinate over some dimensions.
///
/// # Errors
/// `NotFound` for one that there is not, `BadRequest` for one of numbers.
pub fn texts(
    coordinates: &[ResultCoordinate],
    dimensions: &[(String, u64)],
    wanted: Wanted<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    match picked(coordinates, dimensions, wanted)?.1 {
        Labels::Texts(texts) => Ok(texts.into_iter().map(String::into_bytes).collect()),
        Labels::Numbers(_) | Labels::Times(..) => {
            Err(Error::bad_request(format!("{} holds numbers", wanted.variable)))
        }
    }
}

fn picked(
    coordinates: &[ResultCoordinate],
    dimensions: &[(String, u64)],
    wanted: Wanted<'_>,
) -> Result<(DataType, Labels), Error> {
    let name = wanted.variable.trim_start_matches('/');
    let coordinate = coordinates.iter().find(|coordinate| coordinate.name == name);
    let coordinate =
        coordinate.ok_or_else(|| Error::not_found(format!("the dataset has no variable {name}")))?;
    let length =
        |name: &String| dimensions.iter().find(|(known, _)| known == name).map_or(0, |(_, length)| *length);
    let shape: Vec<u64> = coordinate.dimensions.iter().map(length).collect();
    Ok((label_type(&coordinate.labels), coordinate.labels.picked(&places(wanted.slab, &shape)?)))
}
