//! Assembly: from a definition to a dataset, learning anew only what has changed.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use weir_model::Schema;

use super::build::build;
use super::definition::{Base, Definition, Rules, hex};
use super::edited::{Edited, Inner};
use super::edits;
use super::facts::{Facts, Layout};
use super::hold::Learnt;
use super::listing::{self, Listed};
use super::member::{Changed, Member, Members, on_threads};
use super::record;
use crate::source::UNPINNED;
use crate::{ChunkSource, Dataset, Error, ErrorKind, Opener, Place};

/// A dataset that was put together.
#[derive(Clone)]
pub struct Assembled {
    /// The dataset.
    pub dataset: Arc<Dataset>,
    /// Text that differs with the definition and every member.
    pub identity: String,
    /// The touched members that have changed since.
    pub changed: Arc<Changed>,
    /// After how long it is looked at again.
    pub recheck_every: Duration,
    /// What was found when it was put together and keeps nothing from being served.
    problems: Vec<String>,
}

/// What is known of an aggregation's members.
#[derive(Default)]
pub struct Known {
    /// The definition that they belong to.
    digest: String,
    facts: HashMap<String, Facts>,
    /// Whether what is kept on disk is all of it.
    kept: bool,
}

/// Puts a dataset together. Where nothing changed since `before`, it stays the same.
///
/// # Errors
/// Why it cannot be put together.
pub fn assemble(
    definition: &Definition,
    opener: &Opener,
    known: &mut Known,
    (before, problems): (Option<&Assembled>, &mut Vec<String>),
) -> Result<Assembled, Error> {
    let digest = definition.digest();
    let members = Members { opener: opener.clone(), changed: Arc::default() };
    let (identity, recheck_every, source) = match &definition.base {
        Base::Nothing => (digest.clone(), Duration::MAX, Source::Nothing),
        Base::File(location) => {
            let place = listing::file(location, opener.access())?;
            let dataset = opener.open(&place).map_err(|e| e.within(&location.text))?;
            let generation = dataset.generation().to_owned();
            let member = Member { name: location.text.clone(), place, generation };
            // As for a file that is served itself, each opening looks whether it is the same.
            (identity(&[&digest, &member.generation]), Duration::ZERO, Source::File(member, dataset))
        }
        Base::Aggregation(rules) => {
            known.recall(&digest, opener);
            // What has changed is looked at again, even if the file system says that it is the same.
            if let Some(before) = before {
                known.forget(&before.changed);
            }
            let learnt = learn(rules, opener, known, problems)?;
            let identity = identity_of(&digest, &learnt);
            (identity, rules.recheck_every, Source::Members(rules, learnt))
        }
    };
    if let Some(before) = before.filter(|before| before.identity == identity) {
        problems.extend(before.problems.iter().cloned());
        return Ok(before.clone());
    }
    let changed = Arc::clone(&members.changed);
    let mut found = Vec::new();
    let source = source.finish((definition, &identity), members, (known, &mut found));
    problems.extend(found.iter().cloned());
    // What changed meanwhile is looked at the next time: nobody else would tell, as this dataset is given to nobody.
    let source = source.inspect_err(|_| known.forget(&changed))?;
    let dataset = Arc::new(Dataset::within(source, opener.memory()));
    Ok(Assembled { dataset, identity, changed, recheck_every, problems: found })
}

/// A definition's dataset as a chunk source of its own, which follows nothing: for the contract's tests.
///
/// # Errors
/// Why it cannot be put together.
#[cfg(feature = "testing")]
pub fn source(definition: &Definition, opener: &Opener) -> Result<Box<dyn ChunkSource>, Error> {
    struct Alone(Arc<Dataset>);
    impl ChunkSource for Alone {
        fn schema(&self) -> &Schema {
            self.0.schema()
        }
        fn generation(&self) -> String {
            self.0.generation().to_owned()
        }
        fn check_unchanged(&self) -> Result<(), Error> {
            self.0.source().check_unchanged()
        }
        fn locate(&self, chunk: crate::ChunkKey<'_>) -> Result<crate::Stored, Error> {
            self.0.source().locate(chunk)
        }
        fn runs(&self, variable: &str) -> Result<crate::Runs, Error> {
            self.0.source().runs(variable)
        }
        fn locate_run(&self, request: crate::runs::RunRequest<'_>) -> Result<crate::Stored, Error> {
            self.0.source().locate_run(request)
        }
        fn fetch(&self, chunk: crate::ChunkKey<'_>) -> Result<Option<crate::Encoded>, Error> {
            self.0.source().fetch(chunk)
        }
        fn fetch_part(&self, chunk: crate::ChunkKey<'_>, offset: u64, out: &mut [u8]) -> Result<bool, Error> {
            self.0.source().fetch_part(chunk, offset, out)
        }
        fn check_extent(&self, chunk: crate::ChunkKey<'_>) -> Result<bool, Error> {
            self.0.source().check_extent(chunk)
        }
        fn read_slab(&self, request: &crate::SlabRequest<'_>, out: &mut [u8]) -> Result<bool, Error> {
            self.0.source().read_slab(request, out)
        }
        fn verify_slab(&self, request: &crate::SlabRequest<'_>) -> Result<bool, Error> {
            self.0.source().verify_slab(request)
        }
        fn read_strings(
            &self,
            path: &str,
            slab: &weir_model::Hyperslab,
            room: &mut crate::StringRoom,
        ) -> Result<Vec<Vec<u8>>, Error> {
            self.0.source().read_strings(path, slab, room)
        }
    }
    let assembled = assemble(definition, opener, &mut Known::default(), (None, &mut Vec::new()))?;
    Ok(Box::new(Alone(assembled.dataset)))
}

