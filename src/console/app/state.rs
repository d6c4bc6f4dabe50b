//! The console's state: which keys go where, and what each effect does.

use std::time::Instant;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::act::{ActEnd, ActTag, Verb};
use crate::console::acts::Acts;
use crate::console::app::asking::{Asked, Asking, count};
use crate::console::app::chrome;
use crate::console::app::command_prompt::{CommandEvent, CommandPrompt, Radius, recent_lines};
use crate::console::app::desk::{Decided, Desk};
use crate::console::app::finding::find;
use crate::console::app::notices::Notice;
use crate::console::app::palette::{Choice, Event, Palette};
use crate::console::app::sending::{Sending, hub_now, not_taken, refusal};
use crate::console::app::stage::Stage;
use crate::console::app::which;
use crate::console::ask::{Answer, Ask, Topic};
use crate::console::files::FileError;
use crate::console::input::{FrameStamp, Input, Key};
use crate::console::keymap::{Action, Context, Keymap, Pressed};
use crate::console::replica::{Changed, FleetIndex, Replica, Replicas, Update};
use crate::console::screens::completion::Completion;
use crate::console::screens::filter_line::Typed;
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::theme::{Role, Theme};
use crate::console::wall::Wall;
use crate::console::widgets::PromptEvent;
use crate::console::widgets::{LEAST, too_small};
use crate::fleet::alerts::Lane;
use crate::fleet::derived::first_look::Look;
use crate::fleet::words::{HostId, SafeText, Severity};
use crate::settings::console::{Bell, Notices};
use crate::settings::views::{Layout, View, Views};

/// How a person sits at this console.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The look.
    pub theme: Theme,
    /// The keys.
    pub keymap: Keymap,
    /// No act leaves this console.
    pub read_only: bool,
    /// Nobody sits here: the wall is shown, and no key works but those that leave.
    pub wall: bool,
    /// The zone of clocks.
    pub zone: TimeZone,
}

/// What the loop is to do.
#[derive(Debug)]
pub enum Order {
    /// Hand a question to a fleet's link.
    Ask(FleetIndex, Ask),
    /// Put text on the clipboard.
    Copy(String),
    /// Write text to a new file in the current directory.
    Write {
        /// The file's name.
        name: String,
        /// What it holds.
        text: String,
    },
    /// Leave with success.
    Leave,
    /// Stop and go to the shell.
    Stop,
    /// Paint everything again.
    Repaint,
    /// Read theme and key map again.
    Reload,
    /// Go on to the next theme.
    NextTheme,
    /// Read the saved views again.
    ReadViews,
    /// Ring the bell.
    Ring,
    /// Tell something on the desktop.
    Tell(Notice),
    /// Keep a view.
    KeepView(Box<View>),
}

/// The console's state.
#[derive(Debug)]
pub struct App {
    replicas: Replicas,
    sending: Sending,
    seat: Seat,
    stage: Stage,
    asking: Option<Asking>,
    desk: Desk,
    palette: Option<Palette>,
    /// The program that is asked for, with the lines of before.
    commanding: Option<CommandPrompt>,
    lines: Vec<String>,
    /// A command was started and no key was pressed since: it is opened when the hub has it.
    follows: bool,
    help: Option<usize>,
    said: Option<(Role, String)>,
    /// The only screen of a wall.
    wall: Option<Wall>,
    /// The terminal shows one sentence and nothing else.
    unseen: bool,
}

impl App {
    /// A console of these fleets, at a place.
    #[must_use]
    pub fn new(replicas: Vec<Replica>, seat: Seat, start: Place) -> Self {
        Self {
            replicas: Replicas::new(replicas),
            sending: Sending::default(),
            wall: seat.wall.then(Wall::default),
            seat,
            stage: Stage::new(start),
            asking: None,
            desk: Desk::default(),
            palette: None,
            commanding: None,
            lines: Vec::new(),
            follows: false,
            help: None,
            said: None,
            unseen: false,
        }
    }

    /// All fleets.
    #[must_use]
    pub const fn replicas(&self) -> &Replicas {
        &self.replicas
    }

    /// The acts under way.
    #[must_use]
    pub const fn acts(&self) -> &Acts {
        &self.sending.acts
    }

    /// What is looked at: what a hub should send first.
    #[must_use]
    pub fn look(&self) -> Look {
        self.stage.look()
    }

