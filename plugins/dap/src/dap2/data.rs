//! Data: a response is known to be good before its first byte is sent.
//!
//! netCDF-C turns a body that ends early, in whatever way, into zeros and reports success. So a response of up to 16 MiB is
//! read and decoded as a whole first. For a larger one, the host proves every chunk first (once per chunk, while the file
//! stays the same), and then pieces are read as the client takes them. Texts are read first in either case: only then is
//! the size known, and the size must be right.

use weir_dap::dap2::dods::{Layout, Size};
use weir_dap::dap2::{Constraint, Inventory, View};
use weir_plugin_api::{Body, Bytes, Dataset, Error, ErrorKind, Host, Request, Response};

use super::section::Section;
use super::transfer::{Prepared, Transfer};
use super::{dataset_name, described, refused};

/// Responses up to here are read as a whole before they are sent.
pub const COMMIT: u64 = 16 << 20;

const MEDIA_TYPE: &str = "application/octet-stream";

/// The data that the constraint names.
pub fn dods(host: Host, request: &Request<'_>, dataset: Dataset) -> Result<Response, Error> {
    let plan = Plan::of(request.query(), dataset_name(request), &dataset, Order::Declared)?;
    host.admit(request, plan.size.planned())?;
    if request.is_head() {
        return Ok(finish(Response::stream(MEDIA_TYPE, plan.size.exact(), Box::new(Nothing))));
    }
    let response = match Source::of(host, request, dataset, plan)? {
        Source::Whole(bytes) => Response::full(MEDIA_TYPE, bytes),
        Source::Pieces { total, transfer } => Response::stream(MEDIA_TYPE, Some(total), transfer),
    };
    Ok(finish(response))
}

/// What a response is sent from; known to be good.
pub enum Source {
    /// All of it.
    Whole(Vec<u8>),
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
    pub fn of(host: Host, request: &Request<'_>, dataset: Dataset, plan: Plan) -> Result<Self, Error> {
        let Plan { head, sections, size } = plan;
        let prepared = prepare(host, request, &dataset, sections)?;
        let known = prepared.iter().map(|one| one.size).try_fold(length(head.len())?, u64::checked_add);
        let total = match size.exact() {
            Some(total) => total,
            None => known.ok_or_else(|| Error::too_large("the response has more than 64 bits can count"))?,
        };
        host.admit(request, total)?;
        if total <= COMMIT {
            let bytes = assemble(host, request, &dataset, head, &prepared)?;
            if length(bytes.len())? != total {
                let got = bytes.len();
                return Err(Error::internal(format!("the response has {got} bytes instead of {total}")));
            }
            return Ok(Self::Whole(bytes));
        }
        for one in prepared.iter().filter(|one| one.encoded.is_none() && one.section.is_numeric()) {
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
            Self::Whole(bytes) => Ok(Some(std::mem::take(bytes).into())),
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
    /// What the constraint `query` names of the dataset that a DDS calls `name`.
    pub fn of(query: &str, name: &str, dataset: &Dataset, order: Order) -> Result<Self, Error> {
        let schema = dataset.schema()?;
        let inventory = Inventory::of(&schema);
        let constraint = Constraint::parse(query).map_err(|fault| refused(&fault))?;
        let mut view = View::resolve(&constraint, &inventory).map_err(|fault| refused(&fault))?;
        if order == Order::LeavesFirst {
            view.variables.sort_by_key(|variable| variable.entry.data_type.size().is_none() && false);
        }
        let layout = Layout::of(&view, name).map_err(|fault| refused(&fault))?;
        let parts = view.variables.iter().zip(layout.parts);
        let sections = parts.map(|(variable, part)| {
            let size = part.size;
            Section::of(variable, part).map(|section| (section, size))
        });
        Ok(Self { head: layout.head, sections: sections.collect::<Result<_, _>>()?, size: layout.size })
    }
}

/// Finds the size of every section; what is read for that is kept, up to [`COMMIT`] bytes in all.
fn prepare(
    host: Host,
    request: &Request<'_>,
    dataset: &Dataset,
    sections: Vec<(Section, Size)>,
) -> Result<Vec<Prepared>, Error> {
    let mut room = COMMIT;
    let mut prepared = Vec::with_capacity(sections.len());
    for (section, size) in sections {
        if let Some(size) = size.exact() {
            prepared.push(Prepared { section, size, encoded: None });
            continue;
        }
        let mut encoded = Some(Vec::new());
        let mut total = length(section.counts.len())?;
        for piece in section.pieces() {
            go_on(host, request)?;
            let bytes = section.read(dataset, &piece)?;
            total = total.saturating_add(length(bytes.len())?);
            encoded = encoded.filter(|_| total <= room);
            if let Some(encoded) = &mut encoded {
                encoded.extend_from_slice(&bytes);
            }
        }
        if encoded.is_some() {
            room = room.saturating_sub(total);
        }
        prepared.push(Prepared { section, size: total, encoded });
    }
    Ok(prepared)
}

/// The whole response in memory.
fn assemble(
    host: Host,
    request: &Request<'_>,
    dataset: &Dataset,
    head: Vec<u8>,
    prepared: &[Prepared],
) -> Result<Vec<u8>, Error> {
    let mut bytes = head;
    let sizes = prepared.iter().map(|one| one.size).fold(0, u64::saturating_add);
    // At most `COMMIT`.
    bytes.reserve_exact(usize::try_from(sizes.min(COMMIT)).unwrap_or(0));
    for one in prepared {
        go_on(host, request)?;
        match &one.encoded {
            Some(encoded) => {
                bytes.extend_from_slice(&one.section.counts);
                bytes.extend_from_slice(encoded);
            }
            None => one.section.append(dataset, &mut bytes)?,
        }
    }
    Ok(bytes)
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
