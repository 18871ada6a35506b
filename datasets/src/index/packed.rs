//! The encoding of records: fields one after the other, numbers in as few bytes as they need.
//!
//! An encoding of our own, because the model knows no serialisation crate, and because what is unpacked must be bounded
//! whatever the bytes say: in depth, and in memory by a multiple of the bytes that there are.
//!
//! Unsigned numbers are LEB128; signed ones are mapped to unsigned ones first, so that small ones stay short (0, -1, 1, -2).
//! Lists and texts have their length before them, and enumerations the number of their variant.

mod model;

/// Values may be nested this deep: groups (64 levels), and types inside types in the deepest of them.
const MOST_DEPTH: usize = 192;

/// What can be packed. `unpack` undoes `pack`, and gives `None` for bytes that nobody packed.
pub trait Packed: Sized {
    /// Appends the value.
    fn pack(&self, out: &mut Vec<u8>);

    /// Takes a value from the front.
    fn unpack(from: &mut Unpacker<'_>) -> Option<Self>;
}

/// The packed value.
pub fn pack(value: &impl Packed) -> Vec<u8> {
    let mut out = Vec::new();
    value.pack(&mut out);
    out
}

/// The value that all of `bytes` are.
pub fn unpack<T: Packed>(bytes: &[u8]) -> Option<T> {
    let mut from = Unpacker::new(bytes);
    let value = T::unpack(&mut from)?;
    from.bytes.is_empty().then_some(value)
}

/// Packed bytes, read from the front.
pub struct Unpacker<'a> {
    bytes: &'a [u8],
    depth: usize,
}

impl<'a> Unpacker<'a> {
    /// Begins with the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, depth: 0 }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first)
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    /// The next bytes, as many as the array has.
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// The length of a list whose elements have at least `least` bytes each: no more than the bytes can hold.
    pub fn length(&mut self, least: usize) -> Option<usize> {
        let length = usize::unpack(self)?;
        (length.checked_mul(least)? <= self.bytes.len()).then_some(length)
    }

    /// Unpacks something inside of something.
    pub fn nested<T>(&mut self, unpack: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth = self.depth.checked_add(1).filter(|&depth| depth <= MOST_DEPTH)?;
        let value = unpack(self);
        self.depth = self.depth.saturating_sub(1);
        value
    }
}

impl Packed for u64 {
    fn pack(&self, out: &mut Vec<u8>) {
        let mut left = *self;
        while left >= 0x80 {
            out.push(left as u8 | 0x80);
            left >>= 7;
        }
        out.push(left as u8);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let mut value = 0;
        for shift in (0..).step_by(7).take(10) {
            let byte = from.byte()?;
            let bits = Self::from(byte & 0x7f);
            let placed = bits << shift;
            if placed >> shift != bits {
                return None;
            }
            value |= placed;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

impl Packed for i64 {
    fn pack(&self, out: &mut Vec<u8>) {
        ((*self << 1) ^ (*self >> 63)).cast_unsigned().pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let mapped = u64::unpack(from)?;
        Some((mapped >> 1).cast_signed() ^ (mapped & 1).cast_signed().wrapping_neg())
    }
}

/// Numbers that are packed as wider ones.
macro_rules! narrower {
    ($($number:ty as $wide:ty),*) => {$(
        impl Packed for $number {
            fn pack(&self, out: &mut Vec<u8>) {
                (*self as $wide).pack(out);
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                <$wide>::unpack(from)?.try_into().ok()
            }
        }
    )*};
}
narrower!(u16 as u64, u32 as u64, usize as u64, i16 as i64, i32 as i64);

/// Numbers that are packed as their little-endian bytes.
macro_rules! as_bytes {
    ($($number:ty),*) => {$(
        impl Packed for $number {
            fn pack(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
                from.array().map(Self::from_le_bytes)
            }
        }
    )*};
}
// Floats are kept bit by bit: a NaN's payload is part of an attribute.
as_bytes!(u8, i8, i128, f32, f64);

impl Packed for bool {
    fn pack(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        match from.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Packed for [u8; N] {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        from.array()
    }
}

impl Packed for String {
    fn pack(&self, out: &mut Vec<u8>) {
        self.len().pack(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let length = from.length(1)?;
        Self::from_utf8(from.take(length)?.to_vec()).ok()
    }
}

impl<T: Packed> Packed for Option<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.is_some().pack(out);
        if let Some(value) = self {
            value.pack(out);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        if bool::unpack(from)? { T::unpack(from).map(Some) } else { Some(None) }
    }
}

impl<A: Packed, B: Packed> Packed for (A, B) {
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
        self.1.pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Some((A::unpack(from)?, B::unpack(from)?))
    }
}

impl<T: Packed> Packed for Box<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.as_ref().pack(out);
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        T::unpack(from).map(Self::new)
    }
}

impl<T: Packed> Packed for Vec<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.len().pack(out);
        self.iter().for_each(|value| value.pack(out));
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        // Every value has a byte at least.
        let length = from.length(1)?;
        let mut values = Self::new();
        for _ in 0..length {
            values.push(T::unpack(from)?);
        }
        Some(values)
    }
}

