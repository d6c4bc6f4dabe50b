//! Where one is and which keys go where.

use std::time::Instant;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::act::{Act, ActEnd, ActTag, Targets, Verb, new_action_id};
use crate::console::acts::{Acts, Report};
use crate::console::app::asking::{Asked, Asking, count};
use crate::console::app::chrome;
use crate::console::ask::{Answer, Ask, Topic};
use crate::console::input::{FrameStamp, Input, Key};
use crate::console::keymap::{Action, Context, Keymap, Pressed};
use crate::console::replica::{Changed, FleetIndex, Replica, Replicas, Update};
use crate::console::screens::alert::AlertScreen;
use crate::console::screens::alerts::Alerts;
use crate::console::screens::filter_line::{FilterLine, Typed};
use crate::console::screens::floor::Floor;
use crate::console::screens::host::HostScreen;
use crate::console::screens::hosts::Hosts;
use crate::console::screens::journal::Journal;
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::PromptEvent;
use crate::console::widgets::{LEAST, too_small};
use crate::fleet::identity::Role as PersonRole;
use crate::fleet::words::Timestamp;

/// How a person sits at this console.
#[derive(Clone, Debug)]
pub struct Seat {
    /// The look.
    pub theme: Theme,
    /// The keys.
    pub keymap: Keymap,
    /// No act leaves this console.
    pub read_only: bool,
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
    /// Leave with success.
    Leave,
    /// Stop and go to the shell.
    Stop,
    /// Paint everything again.
    Repaint,
}

/// The console's state.
#[derive(Debug)]
pub struct App {
    replicas: Replicas,
    acts: Acts,
    seat: Seat,
    /// Where one is; the last is on the screen.
    path: Vec<Place>,
    floor: Floor,
    alerts: Alerts,
    hosts: Hosts,
    journal: Journal,
    host: Option<HostScreen>,
    alert: Option<AlertScreen>,
    asking: Option<Asking>,
    help: Option<usize>,
    said: Option<(Role, String)>,
    generation: u64,
    height: u16,
    /// The terminal shows one sentence and nothing else.
    unseen: bool,
}

impl App {
    /// A console of these fleets, at a place.
    #[must_use]
    pub fn new(replicas: Vec<Replica>, seat: Seat, start: Place) -> Self {
        let mut floor = Floor::default();
        floor.touch();
        Self {
            replicas: Replicas::new(replicas),
            acts: Acts::default(),
            seat,
            path: vec![start],
            floor,
            alerts: Alerts::default(),
            hosts: Hosts::default(),
            journal: Journal::default(),
            host: None,
            alert: None,
            asking: None,
            help: None,
            said: None,
            generation: 0,
            height: 24,
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
        &self.acts
    }

    fn place(&self) -> Place {
        self.path.last().cloned().unwrap_or(Place::Floor)
    }

    fn context(&self) -> Context {
        match self.place() {
            Place::Floor => Context::Floor,
            Place::Alerts => Context::Alerts,
            Place::Hosts => Context::Hosts,
            Place::Journal => Context::Journal,
            Place::Host(..) => Context::Host,
            Place::Alert(..) => Context::Alert,
        }
    }

    // ---- what arrives

    /// Takes over an update of a fleet; whether the screen may look different, and the state that was replaced.
    pub fn update(&mut self, fleet: FleetIndex, update: Update, now: Instant) -> (bool, Changed) {
        let changed = self.replicas.apply(fleet, update);
        let world = World { replicas: &self.replicas, acts: &self.acts, now };
        if changed.is_nothing() {
            return (false, changed);
        }
        self.alerts.absorb(fleet, &changed, world);
        self.hosts.absorb(fleet, &changed, world);
        self.journal.absorb(fleet, &changed);
        if let Some(alert) = &mut self.alert {
            alert.absorb(fleet, &changed);
        }
        self.floor.touch();
        if let Some(replica) = self.replicas.get(fleet) {
            let held = replica.position();
            self.acts.arrived(fleet, held);
        }
        (true, changed)
    }

    /// An act ended.
    pub fn act_ended(&mut self, fleet: FleetIndex, tag: ActTag, end: ActEnd) {
        let Some(held) = self.replicas.get(fleet).map(Replica::position) else { return };
        if let Some(report) = self.acts.ended(tag, end, held) {
            self.said = Some(report_words(&report));
        }
    }

    /// An answer to a question; whether the screen changed.
    pub fn answer(&mut self, fleet: FleetIndex, answer: Answer) -> bool {
        match &answer.about {
            Topic::Journal { .. } => {
                if let Ok(detail) = answer.result {
                    self.journal.answer(fleet, detail);
                }
                true
            }
            Topic::Host(_) | Topic::History { .. } => self.host.as_mut().is_some_and(|host| host.answer(fleet, answer)),
            Topic::Timeline(_) => self.alert.as_mut().is_some_and(|alert| alert.answer(fleet, answer)),
            Topic::Blob(_) => false,
        }
    }

    // ---- time

    /// Works off what is due: slices of scans, questions of the screen that is open.
    pub fn turn(&mut self, now: Instant) -> (bool, Vec<Order>) {
        let world = World { replicas: &self.replicas, acts: &self.acts, now };
        let scanning = self.alerts.is_scanning() || self.hosts.is_scanning();
        if self.alerts.is_scanning() {
            self.alerts.step(world);
        }
        if self.hosts.is_scanning() {
            self.hosts.step(world);
        }
        let effects = match self.path.last() {
            Some(Place::Host(..)) => self.host.as_mut().map(|host| host.ask(world)).unwrap_or_default(),
            Some(Place::Alert(..)) => self.alert.as_mut().map(|alert| alert.ask(world)).unwrap_or_default(),
            Some(Place::Journal) => self.journal.visit(world),
            _ => Vec::new(),
        };
        let orders = self.carry_out(effects, now, None);
        (scanning, orders)
    }

    /// Whether work waits that should go on before the next input.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        self.alerts.is_scanning() || self.hosts.is_scanning()
    }

