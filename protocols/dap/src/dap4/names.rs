//! Names: how DAP4 spells what files call their groups, variables, dimensions and attributes.
//!
//! DAP4 takes any UTF-8, but a name that netCDF-C refuses costs its users the whole dataset: such names are changed as little
//! as makes them pass (`NC_check_name` in netCDF-C). In a fully qualified name, `/`, `.`, `\` and `@` of a name are escaped by
//! a backslash (DAP4 specification, volume 1, "Fully Qualified Names").

use std::borrow::Cow;
use std::collections::HashSet;

use weir_model::EnumMember;

/// The longest name netCDF-C accepts (`NC_MAX_NAME`), in bytes.
pub const LONGEST: usize = 256;

/// Spells a name so that every client takes it; most stay as they are.
#[must_use]
pub fn spell(name: &str) -> Cow<'_, str> {
    let is_bad = |c: char| c == '/' || c.is_control() || is_not_xml(c);
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii());
    if starts_well && !name.contains(is_bad) && !name.ends_with(' ') {
        return Cow::Borrowed(name);
    }
    let mut spelled = if starts_well { String::new() } else { "_".to_owned() };
    spelled.extend(name.chars().map(|c| if is_bad(c) { '_' } else { c }));
    if spelled.ends_with(' ') {
        spelled.pop();
        spelled.push('_');
    }
    Cow::Owned(spelled)
}

/// Whether XML 1.0 has no way to write a character, besides control characters.
fn is_not_xml(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Appends `/` and a name to the fully qualified name of its group; a `/` or `\` in the name is escaped.
///
/// Grammars of the protocol would have `.` and `@` escaped, too. But libdap and pydap look for a dimension by the very text that
/// declares it, and find none where it is escaped; netCDF-C finds both.
#[must_use]
pub fn qualified(group: &str, name: &str) -> String {
    let mut fqn = String::with_capacity(group.len().saturating_add(name.len()).saturating_add(1));
    fqn.push_str(group);
    fqn.push('/');
    for c in name.chars() {
        if matches!(c, '/' | '\\') {
            fqn.push('\\');
        }
        fqn.push(c);
    }
    fqn
}

/// The constants of an enumeration, as a DMR declares them.
#[must_use]
pub fn constants(members: &[EnumMember]) -> Vec<(String, i128)> {
    let mut distinct = Distinct::default();
    members.iter().map(|member| (distinct.claim(&spell(&member.name)), member.value)).collect()
}

/// Hands out names that are different from each other.
#[derive(Debug, Default)]
pub struct Distinct {
    taken: HashSet<String>,
}

impl Distinct {
    /// `name` itself for the first who asks, `name_2`, `name_3`, ... for those after.
    pub fn claim(&mut self, name: &str) -> String {
        if self.taken.insert(name.to_owned()) {
            return name.to_owned();
        }
        let numbered = (2_u32..).map(|n| format!("{name}_{n}"));
        let free = numbered.into_iter().find(|candidate| !self.taken.contains(candidate));
        let free = free.unwrap_or_default();
        self.taken.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_changed_as_little_as_possible() {
        let check = |name: &str, expected: &str| assert_eq!(spell(name), expected);
        check("sst", "sst");
        check("air temp.2m", "air temp.2m");
        check("température", "température");
        check("a/b", "a_b");
        check("a\nb\u{7f}", "a_b_");
        check("-x", "_-x");
        check(" x", "_ x");
        check("x ", "x_");
        check("", "_");
    }

    #[test]
    fn separators_are_escaped_in_qualified_names() {
        assert_eq!(qualified("", "sst"), "/sst");
        assert_eq!(qualified("/g", "a.b@c\\d"), "/g/a.b@c\\\\d");
    }

    proptest! {
        #[test]
        fn every_spelling_is_taken(name in "\\PC{0,12}|[ -~]{0,6}|[\\x00-\\x20]{0,4}") {
            let spelled = spell(&name).into_owned();
            prop_assert!(!spelled.is_empty() && !spelled.contains(['/', '\n']) && !spelled.ends_with(' '));
            prop_assert_eq!(spell(&spelled).into_owned(), spelled.clone());
        }

        #[test]
        fn claims_differ(names in prop::collection::vec("[ab_2]{1,3}", 0..40)) {
            let mut distinct = Distinct::default();
            let claimed: Vec<_> = names.iter().map(|name| distinct.claim(name)).collect();
            let unique: HashSet<_> = claimed.iter().collect();
            prop_assert_eq!(unique.len(), claimed.len());
        }
    }
}
