//! One command in depth: how it stands on its hosts, those that ended alike as one row, the cursor's output below.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::keymap::Action;
use crate::console::list::{Index, ListState};
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::command_words::{
    command_role, end_words, folded, host_name, outcome_glyph, outcome_rank, outcome_role, tally_parts,
};
use crate::console::screens::commands::{cancel, on_hosts};
use crate::console::screens::host::bytes;
use crate::console::screens::journal::clock;
use crate::console::screens::listing::move_cursor;
use crate::console::screens::texts::{Texts, first_line, rows};
use crate::console::screens::world::{Effect, Place, World};
use crate::console::text::{Ellipsis, put, put_cut, wrap};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{Column, Row, Table, bar, divider};
use crate::fleet::commands::{Alike, Command, Event as CommandEvent, Grouping, Outcome, OutcomeState};
use crate::fleet::state::Event;
use crate::fleet::words::{BlobId, CommandId, HostId, SafeText, duration};

/// Output larger than this is not fetched only to show its first line.
const SMALL_OUTPUT: u64 = 16 << 10;
/// The most output of one command that is gathered to be written, in bytes: it is in memory until it is.
const WRITTEN_MAX: u64 = 16 << 20;
/// On fewer lines than this, the rows take all.
const WITH_PREVIEW: u16 = 16;

/// How the rows are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    /// A row for all hosts that ended alike.
    #[default]
    Groups,
    /// A row a host, what failed first.
    Hosts,
}

/// The screen's state.
#[derive(Debug)]
pub struct CommandScreen {
    fleet: FleetIndex,
    id: CommandId,
    shown: Shown,
    /// Outputs that differ in no more than numbers, times and the host's name are one group.
    similar: bool,
    /// All of the command is to be written to a file, as soon as all of its output is here.
    writing: bool,
    /// The command was looked at as a whole.
    loaded: bool,
    grouping: Grouping,
    groups: ListState<Arc<Alike>>,
    groups_changed: bool,
    /// The person has chosen a row; until then the cursor stays at the top, whatever comes there.
    chosen: bool,
    by_host: Index<HostId, (u8, SafeText)>,
    hosts: ListState<HostId>,
    /// The hosts of groups in words, until the group changes.
    names: BTreeMap<Arc<Alike>, (usize, String)>,
}

const GROUPS: [Column; 4] = [
    Column::new("HOSTS", 5, 6).right(),
    Column::new("END", 10, 26),
    Column::new("OUTPUT", 14, 80).grows(),
    Column::new("WHERE", 12, 40).rank(1),
];

const HOSTS: [Column; 5] = [
    Column::new("HOST", 10, 24).middle(),
    Column::new("CLIENT", 6, 12).rank(2),
    Column::new("END", 10, 26),
    Column::new("TOOK", 5, 6).right().rank(1),
    Column::new("OUTPUT", 14, 80).grows(),
];

impl CommandScreen {
    /// The screen of a command.
    #[must_use]
    pub fn new(fleet: FleetIndex, id: CommandId) -> Self {
        Self {
            fleet,
            id,
            shown: Shown::Groups,
            similar: false,
            writing: false,
            loaded: false,
            grouping: Grouping::default(),
            groups: ListState::default(),
            groups_changed: false,
            chosen: false,
            by_host: Index::default(),
            hosts: ListState::default(),
            names: BTreeMap::new(),
        }
    }

