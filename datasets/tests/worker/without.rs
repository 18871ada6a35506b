//! Without the feature `netcdf-c`: what cannot be read is refused, and the reason names the feature.

use weir_datasets::{Error, ErrorKind};

use crate::folder::{Folder, int16, int32, read};

fn check(refused: Option<Error>, words: [&str; 2]) {
    let error = refused.expect("it is refused");
    assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    for word in words {
        assert!(error.message.contains(word), "{error}");
    }
}

#[test]
fn hdf4_is_refused_by_name() {
    let folder = Folder::new();
    let catalog = folder.catalog();
    assert!(catalog.contains("scientific.hdf"));
    check(catalog.open("scientific.hdf").err(), ["HDF4", "built without netcdf-c"]);
}

#[test]
fn variables_whose_elements_are_elsewhere_are_refused_one_by_one() {
    let folder = Folder::new();
    let dataset = folder.catalog().open("collected.h5").unwrap();
    for path in ["/joined", "/columns", "/nested", "/inner/joined"] {
        check(read(&dataset, path).err(), ["virtual", "built without netcdf-c"]);
    }
    check(read(&dataset, "/outside").err(), ["external", "built without netcdf-c"]);
    assert_eq!(read(&dataset, "/plain").unwrap(), int16(1..=35));
}

#[test]
fn a_codec_that_is_not_built_in_is_refused_by_name() {
    let folder = Folder::new();
    let dataset = folder.catalog().open("unusual_codec.h5").unwrap();
    check(read(&dataset, "/zfp").err(), ["zfp", "built without netcdf-c"]);
    assert_eq!(read(&dataset, "/plain").unwrap(), int32(1..=4));
}
