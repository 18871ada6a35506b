//! Looks at the page headers of a parquet column before it is decoded.
//!
//! The decoder allocates what page headers ask for. So that a small file cannot ask for much, all headers of a column are
//! read here first, and their sizes, counts and encodings checked. Headers are structures of the Thrift compact protocol
//! (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>); their fields are those of
//! `PageHeader` in <https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>.

use crate::{Error, ErrorKind};

/// What the pages of one column may ask for together.
#[derive(Clone, Copy, Debug)]
pub struct PageLimits {
    /// Bytes, when they are decompressed.
    pub bytes: u64,
    /// Values of a page.
    pub values: u64,
}

/// Structures nest at most this deep: a page header's do by two.
const MOST_DEPTH: usize = 8;

/// Whole numbers of a page header; the largest have about thirty.
const MOST_NUMBERS: usize = 256;

/// Types of the compact protocol.
mod wire {
    pub const TRUE: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const BYTE: u8 = 3;
    pub const I16: u8 = 4;
    pub const I64: u8 = 6;
    pub const DOUBLE: u8 = 7;
    pub const BINARY: u8 = 8;
    pub const LIST: u8 = 9;
    pub const SET: u8 = 10;
    pub const STRUCT: u8 = 12;
}

/// `DataPageHeader`, `DictionaryPageHeader` and `DataPageHeaderV2` in a page header. Their first field is the number of
/// values; the others say how many rows and nulls a page of version 2 has.
const OF_PAGES: [i64; 3] = [5, 7, 8];

/// Encodings whose decoder needs no more memory than its input and its values: plain, dictionaries, run lengths, bits.
const ENCODINGS: [i64; 5] = [0, 2, 3, 4, 8];

/// Checks the headers of all pages of a column, whose bytes these are.
///
/// # Errors
/// `Corrupt` where they are none, `TooLarge` beyond the limits, `Unsupported` for an encoding that is not built in.
pub fn check(column: &[u8], limits: PageLimits) -> Result<(), Error> {
    let mut rest = column;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let mut scanner = Scanner { rest, fields: Vec::new() };
        scanner.structure(&mut Vec::new())?;
        total = total.saturating_add(scanner.page_bytes(limits)?);
        if total > limits.bytes {
            let message = format!("a column of a partition has more than {} bytes", limits.bytes);
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let stored = scanner.field(&[3]).and_then(|n| usize::try_from(n).ok());
        rest = stored.and_then(|stored| scanner.rest.get(stored..)).ok_or_else(broken)?;
    }
    Ok(())
}

fn broken() -> Error {
    Error::corrupt("a page header of a partition is damaged")
}

struct Scanner<'a> {
    rest: &'a [u8],
    /// Whole numbers, by the path of field numbers that leads to them.
    fields: Vec<(Vec<i64>, i64)>,
}

