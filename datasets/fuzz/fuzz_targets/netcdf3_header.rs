//! Any bytes are a classic netCDF header or are refused, and what a header is laid out to lies inside the file: no element
//! outside it, none in the header, and no two in one place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use weir_datasets::netcdf3::header::{Fault, Header};
use weir_datasets::netcdf3::layout::{Layout, Placement};

/// Files up to this length are checked byte by byte.
const MARKED: usize = 1 << 16;

/// Calls `at` with the first byte of every element, as long as there are not too many.
fn each_element(placement: &Placement, at: &mut dyn FnMut(u64)) {
    let shape = placement.grid.shape();
    let count = shape.iter().fold(1_u64, |n, &length| n.saturating_mul(length));
    for n in 0..count.min(MARKED as u64) {
        let (mut rest, mut place) = (n, placement.begin);
        for (&length, &stride) in shape.iter().zip(&placement.strides).rev() {
            place += rest % length * stride;
            rest /= length;
        }
        at(place);
    }
}

fuzz_target!(|data: &[u8]| {
    let header = match Header::parse(data) {
        Ok(header) => header,
        // What is too short stays no header when it is cut further.
        Err(Fault::Short) => return assert!(Header::parse(&data[..data.len() / 2]).is_err()),
        Err(Fault::Bad(_)) => return,
    };
    assert!(header.length <= data.len() as u64);
    let Ok(layout) = Layout::of(&header, data.len() as u64) else { return };
    let mut taken = vec![false; data.len()];
    for placement in &layout.placements {
        each_element(placement, &mut |at| {
            assert!(at >= header.length, "an element lies in the header");
            for byte in at..at + placement.element_size {
                let taken = &mut taken[byte as usize];
                assert!(!std::mem::replace(taken, true), "two elements lie in one place");
            }
        });
    }
});