    /// Whether this is a wall, which is painted once a second and no sooner.
    #[must_use]
    pub const fn is_wall(&self) -> bool {
        self.wall.is_some()
    }

    // ---- what arrives

    /// Takes over an update of a fleet; whether the screen may look different, and the state that was replaced.
    pub fn update(&mut self, fleet: FleetIndex, update: Update, now: Instant) -> (bool, Changed) {
        let changed = self.replicas.apply(fleet, update);
        let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
        if changed.is_nothing() {
            return (false, changed);
        }
        match (&mut self.wall, self.replicas.get(fleet)) {
            (Some(wall), Some(replica)) => wall.absorb(fleet, &changed, replica),
            _ => self.stage.absorb(fleet, &changed, world),
        }
        self.desk.notices.gather(fleet, &changed, now);
        if let Some(replica) = self.replicas.get(fleet) {
            let held = replica.position();
            self.sending.acts.arrived(fleet, held);
        }
        (true, changed)
    }

    /// An act ended.
    pub fn act_ended(&mut self, fleet: FleetIndex, tag: ActTag, end: ActEnd) {
        let Some(replica) = self.replicas.get(fleet) else { return };
        if let Some((said, command)) = self.sending.ended(replica, tag, end) {
            self.said = Some(said);
            if let Some(command) = command.filter(|_| std::mem::take(&mut self.follows)) {
                self.stage.go(Place::Command(fleet, command));
            }
        }
    }

    /// The link's queue was full: the act is not sent, and says so.
    pub fn not_taken(&mut self, fleet: FleetIndex, ask: &Ask) {
        if let Ask::Act { tag, .. } = ask {
            self.act_ended(fleet, *tag, not_taken());
        }
    }

    /// An answer to a question; whether the screen changed.
    pub fn answer(&mut self, fleet: FleetIndex, answer: Answer) -> bool {
        if let (Topic::QuietHosts, Some(commanding)) = (&answer.about, &mut self.commanding) {
            commanding.quiet_hosts(fleet, answer.result);
            return true;
        }
        self.stage.answer(fleet, answer)
    }

    /// Something that a person should know.
    pub fn say(&mut self, role: Role, text: String) {
        self.said = Some((role, text));
    }

    /// Something that a person should know of a fleet, although its link goes on.
    pub fn trouble(&mut self, fleet: FleetIndex, what: &SafeText) {
        let name = self.replicas.get(fleet).map_or("", |replica| replica.name().as_str());
        self.said = Some((Role::Failed, format!("{name}: {}", what.as_str())));
    }

    // ---- the person's own files

    /// The look in use.
    #[must_use]
    pub const fn theme(&self) -> &Theme {
        &self.seat.theme
    }

    /// Files of the person's own are wrong, and what comes with the program serves instead.
    pub fn wrong_files(&mut self, errors: &[FileError]) {
        if !errors.is_empty() {
            let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
            self.said = Some((Role::Failed, told.join(" - ")));
        }
    }

    /// Another theme was chosen; a wrong one changes nothing.
    pub fn dress(&mut self, theme: Result<Theme, FileError>) {
        match theme {
            Ok(theme) => {
                let keep = format!("theme {name}; theme = \"{name}\" in console.toml keeps it", name = theme.name());
                self.said = Some((Role::Muted, keep));
                self.seat.theme = theme;
            }
            Err(error) => self.wrong_files(&[error]),
        }
    }

    /// Theme and key map were read again; a wrong one changes nothing.
    pub fn reload(&mut self, theme: Result<Theme, FileError>, keymap: Result<Keymap, FileError>) {
        let said = "theme and key map are read again".to_owned();
        self.said = Some((Role::Muted, said));
        let mut errors = Vec::new();
        match theme {
            Ok(theme) => self.seat.theme = theme,
            Err(error) => errors.push(error),
        }
        match keymap {
            Ok(keymap) => self.seat.keymap = keymap,
            Err(error) => errors.push(error),
        }
        self.wrong_files(&errors);
    }

    /// The saved views were read; files that are wrong are told of, once.
    pub fn set_views(&mut self, views: Views) {
        if !views.problems.is_empty() && views.problems != self.desk.views.problems {
            self.said = Some((Role::Failed, views.problems.to_string().replace('\n', " - ")));
        }
        self.desk.views = views;
    }

    /// How the bell rings, and what is told on the desktop.
    pub const fn set_bell(&mut self, bell: Bell, notices: Notices) {
        self.desk.bell.settings = bell;
        self.desk.notices.from = notices.from();
    }

