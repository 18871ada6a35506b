//! Complex packing (template 5.2): groups of numbers, each with a reference, a width and a length; and differences of the
//! first or second order of what is so packed (template 5.3).

use super::super::octets::Octets;
use super::bits::{check, number};
use super::scale::Scale;
use crate::Error;

/// How numbers are grouped: octets 22 to 47 of section 5.
struct Groups {
    count: usize,
    /// How missing values are marked: 0 not at all, 1 by the largest number, 2 by the two largest.
    missing: u8,
    width_reference: u32,
    width_bits: u32,
    length_reference: u64,
    length_increment: u64,
    length_last: u64,
    length_bits: u32,
}

impl Groups {
    fn parse(octets: Octets<'_>) -> Result<Self, Error> {
        let (method, missing) = (octets.u8(22)?, octets.u8(23)?);
        if method != 1 || missing > 2 {
            return Err(Error::unsupported(format!(
                "complex packing with group splitting {method} and missing value management {missing}"
            )));
        }
        Ok(Self {
            count: usize::try_from(octets.u32(32)?).unwrap_or(usize::MAX),
            missing,
            width_reference: u32::from(octets.u8(36)?),
            width_bits: u32::from(octets.u8(37)?).min(57),
            length_reference: u64::from(octets.u32(38)?),
            length_increment: u64::from(octets.u8(42)?),
            length_last: u64::from(octets.u32(43)?),
            length_bits: u32::from(octets.u8(47)?).min(57),
        })
    }
}

/// One group.
struct Group {
    reference: i64,
    width: u32,
    length: usize,
}

/// Takes `count` numbers of `width` bits off the front of `bytes`, which moves to the next octet.
fn take<'a>(
    bytes: &mut &'a [u8],
    width: u32,
    count: usize,
) -> Result<impl Fn(usize) -> u64 + use<'a>, Error> {
    if width > 32 {
        return Err(Error::corrupt(format!("groups are described by numbers of {width} bits")));
    }
    let length = check(bytes, width, count)?;
    let (front, rest) = bytes.split_at(length);
    *bytes = rest;
    Ok(move |n: usize| number(front, n.saturating_mul(width as usize), width))
}

/// Reads the descriptions of all groups, and checks that they are of `count` numbers which are all there.
fn groups(bytes: &mut &[u8], groups: &Groups, bits: u32, count: usize) -> Result<Vec<Group>, Error> {
    // Each group is of one number at least, so that nothing large is made of few octets.
    if groups.count > count {
        return Err(Error::corrupt(format!("{} groups are of {count} values", groups.count)));
    }
    let references = take(bytes, bits, groups.count)?;
    let widths = take(bytes, groups.width_bits, groups.count)?;
    let lengths = take(bytes, groups.length_bits, groups.count)?;
    let last = groups.count.saturating_sub(1);
    let (mut total, mut total_bits) = (0_u64, 0_u64);
    let mut all = Vec::with_capacity(groups.count);
    for n in 0..groups.count {
        let width = u64::from(groups.width_reference).saturating_add(widths(n));
        let length = match n == last {
            true => groups.length_last,
            false => {
                groups.length_reference.saturating_add(lengths(n).saturating_mul(groups.length_increment))
            }
        };
        total = total.saturating_add(length);
        total_bits = total_bits.saturating_add(length.saturating_mul(width));
        if width > 32 || total > count as u64 {
            return Err(Error::corrupt(format!("group {n} has {length} values of {width} bits")));
        }
        all.push(Group { reference: references(n) as i64, width: width as u32, length: length as usize });
    }
    if total != count as u64 || total_bits.div_ceil(8) > bytes.len() as u64 {
        let has = bytes.len();
        return Err(Error::corrupt(format!(
            "groups of {total} values and {total_bits} bits are packed in {has} bytes, for {count} values"
        )));
    }
    Ok(all)
}

