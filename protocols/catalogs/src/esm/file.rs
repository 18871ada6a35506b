//! Tables as Parquet files: row groups of 10,000 rows, so that readers over HTTP fetch few of them.
//!
//! Source: Apache Parquet format 2.11, "Nested Encoding" and "LogicalTypes: Lists".

use std::fmt;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use super::table::TableError;
use super::{Cell, Column, Kind, PATH, Table};

/// How many rows a row group has at most.
pub const ROWS_IN_GROUP: usize = 10_000;

/// Definition levels of a list: it is absent, it is empty, it has an element.
const LIST_ABSENT: i16 = 0;
const LIST_EMPTY: i16 = 1;
const ELEMENT_PRESENT: i16 = 3;

/// Why a table cannot be written.
#[derive(Debug)]
pub struct FileError(String);

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the table cannot be written as Parquet: {}", self.0)
    }
}

impl std::error::Error for FileError {}

impl From<ParquetError> for FileError {
    fn from(error: ParquetError) -> Self {
        Self(error.to_string())
    }
}

impl From<TableError> for FileError {
    fn from(error: TableError) -> Self {
        Self(error.to_string())
    }
}

/// A table as a file; `base` is the URL of the server, which is put before addresses. The footer's `num_records` says how many
/// rows there are.
///
/// # Errors
/// Where it is too large for the format.
pub fn parquet_file(table: &Table, base: &str) -> Result<Vec<u8>, FileError> {
    write(table, base, table.len())
}

/// A file of one row, in which every column but the addresses has the list of its values, each once; with the number of rows of the
/// table itself as `num_records` in the footer.
///
/// # Errors
/// As [`parquet_file`].
pub fn unique_values_file(table: &Table) -> Result<Vec<u8>, FileError> {
    let columns: Vec<&Column> = table.columns().iter().filter(|column| column.name() != PATH).collect();
    let mut unique = Table::new(columns.iter().map(|column| (column.name(), Kind::Texts)));
    let texts =
        |column: &&Column| Cell::Texts(column.unique_texts().into_iter().map(str::to_owned).collect());
    unique.push(columns.iter().map(texts).collect())?;
    write(&unique, "", table.len())
}

fn write(table: &Table, base: &str, num_records: usize) -> Result<Vec<u8>, FileError> {
    let records = KeyValue::new("num_records".to_owned(), num_records.to_string());
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(vec![records]))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), schema(table)?, Arc::new(properties))?;
    let encoded: Vec<Encoded<'_>> = table.columns().iter().map(|column| Encoded::of(column, base)).collect();
    let mut first = 0;
    while first < table.len() {
        let last = first.saturating_add(ROWS_IN_GROUP).min(table.len());
        let mut group = writer.next_row_group()?;
        for column in &encoded {
            let next = group.next_column()?;
            let mut next = next.ok_or_else(|| FileError("the schema has too few columns".to_owned()))?;
            column.write(next.untyped(), first..last)?;
            next.close()?;
        }
        group.close()?;
        first = last;
    }
    Ok(writer.into_inner()?)
}

fn schema(table: &Table) -> Result<TypePtr, FileError> {
    let field = |column: &Column| match column.kind() {
        Kind::Text | Kind::Address => text_type(column.name()),
        Kind::Texts => {
            let element = text_type("element")?;
            let list = Type::group_type_builder("list")
                .with_repetition(Repetition::REPEATED)
                .with_fields(vec![Arc::new(element)])
                .build()?;
            Type::group_type_builder(column.name())
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(Some(LogicalType::List))
                .with_fields(vec![Arc::new(list)])
                .build()
        }
    };
    let fields: Result<Vec<TypePtr>, ParquetError> =
        table.columns().iter().map(|column| field(column).map(Arc::new)).collect();
    Ok(Arc::new(Type::group_type_builder("schema").with_fields(fields?).build()?))
}

fn text_type(name: &str) -> Result<Type, ParquetError> {
    Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::String))
        .build()
}

/// A column with its values as Parquet takes them.
struct Encoded<'t> {
    column: &'t Column,
    values: Vec<Vec<ByteArray>>,
}

