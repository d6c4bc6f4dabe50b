//! What time alone brings about.

use std::time::Duration;

use crate::fleet::alerts::{Alert, Event as AlertEvent};
use crate::fleet::identity::Audience;
use crate::fleet::profile;
use crate::fleet::rules::alerting::for_client;
use crate::fleet::rules::decision::{Decision, by_rule};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::live::Live;
use crate::fleet::rules::{
    archiving, backups, commanding, contest, escalating, folding, intake, noticing, oncall, pings, presence, staleness,
    windows,
};
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{Instant, Now};

/// The most changes one entry holds; the rest comes with the next.
const MOST_AT_ONCE: usize = 1_000;

/// Pings judged in one entry: each brings an alert along with what its job printed.
const MOST_PINGS: usize = 200;

/// Deadlines are looked at this often at least: windows and snoozes follow the wall clock, which may be set, and signs
/// of life arrive meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Decides what is due now: one rule at a time, so that an entry has one cause. No events: nothing is due.
#[must_use]
pub fn due(fleet: &Fleet, ledger: &Ledger, live: &Live, now: Now) -> Decision {
    // First, so that what a window holds back is held before anything about it is due.
    let events = windows::judging::judge(fleet, now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("windows", events);
    }
    // Then, so that no notice is due of what is behind another alert.
    let events = folding::judge(fleet, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("folding", events);
    }
    let events = folding::flapping::judge(fleet, now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("flapping", events);
    }
    let events = alert_timers(fleet, now);
    if !events.is_empty() {
        return by_rule("timers", events);
    }
    let events = escalating::reminders(fleet, &mut ledger.counters.clone(), live, now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("reminders", events);
    }
    // Who is on duty is known before anybody is told.
    let events = oncall::placing::place(fleet, &live.configuration, now.wall);
    if !events.is_empty() {
        return by_rule("on call", events);
    }
    let mut events = escalating::limits(fleet, live, MOST_AT_ONCE);
    if events.is_empty() {
        events = escalating::adopt(fleet, live, now, MOST_AT_ONCE);
    }
    if events.is_empty() {
        events = escalating::tell(fleet, &mut ledger.counters.clone(), live, now);
    }
    if events.is_empty() {
        events = escalating::recoveries(fleet, &mut ledger.counters.clone(), live, now);
    }
    if !events.is_empty() {
        return by_rule("escalation", events);
    }
    let events = noticing::judge(fleet, now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("notices", events);
    }
    let events = intake::judge(fleet, live, now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("resolve timeout", events);
    }
    let events = commanding::judge(fleet, live, judges_from(live), now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("commands", events);
    }
    if now.mono < judges_from(live) {
        return by_rule("start", Vec::new());
    }
    if fleet.profile.waits_until.is_some() && now.mono >= judges_all_from(live) {
        return by_rule("start", vec![(Audience::EVERYONE, Event::Profile(profile::Event::JudgingBegan))]);
    }
    let events = presence::judge(fleet, &mut ledger.counters.clone(), live, now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("presence", events);
    }
    let events = staleness::judge(fleet, live, now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("staleness", events);
    }
    let (configuration, mut counters) = (&live.configuration, ledger.counters);
    let events = backups::placing::place(fleet, &mut counters, configuration, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("backups", events);
    }
    let events = pings::place(fleet, &live.configuration, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("pings", events);
    }
    let decision = pings::judge(fleet, ledger, live, now, MOST_PINGS);
    if !decision.events.is_empty() {
        return decision;
    }
    let events = backups::judging::judge(fleet, &mut ledger.counters.clone(), live, now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("backups", events);
    }
    let events = contest::judge(fleet, &mut ledger.counters.clone(), live, now, MOST_AT_ONCE);
    if !events.is_empty() {
        return by_rule("certificates", events);
    }
    let mut events = archiving::judge(fleet, now, MOST_AT_ONCE);
    if events.is_empty() {
        events = commanding::archive(fleet, now, MOST_AT_ONCE);
    }
    if events.is_empty() {
        events = windows::judging::archive(fleet, now, MOST_AT_ONCE);
    }
    by_rule("archive", events)
}

/// The next moment, by the monotonic clock, at which [`due`] may find something if nothing comes in until then; never
/// more than a few seconds ahead, so that what is counted in hours and days (ages of backups, what leaves the state) is
/// looked at then and needs no moment of its own.
#[must_use]
pub fn next_due(fleet: &Fleet, live: &Live, now: Now) -> Instant {
    let latest = now.mono + LONGEST_WAIT;
    let timers = fleet.alerts.next_due().into_iter().chain(windows::judging::next_judgement(fleet, now));
    let timers = timers.chain(folding::flapping::next_judgement(fleet, now));
    let timer = timers.min().map(|when| now.mono + when.since(now.wall));
    let duty = fleet.oncall.next_due().map(|when| now.mono + when.since(now.wall));
    let judged = if now.mono < judges_from(live) {
        Some(judges_from(live))
    } else {
        let waits = fleet.profile.waits_until.map(|_| judges_all_from(live));
        let presence = presence::next_judgement(fleet, live, now);
        let staleness = staleness::next_judgement(fleet, live, now);
        let certificates = contest::next_judgement(fleet, live);
        [waits, presence, staleness, certificates].into_iter().flatten().min()
    };
    let notice = fleet.notices.next_due().map(|when| now.mono + when.since(now.wall));
    let recovery = escalating::next_recovery(fleet, live, now).map(|when| now.mono + when.since(now.wall));
    // What a reading or a new configuration has brought about is due at once.
    let brought = !escalating::limits(fleet, live, 1).is_empty() || !escalating::adopt(fleet, live, now, 1).is_empty();
    let brought = brought.then_some(now.mono);
    timer
        .into_iter()
        .chain(notice)
        .chain(duty)
        .chain(recovery)
        .chain(brought)
        .chain(live.externals.next_due())
        .chain(judged)
        .chain([latest])
        .min()
        .unwrap_or(latest)
        .max(now.mono)
}

