//! The plugin behind its C table, served by a host in memory.

use weir_plugin_api::ErrorKind;
use weir_plugin_api::model::DataType;
use weir_plugin_api::testing::{MockHost, Running, check_contract, counting, dataset_of};

use crate::{FilePlugin, disposition};

/// A file of more than one piece, whose bytes depend on their place.
fn bytes() -> Vec<u8> {
    let numbers = (1..=700_000_u32).flat_map(u32::to_le_bytes);
    b"CDF\x01".iter().copied().chain(numbers).collect()
}

fn host() -> MockHost {
    let mut file = dataset_of(vec![counting("v", DataType::Int16, &[("x", 6)])]);
    file.file = Some(("sea surface.nc".into(), bytes()));
    let store = dataset_of(vec![counting("v", DataType::Int16, &[("x", 6)])]);
    MockHost::new().dataset("d", file).dataset("store", store)
}

fn running() -> Running {
    host().start::<FilePlugin>()
}

#[test]
fn the_contract_is_kept() {
    check_contract::<FilePlugin>(host(), "d", &["/datasets/d/file", "/thredds/fileServer/d"]);
}

#[test]
fn the_file_is_sent_as_it_is() {
    let answer = running().get("/datasets/d/file").unwrap();
    assert!(answer.bytes == bytes(), "its bytes are those of the file");
    assert!(answer.stable && answer.ranges);
    assert_eq!(answer.header("content-type"), Some("application/x-netcdf"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"sea surface.nc\""));
}

#[test]
fn parts_are_read_alone() {
    let running = running();
    let whole = bytes();
    for (offset, length) in [(0, 1), (3, 10), (1_048_570, 12), (whole.len() - 1, 1), (5, 2_500_000)] {
        let part = running.part("/datasets/d/file", offset as u64, length as u64).unwrap();
        assert!(part == whole[offset..offset + length], "{length} bytes at byte {offset}");
    }
    let before = running.reads();
    running.part("/datasets/d/file", 2_000_000, 10).unwrap();
    assert_eq!(running.reads() - before, 2, "the beginning, and the part");
}

#[test]
fn a_store_is_no_file() {
    let error = running().get("/datasets/store/file").unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::NotFound, "the dataset is not one file"));
}

#[test]
fn names_cannot_break_out_of_the_header() {
    assert_eq!(disposition("a-b_1.nc"), "attachment; filename=\"a-b_1.nc\"");
    assert_eq!(
        disposition("a\"\r\né.nc"),
        "attachment; filename=\"a____.nc\"; filename*=UTF-8''a%22%0D%0A%C3%A9.nc"
    );
    assert_eq!(disposition(""), "attachment");
}
