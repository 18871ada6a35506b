//! The adaptive entropy coder ("lossless data compression", CCSDS 121.0-B-3), which Szip is a profile of, and GRIB's template 5.42
//! another.
//!
//! Samples come in blocks; a number of blocks is a reference interval. Each block says by an identifier how its samples are
//! coded. With preprocessing the first sample of an interval stands as it is, and all others are folded differences to the
//! sample before.

use super::bits::Bits;
use crate::Error;

/// The largest number of samples between two references that is decoded: the recommendation's own limit is 4096 blocks of 64.
const MOST_INTERVAL: usize = 4096 * 64;

/// Largest symbol of the second extension, the sum of two samples and the second of them.
const MOST_PAIR: u32 = 90;

/// How samples were coded.
#[derive(Clone, Copy, Debug)]
pub struct Coding {
    /// Bits of a sample: 1 to 32.
    pub bits: u32,
    /// Samples of a block: even, 2 to 64.
    pub block: usize,
    /// Samples of a reference interval that count; it is filled up to whole blocks, and those are thrown away.
    pub interval: usize,
    /// Whether differences were coded, and not samples.
    pub preprocessed: bool,
    /// Whether samples are numbers with a sign; they are handed out as the bits that they have in two's complement.
    pub signed: bool,
    /// Whether blocks of samples of few bits have the short identifiers of the restricted set.
    pub restricted: bool,
}

/// Decodes `count` samples, and hands out those of one interval after the other.
///
/// # Errors
/// `Corrupt` for numbers that no coder uses, and where the stream ends early.
pub fn decode(input: &[u8], coding: &Coding, count: usize, put: &mut dyn FnMut(&[u32])) -> Result<(), Error> {
    let Coding { bits, block, interval, .. } = *coding;
    let whole = interval.checked_next_multiple_of(block.max(1)).unwrap_or(usize::MAX);
    if !(1..=32).contains(&bits) || !(2..=64).contains(&block) || block % 2 == 1 {
        return Err(Error::corrupt(format!("no coder has blocks of {block} samples of {bits} bits")));
    }
    if interval == 0 || whole > MOST_INTERVAL {
        return Err(Error::corrupt(format!("no coder has references {interval} samples apart")));
    }
    let mut decoder = Decoder { input: Bits::new(input), coding, whole, samples: Vec::new() };
    let mut left = count;
    while left > 0 {
        let wanted = left.min(interval);
        decoder.read_interval(if wanted == left { wanted } else { whole })?;
        decoder.unfold();
        put(decoder.samples.get(..wanted).unwrap_or_default());
        left = left.saturating_sub(wanted);
    }
    Ok(())
}

struct Decoder<'a> {
    input: Bits<'a>,
    coding: &'a Coding,
    /// Samples of an interval of whole blocks.
    whole: usize,
    samples: Vec<u32>,
}

