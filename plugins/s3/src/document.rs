//! The documents of S3.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::escape::escape;

use crate::bucket::Page;
use crate::query::Query;

/// The media type of documents.
pub(crate) const XML: &str = "application/xml";

/// The region that the bucket says to be in: the one without a constraint.
pub(crate) const REGION: &str = "us-east-1";

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

/// What `encoding-type=url` leaves as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/').remove(b'*');

/// When objects changed: nobody tells, so the beginning of time.
const MODIFIED: &str = "1970-01-01T00:00:00.000Z";

/// Where the bucket is.
pub(crate) fn location() -> String {
    format!("{DECLARATION}<LocationConstraint {NAMESPACE}/>")
}

/// A refusal.
pub(crate) fn error(code: &str, message: &str, resource: &str, request: &str) -> String {
    let (message, resource, request) = (escape(message), escape(resource), escape(request));
    format!(
        "{DECLARATION}<Error><Code>{code}</Code><Message>{message}</Message><Resource>{resource}</Resource>\
         <RequestId>{request}</RequestId></Error>"
    )
}

/// A page of a listing.
pub(crate) fn listing(bucket: &str, query: &Query, page: &Page) -> String {
    let text = |text: &str| match query.encoded {
        true => utf8_percent_encode(text, PLAIN).to_string(),
        false => escape(text).into_owned(),
    };
    let element = |name: &str, value: &str| format!("<{name}>{}</{name}>", text(value));
    let mut out = format!("{DECLARATION}<ListBucketResult {NAMESPACE}><Name>{bucket}</Name>");
    out.push_str(&element("Prefix", &query.prefix));
    if !query.delimiter.is_empty() {
        out.push_str(&element("Delimiter", &query.delimiter));
    }
    if query.encoded {
        out.push_str("<EncodingType>url</EncodingType>");
    }
    let count = page.objects.len().saturating_add(page.prefixes.len());
    out.push_str(&format!(
        "<MaxKeys>{}</MaxKeys><IsTruncated>{}</IsTruncated>",
        query.most,
        page.next.is_some()
    ));
    let (here, next) =
        if query.first_version { ("Marker", "NextMarker") } else { ("StartAfter", "NextContinuationToken") };
    if !query.first_version {
        out.push_str(&format!("<KeyCount>{count}</KeyCount>"));
    }
    if query.first_version || !query.said.is_empty() {
        out.push_str(&element(here, &query.said));
    }
    match &page.next {
        Some(place) if query.first_version => out.push_str(&element(next, &place.token())),
        // A token is never encoded on request, so it is made of what needs no encoding.
        Some(place) => {
            let token = utf8_percent_encode(&place.token(), PLAIN).to_string();
            out.push_str(&format!("<{next}>{token}</{next}>"));
        }
        None => {}
    }
    for object in &page.objects {
        let (key, tag, size) = (text(&object.key), escape(&object.tag), object.size);
        out.push_str(&format!(
            "<Contents><Key>{key}</Key><LastModified>{MODIFIED}</LastModified><ETag>&quot;{tag}&quot;</ETag>\
             <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        ));
    }
    for prefix in &page.prefixes {
        out.push_str(&format!("<CommonPrefixes>{}</CommonPrefixes>", element("Prefix", prefix)));
    }
    out.push_str("</ListBucketResult>");
    out
}
