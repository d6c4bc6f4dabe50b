//! Commands: who may be sent what, whose turn it is, and what becomes of hosts that say nothing.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::commands::{
    Asked, Command, Commands, DEFAULT_TIMEOUT, DEFAULT_WINDOW, Event as CommandEvent, HOSTS_PER_EVENT, MOST_HOSTS,
    OutcomeState, Report,
};
use crate::fleet::derived::select::HostRow;
use crate::fleet::hosts::{Host, HostState};
use crate::fleet::identity::Audience;
use crate::fleet::rules::decision::{Answer, Refusal};
use crate::fleet::rules::input::{Action, Asker, RunRequest, Targets};
use crate::fleet::rules::ledger::Ledger;
use crate::fleet::rules::live::Live;
use crate::fleet::state::{Event, Fleet};
use crate::fleet::words::{ActionId, ClientId, CommandId, HostId, Instant, Now, SafeText};

/// The longest it may run: what takes longer is a service of the host.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a host without a link is waited for before its outcome is offline: a link that broke is back by then.
pub const WAIT_FOR_LINK: Duration = Duration::from_secs(10);
/// How long after its deadline a host has to tell how it ended, before its outcome is lost.
pub const GRACE: Duration = Duration::from_secs(30);
/// How long an ended command is listed; after that the journal has it.
pub const KEPT_AFTER_ASKED: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The most commands that are listed; of more the oldest ended ones leave early.
pub const MOST_KEPT: usize = 500;

type Told = Vec<(Audience, Event)>;

/// Starts a program on hosts.
///
/// # Errors
/// The request is wrong, or the filter matches another number of hosts than expected.
pub fn run(
    fleet: &Fleet,
    ledger: &Ledger,
    live: &Live,
    action: &Action,
    request: &RunRequest,
    now: Now,
) -> Result<(Told, Answer), Refusal> {
    let timeout = request.timeout.unwrap_or(DEFAULT_TIMEOUT);
    if timeout.is_zero() || timeout > LONGEST_TIMEOUT {
        return Err(Refusal::Invalid("a command may run from 1 ms to 24 h; give such a --timeout".to_owned()));
    }
    if request.shell && request.argv.exact().len() != 1 {
        return Err(Refusal::Invalid("a shell reads one line; give it as one argument".to_owned()));
    }
    let mut answer = Answer::default();
    let hosts = match &action.targets {
        Targets::Hosts(ids) => named(fleet, &action.asker, ids, &mut answer)?,
        Targets::Filter { expected, .. } => {
            let found = matching(fleet, live, action, now);
            if let Some(expected) = expected
                && found.len() as u64 != *expected
            {
                return Err(Refusal::Conflict(format!(
                    "the filter matches {} hosts now, not the {expected} expected; look again and repeat with --expect {}",
                    found.len(),
                    found.len()
                )));
            }
            found
        }
        Targets::Ids(_) => return Err(Refusal::Invalid("a command goes to hosts, not to alerts".to_owned())),
    };
    if hosts.is_empty() {
        return Err(Refusal::NotFound(
            "no host is meant, so there is nothing to start; see `watchfloor hosts`".to_owned(),
        ));
    }
    if hosts.len() > MOST_HOSTS {
        return Err(Refusal::Invalid(format!("{} hosts; a command goes to at most {MOST_HOSTS}", hosts.len())));
    }
    let id = ledger.counters.clone().next_command();
    let asked = Asked {
        key: action.id,
        argv: request.argv.clone(),
        shell: request.shell,
        by: action.asker.name.clone(),
        asked_at: now.wall,
        window: request.window.unwrap_or(DEFAULT_WINDOW).clamp(1, MOST_HOSTS as u32),
        timeout,
    };
    let command = Command::new(id, asked);
    answer.done = hosts.iter().map(|host| host.id.0).collect();
    answer.command = Some(id);
    let of_hosts = hosts.iter().map(|host| (host.id, &host.client));
    let mut told = by_client(of_hosts, |client, hosts| CommandEvent::Asked {
        command: command.clone(),
        client: client.clone(),
        hosts,
    });
    // Those whose turn it is start with the entry that asks.
    let mut asked = Commands::default();
    for (_, event) in &told {
        if let Event::Commands(event) = event {
            asked.apply(event, now.wall);
        }
    }
    if let Some(command) = asked.get(id) {
        let gone = command.queued().filter(|host| is_surely_off(fleet, live, *host)).collect();
        told.extend(changed(command, gone, OutcomeState::Offline, ""));
        told.extend(start(command, live, command.window as usize));
    }
    Ok((told, answer))
}

