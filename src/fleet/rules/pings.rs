//! Pings: which there are, what their jobs say, and what it means when they say nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::alerts::Subject;
use crate::fleet::configuration::{Configuration, PingDefinition};
use crate::fleet::identity::Audience;
use crate::fleet::pings::{Description, Event, Ping, Signal, State};
use crate::fleet::rules::alerting::{self, for_client};
use crate::fleet::rules::decision::{Decision, Refusal};
use crate::fleet::rules::intake;
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::live::Live;
use crate::fleet::rules::reported::{FOREVER, Reported, Sent};
use crate::fleet::state::{self, Actor, Fleet};
use crate::fleet::words::{Now, PingName, SafeText, duration};

/// The source of the alerts about pings.
pub const SOURCE: &str = "ping";
/// After its start a hub waits as long as a ping may take, and no longer than this, before it calls one late: what came
/// while it was away was not heard.
const SPARED: Duration = Duration::from_secs(10 * 60);
/// A success that comes again within this says nothing new.
const SAME: Duration = Duration::from_secs(1);

/// What a job says, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Which ping.
    pub ping: PingName,
    /// What.
    pub signal: Signal,
    /// Which run; empty where it says nothing.
    pub run: SafeText,
    /// The end of what came along.
    pub tail: SafeText,
}

/// The events that make the fleet's pings those of the configuration, at most `most` at a time.
#[must_use]
pub fn place(fleet: &Fleet, configuration: &Configuration, most: usize) -> Vec<(Audience, state::Event)> {
    if configuration.pings.is_empty() && fleet.pings.pings.is_empty() {
        return Vec::new();
    }
    let mut wanted: BTreeMap<&PingName, Description> =
        configuration.pings.iter().map(|definition| (&definition.name, described(definition))).collect();
    let mut events = Vec::new();
    for (name, ping) in &fleet.pings.pings {
        if events.len() >= most {
            return events;
        }
        match wanted.remove(name) {
            Some(description) if description == ping.description => {}
            // Its client's people see it go, the other's see it come, in an entry of its own.
            Some(description) if description.client == ping.description.client => {
                events.push(about(ping, Event::Described(Box::new(description))));
            }
            _ => {
                let ended = alerting::recover(fleet, &ping.description.client, &subject(name));
                events.extend(for_client(&ping.description.client, ended));
                events.push(about(ping, Event::Removed { ping: name.clone() }));
            }
        }
    }
    for description in wanted.into_values().filter(|new| !fleet.pings.pings.contains_key(&new.name)) {
        if events.len() >= most {
            break;
        }
        let audience = Audience::of_client(description.client.clone());
        events.push((audience, state::Event::Pings(Event::Described(Box::new(description)))));
    }
    events
}

/// Takes in what a job says.
///
/// # Errors
/// There is no such ping.
pub fn hear(fleet: &Fleet, ledger: &Ledger, said: &Said, now: Now) -> Result<Decision, Refusal> {
    let ping = fleet.pings.pings.get(&said.ping).ok_or_else(|| {
        Refusal::NotFound(format!("there is no ping {}; pings.toml of the hub's configuration names them", said.ping))
    })?;
    let actor = Actor::rule(SOURCE);
    let again = said.signal == Signal::Success
        && ping.state == State::Up
        && ping.runs.is_empty()
        && ping.last_success.is_some_and(|last| last <= now.wall && now.wall.since(last) < SAME);
    if again {
        return Ok(Decision { actor, events: Vec::new(), answer: Default::default() });
    }
    let own = ping.runs.iter().find(|run| run.id == said.run);
    let took = own.filter(|_| said.signal != Signal::Start).map(|run| now.wall.since(run.started_at));
    let others = ping.runs.iter().any(|run| run.id != said.run);
    let state = match said.signal {
        // What failed or is late stays so until it succeeds.
        Signal::Start if matches!(ping.state, State::Failed | State::Late) => ping.state,
        Signal::Start => State::Started,
        Signal::Success if others => State::Started,
        Signal::Success => State::Up,
        Signal::Failure(_) => State::Failed,
    };
    let heard = Event::Heard {
        ping: said.ping.clone(),
        signal: said.signal,
        run: said.run.clone(),
        state,
        took,
        tail: said.tail.clone(),
    };
    let mut events = vec![about(ping, heard)];
    let mut answer = Default::default();
    match said.signal {
        Signal::Start => {}
        Signal::Success => {
            let ended = alerting::recover(fleet, &ping.description.client, &subject(&said.ping));
            events.extend(for_client(&ping.description.client, ended));
        }
        Signal::Failure(code) => {
            let code = code.map(|code| format!(" with exit code {code}")).unwrap_or_default();
            let words = format!("{} failed{code}", said.ping);
            let decision = intake::take_in(fleet, ledger, &actor, None, &[problem(ping, &words, &said.tail, now)], now);
            events.extend(decision.events);
            answer = decision.answer;
        }
    }
    Ok(Decision { actor, events, answer })
}

