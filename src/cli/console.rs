//! `watchfloor console`, and `watchfloor` alone: the full-screen console.

use std::path::Path;
use std::sync::Arc;

use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};

use crate::cli::arguments;
use crate::cli::exit::Failure;
use crate::cli::local::Local;
use crate::cli::reach::tls;
use crate::console::app::Seat;
use crate::console::files::FileError;
use crate::console::link_task::Reach;
use crate::console::mask::Mask;
use crate::console::own_files::OwnFiles;
use crate::console::plain::{PlainSetup, Verdict, run as run_plain};
use crate::console::run::{Setup, run as run_console};
use crate::console::screens::world::Place;
use crate::console::terminal::{Ability, ColourChoice, ColourDepth};
use crate::console::theme::Theme;
use crate::link::Address;
use crate::link::socket_path::find_socket;
use crate::settings::console::{self, Bell, ColorMode, EnrolledFleet, Notices};
use crate::settings::directories::Directories;
use crate::settings::hub::system_zone;
use crate::trust::files::{make_private_dir, read_private, write_private};

/// Bytes of the secret that goes into a mask's codes.
const MASK_SECRET: usize = 32;

/// What the flags and the person's own files make of this console.
struct Desk {
    seat: Seat,
    own: OwnFiles,
    wrong_files: Vec<FileError>,
    bell: (Bell, Notices),
}

/// Each fleet's name and how its hub is reached.
type Fleets = Vec<(String, Reach)>;

