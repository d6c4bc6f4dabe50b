//! What a filter can ask about, and the words it knows.

use std::fmt;

/// What stands before the colon of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The client's id or name.
    Client,
    /// The site's id or name.
    Site,
    /// The host's name.
    Host,
    /// The host's class.
    Class,
    /// The alert's lane.
    Lane,
    /// The state of what is shown: host, check, alert, backup or outcome; `stale` too.
    State,
    /// A tag of the host.
    Tag,
    /// The check's name.
    Check,
    /// The number, as `7` and `FLEET/7`, and an alert's spoken id.
    Id,
    /// Who has acknowledged the alert; nothing where nobody has.
    Owner,
    /// Why the alert is held back, in a word: `maintenance`, `parent`, `flapping`, `healing` or `snoozed`.
    Held,
    /// The agent's version.
    Agent,
    /// The fleet's local name.
    Fleet,
    /// Everything else that is written on the row: summary, notes, addresses. Contained, not equal.
    Text,
    /// The severity, or gravity of a check's state.
    Sev,
    /// The age of the alert.
    Open,
    /// The age of the alert's acknowledgement.
    Ack,
    /// The age of the data.
    Seen,
    /// The age of the newest good backup.
    Rpo,
}

/// Which age a term asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AgeKind {
    /// Since the alert opened.
    Open,
    /// Since somebody took the alert; none while nobody has it.
    Ack,
    /// Since the newest data.
    Seen,
    /// Since the newest good backup.
    Rpo,
}

impl Key {
    /// All keys in the order in which help lists them.
    pub const ALL: [Self; 19] = [
        Self::Client,
        Self::Site,
        Self::Host,
        Self::Class,
        Self::Lane,
        Self::State,
        Self::Tag,
        Self::Check,
        Self::Id,
        Self::Owner,
        Self::Held,
        Self::Agent,
        Self::Fleet,
        Self::Text,
        Self::Sev,
        Self::Open,
        Self::Ack,
        Self::Seen,
        Self::Rpo,
    ];

    /// The keys whose values are texts; a bare word asks all of them.
    pub const TEXTS: [Self; 14] = [
        Self::Host,
        Self::Text,
        Self::Client,
        Self::Site,
        Self::Check,
        Self::Id,
        Self::Owner,
        Self::Held,
        Self::State,
        Self::Lane,
        Self::Class,
        Self::Tag,
        Self::Agent,
        Self::Fleet,
    ];

    /// The key as it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Site => "site",
            Self::Host => "host",
            Self::Class => "class",
            Self::Lane => "lane",
            Self::State => "state",
            Self::Tag => "tag",
            Self::Check => "check",
            Self::Id => "id",
            Self::Owner => "owner",
            Self::Held => "held",
            Self::Agent => "agent",
            Self::Fleet => "fleet",
            Self::Text => "text",
            Self::Sev => "sev",
            Self::Open => "open",
            Self::Ack => "ack",
            Self::Seen => "seen",
            Self::Rpo => "rpo",
        }
    }

    /// Reads a key, in upper or lower case, also by its other names (`version`, `severity`).
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(|key| is(key.word())).or_else(|| match () {
            () if is("version") => Some(Self::Agent),
            () if is("severity") => Some(Self::Sev),
            () => None,
        })
    }

    /// The age this key asks for, if it asks for one.
    #[must_use]
    pub const fn age(self) -> Option<AgeKind> {
        match self {
            Self::Open => Some(AgeKind::Open),
            Self::Ack => Some(AgeKind::Ack),
            Self::Seen => Some(AgeKind::Seen),
            Self::Rpo => Some(AgeKind::Rpo),
            _ => None,
        }
    }

    /// The only values this key can have, where that is known: anything else is a slip of the fingers.
    #[must_use]
    pub const fn values(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Class => Some(&["server", "workstation", "laptop", "appliance"]),
            Self::Lane => Some(&["new", "owned", "muted"]),
            Self::Held => Some(&["maintenance", "parent", "flapping", "healing", "snoozed"]),
            Self::State => Some(&[
                // host
                "up",
                "off",
                "silent",
                "down",
                "left",
                "unknown",
                // check
                "ok",
                "warning",
                "critical",
                "pending",
                "stale",
                // alert
                "open",
                "resolved",
                // backup
                "partial",
                "late",
                "overdue",
                "failed",
                "never",
                // outcome of a command
                "queued",
                "offline",
                "running",
                "signalled",
                "timed_out",
                "skipped",
                "cancelled",
                "lost",
                "denied",
                // window
                "active",
                "waiting",
                "over",
            ]),
            _ => None,
        }
    }
}

impl AgeKind {
    /// The key that asks for this age.
    #[must_use]
    pub const fn key(self) -> Key {
        match self {
            Self::Open => Key::Open,
            Self::Ack => Key::Ack,
            Self::Seen => Key::Seen,
            Self::Rpo => Key::Rpo,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_as_it_is_written() {
        for key in Key::ALL {
            assert_eq!(Key::from_word(key.word()), Some(key));
            assert_eq!(Key::from_word(&key.word().to_uppercase()), Some(key));
            let is_text = Key::TEXTS.contains(&key);
            assert_eq!(is_text, key.age().is_none() && key != Key::Sev, "{key}");
        }
        assert_eq!(Key::from_word("version"), Some(Key::Agent));
        assert_eq!(Key::from_word("hosts"), None);
    }
}
