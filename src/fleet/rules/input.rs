//! What the core is asked to decide.

use crate::fleet::alerts::{Until, ValueLimit};
use crate::fleet::commands::Argv;
use crate::fleet::configuration::Configuration;
use crate::fleet::fact::Fact;
use crate::fleet::hosts::vitals::OsFacts;
use crate::fleet::identity::{Hands, Role};
use crate::fleet::rules::pings::Said;
use crate::fleet::rules::reported::Reported;
use crate::fleet::state::{Actor, Cause};
use crate::fleet::windows::Scope;
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{
    ActionId, AlertId, BlobId, CheckName, ClientId, CommandId, HostClass, HostId, IdentityId, NoticeId, Revision,
    SafeText, SiteId, StreamId, Timestamp, TokenId, WindowId,
};
use std::sync::Arc;
use std::time::Duration;

/// The most alerts, or other things, one request may name.
pub const MOST_TARGETS: usize = 10_000;

/// The most alerts of other systems that are decided as one entry.
pub const MOST_REPORTED: usize = 256;

/// One thing to decide.
#[derive(Clone, Debug)]
pub enum Input {
    /// A person asked.
    Action(Action),
    /// A host told, in order and exactly once.
    Fact {
        /// Which host, by its certificate.
        host: HostId,
        /// Its outbox.
        stream: StreamId,
        /// The fact's number; one after the last.
        sequence: u64,
        /// What it told.
        fact: Fact,
        /// The blob that holds its long text, if it has any.
        output: Option<BlobId>,
    },
    /// A host's outbox no longer holds facts.
    FactsLost {
        /// Which host.
        host: HostId,
        /// Its outbox.
        stream: StreamId,
        /// First lost.
        from: u64,
        /// Last lost.
        to: u64,
    },
    /// A heartbeat came from a host that was not up.
    Heard(HostId),
    /// A host's agent ended in good order.
    Goodbye {
        /// Which host.
        host: HostId,
        /// Why, in its words.
        reason: SafeText,
    },
    /// Somebody wants to enrol with a token's secret.
    Enrol(EnrolRequest),
    /// The hub's own agent in the same process, or a swarm's agents: identities without a token.
    Admit {
        /// Who admits them.
        asker: Asker,
        /// The agents.
        agents: Vec<Admission>,
    },
    /// A certificate is to be renewed.
    Renew {
        /// Whose.
        identity: IdentityId,
        /// SHA-256 of the new public key.
        key_hash: [u8; 32],
    },
    /// A configuration was read and found valid.
    Configure {
        /// Who asked for it.
        asker: Asker,
        /// SHA-256 of its texts.
        hash: [u8; 32],
        /// The configuration.
        configuration: Arc<Configuration>,
        /// What changes, in words.
        changes: Vec<String>,
        /// The name to use where the configuration gives none.
        default_name: SafeText,
    },
    /// The hub process began.
    Started {
        /// Its version.
        version: SafeText,
        /// The fleet's name as long as it has none.
        name: SafeText,
    },
    /// The wall clock jumped by so many milliseconds.
    ClockJumped(i64),
    /// Something asked from outside was refused before it could become an action.
    Refused {
        /// Who asked, as far as known.
        who: SafeText,
        /// The identity, if one was proved.
        identity: Option<IdentityId>,
        /// What was asked.
        what: SafeText,
        /// Why not.
        why: SafeText,
        /// How often since the last such entry.
        count: u32,
    },
    /// What became of an attempt to send a notice.
    NoticeReported {
        /// Which.
        notice: NoticeId,
        /// By which of its channels, counted from 0.
        channel: u32,
        /// How it ended.
        report: NoticeReport,
    },
    /// Another system reports problems or their ends; at most [`MOST_REPORTED`] at once.
    External {
        /// Who reports: the token's name.
        actor: Actor,
        /// The client that the token is limited to.
        scope: Option<ClientId>,
        /// What it reports.
        alerts: Vec<Reported>,
    },
    /// A job that pings said something.
    Ping(Said),
    /// Deadlines may have come.
    Due,
}

/// How an attempt to send a notice ended, or what became of it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeReport {
    /// The channel took it.
    Sent(SafeText),
    /// The channel says that it arrived.
    Delivered(SafeText),
    /// The channel will not take it, whatever is tried.
    Refused(SafeText),
    /// The receiver answered.
    Answered {
        /// Who.
        by: SafeText,
        /// How: a link, a reply, a channel's name.
        how: SafeText,
    },
}

/// Who asks, with what the registry says of them at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Who.
    pub cause: Cause,
    /// The name people know.
    pub name: SafeText,
    /// What they may do.
    pub role: Role,
    /// The client they are limited to.
    pub scope: Option<ClientId>,
}

