//! What a host's facts change: its checks, and the alerts about them.

use std::borrow::Cow;
use std::time::Duration;

use crate::fleet::alerts::Subject;
use crate::fleet::checks;
use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::hosts::{self, Host};
use crate::fleet::identity::Audience;
use crate::fleet::rules::alerting::{self, Problem};
use crate::fleet::rules::backups;
use crate::fleet::rules::commanding;
use crate::fleet::rules::decision::{Answer, Decision, Refusal};
use crate::fleet::rules::folding::flapping::{self, Newest};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::live::Live;
use crate::fleet::state::{Actor, Cause, Event, Fleet};
use crate::fleet::words::{BlobId, CheckName, CheckState, HostId, Now, StreamId};

/// Takes in one fact of a host.
///
/// # Errors
/// The host is not in the registry, or was retired; it has more checks than a host may have.
pub fn learn(
    fleet: &Fleet,
    ledger: &Ledger,
    live: &Live,
    host: HostId,
    fact: &Fact,
    output: Option<BlobId>,
    now: Now,
) -> Result<Decision, Refusal> {
    let host = present(fleet, host)?;
    let audience = Audience::of_client(host.client.clone());
    let mut events = Vec::new();
    match &fact.body {
        FactBody::Check { name, state, hard, attempt, max_attempts, summary, long_text: _, perfdata, interval_ms } => {
            refuse_one_too_many(fleet, host, name)?;
            // The order of results is that of the outbox, which numbers them, never that of a clock: a host whose clock is
            // set back by a day goes on to be believed, and what is sent twice does not come to here.
            let old = fleet.checks.get(host.id, name).map(AsRef::as_ref);
            let newest = Newest { state: *state, measured_at: fact.at, interval: Duration::from_millis(*interval_ms) };
            let ring = flapping::ring_after(old, newest, now);
            events.push((
                audience,
                Event::Checks(checks::Event::Changed {
                    host: host.id,
                    check: name.clone(),
                    state: *state,
                    hard: *hard,
                    attempt: *attempt,
                    max_attempts: *max_attempts,
                    summary: summary.clone(),
                    perfdata: perfdata.clone(),
                    interval_ms: *interval_ms,
                    output,
                    measured_at: fact.at,
                    ring,
                }),
            ));
            let subject = Subject::Check { host: host.id, check: name.clone() };
            let about = match state {
                CheckState::Ok => alerting::recover(fleet, &host.client, &subject),
                CheckState::Unknown | CheckState::Warning | CheckState::Critical if *hard => {
                    let problem = Problem {
                        client: &host.client,
                        site: Some(&host.site),
                        host: Some(host.id),
                        subject: &subject,
                        level: *state,
                        summary,
                    };
                    alerting::report(fleet, &mut ledger.counters.clone(), problem, now)
                }
                // What is not certain opens nothing, and what was not measured is no recovery.
                _ => Vec::new(),
            };
            events.extend(alerting::for_client(&host.client, about));
            if let Some(flapping) = flapping::turned(old, ring) {
                let audience = Audience::of_client(host.client.clone());
                events.push((audience, flapping::turn(host.id, name, flapping)));
            }
        }
        FactBody::Described(os) => {
            if host.os.as_ref() != Some(os) {
                let event = hosts::Event::Described { host: host.id, os: os.clone() };
                events.push((audience, Event::Hosts(event)));
            }
        }
        FactBody::Backup { job, found, days, today, long_text: _ } => {
            let mut jobs = Cow::Borrowed(&fleet.backups);
            let mut counters = ledger.counters;
            events.extend(backups::placing::place_named(fleet, &mut counters, &live.configuration, job));
            if let Some((_, Event::Backups(placed))) = events.first() {
                jobs.to_mut().apply(placed, now.wall);
            }
            events.extend(backups::reading::learn(&jobs, host, job, (found, days, *today), output, now.wall));
        }
        FactBody::Gone(check) => events.extend(remove_check(fleet, host, check)),
        FactBody::Command { command, key, report, stdout: _, stderr: _ } => {
            events.extend(commanding::report(fleet, live, host, *command, *key, report));
        }
    }
    Ok(Decision { actor: speaking(host), events, answer: Answer::default() })
}

/// Notes that facts of a host are lost.
///
/// # Errors
/// The host is not in the registry, or was retired.
pub fn lose(fleet: &Fleet, host: HostId, stream: StreamId, from: u64, to: u64) -> Result<Decision, Refusal> {
    let host = present(fleet, host)?;
    let event = hosts::Event::FactsLost { host: host.id, stream, from, to };
    let events = vec![(Audience::of_client(host.client.clone()), Event::Hosts(event))];
    Ok(Decision { actor: speaking(host), events, answer: Answer::default() })
}

