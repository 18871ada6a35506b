//! Processing: which recipe a dataset has, and what it makes of the dataset.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;
use weir_cf::packing::{NumberType, Packing};
use weir_plugin_api::model::{ByteOrder, DataType, Hyperslab, Schema, Variable};
use weir_plugin_api::{Dataset, Error};
use weir_zarr::{Product, Recipe};

/// Products of this many generations of datasets are kept.
const KEPT: usize = 64;
/// Coordinates of more numbers than this are not searched.
const MOST_COORDINATES: u64 = 1 << 22;

/// The plugin's section of the configuration.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    /// The first recipe that names a dataset is the dataset's.
    #[serde(default)]
    recipe: Vec<Recipe>,
}

/// The recipes of a site.
pub(crate) struct Processing {
    recipes: Vec<(GlobSet, Recipe)>,
    products: Mutex<VecDeque<(String, Arc<Product>)>>,
}

impl Processing {
    /// Reads the plugin's section of the configuration.
    pub fn of(config: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::bad_request(format!("its configuration: {reason}"));
        let section: Section = serde_json::from_str(config).map_err(|error| wrong(error.to_string()))?;
        let with_patterns = |recipe: Recipe| {
            let mut patterns = GlobSetBuilder::new();
            for pattern in &recipe.datasets {
                patterns.add(Glob::new(pattern).map_err(|error| wrong(error.to_string()))?);
            }
            let patterns = patterns.build().map_err(|error| wrong(error.to_string()))?;
            Ok((patterns, recipe))
        };
        let recipes = section.recipe.into_iter().map(with_patterns).collect::<Result<_, Error>>()?;
        Ok(Self { recipes, products: Mutex::default() })
    }

    /// What the recipe of a dataset makes of it; `None` where it has no recipe.
    pub fn product(&self, dataset: &Dataset, schema: &Schema) -> Result<Option<Arc<Product>>, Error> {
        let Some((_, recipe)) = self.recipes.iter().find(|(ids, _)| ids.is_match(dataset.id())) else {
            return Ok(None);
        };
        let key = format!("{}\0{}", dataset.id(), dataset.generation()?);
        let kept = || self.products.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, product)) = kept().iter().find(|(of, _)| *of == key) {
            return Ok(Some(Arc::clone(product)));
        }
        let failed = Mutex::new(None);
        let coordinates = |path: &str| {
            coordinates(dataset, schema, path).map_err(|error| {
                let message = error.to_string();
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                message
            })
        };
        let product = Product::of(schema, recipe, &coordinates, &unpacked);
        let product = product.map_err(|reason| {
            // That the disk failed is not the recipe's fault.
            let failed = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
            failed.unwrap_or_else(|| Error::internal(format!("the recipe of {}: {reason}", dataset.id())))
        })?;
        let product = Arc::new(product);
        let mut kept = kept();
        kept.push_front((key, Arc::clone(&product)));
        kept.truncate(KEPT);
        Ok(Some(product))
    }
}

/// The type of a variable's unpacked numbers.
fn unpacked(variable: &Variable) -> Result<DataType, String> {
    let packing = Packing::of(variable).map_err(|error| error.to_string())?.without_valid_range();
    Ok(if packing.unpacked() == NumberType::Float32 { DataType::Float32 } else { DataType::Float64 })
}

/// The numbers along a dimension: those of the variable that is called like it.
fn coordinates(dataset: &Dataset, schema: &Schema, path: &str) -> Result<Vec<f64>, Error> {
    let none = |why: &str| Error::internal(format!("the recipe selects by numbers along {path}, but {why}"));
    let variable = schema.variable(path).ok_or_else(|| none("there is no variable of that name"))?;
    let packing = Packing::of(variable).map_err(|error| none(&error.to_string()))?;
    let slab = Hyperslab::whole(&variable.shape).map_err(|misfit| none(&misfit.to_string()))?;
    if variable.shape.len() != 1 || slab.elements() > MOST_COORDINATES {
        return Err(none(&format!("that has shape {:?}", variable.shape)));
    }
    let size = variable.data_type.size().unwrap_or(0) as u64;
    let length = usize::try_from(slab.elements().saturating_mul(size)).unwrap_or(0);
    let mut stored = vec![0; length];
    dataset.read(path, &slab, ByteOrder::NATIVE, &mut stored)?;
    let mut numbers = Vec::new();
    packing.unpack(&stored, &mut numbers).map_err(|error| none(&error.to_string()))?;
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_are_checked() {
        let refused = |config: &str| Processing::of(config).err().unwrap().message;
        assert!(refused(r#"{"recipes": []}"#).contains("unknown field `recipes`"));
        assert!(refused(r#"{"recipe": [{"datasets": ["a["]}]}"#).contains("a["));
        assert!(refused(r#"{"recipe": [{"datasets": [], "keepbits": "x"}]}"#).contains("invalid type"));
    }
}
