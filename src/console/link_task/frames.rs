//! Frames as they arrive, made into what a replica takes: snapshots are put together here, off the screens' loop.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::console::replica::{Body, Frame, Glance, Position, Snapshot};
use crate::fleet::derived::first_look::ClientSums;
use crate::fleet::identity::{Audience, Role};
use crate::fleet::state::{Entry, Event, Fleet};
use crate::fleet::words::{AlertId, ClientId, Epoch, HostId, Revision, SiteId, Timestamp};
use crate::wire::pb::row::Entity;
use crate::wire::{self, decode_entry, decode_sums, pb, restore_row};

/// Why frames make no sense; the remedy is a new snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum FrameError {
    /// Entries are missing.
    #[error("entries after revision {held} were expected, and revision {from} followed; the fleet is fetched anew")]
    Gap {
        /// Where this console stands.
        held: Revision,
        /// What the frame follows.
        from: Revision,
    },
    /// Rows or an end outside of a snapshot, or entries before one.
    #[error("the hub sent {what} out of order; the fleet is fetched anew")]
    OutOfOrder {
        /// What.
        what: &'static str,
    },
    /// A snapshot for a role that is none.
    #[error("the hub's snapshot can't be used: {0}")]
    Unusable(#[from] wire::WireError),
}

/// Reads the frames of one link after another and keeps the position.
#[derive(Debug, Default)]
pub(super) struct Frames {
    held: Position,
    role: Option<Role>,
    /// Whether a whole fleet was ever received, be it old: a first look would show less.
    loaded: bool,
    building: Option<Building>,
    /// The first look, until the whole fleet is here.
    look: Option<FirstLook>,
    /// Whether what this link has brought is the hub's state, or its first rows.
    current: bool,
}

/// How often what has come of a snapshot is shown while the rest is on its way.
const SHOWN_EVERY: Duration = Duration::from_secs(1);

/// What came before the snapshot.
#[derive(Debug)]
struct FirstLook {
    sums: BTreeMap<ClientId, ClientSums>,
    rows: Vec<pb::Row>,
    glances: Vec<(HostId, Glance)>,
    /// When it was shown last, with what had come by then.
    shown: Instant,
}

/// A snapshot on its way.
#[derive(Clone, Debug)]
struct Building {
    epoch: Epoch,
    role: Role,
    scope: Option<ClientId>,
    fleet: Fleet,
    partial: bool,
}

impl Frames {
    /// Where the last frame has brought the replica.
    pub const fn held(&self) -> Position {
        self.held
    }

    /// The role of the state held.
    pub const fn role(&self) -> Option<Role> {
        self.role
    }

    /// Whether a whole fleet was ever received.
    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Whether what the replica holds is the hub's.
    pub const fn is_current(&self) -> bool {
        self.current
    }

    /// A new link begins; what was being built is gone.
    pub fn begin(&mut self) {
        self.building = None;
        self.look = None;
        self.current = false;
    }

    /// The position is of no use any more.
    pub fn forget(&mut self) {
        self.held = Position::default();
    }

    /// Takes a frame; `None` when it is a part of something.
    pub fn take(&mut self, frame: pb::Frame, received: Instant) -> Result<Option<Frame>, FrameError> {
        use pb::frame::Body as Message;
        let hub_time = Timestamp(frame.hub_time);
        let body = match frame.body {
            Some(Message::SnapshotBegin(begin)) => {
                self.building = Some(Building::new(begin)?);
                None
            }
            Some(Message::FirstLook(look)) => self.first_look(look, received)?,
            Some(Message::SnapshotRows(rows)) => {
                let building = self.building.as_mut().ok_or(FrameError::OutOfOrder { what: "rows" })?;
                rows.rows.into_iter().for_each(|row| building.row(row));
                let due = self.look.as_mut().filter(|look| received >= look.shown + SHOWN_EVERY);
                due.map(|look| look.with(building, received))
            }
            Some(Message::SnapshotEnd(_)) => {
                let building = self.building.take().ok_or(FrameError::OutOfOrder { what: "the end of a snapshot" })?;
                self.held = Position { epoch: building.epoch, revision: building.fleet.revision };
                self.role = Some(building.role);
                self.look = None;
                (self.current, self.loaded) = (true, true);
                Some(Body::Snapshot(Box::new(building.done())))
            }
            Some(Message::Entries(entries)) => Some(self.entries(entries)?),
            Some(Message::Glances(glances)) => Some(Body::Glances(glances.hosts.iter().map(Glance::decode).collect())),
            Some(Message::Alive(_)) => Some(Body::Alive),
            // A kind of a newer hub still proves that it lives.
            None => Some(Body::Alive),
        };
        Ok(body.map(|body| Frame { received, hub_time, body }))
    }

