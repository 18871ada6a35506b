//! One element of a compound variable on its way to the wire.

use weir_model::{DataType, Field, Packed, PackedError, Stride};

use super::super::xdr::{self, Form};
use super::super::{AtomicType, Member};
use super::{Asked, Damaged, shown_text};

/// Appends what is asked for of `element`, which has the compound type `data_type`.
pub fn encode(
    data_type: &DataType,
    asked: &[Asked],
    element: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Damaged> {
    if !data_type.is_varying() {
        return fixed(asked, element, out);
    }
    let mut packed = Packed::new(element);
    varying(data_type, asked, &mut packed, out)?;
    Ok(packed.end()?)
}

impl From<PackedError> for Damaged {
    fn from(_: PackedError) -> Self {
        Self
    }
}

/// The bytes of each field of a packed element: of a text without its length, of other varying fields as they are packed.
pub fn fields<'e>(data_type: &DataType, element: &'e [u8]) -> Result<Vec<&'e [u8]>, Damaged> {
    let DataType::Compound { fields, .. } = data_type else { return Err(Damaged) };
    let mut packed = Packed::new(element);
    let mut found = Vec::with_capacity(fields.len());
    for field in fields {
        let left = packed.left();
        let is_text = field.data_type == DataType::String && field.shape.is_empty();
        if is_text {
            found.push(packed.take_string()?);
        } else {
            skip(field, &mut packed)?;
            let begin = element.len().saturating_sub(left);
            let end = element.len().saturating_sub(packed.left());
            found.push(element.get(begin..end).ok_or(Damaged)?);
        }
    }
    packed.end()?;
    Ok(found)
}

/// Passes a field of a packed element.
pub fn skip(field: &Field, packed: &mut Packed<'_>) -> Result<(), Damaged> {
    let elements = product(&field.shape)?;
    if let Some(size) = field.data_type.size() {
        let bytes = usize::try_from(elements).ok().and_then(|elements| elements.checked_mul(size));
        packed.take_fixed(bytes.ok_or(Damaged)?)?;
        return Ok(());
    }
    for _ in 0..elements {
        progressing(&field.data_type, packed)?;
    }
    Ok(())
}

/// Passes an element of at least one byte: others could be counted for ever.
fn progressing(data_type: &DataType, packed: &mut Packed<'_>) -> Result<(), Damaged> {
    if packed.take_element(data_type)?.is_empty() { Err(Damaged) } else { Ok(()) }
}

/// How many elements have these lengths.
pub fn product(lengths: &[u64]) -> Result<u64, Damaged> {
    lengths.iter().try_fold(1_u64, |product, &length| product.checked_mul(length)).ok_or(Damaged)
}

/// The bytes of a scalar member.
pub fn field<'e>(member: &Member, element: &'e [u8]) -> Option<&'e [u8]> {
    let offset = member.field.offset;
    element.get(offset..offset.checked_add(unit(member)?)?)
}

/// Bytes of what clients see as one element of a member: a whole text, where characters lie along an axis.
fn unit(member: &Member) -> Option<usize> {
    match (&member.field.data_type, member.width) {
        (DataType::Char, Some(width)) => usize::try_from(width).ok(),
        (data_type, _) => data_type.size(),
    }
}

/// From an element with its fields at their offsets.
fn fixed(asked: &[Asked], element: &[u8], out: &mut Vec<u8>) -> Result<(), Damaged> {
    for one in asked {
        let size = unit(&one.member).ok_or(Damaged)?;
        let begin = begin(one, out)?;
        let axes = axes(one);
        places(&axes, 0, &mut |place| {
            let at = usize::try_from(place).ok().and_then(|place| place.checked_mul(size));
            let at = at.and_then(|at| at.checked_add(one.member.field.offset)).ok_or(Damaged)?;
            let end = at.checked_add(size).ok_or(Damaged)?;
            value(one, element.get(at..end).ok_or(Damaged)?, out)
        })?;
        finish(one, begin, out);
    }
    Ok(())
}

