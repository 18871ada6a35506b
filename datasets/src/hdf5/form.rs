//! Forms: how elements are stored, and how they become elements of the model, which are little-endian all through.
//!
//! The fields of one compound type may have different byte orders, integers may have fewer bits than their bytes, and what
//! varies in size is kept elsewhere. The model knows none of this; the form of a type says it.

use weir_model::ByteOrder;

/// How one element is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// As so many bytes that the model has, too.
    Bytes(usize),
    /// As a number.
    Number(Number),
    /// As fields, which do not overlap, and bytes between them.
    Record {
        /// Bytes of the element.
        size: usize,
        /// The fields, in declaration order.
        fields: Vec<FieldForm>,
    },
    /// As a reference of so many bytes to a string.
    Text(usize),
    /// As a reference to a list.
    List {
        /// Bytes of the reference.
        size: usize,
        /// How the list's elements are stored.
        element: Box<Form>,
    },
}

/// A field of a compound type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldForm {
    /// Its first byte.
    pub offset: usize,
    /// How many elements it has; not 0.
    pub count: usize,
    /// How they are stored.
    pub form: Form,
}

/// A number of at most 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    /// Bytes of the number.
    pub size: usize,
    /// The order of the bytes.
    pub order: ByteOrder,
    /// Which bits count; `None` where all do.
    pub bits: Option<Bits>,
}

/// The bits of a number that count: some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// The least significant one, counted from that of the bytes.
    pub first: u32,
    /// How many.
    pub count: u32,
    /// Whether the most significant one is a sign.
    pub signed: bool,
}

impl Form {
    /// Bytes of a stored element.
    pub fn size(&self) -> usize {
        match self {
            Self::Bytes(size) | Self::Text(size) | Self::List { size, .. } | Self::Record { size, .. } => {
                *size
            }
            Self::Number(number) => number.size,
        }
    }

    /// Whether some of an element is kept elsewhere.
    pub fn is_varying(&self) -> bool {
        match self {
            Self::Bytes(_) | Self::Number(_) => false,
            Self::Text(_) | Self::List { .. } => true,
            Self::Record { fields, .. } => fields.iter().any(|field| field.form.is_varying()),
        }
    }

    /// Whether a stored element is an element of the model as it is.
    pub fn is_native(&self) -> bool {
        match self {
            Self::Bytes(_) => true,
            Self::Number(number) => number.is_native(),
            Self::Text(_) | Self::List { .. } => false,
            Self::Record { fields, .. } => fields.iter().all(|field| field.form.is_native()),
        }
    }

    /// The byte order of stored elements, where nothing but that order makes them differ from elements of the model.
    pub fn order(&self) -> Option<ByteOrder> {
        match self {
            native if native.is_native() => Some(ByteOrder::Little),
            Self::Number(Number { order, bits: None, .. }) => Some(*order),
            _ => None,
        }
    }

    /// Makes a stored element, all of it and of a fixed size, an element of the model.
    pub fn normalise(&self, element: &mut [u8]) {
        match self {
            Self::Bytes(_) | Self::Text(_) | Self::List { .. } => {}
            Self::Number(number) => number.normalise(element),
            Self::Record { fields, .. } => {
                for field in fields.iter().filter(|field| !field.form.is_native()) {
                    if let Some(part) = element.get_mut(field.range()) {
                        field.form.normalise_all(part);
                    }
                }
            }
        }
    }

    /// As [`normalise`](Self::normalise), for elements one after the other.
    pub fn normalise_all(&self, elements: &mut [u8]) {
        if !self.is_native() {
            elements.chunks_exact_mut(self.size().max(1)).for_each(|element| self.normalise(element));
        }
    }
}

impl FieldForm {
    /// Where in its element the field is.
    pub fn range(&self) -> std::ops::Range<usize> {
        let length = self.count.saturating_mul(self.form.size());
        self.offset..self.offset.saturating_add(length)
    }
}

impl Number {
    fn is_native(&self) -> bool {
        self.bits.is_none() && (self.order == ByteOrder::Little || self.size == 1)
    }

