//! `fleet.toml`: the fleet's name, clients, sites, expected hours, limits of silence, retention.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::fleet::configuration::{
    Client, Configuration, HistoryRetention, HostRule, HoursError, HoursRule, Provenance, Schedule, Selector,
    SilenceLimits, Site,
};
use crate::fleet::words::SafeText;
use crate::fleet::words::ids::is_plain_name;
use crate::settings::problem::Problems;
use crate::settings::reader::{Reader, Section};
use crate::settings::scope;

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
const HOURS: &str = "hours such as \"Mon-Fri 07:00-19:00\"";

/// Reads the file into a configuration without checks; what could be read is given along with the problems.
pub(super) fn read(file: &str, text: &str, zone: TimeZone) -> (Configuration, Problems) {
    let reader = Reader::new(file, text, (&["check"], "checks.toml"));
    let mut configuration = Configuration { zone, ..Configuration::default() };
    reader.read(|top| {
        let all = &mut configuration;
        // Ids on the command line are FLEET/NUMBER, so a fleet's name needs no quoting.
        all.name = top.parsed("name", "the fleet's name", |name| match is_plain_name(name) {
            true => Ok(SafeText::new(name)),
            false => Err((
                format!("{name:?} can't be a fleet's name"),
                "use 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit".to_owned(),
            )),
        });
        all.hours = hours(top);
        all.zone = time_zone(top).unwrap_or_else(|| all.zone.clone());
        let rhythm = SECOND..=Duration::from_secs(600);
        all.heartbeat = top.duration("heartbeat", rhythm.clone()).unwrap_or(all.heartbeat);
        all.sampling = top.duration("sampling", rhythm).unwrap_or(all.sampling);
        all.silence = silence(top);
        if let Some(mut section) = top.section("history") {
            all.history = history(&mut section);
            section.refuse_unknown();
        }
        host_rules(top, &Selector::default(), &mut all.host_rules);
        for (id, mut section) in scope::clients(top) {
            let selector = Selector { client: Some(id.clone()), ..Selector::default() };
            let client = client(&mut section, id.as_str(), &selector, &mut all.host_rules);
            section.refuse_unknown();
            all.clients.insert(id, client);
        }
    });
    configuration.host_rules.sort_by_key(|rule| rule.source.line);
    (configuration, reader.into_problems())
}

fn client(section: &mut Section<'_>, id: &str, selector: &Selector, rules: &mut Vec<HostRule>) -> Client {
    let mut client = Client {
        name: section.text("name").unwrap_or_else(|| SafeText::new(id)),
        contact: section.text("contact"),
        line: section.text("line"),
        contract: section.text("contract"),
        hours: hours(section),
        zone: time_zone(section),
        sites: std::collections::BTreeMap::new(),
        source: source(section, selector),
    };
    host_rules(section, selector, rules);
    for (id, mut section) in scope::sites(section) {
        let selector = Selector { site: Some(id.clone()), ..selector.clone() };
        let site = Site {
            name: section.text("name").unwrap_or_else(|| SafeText::new(id.as_str())),
            contact: section.text("contact"),
            line: section.text("line"),
            hours: hours(&mut section),
            zone: time_zone(&mut section),
            source: source(&section, &selector),
        };
        host_rules(&mut section, &selector, rules);
        section.refuse_unknown();
        client.sites.insert(id, site);
    }
    client
}

fn source(section: &Section<'_>, selector: &Selector) -> Provenance {
    Provenance { file: section.file().to_owned(), line: section.line(), layer: selector.layer() }
}

fn host_rules(section: &mut Section<'_>, selector: &Selector, rules: &mut Vec<HostRule>) {
    for (selector, mut section) in scope::narrower(section, selector) {
        let hours = section.parsed("hours", HOURS, |text| match text.trim() {
            "site" => Ok(HoursRule::Site),
            text => schedule(text).map(HoursRule::Own),
        });
        let silence = silence(&mut section);
        section.refuse_unknown();
        rules.push(HostRule { source: source(&section, &selector), selector, hours, silence });
    }
}

pub(super) fn hours(section: &mut Section<'_>) -> Option<Schedule> {
    section.parsed("hours", HOURS, schedule)
}

pub(super) fn schedule(text: &str) -> Result<Schedule, (String, String)> {
    Schedule::parse(text).map_err(|error| (error.to_string(), HoursError::FIX.to_owned()))
}

pub(super) fn time_zone(section: &mut Section<'_>) -> Option<TimeZone> {
    section.parsed("timezone", "a time zone such as \"Europe/Berlin\"", |text| {
        TimeZone::get(text).map_err(|_| {
            let fix = "write a name of the IANA time zone database, such as \"Europe/Berlin\" or \"UTC\"";
            (format!("{text:?} is no time zone"), fix.to_owned())
        })
    })
}

fn silence(section: &mut Section<'_>) -> SilenceLimits {
    let limits = SilenceLimits {
        silent_after: section.duration("silent_after", SECOND * 2..=DAY),
        down_after: section.duration("down_after", SECOND * 2..=DAY * 7),
    };
    if let SilenceLimits { silent_after: Some(silent), down_after: Some(down) } = limits
        && down < silent
    {
        section.problem("down_after", "a host would be down before it is silent", "make it at least silent_after");
    }
    limits
}

fn history(section: &mut Section<'_>) -> HistoryRetention {
    let usual = HistoryRetention::default();
    let history = HistoryRetention {
        full: section.duration("full", SECOND * 6 * 3600..=DAY * 366).unwrap_or(usual.full),
        coarse: section.duration("coarse", DAY..=DAY * 3660).unwrap_or(usual.coarse),
    };
    if history.coarse < history.full {
        section.problem("coarse", "what is coarse would go before what is full", "make it at least as long as full");
    }
    history
}
