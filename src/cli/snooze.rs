//! `snooze`: own alerts and put them aside for a while.

use crate::cli::acting::act;
use crate::cli::arguments::Snooze as Arguments;
use crate::cli::exit::Failure;
use crate::settings::directories::Directories;
use crate::wire::pb::SnoozeFor;
use crate::wire::pb::act_request::Verb;

/// Does it. The span is counted by each hub's clock.
///
/// # Errors
/// Wrong usage, or a line for each alert that could not be snoozed.
pub async fn run(verb: &Arguments, directories: &Directories) -> Result<(), Failure> {
    let note = verb.message.clone().unwrap_or_default();
    act(&verb.targets, directories, "snoozed", |now| {
        Verb::Snooze(SnoozeFor { until: (now + verb.span).0, note: note.clone() })
    })
    .await
}
