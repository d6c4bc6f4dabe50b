//! What becomes of the verdicts: states, and alerts that fold. Jobs of a dead host raise nothing, the host did; jobs of a
//! dead repository raise one alert together, and what a host missed while it was away is not held against it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::alerts::Subject;
use crate::fleet::backups::{Event, Job, State};
use crate::fleet::derived::behind::see;
use crate::fleet::identity::Audience;
use crate::fleet::rules::alerting::{self, Problem};
use crate::fleet::rules::backups::about;
use crate::fleet::rules::backups::verdict::{Alarm, Verdict, verdict};
use crate::fleet::rules::ledger::Counters;
use crate::fleet::rules::live::Live;
use crate::fleet::state::{self, Fleet};
use crate::fleet::words::{CheckState, ClientId, Now, SafeText, Timestamp};

/// A host that came back has this long, or its job's grace if that is longer, before a missed backup raises an alert.
const LEAST_SPARED: Duration = Duration::from_secs(60 * 60);
/// Names of folded jobs that are spelled out.
const NAMES: usize = 5;

/// What has become of jobs by now, at most `most` of them at a time.
pub fn judge(
    fleet: &Fleet,
    counters: &mut Counters,
    live: &Live,
    now: Now,
    most: usize,
) -> Vec<(Audience, state::Event)> {
    let changed = outlooks(fleet, live, now).into_iter().filter(Outlook::is_news).take(most);
    let mut events = Vec::new();
    for outlook in changed {
        let job = outlook.job;
        let why = SafeText::new(&outlook.why);
        events.extend(alert(fleet, counters, &outlook, now));
        let judged = Event::Judged {
            job: job.id(),
            state: outlook.state,
            why,
            alarm: outlook.alarm,
            spared_until: outlook.spared,
        };
        events.push(about(job, judged));
    }
    events
}

/// What a job comes to, its fellows considered.
struct Outlook<'f> {
    job: &'f Job,
    state: State,
    why: Cow<'static, str>,
    alarm: Option<CheckState>,
    /// What the alert says, where that is not the job's own reason.
    summary: Option<String>,
    spared: Option<Timestamp>,
}

impl Outlook<'_> {
    fn is_news(&self) -> bool {
        let job = self.job;
        self.state != job.state || self.why != job.why.as_str() || self.alarm != job.alarm
    }
}

fn outlooks<'f>(fleet: &'f Fleet, live: &Live, now: Now) -> Vec<Outlook<'f>> {
    let verdicts: Vec<(&Job, Verdict)> =
        fleet.backups.jobs.values().map(|job| (&**job, verdict(fleet, live, job, now))).collect();
    let folds = folds(live, &verdicts);
    let mut outlooks = Vec::with_capacity(verdicts.len());
    for (job, verdict) in verdicts {
        let mut outlook = alone(fleet, job, verdict, now);
        if !folds.is_empty()
            && let Some(fold) = repository(job).and_then(|repository| folds.get(&repository))
        {
            fold.apply(&mut outlook);
        }
        outlooks.push(outlook);
    }
    outlooks
}

/// What a job comes to by itself.
fn alone<'f>(fleet: &Fleet, job: &'f Job, verdict: Verdict, now: Now) -> Outlook<'f> {
    let returned = returned(fleet, job);
    let spared = returned.map(|at| at + job.description.grace.max(LEAST_SPARED)).max(job.spared_until);
    let Verdict { state, why, alarm, by_time, .. } = verdict;
    let alarm = match alarm {
        Alarm::Keep => job.alarm,
        Alarm::Clear => None,
        Alarm::Raise(_) if by_time && spared.is_some_and(|until| now.wall < until) => job.alarm,
        Alarm::Raise(level) => Some(level),
    };
    Outlook { job, state, why, alarm, summary: None, spared }
}

/// When its host came back from an absence through which nothing was known of the job.
fn returned(fleet: &Fleet, job: &Job) -> Option<Timestamp> {
    let host = fleet.hosts.hosts.get(&job.description.host?)?;
    (job.state == State::Unknown && job.found.is_some() && host.state_since > job.since).then_some(host.state_since)
}

type Repository<'f> = (&'f ClientId, &'f SafeText);

fn repository(job: &Job) -> Option<Repository<'_>> {
    Some((job.description.client.as_ref()?, &job.description.repository))
}

/// Jobs whose repository can't be read, under one of them.
struct Fold<'f> {
    leader: &'f Job,
    level: CheckState,
    summary: String,
    members: Vec<&'f Job>,
}

impl Fold<'_> {
    fn apply(&self, outlook: &mut Outlook<'_>) {
        let id = outlook.job.id();
        if id == self.leader.id() {
            outlook.alarm = Some(self.level);
            outlook.why = self.summary.clone().into();
            outlook.summary = Some(self.summary.clone());
        } else if self.members.iter().any(|member| member.id() == id) {
            outlook.alarm = None;
            outlook.why.to_mut().push_str(&see(self.leader.description.name.as_str()));
        }
    }
}

