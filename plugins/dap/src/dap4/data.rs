//! Data: what is small is read as a whole before it is sent, what is large is streamed.
//!
//! A response up to the site's commit limit is read first, so that whatever fails becomes a status. A larger one has no announced length: if reading
//! fails on the way, it ends with an error document instead of the rest. Elements of varying size are read once to know their
//! size, so that a limit is kept before anything is sent.

use weir_dap::dap4::response_chunk::{self, Framed, Role};
use weir_dap::dap4::{Checksum, Checksums, Inventory, Query, Size, View};
use weir_plugin_api::{Body, Bytes, Dataset, Error, ErrorKind, Host, Request, Response};

use super::section::Section;
use super::transfer::{Prepared, Transfer};
use super::{dataset_name, described, functions, misunderstood, published, refused};
use crate::DapPlugin;

const MEDIA_TYPE: &str = "application/vnd.opendap.dap4.data";

/// The data that the query names.
pub fn dap(plugin: &DapPlugin, request: &Request<'_>, dataset: Dataset) -> Result<Response, Error> {
    let (host, commit) = (plugin.host, plugin.configuration.commit_limit);
    let query = Query::parse(request.query()).map_err(|query| misunderstood(&query))?;
    if !query.function.is_empty() {
        return function(request, &query);
    }
    let Plan { dmr, sections, size } = Plan::of(request, &dataset, &query)?;
    host.admit(request, size.planned())?;
    if request.is_head() {
        return Ok(head(&dmr, size, commit));
    }
    let prepared = prepare(plugin, request, &dataset, sections)?;
    let sums = query.checksums.size().saturating_mul(length(prepared.len())?);
    let total = prepared.iter().map(|one| one.size).fold(sums, u64::saturating_add);
    host.admit(request, total)?;
    if total <= commit {
        let bytes = assemble(host, request, &dataset, &dmr, &prepared, (query.checksums, total))?;
        return Ok(described(Response::full(MEDIA_TYPE, bytes), "dap4-data").compressible().stable());
    }
    let first = chunk(Role::Dmr(query.checksums), &dmr)?;
    let transfer = Transfer::new(host, request.id(), dataset, first, prepared, query.checksums);
    // A response that may end with an error must never be taken from a cache.
    Ok(described(Response::stream(MEDIA_TYPE, None, Box::new(transfer)), "dap4-data").compressible())
}

/// The headers of a response of `size` bytes of data. Its length is known where the elements have a size of their own and it is not
/// streamed: how long a streamed one will be depends on where its chunks begin, and on whether it ends with an error.
fn head(dmr: &[u8], size: Size, commit: u64) -> Response {
    let exact = size.exact().filter(|&size| size <= commit);
    let framed = exact.and_then(|size| response_chunk::framed_size(u64::try_from(dmr.len()).ok()?, size));
    let response =
        described(Response::stream(MEDIA_TYPE, framed, Box::new(Nothing)), "dap4-data").compressible();
    if exact.is_some() { response.stable() } else { response }
}

/// What is to be sent.
struct Plan {
    /// The DMR, with the line end that clients overwrite.
    dmr: Vec<u8>,
    sections: Vec<Section>,
    /// All data, with checksums.
    size: Size,
}

impl Plan {
    fn of(request: &Request<'_>, dataset: &Dataset, query: &Query) -> Result<Self, Error> {
        let schema = dataset.schema()?;
        let inventory = Inventory::of(&schema);
        let view = View::of(&query.constraint, &inventory).map_err(|fault| refused(&fault))?;
        let dmr = closed(published(&view.document(dataset_name(request)))?);
        let sections: Vec<Section> = view.variables.iter().map(Section::of).collect::<Result<_, _>>()?;
        let sums = query.checksums.size();
        let size = sections.iter().fold(Size::ZERO, |size, section| size.and(section.size).plus(sums));
        Ok(Self { dmr, sections, size })
    }
}

