//! What hosts that ended alike printed: the whole text, to be searched, copied and written to a file.

use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::keymap::Action;
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::command::{file_name, group_text, hosts_words};
use crate::console::screens::command_words::{end_words, folded, host_name, outcome_glyph, outcome_role};
use crate::console::screens::commands::{cancel, on_hosts};
use crate::console::screens::filter_line::FilterLine;
use crate::console::screens::host::bytes;
use crate::console::screens::texts::{Texts, rows};
use crate::console::screens::world::{Effect, World};
use crate::console::text::{put, width_within, wrap};
use crate::console::theme::{Role, Theme};
use crate::fleet::commands::{Alike, Command};
use crate::fleet::state::EntityKey;
use crate::fleet::words::{CommandId, HostId, SafeText};

/// The most lines the names of the hosts take.
const NAMES: usize = 3;
/// The most places of a searched text that are counted.
const MATCHES: usize = 10_000;

/// One of a program's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    Out,
    Error,
}

/// A row of the text.
#[derive(Clone, Copy, Debug)]
enum Line {
    /// A part of an output.
    Text(Stream, usize, usize),
    /// Where standard error begins.
    Rule,
}

/// The screen's state.
#[derive(Debug)]
pub struct OutputScreen {
    fleet: FleetIndex,
    id: CommandId,
    host: HostId,
    /// What is searched.
    pub search: FilterLine,
    alike: Option<Arc<Alike>>,
    /// Who ended alike is to be looked up again.
    dirty: bool,
    hosts: BTreeSet<HostId>,
    names: String,
    /// What the lines were made of: the texts there were and the width.
    made_of: (bool, bool, u16),
    lines: Vec<Line>,
    scroll: usize,
    height: usize,
    /// Where the searched text stands: the line of each, in order.
    matches: Vec<usize>,
    searched: String,
}

impl OutputScreen {
    /// The output of the hosts that ended as this one did.
    #[must_use]
    pub fn new(fleet: FleetIndex, id: CommandId, host: HostId) -> Self {
        Self {
            fleet,
            id,
            host,
            search: FilterLine::of_plain_text(),
            alike: None,
            dirty: true,
            hosts: BTreeSet::new(),
            names: String::new(),
            made_of: (false, false, 0),
            lines: Vec::new(),
            scroll: 0,
            height: 0,
            matches: Vec::new(),
            searched: String::new(),
        }
    }

