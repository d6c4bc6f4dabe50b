//! Windows that people open, end, and give another end.

use std::collections::BTreeMap;
use std::time::Duration;

use super::holding::let_go;
use super::judging::{audience_of, first_look};
use crate::fleet::alerts::Hold;
use crate::fleet::derived::muting::matched;
use crate::fleet::identity::{Audience, Role};
use crate::fleet::rules::decision::{Answer, Refusal};
use crate::fleet::rules::input::{Asker, TimesAsked, WindowRequest};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::windows::{
    Caught, Event as WindowEvent, MOST_LISTED, Occurrence, Over, Recurrence, Scope, State, Times, Window, Zone,
};
use crate::fleet::words::{ClientId, Now, SafeText, Timestamp, WindowId};

/// The longest that notices are held back at a stretch: what is to rest longer is not watched, and says so better.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// The most windows that are not over.
pub const MOST_WINDOWS: usize = 10_000;
/// The most alerts held back by the entry that opens a window; the rest follows at once.
const MOST_AT_ONCE: usize = 1_000;

type Outcome = (Vec<(Audience, Event)>, Answer);

/// Opens a window. The answer has the window as it is made, with what it speaks of now in its ledger.
///
/// # Errors
/// The request is wrong, or the window would hold back another number of alerts than expected.
pub fn open(
    fleet: &Fleet,
    ledger: &Ledger,
    asker: &Asker,
    request: &WindowRequest,
    now: Now,
) -> Result<Outcome, Refusal> {
    // Who is limited to a client can't reach beyond it, whatever they write.
    if asker.scope.is_none() || matches!(request.scope, Scope::Matchers(_)) {
        request.scope.check().map_err(|error| Refusal::Invalid(error.to_string()))?;
    } else if let Err(error) = request.scope.check()
        && error != crate::fleet::windows::ScopeError::Unlimited
    {
        return Err(Refusal::Invalid(error.to_string()));
    }
    let open = fleet.windows.all().filter(|window| window.state() != State::Over).count();
    if open >= MOST_WINDOWS {
        return Err(Refusal::Conflict(format!(
            "there are {open} windows, more than anyone can oversee; end some: `watchfloor window list` shows those that match nothing"
        )));
    }
    let times = times(&request.times, now)?;
    let next = times.ending_after(now.wall);
    let window = Window {
        id: ledger.counters.clone().next_window(),
        name: request.name.clone(),
        scope: request.scope.clone(),
        client: asker.scope.clone().or_else(|| client_of(fleet, &request.scope)),
        times,
        by: asker.name.clone(),
        created_at: now.wall,
        active: None,
        next,
        planned_at: now.wall,
        looked_through: None,
        over: None,
        begun: 0,
        ledger: BTreeMap::new(),
    };
    let mut answer = Answer::default();
    let mut preview = window.clone();
    for alert in matched(fleet, &window) {
        answer.done.push(alert.id.0);
        let caught: &mut Caught = preview.ledger.entry(alert.client.clone()).or_default();
        caught.count += 1;
        if caught.alerts.len() < MOST_LISTED {
            caught.alerts.insert(alert.id);
        }
    }
    if let Some(expected) = request.expected
        && answer.done.len() as u64 != expected
    {
        return Err(Refusal::Conflict(format!(
            "it would hold back {} alerts now, not the {expected} expected; look again and repeat with --expect {}",
            answer.done.len(),
            answer.done.len()
        )));
    }
    let mut told = vec![tell(&window, WindowEvent::Created(Box::new(window.clone())))];
    if let Some(occurrence) = next.filter(|next| next.contains(now.wall)) {
        told.push(tell(&window, WindowEvent::Began { window: window.id, occurrence }));
        told.extend(first_look(fleet, &window, MOST_AT_ONCE));
        (preview.active, preview.next) = (Some(occurrence), None);
    }
    answer.window = Some(Box::new(preview));
    Ok((told, answer))
}

/// Ends a window for good.
///
/// # Errors
/// There is none, it is over, or it is not the asker's to end.
pub fn close(fleet: &Fleet, asker: &Asker, id: WindowId, note: &SafeText, now: Now) -> Result<Outcome, Refusal> {
    let window = theirs(fleet, asker, id)?;
    let note = (!note.is_empty()).then(|| note.clone());
    let by = asker.name.clone();
    let mut told = vec![tell(window, WindowEvent::Closed { window: id, by: by.clone(), note: note.clone() })];
    let freed = let_go(fleet, id, MOST_AT_ONCE);
    let held = fleet.alerts.held_by(Hold::Maintenance(id)).map(|alert| alert.id.0).collect();
    let mut answer = Answer { done: held, ..Answer::default() };
    told.extend(freed);
    let over = Some(Over { at: now.wall, by: Some(by), note });
    answer.window = Some(Box::new(brief(window, |window| {
        (window.active, window.next, window.over) = (None, None, over);
    })));
    Ok((told, answer))
}

