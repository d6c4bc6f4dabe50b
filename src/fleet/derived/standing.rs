//! Host, agent, link and site apart: each can be well while another is not.

use std::collections::BTreeMap;

use crate::fleet::alerts::Subject;
use crate::fleet::hosts::{Host, HostState};
use crate::fleet::state::Fleet;
use crate::fleet::words::{ClientId, SiteId};

/// Whether an agent does its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// Its scheduler turns: its heartbeat comes.
    Running,
    /// Its stream stands and no heartbeat comes: its scheduler hangs.
    Hung,
    /// It said goodbye, or its host is off.
    Stopped,
    /// Nobody knows.
    Unknown,
}

/// Whether the line of a site lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteState {
    /// A host there is up.
    Up,
    /// All that is expected there fell silent together.
    Dead,
    /// Nothing there says.
    Unknown,
}

/// The sites of a fleet by their state, made once for many hosts.
#[derive(Clone, Debug, Default)]
pub struct Sites<'f>(BTreeMap<(&'f ClientId, &'f SiteId), SiteState>);

impl<'f> Sites<'f> {
    /// The states of all sites, as far as the hosts and alerts of this fleet tell.
    #[must_use]
    pub fn of(fleet: &'f Fleet) -> Self {
        let mut sites = BTreeMap::new();
        for host in fleet.hosts.present() {
            let state = sites.entry((&host.client, &host.site)).or_insert(SiteState::Unknown);
            match (host.state, *state) {
                (HostState::Up, _) => *state = SiteState::Up,
                (_, SiteState::Unknown) if host.is_behind_line() => *state = SiteState::Dead,
                _ => {}
            }
        }
        for alert in fleet.alerts.roots() {
            if let Subject::Site(site) = &alert.subject {
                sites.insert((&alert.client, site), SiteState::Dead);
            }
        }
        Self(sites)
    }

    /// How the site of a host is.
    #[must_use]
    pub fn at(&self, host: &Host) -> SiteState {
        self.0.get(&(&host.client, &host.site)).copied().unwrap_or(SiteState::Unknown)
    }
}

impl SiteState {
    /// `up`, `dead` or `unknown`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }
}

impl AgentState {
    /// What is known of the agent of a host whose stream stands or not.
    #[must_use]
    pub const fn of(host: HostState, linked: Option<bool>) -> Self {
        match (host, linked) {
            (HostState::Up, _) => Self::Running,
            (HostState::Silent | HostState::Down, Some(true)) => Self::Hung,
            (HostState::Off | HostState::Left, _) => Self::Stopped,
            (HostState::Silent | HostState::Down | HostState::Unknown, _) => Self::Unknown,
        }
    }

    /// `running`, `hung`, `stopped` or `unknown`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Hung => "hung",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }
}

/// `up`, `down` or `unknown`: whether the stream of an agent stands.
#[must_use]
pub const fn link_word(linked: Option<bool>) -> &'static str {
    match linked {
        Some(true) => "up",
        Some(false) => "down",
        None => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_is_linked_and_not_heard_hangs() {
        for (host, linked, expected) in [
            (HostState::Up, Some(true), "running"),
            (HostState::Down, Some(true), "hung"),
            (HostState::Silent, Some(true), "hung"),
            (HostState::Silent, Some(false), "unknown"),
            (HostState::Down, None, "unknown"),
            (HostState::Off, Some(false), "stopped"),
            (HostState::Left, None, "stopped"),
            (HostState::Unknown, None, "unknown"),
        ] {
            assert_eq!(AgentState::of(host, linked).word(), expected, "{host} {linked:?}");
        }
    }
}
