//! `window add|list|show|end|extend`: maintenance windows and silences.

use std::sync::Arc;

use serde::Serialize;

use crate::cli::alert_json::{AlertJson, alert_json};
use crate::cli::alerts::what;
use crate::cli::arguments::{WindowEnd, WindowExtend, WindowList, WindowShow, WindowVerb};
use crate::cli::entries::{COLUMNS as ENTRY_COLUMNS, EntryJson, entry_json, entry_rows};
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::gather::{Gathered, Part, gather};
use crate::cli::id::id;
use crate::cli::output::{self, Output};
use crate::cli::query::{Answer, ask, name_hosts};
use crate::cli::reach::{FleetLink, reach_one};
use crate::cli::send::send_verb;
use crate::cli::table::{Cell, Column, Tone};
use crate::cli::tones;
use crate::cli::window_add::add;
use crate::cli::window_json::{WindowJson, window_json};
use crate::fleet::alerts::Alert;
use crate::fleet::windows::{State, Window};
use crate::fleet::words::WindowId;
use crate::fleet::words::duration::{compact, short};
use crate::settings::directories::Directories;
use crate::settings::hub::system_zone;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::query_request::Kind;
use crate::wire::pb::{ActReply, ChangeWindow, CloseWindow, QueryRequest};

const COLUMNS: [Column; 9] = [
    Column::new("ID"),
    Column::new("STATE"),
    Column::shrinking("WHEN"),
    Column::right("MATCHES"),
    Column::right("HELD"),
    Column::right("AGE"),
    Column::shrinking("BY"),
    Column::shrinking("SCOPE"),
    Column::shrinking("NOTES"),
];

const ALERTS: [Column; 6] = [
    Column::new("ID"),
    Column::new("SEV"),
    Column::new("LANE"),
    Column::shrinking("CLIENT"),
    Column::shrinking("WHAT"),
    Column::shrinking("SUMMARY"),
];

/// A window with what it held back and what happened to it, oldest first.
#[derive(Debug, PartialEq, Serialize)]
struct WithLedger {
    #[serde(flatten)]
    window: WindowJson,
    alerts: Vec<AlertJson>,
    timeline: Vec<EntryJson>,
}

/// Does it.
///
/// # Errors
/// Wrong usage, a fleet that can't be asked, or a hub that refuses.
pub async fn run(verb: &WindowVerb, directories: &Directories) -> Result<(), Failure> {
    match verb {
        WindowVerb::Add(verb) => add(verb, directories).await,
        WindowVerb::List(verb) => list(verb, directories).await,
        WindowVerb::Show(verb) => show(verb, directories).await,
        WindowVerb::End(verb) => end(verb, directories).await,
        WindowVerb::Extend(verb) => extend(verb, directories).await,
    }
}

async fn list(verb: &WindowList, directories: &Directories) -> Result<(), Failure> {
    let filter = FleetFilter::of_arguments(&verb.filter)?;
    let request = QueryRequest { kind: Kind::Windows.into(), all: verb.all, ..QueryRequest::default() };
    let gathered = gather(&verb.fleets, directories, &filter, request).await?;
    if !gathered.is_nothing() {
        show_list(&gathered, verb.json)?;
    }
    gathered.finish()
}

fn show_list(gathered: &Gathered, json: bool) -> Result<(), Failure> {
    let windows =
        gathered.parts.iter().flat_map(|part| part.answer.fleet.windows.all().map(move |window| (part, window)));
    let mut rows: Vec<(&Part, &Arc<Window>)> = windows.collect();
    rows.sort_by_key(|(part, window)| (window.state(), window.timer(), &part.fleet, window.id));
    if json {
        let windows: Vec<WindowJson> = rows.into_iter().map(|(part, window)| to_json(part, window)).collect();
        return output::json(&windows);
    }
    let rows: Vec<Vec<Cell>> =
        rows.into_iter().map(|(part, window)| to_row(part, window, gathered.is_mixed())).collect();
    let empty = "no window: open one with `watchfloor window add --where client:acme --for 2h`";
    Output::of_environment().table(&COLUMNS, &rows, empty)
}

fn to_json(part: &Part, window: &Window) -> WindowJson {
    window_json(&part.fleet, window, part.answer.matches.get(&window.id).copied(), part.answer.hub_time)
}

fn to_row(part: &Part, window: &Window, is_mixed: bool) -> Vec<Cell> {
    let (now, zone) = (part.answer.hub_time, system_zone());
    let matches = part.answer.matches.get(&window.id).copied();
    let marks = window.marks(matches.unwrap_or(1), now);
    let plain = window.plain(now);
    let mut notes: Vec<String> = marks.clone();
    notes.extend((!window.name.is_empty()).then(|| window.name.as_str().to_owned()));
    if plain != "once" {
        notes.push(plain);
    }
    vec![
        Cell::plain(if is_mixed { id(&part.fleet, window.id) } else { window.id.to_string() }),
        state_cell(window.state()),
        Cell::plain(window.standing(now, &zone)),
        matches.map_or_else(|| Cell::quiet("-"), |matches| Cell::plain(matches.to_string())),
        Cell::plain(window.held().to_string()),
        Cell::quiet(compact(now.since(window.created_at))),
        Cell::plain(&window.by),
        Cell::plain(window.scope.to_string()),
        Cell::new(notes.join("; "), if marks.is_empty() { Tone::Plain } else { Tone::Warning }),
    ]
}

fn state_cell(state: State) -> Cell {
    let tone = match state {
        State::Active => Tone::Warning,
        State::Waiting => Tone::Plain,
        State::Over => Tone::Quiet,
    };
    Cell::new(state.word(), tone)
}

