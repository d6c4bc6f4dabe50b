//! `close`: end alerts by hand.

use crate::cli::acting::act;
use crate::cli::arguments::Close as Arguments;
use crate::cli::exit::Failure;
use crate::settings::directories::Directories;
use crate::wire::pb::Close;
use crate::wire::pb::act_request::Verb;

/// Does it.
///
/// # Errors
/// Wrong usage, or a line for each alert that could not be closed.
pub async fn run(verb: &Arguments, directories: &Directories) -> Result<(), Failure> {
    let note = verb.message.clone().unwrap_or_default();
    act(&verb.targets, directories, "closed", |_| Verb::Close(Close { note: note.clone() })).await
}
