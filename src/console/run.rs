//! The console's loop: signals, then input, then links (so many a turn), then the frame that is due.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;

use crate::console::app::{App, Order, Seat, screens_with_views};
use crate::console::desktop::Desktop;
use crate::console::files::FileError;
use crate::console::input::Input;
use crate::console::link_task::{FromLink, LinkConfig, LinkHandle, News, Reach, spawn};
use crate::console::new_file::write_new;
use crate::console::own_files::OwnFiles;
use crate::console::replica::{FleetIndex, Replica};
use crate::console::screens::world::Place;
use crate::console::terminal::{Cause, Events, Signal, Signals, Terminal, TerminalError, install_panic_hook};
use crate::console::theme::Role;
use crate::settings::console::{Bell, Notices};
use crate::settings::views;

/// News that may wait for the loop; a link waits where it is full.
const NEWS: usize = 256;
/// Notices that no desktop took and the terminal is to tell.
const NOTICES: usize = 4;
/// News taken in before input and frames are looked at again.
const NEWS_A_TURN: usize = 32;
/// Clock and ages move on this often.
const SECOND: Duration = Duration::from_secs(1);

/// What a console is started with.
#[derive(Debug)]
pub struct Setup {
    /// Each fleet's local name and how its hub is reached.
    pub fleets: Vec<(String, Reach)>,
    /// How the person sits.
    pub seat: Seat,
    /// Where the person's theme and key map come from.
    pub own: OwnFiles,
    /// What is wrong with those, so that what comes with the program serves.
    pub wrong_files: Vec<FileError>,
    /// Where saved views lie.
    pub views: PathBuf,
    /// How the bell rings, and what is told on the desktop.
    pub bell: (Bell, Notices),
    /// The first screen.
    pub start: Place,
}

/// Runs the console until the person leaves or the terminal goes. The first frame is painted before any hub is dialled.
///
/// # Errors
/// There is no terminal that can be used.
pub async fn run(setup: Setup) -> Result<(), TerminalError> {
    install_panic_hook();
    let mut signals = Signals::catch()?;
    let mut terminal = Terminal::open()?;
    let now = Instant::now();
    let replicas = setup.fleets.iter().map(|(name, _)| Replica::new(name, now)).collect();
    let mut app = App::new(replicas, setup.seat, setup.start);
    app.set_views(views::load(&setup.views, &screens_with_views()));
    app.set_bell(setup.bell.0, setup.bell.1);
    app.wrong_files(&setup.wrong_files);
    paint(&mut terminal, &mut app, now)?;
    let (out, mut news) = mpsc::channel(NEWS);
    let (look, _) = watch::channel(app.look());
    let links: Vec<LinkHandle> = setup
        .fleets
        .into_iter()
        .enumerate()
        .map(|(at, (_, reach))| spawn(LinkConfig { fleet: FleetIndex(at), reach, look: look.subscribe() }, out.clone()))
        .collect();
    let (said, mut words) = mpsc::channel(1);
    let (untold, mut for_terminal) = mpsc::channel(NOTICES);
    let desktop = Desktop::start(untold);
    let mut console = Console { app, links, said, own: setup.own, views: setup.views, desktop };
    let mut events = Some(Events::start());
    let mut second = now + SECOND;
    loop {
        let now = Instant::now();
        if now >= second {
            second = now + SECOND;
            terminal.want_frame(Cause::Passive);
            if console.own.have_changed() {
                console.reload();
            }
        }
        let (scanned, orders) = console.app.turn(now);
        if scanned {
            terminal.want_frame(Cause::Outcome);
        }
        if console.carry_out(orders, &mut terminal, &mut events) {
            return Ok(());
        }
        if terminal.next_frame_at(now).is_some_and(|due| due <= now) {
            paint(&mut terminal, &mut console.app, now)?;
            let looks = console.app.look();
            look.send_if_modified(|look| std::mem::replace(look, looks) != looks);
        }
        let due = terminal.next_frame_at(now).map_or(second, |due| due.min(second));
        let due = if console.app.is_busy() { now } else { due };
        tokio::select! {
            biased;
            signal = signals.next() => match signal {
                Signal::Terminate | Signal::Hangup => return Ok(()),
                Signal::Stop => stop(&mut terminal, &mut events),
                Signal::Continue => {
                    // A reader from before the stop would keep the first keys for itself.
                    drop(events.take());
                    terminal.resume()?;
                    events = Some(Events::start());
                }
                Signal::Reload => {
                    console.reload();
                    terminal.want_frame(Cause::Outcome);
                }
                Signal::Resized => terminal.follow_size(),
            },
            inputs = next_inputs(&mut events) => {
                if console.take_inputs(inputs, &mut terminal, &mut events) {
                    return Ok(());
                }
            }
            Some(first) = news.recv() => console.take_news(first, &mut news, &mut terminal),
            Some((role, text)) = words.recv() => {
                console.app.say(role, text);
                terminal.want_frame(Cause::Outcome);
            }
            Some(notice) = for_terminal.recv() => terminal.tell(&notice.title, &notice.body),
            flushed = terminal.flushed() => flushed?,
            () = sleep_until(due.into()) => {}
        }
    }
}

