//! From validated members to one dataset.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use weir_model::{Codec, DataType, Group, Schema, Storage, Variable};

use super::arrange;
use super::coordinate::{new_coordinate, number};
use super::definition::{Kind, Rules};
use super::facts::{Facts, Layout, VariableLayout, path_of};
use super::held::Held;
use super::hold::{Learnt, hold};
use super::joined::{Along, Chunks, Dimension, Encodings, Joined, MemberLoad, Placed};
use super::member::Members;
use super::union::Union;
use super::validate::{self, Named, joined_axis};
use crate::read::Reach;
use crate::{ChunkSource, Dataset, Error, ErrorKind, Place};

/// Puts members together, as a dataset of this generation.
///
/// # Errors
/// Why they do not fit: the member, the variable, the dimension, and what differs.
pub fn build(
    (rules, generation): (&Rules, &str),
    members: &mut Vec<Learnt>,
    opener: &Members,
    problems: &mut Vec<String>,
) -> Result<Box<dyn ChunkSource>, Error> {
    if members.is_empty() {
        return Err(Error::not_found("the aggregation has no members; nothing was found where it looks"));
    }
    if rules.kind == Kind::Union {
        return Ok(Box::new(Union::of(generation.to_owned(), members, opener)?));
    }
    let named: Vec<Named<'_>> =
        members.iter().map(|learnt| Named { name: &learnt.member.name, facts: &learnt.facts }).collect();
    validate::check(rules, &named, problems)?;
    arrange(rules, members, opener, problems)?;
    let dataset = first(members, opener)?;
    let held = hold(rules, dataset.schema(), (members, opener))?;
    Joining { rules, generation, members, held }.joined(dataset.schema().clone(), opener)
}

fn first(members: &[Learnt], opener: &Members) -> Result<Arc<Dataset>, Error> {
    let first = members.first().ok_or_else(|| Error::not_found("the aggregation has no members"))?;
    opener.open(&first.member)
}

/// Brings members into their order.
fn arrange(
    rules: &Rules,
    members: &mut Vec<Learnt>,
    opener: &Members,
    problems: &mut Vec<String>,
) -> Result<(), Error> {
    let keys = if members.iter().any(|learnt| learnt.facts.coordinate.is_some()) {
        let dataset = first(members, opener)?;
        let variable = dataset.schema().variable(&path_of(&rules.dimension));
        let data_type: Option<DataType> = variable.map(|variable| variable.data_type.clone());
        let facts: Vec<(String, Facts)> =
            members.iter().map(|learnt| (learnt.member.name.clone(), learnt.facts.clone())).collect();
        arrange::keys(rules, &facts, data_type.as_ref())?
    } else {
        let told = |learnt: &Learnt| learnt.coordinate.as_ref().and_then(number).map(|value| (value, value));
        let key = |learnt: &Learnt| arrange::Key { name: learnt.member.name.clone(), ends: told(learnt) };
        members.iter().map(key).collect()
    };
    let order = arrange::order(rules, &keys, problems)?;
    let mut taken: Vec<Option<Learnt>> = members.drain(..).map(Some).collect();
    members.extend(order.into_iter().filter_map(|number| taken.get_mut(number)?.take()));
    Ok(())
}

/// Members that fit, in their order.
struct Joining<'a> {
    rules: &'a Rules,
    generation: &'a str,
    members: &'a [Learnt],
    held: HashMap<String, Held>,
}

