//! Datasets that plugins publish: how many there are, how long they live, and how their plugin is asked for them.
//!
//! Nobody waits for their end: whoever looks at the catalog ends those whose time is over.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use weir_datasets::provided::{self, Caller, Description, Provided, Provider};
use weir_datasets::{Error as DataError, ErrorKind as Kind};
use weir_plugin_api::guest::{Guest, Recipe};
use weir_plugin_api::lent::{DEEPEST, RequestContext};
use weir_plugin_api::{Error, ErrorKind, Made, Publication, Wanted};

/// A recipe has at most this many bytes.
const MOST_RECIPE: usize = 64 << 10;

/// An id has at most this many bytes.
const MOST_ID: usize = 1024;

/// Milliseconds until a time that never comes.
const NEVER: u64 = u64::MAX;

/// Plugins that answer for datasets, by name.
type Guests = RwLock<HashMap<String, Arc<Guest>>>;

/// What plugins have published.
pub struct Published {
    most: usize,
    since: Instant,
    all: Mutex<BTreeMap<String, Entry>>,
    /// When the next one may end, in milliseconds.
    next: AtomicU64,
    guests: Arc<Guests>,
}

/// A published dataset.
struct Entry {
    plugin: String,
    recipe: Arc<[u8]>,
    lifetime: Option<Duration>,
    /// When it was last asked for, in milliseconds.
    used: AtomicU64,
    provided: Provided,
}

impl Entry {
    /// When it ends, in milliseconds.
    fn end(&self) -> u64 {
        let lifetime = self.lifetime.map(|lifetime| u64::try_from(lifetime.as_millis()).unwrap_or(NEVER));
        lifetime.map_or(NEVER, |lifetime| self.used.load(Ordering::Relaxed).saturating_add(lifetime))
    }
}

impl Published {
    /// Nothing is published yet, and at most `most` will be at a time.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            since: Instant::now(),
            all: Mutex::default(),
            next: AtomicU64::new(NEVER),
            guests: Arc::default(),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(NEVER)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these plugins answer for what they published, and what nobody answers for is gone.
    pub fn bind(&self, guests: impl IntoIterator<Item = Arc<Guest>>) {
        let able = guests.into_iter().filter(|guest| guest.makes_datasets());
        let able: HashMap<String, Arc<Guest>> = able.map(|guest| (guest.name().to_owned(), guest)).collect();
        self.all().retain(|_, entry| able.contains_key(&entry.plugin));
        *self.guests.write().unwrap_or_else(PoisonError::into_inner) = able;
    }

    /// Makes known, or renews, what a plugin publishes; `is_taken` tells which ids something else has. Whether there is another
    /// dataset now.
    ///
    /// # Errors
    /// As [`Services::publish`](weir_plugin_api::lent::Services::publish).
    pub fn publish(
        &self,
        plugin: &str,
        publication: Publication<'_>,
        is_taken: impl Fn(&str) -> bool,
    ) -> Result<bool, Error> {
        let Publication { id, recipe, lifetime } = publication;
        check(&publication)?;
        let mut all = self.all();
        let taken = all.get(id).is_some_and(|entry| entry.plugin != plugin);
        if taken || is_taken(id) {
            return Err(Error::bad_request(format!("dataset '{id}' is there already; choose another id")));
        }
        let now = self.now();
        if let Some(entry) = all.get_mut(id).filter(|entry| *entry.recipe == *recipe) {
            (entry.lifetime, entry.used) = (lifetime, AtomicU64::new(now));
            self.plan(&all);
            return Ok(false);
        }
        if all.len() >= self.most && !all.contains_key(id) {
            self.make_room(&mut all)?;
        }
        let (recipe, used): (Arc<[u8]>, _) = (recipe.into(), AtomicU64::new(now));
        let asked = Asked {
            id: id.to_owned(),
            plugin: plugin.to_owned(),
            recipe: Arc::clone(&recipe),
            guests: Arc::clone(&self.guests),
        };
        let provided = Provided::by(Arc::new(asked));
        all.insert(id.to_owned(), Entry { plugin: plugin.to_owned(), recipe, lifetime, used, provided });
        self.plan(&all);
        Ok(true)
    }

    /// Ends the one that would end first.
    fn make_room(&self, all: &mut BTreeMap<String, Entry>) -> Result<(), Error> {
        let ending = all.iter().map(|(id, entry)| (entry.end(), id)).filter(|(end, _)| *end != NEVER).min();
        let most = self.most;
        let id = ending.map(|(_, id)| id.clone()).ok_or_else(|| {
            Error::new(
                ErrorKind::Unavailable,
                format!("{most} datasets are published, which is as many as may be (published_datasets)"),
            )
        })?;
        all.remove(&id);
        Ok(())
    }