/// Something a person asked for.
#[derive(Clone, Debug)]
pub struct Action {
    /// Made by the client; a repeat gets the first answer.
    pub id: ActionId,
    /// Who asks.
    pub asker: Asker,
    /// The revision they saw.
    pub seen: Revision,
    /// The alerts to act on, where the verb acts on alerts.
    pub targets: Targets,
    /// Only say what would be done.
    pub dry_run: bool,
    /// What to do.
    pub verb: Verb,
}

/// The alerts, or for a command the hosts, an action is about.
#[derive(Clone, Debug)]
pub enum Targets {
    /// These alerts; at most 10,000.
    Ids(Vec<AlertId>),
    /// These hosts; at most 10,000.
    Hosts(Vec<HostId>),
    /// The open alerts, or the hosts, a filter matches at the hub's head.
    Filter {
        /// The filter.
        filter: Filter,
        /// The count the operator expects; the act is refused when another number matches.
        expected: Option<u64>,
    },
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Take it.
    Acknowledge {
        /// How long it holds.
        until: Until,
        /// A value that counts as worse, too.
        limit: Option<ValueLimit>,
        /// What to say.
        note: SafeText,
    },
    /// Be told about it at a time.
    Remind {
        /// When (wall time).
        at: Timestamp,
        /// What to be told.
        text: SafeText,
    },
    /// Take back one's own reminders about it.
    Unremind,
    /// Bring it to the next step.
    Escalate {
        /// What to say.
        note: SafeText,
    },
    /// Give it back, or over.
    Release {
        /// To whom; nobody when `None`.
        to: Option<SafeText>,
        /// What to say.
        note: SafeText,
    },
    /// Own it and put it aside.
    Snooze {
        /// When it comes back.
        until: Timestamp,
        /// What to say.
        note: SafeText,
    },
    /// Write something down.
    Note {
        /// What.
        note: SafeText,
    },
    /// End it by hand.
    Close {
        /// Why.
        note: SafeText,
    },
    /// Run a check, or all, of a host now; without a host, the checks of the target alerts.
    CheckNow {
        /// The host.
        host: Option<HostId>,
        /// The check.
        check: Option<CheckName>,
    },
    /// Start a program on the target hosts.
    Run(RunRequest),
    /// End a command where it has not ended.
    Cancel(CommandId),
    /// Note that a person has looked at backup jobs; the targets are their numbers.
    ReviewBackups,
    /// Open a maintenance window or a silence.
    OpenWindow(Box<WindowRequest>),
    /// End one for good.
    CloseWindow {
        /// Which.
        window: WindowId,
        /// What to say.
        note: SafeText,
    },
    /// Give another end to one that is under way, or to come once.
    ChangeWindow {
        /// Which.
        window: WindowId,
        /// The new end.
        until: Option<Timestamp>,
        /// Or how much later than it was.
        longer: Option<Duration>,
    },
    /// Send a test page that must be answered, to a person or `channel:NAME`.
    TestNotice(SafeText),
    /// Have somebody stand in on an on-call schedule.
    OverrideDuty(DutyRequest),
    /// End an override of a schedule, by its number.
    EndOverride(u64),
    /// Offer all that who asks owns to somebody.
    HandOver {
        /// The person.
        to: SafeText,
        /// What to say.
        note: SafeText,
    },
    /// Take over what was offered to who asks.
    AcceptHandOver {
        /// By whom; by everybody when `None`.
        from: Option<SafeText>,
    },
    /// Take a host out of the fleet.
    RetireHost(HostId),
    /// Make a token.
    CreateToken(TokenGrant),
    /// End a token.
    RevokeToken(TokenId),
    /// End an identity.
    RevokeIdentity(IdentityId),
    /// Give an identity another role.
    SetRole {
        /// Whose.
        identity: IdentityId,
        /// Which.
        role: Role,
    },
}

/// Somebody is to stand in on an on-call schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DutyRequest {
    /// The schedule.
    pub schedule: SafeText,
    /// The person; who asks when `None`.
    pub person: Option<SafeText>,
    /// From when; now when `None`.
    pub from: Option<Timestamp>,
    /// Until when; until the schedule's next handoff when `None`.
    pub until: Option<Timestamp>,
    /// What to say.
    pub note: SafeText,
}

/// A program to start on hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    /// What to start.
    pub argv: Argv,
    /// Whether the host's shell is to read it as a line.
    pub shell: bool,
    /// On how many hosts at once; `None` for the default.
    pub window: Option<u32>,
    /// How long it may run on a host; `None` for the default.
    pub timeout: Option<Duration>,
}