    /// The text was too long for a clipboard.
    pub fn not_copied(&mut self) {
        let text = "not copied: terminals take 64 KiB at most; mark fewer rows".to_owned();
        self.said = Some((Role::Failed, text));
    }

    /// A view was kept in a file, or why it was not.
    pub fn kept(&mut self, view: &View, kept: Result<String, String>) {
        self.said = Some(match kept {
            Ok(file) => (Role::Ok, format!("view {} is kept in {file}; v {} shows it", view.name, view.number)),
            Err(why) => (Role::Failed, why),
        });
    }

    // ---- time

    /// Works off what is due: slices of scans, questions of the screen that is open. Whether a scan ended, which somebody
    /// waits for; until then nothing looks different, and a frame would only hold up the next key's.
    pub fn turn(&mut self, now: Instant) -> (bool, Vec<Order>) {
        let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
        let scanned = self.stage.step(world);
        let effects = self.stage.questions(world);
        let (found, entered) = self.palette.as_mut().map_or((false, None), |palette| palette.step(world));
        let mut orders = Vec::new();
        let completed = self.desk.completion.as_mut().is_some_and(|completion| completion.step(world));
        let new = |severity| {
            let of = |(_, replica): (_, &Replica)| replica.counts().total().alerts_of(Lane::New, severity);
            self.replicas.iter().map(of).sum::<u32>()
        };
        if self.desk.bell.rings((new(Severity::Critical), new(Severity::Warning)), now) {
            orders.push(Order::Ring);
        }
        orders.extend(self.desk.notices.due(world).map(Order::Tell));
        orders.extend(entered.and_then(|event| self.palette_event(event)).unwrap_or_default());
        orders.extend(self.carry_out(effects, now, None));
        (scanned || found || completed, orders)
    }

