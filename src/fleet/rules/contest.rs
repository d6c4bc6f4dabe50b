//! Two machines with one certificate: a cloned disk, a copied key. The intake notices; here it becomes an alert.

use std::time::Duration;

use crate::fleet::alerts::Subject;
use crate::fleet::identity::Audience;
use crate::fleet::rules::alerting::{self, Problem};
use crate::fleet::rules::folding::holds::HUB;
use crate::fleet::rules::ledger::Counters;
use crate::fleet::rules::live::Live;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{CheckState, HostId, Instant, Now, SafeText};

/// It is over when no second machine was noticed for this long: three times the longest wait of an agent that dials.
pub const OVER_AFTER: Duration = Duration::from_secs(180);

const SUMMARY: &str = "two machines use this host's certificate; enrol the copy anew (`watchfloor enrol TOKEN --replace` \
    there), or retire the host if a key was stolen";

/// What the alert about a host's certificate is about.
#[must_use]
pub fn subject(host: HostId) -> Subject {
    let fingerprint = SafeText::new(&format!("certificate-of-host-{host}"));
    Subject::External { source: SafeText::new(HUB), fingerprint }
}

/// Takes up after a start what was open before it: it ends when nothing is noticed any more.
pub fn resume(fleet: &Fleet, live: &mut Live) {
    for alert in fleet.alerts.open() {
        if let Some(host) = alert.host.filter(|host| alert.subject == subject(*host)) {
            live.hosts.entry(host).or_default().contested = Some(live.started);
        }
    }
}

/// What opens and ends now, at most `most` hosts at a time.
pub fn judge(fleet: &Fleet, counters: &mut Counters, live: &Live, now: Now, most: usize) -> Vec<(Audience, Event)> {
    let contested =
        live.hosts.iter().filter_map(|(host, known)| Some((fleet.hosts.hosts.get(host)?, known.contested?)));
    let mut events = Vec::new();
    for (host, noticed) in contested.filter(|(host, _)| !host.is_retired()) {
        let subject = subject(host.id);
        let about = if now.mono.since(noticed.mono) >= OVER_AFTER {
            alerting::recover(fleet, &host.client, &subject)
        } else {
            // What a person closed opens anew only when it is noticed again.
            let told = fleet.alerts.about(&host.client, &subject);
            if told.is_some_and(|alert| alert.resolved_at.is_none_or(|ended| ended >= noticed.wall)) {
                continue;
            }
            let problem = Problem {
                client: &host.client,
                site: Some(&host.site),
                host: Some(host.id),
                subject: &subject,
                level: CheckState::Critical,
                summary: &SafeText::new(SUMMARY),
            };
            alerting::report(fleet, counters, problem, now)
        };
        events.extend(alerting::for_client(&host.client, about));
        if events.len() >= most {
            break;
        }
    }
    events
}

/// The next moment at which [`judge`] may find something, by the monotonic clock: where nothing more is noticed, an
/// alert ends.
#[must_use]
pub fn next_judgement(fleet: &Fleet, live: &Live) -> Option<Instant> {
    let contested =
        live.hosts.iter().filter_map(|(host, known)| Some((fleet.hosts.hosts.get(host)?, known.contested?)));
    let open = contested
        .filter(|(host, _)| fleet.alerts.about(&host.client, &subject(host.id)).is_some_and(|alert| alert.is_open()));
    open.map(|(_, noticed)| noticed.mono + OVER_AFTER).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::rules::fixture::{NONE, World, min, s};
    use crate::fleet::rules::input::Verb;
    use crate::fleet::words::AlertId;

    fn notice(world: &mut World, host: HostId) {
        world.live.hosts.entry(host).or_default().contested = Some(world.now);
        world.settle();
    }

    #[test]
    fn a_shared_certificate_is_one_alert_however_often_it_is_noticed() {
        let mut world = World::new();
        let web = world.server("web");
        let before = world.entries.len();
        for _ in 0..100 {
            notice(&mut world, web);
            world.now = world.now.after(s(1));
            world.beat(web);
        }
        assert_eq!((world.open(), world.entries.len() - before), (vec![1], 1));
        let alert = world.alert(AlertId(1));
        assert_eq!((alert.host, alert.level), (Some(web), CheckState::Critical));
        world.pass_beating(OVER_AFTER - s(2), &[web]);
        assert_eq!(world.open(), [1]);
        world.pass_beating(s(10), &[web]);
        assert_eq!(world.open(), NONE, "the other machine is gone");
        notice(&mut world, web);
        assert_eq!(world.open(), [1], "soon after it is the same alert");
        world.check();
    }

    #[test]
    fn it_ends_after_a_restart_too() {
        let mut world = World::new();
        let web = world.server("web");
        notice(&mut world, web);
        world.restart();
        world.pass_beating(min(2), &[web]);
        assert_eq!(world.open(), [1]);
        world.pass_beating(min(2), &[web]);
        assert_eq!(world.open(), NONE);
        world.check();
    }

    #[test]
    fn what_a_person_closed_opens_only_when_it_is_noticed_again() {
        let mut world = World::new();
        let web = world.server("web");
        notice(&mut world, web);
        world.now = world.now.after(s(1));
        world.on(AlertId(1), Verb::Close { note: SafeText::default() });
        world.pass_beating(s(30), &[web]);
        assert_eq!(world.open(), NONE);
        notice(&mut world, web);
        assert_eq!(world.open(), [2]);
    }
}
