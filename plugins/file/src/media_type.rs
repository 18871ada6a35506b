//! Media types: what a file is called on the web, by how it begins.

/// So many bytes tell the format of a file.
pub(crate) const FIRST_BYTES: u64 = 8;

/// All media types that files have.
pub(crate) const ALL: &[&str] = &[
    "application/x-netcdf",
    "application/x-hdf5",
    "application/x-hdf",
    "application/x-grib",
    "application/wmo-GRIB2",
    "application/json",
    "application/xml",
    "application/zstd",
    "application/octet-stream",
];

/// The media type of a file that begins so; its name tells netCDF-4 from other HDF5 files.
///
/// None of them is registered with IANA but those of JSON, XML and GRIB ("wmo-GRIB2" in WMO's own use); they are those that other
/// servers of such files use.
pub(crate) fn of(first: &[u8], name: &str) -> &'static str {
    const NETCDF: &str = "application/x-netcdf";
    let ends_in = |endings: &[&str]| {
        let name = name.to_ascii_lowercase();
        endings.iter().any(|ending| name.ends_with(ending))
    };
    match first {
        [b'C', b'D', b'F', 1 | 2 | 5, ..] => NETCDF,
        [0x89, b'H', b'D', b'F', ..] if ends_in(&[".nc", ".nc4", ".cdf"]) => NETCDF,
        [0x89, b'H', b'D', b'F', ..] => "application/x-hdf5",
        [0x0e, 0x03, 0x13, 0x01, ..] => "application/x-hdf",
        [b'G', b'R', b'I', b'B', _, _, _, 1, ..] => "application/x-grib",
        [b'G', b'R', b'I', b'B', _, _, _, 2, ..] => "application/wmo-GRIB2",
        [b'{' | b'[', ..] => "application/json",
        [b'<', ..] | [0xef, 0xbb, 0xbf, b'<', ..] => "application/xml",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "application/zstd",
        // HDF5 may begin behind a block of the user's.
        _ if ends_in(&[".nc", ".nc4"]) => NETCDF,
        _ if ends_in(&[".h5", ".hdf5", ".he5"]) => "application/x-hdf5",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(first: &[u8], name: &str, expected: &str) {
        assert_eq!(of(first, name), expected, "{first:?} {name}");
        assert!(ALL.contains(&expected), "{expected} is told of");
    }

    #[test]
    fn formats_are_known_by_how_they_begin() {
        check(b"CDF\x02\0\0\0\0", "a", "application/x-netcdf");
        check(b"\x89HDF\r\n\x1a\n", "a.NC", "application/x-netcdf");
        check(b"\x89HDF\r\n\x1a\n", "a.h5", "application/x-hdf5");
        check(b"GRIB\0\0\0\x02", "a", "application/wmo-GRIB2");
        check(b"GRIB\0\x01\0\x01", "a.grib2", "application/x-grib");
        check(b"{\"versio", "a.json", "application/json");
        check(b"<?xml ve", "a.ncml", "application/xml");
        check(b"userbloc", "a.h5", "application/x-hdf5");
        check(b"", "", "application/octet-stream");
        check(b"CDF\x07....", "a", "application/octet-stream");
    }
}
