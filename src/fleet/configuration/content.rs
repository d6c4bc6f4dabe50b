//! All that the provider's files say about one fleet.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::fleet::configuration::assignment::{DEFAULT_HEARTBEAT, Provenance};
use crate::fleet::configuration::backup::BackupDefinition;
use crate::fleet::configuration::channels::Delivery;
use crate::fleet::configuration::definition::CheckDefinition;
use crate::fleet::configuration::hours::{ExpectedHours, Schedule};
use crate::fleet::configuration::oncall::OnCallConfiguration;
use crate::fleet::configuration::ping::PingDefinition;
use crate::fleet::configuration::selector::{AssignTarget, Selector};
use crate::fleet::words::{ClientId, HostClass, SafeText, SiteId};

/// The configuration of a fleet. The default is what counts without any file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// The fleet's name, where the files give one.
    pub name: Option<SafeText>,
    /// Clients by id.
    pub clients: BTreeMap<ClientId, Client>,
    /// The business hours of a place that names none.
    pub hours: Option<Schedule>,
    /// The time zone of a place that names none.
    pub zone: TimeZone,
    /// What is said of sets of hosts, in the order of the file.
    pub host_rules: Vec<HostRule>,
    /// What is said of checks, in the order of the file; the built-in ones are not among them.
    pub checks: Vec<CheckDefinition>,
    /// The backup jobs, in the order of the file; no name twice.
    pub backups: Vec<BackupDefinition>,
    /// How notices leave and answers come back.
    pub delivery: Delivery,
    /// The jobs that ping, in the order of the file; no name twice.
    pub pings: Vec<PingDefinition>,
    /// Time between two heartbeats of an agent.
    pub heartbeat: Duration,
    /// Time between two samplings of the vitals.
    pub sampling: Duration,
    /// When a missing heartbeat is judged.
    pub silence: SilenceLimits,
    /// How long numbers are kept.
    pub history: HistoryRetention,
    /// Who is told of alerts.
    pub oncall: OnCallConfiguration,
}

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The name people use.
    pub name: SafeText,
    /// Whom to call there, and how.
    pub contact: Option<SafeText>,
    /// The Internet line: provider, circuit number, hotline.
    pub line: Option<SafeText>,
    /// What was agreed.
    pub contract: Option<SafeText>,
    /// Its business hours.
    pub hours: Option<Schedule>,
    /// Its time zone.
    pub zone: Option<TimeZone>,
    /// Its places, by id.
    pub sites: BTreeMap<SiteId, Site>,
    /// Where it is written.
    pub source: Provenance,
}

/// A place of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The name people use.
    pub name: SafeText,
    /// Whom to call there, where that is not the client's contact.
    pub contact: Option<SafeText>,
    /// The place's own Internet line.
    pub line: Option<SafeText>,
    /// Its business hours, where they are not the client's.
    pub hours: Option<Schedule>,
    /// Its time zone, where it is not the client's.
    pub zone: Option<TimeZone>,
    /// Where it is written.
    pub source: Provenance,
}

/// What is said of a class, a tag or a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRule {
    /// The hosts it speaks of.
    pub selector: Selector,
    /// When they are expected to run.
    pub hours: Option<HoursRule>,
    /// How long their heartbeat may be missing.
    pub silence: SilenceLimits,
    /// Where it is written.
    pub source: Provenance,
}

/// When a set of hosts is expected to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoursRule {
    /// In the business hours of the place where they stand.
    Site,
    /// By this schedule, in the time zone of the place where they stand.
    Own(Schedule),
}

/// How long a heartbeat may be missing; counted from the last sign of life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SilenceLimits {
    /// After this, the host is silent; one and a half heartbeats where nothing is said.
    pub silent_after: Option<Duration>,
    /// After this, without other evidence that it lives, it is down; two and a quarter heartbeats where nothing is said.
    pub down_after: Option<Duration>,
}

