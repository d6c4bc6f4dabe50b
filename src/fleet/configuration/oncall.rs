//! People, escalation policies, and which alert goes by which policy.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::fleet::configuration::assignment::Provenance;
use crate::fleet::configuration::hours::ExpectedHours;
use crate::fleet::configuration::rota::OnCallSchedule;
use crate::fleet::configuration::selector::{AssignTarget, Selector};
use crate::fleet::words::{ClientId, SafeText, Severity, SiteId, Timestamp, glob};

/// The policy that counts where no route fits, if there is one of this name.
pub const DEFAULT_POLICY: &str = "default";
/// How long later alerts wait after a notice to the same receiver about the same client and severity.
const GATHER: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Who is told of an alert, when, and how. The default is what counts without any file: nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnCallConfiguration {
    /// The people, in the order of the file; no name twice.
    pub people: Vec<Person>,
    /// The on-call schedules, in the order of the file; no name twice.
    pub schedules: Vec<OnCallSchedule>,
    /// The escalation policies, in the order of the file; no name twice.
    pub policies: Vec<Policy>,
    /// Which alert goes by which policy; the first that fits counts.
    pub routes: Vec<Route>,
    /// After a notice to one receiver about one client and severity, later alerts wait so long and come in one.
    pub gather: Duration,
    /// How long an acknowledgement "until worse" or "until resolved" holds at most.
    pub acknowledgement_timeouts: AcknowledgementTimeouts,
    /// Whether those who were told of a problem are told of its end.
    pub recovery_notices: bool,
}

impl Default for OnCallConfiguration {
    fn default() -> Self {
        Self {
            people: Vec::new(),
            schedules: Vec::new(),
            policies: Vec::new(),
            routes: Vec::new(),
            gather: GATHER,
            acknowledgement_timeouts: AcknowledgementTimeouts::default(),
            recovery_notices: true,
        }
    }
}

/// How long an acknowledgement holds at most, by the severity of the alert; `None` for as long as it is not worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcknowledgementTimeouts {
    /// Of critical alerts; an hour where nothing is said.
    pub critical: Option<Duration>,
    /// Of warnings and of what is unknown; eight hours where nothing is said.
    pub warning: Option<Duration>,
}

impl Default for AcknowledgementTimeouts {
    fn default() -> Self {
        Self { critical: Some(HOUR), warning: Some(HOUR * 8) }
    }
}

impl AcknowledgementTimeouts {
    /// The one for alerts of this severity.
    #[must_use]
    pub const fn of(&self, severity: Severity) -> Option<Duration> {
        match severity {
            Severity::Critical => self.critical,
            Severity::Warning => self.warning,
        }
    }
}

/// Somebody who can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name by which the files know them.
    pub name: SafeText,
    /// The name on their door; the same as `name` where none is given.
    pub full_name: SafeText,
    /// The names of the registry's identities, and `local:USER`, by which what they do is signed; where none is given,
    /// `name` and `local:NAME`.
    pub identities: Vec<SafeText>,
    /// Where they live: in which time they are told what time it is.
    pub zone: TimeZone,
    /// By what they are told, the first first, each following one where the one before failed.
    pub channels: Vec<ContactChannel>,
    /// Where it is written.
    pub source: Provenance,
}

impl Person {
    /// Whether what this name signs is theirs: the name of an action's actor.
    #[must_use]
    pub fn is(&self, actor: &str) -> bool {
        self.identities.iter().any(|identity| identity.as_str() == actor)
    }
}

/// One way to tell somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactChannel {
    /// The channel, by its name in the file.
    pub channel: SafeText,
    /// Where it finds them, as the channel takes it: a mail address, a telephone number; may be empty.
    pub address: SafeText,
}

/// Who is told of an alert that nobody takes, after how long, how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: SafeText,
    /// The steps; never empty when read from a file.
    pub steps: Vec<Step>,
    /// From the last step to the first one of the next round.
    pub repeat: Duration,
    /// How often the steps are gone through, at least once.
    pub rounds: u32,
    /// Where it is written.
    pub source: Provenance,
}

/// One step of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// After the step before; the first step comes at once, unless this says otherwise.
    pub after: Duration,
    /// Who is told; all of them.
    pub to: Vec<Receiver>,
}

