//! A managed machine or device and whether it lives.

use std::fmt;

use super::vitals::OsFacts;
use crate::fleet::words::{ClientId, HostClass, HostId, IdentityId, SafeText, SiteId, Timestamp};

/// Whether a host lives, as far as the hub can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostState {
    /// Never heard from, or not judged since the hub started.
    #[default]
    Unknown,
    /// Its heartbeat arrives.
    Up,
    /// Its heartbeat stopped outside the hours in which it is expected to run, or it said goodbye as a PC does.
    Off,
    /// Heartbeat missed, not yet judged.
    Silent,
    /// Silent past its limit without evidence that it lives.
    Down,
    /// Retired or said goodbye.
    Left,
}

/// Why a host is silent that was off when its hours began.
pub const HOURS_BEGUN: &str = "expected hours have begun, not heard from yet";
const BEHIND: &str = "behind the dead line of ";
const LINE_BACK: &str = " is back, the host was not heard yet";

/// Why a host is silent while nothing at its site is heard.
#[must_use]
pub fn behind_line(site: &SiteId) -> String {
    format!("{BEHIND}{site}")
}

/// Why a host is silent when others of its site are heard again.
#[must_use]
pub fn line_is_back(site: &SiteId) -> String {
    format!("the line of {site}{LINE_BACK}")
}

/// A managed machine or device.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// Its number in the fleet.
    pub id: HostId,
    /// The machine's host name, or what was given at enrolment.
    pub name: SafeText,
    /// Whose it is.
    pub client: ClientId,
    /// Where it stands.
    pub site: SiteId,
    /// What kind of machine it is.
    pub class: HostClass,
    /// Tags given at enrolment; checks may apply by tag.
    pub tags: Vec<String>,
    /// Whether it lives.
    pub state: HostState,
    /// Since when it is in this state (hub time).
    pub state_since: Timestamp,
    /// Why it is in this state, in words.
    pub state_reason: String,
    /// What the machine is, once its agent has said so.
    pub os: Option<OsFacts>,
    /// When its agent enrolled.
    pub enrolled_at: Timestamp,
    /// The agent's identity in the registry.
    pub identity: IdentityId,
    /// When it was last seen, as of its last change of state; live readings know newer.
    pub last_seen: Option<Timestamp>,
    /// A synthetic host of a load test.
    pub synthetic: bool,
}

impl Host {
    /// Whether it is silent because nothing at its site is heard: the line is the problem, not the host.
    #[must_use]
    pub fn is_behind_line(&self) -> bool {
        self.state == HostState::Silent && self.state_reason.starts_with(BEHIND)
    }

    /// Whether its site was heard again and it was not, yet.
    #[must_use]
    pub fn waits_for_line(&self) -> bool {
        self.state == HostState::Silent && self.state_reason.ends_with(LINE_BACK)
    }

    /// Whether it is silent since its expected hours began, and was off before.
    #[must_use]
    pub fn waits_for_morning(&self) -> bool {
        self.state == HostState::Silent && self.state_reason == HOURS_BEGUN
    }

    /// Whether it was retired: it left for good and its alerts are closed.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.state == HostState::Left && self.state_reason == "retired"
    }
}

impl HostState {
    /// All states in the order lists show them, worst first.
    pub const WORST_FIRST: [Self; 6] = [Self::Down, Self::Silent, Self::Unknown, Self::Up, Self::Off, Self::Left];

    /// The word of the contract: `up`, `off`, `silent`, `down`, `left`, `unknown`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Off => "off",
            Self::Silent => "silent",
            Self::Down => "down",
            Self::Left => "left",
        }
    }
}

impl fmt::Display for HostState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
