//! Which keys go where, and what each action does.

use std::time::Instant;

use crate::console::app::asking::{Asked, Asking};
use crate::console::app::bell::AWAKE;
use crate::console::app::front::Front;
use crate::console::app::order::Order;
use crate::console::app::palette::Palette;
use crate::console::app::sending::refusal;
use crate::console::app::state::App;
use crate::console::input::{FrameStamp, Input, Key};
use crate::console::keymap::{Action, Context, Pressed};
use crate::console::screens::completion::Completion;
use crate::console::screens::filter_line::Typed;
use crate::console::screens::world::{Effect, Place, World};
use crate::console::theme::Role;
use crate::fleet::words::duration;
use crate::settings::views::Layout;

impl App {
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
        if let Some(front) = &mut self.front {
            let asked = Asked { key, stamp, now };
            let event = front.press(&mut self.seat.keymap, count, asked);
            return self.front_event(event, now);
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
        if let Some(front) = &mut self.front {
            return front.paste(text, stamp).then(Vec::new);
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
                let world = self.fleets.world(now);
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
        let world = self.fleets.world(now);
        self.stage.filter_mut()?.fill(&text);
        self.stage.refilter(world);
        Some(Vec::new())
    }

    pub(super) fn act(&mut self, action: Action, count: u16, asked: Asked) -> Vec<Order> {
        if action.is_act()
            && let Some(why) = refusal(self.seat.read_only, &self.fleets.replicas)
        {
            self.said = Some((Role::Failed, why));
            return Vec::new();
        }
        let world = self.fleets.world(asked.now);
        let effects = match action {
            Action::Floor => vec![Effect::Go(Place::Floor)],
            Action::Alerts => vec![Effect::Go(Place::Alerts)],
            Action::Hosts => vec![Effect::Go(Place::Hosts)],
            Action::Commands => vec![Effect::Go(Place::Commands)],
            Action::Backups => vec![Effect::Go(Place::Backups)],
            Action::Windows => vec![Effect::Go(Place::Windows)],
            Action::Journal => vec![Effect::Go(Place::Journal)],
            Action::Report => vec![Effect::Go(Place::Report)],
            Action::GoToAlert => {
                self.front = Some(Front::Asking(Asking::which(asked)));
                Vec::new()
            }
            Action::OnCall => {
                self.front = Some(Front::OnCall(0));
                Vec::new()
            }
            Action::Help => {
                self.front = Some(Front::Help(0));
                Vec::new()
            }
            Action::Back if self.stage.back() => Vec::new(),
            Action::Back => return self.leave(),
            Action::Cancel => {
                if !self.stage.cancel(world) && !self.stage.back() {
                    self.fleets.sending.acts.dismiss();
                }
                Vec::new()
            }
            Action::Leave => return self.leave(),
            Action::Stop => return vec![Order::Stop],
            Action::Repaint => return vec![Order::Repaint],
            Action::Palette => {
                let actions = self.seat.keymap.palette(self.stage.context(), self.seat.read_only);
                self.front = Some(Front::Palette(Box::new(Palette::open(actions, &self.desk.views, asked))));
                return vec![Order::ReadViews];
            }
            Action::SaveView | Action::Columns => {
                if let Some((_, list)) = self.stage.viewed() {
                    self.front = Some(Front::Question(self.desk.ask(action, list, asked)));
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
            Action::Awake => {
                let text = match self.desk.bell.doze(asked.now) {
                    Some(every) => format!(
                        "this seat's bell rings once in {} at most, for {}; N ends that",
                        duration::short(every),
                        duration::short(AWAKE)
                    ),
                    None => "this seat's bell rings as it is set again".to_owned(),
                };
                self.said = Some((Role::Muted, text));
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

    pub(super) fn show_view(&mut self, number: u8, now: Instant) {
        let world = self.fleets.world(now);
        self.said = match self.desk.views.get(number) {
            Some(view) if self.stage.show(&view.screen, &view.layout, world) => None,
            Some(view) => Some((Role::Failed, format!("there is no screen {}", view.screen))),
            None => Some((Role::Muted, format!("there is no view {number}; v s saves what is shown as one"))),
        };
    }

    fn leave(&mut self) -> Vec<Order> {
        if self.fleets.sending.acts.has_unsent() {
            let text = "an act has no answer yet: wait for it, or give it up with Esc and leave again".to_owned();
            self.said = Some((Role::Failed, text));
            return Vec::new();
        }
        vec![Order::Leave]
    }
}
