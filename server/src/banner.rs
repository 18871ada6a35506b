//! What the server says once it listens.

use std::io::Write;

use crate::exchange::Site;

/// Datasets that are named as examples.
const EXAMPLES: usize = 3;

/// Prints where the server listens and what to try.
///
/// # Errors
/// Where standard output is closed.
pub fn print(site: &Site, own: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let (base, catalog) = (site.base_url(), site.services().catalog());
    let listens = if own == base { String::new() } else { format!(", listening at {own}") };
    let version = env!("CARGO_PKG_VERSION");
    writeln!(out, "weir {version} serves {} datasets at {base}{listens}", catalog.len())?;
    for refused in &site.plugins().refused {
        writeln!(out, "  without plugin {}: {}", refused.name, refused.reason)?;
    }
    writeln!(out, "try:")?;
    writeln!(out, "  curl {base}/datasets")?;
    for id in catalog.list("", "", EXAMPLES) {
        for plugin in &site.plugins().serving {
            for hint in hints(plugin.guest.name()) {
                writeln!(out, "  {}", hint.replace("{url}", &format!("{base}/datasets/{}", encoded(&id))))?;
            }
        }
    }
    writeln!(out, "stop with Ctrl-C")?;
    out.flush()
}

/// Commands that show a plugin of this name at work; none are known for a site's own.
fn hints(plugin: &str) -> &'static [&'static str] {
    crate::linked::HINTS.iter().find(|(name, _)| *name == plugin).map_or(&[], |(_, hints)| *hints)
}

/// A dataset id as it stands in a URL.
fn encoded(id: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    utf8_percent_encode(id, KEPT).to_string()
}
