//! How long the texts of members are: clients that cut texts must be told before.

use std::collections::BTreeMap;

use weir_model::{DataType, Packed};

use super::super::{Entry, Member};
use super::Damaged;
use super::element::{product, skip};

/// Bytes of the longest text of each member of [`DataType::String`], by the way to the member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Longest {
    found: BTreeMap<Vec<usize>, u64>,
}

impl Longest {
    /// The longest text that was seen of the member that `way` leads to.
    #[must_use]
    pub fn of(&self, way: &[usize]) -> Option<u64> {
        self.found.get(way).copied()
    }

    /// Looks at one element of `entry`, as the dataset gives it.
    ///
    /// # Errors
    /// [`Damaged`] where `element` does not have the shape of the type.
    pub fn see(&mut self, entry: &Entry<'_>, element: &[u8]) -> Result<(), Damaged> {
        let mut packed = Packed::new(element);
        self.compound(&entry.variable.data_type, entry.members(), &mut vec![], &mut packed)?;
        Ok(packed.end()?)
    }

    fn compound(
        &mut self,
        data_type: &DataType,
        members: &[Member],
        way: &mut Vec<usize>,
        packed: &mut Packed<'_>,
    ) -> Result<(), Damaged> {
        let DataType::Compound { fields, .. } = data_type else { return Err(Damaged) };
        for (place, field) in fields.iter().enumerate() {
            let member = members.iter().enumerate().find(|(_, member)| member.place == place);
            let varying = member.filter(|(_, member)| member.field.data_type.is_varying());
            let Some((index, member)) = varying else {
                skip(field, packed)?;
                continue;
            };
            way.push(index);
            for _ in 0..product(&member.shape)? {
                let left = packed.left();
                if member.field.data_type == DataType::String {
                    let length = u64::try_from(packed.take_string()?.len()).ok().ok_or(Damaged)?;
                    let longest = self.found.entry(way.clone()).or_default();
                    *longest = length.max(*longest);
                } else {
                    self.compound(&member.field.data_type, member.members(), way, packed)?;
                }
                if packed.left() == left {
                    return Err(Damaged);
                }
            }
            way.pop();
        }
        Ok(())
    }
}
