//! The datastores: which there are, their tables and files, made when they are asked for and kept until datasets come or go.
//!
//! Rows are kept as long as the file of their dataset stays the same, so that a table is made anew without opening what was known.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use weir_catalogs::esm::Table;
use weir_plugin_api::{Child, Entry, Error, ErrorKind, Host, LogLevel, Request};
use weir_summaries::summarize;

use crate::made::Made;
use crate::row::{FORMAT, Row, Said, empty_table};
use crate::settings::{Chosen, Settings};

/// The datastore of datasets that lie in no folder.
const ROOT: &str = "root";

/// How many datastores there are at most, where they are the folders.
const MOST_STORES: usize = 1000;

/// How many ids are asked for at once.
const PAGE: u32 = 10_000;

/// For how long a table is taken to be right while no dataset comes or goes: files may be written to.
const TABLE_AGE: Duration = Duration::from_secs(60);

/// For how long a row of a dataset is kept of which nobody can say when it was written.
const ROW_AGE: Duration = Duration::from_secs(600);

/// By how many columns tables are sorted.
const SORTED_BY: usize = 3;

/// A dataset's row, and of which state of its file it is.
struct Known {
    state: (Option<u64>, Option<i64>),
    made: Instant,
    row: Option<Row>,
}

/// A request, and for how long it opens datasets.
pub(crate) struct Patience<'a> {
    request: &'a Request<'a>,
    since: Instant,
    has_opened: Cell<bool>,
}

impl<'a> Patience<'a> {
    /// It begins now.
    pub(crate) fn new(request: &'a Request<'a>) -> Self {
        Self { request, since: Instant::now(), has_opened: Cell::new(false) }
    }

    /// Whether no more datasets may be opened. One may be always, so that whoever comes again gets farther.
    fn is_over(&self, longest: Duration) -> bool {
        self.has_opened.replace(true) && self.since.elapsed() >= longest
    }
}

/// Rows by the ids of their datasets.
#[derive(Default)]
struct Rows {
    rows: HashMap<String, Known>,
    /// How many there were when those of datasets that are gone were let go.
    there: usize,
}

impl Rows {
    /// Whether so many came since then that half of them may be of datasets that are gone; `few` are never too many.
    fn are_many(&self, few: usize) -> bool {
        self.rows.len() > self.there.max(few).saturating_mul(2)
    }

    /// Lets go of all but those of these datasets.
    fn keep(&mut self, there: &HashSet<String>) {
        self.rows.retain(|id, _| there.contains(id));
        self.there = self.rows.len();
    }
}

/// What is kept.
#[derive(Default)]
struct Kept {
    said: Said,
    rows: Rows,
    tables: HashMap<String, (Instant, Arc<Made>)>,
    version: u64,
}

/// The datastores of a server.
pub(crate) struct Stores {
    host: Host,
    settings: Settings,
    kept: Mutex<Kept>,
}

impl Stores {
    /// None of them is made yet.
    pub(crate) fn new(host: Host, settings: Settings) -> Self {
        Self { host, settings, kept: Mutex::default() }
    }

    /// What the site chose, or the first folders of ids.
    ///
    /// # Errors
    /// `TooLarge` where there are too many folders.
    pub(crate) fn all(&self) -> Result<Vec<Chosen>, Error> {
        if !self.settings.datastore.is_empty() {
            return Ok(self.settings.datastore.clone());
        }
        let (mut stores, mut after, mut has_root) = (Vec::new(), String::new(), false);
        loop {
            let children = self.host.children("", &after, PAGE)?;
            let Some(last) = children.last() else { break };
            last.name().clone_into(&mut after);
            for child in &children {
                match child {
                    Child::Folder { folder } => stores.push(of_folder(folder)),
                    Child::Dataset(_) => has_root = true,
                }
            }
            if stores.len() > MOST_STORES {
                return Err(Error::too_large(format!(
                    "there are more than {MOST_STORES} folders, each of which would be a datastore; choose datastores in the \
                     configuration of the plugin esm"
                )));
            }
        }
        if has_root && !stores.iter().any(|store: &Chosen| store.name == ROOT) {
            stores.push(Chosen { name: ROOT.to_owned(), datasets: vec![], ..Chosen::default() });
        }
        Ok(stores)
    }

    /// The datastore called `name`.
    ///
    /// # Errors
    /// `NotFound` where there is none.
    pub(crate) fn named(&self, name: &str) -> Result<Chosen, Error> {
        let found = self.all()?.into_iter().find(|store| store.name == name);
        found.ok_or_else(|| Error::not_found(format!("there is no datastore {name:?}; /esm lists them")))
    }

