//! A console's counts are kept entry by entry; they must always equal a full recount.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use watchfloor::console::replica::{Body, Counts, Frame, Glance, Replica, Snapshot, Update};
use watchfloor::fleet::derived::first_look;
use watchfloor::fleet::identity::{Audience, Role};
use watchfloor::fleet::state::{Actor, Entry, Event, Fleet};
use watchfloor::fleet::words::{Epoch, HostId, Revision, Timestamp};
use watchfloor::wire::{decode_sums, encode_sums};

use crate::histories::{history, replay};
use crate::strategies;

/// Entries of any events, whether what they name is there or not.
fn any_entries() -> impl Strategy<Value = Vec<Entry>> {
    let entry = (strategies::time(), vec(strategies::event(), 1..6));
    vec(entry, 1..60).prop_map(|drafts| {
        let entry = |(index, (at, events)): (usize, (Timestamp, Vec<Event>))| Entry {
            revision: Revision(index as u64 + 1),
            at,
            actor: Actor::rule("test"),
            events: events.into_iter().map(|event| (Audience::EVERYONE, event)).collect(),
        };
        drafts.into_iter().enumerate().map(entry).collect()
    })
}

fn glances() -> impl Strategy<Value = Vec<(HostId, Glance)>> {
    let glance = (strategies::number(), proptest::option::of(strategies::time()), any::<bool>());
    let decoded =
        glance.prop_map(|(host, last_seen, linked)| (HostId(host), Glance { last_seen, linked, ..Glance::default() }));
    vec(decoded, 0..8)
}

/// The sums that a hub tells before the rows are those of the rows.
fn told_first(replica: &Replica) -> Result<(), TestCaseError> {
    let seen = |host| replica.glance(host).and_then(|glance| glance.last_seen);
    let sums = decode_sums(encode_sums(&first_look::sums(replica.fleet(), seen))).unwrap();
    let first = Counts::of_sums(&Fleet::default(), sums);
    prop_assert_eq!(first.total(), replica.counts().total());
    prop_assert_eq!(first.clients().len(), replica.counts().clients().len());
    for ((client, told), (of, kept)) in first.clients().zip(replica.counts().clients()) {
        prop_assert_eq!((client, &told.tally, told.oldest_seen()), (of, &kept.tally, kept.oldest_seen()));
        prop_assert_eq!((told.longest_unseen(), told.never_seen()), (kept.longest_unseen(), kept.never_seen()));
    }
    Ok(())
}

fn frame(now: Instant, body: Body) -> Update {
    Update::Frame(Frame { received: now, hub_time: Timestamp(1), body })
}

/// Applies the entries one frame each, with glances between, and checks the counts after each.
fn follow(entries: Vec<Entry>, glances: Vec<Vec<(HostId, Glance)>>) -> Result<Replica, TestCaseError> {
    let now = Instant::now();
    let mut replica = Replica::new("test", now);
    let mut known = BTreeMap::new();
    let mut glances = glances.into_iter().cycle();
    for entry in entries {
        let looks = glances.next().unwrap_or_default();
        known.extend(looks.iter().cloned());
        replica.apply(frame(now, Body::Glances(looks)));
        let touched: Vec<_> = entry.events.iter().filter_map(|(_, event)| event.entity()).collect();
        let through = entry.revision;
        let changed = replica.apply(frame(now, Body::Entries { through, entries: vec![entry] }));
        for key in touched {
            prop_assert!(changed.entities.contains(&key), "{key:?} is told");
        }
        prop_assert_eq!(replica.counts(), &Counts::of(replica.fleet(), &known));
        adds_up(&replica)?;
        told_first(&replica)?;
    }
    Ok(replica)
}