/// From when silence is judged. The monotonic clock counts, so that setting the wall clock can't end the wait.
fn judges_from(live: &Live) -> Instant {
    live.started.mono + presence::wait_after_start(&live.configuration)
}

/// From when the silence of hosts that have not dialled in since the start is judged, too.
fn judges_all_from(live: &Live) -> Instant {
    judges_from(live) + live.redial
}

fn alert_timers(fleet: &Fleet, now: Now) -> Vec<(Audience, Event)> {
    fleet
        .alerts
        .due(now.wall)
        .map(|alert| (alert, ended(alert, now)))
        // One that is due for its next notice is another rule's.
        .filter(|(_, events)| !events.is_empty())
        .take(MOST_AT_ONCE)
        .flat_map(|(alert, events)| for_client(&alert.client, events))
        .collect()
}

fn ended(alert: &Alert, now: Now) -> Vec<AlertEvent> {
    if !alert.is_open() {
        if !alert.reminders.is_empty() {
            return Vec::new();
        }
        return vec![AlertEvent::Archived { alert: alert.id }];
    }
    let mut events = Vec::new();
    if alert.snooze.as_ref().is_some_and(|snooze| snooze.until <= now.wall) {
        events.push(AlertEvent::SnoozeEnded { alert: alert.id });
    }
    if let Some(held) = &alert.acknowledgement
        && held.ends_at().is_some_and(|end| end <= now.wall)
    {
        events.push(AlertEvent::AcknowledgementEnded { alert: alert.id, why: "expired".to_owned() });
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::alerts::{Lane, Until};
    use crate::fleet::rules::fixture::{World, ack, filter, min, operator, s};
    use crate::fleet::rules::input::Verb;
    use crate::fleet::words::{AlertId, CheckState, SafeText};

    const FIRST: AlertId = AlertId(1);

    fn snoozed(world: &mut World, span: Duration) {
        let until = world.now.wall + span;
        world.on(FIRST, Verb::Snooze { until, note: SafeText::default() });
    }

    fn world() -> (World, crate::fleet::words::HostId) {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", CheckState::Critical);
        (world, web)
    }

    #[test]
    fn an_acknowledgement_until_a_time_ends_then() {
        let (mut world, web) = world();
        let end = world.now.wall + min(30);
        world.on(FIRST, ack(Until::Time(end)));
        world.pass_beating(min(30) - s(1), &[web]);
        assert_eq!(world.alert(FIRST).lane(), Lane::Owned);
        world.pass(s(1));
        assert_eq!(world.alert(FIRST).lane(), Lane::New);
        world.check();
    }

    #[test]
    fn a_snooze_ends_and_leaves_the_alert_as_it_was() {
        let (mut world, web) = world();
        snoozed(&mut world, min(30));
        world.pass_beating(min(30), &[web]);
        assert_eq!(world.alert(FIRST).lane(), Lane::New);
        world.on(FIRST, ack(Until::Worse));
        snoozed(&mut world, min(30));
        assert_eq!(world.alert(FIRST).lane(), Lane::Muted);
        world.pass_beating(min(30), &[web]);
        assert_eq!(world.alert(FIRST).lane(), Lane::Owned);
        world.check();
    }

    #[test]
    fn both_ends_of_one_moment_come_in_one_entry() {
        let (mut world, web) = world();
        let end = world.now.wall + min(1);
        world.on(FIRST, ack(Until::Time(end)));
        snoozed(&mut world, min(1));
        let before = world.entries.len();
        world.pass_beating(min(1), &[web]);
        assert_eq!(world.entries.len() - before, 1);
        assert_eq!(world.alert(FIRST).lane(), Lane::New);
    }

    #[test]
    fn what_ended_while_the_hub_was_away_ends_at_its_start() {
        let (mut world, _) = world();
        snoozed(&mut world, min(30));
        world.now = world.now.after(min(60));
        world.restart();
        world.settle();
        assert_eq!(world.alert(FIRST).lane(), Lane::New, "before silence is judged");
    }

    #[test]
    fn thousands_of_snoozes_that_end_at_once_come_in_bounded_entries() {
        let mut world = World::new();
        for host in 0..30 {
            let host = world.server(&format!("h{host}"));
            (0..100).for_each(|check| world.hard(host, &format!("c{check}"), CheckState::Warning));
        }
        let until = world.now.wall + s(5);
        let verb = Verb::Snooze { until, note: SafeText::default() };
        let answer = world.act(&operator(), filter("sev:warning", Some(3_000)), verb).unwrap();
        assert_eq!((answer.done.len(), world.fleet.alerts.count(Lane::Muted)), (3_000, 3_000));
        let before = world.entries.len();
        world.pass(s(5));
        assert_eq!((world.entries.len() - before, world.fleet.alerts.count(Lane::New)), (3, 3_000));
        world.check();
    }

    #[test]
    fn a_snooze_follows_the_wall_clock_when_it_is_set() {
        let (mut world, web) = world();
        snoozed(&mut world, min(12 * 60));
        world.set_clock(86_400_000);
        assert_eq!(world.alert(FIRST).lane(), Lane::New);
        snoozed(&mut world, min(30));
        world.set_clock(-86_400_000);
        world.pass_beating(min(60), &[web]);
        assert_eq!(world.alert(FIRST).lane(), Lane::Muted, "until the time that was said");
        world.check();
    }
}
