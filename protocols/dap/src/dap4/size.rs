//! Sizes: how many bytes something takes on the wire, as far as that is known without reading.

/// At least and at most so many bytes. What exceeds 64 bits counts as all that 64 bits can say, or as unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// At least so many: every text and every list empty.
    pub least: u64,
    /// At most so many, where types limit texts; `None` where nothing does.
    pub most: Option<u64>,
}

impl Size {
    /// Nothing.
    pub const ZERO: Self = Self { least: 0, most: Some(0) };

    /// Exactly so many bytes.
    #[must_use]
    pub fn exactly(bytes: usize) -> Self {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        Self { least: bytes, most: Some(bytes) }
    }

    /// The size, where it is known without reading.
    #[must_use]
    pub fn exact(self) -> Option<u64> {
        self.most.filter(|&most| most == self.least && most < u64::MAX)
    }

    /// The bytes that a limit must allow before anything is read: the most there can be, or else the least.
    #[must_use]
    pub fn planned(self) -> u64 {
        self.most.unwrap_or(self.least)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let most = self.most.zip(other.most).and_then(|(a, b)| a.checked_add(b));
        Self { least: self.least.saturating_add(other.least), most }
    }

    /// With so many bytes more.
    #[must_use]
    pub fn plus(self, bytes: u64) -> Self {
        self.and(Self { least: bytes, most: Some(bytes) })
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        if count == 0 {
            return Self::ZERO;
        }
        let most = self.most.and_then(|most| most.checked_mul(count));
        Self { least: self.least.saturating_mul(count), most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_add_up_and_never_wrap() {
        let text = Size { least: 8, most: None };
        assert_eq!(Size::exactly(3).plus(4).exact(), Some(7));
        assert_eq!(Size::exactly(3).and(text), Size { least: 11, most: None });
        assert_eq!(text.times(3).planned(), 24);
        assert_eq!(text.times(0), Size::ZERO);
        assert_eq!(Size { least: 8, most: Some(12) }.times(2).planned(), 24);
        let huge = Size::exactly(1 << 40).times(1 << 40);
        assert_eq!((huge.exact(), huge.planned()), (None, u64::MAX));
    }
}
