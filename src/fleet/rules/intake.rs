//! What other systems report: it opens, changes and resolves alerts as a check does. One input holds many; what is
//! repeated without news writes nothing and only goes on to hold.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::fleet::alerts::{Alert, Event as AlertEvent, External, Subject};
use crate::fleet::hosts::{self, Client, DEFAULT_CLIENT, Host};
use crate::fleet::identity::Audience;
use crate::fleet::rules::alerting::{self, Problem, for_client};
use crate::fleet::rules::decision::{Answer, Decision};
use crate::fleet::rules::externals::{Heard, RESOLVE_TIMEOUT};
use crate::fleet::rules::ledger::{Counters, Ledger};
use crate::fleet::rules::live::Live;
use crate::fleet::rules::reported::{PROMISE, Reported};
use crate::fleet::state::{Actor, Event, Fleet};
use crate::fleet::words::{AlertId, ClientId, HostId, Instant, Now, SafeText, SiteId};

/// The most clients that no file describes which alerts bring along; what names more of them is the default client's.
const MOST_NEW_CLIENTS: usize = 1_000;

/// Decides what another system reports. Of what stands in it twice the last counts.
pub fn take_in(
    fleet: &Fleet,
    ledger: &Ledger,
    actor: &Actor,
    scope: Option<&ClientId>,
    alerts: &[Reported],
    now: Now,
) -> Decision {
    let mut taking = Taking {
        fleet,
        counters: ledger.counters,
        hosts: hosts_named(fleet, alerts),
        new_clients: BTreeSet::new(),
        events: Vec::with_capacity(alerts.len() * 2),
        heard: Vec::with_capacity(alerts.len()),
        now,
    };
    let mut last: HashMap<(ClientId, Subject), usize> = HashMap::with_capacity(alerts.len());
    let keyed: Vec<_> = alerts.iter().map(|reported| (taking.client(scope, reported), subject(reported))).collect();
    for (at, key) in keyed.iter().enumerate() {
        last.insert(key.clone(), at);
    }
    for (at, ((client, subject), reported)) in keyed.into_iter().zip(alerts).enumerate() {
        let key = (client, subject);
        if last.get(&key) == Some(&at) {
            taking.one(&key.0, key.1, reported);
        }
    }
    let Taking { events, heard, .. } = taking;
    Decision { actor: actor.clone(), events, answer: Answer { heard, ..Answer::default() } }
}

/// Ends what nobody vouches for any more.
pub fn judge(fleet: &Fleet, live: &Live, now: Now, most: usize) -> Vec<(Audience, Event)> {
    let why = || Some(SafeText::new("its source does not report it any more"));
    let open = |id| fleet.alerts.alerts.get(&id).filter(|alert: &&Arc<Alert>| alert.is_open());
    let due = live.externals.due(now).filter_map(open).take(most);
    due.flat_map(|alert| for_client(&alert.client, alerting::resolve(alert, false, why()))).collect()
}

fn subject(reported: &Reported) -> Subject {
    Subject::External { source: reported.source.clone(), fingerprint: reported.fingerprint.clone() }
}

/// The hosts that the reports name, by name in small letters.
fn hosts_named<'f>(fleet: &'f Fleet, alerts: &[Reported]) -> BTreeMap<String, Vec<&'f Arc<Host>>> {
    let small = |name: &SafeText| name.as_str().to_ascii_lowercase();
    let mut named: BTreeMap<String, Vec<&Arc<Host>>> =
        alerts.iter().flat_map(|reported| &reported.hosts).map(|name| (small(name), Vec::new())).collect();
    if !named.is_empty() {
        for host in fleet.hosts.present() {
            if let Some(found) = named.get_mut(&small(&host.name)) {
                found.push(host);
            }
        }
    }
    named
}

struct Taking<'f> {
    fleet: &'f Fleet,
    counters: Counters,
    hosts: BTreeMap<String, Vec<&'f Arc<Host>>>,
    new_clients: BTreeSet<ClientId>,
    events: Vec<(Audience, Event)>,
    heard: Vec<Heard>,
    now: Now,
}

