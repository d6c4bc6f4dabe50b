//! Which checks a host gets, and why: all layers of the configuration resolved, field by field.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::checks::MOST_PER_HOST;
use crate::fleet::configuration::backup::MOST_BACKUPS_PER_HOST;
use crate::fleet::configuration::{
    AssignTarget, AssignedBackup, AssignedCheck, Assignment, BackupDefinition, CheckDefinition, CheckFields, CheckKind,
    Configuration, Kind, Provenance, definition::built_in,
};
use crate::fleet::hosts::{DEFAULT_CLIENT, DEFAULT_SITE};
use crate::fleet::words::{CheckName, ClientId, HostClass, SafeText, SiteId, duration};

/// What a host is to measure.
#[must_use]
pub fn assign(configuration: &Configuration, target: &AssignTarget<'_>) -> Assignment {
    let checks = explain(configuration, target)
        .into_iter()
        .filter_map(|explained| match explained.outcome {
            Outcome::Assigned(check) => Some(*check),
            Outcome::Removed | Outcome::Incomplete(_) => None,
        })
        .collect();
    let ours = configuration.backups.iter().filter(|job| job.is_of(target));
    let mut backups: Vec<AssignedBackup> = ours.map(BackupDefinition::assigned).collect();
    backups.sort_by(|a, b| a.name.cmp(&b.name));
    backups.truncate(MOST_BACKUPS_PER_HOST);
    Assignment { checks, backups, sampling_interval: configuration.sampling, heartbeat: configuration.heartbeat }
}

/// Says so where a host would get more checks than its agent runs: how many, and the place that says the last of them.
/// `what` names the host.
///
/// # Errors
/// It would; the text says what to do.
pub fn refuse_too_many(configuration: &Configuration, target: &AssignTarget<'_>, what: &str) -> Result<(), String> {
    let checks = assign(configuration, target).checks;
    if checks.len() <= MOST_PER_HOST {
        return Ok(());
    }
    let last = checks.iter().map(|check| &check.source).max_by_key(|source| (source.line, source.layer));
    let place = last.map_or_else(|| "checks.toml".to_owned(), |source| format!("{}:{}", source.file, source.line));
    Err(format!(
        "{place}: {what} would get {} checks, and an agent runs at most {MOST_PER_HOST}: give fewer, or to fewer hosts",
        checks.len()
    ))
}

/// Hosts as they could stand in this configuration, one of each class at each site: what can be checked before there is
/// a fleet. Rules that name hosts or tags are not among them.
///
/// # Errors
/// As [`refuse_too_many`].
pub fn refuse_too_many_anywhere(configuration: &Configuration) -> Result<(), String> {
    if configuration.checks.len() + built_in().len() <= MOST_PER_HOST {
        return Ok(());
    }
    let nowhere = [(ClientId::from(DEFAULT_CLIENT), SiteId::from(DEFAULT_SITE))];
    let somewhere = configuration
        .clients
        .iter()
        .flat_map(|(client, described)| described.sites.keys().map(move |site| (client.clone(), site.clone())));
    for (client, site) in nowhere.into_iter().chain(somewhere) {
        for class in HostClass::ALL {
            let target = AssignTarget { host: "", client: &client, site: &site, class, tags: Vec::new() };
            refuse_too_many(configuration, &target, &format!("any {class} at {client}, {site}"))?;
        }
    }
    Ok(())
}

/// One check and how it came to be as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The check.
    pub name: CheckName,
    /// What came of it.
    pub outcome: Outcome,
    /// What each place said, in the order in which it counted.
    pub steps: Vec<Step>,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The host runs it.
    Assigned(Box<AssignedCheck>),
    /// A layer switched it off.
    Removed,
    /// No layer that fits the host says what is measured; the text names what is missing.
    Incomplete(&'static str),
}

/// What one place said about one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The place.
    pub source: Provenance,
    /// For which hosts, as a filter; `fleet` for all.
    pub hosts: String,
    /// Why, in the user's words.
    pub reason: Option<SafeText>,
    /// What it changed.
    pub changes: Vec<Change>,
}

