//! The list of words: actions, saved views, clients, hosts and alerts by a part of their name, best match first. What the
//! fleets have is searched in slices between keys; what was found for the last text stands until the next is searched
//! whole.

use std::cell::Cell;
use std::cmp::Reverse;

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::app::asking::Asked;
use crate::console::input::FrameStamp;
use crate::console::keymap::{Action, Context, Danger, Hint, Keymap, Pressed};
use crate::console::replica::{FleetIndex, Replica};
use crate::console::screens::alerts::{host_name, what};
use crate::console::screens::walk::{Walk, rest};
use crate::console::screens::world::World;
use crate::console::text::{Ellipsis, put, put_cut, width_within};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{TextEvent, TextInput, boxed};
use crate::fleet::words::spoken_id::spoken_id;
use crate::fleet::words::{AlertId, ClientId, HostId};
use crate::settings::views::Views;

/// Rows looked at in one slice: a fraction of a millisecond.
const SLICE: usize = 512;
/// Finds that are kept; who needs more types more.
const KEPT: usize = 100;

/// What can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Do this.
    Action(Action),
    /// Show this view.
    View(u8),
    /// Go to a client's hosts.
    Client(ClientId),
    /// Go to a host.
    Host(FleetIndex, HostId),
    /// Go to an alert.
    Alert(FleetIndex, AlertId),
}

#[derive(Clone, Debug)]
struct Found {
    choice: Choice,
    label: String,
    /// What stands behind it: the sentence, the client.
    more: String,
    /// The action's keys, or the kind.
    right: String,
}

/// The best first: how well it matches, its kind, how short it is, when it was looked at.
type Place = (Reverse<u32>, u8, usize, usize);

#[derive(Debug)]
struct Search {
    pattern: Pattern,
    /// How far the fleets were searched.
    walk: Walk,
    looked_at: usize,
    found: Vec<(Place, Found)>,
}

/// The list of words while it is open.
#[derive(Debug)]
pub struct Palette {
    input: TextInput,
    matcher: Matcher,
    /// What is always there: the actions that work here, and the views.
    words: Vec<(u8, Found)>,
    search: Option<Search>,
    found: Vec<Found>,
    at: usize,
    /// The key that last changed what is found.
    changed: FrameStamp,
    /// Enter was pressed while a search was under way.
    entered: Option<Asked>,
}

/// What came of a key.
#[derive(Debug)]
pub enum Event {
    /// Nothing.
    Ignored,
    /// It looks different.
    Changed,
    /// It is closed.
    Closed,
    /// This was chosen.
    Chosen(Choice, Asked),
}

impl Palette {
    /// The list of what works here.
    #[must_use]
    pub fn open(actions: Vec<Hint>, views: &Views, asked: Asked) -> Self {
        let action = |hint: Hint| {
            let more = hint.action.sentence().to_owned();
            let choice = Choice::Action(hint.action);
            (0, Found { choice, label: hint.action.name().to_owned(), more, right: hint.keys })
        };
        let offered = |hint: &Hint| hint.action.is_offered() && hint.action.view().is_none();
        let mut words: Vec<(u8, Found)> = actions.into_iter().filter(offered).map(action).collect();
        words.extend(views.list.iter().map(|view| {
            let (choice, label) = (Choice::View(view.number), view.name.clone());
            (1, Found { choice, label, more: format!("view of {}", view.screen), right: format!("v {}", view.number) })
        }));
        let found = words.iter().map(|(_, found)| found.clone()).collect();
        Self {
            input: TextInput::default(),
            matcher: Matcher::new(Config::DEFAULT),
            words,
            search: None,
            found,
            at: 0,
            changed: asked.stamp,
            entered: None,
        }
    }

    /// Whether rows are still to be looked at.
    #[must_use]
    pub const fn is_searching(&self) -> bool {
        self.search.is_some()
    }

