//! A small hub without a journal for the tests of the rules: inputs are decided and applied as the core does it, and
//! time passes as it is told.

use std::sync::Arc;
use std::time::Duration;

use crate::fleet::alerts::{Alert, Hold, Lane, Subject, Until};
use crate::fleet::configuration::{Configuration, ContactChannel, Person, Policy, Provenance, Receiver, Step};
use crate::fleet::fact::{Fact, FactBody};
use crate::fleet::hosts::{Host, HostState};
use crate::fleet::identity::{Hands, Role};
use crate::fleet::rules::decide::decide;
use crate::fleet::rules::decision::{Answer, Decision, Refusal};
use crate::fleet::rules::externals::Externals;
use crate::fleet::rules::input::{Action, Asker, EnrolRequest, Input, Targets, TokenGrant, Verb};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::live::{Live, Reading};
use crate::fleet::rules::{contest, escalating, presence, timers};
use crate::fleet::state::{Cause, Entry, Event, Fleet};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{
    ActionId, AlertId, CheckName, CheckState, ClientId, HostClass, HostId, IdentityId, Instant, Now, Revision,
    SafeText, SiteId, StreamId, Timestamp,
};

/// Monday, 1 June 2026, 10:00:00 UTC: within everybody's business hours.
pub const MONDAY_TEN: Timestamp = Timestamp(1_780_308_000_000);
/// The heartbeat of the default configuration.
pub const BEAT: Duration = Duration::from_secs(10);

/// No alerts.
pub const NONE: [u64; 0] = [];