/// From a packed element: all fields are walked through, and what is asked for is taken on the way.
fn varying(
    data_type: &DataType,
    asked: &[Asked],
    packed: &mut Packed<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Damaged> {
    let DataType::Compound { fields, .. } = data_type else { return Err(Damaged) };
    let mut asked = asked.iter().peekable();
    for (place, field) in fields.iter().enumerate() {
        match asked.next_if(|one| one.member.place == place) {
            Some(one) => member(one, packed, out)?,
            None => skip(field, packed)?,
        }
    }
    Ok(())
}

fn member(one: &Asked, packed: &mut Packed<'_>, out: &mut Vec<u8>) -> Result<(), Damaged> {
    let data_type = &one.member.field.data_type;
    let begin = begin(one, out)?;
    for place in 0..product(&one.member.shape)? {
        let wanted = contains(one, place);
        match unit(&one.member) {
            Some(size) => {
                let bytes = packed.take_fixed(size)?;
                if wanted {
                    value(one, bytes, out)?;
                }
            }
            None if !wanted => progressing(data_type, packed)?,
            None if *data_type == DataType::String => value(one, packed.take_string()?, out)?,
            None => {
                let left = packed.left();
                varying(data_type, &one.members, packed, out)?;
                if packed.left() == left {
                    return Err(Damaged);
                }
            }
        }
    }
    finish(one, begin, out);
    Ok(())
}

/// Appends the counts; the place behind them.
fn begin(one: &Asked, out: &mut Vec<u8>) -> Result<usize, Damaged> {
    let count = u32::try_from(one.slab.elements()).ok().ok_or(Damaged)?;
    match one.member.atomic() {
        Some(data_type) => out.extend(xdr::counts(data_type, one.form(), count)),
        None => out.extend(xdr::structure_count(one.form(), count)),
    }
    Ok(out.len())
}

/// Appends the padding behind bytes, which began at `begin`.
fn finish(one: &Asked, begin: usize, out: &mut Vec<u8>) {
    if (one.member.atomic(), one.form()) == (Some(AtomicType::Byte), Form::Array) {
        let length = out.len().saturating_sub(begin);
        out.resize(begin.saturating_add(length.next_multiple_of(4)), 0);
    }
}

/// Appends one element of a member.
fn value(one: &Asked, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Damaged> {
    let written = match one.member.atomic() {
        None => return fixed(&one.members, bytes, out),
        Some(AtomicType::String) => xdr::write_text(shown_text(&one.member.field.data_type, bytes), out),
        // Bytes of an array are packed.
        Some(AtomicType::Byte) => xdr::write_number(AtomicType::Byte, one.form(), bytes, out),
        Some(_) => xdr::write_scalar(one.member.field.data_type.stored(), bytes, out),
    };
    written.then_some(()).ok_or(Damaged)
}

/// The strides of a part, each with the elements that one index of its axis has.
fn axes(one: &Asked) -> Vec<(Stride, u64)> {
    let inner = |axis: usize| {
        let behind = one.member.shape.iter().skip(axis.saturating_add(1));
        behind.fold(1_u64, |product, &length| product.saturating_mul(length))
    };
    one.slab.strides().iter().enumerate().map(|(axis, &stride)| (stride, inner(axis))).collect()
}

/// Visits the places of a part in row-major order.
fn places(
    axes: &[(Stride, u64)],
    base: u64,
    visit: &mut impl FnMut(u64) -> Result<(), Damaged>,
) -> Result<(), Damaged> {
    let Some(((stride, inner), rest)) = axes.split_first() else { return visit(base) };
    for index in 0..stride.count {
        let place = stride.at(index).checked_mul(*inner).and_then(|place| place.checked_add(base));
        places(rest, place.ok_or(Damaged)?, visit)?;
    }
    Ok(())
}

/// Whether a part has the element at `place`.
fn contains(one: &Asked, place: u64) -> bool {
    let mut rest = place;
    let axes = one.slab.strides().iter().zip(&one.member.shape).rev();
    for (stride, &length) in axes {
        let index = rest.checked_rem(length).unwrap_or(0);
        rest = rest.checked_div(length).unwrap_or(0);
        let step = index.checked_sub(stride.start).and_then(|distance| {
            let hit = distance.checked_rem(stride.step)? == 0;
            distance.checked_div(stride.step).filter(|_| hit)
        });
        if step.is_none_or(|step| step >= stride.count) {
            return false;
        }
    }
    true
}
