//! What comes of an input: a decision with its answer, or a refusal.

use crate::fleet::identity::Audience;
use crate::fleet::rules::externals::Heard;
use crate::fleet::state::{Actor, Event};
use crate::fleet::windows::Window;
use crate::fleet::words::{CommandId, HostId, IdentityId, Revision, TokenId};

/// What was decided: the events of one entry (none: nothing changes) and the answer to who asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Who caused it.
    pub actor: Actor,
    /// What the entry says.
    pub events: Vec<(Audience, Event)>,
    /// What is answered once the entry is durable.
    pub answer: Answer,
}

/// What is answered to an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The revision that holds it; `None` when nothing was written. Filled in when the entry gets its revision.
    pub revision: Option<Revision>,
    /// What was acted on (alert or host numbers).
    pub done: Vec<u64>,
    /// What could not be acted on, and why.
    pub failed: Vec<(u64, String)>,
    /// What the filter matches now but did not when the operator looked, and why it was left out.
    pub left_out: Vec<(u64, String)>,
    /// A token made.
    pub token: Option<TokenId>,
    /// The command that was asked for.
    pub command: Option<CommandId>,
    /// The window made, ended or changed; of a rehearsal as it would be.
    pub window: Option<Box<Window>>,
    /// Identities recorded, an agent's with its host and name.
    pub recorded: Vec<Recorded>,
    /// What a configuration changed, in words.
    pub changes: Vec<String>,
    /// Hosts whose agents are to read a backup repository now, each with the job's name.
    pub read_now: Vec<(HostId, String)>,
    /// Alerts of other systems that were just heard of: until when they hold unless they are heard of again.
    pub heard: Vec<Heard>,
}

/// An identity that was just recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number.
    pub identity: IdentityId,
    /// An agent's host.
    pub host: Option<HostId>,
    /// Its name.
    pub name: String,
}

/// Why an input was not decided. Every text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The asker may not do this.
    #[error("{0}")]
    NotPermitted(String),
    /// The request itself is wrong.
    #[error("{0}")]
    Invalid(String),
    /// It does not fit the state any more.
    #[error("{0}")]
    Conflict(String),
    /// What it names is not here.
    #[error("{0}")]
    NotFound(String),
}

/// A decision of a rule, with nobody waiting for an answer.
#[must_use]
pub fn by_rule(rule: &str, events: Vec<(Audience, Event)>) -> Decision {
    Decision { actor: Actor::rule(rule), events, answer: Answer::default() }
}
