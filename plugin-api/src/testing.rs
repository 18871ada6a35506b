//! A host in memory, to test a plugin with, and the contract that every plugin keeps.
//!
//! The plugin is driven through its C table, exactly as a server drives it, so a plugin that passes here passes behind the
//! boundary too.

mod counting;
mod making;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use weir_model::{ByteOrder, ChunkGrid, Hyperslab, Schema, Storage, Variable};
use weir_plugin_abi::WeirPlugin;

use crate::guest::{Answer, AnswerContent, Guest, Incoming};
use crate::lent::{LentDataset, RequestBody, RequestContext, Services, StoredChunk, host_table};
use crate::{
    Bytes, Child, ChunkPlace, Entry, Error, ErrorKind, FileInfo, LogLevel, Place, PlaceBytes, Plugin,
    Publication, Route, ServerFacts, Source, StoredPlace, Troubles, export, schema_to_document,
};

pub use self::counting::counting;

/// The values of a variable in memory.
#[derive(Clone, Debug)]
pub enum Values {
    /// Elements of a fixed size, little-endian, row-major.
    Fixed(Vec<u8>),
    /// Elements of varying size, row-major: strings, or other elements in their packed form.
    Strings(Vec<Vec<u8>>),
}

/// A dataset in memory: a schema, and values by variable path.
#[derive(Clone, Debug, Default)]
pub struct MemoryDataset {
    /// What it holds.
    pub schema: Schema,
    /// Values by variable path, such as `/sst`.
    pub values: HashMap<String, Values>,
    /// Stored chunks by variable path and index; what is not here is missing.
    pub chunks: HashMap<(String, Vec<u64>), (Vec<u8>, u32)>,
    /// Variable paths whose reads fail as damaged data does.
    pub corrupt: Vec<String>,
    /// How stored bytes are laid out, by variable path, where that is not as in the schema; or why they cannot be passed on.
    pub layouts: HashMap<String, Result<Storage, String>>,
    /// Where stored chunks lie, by variable path and index; those that are not here lie in no file.
    pub ranges: HashMap<(String, Vec<u64>), (Source, u64)>,
    /// The original file: its name and its bytes.
    pub file: Option<(String, Vec<u8>)>,
}

/// A host in memory.
#[derive(Default)]
pub struct MockHost {
    datasets: HashMap<String, (Arc<MemoryDataset>, String)>,
    limit: Option<u64>,
    log: Mutex<Vec<String>>,
    reads: Arc<AtomicU64>,
    config: Option<String>,
    facts: Option<ServerFacts>,
    troubles: Troubles,
    published: Mutex<BTreeMap<String, making::Kept>>,
    guest: OnceLock<Arc<Guest>>,
}

impl MockHost {
    /// A host without datasets.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a dataset.
    #[must_use]
    pub fn dataset(mut self, id: &str, dataset: MemoryDataset) -> Self {
        // Two hosts may give one id to different datasets; what tells them apart is the generation.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let generation = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        self.datasets.insert(id.to_owned(), (Arc::new(dataset), generation));
        self
    }

    /// Refuses responses of more than `bytes` bytes.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = Some(bytes);
        self
    }

    /// Gives the plugin this configuration, JSON text.
    #[must_use]
    pub fn config(mut self, json: &str) -> Self {
        self.config = Some(json.to_owned());
        self
    }

    /// Says this of the server.
    #[must_use]
    pub fn facts(mut self, facts: ServerFacts) -> Self {
        self.facts = Some(facts);
        self
    }

    /// What is not served.
    #[must_use]
    pub fn troubles(mut self, troubles: Troubles) -> Self {
        self.troubles = troubles;
        self
    }

    /// Starts a plugin.
    ///
    /// # Panics
    /// Where the plugin refuses to start.
    #[must_use]
    pub fn start<P: Plugin>(self) -> Running {
        self.start_table(Box::leak(Box::new(export::table::<P>())))
    }

    /// Starts a plugin by its table, as one in C or one that was loaded from a `.so`.
    ///
    /// # Panics
    /// Where the plugin refuses to start.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a plugin that does not start fails its test")]
    pub fn start_table(self, table: &'static WeirPlugin) -> Running {
        let services = Arc::new(self);
        let host = host_table(services.clone(), "tested");
        let config = services.config.as_deref().unwrap_or("{}");
        let guest = Arc::new(Guest::create(table, host, config).expect("the plugin starts"));
        let routes = guest.routes().expect("the plugin names its routes");
        let _set_once = services.guest.set(Arc::clone(&guest));
        Running { guest, routes, services }
    }
}

