//! Any bytes are a stored chunk of any codec or are refused: never more or fewer bytes than the chunk has, and the same bytes
//! whatever was decoded before. The first bytes choose codecs, parameters and length; the rest is the stored chunk.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_datasets::codecs::{self, Decoded, Scratch};
use weir_model::{ByteOrder, Codec, DataType};

/// HDF5 filters; 0 chooses one of the names.
const FILTERS: [u32; 12] = [0, 1, 4, 5, 6, 307, 32000, 32001, 32004, 32008, 32015, 32026];

/// Zarr codecs.
const NAMES: [&str; 10] = ["zlib", "gzip", "zstd", "blosc", "lz4", "bz2", "shuffle", "crc32", "crc32c", "adler32"];

fn codec(choice: u8, parameters: &[u8]) -> Codec {
    let id = FILTERS[usize::from(choice) % FILTERS.len()];
    let name = NAMES[usize::from(choice) / FILTERS.len() % NAMES.len()].to_owned();
    // Small numbers and large ones, in few bytes.
    let parameters = parameters.iter().map(|&byte| if byte > 200 { u32::from(byte) << 24 } else { byte.into() });
    Codec::Other { id, name, parameters: parameters.collect(), configuration: String::new() }
}

fuzz_target!(|data: &[u8]| {
    let Some((&[first, second, count, low, high], rest)) = data.split_first_chunk::<5>() else { return };
    let Some((parameters, stored)) = rest.split_at_checked(usize::from(count % 32)) else { return };
    let mut codecs = vec![codec(first, parameters)];
    // A second step behind the first, such as a checksum behind a compressor.
    match second % 4 {
        0 => codecs.push(codec(second / 4, parameters)),
        1 => codecs.push(Codec::Fletcher32),
        2 => codecs.insert(0, Codec::Shuffle { element_size: (second / 4).into() }),
        _ => {}
    }
    let length = usize::from(u16::from_le_bytes([low, high]));
    let (stored_order, wanted) = (ByteOrder::Little, ByteOrder::Big);
    let to = Decoded { codecs: &codecs, length, data_type: &DataType::Int16, stored: stored_order, wanted };
    let once = Scratch::with(|scratch| codecs::decode(scratch, stored, 0, &to).map(<[u8]>::to_vec));
    let painted = Scratch::with(|scratch| {
        let paint = vec![0xa5; 1 << 18];
        let shuffle = Codec::Shuffle { element_size: 1 };
        let codecs = [shuffle.clone(), shuffle];
        let to = Decoded { codecs: &codecs, length: paint.len(), data_type: &DataType::Int8, ..to };
        codecs::decode(scratch, &paint, 0, &to).map(drop)
    });
    assert_eq!(painted, Ok(()));
    let again = Scratch::with(|scratch| codecs::decode(scratch, stored, 0, &to).map(<[u8]>::to_vec));
    assert_eq!(once, again, "what is decoded depends on what was decoded before");
    if let Ok(decoded) = once {
        assert_eq!(decoded.len(), length);
    }
});
