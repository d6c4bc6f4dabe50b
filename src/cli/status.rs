//! `status`: how each fleet is.

use serde::Serialize;

use crate::cli::arguments::Status;
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, Part, gather};
use crate::cli::json::rfc3339;
use crate::cli::output::{self, Output};
use crate::cli::table::Tone;
use crate::fleet::words::duration::short;
use crate::fleet::words::{SafeText, Timestamp};
use crate::settings::directories::Directories;
use crate::wire::pb;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

/// A fleet as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
struct StatusJson {
    fleet: String,
    id: String,
    /// As hexadecimal digits: a JSON number would lose the last digits of 64 random bits.
    epoch: String,
    revision: u64,
    version: String,
    started_at: String,
    hub_time: String,
    judging: bool,
    judging_from: Option<String>,
    hosts: HostsJson,
    alerts: AlertsJson,
    agents_linked: u64,
    consoles_linked: u64,
    configuration: Option<String>,
    blocked: Option<String>,
}

#[derive(Debug, PartialEq, Serialize)]
struct HostsJson {
    total: u64,
    up: u64,
    off: u64,
    silent: u64,
    down: u64,
    left: u64,
    unknown: u64,
}

#[derive(Debug, PartialEq, Serialize)]
struct AlertsJson {
    open: u64,
    new: u64,
    owned: u64,
    muted: u64,
}

/// Does it.
///
/// # Errors
/// A fleet that could not be asked.
pub async fn run(verb: &Status, directories: &Directories) -> Result<(), Failure> {
    let request = QueryRequest { kind: Kind::Status.into(), ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &FleetFilter::default(), request).await?;
    if !gathered.is_nothing() {
        show(&gathered, verb.json)?;
    }
    gathered.finish()
}

fn show(gathered: &Gathered, json: bool) -> Result<(), Failure> {
    let fleets: Vec<(&Part, StatusJson)> = gathered.parts.iter().map(|part| (part, to_json(part))).collect();
    if json {
        return output::json(&fleets.iter().map(|(_, fleet)| fleet).collect::<Vec<_>>());
    }
    let color = Output::of_environment().color;
    let fleets: Vec<String> = fleets.iter().map(|(part, fleet)| in_words(part, fleet, color)).collect();
    output::print(&fleets.join("\n"))
}

fn to_json(part: &Part) -> StatusJson {
    let status = part.answer.status.clone().unwrap_or_default();
    let waits = (status.waits_until != 0).then_some(Timestamp(status.waits_until));
    StatusJson {
        fleet: part.fleet.clone(),
        id: SafeText::new(&part.id).as_str().to_owned(),
        epoch: format!("{:016x}", status.epoch),
        revision: status.revision,
        version: SafeText::new(&status.version).as_str().to_owned(),
        started_at: rfc3339(Timestamp(status.started_at)),
        hub_time: rfc3339(part.answer.hub_time),
        judging: waits.is_none(),
        judging_from: waits.map(rfc3339),
        hosts: hosts(&status),
        alerts: AlertsJson {
            open: status.alerts_new.saturating_add(status.alerts_owned).saturating_add(status.alerts_muted),
            new: status.alerts_new,
            owned: status.alerts_owned,
            muted: status.alerts_muted,
        },
        agents_linked: status.agents_linked,
        consoles_linked: status.consoles_linked,
        configuration: hash(&status.configuration),
        blocked: (!status.blocked.is_empty()).then(|| SafeText::new(&status.blocked).as_str().to_owned()),
    }
}

const fn hosts(status: &pb::Status) -> HostsJson {
    HostsJson {
        total: status
            .hosts_up
            .saturating_add(status.hosts_off)
            .saturating_add(status.hosts_silent)
            .saturating_add(status.hosts_down)
            .saturating_add(status.hosts_left)
            .saturating_add(status.hosts_unknown),
        up: status.hosts_up,
        off: status.hosts_off,
        silent: status.hosts_silent,
        down: status.hosts_down,
        left: status.hosts_left,
        unknown: status.hosts_unknown,
    }
}

fn hash(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn in_words(part: &Part, fleet: &StatusJson, color: bool) -> String {
    let now = part.answer.hub_time;
    let counted = |count: u64, word: &str, tone: Tone| {
        let text = format!("{count} {word}");
        if count > 0 { tone.paint(&text, color) } else { text }
    };
    let (hosts, alerts) = (&fleet.hosts, &fleet.alerts);
    let started = part.answer.status.as_ref().map_or(0, |status| status.started_at);
    let up_for = short(now.since(Timestamp(started)));
    let mut lines = vec![
        format!(
            "{} ({}), hub {}, running for {up_for}, revision {}",
            fleet.fleet, fleet.id, fleet.version, fleet.revision
        ),
        format!(
            "  hosts   {}, {}, {}, {}, {}, {}",
            counted(hosts.down, "down", Tone::Critical),
            counted(hosts.silent, "silent", Tone::Warning),
            counted(hosts.unknown, "unknown", Tone::Unknown),
            counted(hosts.up, "up", Tone::Good),
            counted(hosts.off, "off", Tone::Quiet),
            counted(hosts.left, "left", Tone::Quiet),
        ),
        format!(
            "  alerts  {}, {}, {}",
            counted(alerts.new, "new", Tone::Critical),
            counted(alerts.owned, "owned", Tone::Plain),
            counted(alerts.muted, "muted", Tone::Quiet),
        ),
        format!("  linked  {} agents, {} consoles", fleet.agents_linked, fleet.consoles_linked),
    ];
    if let Some(from) = &fleet.judging_from {
        let left = Timestamp(part.answer.status.as_ref().map_or(0, |status| status.waits_until)).since(now);
        lines.push(format!("  waits   {} more before it judges silence (until {from})", short(left)));
    }
    if let Some(why) = &fleet.blocked {
        lines.push(format!("  {}", Tone::Critical.paint(&format!("BLOCKED {why}"), color)));
    }
    lines.join("\n") + "\n"
}