/// Seconds.
pub const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Minutes.
pub const fn min(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// Text.
pub fn text(text: &str) -> SafeText {
    SafeText::new(text)
}

/// A hub in a test.
#[derive(Clone)]
pub struct World {
    pub fleet: Fleet,
    pub ledger: Ledger,
    pub live: Live,
    pub now: Now,
    pub entries: Vec<Entry>,
    drawn: u64,
}

impl World {
    /// A hub that has just started.
    pub fn started(at: Timestamp) -> Self {
        let now = Now { wall: at, mono: Instant(3_600_000) };
        let live = Live::new(now, Arc::new(Configuration::default()));
        let (fleet, ledger) = (Fleet::default(), Ledger::default());
        let mut world = Self { fleet, ledger, live, now, entries: Vec::new(), drawn: 0 };
        world.start();
        world
    }

    /// A hub that judges, on a Monday morning.
    pub fn new() -> Self {
        let mut world = Self::started(MONDAY_TEN);
        world.pass(BEAT * 2);
        world
    }

    /// The hub's process begins anew: what is live is gone, monotonic time means something else.
    pub fn restart(&mut self) {
        self.restart_after(Duration::ZERO);
    }

    /// The hub's process begins anew after it was away for so long.
    pub fn restart_after(&mut self, away: Duration) {
        self.now = self.now.after(away);
        self.now.mono = Instant(3_600_000);
        self.live = Live::new(self.now, Arc::clone(&self.live.configuration));
        self.live.redial = presence::redial_grace(&self.live.configuration, away);
        contest::resume(&self.fleet, &mut self.live);
        self.live.externals = Externals::resume(&self.fleet, self.now);
        self.start();
    }

    fn start(&mut self) {
        self.feed(Input::Started { version: text("1"), name: text("noc") }).unwrap();
    }

    /// Decides and applies an input as the core does; deciding twice must give the same.
    pub fn feed(&mut self, input: Input) -> Result<Answer, Refusal> {
        let decided = decide(&self.fleet, &self.ledger, &self.live, &input, self.now);
        let again = decide(&self.fleet, &self.ledger, &self.live, &input, self.now);
        assert_eq!(decided, again, "deciding is deterministic");
        let Decision { actor, events, mut answer } = decided?;
        answer.heard.iter().for_each(|heard| self.live.externals.hear(heard));
        if !events.is_empty() {
            let revision = self.fleet.revision.next();
            let entry = Entry { revision, at: self.now.wall, actor, events };
            self.fleet.apply(&entry);
            self.ledger.counters.follow(&entry);
            self.entries.push(entry);
            answer.revision = Some(revision);
        }
        Ok(answer)
    }

    /// The events of the entries from the given number on.
    pub fn events_since(&self, entries: usize) -> Vec<&Event> {
        self.entries[entries..].iter().flat_map(|entry| entry.events.iter().map(|(_, event)| event)).collect()
    }

    /// Lets what is due happen, until nothing is.
    pub fn settle(&mut self) {
        for _ in 0..10_000 {
            self.live.externals.settle(&self.fleet, self.now);
            let before = self.fleet.revision;
            self.feed(Input::Due).unwrap();
            if self.fleet.revision == before {
                return;
            }
        }
        panic!("there is always something due");
    }

    /// Time passes; what becomes due happens when the rules said it would.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now.after(span);
        self.settle();
        while self.now.mono < end.mono {
            let next = timers::next_due(&self.fleet, &self.live, self.now).min(end.mono);
            let step = next.since(self.now.mono).max(Duration::from_millis(1));
            self.now = self.now.after(step);
            self.settle();
        }
    }

    /// Time passes while these hosts send their heartbeats and results.
    pub fn pass_beating(&mut self, span: Duration, hosts: &[HostId]) {
        let mut left = span;
        while !left.is_zero() {
            hosts.iter().for_each(|host| self.beat(*host));
            let step = left.min(BEAT);
            self.pass(step);
            left -= step;
        }
        hosts.iter().for_each(|host| self.beat(*host));
    }

    /// The wall clock is set; the hub notices.
    pub fn set_clock(&mut self, by_ms: i64) {
        self.now.wall.0 += by_ms;
        self.feed(Input::ClockJumped(by_ms)).unwrap();
        self.settle();
    }

    /// A heartbeat with the newest results of all checks, as the intake takes it in.
    pub fn beat(&mut self, host: HostId) {
        let now = self.now;
        let known = self.live.hosts.entry(host).or_default();
        known.hear(now, known.promised);
        for check in self.fleet.checks.of_host(host) {
            let (state, summary, perfdata) = (check.state, check.summary.clone(), check.perfdata.clone());
            known.learn(check.check.clone(), Reading { state, summary, perfdata, at: now });
        }
        if self.host(host).state != HostState::Up {
            self.feed(Input::Heard(host)).unwrap();
        }
    }

    /// A host that enrolled with a token and is up.
    pub fn host_of(&mut self, name: &str, client: &str, class: HostClass) -> HostId {
        let host = self.enrolled(name, client, class);
        self.beat(host);
        host
    }

    /// A host of a site that is up.
    pub fn host_at(&mut self, name: &str, site: &str, class: HostClass) -> HostId {
        let secret_hash = self.drawn_hash();
        let place = (Some("acme".into()), Some(SiteId::from(site)));
        self.grant(TokenGrant { client: place.0, site: place.1, class, ..grant(secret_hash, Role::Agent) }).unwrap();
        let host = self.enrol(secret_hash, name).unwrap().recorded[0].host.unwrap();
        self.beat(host);
        host
    }

    /// The newest alert about a site of acme, open or not.
    pub fn about_site(&self, site: &str) -> Option<&Alert> {
        self.fleet.alerts.about(&"acme".into(), &Subject::Site(site.into())).map(|alert| &**alert)
    }

    /// Numbers of the open alerts that nothing holds back: those of which people are told.
    pub fn ringing(&self) -> Vec<u64> {
        self.fleet.alerts.open().filter(|alert| alert.holds.is_empty()).map(|alert| alert.id.0).collect()
    }

    /// A server that is up.
    pub fn server(&mut self, name: &str) -> HostId {
        self.host_of(name, "acme", HostClass::Server)
    }

    /// A host that enrolled and was never heard from.
    pub fn enrolled(&mut self, name: &str, client: &str, class: HostClass) -> HostId {
        let secret_hash = self.drawn_hash();
        self.grant(TokenGrant { client: Some(client.into()), class, ..grant(secret_hash, Role::Agent) }).unwrap();
        self.enrol(secret_hash, name).unwrap().recorded[0].host.unwrap()
    }

    /// 32 bytes nobody had before.
    pub fn drawn_hash(&mut self) -> [u8; 32] {
        self.drawn += 1;
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&self.drawn.to_be_bytes());
        hash
    }

    pub fn grant(&mut self, grant: TokenGrant) -> Result<Answer, Refusal> {
        self.act(&admin(), Targets::Ids(Vec::new()), Verb::CreateToken(grant))
    }

    pub fn enrol(&mut self, secret_hash: [u8; 32], name: &str) -> Result<Answer, Refusal> {
        let key_hash = self.drawn_hash();
        self.feed(Input::Enrol(EnrolRequest { secret_hash, key_hash, name: text(name), os: None }))
    }

    /// A result of a check, told as a fact.
    pub fn tell(&mut self, host: HostId, check: &str, state: CheckState, hard: bool) -> Result<Answer, Refusal> {
        let words = format!("{check} is {state}");
        self.tell_words(host, check, state, hard, &words)
    }

    pub fn tell_words(
        &mut self,
        host: HostId,
        check: &str,
        state: CheckState,
        hard: bool,
        words: &str,
    ) -> Result<Answer, Refusal> {
        self.tell_whole(host, check, (state, hard, words), self.now.wall)
    }

    /// A hard result that the host measured at this time by its own clock.
    pub fn tell_at(&mut self, host: HostId, check: &str, state: CheckState, at: Timestamp) {
        self.tell_whole(host, check, (state, true, check), at).unwrap();
    }

    fn tell_whole(
        &mut self,
        host: HostId,
        check: &str,
        (state, hard, words): (CheckState, bool, &str),
        at: Timestamp,
    ) -> Result<Answer, Refusal> {
        let reading = Reading { state, summary: text(words), perfdata: SafeText::default(), at: self.now };
        self.live.hosts.entry(host).or_default().learn(check.into(), reading);
        let body = FactBody::Check {
            name: check.into(),
            state,
            hard,
            attempt: 1,
            max_attempts: 3,
            summary: text(words),
            long_text: SafeText::default(),
            perfdata: SafeText::default(),
            interval_ms: 60_000,
        };
        self.drawn += 1;
        let fact = Fact { at, body };
        self.feed(Input::Fact { host, stream: StreamId(1), sequence: self.drawn, fact, output: None })
    }

    /// A hard result.
    pub fn hard(&mut self, host: HostId, check: &str, state: CheckState) {
        self.tell(host, check, state, true).unwrap();
    }

    /// A check that nothing measures any more.
    pub fn gone(&mut self, host: HostId, check: &str) {
        self.drawn += 1;
        let fact = Fact { at: self.now.wall, body: FactBody::Gone(check.into()) };
        self.feed(Input::Fact { host, stream: StreamId(1), sequence: self.drawn, fact, output: None }).unwrap();
    }

    /// What this asker asks for, seeing the newest revision.
    pub fn act(&mut self, asker: &Asker, targets: Targets, verb: Verb) -> Result<Answer, Refusal> {
        let action = self.action(asker, targets, verb);
        self.feed(Input::Action(action))
    }

    pub fn action(&mut self, asker: &Asker, targets: Targets, verb: Verb) -> Action {
        self.drawn += 1;
        let (id, seen) = (ActionId(u128::from(self.drawn)), self.fleet.revision);
        Action { id, asker: asker.clone(), seen, targets, dry_run: false, verb }
    }

    /// What an operator does to one alert; it must succeed.
    pub fn on(&mut self, alert: AlertId, verb: Verb) {
        let answer = self.act(&operator(), ids(&[alert]), verb).unwrap();
        assert_eq!((answer.done, answer.failed), (vec![alert.0], Vec::new()));
    }

    pub fn host(&self, host: HostId) -> &Host {
        &self.fleet.hosts.hosts[&host]
    }

    pub fn alert(&self, alert: AlertId) -> &Alert {
        &self.fleet.alerts.alerts[&alert]
    }

    /// The newest alert about a check, open or not.
    pub fn about(&self, host: HostId, check: &str) -> Option<&Alert> {
        let subject = Subject::Check { host, check: CheckName::from(check) };
        self.fleet.alerts.about(&self.host(host).client, &subject).map(|alert| &**alert)
    }

    /// The newest alert about a host itself, open or not.
    pub fn about_host(&self, host: HostId) -> Option<&Alert> {
        self.fleet.alerts.about(&self.host(host).client, &Subject::Host(host)).map(|alert| &**alert)
    }

    /// Numbers of the open alerts.
    pub fn open(&self) -> Vec<u64> {
        self.fleet.alerts.open().map(|alert| alert.id.0).collect()
    }

    /// Something that another rule decided about an alert.
    pub fn event(&mut self, event: crate::fleet::alerts::Event) {
        let alert = self.alert(event.alert());
        let audience = crate::fleet::identity::Audience::of_client(alert.client.clone());
        let revision = self.fleet.revision.next();
        let actor = crate::fleet::state::Actor::rule("test");
        let mut events = vec![(audience, Event::Alerts(event))];
        escalating::follow(&self.fleet, &self.live, &mut events, self.now);
        let entry = Entry { revision, at: self.now.wall, actor, events };
        self.fleet.apply(&entry);
        self.entries.push(entry);
    }

    /// What must hold at any time.
    pub fn check(&self) {
        let open = self.fleet.alerts.open().count();
        let lanes: usize = Lane::ALL.into_iter().map(|lane| self.fleet.alerts.count(lane)).sum();
        assert_eq!(lanes, open, "the lanes add up to the open alerts");
        for lane in Lane::ALL {
            let counted = self.fleet.alerts.open().filter(|alert| alert.lane() == lane).count();
            assert_eq!(self.fleet.alerts.count(lane), counted, "{}", lane.word());
        }
        let mut subjects: Vec<_> = self.fleet.alerts.open().map(|alert| (&alert.client, &alert.subject)).collect();
        subjects.sort_unstable();
        subjects.dedup();
        assert_eq!(subjects.len(), open, "one open alert per client and subject");
        for alert in self.fleet.alerts.alerts.values() {
            let behind = alert.holds.iter().any(|hold| matches!(hold, Hold::Parent(_) | Hold::Flapping));
            assert!(alert.is_open() || !behind, "{} is over", alert.subject);
        }
        let mut replica = Fleet::default();
        for entry in &self.entries {
            replica.apply(entry);
        }
        assert_eq!(replica, self.fleet, "a replay of the journal gives the same fleet");
    }
}