    /// Takes a key.
    pub fn press(&mut self, keymap: &mut Keymap, count: u16, asked: Asked) -> Event {
        let pressed = keymap.press(Context::Palette, asked.key);
        let last = self.found.len().saturating_sub(1);
        match pressed {
            Pressed::Action(Action::PaletteDown | Action::TextComplete) => {
                self.at = self.at.saturating_add(count.into()).min(last)
            }
            Pressed::Action(Action::PaletteUp | Action::TextCompleteBack) => {
                self.at = self.at.saturating_sub(count.into())
            }
            _ => match self.input.press(pressed, asked.key, count) {
                TextEvent::Cancel => return Event::Closed,
                TextEvent::Submit => return self.enter(asked),
                TextEvent::Changed => self.begin(asked.stamp),
                TextEvent::Moved => {}
                TextEvent::Ignored => return Event::Ignored,
            },
        }
        self.entered = None;
        Event::Changed
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str, stamp: FrameStamp) {
        self.input.paste(text);
        self.begin(stamp);
    }

    fn enter(&mut self, asked: Asked) -> Event {
        if self.search.is_some() {
            self.entered = Some(asked);
            return Event::Changed;
        }
        let Some(found) = self.found.get(self.at) else { return Event::Ignored };
        // What acts at once must have been seen under the cursor; what only goes somewhere can be gone back from.
        if let Choice::Action(action) = &found.choice
            && action.danger() == Danger::Act
            && !asked.stamp.has_seen(self.changed)
        {
            return Event::Ignored;
        }
        Event::Chosen(found.choice.clone(), asked)
    }

    fn begin(&mut self, stamp: FrameStamp) {
        self.changed = stamp;
        let text = self.input.text().trim();
        if text.is_empty() {
            self.search = None;
            self.found = self.words.iter().map(|(_, found)| found.clone()).collect();
            self.at = 0;
            return;
        }
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let mut search = Search { pattern, walk: Walk::default(), looked_at: 0, found: Vec::new() };
        for (kind, word) in &self.words {
            let by_name = search.score(&mut self.matcher, &word.label);
            // A sentence holds the letters of nearly everything: half as good as the name.
            let score = by_name.or_else(|| search.score(&mut self.matcher, &word.more).map(|score| score / 2));
            if let Some(score) = score {
                search.keep(score, *kind, word.label.len(), || word.clone());
            }
        }
        self.search = Some(search);
    }

    /// Looks at a slice of the rows that are left. Whether the search ended by that, and what Enter chose meanwhile.
    pub fn step(&mut self, world: World<'_>) -> (bool, Option<Event>) {
        let Some(search) = &mut self.search else { return (false, None) };
        if !search.step(&mut self.matcher, world) {
            return (false, None);
        }
        let found = std::mem::take(&mut search.found);
        self.found = found.into_iter().map(|(_, found)| found).collect();
        (self.search, self.at) = (None, 0);
        let entered = self.entered.take().map(|asked| self.enter(asked));
        (true, entered)
    }

    /// Paints the list over the area.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let height = u16::try_from(self.found.len().max(1) + 3).unwrap_or(u16::MAX).clamp(4, area.height.max(4));
        let title = if self.search.is_some() { "Words (looking)" } else { "Words" };
        let inner = boxed(area, buf, theme, title, Size::new(area.width.min(100), height));
        if inner.is_empty() {
            return;
        }
        let line = Rect { height: 1, ..inner };
        let used = put(buf, line.x, line.y, line.width, ":", theme.style(Role::Prompt));
        self.input.render(Rect { x: line.x + used, width: line.width - used, ..line }, buf, theme, true);
        let rows = usize::from(inner.height.saturating_sub(1));
        if self.found.is_empty() {
            put(buf, inner.x, inner.y + 1, inner.width, "nothing is called so", theme.style(Role::Muted));
        }
        let first = self.at.saturating_sub(rows.saturating_sub(1));
        let shown = self.found.iter().enumerate().skip(first);
        for (y, (at, found)) in (inner.top() + 1..inner.bottom()).zip(shown) {
            let right = width_within(&found.right, inner.width).unwrap_or(0);
            let room = inner.width.saturating_sub(right + 1);
            let cut = (Ellipsis::End, theme.glyphs.ellipsis);
            let used = put_cut(buf, inner.x, y, room, &found.label, theme.style(Role::Text), cut) + 2;
            if used < room {
                put_cut(buf, inner.x + used, y, room - used, &found.more, theme.style(Role::Muted), cut);
            }
            put(buf, inner.right() - right, y, right, &found.right, theme.style(Role::FooterKey));
            if at == self.at {
                buf.set_style(Rect { y, height: 1, ..inner }, theme.style(Role::Selection));
            }
        }
    }
}

