//! `host retire`: take a host out of the fleet.

use crate::cli::arguments::HostVerb;
use crate::cli::exit::Failure;
use crate::cli::host_named::find_host;
use crate::cli::id::id;
use crate::cli::output;
use crate::cli::send::send_verb;
use crate::settings::directories::Directories;
use crate::wire::pb::RetireHost;
use crate::wire::pb::act_request::Verb;

/// Does it.
///
/// # Errors
/// No such host, several of that name, or the hub refuses.
pub async fn run(verb: &HostVerb, directories: &Directories) -> Result<(), Failure> {
    let HostVerb::Retire { id: named, fleets } = verb;
    let mut host = find_host(named, fleets, directories, None).await?;
    send_verb(&mut host.link, Verb::RetireHost(RetireHost { host: host.id.0 })).await?;
    output::print(&format!(
        "retired {} ({}): its identity is revoked and its alerts are closed\n",
        host.name.as_str(),
        id(&host.link.name, host.id)
    ))
}