    /// Sums that can't be read are none: the snapshot follows.
    fn first_look(&mut self, look: pb::FirstLook, received: Instant) -> Result<Option<Body>, FrameError> {
        let building = Building::new(look.of.unwrap_or_default())?;
        let Some(sums) = decode_sums(look.sums).filter(|_| !self.loaded) else { return Ok(None) };
        self.current = true;
        let glances = look.glances.iter().map(Glance::decode).collect();
        let look = self.look.insert(FirstLook { sums, rows: look.rows, glances, shown: received });
        Ok(Some(look.with(&building, received)))
    }

    fn entries(&mut self, frame: pb::Entries) -> Result<Body, FrameError> {
        if self.held.epoch.0 == 0 || self.building.is_some() {
            return Err(FrameError::OutOfOrder { what: "entries" });
        }
        let (from, through) = (Revision(frame.from), Revision(frame.through));
        if from > self.held.revision || through < self.held.revision {
            return Err(FrameError::Gap { held: self.held.revision, from });
        }
        let held = self.held.revision;
        let new = frame.entries.into_iter().filter(|entry| entry.revision > held.0);
        let entries = new.map(readable).collect();
        self.held.revision = through;
        self.current = true;
        Ok(Body::Entries { through, entries })
    }
}

impl FirstLook {
    /// The first look with what has come of the snapshot: where a row is in both, the snapshot's counts.
    fn with(&mut self, building: &Building, now: Instant) -> Body {
        self.shown = now;
        let mut so_far = building.clone();
        for row in &self.rows {
            if !is_there(&so_far.fleet, row) {
                so_far.row(row.clone());
            }
        }
        Body::FirstLook(Box::new(so_far.done().first_look(self.sums.clone())), self.glances.clone())
    }
}

/// Whether the fleet has this row's entity, for the kinds that come first.
fn is_there(fleet: &Fleet, row: &pb::Row) -> bool {
    let client = |id: &str| ClientId::new(id);
    match &row.entity {
        Some(Entity::Client(row)) => fleet.hosts.clients.contains_key(&client(&row.id)),
        Some(Entity::Site(row)) => fleet.hosts.sites.contains_key(&(client(&row.client), SiteId::new(row.id.as_str()))),
        Some(Entity::Host(row)) => fleet.hosts.hosts.contains_key(&HostId(row.id)),
        Some(Entity::Alert(row)) => fleet.alerts.alerts.contains_key(&AlertId(row.id)),
        _ => false,
    }
}

/// The entry; one that can't be read is as one of a newer hub: the view is partial, and goes on.
fn readable(entry: pb::Entry) -> Entry {
    let (revision, at) = (Revision(entry.revision), Timestamp(entry.at));
    let actor = entry.actor.clone().unwrap_or_default();
    decode_entry(entry).unwrap_or_else(|error| {
        tracing::warn!(%revision, %error, "an entry can't be read; the view is partial");
        Entry { revision, at, actor: actor.into(), events: vec![(Audience::EVERYONE, Event::Unknown)] }
    })
}

impl Building {
    fn new(begin: pb::SnapshotBegin) -> Result<Self, FrameError> {
        let scope = (!begin.client.is_empty()).then(|| ClientId::new(begin.client));
        let fleet = Fleet { revision: Revision(begin.revision), ..Fleet::default() };
        let role = wire::role(begin.role, "SnapshotBegin")?;
        Ok(Self { epoch: Epoch(begin.epoch), role, scope, fleet, partial: false })
    }

    fn row(&mut self, row: pb::Row) {
        match restore_row(&mut self.fleet, row) {
            Ok(Some(_)) => {}
            Ok(None) => self.partial = true,
            Err(error) => {
                tracing::warn!(%error, "a row can't be read; the view is partial");
                self.partial = true;
            }
        }
    }

    fn done(self) -> Snapshot {
        Snapshot::new(self.epoch, self.role, self.scope, self.fleet, self.partial)
    }
}

#[cfg(test)]
mod tests {
    use pb::frame::Body as Message;

    use super::*;
    use crate::console::replica::{Replica, Update};
    use crate::wire::encode_sums;

    fn begin(epoch: u64, revision: u64) -> Message {
        let role = pb::Role::Viewer.into();
        Message::SnapshotBegin(pb::SnapshotBegin { epoch, revision, role, client: String::new() })
    }

    fn entries(from: u64, through: u64, revisions: &[u64]) -> Message {
        let entry = |revision: &u64| pb::Entry { revision: *revision, ..pb::Entry::default() };
        Message::Entries(pb::Entries { from, through, entries: revisions.iter().map(entry).collect() })
    }

    fn take(frames: &mut Frames, body: Message) -> Result<Option<Body>, FrameError> {
        let frame = pb::Frame { hub_time: 1, body: Some(body) };
        Ok(frames.take(frame, Instant::now())?.map(|frame| frame.body))
    }

    fn loaded() -> Frames {
        let mut frames = Frames::default();
        assert!(take(&mut frames, begin(4, 10)).expect("a beginning").is_none());
        assert!(!frames.is_current());
        assert!(matches!(take(&mut frames, Message::SnapshotEnd(pb::SnapshotEnd {})), Ok(Some(Body::Snapshot(_)))));
        assert!(frames.is_current());
        frames
    }

