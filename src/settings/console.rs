//! The console's settings, `console.toml`, and the fleets it is enrolled in.
//!
//! Each fleet is a directory `fleets/NAME` with the operator's credential and `fleet.toml`, which says where the hub is
//! reached. The directory's name is the fleet's local name, so that the list and the directories never disagree.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fleet::words::Severity;
use crate::fleet::words::ids::is_plain_name;
use crate::settings::address;
use crate::settings::problem::Problems;
use crate::settings::reader::{Reader, Section, read_file, unreadable};

/// How many colours the console uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColorMode {
    /// What the terminal says it can, none with `NO_COLOR`.
    #[default]
    Auto,
    /// None: state is glyph, word and position.
    Never,
    /// The terminal's own 16 colours.
    Ansi16,
    /// The 256 colours of xterm.
    Ansi256,
    /// 24 bits.
    TrueColor,
}

impl ColorMode {
    /// All modes.
    pub const ALL: [Self; 5] = [Self::Auto, Self::Never, Self::Ansi16, Self::Ansi256, Self::TrueColor];

    /// `auto`, `never`, `16`, `256` or `true`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Never => "never",
            Self::Ansi16 => "16",
            Self::Ansi256 => "256",
            Self::TrueColor => "true",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// How the bell rings for alerts of a severity that nobody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ring {
    /// Not at all.
    Off,
    /// Once for each that comes.
    Once,
    /// Again and again until somebody has them.
    Repeat,
}

impl Ring {
    const ALL: [Self; 3] = [Self::Off, Self::Once, Self::Repeat];

    const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Once => "once",
            Self::Repeat => "repeat",
        }
    }
}

/// The bell of this seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bell {
    /// For critical alerts.
    pub critical: Ring,
    /// For warnings.
    pub warning: Ring,
    /// How often it rings again.
    pub every: Duration,
    /// How often it rings at most while the person says that they are awake.
    pub awake: Duration,
}

impl Default for Bell {
    fn default() -> Self {
        Self {
            critical: Ring::Repeat,
            warning: Ring::Once,
            every: Duration::from_secs(30),
            awake: Duration::from_secs(300),
        }
    }
}

/// The console's settings. The default is what counts without a file; the command line wins over both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// The theme's name.
    pub theme: Option<String>,
    /// How many colours.
    pub color: Option<ColorMode>,
    /// Only ASCII characters.
    pub ascii: bool,
    /// Key bindings that are merged over the default ones.
    pub keymap: Option<PathBuf>,
    /// The bell: `[bell]`.
    pub bell: Bell,
    /// The gravity from which alerts are told on the desktop: `[notices] from`; critical ones unless told otherwise.
    pub notices: Notices,
}

/// Which alerts are told on the desktop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notices {
    /// None.
    Off,
    /// Critical ones.
    #[default]
    Critical,
    /// All.
    Warning,
}

impl Notices {
    /// The least grave alert that is told; `None` where none is.
    #[must_use]
    pub const fn from(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Critical => Some(Severity::Critical),
            Self::Warning => Some(Severity::Warning),
        }
    }
}

fn bell(section: &mut Section<'_>) -> Bell {
    let usual = Bell::default();
    let mut ring = |key, usual| {
        let of = |word: &str| Ring::ALL.into_iter().find(|ring| ring.word() == word);
        section.word(key, &Ring::ALL.map(Ring::word), of).unwrap_or(usual)
    };
    let (critical, warning) = (ring("critical", usual.critical), ring("warning", usual.warning));
    let limits = Duration::from_secs(5)..=Duration::from_secs(3_600);
    let every = section.duration("every", limits.clone()).unwrap_or(usual.every);
    let awake = section.duration("awake", limits).unwrap_or(usual.awake);
    section.refuse_unknown();
    Bell { critical, warning, every, awake }
}

fn notices(section: &mut Section<'_>) -> Notices {
    let from = section.word("from", &["off", "critical", "warning"], |word| match word {
        "off" => Some(Notices::Off),
        "critical" => Some(Notices::Critical),
        "warning" => Some(Notices::Warning),
        _ => None,
    });
    section.refuse_unknown();
    from.unwrap_or_default()
}

