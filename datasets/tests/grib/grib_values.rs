//! Values and coordinates are those of ecCodes.

use std::path::{Path, PathBuf};

use weir_datasets::Dataset;

use crate::expectation::compare;
use crate::fixture::open;

/// A folder of GRIB files and of what `expect_grib.py` wrote of them, to compare with by hand; all differences are printed.
const SAMPLES: &str = "WEIR_GRIB_SAMPLES";

#[test]
fn samples_of_others_if_there_are_any() {
    let Some(folder) = std::env::var_os(SAMPLES).map(PathBuf::from) else { return };
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut wrong = 0;
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "grib")) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let expected = Path::new(&folder).join(format!("{name}.json"));
        let start = std::time::Instant::now();
        match open(file) {
            Err(error) => println!("{name}: refused: {error}"),
            Ok(source) => {
                let report = compare(&Dataset::new(source), &expected);
                wrong += report.wrong.len();
                println!("{name}: {} equal ({} values), {} grids within {:e} degrees, {:?}", report.equal, report.values, report.grids, report.farthest, start.elapsed());
                report.refused.iter().take(2).for_each(|refused| println!("    refused: {refused}"));
                report.wrong.iter().take(3).for_each(|wrong| println!("    WRONG: {wrong}"));
            }
        }
    }
    assert_eq!(wrong, 0, "fields that are not as expected");
}
