//! Which fleets a verb means, and connections to them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::join_all;

use crate::cli::arguments::Fleets;
use crate::cli::exit::Failure;
use crate::fleet::words::ids::is_plain_name;
use crate::fleet::words::{SafeText, Timestamp};
use crate::link::socket_path::find_socket;
use crate::link::{Address, Class, Connection, LinkError, Tls, dial, hello};
use crate::settings::console::{EnrolledFleet, fleets as enrolled_fleets};
use crate::settings::directories::Directories;
use crate::trust::Credential;
use crate::trust::tls_client::{hub_server_name, link_client};
use crate::wire::pb::HelloReply;

const NOTHING_HERE: &str = "no fleet is enrolled here and no hub runs on this machine: start one with `watchfloor hub`, join one with `watchfloor enrol TOKEN`, or name a hub's data directory with --data";

/// How a fleet's hub is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Route {
    /// The socket of the hub whose data lies here.
    Socket(PathBuf),
    /// With the credential of an enrolled fleet.
    Enrolled(EnrolledFleet),
}

/// A fleet that a verb may mean.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    route: Route,
    /// Only meant if it is there: the local hub beside enrolled fleets.
    optional: bool,
}

/// A fleet whose hub answered.
#[derive(Debug)]
pub struct FleetLink {
    /// Its local name.
    pub name: String,
    /// What its hub said of itself and of us.
    pub hello: HelloReply,
    connection: Connection,
    route: Route,
}

/// A fleet that was meant and could not be reached.
#[derive(Debug)]
pub struct Missed {
    /// Its local name, or the data directory.
    pub name: String,
    /// Why.
    pub failure: Failure,
}

/// The fleets a verb means.
#[derive(Debug, Default)]
pub struct Meant {
    /// Those that answered, by name.
    pub links: Vec<FleetLink>,
    /// Those that did not.
    pub missed: Vec<Missed>,
}

impl FleetLink {
    /// The connection.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The hub's wall time when it greeted.
    #[must_use]
    pub const fn hub_time(&self) -> Timestamp {
        Timestamp(self.hello.hub_time)
    }

    /// The same fleet over the same connection, for a second use of it at the same time.
    #[must_use]
    pub fn again(&self) -> Self {
        let Self { name, hello, connection, route } = self;
        Self { name: name.clone(), hello: hello.clone(), connection: connection.clone(), route: route.clone() }
    }

    /// Connects anew, after the connection was lost.
    ///
    /// # Errors
    /// When the hub can't be reached any more.
    pub async fn redial(&mut self) -> Result<(), LinkError> {
        let (connection, hello) = connect(&self.route).await?;
        self.connection = connection;
        self.hello = hello;
        Ok(())
    }

    /// A failure of this fleet, with its name.
    #[must_use]
    pub fn failure(&self, error: &LinkError) -> Failure {
        failure(&self.name, error)
    }
}

impl Meant {
    /// How many fleets are meant, reached or not.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.links.len() + self.missed.len()
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.links
            .iter()
            .map(|link| link.name.as_str())
            .chain(self.missed.iter().map(|missed| missed.name.as_str()))
            .collect()
    }

    /// The only fleet that is meant.
    ///
    /// # Errors
    /// Wrong usage when several are, or why the only one could not be reached.
    pub fn only(mut self, what: &str) -> Result<FleetLink, Failure> {
        if self.count() > 1 {
            let names = self.names().join(", ");
            return Err(Failure::usage(format!(
                "{what} needs one fleet, and {} are meant ({names}): name one with --fleet",
                self.count()
            )));
        }
        match (self.links.pop(), self.missed.pop()) {
            (Some(link), _) => Ok(link),
            (None, Some(missed)) => Err(missed.failure),
            (None, None) => Err(Failure::no_hub(NOTHING_HERE)),
        }
    }
}

/// Connects to the fleets a verb means: those of `--data` and `--fleet`, else every enrolled one and the local hub if it
/// answers, each fleet once. `named` are the fleets its ids name; where there are any, only they are reached.
///
/// # Errors
/// A fleet is named that is not here, what is enrolled can't be read, or nothing is meant. That a fleet does not answer
/// is no error: it is among the missed.
pub async fn reach(fleets: &Fleets, directories: &Directories, named: &BTreeSet<String>) -> Result<Meant, Failure> {
    let enrolled = if fleets.data.is_some() { Vec::new() } else { enrolled_fleets(&directories.console)? };
    let places = places(fleets, &directories.hub, &enrolled, named);
    let answers = join_all(places.into_iter().map(async |place| {
        let answer = connect(&place.route).await;
        (place, answer)
    }));
    let mut meant = Meant::default();
    for (place, answer) in answers.await {
        match (place, answer) {
            (Place { route, .. }, Ok((connection, hello))) => {
                let mut link = FleetLink { name: String::new(), hello, connection, route };
                match &link.route {
                    Route::Enrolled(fleet) => link.name.clone_from(&fleet.name),
                    Route::Socket(_) => name_local(&mut link, &enrolled),
                }
                meant.links.push(link);
            }
            (Place { optional: true, .. }, Err(error)) if error.class() == Class::NoHub => {}
            (Place { route, .. }, Err(error)) => {
                let name = match route {
                    Route::Enrolled(fleet) => fleet.name,
                    Route::Socket(data) => data.display().to_string(),
                };
                meant.missed.push(Missed { failure: failure(&name, &error), name });
            }
        }
    }
    if fleets.fleet.is_empty() && named.is_empty() {
        once_each(&mut meant.links);
    }
    meant.links.sort_by(|a, b| a.name.cmp(&b.name));
    refuse_unknown(fleets, named, &enrolled, &mut meant)?;
    if meant.count() == 0 { Err(Failure::no_hub(NOTHING_HERE)) } else { Ok(meant) }
}

