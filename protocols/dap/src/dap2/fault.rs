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
    /// Calls in calls in calls.
    Deep,
    /// A function where a selection should stand.
    NotSelecting {
        /// Its name.
        function: String,
    },
    /// Something else than a column of a Sequence, where a selection compares.
    NotColumn,
    /// A selection that compares what cannot be compared.
    NotComparable {
        /// Why.
        why: String,
    },
    /// There is no such function.
    NoFunction {
        /// The functions there are.
        known: Vec<String>,
    },
    /// A function cannot work on what it was given.
    Arguments {
        /// Why, and how it is called.
        why: String,
    },
    /// Different rows of one Sequence for different columns.
    SeveralRanges,
    /// Two parts of the response would have one name.
    Twice,
    /// Bytes that are not UTF-8 after decoding.
    NotText,
    /// There is no such variable.
    Unknown {
        /// The names there are, when there are few.
        known: Vec<String>,
    },
    /// The variable exists, but DAP2 has no way to carry it.
    Hidden(super::HiddenBecause),
    /// The indices do not fit the variable.
    Misfit(Misfit),
    /// More elements than XDR can count.
    TooMany {
        /// How many.
        elements: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { byte, token, reason } = self;
        let found = if token.is_empty() { "the end".to_owned() } else { format!("\"{token}\"") };
        match reason {
            Reason::Expected(what) => {
                write!(f, "expected {what} at byte {byte} of the constraint, found {found}")
            }
            Reason::Number => {
                write!(f, "the number {found} at byte {byte} of the constraint exceeds 64 bits")
            }
            Reason::Deep => write!(f, "calls lie too deep in each other at byte {byte} of the constraint"),
            Reason::NotSelecting { function } => write!(
                f,
                "{function}() answers with values, so it cannot select rows: ask for it before the first \"&\" (byte {byte} of the constraint)"
            ),
            Reason::NotColumn => write!(
                f,
                "selections compare columns of one Sequence, and {found} (byte {byte} of the constraint) is not one; \
                 tabular() makes a Sequence of arrays"
            ),
            Reason::NotComparable { why } => {
                write!(f, "the selection at byte {byte} of the constraint cannot be evaluated: {why}")
            }
            Reason::NoFunction { known } => write!(
                f,
                "there is no server function {found} (byte {byte} of the constraint); there are {}",
                known.join(", ")
            ),
            Reason::Arguments { why } => write!(f, "{token}() at byte {byte} of the constraint: {why}"),
            Reason::SeveralRanges => write!(
                f,
                "{found} (byte {byte} of the constraint): all columns of a Sequence have the same rows"
            ),
            Reason::Twice => write!(
                f,
                "the response would have two variables {found} (byte {byte} of the constraint); ask for one at a time"
            ),
            Reason::NotText => write!(f, "byte {byte} of the decoded constraint is not utf-8"),
            Reason::Unknown { known } => {
                write!(f, "there is no variable {found} (byte {byte} of the constraint)")?;
                if known.is_empty() { Ok(()) } else { write!(f, "; there are {}", known.join(", ")) }
            }
            Reason::Hidden(because) => {
                write!(
                    f,
                    "variable {found} (byte {byte} of the constraint) is not served through DAP2: {because}"
                )
            }
            Reason::Misfit(misfit) => write!(f, "variable {found} (byte {byte} of the constraint): {misfit}"),
            Reason::TooMany { elements } => write!(
                f,
                "variable {found}: {elements} elements are asked for, but DAP2 counts to {}; ask for a part",
                u32::MAX
            ),
        }
    }
}

impl std::error::Error for Fault {}
