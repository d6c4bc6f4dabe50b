//! Maintenance windows and silences, and their events.

use crate::fleet::windows::{
    Caught, Event, MOST_LISTED, MOST_MATCHERS, Matcher, Occurrence, Over, Recurrence, Scope, Times, Window, Zone,
};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, ClientId, Timestamp, WindowId};
use crate::wire::checked::at_most;
use crate::wire::error::{WireError, need};
use crate::wire::pb::event::Body;
use crate::wire::{pb, text};

impl From<Occurrence> for pb::Occurrence {
    fn from(one: Occurrence) -> Self {
        Self { from: one.from.0, until: one.until.0 }
    }
}

impl From<pb::Occurrence> for Occurrence {
    fn from(one: pb::Occurrence) -> Self {
        Self { from: Timestamp(one.from), until: Timestamp(one.until) }
    }
}

impl From<&Matcher> for pb::LabelMatcher {
    fn from(matcher: &Matcher) -> Self {
        Self {
            name: matcher.name().to_owned(),
            value: matcher.value().to_owned(),
            is_regex: matcher.is_regex(),
            is_equal: matcher.is_equal(),
        }
    }
}

/// Which alerts, as it is sent: a filter, or matchers.
#[must_use]
pub fn encode_scope(scope: &Scope) -> (String, Vec<pb::LabelMatcher>) {
    match scope {
        Scope::Filter(filter) => (filter.to_string(), Vec::new()),
        Scope::Matchers(matchers) => (String::new(), matchers.iter().map(Into::into).collect()),
    }
}

/// Reads which alerts are meant.
///
/// # Errors
/// The filter or a matcher can't be read.
pub fn decode_scope(filter: &str, matchers: Vec<pb::LabelMatcher>) -> Result<Scope, WireError> {
    if matchers.is_empty() {
        let filter = Filter::parse(filter).map_err(|error| refused("filter", error.to_string(), "a filter"))?;
        return Ok(Scope::Filter(filter));
    }
    at_most("a list of matchers", matchers.len(), MOST_MATCHERS, "matchers")?;
    let read = |matcher: pb::LabelMatcher| {
        Matcher::new(&matcher.name, &matcher.value, matcher.is_regex, matcher.is_equal)
            .map_err(|error| refused("matchers", error.to_string(), "a label and a value"))
    };
    matchers.into_iter().map(read).collect::<Result<_, _>>().map(Scope::Matchers)
}

fn refused(field: &'static str, value: String, allowed: &'static str) -> WireError {
    WireError::Invalid { message: "Window", field, value, allowed }
}

/// What this program can't read in what a hub kept was written by a newer one.
fn newer(error: WireError) -> WireError {
    match error {
        WireError::Invalid { message, field, value, allowed: _ } => WireError::Unknown { message, field, value },
        other => other,
    }
}

impl From<&Window> for pb::Window {
    fn from(window: &Window) -> Self {
        let (filter, matchers) = encode_scope(&window.scope);
        let (once, recurring) = match &window.times {
            Times::Once(once) => (Some((*once).into()), String::new()),
            Times::Recurring(recurrence) => (None, recurrence.to_string()),
        };
        let caught = |(client, caught): (&ClientId, &Caught)| pb::WindowCaught {
            client: client.as_str().into(),
            alerts: caught.alerts.iter().map(|alert| alert.0).collect(),
            count: caught.count,
        };
        Self {
            id: window.id.0,
            name: window.name.as_str().into(),
            filter,
            matchers,
            client: window.client.as_ref().map(|client| client.as_str().into()),
            once,
            recurring,
            by: window.by.as_str().into(),
            created_at: window.created_at.0,
            active: window.active.map(Into::into),
            next: window.next.map(Into::into),
            planned_at: window.planned_at.0,
            looked_through: window.looked_through.map(|alert| alert.0),
            over: window.over.as_ref().map(|over| pb::WindowOver {
                at: over.at.0,
                by: over.by.as_ref().map(|by| by.as_str().into()),
                note: over.note.as_ref().map(|note| note.as_str().into()),
            }),
            begun: window.begun,
            ledger: window.ledger.iter().map(caught).collect(),
        }
    }
}

impl TryFrom<pb::Window> for Window {
    type Error = WireError;

