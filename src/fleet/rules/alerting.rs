//! What a problem, its change and its end do to the alert about it.

use std::time::Duration;

use crate::fleet::alerts::{Alert, Event, Subject, Until};
use crate::fleet::identity::Audience;
use crate::fleet::rules::ledger::Counters;
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{CheckState, ClientId, HostId, Now, SafeText, SiteId};

/// What fails again within this time after its resolution reopens the same alert, with its acknowledgement.
pub const REOPENS_WITHIN: Duration = Duration::from_secs(10 * 60);

/// A problem that is certain (hard).
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Whose.
    pub client: &'a ClientId,
    /// Where.
    pub site: Option<&'a SiteId>,
    /// On which host.
    pub host: Option<HostId>,
    /// About what.
    pub subject: &'a Subject,
    /// Unknown, warning or critical.
    pub level: CheckState,
    /// In words.
    pub summary: &'a SafeText,
}

/// The events by which a problem opens, reopens or changes its alert.
pub fn report(fleet: &Fleet, counters: &mut Counters, problem: Problem<'_>, now: Now) -> Vec<Event> {
    let Problem { client, subject, level, summary, .. } = problem;
    let Some(alert) = fleet.alerts.about(client, subject) else {
        return vec![open(counters, problem)];
    };
    let Some(resolved_at) = alert.resolved_at else {
        return change(alert, level, summary);
    };
    // A clock that was set back must not make an old alert look fresh, nor a fresh one old: within the window either way.
    let apart = now.wall.since(resolved_at).max(resolved_at.since(now.wall));
    if alert.closed_by_hand || apart > REOPENS_WITHIN {
        return vec![open(counters, problem)];
    }
    let mut events = vec![Event::Reopened { alert: alert.id, level, summary: summary.clone() }];
    events.extend(outgrown(alert, level));
    events
}

/// The events by which the end of a problem ends its alert: always, whatever holds the alert back.
#[must_use]
pub fn recover(fleet: &Fleet, client: &ClientId, subject: &Subject) -> Vec<Event> {
    match fleet.alerts.about(client, subject) {
        Some(alert) if alert.is_open() => resolve(alert, false, None),
        _ => Vec::new(),
    }
}

/// The events that end an open alert. A snooze ends with it; the acknowledgement stays for a reopening.
#[must_use]
pub fn resolve(alert: &Alert, by_hand: bool, note: Option<SafeText>) -> Vec<Event> {
    let mut events = vec![Event::Resolved { alert: alert.id, by_hand, note }];
    if alert.snooze.is_some() {
        events.push(Event::SnoozeEnded { alert: alert.id });
    }
    events
}

/// Puts alert events under the audience of their client.
pub fn for_client(client: &ClientId, events: Vec<Event>) -> impl Iterator<Item = (Audience, state::Event)> {
    events.into_iter().map(move |event| (Audience::of_client(client.clone()), state::Event::Alerts(event)))
}

fn open(counters: &mut Counters, problem: Problem<'_>) -> Event {
    Event::Opened {
        alert: counters.next_alert(),
        client: problem.client.clone(),
        site: problem.site.cloned(),
        host: problem.host,
        subject: problem.subject.clone(),
        level: problem.level,
        summary: problem.summary.clone(),
    }
}

fn change(alert: &Alert, level: CheckState, summary: &SafeText) -> Vec<Event> {
    if level == alert.level && *summary == alert.summary {
        return Vec::new();
    }
    let worse = level.gravity() > alert.level.gravity();
    let mut events = vec![Event::LevelChanged { alert: alert.id, level, summary: summary.clone(), worse }];
    events.extend(outgrown(alert, level));
    events
}

