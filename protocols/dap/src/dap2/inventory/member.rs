//! Members: what DAP2 can say of the fields of a compound type.

use weir_model::{DataType, Field};

use super::super::AtomicType;
use super::super::names::{self, Distinct, Role};
use super::{Hidden, HiddenBecause, LONGEST_DIMENSION};

/// Compounds may lie so deep in each other; files go to two.
pub const DEEPEST: usize = 16;

/// A member of a compound variable, or of a member of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name as DAP2 spells it.
    pub name: String,
    /// What it is on the wire.
    pub kind: MemberKind,
    /// The lengths of the axes that clients see, slowest first. A [`DataType::Char`] field has one more: the text itself.
    pub shape: Vec<u64>,
    /// Bytes of one text where the type fixes it.
    pub width: Option<u64>,
    /// Its place among the fields of its compound type.
    pub place: usize,
    /// What the schema says of it.
    pub field: Field,
}

/// What clients see of a [`Member`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// Numbers or texts.
    Atomic(AtomicType),
    /// A Structure, or an array of them.
    Structure(Vec<Member>),
}

impl Member {
    /// The type of its elements, where they are numbers or texts.
    #[must_use]
    pub fn atomic(&self) -> Option<AtomicType> {
        match self.kind {
            MemberKind::Atomic(data_type) => Some(data_type),
            MemberKind::Structure(_) => None,
        }
    }

    /// The members of a Structure.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            MemberKind::Atomic(_) => &[],
            MemberKind::Structure(members) => members,
        }
    }

    /// Gives it the type that a column has.
    pub(super) fn make_column(&mut self) {
        if let MemberKind::Atomic(data_type) = &mut self.kind {
            *data_type = data_type.as_column();
        }
    }

    /// Whether it is one number or one text, so that rows can be selected by it.
    #[must_use]
    pub fn is_column(&self) -> bool {
        self.atomic().is_some() && self.shape.is_empty()
    }
}

/// The members that can be served of the compound at `path`; the others are added to `hidden`.
pub(super) fn members(
    path: &str,
    fields: &[Field],
    hidden: &mut Vec<Hidden>,
) -> Result<Vec<Member>, HiddenBecause> {
    of_depth(path, fields, hidden, DEEPEST)
}

fn of_depth(
    path: &str,
    fields: &[Field],
    hidden: &mut Vec<Hidden>,
    depth: usize,
) -> Result<Vec<Member>, HiddenBecause> {
    let inner = depth.checked_sub(1).ok_or(HiddenBecause::Deep)?;
    let mut distinct = Distinct::default();
    let mut members = Vec::with_capacity(fields.len());
    for (place, field) in fields.iter().enumerate() {
        let path = format!("{path}.{}", field.name);
        match member(&path, (place, field), hidden, inner) {
            Ok(member) => {
                let name = distinct.claim(member.name);
                members.push(Member { name, ..member });
            }
            Err(because) => hidden.push(Hidden { path, because }),
        }
    }
    if members.is_empty() { Err(HiddenBecause::NoMember) } else { Ok(members) }
}

fn member(
    path: &str,
    (place, field): (usize, &Field),
    hidden: &mut Vec<Hidden>,
    depth: usize,
) -> Result<Member, HiddenBecause> {
    let name = names::spell(&field.name, Role::Member);
    if name.len() > names::LONGEST {
        return Err(HiddenBecause::LongName);
    }
    let lengths = field.shape.iter().enumerate();
    if let Some((axis, &length)) = lengths.into_iter().find(|&(_, &length)| length > LONGEST_DIMENSION) {
        return Err(HiddenBecause::TooLong { axis, length });
    }
    let kind = match &field.data_type {
        DataType::Compound { fields, .. } => MemberKind::Structure(of_depth(path, fields, hidden, depth)?),
        other => {
            let described = other.describe();
            let data_type = AtomicType::of(other).ok_or(HiddenBecause::Type { described })?;
            MemberKind::Atomic(if field.shape.is_empty() { data_type.as_scalar() } else { data_type })
        }
    };
    let mut shape = field.shape.clone();
    let width = match &field.data_type {
        DataType::Char => Some(shape.pop().unwrap_or(1)),
        DataType::FixedString { length } => u64::try_from(*length).ok(),
        _ => None,
    };
    Ok(Member { name, kind, shape, width, place, field: field.clone() })
}
