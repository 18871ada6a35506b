//! Unpacking slices of stored elements.

use super::element::Element;
use super::{Compared, NumberType, Packing, PackingError, ValidRange, Wide};

/// Calls a generic function for the type of the stored elements.
macro_rules! for_stored {
    ($stored:expr, $function:ident($($argument:expr),*)) => {
        match $stored {
            NumberType::Int8 => $function::<i8>($($argument),*),
            NumberType::UInt8 => $function::<u8>($($argument),*),
            NumberType::Int16 => $function::<i16>($($argument),*),
            NumberType::UInt16 => $function::<u16>($($argument),*),
            NumberType::Int32 => $function::<i32>($($argument),*),
            NumberType::UInt32 => $function::<u32>($($argument),*),
            NumberType::Int64 => $function::<i64>($($argument),*),
            NumberType::UInt64 => $function::<u64>($($argument),*),
            NumberType::Float32 => $function::<f32>($($argument),*),
            NumberType::Float64 => $function::<f64>($($argument),*),
        }
    };
}

impl Packing {
    /// Appends the numbers that stored elements mean, as doubles; NaN where one is missing.
    ///
    /// `stored` holds elements in this machine's byte order. Where [`Packing::unpacked`] is `float32`, the arithmetic is that of
    /// singles, so that the doubles are those singles. Integers of 64 bits that are stored as they are become the nearest
    /// doubles.
    ///
    /// # Errors
    /// [`PackingError::Length`].
    pub fn unpack(&self, stored: &[u8], unpacked: &mut Vec<f64>) -> Result<(), PackingError> {
        self.check_length(stored)?;
        if self.unpacked() == NumberType::Float32 {
            for_stored!(
                self.stored,
                append(self, stored, |value| unpacked.push(f64::from(self.single(value))))
            );
        } else {
            for_stored!(self.stored, append(self, stored, |value| unpacked.push(self.double(value))));
        }
        Ok(())
    }

    /// As [`Packing::unpack`], but as singles: without loss where [`Packing::unpacked`] is `float32`, else the nearest.
    ///
    /// # Errors
    /// [`PackingError::Length`].
    pub fn unpack_singles(&self, stored: &[u8], unpacked: &mut Vec<f32>) -> Result<(), PackingError> {
        self.check_length(stored)?;
        if self.is_plain_single() {
            // Most fields: copied, but for what is missing.
            let missing: Vec<f32> = self.missing.iter().filter_map(|value| f32::from_wide(*value)).collect();
            let value = |bytes: &[u8; 4]| {
                let value = f32::from_ne_bytes(*bytes);
                if missing.contains(&value) { f32::NAN } else { value }
            };
            unpacked.extend(stored.as_chunks().0.iter().map(value));
        } else if self.unpacked() == NumberType::Float32 {
            for_stored!(self.stored, append(self, stored, |value| unpacked.push(self.single(value))));
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "the documented rounding")]
            let push = |value: Present| unpacked.push(self.double(value) as f32);
            for_stored!(self.stored, append(self, stored, push));
        }
        Ok(())
    }

    /// Appends whether each stored element is there (`true`) or missing; a stored NaN is missing.
    ///
    /// # Errors
    /// [`PackingError::Length`].
    pub fn present(&self, stored: &[u8], present: &mut Vec<bool>) -> Result<(), PackingError> {
        self.check_length(stored)?;
        for_stored!(self.stored, append(self, stored, |value| present.push(!self.double(value).is_nan())));
        Ok(())
    }

    fn is_plain_single(&self) -> bool {
        let has_range = self.valid.least.is_some() || self.valid.greatest.is_some();
        self.stored == NumberType::Float32 && self.scale.is_none() && self.offset.is_none() && !has_range
    }

    fn check_length(&self, stored: &[u8]) -> Result<(), PackingError> {
        let (bytes, element) = (stored.len(), self.stored.size());
        if bytes % element == 0 { Ok(()) } else { Err(PackingError::Length { bytes, element }) }
    }

    /// The order of operations, each rounded, is xarray's. Rounding what doubles give is what singles would give.
    #[expect(clippy::cast_possible_truncation, reason = "the rounding to a single")]
    fn single(&self, value: Present) -> f32 {
        let Some((mut value, _)) = value else { return f32::NAN };
        if let Some(scale) = self.scale {
            value = (f64::from(value) * scale) as f32;
        }
        if let Some(offset) = self.offset {
            value = (f64::from(value) + offset) as f32;
        }
        if self.valid.refuses(Compared::Unpacked, || Wide::Real(f64::from(value))) { f32::NAN } else { value }
    }

    fn double(&self, value: Present) -> f64 {
        let Some((_, mut value)) = value else { return f64::NAN };
        if let Some(scale) = self.scale {
            value *= scale;
        }
        if let Some(offset) = self.offset {
            value += offset;
        }
        if self.valid.refuses(Compared::Unpacked, || Wide::Real(value)) { f64::NAN } else { value }
    }
}

/// A stored number, as a single and as a double, unless it is missing.
type Present = Option<(f32, f64)>;

fn append<E: Element>(packing: &Packing, stored: &[u8], mut push: impl FnMut(Present)) {
    let missing: Vec<E> = packing.missing.iter().filter_map(|value| E::from_wide(*value)).collect();
    for value in stored.chunks_exact(E::SIZE).filter_map(E::of) {
        let refused = missing.contains(&value) || packing.valid.refuses(Compared::Stored, || value.wide());
        push((!refused).then(|| (value.single(), value.double())));
    }
}

impl ValidRange {
    /// Whether a number of a kind lies outside.
    fn refuses(&self, kind: Compared, value: impl FnOnce() -> Wide) -> bool {
        if self.compared != kind || (self.least.is_none() && self.greatest.is_none()) {
            return false;
        }
        let value = value();
        self.least.is_some_and(|least| value < least)
            || self.greatest.is_some_and(|greatest| value > greatest)
    }
}
