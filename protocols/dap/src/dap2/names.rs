//! Names: how DAP2 spells what files call their groups, variables, dimensions and attributes.
//!
//! A name that a client cannot parse costs the whole dataset, not one variable: netCDF-C refuses to open a DDS with a space,
//! an `@` or UTF-8 in a name, escaped or not, and silently drops every attribute when a DAS has one. So names are made of
//! letters, digits and `_-.`, everything else is escaped as `%XX` (pydap escapes a `+` in some places only), and letters
//! beyond ASCII are transliterated.

use std::collections::HashMap;

/// The longest name netCDF-C accepts (`NC_MAX_NAME`); one longer name makes it refuse the whole dataset.
pub const LONGEST: usize = 256;

/// What a name is for; each has its own unsafe characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Variables and datasets. Characters with a meaning in constraint expressions become `_`: clients send names back
    /// decoded, escaped once or escaped twice, and a decoded comma could not be told from the one between two names.
    Variable,
    /// Dimensions. As variables, but `.` is escaped too: pydap cannot parse it there.
    Dimension,
    /// Members of compound variables. As variables, but `.` becomes `_`: in a constraint it separates members.
    Member,
    /// Attributes. They never come back in a request, so every character can be escaped.
    Attribute,
}

/// Spells `name`: only letters, digits, `_`, `-`, `.` and `%XX` remain, beginning with a letter, a digit or `_`.
#[must_use]
pub fn spell(name: &str, role: Role) -> String {
    let mut spelled = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '-' => spelled.push(c),
            '.' if role == Role::Member => spelled.push('_'),
            '.' if role != Role::Dimension => spelled.push(c),
            '\0'..='\x1f' | '\x7f' => spelled.push('_'),
            _ if role != Role::Attribute && ",[]:&(){};=<>!?#\"'%\\".contains(c) => spelled.push('_'),
            _ if c.is_ascii() => spelled.push_str(&format!("%{:02X}", u32::from(c))),
            _ => transliterate(c, &mut spelled),
        }
    }
    // netCDF names begin with a letter, a digit or `_`; an escape does not count as one.
    if !spelled.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        spelled.insert(0, '_');
    }
    // netCDF-C takes the attributes of a variable whose name ends so, in any case, for those of the dataset.
    if role != Role::Attribute && spelled.to_ascii_lowercase().ends_with("global") {
        spelled.push('_');
    }
    spelled
}

/// Spells the name of a dataset, cut to what clients take: it stands at the end of a DDS, and nobody asks by it.
#[must_use]
pub fn spell_dataset(name: &str) -> String {
    let mut spelled = spell(name, Role::Variable);
    if spelled.len() > LONGEST {
        // An escape is not cut in two.
        let escape = spelled
            .get(..LONGEST)
            .and_then(|cut| cut.rfind('%'))
            .filter(|&at| at.saturating_add(3) > LONGEST);
        spelled.truncate(escape.unwrap_or(LONGEST));
    }
    spelled
}

/// Spells a path such as `/forecast/deep/t` as one name: `forecast_deep_t`. DAP2 has no groups.
#[must_use]
pub fn spell_path(path: &str, role: Role) -> String {
    spell(&path.trim_start_matches('/').replace('/', "_"), role)
}

/// Appends what stands for a letter beyond ASCII: `e` for `é`, `u03C3` for letters without a likeness.
fn transliterate(c: char, spelled: &mut String) {
    let likeness = match c {
        'À'..='Å' => "A",
        'Æ' => "AE",
        'Ç' => "C",
        'È'..='Ë' => "E",
        'Ì'..='Ï' => "I",
        'Ð' => "D",
        'Ñ' => "N",
        'Ò'..='Ö' | 'Ø' => "O",
        'Ù'..='Ü' => "U",
        'Ý' => "Y",
        'Þ' => "Th",
        'ß' => "ss",
        'à'..='å' => "a",
        'æ' => "ae",
        'ç' => "c",
        'è'..='ë' => "e",
        'ì'..='ï' => "i",
        'ð' => "d",
        'ñ' => "n",
        'ò'..='ö' | 'ø' => "o",
        'ù'..='ü' | 'µ' | 'μ' => "u",
        'ý' | 'ÿ' => "y",
        'þ' => "th",
        'œ' => "oe",
        'Œ' => "OE",
        '°' => "deg",
        // Combining accents stand behind their letter, which says enough alone.
        '\u{300}'..='\u{36f}' => "",
        other => return spelled.push_str(&format!("u{:04X}", u32::from(other))),
    };
    spelled.push_str(likeness);
}

/// Removes one layer of `%XX` (any case of hex digits); what is not an escape stays as it is.
#[must_use]
pub fn decode_once(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, behind) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = after;
                }
                _ => decoded.push(byte),
            },
            _ => decoded.push(byte),
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Removes layers of `%XX` until nothing changes, at most three: netCDF-C 4.9.0 escapes a name up to three times.
#[must_use]
pub fn decode(text: &str) -> Vec<u8> {
    let mut current = text.as_bytes().to_vec();
    for _ in 0..3 {
        let next = decode_once(&current);
        if next == current {
            break;
        }
        current = next;
    }
    current
}