    // ---- keys

    /// Takes an input; `None` when nothing changed.
    pub fn input(&mut self, input: Input, stamp: FrameStamp, now: Instant) -> Option<Vec<Order>> {
        match input {
            Input::Key { key, .. } if self.unseen => self.unseen_key(key),
            Input::Paste(_) if self.unseen => None,
            Input::Key { key, count } => self.key(key, count, stamp, now),
            Input::Paste(text) => self.paste(&text, stamp, now),
            Input::Resize { .. } => Some(Vec::new()),
            Input::FocusGained | Input::FocusLost => None,
            Input::Closed(_) => Some(vec![Order::Leave]),
        }
    }

    fn key(&mut self, key: Key, count: u16, stamp: FrameStamp, now: Instant) -> Option<Vec<Order>> {
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
        if let Some(scroll) = self.help {
            return Some(self.help_key(key, count, scroll));
        }
        if self.filter_line().is_some_and(|line| line.typing().is_some()) {
            let pressed = self.seat.keymap.press(Context::Text, key);
            let typed = self.filter_line().map_or(Typed::Nothing, |line| line.press(pressed, key, count));
            return self.typed(typed, now);
        }
        self.said = None;
        match self.seat.keymap.press(self.context(), key) {
            Pressed::Action(action) => Some(self.act(action, count, Asked { key, stamp, now })),
            Pressed::Pending | Pressed::Cancelled => Some(Vec::new()),
            Pressed::NotHere(action) => {
                self.said = Some((Role::Muted, format!("{} does nothing here", action.name())));
                Some(Vec::new())
            }
            Pressed::Nothing => None,
        }
    }

    /// A key on a terminal too small to show what it would do: only those that leave work.
    fn unseen_key(&mut self, key: Key) -> Option<Vec<Order>> {
        match self.seat.keymap.press(Context::Global, key) {
            Pressed::Action(Action::Back | Action::Leave) => Some(self.leave()),
            Pressed::Action(Action::Stop) => Some(vec![Order::Stop]),
            _ => None,
        }
    }

    fn paste(&mut self, text: &str, stamp: FrameStamp, now: Instant) -> Option<Vec<Order>> {
        if let Some(asking) = &mut self.asking {
            return (asking.prompt.paste(text, stamp) != PromptEvent::Ignored).then(Vec::new);
        }
        let typed = self.filter_line().map_or(Typed::Nothing, |line| line.paste(text));
        self.typed(typed, now)
    }

    fn typed(&mut self, typed: Typed, now: Instant) -> Option<Vec<Order>> {
        match typed {
            Typed::Nothing => None,
            Typed::Moved => Some(Vec::new()),
            Typed::Refiltered => {
                let world = World { replicas: &self.replicas, acts: &self.acts, now };
                match self.path.last() {
                    Some(Place::Alerts) => self.alerts.ask(world),
                    Some(Place::Hosts) => self.hosts.ask(world),
                    _ => self.journal.touch(),
                }
                Some(Vec::new())
            }
        }
    }

