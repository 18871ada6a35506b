//! Partitioned reference sets: which row of which partition a chunk has, and what the row means.
//!
//! Source: "Parquet references" in kerchunk's "References specification".

use std::borrow::Cow;

use crate::inline::inline_bytes;
use crate::{Error, Reference};

/// How the references of one array are spread over partitions: by the number of their chunk, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partitioning {
    /// Chunks along each axis.
    counts: Vec<u64>,
    /// Rows of a partition.
    record_size: u64,
}

/// Where the reference of a chunk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the partition.
    pub partition: u64,
    /// The row in it.
    pub row: u64,
}

impl Partitioning {
    /// The partitioning of an array of this shape and chunk shape, with `record_size` rows in a partition.
    ///
    /// # Errors
    /// `Malformed` where the shapes do not fit each other, or a chunk or a partition has no elements; `TooLarge` where the
    /// number of chunks does not fit into 64 bits.
    pub fn new(shape: &[u64], chunk_shape: &[u64], record_size: u64) -> Result<Self, Error> {
        if shape.len() != chunk_shape.len() || chunk_shape.contains(&0) {
            let message = format!("chunks of shape {chunk_shape:?} do not tile an array of shape {shape:?}");
            return Err(Error::malformed(message));
        }
        if record_size == 0 {
            return Err(Error::malformed("its partitions have no rows: record_size is 0"));
        }
        let counts: Vec<u64> =
            shape.iter().zip(chunk_shape).map(|(length, chunk)| length.div_ceil(*chunk)).collect();
        let total = counts.iter().try_fold(1_u64, |total, count| total.checked_mul(*count));
        total.ok_or_else(|| Error::too_large(format!("an array of shape {shape:?} has too many chunks")))?;
        Ok(Self { counts, record_size })
    }

    /// Where the reference of a chunk stands; `None` where the array has no such chunk.
    #[must_use]
    pub fn place(&self, index: &[u64]) -> Option<Place> {
        if index.len() != self.counts.len() || index.iter().zip(&self.counts).any(|(n, count)| n >= count) {
            return None;
        }
        let number = index
            .iter()
            .zip(&self.counts)
            .try_fold(0_u64, |number, (n, count)| number.checked_mul(*count)?.checked_add(*n))?;
        let partition = number.checked_div(self.record_size)?;
        Some(Place { partition, row: number.checked_rem(self.record_size)? })
    }

    /// Where the reference stands that a chunk key names behind its array's path, such as `0.3` or `0/3`; `0` for an array
    /// without axes.
    #[must_use]
    pub fn place_of_key(&self, chunk: &str) -> Option<Place> {
        if self.counts.is_empty() {
            return (chunk == "0").then_some(Place { partition: 0, row: 0 });
        }
        let plain = |part: &str| part == "0" || (part.starts_with(|c: char| ('1'..='9').contains(&c)));
        let number = |part: &str| if plain(part) { part.parse().ok() } else { None };
        let separator = if chunk.contains('/') { '/' } else { '.' };
        let index = chunk.split(separator).map(number).collect::<Option<Vec<u64>>>()?;
        self.place(&index)
    }
}

/// A row of a partition, as its columns have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row<'a> {
    /// The target.
    pub path: Option<&'a str>,
    /// The first byte in it.
    pub offset: i64,
    /// How many bytes.
    pub size: i64,
    /// Inline bytes.
    pub raw: Option<&'a [u8]>,
}

