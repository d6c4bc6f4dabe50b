//! What replicas rest on: whoever sees part of the entries holds that part of the state, wherever they joined.

use std::collections::BTreeMap;

use proptest::prelude::*;
use prost::Message as _;

use watchfloor::fleet::identity::Role;
use watchfloor::fleet::state::{Entry, Fleet};
use watchfloor::fleet::words::ClientId;
use watchfloor::wire::{EncodedEntry, decode_entry, pb, restore_row, row_key, row_of, rows_of};

use crate::histories::{head, history, replay};
use crate::strategies::CLIENTS;

/// Each role at a console, with each scope.
fn viewers() -> Vec<(Role, Option<ClientId>)> {
    let scopes: Vec<Option<ClientId>> =
        std::iter::once(None).chain(CLIENTS.iter().map(|client| Some(ClientId::from(*client)))).collect();
    let roles = [Role::Viewer, Role::Operator, Role::Admin];
    roles.into_iter().flat_map(|role| scopes.iter().map(move |scope| (role, scope.clone()))).collect()
}

/// Applies what a viewer gets of the entries, through the wire.
fn follow(view: &mut Fleet, entries: &[Entry], role: Role, scope: Option<&ClientId>) {
    for entry in entries {
        let frame = EncodedEntry::new(entry).expect("within the limits").project(role, scope);
        let decoded = frame.map(|frame| decode_entry(frame).expect("readable"));
        assert_eq!(decoded, entry.project(role, scope), "the encoded entry is filtered as the plain one is");
        if let Some(visible) = decoded {
            view.apply(&visible);
        }
    }
    view.revision = head(entries).max(view.revision);
}

fn restored(rows: impl Iterator<Item = pb::Row>) -> Fleet {
    let mut fleet = Fleet::default();
    for row in rows {
        let bytes = row.encode_to_vec();
        let row = pb::Row::decode(bytes.as_slice()).expect("a row");
        restore_row(&mut fleet, row).expect("readable").expect("known here");
    }
    fleet
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_view_replayed_is_the_replay_viewed(entries in history()) {
        let whole = replay(&entries);
        for (role, scope) in viewers() {
            let mut view = Fleet::default();
            follow(&mut view, &entries, role, scope.as_ref());
            prop_assert_eq!(&view, &whole.project(role, scope.as_ref()), "{} {:?}", role, scope);
        }
    }

    #[test]
    fn a_snapshot_and_the_rest_is_the_whole(entries in history(), cut in any::<prop::sample::Index>()) {
        let whole = replay(&entries);
        let (before, after) = entries.split_at(cut.index(entries.len() + 1));
        let at_cut = replay(before);
        for (role, scope) in viewers() {
            let snapshot = at_cut.project(role, scope.as_ref());
            let mut view = restored(rows_of(&snapshot));
            view.revision = at_cut.revision;
            prop_assert_eq!(&view, &snapshot, "the snapshot itself: {} {:?}", role, scope);
            follow(&mut view, after, role, scope.as_ref());
            prop_assert_eq!(&view, &whole.project(role, scope.as_ref()), "{} {:?}", role, scope);
        }
    }

    #[test]
    fn rewriting_touched_rows_keeps_the_state_on_disk(entries in history(), cut in any::<prop::sample::Index>()) {
        let mut fleet = Fleet::default();
        let mut disk = BTreeMap::new();
        for entry in &entries[..cut.index(entries.len() + 1)] {
            for key in fleet.apply(entry) {
                match row_of(&fleet, &key) {
                    Some(row) => disk.insert(row_key(&key), row.encode_to_vec()),
                    None => disk.remove(&row_key(&key)),
                };
            }
        }
        let rows = disk.values().map(|bytes| pb::Row::decode(bytes.as_slice()).expect("a row"));
        let mut started = restored(rows);
        started.revision = fleet.revision;
        prop_assert_eq!(&started, &fleet);
        let in_order: Vec<Vec<u8>> = rows_of(&fleet).map(|row| row.encode_to_vec()).collect();
        let profile_is_written = disk.keys().any(|(table, _)| *table == 1);
        let on_disk: Vec<Vec<u8>> = disk.into_values().collect();
        prop_assert_eq!(&on_disk[..], &in_order[usize::from(!profile_is_written)..], "in the order of the keys");
    }
}
