//! Server functions (`dap4.function`): each answers with a small dataset of its own.

use weir_dap::dap4::Query;
use weir_dap::dap4::document::{Dataset, Group, Kind, Variable};
use weir_plugin_api::Error;

/// What a function gives.
pub struct Outcome {
    /// The dataset.
    pub document: Dataset,
    /// The bytes of each of its variables, in order.
    pub variables: Vec<Vec<u8>>,
}

/// A function that clients may call.
struct Function {
    name: &'static str,
    /// How it is called.
    usage: &'static str,
    call: fn(&[&str]) -> Result<Outcome, Error>,
}

const FUNCTIONS: &[Function] = &[Function { name: "version", usage: "version()", call: version }];

/// The names of all functions.
pub fn names() -> Vec<&'static str> {
    FUNCTIONS.iter().map(|function| function.name).collect()
}

/// Calls the function that `query` names.
pub fn call(query: &Query) -> Result<Outcome, Error> {
    if !query.constraint.is_empty() {
        return Err(Error::bad_request(
            "dap4.ce and dap4.function cannot be asked for together; ask for one",
        ));
    }
    let call = query.function.trim();
    let parts = call.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)));
    let Some((name, arguments)) = parts else {
        return Err(Error::bad_request(format!(
            "{call:?} is no call of a function; a call looks like version()"
        )));
    };
    let Some(function) = FUNCTIONS.iter().find(|function| function.name == name.trim()) else {
        let known: Vec<&str> = FUNCTIONS.iter().map(|function| function.usage).collect();
        return Err(Error::bad_request(format!(
            "there is no function {:?}; there are {}",
            name.trim(),
            known.join(", ")
        )));
    };
    let arguments: Vec<&str> =
        if arguments.trim().is_empty() { vec![] } else { arguments.split(',').map(str::trim).collect() };
    (function.call)(&arguments)
}

/// Which versions speak, and which functions there are.
fn version(arguments: &[&str]) -> Result<Outcome, Error> {
    if !arguments.is_empty() {
        return Err(Error::bad_request("version() takes no argument"));
    }
    let text = |name: &str, text: String| {
        let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
        bytes.extend(text.into_bytes());
        let variable = Variable {
            name: name.to_owned(),
            kind: Kind::String,
            axes: vec![],
            attributes: vec![],
            maps: vec![],
        };
        (variable, bytes)
    };
    let usages: Vec<&str> = FUNCTIONS.iter().map(|function| function.usage).collect();
    let server = concat!("weir/", env!("CARGO_PKG_VERSION")).to_owned();
    let parts = [text("dap", "4.0".to_owned()), text("server", server), text("functions", usages.join(" "))];
    let (described, variables) = parts.into_iter().unzip();
    let root = Group { variables: described, ..Group::default() };
    Ok(Outcome { document: Dataset { name: "version".to_owned(), root }, variables })
}
