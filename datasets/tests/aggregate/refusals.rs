//! Members that do not fit are refused, with their name and what differs.

use weir_datasets::aggregate::definition::{Fixed, Kind, Overlap, Scan};
use weir_datasets::{ErrorKind, Opener};

use crate::fixture::{defined, folder, joined, opener, place, rules};

fn refused(opener: &Opener, pattern: &str) -> String {
    let mut rules = rules(Kind::JoinExisting, "time", &folder(), "even/*.nc");
    rules.scans.push(Scan::glob(&folder(), pattern));
    let refused = opener.open(&place(defined(rules))).map(|dataset| dataset.generation().to_owned());
    refused.expect_err(pattern).message
}

#[test]
fn members_that_do_not_fit_are_named() {
    let opener = opener(&[&folder()]);
    let check = |name: &str, expected: &str| {
        assert_eq!(refused(&opener, &format!("bad/{name}.nc")), expected);
    };
    check("shape", "shape.nc: variable /temp has 2 indices along /y, but 3 in part0.nc");
    check("type", "type.nc: variable /packed has type int32, but int16 in part0.nc");
    check(
        "packing",
        "packing.nc: variable /packed has scale_factor Float64([0.1]), add_offset Float64([200.0]), \
         _FillValue Int16([-32767]), but scale_factor Float64([0.01]), add_offset Float64([200.0]), \
         _FillValue Int16([-32767]) in part0.nc",
    );
    check(
        "calendar",
        "calendar.nc: variable /time: its calendar is noleap, but that of the others is standard",
    );
    check("missing", "missing.nc: it has no variable /temp, which part0.nc has");
    check("units", "units.nc: variable /temp has units \"degC\", but units \"K\" in part0.nc");
    check(
        "overlap",
        "overlap.nc: its time (from 18) overlaps with that of part4.nc (up to 19); join them in another order, \
         leave one out, or allow overlaps",
    );
}

#[test]
fn overlaps_may_be_allowed() {
    let opener = opener(&[&folder()]);
    let mut rules = rules(Kind::JoinExisting, "time", &folder(), "even/*.nc");
    rules.scans.push(Scan::glob(&folder(), "bad/overlap.nc"));
    rules.overlap = Overlap::Note;
    let place = place(defined(rules));
    assert_eq!(opener.open(&place).unwrap().schema().variable("time").unwrap().shape, [24]);
    assert!(opener.problems(&place)[0].contains("overlaps with that of part4.nc"));
}

#[test]
fn fixed_coordinates_may_be_compared() {
    let folder_of_both = tempfile::tempdir().unwrap();
    crate::fixture::copy("even", folder_of_both.path());
    crate::fixture::copy("next", folder_of_both.path());
    let opener = opener(&[folder_of_both.path()]);
    let mut rules = rules(Kind::JoinExisting, "time", folder_of_both.path(), "*.nc");
    rules.fixed = Fixed::Values;
    opener.open(&place(defined(rules.clone()))).unwrap();
    // One byte of the latitudes of the last member becomes another: 2.0 is stored as 00 00 00 40.
    let path = folder_of_both.path().join("part5.nc");
    let mut bytes = std::fs::read(&path).unwrap();
    let latitudes: Vec<u8> = [1.0_f32, 2.0, 3.0].into_iter().flat_map(f32::to_le_bytes).collect();
    let at = bytes.windows(12).position(|window| window == latitudes).unwrap();
    bytes[at + 6] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let other = crate::fixture::opener(&[folder_of_both.path()]);
    let error = other.open(&place(defined(rules))).map(drop).unwrap_err();
    assert_eq!(error.message, "part5.nc: the values of coordinate /y are not those of part0.nc");
}

#[test]
fn what_cannot_be_found_is_said() {
    let opener = opener(&[&folder()]);
    let error = |definition| opener.open(&place(definition)).map(drop).unwrap_err();
    assert!(error(joined(&folder(), "even/*.grib")).message.contains("no members"));
    assert!(error(joined(&folder(), "nowhere/*.nc")).message.contains("inside the data folders"));
    let unknown = defined(rules(Kind::JoinExisting, "depth", &folder(), "even/*.nc"));
    assert!(error(unknown).message.contains("part0.nc: it has no dimension depth; it has time, y, x, nv"));
    let taken = defined(rules(Kind::JoinNew, "x", &folder(), "runs/*.nc"));
    assert!(error(taken).message.contains("the members have a dimension x"));
    let conflict = defined(rules(Kind::Union, "", &folder(), "union/*.nc"));
    let conflict = error(conflict);
    assert_eq!(conflict.kind, ErrorKind::BadRequest);
    assert_eq!(conflict.message, "conflict.nc: dimension /x has length 5, but 4 in air.nc");
}
