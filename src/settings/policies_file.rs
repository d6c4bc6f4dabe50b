//! `policies.toml`: people, on-call schedules, escalation policies, and which alert goes by which.
//!
//! The same file says by what people are told; those tables are read beside this.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::fleet::configuration::oncall::DEFAULT_POLICY;
use crate::fleet::configuration::{
    AcknowledgementTimeouts, ContactChannel, ExpectedHours, Layer, OnCallConfiguration, OnCallSchedule, Person, Policy,
    Provenance, Receiver, Rotation, Route, Selector, Step, Turn,
};
use crate::fleet::words::ids::is_plain_name;
use crate::fleet::words::nearest::nearest;
use crate::fleet::words::{ClientId, HostClass, SafeText, Severity, SiteId, duration};
use crate::settings::fleet_file::{hours, time_zone};
use crate::settings::problem::Problems;
use crate::settings::reader::{Names, Reader, Section};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
/// How long after the last step the first is taken again, where nothing is said.
const USUAL_REPEAT: Duration = Duration::from_secs(30 * 60);
const USUAL_ROUNDS: u32 = 3;
const USUAL_HANDOFF: Time = Time::constant(9, 0, 0, 0);
/// What is written of a person or a policy must fit the event that describes it.
const MOST_CHANNELS: usize = 16;
const MOST_STEPS: usize = 16;
const MOST_RECEIVERS: usize = 8;
const MOST_MEMBERS: usize = 64;
/// More than this are no people or schedules of one hub.
const MOST: usize = 1_000;

/// The tables that are read beside this.
const OTHERS: [&str; 4] = ["channels", "watchdog", "links", "tickets"];
const OF_FLEET: [&str; 4] = ["client", "heartbeat", "sampling", "history"];
const WEEKDAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// The names that may be referred to.
struct Known {
    people: Vec<String>,
    schedules: Vec<String>,
    policies: Vec<String>,
    channels: Vec<String>,
}

impl Known {
    /// What is wrong with a reference, and what to do.
    fn refuse(known: &[String], kind: &str, table: &str, name: &str) -> Option<(String, String)> {
        if known.iter().any(|known| known == name) {
            return None;
        }
        let fix = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near:?}? Else add [{table}.{name}]"),
            None => format!("add [{table}.{name}], or name another"),
        };
        Some((format!("there is no {kind} {name:?}"), SafeText::new(&fix).as_str().to_owned()))
    }

    fn person(&self, name: &str) -> Option<(String, String)> {
        Self::refuse(&self.people, "person", "people", name)
    }

    fn channel(&self, name: &str) -> Option<(String, String)> {
        Self::refuse(&self.channels, "channel", "channels", name)
    }

    fn receiver(&self, receiver: &Receiver) -> Option<(String, String)> {
        match receiver {
            Receiver::Person(name) if self.schedules.iter().any(|schedule| schedule == name.as_str()) => {
                let fix = format!("write \"schedule:{name}\" for whoever is on duty by it");
                Some((format!("there is no person {:?}, but a schedule", name.as_str()), fix))
            }
            Receiver::Person(name) => self.person(name.as_str()),
            Receiver::Schedule(name) => Self::refuse(&self.schedules, "schedule", "schedules", name.as_str()),
            Receiver::Channel(name) => self.channel(name.as_str()),
        }
    }
}

/// Reads the file; what could be read is given along with the problems. `zone` is the fleet's.
pub(super) fn read(file: &str, text: &str, zone: &TimeZone) -> (OnCallConfiguration, Problems) {
    let reader = Reader::new(file, text, (&OF_FLEET, "fleet.toml"));
    let mut all = OnCallConfiguration::default();
    reader.read(|top| {
        top.leave(&OTHERS);
        let known = Known {
            people: top.names_below("people"),
            schedules: top.names_below("schedules"),
            policies: top.names_below("policies"),
            channels: top.names_below("channels"),
        };
        all.gather = top.duration("gather", Duration::ZERO..=MINUTE * 10).unwrap_or(all.gather);
        all.recovery_notices = top.flag("recovery").unwrap_or(all.recovery_notices);
        if let Some(mut section) = top.section("acknowledgement") {
            all.acknowledgement_timeouts = timeouts(&mut section);
            section.refuse_unknown();
        }
        for (name, mut section) in top.named("people", Names::Plain) {
            all.people.push(person(&name, &mut section, &known, zone));
            section.refuse_unknown();
        }
        for (name, mut section) in top.named("schedules", Names::Plain) {
            all.schedules.push(schedule(&name, &mut section, &known, zone));
            section.refuse_unknown();
        }
        for (name, mut section) in top.named("policies", Names::Plain) {
            all.policies.push(policy(&name, &mut section, &known));
            section.refuse_unknown();
        }
        for mut section in top.list("route") {
            all.routes.extend(route(&mut section, &known, zone));
            section.refuse_unknown();
        }
        for (key, count) in [
            ("people", all.people.len()),
            ("schedules", all.schedules.len()),
            ("policies", all.policies.len()),
            ("route", all.routes.len()),
        ] {
            if count > MOST {
                top.problem(key, format!("there are {count} of them"), format!("write at most {MOST}"));
            }
        }
        same_identity(top, &all.people);
    });
    (all, reader.into_problems())
}

