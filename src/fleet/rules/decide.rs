//! The one entry to the rules. Pure: no I/O, clock or randomness; the same inputs give the same decision.

use crate::fleet::identity::Audience;
use crate::fleet::profile;
use crate::fleet::rules::decision::{Decision, Refusal, by_rule};
use crate::fleet::rules::input::Input;
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::live::Live;
use crate::fleet::rules::{
    acting, admitting, configuring, escalating, folding, intake, noticing, oncall, pings, presence, results, timers,
    windows,
};
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::Now;

/// Decides one input on the fleet as it stands.
///
/// # Errors
/// A [`Refusal`] that says what to do; nothing is to be written then.
pub fn decide(fleet: &Fleet, ledger: &Ledger, live: &Live, input: &Input, now: Now) -> Result<Decision, Refusal> {
    let mut decision = alone(fleet, ledger, live, input, now)?;
    // First what windows hold back, and what hangs on another alert or flaps, in the same entry, before anybody can be told;
    // then who is told of the rest.
    windows::holding::follow(fleet, &mut decision.events, now);
    folding::follow(fleet, &mut decision.events);
    escalating::follow(fleet, live, &mut decision.events, now);
    Ok(decision)
}

/// What the input itself comes to.
fn alone(fleet: &Fleet, ledger: &Ledger, live: &Live, input: &Input, now: Now) -> Result<Decision, Refusal> {
    match input {
        Input::Action(action) => acting::act(fleet, ledger, live, action, now),
        Input::Fact { host, fact, output, .. } => results::learn(fleet, ledger, live, *host, fact, *output, now),
        Input::FactsLost { host, stream, from, to } => results::lose(fleet, *host, *stream, *from, *to),
        Input::Heard(host) => presence::hear(fleet, live, *host, now),
        Input::Goodbye { host, reason } => presence::part(fleet, live, *host, reason, now),
        Input::Enrol(request) => admitting::enrol(fleet, ledger, request, now),
        Input::Admit { asker, agents } => admitting::admit(fleet, ledger, asker, agents, now),
        Input::Renew { identity, key_hash } => admitting::renew(fleet, *identity, *key_hash, now),
        Input::Configure { asker, hash, configuration, changes, default_name } => {
            let mut decision = configuring::configure(fleet, asker, *hash, configuration, changes, default_name)?;
            // Who is told counts at once, and not when time passes next.
            decision.events.extend(oncall::placing::place(fleet, configuration, now.wall));
            Ok(decision)
        }
        Input::Started { version, name } => Ok(presence::start(fleet, live, version, name, now)),
        Input::ClockJumped(by_ms) => {
            let event = Event::Profile(profile::Event::ClockJumped { by_ms: *by_ms });
            let mut events = vec![(Audience::EVERYONE, event)];
            events.extend(escalating::follow_clock(fleet, *by_ms));
            Ok(by_rule("clock", events))
        }
        Input::Refused { who, identity, what, why, count } => {
            let event = profile::Event::Refused {
                who: who.clone(),
                identity: *identity,
                what: what.clone(),
                why: why.clone(),
                count: *count,
            };
            Ok(by_rule("refusals", vec![(Audience::ADMINS, Event::Profile(event))]))
        }
        Input::NoticeReported { notice, channel, report } => noticing::report(fleet, *notice, *channel, report, now),
        Input::External { actor, scope, alerts } => {
            Ok(intake::take_in(fleet, ledger, actor, scope.as_ref(), alerts, now))
        }
        Input::Ping(said) => pings::hear(fleet, ledger, said, now),
        Input::Due => Ok(timers::due(fleet, ledger, live, now)),
    }
}
