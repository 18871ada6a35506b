//! The elements of files, as they are read and sent.

use std::collections::VecDeque;
use std::sync::Arc;

use weir_model::{ByteOrder, Schema, Variable};
use weir_netcdf::{NetcdfError, Step};
use weir_plugin_api::{Body, Bytes, Dataset, Error, Host, Request, Response, blocks};
use weir_selection::Selection;

/// Elements of a block that is read and sent at once: about so many, and at most four times.
const BLOCK_BYTES: u64 = 1 << 20;

/// Coordinates that are made here (shifted longitudes, texts) are made whole, up to this many bytes.
pub(crate) const MOST_MADE: u64 = 64 << 20;

/// Where the bytes of a variable come from.
pub(crate) enum Content {
    /// From the dataset.
    Read(String, Selection),
    /// They were made.
    Made(Vec<u8>),
}

/// A file whose metadata is known.
pub(crate) struct Planned<'a> {
    /// The bytes before all elements.
    pub header: &'a [u8],
    /// The length of the file.
    pub length: u64,
    /// What follows.
    pub steps: Vec<Step>,
    /// The elements of each variable.
    pub contents: &'a [Content],
    /// The order of their bytes.
    pub order: ByteOrder,
    pub media_type: &'static str,
}

/// A file as it is sent.
///
/// # Errors
/// `TooLarge`, where the host allows less.
pub(crate) fn stream(
    (host, request): (Host, &Request<'_>),
    (dataset, schema): (Dataset, &Arc<Schema>),
    file: &Planned<'_>,
) -> Result<Response, Error> {
    host.admit(request, file.length)?;
    if request.is_head() {
        return Ok(Response::head(file.media_type, file.length));
    }
    let mut jobs = VecDeque::from([Job::Send(file.header.to_vec())]);
    for step in &file.steps {
        let content =
            file.contents.get(step.variable).ok_or_else(|| Error::internal("a variable has no content"))?;
        content.enqueue(schema, &mut jobs)?;
        if step.padding > 0 {
            jobs.push_back(Job::Send(vec![0; usize::try_from(step.padding).unwrap_or(0)]));
        }
    }
    let body = Streamed { dataset, schema: Arc::clone(schema), order: file.order, jobs };
    Ok(Response::stream(file.media_type, Some(file.length), Box::new(body)))
}

/// Why a file cannot be as it is described.
pub(crate) fn refused(error: &NetcdfError) -> Error {
    match error {
        NetcdfError::TooLarge => Error::too_large(error.to_string()),
        NetcdfError::Name { .. } | NetcdfError::Attribute { .. } => {
            Error::bad_request(format!("{error}; ask for fewer variables, or another format"))
        }
        _ => Error::internal(error.to_string()),
    }
}

/// Elements, whole, in an order of bytes.
pub(crate) fn whole(
    dataset: &Dataset,
    (path, variable): (&str, &Variable),
    selection: &Selection,
    order: ByteOrder,
) -> Result<Vec<u8>, Error> {
    let size = variable.data_type.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    let length = selection.elements()?.checked_mul(size).filter(|length| *length <= MOST_MADE);
    let length = length.and_then(|length| usize::try_from(length).ok()).ok_or_else(|| {
        Error::too_large(format!(
            "{path} has more than {MOST_MADE} bytes, and such a coordinate is not made whole"
        ))
    })?;
    let mut bytes = vec![0; length];
    selection.read(dataset, (path, variable), order, &mut bytes)?;
    Ok(bytes)
}

/// What is sent next.
enum Job {
    Send(Vec<u8>),
    Read(String, Selection),
}

impl Content {
    fn enqueue(&self, schema: &Schema, jobs: &mut VecDeque<Job>) -> Result<(), Error> {
        match self {
            Self::Made(bytes) => jobs.push_back(Job::Send(bytes.clone())),
            Self::Read(path, selection) => {
                let variable = schema.variable(path).ok_or_else(|| Error::internal("a variable is gone"))?;
                let size =
                    variable.data_type.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(1).max(1);
                let elements = BLOCK_BYTES.checked_div(size).unwrap_or(1).max(1);
                let parts = selection.blocks(variable, (elements, elements.saturating_mul(4)));
                jobs.extend(parts.into_iter().map(|part| Job::Read(path.clone(), part)));
            }
        }
        Ok(())
    }
}

struct Streamed {
    dataset: Dataset,
    schema: std::sync::Arc<Schema>,
    order: ByteOrder,
    jobs: VecDeque<Job>,
}

impl Body for Streamed {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.jobs.pop_front() {
                None => return Ok(None),
                // An empty piece would say nothing.
                Some(Job::Send(bytes)) if bytes.is_empty() => {}
                Some(Job::Send(bytes)) => return Ok(Some(bytes.into())),
                Some(Job::Read(path, part)) => {
                    let variable =
                        self.schema.variable(&path).ok_or_else(|| Error::internal("a variable is gone"))?;
                    let length = usize::try_from(part.elements()?).ok();
                    let length = length.and_then(|elements| elements.checked_mul(variable.data_type.size()?));
                    let mut block =
                        blocks::take(length.ok_or_else(|| Error::too_large("a block exceeds memory"))?);
                    part.read(&self.dataset, (&path, variable), self.order, &mut block)?;
                    return Ok(Some(blocks::send(block)));
                }
            }
        }
    }
}
