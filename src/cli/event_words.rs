//! Every event as a line that people read.

use jiff::tz::TimeZone;

use crate::cli::query::Answer;
use crate::fleet::alerts::Until;
use crate::fleet::state::Event;
use crate::fleet::words::duration::short;
use crate::fleet::words::{CheckState, HostId, JobId, SafeText, Timestamp};
use crate::fleet::{alerts, backups, checks, commands, hosts, identity, notices, oncall, pings, profile, windows};

/// One event in words. Who caused it stands beside.
#[must_use]
pub fn event_words(answer: &Answer, event: &Event, zone: &TimeZone) -> String {
    let teller = Teller { answer, zone };
    match event {
        Event::Profile(event) => teller.profile(event),
        Event::Hosts(event) => teller.hosts(event),
        Event::Checks(event) => teller.checks(event),
        Event::Alerts(event) => teller.alerts(event),
        Event::Pings(event) => pings_words(event),
        Event::Commands(event) => teller.commands(event),
        Event::Backups(event) => teller.backups(event),
        Event::Notices(event) => teller.notices(event),
        Event::Windows(event) => teller.windows(event),
        Event::OnCall(event) => teller.oncall(event),
        Event::Identity(event) => teller.identity(event),
        Event::Unknown => "something that only a newer release can tell".to_owned(),
    }
}

/// A moment on the wall clock of a zone, for people.
#[must_use]
pub fn wall_clock(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// As [`wall_clock`]; without the date where that is `now`'s.
#[must_use]
pub fn short_clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (wall_clock(at, zone), wall_clock(now, zone));
    match (at.split_once(' '), now.split_once(' ')) {
        (Some((day, time)), Some((today, _))) if day == today => time.to_owned(),
        _ => at,
    }
}

struct Teller<'t> {
    answer: &'t Answer,
    zone: &'t TimeZone,
}

