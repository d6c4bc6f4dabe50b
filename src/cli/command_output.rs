//! What a command printed: fetched once each, shown by groups of hosts that are alike.

use std::collections::{BTreeSet, HashMap};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tonic::Code;

use crate::cli::command_follow::name;
use crate::cli::query::TIMEOUT;
use crate::cli::reach::FleetLink;
use crate::fleet::commands::{Alike, Command, Grouping, OutcomeState, fold_names};
use crate::fleet::state::Fleet;
use crate::fleet::words::{BlobId, HostId, SafeText};
use crate::link::{Connection, LinkError};
use crate::wire::limits::OUTPUT_MAX;
use crate::wire::pb::BlobRequest;

/// Outputs fetched at once.
const AT_ONCE: usize = 16;

/// Outputs by their SHA-256; what is no longer kept is missing.
pub type Printed = HashMap<BlobId, Bytes>;

/// Fetches what the hosts of a command printed, each distinct output once.
///
/// # Errors
/// When the connection is lost or the hub refuses.
pub async fn fetch(link: &FleetLink, command: &Command, mut known: Printed) -> Result<Printed, LinkError> {
    let kept = command.outcomes().flat_map(|(_, outcome)| [outcome.stdout.blob, outcome.stderr.blob]);
    let wanted: BTreeSet<BlobId> = kept.flatten().filter(|blob| !known.contains_key(blob)).collect();
    let connection = link.connection();
    let mut fetched = stream::iter(wanted).map(|blob| fetch_one(connection, blob)).buffer_unordered(AT_ONCE);
    while let Some(one) = fetched.next().await {
        known.extend(one?);
    }
    Ok(known)
}

async fn fetch_one(connection: &Connection, blob: BlobId) -> Result<Option<(BlobId, Bytes)>, LinkError> {
    let late = || LinkError::NoHub(format!("the hub did not answer within {} s", TIMEOUT.as_secs()));
    let request = BlobRequest { id: blob.0.to_vec().into() };
    let mut chunks = match timeout(TIMEOUT, connection.console().blob(request)).await.map_err(|_| late())? {
        Ok(chunks) => chunks.into_inner(),
        Err(status) if status.code() == Code::NotFound => return Ok(None),
        Err(status) => return Err(connection.error(&status)),
    };
    let mut bytes = BytesMut::new();
    while let Some(chunk) =
        timeout(TIMEOUT, chunks.message()).await.map_err(|_| late())?.map_err(|status| connection.error(&status))?
        && bytes.len() < OUTPUT_MAX
    {
        bytes.extend_from_slice(&chunk.bytes);
    }
    Ok(Some((blob, bytes.freeze())))
}

/// The outcomes in groups, the largest first, each with its hosts folded and what it printed.
#[must_use]
pub fn groups(fleet: &Fleet, command: &Command, printed: &Printed) -> String {
    let grouping = Grouping::of(command);
    grouping
        .in_order()
        .map(|(alike, hosts)| shown(fleet, command, alike, hosts, printed))
        .collect::<Vec<_>>()
        .join("\n")
}

fn shown(fleet: &Fleet, command: &Command, alike: &Alike, hosts: &BTreeSet<HostId>, printed: &Printed) -> String {
    let names: Vec<String> = hosts.iter().map(|host| name(fleet, *host)).collect();
    let folded = fold_names(names.iter().map(String::as_str));
    let many = counted(hosts.len());
    // One stands for all: they printed the same.
    let outcome = hosts.first().and_then(|host| command.outcome(*host));
    let mark = if outcome.is_some_and(|outcome| outcome.is_truncated()) { ", truncated" } else { "" };
    let mut text = format!("== {many} {}{mark}: {folded}\n", end(alike));
    for (what, blob, bytes) in
        [("", alike.stdout.0, alike.stdout.1), ("-- standard error:\n", alike.stderr.0, alike.stderr.1)]
    {
        let output = output(blob, bytes, printed);
        if !output.is_empty() {
            text.push_str(what);
            text.push_str(&output);
            if !output.ends_with('\n') {
                text.push('\n');
            }
        }
    }
    text
}

/// How it ended, in words: `ok`, `failed (code 2)`, `denied, …`.
fn end(alike: &Alike) -> String {
    let how = match (alike.code, alike.signal) {
        (_, Some(signal)) => format!(" (signal {signal})"),
        (Some(code), None) if alike.state == OutcomeState::Failed => format!(" (code {code})"),
        _ => String::new(),
    };
    let why = if alike.why.is_empty() { String::new() } else { format!(", {}", alike.why.as_str()) };
    format!("{}{how}{why}", alike.state)
}

fn output(blob: Option<BlobId>, bytes: u64, printed: &Printed) -> String {
    match blob.map(|blob| printed.get(&blob)) {
        None => String::new(),
        Some(Some(bytes)) => SafeText::block_from_bytes_lossy(bytes, 4 * OUTPUT_MAX).as_str().to_owned(),
        Some(None) => format!("({bytes} bytes were printed; they are no longer kept)"),
    }
}

/// `1 host`, `2 hosts`.
#[must_use]
pub fn counted(hosts: usize) -> String {
    if hosts == 1 { "1 host".to_owned() } else { format!("{hosts} hosts") }
}