fn identity(parts: &[&str]) -> String {
    pinned(hex(&Sha256::digest(format!("{parts:?}")), 8), parts.iter().copied())
}

/// What is made of something that no generation pins is not pinned itself.
fn pinned(identity: String, mut of: impl Iterator<Item = impl AsRef<str>>) -> String {
    match of.any(|generation| generation.as_ref().ends_with(UNPINNED)) {
        true => format!("{identity}{UNPINNED}"),
        false => identity,
    }
}

fn identity_of(digest: &str, learnt: &[Learnt]) -> String {
    let mut hash = Sha256::new();
    hash.update(digest);
    for Learnt { member, coordinate, .. } in learnt {
        hash.update(format!("{:?} {:?} {coordinate:?}", member.name, member.generation));
    }
    pinned(hex(&hash.finalize(), 8), learnt.iter().map(|learnt| &learnt.member.generation))
}

/// What a definition begins with, looked at.
enum Source<'d> {
    Nothing,
    File(Member, Arc<Dataset>),
    Members(&'d Rules, Vec<Learnt>),
}

impl Source<'_> {
    fn finish(
        self,
        (definition, identity): (&Definition, &str),
        members: Members,
        (known, problems): (&mut Known, &mut Vec<String>),
    ) -> Result<Box<dyn ChunkSource>, Error> {
        let (schema, inner) = match self {
            Self::Nothing => (Schema::default(), Inner::Nothing),
            Self::File(member, dataset) => {
                (dataset.schema().clone(), Inner::File(Box::new((member, members))))
            }
            Self::Members(rules, mut learnt) => {
                let built = build((rules, identity), &mut learnt, &members, problems)?;
                known.keep(&definition.digest(), learnt, &members.opener);
                if definition.edits.is_empty() {
                    return Ok(built);
                }
                let dataset = Dataset::within(built, members.opener.memory());
                (dataset.schema().clone(), Inner::Made(Arc::new(dataset)))
            }
        };
        let edited = edits::apply(&schema, &definition.edits, problems)?;
        Ok(Box::new(Edited { edited, generation: identity.to_owned(), inner }))
    }
}

/// What is known of all members that are listed now; those that are new or changed are looked at.
fn learn(
    rules: &Rules,
    opener: &Opener,
    known: &mut Known,
    problems: &mut Vec<String>,
) -> Result<Vec<Learnt>, Error> {
    let listed = listing::list(rules, opener.access(), problems)?;
    let slots: Vec<Mutex<Option<Facts>>> = listed.iter().map(|_| Mutex::new(None)).collect();
    let mut unsure = Vec::new();
    for (member, slot) in listed.iter().zip(&slots) {
        let stamp = opener.stamp(&member.place).map_err(|e| e.within(&member.name))?;
        match known.facts.get(&member.name).filter(|facts| facts.stamp == stamp) {
            Some(facts) if facts.generation == stamp => put(slot, facts.clone()),
            facts => unsure.push((member, slot, (stamp, facts))),
        }
    }
    let is_new = AtomicBool::new(false);
    // Every one is looked at before a bad one is reported, so that the good ones need not be looked at again.
    let bad = Mutex::new(Vec::new());
    on_threads(unsure, |(member, slot, (stamp, facts))| {
        let facts = opener.open(&member.place).and_then(|dataset| match facts {
            // Its generation tells of more than its place does: a reference set's, of the files that it leads to.
            Some(facts) if facts.generation == dataset.generation() => Ok(facts.clone()),
            _ => {
                is_new.store(true, Ordering::Relaxed);
                Facts::of(&dataset, rules, stamp)
            }
        });
        match facts {
            Ok(facts) => put(slot, facts),
            Err(e) => bad.lock().unwrap_or_else(PoisonError::into_inner).push(e.within(&member.name)),
        }
        Ok(())
    })?;
    known.kept &= !is_new.into_inner();
    let taken = slots.into_iter().map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner));
    let mut found: Vec<(Listed, Option<Facts>)> = listed.into_iter().zip(taken).collect();
    share_layouts(found.iter_mut().filter_map(|(_, facts)| facts.as_mut()));
    let good = found.iter().filter_map(|(member, facts)| Some((member.name.clone(), facts.clone()?)));
    known.facts = good.collect();
    match first_of(bad.into_inner().unwrap_or_else(PoisonError::into_inner)) {
        Some(error) => Err(error),
        None => Ok(found.into_iter().filter_map(|(member, facts)| Some(learnt(member, facts?))).collect()),
    }
}