    fn command<'w>(&self, world: World<'w>) -> Option<(&'w Replica, &'w Arc<Command>)> {
        let replica = world.replicas.get(self.fleet)?;
        Some((replica, replica.fleet().commands.get(self.id)?))
    }

    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, world: World<'_>) {
        if fleet != self.fleet {
            return;
        }
        if changed.everything {
            self.loaded = false;
            return;
        }
        let Some((replica, command)) = self.command(world) else { return };
        for (_, event) in changed.entries.iter().flat_map(|entry| &entry.events) {
            let Event::Commands(event) = event else { continue };
            if event.command() != self.id {
                continue;
            }
            match event {
                CommandEvent::Asked { hosts, .. }
                | CommandEvent::Changed { hosts, .. }
                | CommandEvent::CancelAsked { hosts, .. } => {
                    hosts.iter().for_each(|host| self.place(*host, command, replica));
                }
                CommandEvent::Reported { host, .. } => self.place(*host, command, replica),
                CommandEvent::Archived { .. } => {}
            }
        }
    }

    fn place(&mut self, host: HostId, command: &Command, replica: &Replica) {
        let Some(outcome) = command.outcome(host) else { return };
        let alike = if self.similar { Alike::similar(outcome) } else { Alike::of(outcome) };
        self.groups_changed |= self.grouping.set(host, alike);
        let name = replica.fleet().hosts.hosts.get(&host).map(|host| host.name.clone()).unwrap_or_default();
        self.by_host.set(host, Some((outcome_rank(outcome.state), name)));
    }

    /// Brings the rows up to date, before a frame, and says which output it shows.
    pub fn refresh(&mut self, size: Size, world: World<'_>, texts: &mut Texts) {
        if !self.loaded
            && let Some((replica, command)) = self.command(world)
        {
            self.loaded = true;
            self.grouping = Grouping::default();
            self.by_host = Index::default();
            self.groups_changed = true;
            command.outcomes().for_each(|(host, _)| self.place(host, command, replica));
        }
        let layout = layout(Rect::new(0, 0, size.width, size.height));
        let table = layout.table.as_size();
        self.groups.set_height(Table::rows_in(&GROUPS, table));
        self.hosts.set_height(Table::rows_in(&HOSTS, table));
        if std::mem::take(&mut self.groups_changed) {
            let present = self.grouping.in_order().map(|(alike, _)| Arc::clone(alike));
            if self.groups.is_held() {
                let mut present: Vec<_> = present.collect();
                present.sort();
                self.groups.hold(present);
            } else if self.chosen {
                self.groups.sync(present);
            } else {
                self.groups.replace(present);
                self.groups.move_to_top();
            }
        }
        if self.by_host.take_change(world.now) {
            if self.hosts.is_held() {
                self.hosts.hold(self.by_host.keys());
            } else {
                self.hosts.sync(self.by_host.rows());
            }
        }
        self.name_groups(table, world);
        let fleet = self.fleet;
        let mut wanted = self.wanted(table);
        if self.writing
            && let Some((_, command)) = self.command(world)
        {
            wanted.extend(blobs(command));
        }
        texts.want(wanted.into_iter().map(|blob| (fleet, blob)));
    }

    /// Folds the names of the groups in view, those that changed.
    fn name_groups(&mut self, table: Size, world: World<'_>) {
        let Some(replica) = world.replicas.get(self.fleet) else { return };
        let visible = self.groups.visible(Table::rows_in(&GROUPS, table));
        let visible = self.groups.rows().get(visible).unwrap_or_default();
        let mut names = BTreeMap::new();
        for alike in visible {
            let Some(hosts) = self.grouping.hosts(alike) else { continue };
            // A group only grows or only shrinks while a command goes on, so its size tells whether it changed.
            let known = self.names.remove(alike).filter(|(size, _)| *size == hosts.len());
            names.insert(Arc::clone(alike), known.unwrap_or_else(|| (hosts.len(), folded(hosts, replica))));
        }
        self.names = names;
    }

    /// The blobs in view: the cursor's first, then those small enough to be fetched for a line.
    fn wanted(&self, table: Size) -> Vec<BlobId> {
        let alike = |host: &HostId| self.grouping.of_host(*host);
        let (cursor, visible): (_, Vec<&Arc<Alike>>) = match self.shown {
            Shown::Groups => {
                let visible = self.groups.visible(Table::rows_in(&GROUPS, table));
                (self.groups.cursor(), self.groups.rows().get(visible).unwrap_or_default().iter().collect())
            }
            Shown::Hosts => {
                let visible = self.hosts.visible(Table::rows_in(&HOSTS, table));
                let rows = self.hosts.rows().get(visible).unwrap_or_default();
                (self.hosts.cursor().and_then(alike), rows.iter().filter_map(alike).collect())
            }
        };
        let all = cursor.into_iter().flat_map(|alike| [alike.stdout.0, alike.stderr.0]);
        let lines = visible.into_iter().map(|alike| if alike.stdout.0.is_some() { alike.stdout } else { alike.stderr });
        let small = lines.filter(|(_, printed)| *printed <= SMALL_OUTPUT).map(|(blob, _)| blob);
        all.chain(small).flatten().collect()
    }

    /// The hosts of the marked rows, or else of the cursor's.
    fn targets(&self) -> Vec<HostId> {
        match self.shown {
            Shown::Groups => {
                let groups = self.groups.targets();
                groups.iter().filter_map(|alike| self.grouping.hosts(alike)).flatten().copied().collect()
            }
            Shown::Hosts => self.hosts.targets(),
        }
    }

    fn cursor_host(&self) -> Option<HostId> {
        match self.shown {
            Shown::Groups => self.grouping.hosts(self.groups.cursor()?)?.first().copied(),
            Shown::Hosts => self.hosts.cursor().copied(),
        }
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>, texts: &Texts) -> Vec<Effect> {
        let moved = match self.shown {
            Shown::Groups => move_cursor(&mut self.groups, action, count),
            Shown::Hosts => move_cursor(&mut self.hosts, action, count),
        };
        self.chosen = true;
        if moved {
            return Vec::new();
        }
        let Some((replica, command)) = self.command(world) else { return Vec::new() };
        match action {
            Action::Order | Action::NextPane | Action::PreviousPane => {
                self.cancel();
                self.shown = if self.shown == Shown::Groups { Shown::Hosts } else { Shown::Groups };
                // each host with its own output
                self.group_by(false);
            }
            Action::GroupBy => {
                self.cancel();
                self.group_by(self.shown == Shown::Hosts || !self.similar);
                self.shown = Shown::Groups;
            }
            Action::Write => return self.begin_writing(replica, command),
            Action::Mark => match self.shown {
                Shown::Groups => {
                    self.groups.toggle_mark();
                    self.groups.move_by(1);
                }
                Shown::Hosts => {
                    self.hosts.toggle_mark();
                    self.hosts.move_by(1);
                }
            },
            Action::Open => {
                let host = self.cursor_host();
                return host.map(|host| Effect::Go(Place::Output(self.fleet, self.id, host))).into_iter().collect();
            }
            Action::Command => {
                let hosts = self.targets();
                if hosts.is_empty() {
                    return vec![Effect::Say(Role::Muted, "there is no host under the cursor any more".to_owned())];
                }
                self.cancel();
                return vec![on_hosts(self.fleet, command, Some(hosts))];
            }
            Action::CancelCommand => return vec![cancel(self.fleet, command)],
            Action::Copy => {
                let alike = self.cursor_host().and_then(|host| self.grouping.of_host(host));
                let text = alike.and_then(|alike| {
                    let hosts = self.grouping.hosts(alike)?;
                    let like = if self.similar { " (similar output; this is of one of them)" } else { "" };
                    let names = format!("{}{like}", folded(hosts, replica));
                    Some(group_text(self.fleet, alike, &names, hosts.len(), texts))
                });
                return text.map(Effect::Copy).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    /// Groups by exact output or by what is similar. Other groups are other rows: the cursor begins at the top.
    fn group_by(&mut self, similar: bool) {
        if self.similar != similar {
            self.similar = similar;
            self.loaded = false;
            self.chosen = false;
            self.groups = ListState::default();
        }
    }

    /// All output of the command is asked for, to be written when it is here.
    fn begin_writing(&mut self, replica: &Replica, command: &Command) -> Vec<Effect> {
        let kept = |outcome: &Outcome| [outcome.stdout, outcome.stderr].map(|kept| (kept.blob, kept.kept));
        let all: BTreeMap<_, _> = command.outcomes().flat_map(|(_, outcome)| kept(outcome)).collect();
        let size: u64 = all.values().sum();
        if size > WRITTEN_MAX {
            let (name, id) = (replica.name().as_str(), command.id);
            let text = format!("{} of output: `watchfloor command {name}/{id} > FILE` writes so much", bytes(size));
            return vec![Effect::Say(Role::Failed, text)];
        }
        self.writing = true;
        Vec::new()
    }

    /// The file that was asked for, once all of its output is here or known not to be.
    pub fn written(&mut self, world: World<'_>, texts: &Texts) -> Option<Effect> {
        let (replica, command) = self.command(world).filter(|_| self.writing)?;
        if blobs(command).any(|blob| texts.get(self.fleet, blob).is_none()) {
            return None;
        }
        let name = file_name(&format!("command-{}-{}.txt", replica.name().as_str(), command.id));
        let tally: String = tally_parts(command.tally()).into_iter().map(|(_, part)| part).collect();
        let mut text = format!("$ {}\n{tally}\n", command.argv.shown().as_str());
        // each output once, whatever the screen groups by
        for (alike, hosts) in Grouping::of(command).in_order() {
            text.push('\n');
            text.push_str(&group_text(self.fleet, alike, &folded(hosts, replica), hosts.len(), texts));
        }
        self.writing = false;
        Some(Effect::Write { name, text })
    }

    /// Drops the marks, and a file that is not written yet. Whether there was one.
    pub fn cancel(&mut self) -> bool {
        let writing = std::mem::take(&mut self.writing);
        let held = self.groups.is_held() || self.hosts.is_held();
        self.groups.clear_marks();
        self.hosts.clear_marks();
        if held {
            self.groups_changed = true;
            self.by_host.await_rows();
        }
        held || writing
    }

    /// What the header says.
    #[must_use]
    pub fn facts(&self) -> Vec<(Role, String)> {
        let marks = self.groups.marks().len() + self.hosts.marks().len();
        let many = if self.grouping.len() == 1 { "group" } else { "groups" };
        let kind = if self.similar { " of similar output" } else { "" };
        let mut facts = vec![(Role::Muted, format!("{} {many}{kind}", self.grouping.len()))];
        if self.writing {
            facts.push((Role::Pending, "fetching all output to write it".to_owned()));
        }
        if marks > 0 {
            facts.push((Role::Mark, format!("{marks} marked, {} hosts", self.targets().len())));
        }
        facts
    }

    // ---- painting

    /// Paints the command.
    pub fn render(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        world: World<'_>,
        zone: &TimeZone,
        texts: &Texts,
    ) {
        let Some((replica, command)) = self.command(world) else {
            let text = format!("waiting for command {}; the journal has those that are over for long", self.id);
            put(buf, area.x + 1, area.y, area.width.saturating_sub(1), &text, theme.style(Role::Muted));
            return;
        };
        let layout = layout(area);
        head(layout.head, buf, theme, replica, command, world, zone);
        match self.shown {
            Shown::Groups => Table::new(&GROUPS).render(layout.table, buf, theme, &self.groups, |alike, row| {
                self.paint_group(alike, row, theme, texts);
            }),
            Shown::Hosts => Table::new(&HOSTS).render(layout.table, buf, theme, &self.hosts, |host, row| {
                self.paint_host(*host, row, theme, replica, command, texts);
            }),
        }
        self.preview(layout.preview, buf, theme, replica, texts);
    }

    fn paint_group(&self, alike: &Arc<Alike>, row: &mut Row<'_>, theme: &Theme, texts: &Texts) {
        let hosts = self.grouping.hosts(alike).map_or(0, |hosts| hosts.len());
        row.value(Role::Text, format_args!("{hosts}"));
        end_cell(alike, row, theme);
        output_cell(self.fleet, alike, row, texts);
        row.cell(Role::Muted, self.names.get(alike).map_or("", |(_, names)| names.as_str()));
    }

    fn paint_host(
        &self,
        host: HostId,
        row: &mut Row<'_>,
        theme: &Theme,
        replica: &Replica,
        command: &Command,
        texts: &Texts,
    ) {
        let (Some(outcome), Some(alike)) = (command.outcome(host), self.grouping.of_host(host)) else { return };
        row.cell(Role::Text, host_name(host, replica));
        row.cell(Role::Muted, outcome.client.as_str());
        end_cell(alike, row, theme);
        row.cell(Role::Muted, &outcome.took.map_or_else(|| "-".to_owned(), took));
        output_cell(self.fleet, alike, row, texts);
    }

    fn preview(&self, area: Rect, buf: &mut Buffer, theme: &Theme, replica: &Replica, texts: &Texts) {
        let Some(alike) = self.cursor_host().and_then(|host| self.grouping.of_host(host)) else { return };
        let Some(hosts) = self.grouping.hosts(alike) else { return };
        if area.height < 3 {
            return;
        }
        let names = match self.names.get(alike) {
            Some((_, names)) if self.shown == Shown::Groups => names.clone(),
            _ => self.hosts.cursor().map_or_else(String::new, |host| host_name(*host, replica).to_owned()),
        };
        let count = if self.shown == Shown::Groups { hosts.len() } else { 1 };
        let like = if self.similar && count > 1 { "; this is of one of them" } else { "" };
        divider(area, buf, theme, &format!("{} {names}: {}{like}", hosts_words(count), end_words(alike)));
        let inside =
            Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(1), height: area.height - 1 };
        let mut lines = inside.top()..inside.bottom();
        for (is_error, (blob, printed)) in [(false, alike.stdout), (true, alike.stderr)] {
            let Some(blob) = blob else { continue };
            let (role, mark) = if is_error { (Role::Warning, "! ") } else { (Role::Text, "") };
            match texts.get(self.fleet, blob) {
                Some(Ok(text)) => {
                    // No more of it than can be seen is looked at.
                    let start =
                        text.as_str().char_indices().nth(usize::from(inside.height) * usize::from(inside.width));
                    let start = text.as_str().get(..start.map_or(text.as_str().len(), |(at, _)| at)).unwrap_or("");
                    let room = inside.width.saturating_sub(if is_error { 2 } else { 0 });
                    for (from, to) in rows(start, room) {
                        let Some(y) = lines.next() else { return };
                        let used = put(buf, inside.x, y, inside.width, mark, theme.style(role));
                        let row = start.get(from..to).unwrap_or("");
                        put(buf, inside.x + used, y, inside.width - used, row, theme.style(role));
                    }
                }
                Some(Err(why)) => {
                    let Some(y) = lines.next() else { return };
                    put(buf, inside.x, y, inside.width, why.as_str(), theme.style(Role::Failed));
                }
                None => {
                    let Some(y) = lines.next() else { return };
                    let text = format!("fetching {}", bytes(printed));
                    put(buf, inside.x, y, inside.width, &text, theme.style(Role::Pending));
                }
            }
        }
        if alike.stdout.0.is_none() && alike.stderr.0.is_none() && !alike.why.is_empty() {
            for (y, line) in lines.zip(wrap(alike.why.as_str(), inside.width)) {
                put(buf, inside.x, y, inside.width, line, theme.style(Role::Text));
            }
        }
    }
}

/// All that a command's hosts printed.
fn blobs(command: &Command) -> impl Iterator<Item = BlobId> + '_ {
    command.outcomes().flat_map(|(_, outcome)| [outcome.stdout.blob, outcome.stderr.blob]).flatten()
}

