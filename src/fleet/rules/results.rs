//! What a host's facts change: its checks, and the alerts about them.

use crate::fleet::alerts::Subject;
use crate::fleet::checks;
use crate::fleet::hosts::{self, Host};
use crate::fleet::identity::Audience;
use crate::fleet::rules::alerting::{self, Problem};
use crate::fleet::rules::decision::{Answer, Decision, Refusal};
use crate::fleet::rules::fact::{Fact, FactBody};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::state::{Actor, Cause, Event, Fleet};
use crate::fleet::words::{BlobId, CheckName, HostId, Now, StreamId};

/// Takes in one fact of a host.
///
/// # Errors
/// The host is not in the registry, or was retired.
pub fn learn(
    fleet: &Fleet,
    ledger: &Ledger,
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
                }),
            ));
            let subject = Subject::Check { host: host.id, check: name.clone() };
            let about = if *hard && state.is_problem() {
                let problem = Problem {
                    client: &host.client,
                    site: Some(&host.site),
                    host: Some(host.id),
                    subject: &subject,
                    level: *state,
                    summary,
                };
                alerting::report(fleet, &mut ledger.counters.clone(), problem, now)
            } else if state.is_problem() {
                Vec::new()
            } else {
                alerting::recover(fleet, &host.client, &subject)
            };
            events.extend(alerting::for_client(&host.client, about));
        }
        FactBody::Described(os) => {
            if host.os.as_ref() != Some(os) {
                let event = hosts::Event::Described { host: host.id, os: os.clone() };
                events.push((audience, Event::Hosts(event)));
            }
        }
        FactBody::Gone(check) => events.extend(remove_check(fleet, host, check)),
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

fn present(fleet: &Fleet, id: HostId) -> Result<&Host, Refusal> {
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