/// How long numbers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRetention {
    /// Every sample.
    pub full: Duration,
    /// Means, least and greatest values.
    pub coarse: Duration,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Default for HistoryRetention {
    /// Two weeks in full, thirteen months coarse.
    fn default() -> Self {
        Self { full: DAY * 14, coarse: DAY * 396 }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            name: None,
            clients: BTreeMap::new(),
            hours: None,
            zone: TimeZone::UTC,
            host_rules: Vec::new(),
            checks: Vec::new(),
            backups: Vec::new(),
            delivery: Delivery::default(),
            pings: Vec::new(),
            heartbeat: DEFAULT_HEARTBEAT,
            sampling: DEFAULT_HEARTBEAT,
            silence: SilenceLimits::default(),
            history: HistoryRetention::default(),
            oncall: OnCallConfiguration::default(),
        }
    }
}

/// The limits of one host, as they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Silent after this long without a sign of life.
    pub silent_after: Duration,
    /// Down after this long; never less than `silent_after`.
    pub down_after: Duration,
}

/// What decides when a host is expected to run: hosts alike in it have the same hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoursBasis<'t> {
    client: &'t ClientId,
    site: &'t SiteId,
    class: HostClass,
    /// The place of the rule that speaks of its hours among the configuration's host rules.
    rule: Option<usize>,
}

impl Silence {
    /// The limits by what is said, counted in heartbeats where nothing is.
    #[must_use]
    pub fn of(limits: SilenceLimits, heartbeat: Duration) -> Self {
        let silent_after = limits.silent_after.unwrap_or(heartbeat * 3 / 2);
        let down_after = limits.down_after.unwrap_or(heartbeat * 9 / 4).max(silent_after);
        Self { silent_after, down_after }
    }
}

impl Configuration {
    /// The rules about sets of hosts that fit, those that win last.
    fn host_rules_for(&self, target: &AssignTarget<'_>) -> Vec<&HostRule> {
        let mut rules: Vec<_> = self.host_rules.iter().filter(|rule| rule.selector.matches(target)).collect();
        rules.sort_by_key(|rule| (rule.selector.layer(), rule.selector.narrowness()));
        rules
    }

    /// When the host is expected to run. Where nothing is said, servers and appliances always are, workstations in
    /// the business hours of their place (Mon-Fri 08:00-18:00 where it names none), laptops never have to be.
    #[must_use]
    pub fn expected_hours(&self, target: &AssignTarget<'_>) -> ExpectedHours {
        self.hours_by(&self.hours_basis(target))
    }

