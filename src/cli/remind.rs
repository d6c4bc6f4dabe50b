//! `remind`: be told about alerts at a time.

use crate::cli::acting::act;
use crate::cli::arguments::Remind as Arguments;
use crate::cli::exit::Failure;
use crate::settings::directories::Directories;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::{Remind, Unremind};

/// Does it.
///
/// # Errors
/// Wrong usage, or a line for each alert that no reminder could be set for.
pub async fn run(verb: &Arguments, directories: &Directories) -> Result<(), Failure> {
    let Some(at) = verb.at.filter(|_| !verb.off) else {
        return act(&verb.targets, directories, "not to be reminded of", |_| Verb::Unremind(Unremind {})).await;
    };
    let text = verb.message.clone().unwrap_or_default();
    act(&verb.targets, directories, "to be reminded of", |_| Verb::Remind(Remind { at: at.0, text: text.clone() }))
        .await
}