    fn filter_line(&mut self) -> Option<&mut FilterLine> {
        match self.path.last() {
            Some(Place::Alerts) => Some(&mut self.alerts.filter),
            Some(Place::Hosts) => Some(&mut self.hosts.filter),
            Some(Place::Journal) => Some(&mut self.journal.filter),
            _ => None,
        }
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
            && let Some(why) = self.refusal()
        {
            self.said = Some((Role::Failed, why));
            return Vec::new();
        }
        let world = World { replicas: &self.replicas, acts: &self.acts, now: asked.now };
        let effects = match action {
            Action::Floor => vec![Effect::Go(Place::Floor)],
            Action::Alerts => vec![Effect::Go(Place::Alerts)],
            Action::Hosts => vec![Effect::Go(Place::Hosts)],
            Action::Journal => vec![Effect::Go(Place::Journal)],
            Action::Help => {
                self.help = Some(0);
                Vec::new()
            }
            Action::Back => return self.back(),
            Action::Cancel => {
                let dropped = match self.path.last() {
                    Some(Place::Alerts) => self.alerts.cancel(world),
                    Some(Place::Hosts) => self.hosts.cancel(world),
                    Some(Place::Journal) => self.journal.cancel(),
                    _ => false,
                };
                if !dropped && self.path.len() > 1 {
                    self.path.pop();
                } else if !dropped {
                    self.acts.dismiss();
                }
                Vec::new()
            }
            Action::Leave => return self.leave(),
            Action::Stop => return vec![Order::Stop],
            Action::Repaint => return vec![Order::Repaint],
            action => match self.path.last() {
                Some(Place::Floor) => self.floor.update(action, count),
                Some(Place::Alerts) => self.alerts.update(action, count, world),
                Some(Place::Hosts) => self.hosts.update(action, count, world),
                Some(Place::Journal) => self.journal.update(action, count, world),
                Some(Place::Host(..)) => {
                    self.host.as_mut().map(|host| host.update(action, count, world)).unwrap_or_default()
                }
                Some(Place::Alert(..)) => {
                    self.alert.as_mut().map(|alert| alert.update(action, count, world)).unwrap_or_default()
                }
                None => Vec::new(),
            },
        };
        self.carry_out(effects, asked.now, Some(asked))
    }

    /// Why no act may leave this console.
    fn refusal(&self) -> Option<String> {
        if self.seat.read_only {
            return Some("this console only reads: it was started with --read-only".to_owned());
        }
        let loaded = self.replicas.iter().any(|(_, replica)| replica.role().is_some());
        let may = self.replicas.iter().any(|(_, replica)| replica.may(PersonRole::Operator));
        (loaded && !may).then(|| "acting asks for the role operator; ask an admin of the fleet".to_owned())
    }

    fn back(&mut self) -> Vec<Order> {
        if self.path.len() > 1 {
            self.path.pop();
            return Vec::new();
        }
        self.leave()
    }

    fn leave(&mut self) -> Vec<Order> {
        if self.acts.has_unsent() {
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
            match effect {
                Effect::Go(place) => self.go(place),
                Effect::HostsOf(filter) => {
                    self.hosts.filter.set(&filter);
                    self.hosts.ask(World { replicas: &self.replicas, acts: &self.acts, now });
                    self.path.push(Place::Hosts);
                }
                Effect::AlertsOf(filter) => {
                    self.alerts.filter.set(&filter);
                    self.alerts.ask(World { replicas: &self.replicas, acts: &self.acts, now });
                    self.path.push(Place::Alerts);
                }
                Effect::Begin(action, about) if count(&about) == 0 => {
                    self.said = Some((Role::Muted, format!("there is no open alert to {}", action.name())));
                }
                Effect::Begin(action, about) => {
                    self.asking = asked.and_then(|asked| Asking::begin(action, about, asked));
                }
                Effect::Act(verb, about) => orders.extend(self.send(&verb, &about, now)),
                Effect::Ask(fleet, about) => {
                    self.generation += 1;
                    orders.push(Order::Ask(fleet, Ask::Detail { generation: self.generation, about }));
                }
                Effect::Copy(text) => {
                    self.said = Some((Role::Muted, format!("copied: {text}")));
                    orders.push(Order::Copy(text));
                }
                Effect::Say(role, text) => self.said = Some((role, text)),
            }
        }
        orders
    }

