//! What the verbs that act on alerts share: which alerts are meant, one request a fleet, a line for each that failed.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde::Serialize;

use crate::cli::arguments::ActTargets;
use crate::cli::exit::Failure;
use crate::cli::fleet_filter::FleetFilter;
use crate::cli::id::{AlertArgument, id};
use crate::cli::output;
use crate::cli::reach::{FleetLink, Meant, reach};
use crate::cli::send::{action_id, send};
use crate::fleet::words::{SafeText, Timestamp};
use crate::link::LinkError;
use crate::settings::directories::Directories;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::targets::{Filter, Ids, Kind};
use crate::wire::pb::{ActFailure, ActReply, ActRequest, Targets};

/// More ids than this are counted, not printed, in the line that says what was done.
const SHOWN: usize = 20;

/// What one fleet's hub did, as `--json` prints it. What failed stands on standard error, too.
#[derive(Debug, PartialEq, Serialize)]
struct Acted {
    fleet: String,
    revision: Option<u64>,
    dry_run: bool,
    done: Vec<String>,
    failed: Vec<NotActed>,
    left_out: Vec<NotActed>,
}

/// An alert that was not acted on, and why.
#[derive(Debug, PartialEq, Serialize)]
struct NotActed {
    id: String,
    why: String,
}

impl Acted {
    fn of(fleet: &str, reply: &ActReply) -> Self {
        let not_acted = |list: &[ActFailure]| {
            list.iter().map(|one| NotActed { id: id(fleet, one.id), why: safe(&one.why) }).collect()
        };
        Self {
            fleet: fleet.to_owned(),
            revision: (reply.revision != 0).then_some(reply.revision),
            dry_run: reply.dry_run,
            done: reply.done.iter().map(|number| id(fleet, number)).collect(),
            failed: not_acted(&reply.failed),
            left_out: not_acted(&reply.left_out),
        }
    }
}

/// Acts on the alerts that are meant. `verb` is told the hub's time; `past` is what was done, such as `acknowledged`.
///
/// # Errors
/// Wrong usage, before anything is done; afterwards a line for each alert and fleet that failed.
pub async fn act(
    targets: &ActTargets,
    directories: &Directories,
    past: &str,
    verb: impl Fn(Timestamp) -> Verb,
) -> Result<(), Failure> {
    let action = action_id()?;
    let (meant, chosen) = match &targets.filter {
        Some(filter) => by_filter(filter, targets, directories).await?,
        None => by_ids(targets, directories).await?,
    };
    let mut failures = Vec::new();
    for missed in meant.missed {
        match chosen.get(&missed.name) {
            // Ids of a fleet that can't be reached fail one by one.
            Some(Kind::Ids(list)) => failures.extend(list.ids.iter().map(|number| Failure {
                exit: missed.failure.exit,
                message: format!("{}: {}", id(&missed.name, number), missed.failure.message),
            })),
            _ => failures.push(missed.failure),
        }
    }
    let mut requests = Vec::new();
    for link in meant.links {
        if let Some(kind) = chosen.get(&link.name) {
            let request = ActRequest {
                id: action.to_vec().into(),
                seen: link.hello.revision,
                targets: Some(Targets { kind: Some(kind.clone()) }),
                dry_run: targets.dry_run,
                verb: Some(verb(link.hub_time())),
            };
            requests.push((link, request));
        }
    }
    let expected = targets.expect.filter(|_| targets.filter.is_some());
    if let Some(expected) = expected {
        expect_of_many(expected, &mut requests, &failures).await?;
    }
    let mut answers = Vec::new();
    for (link, reply) in send_all(requests).await {
        match reply {
            Ok(reply) => {
                if targets.json {
                    answers.push(Acted::of(&link.name, &reply));
                } else {
                    output::print(&told(&link.name, &reply, past))?;
                }
                for left_out in &reply.left_out {
                    eprintln!("watchfloor: {}: left out: {}", id(&link.name, left_out.id), safe(&left_out.why));
                }
                let failed = reply.failed.iter();
                failures.extend(
                    failed.map(|failed| Failure::failed(format!("{}: {}", id(&link.name, failed.id), failed.why))),
                );
            }
            Err(error) => failures.push(link.failure(&error)),
        }
    }
    // Where no hub answered, standard error alone speaks.
    if targets.json && (failures.is_empty() || !answers.is_empty()) {
        output::json(&answers)?;
    }
    Failure::of_many(failures)
}