    /// Whether work waits that should go on before the next input.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let completes = self.desk.completion.as_ref().is_some_and(Completion::is_looking);
        completes || self.stage.is_scanning() || self.palette.as_ref().is_some_and(Palette::is_searching)
    }

    // ---- keys

    /// Takes an input; `None` when nothing changed.
    pub fn input(&mut self, input: Input, stamp: FrameStamp, now: Instant) -> Option<Vec<Order>> {
        match input {
            Input::Key { key, .. } if self.unseen || self.wall.is_some() => self.unseen_key(key),
            Input::Paste(_) if self.unseen || self.wall.is_some() => None,
            Input::Key { key, count } => self.key(key, count, stamp, now),
            Input::Paste(text) => self.paste(&text, stamp, now),
            Input::Resize { .. } => Some(Vec::new()),
            Input::FocusGained | Input::FocusLost => None,
            Input::Closed(_) => Some(vec![Order::Leave]),
        }
    }

    fn key(&mut self, key: Key, count: u16, stamp: FrameStamp, now: Instant) -> Option<Vec<Order>> {
        self.follows = false;
        if self.commanding.is_some() {
            return self.command_key(count, Asked { key, stamp, now });
        }
        if let Some(asking) = &mut self.asking {
            return match asking.prompt.press(&mut self.seat.keymap, key, count, (stamp, now)) {
                PromptEvent::Ignored => None,
                PromptEvent::Changed => Some(Vec::new()),
                PromptEvent::Cancelled => {
                    self.asking = None;
                    self.said = Some((Role::Muted, "nothing was sent".to_owned()));
                    Some(Vec::new())
                }
                PromptEvent::Done(text) => Some(self.answered(&text, now)),
            };
        }
        if self.desk.question.is_some() {
            return self.desk_key(key, count, stamp, now);
        }
        if let Some(palette) = &mut self.palette {
            let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
            let event = palette.press(&mut self.seat.keymap, key, count, Asked { key, stamp, now }, world);
            return self.palette_event(event);
        }
        if let Some(scroll) = self.help {
            return Some(self.help_key(key, count, scroll));
        }
        if self.stage.filter().is_some_and(|line| line.typing().is_some()) {
            let pressed = self.seat.keymap.press(Context::Text, key);
            if let Pressed::Action(action @ (Action::TextComplete | Action::TextCompleteBack)) = pressed {
                return self.complete(action == Action::TextCompleteBack, now);
            }
            let typed = self.stage.filter_mut().map_or(Typed::Nothing, |line| line.press(pressed, key, count));
            return self.typed(typed, now);
        }
        self.said = None;
        match self.seat.keymap.press(self.stage.context(), key) {
            Pressed::Action(action) => Some(self.act(action, count, Asked { key, stamp, now })),
            // The chord with keys for views: a colleague may have put a file there.
            Pressed::Pending => Some(vec![Order::ReadViews]),
            Pressed::Cancelled => Some(Vec::new()),
            Pressed::NotHere(action) => {
                self.said = Some((Role::Muted, format!("{} does nothing here", action.name())));
                Some(Vec::new())
            }
            Pressed::Nothing => None,
        }
    }

    /// A key on a wall, or on a terminal too small to show what it would do: only those that leave work.
    fn unseen_key(&mut self, key: Key) -> Option<Vec<Order>> {
        match self.seat.keymap.press(Context::Global, key) {
            Pressed::Action(Action::Back | Action::Leave) => Some(self.leave()),
            Pressed::Action(Action::Stop) => Some(vec![Order::Stop]),
            _ => None,
        }
    }

    fn paste(&mut self, text: &str, stamp: FrameStamp, now: Instant) -> Option<Vec<Order>> {
        if let Some(commanding) = &mut self.commanding {
            return commanding.paste(text, stamp).then(Vec::new);
        }
        let question = self.desk.question.as_mut().map(|question| &mut question.prompt);
        if let Some(prompt) = self.asking.as_mut().map(|asking| &mut asking.prompt).or(question) {
            return (prompt.paste(text, stamp) != PromptEvent::Ignored).then(Vec::new);
        }
        if let Some(palette) = &mut self.palette {
            let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
            palette.paste(text, stamp, world);
            return Some(Vec::new());
        }
        let typed = self.stage.filter_mut().map_or(Typed::Nothing, |line| line.paste(text));
        self.typed(typed, now)
    }

    fn typed(&mut self, typed: Typed, now: Instant) -> Option<Vec<Order>> {
        match typed {
            Typed::Nothing => None,
            Typed::Moved => {
                if self.stage.filter().is_none_or(|line| line.typing().is_none()) {
                    self.desk.completion = None;
                }
                Some(Vec::new())
            }
            Typed::Refiltered => {
                let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
                self.stage.refilter(world);
                self.desk.completion = self.completion(world);
                Some(Vec::new())
            }
        }
    }

    fn completion(&self, world: World<'_>) -> Option<Completion> {
        let typing = self.stage.filter()?.typing()?;
        Some(Completion::of(typing.text(), world))
    }

    fn complete(&mut self, back: bool, now: Instant) -> Option<Vec<Order>> {
        let text = self.desk.completion.as_mut()?.next(back)?;
        let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
        self.stage.filter_mut()?.fill(&text);
        self.stage.refilter(world);
        Some(Vec::new())
    }

    fn help_key(&mut self, key: Key, count: u16, scroll: usize) -> Vec<Order> {
        let step = usize::from(count.max(1));
        match self.seat.keymap.press(Context::Reader, key) {
            Pressed::Action(Action::Down) => self.help = Some(scroll + step),
            Pressed::Action(Action::Up) => self.help = Some(scroll.saturating_sub(step)),
            Pressed::Action(Action::Back | Action::Cancel | Action::Help) => self.help = None,
            Pressed::Action(Action::Stop) => return vec![Order::Stop],
            _ => {}
        }
        Vec::new()
    }

    fn act(&mut self, action: Action, count: u16, asked: Asked) -> Vec<Order> {
        if action.is_act()
            && let Some(why) = refusal(self.seat.read_only, &self.replicas)
        {
            self.said = Some((Role::Failed, why));
            return Vec::new();
        }
        let world = World { replicas: &self.replicas, acts: &self.sending.acts, now: asked.now };
        let effects = match action {
            Action::Floor => vec![Effect::Go(Place::Floor)],
            Action::Alerts => vec![Effect::Go(Place::Alerts)],
            Action::Hosts => vec![Effect::Go(Place::Hosts)],
            Action::Commands => vec![Effect::Go(Place::Commands)],
            Action::Backups => vec![Effect::Go(Place::Backups)],
            Action::Journal => vec![Effect::Go(Place::Journal)],
            Action::GoToAlert => {
                self.asking = Some(Asking::which(asked));
                Vec::new()
            }
            Action::Help => {
                self.help = Some(0);
                Vec::new()
            }
            Action::Back if self.stage.back() => Vec::new(),
            Action::Back => return self.leave(),
            Action::Cancel => {
                if !self.stage.cancel(world) && !self.stage.back() {
                    self.sending.acts.dismiss();
                }
                Vec::new()
            }
            Action::Leave => return self.leave(),
            Action::Stop => return vec![Order::Stop],
            Action::Repaint => return vec![Order::Repaint],
            Action::Palette => {
                let actions = self.seat.keymap.palette(self.stage.context(), self.seat.read_only);
                self.palette = Some(Palette::open(actions, &self.desk.views, asked));
                return vec![Order::ReadViews];
            }
            Action::SaveView | Action::Columns => {
                if let Some((_, list)) = self.stage.viewed() {
                    self.desk.ask(action, list, asked);
                }
                Vec::new()
            }
            Action::ViewNone => {
                if let Some(screen) = self.stage.viewed().map(|(screen, _)| screen) {
                    self.stage.show(screen, &Layout::default(), world);
                }
                Vec::new()
            }
            action if action.view().is_some() => {
                self.show_view(action.view().unwrap_or_default(), asked.now);
                Vec::new()
            }
            Action::Reload => return vec![Order::Reload],
            Action::NextTheme => return vec![Order::NextTheme],
            Action::Quiet => {
                let text = if self.desk.bell.toggle(asked.now) {
                    "this seat's bell is quiet for an hour; B lets it ring again"
                } else {
                    "this seat's bell rings again"
                };
                self.said = Some((Role::Muted, text.to_owned()));
                Vec::new()
            }
            Action::Filter => {
                let effects = self.stage.update(action, count, world);
                self.desk.completion = self.completion(world);
                effects
            }
            action => self.stage.update(action, count, world),
        };
        self.carry_out(effects, asked.now, Some(asked))
    }

    // ---- the desk

    fn show_view(&mut self, number: u8, now: Instant) {
        let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
        self.said = match self.desk.views.get(number) {
            Some(view) if self.stage.show(&view.screen, &view.layout, world) => None,
            Some(view) => Some((Role::Failed, format!("there is no screen {}", view.screen))),
            None => Some((Role::Muted, format!("there is no view {number}; v s saves what is shown as one"))),
        };
    }

    fn desk_key(&mut self, key: Key, count: u16, stamp: FrameStamp, now: Instant) -> Option<Vec<Order>> {
        let question = self.desk.question.as_mut()?;
        match question.prompt.press(&mut self.seat.keymap, key, count, (stamp, now)) {
            PromptEvent::Ignored => return None,
            PromptEvent::Changed => {}
            PromptEvent::Cancelled => self.desk.question = None,
            PromptEvent::Done(text) => return Some(self.decided(&text, now)),
        }
        Some(Vec::new())
    }

    fn decided(&mut self, text: &str, now: Instant) -> Vec<Order> {
        let decided = self.stage.viewed().map(|(screen, list)| (screen, self.desk.decide(text, screen, list)));
        match decided {
            Some((_, Err(why))) => {
                self.said = Some((Role::Failed, why));
                return Vec::new();
            }
            Some((screen, Ok(Decided::Show(layout)))) => {
                let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
                self.stage.show(screen, &layout, world);
            }
            Some((_, Ok(Decided::Keep(view)))) => {
                self.desk.question = None;
                return vec![Order::KeepView(Box::new(view))];
            }
            None => {}
        }
        self.desk.question = None;
        Vec::new()
    }

    fn palette_event(&mut self, event: Event) -> Option<Vec<Order>> {
        let (choice, asked) = match event {
            Event::Ignored => return None,
            Event::Changed => return Some(Vec::new()),
            Event::Closed => {
                self.palette = None;
                return Some(Vec::new());
            }
            Event::Chosen(choice, asked) => (choice, asked),
        };
        self.palette = None;
        let effect = match choice {
            Choice::Action(action) => {
                // "The same key again" means the action's own key, not the Enter that chose it.
                let keys = self.seat.keymap.keys_of(action, self.stage.context());
                let key = keys.iter().find_map(|keys| Key::parse(keys)).unwrap_or(asked.key);
                return Some(self.act(action, 1, Asked { key, ..asked }));
            }
            Choice::View(number) => {
                self.show_view(number, asked.now);
                return Some(Vec::new());
            }
            Choice::Client(client) => Effect::HostsOf(format!("client:{client}")),
            Choice::Host(fleet, id) => Effect::Go(Place::Host(fleet, id)),
            Choice::Alert(fleet, id) => Effect::Go(Place::Alert(fleet, id)),
        };
        Some(self.carry_out(vec![effect], asked.now, Some(asked)))
    }

    fn leave(&mut self) -> Vec<Order> {
        if self.sending.acts.has_unsent() {
            let text = "an act has no answer yet: wait for it, or give it up with Esc and leave again".to_owned();
            self.said = Some((Role::Failed, text));
            return Vec::new();
        }
        vec![Order::Leave]
    }

    // ---- effects

    fn carry_out(&mut self, effects: Vec<Effect>, now: Instant, asked: Option<Asked>) -> Vec<Order> {
        let mut orders = Vec::new();
        for effect in effects {
            let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
            match effect {
                Effect::Go(place) => {
                    self.seat.keymap.cancel_chord();
                    self.stage.go(place);
                }
                Effect::HostsOf(filter) => self.stage.go_to_hosts_of(&filter, world),
                Effect::AlertsOf(filter) => self.stage.go_to_alerts_of(&filter, world),
                Effect::Begin(action, about) if count(&about) == 0 => {
                    self.said = Some((Role::Muted, format!("there is no open alert to {}", action.name())));
                }
                Effect::Begin(action, about) => {
                    self.asking = asked.and_then(|asked| Asking::begin(action, about, asked));
                }
                Effect::Run { hosts, line } => {
                    for fleet in self.ask_command(hosts, &line, asked) {
                        let (fleet, ask) = self.sending.ask(fleet, Topic::QuietHosts);
                        orders.push(Order::Ask(fleet, ask));
                    }
                }
                Effect::Act(verb, about) => orders.extend(self.send(&verb, &about, now)),
                Effect::Ask(fleet, about) => {
                    let (fleet, ask) = self.sending.ask(fleet, about);
                    orders.push(Order::Ask(fleet, ask));
                }
                Effect::Write { name, text } => orders.push(Order::Write { name, text }),
                Effect::Copy(text) => {
                    let first = text.lines().next().unwrap_or_default();
                    let more = if text.lines().count() > 1 {
                        format!(" ({} lines)", text.lines().count())
                    } else {
                        String::new()
                    };
                    self.said = Some((Role::Muted, format!("copied: {first}{more}")));
                    orders.push(Order::Copy(text));
                }
                Effect::Say(role, text) => self.said = Some((role, text)),
            }
        }
        orders
    }

    fn answered(&mut self, text: &str, now: Instant) -> Vec<Order> {
        let Some(asking) = self.asking.take() else { return Vec::new() };
        if asking.is_which() {
            return match find(text, &self.replicas) {
                Ok(place) => self.carry_out(vec![Effect::Go(place)], now, None),
                Err(why) => {
                    self.said = Some((Role::Failed, why));
                    self.asking = Some(asking);
                    Vec::new()
                }
            };
        }
        let hub = hub_now(&asking.about, &self.replicas, now);
        match asking.verb(text, hub) {
            Ok(verb) => self.send(&verb, &asking.about, now),
            Err(why) => {
                self.said = Some((Role::Failed, why));
                self.asking = Some(asking);
                Vec::new()
            }
        }
    }

    /// Asks for a program on these hosts, which are of these fleets.
    fn ask_command(&mut self, hosts: Vec<(FleetIndex, HostId)>, line: &str, asked: Option<Asked>) -> Vec<FleetIndex> {
        let Some(asked) = asked else { return Vec::new() };
        match Radius::of(hosts, &self.replicas) {
            Ok(radius) => {
                let before = recent_lines(&self.lines, &self.replicas);
                let fleets = radius.fleets();
                self.commanding = Some(CommandPrompt::begin(radius, line, before, asked));
                fleets
            }
            Err(why) => {
                self.said = Some((Role::Failed, why));
                Vec::new()
            }
        }
    }

    fn command_key(&mut self, count: u16, asked: Asked) -> Option<Vec<Order>> {
        let event = self.commanding.as_mut()?.press(&mut self.seat.keymap, count, asked);
        match event {
            CommandEvent::Ignored => return None,
            CommandEvent::Changed => {}
            CommandEvent::Cancelled => {
                self.commanding = None;
                self.said = Some((Role::Muted, "nothing was sent".to_owned()));
            }
            CommandEvent::Send(verb, hosts, line) => {
                self.commanding = None;
                self.lines.retain(|known| *known != line);
                self.lines.insert(0, line);
                let orders = self.send(&verb, &About::Hosts(hosts), asked.now);
                self.follows = orders.len() == 1;
                return Some(orders);
            }
        }
        Some(Vec::new())
    }

    fn send(&mut self, verb: &Verb, about: &About, now: Instant) -> Vec<Order> {
        match self.sending.act(verb, about, &self.replicas, now) {
            Ok(questions) => questions.into_iter().map(|(fleet, ask)| Order::Ask(fleet, ask)).collect(),
            Err(said) => {
                self.said = Some(said);
                Vec::new()
            }
        }
    }

    // ---- painting

    /// Brings the lists up to date, before a frame.
    pub fn refresh(&mut self, area: Rect, now: Instant) {
        self.unseen = area.width < LEAST.width || area.height < LEAST.height;
        let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
        if let Some(wall) = &mut self.wall {
            return wall.refresh(area, world);
        }
        let status = chrome::status(self.said.as_ref(), &self.sending.acts, now);
        let foot = chrome::last_rows(status.as_ref().map_or("", |(_, text)| text.as_str()), area.width);
        self.stage.refresh(Size::new(area.width, area.height.saturating_sub(1 + foot)), world);
    }

    /// Paints the screen.
    pub fn render(&self, area: Rect, buf: &mut Buffer, now: Instant) {
        let theme = &self.seat.theme;
        buf.set_style(area, theme.style(Role::Text));
        if too_small(area, buf, theme, LEAST) {
            return;
        }
        let world = World { replicas: &self.replicas, acts: &self.sending.acts, now };
        if let Some(wall) = &self.wall {
            return wall.render(area, buf, theme, world, &self.seat.zone);
        }
        let (title, mut more) = self.stage.title(world);
        if let Some(view) = self.stage.viewed().and_then(|(screen, list)| self.desk.shown(screen, list)) {
            more.insert(0, (Role::Input, format!("v{} {}", view.number, view.name)));
        }
        if let Some(left) = self.desk.bell.quiet(now) {
            more.insert(0, (Role::Pending, format!("QUIET {}m", left.as_secs().div_ceil(60))));
        }
        let line = Rect { height: 1, ..area };
        chrome::header(line, buf, theme, world, title, &more, &self.seat.zone);
        let status = chrome::status(self.said.as_ref(), &self.sending.acts, now);
        let status = status.as_ref().map_or((Role::Muted, ""), |(role, text)| (*role, text.as_str()));
        let foot = chrome::last_rows(status.1, area.width);
        let mut body = Rect { y: area.y + 1, height: area.height - 1 - foot, ..area };
        if chrome::trouble(Rect { y: body.y, ..line }, buf, theme, world) {
            body = Rect { y: body.y + 1, height: body.height - 1, ..body };
        }
        if let Some(typing) = self.stage.filter().filter(|filter| filter.typing().is_some()) {
            body.height -= 1;
            if let Some(completion) = &self.desk.completion {
                body.height = body.height.saturating_sub(1);
                chrome::completion(Rect { y: body.bottom(), ..line }, buf, theme, completion);
            }
            chrome::filter(
                Rect { y: body.bottom() + u16::from(self.desk.completion.is_some()), ..line },
                buf,
                theme,
                typing,
                self.stage.shown(),
            );
        }
        self.stage.render(body, buf, theme, world, &self.seat.zone);
        let hints = self.seat.keymap.footer(self.stage.context(), self.seat.read_only);
        chrome::last_lines(Rect { y: area.bottom() - foot, height: foot, ..area }, buf, theme, &hints, status);
        which::panel(body, buf, theme, (&self.seat.keymap, self.stage.context()), |action| {
            let number = action.view()?;
            let view = self.desk.views.get(number);
            Some(view.map_or_else(String::new, |view| format!("{}  ({})", view.name, view.screen)))
        });
        if let Some(scroll) = self.help {
            chrome::help(body, buf, theme, &self.seat.keymap, self.stage.context(), self.seat.read_only, scroll);
        }
        if let Some(palette) = &self.palette {
            palette.render(body, buf, theme);
        }
        let question = self.desk.question.as_ref().map(|question| &question.prompt);
        if let Some(prompt) = self.asking.as_ref().map(|asking| &asking.prompt).or(question) {
            prompt.render(body, buf, theme);
        }
        if let Some(commanding) = &self.commanding {
            commanding.render(body, buf, theme);
        }
    }
}