/// A plugin that runs in a [`MockHost`].
pub struct Running {
    guest: Arc<Guest>,
    routes: Vec<Route>,
    services: Arc<MockHost>,
}

/// An answer, with its body pulled.
#[derive(Debug)]
pub struct Pulled {
    /// The status of a success.
    pub status: u16,
    /// Whether it is marked stable.
    pub stable: bool,
    /// Whether it is marked for byte ranges.
    pub ranges: bool,
    /// Whether it is marked as worth compressing.
    pub compressible: bool,
    /// Whether it is marked to be kept back.
    pub held: bool,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The length that was announced, if any.
    pub length: Option<u64>,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Pulled {
    /// The first header called `name`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Running {
    /// The routes that the plugin named.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// How many hyperslabs and chunks were read so far.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.services.reads.load(Ordering::Relaxed)
    }

    /// What was logged so far.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.services.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `GET` of a target such as `/datasets/x/opendap.dds?sst`.
    ///
    /// # Errors
    /// What the plugin says; `NotFound` where no route matches.
    pub fn get(&self, target: &str) -> Result<Pulled, Error> {
        self.send("GET", target).and_then(pull)
    }

    /// `GET` of a target whose answer with the body `held` was kept back.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_again(&self, target: &str, held: &str) -> Result<Pulled, Error> {
        let incoming = self.incoming("GET", target);
        let incoming = incoming.ok_or_else(|| Error::not_found(format!("no route matches {target}")))?;
        self.guest.handle(&Incoming { held: held.to_owned(), ..incoming }).and_then(pull)
    }

    /// `length` bytes from `offset` on of what [`get`](Self::get) of a target answers, as a host asks for them.
    ///
    /// # Errors
    /// As [`get`](Self::get); `Unsupported` where the plugin gives no parts of this body.
    pub fn part(&self, target: &str, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        let answer = self.send("GET", target)?;
        match answer.content {
            AnswerContent::Stream { length: Some(_), mut body } if answer.ranges => {
                body.restrict(offset, length)?;
                let content = AnswerContent::Stream { length: Some(length), body };
                pull(Answer { content, ..answer }).map(|pulled| pulled.bytes)
            }
            _ => Err(Error::unsupported("it is no body of a known length with ranges")),
        }
    }

    /// `HEAD` of a target: as `GET`, and the plugin is expected not to read.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn head(&self, target: &str) -> Result<Pulled, Error> {
        self.send("HEAD", target).and_then(pull)
    }

    /// `POST` of a body to a target.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn post(&self, target: &str, body: &[u8]) -> Result<Pulled, Error> {
        let incoming = self.incoming("POST", target);
        let incoming = incoming.ok_or_else(|| Error::not_found(format!("no route matches {target}")))?;
        incoming.context.set_body(Box::new(Whole(Some(Bytes::from_owner(body.to_vec())))));
        self.guest.handle(&incoming).and_then(pull)
    }

    /// The plugin's own body for an error.
    #[must_use]
    pub fn render_error(&self, target: &str, status: u16, message: &str) -> Option<Pulled> {
        let answer = self.guest.render_error(&self.incoming("GET", target)?, status, message)?;
        pull(answer).ok()
    }

    fn send(&self, method: &str, target: &str) -> Result<Answer, Error> {
        let incoming = self.incoming(method, target);
        let incoming = incoming.ok_or_else(|| Error::not_found(format!("no route matches {target}")))?;
        self.guest.handle(&incoming)
    }

    fn incoming(&self, method: &str, target: &str) -> Option<Incoming> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let is_dataset = |id: &str| self.services.has(id);
        let of_method = |(_, route): &(usize, &Route)| route.methods.iter().any(|known| known == method);
        let fitting = self.routes.iter().enumerate().filter(of_method).filter_map(|(number, route)| {
            let (dataset, rest) = matches(&route.pattern, path, is_dataset)?;
            Some((number, dataset, rest))
        });
        // As a server does: the longest id of a dataset that there is, or else what leaves the shortest one.
        let (route, dataset, rest) = fitting.max_by_key(|(_, dataset, rest)| {
            let unknown = usize::MAX.saturating_sub(dataset.len());
            let known = is_dataset(dataset);
            (known, if known { dataset.len() } else { unknown }, usize::MAX.saturating_sub(rest.len()))
        })?;
        Some(Incoming {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: vec![],
            base_url: "http://weir.example".to_owned(),
            dataset,
            rest,
            route,
            context: Arc::new(RequestContext::new("test".to_owned(), None)),
            held: String::new(),
        })
    }
}

