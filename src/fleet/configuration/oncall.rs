//! Stub.
use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::configuration::selector::{AssignTarget, Selector};
use crate::fleet::words::{ClientId, SafeText, Severity, SiteId, Timestamp, glob};

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Names by which actions know them.
    pub identities: Vec<SafeText>,
    /// In order of fallback.
    pub channels: Vec<ContactChannel>,
}

/// How to reach a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactChannel {
    /// The channel.
    pub channel: SafeText,
    /// Where.
    pub address: SafeText,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// A person.
    Person(SafeText),
    /// Who is on duty.
    Schedule(SafeText),
    /// A channel.
    Channel(SafeText),
}

impl std::fmt::Display for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(name) => f.write_str(name.as_str()),
            Self::Schedule(name) => write!(f, "schedule:{}", name.as_str()),
            Self::Channel(name) => write!(f, "channel:{}", name.as_str()),
        }
    }
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Since the step before.
    pub after: Duration,
    /// To whom.
    pub to: Vec<Receiver>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: SafeText,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Until the next round.
    pub repeat: Duration,
    /// Rounds.
    pub rounds: u32,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Hosts.
    pub selector: Selector,
    /// Check.
    pub check: Option<String>,
    /// At least.
    pub severity: Option<Severity>,
    /// Policy.
    pub policy: SafeText,
}

/// What a route looks at.
pub struct RouteTarget<'a> {
    /// Client.
    pub client: &'a ClientId,
    /// Site.
    pub site: Option<&'a SiteId>,
    /// Host.
    pub host: Option<AssignTarget<'a>>,
    /// Check name or kind of subject.
    pub check: &'a str,
    /// Severity.
    pub severity: Severity,
}

/// All.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnCallConfiguration {
    /// People.
    pub people: BTreeMap<SafeText, Person>,
    /// Policies.
    pub policies: BTreeMap<SafeText, Policy>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Gather.
    pub gather: Duration,
}

impl Default for OnCallConfiguration {
    fn default() -> Self {
        Self { people: BTreeMap::new(), policies: BTreeMap::new(), routes: vec![], gather: Duration::from_secs(30) }
    }
}

impl OnCallConfiguration {
    /// Timeout.
    #[must_use]
    pub fn timeout(&self, severity: Severity) -> Option<Duration> {
        Some(match severity {
            Severity::Critical => Duration::from_secs(3_600),
            Severity::Warning => Duration::from_secs(8 * 3_600),
        })
    }

    /// Policy.
    #[must_use]
    pub fn policy_for(&self, target: &RouteTarget<'_>, _at: Timestamp) -> Option<&Policy> {
        let fits = |route: &&Route| {
            route.severity.is_none_or(|least| target.severity >= least)
                && route.check.as_ref().is_none_or(|check| glob::matches_ignoring_case(check, target.check))
                && target.host.as_ref().is_none_or(|host| route.selector.matches(host))
        };
        let named =
            self.routes.iter().find(fits).map_or_else(|| SafeText::new("default"), |route| route.policy.clone());
        self.policies.get(&named)
    }
}
