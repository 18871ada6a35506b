//! Pages: HTML around whatever a file, an address or a query says, none of which is trusted.
//!
//! Every text goes through [`escape`], or through [`Page`], which does it. A page runs no script and loads nothing, and its
//! [policy](POLICY) says so to the browser, so that even a mistake here could not run anything.

use std::fmt::Write;

/// The only style of all pages.
const STYLE: &str = include_str!("html/style.css");

/// The `Content-Security-Policy` of every page: nothing but the one style, and forms to this server.
pub const POLICY: &str = "default-src 'none'; style-src 'sha256-r89EIWY6mtxkVq0Is/BxSuzP9aaNflO/9UW2h185b7o='; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The media type of a page.
pub const MEDIA_TYPE: &str = "text/html; charset=utf-8";

/// `text` as it can stand between tags and inside quoted attributes.
///
/// Control characters, which no browser shows, become the replacement character.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// `text` as a part of a URL: what is neither a letter nor a digit nor one of `-._~` is escaped, byte by byte.
#[must_use]
pub fn in_url(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => escaped.push(byte.into()),
            // Writing into a String cannot fail.
            other => drop(write!(escaped, "%{other:02X}")),
        }
    }
    escaped
}

/// A page while it is written.
#[derive(Clone, Debug)]
pub struct Page {
    text: String,
}

impl Page {
    /// A page with a title, which is its heading too.
    #[must_use]
    pub fn new(title: &str) -> Self {
        let title = escape(title);
        let text = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
        );
        Self { text }
    }

    /// Appends markup that contains no text from outside.
    pub fn markup(&mut self, markup: &str) -> &mut Self {
        self.text.push_str(markup);
        self
    }

    /// Appends a text, escaped.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.text.push_str(&escape(text));
        self
    }

    /// Appends `<tag>text</tag>`, the text escaped; behind the name of a `tag` may stand attributes.
    pub fn element(&mut self, tag: &str, text: &str) -> &mut Self {
        let name = tag.split(' ').next().unwrap_or(tag);
        let _ = write!(self.text, "<{tag}>{}</{name}>", escape(text));
        self
    }

    /// Appends a link; both are escaped. A `target` begins with `./` or with the server's own address.
    pub fn link(&mut self, target: &str, text: &str) -> &mut Self {
        let _ = write!(self.text, "<a href=\"{}\">{}</a>", escape(target), escape(text));
        self
    }

    /// Appends ` name="value"` for a tag that is open, the value escaped.
    pub fn attribute(&mut self, name: &str, value: &str) -> &mut Self {
        let _ = write!(self.text, " {name}=\"{}\"", escape(value));
        self
    }

    /// The whole page.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.text.push_str("</main>\n</body>\n</html>\n");
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(escape(text), expected);
    }

    #[test]
    fn nothing_leaves_its_place() {
        check("sea surface", "sea surface");
        check("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
        check("\"><img src=x onerror='x'>", "&quot;&gt;&lt;img src=x onerror=&#39;x&#39;&gt;");
        check("a &amp; b", "a &amp;amp; b");
        check("µ\u{0}\u{1b}[2J\n", "µ\u{fffd}\u{fffd}[2J\n");
    }

    #[test]
    fn parts_of_a_url_are_escaped_byte_by_byte() {
        assert_eq!(in_url("sst[0:1],a%20b&x>1"), "sst%5B0%3A1%5D%2Ca%2520b%26x%3E1");
        assert_eq!(in_url("é"), "%C3%A9");
    }

    #[test]
    fn a_page_escapes_what_it_is_given() {
        let evil = "</title><script>\"'&";
        let mut page = Page::new(evil);
        page.text(evil)
            .element("td", evil)
            .link(evil, evil)
            .markup("<p")
            .attribute("title", evil)
            .markup(">");
        let text = page.finish();
        assert!(!text.contains("<script"), "{text}");
        assert!(Page::new("x").element("td class=\"note\"", "y").text.ends_with("<td class=\"note\">y</td>"));
        assert_eq!(text.matches("&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp;").count(), 7, "{text}");
    }

    #[test]
    fn the_policy_allows_exactly_the_style() {
        use base64::Engine;
        use sha2::Digest;
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(STYLE));
        assert!(POLICY.contains(&format!("'sha256-{hash}'")), "the style has the hash {hash}");
        assert!(!STYLE.contains("</") && !STYLE.contains("url(") && !STYLE.contains("@import"));
        assert!(Page::new("x").finish().contains(&format!("<style>{STYLE}</style>")));
    }
}
