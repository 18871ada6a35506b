//! Parts of datasets as netCDF-4 files, streamed. Groups stay groups, texts stay texts.

use std::collections::BTreeSet;

use weir_model::{ByteOrder, Schema, Variable};
use weir_netcdf::External;
use weir_netcdf::netcdf4::{self, Dimension, Elements, Group};
use weir_plugin_api::{Dataset, Error, Host, Request, Response};
use weir_selection::Cut;

use crate::asked::Asked;
use crate::attributes::{global_attributes, kept};
use crate::chosen::Parts;
use crate::elements::{Content, Planned, refused, stream};
use crate::longitudes::shifted;
use crate::members::members;
use crate::texts::{are_texts, texts};

/// The file that is asked for.
///
/// # Errors
/// Whatever keeps it from being described, and `TooLarge`.
pub(crate) fn answer(
    (host, request): (Host, &Request<'_>),
    dataset: Dataset,
    (asked, parts): (&Asked, &Parts),
) -> Result<Response, Error> {
    let cut = parts.single()?;
    let mut file = File::default();
    for path in members(&parts.schema, &parts.variables) {
        let Some(variable) = parts.schema.variable(&path) else { continue };
        if External::of(&variable.data_type).is_some() || are_texts(variable) {
            file.add(&dataset, (&path, variable), cut)?;
        } else if parts.variables.contains(&path) {
            return Err(Error::bad_request(format!(
                "{path} has elements of type {}, which are not written to netCDF files",
                variable.data_type.describe()
            )));
        }
    }
    file.described.groups = groups(&dataset, &parts.schema, (asked, &file.described.variables));
    let plan = file.described.plan().map_err(|error| refused(&error))?;
    let planned = Planned {
        header: plan.header(),
        length: plan.length(),
        steps: plan.steps().collect(),
        contents: &file.contents,
        order: ByteOrder::Little,
        media_type: asked.format.media_type(),
    };
    stream((host, request), (dataset, &parts.schema), &planned)
}

/// A file, and where the elements of its variables come from.
#[derive(Default)]
struct File {
    described: netcdf4::File,
    contents: Vec<Content>,
}

impl File {
    fn add(
        &mut self,
        dataset: &Dataset,
        (path, variable): (&str, &Variable),
        cut: &Cut,
    ) -> Result<(), Error> {
        let selection = cut.of(variable);
        let axes = variable.dimensions.iter().zip(selection.shape());
        let dimensions = axes.map(|(path, length)| self.dimension(path, length)).collect();
        let (elements, content) = match External::of(&variable.data_type) {
            Some(external) => {
                let made = shifted(dataset, (path, variable), &selection, ByteOrder::Little)?;
                let content = made.map_or_else(|| Content::Read(path.to_owned(), selection), Content::Made);
                (Elements::Numbers(external), content)
            }
            None => {
                let texts = texts(dataset, (path, variable), &selection)?;
                (Elements::Texts(texts), Content::Made(Vec::new()))
            }
        };
        self.described.variables.push(netcdf4::Variable {
            path: path.to_owned(),
            elements,
            dimensions,
            attributes: kept(&variable.attributes).collect(),
        });
        self.contents.push(content);
        Ok(())
    }

    /// The place of a dimension.
    fn dimension(&mut self, path: &str, length: u64) -> usize {
        let known = &mut self.described.dimensions;
        known.iter().position(|dimension| dimension.path == path).unwrap_or_else(|| {
            known.push(Dimension { path: path.to_owned(), length });
            known.len().saturating_sub(1)
        })
    }
}

/// The groups in which variables lie, and those around them, with their attributes.
fn groups(
    dataset: &Dataset,
    schema: &Schema,
    (asked, variables): (&Asked, &[netcdf4::Variable]),
) -> Vec<Group> {
    let mut held: BTreeSet<&str> = BTreeSet::new();
    for variable in variables {
        let ends = variable.path.match_indices('/').map(|(end, _)| end);
        held.extend(ends.filter_map(|end| variable.path.get(..end)).filter(|path| !path.is_empty()));
    }
    let root = Group { path: "/".to_owned(), attributes: global_attributes(dataset, schema, asked) };
    let inner = schema.groups().into_iter().filter(|(path, _)| held.contains(path.as_str()));
    let inner = inner.map(|(path, group)| Group { path, attributes: kept(&group.attributes).collect() });
    std::iter::once(root).chain(inner).collect()
}