/// Reads `console.toml` in the console's directory; the default where there is none. A relative keymap is meant from
/// that directory.
///
/// # Errors
/// All problems of the file.
pub fn load(console: &Path) -> Result<ConsoleSettings, Problems> {
    let path = console.join("console.toml");
    let Some(text) = read_file(&path)? else { return Ok(ConsoleSettings::default()) };
    let mut settings = ConsoleSettings::default();
    read_toml(&path, &text, |top| {
        settings.bell = top.section("bell").as_mut().map(bell).unwrap_or_default();
        settings.notices = top.section("notices").as_mut().map(notices).unwrap_or_default();
        settings.theme = top.string("theme", "the name of a theme");
        settings.color = top.word("color", &ColorMode::ALL.map(ColorMode::word), ColorMode::from_word);
        settings.ascii = top.flag("ascii").unwrap_or(false);
        settings.keymap = top.string("keymap", "the path of a file").map(|keymap| console.join(keymap));
    })?;
    Ok(settings)
}

fn read_toml(path: &Path, text: &str, read: impl FnOnce(&mut Section<'_>)) -> Result<(), Problems> {
    let file = path.display().to_string();
    let reader = Reader::new(&file, text, (&[], ""));
    reader.read(read);
    let mut problems = reader.into_problems();
    problems.sort();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// A fleet the console is enrolled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolledFleet {
    /// Its local name.
    pub name: String,
    /// Where its credential lies.
    pub directory: PathBuf,
    /// Where its hub's link port is reached, `HOST:PORT`, in the order to try.
    pub hubs: Vec<String>,
}

fn all_fleets(console: &Path) -> PathBuf {
    console.join("fleets")
}

/// The fleets the console is enrolled in, by name.
///
/// # Errors
/// When a directory or one of the files can't be read.
pub fn fleets(console: &Path) -> Result<Vec<EnrolledFleet>, Problems> {
    let directory = all_fleets(console);
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&directory, &error)),
    };
    let mut fleets = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(&directory, &error))?;
        let Some(name) = entry.file_name().to_str().filter(|name| is_plain_name(name)).map(str::to_owned) else {
            continue;
        };
        let path = entry.path().join("fleet.toml");
        // Without the file an enrolment was broken off before it ended.
        let Some(text) = read_file(&path)? else { continue };
        let mut hubs = Vec::new();
        read_toml(&path, &text, |top| {
            hubs = top.strings("hub").unwrap_or_default();
            for (what, fix) in hubs.iter().filter_map(|hub| address::refuse(hub)) {
                top.problem("hub", what, fix);
            }
            if hubs.is_empty() {
                top.problem("hub", "there is no address", "write hub = [\"HOST:PORT\"]");
            }
        })?;
        fleets.push(EnrolledFleet { name, directory: entry.path(), hubs });
    }
    fleets.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(fleets)
}

/// Why a fleet could not be entered, renamed or left.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The name can't be a directory's.
    #[error(
        "{0:?} can't be a fleet's name: use 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit"
    )]
    Name(String),
    /// There is no such fleet.
    #[error("no fleet {0} is enrolled here: see `watchfloor fleet list`")]
    Unknown(String),
    /// There is one already.
    #[error("a fleet {0} is enrolled here already: choose another name")]
    Taken(String),
    /// The system refused.
    #[error("{doing} {path}: {source}", path = .path.display())]
    Io {
        /// What was attempted, as `cannot write`.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> FleetError {
    let path = path.to_owned();
    move |source| FleetError::Io { doing, path, source }
}

/// The directory a fleet of this local name has or would have.
///
/// # Errors
/// When the name is no plain name.
pub fn fleet_directory(console: &Path, name: &str) -> Result<PathBuf, FleetError> {
    if is_plain_name(name) { Ok(all_fleets(console).join(name)) } else { Err(FleetError::Name(name.to_owned())) }
}

/// The name itself where no fleet has it, else the name with `-2`, `-3`, …
///
/// # Errors
/// When the name is no plain name.
pub fn free_name(console: &Path, wanted: &str) -> Result<String, FleetError> {
    let is_free = |name: &str| fleet_directory(console, name).map(|directory| !directory.join("fleet.toml").exists());
    if is_free(wanted)? {
        return Ok(wanted.to_owned());
    }
    for number in 2_u32.. {
        let name = format!("{wanted}-{number}");
        if is_free(&name)? {
            return Ok(name);
        }
    }
    Err(FleetError::Taken(wanted.to_owned()))
}

/// Writes where the hub is reached. Call it last when enrolling: a directory without this file is no fleet.
///
/// # Errors
/// When the system refuses.
pub fn write_hubs(directory: &Path, hubs: &[String]) -> Result<(), FleetError> {
    let path = directory.join("fleet.toml");
    let list = toml::Value::from(hubs.to_vec());
    let text = format!("# Where the hub's link port is reached, in the order to try.\nhub = {list}\n");
    std::fs::create_dir_all(directory).map_err(failed("cannot make the directory", directory))?;
    let new = directory.join("fleet.toml.new");
    std::fs::write(&new, text).map_err(failed("cannot write", &new))?;
    std::fs::rename(&new, &path).map_err(failed("cannot replace", &path))
}

