//! Queries: the parameters `dap4.ce`, `dap4.function` and `dap4.checksum`.

use std::fmt;

use super::Checksums;
use crate::dap2::names::decode;

/// What a query says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The constraint, as it came; empty where there is none.
    pub constraint: String,
    /// The call of a function, decoded; empty where there is none.
    pub function: String,
    /// Whether checksums are wanted.
    pub checksums: Checksums,
}

/// A query that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadQuery {
    /// The parameter.
    parameter: String,
}

impl fmt::Display for BadQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parameter } = self;
        write!(
            f,
            "the parameter \"{parameter}\" is not understood; there are dap4.ce=constraint, dap4.function=call() \
             and dap4.checksum=true or false"
        )
    }
}

impl std::error::Error for BadQuery {}

impl Query {
    /// Parses the query of a URL, as it came. Parameters of others (`name=value`) are passed over; what looks like a constraint
    /// of DAP2, or misspells a parameter of DAP4, is not.
    ///
    /// # Errors
    /// [`BadQuery`] names the parameter.
    pub fn parse(query: &str) -> Result<Self, BadQuery> {
        let mut parsed = Self::default();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let text = |value: &str| String::from_utf8_lossy(&decode(value)).into_owned();
            let bad = || BadQuery { parameter: text(parameter) };
            let (name, value) = parameter.split_once('=').ok_or_else(bad)?;
            match text(name).as_str() {
                "dap4.ce" => value.clone_into(&mut parsed.constraint),
                "dap4.function" => parsed.function = text(value),
                "dap4.checksum" => parsed.checksums = checksums(&text(value)).ok_or_else(bad)?,
                name if name.starts_with("dap4.") || name.contains(['[', '/', '{']) => return Err(bad()),
                _ => {}
            }
        }
        Ok(parsed)
    }
}

fn checksums(value: &str) -> Option<Checksums> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "" => Some(Checksums::Sent),
        "false" | "0" | "no" | "off" => Some(Checksums::LeftOut),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: Result<(&str, &str, Checksums), &str>) {
        let parsed = Query::parse(query);
        match (&parsed, expected) {
            (Ok(parsed), Ok(expected)) => {
                let got = (parsed.constraint.as_str(), parsed.function.as_str(), parsed.checksums);
                assert_eq!(got, expected, "{query}");
            }
            (Err(bad), Err(parameter)) => assert_eq!(bad.parameter, parameter, "{query}"),
            _ => panic!("{query}: {parsed:?}"),
        }
    }

    #[test]
    fn parameters() {
        use Checksums::{LeftOut, Sent};
        check("", Ok(("", "", Sent)));
        check("dap4.ce=/t%25255b1%25255d", Ok(("/t%25255b1%25255d", "", Sent)));
        check("dap4.ce=a=[1];/b&dap4.checksum=false", Ok(("a=[1];/b", "", LeftOut)));
        check("dap4.checksum=0&dap4.function=version%28%29", Ok(("", "version()", LeftOut)));
        check("&dap4.ce=&dap4.checksum=TRUE&", Ok(("", "", Sent)));
        check("session=7&dap4%2Ece=/t", Ok(("/t", "", Sent)));
        check("dap4.cee=/t", Err("dap4.cee=/t"));
        check("t[0:1]", Err("t[0:1]"));
        check("a=[1];t", Ok(("", "", Sent)));
        check("/t&x=1", Err("/t"));
        check("dap4.checksum=maybe", Err("dap4.checksum=maybe"));
    }
}