/// What was to hold only while the problem is no worse than when it was taken, and is outgrown at this level. A problem
/// that flaps below that level ends nothing.
fn outgrown(alert: &Alert, level: CheckState) -> impl Iterator<Item = Event> {
    let held = alert.acknowledgement.as_ref().filter(|held| held.until == Until::Worse);
    let acknowledgement = held
        .filter(|held| level.gravity() > held.level.gravity())
        .map(|_| Event::AcknowledgementEnded { alert: alert.id, why: "worse".to_owned() });
    let snooze = alert
        .snooze
        .as_ref()
        .filter(|snooze| level.gravity() > snooze.level.gravity())
        .map(|_| Event::SnoozeEnded { alert: alert.id });
    acknowledgement.into_iter().chain(snooze)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::alerts::Lane;
    use crate::fleet::rules::fixture::{MONDAY_TEN, NONE, World, ack, min, s};
    use crate::fleet::rules::input::Verb;
    use crate::fleet::words::{AlertId, Severity};
    use CheckState::{Critical, Ok, Pending, Unknown, Warning};

    const FIRST: AlertId = AlertId(1);

    fn snooze(world: &World, span: Duration) -> Verb {
        Verb::Snooze { until: world.now.wall + span, note: SafeText::default() }
    }

    #[test]
    fn only_what_is_certain_opens_and_only_ok_resolves() {
        let mut world = World::new();
        let web = world.server("web");
        for state in [Warning, Critical, Unknown] {
            world.tell(web, "disk", state, false).unwrap();
        }
        assert_eq!(world.open(), NONE);
        world.hard(web, "disk", Critical);
        assert_eq!(world.open(), [1]);
        world.tell(web, "disk", Critical, false).unwrap();
        world.hard(web, "disk", Pending);
        assert_eq!(world.open(), [1], "neither a doubt nor a check that was not made is a recovery");
        world.hard(web, "disk", Ok);
        assert_eq!(world.open(), NONE);
        world.check();
    }

    #[test]
    fn an_unknown_check_is_a_warning_and_never_ok() {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", Unknown);
        let alert = world.alert(FIRST);
        assert_eq!((alert.level, alert.severity(), alert.lane()), (Unknown, Severity::Warning, Lane::New));
    }

    #[test]
    fn what_fails_again_within_ten_minutes_is_the_same_alert_with_its_acknowledgement() {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", Critical);
        world.on(FIRST, ack(Until::Worse));
        world.hard(web, "disk", Ok);
        world.pass_beating(REOPENS_WITHIN, &[web]);
        world.hard(web, "disk", Critical);
        assert_eq!(world.open(), [1]);
        let alert = world.alert(FIRST);
        assert_eq!((alert.count, alert.lane()), (2, Lane::Owned));

        world.hard(web, "disk", Ok);
        world.pass_beating(REOPENS_WITHIN + s(1), &[web]);
        world.hard(web, "disk", Critical);
        assert_eq!(world.open(), [2]);
        assert_eq!(world.alert(AlertId(2)).lane(), Lane::New);
        assert_eq!(world.about(web, "disk").unwrap().id, AlertId(2));
        world.check();
    }

    #[test]
    fn what_fails_again_worse_is_the_same_alert_without_an_acknowledgement_until_worse() {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", Warning);
        world.on(FIRST, ack(Until::Worse));
        world.hard(web, "disk", Ok);
        world.hard(web, "disk", Critical);
        assert_eq!((world.open(), world.alert(FIRST).lane()), (vec![1], Lane::New));
    }

    #[test]
    fn one_alert_per_subject_whatever_it_flaps_between() {
        let mut world = World::new();
        let (web, db) = (world.server("web"), world.server("db"));
        for state in [Warning, Critical, Unknown, Critical, Warning] {
            world.hard(web, "disk", state);
            world.hard(web, "load", state);
            world.hard(db, "disk", state);
            assert_eq!(world.open(), [1, 2, 3]);
        }
        world.check();
    }

    #[test]
    fn new_words_at_the_same_level_change_the_alert_and_nothing_else() {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", Critical);
        let (since, worsened) = (world.alert(FIRST).level_since, world.alert(FIRST).worsened);
        world.pass_beating(min(1), &[web]);
        world.tell_words(web, "disk", Critical, true, "disk is full").unwrap();
        let alert = world.alert(FIRST);
        assert_eq!(alert.summary.as_str(), "disk is full");
        assert_eq!((alert.level_since, alert.worsened), (since, worsened));
    }

    #[test]
    fn until_worse_ends_when_it_gets_worse_than_it_was_taken_at_and_never_by_getting_better() {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", Warning);
        world.on(FIRST, ack(Until::Worse));
        world.hard(web, "disk", Unknown);
        world.hard(web, "disk", Warning);
        assert_eq!(world.alert(FIRST).lane(), Lane::Owned, "flapping below what was taken ends nothing");
        world.hard(web, "disk", Critical);
        assert_eq!(world.alert(FIRST).lane(), Lane::New);

        world.on(FIRST, ack(Until::Worse));
        for state in [Warning, Critical, Unknown, Critical] {
            world.hard(web, "disk", state);
            assert!(world.alert(FIRST).acknowledgement.is_some(), "also when it flaps by now");
        }
    }

    #[test]
    fn until_resolved_and_until_a_time_hold_when_it_gets_worse() {
        for until in [Until::Resolved, Until::Time(MONDAY_TEN + min(60))] {
            let mut world = World::new();
            let web = world.server("web");
            world.hard(web, "disk", Warning);
            world.on(FIRST, ack(until));
            world.hard(web, "disk", Critical);
            assert_eq!(world.alert(FIRST).lane(), Lane::Owned);
        }
    }

    #[test]
    fn a_snooze_ends_when_it_gets_worse_and_is_gone_when_it_comes_back() {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", Warning);
        world.on(FIRST, snooze(&world, min(60)));
        world.hard(web, "disk", Unknown);
        assert_eq!(world.alert(FIRST).lane(), Lane::Muted);
        world.hard(web, "disk", Critical);
        assert_eq!(world.alert(FIRST).lane(), Lane::New);

        world.on(FIRST, snooze(&world, min(60)));
        world.hard(web, "disk", Ok);
        assert!(!world.alert(FIRST).is_open(), "resolution always flows");
        world.hard(web, "disk", Critical);
        assert_eq!(world.alert(FIRST).lane(), Lane::New, "who asked for quiet did not ask for it twice");
        world.check();
    }

    #[test]
    fn what_a_person_closed_opens_anew() {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", Critical);
        world.on(FIRST, Verb::Close { note: SafeText::new("false alarm") });
        assert_eq!(world.open(), NONE);
        world.hard(web, "disk", Critical);
        assert_eq!(world.open(), [2]);
    }

    #[test]
    fn a_clock_that_was_set_makes_no_old_alert_look_fresh() {
        for day in [86_400_000, -86_400_000] {
            let mut world = World::new();
            let web = world.server("web");
            world.hard(web, "disk", Critical);
            world.hard(web, "disk", Ok);
            world.set_clock(day);
            world.beat(web);
            world.hard(web, "disk", Critical);
            assert_eq!(world.open(), [2]);
            world.check();
        }
    }

    #[test]
    fn what_is_resolved_leaves_the_state_after_a_day() {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", Critical);
        world.hard(web, "disk", Ok);
        world.pass_beating(crate::fleet::alerts::KEPT_AFTER_RESOLUTION, &[web]);
        assert!(world.fleet.alerts.alerts.is_empty());
        world.hard(web, "disk", Critical);
        assert_eq!(world.open(), [2], "numbers are never used again");
    }
}
