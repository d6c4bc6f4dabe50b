//! Why a hub could not be reached or did not do what was asked, and the exit code of the command line for it.

use std::error::Error;

use tonic::{Code, Status};

use crate::fleet::words::SafeText;
use crate::trust::explain::{Diagnosis, diagnose, explain};

/// The classes of failure that the command line's exit codes tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Refused or failed: 1.
    Refused,
    /// No hub reached: 3.
    NoHub,
    /// Not permitted: 4.
    NotPermitted,
}

impl Class {
    /// The exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Refused => 1,
            Self::NoHub => 3,
            Self::NotPermitted => 4,
        }
    }
}

/// Why a call to a hub failed, in words that say what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Nothing answered, or the connection was lost.
    #[error("no hub reached: {0}")]
    NoHub(String),
    /// The hub answered and does not permit it.
    #[error("not permitted: {0}")]
    NotPermitted(String),
    /// The hub refused, or what answered is no hub of the fleet.
    #[error("{0}")]
    Refused(String),
}

impl LinkError {
    /// The class of the failure.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::NoHub(_) => Class::NoHub,
            Self::NotPermitted(_) => Class::NotPermitted,
            Self::Refused(_) => Class::Refused,
        }
    }

    /// The same, with the address it happened at.
    #[must_use]
    pub fn at(self, address: &str) -> Self {
        match self {
            Self::NoHub(why) => Self::NoHub(format!("{address}: {why}")),
            Self::NotPermitted(why) => Self::NotPermitted(format!("{address}: {why}")),
            Self::Refused(why) => Self::Refused(format!("{address}: {why}")),
        }
    }

    /// What is known of the certificates' side of a failure.
    #[must_use]
    pub fn of_diagnosis(diagnosis: &Diagnosis) -> Self {
        if diagnosis.is_not_permitted() {
            Self::NotPermitted(diagnosis.to_string())
        } else {
            Self::Refused(diagnosis.to_string())
        }
    }

    /// The failure of a call. A status without a cause below it was sent by the hub; one with a cause was made here,
    /// because the connection failed.
    #[must_use]
    pub fn of_status(status: &Status) -> Self {
        if let Some(cause) = status.source() {
            return diagnose(cause).map_or_else(|| Self::NoHub(explain(cause)), |known| Self::of_diagnosis(&known));
        }
        let message = SafeText::new(status.message()).as_str().to_owned();
        let message = if message.is_empty() { status.code().description().to_owned() } else { message };
        match status.code() {
            Code::Unauthenticated | Code::PermissionDenied => Self::NotPermitted(message),
            _ => Self::Refused(message),
        }
    }
}