/// The events that take a check off a host: nothing measures it any more, so its alert ends too.
#[must_use]
pub fn remove_check(fleet: &Fleet, host: &Host, check: &CheckName) -> Vec<(Audience, Event)> {
    let mut events = Vec::new();
    if fleet.checks.get(host.id, check).is_some() {
        let gone = checks::Event::Removed { host: host.id, check: check.clone() };
        events.push((Audience::of_client(host.client.clone()), Event::Checks(gone)));
    }
    let subject = Subject::Check { host: host.id, check: check.clone() };
    events.extend(alerting::for_client(&host.client, alerting::recover(fleet, &host.client, &subject)));
    events
}

/// A host that speaks of itself, as actor.
#[must_use]
pub fn speaking(host: &Host) -> Actor {
    Actor { cause: Cause::Host(host.id), name: host.name.clone() }
}

fn refuse_one_too_many(fleet: &Fleet, host: &Host, check: &CheckName) -> Result<(), Refusal> {
    if fleet.checks.count(host.id) >= checks::MOST_PER_HOST && fleet.checks.get(host.id, check).is_none() {
        return Err(Refusal::Invalid(format!(
            "host {} ({}) has {} checks already, so {check} is not taken in; take checks off it",
            host.id,
            host.name.as_str(),
            checks::MOST_PER_HOST
        )));
    }
    Ok(())
}

/// A host of the fleet, not one that was retired.
///
/// # Errors
/// It is not in the registry, or was retired.
pub fn present(fleet: &Fleet, id: HostId) -> Result<&Host, Refusal> {
    match fleet.hosts.hosts.get(&id) {
        Some(host) if !host.is_retired() => Ok(host),
        Some(host) => Err(Refusal::NotPermitted(format!(
            "host {} ({}) was retired from this fleet; enrol it again with a new token to bring it back",
            host.id,
            host.name.as_str()
        ))),
        None => Err(Refusal::NotPermitted(format!("host {id} is not known to this fleet; enrol it with a token"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::hosts::vitals::OsFacts;
    use crate::fleet::rules::fixture::{NONE, World, admin, ids};
    use crate::fleet::rules::input::{Input, Verb};
    use crate::fleet::words::Timestamp;

    #[test]
    fn a_host_has_no_more_checks_than_the_fleet_keeps() {
        let mut world = World::new();
        let web = world.server("web");
        (0..checks::MOST_PER_HOST).for_each(|number| world.hard(web, &format!("c{number}"), CheckState::Ok));
        let refused = world.tell(web, "one-more", CheckState::Critical, true);
        assert!(matches!(&refused, Err(Refusal::Invalid(text)) if text.contains("web") && text.contains("500")));
        assert_eq!(world.open(), NONE);
        world.hard(web, "c0", CheckState::Critical);
        world.gone(web, "c0");
        world.hard(web, "one-more", CheckState::Critical);
        assert_eq!(world.live.hosts[&web].readings.len(), checks::MOST_PER_HOST, "live knowledge is bounded too");
    }

    #[test]
    fn a_check_that_is_gone_takes_its_alert_with_it() {
        let mut world = World::new();
        let web = world.server("web");
        world.hard(web, "disk", CheckState::Critical);
        world.gone(web, "disk");
        assert_eq!((world.open(), world.fleet.checks.count(web)), (NONE.to_vec(), 0));
        world.gone(web, "never-there");
        world.check();
    }

    #[test]
    fn what_a_machine_is_is_written_when_it_changes() {
        let mut world = World::new();
        let web = world.server("web");
        let mut told = |os: OsFacts| {
            let fact = Fact { at: Timestamp(0), body: FactBody::Described(os) };
            let input = Input::Fact { host: web, stream: StreamId(1), sequence: 1, fact, output: None };
            world.feed(input).unwrap().revision.is_some()
        };
        let os = OsFacts::default();
        assert!(told(os.clone()));
        assert!(!told(os));
    }

    #[test]
    fn lost_facts_are_in_the_journal() {
        let mut world = World::new();
        let web = world.server("web");
        world.feed(Input::FactsLost { host: web, stream: StreamId(5), from: 3, to: 9 }).unwrap();
        let lost = hosts::Event::FactsLost { host: web, stream: StreamId(5), from: 3, to: 9 };
        assert_eq!(world.events_since(world.entries.len() - 1), [&Event::Hosts(lost)]);
        assert_eq!(world.entries.last().unwrap().actor.cause, Cause::Host(web));
    }

    #[test]
    fn nobody_speaks_for_a_host_that_is_not_or_no_longer_there() {
        let mut world = World::new();
        let web = world.server("web");
        world.act(&admin(), ids(&[]), Verb::RetireHost(web)).unwrap();
        for host in [web, HostId(99)] {
            let refused = world.tell(host, "disk", CheckState::Critical, true).unwrap_err();
            assert!(matches!(&refused, Refusal::NotPermitted(text) if text.contains("enrol")), "{refused:?}");
            for input in [
                Input::Heard(host),
                Input::Goodbye { host, reason: crate::fleet::rules::fixture::text("x") },
                Input::FactsLost { host, stream: StreamId(1), from: 1, to: 1 },
            ] {
                assert!(matches!(world.feed(input), Err(Refusal::NotPermitted(_))));
            }
        }
        world.check();
    }
}
