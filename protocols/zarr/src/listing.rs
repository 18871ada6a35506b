//! Listings: what a group holds, as HTML, for clients that find members by following links (zarr-python without consolidated
//! metadata) and for people.

use weir_model::Group;

use crate::{Hidden, Hierarchy, Node};

/// The listing of the group at `key`, with or without a slash behind it, for a request whose path is `url`; `None` where there is
/// no such group.
#[must_use]
pub fn html(hierarchy: &Hierarchy<'_>, key: &str, url: &str) -> Option<String> {
    let path = key.strip_suffix('/').unwrap_or(key);
    // One slash at most: `a//` names nothing.
    let Node::Group(group) = hierarchy.node(path)? else { return None };
    Some(page(hierarchy, group, path, url))
}

fn page(hierarchy: &Hierarchy<'_>, group: &Group, path: &str, url: &str) -> String {
    let title = escaped(&format!("/{path}"));
    let links: String = names(group, hierarchy, path).map(link).collect();
    let hidden: String = hidden(hierarchy, path).map(|hidden| reason(&hidden)).collect();
    let base = base(url);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">{base}<title>{title}</title></head>\n\
         <body><h1>{title}</h1>\n<ul>\n{links}{hidden}</ul>\n</body></html>\n"
    )
}

/// Members that Zarr can show, in declaration order.
fn names<'a>(group: &'a Group, hierarchy: &'a Hierarchy<'a>, path: &'a str) -> impl Iterator<Item = &'a str> {
    let variables = group.variables.iter().map(|variable| variable.name.as_str());
    let all = variables.chain(group.groups.iter().map(|group| group.name.as_str()));
    all.filter(move |name| {
        let below = if path.is_empty() { (*name).to_owned() } else { format!("{path}/{name}") };
        hierarchy.node(&below).is_some()
    })
}

/// What of this very group is hidden.
fn hidden(hierarchy: &Hierarchy<'_>, path: &str) -> impl Iterator<Item = Hidden> {
    let prefix = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
    let of_group =
        move |hidden: &Hidden| hidden.path.strip_prefix(&prefix).is_some_and(|name| !name.contains('/'));
    hierarchy.hidden().into_iter().filter(of_group)
}

/// A link that ends in a slash, as that of a folder does: zarr-python then looks for a member there.
fn link(name: &str) -> String {
    format!("<li><a href=\"{}/\">{}/</a></li>\n", target(name), escaped(name))
}

/// A name as a link. Only what would mean something else there is percent-encoded: fsspec takes links as they stand, and
/// would find a member called `dew%20point` that does not exist, while browsers encode the rest by themselves.
fn target(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '%' | '?' | '#' | ':' | '\\' | '&' | '<' | '>' | '"' | '\'' | '\0'..='\x1f' | '\x7f' => {
                out.push_str(&format!("%{:02X}", u32::from(character)));
            }
            other => out.push(other),
        }
    }
    out
}

fn reason(hidden: &Hidden) -> String {
    let name = hidden.path.rsplit('/').next().unwrap_or_default();
    format!("<li>{} (not served: {})</li>\n", escaped(name), escaped(&hidden.reason))
}

/// Where the page was asked for without a slash at the end, relative links would miss its last segment.
fn base(url: &str) -> String {
    match url.rsplit('/').next() {
        None | Some("") => String::new(),
        Some(last) => format!("<base href=\"{}/\">", escaped(last)),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_page() {
        let expected = "<li><a href=\"a%3Ab%22%3E%3Cscript%3E/\">a:b&quot;&gt;&lt;script&gt;/</a></li>\n";
        assert_eq!(link("a:b\"><script>"), expected);
        assert_eq!(target("dew point+é%\n"), "dew point+é%25%0A");
        assert_eq!(base("/datasets/x/zarr/"), "");
        assert_eq!(base("/datasets/x/zarr"), "<base href=\"zarr/\">");
        assert_eq!(base("/datasets/x/a\"b"), "<base href=\"a&quot;b/\">");
    }
}
