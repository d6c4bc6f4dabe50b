//! Whether the line of a site is dead. Hosts that fall silent together are one problem, and nobody is told of any of them
//! before it is known which: the first of them waits as well.
//!
//! The line is dead when all hosts of the site that were up and are expected have missed their heartbeats since the last
//! sign of life from there, there are at least two of them, and [`HOLD`] has passed since the last of them fell silent.
//! Any sign of life from the site ends it at once; who is not heard then is given its own limit from that moment, and the
//! time that its agent may wait before it dials again.
//!
//! Nothing of it is stored: that a line is dead is known by the alert about the site and by the reasons of its silent
//! hosts, so that every replica agrees.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::fleet::alerts::Subject;
use crate::fleet::hosts::{Host, HostState, LONGEST_REDIAL, SHORT_OUTAGE};
use crate::fleet::identity::Audience;
use crate::fleet::rules::alerting::{self, Problem};
use crate::fleet::rules::ledger::Counters;
use crate::fleet::rules::live::Live;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{CheckState, ClientId, Instant, Now, SafeText, SiteId, Timestamp};

/// How long after hosts of one site fell silent together it is decided what that is.
pub const HOLD: Duration = Duration::from_secs(15);
/// A line has at least so many hosts behind it.
const LEAST_HOSTS: usize = 2;

/// A host whose silence says something about its site.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// When it fell silent; `None` while it is not.
    pub silent_at: Option<Instant>,
    /// When it was heard last, or the start of this hub process.
    pub anchor: Instant,
    /// The time between its heartbeats.
    pub pace: Duration,
    /// Whether others of its site were heard again before it.
    pub waits_for_line: bool,
}

/// What is known of the line of one site, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Nothing is heard from there, and it was judged that the line is why.
    pub dead: bool,
    /// When that is decided, if nothing is heard until then.
    pub due: Option<Instant>,
    /// That is to be said now.
    is_news: bool,
    /// Any host there is up.
    lives: bool,
    /// The newest sign of life from there, in this hub process.
    heard: Option<Instant>,
    /// When hosts there were heard after a gap.
    returns: BTreeSet<Instant>,
    members: Vec<Member>,
    /// Silent hosts.
    silent: usize,
    /// When the newest of them was seen last.
    seen: Option<Timestamp>,
    /// The time between two heartbeats as configured.
    beat: Duration,
}

impl Line {
    /// From when the limit of a silent host counts: its last sign of life; where others of its site are back and it was
    /// not heard yet, their return, and the time it may take to dial again after a long outage.
    pub fn counted_from(&self, anchor: Instant, silent: Instant, waits_for_line: bool) -> Instant {
        let back = self.returns.range(silent..).next().filter(|_| waits_for_line);
        back.map_or(anchor, |back| match back.since(anchor) > SHORT_OUTAGE {
            true => *back + LONGEST_REDIAL,
            false => *back,
        })
    }

    /// Until when a host that is due to be down is not judged, because others of its site fell silent with it; `None`:
    /// it is on its own.
    pub fn holds(&self, counted: Instant, silent: Instant, pace: Duration, now: Instant) -> Option<Instant> {
        if self.heard_since(missed(counted, pace)) {
            return None;
        }
        let late = self.together().filter(|member| member.silent_at.is_some() || self.missed(member) <= now);
        if late.count() < LEAST_HOSTS {
            return None;
        }
        let within = silent + self.beat;
        let last = self.together().map(|member| member.silent_at.map_or(within, |at| at.min(within))).max();
        last.map(|last| last.max(silent) + HOLD).filter(|until| now < *until)
    }

    /// When it is decided that the line is dead, if nothing is heard until then.
    fn verdict(&self) -> Option<Instant> {
        let silent: Option<Vec<Instant>> = self.together().map(|member| member.silent_at).collect();
        let silent = silent.filter(|silent| silent.len() >= LEAST_HOSTS)?;
        silent.into_iter().max().map(|last| last + HOLD)
    }

    /// Those who have not missed a heartbeat before the last sign of life from their site: what ended with it.
    fn together(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| !self.heard_since(self.missed(member)))
    }

    fn missed(&self, member: &Member) -> Instant {
        let silent = member.silent_at.unwrap_or(member.anchor);
        missed(self.counted_from(member.anchor, silent, member.waits_for_line), member.pace)
    }

    fn heard_since(&self, at: Instant) -> bool {
        self.heard.is_some_and(|heard| heard >= at)
    }
}

