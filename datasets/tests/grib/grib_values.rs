//! Values and coordinates are those of ecCodes.

use std::path::{Path, PathBuf};

use weir_datasets::catalog::format::{self, Format};
use weir_datasets::contract::check_source;
use weir_datasets::{DataFile, Dataset};

use crate::expectation::{Report, compare};
use crate::fixture::{all, open};

/// A folder of GRIB files and of what `expect_grib.py` wrote of them, to compare with by hand; all differences are printed.
const SAMPLES: &str = "WEIR_GRIB_SAMPLES";

/// A file whose packing is not built in.
const SPECTRAL: &str = "grib_spectral.grib";

/// ecCodes adds increments up that are rounded to millionths of degrees.
const NEAR: f64 = 1e-9;

/// Compares a file with what is written beside it.
fn report(file: &Path) -> Report {
    let expected = file.with_extension("grib.json");
    compare(&Dataset::new(open(file).unwrap()), &expected)
}

fn check(name: &str, fields: usize, grids: usize) {
    let report = report(&crate::fixture::path(name));
    assert!(report.wrong.is_empty(), "{name}: {:#?}", report.wrong);
    assert!(report.refused.is_empty(), "{name}: {:#?}", report.refused);
    assert_eq!((report.equal, report.grids), (fields, grids), "{name}");
    near(&report);
}

fn near(report: &Report) {
    assert!(report.farthest < NEAR, "points are {} degrees off", report.farthest);
    assert!(report.farthest_rotated < 5e-6, "rotated points are {} degrees off", report.farthest_rotated);
}

#[test]
fn every_packing() {
    check("grib_packings.grib", 45, 1);
    check("grib_bitmaps.grib", 30, 1);
}

#[test]
fn every_scanning_mode() {
    check("grib_scanning.grib", 12, 12);
}

#[test]
fn cubes_with_holes() {
    check("grib_cubes.grib", 62, 1);
}

#[test]
fn grids_of_every_kind() {
    check("grib_grids.grib", 12, 11);
}

#[test]
fn several_fields_in_a_message() {
    check("grib_several.grib", 4, 1);
}

#[test]
fn the_first_edition() {
    check("grib_edition1.grib", 11, 4);
}

#[test]
fn spherical_harmonics_are_shown_and_refused() {
    let report = report(&crate::fixture::path(SPECTRAL));
    assert_eq!((report.equal, report.wrong.as_slice()), (0, [].as_slice()));
    assert_eq!(report.refused.len(), 1);
    assert!(report.refused[0].contains("spectral_complex"), "{:?}", report.refused);
}

#[test]
fn the_contract_is_kept() {
    for file in all().into_iter().filter(|file| !file.ends_with(SPECTRAL)) {
        let kept = check_source(|| open(&file).unwrap(), &|_| None);
        assert_eq!(kept, Ok(()), "{}", file.display());
    }
}

#[test]
fn files_are_known_by_how_they_begin() {
    let format = |bytes: &[u8]| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        format::recognise(&DataFile::open(file.path()).unwrap()).unwrap()
    };
    for file in all() {
        assert_eq!(format(&std::fs::read(&file).unwrap()), Some(Format::Grib), "{}", file.display());
    }
    assert_eq!(format(b"GRIB\0\0\0\x01"), Some(Format::Grib));
    for other in [&b"GRIB"[..], b"GRIB\0\0\0\x03", b"GRIB is a file format", b"", &[b' '; 2000]] {
        assert_eq!(format(other), None, "{other:?}");
    }
    let far = [&[b' '; 1024][..], b"GRIB\0\0\0\x02"].concat();
    assert_eq!(format(&far), None);
}

#[test]
fn samples_of_others_if_there_are_any() {
    let Some(folder) = std::env::var_os(SAMPLES).map(PathBuf::from) else { return };
    let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.collect();
    files.sort();
    let mut wrong = 0;
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "grib")) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if let Err(error) = open(file) {
            println!("{name}: refused: {error}");
            continue;
        }
        let report = report(file);
        wrong += report.wrong.len();
        let Report { equal, values, grids, farthest, .. } = &report;
        println!(
            "{name}: {equal} fields of {values} values equal, {grids} grids within {farthest:e} degrees"
        );
        report.refused.iter().take(2).for_each(|refused| println!("    refused: {refused}"));
        report.wrong.iter().take(3).for_each(|wrong| println!("    WRONG: {wrong}"));
    }
    assert_eq!(wrong, 0, "fields that are not as expected");
}
