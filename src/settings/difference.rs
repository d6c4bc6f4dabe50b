//! What one configuration changes against another, in words.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::fleet::configuration::channels::{Channel, ChannelKind};
use crate::fleet::configuration::{
    CheckFields, Configuration, HoursRule, Kind, OnCallConfiguration, Schedule, SilenceLimits,
};
use crate::fleet::words::{SafeText, duration};

/// More lines than this are counted, so that the entry that holds them stays small.
const MOST_LINES: usize = 40;
const LONGEST_LINE: usize = 240;

/// A thing of the configuration, as `client acme`, with its fields.
type Things = BTreeMap<String, BTreeMap<&'static str, String>>;

/// What `new` changes against `old`: one line a thing, bounded; empty where nothing changed but words of comment.
#[must_use]
pub fn what_changed(old: &Configuration, new: &Configuration) -> Vec<String> {
    let (old, new) = (things(old), things(new));
    let mut lines = Vec::new();
    for (thing, fields) in &new {
        match old.get(thing) {
            None => lines.push(format!("{thing} added{}", details(fields))),
            Some(before) if before != fields => lines.push(format!("{thing}: {}", changes(before, fields))),
            Some(_) => {}
        }
    }
    lines.extend(old.keys().filter(|thing| !new.contains_key(*thing)).map(|thing| format!("{thing} removed")));
    let more = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.iter().map(|line| shortened(SafeText::new(line).as_str())).collect()
}

fn details(fields: &BTreeMap<&'static str, String>) -> String {
    let fields: Vec<_> = fields.iter().map(|(field, value)| format!("{field} {value}")).collect();
    if fields.is_empty() { String::new() } else { format!(": {}", fields.join(", ")) }
}

fn changes(before: &BTreeMap<&'static str, String>, after: &BTreeMap<&'static str, String>) -> String {
    let set = after.iter().filter_map(|(field, value)| match before.get(field) {
        None => Some(format!("{field} {value}")),
        Some(was) if was != value => Some(format!("{field} {value}, was {was}")),
        Some(_) => None,
    });
    let unset = before.iter().filter(|(field, _)| !after.contains_key(*field));
    set.chain(unset.map(|(field, was)| format!("{field} removed, was {was}"))).collect::<Vec<_>>().join("; ")
}

fn shortened(line: &str) -> String {
    if line.len() <= LONGEST_LINE {
        return line.to_owned();
    }
    let end = (0..=LONGEST_LINE).rev().find(|end| line.is_char_boundary(*end)).unwrap_or(0);
    format!("{}…", line.get(..end).unwrap_or_default())
}