async fn next_inputs(events: &mut Option<Events>) -> Vec<Input> {
    match events {
        Some(events) => events.next_batch().await,
        None => std::future::pending().await,
    }
}

/// Stops the program, as Ctrl-Z does; where no shell stands by to wake it, nothing happens.
fn stop(terminal: &mut Terminal, events: &mut Option<Events>) {
    drop(events.take());
    if !terminal.stop() {
        *events = Some(Events::start());
    }
}

fn paint(terminal: &mut Terminal, app: &mut App, now: Instant) -> Result<(), TerminalError> {
    app.refresh(terminal.area(), now);
    terminal.draw(now, |area, buf| app.render(area, buf, now))?;
    Ok(())
}

struct Console {
    app: App,
    links: Vec<LinkHandle>,
    /// What became of files.
    said: mpsc::Sender<(Role, String)>,
    own: OwnFiles,
    views: PathBuf,
    desktop: Desktop,
}

impl Console {
    /// Takes inputs in; whether the person leaves.
    fn take_inputs(&mut self, inputs: Vec<Input>, terminal: &mut Terminal, events: &mut Option<Events>) -> bool {
        for input in inputs {
            if let Input::Resize { width, height } = input {
                terminal.resize(width, height);
            }
            let stamp = terminal.stamp();
            let Some(orders) = self.app.input(input, stamp, Instant::now()) else { continue };
            terminal.want_frame(Cause::Person);
            if self.carry_out(orders, terminal, events) {
                return true;
            }
        }
        false
    }

    /// Takes news in, so many a turn, so that input is never starved.
    fn take_news(&mut self, first: FromLink, more: &mut mpsc::Receiver<FromLink>, terminal: &mut Terminal) {
        let rest = std::iter::from_fn(|| more.try_recv().ok());
        for FromLink { fleet, news } in std::iter::once(first).chain(rest).take(NEWS_A_TURN) {
            let now = Instant::now();
            let changed = match news {
                News::Update(update) => {
                    let (changed, what) = self.app.update(fleet, update, now);
                    if let Some(retired) = what.retired {
                        // Freeing a whole fleet takes longer than a frame may.
                        drop(tokio::task::spawn_blocking(move || drop(retired)));
                    }
                    changed
                }
                News::ActDone { tag, end } => {
                    self.app.act_ended(fleet, tag, end);
                    terminal.want_frame(Cause::Outcome);
                    true
                }
                News::Answer(answer) => self.app.answer(fleet, answer),
                News::Trouble(what) => {
                    self.app.trouble(fleet, &what);
                    true
                }
            };
            // Nobody waits at a wall: the next second's frame shows what changed.
            if changed && !self.app.is_wall() {
                terminal.want_frame(Cause::Passive);
            }
        }
    }

    /// Reads theme and key map again.
    fn reload(&mut self) {
        let (theme, keymap) = self.own.read();
        self.app.reload(theme, keymap);
    }

    fn read_views(&mut self) {
        self.app.set_views(views::load(&self.views, &screens_with_views()));
    }

    /// Writes a new file in the current directory, beside the loop, since a disk may take its time.
    fn write(&self, name: String, text: String) {
        let said = self.said.clone();
        drop(tokio::task::spawn_blocking(move || {
            let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
            let words = write_new(&folder, &name, text.as_bytes());
            // the loop has ended, and nobody reads it any more
            let _ = said.blocking_send(words);
        }));
    }

    /// Carries orders out; whether to leave.
    fn carry_out(&mut self, orders: Vec<Order>, terminal: &mut Terminal, events: &mut Option<Events>) -> bool {
        for order in orders {
            match order {
                Order::Ask(fleet, ask) => {
                    if let Some(Err(ask)) = self.links.get(fleet.0).map(|link| link.ask(ask)) {
                        self.app.not_taken(fleet, &ask);
                    }
                }
                Order::Copy(text) => {
                    if !terminal.copy(&text) {
                        self.app.not_copied();
                    }
                }
                Order::Write { name, text } => self.write(name, text),
                Order::Leave => return true,
                Order::Repaint => terminal.repaint(),
                Order::Stop => stop(terminal, events),
                Order::Reload => self.reload(),
                Order::Ring => terminal.bell(),
                Order::Tell(notice) => {
                    if let Err(notice) = self.desktop.tell(notice) {
                        terminal.tell(&notice.title, &notice.body);
                    }
                }
                Order::ReadViews => self.read_views(),
                Order::KeepView(view) => {
                    let kept = views::save(&self.views, &view);
                    self.read_views();
                    let told = kept.map(|file| file.display().to_string()).map_err(|problems| problems.to_string());
                    self.app.kept(&view, told);
                }
                Order::NextTheme => {
                    let next = self.own.next_theme(self.app.theme().name());
                    self.app.dress(next);
                }
            }
        }
        false
    }
}