    fn command<'w>(&self, world: World<'w>) -> Option<(&'w Replica, &'w Arc<Command>)> {
        let replica = world.replicas.get(self.fleet)?;
        Some((replica, replica.fleet().commands.get(self.id)?))
    }

    /// Takes over what changed in a fleet: who ended alike is looked up again before the next frame.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed) {
        let mine = EntityKey::Command(self.id);
        self.dirty |= fleet == self.fleet && (changed.everything || changed.entities.contains(&mine));
    }

    /// Brings the text up to date, before a frame.
    pub fn refresh(&mut self, size: Size, world: World<'_>, texts: &mut Texts) {
        if self.dirty
            && let Some((replica, command)) = self.command(world)
            && let Some(outcome) = command.outcome(self.host)
        {
            let alike = Alike::of(outcome);
            let same = command.outcomes().filter(|(_, outcome)| Alike::of(outcome) == alike);
            self.hosts = same.map(|(host, _)| host).collect();
            self.names = folded(&self.hosts, replica);
            self.dirty = false;
            if self.alike.as_deref() != Some(&alike) {
                self.lines.clear();
                self.alike = Some(Arc::new(alike));
            }
        }
        let Some(alike) = self.alike.clone() else { return };
        let fleet = self.fleet;
        texts.want([alike.stdout.0, alike.stderr.0].into_iter().flatten().map(|blob| (fleet, blob)));
        let made_of = (self.text(Stream::Out, texts).is_some(), self.text(Stream::Error, texts).is_some(), size.width);
        if self.made_of != made_of || self.lines.is_empty() {
            self.lay_out(size.width, texts);
            self.made_of = made_of;
            self.find(texts);
        } else if self.searched != self.search.text() {
            self.find(texts);
            self.go_to_match(true, 0);
        }
        self.height = usize::from(size.height.saturating_sub(head_height(&self.names, size.width)));
        self.scroll = self.scroll.min(self.last());
    }

    fn text<'t>(&self, stream: Stream, texts: &'t Texts) -> Option<&'t SafeText> {
        let alike = self.alike.as_ref()?;
        let (blob, _) = if stream == Stream::Out { alike.stdout } else { alike.stderr };
        texts.get(self.fleet, blob?)?.as_ref().ok()
    }

    fn lay_out(&mut self, width: u16, texts: &Texts) {
        let room = width.saturating_sub(3);
        self.lines.clear();
        for stream in [Stream::Out, Stream::Error] {
            let Some(text) = self.text(stream, texts) else { continue };
            let of_stream = rows(text.as_str(), room).into_iter().map(|(from, to)| Line::Text(stream, from, to));
            let of_stream: Vec<Line> = of_stream.collect();
            if stream == Stream::Error && !of_stream.is_empty() {
                self.lines.push(Line::Rule);
            }
            self.lines.extend(of_stream);
        }
    }

    /// Finds the searched text, in upper or lower case.
    fn find(&mut self, texts: &Texts) {
        self.search.text().clone_into(&mut self.searched);
        let wanted = self.searched.to_ascii_lowercase();
        let mut found: Vec<usize> = Vec::new();
        if !wanted.is_empty() {
            for stream in [Stream::Out, Stream::Error] {
                let Some(text) = self.text(stream, texts) else { continue };
                let text = text.as_str().to_ascii_lowercase();
                let from = match stream {
                    Stream::Out => 0,
                    Stream::Error => {
                        self.lines.iter().position(|line| matches!(line, Line::Rule)).map_or(0, |at| at + 1)
                    }
                };
                let lines = self.lines.get(from..).unwrap_or_default();
                let places = text.match_indices(&wanted).take(MATCHES.saturating_sub(found.len()));
                found.extend(places.map(|(at, _)| {
                    from + lines
                        .partition_point(|line| matches!(line, Line::Text(of, _, to) if *of == stream && *to <= at))
                }));
            }
        }
        found.dedup();
        self.matches = found;
    }

    /// Goes to the next or previous line with the searched text, from a line on.
    fn go_to_match(&mut self, forward: bool, beyond: usize) {
        let next = if forward {
            let from = self.scroll + beyond;
            self.matches.iter().find(|line| **line >= from).or(self.matches.first())
        } else {
            let before = self.matches.iter().rev().find(|line| **line < self.scroll);
            before.or(self.matches.last())
        };
        if let Some(line) = next {
            self.scroll = *line;
        }
    }

    fn last(&self) -> usize {
        self.lines.len().saturating_sub(self.height.max(1))
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>, texts: &Texts) -> Vec<Effect> {
        let step = usize::from(count.max(1));
        let page = self.height.saturating_sub(1).max(1);
        match action {
            Action::Down => self.scroll = (self.scroll + step).min(self.last()),
            Action::Up => self.scroll = self.scroll.saturating_sub(step),
            Action::HalfDown => self.scroll = (self.scroll + step * page.div_ceil(2)).min(self.last()),
            Action::HalfUp => self.scroll = self.scroll.saturating_sub(step * page.div_ceil(2)),
            Action::PageDown => self.scroll = (self.scroll + step * page).min(self.last()),
            Action::PageUp => self.scroll = self.scroll.saturating_sub(step * page),
            Action::Top => self.scroll = 0,
            Action::Bottom => self.scroll = self.last(),
            Action::Filter => self.search.begin(),
            Action::NextMatch => self.go_to_match(true, 1),
            Action::PreviousMatch => self.go_to_match(false, 0),
            Action::CancelCommand => {
                let command = self.command(world);
                return command.map(|(_, command)| cancel(self.fleet, command)).into_iter().collect();
            }
            Action::Command => {
                let hosts: Vec<HostId> = self.hosts.iter().copied().collect();
                let command = self.command(world);
                return command.map(|(_, command)| on_hosts(self.fleet, command, Some(hosts))).into_iter().collect();
            }
            Action::Copy => return self.whole(texts).map(Effect::Copy).into_iter().collect(),
            Action::Write => {
                let Some(text) = self.whole(texts) else { return Vec::new() };
                let Some((replica, command)) = self.command(world) else { return Vec::new() };
                let fetched = |stream| {
                    let alike = self.alike.as_ref()?;
                    let (blob, _) = if stream == Stream::Out { alike.stdout } else { alike.stderr };
                    Some(blob.is_none_or(|blob| texts.get(self.fleet, blob).is_some()))
                };
                if fetched(Stream::Out) != Some(true) || fetched(Stream::Error) != Some(true) {
                    return vec![Effect::Say(Role::Failed, "the output is still being fetched".to_owned())];
                }
                let name = file_name(&format!(
                    "command-{}-{}-{}{}.txt",
                    replica.name().as_str(),
                    command.id,
                    host_name(self.host, replica),
                    if self.hosts.len() > 1 { format!("+{}", self.hosts.len() - 1) } else { String::new() }
                ));
                let text = format!("$ {}\n{text}", command.argv.shown().as_str());
                return vec![Effect::Write { name, text }];
            }
            _ => {}
        }
        Vec::new()
    }

    fn whole(&self, texts: &Texts) -> Option<String> {
        let alike = self.alike.as_ref()?;
        Some(group_text(self.fleet, alike, &self.names, self.hosts.len(), texts))
    }

    /// Drops the search. Whether there was one.
    pub fn cancel(&mut self) -> bool {
        let searching = !self.search.is_empty();
        self.search.set("");
        searching
    }

    /// How many lines hold the searched text.
    #[must_use]
    pub fn found(&self) -> usize {
        self.matches.len()
    }

    /// What the header says.
    #[must_use]
    pub fn facts(&self) -> Vec<(Role, String)> {
        let mut facts = Vec::new();
        if !self.search.is_empty() {
            facts.push((Role::Input, format!("/{} ({} lines)", self.search.text(), self.matches.len())));
        }
        if !self.lines.is_empty() {
            let end = (self.scroll + self.height).min(self.lines.len());
            facts.push((Role::Muted, format!("{}-{end} of {}", self.scroll + 1, self.lines.len())));
        }
        facts
    }

    /// Paints the output.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, texts: &Texts) {
        let (x, room) = (area.x + 1, area.width.saturating_sub(1));
        let Some(alike) = &self.alike else {
            put(buf, x, area.y, room, "waiting for the command", theme.style(Role::Muted));
            return;
        };
        let mut y = area.y;
        let role = outcome_role(alike.state);
        let sign = outcome_glyph(&theme.glyphs, alike.state);
        put(
            buf,
            x,
            y,
            room,
            &format!("{sign} {}  {}", hosts_words(self.hosts.len()), end_words(alike)),
            theme.style(role),
        );
        y += 1;
        for line in wrap(&self.names, room).take(NAMES) {
            if y < area.bottom() {
                put(buf, x, y, room, line, theme.style(Role::Muted));
            }
            y += 1;
        }
        let body = Rect { y, height: area.bottom().saturating_sub(y), ..area };
        if self.lines.is_empty() {
            let text = self.empty_words(alike, texts);
            put(buf, body.x + 1, body.y, room, &text, theme.style(Role::Muted));
            return;
        }
        let shown = self.lines.iter().skip(self.scroll);
        for (y, line) in (body.top()..body.bottom()).zip(shown) {
            self.line(*line, Rect { y, height: 1, ..body }, buf, theme, texts);
        }
    }

    fn line(&self, line: Line, area: Rect, buf: &mut Buffer, theme: &Theme, texts: &Texts) {
        let (x, room) = (area.x + 1, area.width.saturating_sub(1));
        let Line::Text(stream, from, to) = line else {
            put(buf, x, area.y, room, "--- standard error", theme.style(Role::Warning));
            return;
        };
        let text = self.text(stream, texts).and_then(|text| text.as_str().get(from..to)).unwrap_or("");
        let (role, mark) = if stream == Stream::Error { (Role::Warning, "! ") } else { (Role::Text, "") };
        let used = put(buf, x, area.y, room, mark, theme.style(role));
        let (x, room) = (x + used, room - used);
        put(buf, x, area.y, room, text, theme.style(role));
        let wanted = self.searched.to_ascii_lowercase();
        if wanted.is_empty() {
            return;
        }
        for (at, _) in text.to_ascii_lowercase().match_indices(&wanted) {
            let before = text.get(..at).and_then(|before| width_within(before, room)).unwrap_or(room);
            let found = text.get(at..at + wanted.len()).unwrap_or("");
            put(buf, x + before, area.y, room - before, found, theme.style(Role::Match));
        }
    }

    fn empty_words(&self, alike: &Alike, texts: &Texts) -> String {
        let streams = [alike.stdout, alike.stderr];
        let mut blobs = streams.iter().filter_map(|(blob, printed)| Some(((*blob)?, *printed))).peekable();
        if blobs.peek().is_none() {
            return if alike.state.is_end() { "no output" } else { "no output before it has ended" }.to_owned();
        }
        let states = blobs.map(|(blob, printed)| match texts.get(self.fleet, blob) {
            Some(Err(why)) => why.to_string(),
            Some(Ok(_)) => "nothing but empty lines".to_owned(),
            None => format!("fetching {}", bytes(printed)),
        });
        states.collect::<Vec<_>>().join("; ")
    }
}

fn head_height(names: &str, width: u16) -> u16 {
    let names = wrap(names, width.saturating_sub(1)).take(NAMES).count();
    u16::try_from(1 + names).unwrap_or(u16::MAX)
}
