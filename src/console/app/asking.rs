//! What an action asks the person before it is sent.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;

use crate::console::act::{NewWindow, Verb};
use crate::console::input::{FrameStamp, Key};
use crate::console::keymap::Action;
use crate::console::replica::Replicas;
use crate::console::screens::next_step::{Ring, said, whom};
use crate::console::screens::world::About;
use crate::console::theme::Role;
use crate::console::widgets::{Answer, Prompt};
use crate::fleet::alerts::{Until, ValueLimit};
use crate::fleet::windows::Scope;
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{Timestamp, duration, until};

/// People that a question names; of more it says that there are.
const NAMED: usize = 6;

/// A question, and what its answer is for.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The question on the screen.
    pub prompt: Prompt,
    action: Action,
    /// What it is about.
    pub about: About,
}

/// Where a question was asked: the key that asked it and the frame it was asked on.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The key.
    pub key: Key,
    /// The frame.
    pub stamp: FrameStamp,
    /// The moment.
    pub now: Instant,
}

impl Asking {
    /// The question which alert to go to.
    #[must_use]
    pub fn which(asked: Asked) -> Self {
        let prompt = Prompt::new("Go to an alert", Answer::Text { optional: false }, asked.stamp, asked.now)
            .line(Role::Text, "its id as it was said (K7Q2), or its number");
        Self { prompt, action: Action::GoToAlert, about: About::Alerts(Vec::new()) }
    }

    /// The question before an alert that somebody has is taken from them.
    #[must_use]
    pub fn take_over(about: About, owners: &str, asked: Asked) -> Self {
        let prompt = Prompt::new("Take over", Answer::SameKey(asked.key), asked.stamp, asked.now)
            .line(Role::Owned, format!("{owners} has this already: it becomes yours"))
            .line(Role::Text, "they see it in the timeline, and are not told otherwise");
        Self { prompt, action: Action::Acknowledge, about }
    }

    /// Whether the answer is the id of an alert to go to.
    #[must_use]
    pub fn is_which(&self) -> bool {
        self.action == Action::GoToAlert
    }

    /// The question of an action; `None` for actions that ask nothing.
    #[must_use]
    pub fn begin(action: Action, about: About, asked: Asked, replicas: &Replicas) -> Option<Self> {
        let count = count(&about);
        let what = match &about {
            About::Filter { filter, .. } => format!("{count} alerts that {filter} shows"),
            About::Alerts(_) if count == 1 => "this alert".to_owned(),
            About::Alerts(_) => format!("{count} alerts"),
            About::Command(_, id) => format!("command {id}"),
            About::Hosts(_) if count == 1 => "this host".to_owned(),
            About::Hosts(_) => format!("{count} hosts"),
            About::Jobs(_) => format!("{count} backup jobs"),
            About::Window(_, id) => format!("window {id}"),
            About::Mute(..) => "window".to_owned(),
        };
        let prompt =
            |title: &str, answer: Answer| Prompt::new(format!("{title} {what}"), answer, asked.stamp, asked.now);
        let optional = Answer::Text { optional: true };
        // What is more than a handful is typed out, with its number.
        let wide = matches!(about, About::Filter { .. });
        let prompt = match action {
            Action::Acknowledge | Action::CheckNow if wide => {
                prompt(action.name(), Answer::TypedOut(count.to_string()))
                    .line(Role::Text, "type the number of alerts it is about")
            }
            Action::AcknowledgeWith => {
                let asks = prompt("Acknowledge", optional).line(Role::Text, "until it gets worse; a note?").line(
                    Role::Muted,
                    "or begin with: until ok, until 4h, until 14:30, until used>98 (a value), then the note",
                );
                let owners = owners(&about, replicas);
                if owners.is_empty() { asks } else { asks.line(Role::Owned, format!("you take it over from {owners}")) }
            }
            Action::Remind => prompt("Remind me of", Answer::Text { optional: false })
                .line(Role::Text, "when and of what: 08:00 tell Acme, or 2h look again")
                .line(Role::Muted, "none takes your reminders back"),
            Action::Escalate => {
                let lines = escalation(&about, replicas, asked.now);
                lines
                    .into_iter()
                    .fold(prompt("Escalate", Answer::SameKey(asked.key)), |asks, (role, text)| asks.line(role, text))
            }
            Action::Release => {
                prompt("Release", optional).line(Role::Text, "to whom? Leave it empty to give it to nobody")
            }
            Action::Snooze => prompt("Snooze", Answer::Text { optional: false })
                .line(Role::Text, "for how long? (30m, 4h, 2d) You own it meanwhile, and it comes back then")
                .with_text("1h"),
            Action::Note => {
                prompt("Note on", Answer::Text { optional: false }).line(Role::Text, "everybody can read it")
            }
            Action::CancelCommand => prompt("Cancel", Answer::SameKey(asked.key))
                .line(Role::Text, "what waits for its turn is not started any more;")
                .line(Role::Danger, "what runs is killed on its host, with all it started, and the host confirms that"),
            Action::Maintain => return Self::maintain(about, asked),
            Action::Close if matches!(about, About::Window(..)) => prompt("End", optional)
                .line(Role::Danger, "what it holds back rings again if it still fails, and it comes no more; why?"),
            Action::ExtendWindow => prompt("Extend", Answer::Text { optional: false })
                .line(Role::Text, "by how much longer than it would last? (30m, 2h)")
                .with_text("1h"),
            Action::Close if wide || count > 10 => prompt("Close", Answer::TypedOut(count.to_string()))
                .line(Role::Danger, "closes by hand what may still be wrong; type the number of alerts"),
            Action::Close => {
                prompt("Close", optional).line(Role::Danger, "closes by hand what may still be wrong; why?")
            }
            _ => return None,
        };
        Some(Self { prompt, action, about })
    }