/// What the silence of jobs means: late, or run for too long. At most `most` pings at a time.
#[must_use]
pub fn judge(fleet: &Fleet, ledger: &Ledger, live: &Live, now: Now, most: usize) -> Decision {
    let actor = Actor::rule(SOURCE);
    let away = now.mono.since(live.started.mono);
    let (mut events, mut problems) = (Vec::new(), Vec::new());
    for (name, ping) in &fleet.pings.pings {
        if problems.len() >= most {
            break;
        }
        let Description { period, grace, .. } = &ping.description;
        let spared = away < SPARED.min(*period + *grace);
        let overrun = ping.state == State::Started && ping.overrun().is_some_and(|end| end <= now.wall);
        let late = !matches!(ping.state, State::Late | State::Failed) && ping.due() <= now.wall && !spared;
        let (state, words) = if overrun {
            (State::Failed, format!("{name} began and did not end within {}", duration::short(*grace)))
        } else if late {
            let every = duration::short(*period);
            match ping.last_success {
                Some(_) => (State::Late, format!("{name} did not succeed in time, it is expected every {every}")),
                None => (State::Late, format!("{name} never succeeded, it is expected every {every}")),
            }
        } else {
            continue;
        };
        events.push(about(ping, Event::Judged { ping: name.clone(), state }));
        problems.push(problem(ping, &words, &ping.tail, now));
    }
    let decision = intake::take_in(fleet, ledger, &actor, None, &problems, now);
    events.extend(decision.events);
    Decision { actor, events, answer: decision.answer }
}

fn described(definition: &PingDefinition) -> Description {
    let PingDefinition { name, client, site, host, period, grace } = definition.clone();
    Description { name, client, site, host, period, grace }
}

fn subject(name: &PingName) -> Subject {
    Subject::External { source: SafeText::new(SOURCE), fingerprint: SafeText::new(name.as_str()) }
}

fn about(ping: &Ping, event: Event) -> (Audience, state::Event) {
    (Audience::of_client(ping.description.client.clone()), state::Event::Pings(event))
}