/// One field that a place set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field's key.
    pub field: &'static str,
    /// Its value before; `None` where nothing was said before.
    pub from: Option<String>,
    /// The value given here.
    pub to: String,
    /// The earlier place that enforced the value before, so that this one does not count.
    pub refused_by: Option<Provenance>,
}

/// All checks any layer names for the host, in the order of their names.
#[must_use]
pub fn explain(configuration: &Configuration, target: &AssignTarget<'_>) -> Vec<Explained> {
    let built_in = built_in();
    let mut rules: Vec<&CheckDefinition> =
        built_in.iter().chain(&configuration.checks).filter(|rule| rule.selector.matches(target)).collect();
    // Stable: what is equally narrow counts in the order of the file.
    rules.sort_by_key(|rule| (rule.source.layer, rule.selector.narrowness()));
    let mut merged: BTreeMap<&CheckName, Merged> = BTreeMap::new();
    for rule in rules {
        merged.entry(&rule.name).or_default().take(rule);
    }
    merged
        .into_iter()
        .map(|(name, merged)| Explained { name: name.clone(), outcome: merged.outcome(name), steps: merged.steps })
        .collect()
}

/// A rule that stands alone, as in a host's own file, made a complete check.
///
/// # Errors
/// Names what is missing; a check that is switched off is missing as a whole.
pub fn complete(rule: &CheckDefinition) -> Result<AssignedCheck, &'static str> {
    let mut merged = Merged::default();
    merged.take(rule);
    match merged.outcome(&rule.name) {
        Outcome::Assigned(check) => Ok(*check),
        Outcome::Removed => Err("it is switched off"),
        Outcome::Incomplete(missing) => Err(missing),
    }
}

impl Explained {
    /// The explanation as lines of text: the check, then what each place said.
    #[must_use]
    pub fn lines(&self) -> Vec<SafeText> {
        let head = match &self.outcome {
            Outcome::Removed => format!("{}: removed", self.name),
            Outcome::Incomplete(missing) => format!("{}: not assigned, {missing}", self.name),
            Outcome::Assigned(check) => {
                let range = |range: &Option<String>| range.clone().unwrap_or_else(|| "none".to_owned());
                format!(
                    "{}: {}, every {}, warning {}, critical {}, {}, timeout {}",
                    self.name,
                    what(&check.kind),
                    duration::exact(check.interval),
                    range(&check.warning),
                    range(&check.critical),
                    match check.attempts {
                        0 | 1 => "hard at once".to_owned(),
                        runs => format!("hard after {runs} runs {} apart", duration::exact(check.retry_interval)),
                    },
                    duration::exact(check.timeout),
                )
            }
        };
        let steps = self.steps.iter().map(|step| {
            let changes: Vec<String> = step.changes.iter().map(Change::text).collect();
            let changes = if changes.is_empty() { "as its kind usually is".to_owned() } else { changes.join(", ") };
            let reason = step.reason.as_ref().map(|reason| format!(" ({})", reason.as_str())).unwrap_or_default();
            let hosts = if step.hosts == "fleet" { String::new() } else { format!(" {}", step.hosts) };
            format!("  {}{hosts}: {changes}{reason}", step.source)
        });
        std::iter::once(head).chain(steps).map(|line| SafeText::new(&line)).collect()
    }
}

impl Change {
    fn text(&self) -> String {
        match (&self.refused_by, &self.from) {
            (Some(by), _) => format!("{} = {} has no effect, {by} enforces its value", self.field, self.to),
            (None, Some(from)) if *from != self.to => format!("{} = {}, was {from}", self.field, self.to),
            (None, _) => format!("{} = {}", self.field, self.to),
        }
    }
}

fn what(kind: &CheckKind) -> String {
    match kind {
        CheckKind::Disk { mount } => format!("disk {mount}"),
        CheckKind::Process { name } => format!("process {name}"),
        CheckKind::Plugin { program, args } => {
            args.iter().fold(format!("plugin {program}"), |all, arg| format!("{all} {arg}"))
        }
        CheckKind::Cpu | CheckKind::Memory | CheckKind::Swap | CheckKind::Load => kind.word().to_owned(),
    }
}

