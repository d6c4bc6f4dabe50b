//! What another system reports, read: labels and annotations as Prometheus' alerts have them.

use std::sync::Arc;
use std::time::Duration;

use crate::fleet::alerts::External;
use crate::fleet::rules::externals::RESOLVE_TIMEOUT;
use crate::fleet::words::ids::{PLAIN_NAME_MAX, is_plain_name};
use crate::fleet::words::{CheckState, ClientId, Now, SafeText, SiteId, Timestamp};

/// The most labels of one alert, and the most annotations.
pub const MOST_LABELS: usize = 64;
/// The most bytes that the labels of one alert may have together: they are its identity, so nothing is cut.
pub const LABELS_MAX: usize = 8 * 1024;
/// The longest summary, in bytes.
const SUMMARY_MAX: usize = 1024;
/// A promise that is kept: what is to hold for longer than this without being sent again.
pub const PROMISE: Duration = RESOLVE_TIMEOUT.saturating_mul(2);

/// The end of what holds until it is told to be over.
pub const FOREVER: Timestamp = Timestamp(253_402_300_799_000);

/// One problem, or its end, as another system reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The system.
    pub source: SafeText,
    /// What it is known by there.
    pub fingerprint: SafeText,
    /// Whose problem, as the system says.
    pub client: Option<ClientId>,
    /// Where, as the system says.
    pub site: Option<SiteId>,
    /// Names of the host, best first.
    pub hosts: Vec<SafeText>,
    /// Warning or critical.
    pub level: CheckState,
    /// In words.
    pub summary: SafeText,
    /// All that it says.
    pub external: Arc<External>,
    /// Since when, where it says so.
    pub starts_at: Option<Timestamp>,
    /// Until when, where it says so; it has ended where that is past.
    pub ends_at: Option<Timestamp>,
}

/// An alert as it was sent, before anything is made of it.
#[derive(Clone, Debug, Default)]
pub struct Sent<'a> {
    /// Names and values; an empty value is none.
    pub labels: Vec<(&'a str, &'a str)>,
    /// Names and values.
    pub annotations: Vec<(&'a str, &'a str)>,
    /// Where the system shows more.
    pub generator_url: &'a str,
    /// Since when.
    pub starts_at: Option<Timestamp>,
    /// Until when.
    pub ends_at: Option<Timestamp>,
}

impl Reported {
    /// Reads an alert as Alertmanager does.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(source: &SafeText, mut sent: Sent<'_>, now: Now) -> Result<Self, String> {
        sent.labels.retain(|(_, value)| !value.is_empty());
        refuse(&sent)?;
        sent.labels.sort_unstable();
        if let Some(name) = sent.labels.iter().zip(sent.labels.iter().skip(1)).find(|(one, two)| one.0 == two.0) {
            return Err(format!("the label {:?} stands in it twice", name.0.0));
        }
        let fingerprint = SafeText::new(&format!("{:016x}", fingerprint(&sent.labels)));
        Ok(Self::of(source.clone(), fingerprint, sent, now))
    }

    /// Makes a report of what is known under a fingerprint of its own.
    #[must_use]
    pub fn of(source: SafeText, fingerprint: SafeText, sent: Sent<'_>, now: Now) -> Self {
        let Sent { labels, annotations, generator_url, starts_at, ends_at } = sent;
        let label = |name: &str| labels.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let annotation = |name: &str| annotations.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let words = [annotation("summary"), annotation("description"), annotation("message"), label("alertname")];
        let words = words.into_iter().flatten().find(|text| !text.trim().is_empty());
        let mut hosts = Vec::new();
        for name in [label("host"), label("hostname"), label("instance"), label("nodename")].into_iter().flatten() {
            let name = without_port(name);
            if !name.is_empty() && hosts.iter().all(|known: &SafeText| known.as_str() != name) {
                hosts.push(SafeText::line(name));
            }
        }
        let promised = ends_at.filter(|end| end.since(now.wall) > PROMISE);
        Self {
            source,
            fingerprint,
            client: label("client").or_else(|| label("tenant")).and_then(plain).map(ClientId::new),
            site: label("site").and_then(plain).map(SiteId::new),
            hosts,
            level: level(label("severity").unwrap_or_default()),
            summary: SafeText::line_within(words.unwrap_or("an alert without a name"), SUMMARY_MAX),
            external: Arc::new(External::new(
                labels.iter().copied(),
                annotations.iter().copied(),
                generator_url,
                starts_at.or(ends_at.filter(|end| *end <= now.wall)).unwrap_or(now.wall),
                promised,
            )),
            starts_at,
            ends_at,
        }
    }
}

