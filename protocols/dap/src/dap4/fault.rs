//! Faults: why a constraint cannot be answered, said so that its author can mend it.

use std::fmt;

use weir_model::Misfit;

/// Why a constraint cannot be answered, and where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place in the decoded constraint, in bytes from 0.
    pub byte: usize,
    /// What stands there; empty at the end.
    pub token: String,
    /// Why.
    pub reason: Reason,
}

/// Why a constraint cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Something else should stand there.
    Expected(&'static str),
    /// A number of more than 64 bits.
    Number,
    /// Bytes that are not UTF-8 after decoding.
    NotText,
    /// Fields lie too deep in each other.
    Deep,
    /// An operator that no server evaluates.
    Operator,
    /// There is no such variable, field, group or dimension.
    Unknown {
        /// What was looked for.
        what: &'static str,
        /// The names there are, when there are few.
        known: Vec<String>,
    },
    /// The variable exists, but DAP4 has no way to carry it.
    Hidden(String),
    /// The indices do not fit.
    Misfit(Misfit),
    /// Fields are asked of what has none.
    NoFields,
    /// Rows are asked of what is not a sequence of records.
    NoRows,
    /// Indices are asked of a group.
    Group,
    /// A condition cannot be decided.
    Condition(String),
    /// More bytes than 64 bits can count, or more parts than are read for one request.
    TooMuch,
}

impl Fault {
    /// Whether less could be answered.
    #[must_use]
    pub fn is_too_much(&self) -> bool {
        matches!(self.reason, Reason::TooMuch | Reason::Misfit(Misfit::Overflow))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { byte, token, reason } = self;
        let found = if token.is_empty() { "the end".to_owned() } else { format!("\"{token}\"") };
        let place = format!("byte {byte} of the constraint");
        match reason {
            Reason::Expected(what) => write!(f, "expected {what} at {place}, found {found}"),
            Reason::Number => write!(f, "the number {found} at {place} exceeds 64 bits"),
            Reason::NotText => write!(f, "byte {byte} of the decoded constraint is not utf-8"),
            Reason::Deep => write!(f, "fields lie too deep in each other at {place}"),
            Reason::Operator => write!(f, "the operator {found} at {place} is not available"),
            Reason::Unknown { what, known } => {
                write!(f, "there is no {what} {found} ({place})")?;
                if known.is_empty() { Ok(()) } else { write!(f, "; there are {}", known.join(", ")) }
            }
            Reason::Hidden(because) => {
                write!(f, "variable {found} ({place}) is not served through DAP4: {because}")
            }
            Reason::Misfit(Misfit::Overflow) => {
                write!(f, "variable {found} ({place}): too many elements or parts; ask for less")
            }
            Reason::Misfit(misfit) => write!(f, "{found} ({place}): {misfit}"),
            Reason::NoFields => write!(f, "variable {found} ({place}) has no fields to choose from"),
            Reason::NoRows => {
                write!(f, "conditions apply to sequences, and variable {found} ({place}) is none")
            }
            Reason::Group => write!(f, "{found} ({place}) is a group, of which no part can be asked for"),
            Reason::Condition(why) => write!(f, "the condition {found} ({place}) cannot be decided: {why}"),
            Reason::TooMuch => write!(f, "variable {found} ({place}) has too many bytes; ask for a part"),
        }
    }
}

impl std::error::Error for Fault {}
