//! What a console looks at first, and the sums it is told.

use std::collections::BTreeMap;

use crate::fleet::derived::first_look::{ClientSums, Look, Screen};
use crate::fleet::derived::tally::Tally;
use crate::fleet::words::{ClientId, HostId, Timestamp};
use crate::wire::pb;

impl From<Look> for pb::Look {
    fn from(look: Look) -> Self {
        let screen = match look.screen {
            Screen::Floor => pb::look::Screen::Floor,
            Screen::Alerts => pb::look::Screen::Alerts,
            Screen::Hosts => pb::look::Screen::Hosts,
        };
        Self { screen: screen.into(), rows: u32::try_from(look.rows).unwrap_or(u32::MAX) }
    }
}

impl From<pb::Look> for Look {
    fn from(look: pb::Look) -> Self {
        // A screen of a newer console is told the sums, which all screens show.
        let screen = match look.screen() {
            pb::look::Screen::Floor => Screen::Floor,
            pb::look::Screen::Alerts => Screen::Alerts,
            pb::look::Screen::Hosts => Screen::Hosts,
        };
        Self { screen, rows: usize::try_from(look.rows).unwrap_or(usize::MAX) }
    }
}

/// The sums of all clients as they travel.
#[must_use]
pub fn encode_sums(sums: &BTreeMap<ClientId, ClientSums>) -> Vec<pb::ClientSums> {
    sums.iter()
        .map(|(client, sums)| {
            let [hosts, alerts, checks, stale, backups] = sums.tally.numbers();
            pb::ClientSums {
                client: client.to_string(),
                hosts,
                alerts,
                checks,
                stale: stale.first().copied().unwrap_or_default(),
                longest_unseen: sums.longest_unseen.map(|(_, host)| host.0),
                seen_at: sums.longest_unseen.map_or(0, |(at, _)| at.0),
                never_seen: sums.never_seen,
                backups,
            }
        })
        .collect()
}

/// The sums of all clients; `None` where they are of a hub that counts by more or fewer states: what does not add up is
/// not shown.
#[must_use]
pub fn decode_sums(sums: Vec<pb::ClientSums>) -> Option<BTreeMap<ClientId, ClientSums>> {
    sums.into_iter()
        .map(|sums| {
            let tally = Tally::of_numbers([&sums.hosts, &sums.alerts, &sums.checks, &[sums.stale], &sums.backups])?;
            let longest_unseen = sums.longest_unseen.map(|host| (Timestamp(sums.seen_at), HostId(host)));
            let never_seen = sums.never_seen;
            Some((ClientId::new(sums.client), ClientSums { tally, longest_unseen, never_seen }))
        })
        .collect()
}
