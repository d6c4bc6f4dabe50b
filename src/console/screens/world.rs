//! What a screen sees, and what it asks for.

use std::time::Instant;

use crate::console::act::Verb;
use crate::console::acts::Acts;
use crate::console::ask::Topic;
use crate::console::keymap::Action;
use crate::console::replica::{FleetIndex, Replicas};
use crate::console::theme::Role;
use crate::fleet::alerts::Until;
use crate::fleet::words::{AlertId, CommandId, HostId, JobId, WindowId};

/// What a screen sees.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// All fleets.
    pub replicas: &'a Replicas,
    /// Acts under way.
    pub acts: &'a Acts,
    /// The moment that is shown.
    pub now: Instant,
}

/// A place one can be at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A row a client.
    Floor,
    /// The alert queue.
    Alerts,
    /// All hosts.
    Hosts,
    /// All commands.
    Commands,
    /// The backup jobs.
    Backups,
    /// The journal.
    Journal,
    /// One host in depth.
    Host(FleetIndex, HostId),
    /// One alert in depth.
    Alert(FleetIndex, AlertId),
    /// One command in depth.
    Command(FleetIndex, CommandId),
    /// What hosts printed that ended as this one did.
    Output(FleetIndex, CommandId, HostId),
    /// One backup job in depth.
    Backup(FleetIndex, JobId),
    /// What the library says about an alert.
    Runbook(FleetIndex, AlertId),
    /// How alerts went.
    Report,
    /// The maintenance windows.
    Windows,
    /// One window in depth.
    Window(FleetIndex, WindowId),
}

/// What an act is about, as the screen that asks for it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// These alerts.
    Alerts(Vec<(FleetIndex, AlertId)>),
    /// Everything the filter shows: in each fleet so many.
    Filter {
        /// The filter as typed.
        filter: String,
        /// How many match in each fleet.
        counts: Vec<(FleetIndex, u64)>,
    },
    /// These hosts.
    Hosts(Vec<(FleetIndex, HostId)>),
    /// This command.
    Command(FleetIndex, CommandId),
    /// These backup jobs.
    Jobs(Vec<(FleetIndex, JobId)>),
    /// This window.
    Window(FleetIndex, WindowId),
    /// What a window to be opened may be about, the narrowest first: filters, each with how many open alerts it speaks of.
    Mute(FleetIndex, Vec<(String, u64)>),
}

/// What a screen asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Go to a place.
    Go(Place),
    /// Go to the hosts that a filter shows.
    HostsOf(String),
    /// Go to the alerts that a filter shows.
    AlertsOf(String),
    /// Ask the person what the action needs, then act.
    Begin(Action, About),
    /// Ask for a program to be started on these hosts, beginning with a line that was typed before.
    Run {
        /// The hosts.
        hosts: Vec<(FleetIndex, HostId)>,
        /// The line; may be empty.
        line: String,
    },
    /// Act at once.
    Act(Verb, About),
    /// Ask a hub.
    Ask(FleetIndex, Topic),
    /// Put text on the clipboard.
    Copy(String),
    /// Write text to a new file in the current directory.
    Write {
        /// The file's name.
        name: String,
        /// What it holds.
        text: String,
    },
    /// Say something in the last line.
    Say(Role, String),
}

impl Effect {
    /// What an action on alerts does: what acts at once is sent, unless it is about all that a filter shows; all else asks
    /// first.
    #[must_use]
    pub fn on_alerts(action: Action, about: About) -> Self {
        let verb = match (action, &about) {
            (_, About::Filter { .. }) => return Self::Begin(action, about),
            (Action::Acknowledge, _) => Verb::Acknowledge { until: Until::Worse, note: String::new(), limit: None },
            (Action::CheckNow, _) => Verb::CheckNow { host: None, check: None },
            _ => return Self::Begin(action, about),
        };
        Self::Act(verb, about)
    }
}
