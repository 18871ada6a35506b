//! The item of a dataset: its summary, the ways in which this server shows it, and the words of the site.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use serde_json::{Value, json};
use weir_catalogs::stac::{Described, OriginalFile, Protocol, StoredChunks, Surroundings, item};
use weir_plugin_api::model::{Schema, Storage};
use weir_plugin_api::{Dataset, Error, ErrorKind, FileInfo, Host};
use weir_zarr::{Format, Hierarchy};

use crate::words::Words;

/// Where gridlook is, unless the site says otherwise.
const VIEWER: &str = "https://gridlook.pages.dev/";

/// Items of so many generations are kept, because whoever browses comes back.
const MOST_KEPT: usize = 256;

/// Items of more bytes, those of thousands of variables, are made anew.
const MOST_KEPT_BYTES: usize = 64 << 10;

/// What makes items.
pub struct Items {
    host: Host,
    words: Words,
    viewer: Option<String>,
    /// In which ways this server shows datasets; known once all plugins are there.
    protocols: OnceLock<Vec<Protocol>>,
    kept: Mutex<VecDeque<(String, Arc<str>)>>,
}

impl Items {
    /// Items of a host's datasets, with the words of its site; `viewer` is the address of gridlook, empty for none.
    pub fn new(host: Host, words: Words, viewer: Option<&str>) -> Self {
        let viewer = Some(viewer.unwrap_or(VIEWER)).filter(|viewer| !viewer.is_empty()).map(str::to_owned);
        Self { host, words, viewer, protocols: OnceLock::new(), kept: Mutex::default() }
    }

    /// The words of the site.
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// The item of a dataset as JSON text, all links of which begin with `base`.
    ///
    /// # Errors
    /// Where the dataset cannot be read.
    pub fn text(&self, base: &str, collection: &str, dataset: &Dataset) -> Result<Arc<str>, Error> {
        let generation = dataset.generation()?;
        let key = format!("{}\0{generation}\0{base}", dataset.id());
        if let Some(known) = self.known(&key) {
            return Ok(known);
        }
        let made: Arc<str> = self.of(base, collection, dataset)?.to_string().into();
        // A generation with this sign does not pin the data.
        if !generation.ends_with('~') && made.len() <= MOST_KEPT_BYTES {
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push_front((key, Arc::clone(&made)));
            kept.truncate(MOST_KEPT);
        }
        Ok(made)
    }

    /// The item of a dataset that is there and cannot be opened: it says why, so that who walks through a catalog gets past it.
    pub fn of_unreadable(&self, base: &str, collection: &str, (id, reason): (&str, &Error)) -> Value {
        let summary = weir_summaries::Summary::default();
        let modified = self.modified(id, None);
        let of = Described { id, summary: &summary, modified, file: None, stored: StoredChunks::Hidden };
        let mut made = item(&of, &Surroundings { base, collection, protocols: &[], viewer: None });
        made["properties"]["description"] =
            json!(format!("This dataset cannot be opened: {}", reason.message));
        self.words.lay_over(id, &mut made);
        made
    }

    fn known(&self, key: &str) -> Option<Arc<str>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == key).map(|(_, item)| Arc::clone(item))
    }

    /// The item of a dataset, all links of which begin with `base`.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn of(&self, base: &str, collection: &str, dataset: &Dataset) -> Result<Value, Error> {
        let protocols = self.protocols()?;
        let summary = weir_summaries::summarize(dataset)?;
        let file = lasting(dataset.file())?;
        let stored =
            if protocols.contains(&Protocol::Kerchunk) { stored(dataset)? } else { StoredChunks::Hidden };
        let of = Described {
            id: dataset.id(),
            summary: &summary,
            modified: self.modified(dataset.id(), file.as_ref()),
            file: file.as_ref().map(|file| OriginalFile { name: &file.name, length: file.length }),
            stored,
        };
        let around = Surroundings { base, collection, protocols, viewer: self.viewer.as_deref() };
        let mut made = item(&of, &around);
        self.words.lay_over(dataset.id(), &mut made);
        Ok(made)
    }

    fn protocols(&self) -> Result<&[Protocol], Error> {
        if let Some(known) = self.protocols.get() {
            return Ok(known);
        }
        let facts = self.host.server()?;
        let served = Protocol::ALL.into_iter().filter(|protocol| facts.serves(protocol.pattern())).collect();
        Ok(self.protocols.get_or_init(|| served))
    }

    /// When the dataset was written to last: seconds since 1970.
    fn modified(&self, id: &str, file: Option<&FileInfo>) -> Option<i64> {
        let of_file = file.and_then(|file| file.modified?.duration_since(SystemTime::UNIX_EPOCH).ok());
        let of_file = of_file.and_then(|age| i64::try_from(age.as_secs()).ok());
        of_file.or_else(|| {
            let entries = self.host.entries(id, "", 1).ok()?;
            entries.into_iter().find(|entry| entry.id == id)?.modified
        })
    }
}

/// Whether asking again may help.
pub fn is_passing(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Unavailable | ErrorKind::Timeout)
}

/// What there is; `None` where it is lasting that there is nothing.
fn lasting<T>(told: Result<T, Error>) -> Result<Option<T>, Error> {
    match told {
        Ok(told) => Ok(Some(told)),
        Err(error)
            if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Unavailable | ErrorKind::Timeout) =>
        {
            Err(error)
        }
        Err(_) => Ok(None),
    }
}

/// Whether every variable that Zarr can show can be shown as it is stored, in a way that every client undoes.
fn stored(dataset: &Dataset) -> Result<StoredChunks, Error> {
    let schema = dataset.schema()?;
    let layouts = layouts(dataset, &schema)?;
    let (decoded, stored) = (Hierarchy::of_file(&schema), Hierarchy::stored(&schema, &layouts));
    let all = schema.variables().into_iter().all(|(path, variable)| {
        let path = path.trim_start_matches('/');
        decoded.array(path, variable).is_err()
            || stored.array(path, variable).is_ok_and(|array| array.is_in(Format::V3))
    });
    Ok(if all { StoredChunks::Shown } else { StoredChunks::Hidden })
}

fn layouts(
    dataset: &Dataset,
    schema: &Schema,
) -> Result<HashMap<String, Result<Arc<Storage>, String>>, Error> {
    let mut layouts = HashMap::new();
    for (path, _) in schema.variables() {
        let layout = lasting(dataset.layout(&path))?;
        let layout = layout.map(Arc::new).ok_or_else(|| "its stored chunks are not passed on".to_owned());
        layouts.insert(path, layout);
    }
    Ok(layouts)
}
