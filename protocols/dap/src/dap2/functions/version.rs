//! `version()`: the functions that there are, as XML like Hyrax's.

use std::fmt::Write;

use super::{Function, Looked, Refusal, Shown, TABLE, Value};

const NAMESPACE: &str = "http://xml.opendap.org/ns/DAP/4.0/dataset-services#";

pub fn answer<'i>(_: &[Value<'i>], _: &Looked<'_, 'i>) -> Result<Shown<'i>, Refusal> {
    Ok(Shown::Text { name: "version".to_owned(), text: document(|_| true) })
}

/// The functions called `name`.
pub fn describe(name: &str) -> String {
    document(|function| function.name == name)
}

fn document(wanted: impl Fn(&Function) -> bool) -> String {
    let mut text =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ds:functions xmlns:ds=\"{NAMESPACE}\">\n");
    for function in TABLE.iter().filter(|function| wanted(function)) {
        let Function { name, version, usage, about, .. } = function;
        let said =
            format!("{usage}: {about}").replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        // Writing into a String cannot fail.
        let _ = writeln!(
            text,
            "    <ds:function name=\"{name}\" version=\"{version}\">\n        <ds:Description>{said}</ds:Description>\n    </ds:function>"
        );
    }
    text.push_str("</ds:functions>\n");
    text
}