    /// What decides when the host is expected to run.
    #[must_use]
    pub fn hours_basis<'t>(&self, target: &AssignTarget<'t>) -> HoursBasis<'t> {
        let fits = |rule: &HostRule| rule.hours.is_some() && rule.selector.matches(target);
        let rules = self.host_rules.iter().enumerate().filter(|(_, rule)| fits(rule));
        // Of equals the last one counts, as the order of the file has it.
        let rule = rules.max_by_key(|(_, rule)| (rule.selector.layer(), rule.selector.narrowness()));
        HoursBasis {
            client: target.client,
            site: target.site,
            class: target.class,
            rule: rule.map(|(number, _)| number),
        }
    }

    /// The expected hours of all hosts with this basis.
    #[must_use]
    pub fn hours_by(&self, basis: &HoursBasis<'_>) -> ExpectedHours {
        let client = self.clients.get(basis.client);
        let site = client.and_then(|client| client.sites.get(basis.site));
        let zone = site
            .and_then(|site| site.zone.as_ref())
            .or_else(|| client.and_then(|client| client.zone.as_ref()))
            .unwrap_or(&self.zone);
        let of_place = || {
            site.and_then(|site| site.hours.as_ref())
                .or_else(|| client.and_then(|client| client.hours.as_ref()))
                .or(self.hours.as_ref())
                .cloned()
                .unwrap_or_else(Schedule::business)
        };
        let rule = basis.rule.and_then(|number| self.host_rules.get(number));
        let schedule = match rule.and_then(|rule| rule.hours.as_ref()) {
            Some(HoursRule::Own(schedule)) => schedule.clone(),
            Some(HoursRule::Site) => of_place(),
            None => match basis.class {
                HostClass::Server | HostClass::Appliance => Schedule::Always,
                HostClass::Workstation => of_place(),
                HostClass::Laptop => Schedule::Never,
            },
        };
        ExpectedHours { schedule, zone: zone.clone() }
    }

    /// How long the host's heartbeat may be missing.
    #[must_use]
    pub fn silence(&self, target: &AssignTarget<'_>) -> Silence {
        self.silence_at(target, self.heartbeat)
    }

    /// How long the heartbeat of a host that beats at this pace may be missing.
    #[must_use]
    pub fn silence_at(&self, target: &AssignTarget<'_>, heartbeat: Duration) -> Silence {
        let mut limits = self.silence;
        for rule in self.host_rules_for(target) {
            limits.silent_after = rule.silence.silent_after.or(limits.silent_after);
            limits.down_after = rule.silence.down_after.or(limits.down_after);
        }
        Silence::of(limits, heartbeat)
    }

    /// The shortest silence that anything here calls silent; `None` where nothing is said.
    #[must_use]
    pub fn shortest_silence_said(&self) -> Option<Duration> {
        let of_rules = self.host_rules.iter().filter_map(|rule| rule.silence.silent_after);
        of_rules.chain(self.silence.silent_after).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target<'a>(client: &'a ClientId, site: &'a SiteId, class: HostClass) -> AssignTarget<'a> {
        AssignTarget { host: "pc1", client, site, class, tags: vec![] }
    }

    fn rule(selector: Selector, hours: HoursRule) -> HostRule {
        HostRule { selector, hours: Some(hours), silence: SilenceLimits::default(), source: Provenance::built_in() }
    }

    #[test]
    fn each_class_has_hours_without_any_file() {
        let (client, site) = (ClientId::from("local"), SiteId::from("here"));
        let configuration = Configuration::default();
        let schedule = |class| configuration.expected_hours(&target(&client, &site, class)).schedule;
        assert_eq!(schedule(HostClass::Server), Schedule::Always);
        assert_eq!(schedule(HostClass::Appliance), Schedule::Always);
        assert_eq!(schedule(HostClass::Workstation), Schedule::business());
        assert_eq!(schedule(HostClass::Laptop), Schedule::Never);
    }

    #[test]
    fn the_place_gives_hours_and_zone_and_the_narrowest_rule_wins() {
        let (client, site) = (ClientId::from("acme"), SiteId::from("hq"));
        let zone = TimeZone::posix("JST-9").unwrap();
        let place = Site {
            name: SafeText::new("HQ"),
            contact: None,
            line: None,
            hours: Schedule::parse("Mon 06:00-07:00").ok(),
            zone: Some(zone.clone()),
            source: Provenance::built_in(),
        };
        let mut acme = Client {
            name: SafeText::new("Acme"),
            contact: None,
            line: None,
            contract: None,
            hours: Some(Schedule::Always),
            zone: None,
            sites: BTreeMap::new(),
            source: Provenance::built_in(),
        };
        acme.sites.insert(site.clone(), place);
        let mut configuration = Configuration::default();
        configuration.clients.insert(client.clone(), acme);
        let pc = target(&client, &site, HostClass::Workstation);
        assert_eq!(configuration.expected_hours(&pc).schedule.to_string(), "Mon 06:00-07:00");
        assert_eq!(configuration.expected_hours(&pc).zone, zone);

        let class = Selector { class: Some(HostClass::Workstation), ..Selector::default() };
        let at_acme = Selector { client: Some(client.clone()), ..class.clone() };
        configuration.host_rules =
            vec![rule(at_acme, HoursRule::Own(Schedule::Never)), rule(class, HoursRule::Own(Schedule::Always))];
        assert_eq!(configuration.expected_hours(&pc).schedule, Schedule::Never, "the client's class beats the fleet's");
        let host = Selector { host: Some("PC*".into()), ..Selector::default() };
        configuration.host_rules.insert(0, rule(host, HoursRule::Site));
        assert_eq!(configuration.expected_hours(&pc).schedule.to_string(), "Mon 06:00-07:00");
    }

    #[test]
    fn a_host_is_down_within_25_seconds_unless_told_otherwise() {
        let (client, site) = (ClientId::from("local"), SiteId::from("here"));
        let pc = target(&client, &site, HostClass::Laptop);
        let mut configuration = Configuration::default();
        let usual = configuration.silence(&pc);
        assert!(usual.silent_after > configuration.heartbeat && usual.down_after < Duration::from_secs(25));
        configuration.silence.silent_after = Some(Duration::from_secs(60));
        assert_eq!(configuration.silence(&pc).down_after, Duration::from_secs(60), "down is never before silent");
    }
}
