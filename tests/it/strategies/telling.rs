//! Notices, who is on call, and jobs that ping.

use super::*;

pub fn notice() -> BoxedStrategy<Notice> {
    use notices::{Kind, State};
    let kind = select(&[Kind::Problem, Kind::Recovery, Kind::Reminder, Kind::Test, Kind::Watchdog][..]);
    let state = select(&[State::Waiting, State::Sent, State::Delivered, State::Answered, State::Failed][..]);
    (
        (number(), kind, text(), vec(text(), 0..3), any::<u32>(), option::of(client_id()), any::<bool>()),
        (vec(number(), 0..4), any::<u32>(), any::<u32>(), any::<u32>(), text()),
        (time(), time(), state, text()),
    )
        .prop_map(
            |(
                (id, kind, to, channels, channel, client, critical),
                (alerts, count, step, round, note),
                (queued_at, since, state, words),
            )| Notice {
                id: NoticeId(id),
                kind,
                to,
                channels,
                channel,
                client,
                severity: if critical { Severity::Critical } else { Severity::Warning },
                alerts: alerts.into_iter().map(AlertId).collect(),
                count,
                step,
                round,
                note,
                queued_at,
                since,
                state,
                words,
            },
        )
        .boxed()
}

pub fn notice_event() -> BoxedStrategy<notices::Event> {
    use notices::Event;
    let id = || number().prop_map(NoticeId);
    prop_oneof![
        4 => notice().prop_map(|notice| Event::Queued(Box::new(notice))),
        1 => (id(), text()).prop_map(|(notice, receipt)| Event::Sent { notice, receipt }),
        1 => (id(), text()).prop_map(|(notice, receipt)| Event::Delivered { notice, receipt }),
        1 => (id(), any::<u32>(), text()).prop_map(|(notice, channel, why)| Event::FellOver { notice, channel, why }),
        1 => (id(), text()).prop_map(|(notice, why)| Event::Failed { notice, why }),
        1 => (id(), text(), text()).prop_map(|(notice, by, how)| Event::Answered { notice, by, how }),
        1 => id().prop_map(|notice| Event::Archived { notice }),
    ]
    .boxed()
}

fn ping_name() -> impl Strategy<Value = PingName> {
    select(&["nightly", "sync", "p.3"][..]).prop_map(PingName::from)
}

fn ping_state() -> impl Strategy<Value = pings::State> {
    select(&pings::State::ALL[..])
}

fn ping_description() -> BoxedStrategy<pings::Description> {
    (ping_name(), client_id(), option::of(site_id()), option::of(text()), any::<u32>(), any::<u32>())
        .prop_map(|(name, client, site, host, period, grace)| pings::Description {
            name,
            client,
            site,
            host,
            period: Duration::from_millis(period.into()),
            grace: Duration::from_millis(grace.into()),
        })
        .boxed()
}

pub fn ping() -> BoxedStrategy<Ping> {
    let runs = vec((text(), time()).prop_map(|(id, started_at)| pings::Run { id, started_at }), 0..3);
    (
        (ping_description(), time(), ping_state(), time(), option::of(time()), option::of(time())),
        (option::of(any::<u32>()), runs, text()),
    )
        .prop_map(|((description, described_at, state, since, last_start, last_success), (took, runs, tail))| Ping {
            description,
            described_at,
            state,
            since,
            last_start,
            last_success,
            last_took: took.map(|took| Duration::from_millis(took.into())),
            runs,
            tail,
        })
        .boxed()
}

pub fn ping_event() -> BoxedStrategy<pings::Event> {
    use pings::{Event, Signal};
    let signal =
        prop_oneof![Just(Signal::Start), Just(Signal::Success), option::of(any::<u8>()).prop_map(Signal::Failure)];
    prop_oneof![
        ping_description().prop_map(|description| Event::Described(Box::new(description))),
        ping_name().prop_map(|ping| Event::Removed { ping }),
        (ping_name(), signal, text(), ping_state(), option::of(any::<u32>()), text()).prop_map(
            |(ping, signal, run, state, took, tail)| Event::Heard {
                ping,
                signal,
                run,
                state,
                took: took.map(|took| Duration::from_millis(took.into())),
                tail,
            }
        ),
        (ping_name(), ping_state()).prop_map(|(ping, state)| Event::Judged { ping, state }),
    ]
    .boxed()
}

pub fn person() -> BoxedStrategy<oncall::Person> {
    let offer = (text(), time(), text()).prop_map(|(to, at, note)| oncall::Offer { to, at, note });
    (text(), text(), text(), vec(text(), 0..3), vec(text(), 0..3), option::of(offer))
        .prop_map(|(name, full_name, zone, channels, identities, offer)| oncall::Person {
            name,
            full_name,
            zone,
            channels,
            identities,
            offer,
        })
        .boxed()
}

pub fn roster() -> BoxedStrategy<oncall::Roster> {
    (text(), text(), vec(text(), 0..3), time(), vec(text(), 0..3), option::of(time()))
        .prop_map(|(schedule, zone, now, since, next, changes_at)| oncall::Roster {
            schedule,
            zone,
            now,
            since,
            next,
            changes_at,
        })
        .boxed()
}

pub fn duty_override() -> BoxedStrategy<oncall::Override> {
    (number(), text(), time(), time(), text(), text())
        .prop_map(|(id, person, from, until, by, note)| oncall::Override { id, person, from, until, by, note })
        .boxed()
}

pub fn duty() -> BoxedStrategy<oncall::Duty> {
    (roster(), vec(duty_override(), 0..3)).prop_map(|(roster, overrides)| oncall::Duty { roster, overrides }).boxed()
}

pub fn policy() -> BoxedStrategy<oncall::Policy> {
    let step = (any::<u32>(), vec(text(), 0..3))
        .prop_map(|(after, to)| oncall::Step { after: Duration::from_millis(u64::from(after)), to });
    (text(), vec(step, 0..4), any::<u32>(), any::<u32>())
        .prop_map(|(name, steps, repeat, rounds)| oncall::Policy {
            name,
            steps,
            repeat: Duration::from_millis(u64::from(repeat)),
            rounds,
        })
        .boxed()
}

pub fn oncall_event() -> BoxedStrategy<oncall::Event> {
    use oncall::Event;
    prop_oneof![
        2 => person().prop_map(|person| Event::PersonDescribed(Box::new(oncall::Person { offer: None, ..person }))),
        1 => text().prop_map(|person| Event::PersonRemoved { person }),
        2 => policy().prop_map(|policy| Event::PolicyDescribed(Box::new(policy))),
        1 => text().prop_map(|policy| Event::PolicyRemoved { policy }),
        3 => roster().prop_map(|roster| Event::DutyChanged(Box::new(roster))),
        1 => text().prop_map(|schedule| Event::ScheduleRemoved { schedule }),
        2 => (text(), duty_override()).prop_map(|(schedule, over)| Event::Overridden { schedule, over }),
        1 => (text(), number()).prop_map(|(schedule, id)| Event::OverrideEnded { schedule, id }),
        2 => (text(), text(), text()).prop_map(|(from, to, note)| Event::HandOverOffered { from, to, note }),
        1 => (text(), text(), any::<bool>())
            .prop_map(|(from, to, accepted)| Event::HandOverEnded { from, to, accepted }),
    ]
    .boxed()
}