/// Members that are laid out alike have one layout in memory.
fn share_layouts<'f>(all: impl Iterator<Item = &'f mut Facts>) {
    let mut layouts: HashSet<Arc<Layout>> = HashSet::new();
    for facts in all {
        match layouts.get(&facts.layout) {
            Some(known) => facts.layout = Arc::clone(known),
            None => {
                layouts.insert(Arc::clone(&facts.layout));
            }
        }
    }
}

/// The first of the errors that members gave, and how many more there are; `None` where there is none.
fn first_of(mut bad: Vec<Error>) -> Option<Error> {
    bad.sort_by(|a, b| a.message.cmp(&b.message));
    let others = bad.len().saturating_sub(1);
    let first = bad.into_iter().next()?;
    Some(invalid(match others {
        0 => first,
        others => Error { message: format!("{} (and {others} more members)", first.message), ..first },
    }))
}

/// A member that is not there is no missing dataset.
fn invalid(error: Error) -> Error {
    match error.kind {
        ErrorKind::NotFound => Error { kind: ErrorKind::Unavailable, ..error },
        _ => error,
    }
}

fn put(slot: &Mutex<Option<Facts>>, facts: Facts) {
    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(facts);
}

fn learnt(listed: Listed, facts: Facts) -> Learnt {
    let Listed { name, place, told } = listed;
    let member = Member { name, place, generation: facts.generation.clone() };
    Learnt { member, coordinate: told, facts }
}

impl Known {
    /// How many bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let layouts: HashMap<*const Layout, u64> =
            self.facts.values().map(|facts| (Arc::as_ptr(&facts.layout), facts.layout.bytes())).collect();
        let members = self.facts.iter().map(|(name, facts)| facts.bytes().saturating_add(name.len() as u64));
        members.chain(layouts.into_values()).fold(0, u64::saturating_add)
    }

    /// Recalls what is kept of a definition's members, once.
    fn recall(&mut self, digest: &str, opener: &Opener) {
        if self.digest == digest {
            return;
        }
        let kept = opener.kept().and_then(|kept| (kept.get)(digest)).and_then(|bytes| record::unpack(&bytes));
        let all = kept.is_some();
        *self = Self { digest: digest.to_owned(), facts: kept.unwrap_or_default(), kept: all };
    }

    /// Forgets what is known of members that were found changed.
    fn forget(&mut self, changed: &Changed) {
        for name in changed.take() {
            self.facts.remove(&name);
        }
    }

    /// Keeps what was learnt, in memory and on disk.
    fn keep(&mut self, digest: &str, learnt: Vec<Learnt>, opener: &Opener) {
        let times: usize = learnt.iter().map(|learnt| learnt.facts.times.len()).sum();
        let known: usize = self.facts.values().map(|facts| facts.times.len()).sum();
        let same = self.kept && self.facts.len() == learnt.len() && times == known;
        let settled: HashMap<String, bool> = learnt
            .iter()
            .map(|learnt| (learnt.member.name.clone(), is_settled(&learnt.member.place)))
            .collect();
        self.facts = learnt.into_iter().map(|learnt| (learnt.member.name, learnt.facts)).collect();
        self.digest = digest.to_owned();
        if same {
            return;
        }
        if let Some(kept) = opener.kept() {
            // What was written just now may be written to again within one tick of the file system's clock.
            let members = self.facts.iter().filter(|(name, _)| settled.get(*name) == Some(&true));
            if let Some(bytes) = record::pack(members.map(|(name, facts)| (name.as_str(), facts))) {
                (kept.put)(digest, &bytes);
                self.kept = true;
            }
        }
    }
}

/// A file must have been left alone for so long before anything is kept of it: the coarsest clocks of file systems tick
/// every two seconds.
const SETTLING: Duration = Duration::from_secs(2);

fn is_settled(place: &Place) -> bool {
    let Place::File { path, .. } = place else { return true };
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    age.is_some_and(|age| age > SETTLING)
}