impl Teller<'_> {
    fn time(&self, at: Timestamp) -> String {
        short_clock(at, self.answer.hub_time, self.zone)
    }

    fn host(&self, host: HostId) -> String {
        match self.answer.host_name(host) {
            Some(name) => format!("{} ({host})", name.as_str()),
            None => format!("host {host}"),
        }
    }

    fn profile(&self, event: &profile::Event) -> String {
        use profile::Event;
        match event {
            Event::HubStarted { version, waits_until } => {
                format!("hub {} started; judges silence from {}", version.as_str(), self.time(*waits_until))
            }
            Event::JudgingBegan => "the hub judges silence again".to_owned(),
            Event::ClockJumped { by_ms } => format!("the hub's clock jumped by {} s", by_ms / 1000),
            Event::Refused { who, what, why, count, identity: _ } => {
                let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
                format!("refused {} to {}: {}{times}", what.as_str(), who.as_str(), why.as_str())
            }
            Event::ConfigurationApplied { changes, hash: _ } => match changes.as_slice() {
                [] => "configuration applied; nothing changed".to_owned(),
                [first] => format!("configuration applied: {}", first.as_str()),
                [first, rest @ ..] => {
                    format!("configuration applied: {} and {} more changes", first.as_str(), rest.len())
                }
            },
            Event::Renamed { name } => format!("the fleet is called {}", name.as_str()),
        }
    }

    fn hosts(&self, event: &hosts::Event) -> String {
        use hosts::Event;
        match event {
            Event::ClientDescribed(client) => format!("client {} described as {}", client.id, client.name.as_str()),
            Event::SiteDescribed(site) => {
                format!("site {} of {} described as {}", site.id, site.client, site.name.as_str())
            }
            Event::Enrolled { host, name, client, site, class, .. } => {
                format!("{} ({host}) enrolled: a {class} at {client}, {site}", name.as_str())
            }
            Event::Described { host, os } => {
                format!("{} runs {} {}", self.host(*host), os.os_name.as_str(), os.os_version.as_str())
            }
            Event::StateChanged { host, state, reason, last_seen: _ } => {
                format!("{} is {state}{}", self.host(*host), said(Some(reason)))
            }
            Event::Retired { host } => format!("{} retired", self.host(*host)),
            Event::Archived { host } => format!("{} archived", self.host(*host)),
            Event::FactsLost { host, from, to, stream: _ } => {
                format!("{} lost facts {from} to {to} before they could be sent", self.host(*host))
            }
        }
    }

    fn checks(&self, event: &checks::Event) -> String {
        use checks::Event;
        match event {
            Event::Changed { host, check, state, hard, attempt, max_attempts, summary, .. } => {
                let soft = if *hard { String::new() } else { format!(" (try {attempt} of {max_attempts})") };
                format!("{check} on {} is {state}{soft}{}", self.host(*host), said(Some(summary)))
            }
            Event::Stale { host, check, stale: true } => format!("{check} on {} is stale", self.host(*host)),
            Event::Stale { host, check, stale: false } => {
                format!("{check} on {} reports again", self.host(*host))
            }
            Event::Flapping { host, check, flapping: true } => {
                format!("{check} on {} is flapping: it changes its mind too often to be believed", self.host(*host))
            }
            Event::Flapping { host, check, flapping: false } => {
                format!("{check} on {} has come to rest", self.host(*host))
            }
            Event::Removed { host, check } => format!("{check} no longer runs on {}", self.host(*host)),
            Event::Asked { host, check: Some(check) } => format!("asked {} for {check} now", self.host(*host)),
            Event::Asked { host, check: None } => format!("asked {} for all its checks now", self.host(*host)),
        }
    }

    fn job(&self, job: JobId) -> String {
        match self.answer.fleet.backups.jobs.get(&job) {
            Some(known) => format!("backup {} ({job})", known.description.name),
            None => format!("backup job {job}"),
        }
    }

    fn backups(&self, event: &backups::Event) -> String {
        use backups::Event;
        match event {
            Event::Described(job) => {
                let host = job.host.map_or_else(|| job.host_name.to_string(), |host| self.host(host));
                format!("backup {} ({}) of {host} is promised every {}", job.name, job.id, short(job.every))
            }
            Event::Removed { job } => format!("{} is not promised any more", self.job(*job)),
            Event::Read { job, found, .. } => match found.trouble {
                Some(trouble) => format!("{} read: {}{}", self.job(*job), trouble.words(), said(Some(&found.words))),
                None => {
                    let newest = found.newest.map_or_else(|| "none whole".to_owned(), |at| self.time(at));
                    format!("{} read: {} restorable, newest {newest}", self.job(*job), found.restorable)
                }
            },
            Event::Judged { job, state, why, .. } => format!("{} is {state}{}", self.job(*job), said(Some(why))),
            Event::Reviewed { job, by } => format!("{} reviewed by {}", self.job(*job), by.as_str()),
            Event::Asked { job } => format!("{} to be read now", self.job(*job)),
        }
    }

    fn oncall(&self, event: &oncall::Event) -> String {
        use oncall::Event;
        match event {
            Event::PersonDescribed(person) => format!("{} ({}) can be told", person.name, person.full_name),
            Event::PersonRemoved { person } => format!("{person} can be told no more"),
            Event::PolicyDescribed(policy) => {
                format!("policy {} has {} steps in {} rounds", policy.name, policy.steps.len(), policy.rounds)
            }
            Event::PolicyRemoved { policy } => format!("policy {policy} counts no more"),
            Event::DutyChanged(roster) => {
                let next = roster
                    .changes_at
                    .map_or_else(String::new, |at| format!(", {} from {}", people(&roster.next), self.time(at)));
                format!("{} on duty by {}{next}", people(&roster.now), roster.schedule)
            }
            Event::ScheduleRemoved { schedule } => format!("schedule {schedule} counts no more"),
            Event::Overridden { schedule, over } => format!(
                "{} stands in on {schedule} from {} until {} (override {}){}",
                over.person,
                self.time(over.from),
                self.time(over.until),
                over.id,
                said(Some(&over.note))
            ),
            Event::OverrideEnded { schedule, id } => format!("override {id} of {schedule} ended"),
            Event::HandOverOffered { from, to, note } => {
                format!("{from} hands over to {to}, who has not accepted yet{}", said(Some(note)))
            }
            Event::HandOverEnded { from, to, accepted: true } => format!("{to} took over what {from} had"),
            Event::HandOverEnded { from, to, accepted: false } => format!("{from} hands over to {to} no more"),
        }
    }

    fn alerts(&self, event: &alerts::Event) -> String {
        use alerts::Event;
        let alert = event.alert();
        match event {
            Event::Opened { client, host, level, summary, .. } => {
                let place = host.map_or_else(|| client.to_string(), |host| self.host(host));
                format!("alert {alert} opened: {} at {place}{}", level_word(*level), said(Some(summary)))
            }
            Event::Reopened { level, summary, .. } => {
                format!("alert {alert} reopened: {}{}", level_word(*level), said(Some(summary)))
            }
            Event::LevelChanged { level, summary, worse, .. } => {
                let how = if *worse { "got worse" } else { "changed" };
                format!("alert {alert} {how}: {}{}", level_word(*level), said(Some(summary)))
            }
            Event::Resolved { by_hand: true, note, .. } => {
                format!("alert {alert} closed by hand{}", said(note.as_ref()))
            }
            Event::Resolved { note, .. } => format!("alert {alert} resolved{}", said(note.as_ref())),
            Event::Acknowledged { acknowledgement, .. } => {
                let until = match acknowledgement.until {
                    Until::Worse => "it gets worse".to_owned(),
                    Until::Resolved => "it is resolved".to_owned(),
                    Until::Time(end) => self.time(end),
                };
                let by = acknowledgement.by.as_str();
                format!("alert {alert} acknowledged by {by} until {until}{}", said(Some(&acknowledgement.note)))
            }
            Event::AcknowledgementEnded { why, .. } => format!("alert {alert} has no owner any more: {why}"),
            Event::Snoozed { snooze, .. } => format!(
                "alert {alert} snoozed by {} until {}{}",
                snooze.by.as_str(),
                self.time(snooze.until),
                said(Some(&snooze.note))
            ),
            Event::SnoozeEnded { .. } => format!("the snooze of alert {alert} ended"),
            Event::Escalated { escalation, note, .. } => format!(
                "alert {alert} escalated to step {} by {}{}",
                escalation.step,
                escalation.by.as_str(),
                said(note.as_ref())
            ),
            Event::Released { by, to: Some(to), note, .. } => {
                format!("alert {alert} handed to {} by {}{}", to.as_str(), by.as_str(), said(note.as_ref()))
            }
            Event::Released { by, note, .. } => {
                format!("alert {alert} released by {}{}", by.as_str(), said(note.as_ref()))
            }
            Event::Noted { by, note, .. } => format!("alert {alert}: {} says: {}", by.as_str(), note.as_str()),
            Event::Archived { .. } => format!("alert {alert} went to the archive"),
            Event::Described { external, .. } => {
                format!(
                    "alert {alert} is described by its source: {}",
                    SafeText::line(&external.labels_json()).as_str()
                )
            }
            Event::Held { hold, .. } => format!("alert {alert} is held back: {}", hold),
            Event::HoldEnded { hold, .. } => format!("alert {alert} is not held back any more: {}", hold),
            Event::Planned { plan, .. } => format!("alert {alert}: {}", self.plan(plan)),
            Event::Notified { step, to, plan, .. } => {
                format!("alert {alert}: step {step} told {}; {}", listed(to), self.plan(plan))
            }
            Event::RecoveryTold { .. } => format!("alert {alert}: those who were told of it are told that it ended"),
            Event::ReminderSet { reminder, .. } => format!(
                "alert {alert}: {} wants to be reminded at {}{}",
                reminder.by.as_str(),
                self.time(reminder.at),
                said(Some(&reminder.text))
            ),
            Event::ReminderEnded { at, by, came: true, .. } => {
                format!("alert {alert}: the reminder of {} for {} came", by.as_str(), self.time(*at))
            }
            Event::ReminderEnded { at, by, .. } => {
                format!("alert {alert}: the reminder of {} for {} was taken back", by.as_str(), self.time(*at))
            }
        }
    }

    /// What comes next, or why nothing.
    fn plan(&self, plan: &alerts::Plan) -> String {
        let next = plan.next.as_ref().map(|next| {
            format!(
                "next notice at {} to {} (step {}, round {})",
                self.time(next.at),
                listed(&next.to),
                next.step,
                next.round
            )
        });
        let why = (!plan.why.as_str().is_empty()).then(|| plan.why.to_string());
        match (why, next) {
            (Some(why), Some(next)) => format!("{why}; {next}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "no notice comes".to_owned(),
        }
    }

    fn windows(&self, event: &windows::Event) -> String {
        use windows::Event;
        let id = event.window();
        let times = |one: &windows::Occurrence| format!("{} to {}", self.time(one.from), self.time(one.until));
        match event {
            Event::Created(window) => format!(
                "window {id} made by {}: holds back {}, {}{}",
                window.by.as_str(),
                window.scope,
                match &window.times {
                    windows::Times::Once(once) => times(once),
                    windows::Times::Recurring(recurrence) => recurrence.to_string(),
                },
                said(Some(&window.name))
            ),
            Event::Began { occurrence, .. } => format!("window {id} began, until {}", self.time(occurrence.until)),
            Event::Looked { through: None, .. } => format!("window {id} has looked at all open alerts"),
            Event::Looked { through: Some(alert), .. } => {
                format!("window {id} has looked at the open alerts up to {alert}")
            }
            Event::Ended { next: Some(next), .. } => format!("window {id} ended; its next time is {}", times(next)),
            Event::Ended { next: None, .. } => format!("window {id} ended for good"),
            Event::Closed { by, note, .. } => format!("window {id} ended by {}{}", by.as_str(), said(note.as_ref())),
            Event::Changed { occurrence, by, .. } => {
                format!("window {id}: {} made it {}", by.as_str(), times(occurrence))
            }
            Event::Planned { next: Some(next), .. } => {
                format!("window {id}: the clock was set, its next time is {}", times(next))
            }
            Event::Planned { next: None, .. } => format!("window {id}: the clock was set, it goes on"),
            Event::Archived { .. } => format!("window {id} went to the archive"),
        }
    }

    fn notices(&self, event: &notices::Event) -> String {
        use notices::Event;
        let id = event.notice();
        match event {
            Event::Queued(notice) => format!(
                "notice {id} ({}) to {} by {}: {} {}",
                notice.kind.word(),
                notice.to.as_str(),
                listed(&notice.channels),
                notice.count,
                if notice.count == 1 { "alert" } else { "alerts" },
            ),
            Event::Sent { receipt, .. } => format!("notice {id} sent{}", said(Some(receipt))),
            Event::Delivered { receipt, .. } => format!("notice {id} arrived{}", said(Some(receipt))),
            Event::FellOver { channel, why, .. } => {
                format!("notice {id} is tried by channel {} now: {}", channel + 1, why.as_str())
            }
            Event::Failed { why, .. } => format!("notice {id} reached nobody: {}", why.as_str()),
            Event::Answered { by, how, .. } => format!("notice {id} answered by {} ({})", by.as_str(), how.as_str()),
            Event::Archived { .. } => format!("notice {id} went to the archive"),
        }
    }

    fn commands(&self, event: &commands::Event) -> String {
        use commands::Event;
        let command = event.command();
        match event {
            Event::Asked { command, client, hosts } => {
                let (id, what, by) = (command.id, command.argv.shown(), command.by.as_str());
                format!("command {id} asked for by {by} on {} of {client}: {}", hosts_counted(hosts), what.as_str())
            }
            Event::Changed { state, hosts, why, .. } => {
                format!("command {command} is {state} on {}{}", self.hosts_named(hosts), said(Some(why)))
            }
            Event::Reported { host, report, .. } => {
                let how = match (report.code, report.signal) {
                    (_, Some(signal)) => format!(" (signal {signal})"),
                    (Some(code), None) if code != 0 => format!(" (code {code})"),
                    _ => String::new(),
                };
                format!("command {command} on {}: {}{how}{}", self.host(*host), report.state, said(Some(&report.why)))
            }
            Event::CancelAsked { hosts, by, .. } => {
                format!("command {command}: {} wants it killed on {}", by.as_str(), self.hosts_named(hosts))
            }
            Event::Archived { .. } => format!("command {command} went to the archive"),
        }
    }

    fn hosts_named(&self, hosts: &[HostId]) -> String {
        if let [host] = hosts { self.host(*host) } else { hosts_counted(hosts) }
    }

    fn identity(&self, event: &identity::Event) -> String {
        use identity::Event;
        match event {
            Event::TokenCreated(token) => {
                let end = token
                    .expires_at
                    .map_or_else(|| "without end".to_owned(), |end| format!("until {}", self.time(end)));
                format!("token {} made for the role {}, {end}", token.id, token.role)
            }
            Event::TokenEnded { token, status } => format!("token {token} {}", status.word()),
            Event::Recorded(identity) => {
                format!("{} joined as {} (identity {})", identity.name.as_str(), identity.role, identity.id)
            }
            Event::Revoked { identity } => format!("identity {identity} revoked"),
            Event::TokenArchived { token } => format!("token {token} archived"),
            Event::Archived { identity } => format!("identity {identity} archived"),
            Event::RoleChanged { identity, role } => format!("identity {identity} is {role} now"),
            Event::Renewed { identity, not_after, .. } => {
                format!("certificate of identity {identity} renewed until {}", self.time(*not_after))
            }
        }
    }
}

