//! `escalate`: bring alerts to the next step.

use crate::cli::acting::act;
use crate::cli::arguments::Escalate as Arguments;
use crate::cli::exit::Failure;
use crate::settings::directories::Directories;
use crate::wire::pb::Escalate;
use crate::wire::pb::act_request::Verb;

/// Does it.
///
/// # Errors
/// Wrong usage, or a line for each alert that could not be escalated.
pub async fn run(verb: &Arguments, directories: &Directories) -> Result<(), Failure> {
    let note = verb.message.clone().unwrap_or_default();
    act(&verb.targets, directories, "escalated", |_| Verb::Escalate(Escalate { note: note.clone() })).await
}
