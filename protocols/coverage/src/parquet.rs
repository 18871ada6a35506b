//! Parquet: a row per element, its coordinates first; a row group per piece.
//!
//! Numbers have their own types, texts (such as times) are strings, and NaN is null.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{Type, TypePtr};

use crate::{Frame, Labels, Numeric};

/// Why a table cannot be written.
#[derive(Debug)]
pub struct TableError(String);

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the table cannot be written as Parquet: {}", self.0)
    }
}

impl std::error::Error for TableError {}

impl From<ParquetError> for TableError {
    fn from(error: ParquetError) -> Self {
        Self(error.to_string())
    }
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
    writer: SerializedFileWriter<Written>,
    written: Written,
}

impl TableWriter {
    /// A table with the columns of a frame. Units stand in the footer, `units:{column}` each.
    ///
    /// # Errors
    /// Where Parquet has no such column.
    pub fn new(frame: &Frame) -> Result<Self, TableError> {
        let coordinates = frame.coordinates.iter().map(|coordinate| (&coordinate.name, &coordinate.units));
        let columns = frame.columns.iter().map(|column| (&column.name, &column.units));
        let units = coordinates
            .chain(columns)
            .filter_map(|(name, units)| Some(KeyValue::new(format!("units:{name}"), units.clone()?)));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata(Some(units.collect()))
            .build();
        let written = Written::default();
        let writer = SerializedFileWriter::new(written.clone(), schema(frame)?, Arc::new(properties))?;
        Ok(Self { writer, written })
    }

    /// Some rows, from the row with number `first` of a frame on, which has the columns of the first: of each column the same
    /// number of values.
    ///
    /// # Errors
    /// Where the format cannot hold them.
    pub fn rows(&mut self, frame: &Frame, first: u64, values: &[&[f64]]) -> Result<Vec<u8>, TableError> {
        let count = values.iter().map(|column| column.len()).min().unwrap_or(0);
        let places: Vec<Vec<usize>> = (0..count).zip(first..).map(|(_, row)| frame.places(row)).collect();
        let mut group = self.writer.next_row_group()?;
        let total = frame.coordinates.len().saturating_add(frame.columns.len());
        for number in 0..total {
            let next = group.next_column()?;
            let mut next = next.ok_or_else(|| TableError("the schema has too few columns".to_owned()))?;
            match number.checked_sub(frame.coordinates.len()) {
                None => {
                    let Some(coordinate) = frame.coordinates.get(number) else { continue };
                    let of_rows =
                        places.iter().map(|places| places.get(number).copied().unwrap_or(usize::MAX));
                    match &coordinate.labels {
                        Labels::Numbers(numbers, numeric) => {
                            let numbers =
                                of_rows.map(|place| numbers.get(place).copied().unwrap_or(f64::NAN));
                            write_numbers(next.untyped(), *numeric, numbers)?;
                        }
                        Labels::Texts(texts) => {
                            write_texts(
                                next.untyped(),
                                of_rows.map(|place| texts.get(place).map_or("", String::as_str)),
                            )?;
                        }
                    }
                }
                Some(column) => {
                    let numeric = frame.columns.get(column).map(|column| column.numeric).unwrap_or_default();
                    let numbers = values.get(column).copied().unwrap_or_default();
                    write_numbers(next.untyped(), numeric, numbers.iter().copied().take(count))?;
                }
            }
            next.close()?;
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

fn schema(frame: &Frame) -> Result<TypePtr, TableError> {
    let number = |name: &str, numeric: Numeric| {
        let physical = match numeric {
            Numeric::Integer => Physical::INT64,
            Numeric::Single => Physical::FLOAT,
            Numeric::Double => Physical::DOUBLE,
        };
        Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL).build()
    };
    let text = |name: &str| {
        Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(Some(LogicalType::String))
            .build()
    };
    let coordinates = frame.coordinates.iter().map(|coordinate| match &coordinate.labels {
        Labels::Numbers(_, numeric) => number(&coordinate.name, *numeric),
        Labels::Texts(_) => text(&coordinate.name),
    });
    let columns = frame.columns.iter().map(|column| number(&column.name, column.numeric));
    let fields: Result<Vec<TypePtr>, ParquetError> =
        coordinates.chain(columns).map(|field| field.map(Arc::new)).collect();
    Ok(Arc::new(Type::group_type_builder("schema").with_fields(fields?).build()?))
}

fn write_numbers(
    writer: &mut ColumnWriter<'_>,
    numeric: Numeric,
    numbers: impl Iterator<Item = f64> + Clone,
) -> Result<(), TableError> {
    let levels: Vec<i16> = numbers.clone().map(|number| i16::from(!number.is_nan())).collect();
    let there = numbers.filter(|number| !number.is_nan());
    #[expect(clippy::cast_possible_truncation, reason = "integers and singles, held as doubles")]
    match (numeric, writer) {
        (Numeric::Integer, ColumnWriter::Int64ColumnWriter(writer)) => {
            writer.write_batch(
                &there.map(|number| number as i64).collect::<Vec<_>>(),
                Some(&levels),
                None,
            )?;
        }
        (Numeric::Single, ColumnWriter::FloatColumnWriter(writer)) => {
            writer.write_batch(
                &there.map(|number| number as f32).collect::<Vec<_>>(),
                Some(&levels),
                None,
            )?;
        }
        (Numeric::Double, ColumnWriter::DoubleColumnWriter(writer)) => {
            writer.write_batch(&there.collect::<Vec<_>>(), Some(&levels), None)?;
        }
        _ => return Err(TableError("a column has another type than in the first frame".to_owned())),
    }
    Ok(())
}

fn write_texts<'a>(
    writer: &mut ColumnWriter<'_>,
    texts: impl Iterator<Item = &'a str>,
) -> Result<(), TableError> {
    let ColumnWriter::ByteArrayColumnWriter(writer) = writer else {
        return Err(TableError("a column has another type than in the first frame".to_owned()));
    };
    let texts: Vec<ByteArray> = texts.map(|text| ByteArray::from(text.as_bytes().to_vec())).collect();
    writer.write_batch(&texts, Some(&vec![1; texts.len()]), None)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;
    use crate::sample;

    #[test]
    fn a_row_per_element() {
        let mut frame = sample::frame();
        frame.columns[0].numeric = Numeric::Single;
        let mut table = TableWriter::new(&frame).unwrap();
        let mut bytes = table.rows(&frame, 0, &[&[1.5, f64::NAN], &[3.0, 4.0]]).unwrap();
        bytes.extend(table.rows(&frame, 3, &[&[5.0], &[6.0]]).unwrap());
        bytes.extend(table.finish().unwrap());
        let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        assert_eq!(
            rows,
            [
                "{time: \"2001-01-01T00:00:00Z\", lon: 10.0, drift: 1.0, height: 2.0, t: 1.5, a, \"b\": 3.0}",
                "{time: \"2001-01-01T00:00:00Z\", lon: 20.5, drift: 2.0, height: 2.0, t: null, a, \"b\": 4.0}",
                "{time: \"2001-01-02T00:00:00Z\", lon: 10.0, drift: 4.0, height: 2.0, t: 5.0, a, \"b\": 6.0}",
            ]
        );
        let footer = reader.metadata().file_metadata().key_value_metadata().unwrap();
        assert!(
            footer
                .iter()
                .any(|pair| pair.key == "units:lon" && pair.value.as_deref() == Some("degrees_east"))
        );
    }
}
