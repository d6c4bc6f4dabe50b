//! The console's state, and what reaches it but keys: news of the fleets, answers, files of the person's own, time.

use std::time::Instant;

use crate::console::act::{ActEnd, ActTag};
use crate::console::acts::Acts;
use crate::console::app::desk::Desk;
use crate::console::app::fleets::Fleets;
use crate::console::app::front::Front;
use crate::console::app::order::Order;
use crate::console::app::seat::Seat;
use crate::console::app::sending::{Sending, not_taken};
use crate::console::app::stage::Stage;
use crate::console::ask::{Answer, Ask, Topic};
use crate::console::files::FileError;
use crate::console::keymap::Keymap;
use crate::console::replica::{Changed, FleetIndex, Replica, Replicas, Update};
use crate::console::screens::completion::Completion;
use crate::console::screens::world::Place;
use crate::console::theme::{Role, Theme};
use crate::console::wall::Wall;
use crate::fleet::derived::first_look::Look;
use crate::fleet::words::SafeText;
use crate::settings::console::{Bell, Notices};
use crate::settings::views::{View, Views};

/// The console's state.
#[derive(Debug)]
pub struct App {
    pub(super) fleets: Fleets,
    pub(super) seat: Seat,
    pub(super) stage: Stage,
    /// What stands in front of the screen and takes the keys.
    pub(super) front: Option<Front>,
    pub(super) desk: Desk,
    /// Lines of programs that were started here, the newest first.
    pub(super) lines: Vec<String>,
    /// A command was started and no key was pressed since: it is opened when the hub has it.
    pub(super) follows: bool,
    pub(super) said: Option<(Role, String)>,
    /// The only screen of a wall.
    pub(super) wall: Option<Wall>,
    /// The terminal shows one sentence and nothing else.
    pub(super) unseen: bool,
}

impl App {
    /// A console of these fleets, at a place.
    #[must_use]
    pub fn new(replicas: Vec<Replica>, seat: Seat, start: Place) -> Self {
        Self {
            fleets: Fleets { replicas: Replicas::new(replicas), sending: Sending::default() },
            wall: seat.wall.then(Wall::default),
            seat,
            stage: Stage::new(start),
            front: None,
            desk: Desk::default(),
            lines: Vec::new(),
            follows: false,
            said: None,
            unseen: false,
        }
    }

    /// All fleets.
    #[must_use]
    pub const fn replicas(&self) -> &Replicas {
        &self.fleets.replicas
    }

    /// The acts under way.
    #[must_use]
    pub const fn acts(&self) -> &Acts {
        &self.fleets.sending.acts
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
        let changed = self.fleets.replicas.apply(fleet, update);
        let world = self.fleets.world(now);
        if changed.is_nothing() {
            return (false, changed);
        }
        match (&mut self.wall, self.fleets.replicas.get(fleet)) {
            (Some(wall), Some(replica)) => wall.absorb(fleet, &changed, replica),
            _ => self.stage.absorb(fleet, &changed, world),
        }
        self.desk.notices.gather(fleet, &changed, now);
        if let Some(replica) = self.fleets.replicas.get(fleet) {
            let held = replica.position();
            self.fleets.sending.acts.arrived(fleet, held);
        }
        (true, changed)
    }

    /// An act ended.
    pub fn act_ended(&mut self, fleet: FleetIndex, tag: ActTag, end: ActEnd) {
        let Some(replica) = self.fleets.replicas.get(fleet) else { return };
        if let Some((said, command)) = self.fleets.sending.ended(replica, tag, end) {
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
        if let (Topic::QuietHosts, Some(Front::Command(prompt))) = (&answer.about, &mut self.front) {
            prompt.quiet_hosts(fleet, answer.result);
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
        let name = self.fleets.replicas.get(fleet).map_or("", |replica| replica.name().as_str());
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
        let errors = self.seat.reload(theme, keymap);
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
        let world = self.fleets.world(now);
        let scanned = self.stage.step(world);
        let effects = self.stage.questions(world);
        let (found, entered) = self.front.as_mut().map_or((false, None), |front| front.step(world));
        let completed = self.desk.completion.as_mut().is_some_and(|completion| completion.step(world));
        let mut orders = self.desk.due(self.fleets.new_alerts(), world);
        orders.extend(entered.and_then(|event| self.front_event(event, now)).unwrap_or_default());
        orders.extend(self.carry_out(effects, now, None));
        (scanned || found || completed, orders)
    }

    /// Whether work waits that should go on before the next input.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let completes = self.desk.completion.as_ref().is_some_and(Completion::is_looking);
        completes || self.stage.is_scanning() || self.front.as_ref().is_some_and(Front::is_busy)
    }
}