    fn go(&mut self, place: Place) {
        match &place {
            // A screen of the top row replaces the whole path; what is opened in depth comes on top.
            Place::Floor | Place::Alerts | Place::Hosts | Place::Journal => self.path.clear(),
            Place::Host(fleet, id) => self.host = Some(HostScreen::new(*fleet, *id)),
            Place::Alert(fleet, id) => self.alert = Some(AlertScreen::new(*fleet, *id)),
        }
        self.seat.keymap.cancel_chord();
        self.path.push(place);
    }

    fn answered(&mut self, text: &str, now: Instant) -> Vec<Order> {
        let Some(asking) = self.asking.take() else { return Vec::new() };
        let hub = self.hub_now(&asking.about, now);
        match asking.verb(text, hub) {
            Ok(verb) => {
                let about = asking.about.clone();
                self.send(&verb, &about, now)
            }
            Err(why) => {
                self.said = Some((Role::Failed, why));
                self.asking = Some(asking);
                Vec::new()
            }
        }
    }

    fn hub_now(&self, about: &About, now: Instant) -> Timestamp {
        let fleet = match about {
            About::Alerts(alerts) => alerts.first().map(|(fleet, _)| *fleet),
            About::Hosts(hosts) => hosts.first().map(|(fleet, _)| *fleet),
            About::Filter { counts, .. } => counts.first().map(|(fleet, _)| *fleet),
        };
        self.replicas.get(fleet.unwrap_or_default()).map_or_else(Timestamp::default, |replica| replica.hub_now(now))
    }

    /// Sends a verb: one request a fleet (one a host where hosts are checked).
    fn send(&mut self, verb: &Verb, about: &About, now: Instant) -> Vec<Order> {
        let mut requests: Vec<(FleetIndex, Targets, Verb)> = Vec::new();
        match about {
            About::Alerts(alerts) => {
                for (fleet, id) in alerts {
                    match requests.iter_mut().find(|(known, ..)| known == fleet) {
                        Some((_, Targets::Alerts(ids), _)) => ids.push(*id),
                        _ => requests.push((*fleet, Targets::Alerts(vec![*id]), verb.clone())),
                    }
                }
            }
            About::Filter { filter, counts } => {
                requests.extend(counts.iter().map(|(fleet, count)| {
                    (*fleet, Targets::Filter { filter: filter.clone(), expected: Some(*count) }, verb.clone())
                }));
            }
            About::Hosts(hosts) => {
                let check = if let Verb::CheckNow { check, .. } = verb { check.clone() } else { None };
                requests.extend(hosts.iter().map(|(fleet, host)| {
                    (*fleet, Targets::None, Verb::CheckNow { host: Some(*host), check: check.clone() })
                }));
            }
        }
        if requests.is_empty() {
            self.said = Some((Role::Muted, "there is no open alert to act on".to_owned()));
        }
        requests.into_iter().filter_map(|(fleet, targets, verb)| self.send_one(fleet, targets, verb, now)).collect()
    }

    fn send_one(&mut self, fleet: FleetIndex, targets: Targets, verb: Verb, now: Instant) -> Option<Order> {
        let Some(id) = new_action_id() else {
            self.said = Some((Role::Failed, "NOT SENT: the system gives no random numbers".to_owned()));
            return None;
        };
        let seen = self.replicas.get(fleet)?.position().revision;
        let act = Act { id, seen, targets, dry_run: false, verb };
        let tag = self.acts.begin(fleet, act.clone(), now);
        Some(Order::Ask(fleet, Ask::Act { tag, act: Box::new(act) }))
    }

    /// The link's queue was full: the act is not sent, and says so.
    pub fn not_taken(&mut self, fleet: FleetIndex, ask: &Ask) {
        if let Ask::Act { tag, .. } = ask {
            let reason = crate::fleet::words::SafeText::new("too much waits for this fleet already");
            self.act_ended(fleet, *tag, ActEnd::NotSent { reason, perhaps_done: false });
        }
    }

    // ---- painting

    /// Brings the lists up to date, before a frame.
    pub fn refresh(&mut self, area: Rect, now: Instant) {
        self.height = area.height.saturating_sub(2);
        self.unseen = area.width < LEAST.width || area.height < LEAST.height;
        let world = World { replicas: &self.replicas, acts: &self.acts, now };
        match self.path.last() {
            Some(Place::Floor) => self.floor.refresh(self.height, world),
            Some(Place::Alerts) => self.alerts.refresh(self.height, now),
            Some(Place::Hosts) => self.hosts.refresh(self.height, now),
            Some(Place::Journal) => self.journal.refresh(self.height, world),
            _ => {}
        }
    }