impl Search {
    fn score(&self, matcher: &mut Matcher, text: &str) -> Option<u32> {
        let mut wide = Vec::new();
        self.pattern.score(Utf32Str::new(text, &mut wide), matcher)
    }

    fn keep(&mut self, score: u32, kind: u8, length: usize, make: impl FnOnce() -> Found) {
        self.looked_at += 1;
        let place = (Reverse(score), kind, length, self.looked_at);
        if self.found.len() == KEPT && self.found.last().is_some_and(|(worst, _)| *worst < place) {
            return;
        }
        let at = self.found.partition_point(|(other, _)| *other < place);
        self.found.insert(at, (place, make()));
        self.found.truncate(KEPT);
    }

    /// Looks at a slice of clients, hosts and open alerts; whether none is left.
    fn step(&mut self, matcher: &mut Matcher, world: World<'_>) -> bool {
        let left = Cell::new(SLICE);
        let mut walk = std::mem::take(&mut self.walk);
        for (fleet, replica) in world.replicas.iter().skip(walk.fleet) {
            if walk.fleet != fleet.0 {
                walk = Walk { fleet: fleet.0, ..Walk::default() };
            }
            self.look_through((fleet, replica), &mut walk, &left, matcher);
            if left.get() == 0 {
                self.walk = walk;
                return false;
            }
        }
        true
    }

    fn look_through(
        &mut self,
        (fleet, replica): (FleetIndex, &Replica),
        walk: &mut Walk,
        left: &Cell<usize>,
        matcher: &mut Matcher,
    ) {
        for (client, _) in rest(replica.counts().by_client(), &mut walk.client, left) {
            let Some(score) = self.score(matcher, client.as_str()) else { continue };
            self.keep(score, 2, client.as_str().len(), || Found {
                choice: Choice::Client(client.clone()),
                label: client.to_string(),
                more: String::new(),
                right: "client".to_owned(),
            });
        }
        let mut text = String::new();
        for (id, host) in rest(&replica.fleet().hosts.hosts, &mut walk.host, left) {
            if host.is_retired() {
                continue;
            }
            text.clear();
            text.extend([host.name.as_str(), " ", host.client.as_str(), "/", host.site.as_str()]);
            let Some(score) = self.score(matcher, &text) else { continue };
            self.keep(score, 3, text.len(), || Found {
                choice: Choice::Host(fleet, *id),
                label: host.name.to_string(),
                more: format!("{}/{}  {}", host.client, host.site, host.state),
                right: "host".to_owned(),
            });
        }
        for (id, alert) in rest(&replica.fleet().alerts.alerts, &mut walk.alert, left) {
            if !alert.is_open() {
                continue;
            }
            let spoken = spoken_id(*id);
            let host = host_name(replica, alert);
            text.clear();
            text.extend([&spoken, " ", what(alert), " ", host, " ", alert.client.as_str()]);
            let Some(score) = self.score(matcher, &text) else { continue };
            self.keep(score, 4, text.len(), || Found {
                choice: Choice::Alert(fleet, *id),
                label: format!("{spoken} {} on {host}", what(alert)),
                more: format!("{}  {}", alert.client, alert.summary),
                right: "alert".to_owned(),
            });
        }
    }
}
