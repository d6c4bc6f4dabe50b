//! Identifiers. Numbers are drawn from the fleet's own counters and never reused; names are what users write.

use std::fmt;
use std::sync::Arc;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

number! {
    /// A managed host, numbered by the fleet.
    HostId
}
number! {
    /// An alert, numbered by the fleet; its spoken id is made from this number.
    AlertId
}
number! {
    /// A certificate holder in the registry: agent, operator or hub.
    IdentityId
}
number! {
    /// An enrolment or bearer token in the registry (never its secret).
    TokenId
}
number! {
    /// A command, numbered by the fleet; agents know it by the id of the action that asked for it.
    CommandId
}
number! {
    /// A backup job, numbered by the fleet.
    JobId
}
number! {
    /// A notice: one message to one receiver, numbered by the fleet.
    NoticeId
}
number! {
    /// A maintenance window or silence, numbered by the fleet.
    WindowId
}
number! {
    /// The place of an entry in the fleet's journal; the first entry has revision 1, 0 is the empty fleet.
    Revision
}
number! {
    /// Random, new with each journal and each restore; a position is (epoch, revision).
    Epoch
}
number! {
    /// Random, made with an agent's outbox file; a fact is (host, stream, sequence number).
    StreamId
}

impl Revision {
    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A client-made random id of one action, so that a repeat gets the first answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u128);

/// The SHA-256 of a blob: command output, long plugin text, configuration text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub [u8; 32]);

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the name as it is; callers validate what comes from outside with [`is_plain_name`] or make it safe first.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }
    };
}

name! {
    /// A client of the provider, as written in configuration and tokens (a plain name).
    ClientId
}
name! {
    /// A site, unique within its client (a plain name).
    SiteId
}
name! {
    /// The name of a check, unique on its host (a plain name).
    CheckName
}
name! {
    /// The name of a backup job, unique in its fleet (a plain name).
    JobName
}
name! {
    /// A job that pings, unique in its fleet (a plain name).
    PingName
}
name! {
    /// The fleet's immutable id: the first 10 base32 letters, lower case, of its root certificate's SHA-256.
    FleetId
}

/// The longest plain name in bytes.
pub const PLAIN_NAME_MAX: usize = 64;

/// Whether text can be the id of a client, site, check or tag: 1 to 64 of ASCII letters, digits, `-`, `_` and `.`,
/// beginning with a letter or digit. Such a name needs no quoting in filters, files or on the command line.
#[must_use]
pub fn is_plain_name(text: &str) -> bool {
    text.len() <= PLAIN_NAME_MAX
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_are_what_needs_no_quoting() {
        for good in ["acme", "web-01.example", "A", "9lives", "a_b"] {
            assert!(is_plain_name(good), "{good}");
        }
        for bad in ["", "-a", ".a", "a b", "a/b", "ä", "a\u{202e}", &"a".repeat(65)] {
            assert!(!is_plain_name(bad), "{bad:?}");
        }
    }
}
