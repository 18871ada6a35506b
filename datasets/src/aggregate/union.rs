//! The union of members: all variables of all of them; of several with one name, that of the first.

use std::collections::HashMap;

use weir_model::{Group, Hyperslab, Schema};

use super::hold::Learnt;
use super::member::{Member, Members};
use crate::read::Pace;
use crate::runs::{RunRequest, Runs};
use crate::{ChunkKey, ChunkSource, Encoded, Error, ErrorKind, SlabRequest, Stored, StringRoom, resident};

/// Members side by side.
pub struct Union {
    schema: Schema,
    generation: String,
    list: Vec<Member>,
    /// The member that has a variable, by path.
    owners: HashMap<String, usize>,
    members: Members,
}

impl Union {
    /// The union of members.
    ///
    /// # Errors
    /// `BadRequest` where a dimension has two lengths: the members, the dimension, and both sizes are named.
    pub fn of(generation: String, learnt: &[Learnt], members: &Members) -> Result<Self, Error> {
        let mut schema = Schema::default();
        let mut owners = HashMap::new();
        let mut names: HashMap<String, String> = HashMap::new();
        for (number, Learnt { member, .. }) in learnt.iter().enumerate() {
            let dataset = members.open(member)?;
            let merged =
                merge(&mut schema.root, dataset.schema().root.clone(), &mut |path, lengths| match lengths {
                    None => {
                        names.entry(path.to_owned()).or_insert_with(|| member.name.clone());
                        Ok(())
                    }
                    Some((first, own)) => {
                        let owner = names.get(path).map_or("another member", String::as_str);
                        let message = format!("dimension {path} has length {own}, but {first} in {owner}");
                        Err(Error::new(ErrorKind::BadRequest, message))
                    }
                });
            merged.map_err(|e| e.within(&member.name))?;
            for (path, _) in dataset.schema().variables() {
                owners.entry(path).or_insert(number);
            }
        }
        let list = learnt.iter().map(|learnt| learnt.member.clone()).collect();
        Ok(Self { schema, generation, list, owners, members: members.clone() })
    }

    fn ask<T>(&self, path: &str, f: impl FnOnce(&crate::Dataset) -> Result<T, Error>) -> Result<T, Error> {
        let owner = self.owners.get(&format!("/{}", path.trim_start_matches('/')));
        let member = owner.and_then(|&number| self.list.get(number));
        let member = member.ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))?;
        let dataset = self.members.open(member)?;
        let answer = f(&dataset).map_err(|e| e.within(&member.name))?;
        dataset.source().check_unchanged().map_err(|e| e.within(&member.name))?;
        Ok(answer)
    }
}

/// Adds what `other` has and `group` has not. `dimension` is told of each dimension: that it is new, or the two lengths that
/// it has.
fn merge(
    group: &mut Group,
    other: Group,
    dimension: &mut impl FnMut(&str, Option<(u64, u64)>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut open = vec![(Vec::<usize>::new(), String::new(), other)];
    while let Some((place, path, other)) = open.pop() {
        let found = place.iter().try_fold(&mut *group, |group, &number| group.groups.get_mut(number));
        let target = found.ok_or_else(|| Error::corrupt("a group has disappeared"))?;
        for new in other.dimensions {
            let full = format!("{path}/{}", new.name);
            match target.dimensions.iter_mut().find(|known| known.name == new.name) {
                Some(known) if known.length != new.length => {
                    dimension(&full, Some((known.length, new.length)))?;
                }
                Some(known) => known.unlimited |= new.unlimited,
                None => {
                    dimension(&full, None)?;
                    target.dimensions.push(new);
                }
            }
        }
        for new in other.attributes {
            if !target.attributes.iter().any(|known| known.name == new.name) {
                target.attributes.push(new);
            }
        }
        for new in other.variables {
            if target.variable(&new.name).is_none() {
                target.variables.push(new);
            }
        }
        for mut new in other.groups {
            let number = target.groups.iter().position(|known| known.name == new.name);
            let number = number.unwrap_or_else(|| {
                target.groups.push(Group { name: new.name.clone(), ..Group::default() });
                target.groups.len().saturating_sub(1)
            });
            let inside = format!("{path}/{}", new.name);
            new.name = String::new();
            open.push(([place.as_slice(), &[number]].concat(), inside, new));
        }
    }
    Ok(())
}

impl ChunkSource for Union {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn generation(&self) -> String {
        self.generation.clone()
    }

    /// Members are checked one by one, before and after anything is read of them.
    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }

    fn locate(&self, chunk: ChunkKey<'_>) -> Result<Stored, Error> {
        self.ask(chunk.variable, |dataset| dataset.source().locate(chunk))
    }

    fn runs(&self, variable: &str) -> Result<Runs, Error> {
        self.ask(variable, |dataset| dataset.source().runs(variable))
    }

    fn locate_run(&self, request: RunRequest<'_>) -> Result<Stored, Error> {
        self.ask(request.variable, |dataset| dataset.source().locate_run(request))
    }

    fn fetch(&self, chunk: ChunkKey<'_>) -> Result<Option<Encoded>, Error> {
        self.ask(chunk.variable, |dataset| dataset.source().fetch(chunk))
    }

    fn fetch_part(&self, chunk: ChunkKey<'_>, offset: u64, out: &mut [u8]) -> Result<bool, Error> {
        self.ask(chunk.variable, |dataset| dataset.source().fetch_part(chunk, offset, out))
    }

    fn check_extent(&self, chunk: ChunkKey<'_>) -> Result<bool, Error> {
        self.ask(chunk.variable, |dataset| dataset.source().check_extent(chunk))
    }

    fn read_slab(&self, request: &SlabRequest<'_>, out: &mut [u8]) -> Result<bool, Error> {
        let SlabRequest { variable, slab, order, stopped } = *request;
        self.ask(variable, |dataset| dataset.read_unless(stopped, variable, (slab, order), out))
            .map(|()| true)
    }

    fn verify_slab(&self, request: &SlabRequest<'_>) -> Result<bool, Error> {
        let SlabRequest { variable, slab, stopped, .. } = *request;
        self.ask(variable, |dataset| dataset.verify_unless(stopped, variable, slab)).map(|()| true)
    }

    fn read_strings(
        &self,
        variable: &str,
        slab: &Hyperslab,
        room: &mut StringRoom,
    ) -> Result<Vec<Vec<u8>>, Error> {
        self.ask(variable, |dataset| dataset.read_strings_within(variable, slab, room))
    }

    fn scratch_bytes(&self, variable: &str, slab: &Hyperslab, pace: Pace) -> Result<u64, Error> {
        self.ask(variable, |dataset| dataset.source().scratch_bytes(variable, slab, pace))
    }

    fn resident_bytes(&self) -> u64 {
        let owners = resident::of_texts(self.owners.keys().map(String::as_str));
        self.list.iter().map(Member::resident_bytes).fold(owners, u64::saturating_add)
    }
}