/// Gives a fleet another local name.
///
/// # Errors
/// When there is no such fleet, the new name is taken or no plain name, or the system refuses.
pub fn rename_fleet(console: &Path, name: &str, to: &str) -> Result<(), FleetError> {
    let (from, into) = (fleet_directory(console, name)?, fleet_directory(console, to)?);
    if !from.join("fleet.toml").exists() {
        return Err(FleetError::Unknown(name.to_owned()));
    }
    if into.exists() {
        return Err(FleetError::Taken(to.to_owned()));
    }
    std::fs::rename(&from, &into).map_err(failed("cannot rename", &from))
}

/// Removes a fleet with its credential from this console.
///
/// # Errors
/// When there is no such fleet, or the system refuses.
pub fn leave_fleet(console: &Path, name: &str) -> Result<(), FleetError> {
    let directory = fleet_directory(console, name)?;
    if !directory.exists() {
        return Err(FleetError::Unknown(name.to_owned()));
    }
    std::fs::remove_dir_all(&directory).map_err(failed("cannot remove", &directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_mistakes_named() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(load(home.path()).unwrap(), ConsoleSettings::default());
        let file = home.path().join("console.toml");
        std::fs::write(&file, "theme = \"light\"\ncolor = \"16\"\nascii = true\nkeymap = \"keys.toml\"\n").unwrap();
        let settings = load(home.path()).unwrap();
        assert_eq!((settings.color, settings.ascii), (Some(ColorMode::Ansi16), true));
        assert_eq!(settings.keymap, Some(home.path().join("keys.toml")));
        assert_eq!((settings.bell, settings.notices), (Bell::default(), Notices::Critical));
        let text = "[bell]\ncritical = \"once\"\nwarning = \"off\"\nevery = \"1m\"\nawake = \"10m\"\n[notices]\nfrom = \"warning\"\n";
        std::fs::write(&file, text).unwrap();
        let settings = load(home.path()).unwrap();
        let set = Bell {
            critical: Ring::Once,
            warning: Ring::Off,
            every: Duration::from_secs(60),
            awake: Duration::from_secs(600),
        };
        assert_eq!((settings.bell, settings.notices), (set, Notices::Warning));
        std::fs::write(&file, "[bell]\ncritical = \"loud\"\nevery = \"1s\"\n[notices]\nform = \"off\"\n").unwrap();
        let problems = load(home.path()).unwrap_err().to_string();
        assert!(problems.contains("console.toml:2: bell.critical: \"loud\" is not known here"), "{problems}");
        assert!(problems.contains("console.toml:3: bell.every: \"1s\" is out of bounds"), "{problems}");
        assert!(
            problems.contains("console.toml:5: notices.form: there is no such key: did you mean from"),
            "{problems}"
        );
        std::fs::write(&file, "thema = \"light\"\ncolor = 16\n").unwrap();
        let problems = load(home.path()).unwrap_err().to_string();
        assert!(problems.contains("console.toml:1: thema: there is no such key: did you mean theme?"), "{problems}");
        assert!(problems.contains("console.toml:2: color: this is a number: write one of auto, never"), "{problems}");
    }

    #[test]
    fn fleets_are_entered_renamed_and_left() {
        let home = tempfile::tempdir().unwrap();
        let console = home.path();
        assert!(fleets(console).unwrap().is_empty());
        for expected in ["north", "north-2", "north-3"] {
            let name = free_name(console, "north").unwrap();
            assert_eq!(name, expected);
            write_hubs(&fleet_directory(console, &name).unwrap(), &["hub:7440".to_owned()]).unwrap();
        }
        rename_fleet(console, "north-2", "south").unwrap();
        assert!(matches!(rename_fleet(console, "north", "south"), Err(FleetError::Taken(_))));
        assert!(matches!(rename_fleet(console, "north", "../south"), Err(FleetError::Name(_))));
        leave_fleet(console, "north-3").unwrap();
        assert!(matches!(leave_fleet(console, "north-3"), Err(FleetError::Unknown(_))));
        // A broken-off enrolment is no fleet, and its name is free.
        std::fs::create_dir(console.join("fleets/half")).unwrap();
        let all = fleets(console).unwrap();
        assert_eq!(all.iter().map(|fleet| fleet.name.as_str()).collect::<Vec<_>>(), ["north", "south"]);
        assert_eq!(all[0].hubs, ["hub:7440"]);
        assert_eq!(free_name(console, "half").unwrap(), "half");
    }
}
