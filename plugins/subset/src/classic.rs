//! Parts of datasets as classic netCDF files, streamed.

use std::collections::VecDeque;

use weir_model::{Attribute, ByteOrder, DataType, Schema, Value, Variable};
use weir_netcdf::{Classic, Dimension, External, NetcdfError};
use weir_plugin_api::{Body, Bytes, Dataset, Error, Host, Request, Response, blocks};
use weir_selection::{Cut, Selection};

use crate::asked::Asked;
use crate::chosen::Parts;
use crate::members::members;

/// Elements of a block that is read and sent at once: about so many, and at most four times.
const BLOCK_BYTES: u64 = 1 << 20;

/// Coordinates that are made here (shifted longitudes, texts) are made whole, up to this many bytes.
const MOST_MADE: u64 = 64 << 20;

/// The file that is asked for.
///
/// # Errors
/// Whatever keeps it from being described, and `TooLarge`.
pub(crate) fn answer(
    (host, request): (Host, &Request<'_>),
    dataset: Dataset,
    (asked, parts): (&Asked, &Parts),
) -> Result<Response, Error> {
    let [cut] = &parts.cuts[..] else {
        return Err(Error::bad_request(
            "a netCDF file holds one point here; ask for one at a time, or for format csv, json or parquet",
        ));
    };
    let file = File::describe(&dataset, (&parts.schema, cut), (asked, &parts.variables))?;
    let plan = file.classic.plan().map_err(|error| refused(&error))?;
    host.admit(request, plan.length())?;
    let media_type = asked.format.media_type();
    if request.is_head() {
        return Ok(Response::head(media_type, plan.length()));
    }
    let length = plan.length();
    let mut jobs = VecDeque::from([Job::Send(plan.header().to_vec())]);
    for step in plan.steps() {
        let content =
            file.contents.get(step.variable).ok_or_else(|| Error::internal("a variable has no content"))?;
        content.enqueue(&parts.schema, &mut jobs)?;
        if step.padding > 0 {
            jobs.push_back(Job::Send(vec![0; usize::try_from(step.padding).unwrap_or(0)]));
        }
    }
    let body = Streamed { dataset, schema: std::sync::Arc::clone(&parts.schema), jobs };
    Ok(Response::stream(media_type, Some(length), Box::new(body)))
}

fn refused(error: &NetcdfError) -> Error {
    match error {
        NetcdfError::TooLarge => Error::too_large(error.to_string()),
        NetcdfError::Name { .. } => {
            Error::bad_request(format!("{error}; ask for fewer variables, or another format"))
        }
        _ => Error::internal(error.to_string()),
    }
}

/// A file, and where the bytes of its variables come from.
struct File {
    classic: Classic,
    contents: Vec<Content>,
}

/// Where the bytes of a variable come from.
enum Content {
    /// From the dataset.
    Read(String, Selection),
    /// They were made.
    Made(Vec<u8>),
}

impl File {
    fn describe(
        dataset: &Dataset,
        (schema, cut): (&Schema, &Cut),
        (asked, chosen): (&Asked, &[String]),
    ) -> Result<Self, Error> {
        let mut file = Self { classic: Classic::default(), contents: Vec::new() };
        file.classic.attributes = global_attributes(dataset, schema, asked);
        let mut homes: Vec<String> = Vec::new();
        for path in members(schema, chosen) {
            let Some(variable) = schema.variable(&path) else { continue };
            let texts =
                matches!(variable.data_type.stored(), DataType::String | DataType::FixedString { .. });
            if External::of(&variable.data_type).is_none() && !texts {
                if chosen.contains(&path) {
                    return Err(Error::bad_request(format!(
                        "{path} has elements of type {}, which a classic netCDF file cannot hold",
                        variable.data_type.describe()
                    )));
                }
                continue;
            }
            file.add(dataset, (&path, variable), cut, &mut homes)?;
        }
        Ok(file)
    }

    fn add(
        &mut self,
        dataset: &Dataset,
        (path, variable): (&str, &Variable),
        cut: &Cut,
        homes: &mut Vec<String>,
    ) -> Result<(), Error> {
        let selection = cut.of(variable);
        let mut dimensions = Vec::new();
        for (dimension, length) in variable.dimensions.iter().zip(selection.shape()) {
            dimensions.push(self.dimension(dimension, length, homes)?);
        }
        let (external, content) = match External::of(&variable.data_type) {
            Some(external) => match shifted(dataset, (path, variable), &selection)? {
                Some(made) => (external, Content::Made(made)),
                None => (external, Content::Read(path.to_owned(), selection)),
            },
            None => {
                let (width, made) = characters(dataset, (path, variable), &selection)?;
                let place = self.dimension(&format!("/{}_strlen", variable.name), width, homes)?;
                dimensions.push(place);
                (External::Char, Content::Made(made))
            }
        };
        let mut attributes: Vec<Attribute> =
            variable.attributes.iter().filter(|attribute| is_kept(attribute)).cloned().collect();
        if variable.data_type == DataType::String && variable.attribute("_Encoding").is_none() {
            // Characters are bytes, and nothing else says which.
            attributes.push(Attribute { name: "_Encoding".to_owned(), value: Value::text("utf-8") });
        }
        self.classic.variables.push(weir_netcdf::Variable {
            name: variable.name.clone(),
            external,
            dimensions,
            attributes,
        });
        self.contents.push(content);
        Ok(())
    }

    /// The place of a dimension, by its path in the dataset; two of one name are not possible in one file.
    fn dimension(&mut self, path: &str, length: u64, homes: &mut Vec<String>) -> Result<usize, Error> {
        if let Some(place) = homes.iter().position(|home| home == path) {
            return Ok(place);
        }
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        homes.push(path.to_owned());
        self.classic.dimensions.push(Dimension { name, length, unlimited: false });
        Ok(homes.len().saturating_sub(1))
    }
}

/// The attributes of the file: those of the dataset, and a line of history. It tells no time, so that the file is the same
/// whenever it is asked for.
fn global_attributes(dataset: &Dataset, schema: &Schema, asked: &Asked) -> Vec<Attribute> {
    let line = format!("weir {}: subset of {} by {}", env!("CARGO_PKG_VERSION"), dataset.id(), asked.query);
    let is_history = |attribute: &&Attribute| attribute.name == "history";
    let before = schema.root.attributes.iter().find(is_history).and_then(|history| history.value.as_text());
    let history = before
        .filter(|text| !text.trim().is_empty())
        .map_or_else(|| line.clone(), |before| format!("{line}\n{before}"));
    let kept = schema
        .root
        .attributes
        .iter()
        .filter(|attribute| is_kept(attribute) && attribute.name != "history")
        .cloned();
    kept.chain([Attribute { name: "history".to_owned(), value: Value::text(&history) }]).collect()
}

/// What HDF5 and netCDF-4 note for themselves is of no meaning in another format.
fn is_kept(attribute: &Attribute) -> bool {
    ![
        "_NCProperties",
        "_Netcdf4Dimid",
        "_Netcdf4Coordinates",
        "_nc3_strict",
        "DIMENSION_LIST",
        "REFERENCE_LIST",
        "CLASS",
        "NAME",
    ]
    .contains(&attribute.name.as_str())
}

/// Longitudes that must be shifted so that they rise or fall on, big-endian; `None` where nothing has to be. Packed ones stay as
/// they are: what is added to them would have to be packed too.
fn shifted(
    dataset: &Dataset,
    (path, variable): (&str, &Variable),
    selection: &Selection,
) -> Result<Option<Vec<u8>>, Error> {
    let is_shifted = |axis: &weir_selection::Indices| axis.runs().iter().any(|run| run.shift != 0.0);
    let Some(axis) = selection.axes().iter().position(is_shifted) else { return Ok(None) };
    let dimension = variable.dimensions.get(axis).map_or("", String::as_str);
    let Some(factor) = longitude_units(dataset, path, dimension)? else { return Ok(None) };
    let is_packed = ["scale_factor", "add_offset"].iter().any(|name| variable.attribute(name).is_some());
    if is_packed || !matches!(variable.data_type, DataType::Float32 | DataType::Float64) {
        return Ok(None);
    }
    let mut bytes = read(dataset, (path, variable), selection)?;
    let size = variable.data_type.size().unwrap_or(1);
    let inner: u64 = selection.shape().iter().skip(axis.saturating_add(1)).product();
    let shifts: Vec<f64> = selection
        .axes()
        .get(axis)
        .map(|axis| axis.iter().map(|(_, shift)| shift * factor).collect())
        .unwrap_or_default();
    for (element, number) in bytes.chunks_exact_mut(size).zip(0_u64..) {
        let place = number
            .checked_div(inner)
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| at.checked_rem(shifts.len()));
        let shift = place.and_then(|place| shifts.get(place).copied()).unwrap_or(0.0);
        add(element, shift);
    }
    Ok(Some(bytes))
}