    fn maintain(about: About, asked: Asked) -> Option<Self> {
        let About::Mute(_, scopes) = &about else { return None };
        let (first, _) = scopes.first()?;
        let answer = Answer::Text { optional: false };
        let mut prompt = Prompt::new("Open a maintenance window", answer, asked.stamp, asked.now)
            .line(Role::Text, "for how long, about what, and # what for. Facts go on, and ends are never held back.");
        for (filter, count) in scopes {
            let alerts = if *count == 1 { "alert" } else { "alerts" };
            prompt = prompt.line(Role::LaneMuted, format!("{filter}  {count} open {alerts} now"));
        }
        let prompt = prompt.with_text(&format!("2h {first} # "));
        Some(Self { prompt, action: Action::Maintain, about })
    }

    /// The verb that the answer gives, or what is wrong with it. `now` is the hub's time.
    ///
    /// # Errors
    /// What to write instead.
    pub fn verb(&self, answer: &str, now: Timestamp, zone: &TimeZone) -> Result<Verb, String> {
        let note = answer.to_owned();
        Ok(match self.action {
            Action::Escalate => Verb::Escalate { note: String::new() },
            Action::Release => Verb::Release { to: note, note: String::new() },
            Action::Snooze => {
                let span = duration::parse(answer).map_err(|error| error.to_string())?;
                if span < Duration::from_secs(60) {
                    return Err("a snooze lasts a minute at least".to_owned());
                }
                Verb::Snooze { until: now + span, note: String::new() }
            }
            Action::Note => Verb::Note { note },
            Action::Close if let About::Window(_, window) = self.about => Verb::CloseWindow { window, note },
            Action::Close => {
                let typed = answer.parse::<usize>().is_ok();
                Verb::Close { note: if typed { String::new() } else { note } }
            }
            Action::CheckNow => Verb::CheckNow { host: None, check: None },
            Action::CancelCommand => match self.about {
                About::Command(_, command) => Verb::Cancel { command },
                _ => return Err("there is no command to cancel".to_owned()),
            },
            Action::Maintain => {
                let About::Mute(_, scopes) = &self.about else {
                    return Err("there is nothing to hold back".to_owned());
                };
                open_window(answer, scopes)?
            }
            Action::ExtendWindow => {
                let About::Window(_, window) = self.about else { return Err("there is no window here".to_owned()) };
                let longer = duration::parse(answer).map_err(|error| error.to_string())?;
                Verb::ExtendWindow { window, longer }
            }
            Action::AcknowledgeWith => acknowledgement(answer, now, zone)?,
            Action::Remind if answer.trim() == "none" => Verb::Unremind,
            Action::Remind => {
                let (at, text) = answer.trim().split_once(' ').unwrap_or((answer.trim(), ""));
                if text.trim().is_empty() {
                    return Err("write when and of what, as in 08:00 tell Acme".to_owned());
                }
                Verb::Remind { at: until::parse(at, now, zone)?, text: text.trim().to_owned() }
            }
            _ => Verb::Acknowledge { until: Until::Worse, note: String::new(), limit: None },
        })
    }
}

/// `2h client:acme host:web # switch swap`: a span, a filter, and what it is for. Where the filter is one of those whose
/// number was shown, that number is held to.
fn open_window(answer: &str, scopes: &[(String, u64)]) -> Result<Verb, String> {
    let (text, name) = answer.split_once('#').map_or((answer, ""), |(text, name)| (text, name.trim()));
    let (span, filter) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
    let length = duration::parse(span).map_err(|error| error.to_string())?;
    if length < Duration::from_secs(60) {
        return Err("a window lasts a minute at least".to_owned());
    }
    let filter = filter.trim();
    let parsed = Filter::parse(filter).map_err(|error| error.to_string())?;
    Scope::Filter(parsed).check().map_err(|error| error.to_string())?;
    let expected = scopes.iter().find(|(shown, _)| shown == filter).map(|(_, count)| *count);
    let new = NewWindow { filter: filter.to_owned(), length, name: name.to_owned(), expected };
    Ok(Verb::OpenWindow(Box::new(new)))
}

