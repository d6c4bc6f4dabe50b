//! The few numbers a list shows of a host.

use crate::fleet::words::{HostId, JobName, Timestamp};
use crate::wire::pb;

/// The newest reading of a host; what was not measured is absent, never zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glance {
    /// When its agent was heard last (hub time).
    pub last_seen: Option<Timestamp>,
    /// Whether its agent's stream stands, as far as the hub knew.
    pub linked: bool,
    /// Busy share of its processors, 0 to 1.
    pub cpu: Option<f32>,
    /// Used share of its memory, 0 to 1.
    pub memory: Option<f32>,
    /// Load over one minute.
    pub load: Option<f32>,
    /// Used share of its fullest file system, 0 to 1.
    pub disk: Option<f32>,
    /// Its backup jobs that were read, and when each was last (hub time).
    pub backups_read: Vec<(JobName, Timestamp)>,
}

impl Glance {
    /// Reads a glance; numbers that are not finite count as not measured.
    #[must_use]
    pub fn decode(glance: &pb::Glance) -> (HostId, Self) {
        let finite = |number: Option<f32>| number.filter(|number| number.is_finite());
        let decoded = Self {
            last_seen: glance.last_seen.map(Timestamp),
            linked: glance.linked,
            cpu: finite(glance.cpu),
            memory: finite(glance.memory),
            load: finite(glance.load),
            disk: finite(glance.disk),
            backups_read: glance
                .backups
                .iter()
                .filter(|reading| reading.at != 0)
                .map(|reading| (JobName::from(reading.job.as_str()), Timestamp(reading.at)))
                .collect(),
        };
        (HostId(glance.host), decoded)
    }

    /// When the repository of this job was read last (hub time); `None` where it never was.
    #[must_use]
    pub fn backup_read(&self, job: &JobName) -> Option<Timestamp> {
        self.backups_read.iter().find(|(read, _)| read == job).map(|(_, at)| *at)
    }
}
