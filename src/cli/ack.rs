//! `ack`: take alerts.

use crate::cli::acting::act;
use crate::cli::arguments::{Acknowledge as Arguments, Until};
use crate::cli::exit::Failure;
use crate::settings::directories::Directories;
use crate::wire::pb::Acknowledge;
use crate::wire::pb::acknowledgement::Until as Word;
use crate::wire::pb::act_request::Verb;

/// Does it.
///
/// # Errors
/// Wrong usage, or a line for each alert that could not be acknowledged.
pub async fn run(verb: &Arguments, directories: &Directories) -> Result<(), Failure> {
    let (until, until_time) = match verb.until {
        Until::Worse => (Word::Worse, 0),
        Until::Resolved => (Word::Resolved, 0),
        Until::Time(end) => (Word::Time, end.0),
    };
    let note = verb.message.clone().unwrap_or_default();
    act(&verb.targets, directories, "acknowledged", |_| {
        let limit = verb.at_value.as_ref().map(Into::into);
        Verb::Acknowledge(Acknowledge { until: until.into(), until_time, note: note.clone(), limit })
    })
    .await
}
