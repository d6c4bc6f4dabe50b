//! Notices whose time has come: gathered by receiver, so that a storm is a handful of messages.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fleet::alerts::{Alert, Event, NextNotice, Plan, Subject, ValueLimit};
use crate::fleet::checks::perfdata;
use crate::fleet::configuration::{OnCallConfiguration, Policy};
use crate::fleet::identity::Audience;
use crate::fleet::notices::{self, Kind, MOST_NAMED, Notice};
use crate::fleet::rules::escalating::bounds::{LEAST_REPEAT, MOST_APART, MOST_TOLD_AT_ONCE};
use crate::fleet::rules::escalating::planning::{after, first};
use crate::fleet::rules::escalating::roster::{self, Ring, channels_of, person_named};
use crate::fleet::rules::ledger::Counters;
use crate::fleet::rules::live::Live;
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{AlertId, ClientId, NoticeId, Now, SafeText, Severity, Timestamp};

type Told = Vec<(Audience, state::Event)>;

/// Tells of alerts whose next notice is due.
pub fn tell(fleet: &Fleet, counters: &mut Counters, live: &Live, now: Now) -> Told {
    let oncall = &live.configuration.oncall;
    let due = fleet.alerts.due(now.wall).filter(|alert| alert.next_notice().is_some_and(|next| next.at <= now.wall));
    let mut tale = Tale::new(fleet, oncall, now);
    for alert in due.take(MOST_TOLD_AT_ONCE) {
        let Some((plan, next)) = alert.plan.as_deref().zip(alert.next_notice()) else { continue };
        let Some(policy) = oncall.policy(plan.policy.as_str()) else {
            // The configuration has it no more; another may speak of the alert.
            let plan = match roster::policy_of(fleet, live, alert, now) {
                Some(policy) => first(policy, now.wall),
                None => Plan { why: SafeText::new("no policy speaks of it any more"), next: None, ..plan.clone() },
            };
            tale.plan(alert, plan);
            continue;
        };
        tale.step(alert, policy, next, Pace::Spared);
    }
    tale.tell(counters, Kind::Problem)
}

/// Tells those who were told of alerts that these have ended.
pub fn recoveries(fleet: &Fleet, counters: &mut Counters, live: &Live, now: Now) -> Told {
    let oncall = &live.configuration.oncall;
    let mut tale = Tale::new(fleet, oncall, now);
    for alert in fleet.alerts.recovered().take(MOST_TOLD_AT_ONCE) {
        let rings = tale.to_hear_of_the_end(alert);
        // Who heard of an end a moment ago hears the rest in one message.
        if tale.heard_of_an_end(&rings).is_none() {
            tale.gather(alert, rings, Follows::Recovery);
        }
    }
    tale.tell(counters, Kind::Recovery)
}

/// When [`recoveries`] may find something.
pub fn next_recovery(fleet: &Fleet, live: &Live, now: Now) -> Option<Timestamp> {
    let oncall = &live.configuration.oncall;
    let tale = Tale::new(fleet, oncall, now);
    let free = fleet.alerts.recovered().take(MOST_TOLD_AT_ONCE).map(|alert| {
        let heard = tale.heard_of_an_end(&tale.to_hear_of_the_end(alert));
        heard.map_or(now.wall, |heard| heard + oncall.gather)
    });
    free.min()
}

/// Reminders whose time has come.
pub fn reminders(fleet: &Fleet, counters: &mut Counters, live: &Live, now: Now, most: usize) -> Told {
    let oncall = &live.configuration.oncall;
    let mut events = Told::new();
    let due = fleet.alerts.due(now.wall).flat_map(|alert| {
        let came = alert.reminders.iter().filter(move |reminder| reminder.at <= now.wall);
        came.map(move |reminder| (alert, reminder))
    });
    for (alert, reminder) in due.take(most) {
        let audience = Audience::of_client(alert.client.clone());
        let ended = Event::ReminderEnded { alert: alert.id, at: reminder.at, by: reminder.by.clone(), came: true };
        events.push((audience.clone(), state::Event::Alerts(ended)));
        let Some(person) = person_named(oncall, &reminder.by) else { continue };
        let channels = channels_of(oncall, &person).unwrap_or_default();
        let notice = Notice {
            client: Some(alert.client.clone()),
            severity: alert.severity(),
            alerts: vec![alert.id],
            count: 1,
            note: reminder.text.clone(),
            ..notice(counters.next_notice(), Kind::Reminder, Ring { to: person, channels }, now)
        };
        events.extend(queued(audience, notice));
    }
    events
}

/// Acknowledgements that end because a value got worse than it was to get.
pub fn limits(fleet: &Fleet, live: &Live, most: usize) -> Told {
    let passed = fleet.alerts.limited().filter_map(|alert| {
        let limit = alert.acknowledgement.as_ref()?.limit.as_ref()?;
        passes(live, alert, limit).then(|| {
            let ended = Event::AcknowledgementEnded { alert: alert.id, why: format!("value: {limit}") };
            (Audience::of_client(alert.client.clone()), state::Event::Alerts(ended))
        })
    });
    passed.take(most).collect()
}