fn source(section: &Section<'_>) -> Provenance {
    Provenance { file: section.file().to_owned(), line: section.line(), layer: Layer::Fleet }
}

fn timeouts(section: &mut Section<'_>) -> AcknowledgementTimeouts {
    let usual = AcknowledgementTimeouts::default();
    let mut timeout = |key| {
        section.parsed(key, "a span of time such as \"1h\", or \"never\"", |text| match text {
            "never" => Ok(None),
            text => match duration::parse(text) {
                Ok(span) if (MINUTE..=DAY * 31).contains(&span) => Ok(Some(span)),
                _ => Err((
                    format!("{text:?} is no span of time from 1m to 31d"),
                    "write such as \"1h\" or \"30m\", or \"never\" for as long as it is not worse".to_owned(),
                )),
            },
        })
    };
    AcknowledgementTimeouts {
        critical: timeout("critical").unwrap_or(usual.critical),
        warning: timeout("warning").unwrap_or(usual.warning),
    }
}

fn person(name: &str, section: &mut Section<'_>, known: &Known, zone: &TimeZone) -> Person {
    let full_name = section.text("name").unwrap_or_else(|| SafeText::new(name));
    let identities = section.strings("identities");
    let identities = match &identities {
        Some(list) => list.iter().map(|identity| SafeText::new(identity)).collect(),
        None => vec![SafeText::new(name), SafeText::new(&format!("local:{name}"))],
    };
    let zone = time_zone(section).unwrap_or_else(|| zone.clone());
    let mut channels = Vec::new();
    for text in section.strings("channels").unwrap_or_default() {
        let (channel, address) = text.split_once(':').unwrap_or((&text, ""));
        match known.channel(channel) {
            Some((what, fix)) => section.problem("channels", what, fix),
            None => {
                channels.push(ContactChannel { channel: SafeText::new(channel), address: SafeText::new(address) });
            }
        }
    }
    if channels.len() > MOST_CHANNELS || identities.len() > MOST_CHANNELS {
        section.problem("", "there are too many channels or identities", format!("write at most {MOST_CHANNELS}"));
    }
    Person { name: SafeText::new(name), full_name, identities, zone, channels, source: source(section) }
}

/// What one name signs must be one person's doing.
fn same_identity(top: &Section<'_>, people: &[Person]) {
    let mut first: BTreeMap<&SafeText, &SafeText> = BTreeMap::new();
    for person in people {
        for identity in &person.identities {
            if let Some(other) = first.insert(identity, &person.name)
                && *other != person.name
            {
                let what = format!("{other} and {} are both {identity}", person.name);
                top.problem("people", what, "give each identity to one person");
            }
        }
    }
}

fn schedule(name: &str, section: &mut Section<'_>, known: &Known, zone: &TimeZone) -> OnCallSchedule {
    let zone = time_zone(section).unwrap_or_else(|| zone.clone());
    let mut layers = Vec::new();
    for mut below in section.list("rotation") {
        layers.extend(rotation(&mut below, known));
        below.refuse_unknown();
    }
    OnCallSchedule { name: SafeText::new(name), zone, layers, source: source(section) }
}

fn rotation(section: &mut Section<'_>, known: &Known) -> Option<Rotation> {
    let members = section.strings("members").unwrap_or_default();
    for member in &members {
        if let Some((what, fix)) = known.person(member) {
            section.problem("members", what, fix);
        }
    }
    if members.len() > MOST_MEMBERS {
        section.problem("members", "there are too many members", format!("write at most {MOST_MEMBERS}"));
    }
    let turn = section.parsed("turn", "how long a turn is, \"weekly\", \"daily\", \"12h\" or \"3d\"", turn);
    let turn = turn.unwrap_or(Turn::Weekly);
    let handoff = section.parsed("handoff", "when duty is handed over, \"Mon 09:00\" or \"09:00\"", handoff);
    let (weekday, handoff) = handoff.unwrap_or((None, USUAL_HANDOFF));
    if weekday.is_some() && turn != Turn::Weekly {
        section.problem("handoff", "only weekly turns are handed over on a day of the week", "write the time alone");
    }
    let from = section.parsed("from", "the first day in quotes, \"2026-01-05\"", |text| {
        text.parse::<Date>().map_err(|_| (format!("{text:?} is no day"), "write it as \"2026-01-05\"".to_owned()))
    });
    if !section.has("from") {
        let fix = "add from = \"2026-01-05\": its first member's first turn begins then";
        section.problem("", "a rotation needs the day it begins on", fix);
    }
    let hours = hours(section);
    let members = members.iter().map(|member| SafeText::new(member)).collect();
    Some(Rotation { members, turn, handoff, weekday, from: from?, hours })
}

