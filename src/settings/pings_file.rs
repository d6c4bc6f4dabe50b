//! `pings.toml`: the jobs that say by a URL that they ran. The URLs stand in no file: `watchfloor ping list` shows them.

use std::time::Duration;

use crate::fleet::configuration::PingDefinition;
use crate::fleet::hosts::DEFAULT_CLIENT;
use crate::fleet::words::ids::is_plain_name;
use crate::fleet::words::{ClientId, PingName, SiteId};
use crate::settings::problem::Problems;
use crate::settings::reader::{Names, Reader, Section};

/// More pings than this are no fleet of one hub.
const MOST_PINGS: usize = 10_000;
const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);
const OF_FLEET: [&str; 4] = ["name", "client", "heartbeat", "sampling"];

/// Reads the file; what could be read is given along with the problems.
pub(super) fn read(file: &str, text: &str) -> (Vec<PingDefinition>, Problems) {
    let reader = Reader::new(file, text, (&OF_FLEET, "fleet.toml"));
    let mut pings = Vec::new();
    reader.read(|top| {
        for (name, mut section) in top.named("pings", Names::Plain) {
            pings.extend(ping(&name, &mut section));
        }
        top.refuse_unknown();
    });
    if pings.len() > MOST_PINGS {
        reader.note(0, "", format!("there are {} pings", pings.len()), format!("write at most {MOST_PINGS}"));
    }
    (pings, reader.into_problems())
}

fn ping(name: &str, section: &mut Section<'_>) -> Option<PingDefinition> {
    let plain = |text: &str| {
        let fix = "use 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit";
        if is_plain_name(text) {
            Ok(text.to_owned())
        } else {
            Err((format!("{text:?} can't be a name here"), fix.to_owned()))
        }
    };
    let client = section.parsed("client", "the id of the client whose job it is", plain);
    let site = section.parsed("site", "the id of the site where it runs", plain);
    let host = section.text("host");
    let second = Duration::from_secs(1);
    let period = section.duration("period", second..=DAY * 366);
    let grace = section.duration("grace", second..=DAY * 31);
    if !section.has("period") {
        section.problem("", "a ping needs its period", "add period = \"24h\", how often the job succeeds");
    }
    section.refuse_unknown();
    let period = period?;
    Some(PingDefinition {
        name: PingName::new(name),
        client: ClientId::new(client.unwrap_or_else(|| DEFAULT_CLIENT.to_owned())),
        site: site.map(SiteId::new),
        host,
        period,
        grace: grace.unwrap_or_else(|| (period / 4).clamp(second, HOUR)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_is_read_and_its_grace_follows_its_period() {
        let text = "[pings.nightly]\nclient = \"acme\"\nhost = \"nas\"\nperiod = \"24h\"\n[pings.sync]\nperiod = \"10m\"\ngrace = \"30s\"\n";
        let (pings, problems) = read("pings.toml", text);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!((pings[0].client.as_str(), pings[0].grace), ("acme", HOUR));
        assert_eq!((pings[1].client.as_str(), pings[1].grace), (DEFAULT_CLIENT, Duration::from_secs(30)));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, line) in [
            ("[pings.a]\n", 1),
            ("[pings.a]\nperiod = \"soon\"\n", 2),
            ("[pings.\"a b\"]\nperiod = \"1h\"\n", 1),
            ("[pings.a]\nperiod = \"1h\"\nsecret = \"x\"\n", 3),
            ("period = \"1h\"\n", 1),
        ] {
            let found: Vec<String> = read("pings.toml", text).1.list().iter().map(ToString::to_string).collect();
            assert!(
                found.iter().any(|problem| problem.starts_with(&format!("pings.toml:{line}:"))),
                "{text}: {found:?}"
            );
        }
    }
}
