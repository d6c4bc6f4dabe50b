//! What `x` asks: first the program, with the hosts it would run on; then, typed out, whether it shall.

use std::collections::{BTreeMap, BTreeSet};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::act::Verb;
use crate::console::app::asking::Asked;
use crate::console::app::command_line::Line;
use crate::console::ask::Detail;
use crate::console::input::{Key, KeyCode};
use crate::console::keymap::Keymap;
use crate::console::replica::{FleetIndex, Replicas};
use crate::console::screens::commands::again;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{Answer, Prompt, PromptEvent};
use crate::fleet::commands::{Command, DEFAULT_TIMEOUT, DEFAULT_WINDOW, MOST_HOSTS};
use crate::fleet::hosts::HostState;
use crate::fleet::identity::Role as PersonRole;
use crate::fleet::words::{HostId, SafeText, duration};

/// On more hosts than this their number is typed.
const COUNTED_ABOVE: usize = 10;
/// Lines that are offered again.
const RECENT: usize = 9;
/// Lines of those that are shown.
const RECENT_SHOWN: usize = 3;
/// Clients named one by one.
const CLIENTS: usize = 6;

/// Where a command would run, as far as the replicas know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Radius {
    /// The hosts, each once.
    pub hosts: Vec<(FleetIndex, HostId)>,
    fleets: BTreeSet<FleetIndex>,
    clients: BTreeMap<String, usize>,
    states: BTreeMap<HostState, usize>,
    /// Those that are off, and those that are up.
    off: BTreeSet<(FleetIndex, HostId)>,
    up: BTreeSet<(FleetIndex, HostId)>,
    /// The hosts outside their expected hours as each hub tells, or why it does not.
    quiet: BTreeMap<FleetIndex, Result<BTreeSet<HostId>, SafeText>>,
    stale: bool,
}

impl Radius {
    /// What these hosts come to; those that are in no fleet any more are left out.
    ///
    /// # Errors
    /// Why nothing may be started there.
    pub fn of(hosts: Vec<(FleetIndex, HostId)>, replicas: &Replicas) -> Result<Self, String> {
        let mut radius = Self::default();
        for (fleet, id) in hosts.into_iter().collect::<BTreeSet<_>>() {
            let Some(replica) = replicas.get(fleet) else { continue };
            let Some(host) = replica.fleet().hosts.hosts.get(&id).filter(|host| !host.is_retired()) else { continue };
            if !replica.may(PersonRole::Operator) {
                let name = replica.name().as_str();
                return Err(format!("acting in {name} asks for the role operator; ask an admin of the fleet"));
            }
            radius.hosts.push((fleet, id));
            radius.fleets.insert(fleet);
            radius.stale |= replica.is_stale();
            *radius.clients.entry(host.client.to_string()).or_default() += 1;
            *radius.states.entry(host.state).or_default() += 1;
            match host.state {
                HostState::Off => radius.off.insert((fleet, id)),
                HostState::Up => radius.up.insert((fleet, id)),
                HostState::Down | HostState::Silent | HostState::Unknown | HostState::Left => false,
            };
            if replica.is_stale() {
                radius.quiet.insert(fleet, Err(SafeText::new("the link is down")));
            }
        }
        match radius.hosts.len() {
            0 => Err("there is no host here to start a program on".to_owned()),
            count if count > MOST_HOSTS => {
                Err(format!("{count} hosts; a command goes to at most {MOST_HOSTS}: filter first"))
            }
            _ => Ok(radius),
        }
    }

    fn count(&self) -> usize {
        self.hosts.len()
    }

    fn hosts_words(&self) -> String {
        if self.count() == 1 { "1 host".to_owned() } else { format!("{} hosts", self.count()) }
    }

