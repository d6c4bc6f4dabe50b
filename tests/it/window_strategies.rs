//! Strategies for maintenance windows and their events.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use watchfloor::fleet::windows::{self, Caught, Matcher, Occurrence, Over, Recurrence, Scope, Times, Window, Zone};
use watchfloor::fleet::words::filter::Filter;
use watchfloor::fleet::words::{AlertId, Timestamp, WindowId};

use crate::strategies::{client_id, number, text, time};

fn occurrence() -> BoxedStrategy<Occurrence> {
    (time(), time()).prop_map(|(from, until)| Occurrence { from, until }).boxed()
}

pub fn window() -> BoxedStrategy<Window> {
    let filters = select(&["*", "client:acme", "host:\"a b\",web* not:check:disk sev:warning+", "tag:db disk"][..]);
    let matcher =
        (select(&["alertname", "client"][..]), select(&["a|b", "x.*", "\"", ""][..]), any::<bool>(), any::<bool>());
    let matcher = matcher.prop_map(|(name, value, regex, equal)| Matcher::new(name, value, regex, equal).unwrap());
    let scope = prop_oneof![
        filters.prop_map(|filter| Scope::Filter(Filter::parse(filter).unwrap())),
        vec(matcher, 1..3).prop_map(Scope::Matchers),
    ];
    let words = [
        "every Tue,Thu 22:00 for 4h Europe/Berlin from 2026-12-01",
        "last day,1st of the month 02:30 for 90m America/New_York from 2026-01-01 until 2027-01-01",
        "every 3 days 00:00 for 1h UTC from 2026-01-01",
    ];
    let recurring = (0..words.len()).prop_map(move |which| {
        Times::Recurring(Box::new(Recurrence::parse(words[which], &Zone::utc(), Timestamp(0)).unwrap()))
    });
    let times = prop_oneof![occurrence().prop_map(Times::Once), recurring];
    let over = (time(), option::of(text()), option::of(text())).prop_map(|(at, by, note)| Over { at, by, note });
    let caught = (proptest::collection::btree_set(number().prop_map(AlertId), 0..4), number())
        .prop_map(|(alerts, count)| Caught { alerts, count });
    let ledger = proptest::collection::btree_map(client_id(), caught, 0..3);
    (
        (number(), text(), scope, option::of(client_id()), times, text(), time()),
        (option::of(occurrence()), option::of(occurrence()), time(), option::of(number()), option::of(over)),
        (any::<u32>(), ledger),
    )
        .prop_map(
            |(
                (id, name, scope, client, times, by, created_at),
                (active, next, planned_at, looked, over),
                (begun, ledger),
            )| {
                Window {
                    id: WindowId(id),
                    name,
                    scope,
                    client,
                    times,
                    by,
                    created_at,
                    active,
                    next,
                    planned_at,
                    looked_through: looked.map(AlertId),
                    over,
                    begun,
                    ledger,
                }
            },
        )
        .boxed()
}

pub fn window_event() -> BoxedStrategy<windows::Event> {
    use windows::Event;
    let id = || number().prop_map(WindowId);
    prop_oneof![
        4 => window().prop_map(|window| Event::Created(Box::new(window))),
        2 => (id(), occurrence()).prop_map(|(window, occurrence)| Event::Began { window, occurrence }),
        1 => (id(), option::of(number())).prop_map(|(window, through)| Event::Looked { window, through: through.map(AlertId) }),
        1 => (id(), option::of(occurrence())).prop_map(|(window, next)| Event::Ended { window, next }),
        1 => (id(), text(), option::of(text())).prop_map(|(window, by, note)| Event::Closed { window, by, note }),
        1 => (id(), occurrence(), text()).prop_map(|(window, occurrence, by)| Event::Changed { window, occurrence, by }),
        1 => (id(), option::of(occurrence())).prop_map(|(window, next)| Event::Planned { window, next }),
        1 => id().prop_map(|window| Event::Archived { window }),
    ]
    .boxed()
}
