//! How alerts went over a while: how long until somebody had them, how long until they were over, and which came most.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::fleet::alerts::{Alert, Event, Subject};
use crate::fleet::state::Fleet;
use crate::fleet::words::filter::{AgeKind, Key, Subject as Filtered};
use crate::fleet::words::{AlertId, ClientId, SafeText, Timestamp};

/// What an alert is counted as: whose it is, and what it is about.
pub type Kind = (ClientId, SafeText);

/// Sums, not means, so that they can be added; of problems that came within the time that is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Alerts that opened.
    pub opened: u64,
    /// Alerts that came back soon after they were over.
    pub reopened: u64,
    /// How many of both somebody took.
    pub taken: u64,
    /// From when those came to when they were taken, together.
    pub until_taken: Duration,
    /// How many of both are over.
    pub ended: u64,
    /// From when those came to when they were over, together.
    pub until_ended: Duration,
}

impl Figures {
    /// How often it came: what makes noise.
    #[must_use]
    pub const fn came(&self) -> u64 {
        self.opened + self.reopened
    }

    /// How often it came, as of a week of such a time.
    #[must_use]
    pub fn per_week(&self, span: Duration) -> f64 {
        const WEEK: f64 = 7.0 * 24.0 * 3_600.0;
        if span.is_zero() { 0.0 } else { self.came() as f64 * WEEK / span.as_secs_f64() }
    }

    /// How many are not over.
    #[must_use]
    pub const fn open(&self) -> u64 {
        self.came().saturating_sub(self.ended)
    }

    /// The mean time until somebody had it; `None` where nobody took any.
    #[must_use]
    pub fn mtta(&self) -> Option<Duration> {
        mean(self.until_taken, self.taken)
    }

    /// The mean time until it was over; `None` where none is.
    #[must_use]
    pub fn mttr(&self) -> Option<Duration> {
        mean(self.until_ended, self.ended)
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.opened += other.opened;
        self.reopened += other.reopened;
        self.taken += other.taken;
        self.until_taken = self.until_taken.saturating_add(other.until_taken);
        self.ended += other.ended;
        self.until_ended = self.until_ended.saturating_add(other.until_ended);
    }
}

fn mean(sum: Duration, count: u64) -> Option<Duration> {
    let millis = sum.as_millis().checked_div(u128::from(count))?;
    Some(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
}

/// What an event means for a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It opened.
    Opened(Kind),
    /// It came back.
    Reopened,
    /// Somebody has it now.
    Taken,
    /// Nobody has it any more.
    Free,
    /// It is over.
    Ended,
}

/// What an event means for a report; most mean nothing.
#[must_use]
pub fn turn(event: &Event) -> Option<Turn> {
    Some(match event {
        Event::Opened { client, subject, .. } => Turn::Opened((client.clone(), about(subject))),
        Event::Reopened { .. } => Turn::Reopened,
        Event::Acknowledged { .. } | Event::Snoozed { .. } => Turn::Taken,
        Event::Released { to: None, .. } | Event::AcknowledgementEnded { .. } => Turn::Free,
        Event::Resolved { .. } => Turn::Ended,
        _ => return None,
    })
}

/// The kind of an alert.
#[must_use]
pub fn kind(alert: &Alert) -> Kind {
    (alert.client.clone(), about(&alert.subject))
}

/// What an alert is about, as reports put together what is alike: by check whatever the host.
fn about(subject: &Subject) -> SafeText {
    match subject {
        Subject::Check { check, .. } => SafeText::new(check.as_str()),
        Subject::Host(_) => SafeText::new("host"),
        Subject::Site(_) => SafeText::new("site"),
        Subject::Backup(_) => SafeText::new("backup"),
        Subject::External { source, .. } => source.clone(),
    }
}

/// A report in the making: turns are told in the order of their times.
#[derive(Clone, Debug, Default)]
pub struct Report {
    figures: BTreeMap<Kind, Figures>,
    alerts: HashMap<AlertId, Standing>,
}

#[derive(Clone, Debug)]
struct Standing {
    kind: Kind,
    /// When it came last, while it is not over; `None` too for what came before the time that is asked about.
    came: Option<Timestamp>,
    owned: bool,
    /// Whether being taken still counts: not where somebody had it before it came back.
    counts: bool,
}

impl Report {
    /// Takes over what happened to an alert. `known` finds the kind of one that opened before the first turn.
    pub fn tell(&mut self, alert: AlertId, at: Timestamp, turn: Turn, known: impl FnOnce(AlertId) -> Option<Kind>) {
        let fresh = |kind: Kind| Standing { kind, came: None, owned: false, counts: false };
        let standing = match (self.alerts.entry(alert), &turn) {
            (entry, Turn::Opened(kind)) => entry.insert_entry(fresh(kind.clone())).into_mut(),
            (entry, _) => entry
                .or_insert_with(|| fresh(known(alert).unwrap_or_else(|| (ClientId::from("-"), SafeText::new("-"))))),
        };
        let mut sum = Figures::default();
        match turn {
            Turn::Opened(_) | Turn::Reopened => {
                let is_first = matches!(turn, Turn::Opened(_));
                (sum.opened, sum.reopened) = (u64::from(is_first), u64::from(!is_first));
                standing.came = Some(at);
                standing.counts = !standing.owned;
            }
            Turn::Taken => {
                standing.owned = true;
                if let Some(came) = standing.came.filter(|_| std::mem::take(&mut standing.counts)) {
                    (sum.taken, sum.until_taken) = (1, at.since(came));
                }
            }
            Turn::Free => standing.owned = false,
            Turn::Ended => {
                standing.counts = false;
                if let Some(came) = standing.came.take() {
                    (sum.ended, sum.until_ended) = (1, at.since(came));
                }
            }
        }
        if sum != Figures::default() {
            self.figures.entry(standing.kind.clone()).or_default().add(&sum);
        }
    }

