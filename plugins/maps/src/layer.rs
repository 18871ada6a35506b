//! Layers: variables that lie on the Earth.

use std::collections::BTreeSet;

use weir_cf::axes::{Kind, kind};
use weir_fields::{Laid, packing};
use weir_model::{Schema, Variable};
use weir_plugin_api::{Dataset, Error};
use weir_selection::{Axes, Indices};

use crate::dimension::Dimension;
use crate::keys::Keys;
use crate::refusal::{Code, refused};

/// A variable that lies on the Earth.
pub(crate) struct Layer<'a> {
    /// Its path without the first slash.
    pub name: String,
    pub axes: Axes<'a>,
    pub laid: Laid,
    pub dimensions: Vec<Dimension>,
}

impl<'a> Layer<'a> {
    /// The layer of a name.
    ///
    /// # Errors
    /// `LayerNotDefined`, with those that there are.
    pub(crate) fn open(dataset: &'a Dataset, name: &str) -> Result<Self, Error> {
        let schema = dataset.schema()?;
        let path = format!("/{}", name.trim_start_matches('/'));
        let found = schema.variable(&path).and_then(|variable| laid(&schema, &path, variable).ok());
        let Some(laid) = found else {
            let shown: String = name.chars().take(80).collect();
            let why = match schema.variable(&path) {
                Some(variable) => laid_error(&schema, &path, variable),
                None => "there is no such variable".to_owned(),
            };
            let names: Vec<String> = names(&schema).into_iter().take(40).collect();
            let words = format!("{shown:?} is no layer: {why}; there are {}", names.join(", "));
            return Err(refused(Code::LayerNotDefined, words));
        };
        let axes = Axes::of(dataset, &path)?;
        let dimensions = Dimension::all(&axes, &laid.dimensions());
        Ok(Self { name: path.trim_start_matches('/').to_owned(), axes, laid, dimensions })
    }

    /// The variable.
    ///
    /// # Errors
    /// Where it is not there any more.
    pub(crate) fn variable(&self) -> Result<&Variable, Error> {
        let found = self.axes.schema().variable(self.axes.path());
        found.ok_or_else(|| Error::internal("the variable is not there any more"))
    }

    /// The text of an attribute.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let text = self.variable().ok()?.attribute(name)?.value.as_text()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// What people call it.
    pub(crate) fn title(&self) -> String {
        self.text("long_name").or_else(|| self.text("standard_name")).unwrap_or_else(|| self.name.clone())
    }

    /// Its units.
    pub(crate) fn units(&self) -> Option<String> {
        self.text("units").filter(|units| units != "1")
    }

    /// The title with the units, for a legend.
    pub(crate) fn label(&self) -> String {
        match self.units() {
            Some(units) => format!("{} [{units}]", self.title()),
            None => self.title(),
        }
    }

    /// Single indices along the dimensions that are not horizontal: those that the keys ask for, else those of each dimension's default.
    ///
    /// # Errors
    /// `InvalidDimensionValue`.
    pub(crate) fn at(&self, keys: &Keys) -> Result<Vec<Indices>, Error> {
        let mut at: Vec<Indices> = self.axes.along().iter().map(|_| Indices::one(0)).collect();
        for dimension in &self.dimensions {
            let index = match dimension.asked(keys) {
                Some(value) => dimension.index(&self.axes, value)?,
                None => dimension.usual(&self.axes),
            };
            if let Some(room) = at.get_mut(dimension.axis) {
                *room = Indices::one(index);
            }
        }
        Ok(at)
    }

    /// How many cells it has.
    pub(crate) fn cells(&self) -> u64 {
        let lengths = self.laid.dimensions();
        let lengths = lengths.iter().filter_map(|axis| self.axes.along().get(*axis));
        lengths.map(|along| along.length).fold(1, u64::saturating_mul)
    }
}

/// How a variable lies, where it is a layer.
fn laid(schema: &Schema, path: &str, variable: &Variable) -> Result<Laid, Error> {
    if variable.shape.is_empty() || variable.shape.contains(&0) {
        return Err(Error::unsupported("it has no value that lies anywhere"));
    }
    packing(variable)?;
    let laid = Laid::of(schema, path)?;
    laid.told(schema, path)?;
    Ok(laid)
}

fn laid_error(schema: &Schema, path: &str, variable: &Variable) -> String {
    laid(schema, path, variable).err().map(|error| error.message).unwrap_or_default()
}

/// The names of all layers: variables of numbers on a horizontal grid that are no coordinates of others.
pub(crate) fn names(schema: &Schema) -> Vec<String> {
    let variables = schema.variables();
    let serving: BTreeSet<String> = variables.iter().flat_map(|(_, variable)| helpers(variable)).collect();
    let is_layer = |(path, variable): &(String, &Variable)| {
        let is_coordinate = variable.dimension_names().any(|name| name == variable.name)
            || matches!(kind(variable), Some(Kind::Longitude | Kind::Latitude))
            || serving.contains(&variable.name);
        !is_coordinate && laid(schema, path, variable).is_ok()
    };
    let layers = variables.iter().filter(|found| is_layer(found));
    layers.map(|(path, _)| path.trim_start_matches('/').to_owned()).collect()
}

/// The names that a variable's attributes give to what describes it.
fn helpers(variable: &Variable) -> Vec<String> {
    let names = ["coordinates", "bounds", "climatology"];
    let texts = names.iter().filter_map(|name| variable.attribute(name)?.value.as_text());
    texts.flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}