/// Connects to the one fleet a verb needs; `named` is the fleet its id names, if it names one.
///
/// # Errors
/// Wrong usage when several are meant; otherwise why it could not be reached.
pub async fn reach_one(
    fleets: &Fleets,
    directories: &Directories,
    named: Option<&str>,
    what: &str,
) -> Result<FleetLink, Failure> {
    let named = named.map(str::to_owned).into_iter().collect();
    reach(fleets, directories, &named).await?.only(what)
}

fn places(fleets: &Fleets, hub: &Path, enrolled: &[EnrolledFleet], named: &BTreeSet<String>) -> Vec<Place> {
    if let Some(data) = &fleets.data {
        return vec![Place { route: Route::Socket(data.clone()), optional: false }];
    }
    let is_asked = |name: &str| {
        (fleets.fleet.is_empty() || fleets.fleet.iter().any(|asked| asked == name))
            && (named.is_empty() || named.contains(name))
    };
    let is_enrolled = |name: &String| enrolled.iter().any(|fleet| fleet.name == *name);
    let mut places: Vec<Place> = enrolled
        .iter()
        .filter(|fleet| is_asked(&fleet.name))
        .map(|fleet| Place { route: Route::Enrolled(fleet.clone()), optional: false })
        .collect();
    // A name that no enrolled fleet has may be the local hub's.
    let mut asked = fleets.fleet.iter().chain(named).peekable();
    if asked.peek().is_none() || asked.any(|name| !is_enrolled(name)) {
        places.push(Place { route: Route::Socket(hub.to_owned()), optional: true });
    }
    places
}

/// The local hub joins the others; its own name gives way to an enrolled fleet of the same one.
fn name_local(link: &mut FleetLink, enrolled: &[EnrolledFleet]) {
    let mut name = plain_name(&link.hello.fleet_name, &link.hello.fleet);
    if enrolled.iter().any(|fleet| fleet.name == name) {
        name.push_str("-2");
    }
    link.name = name;
}

/// Of several ways into one fleet the one that may do most is taken, an enrolled one before the socket: a fleet is asked
/// once, and its hosts and alerts are counted once.
fn once_each(links: &mut Vec<FleetLink>) {
    let worth = |link: &FleetLink| (link.hello.role, matches!(link.route, Route::Enrolled(_)));
    links.sort_by(|a, b| worth(b).cmp(&worth(a)).then_with(|| a.name.cmp(&b.name)));
    let mut seen = BTreeSet::new();
    links.retain(|link| seen.insert(link.hello.fleet.clone()));
}

/// Refuses names that turned out to be no fleet's; a local hub that nobody named goes.
fn refuse_unknown(
    fleets: &Fleets,
    named: &BTreeSet<String>,
    enrolled: &[EnrolledFleet],
    meant: &mut Meant,
) -> Result<(), Failure> {
    let asked = |name: &str| {
        (fleets.fleet.is_empty() || fleets.fleet.iter().any(|asked| asked == name))
            && (named.is_empty() || named.contains(name))
    };
    let mut known: BTreeSet<String> = enrolled.iter().map(|fleet| fleet.name.clone()).collect();
    known.extend(meant.links.iter().map(|link| link.name.clone()));
    if let Some(unknown) = fleets.fleet.iter().chain(named).find(|name| !known.contains(*name)) {
        if fleets.data.is_some() && meant.links.is_empty() {
            return Ok(()); // The hub did not answer, so its name is not known.
        }
        let known = Vec::from_iter(known);
        let known = if known.is_empty() { "none is".to_owned() } else { format!("there are {}", known.join(", ")) };
        return Err(Failure::usage(format!(
            "no fleet {} is enrolled here, nor is it the local hub's ({known}): see `watchfloor fleet list`",
            SafeText::new(unknown).as_str()
        )));
    }
    if let Some(unasked) = named.iter().find(|name| !asked(name)) {
        return Err(Failure::usage(format!(
            "{unasked} is not among the fleets of --fleet: leave --fleet out, or add it"
        )));
    }
    meant.links.retain(|link| asked(&link.name));
    Ok(())
}

