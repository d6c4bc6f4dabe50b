//! `hosts`: the hosts of all fleets that are meant, worst first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::arguments::Hosts;
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, Part, gather};
use crate::cli::id::id;
use crate::cli::json::{rfc3339, rfc3339_or_null};
use crate::cli::output::{self, Output};
use crate::cli::table::{Cell, Column};
use crate::cli::tones;
use crate::fleet::derived::standing::{AgentState, SiteState, Sites, link_word};
use crate::fleet::hosts::{Host, HostState};
use crate::fleet::words::duration::compact;
use crate::settings::directories::Directories;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

const COLUMNS: [Column; 8] = [
    Column::new("ID"),
    Column::new("STATE"),
    Column::right("SEEN"),
    Column::shrinking("NAME"),
    Column::shrinking("CLIENT"),
    Column::shrinking("SITE"),
    Column::new("CLASS"),
    Column::new("AGENT"),
];

/// A host as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct HostJson {
    id: String,
    fleet: String,
    name: String,
    client: String,
    site: String,
    class: &'static str,
    tags: Vec<String>,
    state: &'static str,
    state_since: String,
    state_reason: String,
    last_seen_at: Option<String>,
    linked: Option<bool>,
    agent: &'static str,
    link: &'static str,
    site_state: &'static str,
    agent_version: Option<String>,
    os: Option<String>,
    enrolled_at: String,
    identity: String,
    synthetic: bool,
}

/// Does it.
///
/// # Errors
/// Wrong usage, or a fleet that could not be asked.
pub async fn run(verb: &Hosts, directories: &Directories) -> Result<(), Failure> {
    let filter = FleetFilter::of_arguments(&verb.filter)?;
    let request = QueryRequest { kind: Kind::Hosts.into(), ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &filter, request).await?;
    if !gathered.is_nothing() {
        show(&gathered, verb.json)?;
    }
    gathered.finish()
}

fn show(gathered: &Gathered, json: bool) -> Result<(), Failure> {
    let mut rows: Vec<(&Part, &Host)> = gathered
        .parts
        .iter()
        .flat_map(|part| part.answer.fleet.hosts.hosts.values().map(move |host| (part, host.as_ref())))
        .collect();
    rows.sort_by(|(part, host), (other, second)| order(part, host).cmp(&order(other, second)));
    if json {
        let sites: BTreeMap<&str, Sites<'_>> =
            gathered.parts.iter().map(|part| (part.fleet.as_str(), Sites::of(&part.answer.fleet))).collect();
        let hosts: Vec<HostJson> = rows.into_iter().map(|(part, host)| to_json(part, host, &sites)).collect();
        return output::json(&hosts);
    }
    let rows: Vec<Vec<Cell>> = rows.into_iter().map(|(part, host)| to_row(part, host, gathered.is_mixed())).collect();
    let empty = "no host: enrol one with a token of `watchfloor token create --role agent`, or ask with another filter";
    Output::of_environment().table(&COLUMNS, &rows, empty)
}

/// Worst first, then as people look for them.
fn order<'r>(part: &'r Part, host: &'r Host) -> impl Ord + use<'r> {
    let rank = HostState::WORST_FIRST.iter().position(|state| *state == host.state);
    (rank, &host.client, &host.name, &part.fleet, Reverse(host.id))
}

fn to_json(part: &Part, host: &Host, sites: &BTreeMap<&str, Sites<'_>>) -> HostJson {
    let linked = part.answer.glances.get(&host.id).map(|glance| glance.linked);
    let site = sites.get(part.fleet.as_str()).map_or(SiteState::Unknown, |sites| sites.at(host));
    HostJson {
        id: id(&part.fleet, host.id),
        fleet: part.fleet.clone(),
        name: host.name.as_str().to_owned(),
        client: host.client.to_string(),
        site: host.site.to_string(),
        class: host.class.word(),
        tags: host.tags.clone(),
        state: host.state.word(),
        state_since: rfc3339(host.state_since),
        state_reason: host.state_reason.clone(),
        last_seen_at: rfc3339_or_null(part.answer.last_seen(host.id)),
        linked,
        agent: AgentState::of(host.state, linked).word(),
        link: link_word(linked),
        site_state: site.word(),
        agent_version: host
            .os
            .as_ref()
            .map(|os| os.agent_version.as_str().to_owned())
            .filter(|known| !known.is_empty()),
        os: host.os.as_ref().map(|os| format!("{} {}", os.os_name.as_str(), os.os_version.as_str()).trim().to_owned()),
        enrolled_at: rfc3339(host.enrolled_at),
        identity: id(&part.fleet, host.identity),
        synthetic: host.synthetic,
    }
}

fn to_row(part: &Part, host: &Host, is_mixed: bool) -> Vec<Cell> {
    let seen = part.answer.last_seen(host.id);
    let seen = seen.map_or_else(|| "never".to_owned(), |seen| compact(part.answer.hub_time.since(seen)));
    let number = if is_mixed { id(&part.fleet, host.id) } else { host.id.to_string() };
    vec![
        Cell::plain(number),
        tones::host_state(host.state),
        Cell::plain(seen),
        Cell::plain(&host.name),
        Cell::plain(host.client.as_str()),
        Cell::plain(host.site.as_str()),
        Cell::quiet(host.class.word()),
        Cell::quiet(host.os.as_ref().map_or("-", |os| os.agent_version.as_str())),
    ]
}