/// The text of the first chunk: netCDF-C puts a NUL where its last byte stands.
fn closed(dmr: String) -> Vec<u8> {
    let mut bytes = dmr.into_bytes();
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// A chunk that stands alone.
fn chunk(role: Role, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let header = response_chunk::header(role, bytes.len()).ok_or_else(long_dmr)?;
    Ok([header.as_slice(), bytes].concat())
}

fn long_dmr() -> Error {
    let most = response_chunk::MOST;
    Error::too_large(format!("the dmr has more than {most} bytes; ask for fewer variables by dap4.ce"))
}

/// Finds the size of every section; what is read for that is kept, up to the commit limit in all.
fn prepare(
    plugin: &DapPlugin,
    request: &Request<'_>,
    dataset: &Dataset,
    sections: Vec<Section>,
) -> Result<Vec<Prepared>, Error> {
    let mut room = plugin.configuration.commit_limit;
    let mut prepared = Vec::with_capacity(sections.len());
    for section in sections {
        if let Some(size) = section.size.exact() {
            prepared.push(Prepared { section, size, encoded: None });
            continue;
        }
        let mut encoded = Some(Vec::new());
        let mut total = 0_u64;
        for piece in section.pieces() {
            go_on(plugin.host, request)?;
            let mut bytes = Vec::new();
            section.append(dataset, &piece, &mut bytes)?;
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
    dmr: &[u8],
    prepared: &[Prepared],
    (checksums, total): (Checksums, u64),
) -> Result<Vec<u8>, Error> {
    let total = usize::try_from(total).map_err(|error| Error::internal(error.to_string()))?;
    let mut framed = Framed::new(dmr, checksums, total).ok_or_else(long_dmr)?;
    for Prepared { section, encoded, .. } in prepared {
        let mut checksum = Checksum::default();
        if let Some(encoded) = encoded {
            checksum.update(encoded);
            framed.push(encoded);
        } else {
            for piece in section.pieces() {
                go_on(host, request)?;
                put(section, dataset, &piece, &mut framed, &mut checksum)?;
            }
        }
        if checksums == Checksums::Sent {
            framed.push(&checksum.finish());
        }
    }
    framed.finish().ok_or_else(|| Error::internal("the response does not have the size that was planned"))
}

/// Reads a piece to where it is sent from, if it lies there in one.
fn put(
    section: &Section,
    dataset: &Dataset,
    piece: &weir_plugin_api::model::Hyperslab,
    framed: &mut Framed,
    checksum: &mut Checksum,
) -> Result<(), Error> {
    if let Some(space) = section.verbatim(piece).and_then(|bytes| framed.space(bytes)) {
        section.read(dataset, piece, space)?;
        checksum.update(space);
        return Ok(());
    }
    let mut bytes = Vec::new();
    section.append(dataset, piece, &mut bytes)?;
    checksum.update(&bytes);
    framed.push(&bytes);
    Ok(())
}

/// What a function gives, as a response.
fn function(request: &Request<'_>, query: &Query) -> Result<Response, Error> {
    let outcome = functions::call(query)?;
    let dmr = closed(published(&outcome.document)?);
    let mut data = Vec::new();
    for variable in &outcome.variables {
        data.extend_from_slice(variable);
        if query.checksums == Checksums::Sent {
            let mut checksum = Checksum::default();
            checksum.update(variable);
            data.extend_from_slice(&checksum.finish());
        }
    }
    let mut framed = Framed::new(&dmr, query.checksums, data.len()).ok_or_else(long_dmr)?;
    framed.push(&data);
    let bytes = framed.finish().ok_or_else(|| Error::internal("a function's size is wrong"))?;
    let response = match request.is_head() {
        true => Response::head(MEDIA_TYPE, length(bytes.len())?),
        false => Response::full(MEDIA_TYPE, bytes),
    };
    Ok(described(response, "dap4-data").compressible().stable())
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
struct Nothing;

impl Body for Nothing {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(None)
    }
}
