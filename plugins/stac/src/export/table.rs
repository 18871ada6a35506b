//! The table of all items (stac-geoparquet 1.1), made while it is sent: no more than a few items are in memory at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use weir_catalogs::stac_geoparquet::{Columns, TableWriter};
use weir_plugin_api::{Body, Bytes, Error, ErrorKind, Host, Request, Response};

use super::PARQUET;
use crate::api::Api;
use crate::index::Items;

/// Items in one group of rows.
const ROWS: usize = 1000;

/// Whether somebody is being sent a table: making one takes a while.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Gives back the right to make a table.
struct Taken;

impl Taken {
    fn take() -> Result<Self, Error> {
        match IS_TAKEN.swap(true, Ordering::AcqRel) {
            false => Ok(Self),
            true => {
                Err(Error::new(ErrorKind::Unavailable, "another table is being made; ask again in a while"))
            }
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        IS_TAKEN.store(false, Ordering::Release);
    }
}

impl Api {
    /// `items.parquet`. All items are looked at twice: for what columns there are, and for what is in them.
    pub(super) fn exported_table(
        &self,
        host: Host,
        request: &Request<'_>,
        ids: Vec<Arc<str>>,
    ) -> Result<Response, Error> {
        if request.is_head() {
            // How long it will be is not known before it is made.
            return Ok(Response::stream(PARQUET, None, Box::new(Nothing)));
        }
        let taken = Taken::take()?;
        let items = self.index.items(request.base_url());
        let mut columns = Columns::default();
        for id in &ids {
            if host.is_cancelled(request) {
                return Err(Error::new(ErrorKind::Cancelled, "the client is gone"));
            }
            columns.add(&read(&items, id)?);
        }
        let writer = TableWriter::new(columns).map_err(|e| Error::internal(e.to_string()))?;
        let body = Table { writer: Some(writer), items, ids: ids.into(), at: 0, _taken: taken };
        Ok(Response::stream(PARQUET, None, Box::new(body)))
    }
}

struct Nothing;

impl Body for Nothing {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(None)
    }
}

struct Table {
    writer: Option<TableWriter>,
    items: Items,
    ids: Box<[Arc<str>]>,
    at: usize,
    _taken: Taken,
}

fn read(items: &Items, id: &str) -> Result<Value, Error> {
    let item = items.item(id)?;
    serde_json::from_str(&item).map_err(|e| Error::internal(format!("an item is no JSON: {e}")))
}

impl Body for Table {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(writer) = &mut self.writer else { return Ok(None) };
        let end = self.at.saturating_add(ROWS).min(self.ids.len());
        let ids = self.ids.get(self.at..end).unwrap_or_default();
        self.at = end;
        let failed = |e: weir_catalogs::stac_geoparquet::TableError| Error::internal(e.to_string());
        if !ids.is_empty() {
            let rows = ids.iter().map(|id| read(&self.items, id)).collect::<Result<Vec<_>, _>>()?;
            return Ok(Some(writer.write(&rows).map_err(failed)?.into()));
        }
        let last = self.writer.take().map(TableWriter::finish).transpose().map_err(failed)?;
        Ok(last.map(Into::into))
    }
}
