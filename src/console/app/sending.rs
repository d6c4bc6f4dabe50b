//! What leaves the console: acts and questions, and what came of them.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::console::act::{Act, ActEnd, ActTag, Targets, Verb, new_action_id};
use crate::console::acts::{Acts, Report};
use crate::console::ask::{Ask, Topic};
use crate::console::replica::{FleetIndex, Replica, Replicas};
use crate::console::screens::world::About;
use crate::console::theme::Role;
use crate::fleet::identity::Role as PersonRole;
use crate::fleet::words::{CommandId, SafeText, Timestamp, duration};

/// A question for a fleet's link.
pub type Question = (FleetIndex, Ask);

/// What a fleet's hub is to do, to what.
type Request = (FleetIndex, Targets, Verb);

/// What is under way, and what it is numbered by.
#[derive(Debug, Default)]
pub struct Sending {
    /// The acts under way.
    pub acts: Acts,
    generation: u64,
}

impl Sending {
    /// A question about something. Answers to older ones are known by their generation.
    pub fn ask(&mut self, fleet: FleetIndex, about: Topic) -> Question {
        self.generation += 1;
        (fleet, Ask::Detail { generation: self.generation, about })
    }

    /// Acts on something: one request a fleet (one a host where hosts are checked).
    ///
    /// # Errors
    /// What to say where nothing can be sent.
    pub fn act(
        &mut self,
        verb: &Verb,
        about: &About,
        replicas: &Replicas,
        now: Instant,
    ) -> Result<Vec<Question>, (Role, String)> {
        let requests = requests(verb, about);
        if requests.is_empty() {
            return Err((Role::Muted, "there is no open alert to act on".to_owned()));
        }
        let Some(ids) = requests.iter().map(|_| new_action_id()).collect::<Option<Vec<_>>>() else {
            return Err((Role::Failed, "NOT SENT: the system gives no random numbers".to_owned()));
        };
        let mut questions = Vec::new();
        for ((fleet, targets, verb), id) in requests.into_iter().zip(ids) {
            let Some(replica) = replicas.get(fleet) else { continue };
            let act = Act { id, seen: replica.position().revision, targets, dry_run: false, verb };
            let tag = self.acts.begin(fleet, act.clone(), now);
            questions.push((fleet, Ask::Act { tag, act: Box::new(act) }));
        }
        Ok(questions)
    }

    /// An act ended; what to say of it, and the command that it started.
    pub fn ended(
        &mut self,
        replica: &Replica,
        tag: ActTag,
        end: ActEnd,
    ) -> Option<((Role, String), Option<CommandId>)> {
        let report = self.acts.ended(tag, end, replica.position())?;
        Some((report_words(&report), started(&report)))
    }
}

/// How an act ends whose question the link's queue had no room for.
pub fn not_taken() -> ActEnd {
    ActEnd::NotSent { reason: SafeText::new("too much waits for this fleet already"), perhaps_done: false }
}

/// Why no act may leave this console.
pub fn refusal(read_only: bool, replicas: &Replicas) -> Option<String> {
    if read_only {
        return Some("this console only reads: it was started with --read-only".to_owned());
    }
    let loaded = replicas.iter().any(|(_, replica)| replica.role().is_some());
    let may = replicas.iter().any(|(_, replica)| replica.may(PersonRole::Operator));
    (loaded && !may).then(|| "acting asks for the role operator; ask an admin of the fleet".to_owned())
}

/// The time of the hub that something lies with.
pub fn hub_now(about: &About, replicas: &Replicas, now: Instant) -> Timestamp {
    let fleet = match about {
        About::Alerts(alerts) => alerts.first().map(|(fleet, _)| *fleet),
        About::Hosts(hosts) => hosts.first().map(|(fleet, _)| *fleet),
        About::Jobs(jobs) => jobs.first().map(|(fleet, _)| *fleet),
        About::Filter { counts, .. } => counts.first().map(|(fleet, _)| *fleet),
        About::Command(fleet, _) | About::Window(fleet, _) | About::Mute(fleet, _) => Some(*fleet),
    };
    replicas.get(fleet.unwrap_or_default()).map_or_else(Timestamp::default, |replica| replica.hub_now(now))
}