    fn clients_words(&self) -> String {
        let mut clients: Vec<(&String, &usize)> = self.clients.iter().collect();
        clients.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), (*name).clone()));
        let named = clients.iter().take(CLIENTS).map(|(name, count)| format!("{name} {count}"));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = clients.len().saturating_sub(CLIENTS);
        if more > 0 { format!("{named} and {more} more clients") } else { named }
    }

    /// The fleets it reaches.
    #[must_use]
    pub fn fleets(&self) -> Vec<FleetIndex> {
        self.fleets.iter().copied().collect()
    }

    /// Who is outside the expected hours: those that are off then are so by intent, and those that are on may be in use
    /// at an hour nobody planned for.
    fn quiet_words(&self) -> (Role, String) {
        let known = self.fleets.iter().map(|fleet| self.quiet.get(fleet));
        let Some(known) = known.collect::<Option<Vec<_>>>() else {
            return (Role::Pending, "quiet hours: asking the hub".to_owned());
        };
        if let Some(why) = known.iter().find_map(|known| known.as_ref().err()) {
            return (Role::Unknown, format!("quiet hours: not known, {}", why.as_str()));
        }
        let is_quiet = |fleet: &FleetIndex, host: &HostId| {
            self.quiet.get(fleet).and_then(|quiet| quiet.as_ref().ok()).is_some_and(|quiet| quiet.contains(host))
        };
        let quiet: Vec<_> = self.hosts.iter().filter(|(fleet, host)| is_quiet(fleet, host)).collect();
        let off = quiet.iter().filter(|host| self.off.contains(host)).count();
        let on = quiet.iter().filter(|host| self.up.contains(host)).count();
        match quiet.len() {
            0 => (Role::Text, "quiet hours: none is in its quiet hours".to_owned()),
            all if off == all => (Role::Text, format!("quiet hours: {all}, off (expected)")),
            all if off + on == all => (Role::Warning, format!("quiet hours: {all}, {off} off (expected), {on} on")),
            all => {
                let rest = all - off - on;
                (
                    Role::Warning,
                    format!("quiet hours: {all}, {off} off (expected), {on} on, {rest} not known to be either"),
                )
            }
        }
    }

    /// The lines that say what may be hit.
    fn lines(&self) -> Vec<(Role, String)> {
        let clients = self.clients.len();
        let of = if clients == 1 { "client".to_owned() } else { format!("{clients} clients:") };
        let mut lines = vec![(Role::Danger, format!("{} of {of} {}", self.hosts_words(), self.clients_words()))];
        if self.fleets.len() > 1 {
            lines.push((Role::Text, format!("in {} fleets: a command in each", self.fleets.len())));
        }
        let away = |state: HostState| self.states.get(&state).map(|count| format!("{count} {}", state.word()));
        let states = [HostState::Down, HostState::Silent, HostState::Off, HostState::Unknown, HostState::Left];
        let words: Vec<String> = states.into_iter().filter_map(away).collect();
        let offline = self.count() - self.states.get(&HostState::Up).copied().unwrap_or(0);
        lines.push(match offline {
            0 => (Role::Text, "offline: none, all are up".to_owned()),
            _ => (Role::Warning, format!("offline: {offline} ({})", words.join(", "))),
        });
        lines.push(self.quiet_words());
        if self.stale {
            lines.push((Role::Stale, "all this as of the last word: the link is down".to_owned()));
        }
        lines
    }
}

/// The question, as far as it is answered.
#[derive(Clone, Debug)]
pub struct CommandPrompt {
    radius: Radius,
    prompt: Prompt,
    /// The line that is to be confirmed; `None` while it is typed.
    confirms: Option<Line>,
    /// That line as it was typed.
    typed: String,
    /// Lines of before, the newest first.
    recent: Vec<String>,
    /// The one that was taken up last.
    at: Option<usize>,
    fault: Option<String>,
}

/// What came of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandEvent {
    /// Nothing.
    Ignored,
    /// It looks different.
    Changed,
    /// It is given up.
    Cancelled,
    /// Start this there; the line as typed.
    Send(Verb, Vec<(FleetIndex, HostId)>, String),
}

impl CommandPrompt {
    /// Asks for a program, beginning with a line. `recent` are lines of before, the newest first.
    #[must_use]
    pub fn begin(radius: Radius, line: &str, recent: Vec<String>, asked: Asked) -> Self {
        let title = format!("Run on {}", radius.hosts_words());
        let prompt = Prompt::new(title, Answer::Text { optional: false }, asked.stamp, asked.now).with_text(line);
        let recent = recent.into_iter().take(RECENT).collect();
        let mut begun = Self { radius, prompt, confirms: None, typed: String::new(), recent, at: None, fault: None };
        begun.explain();
        begun
    }

    /// Takes a key.
    pub fn press(&mut self, keymap: &mut Keymap, count: u16, asked: Asked) -> CommandEvent {
        if self.confirms.is_none() && self.prompt.is_seen(asked.stamp) && self.recall_by_key(asked.key) {
            return CommandEvent::Changed;
        }
        match self.prompt.press(keymap, asked.key, count, (asked.stamp, asked.now)) {
            PromptEvent::Ignored => CommandEvent::Ignored,
            PromptEvent::Changed => {
                self.fault = None;
                self.explain();
                CommandEvent::Changed
            }
            PromptEvent::Cancelled => CommandEvent::Cancelled,
            PromptEvent::Done(text) => self.done(&text, asked),
        }
    }

    /// A hub told which hosts are outside their expected hours, or why it does not.
    pub fn quiet_hosts(&mut self, fleet: FleetIndex, told: Result<Detail, SafeText>) {
        let told = told.and_then(|detail| match detail {
            Detail::QuietHosts(hosts) => Ok(hosts),
            _ => Err(SafeText::new("the hub answers something else")),
        });
        self.radius.quiet.insert(fleet, told);
        match self.confirms.clone() {
            Some(line) => self.prompt.set_lines(self.confirmed(&line)),
            None => self.explain(),
        }
    }

    /// Takes pasted text; whether anything changed.
    pub fn paste(&mut self, text: &str, asked: crate::console::input::FrameStamp) -> bool {
        let changed = self.prompt.paste(text, asked) != PromptEvent::Ignored;
        self.explain();
        changed
    }

