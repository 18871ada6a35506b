//! Any hyperslab of any members is that of the joined array.

use std::path::Path;

use proptest::prelude::*;
use weir_datasets::aggregate::definition::{Kind, Order};
use weir_model::{ByteOrder, Hyperslab, Stride};

use crate::fixture::{defined, opener, place, rules};

/// A classic netCDF file (CDF-1) with dimensions `a`, `b`, `c` and one variable `v` of 32-bit integers over them.
fn classic(shape: [u64; 3], values: &[i32]) -> Vec<u8> {
    let mut out = b"CDF\x01\0\0\0\0".to_vec();
    let number = |out: &mut Vec<u8>, n: u64| out.extend((n as u32).to_be_bytes());
    number(&mut out, 10);
    number(&mut out, 3);
    for (name, length) in [b'a', b'b', b'c'].into_iter().zip(shape) {
        number(&mut out, 1);
        out.extend([name, 0, 0, 0]);
        number(&mut out, length);
    }
    out.extend([0; 8]);
    number(&mut out, 11);
    number(&mut out, 1);
    number(&mut out, 1);
    out.extend([b'v', 0, 0, 0]);
    [3, 0, 1, 2].into_iter().for_each(|n| number(&mut out, n));
    out.extend([0; 8]);
    number(&mut out, 4);
    number(&mut out, values.len() as u64 * 4);
    let begin = out.len() as u64 + 4;
    number(&mut out, begin);
    out.extend(values.iter().flat_map(|n| n.to_be_bytes()));
    out
}

/// Writes members along `axis`, whose values are their places in the joined array, from 1.
fn write(folder: &Path, lengths: &[u64], others: [u64; 3], axis: usize) -> [u64; 3] {
    let mut whole = others;
    whole[axis] = lengths.iter().sum();
    let mut start = 0;
    for (number, &length) in lengths.iter().enumerate() {
        let mut shape = others;
        shape[axis] = length;
        let mut values = Vec::new();
        for a in 0..shape[0] {
            for b in 0..shape[1] {
                for c in 0..shape[2] {
                    let mut index = [a, b, c];
                    index[axis] += start;
                    values.push(((index[0] * whole[1] + index[1]) * whole[2] + index[2]) as i32 + 1);
                }
            }
        }
        std::fs::write(folder.join(format!("{number:03}.nc")), classic(shape, &values)).unwrap();
        start += length;
    }
    whole
}

fn stride(length: u64, (start, step, count): (u64, u64, u64)) -> Stride {
    let start = start % length;
    let step = step % length.max(2) + 1;
    Stride { start, step, count: count % ((length - start - 1) / step + 1) + 1 }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn slabs_are_those_of_the_joined_array(
        lengths in prop::collection::vec(1_u64..6, 1..7),
        others in [1_u64..5, 1_u64..5, 1_u64..5],
        axis in 0_usize..3,
        slabs in prop::collection::vec([any::<(u64, u64, u64)>(), any::<(u64, u64, u64)>(), any::<(u64, u64, u64)>()], 12),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let shape = write(folder.path(), &lengths, others, axis);
        let opener = opener(&[folder.path()]);
        let mut rules = rules(Kind::JoinExisting, ["a", "b", "c"][axis], folder.path(), "*.nc");
        rules.order = Order::Given;
        let dataset = opener.open(&place(defined(rules))).unwrap();
        prop_assert_eq!(&dataset.schema().variable("v").unwrap().shape, &shape.to_vec());
        for (number, slab) in slabs.into_iter().enumerate() {
            let strides = shape.iter().zip(slab).map(|(&length, numbers)| stride(length, numbers)).collect();
            let slab = Hyperslab::within(&shape, strides).unwrap();
            let mut out = vec![0; slab.elements() as usize * 4];
            let order = if number % 2 == 0 { ByteOrder::Big } else { ByteOrder::Little };
            dataset.read("v", &slab, order, &mut out).unwrap();
            let got: Vec<i32> = out
                .chunks(4)
                .map(|b| match order {
                    ByteOrder::Big => i32::from_be_bytes(b.try_into().unwrap()),
                    ByteOrder::Little => i32::from_le_bytes(b.try_into().unwrap()),
                })
                .collect();
            let mut expected = Vec::new();
            let at = |axis: usize, n: u64| slab.strides()[axis].start + n * slab.strides()[axis].step;
            let counts = slab.shape();
            for a in 0..counts[0] {
                for b in 0..counts[1] {
                    for c in 0..counts[2] {
                        expected.push(((at(0, a) * shape[1] + at(1, b)) * shape[2] + at(2, c)) as i32 + 1);
                    }
                }
            }
            prop_assert_eq!(got, expected);
        }
        dataset.verify("v", &Hyperslab::whole(&shape).unwrap()).unwrap();
    }
}
