//! What a list shows of a host's live knowledge.

use crate::fleet::hosts::vitals::FileSystem;
use crate::fleet::rules::live::{BackupReading, HostLive};
use crate::fleet::words::{HostId, JobName};
use crate::wire::{backups as wire, pb};

/// The few numbers a list shows of a host.
#[must_use]
pub fn glance(host: HostId, known: &HostLive) -> pb::Glance {
    let vitals = known.vitals.as_deref();
    pb::Glance {
        host: host.0,
        last_seen: known.last_seen.map(|seen| seen.wall.0),
        linked: known.linked,
        cpu: vitals.and_then(|vitals| vitals.cpu.busy),
        memory: vitals.and_then(|vitals| vitals.memory.used_share()).map(|share| share as f32),
        load: vitals.and_then(|vitals| vitals.load).map(|load| load.one),
        backups: known
            .backups
            .iter()
            .map(|(job, reading)| pb::BackupReading { words: String::new(), ..reading_of(job, reading) })
            .collect(),
        // As the checks and `df` say it, so that the list never shows less than the alert about it.
        disk: vitals
            .and_then(|vitals| vitals.file_systems.iter().filter_map(FileSystem::used_share).reduce(f64::max))
            .map(|share| share as f32),
    }
}

/// When a repository was read last, in hub time.
#[must_use]
pub fn reading_of(job: &JobName, reading: &BackupReading) -> pb::BackupReading {
    pb::BackupReading::from(&wire::BackupReading {
        job: job.clone(),
        at: reading.at.map(|at| at.wall),
        trouble: reading.trouble.clone(),
        interval: reading.interval,
    })
}

/// Which of a glance's fields have a value: a host first heard from has no rates yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown(u8);

impl Shown {
    /// Of what is known of a host.
    #[must_use]
    pub fn of(known: &HostLive) -> Self {
        let vitals = known.vitals.as_deref();
        let fields = [
            known.last_seen.is_some(),
            vitals.is_some(),
            vitals.is_some_and(|vitals| vitals.cpu.busy.is_some()),
            vitals.is_some_and(|vitals| !vitals.file_systems.is_empty()),
        ];
        Self(fields.into_iter().fold(0, |bits, field| bits << 1 | u8::from(field)))
    }

    /// Whether it has a field that `before` had not.
    #[must_use]
    pub const fn exceeds(self, before: Self) -> bool {
        self.0 & !before.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fleet::hosts::vitals::Vitals;
    use crate::fleet::words::{Instant, Now, Timestamp};

    #[test]
    fn first_signs_and_first_rates_are_news_and_newer_values_are_not() {
        let mut host = HostLive { linked: true, ..HostLive::default() };
        let mut news = Vec::new();
        let mut before = Shown::of(&host);
        let mut look = |host: &HostLive| {
            news.push(Shown::of(host).exceeds(before));
            before = Shown::of(host);
        };
        host.last_seen = Some(Now { wall: Timestamp(1), mono: Instant(1) });
        look(&host);
        let mut vitals = Vitals::default();
        host.vitals = Some(Arc::new(vitals.clone()));
        look(&host);
        vitals.cpu.busy = Some(0.5);
        host.vitals = Some(Arc::new(vitals.clone()));
        look(&host);
        vitals.cpu.busy = Some(0.6);
        host.vitals = Some(Arc::new(vitals.clone()));
        look(&host);
        vitals.cpu.busy = None;
        host.vitals = Some(Arc::new(vitals));
        look(&host);
        assert_eq!(news, [true, true, true, false, false]);
    }

    #[test]
    fn the_fullest_disk_is_as_full_as_df_says() {
        let disk = |used, available| FileSystem { total: 100, used, available, ..FileSystem::default() };
        // Blocks are reserved on the first: nothing is left there, although 10 of 100 are not used.
        let vitals = Vitals { file_systems: vec![disk(90, 0), disk(95, 5), disk(0, 0)], ..Vitals::default() };
        let host = HostLive { vitals: Some(Arc::new(vitals)), ..HostLive::default() };
        let glance = glance(HostId(1), &host);
        assert_eq!((glance.disk, glance.memory), (Some(1.0), None));
    }
}