    /// Ends a dataset of a plugin.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub fn withdraw(&self, plugin: &str, id: &str) -> Result<(), Error> {
        let mut all = self.all();
        if all.get(id).is_none_or(|entry| entry.plugin != plugin) {
            return Err(Error::not_found(format!("dataset '{id}' was not published")));
        }
        all.remove(id);
        Ok(())
    }

    /// Notes that somebody asked for a dataset.
    pub fn note_used(&self, id: &str) {
        // Most servers have nothing that ends.
        if self.next.load(Ordering::Relaxed) != NEVER
            && let Some(entry) = self.all().get(id)
        {
            entry.used.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Ends what nobody has asked for in time; whether there was anything.
    pub fn expire(&self) -> bool {
        let next = self.next.load(Ordering::Relaxed);
        if next == NEVER || next > self.now() {
            return false;
        }
        let (now, mut all) = (self.now(), self.all());
        let before = all.len();
        all.retain(|_, entry| entry.end() > now);
        self.plan(&all);
        all.len() != before
    }

    /// Plans when to look again.
    fn plan(&self, all: &BTreeMap<String, Entry>) {
        self.next.store(all.values().map(Entry::end).min().unwrap_or(NEVER), Ordering::Relaxed);
    }

    /// Hands what there is now to `take`, while nobody changes it.
    pub fn with_all(&self, take: impl FnOnce(Vec<(String, Provided)>)) {
        let all = self.all();
        take(all.iter().map(|(id, entry)| (id.clone(), entry.provided.clone())).collect());
    }
}

fn check(publication: &Publication<'_>) -> Result<(), Error> {
    let Publication { id, recipe, lifetime } = publication;
    if id.len() > MOST_ID || !weir_config::is_id(id) {
        let shown: String = id.chars().take(80).collect();
        return Err(Error::bad_request(format!(
            "{shown:?} is no id of a dataset: names with slashes between, of at most {MOST_ID} bytes"
        )));
    }
    if recipe.len() > MOST_RECIPE {
        let has = recipe.len();
        return Err(Error::too_large(format!(
            "the recipe has {has} bytes, but at most {MOST_RECIPE} are kept"
        )));
    }
    if lifetime.is_some_and(|lifetime| lifetime.is_zero()) {
        return Err(Error::bad_request("the dataset would live for 0 seconds; give it at least one"));
    }
    Ok(())
}

/// Asks a plugin for a dataset that it published.
struct Asked {
    id: String,
    plugin: String,
    recipe: Arc<[u8]>,
    guests: Arc<Guests>,
}

impl Asked {
    /// The plugin, and the context in which it makes the dataset.
    fn begin(&self, caller: Option<&Caller>) -> Result<(Arc<Guest>, Arc<RequestContext>), DataError> {
        let guests = self.guests.read().unwrap_or_else(PoisonError::into_inner);
        let guest = guests.get(&self.plugin).cloned();
        let guest = guest.ok_or_else(|| {
            DataError::unavailable(format!("plugin {} has not started yet; ask again", self.plugin))
        })?;
        let asked = caller.and_then(|caller| Arc::clone(caller).downcast::<RequestContext>().ok());
        let asked = asked.unwrap_or_else(|| Arc::new(RequestContext::background()));
        let context = RequestContext::making(&asked, &self.id).ok_or_else(|| {
            let message = format!(
                "dataset '{}' is made of itself, or is the end of a row of more than {DEEPEST} that are made of one another",
                self.id
            );
            DataError::new(Kind::Unsupported, message)
        })?;
        Ok((guest, Arc::new(context)))
    }

    fn recipe<'a>(&'a self, generation: &'a str) -> Recipe<'a> {
        Recipe { id: &self.id, recipe: &self.recipe, generation }
    }

    /// The error of a plugin in the words of the data; what is the plugin's own fault is told.
    fn failed(&self, error: Error) -> DataError {
        let kind = match error.kind {
            ErrorKind::BadRequest => Kind::BadRequest,
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::TooLarge => Kind::TooLarge,
            ErrorKind::Unsupported => Kind::Unsupported,
            ErrorKind::Cancelled | ErrorKind::Forbidden | ErrorKind::Timeout | ErrorKind::Unavailable => {
                Kind::Unavailable
            }
            ErrorKind::Corrupt => Kind::Corrupt,
            ErrorKind::Internal | ErrorKind::Panic => {
                let (plugin, id) = (&self.plugin, &self.id);
                tracing::error!(plugin, id, reason = error.message, "a plugin failed to make a dataset");
                Kind::Corrupt
            }
        };
        DataError::new(kind, error.message)
    }
}

fn wanted(wanted: provided::Wanted<'_>) -> Wanted<'_> {
    Wanted { variable: wanted.variable, slab: wanted.slab, order: wanted.order }
}

impl Provider for Asked {
    fn describe(
        &self,
        known: Option<&Description>,
        caller: Option<&Caller>,
    ) -> Result<Option<Description>, DataError> {
        let (guest, context) = self.begin(caller)?;
        let generation = known.map_or("", |known| known.generation.as_str());
        let made = guest.describe(self.recipe(generation), &context).map_err(|error| {
            // A recipe that is wrong is no fault of whoever asks for its dataset.
            let kind = if error.kind == ErrorKind::BadRequest { ErrorKind::Unsupported } else { error.kind };
            self.failed(Error { kind, ..error })
        })?;
        let Made { generation, schema } = made;
        Ok(schema.map(|schema| Description { generation, schema }))
    }

    fn memory(&self, asked: provided::Wanted<'_>, caller: Option<&Caller>) -> Result<u64, DataError> {
        let (guest, context) = self.begin(caller)?;
        let memory = guest.memory_of_made(self.recipe(asked.generation), &context, wanted(asked));
        memory.map_err(|error| self.failed(error))
    }

    fn read(
        &self,
        asked: provided::Wanted<'_>,
        caller: Option<&Caller>,
        out: &mut [u8],
    ) -> Result<(), DataError> {
        let (guest, context) = self.begin(caller)?;
        let read = guest.read_made(self.recipe(asked.generation), &context, wanted(asked), out);
        read.map_err(|error| self.failed(error))
    }

    fn read_strings(
        &self,
        asked: provided::Wanted<'_>,
        caller: Option<&Caller>,
    ) -> Result<Vec<Vec<u8>>, DataError> {
        let (guest, context) = self.begin(caller)?;
        let read = guest.read_made_strings(self.recipe(asked.generation), &context, wanted(asked));
        read.map_err(|error| self.failed(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication<'a>(id: &'a str, recipe: &'a [u8], seconds: Option<u64>) -> Publication<'a> {
        Publication { id, recipe, lifetime: seconds.map(Duration::from_secs) }
    }

    fn ids(published: &Published) -> Vec<String> {
        let mut ids = vec![];
        published.with_all(|all| ids.extend(all.into_iter().map(|(id, _)| id)));
        ids
    }

    #[test]
    fn ids_are_paths_that_nothing_else_has() {
        let published = Published::new(10);
        let check = |id: &str, plugin: &str, expected: Result<bool, ErrorKind>| {
            let got = published.publish(plugin, publication(id, b"r", None), |id| id == "file.nc");
            assert_eq!(got.map_err(|error| error.kind), expected, "{id}");
        };
        check("file.nc/a", "one", Ok(true));
        check("file.nc/a", "one", Ok(false));
        check("file.nc/a", "other", Err(ErrorKind::BadRequest));
        check("file.nc", "one", Err(ErrorKind::BadRequest));
        for id in ["", "/a", "a/", "a//b", "a/../b", ".", "a\nb", &"x".repeat(1025)] {
            check(id, "one", Err(ErrorKind::BadRequest));
        }
        let long = vec![0; MOST_RECIPE + 1];
        let refused = published.publish("one", publication("b", &long, None), |_| false).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::TooLarge);
        assert!(published.publish("one", publication("b", b"", Some(0)), |_| false).is_err());
        assert_eq!(published.withdraw("other", "file.nc/a").unwrap_err().kind, ErrorKind::NotFound);
        published.withdraw("one", "file.nc/a").unwrap();
        assert_eq!(ids(&published), [""; 0]);
    }

    #[test]
    fn another_recipe_is_another_dataset() {
        let published = Published::new(10);
        let place = |recipe: &[u8]| {
            published.publish("one", publication("a", recipe, None), |_| false).unwrap();
            let mut found = vec![];
            published.with_all(|all| found = all);
            found.pop().unwrap().1
        };
        let first = place(b"1");
        assert_eq!(first, place(b"1"));
        assert_ne!(first, place(b"2"));
    }

    #[test]
    fn the_one_that_ends_first_makes_room() {
        let published = Published::new(3);
        let publish = |id: &str, seconds| published.publish("one", publication(id, b"", seconds), |_| false);
        publish("for-ever", None).unwrap();
        publish("long", Some(1000)).unwrap();
        publish("short", Some(10)).unwrap();
        publish("new", Some(100)).unwrap();
        assert_eq!(ids(&published), ["for-ever", "long", "new"]);
        publish("a", None).unwrap();
        publish("b", None).unwrap();
        assert_eq!(publish("c", None).unwrap_err().kind, ErrorKind::Unavailable);
        assert_eq!(publish("b", None), Ok(false));
        assert_eq!(ids(&published), ["a", "b", "for-ever"]);
    }

    #[test]
    fn what_nobody_asks_for_ends() {
        let mut published = Published::new(10);
        published.publish("one", publication("a", b"", Some(10)), |_| false).unwrap();
        published.publish("one", publication("b", b"", Some(20)), |_| false).unwrap();
        published.publish("one", publication("c", b"", None), |_| false).unwrap();
        let later = |published: &mut Published, seconds| {
            published.since = published.since.checked_sub(Duration::from_secs(seconds)).unwrap();
        };
        assert!(!published.expire());
        later(&mut published, 9);
        published.note_used("a");
        later(&mut published, 9);
        assert!(!published.expire(), "it was asked for");
        later(&mut published, 3);
        assert!(published.expire());
        assert_eq!(ids(&published), ["c"]);
        assert!(!published.expire());
    }
}