/// The fields that are set.
fn set(fields: impl IntoIterator<Item = (&'static str, Option<String>)>) -> BTreeMap<&'static str, String> {
    fields.into_iter().filter_map(|(field, value)| value.map(|value| (field, value))).collect()
}

fn things(configuration: &Configuration) -> Things {
    let mut things = Things::new();
    let span = |span: Duration| Some(duration::exact(span));
    let text = |text: &Option<SafeText>| text.as_ref().map(|text| text.as_str().to_owned());
    let hours = |hours: &Option<Schedule>| hours.as_ref().map(Schedule::to_string);
    let zone = |zone: &Option<jiff::tz::TimeZone>| zone.as_ref().map(zone_name);
    let mut fleet = set([
        ("name", text(&configuration.name)),
        ("hours", hours(&configuration.hours)),
        ("timezone", Some(zone_name(&configuration.zone))),
        ("heartbeat", span(configuration.heartbeat)),
        ("sampling", span(configuration.sampling)),
        ("history.full", span(configuration.history.full)),
        ("history.coarse", span(configuration.history.coarse)),
    ]);
    fleet.append(&mut silence(configuration.silence));
    things.insert("fleet".to_owned(), fleet);
    for (id, client) in &configuration.clients {
        let fields = [
            ("name", Some(client.name.as_str().to_owned())),
            ("contact", text(&client.contact)),
            ("line", text(&client.line)),
            ("contract", text(&client.contract)),
            ("hours", hours(&client.hours)),
            ("timezone", zone(&client.zone)),
        ];
        things.insert(format!("client {id}"), set(fields));
        for (site_id, site) in &client.sites {
            let fields = [
                ("name", Some(site.name.as_str().to_owned())),
                ("contact", text(&site.contact)),
                ("line", text(&site.line)),
                ("hours", hours(&site.hours)),
                ("timezone", zone(&site.zone)),
            ];
            things.insert(format!("site {site_id} of {id}"), set(fields));
        }
    }
    for rule in &configuration.host_rules {
        let hours = rule.hours.as_ref().map(|hours| match hours {
            HoursRule::Site => "site".to_owned(),
            HoursRule::Own(schedule) => schedule.to_string(),
        });
        let mut fields = set([("hours", hours)]);
        fields.append(&mut silence(rule.silence));
        things.insert(format!("hosts {}", rule.selector), fields);
    }
    for rule in &configuration.checks {
        things.insert(format!("check {} for {}", rule.name, rule.selector), check(&rule.fields));
    }
    for job in &configuration.backups {
        let fields = [
            ("host", Some(job.host.clone())),
            ("client", job.client.as_ref().map(ToString::to_string)),
            ("tool", Some(job.tool.to_string())),
            ("repository", Some(job.shown_repository().to_string())),
            ("password", job.password.as_ref().map(|name| format!("@{name}"))),
            ("paths", (!job.paths.is_empty()).then(|| job.paths.join(" "))),
            ("every", span(job.every)),
            ("grace", span(job.grace)),
        ];
        things.insert(format!("backup {}", job.name), set(fields));
    }
    for (name, one) in &configuration.delivery.channels {
        things.insert(format!("channel {name}"), channel(one));
    }
    if let Some(watchdog) = &configuration.delivery.watchdog {
        let fields = [("channel", Some(watchdog.channel.clone())), ("every", span(watchdog.every))];
        things.insert("watchdog".to_owned(), set(fields));
    }
    if let Some(links) = &configuration.delivery.links {
        things.insert("links".to_owned(), set([("url", Some(links.url.clone()))]));
    }
    oncall(&configuration.oncall, &mut things);
    for ping in &configuration.pings {
        let fields = [
            ("client", Some(ping.client.to_string())),
            ("site", ping.site.as_ref().map(ToString::to_string)),
            ("host", ping.host.as_ref().map(ToString::to_string)),
            ("period", span(ping.period)),
            ("grace", span(ping.grace)),
        ];
        things.insert(format!("ping {}", ping.name), set(fields));
    }
    things
}

/// Secrets by name; of a URL only where it leads, since paths of webhooks are secrets often enough.
fn channel(channel: &Channel) -> BTreeMap<&'static str, String> {
    let named = |name: &String| format!("@{name}");
    let mut fields = set([
        ("kind", Some(channel.kind.word().to_owned())),
        ("to", channel.to.clone()),
        ("secret", channel.secret.as_ref().map(named)),
    ]);
    let host = |url: &str| url.split('/').take(3).collect::<Vec<_>>().join("/");
    fields.append(&mut match &channel.kind {
        ChannelKind::Smtp(smtp) => set([
            ("host", Some(format!("{}:{}", smtp.host, smtp.port))),
            ("tls", Some(smtp.tls.word().to_owned())),
            ("user", smtp.login.as_ref().map(|(user, _)| user.clone())),
            ("password", smtp.login.as_ref().map(|(_, name)| named(name))),
            ("from", Some(smtp.from.clone())),
            ("subject_prefix", Some(smtp.subject_prefix.clone()).filter(|prefix| !prefix.is_empty())),
            ("ca", smtp.ca.clone()),
        ]),
        ChannelKind::Webhook(webhook) => set([
            ("url", Some(host(webhook.url.source()))),
            ("method", Some(webhook.method.clone())),
            (
                "headers",
                Some(webhook.headers.keys().cloned().collect::<Vec<_>>().join(" ")).filter(|all| !all.is_empty()),
            ),
            ("body", webhook.body.as_ref().map(|body| body.source().to_owned())),
            ("content_type", Some(webhook.content_type.clone())),
            ("ca", webhook.ca.clone()),
        ]),
        ChannelKind::Command(command) => {
            set([("argv", Some(format!("{:?}", command.argv))), ("timeout", Some(duration::exact(command.timeout)))])
        }
        ChannelKind::Events(events) => set([
            ("url", Some(host(&events.url))),
            ("routing_key", Some(named(&events.routing_key))),
            ("ca", events.ca.clone()),
        ]),
    });
    fields
}

fn oncall(oncall: &OnCallConfiguration, things: &mut Things) {
    let span = |span: Duration| Some(duration::exact(span));
    let list = |items: Vec<String>| (!items.is_empty()).then(|| items.join(" "));
    let usual = OnCallConfiguration::default();
    let timeout = |timeout: Option<Duration>| timeout.map_or_else(|| "never".to_owned(), duration::exact);
    let (timeouts, usually) = (oncall.acknowledgement_timeouts, usual.acknowledgement_timeouts);
    let said = |value: Option<Duration>, usual: Option<Duration>| (value != usual).then(|| timeout(value));
    let all = set([
        ("gather", (oncall.gather != usual.gather).then(|| duration::exact(oncall.gather))),
        ("recovery", (!oncall.recovery_notices).then(|| "false".to_owned())),
        ("critical acknowledged for", said(timeouts.critical, usually.critical)),
        ("warning acknowledged for", said(timeouts.warning, usually.warning)),
    ]);
    things.insert("notices".to_owned(), all);
    for person in &oncall.people {
        // Addresses are told to nobody but the channel; that one changed is told by a mark of it.
        let channels = person.channels.iter().map(|way| format!("{}{}", way.channel, mark(way.address.as_str())));
        let fields = [
            ("name", Some(person.full_name.to_string())),
            ("identities", list(person.identities.iter().map(ToString::to_string).collect())),
            ("timezone", Some(zone_name(&person.zone))),
            ("channels", list(channels.collect())),
        ];
        things.insert(format!("person {}", person.name), set(fields));
    }
    for schedule in &oncall.schedules {
        let rotations = schedule.layers.iter().map(|layer| {
            let members = layer.members.iter().map(SafeText::as_str).collect::<Vec<_>>().join(" ");
            let day = layer.weekday.map_or_else(String::new, |day| format!("{day:?} "));
            let hours = layer.hours.as_ref().map_or_else(String::new, |hours| format!(" in {hours}"));
            let handoff = layer.handoff.strftime("%H:%M");
            format!("{members} {} at {day}{handoff} from {}{hours}", layer.turn, layer.from)
        });
        let fields = [
            ("timezone", Some(zone_name(&schedule.zone))),
            ("rotations", Some(rotations.collect::<Vec<_>>().join("; "))),
        ];
        things.insert(format!("schedule {}", schedule.name), set(fields));
    }
    for policy in &oncall.policies {
        let steps = policy.steps.iter().map(|step| {
            let to = step.to.iter().map(ToString::to_string).collect::<Vec<_>>().join("+");
            format!("{to} after {}", duration::exact(step.after))
        });
        let fields = [
            ("steps", Some(steps.collect::<Vec<_>>().join(", then "))),
            ("repeat", span(policy.repeat)),
            ("rounds", Some(policy.rounds.to_string())),
        ];
        things.insert(format!("policy {}", policy.name), set(fields));
    }
    for (number, route) in oncall.routes.iter().enumerate() {
        let hours = route.hours.as_ref().map(|hours| format!("{} {}", hours.schedule, zone_name(&hours.zone)));
        let fields = [
            ("of", Some(route.selector.to_string())),
            ("check", route.check.clone()),
            ("severity", route.severity.map(|severity| severity.to_string())),
            ("hours", hours),
            ("policy", Some(route.policy.to_string())),
        ];
        things.insert(format!("route {}", number + 1), set(fields));
    }
}

/// Something of an address that changes with it and doesn't tell it: the last two characters of a long one.
fn mark(address: &str) -> String {
    let count = address.chars().count();
    if count < 8 { String::new() } else { format!(":…{}", address.chars().skip(count - 2).collect::<String>()) }
}

fn zone_name(zone: &jiff::tz::TimeZone) -> String {
    zone.iana_name().unwrap_or("of this machine").to_owned()
}

fn silence(limits: SilenceLimits) -> BTreeMap<&'static str, String> {
    set([
        ("silent_after", limits.silent_after.map(duration::exact)),
        ("down_after", limits.down_after.map(duration::exact)),
    ])
}

