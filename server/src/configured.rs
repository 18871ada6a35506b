//! Datasets of the configuration: from its words to those of the datasets.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use weir_config::{Aggregation, AttributeScalar, AttributeValue, Config, Dataset, Source, Type};
use weir_datasets::aggregate::Definition;
use weir_datasets::aggregate::definition::{
    AttributeEdit, Base, DimensionEdit, Edits, Fixed, Kind, Literal, Location, MemberRule, Order, Overlap,
    Removal, Rules, Scan, VariableEdit,
};
use weir_datasets::{Catalog, Error, Place};

/// The files and folders that are served as they are found.
#[must_use]
pub fn data(config: &Config) -> Vec<PathBuf> {
    config.data.iter().map(|path| config.folder().join(path)).collect()
}

/// What datasets of the configuration and references in data may reach.
#[must_use]
pub fn roots(config: &Config) -> Vec<PathBuf> {
    let folder = config.folder();
    let mut roots = data(config);
    roots.extend(config.access.folders.iter().map(|path| folder.join(path)));
    for dataset in &config.datasets {
        match &dataset.source {
            Source::Path(path) => roots.push(folder.join(path)),
            Source::Url(_) => {}
            Source::Aggregation(aggregation) => {
                let found = aggregation.files.iter().map(|pattern| Scan::glob(folder, pattern).location);
                roots.extend(found.map(|location| location.folder.join(location.text)));
            }
        }
    }
    roots
}

/// Adds the datasets of the configuration to those that were found.
///
/// # Errors
/// An id that is taken, and a path that is no dataset, with the place in the configuration.
pub fn add(config: &Config, catalog: &mut Catalog) -> Result<(), Error> {
    config.datasets.iter().try_for_each(|dataset| {
        add_one(config, dataset, catalog)
            .map_err(|e| Error::new(e.kind, dataset.error(&e.message).to_string()))
    })
}

fn add_one(config: &Config, dataset: &Dataset, catalog: &mut Catalog) -> Result<(), Error> {
    let edits = edits(dataset);
    let base = match &dataset.source {
        Source::Path(path) if edits.is_empty() => {
            return catalog.add_path(&dataset.id, &config.folder().join(path));
        }
        Source::Path(path) => Base::File(location(config.folder(), &path.to_string_lossy())),
        Source::Url(url) if edits.is_empty() => {
            return catalog.add_path(&dataset.id, Path::new(url));
        }
        Source::Url(url) => Base::File(location(config.folder(), url)),
        Source::Aggregation(aggregation) => Base::Aggregation(Box::new(rules(config.folder(), aggregation))),
    };
    catalog.add(&dataset.id, Place::Made(Arc::new(Definition { base, edits })))
}

fn location(folder: &Path, text: &str) -> Location {
    Location { folder: folder.to_owned(), text: text.to_owned() }
}

fn rules(folder: &Path, aggregation: &Aggregation) -> Rules {
    let kind = match aggregation.kind {
        Type::JoinExisting => Kind::JoinExisting,
        Type::JoinNew => Kind::JoinNew,
        Type::Union => Kind::Union,
    };
    let mut rules = Rules::new(kind, aggregation.dimension.as_deref().unwrap_or_default());
    rules.variables.clone_from(&aggregation.variables);
    rules.order = match aggregation.order {
        weir_config::Order::Coordinate => Order::ByCoordinate,
        weir_config::Order::Given => Order::Given,
    };
    rules.overlap = match aggregation.overlap {
        weir_config::Overlap::Refuse => Overlap::Refuse,
        weir_config::Overlap::Allow => Overlap::Note,
    };
    rules.fixed = if aggregation.check_coordinates { Fixed::Values } else { Fixed::Lengths };
    if let Some(every) = aggregation.recheck_every {
        rules.recheck_every = every.0;
    }
    if aggregation.values.is_empty() {
        let scan = |pattern: &String| Scan {
            older_than: aggregation.older_than.map_or(Duration::ZERO, |age| age.0),
            date_mark: aggregation.date_mark.clone(),
            ..Scan::glob(folder, pattern)
        };
        rules.scans = aggregation.files.iter().map(scan).collect();
    } else {
        let member = |(file, value): (&String, &AttributeScalar)| MemberRule {
            definition: Definition::file(location(folder, file)),
            coordinate: Some(text(value)),
        };
        rules.members = aggregation.files.iter().zip(&aggregation.values).map(member).collect();
    }
    rules
}

fn text(value: &AttributeScalar) -> String {
    match value {
        AttributeScalar::Integer(number) => number.to_string(),
        AttributeScalar::Float(number) => number.to_string(),
        AttributeScalar::Text(text) => text.clone(),
    }
}

fn edits(dataset: &Dataset) -> Edits {
    let attributes = dataset.remove_attributes.iter().cloned().map(Removal::Attribute);
    let variables = dataset.remove_variables.iter().cloned().map(Removal::Variable);
    Edits {
        removals: attributes.chain(variables).collect(),
        dimensions: dataset
            .rename_dimensions
            .iter()
            .map(|(old, new)| DimensionEdit { name: new.clone(), original: Some(old.clone()), length: None })
            .collect(),
        attributes: dataset.attributes.iter().map(attribute).collect(),
        variables: dataset
            .variables
            .iter()
            .map(|(name, edits)| VariableEdit {
                name: edits.rename.clone().unwrap_or_else(|| name.clone()),
                original: edits.rename.is_some().then(|| name.clone()),
                removals: edits.remove_attributes.clone(),
                attributes: edits.attributes.iter().map(attribute).collect(),
                ..VariableEdit::default()
            })
            .collect(),
    }
}

/// Whole numbers get the narrowest type that clients of all protocols have and that holds all of them.
fn attribute((name, value): (&String, &AttributeValue)) -> AttributeEdit {
    let scalars = value.scalars();
    let narrow =
        |scalar: &AttributeScalar| matches!(scalar, AttributeScalar::Integer(n) if i32::try_from(*n).is_ok());
    let data_type = match scalars.first() {
        Some(AttributeScalar::Integer(_)) if scalars.iter().all(narrow) => "int",
        Some(AttributeScalar::Integer(_)) => "long",
        Some(AttributeScalar::Float(_)) => "double",
        _ => "String",
    };
    let literal = Literal { data_type: data_type.to_owned(), parts: scalars.iter().map(text).collect() };
    AttributeEdit { name: name.clone(), original: None, value: Some(literal) }
}