impl Decoder<'_> {
    /// Reads blocks of an interval until there are at least `wanted` samples.
    fn read_interval(&mut self, wanted: usize) -> Result<(), Error> {
        self.samples.clear();
        while self.samples.len() < wanted {
            self.read_block()?;
        }
        Ok(())
    }

    fn read_block(&mut self) -> Result<(), Error> {
        let Coding { bits, block, preprocessed, restricted, .. } = *self.coding;
        let id_bits = match bits {
            0..=2 if restricted => 1,
            3..=4 if restricted => 2,
            0..=8 => 3,
            9..=16 => 4,
            _ => 5,
        };
        let (start, raw) = (self.samples.len(), 1_u32.checked_shl(id_bits).unwrap_or(0).wrapping_sub(1));
        let end = start.saturating_add(block);
        let referenced = preprocessed && start == 0;
        let id = self.input.number(id_bits)?;
        let extended = id == 0 && self.input.number(1)? == 1;
        if referenced {
            let reference = self.input.number(bits)?;
            self.samples.push(reference ^ self.sign());
        }
        match id {
            0 if extended => self.read_pairs(end),
            0 => self.read_zero_blocks(start),
            id if id == raw => self.read_raw(end),
            id => self.read_split(end, id.wrapping_sub(1)),
        }
    }

    /// Each sample as it is.
    fn read_raw(&mut self, end: usize) -> Result<(), Error> {
        while self.samples.len() < end {
            let sample = self.input.number(self.coding.bits)?;
            self.samples.push(sample);
        }
        Ok(())
    }

    /// The upper bits of all samples in unary, then the lower `low` bits of each.
    fn read_split(&mut self, end: usize, low: u32) -> Result<(), Error> {
        let (first, most) = (self.samples.len(), self.most());
        while self.samples.len() < end {
            let high = u64::from(self.input.zeros()?).checked_shl(low).unwrap_or(u64::MAX);
            let fits = u32::try_from(high).ok().filter(|&high| high <= most);
            self.samples.push(fits.ok_or_else(too_large)?);
        }
        if low > 0 {
            for sample in self.samples.iter_mut().skip(first) {
                *sample |= self.input.number(low)?;
            }
        }
        Ok(())
    }

    /// Blocks of nothing but zeros; five or more of them are counted one less, because the fifth symbol means all blocks
    /// up to the next multiple of 64, or to the end of the interval.
    fn read_zero_blocks(&mut self, start: usize) -> Result<(), Error> {
        let block = self.coding.block;
        let symbol = self.input.zeros()? as usize;
        let (before, blocks) = (start / block, self.whole / block);
        let count = match symbol {
            4 => blocks.saturating_sub(before).min(64_usize.saturating_sub(before % 64)),
            0..4 => symbol.saturating_add(1),
            _ => symbol,
        };
        let end = count.saturating_mul(block).saturating_add(start);
        if end > self.whole {
            return Err(Error::corrupt("its blocks of zeros go beyond their interval"));
        }
        self.samples.resize(end, 0);
        Ok(())
    }

    /// Two samples in one symbol: `s * (s + 1) / 2 + second`, where `s` is their sum.
    fn read_pairs(&mut self, end: usize) -> Result<(), Error> {
        while self.samples.len() < end {
            let symbol = self.input.zeros()?;
            if symbol > MOST_PAIR {
                return Err(too_large());
            }
            let triangle = |sum: u32| sum.wrapping_mul(sum.wrapping_add(1)) / 2;
            let sum = (0..=12).rev().find(|&sum| triangle(sum) <= symbol).unwrap_or(0);
            let second = symbol.wrapping_sub(triangle(sum));
            // Where the first sample of a pair is the reference, it stands already.
            if self.samples.len().is_multiple_of(2) {
                self.samples.push(sum.wrapping_sub(second));
            }
            self.samples.push(second);
        }
        match self.samples.iter().all(|&sample| sample <= self.most()) {
            true => Ok(()),
            false => Err(too_large()),
        }
    }

    /// What a sample with a sign differs by from one that counts from the least: of the differences of either, one is like the
    /// other.
    fn sign(&self) -> u32 {
        match self.coding.signed && self.coding.preprocessed {
            true => 1_u32.checked_shl(self.coding.bits.saturating_sub(1)).unwrap_or(0),
            false => 0,
        }
    }

    /// The largest sample.
    fn most(&self) -> u32 {
        u32::MAX.checked_shr(32_u32.saturating_sub(self.coding.bits)).unwrap_or(0)
    }

    /// From folded differences to samples. A difference that is possible in one direction only is not folded.
    fn unfold(&mut self) {
        if !self.coding.preprocessed {
            return;
        }
        let (most, sign) = (self.most(), self.sign());
        let mut samples = self.samples.iter_mut();
        let Some(reference) = samples.next() else { return };
        let mut before = *reference;
        *reference ^= sign;
        for sample in samples {
            let (folded, above) = (*sample, most.wrapping_sub(before));
            let room = before.min(above);
            before = match folded {
                _ if folded.div_ceil(2) > room => {
                    if before < above {
                        folded
                    } else {
                        most.wrapping_sub(folded)
                    }
                }
                _ if folded % 2 == 0 => before.wrapping_add(folded / 2),
                _ => before.wrapping_sub(folded.div_ceil(2)),
            };
            *sample = before ^ sign;
        }
    }
}

fn too_large() -> Error {
    Error::corrupt("a sample of its entropy coder is too large")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of `make_aec_streams.py`.
    fn sample(place: u64, bits: u32) -> u32 {
        let value = match place / 30 % 4 {
            0 => 5,
            1 => place * 3,
            2 => (place * 2_654_435_761) >> 7,
            _ => 0,
        };
        (value & ((1 << bits) - 1)) as u32
    }

    fn cases() -> Vec<(Coding, Vec<u8>)> {
        let text = include_str!("../../tests/fixtures/codecs_aec.json");
        let cases: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
        let case = |case: &serde_json::Value| {
            let number = |name: &str| case[name].as_u64().unwrap();
            let (block, flags, hex) =
                (number("block") as usize, number("flags"), case["stream"].as_str().unwrap());
            let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let coding = Coding {
                bits: number("bits") as u32,
                block,
                interval: number("rsi") as usize * block,
                preprocessed: flags & 8 != 0,
                signed: flags & 1 != 0,
                restricted: flags & 16 != 0,
            };
            (coding, (0..hex.len()).step_by(2).map(byte).collect())
        };
        cases.iter().map(case).collect()
    }

    #[test]
    fn every_variant_decodes_to_what_was_encoded() {
        let cases = cases();
        assert!(cases.len() > 60);
        for (coding, stream) in &cases {
            for count in [230, 47, 1] {
                let mut decoded = Vec::new();
                decode(stream, coding, count, &mut |samples| decoded.extend_from_slice(samples)).unwrap();
                let expected: Vec<u32> = (0..count as u64).map(|place| sample(place, coding.bits)).collect();
                assert_eq!(decoded, expected, "{coding:?}");
            }
        }
    }

    #[test]
    fn cut_streams_are_errors() {
        for (coding, stream) in cases() {
            let cut = &stream[..stream.len() / 2];
            assert!(decode(cut, &coding, 230, &mut |_| {}).is_err(), "{coding:?}");
        }
    }
}