/// Ends a command on the hosts where it has not ended, as far as the asker may: at once where its turn has not come, and
/// by having it killed where it runs.
///
/// # Errors
/// There is no such command, or it has ended.
pub fn cancel(fleet: &Fleet, asker: &Asker, id: CommandId) -> Result<(Told, Answer), Refusal> {
    let in_scope = |client: &ClientId| asker.scope.as_ref().is_none_or(|scope| scope == client);
    let command =
        fleet.commands.get(id).filter(|command| command.outcomes().any(|(_, outcome)| in_scope(&outcome.client)));
    let command = command
        .ok_or_else(|| Refusal::NotFound(format!("there is no command {id}; `watchfloor commands` lists them")))?;
    let seen = |host: &HostId| command.outcome(*host).is_some_and(|outcome| in_scope(&outcome.client));
    let queued: Vec<HostId> = command.queued().filter(seen).collect();
    let running: Vec<HostId> = command.running().filter(seen).collect();
    if queued.is_empty() && running.is_empty() {
        return Err(Refusal::Conflict(format!("command {id} has ended already; nothing is left to cancel")));
    }
    let mut answer = Answer { command: Some(id), ..Answer::default() };
    answer.done = queued.iter().chain(&running).map(|host| host.0).collect();
    let by = format!("by {}", asker.name.as_str());
    let mut told = changed(command, queued, OutcomeState::Cancelled, &by);
    let fresh = running.into_iter().filter(|host| command.outcome(*host).is_some_and(|outcome| !outcome.cancelling));
    let fresh: Vec<HostId> = fresh.collect();
    told.extend(of_outcomes(command, fresh, |hosts| CommandEvent::CancelAsked {
        command: id,
        hosts,
        by: asker.name.clone(),
    }));
    Ok((told, answer))
}

/// Takes in how a command ended on a host, and starts it where it is somebody's turn now. What is known already, or was
/// asked for in another history of this fleet, changes nothing.
#[must_use]
pub fn report(fleet: &Fleet, live: &Live, host: &Host, id: CommandId, key: ActionId, report: &Report) -> Told {
    let Some(command) = fleet.commands.get(id).filter(|command| command.key == key) else { return Vec::new() };
    let Some(outcome) = command.outcome(host.id) else { return Vec::new() };
    let mut report = report.clone();
    if !report.state.is_end() {
        report.state = OutcomeState::Lost;
    }
    let was_running = outcome.state == OutcomeState::Running;
    let is_news = match outcome.state {
        OutcomeState::Queued | OutcomeState::Running | OutcomeState::Offline | OutcomeState::Skipped => true,
        // What was given up may still be told.
        OutcomeState::Lost => report.state != OutcomeState::Lost,
        _ => false,
    };
    if !is_news {
        return Vec::new();
    }
    let audience = Audience::of_client(outcome.client.clone());
    let mut told = vec![(audience, Event::Commands(CommandEvent::Reported { command: id, host: host.id, report }))];
    let free = free(command) + usize::from(was_running);
    told.extend(start(command, live, free));
    told
}

/// What time and the coming and going of hosts change in commands, at most `most` hosts at a time. Before `settled`, right
/// after the hub's own start, nobody has had the time to link.
#[must_use]
pub fn judge(fleet: &Fleet, live: &Live, settled: Instant, now: Now, most: usize) -> Told {
    let mut told = Vec::new();
    for command in fleet.commands.open() {
        let is_over = |host: &HostId| {
            let started = command.outcome(*host).and_then(|outcome| outcome.started_at);
            started.is_none_or(|started| started + command.timeout + GRACE <= now.wall)
        };
        let mut ended = 0;
        if now.mono >= settled + GRACE {
            let lost: Vec<HostId> = command.running().filter(is_over).take(most).collect();
            ended = lost.len();
            told.extend(changed(command, lost, OutcomeState::Lost, "no word from the host past the deadline"));
        }
        let left = |host: &HostId| fleet.hosts.hosts.get(host).is_none_or(|host| host.is_retired());
        let skipped = command.queued().filter(left).take(most).collect();
        told.extend(changed(command, skipped, OutcomeState::Skipped, "the host left the fleet"));
        let waited = command.asked_at + WAIT_FOR_LINK <= now.wall && now.mono >= settled;
        let is_away =
            |host: &HostId| !left(host) && !is_linked(live, *host) && (waited || is_surely_off(fleet, live, *host));
        let away = command.queued().filter(is_away).take(most).collect();
        told.extend(changed(command, away, OutcomeState::Offline, ""));
        told.extend(start(command, live, free(command) + ended));
        if told.len() >= most {
            break;
        }
    }
    told
}