/// Reads all numbers; missing ones are `None`.
fn numbers(bytes: &[u8], all: &[Group], missing: u8, bits: u32, count: usize) -> Vec<Option<i64>> {
    let mut out = Vec::with_capacity(count);
    let mut at = 0_usize;
    for group in all {
        // A group of one number is missing as a whole where its reference is what marks missing values.
        let marked_bits = if group.width == 0 { bits } else { group.width };
        let largest = (1_i64 << marked_bits.min(62)).saturating_sub(1);
        let is_missing = |number: i64| match missing {
            0 => false,
            1 => number == largest,
            _ => number == largest || number == largest.saturating_sub(1),
        };
        for _ in 0..group.length {
            let offset = number(bytes, at, group.width) as i64;
            at = at.saturating_add(group.width as usize);
            let marked = if group.width == 0 { group.reference } else { offset };
            out.push((!is_missing(marked)).then_some(group.reference.saturating_add(offset)));
        }
    }
    out
}

/// Unpacks `count` values.
pub fn unpack(
    description: Octets<'_>,
    packed: &[u8],
    scale: &Scale,
    count: usize,
) -> Result<Vec<f32>, Error> {
    let how = Groups::parse(description)?;
    let mut rest = packed;
    let differences = match description.u16(10)? {
        3 => Some(Differences::parse(description, &mut rest)?),
        _ => None,
    };
    let all = groups(&mut rest, &how, scale.bits, count)?;
    let mut numbers = numbers(rest, &all, how.missing, scale.bits, count);
    if let Some(differences) = differences {
        differences.undo(&mut numbers)?;
    }
    Ok(numbers
        .into_iter()
        .map(|number| number.map_or(f32::NAN, |number| scale.value(number as f64)))
        .collect())
}

/// What undoes differences: the first one or two numbers, and what was taken off all of them.
struct Differences {
    first: Vec<i64>,
    least: i64,
}

impl Differences {
    /// Takes the descriptors off the front of section 7: first numbers (unsigned), then the least difference (signed).
    fn parse(description: Octets<'_>, bytes: &mut &[u8]) -> Result<Self, Error> {
        let (order, size) = (usize::from(description.u8(48)?), usize::from(description.u8(49)?));
        if !(1..=2).contains(&order) || size > 8 {
            return Err(Error::corrupt(format!("differences of order {order}, described by {size} octets")));
        }
        if size == 0 {
            return Ok(Self { first: vec![0; order], least: 0 });
        }
        let octets = Octets(bytes);
        let first = (0..order).map(|n| {
            let run = octets.run(n.saturating_mul(size).saturating_add(1), size)?;
            Ok(run.iter().fold(0_u64, |number, &octet| number << 8 | u64::from(octet)) as i64)
        });
        let first: Vec<i64> = first.collect::<Result<_, Error>>()?;
        let least = octets.signed(order.saturating_mul(size).saturating_add(1), size)?;
        *bytes = octets.rest(order.saturating_add(1).saturating_mul(size).saturating_add(1));
        Ok(Self { first, least })
    }

    /// Adds up. Missing values are passed over, as if they were not there.
    fn undo(&self, numbers: &mut [Option<i64>]) -> Result<(), Error> {
        let mut before: Vec<i64> = Vec::with_capacity(2);
        for number in numbers.iter_mut().flatten() {
            let place = before.len();
            *number = match (self.first.get(place), before.as_slice()) {
                (Some(&first), _) if place < self.first.len() => first,
                (None, &[last]) => add(&[*number, self.least, last])?,
                (None, &[last_but_one, last]) => {
                    add(&[*number, self.least, last, last, last_but_one.saturating_neg()])?
                }
                _ => return Err(Error::corrupt("differences have no beginning")),
            };
            if place == self.first.len() {
                before.remove(0);
            }
            before.push(*number);
        }
        Ok(())
    }
}

/// A sum; packed numbers have some bits of 64, but the sums of damaged ones may have more.
fn add(numbers: &[i64]) -> Result<i64, Error> {
    let sum = numbers.iter().try_fold(0_i64, |sum, number| sum.checked_add(*number));
    sum.ok_or_else(|| Error::corrupt("the sums of differences are larger than any number"))
}
