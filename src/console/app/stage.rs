//! The screens, and which of them is on top: what is for a screen is handed on here.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::ask::{Answer, Topic};
use crate::console::keymap::{Action, Context};
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::alert::AlertScreen;
use crate::console::screens::alerts::{Alerts, Queue};
use crate::console::screens::backup::BackupScreen;
use crate::console::screens::backups::{Backups, Jobs};
use crate::console::screens::command::CommandScreen;
use crate::console::screens::commands::Commands;
use crate::console::screens::filter_line::FilterLine;
use crate::console::screens::floor::Floor;
use crate::console::screens::host::HostScreen;
use crate::console::screens::hosts::{Hosts, Present};
use crate::console::screens::journal::Journal;
use crate::console::screens::listing::words;
use crate::console::screens::output::OutputScreen;
use crate::console::screens::report::ReportScreen;
use crate::console::screens::runbook::RunbookScreen;
use crate::console::screens::texts::Texts;
use crate::console::screens::viewed::Viewed;
use crate::console::screens::window::WindowScreen;
use crate::console::screens::windows::Windows;
use crate::console::screens::world::{Effect, Place, World};
use crate::console::theme::{Role, Theme};
use crate::fleet::derived::first_look::{Look, Screen};
use crate::settings::views::{Layout, Words};

/// Rows that come first over a slow link, at least: those in view, and some to scroll to.
const LOOK: usize = 24;

/// What the screens that have views have names for.
#[must_use]
pub fn screens_with_views() -> Vec<Words> {
    vec![words::<Queue>("alerts"), words::<Present>("hosts"), words::<Jobs>("backups")]
}

/// All screens.
#[derive(Debug)]
pub struct Stage {
    /// Where one is; the last is on top. Never empty.
    path: Vec<Place>,
    floor: Floor,
    alerts: Alerts,
    hosts: Hosts,
    journal: Journal,
    backups: Backups,
    host: Option<HostScreen>,
    alert: Option<AlertScreen>,
    commands: Commands,
    command: Option<CommandScreen>,
    output: Option<OutputScreen>,
    /// What programs printed.
    texts: Texts,
    backup: Option<BackupScreen>,
    runbook: Option<RunbookScreen>,
    report: ReportScreen,
    windows: Windows,
    window: Option<WindowScreen>,
}

impl Stage {
    /// All screens, this one on top.
    pub fn new(start: Place) -> Self {
        let mut floor = Floor::default();
        floor.touch();
        Self {
            path: vec![start],
            floor,
            alerts: Alerts::default(),
            hosts: Hosts::default(),
            journal: Journal::default(),
            backups: Backups::default(),
            host: None,
            alert: None,
            commands: Commands::default(),
            command: None,
            output: None,
            texts: Texts::default(),
            backup: None,
            runbook: None,
            report: ReportScreen::default(),
            windows: Windows::default(),
            window: None,
        }
    }

    fn top(&self) -> &Place {
        self.path.last().unwrap_or(&Place::Floor)
    }

    /// Which keys work.
    pub fn context(&self) -> Context {
        match self.top() {
            Place::Floor => Context::Floor,
            Place::Alerts => Context::Alerts,
            Place::Hosts => Context::Hosts,
            Place::Journal => Context::Journal,
            Place::Host(..) => Context::Host,
            Place::Alert(..) | Place::Runbook(..) => Context::Alert,
            Place::Report => Context::Report,
            Place::Commands => Context::Commands,
            Place::Command(..) => Context::Command,
            Place::Output(..) => Context::Output,
            Place::Backups => Context::Backups,
            Place::Backup(..) => Context::Backup,
            Place::Windows => Context::Windows,
            Place::Window(..) => Context::Window,
        }
    }

    // ---- where one is