/// A check on its way through the layers.
#[derive(Default)]
struct Merged {
    fields: CheckFields,
    enforced: BTreeMap<&'static str, Provenance>,
    steps: Vec<Step>,
}

impl Merged {
    fn take(&mut self, rule: &CheckDefinition) {
        let said = &rule.fields;
        let mut changes = Vec::new();
        macro_rules! fields {
            ($($field:ident, $text:expr;)*) => {$(
                if let Some(value) = &said.$field {
                    let refused_by = self.enforced.get(stringify!($field)).cloned();
                    let from = self.fields.$field.as_ref().map($text);
                    changes.push(Change { field: stringify!($field), from, to: $text(value), refused_by });
                    if changes.last().is_some_and(|change| change.refused_by.is_none()) {
                        self.fields.$field = Some(value.clone());
                        if said.enforced {
                            self.enforced.insert(stringify!($field), rule.source.clone());
                        }
                    }
                }
            )*};
        }
        let range = |range: &Option<String>| range.clone().unwrap_or_else(|| "none".to_owned());
        let list = |list: &Vec<String>| format!("{list:?}");
        let time = |time: &Duration| duration::exact(*time);
        fields! {
            kind, |kind: &Kind| kind.word().to_owned();
            enabled, bool::to_string;
            mount, String::clone;
            process, String::clone;
            program, String::clone;
            args, list;
            interval, time;
            retry_interval, time;
            attempts, u32::to_string;
            timeout, time;
            warning, range;
            critical, range;
        }
        self.steps.push(Step {
            source: rule.source.clone(),
            hosts: rule.selector.to_string(),
            reason: said.reason.clone(),
            changes,
        });
    }

