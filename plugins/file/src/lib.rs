//! Serves the original files of datasets, byte for byte: `/datasets/{id}/file`, and the address at which THREDDS has them.
//!
//! A file is sent in pieces, whole or in parts, as long as nobody writes to it; then the body breaks off, so that no client gets
//! a mix of two states.
#![forbid(unsafe_code)]

mod media_type;

use weir_plugin_api::{
    Body, Bytes, Dataset, Error, FileInfo, Host, Parameter, Plugin, Request, Response, Route,
};

/// Bytes of one piece.
const PIECE: u64 = 1 << 20;

/// The plugin.
pub struct FilePlugin {
    host: Host,
}

impl Plugin for FilePlugin {
    const NAME: &'static str = "file";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    /// Original files.
    const MIN_HOST_MINOR: u32 = 1;

    fn create(host: Host, config: &str) -> Result<Self, Error> {
        match config.trim() {
            "" | "{}" => Ok(Self { host }),
            _ => Err(Error::bad_request("nothing can be configured")),
        }
    }

    fn routes(&self) -> Vec<Route> {
        ["/datasets/{id}/file", "/thredds/fileServer/{id}"].map(described).to_vec()
    }

    fn handle(&self, request: &Request<'_>) -> Result<Response, Error> {
        let dataset = self.host.open(request, request.dataset_id())?;
        let file = dataset.file()?;
        let media_type = media_type::of(&beginning(&dataset, &file)?, &file.name);
        let response = match request.is_head() {
            true => Response::head(media_type, file.length),
            false => Response::stream(media_type, Some(file.length), body(dataset, &file)),
        };
        let response = response.header("content-disposition", disposition(&file.name)).ranges();
        // Of a document, no generation of the dataset that it defines tells whether it is the same.
        Ok(if file.stable { response.stable() } else { response })
    }

    fn render_error(&self, _: &Request<'_>, _: u16, message: &str) -> Option<Response> {
        let body = serde_json::json!({"detail": message}).to_string();
        Some(Response::full("application/json", body))
    }
}

/// A route, and what is said of it.
fn described(pattern: &str) -> Route {
    let json = ["application/json"].as_slice();
    Route::get(pattern)
        .summary("the original file")
        .parameter(Parameter::header("Range", "which bytes are wanted"))
        .answers(200, media_type::ALL, "the file")
        .answers(206, media_type::ALL, "the part that was asked for")
        .answers(404, json, "there is no such dataset, or it is no single file")
        .answers(416, media_type::ALL, "the file has no such bytes")
        .answers(503, json, "the file cannot be had now; come again later")
}

/// The bytes by which a file's format is known.
fn beginning(dataset: &Dataset, file: &FileInfo) -> Result<Vec<u8>, Error> {
    let length = file.length.min(media_type::FIRST_BYTES);
    let mut first = vec![0; usize::try_from(length).unwrap_or(0)];
    dataset.read_file(0, &mut first)?;
    Ok(first)
}

/// The name under which browsers keep the file (RFC 6266): as it is, if all know how, else percent-encoded.
fn disposition(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ' | '+' | '=' | ',');
    if name.is_empty() {
        return "attachment".to_owned();
    }
    if name.chars().all(plain) {
        return format!("attachment; filename=\"{name}\"");
    }
    let fallback: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let encoded: String = name.bytes().map(encoded).collect();
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}")
}

fn encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

fn body(dataset: Dataset, file: &FileInfo) -> Box<dyn Body> {
    Box::new(Pieces { dataset, at: 0, end: file.length })
}

/// A file on its way, piece by piece.
struct Pieces {
    dataset: Dataset,
    at: u64,
    end: u64,
}

impl Body for Pieces {
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let length = self.end.saturating_sub(self.at).min(PIECE);
        if length == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; usize::try_from(length).map_err(|e| Error::too_large(e.to_string()))?];
        self.dataset.read_file(self.at, &mut piece)?;
        self.at = self.at.saturating_add(length);
        Ok(Some(piece.into()))
    }

    fn restrict(&mut self, offset: u64, length: u64) -> Result<(), Error> {
        let end = offset.checked_add(length).filter(|&end| end <= self.end);
        self.end = end.ok_or_else(|| Error::bad_request("the file has no such bytes"))?;
        self.at = offset;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