fn turn(text: &str) -> Result<Turn, (String, String)> {
    let span = match text {
        "daily" => return Ok(Turn::Daily),
        "weekly" => return Ok(Turn::Weekly),
        text => duration::parse(text).ok().filter(|span| *span >= MINUTE * 60 && *span <= DAY * 366),
    };
    let hours = span.filter(|span| span.as_secs() % 3_600 == 0).map(|span| span.as_secs() / 3_600);
    match hours.and_then(|hours| u32::try_from(hours).ok()) {
        Some(hours) if hours % 24 == 0 => Ok(Turn::Days(hours / 24)),
        Some(hours) => Ok(Turn::Hours(hours)),
        None => Err((
            format!("{text:?} is no turn"),
            "write \"weekly\", \"daily\", or whole hours or days such as \"12h\" or \"3d\"".to_owned(),
        )),
    }
}

fn handoff(text: &str) -> Result<(Option<Weekday>, Time), (String, String)> {
    let wrong = || (format!("{text:?} is no time of handoff"), "write \"Mon 09:00\" or \"09:00\"".to_owned());
    let (day, time) = match text.split_once(' ') {
        Some((day, time)) => (Some(weekday(day).ok_or_else(wrong)?), time.trim()),
        None => (None, text),
    };
    let (hour, minute) = time.split_once(':').ok_or_else(wrong)?;
    let digits = |text: &str| {
        let is_number = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u8>().ok()).flatten()
    };
    let (hour, minute) = digits(hour).zip(digits(minute).filter(|_| minute.len() == 2)).ok_or_else(wrong)?;
    let number = |number: u8| i8::try_from(number).map_err(|_| wrong());
    Time::new(number(hour)?, number(minute)?, 0, 0).map(|time| (day, time)).map_err(|_| wrong())
}

fn weekday(text: &str) -> Option<Weekday> {
    let text = text.to_ascii_lowercase();
    WEEKDAYS.into_iter().find(|day| {
        let word = format!("{day:?}").to_ascii_lowercase();
        text == word || (text.len() == 3 && word.starts_with(&text))
    })
}

fn policy(name: &str, section: &mut Section<'_>, known: &Known) -> Policy {
    let repeat = section.duration("repeat", MINUTE..=DAY * 7).unwrap_or(USUAL_REPEAT);
    let rounds = section.count("rounds", 1..=1_000).unwrap_or(USUAL_ROUNDS);
    let mut steps = Vec::new();
    for mut below in section.list("step") {
        let after = below.duration("after", Duration::ZERO..=DAY * 7);
        if after.is_none() && !steps.is_empty() && !below.has("after") {
            let fix = "add after = \"10m\": how long after the step before";
            below.problem("", "a step after the first needs its time", fix);
        }
        let to = below.strings("to").unwrap_or_default();
        let receivers: Vec<Receiver> = to.iter().map(|text| Receiver::from_text(text)).collect();
        for receiver in &receivers {
            if let Some((what, fix)) = known.receiver(receiver) {
                below.problem("to", what, fix);
            }
        }
        if receivers.is_empty() && (!below.has("to") || below.is_list("to")) {
            let fix = "add to = [\"anna\"], [\"schedule:night\"] or [\"channel:ops\"]";
            below.problem("to", "this step tells nobody", fix);
        }
        if receivers.len() > MOST_RECEIVERS {
            below.problem("to", "there are too many receivers", format!("write at most {MOST_RECEIVERS} a step"));
        }
        below.refuse_unknown();
        steps.push(Step { after: after.unwrap_or_default(), to: receivers });
    }
    if steps.is_empty() && !section.has("step") {
        section.problem("", "a policy needs a step", format!("add [[{}.step]] with to = [\"anna\"]", section.path()));
    }
    if steps.len() > MOST_STEPS {
        section.problem("step", "there are too many steps", format!("write at most {MOST_STEPS}"));
    }
    let whole: Duration = steps.iter().map(|step| step.after).sum::<Duration>() + repeat;
    if whole < MINUTE {
        section.problem("repeat", "a round would be over within a minute", "give it at least a minute");
    }
    Policy { name: SafeText::new(name), steps, repeat, rounds, source: source(section) }
}

