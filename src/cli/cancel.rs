//! `cancel ID`: end a command where it has not ended.

use serde::Serialize;

use crate::cli::arguments::Cancel;
use crate::cli::command_output::counted;
use crate::cli::exit::Failure;
use crate::cli::id::id;
use crate::cli::output;
use crate::cli::reach::reach_one;
use crate::cli::send::send_verb;
use crate::settings::directories::Directories;
use crate::wire::pb;
use crate::wire::pb::act_request::Verb;

/// What was cancelled, as `--json` prints it.
#[derive(Debug, Serialize)]
struct CancelJson {
    fleet: String,
    id: String,
    host_ids: Vec<String>,
    revision: Option<u64>,
}

/// Does it.
///
/// # Errors
/// Several fleets are meant, there is no such command, or it has ended.
pub async fn run(verb: &Cancel, directories: &Directories) -> Result<(), Failure> {
    let what = "a command's number without its fleet";
    let mut link = reach_one(&verb.fleets, directories, verb.id.fleet.as_deref(), what).await?;
    let reply = send_verb(&mut link, Verb::Cancel(pb::Cancel { command: verb.id.number })).await?;
    let command = id(&link.name, verb.id.number);
    if verb.json {
        return output::json(&CancelJson {
            fleet: link.name.clone(),
            id: command,
            host_ids: reply.done.iter().map(|host| id(&link.name, host)).collect(),
            revision: (reply.revision != 0).then_some(reply.revision),
        });
    }
    output::print(&format!(
        "cancelling command {command} on {}; `watchfloor command {command} --wait` follows it\n",
        counted(reply.done.len())
    ))
}