    /// Goes to a place.
    pub fn go(&mut self, place: Place) {
        match &place {
            // A screen of the top row replaces the whole path; what is opened in depth comes on top.
            Place::Floor
            | Place::Alerts
            | Place::Hosts
            | Place::Backups
            | Place::Commands
            | Place::Windows
            | Place::Journal => self.path.clear(),
            Place::Report => {
                self.path.retain(|place| *place != Place::Report);
                self.report.visit();
            }
            Place::Runbook(fleet, id) => self.runbook = Some(RunbookScreen::new(*fleet, *id)),
            Place::Host(fleet, id) => self.host = Some(HostScreen::new(*fleet, *id)),
            Place::Alert(fleet, id) => self.alert = Some(AlertScreen::new(*fleet, *id)),
            Place::Command(fleet, id) => self.command = Some(CommandScreen::new(*fleet, *id)),
            Place::Output(fleet, id, host) => self.output = Some(OutputScreen::new(*fleet, *id, *host)),
            Place::Backup(fleet, id) => self.backup = Some(BackupScreen::new(*fleet, *id)),
            Place::Window(fleet, id) => self.window = Some(WindowScreen::new(*fleet, *id)),
        }
        self.path.push(place);
    }

    /// Goes on to the hosts that a filter shows.
    pub fn go_to_hosts_of(&mut self, filter: &str, world: World<'_>) {
        self.hosts.rows.filter.set(filter);
        self.hosts.rows.ask(world);
        self.path.push(Place::Hosts);
    }

    /// Goes on to the alerts that a filter shows.
    pub fn go_to_alerts_of(&mut self, filter: &str, world: World<'_>) {
        self.alerts.rows.filter.set(filter);
        self.alerts.rows.ask(world);
        self.path.push(Place::Alerts);
    }

    /// Goes back; false where one is at the beginning.
    pub fn back(&mut self) -> bool {
        let deep = self.path.len() > 1;
        if deep {
            self.path.pop();
        }
        deep
    }

    /// What the screen on top looks at.
    pub fn look(&self) -> Look {
        let (screen, rows) = match self.top() {
            Place::Alerts | Place::Alert(..) | Place::Runbook(..) => (Screen::Alerts, self.alerts.rows.list().height()),
            Place::Hosts | Place::Host(..) => (Screen::Hosts, self.hosts.rows.list().height()),
            Place::Floor
            | Place::Journal
            | Place::Backups
            | Place::Backup(..)
            | Place::Windows
            | Place::Window(..)
            | Place::Commands
            | Place::Command(..)
            | Place::Output(..)
            | Place::Report => (Screen::Floor, 0),
        };
        Look { screen, rows: rows.max(LOOK) }
    }

