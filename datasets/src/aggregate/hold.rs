//! What a join holds in memory: its coordinate, and times that count from different dates in different members.

use std::collections::HashMap;

use weir_model::{DataType, Schema, Variable};

use super::definition::Rules;
use super::facts::{self, Facts, path_of};
use super::held::{self, Held};
use super::member::{Member, Members};
use super::slab::scatter;
use super::times::{Counted, convert, elements};
use super::validate::joined_axis;
use crate::{Error, ErrorKind};

/// A member, with what was learnt of it.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The member.
    pub member: Member,
    /// Its value of a new coordinate, as it was written or as its name tells it.
    pub coordinate: Option<Told>,
    /// What was learnt.
    pub facts: Facts,
}

/// A value of a new coordinate.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// As it was written.
    Text(String),
    /// Seconds since 1970-01-01.
    Seconds(i64),
}

/// The values of all joined variables that must be held, by path; `members` are in their order, and `schema` is that of the
/// first.
///
/// # Errors
/// Where times cannot be converted exactly or are too many to hold.
pub fn hold(
    rules: &Rules,
    schema: &Schema,
    (members, opener): (&mut [Learnt], &Members),
) -> Result<HashMap<String, Held>, Error> {
    let mut held = HashMap::new();
    let Some(layout) = members.first().map(|first| first.facts.layout.clone()) else { return Ok(held) };
    let join = path_of(&rules.dimension);
    for variable in &layout.variables {
        let Some(axis) = joined_axis(rules, &layout, variable) else { continue };
        let Some(described) = schema.variable(&variable.path) else { continue };
        let is_join = variable.path == join;
        let converted = members.iter().any(|member| converts(&variable.path, &join, member, &layout));
        let joined = Joining { path: &variable.path, variable: described, axis, join: &join };
        if converted {
            held.insert(variable.path.clone(), joined.converted(members, opener)?);
        } else if is_join && let Some(values) = joined.kept(members)? {
            held.insert(variable.path.clone(), values);
        }
    }
    Ok(held)
}

/// Whether a member's numbers are not those of the first. What cannot be converted was refused before.
fn converts(path: &str, join: &str, member: &Learnt, first: &facts::Layout) -> bool {
    let counted = |layout: &facts::Layout| Counted::of(layout.variable(path)?, layout.variable(join));
    match (counted(&member.facts.layout), counted(first)) {
        (Some(own), Some(others)) => own.to(&others).is_ok_and(|conversion| conversion.is_some()),
        _ => false,
    }
}

/// A variable whose values are put together in memory.
struct Joining<'a> {
    path: &'a str,
    variable: &'a Variable,
    axis: usize,
    join: &'a str,
}