impl<'t> Encoded<'t> {
    fn of(column: &'t Column, base: &str) -> Self {
        let before = if column.kind() == Kind::Address { base } else { "" };
        let bytes = |text: &String| ByteArray::from(format!("{before}{text}").into_bytes());
        let values = column.distinct().iter().map(|cell| cell.texts().iter().map(bytes).collect()).collect();
        Self { column, values }
    }

    fn write(&self, into: &mut ColumnWriter<'_>, rows: std::ops::Range<usize>) -> Result<(), FileError> {
        let ColumnWriter::ByteArrayColumnWriter(into) = into else {
            return Err(FileError("a column is not of texts".to_owned()));
        };
        let (mut values, mut definitions, mut repetitions) = (Vec::new(), Vec::new(), Vec::new());
        let is_list = self.column.kind() == Kind::Texts;
        for &code in self.column.codes().get(rows).unwrap_or_default() {
            let place = usize::try_from(code).unwrap_or(usize::MAX);
            let of_cell = self.values.get(place).map(Vec::as_slice).unwrap_or_default();
            let is_absent = matches!(self.column.distinct().get(place), None | Some(Cell::Nothing));
            match of_cell {
                [] if is_list => {
                    definitions.push(if is_absent { LIST_ABSENT } else { LIST_EMPTY });
                    repetitions.push(0);
                }
                [] => definitions.push(0),
                _ => {
                    let level = if is_list { ELEMENT_PRESENT } else { 1 };
                    definitions.extend(of_cell.iter().map(|_| level));
                    repetitions.extend((0..of_cell.len()).map(|n| i16::from(n > 0)));
                    values.extend_from_slice(of_cell);
                }
            }
        }
        let repetitions = is_list.then_some(repetitions);
        into.write_batch(&values, Some(&definitions), repetitions.as_deref())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    use super::super::table::tests::{ocean, text};
    use super::*;

    fn records(reader: &SerializedFileReader<Bytes>) -> Option<String> {
        let pairs = reader.metadata().file_metadata().key_value_metadata()?;
        pairs.iter().find(|pair| pair.key == "num_records")?.value.clone()
    }

    #[test]
    fn what_is_written_is_read() {
        let file = Bytes::from(parquet_file(&ocean(), "http://w").unwrap());
        let reader = SerializedFileReader::new(file).unwrap();
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        let expected = [
            r#"{path: "http://w/e", realm: "ice", id: "e", variable: ["a"], none: null}"#,
            r#"{path: "http://w/a", realm: "ocean", id: "a", variable: ["b", "a"], none: null}"#,
            r#"{path: "http://w/c", realm: "ice", id: "c", variable: [], none: null}"#,
            r#"{path: "http://w/d", realm: "ocean", id: "d", variable: ["c"], none: null}"#,
            r#"{path: "http://w/b", realm: null, id: "b", variable: ["a"], none: null}"#,
        ];
        assert_eq!(rows, expected);
        assert_eq!(records(&reader).as_deref(), Some("5"));
    }

    #[test]
    fn unique_values_stand_in_one_row() {
        let reader = SerializedFileReader::new(Bytes::from(unique_values_file(&ocean()).unwrap())).unwrap();
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        let expected = r#"{realm: ["ice", "ocean"], id: ["a", "b", "c", "d", "e"], variable: ["a", "b", "c"], none: []}"#;
        assert_eq!(rows, [expected]);
        assert_eq!(records(&reader).as_deref(), Some("5"));
    }

    #[test]
    fn row_groups_are_full_but_the_last() {
        let mut table = Table::new([("n", Kind::Text)]);
        for n in 0..ROWS_IN_GROUP * 2 + 3 {
            table.push(vec![text(&format!("{:06}", n + 1))]).unwrap();
        }
        let reader = SerializedFileReader::new(Bytes::from(parquet_file(&table, "").unwrap())).unwrap();
        let counts: Vec<i64> = reader
            .metadata()
            .row_groups()
            .iter()
            .map(parquet::file::metadata::RowGroupMetaData::num_rows)
            .collect();
        assert_eq!(counts, [10_000, 10_000, 3]);
        let last = reader.get_row_iter(None).unwrap().last().unwrap().unwrap();
        assert_eq!(last.get_string(0).unwrap(), "020003");
        let empty = parquet_file(&Table::new([("n", Kind::Text)]), "").unwrap();
        let reader = SerializedFileReader::new(Bytes::from(empty)).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    }
}