/// When a heartbeat is missed, some lateness allowed.
fn missed(heard: Instant, pace: Duration) -> Instant {
    heard + pace * 6 / 5
}

/// The lines of all sites at which a host is silent, or about which an alert is open; `member` says what a host counts.
pub fn lines<'f>(
    fleet: &'f Fleet,
    live: &Live,
    now: Now,
    mut member: impl FnMut(&'f Host) -> Option<Member>,
) -> BTreeMap<(&'f ClientId, &'f SiteId), Line> {
    let silent = fleet.hosts.hosts.values().filter(|host| host.state == HostState::Silent);
    let silent = silent.map(|host| (&host.client, &host.site));
    let told = fleet.alerts.roots().filter_map(|alert| match &alert.subject {
        Subject::Site(site) => Some((&alert.client, site)),
        _ => None,
    });
    let line = || Line { beat: live.configuration.heartbeat, ..Line::default() };
    let mut lines: BTreeMap<_, Line> = silent.chain(told).map(|place| (place, line())).collect();
    if lines.is_empty() {
        return lines;
    }
    let mut judged = BTreeSet::new();
    for host in fleet.hosts.hosts.values() {
        let place = (&host.client, &host.site);
        let Some(line) = lines.get_mut(&place) else { continue };
        let known = live.hosts.get(&host.id);
        line.lives |= host.state == HostState::Up;
        line.heard = line.heard.max(known.and_then(|known| known.last_seen).map(|seen| seen.mono));
        line.returns.extend(known.and_then(|known| known.back));
        line.members.extend(member(host));
        if host.state == HostState::Silent {
            line.silent += 1;
            line.seen = line.seen.max(host.last_seen);
        }
        if host.is_behind_line() {
            judged.insert(place);
        }
    }
    for (place, line) in &mut lines {
        let about = fleet.alerts.about(place.0, &Subject::Site(place.1.clone()));
        let is_open = about.is_some_and(|alert| alert.is_open());
        let is_known = is_open || judged.contains(place);
        let verdict = line.verdict().filter(|_| !is_known && !line.lives);
        let is_due = verdict.is_some_and(|at| at <= now.mono);
        line.due = verdict.filter(|at| *at > now.mono);
        line.dead = (is_known && !line.lives) || is_due;
        // What a person closed is not opened anew before the line was back.
        let closed = about.is_some_and(|alert| alert.closed_by_hand) && !is_due;
        line.is_news = line.dead && line.silent > 0 && !closed;
    }
    lines
}

/// What is to be said of the lines: alerts about those that are dead, with words that are current, and the end of those
/// about lines that live or have no host behind them any more.
pub fn judge(
    fleet: &Fleet,
    counters: &mut Counters,
    lines: &BTreeMap<(&ClientId, &SiteId), Line>,
    now: Now,
) -> Vec<(Audience, Event)> {
    let mut events = Vec::new();
    for (place, line) in lines {
        let (client, site) = *place;
        let subject = Subject::Site(site.clone());
        let about = if line.is_news {
            let summary = SafeText::new(&words(client, site, line));
            let problem = Problem {
                client,
                site: Some(site),
                host: None,
                subject: &subject,
                level: CheckState::Critical,
                summary: &summary,
            };
            alerting::report(fleet, counters, problem, now)
        } else if line.dead && fleet.hosts.present().any(|host| host.client == *client && host.site == *site) {
            Vec::new()
        } else {
            alerting::recover(fleet, client, &subject)
        };
        events.extend(alerting::for_client(client, about));
    }
    events
}

fn words(client: &ClientId, site: &SiteId, line: &Line) -> String {
    let hosts = if line.silent == 1 { "host" } else { "hosts" };
    let since = line.seen.map_or_else(String::new, |seen| format!(" since {}", utc(seen)));
    format!("line of {client}/{site} is dead: {} {hosts} silent{since}", line.silent)
}

/// `03:10 UTC`.
fn utc(at: Timestamp) -> String {
    let minutes = at.0.div_euclid(60_000).rem_euclid(24 * 60);
    format!("{:02}:{:02} UTC", minutes / 60, minutes % 60)
}