/// Where the parts of the screen stand.
struct Layout {
    head: Rect,
    table: Rect,
    preview: Rect,
}

fn layout(area: Rect) -> Layout {
    let head = Rect { height: area.height.min(3), ..area };
    let rest = Rect { y: head.bottom(), height: area.height - head.height, ..area };
    let below = if rest.height < WITH_PREVIEW { 0 } else { rest.height * 2 / 5 };
    let table = Rect { height: rest.height - below, ..rest };
    Layout { head, table, preview: Rect { y: table.bottom(), height: below, ..rest } }
}

fn head(
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
    replica: &Replica,
    command: &Command,
    world: World<'_>,
    zone: &TimeZone,
) {
    let (now, tally) = (replica.hub_now(world.now), command.tally());
    let role = if replica.is_stale() { Role::Stale } else { command_role(command.state(), tally) };
    let (x, room) = (area.x + 1, area.width.saturating_sub(1));
    let cut = (Ellipsis::End, theme.glyphs.ellipsis);
    let shell = if command.shell { " (by the host's shell)" } else { "" };
    let what = format!("{} {}  {}{shell}", command.state().word(), command.id, command.argv.shown().as_str());
    let age = duration::compact(now.since(command.asked_at));
    let who = format!(
        "by {} {age} ago ({})  timeout {}  window {}",
        command.by.as_str(),
        clock(command.asked_at, now, zone),
        duration::exact(command.timeout),
        command.window
    );
    for ((role, text), y) in [(role, what), (Role::Muted, who)].into_iter().zip(area.top()..area.bottom()) {
        put_cut(buf, x, y, room, &text, theme.style(role), cut);
    }
    if area.height < 3 {
        return;
    }
    let y = area.y + 2;
    let mut used = 0;
    for (role, text) in tally_parts(tally) {
        used += put(buf, x + used, y, room - used, &text, theme.style(role));
    }
    let done = format!("  {}/{} done ", tally.ended(), tally.targets());
    used += put(buf, x + used, y, room - used, &done, theme.style(Role::Muted));
    let share = f64::from(tally.ended()) / f64::from(tally.targets().max(1));
    let width = (room - used).min(24);
    if width >= 4 {
        bar(Rect { x: x + used, y, width, height: 1 }, buf, theme, Role::Graph, Some(share));
    }
}