fn requests(verb: &Verb, about: &About) -> Vec<Request> {
    match about {
        About::Alerts(alerts) => by_fleet(alerts, Targets::Alerts, verb),
        About::Jobs(jobs) => by_fleet(jobs, Targets::Jobs, verb),
        About::Hosts(hosts) if matches!(verb, Verb::Run { .. }) => by_fleet(hosts, Targets::Hosts, verb),
        About::Hosts(hosts) => {
            let check = if let Verb::CheckNow { check, .. } = verb { check.clone() } else { None };
            let verb = |host| Verb::CheckNow { host: Some(host), check: check.clone() };
            hosts.iter().map(|(fleet, host)| (*fleet, Targets::None, verb(*host))).collect()
        }
        About::Filter { filter, counts } => {
            let targets = |count: u64| Targets::Filter { filter: filter.clone(), expected: Some(count) };
            counts.iter().map(|(fleet, count)| (*fleet, targets(*count), verb.clone())).collect()
        }
        About::Command(fleet, _) | About::Window(fleet, _) | About::Mute(fleet, _) => {
            vec![(*fleet, Targets::None, verb.clone())]
        }
    }
}

/// One request to each fleet, about what is in it.
fn by_fleet<T: Copy>(things: &[(FleetIndex, T)], targets: fn(Vec<T>) -> Targets, verb: &Verb) -> Vec<Request> {
    let mut fleets: BTreeMap<FleetIndex, Vec<T>> = BTreeMap::new();
    for (fleet, thing) in things {
        fleets.entry(*fleet).or_default().push(*thing);
    }
    fleets.into_iter().map(|(fleet, things)| (fleet, targets(things), verb.clone())).collect()
}

/// The command that an act started.
fn started(report: &Report) -> Option<CommandId> {
    match (&report.act.verb, &report.end) {
        (Verb::Run { .. }, ActEnd::Answered(answer)) => answer.command,
        _ => None,
    }
}

/// What an act on a window did.
fn window_words(report: &Report) -> Option<String> {
    let ActEnd::Answered(answer) = &report.end else { return None };
    let (window, alerts) = (answer.window?, answer.done.len());
    let alerts = if alerts == 1 { "1 alert".to_owned() } else { format!("{alerts} alerts") };
    Some(match &report.act.verb {
        Verb::OpenWindow(_) => format!("window {window} holds back {alerts} now"),
        Verb::CloseWindow { .. } => format!("window {window} ended: {alerts} not held back by it any more"),
        Verb::ExtendWindow { longer, .. } => format!("window {window} lasts {} longer", duration::short(*longer)),
        _ => return None,
    })
}

fn report_words(report: &Report) -> (Role, String) {
    let word = report.act.verb.word();
    if let (ActEnd::Answered(answer), Some(command)) = (&report.end, started(report)) {
        let failed = answer.failed.len();
        let but = if failed > 0 { format!(", {failed} are there no more") } else { String::new() };
        let role = if failed > 0 { Role::Failed } else { Role::Ok };
        let hosts = if answer.done.len() == 1 { "host" } else { "hosts" };
        return (role, format!("command {command} goes to {} {hosts}{but}", answer.done.len()));
    }
    if let (ActEnd::Answered(answer), Some(words)) = (&report.end, window_words(report)) {
        return (if answer.failed.is_empty() { Role::Ok } else { Role::Failed }, words);
    }
    match &report.end {
        ActEnd::Answered(answer) if answer.failed.is_empty() && answer.left_out.is_empty() => {
            (Role::Ok, format!("{word}: {} done", answer.done.len()))
        }
        ActEnd::Answered(answer) => {
            let first = answer.failed.first().or(answer.left_out.first());
            let why = first.map_or_else(String::new, |(id, why)| format!(": {id}: {}", why.as_str()));
            let (done, failed, left) = (answer.done.len(), answer.failed.len(), answer.left_out.len());
            (Role::Failed, format!("{word}: {done} done, {failed} failed, {left} left out{why}"))
        }
        ActEnd::Refused(why) => (Role::Failed, format!("{word} refused: {}", why.as_str())),
        ActEnd::NotSent { reason, .. } => (Role::Failed, format!("NOT SENT {word}: {}", reason.as_str())),
    }
}
