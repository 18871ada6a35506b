//! Items of STAC as one table (stac-geoparquet 1.1): a row for each item, its properties beside its other members, its geometry as
//! Well-Known Binary (GeoParquet 1.1).
//!
//! What columns there are is seen from the items first ([`Columns`]); then rows are written in groups ([`TableWriter`]). Objects in
//! properties, such as `cube:variables`, whose members differ from item to item, are JSON text.

mod rows;
mod shape;
mod wkb;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use serde_json::{Value, json};

use shape::Shape;

/// Why a table cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError(String);

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the table of items cannot be written: {}", self.0)
    }
}

impl std::error::Error for TableError {}

impl From<ParquetError> for TableError {
    fn from(error: ParquetError) -> Self {
        Self(error.to_string())
    }
}

/// Members of an item that are columns of their own; a property of the same name is left out.
const MEMBERS: [&str; 9] =
    ["type", "stac_version", "stac_extensions", "id", "geometry", "bbox", "links", "assets", "collection"];

/// The columns that a table of some items needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    shapes: BTreeMap<String, Shape>,
}

impl Columns {
    /// Makes room for one more item.
    pub fn add(&mut self, item: &Value) {
        for (name, value) in cells(item) {
            let shape = self.shapes.remove(name).unwrap_or_default();
            self.shapes.insert(name.to_owned(), shape.with(name, value));
        }
    }

    /// The columns in which some item has something, each with what it holds.
    fn filled(self) -> Vec<(String, Shape)> {
        let filled = self.shapes.into_iter().filter_map(|(name, shape)| Some((name, shape.filled()?)));
        filled.collect()
    }
}

/// The cells of an item's row, by the names of their columns.
fn cells(item: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = MEMBERS.iter().filter_map(|name| Some((*name, item.get(name)?)));
    let properties = item.get("properties").and_then(Value::as_object).into_iter().flatten();
    let properties = properties.filter(|(name, _)| !name.is_empty() && !MEMBERS.contains(&name.as_str()));
    members.chain(properties.map(|(name, value)| (name.as_str(), value)))
}

/// What was written and not yet taken.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes a table in pieces.
pub struct TableWriter {
    columns: Vec<(String, Shape)>,
    writer: SerializedFileWriter<Written>,
    written: Written,
}

impl TableWriter {
    /// A table with these columns.
    ///
    /// # Errors
    /// Where the format has no such columns.
    pub fn new(columns: Columns) -> Result<Self, TableError> {
        let columns = columns.filled();
        let fields = columns.iter().map(|(name, shape)| shape.field(name).map(Arc::new));
        let fields = fields.collect::<Result<Vec<_>, ParquetError>>()?;
        let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata(Some(metadata()))
            .build();
        let written = Written::default();
        let writer = SerializedFileWriter::new(written.clone(), schema, Arc::new(properties))?;
        Ok(Self { columns, writer, written })
    }

    /// Writes some items as one group of rows, and gives the bytes that are ready.
    ///
    /// # Errors
    /// Where an item does not fit the columns.
    pub fn write(&mut self, items: &[Value]) -> Result<Vec<u8>, TableError> {
        let mut group = self.writer.next_row_group()?;
        for (name, shape) in &self.columns {
            let mut leaves = shape.leaves();
            for item in items {
                let cell = cells(item).find(|(known, _)| known == name).map(|(_, value)| value);
                rows::cell(shape, cell, &mut leaves)?;
            }
            for leaf in leaves {
                let column = group.next_column()?;
                let mut column = column.ok_or_else(|| TableError("it has too few columns".to_owned()))?;
                leaf.write(column.untyped())?;
                column.close()?;
            }
        }
        group.close()?;
        Ok(self.written.take())
    }

    /// The last bytes.
    ///
    /// # Errors
    /// Where the format cannot hold so much.
    pub fn finish(self) -> Result<Vec<u8>, TableError> {
        self.writer.close()?;
        Ok(self.written.take())
    }
}

/// What readers of GeoParquet look for in the footer. Without another word, coordinates are longitude and latitude.
fn metadata() -> Vec<KeyValue> {
    let edge = |name: &str| json!(["bbox", name]);
    let covering = json!({"bbox": {"xmin": edge("xmin"), "ymin": edge("ymin"), "xmax": edge("xmax"), "ymax": edge("ymax")}});
    let geometry = json!({"encoding": "WKB", "geometry_types": [], "covering": covering});
    let geo = json!({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geometry}});
    let stac = json!({"version": "1.1.0"});
    [("geo", geo), ("stac-geoparquet", stac)]
        .map(|(key, value)| KeyValue::new(key.to_owned(), value.to_string()))
        .to_vec()
}

#[cfg(test)]
mod tests;