    /// The figures of each kind of which any came.
    #[must_use]
    pub fn finish(self) -> BTreeMap<Kind, Figures> {
        self.figures
    }
}

/// What figures are put together by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// A row a client.
    #[default]
    Client,
    /// A row a check.
    Check,
    /// A row for each check of each client.
    Both,
}

/// Figures put together, the noisiest first.
#[must_use]
pub fn together(figures: &BTreeMap<Kind, Figures>, by: By) -> Vec<(String, Figures)> {
    let mut sums: BTreeMap<String, Figures> = BTreeMap::new();
    for ((client, check), figures) in figures {
        let name = match by {
            By::Client => client.to_string(),
            By::Check => check.as_str().to_owned(),
            By::Both => format!("{client}  {}", check.as_str()),
        };
        sums.entry(name).or_default().add(figures);
    }
    let mut rows: Vec<(String, Figures)> = sums.into_iter().collect();
    rows.sort_by_key(|(_, figures)| std::cmp::Reverse(figures.came()));
    rows
}

/// Figures as a filter asks about them: by client and check.
#[derive(Clone, Copy, Debug)]
pub struct FiguresRow<'a> {
    /// The fleet.
    pub fleet: &'a Fleet,
    /// The fleet's local name.
    pub fleet_name: &'a str,
    /// What they are of.
    pub kind: &'a Kind,
}

impl Filtered for FiguresRow<'_> {
    fn any_text(&self, key: Key, matches: &mut dyn FnMut(&str) -> bool) -> bool {
        let (client, check) = self.kind;
        match key {
            Key::Client => {
                let name = self.fleet.hosts.clients.get(client).map(|client| &client.name);
                matches(client.as_str()) || name.is_some_and(|name| matches(name.as_str()))
            }
            Key::Check => matches(check.as_str()),
            Key::Fleet => matches(self.fleet_name),
            _ => false,
        }
    }

    fn age(&self, _kind: AgeKind) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(turns: &[(u64, i64, Turn)]) -> BTreeMap<Kind, Figures> {
        let mut report = Report::default();
        let old = |alert: AlertId| (alert.0 == 9).then(|| (ClientId::from("bay"), SafeText::new("disk")));
        for (alert, minute, turn) in turns {
            report.tell(AlertId(*alert), Timestamp(minute * 60_000), turn.clone(), old);
        }
        report.finish()
    }

    fn opened(client: &str, check: &str) -> Turn {
        Turn::Opened((ClientId::from(client), SafeText::new(check)))
    }

    const fn minutes(minutes: u64) -> Duration {
        Duration::from_secs(minutes * 60)
    }

    #[test]
    fn the_means_of_a_night_are_those_counted_by_hand() {
        let figures = told(&[
            (1, 0, opened("acme", "disk")),
            (1, 6, Turn::Taken),
            // Given back and taken again: only the first time counts.
            (1, 10, Turn::Free),
            (1, 20, Turn::Taken),
            (1, 30, Turn::Ended),
            // It came back while it was still owned: nobody had to take it.
            (1, 40, Turn::Reopened),
            (1, 45, Turn::Taken),
            (1, 50, Turn::Ended),
            (2, 60, opened("acme", "disk")),
            (2, 62, Turn::Ended),
            (3, 70, opened("acme", "load")),
            (3, 74, Turn::Taken),
            // Opened before the first turn.
            (9, 80, Turn::Taken),
            (9, 81, Turn::Ended),
            (9, 90, Turn::Reopened),
            (9, 99, Turn::Ended),
        ]);
        let of = |client: &str, check: &str| figures[&(ClientId::from(client), SafeText::new(check))];
        let disk = of("acme", "disk");
        assert_eq!((disk.opened, disk.reopened, disk.taken, disk.ended), (2, 1, 1, 3));
        assert_eq!(disk.mtta(), Some(minutes(6)), "6 of one that was taken");
        assert_eq!(disk.mttr(), Some(minutes(14)), "(30 + 10 + 2) / 3");
        let load = of("acme", "load");
        assert_eq!((load.mtta(), load.mttr(), load.open()), (Some(minutes(4)), None, 1));
        let old = of("bay", "disk");
        assert_eq!((old.opened, old.reopened, old.taken), (0, 1, 0));
        assert_eq!(old.mttr(), Some(minutes(9)), "what ended at 81 came before the time asked about");
        let clients = together(&figures, By::Client);
        assert_eq!((clients[0].0.as_str(), clients[0].1.came()), ("acme", 4), "the noisiest first");
        assert_eq!(clients[0].1.mtta(), Some(minutes(5)), "(6 + 4) / 2");
        assert_eq!(together(&figures, By::Check)[0].1.mttr(), Some(minutes(51) / 4), "(30 + 10 + 2 + 9) / 4");
    }

    #[test]
    fn what_happens_to_an_alert_turns_it_and_the_rest_does_not() {
        let alert = AlertId(1);
        let ended = Event::Resolved { alert, by_hand: false, note: None };
        assert_eq!(turn(&ended), Some(Turn::Ended));
        let to = |to| Event::Released { alert, by: SafeText::new("lee"), to, note: None };
        assert_eq!(turn(&to(None)), Some(Turn::Free));
        assert_eq!(turn(&to(Some(SafeText::new("ruiz")))), None, "handed over: somebody has it all along");
        assert_eq!(turn(&Event::Archived { alert }), None);
    }
}
