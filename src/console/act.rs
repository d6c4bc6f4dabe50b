//! One act: what a person asks the hub to do, and how that ended.

use std::time::Duration;

use ring::rand::SecureRandom;

use crate::fleet::alerts::{Until, ValueLimit};
use crate::fleet::words::{
    ActionId, AlertId, CheckName, CommandId, Epoch, HostId, JobId, Revision, SafeText, Timestamp, WindowId,
};
use crate::wire::pb;

/// A number for an act, unique in this console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActTag(pub u64);

/// What to do. Notes are sent as typed; the hub makes them safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Take it.
    Acknowledge {
        /// How long it holds.
        until: Until,
        /// What is said.
        note: String,
        /// The value that counts as worse, too.
        limit: Option<ValueLimit>,
    },
    /// Be told about it at a time.
    Remind {
        /// When (hub time).
        at: Timestamp,
        /// What is to be said.
        text: String,
    },
    /// Take one's own reminders back.
    Unremind,
    /// Bring it to the next step.
    Escalate {
        /// What is said.
        note: String,
    },
    /// Give it back, or hand it over.
    Release {
        /// To whom; nobody when empty.
        to: String,
        /// What is said.
        note: String,
    },
    /// Put it aside, and own it.
    Snooze {
        /// Until when (hub time).
        until: Timestamp,
        /// What is said.
        note: String,
    },
    /// Say something.
    Note {
        /// What is said.
        note: String,
    },
    /// Close it by hand.
    Close {
        /// What is said.
        note: String,
    },
    /// Note that a person has looked at backup jobs.
    Review,
    /// Check now: what the alerts are about, or a host.
    CheckNow {
        /// The host; the targets' own hosts and checks when `None`.
        host: Option<HostId>,
        /// One check of that host; all when `None`.
        check: Option<CheckName>,
    },
    /// Start a program on the target hosts.
    Run {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Whether the host's shell is to read the one argument as a line.
        shell: bool,
        /// On how many hosts at once; the hub's default when `None`.
        window: Option<u32>,
        /// How long it may run on a host; the hub's default when `None`.
        timeout: Option<Duration>,
    },
    /// End a command where it has not ended.
    Cancel {
        /// Which.
        command: CommandId,
    },
    /// Open a maintenance window from now on.
    OpenWindow(Box<NewWindow>),
    /// End a window for good.
    CloseWindow {
        /// Which.
        window: WindowId,
        /// What is said.
        note: String,
    },
    /// Let a window end later.
    ExtendWindow {
        /// Which.
        window: WindowId,
        /// So much later.
        longer: Duration,
    },
}

/// A maintenance window to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWindow {
    /// Which alerts, as a filter.
    pub filter: String,
    /// For how long.
    pub length: Duration,
    /// What it is for; may be empty.
    pub name: String,
    /// How many open alerts the person saw it would hold back; the hub refuses when another number does.
    pub expected: Option<u64>,
}

/// What it is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    /// Nothing but what the verb names.
    None,
    /// These alerts.
    Alerts(Vec<AlertId>),
    /// These hosts.
    Hosts(Vec<HostId>),
    /// These backup jobs.
    Jobs(Vec<JobId>),
    /// All open alerts, or for a command all hosts, that match, as the hub finds them.
    Filter {
        /// The filter as typed.
        filter: String,
        /// How many the person saw; the hub refuses when more match.
        expected: Option<u64>,
    },
}

/// What a person asks the hub to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Made by this console; the hub gives a repeat the first answer.
    pub id: ActionId,
    /// The revision the person saw ([`Replica::position`]).
    ///
    /// [`Replica::position`]: crate::console::replica::Replica::position
    pub seen: Revision,
    /// What it is done to.
    pub targets: Targets,
    /// Only to learn what would be done.
    pub dry_run: bool,
    /// What to do.
    pub verb: Verb,
}

/// How an act ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActEnd {
    /// The hub answered, and what it did is durable.
    Answered(ActAnswer),
    /// The hub refused the whole of it; why, and what to do.
    Refused(SafeText),
    /// It did not reach the hub, or no answer came.
    NotSent {
        /// Why.
        reason: SafeText,
        /// It was on its way when the link broke: the hub may have done it. The timeline tells.
        perhaps_done: bool,
    },
}

/// The hub's answer to an act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActAnswer {
    /// The epoch of `revision`.
    pub epoch: Epoch,
    /// The entry that holds it; 0 when nothing was written.
    pub revision: Revision,
    /// Ids of what it was done to.
    pub done: Vec<u64>,
    /// Ids it failed for, each with why.
    pub failed: Vec<(u64, SafeText)>,
    /// Ids left out because they opened or worsened after the person looked, each with why.
    pub left_out: Vec<(u64, SafeText)>,
    /// Whether it was only asked what would be done.
    pub dry_run: bool,
    /// The command that a run became.
    pub command: Option<CommandId>,
    /// The window that was opened, ended or changed.
    pub window: Option<WindowId>,
}