/// The fleet's name as a local one, which can be a directory and stand before the slash of an id.
#[must_use]
pub fn plain_name(fleet_name: &str, id: &str) -> String {
    let plain: String = fleet_name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' })
        .take(60)
        .collect();
    let plain = plain.trim_start_matches(['-', '_', '.']);
    [plain, id].into_iter().find(|name| is_plain_name(name)).unwrap_or("fleet").to_owned()
}

async fn connect(route: &Route) -> Result<(Connection, HelloReply), LinkError> {
    let connection = match route {
        Route::Socket(data) => dial(&[Address::Unix(find_socket(data))], None).await?,
        Route::Enrolled(fleet) => {
            let tls = tls(fleet)?;
            let addresses: Vec<Address> = fleet.hubs.iter().cloned().map(Address::Tcp).collect();
            dial(&addresses, Some(&tls)).await?
        }
    };
    let hello = hello::as_console(&connection).await?;
    Ok((connection, hello))
}

pub fn tls(fleet: &EnrolledFleet) -> Result<Tls, LinkError> {
    let refused = |error: &dyn std::fmt::Display| LinkError::Refused(error.to_string());
    let credential = Credential::load(&fleet.directory).map_err(|error| refused(&error))?;
    let credential = credential.ok_or_else(|| {
        LinkError::Refused(format!(
            "{} holds no credential: enrol anew with `watchfloor enrol TOKEN --as {} --replace`",
            fleet.directory.display(),
            fleet.name
        ))
    })?;
    Ok(Tls {
        config: Arc::new(link_client(&credential).map_err(|error| refused(&error))?),
        name: hub_server_name(&credential.principal().fleet).map_err(|error| refused(&error))?,
    })
}

fn failure(fleet: &str, error: &LinkError) -> Failure {
    let message = format!("{fleet}: {error}");
    match error.class() {
        Class::Refused => Failure::failed(message),
        Class::NoHub => Failure::no_hub(message),
        Class::NotPermitted => Failure::not_permitted(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrolled(names: &[&str]) -> Vec<EnrolledFleet> {
        let fleet = |name: &&str| EnrolledFleet { name: (*name).into(), directory: PathBuf::new(), hubs: Vec::new() };
        names.iter().map(fleet).collect()
    }

    fn asked(names: &[&str]) -> Fleets {
        Fleets { data: None, fleet: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn shown(places: &[Place]) -> Vec<String> {
        let name = |place: &Place| match &place.route {
            Route::Socket(data) => format!("{}{}", data.display(), if place.optional { "?" } else { "" }),
            Route::Enrolled(fleet) => fleet.name.clone(),
        };
        places.iter().map(name).collect()
    }

    #[test]
    fn a_verb_means_what_it_names_else_all_and_the_local_hub() {
        let known = enrolled(&["east", "west"]);
        let hub = Path::new("/hub");
        let data = Fleets { data: Some("/d".into()), fleet: Vec::new() };
        for (fleets, ids, expected) in [
            (asked(&[]), names(&[]), vec!["east", "west", "/hub?"]),
            (asked(&["west"]), names(&[]), vec!["west"]),
            (asked(&["west", "main"]), names(&[]), vec!["west", "/hub?"]),
            (asked(&[]), names(&["east"]), vec!["east"]),
            (asked(&[]), names(&["main"]), vec!["/hub?"]),
            (data, names(&["any"]), vec!["/d"]),
        ] {
            assert_eq!(shown(&places(&fleets, hub, &known, &ids)), expected, "{fleets:?} {ids:?}");
        }
    }

    #[test]
    fn a_name_that_no_fleet_has_is_wrong_usage() {
        let known = enrolled(&["east", "west"]);
        let refused = |fleets: &Fleets, ids: &BTreeSet<String>| {
            refuse_unknown(fleets, ids, &known, &mut Meant::default()).map_err(|failure| failure.exit as u8)
        };
        assert_eq!(refused(&asked(&["north"]), &names(&[])), Err(2));
        assert_eq!(refused(&asked(&[]), &names(&["north"])), Err(2));
        assert_eq!(refused(&asked(&["east"]), &names(&["west"])), Err(2));
        assert_eq!(refused(&asked(&["east"]), &names(&["east"])), Ok(()));
    }

    #[test]
    fn any_name_becomes_one_that_ids_can_hold() {
        assert_eq!(plain_name("noc.example", "abc"), "noc.example");
        assert_eq!(plain_name("our fleet/1", "abc"), "our-fleet-1");
        assert_eq!(plain_name("\u{202e}", "abc"), "abc");
        assert_eq!(plain_name("", ""), "fleet");
    }
}