/// A body in one piece.
struct Whole(Option<Bytes>);

impl RequestBody for Whole {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.0.take())
    }
}

/// Dataset id and rest, where a path fits a pattern.
fn matches(pattern: &str, path: &str, is_dataset: impl Fn(&str) -> bool) -> Option<(String, String)> {
    let (before, behind) = match pattern.split_once("{id}") {
        Some((before, behind)) => (before, Some(behind)),
        None => (pattern, None),
    };
    let Some(behind) = behind else {
        return match before.strip_suffix("{rest}") {
            Some(fixed) => path.strip_prefix(fixed).map(|rest| (String::new(), rest.to_owned())),
            None => (path == before).then(Default::default),
        };
    };
    let below = path.strip_prefix(before)?;
    let ids = (1..=below.len()).rev().filter_map(|at| below.split_at_checked(at));
    let fits = ids.filter_map(|(id, tail)| match behind.strip_suffix("{rest}") {
        Some(fixed) => tail.strip_prefix(fixed).map(|rest| (id.to_owned(), rest.to_owned())),
        None => (tail == behind).then(|| (id.to_owned(), String::new())),
    });
    let mut fits: Vec<_> = fits.collect();
    let registered = fits.iter().position(|(id, _)| is_dataset(id));
    // Of an unknown dataset, the shortest id: the pattern then has the longest text of its own.
    registered.or(fits.len().checked_sub(1)).map(|at| fits.swap_remove(at))
}

fn pull(answer: Answer) -> Result<Pulled, Error> {
    let Answer { status, stable, ranges, compressible, held, headers, content, .. } = answer;
    let (length, bytes) = match content {
        AnswerContent::Full(bytes) => (Some(bytes.len() as u64), bytes.to_vec()),
        AnswerContent::Stream { length, mut body } => {
            let mut bytes = Vec::new();
            while let Some(piece) = body.pull()? {
                bytes.extend_from_slice(&piece);
            }
            assert!(body.pull()?.is_none(), "a body that has ended stays ended");
            (length, bytes)
        }
    };
    Ok(Pulled { status, stable, ranges, compressible, held, headers, length, bytes })
}

