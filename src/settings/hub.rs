//! The hub's configuration: `DIR/config/*.toml`, kept by the user, never written by the program.

use std::path::Path;

use jiff::tz::TimeZone;
use ring::digest;

use crate::fleet::configuration::{Configuration, Delivery, OnCallConfiguration, Provenance, Selector};
use crate::fleet::words::nearest::nearest;
use crate::settings::problem::{Problem, Problems};
use crate::settings::reader::{LARGEST_FILE, Reader, read_file, unreadable};
use crate::settings::{backups_file, channels_file, checks_file, fleet_file, pings_file, policies_file};

const FLEET: &str = "fleet.toml";
const CHECKS: &str = "checks.toml";
const BACKUPS: &str = "backups.toml";
const POLICIES: &str = "policies.toml";
const PINGS: &str = "pings.toml";
const BUNDLE_HEAD: &str = "watchfloor configuration 1\n";

/// A valid configuration with the texts it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedConfiguration {
    /// What the texts say.
    pub configuration: Configuration,
    /// The files, by name, in the order of their names.
    pub texts: Vec<(String, String)>,
    /// What is allowed but probably not meant: a client in checks.toml that no fleet.toml names.
    pub warnings: Vec<Problem>,
}

impl LoadedConfiguration {
    /// What counts without any file.
    #[must_use]
    pub fn none(zone: TimeZone) -> Self {
        Self {
            configuration: Configuration { zone, ..Configuration::default() },
            texts: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// All texts as one, to be kept as a blob and read back with [`from_bundle`].
    #[must_use]
    pub fn bundle(&self) -> String {
        self.texts.iter().fold(BUNDLE_HEAD.to_owned(), |bundle, (name, text)| {
            format!("{bundle}file {name} {}\n{text}\n", text.len())
        })
    }

    /// The SHA-256 of the bundle: what an entry and a status name a configuration by.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let digest = digest::digest(&digest::SHA256, self.bundle().as_bytes());
        let mut hash = [0; 32];
        hash.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
        hash
    }
}

/// The time zone of this machine; UTC where it has none.
#[must_use]
pub fn system_zone() -> TimeZone {
    TimeZone::try_system().unwrap_or(TimeZone::UTC)
}

/// Reads and validates all files of a directory; one that does not exist holds none. `zone` counts where the files
/// name none.
///
/// # Errors
/// All problems of all files.
pub fn load(directory: &Path, zone: TimeZone) -> Result<LoadedConfiguration, Problems> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(LoadedConfiguration::none(zone)),
        Err(error) => return Err(unreadable(directory, &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unreadable(directory, &error))?.file_name();
        let name = name.to_string_lossy().into_owned();
        if name.ends_with(".toml") && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    let mut problems = Problems::default();
    let mut texts = Vec::new();
    for name in names {
        match read_file(&directory.join(&name)) {
            Ok(Some(text)) => texts.push((name, text)),
            Ok(None) => {}
            Err(more) => problems.append(more),
        }
    }
    match parse(texts, zone) {
        Ok(loaded) if problems.is_empty() => Ok(loaded),
        Ok(_) => Err(problems),
        Err(more) => {
            problems.append(more);
            Err(problems)
        }
    }
}

/// Validates texts by the names of their files.
///
/// # Errors
/// All problems of all texts.
pub fn parse(mut texts: Vec<(String, String)>, zone: TimeZone) -> Result<LoadedConfiguration, Problems> {
    texts.sort();
    let mut configuration = Configuration { zone: zone.clone(), ..Configuration::default() };
    let mut delivery = Delivery::default();
    let mut oncall = OnCallConfiguration::default();
    let (mut checks, mut backups, mut pings) = (Vec::new(), Vec::new(), Vec::new());
    let mut problems = Problems::default();
    for (name, text) in &texts {
        match name.as_str() {
            FLEET => {
                let (read, more) = fleet_file::read(name, text, zone.clone());
                configuration = read;
                problems.append(more);
            }
            CHECKS => {
                let (read, more) = checks_file::read(name, text);
                checks = read;
                problems.append(more);
            }
            BACKUPS => {
                let (read, more) = backups_file::read(name, text);
                backups = read;
                problems.append(more);
            }
            POLICIES => {
                let reader = Reader::new(name, text, (&[], ""));
                reader.read(|top| {
                    delivery = channels_file::read(name, top);
                    // Who is told when is read below.
                    top.leave_rest();
                });
                problems.append(reader.into_problems());
                // Files come in the order of their names, so the fleet's own time zone is known here.
                let (read, more) = policies_file::read(name, text, &configuration.zone);
                oncall = read;
                problems.append(more);
            }
            PINGS => {
                let (read, more) = pings_file::read(name, text);
                pings = read;
                problems.append(more);
            }
            other => problems.push(unknown_file(other)),
        }
    }
    (configuration.checks, configuration.backups) = (checks, backups);
    (configuration.delivery, configuration.oncall) = (delivery, oncall);
    configuration.pings = pings;
    if problems.is_empty() {
        let warnings = warnings(&configuration);
        return Ok(LoadedConfiguration { configuration, texts, warnings });
    }
    problems.sort();
    Err(problems)
}

fn unknown_file(name: &str) -> Problem {
    let files = format!("{FLEET}, {CHECKS}, {BACKUPS}, {POLICIES} and {PINGS}");
    let fix = match nearest(name, [FLEET, CHECKS, BACKUPS, POLICIES, PINGS]) {
        Some(known) => format!("did you mean {known}? The files are {files}"),
        None => format!("move it away; the files are {files}"),
    };
    Problem { file: name.to_owned(), line: 0, key: String::new(), what: "the hub knows no such file".to_owned(), fix }
}

/// Clients and sites come into being with tokens too, so naming one that no file describes is no error.
fn warnings(configuration: &Configuration) -> Vec<Problem> {
    let mut warnings: Vec<Problem> = Vec::new();
    let routes = configuration.oncall.routes.iter().map(|route| (&route.selector, &route.source));
    for (selector, source) in configuration.checks.iter().map(|rule| (&rule.selector, &rule.source)).chain(routes) {
        let Selector { client: Some(client), site, .. } = selector else { continue };
        let (what, near) = match (configuration.clients.get(client), site) {
            (None, _) => {
                let known = configuration.clients.keys().map(|id| id.as_str());
                (format!("client {client} is not in {FLEET}"), nearest(client.as_str(), known))
            }
            (Some(known), Some(site)) if !known.sites.contains_key(site) => {
                let sites = known.sites.keys().map(|id| id.as_str());
                (format!("site {site} of client {client} is not in {FLEET}"), nearest(site.as_str(), sites))
            }
            _ => continue,
        };
        let fix = match near {
            Some(near) => format!("did you mean {near}?"),
            None => format!("describe it in {FLEET}, unless a token brings it"),
        };
        let problem = warning(source, what, fix);
        if !warnings.iter().any(|earlier| earlier.what == problem.what) {
            warnings.push(problem);
        }
    }
    warnings.extend(nobody(&configuration.oncall));
    warnings
}

/// Where nobody would be told: a fleet may stand so, but its people should know.
fn nobody(oncall: &OnCallConfiguration) -> Vec<Problem> {
    let schedules = oncall.schedules.iter().filter(|schedule| schedule.is_empty()).map(|schedule| {
        let what = format!("nobody is on the schedule {}, so who is told by it is nobody", schedule.name);
        warning(&schedule.source, what, "give it a rotation with members".to_owned())
    });
    let people = oncall.people.iter().filter(|person| person.channels.is_empty()).map(|person| {
        let what = format!("{} has no channel, so a notice to them reaches nobody", person.name);
        warning(&person.source, what, "add channels = [\"CHANNEL:ADDRESS\"]".to_owned())
    });
    schedules.chain(people).collect()
}

fn warning(source: &Provenance, what: String, fix: String) -> Problem {
    Problem { file: source.file.clone(), line: source.line, key: String::new(), what, fix }
}

/// Why a stored bundle can't be read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It was damaged, or is no bundle.
    #[error("the stored configuration is damaged: apply the files again with `watchfloor config reload`")]
    Damaged,
    /// This version no longer takes it.
    #[error(
        "the stored configuration is not valid in this version; mend the files and run `watchfloor config reload`:\n{0}"
    )]
    Invalid(#[from] Problems),
}

/// Reads back what [`LoadedConfiguration::bundle`] made.
///
/// # Errors
/// When it is damaged, or written for another version.
pub fn from_bundle(bundle: &str, zone: TimeZone) -> Result<LoadedConfiguration, BundleError> {
    let mut rest = bundle.strip_prefix(BUNDLE_HEAD).ok_or(BundleError::Damaged)?;
    if bundle.len() as u64 > LARGEST_FILE * 8 {
        return Err(BundleError::Damaged);
    }
    let mut texts = Vec::new();
    while !rest.is_empty() {
        let (head, body) = rest.split_once('\n').ok_or(BundleError::Damaged)?;
        let (name, length) =
            head.strip_prefix("file ").and_then(|head| head.rsplit_once(' ')).ok_or(BundleError::Damaged)?;
        let length: usize = length.parse().map_err(|_| BundleError::Damaged)?;
        let text = body.get(..length).ok_or(BundleError::Damaged)?;
        rest = body.get(length..).and_then(|rest| rest.strip_prefix('\n')).ok_or(BundleError::Damaged)?;
        texts.push((name.to_owned(), text.to_owned()));
    }
    Ok(parse(texts, zone)?)
}
