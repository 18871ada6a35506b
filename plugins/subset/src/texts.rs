//! Texts, which files hold as such or as characters.

use weir_model::{ByteOrder, DataType, Variable};
use weir_plugin_api::{Dataset, Error};
use weir_selection::Selection;

use crate::elements::{MOST_MADE, whole};

/// Texts of any length that are read at once.
const MOST_TEXTS: u64 = 1 << 16;

/// Whether the elements of a variable are texts.
pub(crate) fn are_texts(variable: &Variable) -> bool {
    matches!(variable.data_type.stored(), DataType::String | DataType::FixedString { .. })
}

/// Texts, without the zeros that pad them.
pub(crate) fn texts(
    dataset: &Dataset,
    (path, variable): (&str, &Variable),
    selection: &Selection,
) -> Result<Vec<Vec<u8>>, Error> {
    let count = selection.elements()?;
    if count > MOST_TEXTS {
        return Err(Error::too_large(format!(
            "{path} has {count} texts, and at most {MOST_TEXTS} are written"
        )));
    }
    if let DataType::FixedString { length } = variable.data_type.stored() {
        let bytes = whole(dataset, (path, variable), selection, ByteOrder::Little)?;
        let unpadded = |text: &[u8]| {
            let end = text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
            text.get(..end).unwrap_or_default().to_vec()
        };
        return Ok(bytes.chunks_exact((*length).max(1)).map(unpadded).collect());
    }
    let Some(slab) = selection.hyperslab(variable) else {
        return Err(Error::bad_request(format!(
            "{path} holds texts, which are not joined from several pieces; ask for one piece"
        )));
    };
    dataset.read_strings(path, &slab)
}

/// Texts as characters along a dimension more: its length, and the characters, padded with zeros.
pub(crate) fn characters(
    dataset: &Dataset,
    (path, variable): (&str, &Variable),
    selection: &Selection,
) -> Result<(u64, Vec<u8>), Error> {
    if let DataType::FixedString { length } = variable.data_type.stored() {
        let bytes = whole(dataset, (path, variable), selection, ByteOrder::Big)?;
        return Ok((u64::try_from(*length).unwrap_or(1), bytes));
    }
    let texts = texts(dataset, (path, variable), selection)?;
    let width = texts.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let length = width
        .checked_mul(texts.len())
        .filter(|length| u64::try_from(*length).is_ok_and(|length| length <= MOST_MADE));
    let mut bytes = Vec::with_capacity(
        length.ok_or_else(|| Error::too_large(format!("the texts of {path} are too long")))?,
    );
    for text in &texts {
        bytes.extend_from_slice(text);
        bytes.extend(std::iter::repeat_n(0, width.saturating_sub(text.len())));
    }
    Ok((u64::try_from(width).unwrap_or(1), bytes))
}