/// Whom a step tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Receiver {
    /// A person, `anna`.
    Person(SafeText),
    /// Whoever is on duty by a schedule then, `schedule:night`.
    Schedule(SafeText),
    /// A channel that needs no person, `channel:ops-webhook`.
    Channel(SafeText),
}

const SCHEDULE: &str = "schedule:";
const CHANNEL: &str = "channel:";

impl Receiver {
    /// Reads it as written in a file; any text is a receiver, whether it exists is another question.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        if let Some(name) = text.strip_prefix(SCHEDULE) {
            Self::Schedule(SafeText::new(name))
        } else if let Some(name) = text.strip_prefix(CHANNEL) {
            Self::Channel(SafeText::new(name))
        } else {
            Self::Person(SafeText::new(text))
        }
    }

    /// As written in a file: `anna`, `schedule:night`, `channel:ops-webhook`.
    #[must_use]
    pub fn text(&self) -> SafeText {
        SafeText::new(&self.to_string())
    }
}

impl std::fmt::Display for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Person(name) => f.write_str(name.as_str()),
            Self::Schedule(name) => write!(f, "{SCHEDULE}{}", name.as_str()),
            Self::Channel(name) => write!(f, "{CHANNEL}{}", name.as_str()),
        }
    }
}

/// Which alerts go by a policy: those that fit all that is given here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Of these hosts; of a client or a site also what is about no host.
    pub selector: Selector,
    /// About checks of this name, or of this kind of subject (`host`, `site`, `backup`, `external`); `*` stands for
    /// anything.
    pub check: Option<String>,
    /// At least this grave.
    pub severity: Option<Severity>,
    /// At these times, by the clock of a place.
    pub hours: Option<ExpectedHours>,
    /// The policy, by name.
    pub policy: SafeText,
    /// Where it is written.
    pub source: Provenance,
}

/// What a route looks at of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTarget<'a> {
    /// The client.
    pub client: &'a ClientId,
    /// The site, where it is about one, or about a host that stands there.
    pub site: Option<&'a SiteId>,
    /// The host, where it is about one.
    pub host: Option<AssignTarget<'a>>,
    /// The name of the check where it is about one, else the kind of its subject: `host`, `site`, `backup`, `external`.
    pub check: &'a str,
    /// How grave it is.
    pub severity: Severity,
}

impl Route {
    /// Whether an alert goes by it at this moment.
    #[must_use]
    pub fn fits(&self, target: &RouteTarget<'_>, at: Timestamp) -> bool {
        self.is_of(target)
            && self.check.as_ref().is_none_or(|check| glob::matches(check, target.check))
            && self.severity.is_none_or(|least| target.severity >= least)
            && self.hours.as_ref().is_none_or(|hours| hours.is_expected(at))
    }

    fn is_of(&self, target: &RouteTarget<'_>) -> bool {
        if let Some(host) = &target.host {
            return self.selector.matches(host);
        }
        let Selector { client, site, class, tag, host } = &self.selector;
        client.as_ref().is_none_or(|client| client == target.client)
            && site.as_ref().is_none_or(|site| Some(site) == target.site)
            && class.is_none()
            && tag.is_none()
            && host.is_none()
    }
}

