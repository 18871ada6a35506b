//! Addresses: where the resources of a dataset are, as pages link to them.

use weir_plugin_api::Request;

/// Where a dataset is, as its client called it: a page at an alias links to that alias.
pub struct Address<'r> {
    server: &'r str,
    /// The path without the suffix of the resource, as it was received.
    path: &'r str,
}

impl<'r> Address<'r> {
    /// The address of the dataset of `request`, which asks for its resource `suffix`.
    pub fn of(request: &Request<'r>, suffix: &str) -> Self {
        let path = request.path();
        Self { server: request.base_url(), path: path.strip_suffix(suffix).unwrap_or(path) }
    }

    /// A link from one resource to another, with a constraint.
    ///
    /// It is relative, so that it holds behind whatever proxy, and begins with `./`, so that no name makes it anything else.
    pub fn link(&self, suffix: &str, constraint: &str) -> String {
        let last = self.path.rsplit('/').next().unwrap_or(self.path);
        format!("./{last}{suffix}{}", query(constraint))
    }

    /// The URL to give to a client.
    pub fn url(&self, suffix: &str, constraint: &str) -> String {
        format!("{}{}{suffix}{}", self.server, self.path, query(constraint))
    }
}

/// A constraint as the query of a URL that every client takes as it is.
///
/// Brackets, for one, are escaped: some clients refuse them and `curl` reads them as a pattern. The escapes in names stay as
/// they are.
fn query(constraint: &str) -> String {
    if constraint.is_empty() {
        return String::new();
    }
    let mut query = String::from("?");
    let mut rest = constraint;
    while let Some(c) = rest.chars().next() {
        let (one, behind) = rest.split_at(c.len_utf8());
        let is_escape = c == '%' && behind.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
        if is_escape || c.is_ascii_alphanumeric() || "-._~,:&=!*()/".contains(c) {
            query.push(c);
        } else {
            query.push_str(&weir_dap::dap2::html::in_url(one));
        }
        rest = behind;
    }
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(constraint: &str, expected: &str) {
        assert_eq!(query(constraint), expected);
    }

    #[test]
    fn constraints_become_queries() {
        check("", "");
        check("sst[0:1:9][2],lat", "?sst%5B0:1:9%5D%5B2%5D,lat");
        check("a%20b&s.x>1", "?a%20b&s.x%3E1");
        check("a b%zz\"é", "?a%20b%25zz%22%C3%A9");
    }
}
