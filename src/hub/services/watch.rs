//! The Watch stream: a snapshot where the viewer's position does not serve, then entries as they become durable, and
//! readings at most once a second, what is new of a host at once. A viewer that can't keep up waits alone: its entries
//! are read from the journal.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::OptionFuture;
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tonic::Status;

use crate::fleet::derived::first_look::{self, Look};
use crate::fleet::identity::Role;
use crate::fleet::rules::input::Asker;
use crate::fleet::rules::live::HostLive;
use crate::fleet::state::{EntityKey, Fleet};
use crate::fleet::words::{ClientId, Epoch, HostId, Revision, Timestamp};
use crate::hub::services::glance::{Shown, glance};
use crate::hub::shared::{Shared, status};
use crate::wire::pb::frame::Body;
use crate::wire::{EncodedEntry, encode_sums, limits, pb, row_of, rows_of};
use std::collections::BTreeMap;

/// Frames that may wait for one viewer.
pub const QUEUE: usize = 2;
/// A frame of rows has this size: over a slow link the console must see soon that something comes.
const ROWS_AT_ONCE: usize = 32 << 10;
/// Entries looked at for one frame.
const ENTRIES_AT_ONCE: usize = 1_024;
/// Hosts in one frame of readings.
const GLANCES_AT_ONCE: usize = 250;
/// Readings go out this often at most.
const READINGS_EVERY: Duration = Duration::from_secs(1);
/// What was not known of a host before goes out sooner: this long after it came, together with what comes meanwhile,
const LEARNED_AFTER: Duration = Duration::from_millis(50);
/// but no sooner than this after the last such frame.
const LEARNED_EVERY: Duration = Duration::from_millis(250);
/// A frame goes out this often at least.
const ALIVE_EVERY: Duration = Duration::from_secs(2);

/// One viewer.
pub struct Watcher {
    shared: Arc<Shared>,
    role: Role,
    scope: Option<ClientId>,
    out: mpsc::Sender<Result<pb::Frame, Status>>,
    at: Revision,
    /// Of each host, which live knowledge the viewer has.
    told: BTreeMap<HostId, Told>,
    /// When glances went out last.
    glanced: Option<Instant>,
    spoke: Instant,
}

/// What a viewer has been told of a host.
#[derive(Clone, Copy)]
struct Told {
    generation: u64,
    shown: Shown,
}

/// The viewer has gone.
struct Gone;

impl Watcher {
    /// A viewer of this role and scope.
    #[must_use]
    pub fn new(shared: Arc<Shared>, asker: &Asker, out: mpsc::Sender<Result<pb::Frame, Status>>) -> Self {
        let (role, scope) = (asker.role, asker.scope.clone());
        let (told, spoke) = (BTreeMap::new(), Instant::now());
        Self { shared, role, scope, out, at: Revision(0), told, glanced: None, spoke }
    }

    /// Serves the viewer until they go.
    pub async fn run(mut self, from: pb::WatchRequest) {
        self.shared.watchers.fetch_add(1, Ordering::Relaxed);
        if let Err(status) = self.follow(from).await {
            let _ = self.out.send(Err(status)).await;
        }
        self.shared.watchers.fetch_sub(1, Ordering::Relaxed);
    }