    /// Paints the screen.
    pub fn render(&self, area: Rect, buf: &mut Buffer, now: Instant) {
        let theme = &self.seat.theme;
        if too_small(area, buf, theme, LEAST) {
            return;
        }
        let world = World { replicas: &self.replicas, acts: &self.acts, now };
        let (title, more) = self.title();
        let line = Rect { height: 1, ..area };
        chrome::header(line, buf, theme, world, title, &more, &self.seat.zone);
        let mut body = Rect { y: area.y + 1, height: area.height - 2, ..area };
        if chrome::trouble(Rect { y: body.y, ..line }, buf, theme, world) {
            body = Rect { y: body.y + 1, height: body.height - 1, ..body };
        }
        let filter = match self.path.last() {
            Some(Place::Alerts) => Some(&self.alerts.filter),
            Some(Place::Hosts) => Some(&self.hosts.filter),
            Some(Place::Journal) => Some(&self.journal.filter),
            _ => None,
        };
        if let Some(typing) = filter.filter(|filter| filter.typing().is_some()) {
            body.height -= 1;
            chrome::filter(Rect { y: body.bottom(), ..line }, buf, theme, typing, self.shown());
        }
        match self.path.last() {
            Some(Place::Floor) | None => self.floor.render(body, buf, theme, world),
            Some(Place::Alerts) => self.alerts.render(body, buf, theme, world),
            Some(Place::Hosts) => self.hosts.render(body, buf, theme, world),
            Some(Place::Journal) => self.journal.render(body, buf, theme, world, &self.seat.zone),
            Some(Place::Host(..)) => {
                if let Some(host) = &self.host {
                    host.render(body, buf, theme, world);
                }
            }
            Some(Place::Alert(..)) => {
                if let Some(alert) = &self.alert {
                    alert.render(body, buf, theme, world, &self.seat.zone);
                }
            }
        }
        let hints = self.seat.keymap.footer(self.context(), self.seat.read_only);
        let status = self.said.clone().or_else(|| chrome::acts_status(&self.acts, now));
        let status = status.as_ref().map_or((Role::Muted, ""), |(role, text)| (*role, text.as_str()));
        chrome::last_line(Rect { y: area.bottom() - 1, ..line }, buf, theme, &hints, status);
        if let Some(scroll) = self.help {
            chrome::help(body, buf, theme, &self.seat.keymap, self.context(), self.seat.read_only, scroll);
        }
        if let Some(asking) = &self.asking {
            asking.prompt.render(body, buf, theme);
        }
    }

    fn shown(&self) -> usize {
        match self.path.last() {
            Some(Place::Alerts) => self.alerts.shown(),
            Some(Place::Hosts) => self.hosts.shown(),
            _ => self.journal.shown(),
        }
    }

    fn title(&self) -> (&'static str, Vec<(Role, String)>) {
        match self.path.last() {
            Some(Place::Floor) | None => ("FLOOR", self.floor.facts()),
            Some(Place::Alerts) => ("ALERTS", self.alerts.facts(self.height)),
            Some(Place::Hosts) => ("HOSTS", self.hosts.facts(self.height)),
            Some(Place::Journal) => ("JOURNAL", self.journal.facts()),
            Some(Place::Host(..)) => ("HOST", Vec::new()),
            Some(Place::Alert(..)) => ("ALERT", Vec::new()),
        }
    }
}

fn report_words(report: &Report) -> (Role, String) {
    let word = report.act.verb.word();
    match &report.end {
        ActEnd::Answered(answer) if answer.failed.is_empty() && answer.left_out.is_empty() => {
            (Role::Ok, format!("{word}: {} done", answer.done.len()))
        }
        ActEnd::Answered(answer) => {
            let first = answer.failed.first().or(answer.left_out.first());
            let why = first.map_or_else(String::new, |(id, why)| format!(": {id}: {}", why.as_str()));
            let (done, failed, left) = (answer.done.len(), answer.failed.len(), answer.left_out.len());
            (Role::Failed, format!("{word}: {done} done, {failed} failed, {left} left out{why}"))
        }
        ActEnd::Refused(why) => (Role::Failed, format!("{word} refused: {}", why.as_str())),
        ActEnd::NotSent { reason, .. } => (Role::Failed, format!("NOT SENT {word}: {}", reason.as_str())),
    }
}