impl OnCallConfiguration {
    /// The person of this name.
    #[must_use]
    pub fn person(&self, name: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.name.as_str() == name)
    }

    /// The person whose doings this name signs: the name of an action's actor.
    #[must_use]
    pub fn person_of(&self, actor: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.is(actor))
    }

    /// The schedule of this name.
    #[must_use]
    pub fn schedule(&self, name: &str) -> Option<&OnCallSchedule> {
        self.schedules.iter().find(|schedule| schedule.name.as_str() == name)
    }

    /// The policy of this name.
    #[must_use]
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.name.as_str() == name)
    }

    /// The policy an alert goes by at this moment. The routes are asked in the order of the file and the first that fits
    /// wins; where none fits, the policy named `default` counts; where there is none of that name, nobody is told.
    #[must_use]
    pub fn policy_for(&self, target: &RouteTarget<'_>, at: Timestamp) -> Option<&Policy> {
        match self.routes.iter().find(|route| route.fits(target, at)) {
            Some(route) => self.policy(route.policy.as_str()),
            None => self.policy(DEFAULT_POLICY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::configuration::hours::Schedule;
    use crate::fleet::words::HostClass;

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn policy(name: &str) -> Policy {
        let steps = vec![Step { after: Duration::ZERO, to: vec![Receiver::from_text("anna")] }];
        Policy { name: SafeText::new(name), steps, repeat: HOUR, rounds: 1, source: Provenance::built_in() }
    }

    fn route(policy: &str) -> Route {
        Route {
            selector: Selector::default(),
            check: None,
            severity: None,
            hours: None,
            policy: SafeText::new(policy),
            source: Provenance::built_in(),
        }
    }

    fn acme() -> Selector {
        Selector { client: Some("acme".into()), ..Selector::default() }
    }

    fn chosen(routes: Vec<Route>, change: impl FnOnce(&mut RouteTarget<'_>), when: &str) -> Option<String> {
        let policies = ["default", "night", "db"].map(policy).to_vec();
        let configuration = OnCallConfiguration { policies, routes, ..OnCallConfiguration::default() };
        let (client, site) = (ClientId::from("acme"), SiteId::from("hq"));
        let host =
            AssignTarget { host: "db01", client: &client, site: &site, class: HostClass::Server, tags: vec!["db"] };
        let mut target = RouteTarget {
            client: &client,
            site: Some(&site),
            host: Some(host),
            check: "disk-root",
            severity: Severity::Warning,
        };
        change(&mut target);
        configuration.policy_for(&target, at(when)).map(|policy| policy.name.to_string())
    }

    #[test]
    fn the_first_route_that_fits_wins_and_default_is_the_last_resort() {
        let noon = "2026-06-01T12:00:00Z";
        let of = |routes| chosen(routes, |_| {}, noon).unwrap();
        assert_eq!(of(vec![]), "default");
        assert_eq!(of(vec![Route { selector: acme(), ..route("db") }, route("night")]), "db");
        let other = Selector { client: Some("globex".into()), ..Selector::default() };
        assert_eq!(of(vec![Route { selector: other, ..route("db") }]), "default");
        assert_eq!(of(vec![Route { severity: Some(Severity::Critical), ..route("db") }]), "default");
        assert_eq!(of(vec![Route { check: Some("disk*".into()), ..route("db") }]), "db");
        assert_eq!(of(vec![Route { check: Some("disk".into()), ..route("db") }]), "default");
        let tag = Selector { tag: Some("db".into()), ..Selector::default() };
        assert_eq!(of(vec![Route { selector: tag.clone(), ..route("db") }]), "db");
        // What is about no host has no tag; it has its client.
        let no_host = |target: &mut RouteTarget<'_>| (target.host, target.check) = (None, "site");
        assert_eq!(chosen(vec![Route { selector: tag, ..route("db") }], no_host, noon).unwrap(), "default");
        assert_eq!(chosen(vec![Route { selector: acme(), ..route("db") }], no_host, noon).unwrap(), "db");
        let gone = OnCallConfiguration { routes: vec![route("gone")], ..OnCallConfiguration::default() };
        let client = ClientId::from("acme");
        let target =
            RouteTarget { client: &client, site: None, host: None, check: "backup", severity: Severity::Critical };
        assert_eq!(gone.policy_for(&target, at(noon)), None);
    }

    #[test]
    fn a_route_by_hours_counts_by_the_clock_of_its_place() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let schedule = Schedule::parse("daily 22:00-06:00").unwrap();
        let night = Route { hours: Some(ExpectedHours { schedule, zone }), ..route("night") };
        for (when, policy) in [
            ("2026-07-01T20:00:00Z", "night"),
            ("2026-01-01T20:59:00Z", "default"),
            ("2026-01-01T21:00:00Z", "night"),
            ("2026-01-01T05:00:00Z", "default"),
        ] {
            assert_eq!(chosen(vec![night.clone()], |_| {}, when).unwrap(), policy, "{when}");
        }
    }

    #[test]
    fn receivers_read_back_as_they_are_written() {
        for text in ["anna", "schedule:night", "channel:ops-webhook"] {
            assert_eq!(Receiver::from_text(text).to_string(), text);
        }
        assert_eq!(Receiver::from_text("schedule:night"), Receiver::Schedule(SafeText::new("night")));
    }
}