fn refuse(sent: &Sent<'_>) -> Result<(), String> {
    if sent.labels.is_empty() {
        return Err("at least one label pair required".to_owned());
    }
    if sent.labels.len() > MOST_LABELS || sent.annotations.len() > MOST_LABELS {
        return Err(format!("more than {MOST_LABELS} labels or annotations"));
    }
    if let Some((name, _)) = sent.labels.iter().chain(&sent.annotations).find(|(name, _)| !is_label_name(name)) {
        let name = SafeText::line_within(name, 64);
        return Err(format!("{:?} is no name of a label: letters, digits and _ are", name.as_str()));
    }
    let size: usize = sent.labels.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > LABELS_MAX {
        return Err(format!("its labels have {size} bytes, more than {LABELS_MAX}"));
    }
    match (sent.starts_at, sent.ends_at) {
        (Some(start), Some(end)) if end < start => Err("start time must be before end time".to_owned()),
        _ => Ok(()),
    }
}

/// As Prometheus has it: a letter or `_`, then letters, digits and `_`.
fn is_label_name(name: &str) -> bool {
    name.len() <= 256
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

/// The hash of a sorted label set, as Prometheus and Alertmanager have it (`model.LabelSet.Fingerprint`).
#[must_use]
pub fn fingerprint(labels: &[(&str, &str)]) -> u64 {
    const SEPARATOR: u8 = 0xff;
    let mut hash = 14_695_981_039_346_656_037_u64;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211);
    for (name, value) in labels {
        name.bytes().for_each(&mut add);
        add(SEPARATOR);
        value.bytes().for_each(&mut add);
        add(SEPARATOR);
    }
    hash
}

/// The level that the word of a severity stands for; one that is not known is a warning, never less.
#[must_use]
pub fn level(severity: &str) -> CheckState {
    const CRITICAL: [&str; 14] = [
        "critical",
        "crit",
        "page",
        "error",
        "err",
        "fatal",
        "emergency",
        "emerg",
        "alert",
        "disaster",
        "high",
        "major",
        "p1",
        "sev1",
    ];
    if CRITICAL.iter().any(|word| word.eq_ignore_ascii_case(severity.trim())) {
        CheckState::Critical
    } else {
        CheckState::Warning
    }
}

/// The text as a plain name: what may not stand in one becomes `-`.
fn plain(text: &str) -> Option<String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let name: String = text
        .trim()
        .chars()
        .map(|letter| if fits(letter) { letter } else { '-' })
        .skip_while(|letter| !letter.is_ascii_alphanumeric())
        .take(PLAIN_NAME_MAX)
        .collect();
    is_plain_name(&name).then_some(name)
}

/// `web-1:9100` is about `web-1`, `https://web-1/x` too, `[::1]:80` about `::1`.
fn without_port(name: &str) -> &str {
    let name = name.split_once("://").map_or(name, |(_, rest)| rest);
    let name = name.split('/').next().unwrap_or_default();
    if let Some((address, _)) = name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match name.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_become_levels_and_an_unknown_one_is_a_warning() {
        for word in ["critical", "page", "Error", " FATAL ", "P1"] {
            assert_eq!(level(word), CheckState::Critical, "{word}");
        }
        for word in ["warning", "info", "", "none", "purple"] {
            assert_eq!(level(word), CheckState::Warning, "{word}");
        }
    }

    #[test]
    fn names_of_hosts_and_clients_are_made_plain() {
        for (name, host) in [
            ("web-1:9100", "web-1"),
            ("web-1", "web-1"),
            ("https://web-1:8443/metrics", "web-1"),
            ("[fe80::1]:9100", "fe80::1"),
            ("fe80::1", "fe80::1"),
            ("a:b", "a:b"),
        ] {
            assert_eq!(without_port(name), host);
        }
        assert_eq!(plain("Acme Corp.").as_deref(), Some("Acme-Corp."));
        assert_eq!(plain(" -- "), None);
    }

    #[test]
    fn the_fingerprint_is_that_of_prometheus() {
        assert_eq!(format!("{:016x}", fingerprint(&[])), "cbf29ce484222325");
        // tests/it/alertmanager.rs compares it with what Alertmanager makes of the same labels.
        assert_ne!(fingerprint(&[("a", "bc")]), fingerprint(&[("ab", "c")]));
    }
}
