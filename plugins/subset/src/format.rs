//! The formats of answers.

use weir_coverage::covjson;
use weir_plugin_api::Error;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The oldest classic netCDF format that holds it.
    Netcdf3,
    /// A netCDF-4 file.
    Netcdf4,
    /// A line per element.
    Csv,
    /// The same with units in its head, and as `text/plain`: as THREDDS writes it.
    NcssCsv,
    /// Points as THREDDS writes them.
    NcssXml,
    /// A list of objects.
    Records,
    /// An object of lists.
    Columns,
    /// CoverageJSON.
    Covjson,
    /// A table in Parquet.
    Parquet,
}

/// What `format=` may be.
pub(crate) const NAMES: [&str; 6] = ["netcdf3", "netcdf4", "csv", "json", "covjson", "parquet"];

impl Format {
    /// A format by its name, and the layout of JSON.
    ///
    /// # Errors
    /// `BadRequest`, with the names that there are.
    pub(crate) fn parse(name: &str, layout: Option<&str>) -> Result<Self, Error> {
        let columns = match layout {
            None | Some("records") => false,
            Some("columns") => true,
            Some(other) => {
                let shown: String = other.chars().take(40).collect();
                return Err(Error::bad_request(format!(
                    "layout {shown:?} is not known; known are records, columns"
                )));
            }
        };
        Ok(match name {
            "netcdf3" | "netcdf" => Self::Netcdf3,
            "netcdf4" | "nc4" => Self::Netcdf4,
            "csv" => Self::Csv,
            "json" if columns => Self::Columns,
            "json" => Self::Records,
            "covjson" => Self::Covjson,
            "parquet" => Self::Parquet,
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(Error::bad_request(format!(
                    "format {shown:?} is not known; known are {}",
                    NAMES.join(", ")
                )));
            }
        })
    }

    /// The media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Netcdf3 => "application/x-netcdf",
            Self::Netcdf4 => "application/x-netcdf4",
            Self::Csv => "text/csv; charset=utf-8",
            Self::NcssCsv => "text/plain; charset=utf-8",
            Self::NcssXml => "application/xml",
            Self::Records | Self::Columns => "application/json",
            Self::Covjson => covjson::MEDIA_TYPE,
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// What a file with it is called, by the id of its dataset.
    pub(crate) fn file_name(self, id: &str) -> String {
        let name = id.rsplit('/').next().unwrap_or_default();
        let (stem, _) = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).unwrap_or((name, ""));
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
        let stem: String = stem.chars().map(plain).collect();
        let ending = match self {
            Self::Netcdf3 | Self::Netcdf4 => "nc",
            Self::Csv | Self::NcssCsv => "csv",
            Self::NcssXml => "xml",
            Self::Records | Self::Columns => "json",
            Self::Covjson => "covjson",
            Self::Parquet => "parquet",
        };
        format!("{stem}_subset.{ending}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_name() {
        let check = |name: &str, layout: Option<&str>, expected: Result<Format, &str>| match (
            Format::parse(name, layout),
            expected,
        ) {
            (Ok(got), Ok(expected)) => assert_eq!(got, expected),
            (Err(error), Err(part)) => assert!(error.message.contains(part), "{}", error.message),
            (got, expected) => panic!("{got:?} is not {expected:?}"),
        };
        check("netcdf", None, Ok(Format::Netcdf3));
        check("json", None, Ok(Format::Records));
        check("json", Some("columns"), Ok(Format::Columns));
        check("json", Some("rows"), Err("known are records, columns"));
        check("netcdf4", None, Ok(Format::Netcdf4));
        check("nc4", None, Ok(Format::Netcdf4));
        check("xls", None, Err("known are netcdf3, netcdf4, csv, json, covjson, parquet"));
    }

    #[test]
    fn files_are_called_after_their_dataset() {
        assert_eq!(Format::Netcdf3.file_name("a/b c\".zarr"), "b_c__subset.nc");
        assert_eq!(Format::Csv.file_name("sst"), "sst_subset.csv");
    }
}