impl Taking<'_> {
    /// Whose problem it is. A client that no file describes comes into being with it.
    fn client(&mut self, scope: Option<&ClientId>, reported: &Reported) -> ClientId {
        let wanted = scope.or(reported.client.as_ref());
        let client = wanted.cloned().unwrap_or_else(|| ClientId::from(DEFAULT_CLIENT));
        // One name in memory for all alerts of a client.
        if let Some((known, _)) = self.fleet.hosts.clients.get_key_value(&client) {
            return known.clone();
        }
        if self.is_known(&client) || self.may_describe(scope.is_some()) {
            return client;
        }
        ClientId::from(DEFAULT_CLIENT)
    }

    fn is_known(&self, client: &ClientId) -> bool {
        self.fleet.hosts.clients.contains_key(client) || self.new_clients.contains(client)
    }

    fn may_describe(&self, scoped: bool) -> bool {
        let unconfigured = || self.fleet.hosts.clients.values().filter(|client| !client.configured).count();
        scoped || unconfigured() + self.new_clients.len() < MOST_NEW_CLIENTS
    }

    fn describe(&mut self, client: &ClientId) {
        if !self.is_known(client) {
            let event = hosts::Event::ClientDescribed(Client::unconfigured(client.clone()));
            self.events.push((Audience::of_client(client.clone()), Event::Hosts(event)));
            self.new_clients.insert(client.clone());
        }
    }

    /// The one host of the client that it names.
    fn host(&self, client: &ClientId, reported: &Reported) -> Option<&Arc<Host>> {
        reported.hosts.iter().find_map(|name| {
            let mut of_client = self
                .hosts
                .get(&name.as_str().to_ascii_lowercase())?
                .iter()
                .copied()
                .filter(|host| host.client == *client);
            let host = of_client.next()?;
            of_client.next().is_none().then_some(host)
        })
    }

    fn one(&mut self, client: &ClientId, subject: Subject, reported: &Reported) {
        let known = self.fleet.alerts.about(client, &subject);
        if reported.ends_at.is_some_and(|end| end <= self.now.wall) {
            if let Some(alert) = known.filter(|alert| alert.is_open() && ends(alert, reported)) {
                self.events.extend(for_client(client, alerting::resolve(alert, false, None)));
                self.heard.push(Heard { alert: alert.id, until: None, at: self.now.wall });
            }
            return;
        }
        if known.is_some_and(|alert| was_closed(alert, reported)) {
            return;
        }
        let open = known.filter(|alert| alert.is_open());
        let external = newest(open.and_then(|alert| alert.external.as_ref()), reported);
        let host = self.host(client, reported);
        let (host, at): (Option<HostId>, Option<SiteId>) =
            (host.map(|host| host.id), host.map(|host| host.site.clone()));
        let named = || {
            reported.site.clone().filter(|site| self.fleet.hosts.sites.contains_key(&(client.clone(), site.clone())))
        };
        let site = at.or_else(named);
        let problem = Problem {
            client,
            site: site.as_ref(),
            host,
            subject: &subject,
            level: reported.level,
            summary: &reported.summary,
        };
        let mut events = alerting::report(self.fleet, &mut self.counters, problem, self.now);
        let opened = events.iter().find_map(|event| match event {
            AlertEvent::Opened { alert, .. } => Some(*alert),
            _ => None,
        });
        let Some(id) = opened.or(known.map(|alert| alert.id)) else { return };
        let said_before = known.filter(|_| opened.is_none()).and_then(|alert| alert.external.as_ref());
        if said_before != Some(&external) {
            events.push(AlertEvent::Described { alert: id, external });
        }
        if !events.is_empty() {
            self.describe(client);
            self.events.extend(for_client(client, events));
        }
        self.hold(id, reported);
    }

    fn hold(&mut self, alert: AlertId, reported: &Reported) {
        let span = reported.ends_at.map_or(RESOLVE_TIMEOUT, |end| end.since(self.now.wall));
        let until: Instant = self.now.mono + span;
        self.heard.push(Heard { alert, until: Some(until), at: self.now.wall });
    }
}

/// Whether a report of an end is about the problem as it is now, not about one before it that arrives late.
fn ends(alert: &Alert, reported: &Reported) -> bool {
    match (reported.ends_at, &alert.external) {
        (Some(end), Some(external)) => reported.starts_at.is_none() || end >= external.starts_at,
        _ => true,
    }
}

