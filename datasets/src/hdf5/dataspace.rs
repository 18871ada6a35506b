//! Dataspaces: how many elements a dataset or an attribute has.

use hdf5_reader::io::Cursor;
use hdf5_reader::messages::dataspace::{self, DataspaceType, UNLIMITED};

use super::metadata::{Metadata, guarded};
use crate::Error;

/// HDF5's own limit (`H5S_MAX_RANK`).
const MOST_AXES: usize = 32;

/// The extent of a dataset or an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Space {
    /// No element at all.
    Null,
    /// One element.
    Scalar,
    /// An array.
    Simple(Vec<Axis>),
}

/// One axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// How many indices it has now.
    pub length: u64,
    /// How many it can have; `None` where that is not limited.
    pub most: Option<u64>,
}

impl Space {
    /// Parses a dataspace message.
    pub fn parse(metadata: &Metadata, body: &[u8]) -> Result<Self, Error> {
        let (offset_size, length_size) = (metadata.offset_size, metadata.length_size);
        let message = guarded("dataspace", || {
            dataspace::parse(&mut Cursor::new(body), offset_size, length_size, body.len())
        })?;
        if message.dims.len() > MOST_AXES {
            let axes = message.dims.len();
            return Err(Error::corrupt(format!("a dataspace has {axes} axes, the limit is {MOST_AXES}")));
        }
        match message.dataspace_type {
            DataspaceType::Null => Ok(Self::Null),
            DataspaceType::Scalar if message.dims.is_empty() => Ok(Self::Scalar),
            DataspaceType::Simple if !message.dims.is_empty() => {
                let limits = message.max_dims.unwrap_or_else(|| message.dims.clone());
                let unlimited =
                    |most: u64| most == UNLIMITED || Cursor::is_undefined_offset(most, length_size);
                let limits = limits.into_iter().map(|most| (!unlimited(most)).then_some(most));
                let axes = message.dims.into_iter().zip(limits);
                Ok(Self::Simple(axes.map(|(length, most)| Axis { length, most }).collect()))
            }
            _ => Err(Error::corrupt("a dataspace is scalar and has axes, or is an array and has none")),
        }
    }

    /// The axes, slowest first.
    pub fn axes(&self) -> &[Axis] {
        match self {
            Self::Simple(axes) => axes,
            Self::Null | Self::Scalar => &[],
        }
    }

    /// How many elements there are, or `None` where 64 bits cannot count them.
    pub fn elements(&self) -> Option<u64> {
        match self {
            Self::Null => Some(0),
            Self::Scalar => Some(1),
            Self::Simple(axes) if axes.iter().any(|axis| axis.length == 0) => Some(0),
            Self::Simple(axes) => axes.iter().try_fold(1_u64, |n, axis| n.checked_mul(axis.length)),
        }
    }
}