/// Reads how long an acknowledgement holds, and the note: `until 4h on it`, `until used>98`, or a note alone.
fn acknowledgement(answer: &str, now: Timestamp, zone: &TimeZone) -> Result<Verb, String> {
    let answer = answer.trim();
    let Some(rest) = answer.strip_prefix("until ") else {
        return Ok(Verb::Acknowledge { until: Until::Worse, note: answer.to_owned(), limit: None });
    };
    let (word, note) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
    let (until, limit) = match word {
        "worse" => (Until::Worse, None),
        "ok" | "resolved" => (Until::Resolved, None),
        word if word.contains(['<', '>']) => (Until::Worse, Some(word.parse::<ValueLimit>()?)),
        word => (Until::Time(until::parse(word, now, zone)?), None),
    };
    Ok(Verb::Acknowledge { until, note: note.trim().to_owned(), limit })
}

/// Who else owns what an act is about: names with how long they have had it; empty where nobody does.
#[must_use]
pub fn owners(about: &About, replicas: &Replicas) -> String {
    let About::Alerts(alerts) = about else { return String::new() };
    let mut names: Vec<String> = Vec::new();
    let mut more = false;
    for (fleet, id) in alerts {
        let Some(replica) = replicas.get(*fleet) else { continue };
        let me = replica.greeting().map(|greeting| &greeting.identity);
        let alert = replica.fleet().alerts.alerts.get(id);
        let owner = alert.and_then(|alert| alert.owner()).filter(|owner| Some(*owner) != me);
        match owner.map(|owner| owner.as_str()) {
            Some(owner) if names.iter().any(|known| known == owner) => {}
            Some(_) if names.len() == NAMED => more = true,
            Some(owner) => names.push(owner.to_owned()),
            None => {}
        }
    }
    let more = if more { " and others" } else { "" };
    format!("{}{more}", names.join(", "))
}

/// Whom an escalation tells, by what channel, what time it is there, and who keeps the alert.
fn escalation(about: &About, replicas: &Replicas, at: Instant) -> Vec<(Role, String)> {
    let mut rings: Vec<Ring> = Vec::new();
    let (mut without, mut steps) = (0_usize, Vec::new());
    let alerts = if let About::Alerts(alerts) = about { alerts.as_slice() } else { &[] };
    for (fleet, id) in alerts {
        let Some(replica) = replicas.get(*fleet) else { continue };
        let Some(alert) = replica.fleet().alerts.alerts.get(id) else { continue };
        let told = whom(replica.fleet(), alert, replica.hub_now(at));
        without += usize::from(told.is_empty());
        if let Some(next) = alert.plan.as_ref().and_then(|plan| plan.next.as_ref()).filter(|_| alerts.len() == 1) {
            steps.push(format!(
                " (step {} of policy {})",
                next.step,
                alert.plan.as_ref().map_or("", |plan| plan.policy.as_str())
            ));
        }
        for ring in told {
            if !rings.contains(&ring) && rings.len() <= NAMED {
                rings.push(ring);
            }
        }
    }
    let mut lines = Vec::new();
    let step = steps.pop().unwrap_or_default();
    for ring in rings.iter().take(NAMED) {
        let channel = if ring.channel.is_empty() || ring.person.as_str().starts_with("channel:") {
            String::new()
        } else {
            format!(" by {}", ring.channel.as_str())
        };
        let time =
            if ring.local_time.is_empty() { String::new() } else { format!(", where it is {}", ring.local_time) };
        lines.push((Role::Danger, format!("tells {}{channel}{time}, now{step}", said(&ring.person))));
    }
    if rings.len() > NAMED {
        lines.push((Role::Danger, "and others".to_owned()));
    }
    if rings.is_empty() && matches!(about, About::Alerts(_)) {
        let text =
            "its policy has no step left, or there is none: it may begin again with its first step, or tell nobody";
        lines.push((Role::Failed, text.to_owned()));
    } else if without > 0 {
        lines.push((
            Role::Failed,
            format!("{without} of them have no step left: theirs may begin again, or tell nobody"),
        ));
    }
    if matches!(about, About::Filter { .. }) {
        lines.push((Role::Danger, "tells whoever is next for each of them, now".to_owned()));
    }
    let owners = owners(about, replicas);
    let keeps = if owners.is_empty() { "whoever owns it keeps it".to_owned() } else { format!("{owners} keeps it") };
    lines.push((Role::Text, format!("{keeps}; it can't be taken back, and every console shows it")));
    lines
}

/// How many alerts or hosts something is about.
#[must_use]
pub fn count(about: &About) -> usize {
    match about {
        About::Alerts(alerts) => alerts.len(),
        About::Hosts(hosts) => hosts.len(),
        About::Command(..) | About::Window(..) | About::Mute(..) => 1,
        About::Jobs(jobs) => jobs.len(),
        About::Filter { counts, .. } => {
            counts.iter().map(|(_, count)| usize::try_from(*count).unwrap_or(usize::MAX)).sum()
        }
    }
}