    fn outcome(&self, name: &CheckName) -> Outcome {
        let fields = &self.fields;
        if fields.enabled == Some(false) {
            return Outcome::Removed;
        }
        // A check named after a kind needs no kind.
        let Some(kind) = fields.kind.or_else(|| Kind::from_word(name.as_str())) else {
            return Outcome::Incomplete("no layer of this host says its kind");
        };
        let kind_with_parameters = match kind {
            Kind::Cpu => CheckKind::Cpu,
            Kind::Memory => CheckKind::Memory,
            Kind::Swap => CheckKind::Swap,
            Kind::Load => CheckKind::Load,
            Kind::Disk => CheckKind::Disk { mount: fields.mount.clone().unwrap_or_else(|| "*".to_owned()) },
            Kind::Process => match &fields.process {
                Some(process) => CheckKind::Process { name: process.clone() },
                None => return Outcome::Incomplete("no layer of this host says its process"),
            },
            Kind::Plugin => match &fields.program {
                Some(program) => {
                    CheckKind::Plugin { program: program.clone(), args: fields.args.clone().unwrap_or_default() }
                }
                None => return Outcome::Incomplete("no layer of this host says its program"),
            },
        };
        let usual = kind.defaults();
        let interval = fields.interval.unwrap_or(usual.interval);
        Outcome::Assigned(Box::new(AssignedCheck {
            name: name.clone(),
            kind: kind_with_parameters,
            interval,
            // Looking again later than usual would never be meant.
            retry_interval: fields.retry_interval.unwrap_or(usual.retry_interval.min(interval)),
            attempts: fields.attempts.unwrap_or(usual.attempts).max(1),
            timeout: fields.timeout.unwrap_or(usual.timeout),
            warning: fields.warning.clone().unwrap_or_else(|| usual.warning.map(str::to_owned)),
            critical: fields.critical.clone().unwrap_or_else(|| usual.critical.map(str::to_owned)),
            source: self.steps.last().map_or_else(Provenance::built_in, |step| step.source.clone()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::configuration::{Layer, Selector};
    use crate::fleet::words::{ClientId, HostClass, SiteId};
    use proptest::prelude::*;

    fn on_host<R>(ask: impl FnOnce(&AssignTarget<'_>) -> R) -> R {
        let (client, site) = (ClientId::from("acme"), SiteId::from("hq"));
        ask(&AssignTarget { host: "db1", client: &client, site: &site, class: HostClass::Server, tags: vec!["db"] })
    }

    /// The selector of a layer that fits the host of [`on_host`].
    fn fitting(layer: Layer) -> Selector {
        let client = Some(ClientId::from("acme"));
        match layer {
            Layer::BuiltIn | Layer::Local | Layer::Fleet => Selector::default(),
            Layer::Client => Selector { client, ..Selector::default() },
            Layer::Site => Selector { client, site: Some("hq".into()), ..Selector::default() },
            Layer::Class => Selector { class: Some(HostClass::Server), ..Selector::default() },
            Layer::Tag => Selector { tag: Some("db".into()), ..Selector::default() },
            Layer::Host => Selector { host: Some("db1".into()), ..Selector::default() },
        }
    }

    fn rule(name: &str, line: u32, selector: Selector, fields: CheckFields) -> CheckDefinition {
        let layer = selector.layer();
        CheckDefinition {
            name: name.into(),
            selector,
            source: Provenance { file: "checks.toml".into(), line, layer },
            fields,
        }
    }

    fn with(checks: Vec<CheckDefinition>) -> Configuration {
        Configuration { checks, ..Configuration::default() }
    }

    #[test]
    fn every_host_gets_the_built_in_checks() {
        let assignment = on_host(|host| assign(&Configuration::default(), host));
        let names: Vec<_> = assignment.checks.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(names, ["cpu", "disk", "load", "memory"]);
        assert!(assignment.checks.iter().all(|check| check.source == Provenance::built_in() && check.attempts >= 3));
    }

    #[test]
    fn each_place_that_spoke_is_named_with_what_it_changed() {
        let eighty = CheckFields { warning: Some(Some("80".into())), ..CheckFields::default() };
        let none = CheckFields {
            critical: Some(None),
            warning: Some(Some("85".into())),
            reason: Some(SafeText::new("always full")),
            ..CheckFields::default()
        };
        let configuration =
            with(vec![rule("disk", 9, fitting(Layer::Host), none), rule("disk", 3, fitting(Layer::Client), eighty)]);
        let explained = on_host(|host| explain(&configuration, host));
        let disk = explained.iter().find(|explained| explained.name.as_str() == "disk").unwrap();
        let lines: Vec<_> = disk.lines().iter().map(|line| line.as_str().to_owned()).collect();
        assert_eq!(
            lines,
            [
                "disk: disk *, every 1m, warning 85, critical none, hard after 3 runs 1m apart, timeout 10s",
                "  built-in: kind = disk",
                "  checks.toml:3 (client) client:acme: warning = 80",
                "  checks.toml:9 (host) host:db1: warning = 85, was 80, critical = none (always full)",
            ]
        );
        assert!(matches!(&disk.outcome, Outcome::Assigned(check) if check.source.line == 9));
    }

    #[test]
    fn more_checks_than_an_agent_runs_are_refused_by_place_and_count() {
        let plugin = |line: u32, selector: Selector| {
            let kind = Some(Kind::Swap);
            rule(&format!("c{line}"), line, selector, CheckFields { kind, ..CheckFields::default() })
        };
        // Four are built in.
        let rules = |count: u32| (1..=count).map(|line| plugin(line, fitting(Layer::Client))).collect::<Vec<_>>();
        let refusal =
            |configuration: &Configuration| on_host(|host| refuse_too_many(configuration, host, "db1 (host 7)"));
        assert_eq!(refusal(&with(rules(496))), Ok(()));
        let why = refusal(&with(rules(510))).unwrap_err();
        assert!(why.starts_with("checks.toml:510: db1 (host 7) would get 514 checks") && why.contains("500"), "{why}");
        assert_eq!(refuse_too_many_anywhere(&with(rules(510))), Ok(()), "no client, nobody gets them");
        let everywhere = (1..=510).map(|line| plugin(line, fitting(Layer::Class))).collect();
        let why = refuse_too_many_anywhere(&with(everywhere)).unwrap_err();
        assert!(why.contains("any server at local, here"), "{why}");
    }

    #[test]
    fn what_is_enforced_stays_and_the_refusal_is_told() {
        let off = |enforced| CheckFields { enabled: Some(false), enforced, ..CheckFields::default() };
        let on = CheckFields { enabled: Some(true), ..CheckFields::default() };
        let rules = |enforced| {
            with(vec![
                rule("cpu", 1, fitting(Layer::Fleet), off(enforced)),
                rule("cpu", 2, fitting(Layer::Host), on.clone()),
            ])
        };
        let cpu = |configuration: &Configuration| on_host(|host| explain(configuration, host)).remove(0);
        assert!(matches!(cpu(&rules(false)).outcome, Outcome::Assigned(_)));
        let refused = cpu(&rules(true));
        assert_eq!(refused.outcome, Outcome::Removed);
        assert!(refused.lines().iter().any(|line| line.as_str().contains("checks.toml:1 (fleet) enforces")));
    }

    #[test]
    fn a_check_no_layer_defines_is_told_not_run() {
        let five = CheckFields { attempts: Some(5), ..CheckFields::default() };
        let configuration = with(vec![rule("web", 1, fitting(Layer::Host), five)]);
        let explained = on_host(|host| explain(&configuration, host));
        assert!(explained.iter().any(|e| e.name.as_str() == "web" && matches!(e.outcome, Outcome::Incomplete(_))));
        assert!(on_host(|host| assign(&configuration, host)).check(&"web".into()).is_none());
    }

    const LAYERS: [Layer; 6] = [Layer::Fleet, Layer::Client, Layer::Site, Layer::Class, Layer::Tag, Layer::Host];

    prop_compose! {
        fn any_rule()(
            layer in prop::sample::select(&LAYERS), name in prop::sample::select(&["cpu", "disk", "own"]), fits in any::<bool>(),
            enabled in prop::option::weighted(0.3, any::<bool>()), attempts in prop::option::of(1_u32..9),
            warning in prop::option::of(prop::option::of("[0-9]{1,2}")), kind in prop::option::of(Just(Kind::Swap)),
        ) -> (Layer, bool, CheckDefinition) {
            let mut selector = fitting(layer);
            if !fits {
                selector.host = Some("another".into());
            }
            let mut definition = rule(name, 1, selector, CheckFields { kind, enabled, attempts, warning, ..CheckFields::default() });
            definition.source.layer = layer;
            (layer, fits, definition)
        }
    }

    proptest! {
        #[test]
        fn the_last_layer_that_speaks_wins_field_by_field(rules in prop::collection::vec(any_rule(), 0..12)) {
            let configuration = with(rules.iter().map(|(_, _, rule)| rule.clone()).collect());
            let assignment = on_host(|host| assign(&configuration, host));
            prop_assert_eq!(&assignment, &on_host(|host| assign(&configuration, host)));
            for name in ["cpu", "disk", "own"] {
                let mut fitting: Vec<_> = rules.iter().filter(|(_, fits, rule)| *fits && rule.name.as_str() == name).collect();
                fitting.sort_by_key(|(layer, _, _)| *layer);
                let last = |pick: fn(&CheckFields) -> Option<String>| fitting.iter().rev().find_map(|(_, _, rule)| pick(&rule.fields));
                let check = assignment.check(&name.into());
                let removed = last(|fields| fields.enabled.map(|on| on.to_string())) == Some("false".into());
                let defined = name != "own" || last(|fields| fields.kind.map(|kind| kind.word().to_owned())).is_some();
                prop_assert_eq!(check.is_some(), !removed && defined);
                if let Some(check) = check {
                    if let Some(attempts) = last(|fields| fields.attempts.map(|n| n.to_string())) {
                        prop_assert_eq!(check.attempts.to_string(), attempts);
                    }
                    if let Some(warning) = last(|fields| fields.warning.clone().map(|range| range.unwrap_or_default())) {
                        prop_assert_eq!(check.warning.clone().unwrap_or_default(), warning);
                    }
                }
            }
        }
    }
}