fn end_cell(alike: &Alike, row: &mut Row<'_>, theme: &Theme) {
    let role = outcome_role(alike.state);
    row.parts(&[(role, outcome_glyph(&theme.glyphs, alike.state)), (role, " "), (role, &end_words(alike))]);
}

fn output_cell(fleet: FleetIndex, alike: &Alike, row: &mut Row<'_>, texts: &Texts) {
    let (is_error, (blob, printed)) =
        if alike.stdout.0.is_some() { (false, alike.stdout) } else { (true, alike.stderr) };
    let mark = if is_error { "! " } else { "" };
    match (blob, blob.and_then(|blob| texts.get(fleet, blob))) {
        (Some(_), Some(Ok(text))) => {
            let role = if is_error { Role::Warning } else { Role::Text };
            row.parts(&[(role, mark), (role, first_line(text.as_str()))]);
        }
        (Some(_), Some(Err(why))) => row.cell(Role::Failed, why.as_str()),
        (Some(_), None) => row.value(Role::Muted, format_args!("{mark}{}", bytes(printed))),
        (None, _) if alike.state == OutcomeState::Ok => row.cell(Role::Muted, "no output"),
        (None, _) => row.cell(Role::Muted, "-"),
    }
}

/// A name that every file system takes.
#[must_use]
pub fn file_name(text: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.+".contains(c) { c } else { '_' };
    text.chars().map(safe).take(200).collect()
}

/// A group as text for a ticket: its hosts, how they ended, what they printed.
#[must_use]
pub fn group_text(fleet: FleetIndex, alike: &Alike, names: &str, hosts: usize, texts: &Texts) -> String {
    let mut text = format!("{} {names}: {}\n", hosts_words(hosts), end_words(alike));
    for (title, (blob, printed)) in [("", alike.stdout), ("--- standard error\n", alike.stderr)] {
        let Some(blob) = blob else { continue };
        text.push_str(title);
        match texts.get(fleet, blob) {
            Some(Ok(output)) => text.push_str(output.as_str()),
            Some(Err(why)) => text.push_str(why.as_str()),
            None => text.push_str(&format!("({} not fetched yet)", bytes(printed))),
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

/// `1 host` or `7 hosts`.
#[must_use]
pub fn hosts_words(count: usize) -> String {
    if count == 1 { "1 host".to_owned() } else { format!("{count} hosts") }
}

fn took(span: std::time::Duration) -> String {
    if span.as_secs() < 10 { format!("{:.1}s", span.as_secs_f64()) } else { duration::compact(span) }
}
