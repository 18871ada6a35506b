//! Values of fields.

use weir_cf::packing::{NumberType, Packing};
use weir_model::{ByteOrder, Variable};
use weir_plugin_api::Error;
use weir_selection::{Axes, Indices, Selection};

/// What the numbers of a variable mean.
///
/// # Errors
/// `Unsupported` where its elements are no numbers.
pub fn packing(variable: &Variable) -> Result<Packing, Error> {
    Packing::of(variable).map_err(|error| Error::unsupported(format!("{}: {error}", variable.name)))
}

/// The bytes that reading some elements takes: stored, and as singles.
///
/// # Errors
/// `TooLarge` for more than 64 bits can count.
pub fn bytes_of(variable: &Variable, elements: u64) -> Result<u64, Error> {
    let size = u64::try_from(variable.data_type.size().unwrap_or(0)).unwrap_or(u64::MAX);
    elements
        .checked_mul(size.saturating_add(4))
        .ok_or_else(|| Error::too_large("more bytes are selected than 64 bits can count"))
}

/// The values of a part of a variable, row-major; NaN where one is missing. Their memory, [`bytes_of`] them, must have been admitted.
///
/// # Errors
/// Where its elements are no numbers, or such as singles cannot tell apart; whatever keeps them from being read.
pub fn values(axes: &Axes<'_>, indices: &[Indices]) -> Result<Vec<f32>, Error> {
    let path = axes.path();
    let variable =
        axes.schema().variable(path).ok_or_else(|| Error::internal("the variable is not there any more"))?;
    let packing = packing(variable)?;
    let selection = Selection::of(indices.to_vec());
    let elements = usize::try_from(selection.elements()?).ok();
    let length = elements.and_then(|elements| elements.checked_mul(packing.stored().size()));
    let mut bytes = vec![0; length.ok_or_else(|| Error::too_large("a field exceeds memory"))?];
    selection.read(axes.dataset(), (path, variable), ByteOrder::NATIVE, &mut bytes)?;
    let mut values = Vec::new();
    values.reserve_exact(elements.unwrap_or_default());
    packing.unpack_singles(&bytes, &mut values).map_err(|error| Error::internal(error.to_string()))?;
    if packing.unpacked() == NumberType::Float64 {
        within_singles(&packing, &bytes, &values)?;
    }
    Ok(values)
}

/// Whether doubles are still told apart as singles: none has become infinite, and not all of them nothing.
fn within_singles(packing: &Packing, bytes: &[u8], singles: &[f32]) -> Result<(), Error> {
    const PIECE: usize = 1 << 16;
    let overflow = singles.iter().any(|value| value.is_infinite());
    if !overflow && singles.iter().any(|value| *value != 0.0 && !value.is_nan()) {
        return Ok(());
    }
    let mut doubles = Vec::new();
    for (stored, singles) in bytes.chunks(PIECE * packing.stored().size()).zip(singles.chunks(PIECE)) {
        doubles.clear();
        packing.unpack(stored, &mut doubles).map_err(|error| Error::internal(error.to_string()))?;
        let lost = |(double, single): (&f64, &f32)| {
            (double.is_finite() && single.is_infinite()) || (!overflow && *double != 0.0 && *single == 0.0)
        };
        if let Some((value, _)) = doubles.iter().zip(singles).find(|pair| lost(*pair)) {
            return Err(Error::unsupported(format!(
                "the values are of a size of {value:e}; those that are drawn must lie between 1e-45 and 3e38"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use weir_model::DataType;
    use weir_plugin_api::testing::counting;

    use super::*;

    fn check(values: &[f64], expected: bool) {
        let (variable, _) = counting("v", DataType::Float64, &[("n", 1)]);
        let packing = packing(&variable).unwrap();
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        let mut singles = Vec::new();
        packing.unpack_singles(&bytes, &mut singles).unwrap();
        assert_eq!(within_singles(&packing, &bytes, &singles).is_ok(), expected, "{values:?}");
    }

    #[test]
    fn doubles_that_singles_cannot_hold_are_refused() {
        check(&[1.0, f64::NAN, -3e38], true);
        check(&[1.0, 1e39], false);
        check(&[f64::INFINITY, 1.0], true);
        check(&[1e-300, f64::NAN, -2e-300], false);
        check(&[1e-300, 5.0], true);
        check(&[0.0, f64::NAN], true);
    }
}
