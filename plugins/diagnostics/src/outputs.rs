//! The formats in which results are sent.

mod coverage;
mod json;
mod netcdf;
mod page;

use std::collections::VecDeque;
use std::sync::Arc;

use weir_plugin_api::{Body, Bytes, Error, Request, Response, form};

use crate::computations::{Made, Repeats};
use crate::engine::values::Values;
use crate::result::Outcome;

/// A format in which results are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What xarray's `DataArray.from_dict` takes.
    Json,
    /// One line for each value.
    Csv,
    /// A classic netCDF file.
    Netcdf,
    /// A netCDF-4 file.
    Netcdf4,
    /// CoverageJSON.
    CoverageJson,
    /// A page for people.
    Html,
}

/// Every format, by the name that `format` takes and its media type; the first is the default.
pub const FORMATS: [(Format, &str, &str); 6] = [
    (Format::Json, "json", "application/json"),
    (Format::Csv, "csv", "text/csv"),
    (Format::Netcdf, "netcdf3", "application/x-netcdf"),
    (Format::Netcdf4, "netcdf4", "application/x-netcdf4"),
    (Format::CoverageJson, "covjson", weir_coverage::covjson::MEDIA_TYPE),
    (Format::Html, "html", "text/html"),
];

impl Format {
    /// The format of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        // What others call it.
        let name = match name {
            "netcdf" => "netcdf3",
            "nc4" => "netcdf4",
            name => name,
        };
        FORMATS.iter().find(|(_, known, _)| *known == name).map(|(format, ..)| *format)
    }

    /// The format that the header `Accept` wants most; JSON where it names none that there is.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let mut best = (0.0, Self::Json);
        for part in header.split(',') {
            let mut words = part.split(';').map(str::trim);
            let media_type = words.next().unwrap_or_default();
            let quality =
                words.find_map(|word| word.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f64>().ok());
            let found = FORMATS.iter().find(|(_, _, known)| known.eq_ignore_ascii_case(media_type));
            if let (Some((format, ..)), Some(quality)) = (found, quality)
                && quality > best.0
            {
                best = (quality, *format);
            }
        }
        best.1
    }

    fn media_type(self) -> &'static str {
        FORMATS
            .iter()
            .find(|(format, ..)| *format == self)
            .map_or("application/json", |(_, _, media_type)| media_type)
    }
}

/// What a request says of its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    format: Format,
    /// Whether the address alone says so.
    by_address: bool,
}

impl Chosen {
    /// By `format`, else by the header `Accept`.
    ///
    /// # Errors
    /// `BadRequest` with the names of all formats.
    pub fn of(request: &Request<'_>) -> Result<Self, Error> {
        let Some((_, name)) = form::pairs(request.query()).find(|(name, _)| *name == "format") else {
            let format = request.header("accept").map_or(Format::Json, Format::accepted);
            return Ok(Self { format, by_address: false });
        };
        let format = Format::named(name).ok_or_else(|| {
            let shown: String = name.chars().take(40).collect();
            let elsewhere = crate::derived::addresses::FORMATS.iter().map(|(name, _)| *name);
            let names: Vec<&str> = FORMATS.iter().map(|(_, name, _)| *name).chain(elsewhere).collect();
            Error::bad_request(format!("format {shown:?} is not known; there are {}", names.join(", ")))
        })?;
        Ok(Self { format, by_address: true })
    }

    /// The same, for a result that the next request may get with other last digits: it has no entity tag, and is not kept.
    #[must_use]
    fn not_kept(self) -> Self {
        Self { by_address: false, ..self }
    }

    /// The answer; `made` is not called for `HEAD`.
    ///
    /// # Errors
    /// Those of `made`; `Unsupported` where the format does not have what the result holds.
    pub fn answer(
        mut self,
        request: &Request<'_>,
        made: impl FnOnce() -> Result<Arc<Made>, Error>,
    ) -> Result<Response, Error> {
        let mut response = Response::stream(self.format.media_type(), None, Box::new(Nothing));
        let mut name = String::new();
        if !request.is_head() {
            let made = made()?;
            if made.repeats == Repeats::Nearly {
                self = self.not_kept();
            }
            name.clone_from(&made.outcome.name);
            let (length, body) = self.body(request, made.outcome.clone())?;
            response = sent(
                self.format.media_type(),
                length,
                Sending { begun: VecDeque::new(), body, _made: made },
            )?;
        }
        let response = match self.format {
            Format::Netcdf | Format::Netcdf4 if !name.is_empty() => {
                let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_");
                response.header("Content-Disposition", format!("attachment; filename=\"{name}.nc\""))
            }
            Format::Html => response.header("content-security-policy", "default-src 'none'"),
            _ => response,
        };
        // What is kept for an address is sent whatever `Accept` says.
        Ok(if self.by_address { response.stable().costly() } else { response.header("Vary", "Accept") })
    }

