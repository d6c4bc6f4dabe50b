//! `check HOST [CHECK]`: run a host's checks now.

use serde::Serialize;

use crate::cli::arguments::CheckNow;
use crate::cli::exit::Failure;
use crate::cli::host_named::find_host;
use crate::cli::id::id;
use crate::cli::output;
use crate::cli::send::send_verb;
use crate::settings::directories::Directories;
use crate::wire::pb::CheckAsked;
use crate::wire::pb::act_request::Verb;

/// What was asked, as `--json` prints it.
#[derive(Debug, Serialize)]
struct CheckNowJson {
    fleet: String,
    host: String,
    host_id: String,
    check: Option<String>,
    revision: Option<u64>,
}

/// Does it.
///
/// # Errors
/// No such host or check, several hosts of that name, or the hub refuses.
pub async fn run(verb: &CheckNow, directories: &Directories) -> Result<(), Failure> {
    let mut host = find_host(&verb.host, &verb.fleets, directories, None).await?;
    let asked = CheckAsked { host: host.id.0, check: verb.check.clone() };
    let reply = send_verb(&mut host.link, Verb::CheckNow(asked)).await?;
    if verb.json {
        return output::json(&CheckNowJson {
            fleet: host.link.name.clone(),
            host: host.name.as_str().to_owned(),
            host_id: id(&host.link.name, host.id),
            check: verb.check.clone(),
            revision: (reply.revision != 0).then_some(reply.revision),
        });
    }
    let what = verb.check.as_deref().unwrap_or("all its checks");
    output::print(&format!("asked {} ({}) for {what} now\n", host.name.as_str(), id(&host.link.name, host.id)))
}