impl Services for MockHost {
    fn log(&self, _: &str, _: Option<&RequestContext>, _: LogLevel, _: &str, message: &str) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(message.to_owned());
    }

    fn metric_add(&self, _: &str, _: &str, _: f64) {}

    fn admit(&self, _: &RequestContext, bytes: u64) -> Result<(), Error> {
        match self.limit {
            Some(limit) if bytes > limit => {
                Err(Error::too_large(format!("the response has {bytes} bytes, the limit is {limit}")))
            }
            _ => Ok(()),
        }
    }

    fn open(&self, context: &Arc<RequestContext>, id: &str) -> Result<Box<dyn LentDataset>, Error> {
        if let Some(made) = self.made(context, id) {
            return made;
        }
        let found = self.datasets.get(id).cloned();
        let (dataset, generation) =
            found.ok_or_else(|| Error::not_found(format!("dataset '{id}' not found")))?;
        let document = schema_to_document(&dataset.schema)?;
        Ok(Box::new(LentMemory { dataset, document, generation, reads: Arc::clone(&self.reads) }))
    }

    fn list(&self, prefix: &str, after: &str, limit: usize) -> Vec<String> {
        let mut ids: Vec<String> = self.datasets.keys().cloned().chain(self.published_ids()).collect();
        ids.sort();
        ids.into_iter().filter(|id| id.starts_with(prefix) && id.as_str() > after).take(limit).collect()
    }

    fn catalog_version(&self) -> u64 {
        self.datasets.len().saturating_add(self.published_ids().len()) as u64
    }

    fn entries(&self, prefix: &str, after: &str, limit: usize) -> Vec<Entry> {
        let entry = |id: String| {
            let file = self.datasets.get(&id).and_then(|(dataset, _)| dataset.file.as_ref());
            let bytes = file.map(|(_, bytes)| bytes.len() as u64);
            Entry { id, bytes, modified: bytes.map(|_| 0) }
        };
        self.list(prefix, after, limit).into_iter().map(entry).collect()
    }

    fn children(&self, folder: &str, after: &str, limit: usize) -> Vec<Child> {
        let mut children: Vec<Child> = vec![];
        for entry in self.entries(folder, "", usize::MAX) {
            let below = entry.id.strip_prefix(folder).unwrap_or_default();
            let child = match below.split_once('/') {
                Some((name, _)) => Child::Folder { folder: format!("{folder}{name}/") },
                None => Child::Dataset(entry),
            };
            if children.last() != Some(&child) {
                children.push(child);
            }
        }
        children.into_iter().filter(|child| child.name() > after).take(limit).collect()
    }

    fn facts(&self) -> Result<ServerFacts, Error> {
        self.facts
            .clone()
            .ok_or_else(|| Error::new(ErrorKind::Unavailable, "nothing is known of this server"))
    }

    fn troubles(&self) -> Troubles {
        self.troubles.clone()
    }

    fn publish(&self, _: &str, publication: Publication<'_>) -> Result<(), Error> {
        self.keep(publication)
    }

    fn withdraw(&self, _: &str, id: &str) -> Result<(), Error> {
        self.forget(id)
    }
}

/// A dataset of a host in memory, lent.
struct LentMemory {
    dataset: Arc<MemoryDataset>,
    document: Bytes,
    generation: String,
    reads: Arc<AtomicU64>,
}

impl LentMemory {
    fn variable(&self, path: &str) -> Result<(&Variable, &Values), Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        if self.dataset.corrupt.iter().any(|corrupt| corrupt == path) {
            return Err(Error::new(ErrorKind::Corrupt, format!("chunk 0 of {path} cannot be decoded")));
        }
        let variable = self.dataset.schema.variable(path);
        let found = variable.and_then(|variable| Some((variable, self.dataset.values.get(path)?)));
        found.ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))
    }
}

/// Row-major places of a hyperslab's elements in its variable.
fn places(slab: &Hyperslab, shape: &[u64]) -> Vec<usize> {
    slab.strides().iter().zip(shape).fold(vec![0], |done, (stride, &length)| {
        let axis = |head: usize| {
            (0..stride.count).map(move |i| head * length as usize + (stride.start + i * stride.step) as usize)
        };
        done.into_iter().flat_map(axis).collect()
    })
}

impl LentDataset for LentMemory {
    fn schema(&self) -> &Schema {
        &self.dataset.schema
    }

    fn schema_document(&self) -> Bytes {
        self.document.clone()
    }

    fn generation(&self) -> &str {
        &self.generation
    }

