//! Refusals, as both versions of WMS write them: a service exception report, with a code where there is one.
//!
//! What refuses knows its code, and what writes the report knows only the message: so the code stands before it.

use weir_plugin_api::{Error, Response};

use crate::version::Version;
use crate::xml::Xml;

/// The codes of service exceptions (OGC 06-042, table E.1), and two of OWS Common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidFormat,
    InvalidCrs,
    LayerNotDefined,
    StyleNotDefined,
    LayerNotQueryable,
    InvalidPoint,
    InvalidDimensionValue,
    OperationNotSupported,
    MissingParameterValue,
    InvalidParameterValue,
}

const NAMES: [(Code, &str); 10] = [
    (Code::InvalidFormat, "InvalidFormat"),
    (Code::InvalidCrs, "InvalidCRS"),
    (Code::LayerNotDefined, "LayerNotDefined"),
    (Code::StyleNotDefined, "StyleNotDefined"),
    (Code::LayerNotQueryable, "LayerNotQueryable"),
    (Code::InvalidPoint, "InvalidPoint"),
    (Code::InvalidDimensionValue, "InvalidDimensionValue"),
    (Code::OperationNotSupported, "OperationNotSupported"),
    (Code::MissingParameterValue, "MissingParameterValue"),
    (Code::InvalidParameterValue, "InvalidParameterValue"),
];

/// An error with a code.
pub(crate) fn refused(code: Code, words: impl AsRef<str>) -> Error {
    let name = NAMES.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name);
    let message = format!("{name}: {}", words.as_ref());
    match code {
        Code::LayerNotDefined => Error::not_found(message),
        _ => Error::bad_request(message),
    }
}

/// The same error with a code, where what was asked for is wrong.
pub(crate) fn coded(code: Code, error: Error) -> Error {
    use weir_plugin_api::ErrorKind::{BadRequest, NotFound};
    match error.kind {
        BadRequest | NotFound => refused(code, error.message),
        _ => error,
    }
}

/// The code before a message, and the message alone.
fn parted(message: &str) -> (Option<Code>, &str) {
    let found = message.split_once(": ").and_then(|(name, words)| {
        NAMES.iter().find(|(_, known)| *known == name).map(|(code, _)| (Some(*code), words))
    });
    found.unwrap_or((None, message))
}

/// The report of an error.
pub(crate) fn report(version: Version, message: &str) -> Option<Response> {
    let (code, words) = parted(message);
    let name = match (code, version) {
        (Some(Code::InvalidCrs), Version::V111) => Some("InvalidSRS"),
        (code, _) => NAMES.iter().find(|(known, _)| Some(*known) == code).map(|(_, name)| *name),
    };
    let mut xml = Xml::new();
    let attributes: &[(&str, &str)] = match version {
        Version::V111 => &[("version", "1.1.1")],
        Version::V130 => &[("version", "1.3.0"), ("xmlns", "http://www.opengis.net/ogc")],
    };
    let written = xml.open("ServiceExceptionReport", attributes).and_then(|()| {
        let code: Vec<(&str, &str)> = name.iter().map(|name| ("code", *name)).collect();
        xml.text("ServiceException", &code, words)?;
        xml.close("ServiceExceptionReport")
    });
    written.ok().map(|()| Response::full(version.exception_type(), xml.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_before_messages() {
        let error = refused(Code::InvalidDimensionValue, "TIME is x: no");
        assert_eq!(parted(&error.message), (Some(Code::InvalidDimensionValue), "TIME is x: no"));
        assert_eq!(parted("tas: no such dataset"), (None, "tas: no such dataset"));
        assert_eq!(parted("plain"), (None, "plain"));
    }
}