/// Adds to a big-endian single or double.
fn add(element: &mut [u8], shift: f64) {
    if let Ok(bytes) = <[u8; 8]>::try_from(&*element) {
        element.copy_from_slice(&(f64::from_be_bytes(bytes) + shift).to_be_bytes());
    } else if let Ok(bytes) = <[u8; 4]>::try_from(&*element) {
        #[expect(clippy::cast_possible_truncation, reason = "it is stored as a single")]
        element.copy_from_slice(&((f64::from(f32::from_be_bytes(bytes)) + shift) as f32).to_be_bytes());
    }
}

/// What degrees are multiplied by for the longitudes along a dimension, where the variable is these or their bounds.
fn longitude_units(dataset: &Dataset, path: &str, dimension: &str) -> Result<Option<f64>, Error> {
    let schema = dataset.schema()?;
    let group = path.rsplit_once('/').map_or("", |(group, _)| group);
    let Some(coordinate) = weir_cf::coordinate_variable(&schema, group, dimension) else { return Ok(None) };
    let is_it = coordinate.path == path || coordinate.bounds.is_some_and(|bounds| bounds.path == path);
    let units = coordinate.variable.attribute("units").and_then(|units| units.value.as_text());
    Ok(is_it.then(|| 1.0 / weir_cf::extent::to_degrees(units.as_deref())))
}

