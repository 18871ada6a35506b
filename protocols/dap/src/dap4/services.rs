//! The dataset services document (DSR): which resources a dataset has, and where (DAP4 specification, volume 2).

use std::fmt::Write;

use super::dmr::escape;

/// The namespace of all elements.
const NAMESPACE: &str = "http://xml.opendap.org/ns/DAP/4.0/dataset-services#";

/// One resource.
#[derive(Clone, Copy, Debug)]
pub struct Service<'s> {
    /// What it is, for people.
    pub title: &'s str,
    /// What it is, for programs: the last part of its role's URI.
    pub role: &'s str,
    /// The media type.
    pub media_type: &'s str,
    /// What stands behind the dataset's address.
    pub suffix: &'s str,
    /// What it is good for.
    pub description: &'s str,
}

/// The document of a dataset at the address `base`, served by `server`, with `functions` to call.
#[must_use]
pub fn document(base: &str, server: &str, services: &[Service<'_>], functions: &[&str]) -> String {
    let base = escape(base);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DatasetServices xmlns=\"{NAMESPACE}\" xml:base=\"{base}\">\n  \
         <DapVersion>4.0</DapVersion>\n  <DapVersion>2.0</DapVersion>\n  \
         <ServerSoftwareVersion>{}</ServerSoftwareVersion>\n",
        escape(server)
    );
    for service in services {
        let (title, description) = (escape(service.title), escape(service.description));
        let (role, media_type) = (escape(service.role), escape(service.media_type));
        let href = format!("{base}{}", escape(service.suffix));
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "  <Service title=\"{title}\" role=\"http://services.opendap.org/{role}\">\n    \
             <Description>{description}</Description>\n    <link type=\"{media_type}\" href=\"{href}\"/>\n  </Service>\n"
        );
    }
    for function in functions {
        let function = escape(function);
        let _ = writeln!(out, "  <function name=\"{function}\"/>");
    }
    out.push_str("</DatasetServices>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_whole_and_escaped() {
        let data = Service {
            title: "Data",
            role: "dap4/data",
            media_type: "application/vnd.opendap.dap4.data",
            suffix: ".dap",
            description: "values & more",
        };
        let document = document("http://x/a&b", "weir/1", &[data], &["version"]);
        assert!(document.contains("href=\"http://x/a&amp;b.dap\""), "{document}");
        assert!(document.contains("<Description>values &amp; more</Description>"), "{document}");
        assert!(document.contains("<function name=\"version\"/>"), "{document}");
    }
}
