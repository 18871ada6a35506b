//! Data: a response is known to be good before its first byte is sent.
//!
//! netCDF-C turns a body that ends early, in whatever way, into zeros and reports success. So a response up to the site's
//! commit limit is read and decoded as a whole first. For a larger one, the host proves every chunk first (once per chunk,
//! while the file stays the same), and then pieces are read as the client takes them. Texts, and tables of which rows are
//! selected, are read first in either case: only then is the size known, and the size must be right.

use weir_dap::dap2::dods::{Layout, Size};
use weir_dap::dap2::{Grid, GridForm, Shown};
use weir_plugin_api::blocks::Filling;
use weir_plugin_api::{Body, Bytes, Dataset, Error, ErrorKind, Host, Request, Response};

use super::section::Section;
use super::transfer::{Prepared, State, Transfer};
use super::view::{inventory, view};
use super::{dataset_name, described, refused};
use crate::DapPlugin;

const MEDIA_TYPE: &str = "application/octet-stream";

/// The data that the constraint names.
pub fn dods(plugin: &DapPlugin, request: &Request<'_>, dataset: Dataset) -> Result<Response, Error> {
    let host = plugin.host;
    let plan = Plan::of(plugin, request.query(), (dataset_name(request), &dataset), Order::Declared)?;
    host.admit(request, plan.size.planned())?;
    if request.is_head() {
        return Ok(finish(Response::stream(MEDIA_TYPE, plan.size.exact(), Box::new(Nothing))));
    }
    let response = match Source::of(plugin, request, dataset, plan)? {
        Source::Whole(bytes) => Response::full(MEDIA_TYPE, bytes),
        Source::Pieces { total, transfer } => Response::stream(MEDIA_TYPE, Some(total), transfer),
    };
    Ok(finish(response))
}

/// What a response is sent from; known to be good.
pub enum Source {
    /// All of it.
    Whole(Bytes),
    /// Pieces that are read as they are sent.
    Pieces {
        /// How many bytes they have together.
        total: u64,
        /// The pieces.
        transfer: Box<Transfer>,
    },
}

impl Source {
    /// Reads what `plan` names, or proves that it can be read.
    pub fn of(
        plugin: &DapPlugin,
        request: &Request<'_>,
        dataset: Dataset,
        plan: Plan,
    ) -> Result<Self, Error> {
        let (host, commit) = (plugin.host, plugin.configuration.commit_limit);
        let Plan { head, sections, size } = plan;
        let prepared = prepare(plugin, request, &dataset, sections)?;
        let known = prepared.iter().map(|one| one.size).try_fold(length(head.len())?, u64::checked_add);
        let total = match size.exact() {
            Some(total) => total,
            None => known.ok_or_else(|| Error::too_large("the response has more than 64 bits can count"))?,
        };
        host.admit(request, total)?;
        if total <= commit {
            let mut filling =
                Filling::of(usize::try_from(total).map_err(|error| Error::too_large(error.to_string()))?);
            filling.put(&head)?;
            fill((host, request), &dataset, &prepared, &mut filling)?;
            return filling.finish().map(Self::Whole);
        }
        for one in prepared.iter().filter(|one| one.state == State::Unread) {
            go_on(host, request)?;
            one.section.verify(&dataset)?;
        }
        Ok(Self::Pieces { total, transfer: Box::new(Transfer::new(dataset, head, prepared, total)) })
    }

    /// How many bytes it has.
    pub fn total(&self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Pieces { total, .. } => *total,
        }
    }

    /// The next bytes, or `None` at the end.
    pub fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Whole(bytes) if bytes.is_empty() => Ok(None),
            Self::Whole(bytes) => Ok(Some(std::mem::take(bytes))),
            Self::Pieces { transfer, .. } => transfer.next(),
        }
    }
}

fn finish(response: Response) -> Response {
    described(response, "dods-data").stable().compressible()
}

/// In which order variables are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// That of the DDS.
    Declared,
    /// Those of an atomic type first, then the others.
    LeavesFirst,
    /// Nothing but the maps of Grids, each in a Structure called as its Grid.
    MapsAlone,
}