    fn read(&self, path: &str, slab: &Hyperslab, order: ByteOrder, out: &mut [u8]) -> Result<(), Error> {
        let (variable, values) = self.variable(path)?;
        let (Values::Fixed(bytes), Some(size)) = (values, variable.data_type.size()) else {
            return Err(Error::bad_request(format!("{path} has elements of varying size")));
        };
        for (place, element) in
            places(slab, &variable.shape).into_iter().zip(out.chunks_exact_mut(size.max(1)))
        {
            element.copy_from_slice(&bytes[place * size..(place + 1) * size]);
            if order == ByteOrder::Big {
                element.chunks_exact_mut(variable.data_type.swap_unit()).for_each(<[u8]>::reverse);
            }
        }
        Ok(())
    }

    fn read_strings(&self, path: &str, slab: &Hyperslab) -> Result<Vec<Vec<u8>>, Error> {
        let (variable, values) = self.variable(path)?;
        match values {
            Values::Strings(strings) => {
                Ok(places(slab, &variable.shape).into_iter().map(|place| strings[place].clone()).collect())
            }
            Values::Fixed(_) => Err(Error::bad_request(format!("{path} has elements of one size"))),
        }
    }

    fn verify(&self, path: &str, _: &Hyperslab) -> Result<(), Error> {
        self.variable(path).map(drop)
    }

    fn chunk(&self, path: &str, index: &[u64]) -> Result<StoredChunk, Error> {
        let (variable, _) = self.variable(path)?;
        let grid = ChunkGrid::new(variable.shape.clone(), variable.storage.chunk_shape.clone());
        if !grid.is_ok_and(|grid| grid.contains(index)) {
            return Err(Error::not_found(format!("{path} has no chunk {index:?}")));
        }
        Ok(match self.dataset.chunks.get(&(path.to_owned(), index.to_vec())) {
            Some((bytes, skipped)) => {
                StoredChunk::Stored { bytes: bytes.clone().into(), skipped_codecs: *skipped }
            }
            None => StoredChunk::Missing,
        })
    }

    fn layout(&self, path: &str) -> Result<Storage, Error> {
        self.stored_layout(path)
    }

    fn place(&self, path: &str, index: &[u64], bytes: PlaceBytes) -> Result<ChunkPlace, Error> {
        self.stored_place(path, index, bytes)
    }

    fn file(&self) -> Result<FileInfo, Error> {
        let (name, bytes) = self.own_file()?;
        let length = bytes.len() as u64;
        Ok(FileInfo { length, modified: None, stable: true, name: name.clone(), url: None })
    }

    fn read_file(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let (_, bytes) = self.own_file()?;
        let part = usize::try_from(offset).ok().and_then(|start| bytes.get(start..)?.get(..out.len()));
        out.copy_from_slice(part.ok_or_else(|| Error::bad_request("the file has no such bytes"))?);
        Ok(())
    }
}

impl LentMemory {
    fn stored_layout(&self, path: &str) -> Result<Storage, Error> {
        let variable = self.dataset.schema.variable(path);
        let variable =
            variable.ok_or_else(|| Error::not_found(format!("the dataset has no variable {path}")))?;
        match self.dataset.layouts.get(path) {
            Some(Ok(layout)) => Ok(layout.clone()),
            Some(Err(reason)) => Err(Error::unsupported(reason.clone())),
            None => Ok(variable.storage.clone()),
        }
    }

    fn stored_place(&self, path: &str, index: &[u64], wanted: PlaceBytes) -> Result<ChunkPlace, Error> {
        let layout = self.stored_layout(path)?;
        let shape = self.dataset.schema.variable(path).map(|variable| variable.shape.clone());
        let grid = ChunkGrid::new(shape.unwrap_or_default(), layout.chunk_shape);
        if !grid.is_ok_and(|grid| grid.contains(index)) {
            return Err(Error::not_found(format!("{path} has no chunk {index:?}")));
        }
        let key = (path.to_owned(), index.to_vec());
        let Some((bytes, skipped)) = self.dataset.chunks.get(&key) else { return Ok(ChunkPlace::Missing) };
        let at = match self.dataset.ranges.get(&key) {
            Some((source, offset)) => Place::Range { source: source.clone(), offset: *offset },
            None => Place::Elsewhere,
        };
        let length = bytes.len() as u64;
        let bytes = match wanted {
            PlaceBytes::Unwanted => None,
            PlaceBytes::Wanted => {
                self.variable(path)?;
                Some(bytes.clone().into())
            }
        };
        Ok(ChunkPlace::Stored(StoredPlace { at, length, skipped_codecs: *skipped, bytes }))
    }