fn people(names: &[SafeText]) -> String {
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.iter().map(SafeText::as_str).collect::<Vec<_>>().join(", ")
    }
}

fn hosts_counted(hosts: &[HostId]) -> String {
    if hosts.len() == 1 { "1 host".to_owned() } else { format!("{} hosts", hosts.len()) }
}

fn level_word(level: CheckState) -> String {
    level.word().to_owned()
}

fn listed(names: &[SafeText]) -> String {
    match names {
        [] => "nobody".to_owned(),
        names => names.iter().map(SafeText::as_str).collect::<Vec<_>>().join(", "),
    }
}

fn said<T: AsRef<str>>(text: Option<&T>) -> String {
    match text.map(AsRef::as_ref) {
        None | Some("") => String::new(),
        Some(text) => format!(": {}", SafeText::new(text).as_str()),
    }
}

fn pings_words(event: &pings::Event) -> String {
    use pings::Event;
    let ping = event.ping();
    match event {
        Event::Described(description) => {
            format!("ping {ping} of {} is expected every {}", description.client, short(description.period))
        }
        Event::Removed { .. } => format!("ping {ping} is expected no more"),
        Event::Heard { signal, state, took, .. } => {
            let took = took.map_or_else(String::new, |took| format!(" after {}", short(took)));
            format!("ping {ping} said {}{took}, it is {}", signal.word(), state.word())
        }
        Event::Judged { state, .. } => format!("ping {ping} is {}", state.word()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::alerts::Acknowledgement;
    use crate::fleet::words::AlertId;

    #[test]
    fn who_did_what_and_why_is_one_line() {
        let acknowledgement = Acknowledgement {
            by: "okafor".into(),
            at: Timestamp(0),
            until: Until::Worse,
            note: "calling\nthem".into(),
            level: CheckState::Critical,
            expires: None,
            limit: None,
        };
        let event = Event::Alerts(alerts::Event::Acknowledged { alert: AlertId(12), acknowledgement });
        let words = event_words(&Answer::default(), &event, &TimeZone::UTC);
        assert_eq!(words, "alert 12 acknowledged by okafor until it gets worse: calling⏎them");
        let event = Event::Checks(checks::Event::Asked { host: HostId(3), check: None });
        assert_eq!(event_words(&Answer::default(), &event, &TimeZone::UTC), "asked host 3 for all its checks now");
    }
}