/// Hands out names that are different from each other, in whatever escaping a client sends them back.
#[derive(Debug, Default)]
pub struct Distinct {
    /// By decoded name: the number that the next one of the same name gets.
    taken: HashMap<Vec<u8>, u32>,
}

impl Distinct {
    /// `name` itself for the first who asks, `name_2`, `name_3`, ... for those after.
    pub fn claim(&mut self, name: String) -> String {
        let decoded = decode(&name);
        let Some(next) = self.taken.get(&decoded).copied() else {
            self.taken.insert(decoded, 2);
            return name;
        };
        let free = (next..u32::MAX).map(|n| (n, format!("{name}_{n}")));
        let found = free.into_iter().find(|(_, candidate)| !self.taken.contains_key(&decode(candidate)));
        let (number, candidate) = found.unwrap_or((next, format!("{name}_{next}")));
        self.taken.insert(decode(&candidate), 2);
        self.taken.insert(decoded, number.saturating_add(1));
        candidate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(name: &str, role: Role, expected: &str) {
        assert_eq!(spell(name, role), expected);
    }

    #[test]
    fn names_are_spelled_for_every_client() {
        check("sst", Role::Variable, "sst");
        check("air temp", Role::Variable, "air%20temp");
        check("a.b+c-d", Role::Variable, "a.b%2Bc-d");
        check("a.b+c-d", Role::Dimension, "a%2Eb%2Bc-d");
        check("a.b+c-d", Role::Member, "a_b%2Bc-d");
        check("a,b[0]", Role::Variable, "a_b_0_");
        check("50%", Role::Variable, "50_");
        check("50%", Role::Attribute, "50%25");
        check("valid:range", Role::Attribute, "valid%3Arange");
        check("me@sea", Role::Attribute, "me%40sea");
        check("température", Role::Variable, "temperature");
        check("σ", Role::Variable, "u03C3");
        check("tempe\u{301}rature", Role::Variable, "temperature");
        check(" x", Role::Variable, "_%20x");
        check("-x", Role::Variable, "_-x");
        check("", Role::Variable, "_");
        check("a\nb", Role::Attribute, "a_b");
        check("sst_Global", Role::Variable, "sst_Global_");
        check("global", Role::Dimension, "global_");
        check("global", Role::Attribute, "global");
        check("globally", Role::Variable, "globally");
    }

    #[test]
    fn names_of_datasets_are_cut_between_characters() {
        assert_eq!(spell_dataset("a b.nc"), "a%20b.nc");
        assert_eq!(spell_dataset(&"x".repeat(400)), "x".repeat(256));
        for before in 0..4 {
            let spelled = spell_dataset(&format!("{}{}", "x".repeat(before + 1), " ".repeat(200)));
            assert!((254..=256).contains(&spelled.len()), "{spelled}");
            assert!(spelled.ends_with("%20"), "{spelled}");
        }
    }

    #[test]
    fn groups_become_part_of_the_name() {
        assert_eq!(spell_path("/forecast/deep/t", Role::Variable), "forecast_deep_t");
        assert_eq!(spell_path("/t", Role::Variable), "t");
    }

    #[test]
    fn escapes_are_removed_up_to_three_times() {
        let check = |text: &str, expected: &str| assert_eq!(decode(text), expected.as_bytes(), "{text}");
        check("a%20b", "a b");
        check("a%2520b", "a b");
        check("t%25255b1%25255D", "t[1]");
        check("%2525255b", "%5b");
        check("%", "%");
        check("%5", "%5");
        check("%zz%5B", "%zz[");
    }

    #[test]
    fn equal_names_get_numbers() {
        let mut distinct = Distinct::default();
        let mut check = |name: &str, expected: &str| assert_eq!(distinct.claim(name.into()), expected);
        check("t", "t");
        check("t_2", "t_2");
        check("t", "t_3");
        check("t", "t_4");
        check("a%20b", "a%20b");
        check("a%20b", "a%20b_2");
    }

    proptest! {
        #[test]
        fn every_spelling_is_safe_and_comes_back(name in "\\PC{0,12}") {
            for role in [Role::Variable, Role::Dimension, Role::Attribute] {
                let spelled = spell(&name, role);
                prop_assert!(spelled.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-+.%".contains(&b)));
                prop_assert!(!spelled.is_empty());
            }
            // However often a client escapes a variable's name, it decodes to the same key.
            let spelled = spell(&name, Role::Variable);
            prop_assert_eq!(decode(&spelled), decode(&spelled.replace('%', "%25")));
            prop_assert!(!decode(&spelled).contains(&b'%'));
        }

        #[test]
        fn claims_differ(names in prop::collection::vec("[ab_2]{1,3}", 0..40)) {
            let mut distinct = Distinct::default();
            let claimed: Vec<_> = names.into_iter().map(|name| distinct.claim(name)).collect();
            let unique: std::collections::HashSet<_> = claimed.iter().collect();
            prop_assert_eq!(unique.len(), claimed.len());
        }
    }
}
