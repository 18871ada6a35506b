//! Entity tags and conditional requests (RFC 9110, sections 8.8 and 13).

use sha2::{Digest, Sha256};

/// The strong tag of a response that depends only on a dataset's generation, the request target and the plugin: its name, its
/// version and its configuration.
pub fn tag(generation: &str, [name, version, configuration]: [&str; 3], target: &str) -> String {
    let mut hash = Sha256::new();
    for part in [generation, name, version, configuration, target] {
        hash.update(part);
        hash.update([0]);
    }
    let hex: String = hash.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Whether `If-None-Match` headers name `tag`; a weak spelling of it counts, as the comparison is weak. `*` names every
/// version, but only of what exists, so it is left to those who know that.
pub fn matches(header: Option<&str>, tag: &str) -> bool {
    let names =
        |value: &str| value.split(',').map(str::trim).any(|one| one.strip_prefix("W/").unwrap_or(one) == tag);
    header.is_some_and(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_change_with_every_part() {
        let tags = [
            tag("a", ["p", "1", "{}"], "/x"),
            tag("b", ["p", "1", "{}"], "/x"),
            tag("a", ["q", "1", "{}"], "/x"),
            tag("a", ["p", "2", "{}"], "/x"),
            tag("a", ["p", "1", "{\"a\":1}"], "/x"),
            tag("a", ["p", "1", "{}"], "/y"),
        ];
        for (i, one) in tags.iter().enumerate() {
            assert!(tags.iter().skip(i + 1).all(|other| other != one));
        }
    }

    #[test]
    fn lists_and_weak_spellings_match() {
        let ours = tag("a", ["p", "1", "{}"], "/x");
        assert!(matches(Some(&ours), &ours));
        assert!(matches(Some(&format!("\"other\", W/{ours}")), &ours));
        assert!(!matches(Some("\"other\""), &ours));
        assert!(!matches(None, &ours));
    }
}
