//! Keys of a hierarchy in the order of their bytes, one after the other: what object stores list.

use weir_model::Group;

use crate::{Array, Format, Hierarchy, Node};

/// What a level of keys holds: names of documents, and folders with a slash behind them.
enum Member<'a> {
    Document,
    Folder(Node<'a>),
    Chunks(Format),
}

impl<'a> Hierarchy<'a> {
    /// The first key behind `after`, by bytes: of documents in both versions, and of every chunk that the grids have.
    #[must_use]
    pub fn next_key(&self, after: &str) -> Option<String> {
        self.next_of_group("", self.schema.group("")?, after)
    }

    /// `after` and the result are relative to the group.
    fn next_of_group(&self, path: &str, group: &'a Group, after: &str) -> Option<String> {
        let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        let documents =
            [".zattrs", ".zgroup", ".zmetadata", "zarr.json"].map(|name| (name.to_owned(), Member::Document));
        let variables = group.variables.iter().map(|variable| variable.name.as_str());
        let groups = group.groups.iter().map(|group| group.name.as_str());
        let folders = variables.chain(groups).filter_map(|name| {
            let node = self.node(&inside(name))?;
            Some((format!("{name}/"), Member::Folder(node)))
        });
        let mut members: Vec<(String, Member<'a>)> = documents.into_iter().chain(folders).collect();
        members.sort_by(|a, b| a.0.cmp(&b.0));
        next(&members, after, |folder, member, after| match member {
            Member::Folder(Node::Group(group)) => {
                self.next_of_group(&inside(folder.trim_end_matches('/')), group, after)
            }
            Member::Folder(Node::Array(array)) => next_of_array(array, after),
            _ => None,
        })
    }
}

fn next_of_array(array: &Array<'_>, after: &str) -> Option<String> {
    let members = [
        (".zarray".to_owned(), Member::Document),
        (".zattrs".to_owned(), Member::Document),
        (String::new(), Member::Chunks(Format::V2)),
        ("c".to_owned(), Member::Chunks(Format::V3)),
        ("zarr.json".to_owned(), Member::Document),
    ];
    // Numbers stand behind points and before letters, so the chunks of each version are one run.
    members.iter().find_map(|(name, member)| match member {
        Member::Document => (name.as_str() > after).then(|| name.clone()),
        Member::Chunks(format) => next_chunk(array, *format, after),
        Member::Folder(_) => None,
    })
}

fn next_chunk(array: &Array<'_>, format: Format, after: &str) -> Option<String> {
    let counts = array.objects(format).counts();
    match (format, counts.is_empty()) {
        (Format::V2, true) => ("0" > after).then(|| "0".to_owned()),
        (Format::V3, true) => ("c" > after).then(|| "c".to_owned()),
        (Format::V2, false) => next_index(&counts, '.', after),
        (Format::V3, false) => {
            let after = match after.strip_prefix("c/") {
                Some(after) => after,
                None if after < "c/" => "",
                None => return None,
            };
            next_index(&counts, '/', after).map(|index| format!("c/{index}"))
        }
    }
}

/// The first member behind `after`, or the first key inside a folder.
fn next<'m, M>(
    members: &'m [(String, M)],
    after: &str,
    inside: impl Fn(&str, &'m M, &str) -> Option<String>,
) -> Option<String> {
    members.iter().find_map(|(name, member)| {
        if !name.ends_with('/') {
            return (name.as_str() > after).then(|| name.clone());
        }
        let after = match after.strip_prefix(name.as_str()) {
            Some(after) => after,
            None if after < name.as_str() => "",
            None => return None,
        };
        inside(name, member, after).map(|key| format!("{name}{key}"))
    })
}

/// The first index behind `after`, as it is spelled. The separator stands before all digits.
fn next_index(counts: &[u64], separator: char, after: &str) -> Option<String> {
    let (&count, rest) = counts.split_first()?;
    let (head, tail) = after.split_once(separator).map_or((after, None), |(head, tail)| (head, Some(tail)));
    if rest.is_empty() {
        return next_number(count, after);
    }
    let same = head.parse::<u64>().ok().filter(|number| *number < count && number.to_string() == head);
    let within = same.and_then(|number| {
        let index = next_index(rest, separator, tail.unwrap_or_default())?;
        Some(format!("{number}{separator}{index}"))
    });
    within.or_else(|| {
        let number = next_number(count, head)?;
        Some(format!("{number}{separator}{}", next_index(rest, separator, "")?))
    })
}

/// The first spelling of a number below `count` behind `after`.
fn next_number(count: u64, after: &str) -> Option<String> {
    /// The first that begins with the digits of `number` and stands behind `after`.
    fn below(number: u64, count: u64, after: &str) -> Option<String> {
        let text = number.to_string();
        if number >= count || (text.as_str() < after && !after.starts_with(&text)) {
            return None;
        }
        if text.as_str() > after {
            return Some(text);
        }
        if number == 0 {
            return None;
        }
        (0..10).find_map(|digit| below(number.checked_mul(10)?.checked_add(digit)?, count, after))
    }
    (0..10).find_map(|digit| below(digit, count, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocean;
    use proptest::prelude::*;

    fn all(hierarchy: &Hierarchy<'_>) -> Vec<String> {
        std::iter::successors(hierarchy.next_key(""), |key| hierarchy.next_key(key)).collect()
    }

    #[test]
    fn every_key_comes_once_and_in_order() {
        let schema = ocean::schema();
        let hierarchy = Hierarchy::of_file(&schema);
        let keys = all(&hierarchy);
        assert!(keys.is_sorted() && keys.windows(2).all(|pair| pair[0] != pair[1]), "{keys:?}");
        let of_sst: Vec<&str> = keys.iter().filter_map(|key| key.strip_prefix("sst/")).collect();
        let expected = [
            ".zarray",
            ".zattrs",
            "0.0",
            "0.1",
            "0.2",
            "1.0",
            "1.1",
            "1.2",
            "c/0/0",
            "c/0/1",
            "c/0/2",
            "c/1/0",
            "c/1/1",
            "c/1/2",
            "zarr.json",
        ];
        assert_eq!(of_sst, expected);
        for key in ["cloud/0", "cloud/c", "forecast/.zgroup", "forecast/deep/c/zarr.json", "zarr.json"] {
            assert!(keys.iter().any(|k| k == key), "{key} is not in {keys:?}");
        }
        for key in &keys {
            assert!(crate::Key::parse(key, &schema).is_some(), "{key}");
        }
    }

    proptest! {
        #[test]
        fn indices_are_those_of_sorted_spellings(counts in prop::collection::vec(1_u64..13, 1..4), after in "[0-9./]{0,5}") {
            for separator in ['.', '/'] {
                let spelled = |place: u64| {
                    let mut rest = place;
                    let mut index: Vec<String> =
                        counts.iter().rev().map(|&n| { let i = rest % n; rest /= n; i.to_string() }).collect();
                    index.reverse();
                    index.join(&separator.to_string())
                };
                let mut sorted: Vec<String> = (0..counts.iter().product()).map(spelled).collect();
                sorted.sort();
                let got: Vec<String> = std::iter::successors(next_index(&counts, separator, ""), |key| {
                    next_index(&counts, separator, key)
                }).collect();
                prop_assert_eq!(&got, &sorted);
                let text = after.replace(['.', '/'], &separator.to_string());
                let expected = sorted.iter().find(|key| key.as_str() > text.as_str()).cloned();
                prop_assert_eq!(next_index(&counts, separator, &text), expected, "{}", text);
            }
        }

        #[test]
        fn the_next_key_is_the_first_behind(after in "[a-z.0-9/]{0,12}") {
            let schema = ocean::schema();
            let hierarchy = Hierarchy::of_file(&schema);
            let expected = all(&hierarchy).into_iter().find(|key| *key > after);
            prop_assert_eq!(hierarchy.next_key(&after), expected);
        }
    }
}