/// Runs the console; returns when the person has left.
pub fn run(asked: &arguments::Console, directories: &Directories) -> Result<(), Failure> {
    if asked.plain && asked.wall {
        return Err(Failure::usage("--wall is a screen and --plain writes lines: choose one of them"));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(serve(asked, directories));
    // A hub that hangs at its end must not keep the person from their shell.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    result
}

async fn serve(asked: &arguments::Console, directories: &Directories) -> Result<(), Failure> {
    let (fleets, local) = fleets(asked, directories)?;
    let result = if asked.plain { lines(fleets).await } else { screens(asked, directories, fleets).await };
    if let Some(local) = local {
        local.end().await;
    }
    result
}

/// The console as lines.
async fn lines(fleets: Fleets) -> Result<(), Failure> {
    match run_plain(PlainSetup { fleets, zone: system_zone() }).await {
        Ok(Verdict::Heard) => Ok(()),
        Ok(Verdict::Refused(why)) => Err(Failure::failed(why)),
        Ok(Verdict::NotPermitted(why)) => Err(Failure::not_permitted(why)),
        Ok(Verdict::NoHub(why)) => Err(Failure::no_hub(why)),
        Err(error) => Err(Failure::failed(format!("lines can't be written to standard output: {error}"))),
    }
}

/// The console as screens.
async fn screens(asked: &arguments::Console, directories: &Directories, fleets: Fleets) -> Result<(), Failure> {
    let Desk { seat, own, wrong_files, bell } = seat(asked, directories)?;
    let start = match asked.screen {
        Some(arguments::Screen::Alerts) => Place::Alerts,
        Some(arguments::Screen::Hosts) => Place::Hosts,
        Some(arguments::Screen::Commands) => Place::Commands,
        Some(arguments::Screen::Journal) => Place::Journal,
        Some(arguments::Screen::Backups) => Place::Backups,
        Some(arguments::Screen::Floor) | None => Place::Floor,
    };
    // The names and filters of saved views tell clients; a console that masks keeps its own.
    let views = directories.console.join(if asked.mask { "views-masked" } else { "views" });
    run_console(Setup { fleets, seat, own, wrong_files, views, bell, start }).await.map_err(Failure::failed)
}

/// The fleets asked for by name and reach; this machine's own hub and agent where there is none, until it is ended.
fn fleets(asked: &arguments::Console, directories: &Directories) -> Result<(Fleets, Option<Local>), Failure> {
    let mask = if asked.mask { Some(Arc::new(mask(&directories.console, fill_randomly)?)) } else { None };
    let enrolled: Vec<EnrolledFleet> = console::fleets(&directories.console)?;
    let wanted = |fleet: &&EnrolledFleet| asked.fleet.is_empty() || asked.fleet.contains(&fleet.name);
    let mut fleets: Fleets =
        enrolled.iter().filter(wanted).map(|fleet| (fleet.name.clone(), of_enrolled(fleet.clone()))).collect();
    let unknown = asked.fleet.iter().find(|name| enrolled.iter().all(|fleet| fleet.name != **name));
    let mut local = None;
    if fleets.is_empty() && asked.fleet.is_empty() {
        let own = Local::start(directories.hub.clone());
        fleets.push(("local".to_owned(), own.reach()));
        local = Some(own);
    } else if find_socket(&directories.hub).exists() && asked.fleet.is_empty() {
        let data = directories.hub.clone();
        fleets.push(("local".to_owned(), Reach::new(move || Ok((vec![Address::Unix(find_socket(&data))], None)))));
    } else if let Some(unknown) = unknown {
        return Err(Failure::usage(format!("no fleet {unknown} is enrolled here: see `watchfloor fleet list`")));
    }
    if let Some(mask) = mask {
        let hide = |(name, reach): (String, Reach)| (mask.fleet(&name), reach.masked(Arc::clone(&mask)));
        fleets = fleets.into_iter().map(hide).collect();
    }
    Ok((fleets, local))
}

fn fill_randomly(secret: &mut [u8]) -> Result<(), Unspecified> {
    SystemRandom::new().fill(secret)
}

/// A mask whose codes stay the same on this machine, where its secret can be kept. Without a secret anybody could try out
/// names against the codes.
fn mask(console: &Path, random: fn(&mut [u8]) -> Result<(), Unspecified>) -> Result<Mask, Failure> {
    let path = console.join("mask.key");
    if let Ok(secret) = read_private(&path)
        && secret.len() == MASK_SECRET
    {
        return Ok(Mask::new(&secret));
    }
    let mut secret = [0; MASK_SECRET];
    random(&mut secret).map_err(|_| {
        Failure::failed("--mask needs a secret, and the system's random source failed: try again, or leave --mask out")
    })?;
    // Where it can't be kept, the codes hold until the console ends.
    let kept = make_private_dir(console).and_then(|()| write_private(&path, &secret));
    if let Err(error) = kept {
        tracing::warn!(%error, "the codes of --mask will be others next time");
    }
    Ok(Mask::new(&secret))
}

fn seat(asked: &arguments::Console, directories: &Directories) -> Result<Desk, Failure> {
    let settings = console::load(&directories.console)?;
    let choice = match asked.color.or(settings.color).unwrap_or_default() {
        ColorMode::Auto => ColourChoice::Auto,
        ColorMode::Never => ColourChoice::Fixed(ColourDepth::None),
        ColorMode::Ansi16 => ColourChoice::Fixed(ColourDepth::Sixteen),
        ColorMode::Ansi256 => ColourChoice::Fixed(ColourDepth::Indexed),
        ColorMode::TrueColor => ColourChoice::Fixed(ColourDepth::True),
    };
    let ability = Ability::of(choice, asked.ascii || settings.ascii, |name| std::env::var(name).ok());
    let named = asked.theme.as_deref().or(settings.theme.as_deref());
    let themes = directories.console.join("themes");
    if let Some(wrong) = asked.theme.as_deref().filter(|name| !Theme::exists(name, Some(&themes))) {
        let known = Theme::names(ability, Some(&themes)).join(", ");
        return Err(Failure::usage(format!("--theme {wrong}: there is no such theme; choose one of {known}")));
    }
    let keymap = settings.keymap.unwrap_or_else(|| directories.console.join("keys.toml"));
    let mut own = OwnFiles::new(named.map(str::to_owned), ability, Some(themes), Some(keymap));
    let (theme, keymap, wrong_files) = own.begin().map_err(Failure::failed)?;
    // Acts by filter would name what the mask hides.
    let read_only = asked.read_only || asked.wall || asked.mask;
    let bell = (settings.bell, settings.notices);
    let seat = Seat { theme, keymap, read_only, wall: asked.wall, zone: system_zone() };
    Ok(Desk { seat, own, wrong_files, bell })
}

/// Credential and addresses are read at each attempt, so that a renewed certificate counts.
fn of_enrolled(fleet: EnrolledFleet) -> Reach {
    let credential = fleet.directory.clone();
    Reach::new(move || {
        let addresses = fleet.hubs.iter().cloned().map(Address::Tcp).collect();
        let tls = tls(&fleet)?;
        Ok((addresses, Some(tls)))
    })
    .renewed_in(credential)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::exit::Exit;

    #[test]
    fn a_mask_keeps_its_secret_and_is_refused_where_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let console = folder.path().join("console");
        let refused = mask(&console, |_| Err(Unspecified)).unwrap_err();
        assert_eq!(refused.exit, Exit::Failed);
        assert!(refused.message.contains("random source") && !console.join("mask.key").exists(), "{refused:?}");
        let first = mask(&console, fill_randomly).unwrap().fleet("acme");
        let again = mask(&console, |_| Err(Unspecified)).unwrap().fleet("acme");
        assert_eq!(first, again, "what is kept serves where there is no randomness");
    }
}