impl Joining<'_> {
    /// The values of the join coordinate as members have them; `None` where some member's are not known or they are too many.
    fn kept(&self, members: &[Learnt]) -> Result<Option<Held>, Error> {
        let values: Option<Vec<&Held>> =
            members.iter().map(|member| member.facts.coordinate.as_ref()).collect();
        let Some(values) = values else { return Ok(None) };
        let bytes = |held: &&Held| match held {
            Held::Elements(elements) => elements.len() as u64,
            Held::Strings(strings) => strings.iter().map(|string| string.len() as u64).sum(),
        };
        if values.iter().map(bytes).fold(0, u64::saturating_add) > held::MOST_BYTES {
            return Ok(None);
        }
        let mut strings = Vec::new();
        let mut elements = Vec::new();
        for held in values {
            match held {
                Held::Elements(bytes) => elements.extend_from_slice(bytes),
                Held::Strings(texts) => strings.extend_from_slice(texts),
            }
        }
        Ok(Some(match self.variable.data_type.size() {
            Some(_) => Held::Elements(elements),
            None => Held::Strings(strings),
        }))
    }

    /// The values of all members in the units of the first.
    fn converted(&self, members: &mut [Learnt], opener: &Members) -> Result<Held, Error> {
        if self.variable.attribute("scale_factor").or(self.variable.attribute("add_offset")).is_some() {
            let message = format!("{}: packed times in different units cannot be joined", self.path);
            return Err(Error::unsupported(message));
        }
        let Some(first) = members.first().map(|first| first.facts.layout.clone()) else {
            return Ok(Held::Elements(vec![]));
        };
        let target = first.variable(self.path).and_then(|v| Counted::of(v, first.variable(self.join)));
        let mut parts = Vec::with_capacity(members.len());
        for learnt in members {
            let bytes = self.values(learnt, opener)?;
            let layout = &learnt.facts.layout;
            let own = layout.variable(self.path).and_then(|v| Counted::of(v, layout.variable(self.join)));
            let mut bytes = bytes;
            if let Some((own, target)) = own.zip(target.as_ref())
                && let Some(conversion) = own.to(target)?
            {
                let fills = self.fills();
                let data_type = self.variable.data_type.stored();
                convert(&conversion, (data_type, &fills), &mut bytes)
                    .map_err(|e| e.within(format!("{}: variable {}", learnt.member.name, self.path)))?;
            }
            parts.push((learnt.facts.length, bytes));
        }
        self.put_together(&parts)
    }

    /// What stands for no value, little-endian: what the attributes say, which are the same in all members. A storage's own
    /// fill value says no such thing: a Zarr array's may be 0, and its attribute another.
    fn fills(&self) -> Vec<Vec<u8>> {
        let attributes = ["_FillValue", "missing_value"].map(|name| self.variable.attribute(name));
        let data_type = self.variable.data_type.stored();
        attributes.into_iter().flatten().flat_map(|attribute| elements(&attribute.value, data_type)).collect()
    }

    /// A member's own values, kept for the next time.
    fn values(&self, learnt: &mut Learnt, opener: &Members) -> Result<Vec<u8>, Error> {
        let known = match self.path == self.join {
            true => learnt.facts.coordinate.clone(),
            false => learnt.facts.times.get(self.path).cloned(),
        };
        let values = match known {
            Some(values) => values,
            None => {
                let dataset = opener.open(&learnt.member)?;
                let variable = dataset.schema().variable(self.path);
                let variable = variable.ok_or_else(|| {
                    Error::not_found(format!("{} has no variable {}", learnt.member.name, self.path))
                })?;
                let values = facts::values(&dataset, self.path, variable);
                let values = values.map_err(|e| e.within(&learnt.member.name))?;
                learnt.facts.times.insert(self.path.to_owned(), values.clone());
                values
            }
        };
        match values {
            Held::Elements(bytes) => Ok(bytes),
            Held::Strings(_) => Err(Error::unsupported(format!("{}: times as strings", self.path))),
        }
    }

    fn put_together(&self, parts: &[(u64, Vec<u8>)]) -> Result<Held, Error> {
        let bytes = parts.iter().map(|(_, bytes)| bytes.len() as u64).fold(0, u64::saturating_add);
        if bytes > held::MOST_BYTES {
            let (path, most) = (self.path, held::MOST_BYTES);
            let message = format!(
                "{path}: {bytes} bytes of times in different units are too many to convert; the limit is {most}"
            );
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let size = size(&self.variable.data_type);
        let mut out = vec![0; usize::try_from(bytes).unwrap_or(0)];
        let mut shape = self.variable.shape.clone();
        // A new dimension stands first, and no member has it.
        if self.variable.dimensions.get(self.axis).map(String::as_str) != Some(self.join) {
            shape.insert(self.axis, 1);
        }
        let total = parts.iter().map(|(length, _)| *length).fold(0, u64::saturating_add);
        if let Some(length) = shape.get_mut(self.axis) {
            *length = total;
        }
        let mut at = 0_u64;
        for (length, bytes) in parts {
            if !bytes.is_empty() {
                scatter(bytes, (&shape, size), (self.axis, at), &mut out)?;
            }
            at = at.saturating_add(*length);
        }
        Ok(Held::Elements(out))
    }
}

fn size(data_type: &DataType) -> usize {
    data_type.size().unwrap_or(1).max(1)
}