/// What a row means, where its bytes stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// Inline bytes.
    Inline(Cow<'a, [u8]>),
    /// A reference to another file.
    Elsewhere(Reference<'a>),
}

impl<'a> Row<'a> {
    /// What the row means; `None` where the key does not exist.
    ///
    /// # Errors
    /// `Malformed` for numbers below 0, an offset without a size, and text behind `base64:` that is none.
    pub fn meaning(&self) -> Result<Option<Meaning<'a>>, Error> {
        let Self { path, offset, size, raw } = *self;
        if let Some(raw) = raw {
            return inline_bytes(raw).map(|bytes| Some(Meaning::Inline(bytes)));
        }
        // Some writers give an empty path for none.
        let Some(target) = path.filter(|path| !path.is_empty()) else { return Ok(None) };
        let natural = |n: i64| u64::try_from(n).ok();
        let elsewhere = match (natural(offset), natural(size)) {
            (Some(0), Some(0)) => Reference::Whole { target },
            // The specification says the whole file, the reader that wrote it reads no bytes.
            (Some(_), Some(0)) | (None, _) | (_, None) => {
                return Err(Error::malformed(format!("a row has offset {offset} and size {size}")));
            }
            (Some(offset), Some(length)) => Reference::Part { target, offset, length },
        };
        Ok(Some(Meaning::Elsewhere(elsewhere)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    fn check_key(chunk: &str, expected: Option<(u64, u64)>) {
        // 3 x 4 chunks, five to a partition.
        let partitioning = Partitioning::new(&[5, 12], &[2, 3], 5).unwrap();
        let place = partitioning.place_of_key(chunk).map(|place| (place.partition, place.row));
        assert_eq!(place, expected, "{chunk}");
    }

    #[test]
    fn chunks_have_their_row() {
        check_key("0.0", Some((0, 0)));
        check_key("1.0", Some((0, 4)));
        check_key("1/1", Some((1, 0)));
        check_key("2.3", Some((2, 1)));
        for chunk in ["3.0", "0.4", "0", "0.0.0", "", ".", "00.0", "+1.0", "-1.0", "a.b", ".zarray", "1.1/0"]
        {
            check_key(chunk, None);
        }
        check_key("18446744073709551616.0", None);
        let scalar = Partitioning::new(&[], &[], 10).unwrap();
        assert_eq!(scalar.place_of_key("0"), Some(Place { partition: 0, row: 0 }));
        assert_eq!(scalar.place_of_key("1"), None);
    }

    #[test]
    fn partitionings_that_make_no_sense_are_refused() {
        let kind =
            |shape: &[u64], chunks: &[u64], size| Partitioning::new(shape, chunks, size).map_err(|e| e.kind);
        assert_eq!(kind(&[4], &[0], 10).unwrap_err(), ErrorKind::Malformed);
        assert_eq!(kind(&[4], &[1, 1], 10).unwrap_err(), ErrorKind::Malformed);
        assert_eq!(kind(&[4], &[1], 0).unwrap_err(), ErrorKind::Malformed);
        assert_eq!(kind(&[u64::MAX, 2], &[1, 1], 10).unwrap_err(), ErrorKind::TooLarge);
        assert_eq!(kind(&[0, 2], &[1, 1], 10).unwrap().place(&[0, 0]), None);
    }

    fn check_row(row: Row<'_>, expected: &Result<Option<Meaning<'_>>, ErrorKind>) {
        assert_eq!(row.meaning().map_err(|e| e.kind), *expected, "{row:?}");
    }

    #[test]
    fn rows_mean_references() {
        let target = "a.nc";
        let at = |offset, size| Row { path: Some(target), offset, size, raw: None };
        check_row(at(0, 0), &Ok(Some(Meaning::Elsewhere(Reference::Whole { target }))));
        let part = |offset, length| Meaning::Elsewhere(Reference::Part { target, offset, length });
        check_row(at(0, 5), &Ok(Some(part(0, 5))));
        check_row(at(7, 5), &Ok(Some(part(7, 5))));
        check_row(at(7, 0), &Err(ErrorKind::Malformed));
        check_row(at(-1, 5), &Err(ErrorKind::Malformed));
        check_row(at(0, -5), &Err(ErrorKind::Malformed));
        check_row(Row::default(), &Ok(None));
        check_row(Row { path: Some(""), ..Row::default() }, &Ok(None));
        let raw = |raw| Row { path: Some(target), offset: -1, size: -1, raw: Some(raw) };
        check_row(raw(&[1, 2]), &Ok(Some(Meaning::Inline(vec![1, 2].into()))));
        check_row(raw(b"base64:AQI="), &Ok(Some(Meaning::Inline(vec![1, 2].into()))));
        check_row(raw(b"base64:!"), &Err(ErrorKind::Malformed));
    }

    proptest! {
        #[test]
        fn every_chunk_has_a_row_of_its_own(
            shape in prop::collection::vec(0_u64..7, 0..4), chunk in 1_u64..4, record_size in 1_u64..9,
        ) {
            let chunk_shape = vec![chunk; shape.len()];
            let partitioning = Partitioning::new(&shape, &chunk_shape, record_size).unwrap();
            let mut indexes = vec![vec![]];
            for length in &shape {
                let counted = length.div_ceil(chunk);
                indexes = indexes.iter().flat_map(|index: &Vec<u64>| {
                    (0..counted).map(|n| [index.as_slice(), &[n]].concat()).collect::<Vec<_>>()
                }).collect();
            }
            for (number, index) in (0_u64..).zip(&indexes) {
                let place = partitioning.place(index).unwrap();
                prop_assert_eq!(place.partition * record_size + place.row, number);
                prop_assert!(place.row < record_size);
            }
        }
    }
}