fn problem(ping: &Ping, words: &str, tail: &SafeText, now: Now) -> Reported {
    let Description { name, client, site, host, .. } = &ping.description;
    let host = host.as_ref().map_or("", SafeText::as_str);
    let labels = [
        ("alertname", name.as_str()),
        ("client", client.as_str()),
        ("host", host),
        ("severity", "critical"),
        ("site", site.as_ref().map_or("", |site| site.as_str())),
    ];
    let sent = Sent {
        labels: labels.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        annotations: [("output", tail.as_str()), ("summary", words)]
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .collect(),
        generator_url: "",
        starts_at: None,
        ends_at: Some(FOREVER),
    };
    Reported::of(SafeText::new(SOURCE), SafeText::new(name.as_str()), sent, now)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fleet::rules::fixture::{NONE, World, min, s, text};
    use crate::fleet::rules::input::Input;
    use crate::fleet::words::AlertId;

    /// A world that expects one ping an hour, within ten minutes.
    fn world() -> World {
        let mut world = World::new();
        let ping = PingDefinition {
            name: "nightly".into(),
            client: "acme".into(),
            site: None,
            host: None,
            period: min(60),
            grace: min(10),
        };
        world.live.configuration = Arc::new(Configuration { pings: vec![ping], ..Configuration::default() });
        world.pass(s(10));
        world
    }

    fn say(world: &mut World, signal: Signal, run: &str) {
        let said = Said { ping: "nightly".into(), signal, run: text(run), tail: text("what it printed") };
        world.feed(Input::Ping(said)).unwrap();
    }

    fn ping(world: &World) -> &Ping {
        &world.fleet.pings.pings[&PingName::from("nightly")]
    }

    #[test]
    fn what_succeeds_in_time_is_up_and_what_does_not_is_late_until_it_succeeds() {
        let mut world = world();
        assert_eq!(ping(&world).state, State::New);
        for _ in 0..3 {
            world.pass(min(65));
            say(&mut world, Signal::Success, "");
            assert_eq!((ping(&world).state, world.open()), (State::Up, NONE.to_vec()));
        }
        world.pass(min(70) - s(6));
        assert_eq!(world.open(), NONE, "within its grace");
        world.pass(s(12));
        assert_eq!((ping(&world).state, world.open()), (State::Late, vec![1]));
        let alert = world.alert(AlertId(1));
        assert!(alert.summary.as_str().contains("did not succeed in time"), "{}", alert.summary);
        assert_eq!((alert.client.as_str(), alert.subject.to_string()), ("acme", "external:ping/nightly".to_owned()));
        world.pass(min(600));
        assert_eq!(world.open(), [1], "no timeout ends it");
        say(&mut world, Signal::Success, "");
        assert_eq!((ping(&world).state, world.open()), (State::Up, NONE.to_vec()));
        world.check();
    }

    #[test]
    fn what_never_pinged_is_late_too() {
        let mut world = world();
        world.pass(min(71));
        assert_eq!((ping(&world).state, world.open()), (State::Late, vec![1]));
        assert!(world.alert(AlertId(1)).summary.as_str().contains("never succeeded"));
    }

    #[test]
    fn a_failure_opens_with_what_was_printed_and_a_start_does_not_end_it() {
        let mut world = world();
        say(&mut world, Signal::Failure(Some(3)), "");
        assert_eq!((ping(&world).state, world.open()), (State::Failed, vec![1]));
        let alert = world.alert(AlertId(1));
        assert!(alert.summary.as_str().contains("exit code 3"), "{}", alert.summary);
        assert!(alert.external.as_ref().unwrap().annotations_json().contains("what it printed"));
        say(&mut world, Signal::Start, "");
        assert_eq!((ping(&world).state, world.open()), (State::Failed, vec![1]));
        say(&mut world, Signal::Success, "");
        assert_eq!(world.open(), NONE);
        world.check();
    }

    #[test]
    fn runs_are_measured_apart_and_one_that_does_not_end_fails() {
        let mut world = world();
        say(&mut world, Signal::Start, "a");
        world.pass(min(2));
        say(&mut world, Signal::Start, "b");
        world.pass(min(3));
        say(&mut world, Signal::Success, "a");
        assert_eq!((ping(&world).last_took, ping(&world).state), (Some(min(5)), State::Started));
        world.pass(s(30));
        say(&mut world, Signal::Success, "b");
        assert_eq!((ping(&world).last_took, ping(&world).state), (Some(min(3) + s(30)), State::Up));
        say(&mut world, Signal::Start, "c");
        world.pass(min(10) + s(10));
        assert_eq!((ping(&world).state, world.open()), (State::Failed, vec![1]));
        assert!(world.alert(AlertId(1)).summary.as_str().contains("did not end"));
        world.check();
    }

    #[test]
    fn a_restart_makes_nothing_late_at_once_and_ends_nothing() {
        let mut world = world();
        say(&mut world, Signal::Success, "");
        world.restart_after(min(71));
        world.pass(min(9));
        assert_eq!(world.open(), NONE, "what came while the hub was away was not heard");
        world.pass(min(2));
        assert_eq!(world.open(), [1]);
        world.restart();
        world.pass(min(20));
        assert_eq!(world.open(), [1], "it is late as ever");
        world.check();
    }

    #[test]
    fn what_is_expected_no_more_ends_with_its_alert() {
        let mut world = world();
        say(&mut world, Signal::Failure(None), "");
        world.live.configuration = Arc::default();
        world.pass(s(10));
        assert_eq!((world.fleet.pings.pings.len(), world.open()), (0, NONE.to_vec()));
        let said = Said { ping: "nightly".into(), signal: Signal::Success, run: text(""), tail: text("") };
        assert!(matches!(world.feed(Input::Ping(said)), Err(Refusal::NotFound(_))));
    }

    #[test]
    fn a_flood_of_successes_writes_little() {
        let mut world = world();
        let before = world.entries.len();
        (0..100).for_each(|_| say(&mut world, Signal::Success, ""));
        assert_eq!(world.entries.len() - before, 1);
    }
}