    async fn follow(&mut self, from: pb::WatchRequest) -> Result<(), Status> {
        let mut learned = self.shared.learned.subscribe();
        if self.begin(from).await?.is_err() {
            return Ok(());
        }
        let mut early: Option<Instant> = None;
        let mut head = self.shared.feed.head();
        let mut readings = interval(READINGS_EVERY);
        readings.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            // A role taken away or a scope changed ends the stream; the console asks again with what it has now.
            let newest = *head.borrow_and_update();
            let step = if self.at < newest {
                self.entries().await?
            } else {
                tokio::select! {
                    changed = head.changed() => if changed.is_err() { return Ok(()) } else { Ok(()) },
                    _ = readings.tick() => self.readings().await,
                    Ok(()) = learned.changed(), if early.is_none() => {
                        let next = self.glanced.map(|glanced| glanced + LEARNED_EVERY);
                        early = next.max(Some(Instant::now() + LEARNED_AFTER));
                        Ok(())
                    }
                    Some(()) = OptionFuture::from(early.map(sleep_until)) => {
                        early = None;
                        self.learned().await
                    }
                    () = self.out.closed() => return Ok(()),
                }
            };
            if step.is_err() {
                return Ok(());
            }
        }
    }

    /// Resumes at the viewer's position, or begins with a snapshot.
    async fn begin(&mut self, from: pb::WatchRequest) -> Result<Result<(), Gone>, Status> {
        let mut cut = self.shared.core.cut().await.map_err(status)?;
        if from.epoch == cut.epoch.0 && from.revision > cut.fleet.revision.0 {
            cut.epoch = self.shared.core.restored(cut.epoch, Revision(from.revision)).await.map_err(status)?;
        }
        if from.epoch == cut.epoch.0 && from.revision > 0 {
            self.at = Revision(from.revision);
            let begin = Body::Entries(pb::Entries { from: from.revision, through: from.revision, entries: Vec::new() });
            return Ok(self.send(begin).await);
        }
        let fleet = cut.fleet.project(self.role, self.scope.as_ref());
        self.at = fleet.revision;
        Ok(self.snapshot(cut.epoch, &fleet, from.look.map(Into::into)).await)
    }

    async fn snapshot(&mut self, epoch: Epoch, fleet: &Fleet, look: Option<Look>) -> Result<(), Gone> {
        let begin = pb::SnapshotBegin {
            epoch: epoch.0,
            revision: fleet.revision.0,
            role: pb::Role::from(self.role).into(),
            client: self.scope.as_ref().map(ToString::to_string).unwrap_or_default(),
        };
        if let Some(look) = look {
            let look = self.first_look(begin.clone(), fleet, look);
            self.send(Body::FirstLook(look)).await?;
        }
        self.send(Body::SnapshotBegin(begin)).await?;
        let mut rows = Vec::new();
        let mut size = 0;
        for row in rows_of(fleet) {
            size += row.encoded_len() + 4;
            rows.push(row);
            if size >= ROWS_AT_ONCE {
                size = 0;
                self.send(Body::SnapshotRows(pb::SnapshotRows { rows: std::mem::take(&mut rows) })).await?;
            }
        }
        if !rows.is_empty() {
            self.send(Body::SnapshotRows(pb::SnapshotRows { rows })).await?;
        }
        self.send(Body::SnapshotEnd(pb::SnapshotEnd {})).await?;
        self.readings().await
    }

    /// The sums of all clients and what the viewer's screen shows of the fleet.
    fn first_look(&self, of: pb::SnapshotBegin, fleet: &Fleet, look: Look) -> pb::FirstLook {
        let keys = first_look::rows(fleet, look);
        let hosts = keys.iter().filter_map(|key| if let EntityKey::Host(host) = key { Some(*host) } else { None });
        // Counting a large fleet takes longer than intake should wait.
        let live = self.shared.live();
        let glances = hosts.filter_map(|host| Some(glance(host, live.hosts.get(&host)?))).collect();
        let seen = |(host, known): (&HostId, &HostLive)| Some((*host, known.last_seen?.wall));
        let seen: BTreeMap<HostId, Timestamp> = live.hosts.iter().filter_map(seen).collect();
        drop(live);
        let sums = encode_sums(&first_look::sums(fleet, |host| seen.get(&host).copied()));
        let rows = keys.iter().filter_map(|key| row_of(fleet, key)).collect();
        pb::FirstLook { of: Some(of), sums, rows, glances }
    }

    /// The next frame of entries, from memory or from the journal.
    async fn entries(&mut self) -> Result<Result<(), Gone>, Status> {
        let mut frame = pb::Entries { from: self.at.0, through: self.at.0, entries: Vec::new() };
        let mut size = 0;
        if let Some(recent) = self.shared.feed.after(self.at, ENTRIES_AT_ONCE) {
            for committed in recent {
                if size >= limits::FRAME_TARGET {
                    break;
                }
                size += committed.bytes.len();
                frame.through = committed.revision().0;
                frame.entries.extend(committed.project(self.role, self.scope.as_ref()));
            }
        } else {
            let journal = Arc::clone(&self.shared.journal);
            let from = self.at.next();
            let stored =
                tokio::task::spawn_blocking(move || journal.entries(from, ENTRIES_AT_ONCE, limits::FRAME_TARGET))
                    .await
                    .map_err(|error| Status::internal(error.to_string()))?
                    .map_err(|error| Status::internal(error.to_string()))?;
            for entry in stored {
                frame.through = entry.revision.0;
                let encoded =
                    EncodedEntry::from_bytes(entry.bytes).map_err(|error| Status::internal(error.to_string()))?;
                frame.entries.extend(encoded.project(self.role, self.scope.as_ref()));
            }
        }
        if frame.through == self.at.0 {
            return Ok(Ok(()));
        }
        self.at = Revision(frame.through);
        Ok(self.send(Body::Entries(frame)).await)
    }

    /// What is new of live knowledge, or a proof of life when nothing was said for long.
    async fn readings(&mut self) -> Result<(), Gone> {
        self.show(|told, known| told.generation == known.generation).await?;
        if self.spoke.elapsed() + Duration::from_millis(100) >= ALIVE_EVERY {
            self.send(Body::Alive(pb::Alive {})).await?;
        }
        Ok(())
    }

    /// What the viewer did not know of a host at all. Newer values of what they know wait for their turn.
    async fn learned(&mut self) -> Result<(), Gone> {
        self.show(|told, known| !Shown::of(known).exceeds(told.shown)).await
    }

    /// Shows glances at the hosts of which the viewer has not been told `enough`. Each frame is filled when there is
    /// room for it, so that over a slow link the newest values go out and none wait.
    async fn show(&mut self, enough: impl Fn(&Told, &HostLive) -> bool) -> Result<(), Gone> {
        let mut from = Some(HostId(0));
        while let Some(next) = from {
            let out = self.out.clone();
            let room = out.reserve().await.map_err(|_| Gone)?;
            let hosts;
            (hosts, from) = self.glances(next, &enough);
            if hosts.is_empty() {
                break;
            }
            let now = Instant::now();
            (self.glanced, self.spoke) = (Some(now), now);
            let body = Some(Body::Glances(pb::Glances { hosts }));
            room.send(Ok(pb::Frame { hub_time: self.shared.clock.now().wall.0, body }));
        }
        Ok(())
    }

    /// A frame's worth of glances from a host on, and the host after the last looked at, where there is one.
    fn glances(
        &mut self,
        from: HostId,
        enough: &impl Fn(&Told, &HostLive) -> bool,
    ) -> (Vec<pb::Glance>, Option<HostId>) {
        let live = self.shared.live();
        let scope = self.scope.as_ref();
        let mut glances = Vec::new();
        for (host, known) in live.hosts.range(from..) {
            if self.told.get(host).is_some_and(|told| enough(told, known)) {
                continue;
            }
            if scope.is_some() && !self.shared.states.is_of(*host, scope) {
                continue;
            }
            if glances.len() == GLANCES_AT_ONCE {
                return (glances, Some(*host));
            }
            self.told.insert(*host, Told { generation: known.generation, shown: Shown::of(known) });
            glances.push(glance(*host, known));
        }
        (glances, None)
    }

    async fn send(&mut self, body: Body) -> Result<(), Gone> {
        self.spoke = Instant::now();
        let frame = pb::Frame { hub_time: self.shared.clock.now().wall.0, body: Some(body) };
        self.out.send(Ok(frame)).await.map_err(|_| Gone)
    }
}
