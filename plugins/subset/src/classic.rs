//! Parts of datasets as classic netCDF files, streamed.

use weir_model::{Attribute, ByteOrder, DataType, Schema, Value, Variable};
use weir_netcdf::{Classic, Dimension, External};
use weir_plugin_api::{Dataset, Error, Host, Request, Response};
use weir_selection::Cut;

use crate::asked::Asked;
use crate::attributes::{global_attributes, kept};
use crate::chosen::Parts;
use crate::elements::{Content, Planned, refused, stream};
use crate::longitudes::shifted;
use crate::members::members;
use crate::texts::{are_texts, characters};

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
    let file = File::describe(&dataset, (&parts.schema, cut), (asked, &parts.variables))?;
    let plan = file.classic.plan().map_err(|error| refused(&error))?;
    let planned = Planned {
        header: plan.header(),
        length: plan.length(),
        steps: plan.steps().collect(),
        contents: &file.contents,
        order: ByteOrder::Big,
        media_type: asked.format.media_type(),
    };
    stream((host, request), (dataset, &parts.schema), &planned)
}

/// A file, and where the bytes of its variables come from.
struct File {
    classic: Classic,
    contents: Vec<Content>,
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
            if External::of(&variable.data_type).is_none() && !are_texts(variable) {
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
            Some(external) => match shifted(dataset, (path, variable), &selection, ByteOrder::Big)? {
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
        let mut attributes: Vec<Attribute> = kept(&variable.attributes).collect();
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
