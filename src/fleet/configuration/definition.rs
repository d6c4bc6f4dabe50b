//! What one place of the configuration says about one check: any of its fields, for a set of hosts.

use std::time::Duration;

use crate::fleet::configuration::assignment::Provenance;
use crate::fleet::configuration::selector::Selector;
use crate::fleet::words::{CheckName, SafeText};

/// One rule about one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckDefinition {
    /// The check it speaks of.
    pub name: CheckName,
    /// The hosts it speaks of.
    pub selector: Selector,
    /// Where it is written.
    pub source: Provenance,
    /// What it says.
    pub fields: CheckFields,
}

/// The fields a rule may set; what is `None` stays as the layers before said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckFields {
    /// What is measured.
    pub kind: Option<Kind>,
    /// Whether the check is there at all; `false` removes it, a later `true` brings it back.
    pub enabled: Option<bool>,
    /// Whether later layers may not change what this rule sets.
    pub enforced: bool,
    /// Why, in the user's words.
    pub reason: Option<SafeText>,
    /// Disk: mount point or glob.
    pub mount: Option<String>,
    /// Process: the program's file name.
    pub process: Option<String>,
    /// Plugin: the program.
    pub program: Option<String>,
    /// Plugin: its arguments.
    pub args: Option<Vec<String>>,
    /// See [`crate::fleet::configuration::AssignedCheck`].
    pub interval: Option<Duration>,
    /// See [`crate::fleet::configuration::AssignedCheck`].
    pub retry_interval: Option<Duration>,
    /// See [`crate::fleet::configuration::AssignedCheck`].
    pub attempts: Option<u32>,
    /// See [`crate::fleet::configuration::AssignedCheck`].
    pub timeout: Option<Duration>,
    /// The warning range; `Some(None)` takes it away.
    pub warning: Option<Option<String>>,
    /// The critical range; `Some(None)` takes it away.
    pub critical: Option<Option<String>>,
}

/// A kind of check without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// See [`crate::fleet::configuration::CheckKind::Cpu`].
    Cpu,
    /// See [`crate::fleet::configuration::CheckKind::Memory`].
    Memory,
    /// See [`crate::fleet::configuration::CheckKind::Swap`].
    Swap,
    /// See [`crate::fleet::configuration::CheckKind::Disk`].
    Disk,
    /// See [`crate::fleet::configuration::CheckKind::Load`].
    Load,
    /// See [`crate::fleet::configuration::CheckKind::Process`].
    Process,
    /// See [`crate::fleet::configuration::CheckKind::Plugin`].
    Plugin,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Cpu, Self::Memory, Self::Swap, Self::Disk, Self::Load, Self::Process, Self::Plugin];

    /// The kind in one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Swap => "swap",
            Self::Disk => "disk",
            Self::Load => "load",
            Self::Process => "process",
            Self::Plugin => "plugin",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What a check of this kind does where nothing else is said. The numbers are slow to complain: what opens an
    /// alert by itself must be worth a look in the morning, and a busy build machine or a full swap is not.
    #[must_use]
    pub const fn defaults(self) -> KindDefaults {
        let usual = KindDefaults {
            interval: Duration::from_secs(60),
            retry_interval: Duration::from_secs(60),
            attempts: 3,
            timeout: Duration::from_secs(10),
            warning: None,
            critical: None,
        };
        match self {
            // A quarter of an hour without a pause; never critical by itself.
            Self::Cpu => KindDefaults { attempts: 15, warning: Some("95"), ..usual },
            Self::Memory => KindDefaults { attempts: 5, warning: Some("92"), critical: Some("97"), ..usual },
            Self::Swap => KindDefaults { attempts: 5, warning: Some("80"), ..usual },
            Self::Disk => KindDefaults { warning: Some("90"), critical: Some("95"), ..usual },
            // Ten runnable tasks a core over five minutes, ten minutes long.
            Self::Load => KindDefaults { attempts: 10, warning: Some("10"), critical: Some("40"), ..usual },
            Self::Process => KindDefaults { critical: Some("1:"), ..usual },
            Self::Plugin => {
                KindDefaults { interval: Duration::from_secs(300), timeout: Duration::from_secs(30), ..usual }
            }
        }
    }
}

/// The values of a kind where no layer says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindDefaults {
    /// Time between two runs.
    pub interval: Duration,
    /// Time between two runs while a problem is soft.
    pub retry_interval: Duration,
    /// Runs in a row until a problem is hard.
    pub attempts: u32,
    /// How long a run may take.
    pub timeout: Duration,
    /// Warning range.
    pub warning: Option<&'static str>,
    /// Critical range.
    pub critical: Option<&'static str>,
}

/// The checks every host gets without any file.
#[must_use]
pub fn built_in() -> Vec<CheckDefinition> {
    [Kind::Cpu, Kind::Memory, Kind::Disk, Kind::Load]
        .into_iter()
        .map(|kind| CheckDefinition {
            name: kind.word().into(),
            selector: Selector::default(),
            source: Provenance::built_in(),
            fields: CheckFields { kind: Some(kind), ..CheckFields::default() },
        })
        .collect()
}