type Chosen = BTreeMap<String, Kind>;

async fn by_filter(filter: &str, targets: &ActTargets, directories: &Directories) -> Result<(Meant, Chosen), Failure> {
    let parsed = FleetFilter::parse(filter)?;
    if parsed.rest().is_empty() {
        return Err(Failure::usage("--where is empty: write '*' if every open alert is meant"));
    }
    let mut meant = reach(&targets.fleets, directories, &BTreeSet::new()).await?;
    meant.links.retain(|link| parsed.admits(&link.name));
    meant.missed.retain(|missed| parsed.admits(&missed.name));
    let kind = |_: &FleetLink| Kind::Filter(Filter { filter: parsed.rest().to_owned(), expected: None });
    let chosen = meant.links.iter().map(|link| (link.name.clone(), kind(link))).collect();
    Ok((meant, chosen))
}

async fn by_ids(targets: &ActTargets, directories: &Directories) -> Result<(Meant, Chosen), Failure> {
    let distinct = distinct(&targets.ids);
    if let Some(expected) = targets.expect
        && expected != distinct.len() as u64
    {
        return Err(Failure::failed(format!(
            "{} alerts are named, not the {expected} expected: nothing was done; repeat with --expect {}",
            distinct.len(),
            distinct.len()
        )));
    }
    let is_bare = distinct.iter().any(|(fleet, _)| fleet.is_none());
    let named =
        if is_bare { BTreeSet::new() } else { distinct.iter().filter_map(|(fleet, _)| fleet.clone()).collect() };
    let meant = reach(&targets.fleets, directories, &named).await?;
    let names = meant.names();
    if is_bare && names.len() != 1 {
        return Err(Failure::usage(format!(
            "{} fleets are meant ({}): write FLEET/NUMBER, or name one with --fleet",
            names.len(),
            names.join(", ")
        )));
    }
    let mut chosen = BTreeMap::<String, Ids>::new();
    for (fleet, number) in distinct {
        let fleet = match fleet {
            Some(fleet) if names.contains(&fleet.as_str()) => fleet,
            // A single data directory whose hub does not answer has no name yet.
            Some(fleet) if !meant.links.is_empty() => {
                return Err(Failure::usage(format!(
                    "{} is of another fleet than the ones meant here ({})",
                    id(&fleet, number),
                    names.join(", ")
                )));
            }
            _ => names.first().map(ToString::to_string).unwrap_or_default(),
        };
        chosen.entry(fleet).or_default().ids.push(number);
    }
    Ok((meant, chosen.into_iter().map(|(fleet, ids)| (fleet, Kind::Ids(ids))).collect()))
}

/// Each alert once, in the order of fleets and numbers.
fn distinct(ids: &[AlertArgument]) -> BTreeSet<(Option<String>, u64)> {
    ids.iter().map(|named| (named.fleet.clone(), named.alert.0)).collect()
}

