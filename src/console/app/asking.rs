//! What an action asks the person before it is sent.

use std::time::{Duration, Instant};

use crate::console::act::{NewWindow, Verb};
use crate::console::input::{FrameStamp, Key};
use crate::console::keymap::Action;
use crate::console::screens::world::About;
use crate::console::theme::Role;
use crate::console::widgets::{Answer, Prompt};
use crate::fleet::alerts::Until;
use crate::fleet::windows::Scope;
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{Timestamp, duration};

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

    /// Whether the answer is the id of an alert to go to.
    #[must_use]
    pub fn is_which(&self) -> bool {
        self.action == Action::GoToAlert
    }

    /// The question of an action; `None` for actions that ask nothing.
    #[must_use]
    pub fn begin(action: Action, about: About, asked: Asked) -> Option<Self> {
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
            Action::AcknowledgeWith => prompt("Acknowledge", optional).line(Role::Text, "until it gets worse; a note?"),
            Action::Escalate => prompt("Escalate", Answer::SameKey(asked.key)).line(
                Role::Text,
                "brings it to its next step by hand; no policy names people yet, so nobody is rung: the step is \
                     journaled and every console shows it. Whoever owns it keeps it.",
            ),
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
    pub fn verb(&self, answer: &str, now: Timestamp) -> Result<Verb, String> {
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
            Action::AcknowledgeWith => Verb::Acknowledge { until: Until::Worse, note },
            _ => Verb::Acknowledge { until: Until::Worse, note: String::new() },
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
