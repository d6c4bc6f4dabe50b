//! What one host is to measure: the checks it was assigned, resolved through all layers.

use std::fmt::Write as _;
use std::time::Duration;

use crate::fleet::words::{BackupTool, CheckName, JobName};

/// Where a rule about checks stands. Later layers win, field by field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Built into the program; applies to every host.
    BuiltIn,
    /// The whole fleet.
    Fleet,
    /// One client.
    Client,
    /// One site of a client.
    Site,
    /// One class of hosts.
    Class,
    /// Hosts with one tag.
    Tag,
    /// One host.
    Host,
    /// The host's own `agent.toml`.
    Local,
}

impl Layer {
    /// All layers, the ones that win last.
    pub const ALL: [Self; 8] =
        [Self::BuiltIn, Self::Fleet, Self::Client, Self::Site, Self::Class, Self::Tag, Self::Host, Self::Local];

    /// The layer in one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Fleet => "fleet",
            Self::Client => "client",
            Self::Site => "site",
            Self::Class => "class",
            Self::Tag => "tag",
            Self::Host => "host",
            Self::Local => "local",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.word() == word)
    }
}

/// The file and line something was written at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provenance {
    /// The file's name without its folder, `checks.toml`; `built-in` for what the program brings.
    pub file: String,
    /// The line, from 1; 0 for what the program brings.
    pub line: u32,
    /// The layer it belongs to.
    pub layer: Layer,
}

impl Provenance {
    /// What the program brings without any file.
    #[must_use]
    pub fn built_in() -> Self {
        Self { file: Layer::BuiltIn.word().to_owned(), line: 0, layer: Layer::BuiltIn }
    }
}

impl std::fmt::Display for Provenance {
    /// `checks.toml:12 (client)`, or `built-in`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.layer {
            Layer::BuiltIn => f.write_str(Layer::BuiltIn.word()),
            layer => write!(f, "{}:{} ({})", self.file, self.line, layer.word()),
        }
    }
}

/// What a check measures. Its thresholds are ranges over the value named here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckKind {
    /// Percent of all CPU time that was busy since the check's last run.
    Cpu,
    /// Percent of memory that is not available to programs.
    Memory,
    /// Percent of swap in use; ok where there is none.
    Swap,
    /// Percent in use, of space and of inodes, of the fullest file system the glob matches.
    Disk {
        /// A mount point, or a glob over mount points; `*` is every mounted file system that holds data.
        mount: String,
    },
    /// The five-minute load average divided by the number of CPU cores.
    Load,
    /// The number of running processes of this name.
    Process {
        /// The name of the program's file, as `ps -C` takes it.
        name: String,
    },
    /// Any Nagios plugin, unchanged; only from the host's `plugin_dirs`, only as its `[hands]` allow.
    Plugin {
        /// The plugin's file name, or its whole path.
        program: String,
        /// Its arguments, passed one by one and never through a shell; `@NAME` stands for a secret of the host.
        args: Vec<String>,
    },
}

impl CheckKind {
    /// The kind in one word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Swap => "swap",
            Self::Disk { .. } => "disk",
            Self::Load => "load",
            Self::Process { .. } => "process",
            Self::Plugin { .. } => "plugin",
        }
    }
}

/// One check as a host is to run it, complete.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssignedCheck {
    /// Its name, unique on the host.
    pub name: CheckName,
    /// What it measures.
    pub kind: CheckKind,
    /// Time between two runs while its state is hard.
    pub interval: Duration,
    /// Time between two runs while a problem is soft.
    pub retry_interval: Duration,
    /// How many runs in a row must find a problem until it is hard; at least 1.
    pub attempts: u32,
    /// How long one run may take; a plugin is then killed with its process group.
    pub timeout: Duration,
    /// The range (Nagios form) outside of which the value is a warning; for a plugin `None`, it has its own.
    pub warning: Option<String>,
    /// The range (Nagios form) outside of which the value is critical.
    pub critical: Option<String>,
    /// The last place that said something about it.
    pub source: Provenance,
}

/// What a host is to read of one job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AssignedBackup {
    /// The job.
    pub name: JobName,
    /// What made the backups.
    pub tool: BackupTool,
    /// Where they lie, as the tool takes it, or `@NAME`.
    pub repository: String,
    /// The name of the host's secret that opens it.
    pub password: Option<String>,
    /// What should be in them.
    pub paths: Vec<String>,
    /// Between two readings.
    pub interval: Duration,
    /// The host's name as configured: its snapshots may carry it.
    pub host: String,
    /// Where it is written.
    pub source: Provenance,
}

