//! The error document: what a client reads instead of a response, or behind the last data that could be sent.

use super::dmr::{NAMESPACE, escape};

/// The DAP4 document that says `message`; `code` is the HTTP status.
#[must_use]
pub fn document(code: u16, message: &str) -> String {
    let message = escape(message);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error xmlns=\"{NAMESPACE}\" httpcode=\"{code}\">\n  \
         <Message>{message}</Message>\n</Error>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_escaped() {
        let document = document(400, "no variable \"<x>\"");
        assert!(document.contains("httpcode=\"400\""), "{document}");
        assert!(document.contains("<Message>no variable &quot;&lt;x&gt;&quot;</Message>"), "{document}");
    }
}
