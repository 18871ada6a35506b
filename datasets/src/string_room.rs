//! Room for strings, and for other elements of varying size: nobody knows how long they are before they are read, so whoever reads them stops where they are too many.

use crate::{Error, ErrorKind};

/// One answer has at most this many bytes of strings, or of packed elements of varying size.
pub const MOST_STRING_BYTES: usize = 512 << 20;

/// How many bytes of strings may be read, and how many were.
#[derive(Debug)]
pub struct StringRoom {
    most: usize,
    left: usize,
    exceeded: bool,
}

impl StringRoom {
    /// Room for `most` bytes, but never more than [`MOST_STRING_BYTES`].
    #[must_use]
    pub fn of(most: u64) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(MOST_STRING_BYTES);
        Self { most, left: most, exceeded: false }
    }

    /// Takes room for a string that is about to be held.
    ///
    /// # Errors
    /// `TooLarge` where there is not so much left.
    pub fn take(&mut self, bytes: usize) -> Result<(), Error> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.exceeded = true;
                let most = self.most;
                let message = format!("the elements have more than {most} bytes; ask for fewer at once");
                Err(Error::new(ErrorKind::TooLarge, message))
            }
        }
    }

    /// Takes room for strings that are held already.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_all(&mut self, strings: &[Vec<u8>]) -> Result<(), Error> {
        strings.iter().try_for_each(|string| self.take(string.len()))
    }

    /// How many bytes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left
    }

    /// Whether it was too small: with more room, the same strings may fit.
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.exceeded && self.most < MOST_STRING_BYTES
    }
}

impl Default for StringRoom {
    fn default() -> Self {
        Self::of(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_until_nothing_is_left() {
        let mut room = StringRoom::of(10);
        room.take(4).unwrap();
        room.take_all(&[vec![1; 2], vec![], vec![3; 4]]).unwrap();
        assert_eq!((room.left(), room.is_exceeded()), (0, false));
        room.take(0).unwrap();
        assert_eq!(room.take(1).unwrap_err().kind, ErrorKind::TooLarge);
        assert!(room.is_exceeded());
        let mut largest = StringRoom::default();
        assert_eq!(largest.left(), MOST_STRING_BYTES);
        assert!(largest.take(MOST_STRING_BYTES + 1).is_err());
        assert!(!largest.is_exceeded(), "there is no more room to ask for");
    }
}