impl Verb {
    /// The verb in one word or two, as lists of pending acts show it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Acknowledge { .. } => "acknowledge",
            Self::Remind { .. } => "remind",
            Self::Unremind => "take the reminders back",
            Self::Escalate { .. } => "escalate",
            Self::Release { .. } => "release",
            Self::Snooze { .. } => "snooze",
            Self::Note { .. } => "note",
            Self::Close { .. } => "close",
            Self::CheckNow { .. } => "check now",
            Self::Review => "review",
            Self::Run { .. } => "run",
            Self::Cancel { .. } => "cancel",
            Self::OpenWindow(_) => "window",
            Self::CloseWindow { .. } => "end window",
            Self::ExtendWindow { .. } => "extend window",
        }
    }

    fn to_message(&self) -> pb::act_request::Verb {
        use pb::act_request::Verb as Message;
        match self {
            Self::Remind { at, text } => Message::Remind(pb::Remind { at: at.0, text: text.clone() }),
            Self::Unremind => Message::Unremind(pb::Unremind {}),
            Self::Acknowledge { until, note, limit } => {
                let (until, until_time) = match until {
                    Until::Worse => (pb::acknowledgement::Until::Worse, 0),
                    Until::Resolved => (pb::acknowledgement::Until::Resolved, 0),
                    Until::Time(end) => (pb::acknowledgement::Until::Time, end.0),
                };
                Message::Acknowledge(pb::Acknowledge {
                    until: until.into(),
                    until_time,
                    note: note.clone(),
                    limit: limit.as_ref().map(Into::into),
                })
            }
            Self::Escalate { note } => Message::Escalate(pb::Escalate { note: note.clone() }),
            Self::Release { to, note } => Message::Release(pb::Release { to: to.clone(), note: note.clone() }),
            Self::Snooze { until, note } => Message::Snooze(pb::SnoozeFor { until: until.0, note: note.clone() }),
            Self::Note { note } => Message::Note(pb::Note { note: note.clone() }),
            Self::Close { note } => Message::Close(pb::Close { note: note.clone() }),
            Self::Review => Message::ReviewBackups(pb::ReviewBackups {}),
            Self::CheckNow { host, check } => Message::CheckNow(pb::CheckAsked {
                host: host.map_or(0, |host| host.0),
                check: check.as_ref().map(ToString::to_string),
            }),
            Self::Run { argv, shell, window, timeout } => Message::Run(pb::Run {
                argv: argv.clone(),
                shell: *shell,
                window: window.unwrap_or(0),
                timeout: timeout.map_or(0, |span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
            }),
            Self::Cancel { command } => Message::Cancel(pb::Cancel { command: command.0 }),
            Self::OpenWindow(new) => Message::OpenWindow(pb::OpenWindow {
                name: new.name.clone(),
                filter: new.filter.clone(),
                length: u64::try_from(new.length.as_millis()).unwrap_or(u64::MAX),
                expected: new.expected,
                ..pb::OpenWindow::default()
            }),
            Self::CloseWindow { window, note } => {
                Message::CloseWindow(pb::CloseWindow { id: window.0, note: note.clone() })
            }
            Self::ExtendWindow { window, longer } => Message::ChangeWindow(pb::ChangeWindow {
                id: window.0,
                until: 0,
                longer: u64::try_from(longer.as_millis()).unwrap_or(u64::MAX),
            }),
        }
    }
}

impl Act {
    /// The request as the hub takes it.
    #[must_use]
    pub fn to_message(&self) -> pb::ActRequest {
        use pb::targets::{Filter, Ids, Kind};
        let targets = match &self.targets {
            Targets::None => None,
            Targets::Alerts(alerts) => Some(Kind::Ids(Ids { ids: alerts.iter().map(|alert| alert.0).collect() })),
            Targets::Jobs(jobs) => Some(Kind::Ids(Ids { ids: jobs.iter().map(|job| job.0).collect() })),
            Targets::Hosts(hosts) => Some(Kind::Ids(Ids { ids: hosts.iter().map(|host| host.0).collect() })),
            Targets::Filter { filter, expected } => {
                Some(Kind::Filter(Filter { filter: filter.clone(), expected: *expected }))
            }
        };
        pb::ActRequest {
            id: self.id.0.to_be_bytes().to_vec().into(),
            seen: self.seen.0,
            targets: targets.map(|kind| pb::Targets { kind: Some(kind) }),
            dry_run: self.dry_run,
            verb: Some(self.verb.to_message()),
        }
    }
}

impl ActAnswer {
    /// Reads the hub's answer.
    #[must_use]
    pub fn decode(reply: pb::ActReply) -> Self {
        let failures = |list: Vec<pb::ActFailure>| {
            list.into_iter().map(|failure| (failure.id, SafeText::line(&failure.why))).collect()
        };
        Self {
            epoch: Epoch(reply.epoch),
            revision: Revision(reply.revision),
            done: reply.done,
            failed: failures(reply.failed),
            left_out: failures(reply.left_out),
            dry_run: reply.dry_run,
            command: (reply.command > 0).then_some(CommandId(reply.command)),
            window: reply.window.map(|window| WindowId(window.id)),
        }
    }
}

/// A new random id for an act; `None` when the system has no random source.
#[must_use]
pub fn new_action_id() -> Option<ActionId> {
    let mut bytes = [0; 16];
    ring::rand::SystemRandom::new().fill(&mut bytes).ok()?;
    Some(ActionId(u128::from_be_bytes(bytes)))
}