/// The sums over clients and states are the whole.
fn adds_up(replica: &Replica) -> Result<(), TestCaseError> {
    let (counts, fleet) = (replica.counts(), replica.fleet());
    let total = counts.total();
    prop_assert_eq!(total.hosts() as usize, fleet.hosts.present().count());
    prop_assert_eq!(total.alerts() as usize, fleet.alerts.open().count());
    let of_clients = |sum: fn(&watchfloor::console::replica::Tally) -> u32| {
        counts.clients().map(|(_, client)| sum(&client.tally)).sum::<u32>()
    };
    prop_assert_eq!(of_clients(|tally| tally.hosts()), total.hosts());
    prop_assert_eq!(of_clients(|tally| tally.alerts()), total.alerts());
    prop_assert_eq!(of_clients(|tally| tally.checks()), total.checks());
    for host in fleet.hosts.hosts.keys() {
        let listed: Vec<_> = replica.alerts_of_host(*host).map(|alert| alert.id).collect();
        let open: Vec<_> =
            fleet.alerts.open().filter(|alert| alert.host == Some(*host)).map(|alert| alert.id).collect();
        prop_assert_eq!(listed, open);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn counts_equal_a_recount_after_any_events(entries in any_entries(), glances in vec(glances(), 1..5)) {
        follow(entries, glances)?;
    }

    #[test]
    fn counts_equal_a_recount_after_a_hubs_history(entries in history(), glances in vec(glances(), 1..5)) {
        let whole = replay(&entries);
        let replica = follow(entries, glances)?;
        prop_assert_eq!(replica.fleet(), &whole);
    }

    #[test]
    fn a_snapshot_swapped_in_goes_on_like_the_rest(entries in history(), cut in any::<prop::sample::Index>()) {
        let now = Instant::now();
        let (before, after) = entries.split_at(cut.index(entries.len() + 1));
        let snapshot = Snapshot::new(Epoch(3), Role::Admin, None, replay(before), false);
        let mut replica = Replica::new("test", now);
        let changed = replica.apply(frame(now, Body::Snapshot(Box::new(snapshot))));
        prop_assert!(changed.everything && changed.retired.is_some());
        let through = replay(&entries).revision;
        replica.apply(frame(now, Body::Entries { through, entries: after.to_vec() }));
        prop_assert_eq!(replica.fleet(), &replay(&entries));
        prop_assert_eq!(replica.counts(), &Counts::of(replica.fleet(), &BTreeMap::new()));
        prop_assert_eq!(replica.position().epoch, Epoch(3));
    }
}

#[test]
fn hub_time_and_data_age_run_on_between_frames() {
    let now = Instant::now();
    let mut replica = Replica::new("test", now);
    assert_eq!((replica.data_age(now), replica.is_stale(), replica.is_loaded()), (None, true, false));
    let update = Update::Frame(Frame { received: now, hub_time: Timestamp(90_000), body: Body::Alive });
    assert!(replica.apply(update).is_nothing(), "a proof of life redraws nothing");
    let later = now + Duration::from_secs(4);
    assert_eq!(replica.hub_now(later), Timestamp(94_000));
    assert_eq!(replica.data_age(later), Some(Duration::from_secs(4)));
}

#[test]
fn an_event_of_a_newer_hub_makes_the_view_partial_and_advances_it() {
    let now = Instant::now();
    let mut replica = Replica::new("test", now);
    let entry = Entry {
        revision: Revision(5),
        at: Timestamp(1),
        actor: Actor::rule("future"),
        events: vec![(Audience::EVERYONE, Event::Unknown)],
    };
    replica.apply(frame(now, Body::Entries { through: Revision(9), entries: vec![entry] }));
    assert!(replica.is_partial());
    assert_eq!(replica.position().revision, Revision(9), "revisions without visible events are covered");
    let snapshot = Snapshot::new(Epoch(1), Role::Viewer, None, Fleet::default(), false);
    replica.apply(frame(now, Body::Snapshot(Box::new(snapshot))));
    assert!(!replica.is_partial(), "a snapshot without anything unknown is whole");
}
