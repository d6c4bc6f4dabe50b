//! What goes through network interfaces, from `/proc/net/dev`.

use std::time::Instant;

use crate::agent::collectors::files::{Files, rate};
use crate::agent::collectors::previous::Previous;
use crate::fleet::hosts::vitals::InterfaceRates;
use crate::fleet::words::SafeText;

/// The most interfaces looked at.
const INTERFACES_MAX: usize = 32;
/// The host's ends of container links: there can be hundreds, and they come and go.
const NOT_LINKS: [&str; 4] = ["veth", "ifb", "cali", "lxc"];

/// Keeps the last counters of each interface.
#[derive(Debug)]
pub struct NetworkSampler {
    interfaces: Previous<Counters>,
}

#[derive(Clone, Copy, Debug)]
struct Counters {
    received: u64,
    sent: u64,
    errors: u64,
}

impl Default for NetworkSampler {
    fn default() -> Self {
        Self { interfaces: Previous::new(INTERFACES_MAX) }
    }
}

impl NetworkSampler {
    /// Rates since the last call; an interface appears with its second sample.
    pub fn sample(&mut self, files: &mut Files, now: Instant) -> Vec<InterfaceRates> {
        let seconds = self.interfaces.begin(now);
        let mut rates = Vec::new();
        for line in files.text("proc/net/dev").unwrap_or_default().lines() {
            let Some((name, counters)) = parse(line) else { continue };
            let Some((name, before)) = self.interfaces.exchange(name, counters) else { continue };
            rates.extend(counters.since(before, seconds, name));
        }
        rates.sort_by(|one, other| one.interface.cmp(&other.interface));
        rates
    }
}

impl Counters {
    fn since(self, before: Self, seconds: f64, interface: SafeText) -> Option<InterfaceRates> {
        Some(InterfaceRates {
            interface,
            received: rate(before.received, self.received, seconds)?,
            sent: rate(before.sent, self.sent, seconds)?,
            errors: rate(before.errors, self.errors, seconds)?,
        })
    }
}

/// The interface's name and counters; `None` for headers, what is no link, and what never carried a byte.
fn parse(line: &str) -> Option<(&str, Counters)> {
    let (name, fields) = line.split_once(':')?;
    let name = name.trim();
    if name == "lo" || NOT_LINKS.iter().any(|prefix| name.starts_with(prefix)) {
        return None;
    }
    // received: bytes packets errs drop fifo frame compressed multicast, sent: bytes packets errs drop …
    let mut numbers = fields.split_ascii_whitespace().map_while(|field| field.parse::<u64>().ok());
    let received = numbers.next()?;
    let (receive_errors, receive_drops) = (numbers.nth(1)?, numbers.next()?);
    let sent = numbers.nth(4)?;
    let (send_errors, send_drops) = (numbers.nth(1)?, numbers.next()?);
    let errors = [receive_errors, receive_drops, send_errors, send_drops].into_iter().fold(0, u64::saturating_add);
    (received > 0 || sent > 0).then_some((name, Counters { received, sent, errors }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const HEAD: &str = "Inter-|   Receive  |  Transmit\n face |bytes packets errs|bytes\n";

    #[test]
    fn links_have_rates_and_others_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("proc/net")).unwrap();
        let mut files = Files::new(folder.path());
        let (mut sampler, start) = (NetworkSampler::default(), Instant::now());
        let mut at = |seconds: u64, rows: &str| {
            std::fs::write(folder.path().join("proc/net/dev"), format!("{HEAD}{rows}")).unwrap();
            sampler.sample(&mut files, start + Duration::from_secs(seconds))
        };
        let first = "    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n  eth0:1000 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0\n  ifb0: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n  eth1: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
        assert_eq!(at(0, first), vec![]);
        let rates =
            at(10, "  eth0:2000 1 10 20 0 0 0 0 1500 1 30 40 0 0 0 0\nveth1: 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5 5\n");
        let expected = InterfaceRates { interface: SafeText::new("eth0"), received: 100.0, sent: 100.0, errors: 10.0 };
        assert_eq!(rates, vec![expected]);
        assert_eq!(at(20, "  eth0: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"), vec![], "a reset");
        assert_eq!(at(30, ""), vec![]);
        assert_eq!(at(40, "  eth0: 9 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"), vec![], "it was gone between");
    }
}