fn passes(live: &Live, alert: &Alert, limit: &ValueLimit) -> bool {
    let Subject::Check { host, check } = &alert.subject else { return false };
    let Some(reading) = live.hosts.get(host).and_then(|host| host.readings.get(check)) else { return false };
    let (values, _) = perfdata::parse(reading.perfdata.as_str());
    let value = values.iter().find(|value| value.label == limit.label).and_then(|value| value.value);
    let bound = limit.thousandths as f64 / 1_000.0;
    value.is_some_and(|value| if limit.below { value < bound } else { value > bound })
}

/// A notice without its subject.
pub fn notice(id: NoticeId, kind: Kind, ring: Ring, now: Now) -> Notice {
    Notice {
        id,
        kind,
        to: ring.to,
        channels: ring.channels,
        channel: 0,
        client: None,
        severity: Severity::Warning,
        alerts: Vec::new(),
        count: 0,
        step: 0,
        round: 0,
        note: SafeText::default(),
        queued_at: now.wall,
        since: now.wall,
        state: notices::State::Waiting,
        words: SafeText::default(),
    }
}

/// The events that queue a notice; one without any channel has failed already.
pub fn queued(audience: Audience, notice: Notice) -> Told {
    let failed = notice.channels.is_empty().then(|| {
        let why = SafeText::new(&format!("{} has no channel", notice.to.as_str()));
        notices::Event::Failed { notice: notice.id, why }
    });
    let queued = notices::Event::Queued(Box::new(notice));
    std::iter::once(queued).chain(failed).map(|event| (audience.clone(), state::Event::Notices(event))).collect()
}

/// What an alert's telling leaves behind.
#[derive(Clone, Debug)]
pub enum Follows {
    /// This step is said, and that plan follows.
    Step(u32, u32, Plan),
    /// Its end is said.
    Recovery,
}

/// Whether receivers are spared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Who was told a moment ago is told the rest in one message.
    Spared,
    /// A person asked for it: now.
    Now,
}

/// What is said in one entry.
pub struct Tale<'f> {
    fleet: &'f Fleet,
    oncall: &'f OnCallConfiguration,
    now: Now,
    events: Told,
    /// Alerts to be told, with those to tell.
    told: Vec<(&'f Arc<Alert>, Vec<Ring>, Follows)>,
    /// Words of a person, for all notices.
    pub note: SafeText,
}

impl<'f> Tale<'f> {
    /// Nothing said yet.
    pub fn new(fleet: &'f Fleet, oncall: &'f OnCallConfiguration, now: Now) -> Self {
        Self { fleet, oncall, now, events: Vec::new(), told: Vec::new(), note: SafeText::default() }
    }

    /// An alert gets another plan, and nobody is told.
    pub fn plan(&mut self, alert: &Alert, plan: Plan) {
        let event = Event::Planned { alert: alert.id, plan: Box::new(plan) };
        self.events.push((Audience::of_client(alert.client.clone()), state::Event::Alerts(event)));
    }

    /// A step of an alert is due: told to those it reaches; where it reaches nobody, the next one is due at once.
    pub fn step(&mut self, alert: &'f Arc<Alert>, policy: &Policy, next: &NextNotice, pace: Pace) {
        let mut why: Vec<String> = Vec::new();
        let (mut step, mut round) = (next.step.max(1), next.round.max(1));
        for _ in 0..=policy.steps.len() {
            let index = usize::try_from(step - 1).unwrap_or(usize::MAX);
            let Some(due) = policy.steps.get(index) else { break };
            let (rings, misses) = roster::reached(self.fleet, self.oncall, due);
            let mut plan = after(policy, step, round, self.now.wall);
            if !rings.is_empty() {
                if pace == Pace::Spared
                    && let Some(free) = rings.iter().filter_map(|ring| self.free_from(ring, alert)).max()
                {
                    let next = NextNotice { at: free, step, round, ..next.clone() };
                    let why = SafeText::new("told with others, to spare the receiver");
                    return self.plan(alert, Plan { next: Some(next), why, ..plan });
                }
                why.extend(misses);
                plan.why = joined(&why, &plan.why);
                return self.gather(alert, rings, Follows::Step(step, round, plan));
            }
            why.extend(misses);
            match &plan.next {
                Some(following) if following.round == round => step = following.step,
                _ => {
                    round = round.saturating_add(1);
                    break;
                }
            }
        }
        // No step reaches anybody: that is said, and tried again for as long as it stays so.
        let mut plan = first(policy, self.now.wall + policy.repeat.max(LEAST_REPEAT));
        plan.why = joined(&why, &SafeText::default());
        if let Some(next) = &mut plan.next {
            next.round = round.min(policy.rounds.max(1));
        }
        self.plan(alert, plan);
    }

    /// These are to be told of an alert.
    pub fn gather(&mut self, alert: &'f Arc<Alert>, rings: Vec<Ring>, follows: Follows) {
        self.told.push((alert, rings, follows));
    }

