//! `alert ID`: one alert with its timeline.

use serde::Serialize;

use crate::cli::alert_json::{AlertJson, alert_json};
use crate::cli::alerts::what;
use crate::cli::arguments::Alert as Verb;
use crate::cli::entries::{COLUMNS, EntryJson, entry_json, entry_rows};
use crate::cli::event_words::wall_clock;
use crate::cli::exit::Failure;
use crate::cli::id::id;
use crate::cli::output::{self, Output};
use crate::cli::query::{Answer, ask, name_hosts};
use crate::cli::reach::reach_one;
use crate::cli::table::Cell;
use crate::fleet::alerts::{self, Alert, Alerts, Until};
use crate::fleet::state::Event;
use crate::fleet::words::AlertId;
use crate::fleet::words::duration::short;
use crate::fleet::words::spoken_id::spoken_id;
use crate::settings::directories::Directories;
use crate::settings::hub::system_zone;
use crate::wire::pb::QueryRequest;
use crate::wire::pb::query_request::Kind;

/// An alert with what happened to it, oldest first.
#[derive(Debug, PartialEq, Serialize)]
struct WithTimeline {
    #[serde(flatten)]
    alert: AlertJson,
    timeline: Vec<EntryJson>,
}

/// Does it.
///
/// # Errors
/// Several fleets are meant, the one can't be asked, or has no such alert.
pub async fn run(verb: &Verb, directories: &Directories) -> Result<(), Failure> {
    let what = "an alert's number without its fleet";
    let link = reach_one(&verb.fleets, directories, verb.id.fleet.as_deref(), what).await?;
    let request = QueryRequest { kind: Kind::Alert.into(), id: verb.id.alert.0, all: true, ..QueryRequest::default() };
    let mut answer = ask(&link, request).await.map_err(|error| link.failure(&error))?;
    // Without the names the numbers serve.
    let _ = name_hosts(&link, &mut answer).await;
    answer.entries.sort_by_key(|entry| entry.revision);
    let known = answer.fleet.alerts.alerts.get(&verb.id.alert).map(|alert| Alert::clone(alert));
    let Some(alert) = known.or_else(|| from_journal(&answer, verb.id.alert)) else {
        return Err(Failure::failed(format!(
            "there is no alert {}: see `watchfloor alerts --all`",
            id(&link.name, verb.id.alert)
        )));
    };
    if !verb.json {
        return show(&link.name, &answer, &alert);
    }
    output::json(&WithTimeline {
        alert: alert_json(&link.name, &answer, &alert),
        timeline: answer.entries.iter().map(|entry| entry_json(&link.name, &answer, entry)).collect(),
    })
}

/// An alert that left the fleet's state is what its entries made of it.
fn from_journal(answer: &Answer, id: AlertId) -> Option<Alert> {
    let mut alerts = Alerts::default();
    for entry in &answer.entries {
        for (_, event) in &entry.events {
            if let Event::Alerts(event) = event
                && event.alert() == id
                && !matches!(event, alerts::Event::Archived { .. })
            {
                alerts.apply(event, entry.revision, entry.at);
            }
        }
    }
    alerts.alerts.get(&id).map(|alert| Alert::clone(alert))
}

fn show(fleet: &str, answer: &Answer, alert: &Alert) -> Result<(), Failure> {
    let zone = system_zone();
    let output = Output::of_environment();
    let state = if alert.is_open() { alert.lane().word() } else { "resolved" };
    let host = alert
        .host
        .map(|host| answer.host_name(host).map_or_else(|| format!("host {host}"), |name| name.as_str().to_owned()));
    let mut lines = vec![
        format!("{} {}  {} {state}", id(fleet, alert.id), spoken_id(alert.id), alert.severity()),
        format!("  {}", alert.summary.as_str()),
    ];
    let mut say = |what: &str, text: String| lines.push(format!("  {what:<13}{text}"));
    let place = [Some(alert.client.to_string()), alert.site.as_ref().map(ToString::to_string), host];
    say("where", place.into_iter().flatten().collect::<Vec<_>>().join(", "));
    say("what", what(alert));
    let age = short(answer.hub_time.since(alert.opened_at));
    let count = if alert.count > 1 { format!(", {} times", alert.count) } else { String::new() };
    say("opened", format!("{} ({age} ago{count})", wall_clock(alert.opened_at, &zone)));
    if let Some(at) = alert.resolved_at {
        let how = if alert.closed_by_hand { " by hand" } else { "" };
        say("resolved", format!("{}{how}", wall_clock(at, &zone)));
    }
    if let Some(taken) = &alert.acknowledgement {
        let until = match taken.until {
            Until::Worse => "it gets worse".to_owned(),
            Until::Resolved => "it is resolved".to_owned(),
            Until::Time(end) => wall_clock(end, &zone),
        };
        say("acknowledged", format!("by {} until {until}", taken.by.as_str()));
    }
    if let Some(snooze) = &alert.snooze {
        say("snoozed", format!("by {} until {}", snooze.by.as_str(), wall_clock(snooze.until, &zone)));
    }
    if let Some(escalation) = &alert.escalation {
        say("escalated", format!("to step {} by {}", escalation.step, escalation.by.as_str()));
    }
    if let Some(note) = &alert.last_note {
        say("last note", note.as_str().to_owned());
    }
    output::print(&format!("{}\n\n", lines.join("\n")))?;
    let rows: Vec<Vec<Cell>> = answer.entries.iter().flat_map(|entry| entry_rows(answer, entry, &zone)).collect();
    output.table(&COLUMNS, &rows, "no entry about it is in the journal")
}