    /// The table of a datastore, whose rows `lead` to what is behind the address of a dataset, by its suffix and format.
    ///
    /// # Errors
    /// `TooLarge` where it has too many rows, `Unavailable` where they are not all known yet.
    pub(crate) fn made(
        &self,
        patience: &Patience<'_>,
        store: &Chosen,
        lead: (&str, &str),
    ) -> Result<Arc<Made>, Error> {
        let version = self.host.catalog_version()?;
        // Whoever comes meanwhile waits, and then finds the table made.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version {
            kept.version = version;
            kept.tables.clear();
        }
        if let Some((since, made)) = kept.tables.get(&store.name)
            && since.elapsed() < TABLE_AGE
        {
            return Ok(Arc::clone(made));
        }
        let entries = self.entries(store)?;
        self.learn(patience, (&mut kept, store), &entries)?;
        let mut table = empty_table(&self.settings);
        for entry in &entries {
            if let Some(row) = kept.rows.rows.get(&entry.id).and_then(|known| known.row.as_ref()) {
                let added = row.add_to(&mut table, (&entry.id, lead), &self.settings);
                added.map_err(|error| Error::internal(error.to_string()))?;
            }
        }
        let table: Table = table
            .without_empty_columns(&["path", FORMAT, "dataset", "variable"])
            .sorted_by_least_cardinal(SORTED_BY);
        let made = Arc::new(Made::new(table));
        kept.tables.insert(store.name.clone(), (Instant::now(), Arc::clone(&made)));
        Ok(made)
    }

    /// The datasets of a datastore.
    fn entries(&self, store: &Chosen) -> Result<Vec<Entry>, Error> {
        let mut entries: Vec<Entry> = Vec::new();
        for prefix in &store.datasets {
            let mut after = String::new();
            loop {
                let page = self.host.entries(prefix, &after, PAGE)?;
                let Some(last) = page.last() else { break };
                last.id.clone_into(&mut after);
                entries.extend(page);
                self.check_count(store, entries.len())?;
            }
        }
        if store.name == ROOT && self.settings.datastore.is_empty() {
            entries.extend(self.in_no_folder(store)?);
        }
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        entries.dedup_by(|a, b| a.id == b.id);
        Ok(entries)
    }

    fn in_no_folder(&self, store: &Chosen) -> Result<Vec<Entry>, Error> {
        let (mut entries, mut after) = (Vec::new(), String::new());
        loop {
            let children = self.host.children("", &after, PAGE)?;
            let Some(last) = children.last() else { return Ok(entries) };
            last.name().clone_into(&mut after);
            entries.extend(children.into_iter().filter_map(|child| match child {
                Child::Dataset(entry) => Some(entry),
                Child::Folder { .. } => None,
            }));
            self.check_count(store, entries.len())?;
        }
    }

    fn check_count(&self, store: &Chosen, count: usize) -> Result<(), Error> {
        let most = self.settings.most_rows;
        match count > most {
            true => Err(Error::too_large(format!(
                "the datastore {} has more than {most} datasets, the limit of rows; choose smaller datastores or a larger \
                 most_rows in the configuration of the plugin esm",
                store.name
            ))),
            false => Ok(()),
        }
    }

    /// Opens the datasets of which nothing is known, or something else than they are now.
    fn learn(
        &self,
        patience: &Patience<'_>,
        (kept, store): (&mut Kept, &Chosen),
        entries: &[Entry],
    ) -> Result<(), Error> {
        let longest = Duration::from_secs(self.settings.patience);
        for (number, entry) in entries.iter().enumerate() {
            let state = (entry.bytes, entry.modified);
            let is_known = kept.rows.rows.get(&entry.id).is_some_and(|known| {
                known.state == state && (state.1.is_some() || known.made.elapsed() < ROW_AGE)
            });
            if is_known {
                continue;
            }
            if patience.is_over(longest) {
                let (all, name) = (entries.len(), &store.name);
                let message = format!(
                    "{number} of the {all} rows of the datastore {name} are made; come again for the rest"
                );
                return Err(Error::new(ErrorKind::Unavailable, message));
            }
            let row = self.row(patience.request, &mut kept.said, &entry.id)?;
            kept.rows.rows.insert(entry.id.clone(), Known { state, made: Instant::now(), row });
        }
        if kept.rows.are_many(self.settings.most_rows) {
            kept.rows.keep(&self.ids()?);
            kept.said.forget();
        }
        Ok(())
    }

    /// The ids of all datasets.
    fn ids(&self) -> Result<HashSet<String>, Error> {
        let (mut all, mut after) = (HashSet::new(), String::new());
        loop {
            let page = self.host.list("", &after, PAGE)?;
            let Some(last) = page.last() else { return Ok(all) };
            after.clone_from(last);
            all.extend(page);
        }
    }

    /// The row of a dataset; none of one that cannot be opened, which must not spoil the rest.
    fn row(&self, request: &Request<'_>, said: &mut Said, id: &str) -> Result<Option<Row>, Error> {
        let opened = self.host.open(request, id).and_then(|dataset| summarize(&dataset));
        match opened {
            Ok(summary) => Ok(Some(said.row(&summary, &self.settings))),
            Err(error) if matches!(error.kind, ErrorKind::Cancelled | ErrorKind::Timeout) => Err(error),
            Err(error) => {
                let message = format!("{id} is in no datastore, because it cannot be opened: {error}");
                self.host.log(Some(request), LogLevel::Info, &message);
                Ok(None)
            }
        }
    }
}

/// The datastore of a folder, whose path ends with a slash.
fn of_folder(folder: &str) -> Chosen {
    let name = folder.trim_end_matches('/');
    Chosen {
        name: name.to_owned(),
        datasets: vec![folder.to_owned()],
        description: format!("the datasets in {folder}"),
        ..Chosen::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_datasets_that_are_there_stay() {
        let mut rows = Rows::default();
        let ids = |range: std::ops::Range<u32>| range.map(|number| format!("d{number}"));
        let add = |rows: &mut Rows, range| {
            let known = || Known { state: (None, None), made: Instant::now(), row: None };
            rows.rows.extend(ids(range).map(|id| (id, known())));
        };
        add(&mut rows, 0..20);
        assert!(!rows.are_many(10));
        add(&mut rows, 20..30);
        assert!(rows.are_many(10));
        // More than few are there: they stay, and are looked through again only after as many more.
        rows.keep(&ids(5..30).collect());
        assert_eq!((rows.rows.len(), rows.are_many(10)), (25, false));
        add(&mut rows, 30..55);
        assert!(!rows.are_many(10));
        add(&mut rows, 55..56);
        assert!(rows.are_many(10));
    }
}
