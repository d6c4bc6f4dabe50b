//! A test page: proves that a person is reached, and that they answer.

use crate::fleet::identity::Audience;
use crate::fleet::notices::{Kind, Notice};
use crate::fleet::rules::decision::{Answer, Refusal};
use crate::fleet::rules::escalating::roster::{Ring, channels_of};
use crate::fleet::rules::escalating::telling::{notice, queued};
use crate::fleet::rules::input::Asker;
use crate::fleet::rules::ledger::Counters;
use crate::fleet::rules::live::Live;
use crate::fleet::state::Event;
use crate::fleet::words::nearest::nearest;
use crate::fleet::words::{Now, SafeText};

/// Sends one to a person by their channels, or to a channel (`channel:NAME`). The answer's `done` has the notice.
///
/// # Errors
/// There is no such person or channel, they have no channel, or the asker is limited to one client.
pub fn test(
    counters: &mut Counters,
    live: &Live,
    asker: &Asker,
    to: &SafeText,
    now: Now,
) -> Result<(Vec<(Audience, Event)>, Answer), Refusal> {
    if asker.scope.is_some() {
        return Err(Refusal::NotPermitted("a test page is for operators of the whole fleet".to_owned()));
    }
    let configuration = &live.configuration;
    if let Some(name) = to.as_str().strip_prefix("channel:")
        && !configuration.delivery.channels.contains_key(name)
    {
        let all = configuration.delivery.channels.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(Refusal::NotFound(format!("no channel is called {name:?}; the channels are {all}")));
    }
    let Some(channels) = channels_of(&configuration.oncall, to) else {
        let fix = match nearest(to.as_str(), configuration.oncall.people.iter().map(|person| person.name.as_str())) {
            Some(near) => format!("did you mean {near}?"),
            None => "people stand in policies.toml".to_owned(),
        };
        return Err(Refusal::NotFound(format!("nobody is called {:?}; {fix}", to.as_str())));
    };
    if channels.is_empty() {
        return Err(Refusal::Conflict(format!("{} has no channel; add one in policies.toml", to.as_str())));
    }
    let note = SafeText::line(&format!("asked for by {}", asker.name.as_str()));
    let ring = Ring { to: to.clone(), channels };
    let page = Notice { note, ..notice(counters.next_notice(), Kind::Test, ring, now) };
    let answer = Answer { done: vec![page.id.0], ..Answer::default() };
    Ok((queued(Audience::of_all_clients(), page), answer))
}