    fn try_from(window: pb::Window) -> Result<Self, WireError> {
        let times = match window.once {
            Some(once) => Times::Once(once.into()),
            None => {
                // What is written names its zone and its first day, so the time it is read at means nothing.
                let read = Recurrence::parse(&window.recurring, &Zone::utc(), Timestamp(0));
                let unknown =
                    |error: crate::fleet::windows::TimesError| refused("recurring", error.to_string(), "times");
                Times::Recurring(Box::new(read.map_err(unknown).map_err(newer)?))
            }
        };
        let caught = |caught: pb::WindowCaught| {
            let alerts = caught.alerts.into_iter().take(MOST_LISTED).map(AlertId).collect();
            (ClientId::new(text::id(&caught.client)), Caught { alerts, count: caught.count })
        };
        Ok(Self {
            id: WindowId(window.id),
            name: text::word(&window.name),
            scope: decode_scope(&window.filter, window.matchers).map_err(newer)?,
            client: window.client.map(|client| ClientId::new(text::id(&client))),
            times,
            by: text::line(&window.by),
            created_at: Timestamp(window.created_at),
            active: window.active.map(Into::into),
            next: window.next.map(Into::into),
            planned_at: Timestamp(window.planned_at),
            looked_through: window.looked_through.map(AlertId),
            over: window.over.map(|over| Over {
                at: Timestamp(over.at),
                by: over.by.map(|by| text::line(&by)),
                note: text::optional_note(over.note),
            }),
            begun: window.begun,
            ledger: window.ledger.into_iter().map(caught).collect(),
        })
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        let id = event.window().0;
        match event {
            Event::Created(window) => Self::WindowCreated(window.as_ref().into()),
            Event::Began { window: _, occurrence } => {
                Self::WindowBegan(pb::WindowBegan { id, occurrence: Some((*occurrence).into()) })
            }
            Event::Looked { window: _, through } => {
                Self::WindowLooked(pb::WindowLooked { id, through: through.map(|alert| alert.0) })
            }
            Event::Ended { window: _, next } => Self::WindowEnded(pb::WindowEnded { id, next: next.map(Into::into) }),
            Event::Closed { window: _, by, note } => Self::WindowClosed(pb::WindowClosed {
                id,
                by: by.as_str().into(),
                note: note.as_ref().map(|note| note.as_str().into()),
            }),
            Event::Changed { window: _, occurrence, by } => Self::WindowChanged(pb::WindowChanged {
                id,
                occurrence: Some((*occurrence).into()),
                by: by.as_str().into(),
            }),
            Event::Planned { window: _, next } => {
                Self::WindowPlanned(pb::WindowPlanned { id, next: next.map(Into::into) })
            }
            Event::Archived { window: _ } => Self::WindowArchived(pb::WindowArchived { id }),
        }
    }
}

impl TryFrom<pb::Window> for Event {
    type Error = WireError;

    fn try_from(window: pb::Window) -> Result<Self, WireError> {
        Ok(Self::Created(Box::new(window.try_into()?)))
    }
}

impl TryFrom<pb::WindowBegan> for Event {
    type Error = WireError;

    fn try_from(event: pb::WindowBegan) -> Result<Self, WireError> {
        let occurrence = need(event.occurrence, "WindowBegan", "occurrence")?.into();
        Ok(Self::Began { window: WindowId(event.id), occurrence })
    }
}

impl From<pb::WindowLooked> for Event {
    fn from(event: pb::WindowLooked) -> Self {
        Self::Looked { window: WindowId(event.id), through: event.through.map(AlertId) }
    }
}

impl From<pb::WindowEnded> for Event {
    fn from(event: pb::WindowEnded) -> Self {
        Self::Ended { window: WindowId(event.id), next: event.next.map(Into::into) }
    }
}

impl From<pb::WindowClosed> for Event {
    fn from(event: pb::WindowClosed) -> Self {
        Self::Closed { window: WindowId(event.id), by: text::line(&event.by), note: text::optional_note(event.note) }
    }
}

impl TryFrom<pb::WindowChanged> for Event {
    type Error = WireError;

    fn try_from(event: pb::WindowChanged) -> Result<Self, WireError> {
        let occurrence = need(event.occurrence, "WindowChanged", "occurrence")?.into();
        Ok(Self::Changed { window: WindowId(event.id), occurrence, by: text::line(&event.by) })
    }
}

impl From<pb::WindowPlanned> for Event {
    fn from(event: pb::WindowPlanned) -> Self {
        Self::Planned { window: WindowId(event.id), next: event.next.map(Into::into) }
    }
}

impl From<pb::WindowArchived> for Event {
    fn from(event: pb::WindowArchived) -> Self {
        Self::Archived { window: WindowId(event.id) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::state::Event as AnyEvent;
    use crate::fleet::words::SafeText;
    use crate::wire::limits::{EVENT_MAX, WORD_MAX};
    use prost::Message as _;

    fn window(scope: Scope) -> Window {
        let once = Occurrence { from: Timestamp(i64::MAX - 1), until: Timestamp(i64::MAX) };
        Window {
            id: WindowId(u64::MAX),
            name: SafeText::line_within(&"n".repeat(9_000), WORD_MAX),
            scope,
            client: Some(ClientId::new("c".repeat(64))),
            times: Times::Once(once),
            by: SafeText::new(&"b".repeat(253)),
            created_at: Timestamp(i64::MAX),
            active: Some(once),
            next: Some(once),
            planned_at: Timestamp(i64::MAX),
            looked_through: None,
            over: None,
            begun: 0,
            ledger: std::collections::BTreeMap::new(),
        }
    }

    #[test]
    fn the_largest_silence_fits_an_event() {
        let most = (0..MOST_MATCHERS).map(|_| Matcher::new("name", &"v".repeat(89), false, true).unwrap()).collect();
        let scope = Scope::Matchers(most);
        assert_eq!(scope.check(), Ok(()));
        let filter = Scope::Filter(Filter::parse(&format!("host:{}", "h".repeat(1_000))).unwrap());
        for scope in [scope, filter] {
            let event = AnyEvent::Windows(Event::Created(Box::new(window(scope))));
            let size = crate::wire::encode_event(&event).encoded_len();
            assert!(size < EVENT_MAX - 1000, "{size}");
        }
    }

    #[test]
    fn what_a_newer_hub_understands_is_left_out_and_not_misread() {
        let scope = Scope::Filter(Filter::parse("host:web").unwrap());
        let sent = pb::Window::from(&window(scope));
        for sent in [
            pb::Window { once: None, recurring: "every blue moon".to_owned(), ..sent.clone() },
            pb::Window { filter: "colour:red".to_owned(), ..sent.clone() },
        ] {
            assert!(Window::try_from(sent.clone()).unwrap_err().is_newer(), "{sent:?}");
        }
    }
}