/// Gives another end to the occurrence under way, or to a window that is to come once.
///
/// # Errors
/// There is none, it is over or waits for its next time, or that end can't be.
pub fn change(
    fleet: &Fleet,
    asker: &Asker,
    id: WindowId,
    until: Option<Timestamp>,
    longer: Option<Duration>,
    now: Now,
) -> Result<Outcome, Refusal> {
    let window = theirs(fleet, asker, id)?;
    let recurs = matches!(window.times, Times::Recurring(_));
    let before = match (window.active, window.next) {
        (Some(active), _) => active,
        (None, Some(next)) if !recurs => next,
        _ => {
            return Err(Refusal::Conflict(format!(
                "window {id} waits for its next time, and only one under way can be made longer; end it with `watchfloor window end {id}` and add one with other times"
            )));
        }
    };
    let until = match (until, longer) {
        (Some(until), _) => until,
        (None, Some(longer)) => before.until + longer,
        (None, None) => return Err(Refusal::Invalid("give a new end: --for 1h longer, or --until a time".to_owned())),
    };
    if until <= now.wall || until <= before.from {
        return Err(Refusal::Invalid(format!(
            "that end has passed; end the window at once with `watchfloor window end {id}`"
        )));
    }
    if until.since(before.from) > LONGEST {
        return Err(too_long());
    }
    if let Times::Recurring(recurrence) = &window.times
        && let Some(next) = recurrence.beginning_from(Timestamp(before.from.0.saturating_add(1)))
        && until >= next.from
    {
        return Err(Refusal::Invalid(
            "it would last into its next time; give an earlier end, or add a window of its own for this".to_owned(),
        ));
    }
    let occurrence = Occurrence { until, ..before };
    let event = WindowEvent::Changed { window: id, occurrence, by: asker.name.clone() };
    let changed = brief(window, |window| match window.active {
        Some(_) => window.active = Some(occurrence),
        None => window.next = Some(occurrence),
    });
    let answer = Answer { window: Some(Box::new(changed)), ..Answer::default() };
    Ok((vec![tell(window, event)], answer))
}

/// A window without what it held back, which an answer need not repeat.
fn brief(window: &Window, change: impl FnOnce(&mut Window)) -> Window {
    let mut brief = Window { ledger: BTreeMap::new(), ..window.clone() };
    change(&mut brief);
    brief
}

fn theirs<'f>(fleet: &'f Fleet, asker: &Asker, id: WindowId) -> Result<&'f Window, Refusal> {
    let missing = || Refusal::NotFound(format!("there is no window {id}; `watchfloor window list` shows them"));
    let window = fleet.windows.get(id).ok_or_else(missing)?;
    if let Some(scope) = &asker.scope
        && window.client.as_ref() != Some(scope)
    {
        return Err(match window.client {
            Some(_) => missing(),
            None => Refusal::NotPermitted(format!(
                "window {id} is about more than {scope}, and {} is limited to that client; ask who sees the whole fleet",
                asker.name.as_str()
            )),
        });
    }
    if asker.role == Role::Intake && !matches!(window.scope, Scope::Matchers(_)) {
        return Err(Refusal::NotPermitted(format!(
            "window {id} is no silence: it was made in Watchfloor and is ended there, with `watchfloor window end {id}`"
        )));
    }
    if window.over.is_some() {
        return Err(Refusal::Conflict(format!(
            "window {id} is over already; add another with `watchfloor window add`"
        )));
    }
    Ok(window)
}

fn times(asked: &TimesAsked, now: Now) -> Result<Times, Refusal> {
    match asked {
        TimesAsked::Once { from, until, length } => {
            let from = from.unwrap_or(now.wall);
            let until = match (until, length) {
                (Some(until), _) => *until,
                (None, Some(length)) => from + *length,
                (None, None) => {
                    return Err(Refusal::Invalid(
                        "it says not how long; give --for 2h, --until a time or --every".to_owned(),
                    ));
                }
            };
            if until <= now.wall {
                return Err(Refusal::Invalid("its end has passed; give a later one".to_owned()));
            }
            if until <= from {
                return Err(Refusal::Invalid("it would end before it begins; give a later end".to_owned()));
            }
            if until.since(from) > LONGEST || from.since(now.wall) > LONGEST {
                return Err(too_long());
            }
            Ok(Times::Once(Occurrence { from, until }))
        }
        TimesAsked::Recurring { words, zone } => {
            let zone = if zone.is_empty() {
                Zone::utc()
            } else {
                Zone::named(zone).ok_or_else(|| {
                    Refusal::Invalid(format!("there is no time zone {zone:?}; write one such as Europe/Berlin"))
                })?
            };
            let read =
                Recurrence::parse(words, &zone, now.wall).map_err(|error| Refusal::Invalid(error.to_string()))?;
            if read.ending_after(now.wall).is_none() {
                return Err(Refusal::Invalid("its last time has passed; give a later end".to_owned()));
            }
            Ok(Times::Recurring(Box::new(read)))
        }
    }
}

fn too_long() -> Refusal {
    Refusal::Invalid(
        "more than a year is no maintenance; retire the host, switch the check off, or give an earlier end".to_owned(),
    )
}

/// The one client a scope names, by its id or its name.
fn client_of(fleet: &Fleet, scope: &Scope) -> Option<ClientId> {
    let named = scope.client()?.to_lowercase();
    let is = |text: &str| text.to_lowercase() == named;
    let mut known = fleet.hosts.clients.values().filter(|client| is(client.id.as_str()) || is(client.name.as_str()));
    let one = known.next()?;
    known.next().is_none().then(|| one.id.clone())
}

fn tell(window: &Window, event: WindowEvent) -> (Audience, Event) {
    (audience_of(window), Event::Windows(event))
}