/// Packs structures field by field, and enumerations by the numbers of their variants.
///
/// Every field and variant must be named, so that none can be forgotten. The numbers are part of what is stored: changing one,
/// or a field, needs another [version](super::sealed::VERSION).
macro_rules! packed {
    (struct $name:ident { $($field:ident),* $(,)? }) => {
        impl $crate::index::Packed for $name {
            fn pack(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.pack(out);)*
            }

            fn unpack(from: &mut $crate::index::Unpacker<'_>) -> Option<Self> {
                from.nested(|from| Some(Self { $($field: $crate::index::Packed::unpack(from)?),* }))
            }
        }
    };
    (enum $name:ident { $($number:literal => $variant:ident $(($value:ident))? $({ $($field:ident),* })?),* $(,)? }) => {
        impl $crate::index::Packed for $name {
            fn pack(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($value))? $({ $($field),* })? => {
                        out.push($number);
                        $($value.pack(out);)?
                        $($($field.pack(out);)*)?
                    })*
                }
            }

            fn unpack(from: &mut $crate::index::Unpacker<'_>) -> Option<Self> {
                from.nested(|from| match from.byte()? {
                    $($number => Some(Self::$variant
                        $(({ let $value = $crate::index::Packed::unpack(from)?; $value }))?
                        $({ $($field: $crate::index::Packed::unpack(from)?),* })?
                    ),)*
                    _ => None,
                })
            }
        }
    };
}
pub(crate) use packed;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Debug;

    fn check<T: Packed + PartialEq + Debug>(value: T, expected: &[u8]) {
        assert_eq!(pack(&value), expected, "{value:?}");
        assert_eq!(unpack::<T>(expected), Some(value));
    }

    #[test]
    fn numbers_take_as_few_bytes_as_they_need() {
        check(0_u64, &[0]);
        check(127_u64, &[127]);
        check(128_u64, &[0x80, 1]);
        check(u64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
        check(-1_i64, &[1]);
        check(1_i32, &[2]);
        check(300_u16, &[0xac, 2]);
        check(-2_i128, &(-2_i128).to_le_bytes());
        check(Some("ab".to_owned()), &[1, 2, b'a', b'b']);
        check(vec![Some(true), None], &[2, 1, 1, 0]);
        check([7_u8, 8], &[7, 8]);
        check(vec![(300_u64, "a".to_owned())], &[1, 0xac, 2, 1, b'a']);
    }

    #[test]
    fn what_nobody_packed_is_refused() {
        assert_eq!(unpack::<u64>(&[0xff; 10]), None, "more than 64 bits");
        assert_eq!(unpack::<u64>(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]), None);
        assert_eq!(unpack::<u16>(&[0x80, 0x80, 4]), None, "more than 16 bits");
        assert_eq!(unpack::<u64>(&[1, 1]), None, "a byte too many");
        assert_eq!(unpack::<bool>(&[2]), None);
        assert_eq!(unpack::<String>(&[1, 0xff]), None, "not UTF-8");
        assert_eq!(unpack::<Vec<u64>>(&pack(&u64::MAX)), None, "a list of more than there is");
    }

    proptest! {
        #[test]
        fn numbers_come_back(n: u64, i: i64, w: i128, x: f64, text: String, list: Vec<Option<u16>>) {
            prop_assert_eq!(unpack::<u64>(&pack(&n)), Some(n));
            prop_assert_eq!(unpack::<i64>(&pack(&i)), Some(i));
            prop_assert_eq!(unpack::<i128>(&pack(&w)), Some(w));
            prop_assert_eq!(unpack::<f64>(&pack(&x)).map(f64::to_bits), Some(x.to_bits()));
            prop_assert_eq!(unpack::<String>(&pack(&text)), Some(text));
            prop_assert_eq!(unpack::<Vec<Option<u16>>>(&pack(&list)), Some(list));
        }
    }
}
