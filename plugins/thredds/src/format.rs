//! The format of a dataset's file, in the words of THREDDS.

use weir_plugin_api::{Dataset, Error};

/// Bytes by which formats are told apart.
const FIRST: usize = 8;

/// The format of a dataset's own file; nothing where it has none, or one without a word.
///
/// # Errors
/// Where the file cannot be read now.
pub(crate) fn format_of(dataset: &Dataset) -> Result<&'static str, Error> {
    // Zarr, aggregations and references are no single files.
    let Ok(file) = dataset.file() else { return Ok("") };
    let mut first = [0; FIRST];
    let length = usize::try_from(file.length).map_or(FIRST, |length| length.min(FIRST));
    let Some(room) = first.get_mut(..length) else { return Ok("") };
    dataset.read_file(0, room)?;
    Ok(named(&first, &file.name))
}

/// The format by a file's first bytes; netCDF-4 is HDF5 that says so by its name.
fn named(first: &[u8; FIRST], name: &str) -> &'static str {
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.to_ascii_lowercase().ends_with(suffix));
    match first {
        [b'C', b'D', b'F', 1 | 2 | 5, ..] => "NetCDF",
        [0x89, b'H', b'D', b'F', ..] if ends(&[".nc", ".nc4", ".cdf"]) => "NetCDF-4",
        [0x89, b'H', b'D', b'F', ..] => "HDF5",
        [b'G', b'R', b'I', b'B', _, _, _, 1] => "GRIB-1",
        [b'G', b'R', b'I', b'B', _, _, _, 2] => "GRIB-2",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_first_bytes() {
        let check =
            |first: &[u8; FIRST], name: &str, expected: &str| assert_eq!(named(first, name), expected);
        check(b"CDF\x01\0\0\0\0", "x", "NetCDF");
        check(b"\x89HDF\r\n\x1a\n", "x.NC", "NetCDF-4");
        check(b"\x89HDF\r\n\x1a\n", "x.h5", "HDF5");
        check(b"GRIB\0\0\0\x02", "x", "GRIB-2");
        check(b"GRIB\0\0\0\x01", "x", "GRIB-1");
        check(b"{\"versio", "x.json", "");
    }
}