/// All that one host is to measure, and how often it speaks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Assignment {
    /// The checks in order of their names; no name twice.
    pub checks: Vec<AssignedCheck>,
    /// The backup jobs whose repositories it reads, in the order of their names; no name twice.
    pub backups: Vec<AssignedBackup>,
    /// Time between two samplings of the vitals.
    pub sampling_interval: Duration,
    /// Time between two heartbeats.
    pub heartbeat: Duration,
}

/// The interval of sampling and heartbeat where nothing else is said.
pub const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(10);

impl Default for Assignment {
    fn default() -> Self {
        Self {
            checks: Vec::new(),
            backups: Vec::new(),
            sampling_interval: DEFAULT_HEARTBEAT,
            heartbeat: DEFAULT_HEARTBEAT,
        }
    }
}

impl Assignment {
    /// The check of this name.
    #[must_use]
    pub fn check(&self, name: &CheckName) -> Option<&AssignedCheck> {
        self.checks.iter().find(|check| check.name == *name)
    }

    /// The assignment as text that is equal exactly when what the host does is equal: its SHA-256 is what an agent
    /// confirms. Where a check was written (its source) is left out, so that moving a line in a file is no news to
    /// a thousand hosts.
    #[must_use]
    pub fn canonical_text(&self) -> String {
        let mut text = format!(
            "assignment 1\nsampling {}\nheartbeat {}\n",
            self.sampling_interval.as_millis(),
            self.heartbeat.as_millis()
        );
        let mut checks: Vec<&AssignedCheck> = self.checks.iter().collect();
        checks.sort_by(|a, b| a.name.cmp(&b.name));
        for check in checks {
            let kind = match &check.kind {
                CheckKind::Cpu | CheckKind::Memory | CheckKind::Swap | CheckKind::Load => String::new(),
                CheckKind::Disk { mount } => format!(" mount={}", quoted(mount)),
                CheckKind::Process { name } => format!(" process={}", quoted(name)),
                CheckKind::Plugin { program, args } => args
                    .iter()
                    .fold(format!(" program={}", quoted(program)), |all, arg| format!("{all} arg={}", quoted(arg))),
            };
            let range = |range: &Option<String>| range.as_deref().map_or_else(|| "none".to_owned(), quoted);
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "check {} {} interval={} retry={} attempts={} timeout={} warning={} critical={}{kind}",
                quoted(check.name.as_str()),
                check.kind.word(),
                check.interval.as_millis(),
                check.retry_interval.as_millis(),
                check.attempts,
                check.timeout.as_millis(),
                range(&check.warning),
                range(&check.critical),
            );
        }
        for backup in &self.backups {
            let password = backup.password.as_deref().map_or_else(|| "none".to_owned(), quoted);
            let paths = backup.paths.iter().fold(String::new(), |all, path| format!("{all} path={}", quoted(path)));
            let _ = writeln!(
                text,
                "backup {} {} repository={} password={password} interval={} host={}{paths}",
                quoted(backup.name.as_str()),
                backup.tool,
                quoted(&backup.repository),
                backup.interval.as_millis(),
                quoted(&backup.host),
            );
        }
        text
    }
}

/// Quoted in a form that never changes between versions, so that no text can imitate another field.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, kind: CheckKind) -> AssignedCheck {
        AssignedCheck {
            name: name.into(),
            kind,
            interval: Duration::from_secs(60),
            retry_interval: Duration::from_secs(30),
            attempts: 3,
            timeout: Duration::from_secs(10),
            warning: Some("90".into()),
            critical: None,
            source: Provenance::built_in(),
        }
    }

    #[test]
    fn the_text_ignores_order_and_source_and_nothing_else() {
        let plugin = |args: &[&str]| CheckKind::Plugin {
            program: "check_x".into(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        };
        let a =
            Assignment { checks: vec![check("a", CheckKind::Cpu), check("b", plugin(&["x y"]))], ..Default::default() };
        let mut b = a.clone();
        b.checks.reverse();
        b.checks[0].source.line = 7;
        assert_eq!(a.canonical_text(), b.canonical_text());
        b.checks[0].kind = plugin(&["x", "y"]);
        assert_ne!(a.canonical_text(), b.canonical_text());
        let mut c = a.clone();
        c.checks[0].critical = Some("95".into());
        assert_ne!(a.canonical_text(), c.canonical_text());
    }
}