    fn normalise(&self, bytes: &mut [u8]) {
        if self.order == ByteOrder::Big {
            bytes.reverse();
        }
        if let Some(bits) = self.bits {
            let mut wide = [0; 8];
            wide.iter_mut().zip(bytes.iter()).for_each(|(to, from)| *to = *from);
            let value = bits.of(u64::from_le_bytes(wide)).to_le_bytes();
            bytes.iter_mut().zip(value).for_each(|(to, from)| *to = from);
        }
    }
}

impl Bits {
    /// The number that these bits are of the bits of `stored`; a sign goes on to the left.
    fn of(self, stored: u64) -> u64 {
        let unused = u64::BITS.saturating_sub(self.count);
        let left = stored.wrapping_shr(self.first).wrapping_shl(unused);
        match self.signed {
            true => left.cast_signed().wrapping_shr(unused).cast_unsigned(),
            false => left.wrapping_shr(unused),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(size: usize, order: ByteOrder, bits: Option<(u32, u32, bool)>) -> Form {
        let bits = bits.map(|(first, count, signed)| Bits { first, count, signed });
        Form::Number(Number { size, order, bits })
    }

    fn check(form: &Form, stored: &[u8], expected: &[u8]) {
        let mut element = stored.to_vec();
        form.normalise(&mut element);
        assert_eq!(element, expected, "{form:?} {stored:?}");
    }

    #[test]
    fn numbers_become_whole_and_little_endian() {
        use ByteOrder::{Big, Little};
        check(&number(2, Little, None), &[1, 2], &[1, 2]);
        check(&number(4, Big, None), &[1, 2, 3, 4], &[4, 3, 2, 1]);
        // Bits outside the number are of no meaning.
        check(&number(2, Little, Some((0, 9, true))), &[0xff, 0xff], &[0xff, 0xff]);
        check(&number(2, Little, Some((0, 9, true))), &[0xff, 0xfe], &[0xff, 0]);
        check(&number(2, Big, Some((3, 5, false))), &[0xab, 0b1111_0111], &[0b11110, 0]);
        check(&number(2, Big, Some((3, 5, true))), &[0xab, 0b1111_0111], &[0xfe, 0xff]);
        check(
            &number(8, Little, Some((63, 1, false))),
            &[1, 0, 0, 0, 0, 0, 0, 0x80],
            &[1, 0, 0, 0, 0, 0, 0, 0],
        );
    }

    #[test]
    fn fields_are_brought_in_order_each_by_itself() {
        let field = |offset, count, form| FieldForm { offset, count, form };
        let big = number(2, ByteOrder::Big, None);
        let inner = Form::Record { size: 3, fields: vec![field(1, 1, big.clone())] };
        let fields = vec![
            field(0, 1, number(2, ByteOrder::Little, None)),
            field(3, 2, big.clone()),
            field(7, 2, inner),
            field(13, 1, Form::Bytes(2)),
        ];
        let record = Form::Record { size: 16, fields };
        let stored = [1, 2, 9, 3, 4, 5, 6, 9, 7, 8, 9, 10, 11, 12, 13, 9];
        check(&record, &stored, &[1, 2, 9, 4, 3, 6, 5, 9, 8, 7, 9, 11, 10, 12, 13, 9]);
        assert_eq!((record.order(), record.is_native(), record.is_varying()), (None, false, false));
        assert_eq!(big.order(), Some(ByteOrder::Big));
        let native = Form::Record { size: 8, fields: vec![field(0, 1, number(1, ByteOrder::Big, None))] };
        assert_eq!(native.order(), Some(ByteOrder::Little));
        let varying =
            Form::Record { size: 32, fields: vec![field(0, 1, native), field(16, 1, Form::Text(16))] };
        assert_eq!((varying.order(), varying.is_varying()), (None, true));
    }

    proptest! {
        #[test]
        fn signed_bits_come_back(value: i64, count in 1_u32..=64, shift in 0_u32..64, rest: u64) {
            let first = shift.min(64 - count);
            let value = value.wrapping_shl(64 - count).wrapping_shr(64 - count);
            let mask = (u64::MAX >> (64 - count)) << first;
            let stored = (value.cast_unsigned() << first) & mask | rest & !mask;
            let bits = Bits { first, count, signed: true };
            prop_assert_eq!(bits.of(stored).cast_signed(), value);
            let unsigned = Bits { signed: false, ..bits }.of(stored);
            prop_assert_eq!(unsigned, value.cast_unsigned() & (u64::MAX >> (64 - count)));
        }
    }
}
