//! What can be wrong with a message.

use thiserror::Error;

use crate::fleet::words::SafeText;

/// The most of a refused value that an error shows, in characters.
const SHOWN_MAX: usize = 80;

/// Why a message was not taken. Nothing of it was applied.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// The bytes are no such message.
    #[error("these bytes are no {message}: {source}")]
    Undecodable {
        /// The message that was expected.
        message: &'static str,
        /// What the decoder met.
        source: prost::DecodeError,
    },
    /// A field that must be set is not.
    #[error("{message}.{field} is missing")]
    Missing {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A value is outside of what its field allows.
    #[error("{message}.{field} is {value}; allowed is {allowed}")]
    Invalid {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// The value, quoted and shortened.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A kind or value that a newer program has written.
    #[error("{message}.{field} is {value}, which this version does not know; update this side")]
    Unknown {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
    },
    /// More bytes or items than the limit.
    #[error("{what} takes {size} {unit}; at most {max} are allowed")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is.
        size: usize,
        /// The limit.
        max: usize,
        /// What is counted.
        unit: &'static str,
    },
}

impl WireError {
    /// A text value that its field does not allow.
    #[must_use]
    pub fn invalid(message: &'static str, field: &'static str, value: &str, allowed: &'static str) -> Self {
        Self::Invalid { message, field, value: shown(value), allowed }
    }

    /// A row of the hub's own that is not as it was written.
    #[must_use]
    pub fn damaged(row: &'static str) -> Self {
        Self::Invalid { message: row, field: "bytes", value: "damaged".to_owned(), allowed: "what this program writes" }
    }

    /// Whether a newer program wrote it, so that the rest can be used as a partial view.
    #[must_use]
    pub const fn is_newer(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

/// Whoever sent the message made the mistake; the status says which.
impl From<WireError> for tonic::Status {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Unknown { .. } => Self::unimplemented(error.to_string()),
            _ => Self::invalid_argument(error.to_string()),
        }
    }
}

/// The field's value, or the error that it is missing.
pub(super) fn need<T>(value: Option<T>, message: &'static str, field: &'static str) -> Result<T, WireError> {
    value.ok_or(WireError::Missing { message, field })
}

/// The value quoted, safe and short.
fn shown(value: &str) -> String {
    let start: String = value.chars().take(SHOWN_MAX).collect();
    let more = if start.len() < value.len() { "…" } else { "" };
    format!("“{}{more}”", SafeText::new(&start).as_str())
}