    fn done(&mut self, text: &str, asked: Asked) -> CommandEvent {
        if let Some(line) = &self.confirms {
            return CommandEvent::Send(line.verb(), self.radius.hosts.clone(), self.typed.clone());
        }
        // Without arrow keys: !1 is the newest line of before.
        if let Some(recalled) = text.strip_prefix('!').and_then(|number| number.parse::<usize>().ok()) {
            match recalled.checked_sub(1).and_then(|at| self.recent.get(at)).cloned() {
                Some(line) => self.prompt.set_text(&line),
                None => self.fault = Some(format!("there is no line {recalled} of before")),
            }
            self.explain();
            return CommandEvent::Changed;
        }
        match Line::parse(text) {
            Ok(line) => {
                text.clone_into(&mut self.typed);
                self.confirm(line, asked);
            }
            Err(fault) => {
                self.fault = Some(fault);
                self.explain();
            }
        }
        CommandEvent::Changed
    }

    /// Asks whether it shall be started. What was typed before that question was painted answers nothing.
    fn confirm(&mut self, line: Line, asked: Asked) {
        let count = self.radius.count();
        let word = if count > COUNTED_ABOVE { count.to_string() } else { "run".to_owned() };
        let title = format!("Run on {}", self.radius.hosts_words());
        let mut prompt = Prompt::new(title, Answer::TypedOut(word), asked.stamp, asked.now);
        prompt.set_lines(self.confirmed(&line));
        self.prompt = prompt;
        self.confirms = Some(line);
    }

    /// What is confirmed.
    fn confirmed(&self, line: &Line) -> Vec<(Role, String)> {
        let mut lines = vec![started(line)];
        lines.extend(self.radius.lines());
        lines.push(bounds(line));
        lines
    }

    fn recall_by_key(&mut self, key: Key) -> bool {
        let at = match key.code {
            KeyCode::Up if key == Key::plain(KeyCode::Up) => self.at.map_or(0, |at| at + 1),
            KeyCode::Down if key == Key::plain(KeyCode::Down) => match self.at {
                Some(at) if at > 0 => at - 1,
                _ => {
                    self.at = None;
                    self.prompt.set_text("");
                    self.explain();
                    return true;
                }
            },
            _ => return false,
        };
        if let Some(line) = self.recent.get(at) {
            self.at = Some(at);
            self.prompt.set_text(line);
            self.explain();
        }
        true
    }

    /// Says of the line that is typed what would be started, and where.
    fn explain(&mut self) {
        if self.confirms.is_some() {
            return;
        }
        let text = self.prompt.text();
        let parsed = Line::parse(text);
        let mut lines = self.radius.lines();
        lines.push(match (&self.fault, &parsed) {
            (Some(fault), _) => (Role::Failed, fault.clone()),
            (None, Ok(line)) => started(line),
            (None, Err(_)) if text.trim().is_empty() => {
                (Role::Muted, "a program and its arguments; quotes as in a shell, but no shell reads it".to_owned())
            }
            (None, Err(fault)) => (Role::Muted, fault.clone()),
        });
        lines.push(match &parsed {
            Ok(line) => bounds(line),
            Err(_) => (Role::Muted, "--timeout 5m --window 16 before it change its bounds".to_owned()),
        });
        for (at, line) in self.recent.iter().take(RECENT_SHOWN).enumerate() {
            lines.push((Role::Muted, format!("!{} {line}", at + 1)));
        }
        self.prompt.set_lines(lines);
    }

    /// Paints the question over the middle of the area.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        self.prompt.render(area, buf, theme);
    }
}

/// Lines of before: those typed here, then what this person had started as the fleets know it; the newest first, each
/// once.
#[must_use]
pub fn recent_lines(typed: &[String], replicas: &Replicas) -> Vec<String> {
    let mut lines = typed.to_vec();
    for (_, replica) in replicas.iter() {
        let mine = |command: &&std::sync::Arc<Command>| {
            replica.greeting().is_some_and(|greeting| greeting.identity == command.by)
        };
        for command in replica.fleet().commands.all().rev().filter(mine) {
            let line = again(command);
            if lines.len() >= RECENT {
                break;
            }
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

/// What is started, as its arguments: nobody shall wonder where one ends.
fn started(line: &Line) -> (Role, String) {
    let arguments = line.argv.exact().len() - 1;
    let kind = match (line.shell, arguments) {
        (true, _) => "read by the host's shell, where the host allows it".to_owned(),
        (false, 0) => "no arguments".to_owned(),
        (false, 1) => "1 argument".to_owned(),
        (false, count) => format!("{count} arguments"),
    };
    (Role::Title, format!("starts: {}  ({kind})", line.argv.shown().as_str()))
}

fn bounds(line: &Line) -> (Role, String) {
    let timeout = duration::exact(line.timeout.unwrap_or(DEFAULT_TIMEOUT));
    let window = line.window.unwrap_or(DEFAULT_WINDOW);
    (Role::Text, format!("killed after {timeout} (--timeout), on {window} hosts at once (--window)"))
}
