//! `release`: give alerts back, or hand them over.

use crate::cli::acting::act;
use crate::cli::arguments::Release as Arguments;
use crate::cli::exit::Failure;
use crate::settings::directories::Directories;
use crate::wire::pb::Release;
use crate::wire::pb::act_request::Verb;

/// Does it.
///
/// # Errors
/// Wrong usage, or a line for each alert that could not be released.
pub async fn run(verb: &Arguments, directories: &Directories) -> Result<(), Failure> {
    let note = verb.message.clone().unwrap_or_default();
    let release = Release { to: verb.to.clone().unwrap_or_default(), note };
    act(&verb.targets, directories, "released", |_| Verb::Release(release.clone())).await
}
