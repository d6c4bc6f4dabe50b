//! What an alert is about: its identity is this and the client, never the text of a message.

use std::fmt;

use crate::fleet::words::{CheckName, HostId, SafeText, SiteId};

/// What an alert is about; one open alert per client and subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A check of a host.
    Check {
        /// The host.
        host: HostId,
        /// The check.
        check: CheckName,
    },
    /// The host itself.
    Host(HostId),
    /// A whole site.
    Site(SiteId),
    /// A backup job, by name.
    Backup(SafeText),
    /// Something another system reported.
    External {
        /// The system.
        source: SafeText,
        /// Its stable fingerprint.
        fingerprint: SafeText,
    },
}

impl Subject {
    /// The check, where it is about one.
    #[must_use]
    pub const fn check(&self) -> Option<&CheckName> {
        match self {
            Self::Check { check, .. } => Some(check),
            _ => None,
        }
    }

    /// The kind, one word: `check`, `host`, `site`, `backup` or `external`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Check { .. } => "check",
            Self::Host(_) => "host",
            Self::Site(_) => "site",
            Self::Backup(_) => "backup",
            Self::External { .. } => "external",
        }
    }
}

impl fmt::Display for Subject {
    /// The stable text scripts see: `check:HOST/NAME`, `host:HOST`, `site:SITE`, `backup:JOB`, `external:SOURCE/FINGERPRINT`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check { host, check } => write!(f, "check:{host}/{check}"),
            Self::Host(host) => write!(f, "host:{host}"),
            Self::Site(site) => write!(f, "site:{site}"),
            Self::Backup(job) => write!(f, "backup:{}", job.as_str()),
            Self::External { source, fingerprint } => {
                write!(f, "external:{}/{}", source.as_str(), fingerprint.as_str())
            }
        }
    }
}
