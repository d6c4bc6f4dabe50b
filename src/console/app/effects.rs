//! What comes of keys: what each effect of a screen does, and what was answered, chosen or given up in front of it.

use std::time::Instant;

use crate::console::act::Verb;
use crate::console::app::asking::{Asked, Asking, count, owners};
use crate::console::app::command_prompt::{CommandPrompt, Radius, recent_lines};
use crate::console::app::desk::Decided;
use crate::console::app::finding::find;
use crate::console::app::front::{Front, FrontEvent};
use crate::console::app::order::Order;
use crate::console::app::palette::Choice;
use crate::console::app::sending::hub_now;
use crate::console::app::state::App;
use crate::console::ask::Topic;
use crate::console::input::Key;
use crate::console::replica::FleetIndex;
use crate::console::screens::world::{About, Effect, Place};
use crate::console::theme::Role;
use crate::fleet::words::HostId;

impl App {
    /// Does what came of a key that went to what stands in front of the screen; `None` when nothing changed.
    pub(super) fn front_event(&mut self, event: FrontEvent, now: Instant) -> Option<Vec<Order>> {
        Some(match event {
            FrontEvent::Ignored => return None,
            FrontEvent::Changed => Vec::new(),
            FrontEvent::Closed(said) => {
                self.front = None;
                if let Some(said) = said {
                    self.said = Some((Role::Muted, said.to_owned()));
                }
                Vec::new()
            }
            FrontEvent::Stop => vec![Order::Stop],
            FrontEvent::Answered(text) => self.answered(&text, now),
            FrontEvent::Decided(text) => self.decided(&text, now),
            FrontEvent::Chosen(choice, asked) => {
                self.front = None;
                self.chosen(choice, asked)
            }
            FrontEvent::Send(verb, hosts, line) => {
                self.front = None;
                self.lines.retain(|known| *known != line);
                self.lines.insert(0, line);
                let orders = self.send(&verb, &About::Hosts(hosts), now);
                self.follows = orders.len() == 1;
                orders
            }
        })
    }

    fn chosen(&mut self, choice: Choice, asked: Asked) -> Vec<Order> {
        let effect = match choice {
            Choice::Action(action) => {
                // "The same key again" means the action's own key, not the Enter that chose it.
                let keys = self.seat.keymap.keys_of(action, self.stage.context());
                let key = keys.iter().find_map(|keys| Key::parse(keys)).unwrap_or(asked.key);
                return self.act(action, 1, Asked { key, ..asked });
            }
            Choice::View(number) => {
                self.show_view(number, asked.now);
                return Vec::new();
            }
            Choice::Client(client) => Effect::HostsOf(format!("client:{client}")),
            Choice::Host(fleet, id) => Effect::Go(Place::Host(fleet, id)),
            Choice::Alert(fleet, id) => Effect::Go(Place::Alert(fleet, id)),
        };
        self.carry_out(vec![effect], asked.now, Some(asked))
    }

    fn decided(&mut self, text: &str, now: Instant) -> Vec<Order> {
        let Some(Front::Question(question)) = self.front.take() else { return Vec::new() };
        let Some((screen, list)) = self.stage.viewed() else { return Vec::new() };
        match question.decide(text, screen, list, &self.desk.views) {
            Ok(Decided::Show(layout)) => {
                self.stage.show(screen, &layout, self.fleets.world(now));
            }
            Ok(Decided::Keep(view)) => return vec![Order::KeepView(Box::new(view))],
            Err(why) => {
                self.said = Some((Role::Failed, why));
                self.front = Some(Front::Question(question));
            }
        }
        Vec::new()
    }

    pub(super) fn carry_out(&mut self, effects: Vec<Effect>, now: Instant, asked: Option<Asked>) -> Vec<Order> {
        let mut orders = Vec::new();
        for effect in effects {
            let world = self.fleets.world(now);
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
                    let replicas = &self.fleets.replicas;
                    let asking = asked.and_then(|asked| Asking::begin(action, about, asked, replicas));
                    self.front = asking.map(Front::Asking);
                }
                Effect::Run { hosts, line } => {
                    for fleet in self.ask_command(hosts, &line, asked) {
                        let (fleet, ask) = self.fleets.sending.ask(fleet, Topic::QuietHosts);
                        orders.push(Order::Ask(fleet, ask));
                    }
                }
                Effect::Act(Verb::Acknowledge { .. }, about)
                    if let Some(asked) = asked
                        && let owners = owners(&about, &self.fleets.replicas)
                        && !owners.is_empty() =>
                {
                    self.front = Some(Front::Asking(Asking::take_over(about, &owners, asked)));
                }
                Effect::Act(verb, about) => orders.extend(self.send(&verb, &about, now)),
                Effect::Ask(fleet, about) => {
                    let (fleet, ask) = self.fleets.sending.ask(fleet, about);
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
        let Some(Front::Asking(asking)) = self.front.take() else { return Vec::new() };
        let why = if asking.is_which() {
            match find(text, &self.fleets.replicas) {
                Ok(place) => return self.carry_out(vec![Effect::Go(place)], now, None),
                Err(why) => why,
            }
        } else {
            let hub = hub_now(&asking.about, &self.fleets.replicas, now);
            match asking.verb(text, hub, &self.seat.zone) {
                Ok(verb) => return self.send(&verb, &asking.about, now),
                Err(why) => why,
            }
        };
        self.said = Some((Role::Failed, why));
        self.front = Some(Front::Asking(asking));
        Vec::new()
    }

    /// Asks for a program on these hosts, which are of these fleets.
    fn ask_command(&mut self, hosts: Vec<(FleetIndex, HostId)>, line: &str, asked: Option<Asked>) -> Vec<FleetIndex> {
        let Some(asked) = asked else { return Vec::new() };
        match Radius::of(hosts, &self.fleets.replicas) {
            Ok(radius) => {
                let before = recent_lines(&self.lines, &self.fleets.replicas);
                let fleets = radius.fleets();
                self.front = Some(Front::Command(Box::new(CommandPrompt::begin(radius, line, before, asked))));
                fleets
            }
            Err(why) => {
                self.said = Some((Role::Failed, why));
                Vec::new()
            }
        }
    }

    fn send(&mut self, verb: &Verb, about: &About, now: Instant) -> Vec<Order> {
        match self.fleets.sending.act(verb, about, &self.fleets.replicas, now) {
            Ok(questions) => questions.into_iter().map(|(fleet, ask)| Order::Ask(fleet, ask)).collect(),
            Err(said) => {
                self.said = Some(said);
                Vec::new()
            }
        }
    }
}
