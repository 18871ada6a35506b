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
    /// A filter by value, which only sequences take.
    Selection,
    /// A call of a server function.
    Function,
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
            Reason::Selection => write!(
                f,
                "selections apply to sequences, and this dataset has none: found {found} at byte {byte} of the constraint"
            ),
            Reason::Function => write!(
                f,
                "server functions are not available: found {found} at byte {byte} of the constraint"
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
