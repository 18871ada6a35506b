//! Bits, most significant first, as the adaptive entropy coder and HDF5's own packing filters store them.

use crate::Error;

/// Reads bits from bytes, most significant first.
pub struct Bits<'a> {
    rest: &'a [u8],
    /// The next bits, the first of them at the top.
    window: u64,
    /// How many bits of the window were counted as read from `rest`.
    held: u32,
}

impl<'a> Bits<'a> {
    /// All bits of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, window: 0, held: 0 }
    }

    /// Makes at least 56 bits ready, if there are as many.
    fn refill(&mut self) {
        if let Some(word) = self.rest.first_chunk::<8>() {
            // Bits behind the last whole byte are put into the window twice; they are the same both times.
            self.window |= u64::from_be_bytes(*word).checked_shr(self.held).unwrap_or(0);
            let bytes = 64_u32.saturating_sub(self.held) / 8;
            self.rest = self.rest.get(bytes as usize..).unwrap_or_default();
            self.held = self.held.saturating_add(bytes.saturating_mul(8));
            return;
        }
        while self.held <= 56 {
            let Some((&byte, rest)) = self.rest.split_first() else { return };
            self.window |= u64::from(byte).checked_shl(56_u32.saturating_sub(self.held)).unwrap_or(0);
            (self.rest, self.held) = (rest, self.held.saturating_add(8));
        }
    }

    fn advance(&mut self, count: u32) {
        self.window = self.window.checked_shl(count).unwrap_or(0);
        self.held = self.held.saturating_sub(count);
    }

    /// The number that the next `count` bits spell, at most 32 of them.
    ///
    /// # Errors
    /// `Corrupt` where there are fewer.
    pub fn number(&mut self, count: u32) -> Result<u32, Error> {
        if self.held < count {
            self.refill();
        }
        if self.held < count || count > 32 {
            return Err(ends_early());
        }
        let number = self.window.checked_shr(64_u32.saturating_sub(count)).unwrap_or(0);
        self.advance(count);
        Ok(number as u32)
    }

    /// How many zero bits stand in front of the next one bit, which is taken too.
    ///
    /// # Errors
    /// `Corrupt` where no one bit follows.
    pub fn zeros(&mut self) -> Result<u32, Error> {
        let mut zeros = 0_u32;
        loop {
            if self.held == 0 {
                self.refill();
            }
            if self.held == 0 {
                return Err(ends_early());
            }
            let run = self.window.leading_zeros();
            if run < self.held {
                self.advance(run.saturating_add(1));
                return Ok(zeros.saturating_add(run));
            }
            zeros = zeros.saturating_add(self.held);
            self.advance(self.held);
        }
    }
}

fn ends_early() -> Error {
    Error::corrupt("its packed bits end before the chunk does")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_those_of_a_string_of_digits(
            bytes in prop::collection::vec(any::<u8>(), 0..40),
            counts in prop::collection::vec(0_u32..=32, 1..40),
        ) {
            let digits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
            let (mut bits, mut at) = (Bits::new(&bytes), 0);
            for count in counts {
                let expected = digits.get(at..at + count as usize);
                let expected = expected.map(|digits| u32::from_str_radix(&format!("0{digits}"), 2).unwrap());
                prop_assert_eq!(bits.number(count).ok(), expected);
                at += if expected.is_some() { count as usize } else { 0 };
            }
        }

        #[test]
        fn zeros_are_counted(runs in prop::collection::vec(0_usize..150, 1..20)) {
            let mut digits: String = runs.iter().map(|&run| "0".repeat(run) + "1").collect();
            digits += &"0".repeat(digits.len().next_multiple_of(8) - digits.len());
            let bytes = digits.as_bytes().chunks(8).map(|byte| std::str::from_utf8(byte).unwrap());
            let bytes: Vec<u8> = bytes.map(|byte| u8::from_str_radix(byte, 2).unwrap()).collect();
            let mut bits = Bits::new(&bytes);
            for run in runs {
                prop_assert_eq!(bits.zeros().unwrap() as usize, run);
            }
            prop_assert!(bits.zeros().is_err());
        }
    }
}
