//! The adaptive entropy coder ("lossless data compression", CCSDS 121.0-B-3), which Szip is a profile of.
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
        let Coding { bits, block, preprocessed, .. } = *self.coding;
        let id_bits = match bits {
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
            self.samples.push(reference);
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

    /// The largest sample.
    fn most(&self) -> u32 {
        u32::MAX.checked_shr(32_u32.saturating_sub(self.coding.bits)).unwrap_or(0)
    }

    /// From folded differences to samples. A difference that is possible in one direction only is not folded.
    fn unfold(&mut self) {
        if !self.coding.preprocessed {
            return;
        }
        let most = self.most();
        let mut samples = self.samples.iter_mut();
        let Some(mut before) = samples.next().map(|reference| *reference) else { return };
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
            *sample = before;
        }
    }
}

fn too_large() -> Error {
    Error::corrupt("a sample of its entropy coder is too large")
}
