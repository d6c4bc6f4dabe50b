//! What can happen to commands.

use super::command::Command;
use super::outcome::{OutcomeState, Report};
use crate::fleet::words::{ClientId, CommandId, HostId, SafeText};

/// A fact of a decision about commands. Each names hosts of one client only, since that is who may see it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Somebody asked for it on these hosts; of many hosts, several events of one entry tell.
    Asked {
        /// The command, without outcomes.
        command: Command,
        /// The client of the hosts.
        client: ClientId,
        /// At most [`HOSTS_PER_EVENT`](super::HOSTS_PER_EVENT).
        hosts: Vec<HostId>,
    },
    /// The hub sent it to these hosts, or ended it there by itself.
    Changed {
        /// Which command.
        command: CommandId,
        /// Where it stands now.
        state: OutcomeState,
        /// At most [`HOSTS_PER_EVENT`](super::HOSTS_PER_EVENT).
        hosts: Vec<HostId>,
        /// Why, for people; empty where the state says it all.
        why: SafeText,
    },
    /// A host told how it ended there.
    Reported {
        /// Which command.
        command: CommandId,
        /// On which host.
        host: HostId,
        /// How.
        report: Report,
    },
    /// Somebody wants it killed where it runs; these hosts are told, and will confirm.
    CancelAsked {
        /// Which command.
        command: CommandId,
        /// At most [`HOSTS_PER_EVENT`](super::HOSTS_PER_EVENT).
        hosts: Vec<HostId>,
        /// Who.
        by: SafeText,
    },
    /// Over long ago, it left the fleet's state; the journal still has it.
    Archived {
        /// Which command.
        command: CommandId,
    },
}

impl Event {
    /// Which command it is about.
    #[must_use]
    pub const fn command(&self) -> CommandId {
        match self {
            Self::Asked { command, .. } => command.id,
            Self::Changed { command, .. }
            | Self::Reported { command, .. }
            | Self::CancelAsked { command, .. }
            | Self::Archived { command } => *command,
        }
    }
}