impl Joining<'_> {
    fn joined(mut self, mut schema: Schema, opener: &Members) -> Result<Box<dyn ChunkSource>, Error> {
        let starts = self.starts()?;
        let total = starts.last().copied().unwrap_or(0);
        let layout = Arc::clone(&self.layout()?);
        let mut placed: HashMap<String, Placed> = HashMap::new();
        self.declare(&mut schema, total)?;
        for variable in &layout.variables {
            let place = match joined_axis(self.rules, &layout, variable) {
                None => Placed::First,
                Some(axis) => {
                    let along = self.along(variable, axis);
                    let described = variable_mut(&mut schema.root, &variable.path)
                        .ok_or_else(|| Error::corrupt(format!("{} has disappeared", variable.path)))?;
                    self.extend((&variable.path, described), along, total)?
                }
            };
            placed.insert(variable.path.clone(), place);
        }
        if self.rules.kind == Kind::JoinNew {
            self.add_coordinate(&mut schema, &mut placed)?;
        }
        Ok(Box::new(Joined {
            schema,
            generation: self.generation.to_owned(),
            list: self.members.iter().map(|learnt| learnt.member.clone()).collect(),
            starts,
            placed,
            members: opener.clone(),
            proven: Mutex::new(HashSet::new()),
        }))
    }

    fn layout(&self) -> Result<Arc<Layout>, Error> {
        let first = self.members.first().map(|first| Arc::clone(&first.facts.layout));
        first.ok_or_else(|| Error::not_found("the aggregation has no members"))
    }

    fn starts(&self) -> Result<Vec<u64>, Error> {
        let mut starts = vec![0_u64];
        for learnt in self.members {
            let last = starts.last().copied().unwrap_or(0);
            let next = last.checked_add(learnt.facts.length);
            starts
                .push(next.ok_or_else(|| Error::new(ErrorKind::TooLarge, "the join dimension is too long"))?);
        }
        Ok(starts)
    }

    /// The join dimension gets its length.
    fn declare(&self, schema: &mut Schema, total: u64) -> Result<(), Error> {
        let name = &self.rules.dimension;
        let path = path_of(name);
        let (group, last) = path.rsplit_once('/').unwrap_or(("", name));
        let group = group_mut(&mut schema.root, group);
        let group =
            group.ok_or_else(|| Error::not_found(format!("there is no group for dimension {name}")))?;
        match group.dimensions.iter_mut().find(|dimension| dimension.name == last) {
            Some(_) if self.rules.kind == Kind::JoinNew => {
                let message = format!(
                    "the members have a dimension {name}; choose another for joinNew, or use joinExisting"
                );
                Err(Error::new(ErrorKind::BadRequest, message))
            }
            Some(dimension) => {
                dimension.length = total;
                Ok(())
            }
            None => {
                let unlimited = false;
                group.dimensions.push(weir_model::Dimension {
                    name: last.to_owned(),
                    length: total,
                    unlimited,
                });
                Ok(())
            }
        }
    }

    fn along(&self, variable: &VariableLayout, axis: usize) -> Along {
        let dimension = match self.rules.kind {
            Kind::JoinNew => Dimension::New,
            _ => Dimension::Existing,
        };
        let chunks = if self.passes(variable, axis) { Chunks::OfMembers } else { Chunks::PutTogether };
        let alike = self.members.iter().all(|learnt| {
            let found = learnt.facts.layout.variable(&variable.path);
            found.is_some_and(|found| found.encoding == variable.encoding)
        });
        let encodings = if alike { Encodings::Same } else { Encodings::Different };
        let members = self.load(&variable.path, (axis, dimension));
        Along { axis, dimension, chunks, encodings, members }
    }

    /// What reading a chunk of any member takes; the elements' size is not known here.
    fn load(&self, path: &str, (axis, dimension): (usize, Dimension)) -> MemberLoad {
        let chunks = self.members.iter().filter_map(|learnt| {
            let chunk = &learnt.facts.layout.variable(path)?.chunk_shape;
            let elements = chunk.iter().copied().fold(1, u64::saturating_mul);
            let length = match dimension {
                Dimension::New => Some(1),
                Dimension::Existing => chunk.get(axis).copied(),
            };
            Some((elements, length.unwrap_or(1)))
        });
        let (chunk, length) = chunks
            .fold((1, u64::MAX), |(most, least), (elements, length)| (most.max(elements), least.min(length)));
        let reach = self.members.iter().map(|learnt| reach(&learnt.member.place));
        MemberLoad { chunk, length, reach: reach.max().unwrap_or(Reach::Near) }
    }

    /// Whether the members' own chunks tile the joined variable: they are encoded alike, and no chunk but the last is cut.
    fn passes(&self, variable: &VariableLayout, axis: usize) -> bool {
        let alike = |learnt: &Learnt| {
            let found = learnt.facts.layout.variable(&variable.path);
            found.is_some_and(|found| {
                found.chunk_shape == variable.chunk_shape && found.encoding == variable.encoding
            })
        };
        let chunk = variable.chunk_shape.get(axis).copied().unwrap_or(1);
        let whole = |learnt: &Learnt| learnt.facts.length.checked_rem(chunk) == Some(0);
        let all_but_last = self.members.split_last().map_or(&[][..], |(_, others)| others);
        self.members.iter().all(alike) && (self.rules.kind == Kind::JoinNew || all_but_last.iter().all(whole))
    }

    /// The variable gets its length, and the storage that its chunks have.
    fn extend(
        &mut self,
        (path, variable): (&str, &mut Variable),
        along: Along,
        total: u64,
    ) -> Result<Placed, Error> {
        let join = path_of(&self.rules.dimension);
        let of_first = variable.storage.chunk_shape.clone();
        match along.dimension {
            Dimension::New => {
                variable.dimensions.insert(0, join);
                variable.shape.insert(0, total);
                variable.storage.chunk_shape.insert(0, 1);
            }
            Dimension::Existing => {
                let length = variable.shape.get_mut(along.axis);
                *length.ok_or_else(|| Error::corrupt(format!("{path} has no join axis")))? = total;
            }
        }
        let size = variable.data_type.size().unwrap_or(1) as u64;
        let along = Along { members: along.members.of_elements(size), ..along };
        if let Some(held) = self.held.remove(path) {
            variable.storage = Held::storage(&variable.shape, variable.data_type.size());
            return Ok(Placed::Held(held));
        }
        if along.chunks == Chunks::PutTogether {
            let longest = self.members.iter().map(|learnt| learnt.facts.length).max().unwrap_or(1);
            let of_first = if along.dimension == Dimension::New {
                variable.storage.chunk_shape.clone()
            } else {
                of_first
            };
            variable.storage = Storage {
                chunk_shape: together(variable, &of_first, (along.axis, longest)),
                codecs: vec![aggregated()],
                ..variable.storage.clone()
            };
        }
        Ok(Placed::Along(along))
    }

    fn add_coordinate(&self, schema: &mut Schema, placed: &mut HashMap<String, Placed>) -> Result<(), Error> {
        let path = path_of(&self.rules.dimension);
        let told = self.members.iter().any(|learnt| learnt.coordinate.is_some());
        match placed.get(&path) {
            Some(Placed::First) => {
                let name = &self.rules.dimension;
                let message = format!(
                    "the members have a variable {name} that is no scalar; choose another dimension for joinNew"
                );
                return Err(Error::new(ErrorKind::BadRequest, message));
            }
            // The members' own values are their coordinate, unless the rules tell others.
            Some(_) if !told => return Ok(()),
            _ => {}
        }
        let (variable, held) = new_coordinate(&self.rules.dimension, self.members);
        schema.root.variables.retain(|other| other.name != variable.name);
        schema.root.variables.push(variable);
        placed.insert(path, Placed::Held(held));
        Ok(())
    }
}