    #[test]
    fn what_comes_after_the_first_look_is_shown_as_it_comes_and_the_whole_fleet_at_the_end() {
        let mut frames = Frames::default();
        let start = Instant::now();
        let rows = |ids: &[u64]| -> Vec<pb::Row> {
            let host = |id: &u64| pb::Host { id: *id, name: format!("h{id}"), ..pb::Host::default() };
            ids.iter().map(|id| pb::Row { entity: Some(Entity::Host(host(id))) }).collect()
        };
        let mut shown = |body, after: u64| {
            let frame = pb::Frame { hub_time: 1, body: Some(body) };
            let taken = frames.take(frame, start + Duration::from_millis(after)).expect("a frame");
            match taken.map(|frame| frame.body) {
                Some(Body::FirstLook(snapshot, _)) => Some((false, snapshot)),
                Some(Body::Snapshot(snapshot)) => Some((true, snapshot)),
                other => other.map(|other| panic!("{other:?}")),
            }
            .map(|(whole, snapshot)| {
                let mut replica = Replica::new("main", start);
                let body = if whole { Body::Snapshot(snapshot) } else { Body::FirstLook(snapshot, Vec::new()) };
                let _ = replica.apply(Update::Frame(Frame { received: start, hub_time: Timestamp(1), body }));
                (whole, replica.fleet().hosts.hosts.keys().map(|host| host.0).collect::<Vec<_>>())
            })
        };
        let Message::SnapshotBegin(of) = begin(4, 10) else { unreachable!("it is one") };
        let sums = encode_sums(&BTreeMap::new());
        let look = pb::FirstLook { of: Some(of), sums, rows: rows(&[7, 9]), ..pb::FirstLook::default() };
        assert_eq!(shown(Message::FirstLook(look), 0), Some((false, vec![7, 9])));
        assert_eq!(shown(begin(4, 11), 10), None);
        let page = |ids| Message::SnapshotRows(pb::SnapshotRows { rows: rows(ids) });
        assert_eq!(shown(page(&[1, 2]), 500), None, "not with every page");
        assert_eq!(shown(page(&[3]), 1_100), Some((false, vec![1, 2, 3, 7, 9])));
        assert_eq!(shown(page(&[4, 7]), 1_200), None);
        let whole = shown(Message::SnapshotEnd(pb::SnapshotEnd {}), 1_300);
        assert_eq!(whole, Some((true, vec![1, 2, 3, 4, 7])), "what left meanwhile is gone");
    }

    #[test]
    fn a_gap_is_never_applied() {
        let mut frames = loaded();
        assert!(take(&mut frames, entries(10, 12, &[11])).is_ok());
        assert_eq!(frames.held(), Position { epoch: Epoch(4), revision: Revision(12) });
        let gap = take(&mut frames, entries(13, 14, &[14])).expect_err("revision 13 is missing");
        assert_eq!(gap, FrameError::Gap { held: Revision(12), from: Revision(13) });
        assert_eq!(frames.held().revision, Revision(12));
    }

    #[test]
    fn what_is_held_already_is_not_applied_again() {
        let mut frames = loaded();
        let Ok(Some(Body::Entries { through, entries })) = take(&mut frames, entries(8, 12, &[9, 10, 11, 12])) else {
            panic!("entries");
        };
        assert_eq!(through, Revision(12));
        assert_eq!(entries.iter().map(|entry| entry.revision.0).collect::<Vec<_>>(), [11, 12]);
    }

    #[test]
    fn frames_out_of_order_are_refused() {
        let mut frames = Frames::default();
        assert!(take(&mut frames, entries(0, 1, &[1])).is_err(), "entries before any snapshot");
        assert!(take(&mut frames, Message::SnapshotRows(pb::SnapshotRows::default())).is_err());
        assert!(take(&mut frames, Message::SnapshotEnd(pb::SnapshotEnd {})).is_err());
        let role = pb::Role::None.into();
        let nobody = pb::SnapshotBegin { epoch: 1, revision: 1, role, client: String::new() };
        assert!(take(&mut frames, Message::SnapshotBegin(nobody)).is_err(), "a snapshot for no role");
    }

    #[test]
    fn a_row_or_entry_that_cannot_be_read_makes_the_view_partial_and_no_more() {
        let mut frames = loaded();
        let malformed = pb::EventRecord { audience: None, event: vec![0xff].into() };
        let entry = pb::Entry { revision: 11, events: vec![malformed], ..pb::Entry::default() };
        let frame = Message::Entries(pb::Entries { from: 10, through: 11, entries: vec![entry] });
        let Ok(Some(Body::Entries { entries, .. })) = take(&mut frames, frame) else { panic!("entries") };
        assert!(matches!(entries.first().map(|entry| &*entry.events), Some([(_, Event::Unknown)])));
    }
}