    fn body(self, request: &Request<'_>, outcome: Outcome) -> Result<(Option<u64>, Box<dyn Body>), Error> {
        Ok(match self.format {
            Format::Json => (None, Box::new(json::JsonBody::new(outcome))),
            Format::Csv => (None, Box::new(coverage::CsvBody::new(&outcome)?)),
            Format::CoverageJson => (None, Box::new(coverage::CoverageBody::new(&outcome)?)),
            Format::Html => (None, Box::new(page::body(&outcome, request)?)),
            Format::Netcdf => netcdf(outcome, netcdf::Version::Classic)?,
            Format::Netcdf4 => netcdf(outcome, netcdf::Version::Four)?,
        })
    }
}

fn netcdf(outcome: Outcome, version: netcdf::Version) -> Result<(Option<u64>, Box<dyn Body>), Error> {
    let body = netcdf::NetcdfBody::new(outcome, version)?;
    Ok((Some(body.length()), Box::new(body)))
}

/// Doubles of values, for formats that know no others.
///
/// # Errors
/// `Unsupported` for integers that are no doubles.
fn doubles(values: &Values, from: usize, count: usize) -> Result<Vec<f64>, Error> {
    #[expect(clippy::cast_precision_loss, reason = "checked: 53 bits are exact")]
    fn exact(value: i128) -> Result<f64, Error> {
        if value.unsigned_abs() > 1 << 53 {
            return Err(Error::unsupported(format!(
                "{value} has more digits than this format keeps; ask for JSON or netCDF"
            )));
        }
        Ok(value as f64)
    }
    let end = from.saturating_add(count).min(values.len());
    match values {
        Values::Float64(values) => Ok(values.get(from..end).unwrap_or_default().to_vec()),
        Values::Float32(values) => {
            Ok(values.get(from..end).unwrap_or_default().iter().map(|value| f64::from(*value)).collect())
        }
        Values::Signed(_, values) => {
            values.get(from..end).unwrap_or_default().iter().map(|value| exact((*value).into())).collect()
        }
        Values::Unsigned(values) => {
            values.get(from..end).unwrap_or_default().iter().map(|value| exact((*value).into())).collect()
        }
        Values::Truth(values) => Ok(values
            .get(from..end)
            .unwrap_or_default()
            .iter()
            .map(|value| f64::from(u8::from(*value)))
            .collect()),
    }
}

/// Bodies of at most so many bytes are sent whole, so that the host can keep them.
const WHOLE: usize = 1 << 20;

/// A body that is sent, and the result that it is made of, whose memory is reserved for as long.
struct Sending {
    /// Pieces that were made already.
    begun: VecDeque<Bytes>,
    body: Box<dyn Body>,
    _made: Arc<Made>,
}

impl Body for Sending {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        match self.begun.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None => self.body.next(),
        }
    }
}

/// A body, whole where it is small.
fn sent(media_type: &str, length: Option<u64>, mut sending: Sending) -> Result<Response, Error> {
    let mut has = 0_usize;
    while has <= WHOLE {
        let Some(piece) = sending.body.next()? else {
            let whole: Vec<u8> = sending.begun.iter().flat_map(|piece| piece.iter().copied()).collect();
            return Ok(Response::full(media_type, whole));
        };
        has = has.saturating_add(piece.len());
        sending.begun.push_back(piece);
    }
    Ok(Response::stream(media_type, length, Box::new(sending)))
}

/// The body of an answer to `HEAD`.
struct Nothing;

impl Body for Nothing {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_named_or_accepted() {
        let check =
            |header: &str, expected: Format| assert_eq!(Format::accepted(header), expected, "{header}");
        check("*/*", Format::Json);
        check("text/html,application/xhtml+xml,*/*;q=0.8", Format::Html);
        check("text/csv;q=0.5, application/x-netcdf", Format::Netcdf);
        check("application/json, text/csv;q=0.5", Format::Json);
        check("image/png", Format::Json);
        check("text/csv;q=much", Format::Json);
        for (format, name, _) in FORMATS {
            assert_eq!(Format::named(name), Some(format));
        }
        assert_eq!(Format::named("netcdf"), Some(Format::Netcdf));
        assert_eq!(Format::named("nc4"), Some(Format::Netcdf4));
        assert_eq!(Format::named("exe"), None);
    }
}
