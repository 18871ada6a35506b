//! From a dataset as it is stored to an array that gives chunks, and to the storage that the schema shows.

use std::sync::{Mutex, OnceLock};

use weir_model::{ByteOrder, ChunkGrid, Codec, Storage, default_fill};

use super::array::{StoredArray, chunk_shape};
use super::dataset::{Fill, Layout, StoredDataset};
use super::datatype::FileType;
use crate::Error;

/// What the schema calls it where numbers are stored in another way than the model has them: fields of several byte orders,
/// fewer bits than their bytes have.
const NUMBERS: &str = "hdf5 numbers";

impl StoredArray {
    /// The array of a dataset that is shown in a shape: its own, or a longer one.
    ///
    /// # Errors
    /// `Corrupt` for a shape that cannot be counted. What else is wrong is told to those who read the array.
    pub fn of(dataset: StoredDataset, shape: &[u64]) -> Result<Self, Error> {
        let StoredDataset { file_type, space, mut layout, codecs, fill, .. } = dataset;
        let axes = space.axes().to_vec();
        if shape.len() != axes.len() {
            return Err(Error::corrupt("its axes have no dimensions"));
        }
        let grid = grid(&mut layout, shape, file_type.size)?;
        let is_longer = axes.iter().zip(shape).any(|(axis, &shown)| axis.length < shown);
        if is_longer && matches!(layout, Layout::Contiguous { .. } | Layout::Compact(_)) {
            layout = Layout::Unsupported(Error::corrupt("it can grow, but is not stored in chunks"));
        }
        let fills = Fills::of(&fill, &file_type);
        let (fill, unwritten) = match is_longer {
            true => (fills.beyond.clone(), (fills.unwritten != fills.beyond).then_some(fills.unwritten)),
            false => (fills.unwritten, None),
        };
        let codecs = if matches!(layout, Layout::Chunked(_)) { codecs } else { Vec::new() };
        let FileType { data_type, size: element_size, form, unreadable, .. } = file_type;
        let unreadable = unreadable.map(Error::unsupported);
        let (path, index, reading) = (String::new(), OnceLock::new(), Mutex::new(()));
        Ok(Self {
            path,
            grid,
            axes,
            element_size,
            data_type,
            form,
            layout,
            codecs,
            fill,
            unwritten,
            unreadable,
            index,
            reading,
        })
    }

    /// What the schema shows.
    pub fn storage(&self) -> Storage {
        let is_varying = self.data_type.is_varying();
        let mut fill = if is_varying { Vec::new() } else { self.fill.clone() };
        self.form.normalise(&mut fill);
        Storage {
            chunk_shape: self.grid.chunk_shape().to_vec(),
            // References into the heap are of no use to others, so neither are their codecs.
            codecs: if is_varying { Vec::new() } else { self.shown_codecs() },
            byte_order: self.form.order().unwrap_or(ByteOrder::Little),
            fill,
        }
    }

    /// The codecs that the schema shows: the file's, behind one that stands for what was done to elements before they were
    /// stored, where no byte order says it.
    fn shown_codecs(&self) -> Vec<Codec> {
        if self.form.order().is_some() {
            return self.codecs.clone();
        }
        let (id, name) = (0, NUMBERS.to_owned());
        let numbers = Codec::Other { id, name, parameters: Vec::new(), configuration: String::new() };
        // A chunk's mask has no bits for more.
        let behind = self.codecs.iter().take(31).cloned();
        std::iter::once(numbers).chain(behind).collect()
    }

    /// The mask of a chunk to which no codec was applied of those that the schema shows.
    pub fn all_shown_skipped(&self) -> u32 {
        self.shown_codecs().iter().fold(0, |mask, _| mask << 1 | 1)
    }
}

/// How chunks tile a variable. A layout that cannot is an error for those who read the variable.
fn grid(layout: &mut Layout, shape: &[u64], element_size: usize) -> Result<ChunkGrid, Error> {
    let elements = match shape.contains(&0) {
        true => Some(0),
        false => shape.iter().try_fold(1_u64, |n, &length| n.checked_mul(length)),
    };
    let bytes = elements.and_then(|elements| elements.checked_mul(element_size as u64));
    let bytes = bytes.ok_or_else(|| {
        Error::corrupt(format!("its shape {shape:?} has more bytes than 64 bits can count"))
    })?;
    if let Err(error) = check_size(layout, shape.len(), (bytes, element_size)) {
        *layout = Layout::Unsupported(error);
    }
    let tiled = ChunkGrid::new(shape.to_vec(), chunk_shape(layout, shape, element_size));
    tiled.or_else(|error| {
        *layout = Layout::Unsupported(Error::corrupt(error.to_string()));
        let runs = chunk_shape(layout, shape, element_size);
        ChunkGrid::new(shape.to_vec(), runs).map_err(|error| Error::corrupt(error.to_string()))
    })
}

/// Checks what a layout says of sizes: of all elements, or of one.
fn check_size(layout: &mut Layout, axes: usize, (bytes, element_size): (u64, usize)) -> Result<(), Error> {
    match layout {
        Layout::Contiguous { address: Some(_), bytes: Some(stored) } if *stored < bytes => {
            Err(Error::corrupt(format!("its {bytes} bytes are stored in {stored}")))
        }
        Layout::Chunked(chunked) => {
            // Versions 4 and later list the element size behind the lengths.
            let said = chunked.element_size.or_else(|| chunked.lengths.get(axes).copied());
            chunked.lengths.truncate(axes);
            match said {
                Some(said) if said as usize != element_size => Err(Error::corrupt(format!(
                    "its elements have {element_size} bytes, and {said} in its chunks"
                ))),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Elements, as stored, that stand where nothing is.
struct Fills {
    /// Where the dataset has places that were never written: HDF5 fills them.
    unwritten: Vec<u8>,
    /// Where the dataset ends before a shared dimension does: netCDF fills them.
    beyond: Vec<u8>,
}

impl Fills {
    fn of(fill: &Fill, file_type: &FileType) -> Self {
        let FileType { data_type, size, form, .. } = file_type;
        let size = *size;
        let mut default = default_fill(data_type.stored());
        match form.order() {
            Some(ByteOrder::Little) if default.len() == size => {}
            Some(ByteOrder::Big) if default.len() == size => default.reverse(),
            // netCDF has no fill value for numbers of fewer bits, nor for types that a file defines.
            _ => default = vec![0; size],
        }
        match fill {
            Fill::Value(value) => Self { unwritten: value.clone(), beyond: value.clone() },
            Fill::Zero => Self { unwritten: vec![0; size], beyond: default },
            Fill::Undefined => Self { unwritten: default.clone(), beyond: default },
        }
    }
}
