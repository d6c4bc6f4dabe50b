//! Where a key is pressed.

/// A place that gives keys a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Everywhere but in text and over an open box.
    Global,
    /// Wherever a cursor moves or a text scrolls.
    Move,
    /// Wherever rows are listed.
    List,
    /// The screen of clients.
    Floor,
    /// The screen of alerts.
    Alerts,
    /// The screen of hosts.
    Hosts,
    /// The screen of backups.
    Backups,
    /// The screen of commands.
    Commands,
    /// The screen of upkeep.
    Upkeep,
    /// The screen of the journal.
    Journal,
    /// One client in depth.
    Client,
    /// One host in depth.
    Host,
    /// One alert in depth.
    Alert,
    /// One command in depth.
    Command,
    /// What a command printed.
    Output,
    /// One backup job in depth.
    Backup,
    /// How alerts went.
    Report,
    /// The screen of maintenance windows.
    Windows,
    /// One window in depth.
    Window,
    /// A box with text to read, such as help.
    Reader,
    /// A line of text being typed.
    Text,
    /// The list of actions.
    Palette,
}

impl Context {
    /// All contexts.
    pub const ALL: [Self; 22] = [
        Self::Global,
        Self::Move,
        Self::List,
        Self::Floor,
        Self::Alerts,
        Self::Hosts,
        Self::Backups,
        Self::Commands,
        Self::Upkeep,
        Self::Journal,
        Self::Client,
        Self::Host,
        Self::Alert,
        Self::Command,
        Self::Output,
        Self::Backup,
        Self::Report,
        Self::Windows,
        Self::Window,
        Self::Reader,
        Self::Text,
        Self::Palette,
    ];

    /// The section's name in key maps.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Move => "move",
            Self::List => "list",
            Self::Floor => "floor",
            Self::Alerts => "alerts",
            Self::Hosts => "hosts",
            Self::Backups => "backups",
            Self::Commands => "commands",
            Self::Upkeep => "upkeep",
            Self::Journal => "journal",
            Self::Client => "client",
            Self::Host => "host",
            Self::Alert => "alert",
            Self::Command => "command",
            Self::Output => "output",
            Self::Backup => "backup",
            Self::Report => "report",
            Self::Windows => "windows",
            Self::Window => "window",
            Self::Reader => "reader",
            Self::Text => "text",
            Self::Palette => "palette",
        }
    }

    /// The heading in help and in the key reference.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Move => "Moving",
            Self::List => "Rows",
            Self::Floor => "Floor",
            Self::Alerts => "Alerts",
            Self::Hosts => "Hosts",
            Self::Backups => "Backups",
            Self::Commands => "Commands",
            Self::Upkeep => "Upkeep",
            Self::Journal => "Journal",
            Self::Client => "A client",
            Self::Host => "A host",
            Self::Alert => "An alert",
            Self::Command => "A command",
            Self::Output => "Output",
            Self::Backup => "A backup job",
            Self::Report => "Report",
            Self::Windows => "Windows",
            Self::Window => "A window",
            Self::Reader => "Reading",
            Self::Text => "Typing",
            Self::Palette => "Words",
        }
    }

    /// The context of a section's name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.name() == name)
    }

    /// The contexts whose keys work here, the nearest first.
    #[must_use]
    pub const fn chain(self) -> &'static [Self] {
        match self {
            Self::Global => &[Self::Global],
            Self::Move => &[Self::Move, Self::Global],
            Self::List => &[Self::List, Self::Move, Self::Global],
            Self::Floor => &[Self::Floor, Self::List, Self::Move, Self::Global],
            Self::Alerts => &[Self::Alerts, Self::List, Self::Move, Self::Global],
            Self::Hosts => &[Self::Hosts, Self::List, Self::Move, Self::Global],
            Self::Backups => &[Self::Backups, Self::List, Self::Move, Self::Global],
            Self::Commands => &[Self::Commands, Self::List, Self::Move, Self::Global],
            Self::Upkeep => &[Self::Upkeep, Self::List, Self::Move, Self::Global],
            Self::Journal => &[Self::Journal, Self::List, Self::Move, Self::Global],
            Self::Client => &[Self::Client, Self::List, Self::Move, Self::Global],
            Self::Host => &[Self::Host, Self::List, Self::Move, Self::Global],
            Self::Backup => &[Self::Backup, Self::List, Self::Move, Self::Global],
            Self::Report => &[Self::Report, Self::List, Self::Move, Self::Global],
            Self::Windows => &[Self::Windows, Self::List, Self::Move, Self::Global],
            Self::Window => &[Self::Window, Self::List, Self::Move, Self::Global],
            Self::Alert => &[Self::Alert, Self::List, Self::Move, Self::Global],
            Self::Command => &[Self::Command, Self::List, Self::Move, Self::Global],
            Self::Output => &[Self::Output, Self::List, Self::Move, Self::Global],
            Self::Reader => &[Self::Reader, Self::Move],
            Self::Text => &[Self::Text],
            Self::Palette => &[Self::Palette, Self::Text],
        }
    }
}
