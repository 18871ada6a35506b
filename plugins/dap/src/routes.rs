//! The routes, and what is said of each.

use weir_plugin_api::{Parameter, Route};

use crate::{ADDRESSES, dap4, resources};

const TEXT: &str = "text/plain";
const PAGE: &str = "text/html";
const SERVICES: &str = "application/vnd.opendap.dap4.dataset-services+xml";
/// What an error's body is, of DAP2 and of DAP4.
const ERROR: &str = "application/vnd.opendap.dap4.error+xml";

/// Of each suffix: a summary, and the media type of what it answers.
const SAID: [(&str, &str, &str); 17] = [
    ("", "what is served of the dataset; for browsers, the way to a form", SERVICES),
    (".dds", "what the dataset holds (DAP2); the query is a constraint", TEXT),
    (".das", "the dataset's attributes (DAP2)", TEXT),
    (".dods", "values (DAP2); the query is a constraint", "application/octet-stream"),
    (".ver", "which versions of DAP are spoken", TEXT),
    (".ascii", "values as text; the query is a constraint", TEXT),
    (".asc", "values as text; the query is a constraint", TEXT),
    (".json", "values as JSON; the query is a constraint", "application/json"),
    (".html", "a form that builds requests for parts of the dataset", PAGE),
    (".info", "a page that describes the dataset", PAGE),
    (".help", "a page on how to ask for parts of the dataset", PAGE),
    (".dmr", "what the dataset holds (DAP4)", "application/vnd.opendap.dap4.dataset-metadata+xml"),
    (".dmr.xml", "what the dataset holds (DAP4), for browsers", "text/xml"),
    (".dmr.html", "a page that describes the dataset (DAP4)", PAGE),
    (".dap", "values (DAP4)", "application/vnd.opendap.dap4.data"),
    (".dsr", "what is served of the dataset", SERVICES),
    (".dsr.xml", "what is served of the dataset, for browsers", "text/xml"),
];

/// All routes, in the order of the resources at each address.
pub fn all() -> Vec<Route> {
    let at = |address| resources().map(move |resource| described(address, resource.suffix));
    ADDRESSES.into_iter().flat_map(at).collect()
}

fn described(address: &str, suffix: &str) -> Route {
    let said = SAID.iter().find(|(of, _, _)| *of == suffix);
    let (_, summary, media_type) = said.copied().unwrap_or((suffix, "", TEXT));
    let mut route = Route::get(&format!("{address}{suffix}")).summary(summary);
    let is_dap4 = dap4::RESOURCES.iter().any(|resource| resource.suffix == suffix);
    if suffix == ".dmr" || suffix == ".dmr.xml" || suffix == ".dap" {
        let words = "the part of the dataset that is asked for (DAP4, constraint expressions)";
        route = route.parameter(Parameter::query("dap4.ce", words));
        route = route.parameter(Parameter::query("dap4.function", "a function of the server"));
    }
    if suffix == ".dap" {
        let checksum = Parameter::query("dap4.checksum", "whether checksums are sent");
        route = route.parameter(checksum.schema(r#"{"type":"string","enum":["true","false"]}"#));
    }
    if suffix.is_empty() {
        route = route.answers(302, &[PAGE], "where the form is");
    }
    // Pages say what is wrong as pages, where that is asked for through the page's own address.
    let errors: &[&str] = match (is_dap4, media_type) {
        (true, PAGE) | (false, PAGE) => &[PAGE, TEXT],
        (true, _) => &[ERROR],
        _ => &[TEXT],
    };
    route
        .answers(200, &[media_type], "all that was asked for")
        .answers(400, errors, "the constraint cannot be understood, or does not fit the dataset")
        .answers(404, errors, "there is no such dataset")
        .answers(413, errors, "more is asked for than this server sends at once")
        .answers(501, errors, "the dataset has what this server cannot read, or this protocol cannot say")
        .answers(503, errors, "the data cannot be had now; come again later")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_described() {
        for resource in resources() {
            assert_eq!(
                SAID.iter().filter(|(of, _, _)| *of == resource.suffix).count(),
                1,
                "{}",
                resource.suffix
            );
        }
        assert_eq!(SAID.len(), resources().count());
        assert_eq!(all().len(), SAID.len() * ADDRESSES.len());
    }
}