/// Elements, big-endian, whole.
fn read(
    dataset: &Dataset,
    (path, variable): (&str, &Variable),
    selection: &Selection,
) -> Result<Vec<u8>, Error> {
    let size = variable.data_type.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
    let length = selection.elements()?.checked_mul(size).filter(|length| *length <= MOST_MADE);
    let length = length.and_then(|length| usize::try_from(length).ok()).ok_or_else(|| {
        Error::too_large(format!(
            "{path} has more than {MOST_MADE} bytes, and such a coordinate is not made whole"
        ))
    })?;
    let mut bytes = vec![0; length];
    selection.read(dataset, (path, variable), ByteOrder::Big, &mut bytes)?;
    Ok(bytes)
}

/// Texts as characters along a dimension more: its length, and the characters, padded with zeros.
fn characters(
    dataset: &Dataset,
    (path, variable): (&str, &Variable),
    selection: &Selection,
) -> Result<(u64, Vec<u8>), Error> {
    if let DataType::FixedString { length } = variable.data_type.stored() {
        let bytes = read(dataset, (path, variable), selection)?;
        return Ok((u64::try_from(*length).unwrap_or(1), bytes));
    }
    let most = 1 << 16;
    if selection.elements()? > most {
        return Err(Error::too_large(format!(
            "{path} has {} texts, and at most {most} are written",
            selection.elements()?
        )));
    }
    let Some(slab) = selection.hyperslab(variable) else {
        return Err(Error::bad_request(format!(
            "{path} holds texts, which are not joined from several pieces; ask for one piece"
        )));
    };
    let texts = dataset.read_strings(path, &slab)?;
    let width = texts.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let length = width
        .checked_mul(texts.len())
        .filter(|length| u64::try_from(*length).is_ok_and(|length| length <= MOST_MADE));
    let mut bytes = Vec::with_capacity(
        length.ok_or_else(|| Error::too_large(format!("the texts of {path} are too long")))?,
    );
    for text in &texts {
        bytes.extend_from_slice(text);
        bytes.extend(std::iter::repeat_n(0, width.saturating_sub(text.len())));
    }
    Ok((u64::try_from(width).unwrap_or(1), bytes))
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
                    part.read(&self.dataset, (&path, variable), ByteOrder::Big, &mut block)?;
                    return Ok(Some(blocks::send(block)));
                }
            }
        }
    }
}