    /// From when a receiver may be told of an alert like this; `None`: now.
    fn free_from(&self, ring: &Ring, alert: &Alert) -> Option<Timestamp> {
        let gather = self.oncall.gather;
        let recent = self.recent(&ring.to, Kind::Problem);
        let mut count = 0;
        let mut alike = None;
        let mut oldest = None;
        for notice in recent {
            count += 1;
            oldest = Some(notice.queued_at);
            let same = notice.client.as_ref().is_none_or(|client| *client == alert.client);
            if same && notice.severity >= alert.severity() {
                alike = alike.max(Some(notice.queued_at + gather));
            }
        }
        let crowded = oldest.filter(|_| count >= MOST_APART).map(|oldest| oldest + gather);
        alike.max(crowded).filter(|free| *free > self.now.wall)
    }

    /// Those who were told of an alert and can still be reached.
    fn to_hear_of_the_end(&self, alert: &Alert) -> Vec<Ring> {
        let told = alert.told.iter().filter(|_| self.oncall.recovery_notices);
        let rings = told.filter_map(|told| {
            let channels = channels_of(self.oncall, &told.to).filter(|channels| !channels.is_empty())?;
            Some(Ring { to: told.to.clone(), channels })
        });
        rings.collect()
    }

    /// When one of these heard of an end last, within the gathering time.
    fn heard_of_an_end(&self, rings: &[Ring]) -> Option<Timestamp> {
        let heard = rings.iter().filter_map(|ring| self.recent(&ring.to, Kind::Recovery).next());
        heard.map(|notice| notice.queued_at).max()
    }

    /// What a receiver was told of this kind within the gathering time, newest first.
    fn recent(&self, to: &SafeText, kind: Kind) -> impl Iterator<Item = &'f Arc<Notice>> {
        let (now, gather) = (self.now.wall, self.oncall.gather);
        let of = self.fleet.notices.of(to).take(10 * MOST_APART);
        // A clock that was set back makes nothing recent for ever.
        of.filter(move |notice| notice.kind == kind && notice.queued_at + gather > now && notice.queued_at <= now)
    }

    /// Makes notices of what was gathered: one for each receiver, client and severity; one for all where they are many.
    pub fn tell(self, counters: &mut Counters, kind: Kind) -> Told {
        let Self { now, mut events, told, note, .. } = self;
        type Group<'f> = BTreeMap<(Option<&'f ClientId>, Severity), Vec<usize>>;
        let mut by_ring: BTreeMap<&Ring, Group<'_>> = BTreeMap::new();
        for (place, (alert, rings, _)) in told.iter().enumerate() {
            for ring in rings {
                let groups = by_ring.entry(ring).or_default();
                groups.entry((Some(&alert.client), alert.severity())).or_default().push(place);
            }
        }
        let mut notices_of: BTreeMap<AlertId, Vec<NoticeId>> = BTreeMap::new();
        for (ring, groups) in by_ring {
            let groups = if groups.len() > MOST_APART { merged(groups) } else { groups };
            for ((client, severity), places) in groups {
                let id = counters.next_notice();
                let of = || places.iter().filter_map(|place| told.get(*place));
                for (alert, ..) in of() {
                    notices_of.entry(alert.id).or_default().push(id);
                }
                let (step, round) = of().map(|(_, _, follows)| follows.step()).max().unwrap_or_default();
                let said = Notice {
                    client: client.cloned(),
                    severity,
                    alerts: of().map(|(alert, ..)| alert.id).take(MOST_NAMED).collect(),
                    count: u32::try_from(places.len()).unwrap_or(u32::MAX),
                    step,
                    round,
                    note: note.clone(),
                    ..notice(id, kind, ring.clone(), now)
                };
                let audience = Audience::of(client);
                events.extend(queued(audience, said));
            }
        }
        for (alert, rings, follows) in told {
            let notices = notices_of.remove(&alert.id).unwrap_or_default();
            let id = alert.id;
            let event = match follows {
                Follows::Step(step, _, plan) => {
                    let to = rings.into_iter().map(|ring| ring.to).collect();
                    Event::Notified { alert: id, step, notices, to, plan: Box::new(plan) }
                }
                Follows::Recovery => Event::RecoveryTold { alert: id, notices },
            };
            events.push((Audience::of_client(alert.client.clone()), state::Event::Alerts(event)));
        }
        events
    }
}

impl Follows {
    const fn step(&self) -> (u32, u32) {
        match self {
            Self::Step(step, round, _) => (*step, *round),
            Self::Recovery => (0, 0),
        }
    }
}

fn merged(
    groups: BTreeMap<(Option<&ClientId>, Severity), Vec<usize>>,
) -> BTreeMap<(Option<&ClientId>, Severity), Vec<usize>> {
    let gravest = groups.keys().map(|(_, severity)| *severity).max().unwrap_or(Severity::Warning);
    let all = groups.into_values().flatten().collect();
    BTreeMap::from([((None, gravest), all)])
}

fn joined(why: &[String], rest: &SafeText) -> SafeText {
    let mut parts: Vec<&str> = Vec::new();
    for part in why.iter().map(String::as_str).chain([rest.as_str()]).filter(|part| !part.is_empty()) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    SafeText::new(&parts.join("; "))
}