impl Scanner<'_> {
    fn field(&self, path: &[i64]) -> Option<i64> {
        self.fields.iter().find(|(other, _)| other == path).map(|(_, n)| *n)
    }

    /// How many bytes the page has when it is decompressed, where it keeps the limits.
    fn page_bytes(&self, limits: PageLimits) -> Result<u64, Error> {
        for (path, n) in &self.fields {
            let [structure, field] = path.as_slice() else { continue };
            if !OF_PAGES.contains(structure) {
                continue;
            }
            // Version 2 has its encoding behind the counts of values, nulls and rows, and then lengths of levels.
            let (counts, encoding) = if *structure == 8 { (1..=3, 4) } else { (1..=1, 2) };
            if counts.contains(field) && u64::try_from(*n).map_or(true, |n| n > limits.values) {
                let message = format!("a page of a partition has {n} values, the limit is {}", limits.values);
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            if *field == encoding && !ENCODINGS.contains(n) {
                return Err(Error::unsupported(format!("a page of a partition is in encoding {n}")));
            }
        }
        self.field(&[2]).and_then(|n| u64::try_from(n).ok()).ok_or_else(broken)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        let (first, rest) = self.rest.split_first().ok_or_else(broken)?;
        self.rest = rest;
        Ok(*first)
    }

    fn skip(&mut self, length: usize) -> Result<(), Error> {
        self.rest = self.rest.get(length..).ok_or_else(broken)?;
        Ok(())
    }

    /// Seven bits in a byte, lowest first.
    fn number(&mut self) -> Result<u64, Error> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(broken())
    }

    /// A number whose lowest bit is its sign.
    fn signed(&mut self) -> Result<i64, Error> {
        let number = self.number()?;
        // Half of 64 bits always fits.
        let half = i64::try_from(number >> 1).unwrap_or(i64::MAX);
        Ok(if number & 1 == 0 { half } else { !half })
    }

    fn length(&mut self) -> Result<usize, Error> {
        let length = usize::try_from(self.number()?);
        length.map_err(|e| Error::corrupt(format!("a length in a page header is too large: {e}")))
    }

    /// Fields up to the stop; `path` is where the structure stands.
    fn structure(&mut self, path: &mut Vec<i64>) -> Result<(), Error> {
        if path.len() >= MOST_DEPTH {
            return Err(broken());
        }
        let mut field = 0_i64;
        loop {
            let header = self.byte()?;
            if header == 0 {
                return Ok(());
            }
            field = match header >> 4 {
                0 => self.signed()?,
                ahead => field.saturating_add(i64::from(ahead)),
            };
            path.push(field);
            self.value(header & 0x0f, path)?;
            path.pop();
        }
    }

    fn value(&mut self, kind: u8, path: &mut Vec<i64>) -> Result<(), Error> {
        match kind {
            wire::TRUE | wire::FALSE => Ok(()),
            wire::BYTE => self.skip(1),
            wire::I16..=wire::I64 => {
                let number = self.signed()?;
                // A second value of a field would be for the decoder to choose between.
                if self.field(path).is_some() || self.fields.len() >= MOST_NUMBERS {
                    return Err(broken());
                }
                self.fields.push((path.clone(), number));
                Ok(())
            }
            wire::DOUBLE => self.skip(8),
            wire::BINARY => {
                let length = self.length()?;
                self.skip(length)
            }
            wire::LIST | wire::SET => self.list(path),
            wire::STRUCT => self.structure(path),
            // Page headers hold no maps.
            _ => Err(broken()),
        }
    }

    fn list(&mut self, path: &mut Vec<i64>) -> Result<(), Error> {
        let header = self.byte()?;
        let length = match header >> 4 {
            15 => self.length()?,
            short => usize::from(short),
        };
        // Every element has a byte at least, so a list that is too long ends with the bytes.
        for at in (0_i64..).take(length) {
            path.push(at);
            match header & 0x0f {
                wire::TRUE | wire::FALSE => self.skip(1)?,
                kind => self.value(kind, path)?,
            }
            path.pop();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PageLimits = PageLimits { bytes: 1000, values: 100 };

    /// A field whose number is one more than that before, and which is a whole number.
    fn field(out: &mut Vec<u8>, n: i64) {
        out.push(0x15);
        let mut n = ((n << 1) ^ (n >> 63)) as u64;
        while n >= 0x80 {
            out.push((n & 0x7f) as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
    }

    /// A header of a data page (type, sizes, and a `DataPageHeader` with values and encoding), and the page's bytes.
    fn page(uncompressed: i64, stored: usize, values: i64, encoding: i64) -> Vec<u8> {
        let mut out = vec![];
        [0, uncompressed, stored as i64].into_iter().for_each(|n| field(&mut out, n));
        out.push(0x2c);
        [values, encoding].into_iter().for_each(|n| field(&mut out, n));
        out.extend([0, 0]);
        out.extend(vec![7; stored]);
        out
    }

    fn check_pages(column: &[u8], expected: Result<(), ErrorKind>) {
        assert_eq!(check(column, LIMITS).map_err(|e| e.kind), expected, "{column:?}");
    }

    #[test]
    fn pages_keep_their_limits() {
        check_pages(&[], Ok(()));
        check_pages(&page(500, 10, 100, 0), Ok(()));
        check_pages(&[page(500, 10, 7, 0), page(500, 0, 7, 8)].concat(), Ok(()));
        check_pages(&[page(500, 10, 7, 0), page(501, 0, 7, 8)].concat(), Err(ErrorKind::TooLarge));
        check_pages(&page(i64::from(i32::MAX), 10, 7, 0), Err(ErrorKind::TooLarge));
        check_pages(&page(10, 10, 101, 0), Err(ErrorKind::TooLarge));
        check_pages(&page(10, 10, -1, 0), Err(ErrorKind::TooLarge));
        check_pages(&page(-1, 10, 7, 0), Err(ErrorKind::Corrupt));
        check_pages(&page(10, 10, 7, 6), Err(ErrorKind::Unsupported));
    }

    #[test]
    fn what_breaks_off_is_damaged() {
        let whole = page(500, 10, 7, 0);
        for length in 1..whole.len() {
            check_pages(&whole[..length], Err(ErrorKind::Corrupt));
        }
        for broken in
            [&[0x15, 0xff][..], &[0x1c; 100], &[0x18, 0xff, 0xff, 0x7f], &[0x19, 0xf5, 0xff, 0xff, 0x7f]]
        {
            check_pages(broken, Err(ErrorKind::Corrupt));
        }
        // The same field twice: here the second one would be the decoder's.
        check_pages(&[0x25, 2, 0x05, 4, 0x7e, 0x15, 0, 0], Err(ErrorKind::Corrupt));
    }
}
