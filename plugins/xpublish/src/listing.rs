//! The list of datasets, in pages: `/datasets?prefix=&after=&limit=`.

use std::fmt::Write as _;

use weir_plugin_api::{Error, Host};

use crate::form;

/// How many ids a page has where the client names no number.
const USUAL_LIMIT: u32 = 1000;

/// How many ids a page has at most.
const MOST_LIMIT: u32 = 10_000;

/// The part of the list that a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    prefix: String,
    after: String,
    limit: u32,
}

impl Part {
    /// Reads a query; parameters of other names say nothing.
    pub(crate) fn parse(query: &str) -> Result<Self, Error> {
        let mut part = Self { prefix: String::new(), after: String::new(), limit: USUAL_LIMIT };
        for (name, value) in form::pairs(query) {
            match name {
                "prefix" => part.prefix = form::text(name, value)?,
                "after" => part.after = form::text(name, value)?,
                "limit" => part.limit = limit(&form::text(name, value)?)?,
                _ => {}
            }
        }
        Ok(part)
    }

    /// The ids of this part, and the header `Link` (RFC 8288) that names the next part, where there is one. Its target is
    /// relative: the site may be reached by any URL.
    pub(crate) fn of(&self, host: &Host) -> Result<(Vec<String>, Option<String>), Error> {
        self.taken(|prefix, after, limit| host.list(prefix, after, limit))
    }

    fn taken(
        &self,
        list: impl Fn(&str, &str, u32) -> Result<Vec<String>, Error>,
    ) -> Result<(Vec<String>, Option<String>), Error> {
        let mut ids = list(&self.prefix, &self.after, self.limit.saturating_add(1))?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let goes_on = ids.len() > limit;
        ids.truncate(limit);
        let next = ids.last().filter(|_| goes_on).map(|last| self.link(last));
        Ok((ids, next))
    }

    fn link(&self, last: &str) -> String {
        let mut link = format!("<?after={}&limit={}", form::encoded(last), self.limit);
        if !self.prefix.is_empty() {
            // Writing into a string does not fail.
            let _written = write!(link, "&prefix={}", form::encoded(&self.prefix));
        }
        link + ">; rel=\"next\""
    }
}

fn limit(value: &str) -> Result<u32, Error> {
    let limit = value.parse().ok().filter(|limit| (1..=MOST_LIMIT).contains(limit));
    limit.ok_or_else(|| {
        Error::bad_request(format!("limit is {value:?}, but must be a number from 1 to {MOST_LIMIT}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: Result<(&str, &str, u32), &str>) {
        let found = Part::parse(query).map_err(|error| error.message);
        let expected = expected.map(|(prefix, after, limit)| Part {
            prefix: prefix.to_owned(),
            after: after.to_owned(),
            limit,
        });
        assert_eq!(found, expected.map_err(str::to_owned), "{query}");
    }

    #[test]
    fn queries_name_a_part() {
        check("", Ok(("", "", 1000)));
        check("limit=10000", Ok(("", "", 10_000)));
        check("after=a%2Fb+c%2B.nc&limit=7&prefix=a/&_=1", Ok(("a/", "a/b c+.nc", 7)));
        check("prefix=%C3%A9&limit", Err("limit is \"\", but must be a number from 1 to 10000"));
        check("limit=0", Err("limit is \"0\", but must be a number from 1 to 10000"));
        check("limit=10001", Err("limit is \"10001\", but must be a number from 1 to 10000"));
        check("limit=-1", Err("limit is \"-1\", but must be a number from 1 to 10000"));
        check(
            "limit=99999999999999999999",
            Err("limit is \"99999999999999999999\", but must be a number from 1 to 10000"),
        );
        check(
            "after=%ff",
            Err("the value of after is not UTF-8: invalid utf-8 sequence of 1 bytes from index 0"),
        );
    }

    #[test]
    fn links_lead_through_the_whole_list() {
        let all: Vec<String> = (1..=25).map(|n| format!("d&{}/é {n:02}+.nc", n % 2)).collect();
        let list = |prefix: &str, after: &str, limit: u32| {
            let mut sorted: Vec<String> = all.clone();
            sorted.sort();
            let behind = sorted.into_iter().filter(|id| id.starts_with(prefix) && id.as_str() > after);
            Ok(behind.take(limit as usize).collect::<Vec<_>>())
        };
        for (first, pages) in [("limit=25", 1), ("limit=24", 2), ("limit=5", 5), ("limit=5&prefix=d%261", 3)]
        {
            let (mut query, mut found, mut count) = (first.to_owned(), Vec::new(), 0);
            let prefix = Part::parse(first).unwrap().prefix;
            loop {
                let (ids, link) = Part::parse(&query).unwrap().taken(list).unwrap();
                found.extend(ids);
                count += 1;
                let Some(link) = link else { break };
                let next = link.strip_prefix("<?").and_then(|link| link.strip_suffix(">; rel=\"next\""));
                query = next.unwrap().to_owned();
            }
            assert_eq!((found, count), (list(&prefix, "", 100).unwrap(), pages), "{first}");
        }
    }
}
