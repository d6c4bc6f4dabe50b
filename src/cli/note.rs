//! `note`: write something down about alerts.

use crate::cli::acting::act;
use crate::cli::arguments::Note as Arguments;
use crate::cli::exit::Failure;
use crate::settings::directories::Directories;
use crate::wire::pb::Note;
use crate::wire::pb::act_request::Verb;

/// Does it.
///
/// # Errors
/// Wrong usage, or a line for each alert the note could not be added to.
pub async fn run(verb: &Arguments, directories: &Directories) -> Result<(), Failure> {
    act(&verb.targets, directories, "noted on", |_| Verb::Note(Note { note: verb.message.clone() })).await
}