/// From how far away the chunks of what lies at a place come; what leads elsewhere may lead far.
fn reach(place: &Place) -> Reach {
    match place {
        Place::File { .. } => Reach::Near,
        Place::Folder { .. } | Place::NcMl { .. } | Place::Made(_) | Place::Provided(_) => Reach::Referred,
        Place::Object { .. } | Place::Prefix { .. } => Reach::Far,
    }
}

/// The codec of chunks that are put together when they are asked for; it is marked as skipped in all of them.
fn aggregated() -> Codec {
    let (parameters, configuration) = (vec![], String::new());
    Codec::Other { id: 0, name: "aggregated".to_owned(), parameters, configuration }
}

/// A chunk that is put together has about this many bytes.
const TOGETHER_BYTES: u64 = 1 << 20;

/// A chunk that is put together touches at most about this many members.
const MOST_TOGETHER: u64 = 16;

/// The shape of chunks that are put together: as the first member's, so that its chunks are decoded for few of them, but
/// longer along the join axis where those are small.
fn together(variable: &Variable, of_first: &[u64], (axis, longest): (usize, u64)) -> Vec<u64> {
    let mut chunk: Vec<u64> =
        of_first.iter().zip(&variable.shape).map(|(&chunk, &length)| chunk.clamp(1, length.max(1))).collect();
    let others: u64 =
        chunk.iter().enumerate().filter(|(n, _)| *n != axis).map(|(_, &n)| n).fold(1, u64::saturating_mul);
    let row = others.saturating_mul(variable.data_type.size().unwrap_or(1) as u64).max(1);
    let total = variable.shape.get(axis).copied().unwrap_or(1).max(1);
    if let Some(length) = chunk.get_mut(axis) {
        let fitting = TOGETHER_BYTES.checked_div(row).unwrap_or(1);
        let most = longest.saturating_mul(MOST_TOGETHER).min(total).max(1);
        *length = (*length).max(fitting).clamp(1, most);
    }
    chunk
}

/// The group at a path.
pub fn group_mut<'g>(root: &'g mut Group, path: &str) -> Option<&'g mut Group> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.into_iter().try_fold(root, |group, name| group.groups.iter_mut().find(|child| child.name == name))
}

/// The variable at a path.
pub fn variable_mut<'g>(root: &'g mut Group, path: &str) -> Option<&'g mut Variable> {
    let (group, name) = path.rsplit_once('/').unwrap_or(("", path));
    group_mut(root, group)?.variables.iter_mut().find(|variable| variable.name == name)
}