/// `--expect` with a filter: one hub judges for itself; of several the numbers are asked for first, and each is then
/// held to the number it gave.
async fn expect_of_many(
    expected: u64,
    requests: &mut Vec<(FleetLink, ActRequest)>,
    failures: &[Failure],
) -> Result<(), Failure> {
    let hold = |request: &mut ActRequest, to: u64| {
        if let Some(Targets { kind: Some(Kind::Filter(filter)) }) = &mut request.targets {
            filter.expected = Some(to);
        }
    };
    if failures.is_empty()
        && let [(_, request)] = requests.as_mut_slice()
    {
        hold(request, expected);
        return Ok(());
    }
    // With a fleet that did not answer nobody knows the number.
    let mut unknown = failures.to_vec();
    let asked: Vec<ActRequest> = requests.iter().map(|(_, request)| request.clone()).collect();
    let trials = requests.drain(..).map(|(link, request)| (link, ActRequest { dry_run: true, ..request })).collect();
    let mut counts = Vec::new();
    for ((link, reply), request) in send_all(trials).await.into_iter().zip(asked) {
        match reply {
            Ok(reply) => {
                counts.push((reply.done.len() + reply.failed.len()) as u64);
                requests.push((link, request));
            }
            Err(error) => unknown.push(link.failure(&error)),
        }
    }
    if !unknown.is_empty() {
        unknown.push(Failure::failed("nothing was done: --expect needs the number of every fleet that is meant"));
        return Failure::of_many(unknown);
    }
    let total: u64 = counts.iter().sum();
    if total != expected {
        return Err(Failure::failed(format!(
            "the filter matches {total} alerts now, not the {expected} expected: nothing was done; look again and repeat with --expect {total}"
        )));
    }
    for ((_, request), count) in requests.iter_mut().zip(counts) {
        request.id = action_of_step(&request.id);
        hold(request, count);
    }
    Ok(())
}

/// Another id for the act itself than for its trial, or the hub would give the trial's answer again.
fn action_of_step(id: &[u8]) -> bytes::Bytes {
    let mut id = id.to_vec();
    if let Some(last) = id.last_mut() {
        *last ^= 1;
    }
    id.into()
}

async fn send_all(requests: Vec<(FleetLink, ActRequest)>) -> Vec<(FleetLink, Result<ActReply, LinkError>)> {
    join_all(requests.into_iter().map(async |(mut link, request)| {
        let reply = send(&mut link, request).await;
        (link, reply)
    }))
    .await
}

/// `acknowledged 2 alerts: main/3 main/7 (revision 88)`.
fn told(fleet: &str, reply: &ActReply, past: &str) -> String {
    let count = reply.done.len();
    if count == 0 {
        let nothing = if reply.failed.is_empty() { "no open alert matches" } else { "nothing was done" };
        return format!("{fleet}: {nothing}\n");
    }
    let mut ids: Vec<String> = reply.done.iter().take(SHOWN).map(|number| id(fleet, number)).collect();
    if count > SHOWN {
        ids.push(format!("and {} more", count - SHOWN));
    }
    let alerts = if count == 1 { "alert" } else { "alerts" };
    let would = if reply.dry_run { "would have " } else { "" };
    let revision = if reply.revision == 0 { String::new() } else { format!(" (revision {})", reply.revision) };
    format!("{would}{past} {count} {alerts}: {}{revision}\n", ids.join(" "))
}

fn safe(text: &str) -> String {
    SafeText::new(text).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_one_line() {
        let reply = ActReply { done: vec![3, 7], revision: 88, ..ActReply::default() };
        assert_eq!(told("main", &reply, "acknowledged"), "acknowledged 2 alerts: main/3 main/7 (revision 88)\n");
        let trial = ActReply { done: vec![3], dry_run: true, ..ActReply::default() };
        assert_eq!(told("main", &trial, "acknowledged"), "would have acknowledged 1 alert: main/3\n");
        let many = ActReply { done: (1..=30).collect(), ..ActReply::default() };
        assert!(told("main", &many, "closed").ends_with("main/20 and 10 more\n"));
        assert_eq!(told("main", &ActReply::default(), "closed"), "main: no open alert matches\n");
        let failed = vec![ActFailure { id: 3, why: "resolved".into() }];
        assert_eq!(told("main", &ActReply { failed, ..ActReply::default() }, "closed"), "main: nothing was done\n");
    }

    #[test]
    fn an_alert_named_twice_is_one() {
        let named: Vec<AlertArgument> = ["3", "main/3", "3", "main/3"].map(|id| id.parse().unwrap()).to_vec();
        assert_eq!(distinct(&named).len(), 2);
    }

    #[test]
    fn a_trial_and_its_act_have_different_ids() {
        let id = [7; 16];
        let other = action_of_step(&id);
        assert_eq!(other.len(), 16);
        assert_ne!(other, id.as_slice());
    }
}
