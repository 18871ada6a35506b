//! The reference set in parquet partitions: `refs.parquet`, as fsspec's `LazyReferenceMapper` reads it. Each partition is made when it
//! is asked for, so a set of any number of chunks costs what is read of it.

use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::Value as Json;
use weir_plugin_api::model::Schema;
use weir_plugin_api::{Error, Response};
use weir_zarr::{Key, document};

use crate::references::{Referred, Target, with_filters_alone};
use weir_zarr_objects::{JSON, no_key};

/// What the keys of partitions begin with.
pub(crate) const FOLDER: &str = "refs.parquet/";

/// Rows of a partition.
const RECORD_SIZE: u64 = 10_000;

/// The columns: `path` is null where a chunk is missing, and `raw`, for chunks in the set itself, always is.
const SCHEMA: &str = "message references { optional binary path (utf8); required int64 offset; required int64 size; \
                      optional binary raw; }";

/// Whether a key, with the folder's name, is that of the partitions of a variable.
pub(crate) fn is_key(key: &str, schema: &Schema) -> bool {
    let path = key.strip_prefix(FOLDER).and_then(partition);
    path.is_some_and(|(path, _)| schema.variable(path).is_some())
}

/// Answers with what `key` names in the folder.
///
/// # Errors
/// `NotFound` where there is no such partition; whatever keeps places from being found.
pub(crate) fn respond(referred: &Referred, key: &str) -> Result<Response, Error> {
    if key == ".zmetadata" {
        return metadata(referred);
    }
    let missing = || no_key(&format!("{FOLDER}{key}"));
    let (path, record) = partition(key).ok_or_else(missing)?;
    let member = referred.members().into_iter().find(|member| member.path == path).ok_or_else(missing)?;
    let array = referred.array(path).ok_or_else(missing)?;
    let first =
        record.checked_mul(RECORD_SIZE).filter(|&first| first < member.chunks()).ok_or_else(missing)?;
    let end = first.saturating_add(RECORD_SIZE).min(member.chunks());
    let mut rows = Rows::default();
    for number in first..end {
        rows.push(referred.target(&member, &array, &member.index(number))?)?;
    }
    // A row group has one length, and readers count rows from the first one.
    let bytes =
        rows.write().map_err(|error| Error::internal(format!("a partition cannot be written: {error}")))?;
    Ok(Response::full("application/vnd.apache.parquet", bytes).stable())
}

/// All metadata documents of version 2, and how many rows a partition has.
fn metadata(referred: &Referred) -> Result<Response, Error> {
    let text = document(&Key::V2Consolidated { group: "" }, &referred.hierarchy());
    let parsed = text.and_then(|text| serde_json::from_str::<Json>(&text).ok());
    let mut document = parsed.ok_or_else(|| Error::internal("the root has no metadata"))?;
    let arrays = document.get_mut("metadata").and_then(Json::as_object_mut).into_iter().flatten();
    arrays.filter(|(key, _)| key.ends_with("/.zarray")).for_each(|(_, array)| with_filters_alone(array));
    if let Some(members) = document.as_object_mut() {
        members.insert("record_size".to_owned(), Json::from(RECORD_SIZE));
    }
    Ok(Response::full(JSON, document.to_string()).stable())
}

/// The path of an array and the number of its partition, of a key such as `forecast/sst/refs.0.parq`.
fn partition(key: &str) -> Option<(&str, u64)> {
    let (path, name) = key.rsplit_once('/')?;
    let digits = name.strip_prefix("refs.")?.strip_suffix(".parq")?;
    let canonical =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    Some((path, digits.parse().ok().filter(|_| canonical)?))
}

/// The rows of a partition, column by column.
#[derive(Default)]
struct Rows {
    paths: Vec<ByteArray>,
    /// 1 for each row with a path, else 0.
    has_path: Vec<i16>,
    offsets: Vec<i64>,
    sizes: Vec<i64>,
}

impl Rows {
    fn push(&mut self, target: Option<Target>) -> Result<(), Error> {
        let signed =
            |n: u64| i64::try_from(n).map_err(|e| Error::too_large(format!("a place in a file: {e}")));
        let (path, offset, length) = match target {
            Some(Target { url, offset, length }) => (Some(url), offset, length),
            None => (None, 0, 0),
        };
        self.has_path.push(i16::from(path.is_some()));
        self.paths.extend(path.map(|path| ByteArray::from(path.into_bytes())));
        self.offsets.push(signed(offset)?);
        self.sizes.push(signed(length)?);
        Ok(())
    }

    fn write(&self) -> Result<Vec<u8>, ParquetError> {
        let schema = parse_message_type(SCHEMA)?.into();
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build().into();
        let mut out = Vec::new();
        let mut file = SerializedFileWriter::new(&mut out, schema, properties)?;
        let mut group = file.next_row_group()?;
        let mut number = 0;
        while let Some(mut column) = group.next_column()? {
            match (column.untyped(), number) {
                (ColumnWriter::ByteArrayColumnWriter(column), 0) => {
                    column.write_batch(&self.paths, Some(&self.has_path), None)?;
                }
                (ColumnWriter::ByteArrayColumnWriter(column), _) => {
                    column.write_batch(&[], Some(&vec![0; self.has_path.len()]), None)?;
                }
                (ColumnWriter::Int64ColumnWriter(column), 1) => {
                    column.write_batch(&self.offsets, None, None)?;
                }
                (ColumnWriter::Int64ColumnWriter(column), _) => {
                    column.write_batch(&self.sizes, None, None)?;
                }
                _ => return Err(ParquetError::General("a column has another type".to_owned())),
            }
            column.close()?;
            number += 1;
        }
        group.close()?;
        file.close()?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_have_one_name() {
        assert_eq!(partition("forecast/sst/refs.12.parq"), Some(("forecast/sst", 12)));
        assert_eq!(partition("sst/refs.0.parq"), Some(("sst", 0)));
        for key in [
            "refs.0.parq",
            "sst/refs.00.parq",
            "sst/refs.-1.parq",
            "sst/refs..parq",
            "sst/refs.0.parquet",
            "sst/0.0",
        ] {
            assert_eq!(partition(key), None, "{key}");
        }
    }
}