async fn show(verb: &WindowShow, directories: &Directories) -> Result<(), Failure> {
    let link =
        reach_one(&verb.fleets, directories, verb.id.fleet.as_deref(), "a window's number without its fleet").await?;
    let request = QueryRequest { kind: Kind::Window.into(), id: verb.id.number, ..QueryRequest::default() };
    let mut answer = ask(&link, request).await.map_err(|error| link.failure(&error))?;
    // Without the names the numbers serve.
    let _ = name_hosts(&link, &mut answer).await;
    answer.entries.sort_by_key(|entry| entry.revision);
    let window = answer.fleet.windows.get(WindowId(verb.id.number)).cloned();
    if verb.json {
        let window = window.ok_or_else(|| archived(&link, verb))?;
        let matches = answer.matches.get(&window.id).copied();
        return output::json(&WithLedger {
            window: window_json(&link.name, &window, matches, answer.hub_time),
            alerts: caught(&answer, &window).map(|alert| alert_json(&link.name, &answer, alert)).collect(),
            timeline: answer.entries.iter().map(|entry| entry_json(&link.name, &answer, entry)).collect(),
        });
    }
    if let Some(window) = &window {
        tell(&link.name, &answer, window)?;
    }
    let zone = system_zone();
    let rows: Vec<Vec<Cell>> = answer.entries.iter().flat_map(|entry| entry_rows(&answer, entry, &zone)).collect();
    Output::of_environment().table(&ENTRY_COLUMNS, &rows, "nothing happened to it yet")
}

fn archived(link: &FleetLink, verb: &WindowShow) -> Failure {
    let id = id(&link.name, verb.id.number);
    Failure::failed(format!(
        "window {id} is in the archive: the journal has it, see `watchfloor window show {id}` without --json"
    ))
}

fn caught<'a>(answer: &'a Answer, window: &'a Window) -> impl Iterator<Item = &'a Alert> {
    window.caught().into_iter().filter_map(|id| answer.fleet.alerts.alerts.get(&id)).map(AsRef::as_ref)
}

fn tell(fleet: &str, answer: &Answer, window: &Window) -> Result<(), Failure> {
    let (now, zone) = (answer.hub_time, system_zone());
    let matches = answer.matches.get(&window.id).copied().unwrap_or_default();
    let mut lines = vec![format!("{} {}  {}", id(fleet, window.id), window.state().word(), window.name.as_str())];
    let mut say = |what: &str, text: String| lines.push(format!("  {what:<9}{text}"));
    say("holds", window.scope.to_string());
    say("when", window.standing(now, &zone));
    let plain = window.plain(now);
    if plain != "once" {
        say("times", plain);
    }
    say("by", format!("{}, {} ago", window.by.as_str(), short(now.since(window.created_at))));
    if let Some(over) = &window.over {
        let by = over.by.as_ref().map_or_else(|| "its time was up".to_owned(), |by| format!("by {}", by.as_str()));
        let note = over.note.as_ref().map_or_else(String::new, |note| format!(": {}", note.as_str()));
        say("over", format!("{by}{note}"));
    }
    say("matches", format!("{matches} open {} now", if matches == 1 { "alert" } else { "alerts" }));
    for mark in window.marks(matches, now) {
        say("mark", mark);
    }
    say("held", format!("{} times{}", window.held(), if window.begun > 1 { " this time" } else { "" }));
    output::print(&format!("{}\n\n", lines.join("\n")))?;
    let rows: Vec<Vec<Cell>> = caught(answer, window)
        .map(|alert| {
            vec![
                Cell::plain(id(fleet, alert.id)),
                tones::severity(alert.severity()),
                if alert.is_open() { tones::lane(alert.lane()) } else { Cell::quiet("resolved") },
                Cell::plain(alert.client.as_str()),
                Cell::plain(match alert.host.and_then(|host| answer.host_name(host)) {
                    Some(host) => format!("{} {}", host.as_str(), what(alert)),
                    None => what(alert),
                }),
                Cell::plain(&alert.summary),
            ]
        })
        .collect();
    if !rows.is_empty() {
        Output::of_environment().table(&ALERTS, &rows, "")?;
        output::print("\n")?;
    }
    Ok(())
}

async fn end(verb: &WindowEnd, directories: &Directories) -> Result<(), Failure> {
    let mut link =
        reach_one(&verb.fleets, directories, verb.id.fleet.as_deref(), "a window's number without its fleet").await?;
    let close = CloseWindow { id: verb.id.number, note: verb.message.clone().unwrap_or_default() };
    let reply = send_verb(&mut link, Verb::CloseWindow(close)).await?;
    let free = reply.done.len();
    output::print(&format!(
        "window {} ended: {free} {} not held back by it any more (revision {})\n",
        id(&link.name, verb.id.number),
        if free == 1 { "alert is" } else { "alerts are" },
        reply.revision
    ))
}

async fn extend(verb: &WindowExtend, directories: &Directories) -> Result<(), Failure> {
    let mut link =
        reach_one(&verb.fleets, directories, verb.id.fleet.as_deref(), "a window's number without its fleet").await?;
    let change = ChangeWindow {
        id: verb.id.number,
        until: verb.until.map_or(0, |until| until.0),
        longer: verb.span.map_or(0, |span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
    };
    let reply = send_verb(&mut link, Verb::ChangeWindow(change)).await?;
    output::print(&format!(
        "window {}: {} (revision {})\n",
        id(&link.name, verb.id.number),
        new_times(&link, &reply),
        reply.revision
    ))
}

fn new_times(link: &FleetLink, reply: &ActReply) -> String {
    let window = reply.window.clone().and_then(|window| Window::try_from(window).ok());
    window.map_or_else(|| "changed".to_owned(), |window| window.standing(link.hub_time(), &system_zone()))
}