    // ---- what arrives

    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, world: World<'_>) {
        self.alerts.absorb(fleet, changed, world);
        self.hosts.absorb(fleet, changed, world);
        self.backups.absorb(fleet, changed, world);
        self.windows.absorb(fleet, changed, world);
        self.journal.absorb(fleet, changed);
        if let Some(alert) = &mut self.alert {
            alert.absorb(fleet, changed);
        }
        if let Some(runbook) = &mut self.runbook {
            runbook.absorb(fleet, changed);
        }
        self.report.absorb(fleet, changed);
        self.commands.absorb(fleet, changed, world);
        if let Some(command) = &mut self.command {
            command.absorb(fleet, changed, world);
        }
        if let Some(output) = &mut self.output {
            output.absorb(fleet, changed);
        }
        if changed.link {
            self.texts.link_changed();
        }
        self.floor.touch();
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
            Topic::Runbook(_) => self.runbook.as_mut().is_some_and(|runbook| runbook.answer(fleet, answer)),
            Topic::AlertReport { .. } => self.report.answer(fleet, answer),
            Topic::Timeline(_) | Topic::AlertDays(_) => {
                self.alert.as_mut().is_some_and(|alert| alert.answer(fleet, answer))
            }
            Topic::Blob(_) if matches!(self.top(), Place::Backup(..)) => {
                self.backup.as_mut().is_some_and(|backup| backup.answer(fleet, answer))
            }
            Topic::QuietHosts => false,
            Topic::WindowMatches => self.windows.answer(fleet, answer),
            Topic::Blob(blob) => self.texts.answer(fleet, *blob, answer.result),
        }
    }

    // ---- time

    /// Whether rows are still to be looked at.
    pub const fn is_scanning(&self) -> bool {
        self.alerts.rows.is_scanning()
            || self.hosts.rows.is_scanning()
            || self.backups.rows.is_scanning()
            || self.commands.rows.is_scanning()
            || self.windows.rows.is_scanning()
    }

    /// Looks at a slice of the rows that are left; whether all of a screen's were looked at by that.
    pub fn step(&mut self, world: World<'_>) -> bool {
        let alerts = self.alerts.rows.is_scanning() && self.alerts.rows.step(world);
        let hosts = self.hosts.rows.is_scanning() && self.hosts.rows.step(world);
        let backups = self.backups.rows.is_scanning() && self.backups.rows.step(world);
        let commands = self.commands.rows.is_scanning() && self.commands.rows.step(world);
        let windows = self.windows.rows.is_scanning() && self.windows.rows.step(world);
        alerts || hosts || backups || commands || windows
    }

    /// What the screen on top has to ask.
    pub fn questions(&mut self, world: World<'_>) -> Vec<Effect> {
        match self.path.last() {
            Some(Place::Host(..)) => self.host.as_mut().map(|host| host.ask(world)).unwrap_or_default(),
            Some(Place::Alert(..)) => self.alert.as_mut().map(|alert| alert.ask(world)).unwrap_or_default(),
            Some(Place::Backup(..)) => self.backup.as_mut().map(|backup| backup.ask(world)).unwrap_or_default(),
            Some(Place::Journal) => self.journal.visit(world),
            Some(Place::Runbook(..)) => self.runbook.as_mut().map(|runbook| runbook.ask(world)).unwrap_or_default(),
            Some(Place::Report) => self.report.ask(world),
            Some(Place::Windows | Place::Window(..)) => self.windows.visit(world),
            Some(Place::Command(..)) => {
                let written = self.command.as_mut().and_then(|command| command.written(world, &self.texts));
                written.into_iter().chain(self.texts.ask()).collect()
            }
            Some(Place::Output(..)) => self.texts.ask().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    // ---- what the person does

    /// Does an action on the screen on top.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        match self.top() {
            Place::Floor => self.floor.update(action, count, world),
            Place::Alerts => self.alerts.update(action, count, world),
            Place::Hosts => self.hosts.update(action, count, world),
            Place::Journal => self.journal.update(action, count, world),
            Place::Backups => self.backups.update(action, count, world),
            Place::Windows => self.windows.update(action, count, world),
            Place::Window(..) => {
                self.window.as_mut().map(|window| window.update(action, count, world)).unwrap_or_default()
            }
            Place::Backup(..) => {
                self.backup.as_mut().map(|backup| backup.update(action, count, world)).unwrap_or_default()
            }
            Place::Host(..) => self.host.as_mut().map(|host| host.update(action, count, world)).unwrap_or_default(),
            Place::Alert(..) => self.alert.as_mut().map(|alert| alert.update(action, count, world)).unwrap_or_default(),
            Place::Runbook(..) => {
                self.runbook.as_mut().map(|runbook| runbook.update(action, count)).unwrap_or_default()
            }
            Place::Report => self.report.update(action, count),
            Place::Commands => self.commands.update(action, count, world),
            Place::Command(..) => {
                let texts = &self.texts;
                self.command.as_mut().map(|command| command.update(action, count, world, texts)).unwrap_or_default()
            }
            Place::Output(..) => {
                let texts = &self.texts;
                self.output.as_mut().map(|output| output.update(action, count, world, texts)).unwrap_or_default()
            }
        }
    }

    /// Drops what the screen on top holds innermost. Whether there was something.
    pub fn cancel(&mut self, world: World<'_>) -> bool {
        match self.top() {
            Place::Alerts => self.alerts.cancel(world),
            Place::Hosts => self.hosts.cancel(world),
            Place::Commands => self.commands.rows.cancel(world),
            Place::Command(..) => self.command.as_mut().is_some_and(CommandScreen::cancel),
            Place::Output(..) => self.output.as_mut().is_some_and(OutputScreen::cancel),
            Place::Journal => self.journal.cancel(),
            Place::Backups => self.backups.rows.cancel(world),
            Place::Windows => self.windows.rows.cancel(world),
            _ => false,
        }
    }

    /// The filter of the screen on top.
    pub fn filter(&self) -> Option<&FilterLine> {
        match self.top() {
            Place::Alerts => Some(&self.alerts.rows.filter),
            Place::Hosts => Some(&self.hosts.rows.filter),
            Place::Journal => Some(&self.journal.filter),
            Place::Commands => Some(&self.commands.rows.filter),
            Place::Output(..) => self.output.as_ref().map(|output| &output.search),
            Place::Backups => Some(&self.backups.rows.filter),
            Place::Windows => Some(&self.windows.rows.filter),
            _ => None,
        }
    }

    /// The same, to be typed into; then say [`Self::refilter`].
    pub fn filter_mut(&mut self) -> Option<&mut FilterLine> {
        match self.top() {
            Place::Alerts => Some(&mut self.alerts.rows.filter),
            Place::Hosts => Some(&mut self.hosts.rows.filter),
            Place::Journal => Some(&mut self.journal.filter),
            Place::Commands => Some(&mut self.commands.rows.filter),
            Place::Output(..) => self.output.as_mut().map(|output| &mut output.search),
            Place::Backups => Some(&mut self.backups.rows.filter),
            Place::Windows => Some(&mut self.windows.rows.filter),
            _ => None,
        }
    }

    /// Another filter counts on the screen on top.
    pub fn refilter(&mut self, world: World<'_>) {
        match self.top() {
            Place::Alerts => self.alerts.rows.ask(world),
            Place::Hosts => self.hosts.rows.ask(world),
            Place::Commands => self.commands.rows.ask(world),
            Place::Backups => self.backups.rows.ask(world),
            Place::Windows => self.windows.rows.ask(world),
            _ => self.journal.touch(),
        }
    }

    // ---- saved views

    /// The name and the rows of the screen on top, where views are kept of it.
    pub fn viewed(&self) -> Option<(&'static str, &dyn Viewed)> {
        match self.top() {
            Place::Alerts => Some(("alerts", &self.alerts.rows)),
            Place::Hosts => Some(("hosts", &self.hosts.rows)),
            Place::Backups => Some(("backups", &self.backups)),
            _ => None,
        }
    }

    /// Goes to the screen of this name and shows it so; false where there is no such screen.
    pub fn show(&mut self, screen: &str, layout: &Layout, world: World<'_>) -> bool {
        let (place, list): (Place, &mut dyn Viewed) = match screen {
            "alerts" => (Place::Alerts, &mut self.alerts.rows),
            "hosts" => (Place::Hosts, &mut self.hosts.rows),
            "backups" => (Place::Backups, &mut self.backups),
            _ => return false,
        };
        list.show(layout, world);
        if *self.top() != place {
            self.go(place);
        }
        true
    }

    // ---- painting

    /// Brings the list on top up to date, before a frame.
    pub fn refresh(&mut self, size: Size, world: World<'_>) {
        match self.top() {
            Place::Floor => self.floor.refresh(size, world),
            Place::Alerts => self.alerts.rows.refresh(size, world),
            Place::Hosts => self.hosts.rows.refresh(size, world),
            Place::Journal => self.journal.refresh(size, world),
            Place::Host(..) | Place::Alert(..) | Place::Backup(..) | Place::Window(..) | Place::Runbook(..) => {}
            Place::Windows => self.windows.rows.refresh(size, world),
            Place::Report => self.report.refresh(size),
            Place::Commands => self.commands.rows.refresh(size, world),
            Place::Command(..) => {
                if let Some(command) = &mut self.command {
                    command.refresh(size, world, &mut self.texts);
                }
            }
            Place::Output(..) => {
                if let Some(output) = &mut self.output {
                    output.refresh(size, world, &mut self.texts);
                }
            }
            Place::Backups => self.backups.refresh(size, world),
        }
    }

    /// Paints the screen on top.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
        match self.top() {
            Place::Floor => self.floor.render(area, buf, theme, world),
            Place::Alerts => self.alerts.render(area, buf, theme, world, zone),
            Place::Hosts => self.hosts.render(area, buf, theme, world),
            Place::Journal => self.journal.render(area, buf, theme, world, zone),
            Place::Backups => self.backups.render(area, buf, theme, world, zone),
            Place::Windows => self.windows.render(area, buf, theme, world, zone),
            Place::Window(..) => {
                if let Some(window) = &self.window {
                    window.render(area, buf, theme, world, zone, &self.windows);
                }
            }
            Place::Backup(..) => {
                if let Some(backup) = &self.backup {
                    backup.render(area, buf, theme, world, zone);
                }
            }
            Place::Host(..) => {
                if let Some(host) = &self.host {
                    host.render(area, buf, theme, world);
                }
            }
            Place::Alert(..) => {
                if let Some(alert) = &self.alert {
                    alert.render(area, buf, theme, world, zone);
                }
            }
            Place::Runbook(..) => {
                if let Some(runbook) = &self.runbook {
                    runbook.render(area, buf, theme, world);
                }
            }
            Place::Report => self.report.render(area, buf, theme),
            Place::Commands => self.commands.render(area, buf, theme, world),
            Place::Command(..) => {
                if let Some(command) = &self.command {
                    command.render(area, buf, theme, world, zone, &self.texts);
                }
            }
            Place::Output(..) => {
                if let Some(output) = &self.output {
                    output.render(area, buf, theme, &self.texts);
                }
            }
        }
    }

    /// How many rows the filter on top shows.
    pub fn shown(&self) -> usize {
        match self.top() {
            Place::Alerts => self.alerts.rows.shown(),
            Place::Hosts => self.hosts.rows.shown(),
            Place::Commands => self.commands.rows.shown(),
            Place::Output(..) => self.output.as_ref().map_or(0, OutputScreen::found),
            Place::Backups => self.backups.rows.shown(),
            Place::Windows => self.windows.rows.shown(),
            _ => self.journal.shown(),
        }
    }

    /// The title of the screen on top, and what the header says of it.
    pub fn title(&self, world: World<'_>) -> (&'static str, Vec<(Role, String)>) {
        let (title, mut facts) = self.own_title(world);
        facts.extend(self.so_far(world).map(|text| (Role::LinkWaiting, text)));
        (title, facts)
    }

    /// How much of the list on top is here, while the rest is on its way.
    fn so_far(&self, world: World<'_>) -> Option<String> {
        let replicas = || world.replicas.iter().map(|(_, replica)| replica);
        if !replicas().any(Replica::is_first_look) {
            return None;
        }
        let (all, here, what): (u32, usize, _) = match self.top() {
            Place::Alerts => (
                replicas().map(|replica| replica.counts().total().alerts()).sum(),
                replicas().map(|replica| replica.fleet().alerts.open().count()).sum(),
                "alerts",
            ),
            Place::Hosts => (
                replicas().map(|replica| replica.counts().total().hosts()).sum(),
                replicas().map(|replica| replica.fleet().hosts.hosts.len()).sum(),
                "hosts",
            ),
            _ => return None,
        };
        Some(format!("{all} {what}, {here} so far"))
    }

    fn own_title(&self, world: World<'_>) -> (&'static str, Vec<(Role, String)>) {
        match self.top() {
            Place::Floor => ("FLOOR", self.floor.facts()),
            Place::Alerts => ("ALERTS", self.alerts.facts(world)),
            Place::Hosts => ("HOSTS", self.hosts.facts()),
            Place::Journal => ("JOURNAL", self.journal.facts()),
            Place::Backups => ("BACKUPS", self.backups.facts()),
            Place::Backup(..) => ("BACKUP", Vec::new()),
            Place::Windows => ("WINDOWS", self.windows.rows.facts()),
            Place::Window(..) => ("WINDOW", Vec::new()),
            Place::Host(..) => ("HOST", Vec::new()),
            Place::Alert(..) => ("ALERT", Vec::new()),
            Place::Runbook(..) => ("RUNBOOK", Vec::new()),
            Place::Report => ("REPORT", self.report.facts()),
            Place::Commands => ("COMMANDS", self.commands.rows.facts()),
            Place::Command(..) => ("COMMAND", self.command.as_ref().map(CommandScreen::facts).unwrap_or_default()),
            Place::Output(..) => ("OUTPUT", self.output.as_ref().map(OutputScreen::facts).unwrap_or_default()),
        }
    }
}