/// What of the commands leaves the state now, at most `most` at a time.
#[must_use]
pub fn archive(fleet: &Fleet, now: Now, most: usize) -> Told {
    let surplus = fleet.commands.len().saturating_sub(MOST_KEPT);
    let ended = fleet.commands.all().filter(|command| command.is_ended());
    let over = ended
        .enumerate()
        .filter(|(place, command)| *place < surplus || command.asked_at + KEPT_AFTER_ASKED <= now.wall);
    over.take(most)
        .flat_map(|(_, command)| {
            let hosts = command.outcomes().map(|(host, _)| host).collect();
            let mut told = of_outcomes(command, hosts, |_| CommandEvent::Archived { command: command.id });
            told.dedup();
            told
        })
        .collect()
}

/// The next hosts that are linked, as many as the window has room for.
fn start(command: &Command, live: &Live, free: usize) -> Told {
    let next = command.queued().filter(|host| is_linked(live, *host)).take(free).collect();
    changed(command, next, OutcomeState::Running, "")
}

fn free(command: &Command) -> usize {
    (command.window as usize).saturating_sub(command.tally().count(OutcomeState::Running) as usize)
}

fn is_linked(live: &Live, host: HostId) -> bool {
    live.hosts.get(&host).is_some_and(|host| host.linked)
}

/// Whether it need not be waited for: it is known to be away.
fn is_surely_off(fleet: &Fleet, live: &Live, host: HostId) -> bool {
    let state = fleet.hosts.hosts.get(&host).map(|host| host.state);
    !is_linked(live, host) && matches!(state, Some(HostState::Off | HostState::Down | HostState::Left))
}

/// The hosts of these numbers, each once; what is not there, or not for this asker, fails by its number.
fn named<'f>(fleet: &'f Fleet, asker: &Asker, ids: &[HostId], answer: &mut Answer) -> Result<Vec<&'f Host>, Refusal> {
    if ids.len() > MOST_HOSTS {
        return Err(Refusal::Invalid(format!("{} hosts in one request; name at most {MOST_HOSTS}", ids.len())));
    }
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let find = |id: HostId| {
        let host = fleet.hosts.hosts.get(&id).map(AsRef::as_ref).filter(|host| may_run(asker, host));
        if host.is_none() {
            answer.failed.push((id.0, format!("there is no host {id}; `watchfloor hosts` lists them")));
        }
        host
    };
    Ok(ids.into_iter().filter_map(find).collect())
}

fn matching<'f>(fleet: &'f Fleet, live: &Live, action: &Action, now: Now) -> Vec<&'f Host> {
    let Targets::Filter { filter, .. } = &action.targets else { return Vec::new() };
    let fleet_name = fleet.profile.name.as_str();
    let hosts = fleet.hosts.hosts.values().map(AsRef::as_ref).filter(|host| may_run(&action.asker, host));
    let matches = |host: &&Host| {
        let last_seen = live.seen_of(fleet, Some(host.id));
        filter.matches(&HostRow { fleet, fleet_name, host, last_seen, now: now.wall })
    };
    hosts.filter(matches).collect()
}

fn may_run(asker: &Asker, host: &Host) -> bool {
    !host.is_retired() && asker.scope.as_ref().is_none_or(|scope| *scope == host.client)
}

fn changed(command: &Command, hosts: Vec<HostId>, state: OutcomeState, why: &str) -> Told {
    let why = SafeText::line(why);
    of_outcomes(command, hosts, |hosts| CommandEvent::Changed { command: command.id, state, hosts, why: why.clone() })
}

fn of_outcomes(command: &Command, hosts: Vec<HostId>, event: impl Fn(Vec<HostId>) -> CommandEvent) -> Told {
    let of_hosts = hosts.iter().filter_map(|host| Some((*host, &command.outcome(*host)?.client)));
    by_client(of_hosts, |_, hosts| event(hosts))
}

/// Events about hosts, each of one client, who may see it, and of no more hosts than an event holds.
fn by_client<'c>(
    hosts: impl Iterator<Item = (HostId, &'c ClientId)>,
    event: impl Fn(&ClientId, Vec<HostId>) -> CommandEvent,
) -> Told {
    let mut clients: BTreeMap<&ClientId, Vec<HostId>> = BTreeMap::new();
    for (host, client) in hosts {
        clients.entry(client).or_default().push(host);
    }
    let events = clients.into_iter().flat_map(|(client, hosts)| {
        hosts
            .chunks(HOSTS_PER_EVENT)
            .map(|some| (Audience::of_client(client.clone()), Event::Commands(event(client, some.to_vec()))))
            .collect::<Vec<_>>()
    });
    events.collect()
}