fn route(section: &mut Section<'_>, known: &Known, zone: &TimeZone) -> Option<Route> {
    let plain = |text: &str| {
        let fix = "use 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit";
        if is_plain_name(text) { Ok(text.to_owned()) } else { Err((format!("{text:?} is no name"), fix.to_owned())) }
    };
    let client = section.parsed("client", "the id of a client", plain).map(ClientId::new);
    let site = section.parsed("site", "the id of a site of the client", plain).map(SiteId::new);
    if site.is_some() && !section.has("client") {
        section.problem("site", "a site is known by its client and its own id", "add client = \"ID\"");
    }
    let classes = HostClass::ALL.map(HostClass::word);
    let class = section.word("class", &classes, HostClass::from_word);
    let tag = section.parsed("tag", "a tag of hosts", plain);
    let host = section.string("host", "the name of a host, \"web*\"");
    let check =
        section.string("check", "the name of a check, \"disk*\", or \"host\", \"site\", \"backup\", \"external\"");
    let severity = section.word("severity", &["warning", "critical"], |word| match word {
        "warning" => Some(Severity::Warning),
        "critical" => Some(Severity::Critical),
        _ => None,
    });
    let hours = hours(section);
    let zone = time_zone(section).unwrap_or_else(|| zone.clone());
    if section.has("timezone") && !section.has("hours") {
        section.problem("timezone", "a time zone says nothing without hours", "add hours, or remove it");
    }
    let policy = section.string("policy", "the name of a policy");
    match &policy {
        Some(name) => {
            if let Some((what, fix)) = Known::refuse(&known.policies, "policy", "policies", name) {
                section.problem("policy", what, fix);
            }
        }
        None if section.has("policy") => {}
        None => {
            let fix = format!("add policy = \"{DEFAULT_POLICY}\"");
            section.problem("", "a route needs the policy that alerts go by", fix);
        }
    }
    Some(Route {
        selector: Selector { client, site, class, tag, host },
        check,
        severity,
        hours: hours.map(|schedule| ExpectedHours { schedule, zone }),
        policy: SafeText::new(&policy?),
        source: source(section),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(text: &str) -> OnCallConfiguration {
        let (read, problems) = read("policies.toml", text, &TimeZone::UTC);
        assert!(problems.is_empty(), "{problems}");
        read
    }

    #[test]
    fn a_small_file_is_read_with_its_defaults() {
        let text = "[people.anna]\n[schedules.night]\n[[schedules.night.rotation]]\nmembers = [\"anna\"]\n\
                    from = \"2026-01-05\"\n[policies.default]\n[[policies.default.step]]\nto = [\"schedule:night\"]\n";
        let all = sound(text);
        let anna = all.person("anna").unwrap();
        assert_eq!(anna.identities.iter().map(SafeText::as_str).collect::<Vec<_>>(), ["anna", "local:anna"]);
        assert!(all.person_of("local:anna").is_some() && all.person_of("local:ann").is_none());
        let layer = all.schedule("night").unwrap().layers.first().unwrap();
        assert_eq!((layer.turn, layer.handoff, layer.weekday), (Turn::Weekly, USUAL_HANDOFF, None));
        let policy = all.policy("default").unwrap();
        assert_eq!((policy.repeat, policy.rounds), (USUAL_REPEAT, USUAL_ROUNDS));
        assert_eq!(all.acknowledgement_timeouts.critical, Some(MINUTE * 60));
        assert_eq!(sound("[acknowledgement]\ncritical = \"never\"").acknowledgement_timeouts.critical, None);
    }

    #[test]
    fn turns_and_handoffs_are_written_as_people_say_them() {
        for (text, turn_read) in
            [("weekly", Turn::Weekly), ("12h", Turn::Hours(12)), ("3d", Turn::Days(3)), ("48h", Turn::Days(2))]
        {
            assert_eq!(turn(text), Ok(turn_read));
        }
        for wrong in ["hourly", "30m", "90m", "0h", "400d", ""] {
            assert!(turn(wrong).is_err(), "{wrong}");
        }
        assert_eq!(handoff("Fri 8:30"), Ok((Some(Weekday::Friday), Time::constant(8, 30, 0, 0))));
        assert_eq!(handoff("saturday 23:59"), Ok((Some(Weekday::Saturday), Time::constant(23, 59, 0, 0))));
        for wrong in ["24:00", "9", "9:5", "Mo 09:00", "Mon", "-1:00", "09:00:00", "+9:00"] {
            assert!(handoff(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn other_tables_of_the_file_are_left_to_their_readers() {
        let all = sound(
            "[channels.mail]\nkind = \"smtp\"\n[watchdog]\nx = 1\n[tickets]\n[links]\n[people.a]\nchannels = [\"mail:a@b.example\"]\n",
        );
        let way = all.person("a").unwrap().channels.first().unwrap().clone();
        assert_eq!((way.channel.as_str(), way.address.as_str()), ("mail", "a@b.example"));
    }
}