/// What is to be sent.
pub struct Plan {
    /// The constrained DDS.
    pub head: Vec<u8>,
    /// The variables, each with its size as far as that is known without reading.
    sections: Vec<(Section, Size)>,
    /// The whole of it.
    pub size: Size,
}

impl Plan {
    /// What the constraint `query` names of a dataset, which a DDS calls by the name that is given with it.
    pub fn of(
        plugin: &DapPlugin,
        query: &str,
        (name, dataset): (&str, &Dataset),
        order: Order,
    ) -> Result<Self, Error> {
        let schema = dataset.schema()?;
        let inventory = inventory(plugin, dataset, &schema);
        let mut view = view(query, dataset, &inventory)?;
        match order {
            Order::Declared => {}
            Order::LeavesFirst => {
                view.variables.sort_by_key(|shown| !matches!(shown, Shown::Array(_) | Shown::Text { .. }));
            }
            Order::MapsAlone => {
                view.variables = view.variables.into_iter().filter_map(maps_alone).collect();
            }
        }
        let layout = Layout::of(&view, name).map_err(|fault| refused(&fault))?;
        let sections = view.leaves().zip(layout.parts).map(|(leaf, part)| {
            let size = part.size;
            Section::of(leaf, part).map(|section| (section, size))
        });
        Ok(Self { head: layout.head, sections: sections.collect::<Result<_, _>>()?, size: layout.size })
    }

    /// Whether there is no data in it.
    pub fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }
}

/// The maps of a Grid, without its array.
fn maps_alone(shown: Shown<'_>) -> Option<Shown<'_>> {
    match shown {
        Shown::Grid(grid) if grid.form == GridForm::Grid => {
            Some(Shown::Grid(Grid { array: None, form: GridForm::Structure, ..grid }))
        }
        _ => None,
    }
}

/// Finds the size of every section; what is read for that is kept, up to the commit limit in all.
fn prepare(
    plugin: &DapPlugin,
    request: &Request<'_>,
    dataset: &Dataset,
    sections: Vec<(Section, Size)>,
) -> Result<Vec<Prepared>, Error> {
    let mut room = plugin.configuration.commit_limit;
    let mut prepared = Vec::with_capacity(sections.len());
    for (section, size) in sections {
        if let Some(size) = size.exact() {
            prepared.push(Prepared { section, size, state: State::Unread });
            continue;
        }
        let mut encoded = Some(Vec::new());
        let mut total = length(section.counts.len())?;
        let mut reader = section.reader();
        while let Some(bytes) = section.next(&mut reader, dataset)? {
            go_on(plugin.host, request)?;
            total = total.saturating_add(length(bytes.len())?);
            encoded = encoded.filter(|_| total <= room);
            if let Some(encoded) = &mut encoded {
                encoded.extend_from_slice(&bytes);
            }
        }
        if encoded.is_some() {
            room = room.saturating_sub(total);
        }
        let state = encoded.map_or(State::Counted, State::Kept);
        prepared.push(Prepared { section, size: total, state });
    }
    Ok(prepared)
}

/// The whole response in memory.
fn fill(
    (host, request): (Host, &Request<'_>),
    dataset: &Dataset,
    prepared: &[Prepared],
    out: &mut Filling,
) -> Result<(), Error> {
    for one in prepared {
        go_on(host, request)?;
        match &one.state {
            State::Kept(encoded) => {
                out.put(&one.section.counts)?;
                out.put(encoded)?;
            }
            State::Unread | State::Counted => one.section.append(dataset, out)?,
        }
    }
    Ok(())
}

fn go_on(host: Host, request: &Request<'_>) -> Result<(), Error> {
    if host.is_cancelled(request) {
        return Err(Error::new(ErrorKind::Cancelled, "the client does not wait any more"));
    }
    Ok(())
}

fn length(bytes: usize) -> Result<u64, Error> {
    u64::try_from(bytes).map_err(|error| Error::internal(error.to_string()))
}

/// The body of an answer to `HEAD`.
pub struct Nothing;

impl Body for Nothing {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(None)
    }
}