/// The repositories that more than one job can't read.
fn folds<'f>(live: &Live, verdicts: &[(&'f Job, Verdict)]) -> BTreeMap<Repository<'f>, Fold<'f>> {
    let mut dead: BTreeMap<Repository<'f>, Vec<(&'f Job, &Verdict)>> = BTreeMap::new();
    for (job, verdict) in verdicts.iter().filter(|(_, verdict)| verdict.shared_trouble.is_some()) {
        if let Some(repository) = repository(job) {
            dead.entry(repository).or_default().push((job, verdict));
        }
    }
    let mut folds = BTreeMap::new();
    if dead.is_empty() {
        return folds;
    }
    let recovered = recovered(verdicts);
    for (repository, members) in dead {
        let of_members = members.iter().map(|(job, _)| *job).find(|job| job.alarm.is_some());
        let leader = of_members.or_else(|| held(live, recovered.get(&repository)?, &members));
        let Some(leader) = leader.or_else(|| members.first().map(|(job, _)| *job)) else { continue };
        let is_alone = members.len() == 1 && members.iter().all(|(job, _)| job.id() == leader.id());
        if is_alone {
            continue;
        }
        let Some((_, verdict)) = members.iter().find(|(job, _)| job.id() == leader.id()).or(members.first()) else {
            continue;
        };
        let levels = members.iter().filter_map(|(_, verdict)| match verdict.alarm {
            Alarm::Raise(level) => Some(level),
            Alarm::Keep | Alarm::Clear => None,
        });
        let level = levels.max_by_key(|level| level.gravity()).unwrap_or(CheckState::Unknown);
        let names: Vec<&str> = members.iter().take(NAMES).map(|(job, _)| job.description.name.as_str()).collect();
        let more = if members.len() > NAMES { ", …" } else { "" };
        let summary = format!(
            "repository {}: {}; {} backup jobs: {}{more}",
            repository.1.as_str(),
            verdict.why,
            members.len(),
            names.join(", ")
        );
        let members = members.into_iter().map(|(job, _)| job).collect();
        folds.insert(repository, Fold { leader, level, summary, members });
    }
    folds
}

/// Jobs that led and can read their repository again, by that repository.
fn recovered<'f>(verdicts: &[(&'f Job, Verdict)]) -> BTreeMap<Repository<'f>, Vec<&'f Job>> {
    let mut recovered: BTreeMap<Repository<'f>, Vec<&'f Job>> = BTreeMap::new();
    for (job, _) in verdicts.iter().filter(|(job, verdict)| job.alarm.is_some() && verdict.alarm == Alarm::Clear) {
        if let Some(repository) = repository(job) {
            recovered.entry(repository).or_default().push(job);
        }
    }
    recovered
}

/// Of the jobs that led and can read the repository again, one while others have not looked since: its alert stands for
/// them until they have, so that none of them raises it anew for the minutes between.
fn held<'f>(live: &Live, recovered: &[&'f Job], members: &[(&Job, &Verdict)]) -> Option<&'f Job> {
    let read = |job: &Job| {
        let host = job.description.host?;
        Some(live.backup(host, &job.description.name)?.at?.mono)
    };
    let waits_for = |job: &Job| members.iter().any(|(member, _)| read(member) < read(job));
    recovered.iter().copied().find(|job| waits_for(job))
}

/// What that does to the job's alert.
fn alert(fleet: &Fleet, counters: &mut Counters, outlook: &Outlook<'_>, now: Now) -> Vec<(Audience, state::Event)> {
    let description = &outlook.job.description;
    let Some(client) = &description.client else { return Vec::new() };
    let subject = Subject::Backup(SafeText::new(description.name.as_str()));
    let events = match outlook.alarm {
        None if outlook.job.alarm.is_some() => alerting::recover(fleet, client, &subject),
        None => Vec::new(),
        // What a person closed stays closed while it is no worse.
        Some(level) if outlook.job.alarm == Some(level) && !is_open(fleet, client, &subject) => Vec::new(),
        Some(level) => {
            let own = || format!("backup {} is {}: {}", description.name, outlook.state, outlook.why);
            let summary = SafeText::new(&outlook.summary.clone().unwrap_or_else(own));
            let problem = Problem {
                client,
                site: description.site.as_ref(),
                host: description.host,
                subject: &subject,
                level,
                summary: &summary,
            };
            alerting::report(fleet, counters, problem, now)
        }
    };
    alerting::for_client(client, events).collect()
}

fn is_open(fleet: &Fleet, client: &ClientId, subject: &Subject) -> bool {
    fleet.alerts.about(client, subject).is_some_and(|alert| alert.is_open())
}
