//! Jobs that ping, and their events.

use std::time::Duration;

use crate::fleet::pings::{Description, Event, MOST_RUNS, Ping, Run, Signal, State};
use crate::fleet::words::{ClientId, PingName, SafeText, SiteId, Timestamp};
use crate::wire::error::{WireError, need};
use crate::wire::pb::event::Body;
use crate::wire::{limits, pb, text};

impl From<State> for pb::PingState {
    fn from(state: State) -> Self {
        match state {
            State::New => Self::New,
            State::Up => Self::Up,
            State::Started => Self::Started,
            State::Late => Self::Late,
            State::Failed => Self::Failed,
        }
    }
}

fn state(state: i32) -> Result<State, WireError> {
    Ok(match pb::PingState::try_from(state) {
        Ok(pb::PingState::New) => State::New,
        Ok(pb::PingState::Up) => State::Up,
        Ok(pb::PingState::Started) => State::Started,
        Ok(pb::PingState::Late) => State::Late,
        Ok(pb::PingState::Failed) => State::Failed,
        Err(_) => return Err(WireError::Unknown { message: "Ping", field: "state", value: state.to_string() }),
    })
}

fn signal(signal: i32, code: Option<u32>) -> Result<Signal, WireError> {
    Ok(match pb::PingSignal::try_from(signal) {
        Ok(pb::PingSignal::Start) => Signal::Start,
        Ok(pb::PingSignal::Success) => Signal::Success,
        Ok(pb::PingSignal::Failure) => Signal::Failure(code.and_then(|code| u8::try_from(code).ok())),
        Err(_) => {
            return Err(WireError::Unknown { message: "PingHeard", field: "signal", value: signal.to_string() });
        }
    })
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn name(name: &str) -> PingName {
    PingName::new(text::id(name))
}

impl From<&Description> for pb::PingDescribed {
    fn from(description: &Description) -> Self {
        Self {
            name: description.name.as_str().into(),
            client: description.client.as_str().into(),
            site: description.site.as_ref().map(|site| site.as_str().into()),
            host_name: description.host.as_ref().map(|host| host.as_str().into()),
            period: ms(description.period),
            grace: ms(description.grace),
        }
    }
}

impl From<pb::PingDescribed> for Description {
    fn from(description: pb::PingDescribed) -> Self {
        Self {
            name: name(&description.name),
            client: ClientId::new(text::id(&description.client)),
            site: description.site.map(|site| SiteId::new(text::id(&site))),
            host: description.host_name.map(|host| text::line(&host)),
            period: Duration::from_millis(description.period),
            grace: Duration::from_millis(description.grace),
        }
    }
}

impl From<&Ping> for pb::Ping {
    fn from(ping: &Ping) -> Self {
        let runs = ping.runs.iter();
        Self {
            description: Some((&ping.description).into()),
            described_at: ping.described_at.0,
            state: pb::PingState::from(ping.state).into(),
            since: ping.since.0,
            last_start: ping.last_start.map(|at| at.0),
            last_success: ping.last_success.map(|at| at.0),
            last_took: ping.last_took.map(ms),
            runs: runs.map(|run| pb::PingRun { id: run.id.as_str().into(), started_at: run.started_at.0 }).collect(),
            tail: ping.tail.as_str().into(),
        }
    }
}

impl TryFrom<pb::Ping> for Ping {
    type Error = WireError;

    fn try_from(ping: pb::Ping) -> Result<Self, WireError> {
        let run = |run: pb::PingRun| Run { id: text::line(&run.id), started_at: Timestamp(run.started_at) };
        Ok(Self {
            description: need(ping.description, "Ping", "description")?.into(),
            described_at: Timestamp(ping.described_at),
            state: state(ping.state)?,
            since: Timestamp(ping.since),
            last_start: ping.last_start.map(Timestamp),
            last_success: ping.last_success.map(Timestamp),
            last_took: ping.last_took.map(Duration::from_millis),
            runs: ping.runs.into_iter().take(MOST_RUNS).map(run).collect(),
            tail: SafeText::block_within(&ping.tail, limits::TAIL_MAX),
        })
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        let name = event.ping().as_str().to_owned();
        match event {
            Event::Described(description) => Self::PingDescribed(description.as_ref().into()),
            Event::Removed { ping: _ } => Self::PingRemoved(pb::PingRemoved { name }),
            Event::Heard { ping: _, signal, run, state, took, tail } => {
                let (signal, code) = match signal {
                    Signal::Start => (pb::PingSignal::Start, None),
                    Signal::Success => (pb::PingSignal::Success, None),
                    Signal::Failure(code) => (pb::PingSignal::Failure, code.map(u32::from)),
                };
                Self::PingHeard(pb::PingHeard {
                    name,
                    signal: signal.into(),
                    code,
                    run: run.as_str().into(),
                    state: pb::PingState::from(*state).into(),
                    took: took.map(ms),
                    tail: tail.as_str().into(),
                })
            }
            Event::Judged { ping: _, state } => {
                Self::PingJudged(pb::PingJudged { name, state: pb::PingState::from(*state).into() })
            }
        }
    }
}

impl From<pb::PingDescribed> for Event {
    fn from(event: pb::PingDescribed) -> Self {
        Self::Described(Box::new(event.into()))
    }
}

impl From<pb::PingRemoved> for Event {
    fn from(event: pb::PingRemoved) -> Self {
        Self::Removed { ping: name(&event.name) }
    }
}

impl TryFrom<pb::PingHeard> for Event {
    type Error = WireError;

    fn try_from(event: pb::PingHeard) -> Result<Self, WireError> {
        Ok(Self::Heard {
            ping: name(&event.name),
            signal: signal(event.signal, event.code)?,
            run: text::line(&event.run),
            state: state(event.state)?,
            took: event.took.map(Duration::from_millis),
            tail: SafeText::block_within(&event.tail, limits::TAIL_MAX),
        })
    }
}

impl TryFrom<pb::PingJudged> for Event {
    type Error = WireError;

    fn try_from(event: pb::PingJudged) -> Result<Self, WireError> {
        Ok(Self::Judged { ping: name(&event.name), state: state(event.state)? })
    }
}
