//! Entries of the journal, for scripts and for people.

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use crate::cli::event_json::event_json;
use crate::cli::event_words::{event_words, short_clock};
use crate::cli::id::id;
use crate::cli::json::rfc3339;
use crate::cli::query::Answer;
use crate::cli::table::{Cell, Column};
use crate::fleet::state::{Cause, Entry, Event};

/// The columns of [`entry_rows`], after that of the fleet where several stand together.
pub const COLUMNS: [Column; 4] =
    [Column::right("REVISION"), Column::new("AT"), Column::shrinking("WHO"), Column::wrapping("WHAT")];

/// An entry as `--json` prints it.
#[derive(Debug, PartialEq, Serialize)]
pub struct EntryJson {
    fleet: String,
    revision: u64,
    at: String,
    actor: String,
    actor_kind: &'static str,
    actor_id: Option<String>,
    events: Vec<Value>,
}

/// An entry of a fleet.
#[must_use]
pub fn entry_json(fleet: &str, answer: &Answer, entry: &Entry) -> EntryJson {
    let (actor_kind, actor_id) = match entry.actor.cause {
        Cause::Identity(identity) => ("identity", Some(id(fleet, identity))),
        Cause::Local => ("local", None),
        Cause::Rule => ("rule", None),
        Cause::Host(host) => ("host", Some(id(fleet, host))),
        Cause::Receiver(notice) => ("receiver", Some(id(fleet, notice))),
    };
    EntryJson {
        fleet: fleet.to_owned(),
        revision: entry.revision.0,
        at: rfc3339(entry.at),
        actor: entry.actor.name.as_str().to_owned(),
        actor_kind,
        actor_id,
        events: entry.events.iter().map(|(_, event)| event_json(fleet, answer, event)).collect(),
    }
}

/// A row for each event of an entry; revision, time and actor stand in the first.
#[must_use]
pub fn entry_rows(answer: &Answer, entry: &Entry, zone: &TimeZone) -> Vec<Vec<Cell>> {
    let row = |place: usize, event: &Event| {
        let what = Cell::plain(event_words(answer, event, zone));
        if place > 0 {
            return vec![Cell::default(), Cell::default(), Cell::default(), what];
        }
        let at = Cell::quiet(short_clock(entry.at, answer.hub_time, zone));
        vec![Cell::quiet(entry.revision.to_string()), at, Cell::plain(&entry.actor.name), what]
    };
    entry.events.iter().enumerate().map(|(place, (_, event))| row(place, event)).collect()
}