fn check(fields: &CheckFields) -> BTreeMap<&'static str, String> {
    let range =
        |range: &Option<Option<String>>| range.as_ref().map(|range| range.clone().unwrap_or_else(|| "none".to_owned()));
    set([
        ("kind", fields.kind.map(Kind::word).map(str::to_owned)),
        ("enabled", fields.enabled.map(|enabled| enabled.to_string())),
        ("enforced", fields.enforced.then(|| "true".to_owned())),
        ("reason", fields.reason.as_ref().map(|reason| reason.as_str().to_owned())),
        ("mount", fields.mount.clone()),
        ("process", fields.process.clone()),
        ("program", fields.program.clone()),
        ("args", fields.args.as_ref().map(|args| format!("{args:?}"))),
        ("interval", fields.interval.map(duration::exact)),
        ("retry_interval", fields.retry_interval.map(duration::exact)),
        ("attempts", fields.attempts.map(|attempts| attempts.to_string())),
        ("timeout", fields.timeout.map(duration::exact)),
        ("warning", range(&fields.warning)),
        ("critical", range(&fields.critical)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::hub;
    use jiff::tz::TimeZone;

    fn configuration(fleet: &str, checks: &str) -> Configuration {
        let texts = vec![("fleet.toml".to_owned(), fleet.to_owned()), ("checks.toml".to_owned(), checks.to_owned())];
        hub::parse(texts, TimeZone::UTC).unwrap().configuration
    }

    #[test]
    fn each_change_is_told_in_words() {
        let old = configuration(
            "heartbeat = \"10s\"\n[client.acme]\nname = \"Acme\"\n[client.gone]",
            "[check.disk]\nwarning = 80\n[tag.db.check.swap]",
        );
        let new = configuration(
            "heartbeat = \"20s\"\n[client.acme]\nname = \"Acme AG\"\ncontact = \"Ann\"\n[class.laptop]\nhours = \"always\"",
            "# a comment\n\n[check.disk]\nwarning = 85\ncritical = \"none\"",
        );
        assert_eq!(
            what_changed(&old, &new),
            [
                "check disk for fleet: critical none; warning 85, was 80",
                "client acme: contact Ann; name Acme AG, was Acme",
                "fleet: heartbeat 20s, was 10s",
                "hosts class:laptop added: hours always",
                "check swap for tag:db removed",
                "client gone removed",
            ]
        );
        assert_eq!(what_changed(&new, &new), [""; 0]);
    }

    #[test]
    fn the_summary_is_bounded() {
        let many: String = (0..500).map(|n| format!("[client.c{n}]\nname = \"{}\"\n", "x".repeat(1000))).collect();
        let lines = what_changed(&configuration("", ""), &configuration(&many, ""));
        assert_eq!(lines.len(), MOST_LINES + 1);
        assert!(lines.iter().map(String::len).sum::<usize>() < 12 * 1024);
        assert_eq!(lines.last().unwrap(), "and 460 more");
    }
}
