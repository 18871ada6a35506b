//! Any bytes are a GRIB file or are refused, and whatever such a file says of itself, the beginnings of its variables are read
//! or refused. Start from the fixtures: cp ../tests/fixtures/*.grib corpus/grib_open/
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use weir_datasets::{DataFile, Dataset, grib};
use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Stride};

/// Chunks of more bytes are not read: a field of one value has as many points as it says.
const MOST_CHUNK_BYTES: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(data).expect("a temporary file can be written");
    let file = DataFile::open(file.path()).expect("a temporary file can be opened");
    let Ok(source) = grib::open(file) else { return };
    let dataset = Dataset::new(source);
    for (path, variable) in dataset.schema().variables() {
        let storage = &variable.storage;
        assert_eq!(variable.shape.len(), variable.dimensions.len());
        assert_eq!(variable.data_type.size(), Some(storage.fill.len()));
        let grid = ChunkGrid::new(variable.shape.clone(), storage.chunk_shape.clone());
        let elements = grid.expect("chunks tile a variable").chunk_elements();
        let strides = variable.shape.iter().map(|&length| Stride::all(length.min(4))).collect();
        let slab = Hyperslab::within(&variable.shape, strides).expect("the beginning lies inside");
        let size = storage.fill.len() as u64;
        if elements.saturating_mul(size) <= MOST_CHUNK_BYTES && slab.elements() <= 4096 {
            let mut out = vec![0; (slab.elements() * size) as usize];
            let _ = dataset.read(&path, &slab, ByteOrder::Little, &mut out);
            let _ = dataset.verify(&path, &slab);
        }
    }
});
