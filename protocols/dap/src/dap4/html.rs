//! Pages for people: a document of the protocol in a browser.

use super::dmr::escape;

/// A page that shows a DMR and leads to what else there is.
#[must_use]
pub fn page(title: &str, links: &[(&str, &str)], document: &str) -> String {
    let title = escape(title);
    let link = |(address, text): &(&str, &str)| {
        format!("<li><a href=\"{}\">{}</a></li>\n", escape(address), escape(text))
    };
    let links: String = links.iter().map(link).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <style>body{{font-family:sans-serif;margin:2em}}pre{{overflow-x:auto}}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <ul>\n{links}</ul>\n<pre>{}</pre>\n</body>\n</html>\n",
        text(document)
    )
}

/// Escapes text for a page, where line breaks stay line breaks.
fn text(document: &str) -> String {
    document.lines().map(|line| format!("{}\n", escape(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_escaped() {
        let page = page("<b>", &[("x?a&b", "\"y\"")], "<Dataset>\n<script>");
        assert!(page.contains("<title>&lt;b&gt;</title>"), "{page}");
        assert!(page.contains("<a href=\"x?a&amp;b\">&quot;y&quot;</a>"), "{page}");
        assert!(page.contains("<pre>&lt;Dataset&gt;\n&lt;script&gt;\n</pre>"), "{page}");
    }
}
