//! Any bytes are an HDF5 file or are refused, and whatever such a file says of itself, the beginnings of its variables are
//! read or refused. Start from the fixtures: cp ../tests/fixtures/hdf5_* corpus/hdf5_open/
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use weir_datasets::{DataFile, Dataset, hdf5};
use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Packed, Stride};

/// Elements larger than this are not read.
const MOST_ELEMENT_BYTES: usize = 1 << 12;

fuzz_target!(|data: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(data).expect("a temporary file can be written");
    let file = DataFile::open(file.path()).expect("a temporary file can be opened");
    let Ok(source) = hdf5::open(file) else { return };
    let dataset = Dataset::new(source);
    for (path, variable) in dataset.schema().variables() {
        let storage = &variable.storage;
        assert_eq!(variable.shape.len(), variable.dimensions.len());
        ChunkGrid::new(variable.shape.clone(), storage.chunk_shape.clone()).expect("chunks tile a variable");
        let strides = variable.shape.iter().map(|&length| Stride::all(length.min(4))).collect();
        let slab = Hyperslab::within(&variable.shape, strides).expect("the beginning lies inside");
        match variable.data_type.size() {
            _ if slab.elements() > 4096 => {}
            None => {
                for element in dataset.read_strings(&path, &slab).unwrap_or_default() {
                    Packed::count(&element, &variable.data_type).expect("an element is of its type");
                }
            }
            Some(size) => {
                assert_eq!(storage.fill.len(), size);
                if size <= MOST_ELEMENT_BYTES {
                    let mut out = vec![0; slab.elements() as usize * size];
                    let _ = dataset.read(&path, &slab, ByteOrder::Little, &mut out);
                    let _ = dataset.verify(&path, &slab);
                }
            }
        }
    }
});