/// A maintenance window or silence to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowRequest {
    /// What it is for.
    pub name: SafeText,
    /// Which alerts.
    pub scope: Scope,
    /// When.
    pub times: TimesAsked,
    /// How many open alerts it is expected to hold back at once; another number refuses it.
    pub expected: Option<u64>,
}

/// Times as they are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimesAsked {
    /// One time.
    Once {
        /// From when; now when `None`.
        from: Option<Timestamp>,
        /// Until when.
        until: Option<Timestamp>,
        /// Or for how long.
        length: Option<Duration>,
    },
    /// Again and again.
    Recurring {
        /// In plain words, or as a rule of RFC 5545.
        words: String,
        /// The zone where the words name none.
        zone: String,
    },
}

/// What a new token grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenGrant {
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// The role.
    pub role: Role,
    /// The client: of an agent, or an operator's scope.
    pub client: Option<ClientId>,
    /// The site of an agent.
    pub site: Option<SiteId>,
    /// The class of an agent's host.
    pub class: HostClass,
    /// A name to record.
    pub name: Option<SafeText>,
    /// Tags of an agent's host.
    pub tags: Vec<String>,
    /// What the host will let the hub start.
    pub hands: Hands,
    /// Milliseconds until it ends; `None` for the default of the role.
    pub ttl_ms: Option<u64>,
}

/// Somebody enrols with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolRequest {
    /// SHA-256 of the secret shown.
    pub secret_hash: [u8; 32],
    /// SHA-256 of the public key to certify.
    pub key_hash: [u8; 32],
    /// The name the enrolling side gives.
    pub name: SafeText,
    /// What the machine is, if it is to be a host.
    pub os: Option<OsFacts>,
}

/// An agent admitted without a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// SHA-256 of its public key; zeros for an agent in the hub's own process.
    pub key_hash: [u8; 32],
    /// Its name; `None` for a synthetic one, which gets its name from its number.
    pub name: Option<SafeText>,
}

impl Asker {
    /// As the actor of an entry.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor { cause: self.cause.clone(), name: self.name.clone() }
    }
}

impl Verb {
    /// The word of the command line.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Acknowledge { .. } => "ack",
            Self::Remind { .. } => "remind",
            Self::Unremind => "remind --off",
            Self::Escalate { .. } => "escalate",
            Self::Release { .. } => "release",
            Self::Snooze { .. } => "snooze",
            Self::Note { .. } => "note",
            Self::Close { .. } => "close",
            Self::CheckNow { .. } => "check",
            Self::Run(_) => "run",
            Self::Cancel(_) => "cancel",
            Self::ReviewBackups => "review",
            Self::OpenWindow(_) => "window add",
            Self::CloseWindow { .. } => "window end",
            Self::ChangeWindow { .. } => "window extend",
            Self::TestNotice(_) => "notice test",
            Self::OverrideDuty(_) => "oncall take",
            Self::EndOverride(_) => "oncall end",
            Self::HandOver { .. } => "handover to",
            Self::AcceptHandOver { .. } => "handover accept",
            Self::RetireHost(_) => "host retire",
            Self::CreateToken(_) => "token create",
            Self::RevokeToken(_) => "token revoke",
            Self::RevokeIdentity(_) => "identity revoke",
            Self::SetRole { .. } => "identity role",
        }
    }

    /// Whether the systems that send alerts may ask for it as well: they silence what they send, as Alertmanager lets
    /// them. Windows of other scopes stay with people.
    #[must_use]
    pub fn is_of_a_silence(&self) -> bool {
        match self {
            Self::OpenWindow(request) => matches!(request.scope, Scope::Matchers(_)),
            Self::CloseWindow { .. } | Self::ChangeWindow { .. } => true,
            _ => false,
        }
    }

    /// The least role that may ask for it.
    #[must_use]
    pub const fn needs(&self) -> Role {
        match self {
            Self::Acknowledge { .. }
            | Self::Remind { .. }
            | Self::Unremind
            | Self::Escalate { .. }
            | Self::Release { .. }
            | Self::Snooze { .. }
            | Self::Note { .. }
            | Self::Close { .. }
            | Self::CheckNow { .. }
            | Self::Run(_)
            | Self::Cancel(_)
            | Self::ReviewBackups
            | Self::TestNotice(_)
            | Self::OpenWindow(_)
            | Self::CloseWindow { .. }
            | Self::ChangeWindow { .. }
            | Self::OverrideDuty(_)
            | Self::EndOverride(_)
            | Self::HandOver { .. }
            | Self::AcceptHandOver { .. } => Role::Operator,
            Self::RetireHost(_)
            | Self::CreateToken(_)
            | Self::RevokeToken(_)
            | Self::RevokeIdentity(_)
            | Self::SetRole { .. } => Role::Admin,
        }
    }
}
