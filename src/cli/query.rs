//! One question to a hub and its answer, in the fleet's own types.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::timeout;

use crate::cli::reach::FleetLink;
use crate::fleet::state::{Entry, Event, Fleet};
use crate::fleet::words::{HostId, JobName, PingName, SafeText, Timestamp, WindowId};
use crate::fleet::{alerts, backups, commands};
use crate::link::LinkError;
use crate::wire::backups::BackupReading;
use crate::wire::pb::query_request::Kind;
use crate::wire::pb::{self, QueryReply, QueryRequest};
use crate::wire::{WireError, decode_entry, restore_row};

/// How long a hub may take from one message of an answer to the next.
pub const TIMEOUT: Duration = Duration::from_secs(30);
/// A filter of more characters is refused.
const LONGEST_FILTER: usize = 1000;

/// What a hub answered.
#[derive(Debug, Default)]
pub struct Answer {
    /// The rows, in place; it holds nothing but them.
    pub fleet: Fleet,
    /// The hub's wall time.
    pub hub_time: Timestamp,
    /// The newest of the hosts among the rows.
    pub glances: BTreeMap<HostId, pb::Glance>,
    /// When the backup jobs among the rows were read last, by name.
    pub readings: BTreeMap<JobName, BackupReading>,
    /// Entries, as they came.
    pub entries: Vec<Entry>,
    /// How the fleet is.
    pub status: Option<pb::Status>,
    /// The checks a host gets.
    pub assigned: Vec<pb::AssignedCheck>,
    /// A host's configuration, explained.
    pub lines: Vec<SafeText>,
    /// How alerts went.
    pub alert_report: Option<pb::AlertReport>,
    /// How many open alerts each of the windows among the rows speaks of.
    pub matches: BTreeMap<WindowId, u64>,
    /// How commands stand.
    pub commands: Vec<pb::CommandSummary>,
    /// What happened in a shift.
    pub shift: Option<pb::ShiftLog>,
    /// Where the jobs among the rows that ping do so.
    pub ping_urls: BTreeMap<PingName, SafeText>,
    /// Whether the hub is newer and said what this program can't read.
    pub is_partial: bool,
}

/// Asks and waits for the whole answer.
///
/// # Errors
/// When the connection is lost, the hub refuses, or its answer can't be read.
pub async fn ask(link: &FleetLink, request: QueryRequest) -> Result<Answer, LinkError> {
    let connection = link.connection();
    let late = || LinkError::NoHub(format!("the hub did not answer within {} s", TIMEOUT.as_secs()));
    let stream = timeout(TIMEOUT, connection.console().query(request)).await.map_err(|_| late())?;
    let mut stream = stream.map_err(|status| connection.error(&status))?.into_inner();
    let mut answer = Answer::default();
    loop {
        let message = timeout(TIMEOUT, stream.message()).await.map_err(|_| late())?;
        match message.map_err(|status| connection.error(&status))? {
            Some(reply) => answer.take(reply).map_err(|error| {
                LinkError::Refused(format!(
                    "the hub's answer can't be read ({error}): install the same release as the hub"
                ))
            })?,
            None => return Ok(answer),
        }
    }
}

/// Asks for the hosts that the entries of an answer speak of, so that they can be named.
///
/// # Errors
/// As [`ask`].
pub async fn name_hosts(link: &FleetLink, answer: &mut Answer) -> Result<(), LinkError> {
    let events = answer.entries.iter().flat_map(|entry| &entry.events);
    let mut unnamed: BTreeSet<HostId> = events.filter_map(|(_, event)| host_of(event)).collect();
    unnamed.retain(|host| answer.host_name(*host).is_none());
    if unnamed.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = unnamed.iter().map(ToString::to_string).collect();
    let ids = format!("id:{}", ids.join(","));
    // Where there are so many that no filter holds them, all of them come.
    let filter = if ids.len() <= LONGEST_FILTER { ids } else { String::new() };
    let request = QueryRequest { kind: Kind::Hosts.into(), filter, all: true, ..QueryRequest::default() };
    answer.fleet.hosts.hosts.append(&mut ask(link, request).await?.fleet.hosts.hosts);
    Ok(())
}

fn host_of(event: &Event) -> Option<HostId> {
    match event {
        Event::Hosts(event) => event.host(),
        Event::Checks(event) => Some(event.host()),
        Event::Alerts(alerts::Event::Opened { host, .. }) => *host,
        Event::Commands(commands::Event::Reported { host, .. }) => Some(*host),
        Event::Backups(backups::Event::Described(job)) => job.host,
        Event::Alerts(_)
        | Event::Backups(_)
        | Event::Notices(_)
        | Event::Windows(_)
        | Event::Commands(_)
        | Event::Pings(_)
        | Event::Profile(_)
        | Event::OnCall(_)
        | Event::Identity(_)
        | Event::Unknown => None,
    }
}

impl Answer {
    /// Takes one message of the answer.
    fn take(&mut self, reply: QueryReply) -> Result<(), WireError> {
        if reply.hub_time != 0 {
            self.hub_time = Timestamp(reply.hub_time);
        }
        for row in reply.rows {
            self.is_partial |= restore_row(&mut self.fleet, row)?.is_none();
        }
        self.glances.extend(reply.glances.into_iter().map(|glance| (HostId(glance.host), glance)));
        for address in reply.ping_addresses {
            self.ping_urls.insert(PingName::new(SafeText::line(&address.name).as_str()), SafeText::line(&address.url));
        }
        for reading in reply.backups {
            let reading = BackupReading::try_from(reading)?;
            self.readings.insert(reading.job.clone(), reading);
        }
        for entry in reply.entries {
            self.entries.push(decode_entry(entry)?);
        }
        self.status = reply.status.or(self.status.take());
        match (&mut self.alert_report, reply.alert_report) {
            (Some(report), Some(more)) => report.figures.extend(more.figures),
            (known @ None, report) => *known = report,
            (Some(_), None) => {}
        }
        self.shift = reply.shift.or(self.shift.take());
        self.assigned.extend(reply.assigned);
        self.commands.extend(reply.commands);
        self.matches.extend(reply.windows.into_iter().map(|window| (WindowId(window.window), window.matches)));
        self.lines.extend(reply.lines.iter().map(|line| SafeText::new(line)));
        Ok(())
    }

    /// When a host was last seen: by the live reading, else as of its last change of state.
    #[must_use]
    pub fn last_seen(&self, host: HostId) -> Option<Timestamp> {
        let live = self.glances.get(&host).and_then(|glance| glance.last_seen).map(Timestamp);
        live.or_else(|| self.fleet.hosts.hosts.get(&host).and_then(|host| host.last_seen))
    }

    /// A host's name, where its row came along.
    #[must_use]
    pub fn host_name(&self, host: HostId) -> Option<&SafeText> {
        self.fleet.hosts.hosts.get(&host).map(|host| &host.name)
    }
}