    fn own_file(&self) -> Result<&(String, Vec<u8>), Error> {
        self.dataset.file.as_ref().ok_or_else(|| Error::not_found("the dataset is not one file"))
    }
}

/// A dataset of [`counting`] variables in the root group, with the dimensions that they name.
#[must_use]
pub fn dataset_of(variables: Vec<(Variable, Values)>) -> MemoryDataset {
    let mut dataset = MemoryDataset::default();
    let root = &mut dataset.schema.root;
    for (variable, values) in variables {
        for (name, &length) in variable.dimension_names().zip(&variable.shape) {
            if !root.dimensions.iter().any(|d| d.name == name) {
                root.dimensions.push(weir_model::Dimension {
                    name: name.to_owned(),
                    length,
                    unlimited: false,
                });
            }
        }
        if let Values::Fixed(bytes) = &values
            && !bytes.is_empty()
        {
            let index = vec![0; variable.shape.len()];
            dataset.chunks.insert((format!("/{}", variable.name), index), (bytes.clone(), 0));
        }
        dataset.values.insert(format!("/{}", variable.name), values);
        root.variables.push(variable);
    }
    dataset
}

/// The contract that every plugin keeps; call it from a test.
///
/// `targets` are requests that the plugin answers well for the dataset `id` of `host`.
///
/// # Panics
/// Where the contract is broken.
#[allow(clippy::expect_used, clippy::panic, reason = "a broken contract fails the test that calls this")]
pub fn check_contract<P: Plugin>(host: MockHost, id: &str, targets: &[&str]) {
    let running = host.start::<P>();
    assert!(!running.routes().is_empty(), "a plugin serves something");
    for target in targets {
        let get = running.get(target).unwrap_or_else(|e| panic!("GET {target}: {e}"));
        assert!((200..400).contains(&get.status), "{target}: a success has a success's status");
        if let Some(length) = get.length {
            assert_eq!(length, get.bytes.len() as u64, "{target}: the announced length is the real one");
        }
        let head = running.head(target).unwrap_or_else(|e| panic!("HEAD {target}: {e}"));
        assert_eq!(head.status, get.status, "{target}: HEAD answers as GET does");
        // A length that only making the body tells may be left out (RFC 9110, section 9.3.2).
        if head.length.is_some() {
            assert_eq!(head.length, get.length, "{target}: HEAD has the length of GET");
        }
        assert_eq!(head.headers, get.headers, "{target}: HEAD has the headers of GET");
        if let Ok(middle) = running.part(target, 1, (get.bytes.len() as u64).saturating_sub(2)) {
            let expected = get.bytes.get(1..get.bytes.len() - 1).unwrap_or_default();
            assert_eq!(middle, expected, "{target}: a part of a body is what the whole one has there");
        }
        let again = running.get(target).expect("a request can be repeated");
        assert!(!get.stable || again.bytes == get.bytes, "{target}: a stable body stays the same");
        let unknown = target.replacen(&format!("/datasets/{id}/"), "/datasets/no-such-dataset/", 1);
        if unknown != *target {
            let error = running.get(&unknown).expect_err("an unknown dataset is an error");
            assert_eq!(error.kind, ErrorKind::NotFound, "{unknown}: {error}");
        }
        let cancelled = running.incoming("GET", target).expect("the target has a route");
        cancelled.context.cancel();
        if let Err(error) = running.guest.handle(&cancelled) {
            assert_eq!(error.kind, ErrorKind::Cancelled, "{target}: {error}");
        }
    }
}