/// Whether a person closed this very problem: a sender that goes on to send it opens it no more.
fn was_closed(alert: &Alert, reported: &Reported) -> bool {
    alert.closed_by_hand
        && !alert.is_open()
        && reported
            .starts_at
            .is_some_and(|start| alert.external.as_ref().is_some_and(|external| external.starts_at == start))
}

/// What is said of it now. It began when the earliest report says, whatever the order in which they arrive.
fn newest(known: Option<&Arc<External>>, reported: &Reported) -> Arc<External> {
    let Some(known) = known else { return Arc::clone(&reported.external) };
    let start = reported.starts_at.map_or(known.starts_at, |start| start.min(known.starts_at));
    let end = match (known.ends_at, reported.external.ends_at) {
        // A promise that moves a little with every report is the same promise.
        (Some(before), Some(end)) if end.since(before).max(before.since(end)) < PROMISE => Some(before),
        (_, end) => end,
    };
    if (start, end) == (reported.external.starts_at, reported.external.ends_at) {
        Arc::clone(&reported.external)
    } else {
        Arc::new(reported.external.at(start, end))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::fleet::alerts::{Lane, Until};
    use crate::fleet::hosts::DEFAULT_SITE;
    use crate::fleet::rules::fixture::{NONE, World, ack, min, s};
    use crate::fleet::rules::input::{Input, Verb};
    use crate::fleet::rules::reported::Sent;
    use crate::fleet::words::{CheckState, HostClass, Timestamp};

    const FIRST: AlertId = AlertId(1);

    /// One alert as it is sent now.
    #[derive(Clone, Default)]
    struct Told {
        labels: Vec<(String, String)>,
        summary: String,
        starts_at: Option<Timestamp>,
        ends_at: Option<Timestamp>,
    }

    fn told(labels: &[(&str, &str)]) -> Told {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Told { labels, summary: "it fails".to_owned(), ..Told::default() }
    }

    fn disk() -> Told {
        told(&[("alertname", "Disk"), ("client", "acme"), ("severity", "critical")])
    }

    impl Told {
        fn since(self, at: Timestamp) -> Self {
            Self { starts_at: Some(at), ..self }
        }

        fn until(self, at: Timestamp) -> Self {
            Self { ends_at: Some(at), ..self }
        }
    }

    fn post_as(world: &mut World, scope: Option<&str>, all: &[Told]) {
        let source = SafeText::new("alertmanager");
        let alerts = all
            .iter()
            .map(|told| {
                let sent = Sent {
                    labels: told.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
                    annotations: vec![("summary", told.summary.as_str())],
                    generator_url: "http://p/g",
                    starts_at: told.starts_at,
                    ends_at: told.ends_at,
                };
                Reported::read(&source, sent, world.now).unwrap()
            })
            .collect();
        world.feed(Input::External { actor: Actor::rule("prom"), scope: scope.map(ClientId::from), alerts }).unwrap();
    }

    fn post(world: &mut World, told: &Told) {
        post_as(world, None, std::slice::from_ref(told));
    }

    #[test]
    fn what_is_sent_opens_with_its_labels_and_brings_its_client_along() {
        let mut world = World::new();
        post(&mut world, &disk());
        let alert = world.alert(FIRST);
        assert_eq!(
            (alert.client.as_str(), alert.level, alert.summary.as_str()),
            ("acme", CheckState::Critical, "it fails")
        );
        assert_eq!(alert.external.as_ref().unwrap().label("alertname").as_deref(), Some("Disk"));
        assert!(world.fleet.hosts.clients.contains_key(&ClientId::from("acme")));
        post(&mut world, &told(&[("alertname", "NoClient")]));
        assert_eq!(world.alert(AlertId(2)).client.as_str(), DEFAULT_CLIENT);
        post_as(&mut world, Some("bolt"), &[disk()]);
        assert_eq!(world.alert(AlertId(3)).client.as_str(), "bolt", "a token's client is stronger than a label");
        world.check();
    }

    #[test]
    fn the_one_host_of_the_client_that_is_named_is_bound() {
        let mut world = World::new();
        let web = world.server("web-1");
        world.host_of("web-1", "bolt", HostClass::Server);
        for host in ["twin", "twin"] {
            world.server(host);
        }
        let named = |name: &str, client: &str| told(&[("alertname", "a"), ("instance", name), ("client", client)]);
        for told in [named("WEB-1:9100", "acme"), named("twin", "acme"), named("web-1", "other"), named("x", "acme")] {
            post(&mut world, &told);
        }
        let bound: Vec<_> = world.fleet.alerts.open().map(|alert| alert.host).collect();
        assert_eq!(bound, [Some(web), None, None, None]);
        assert_eq!(world.alert(FIRST).site.as_ref().map(|site| site.as_str()), Some(DEFAULT_SITE));
    }

    #[test]
    fn a_repeat_writes_nothing_and_holds_it() {
        let mut world = World::new();
        post(&mut world, &disk());
        let entries = world.entries.len();
        for _ in 0..20 {
            world.pass(min(4));
            post(&mut world, &disk());
        }
        assert_eq!((world.entries.len(), world.open()), (entries, vec![1]));
        world.pass(min(5) - s(1));
        assert_eq!(world.open(), [1]);
        world.pass(s(1));
        assert_eq!(world.open(), NONE, "nobody vouches for it any more");
        world.check();
    }

    #[test]
    fn news_change_it() {
        let mut world = World::new();
        post(&mut world, &disk());
        let entries = world.entries.len();
        post(&mut world, &Told { summary: "it fails more".to_owned(), ..disk() });
        assert_eq!(world.entries.len(), entries + 1);
        assert_eq!(world.alert(FIRST).summary.as_str(), "it fails more");
    }

    #[test]
    fn an_end_resolves_it_whatever_holds_it_and_a_repeat_of_the_end_is_nothing() {
        let mut world = World::new();
        post(&mut world, &disk());
        let until = world.now.wall + min(60);
        world.on(FIRST, Verb::Snooze { until, note: SafeText::default() });
        world.pass(s(10));
        let end = world.now.wall;
        for _ in 0..2 {
            post(&mut world, &disk().until(end));
            assert_eq!(world.open(), NONE);
        }
        let entries = world.entries.len();
        world.pass(min(1));
        post(&mut world, &disk().until(end));
        post(&mut world, &told(&[("alertname", "Other")]).until(end));
        assert_eq!(world.entries.len(), entries, "what was never open needs no end");
        post(&mut world, &disk());
        assert_eq!((world.open(), world.alert(FIRST).count), (vec![1], 2), "soon again is the same alert");
        world.check();
    }

    #[test]
    fn what_arrives_out_of_order_ends_or_begins_nothing() {
        let mut world = World::new();
        let begin = world.now.wall;
        world.pass(min(5));
        let again = world.now.wall;
        post(&mut world, &disk().since(again));
        post(&mut world, &disk().since(begin).until(begin + min(1)));
        assert_eq!(world.open(), [1], "that end was of the time before");
        let entries = world.entries.len();
        post(&mut world, &disk().since(again));
        assert_eq!(world.entries.len(), entries);
        post(&mut world, &disk().since(begin));
        assert_eq!(world.alert(FIRST).external.as_ref().unwrap().starts_at, begin);
        post(&mut world, &disk().since(again));
        assert_eq!(world.alert(FIRST).external.as_ref().unwrap().starts_at, begin, "it began when it first did");
    }

    #[test]
    fn what_begins_in_the_future_is_open_now() {
        let mut world = World::new();
        let start = world.now.wall + min(600);
        post(&mut world, &disk().since(start).until(start + min(5)));
        assert_eq!((world.open(), world.alert(FIRST).opened_at), (vec![1], world.now.wall));
        world.pass(min(604));
        assert_eq!(world.open(), [1], "its sender vouched for it until then");
        world.pass(min(1));
        assert_eq!(world.open(), NONE);
        world.check();
    }

    #[test]
    fn of_what_stands_twice_in_one_request_the_last_counts() {
        let mut world = World::new();
        let now = world.now.wall;
        post_as(&mut world, None, &[disk(), disk().until(now), Told { summary: "last".to_owned(), ..disk() }]);
        assert_eq!((world.open(), world.alert(FIRST).summary.as_str()), (vec![1], "last"));
    }

    #[test]
    fn a_restart_resolves_nothing_at_once_and_all_that_is_silent_later() {
        let mut world = World::new();
        post(&mut world, &disk());
        let promised = told(&[("alertname", "Promised")]).until(world.now.wall + min(120));
        post(&mut world, &promised);
        world.restart_after(min(60));
        world.settle();
        world.pass(min(5) - s(1));
        assert_eq!(world.open(), [1, 2]);
        world.pass(s(1));
        assert_eq!(world.open(), [2], "its sender vouched for it");
        world.pass(min(55));
        assert_eq!(world.open(), NONE);
        world.check();
    }

    #[test]
    fn a_clock_that_is_set_ends_nothing_that_is_still_sent() {
        for day in [86_400_000, -86_400_000] {
            let mut world = World::new();
            post(&mut world, &disk());
            world.set_clock(day);
            world.pass(min(4));
            assert_eq!(world.open(), [1]);
            post(&mut world, &disk());
            world.pass(min(4));
            assert_eq!(world.open(), [1], "{day}");
            world.pass(min(1));
            assert_eq!(world.open(), NONE, "{day}");
            world.check();
        }
    }

    #[test]
    fn what_a_person_closed_stays_closed_while_the_same_problem_is_sent() {
        let mut world = World::new();
        let begin = world.now.wall;
        post(&mut world, &disk().since(begin));
        world.on(FIRST, Verb::Close { note: SafeText::new("known") });
        post(&mut world, &disk().since(begin));
        assert_eq!(world.open(), NONE);
        world.pass(min(1));
        let again = world.now.wall;
        post(&mut world, &disk().since(again));
        assert_eq!(world.open(), [2], "another time is another problem");
    }

    #[test]
    fn who_has_it_has_it_still_when_it_is_sent_again() {
        let mut world = World::new();
        post(&mut world, &disk());
        world.on(FIRST, ack(Until::Worse));
        world.pass(min(4));
        post(&mut world, &disk());
        assert_eq!(world.alert(FIRST).lane(), Lane::Owned);
    }

    #[test]
    fn fifty_thousand_in_one_second_are_all_there_in_bounded_entries_and_end_in_bounded_entries() {
        let mut world = World::new();
        let names: Vec<String> = (0..50_000).map(|number| number.to_string()).collect();
        let before = world.entries.len();
        for part in names.chunks(crate::fleet::rules::input::MOST_REPORTED) {
            let all: Vec<Told> = part.iter().map(|name| told(&[("alertname", "Flood"), ("id", name)])).collect();
            post_as(&mut world, None, &all);
        }
        assert_eq!(world.fleet.alerts.count(Lane::New), 50_000);
        assert_eq!(world.entries.len() - before, 196);
        let before = world.entries.len();
        world.pass(min(5));
        assert_eq!((world.open(), world.entries.len() - before), (NONE.to_vec(), 50));
    }

    #[test]
    fn a_flood_of_names_makes_no_flood_of_clients() {
        let mut world = World::new();
        for number in 0..MOST_NEW_CLIENTS + 50 {
            post(&mut world, &told(&[("alertname", "a"), ("client", &format!("c{number}"))]));
        }
        let of_default = world.fleet.alerts.open().filter(|alert| alert.client.as_str() == DEFAULT_CLIENT).count();
        assert!(world.fleet.hosts.clients.len() <= MOST_NEW_CLIENTS + 1, "{}", world.fleet.hosts.clients.len());
        assert!(of_default >= 49, "{of_default}");
        assert_eq!(world.fleet.alerts.open().count(), MOST_NEW_CLIENTS + 50);
    }

    #[test]
    fn while_nobody_can_be_heard_nothing_ends() {
        let mut world = World::new();
        post(&mut world, &disk());
        world.pass(min(4));
        world.live.externals.spare(world.now);
        world.pass(min(5) - s(1));
        assert_eq!(world.open(), [1]);
        world.pass(Duration::from_secs(1));
        assert_eq!(world.open(), NONE);
    }
}