/// A person with these channels.
pub fn person(name: &str, channels: &[&str]) -> Person {
    let channels = channels.iter().map(|channel| ContactChannel { channel: text(channel), address: text("x") });
    Person {
        name: text(name),
        full_name: text(name),
        identities: vec![text(name)],
        zone: jiff::tz::TimeZone::UTC,
        channels: channels.collect(),
        source: Provenance::built_in(),
    }
}

/// A policy of these steps: after how long, and to whom as the file names them.
pub fn policy(name: &str, steps: &[(Duration, Vec<&str>)], repeat: Duration, rounds: u32) -> Policy {
    let receiver = |name: &&str| Receiver::from_text(name);
    let steps = steps.iter().map(|(after, to)| Step { after: *after, to: to.iter().map(receiver).collect() });
    Policy { name: text(name), steps: steps.collect(), repeat, rounds, source: Provenance::built_in() }
}

/// Somebody of a role who may see the whole fleet.
pub fn asker(name: &str, role: Role) -> Asker {
    Asker { cause: Cause::Identity(IdentityId(77)), name: text(name), role, scope: None }
}

pub fn operator() -> Asker {
    asker("mara", Role::Operator)
}

pub fn admin() -> Asker {
    asker("root", Role::Admin)
}

pub fn scoped(role: Role, client: &str) -> Asker {
    Asker { scope: Some(ClientId::from(client)), ..asker("lee", role) }
}

pub fn ids(ids: &[AlertId]) -> Targets {
    Targets::Ids(ids.to_vec())
}

pub fn filter(filter: &str, expected: Option<u64>) -> Targets {
    Targets::Filter { filter: Filter::parse(filter).unwrap(), expected }
}

pub fn ack(until: Until) -> Verb {
    Verb::Acknowledge { until, limit: None, note: text("on it") }
}

pub fn grant(secret_hash: [u8; 32], role: Role) -> TokenGrant {
    TokenGrant {
        secret_hash,
        role,
        client: None,
        site: None::<SiteId>,
        class: HostClass::Server,
        name: None,
        tags: Vec::new(),
        hands: Hands::None,
        ttl_ms: None,
    }
}

/// As if the asker had looked at this revision.
pub fn seen(action: Action, seen: Revision) -> Input {
    Input::Action(Action { seen, ..action })
}
