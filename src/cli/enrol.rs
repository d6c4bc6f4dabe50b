//! `enrol`: join a fleet, with this machine or as one of its people, as the token says.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use nix::unistd::gethostname;

use crate::agent::collectors::Collector;
use crate::cli::arguments::Enrol;
use crate::cli::enrolled_agent::{self, forget_old_identity, write_settings};
use crate::cli::exit::{Exit, Failure};
use crate::cli::id::id;
use crate::cli::output;
use crate::cli::reach::plain_name;
use crate::fleet::words::{FleetId, SafeText};
use crate::link::enrol::{Enrolled, enrol};
use crate::settings::console;
use crate::settings::directories::Directories;
use crate::trust::token::{TOKEN_MAX, is_address};
use crate::trust::{Credential, Token};
use crate::wire::pb::{EnrolReply, OsFacts, Role};

/// Where a spent token's identity goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// This machine's agent.
    Agent(PathBuf),
    /// A fleet of the console, by its local name.
    Console(String, PathBuf),
}

/// Does it.
///
/// # Errors
/// The token is none, can't be spent, or what it grants is here already.
pub async fn run(verb: &Enrol, directories: &Directories) -> Result<(), Failure> {
    let token = Token::decode(&text_of(&verb.token)?).map_err(Failure::failed)?;
    let name = match &verb.name {
        Some(name) => name.clone(),
        None => machine_name()?,
    };
    let os = OsFacts::from(&Collector::new("/").os_facts());
    let mut place = Err(Failure::failed("the hub did not answer"));
    let scratch = directories.console.join("enrolling");
    let enrolled = enrol(&token, &name, Some(os), |reply| {
        place = prepare(verb, directories, &token.fleet, reply);
        match &place {
            Ok(Place::Agent(directory) | Place::Console(_, directory)) => directory.clone(),
            Err(_) => scratch.clone(),
        }
    })
    .await;
    let enrolled = enrolled.map_err(|error| Failure {
        exit: match error.class() {
            crate::link::Class::Refused => Exit::Failed,
            crate::link::Class::NoHub => Exit::NoHub,
            crate::link::Class::NotPermitted => Exit::NotPermitted,
        },
        message: error.to_string(),
    })?;
    match place {
        Ok(Place::Agent(_)) => output::print(&agent_joined(&enrolled.reply)),
        Ok(Place::Console(name, directory)) => {
            console::write_hubs(&directory, &addresses(&enrolled.reply)?)?;
            output::print(&console_joined(&name, &enrolled.reply))
        }
        Err(failure) => {
            discard(&scratch);
            Err(spent(&failure, &enrolled))
        }
    }
}

/// The token, or with `-` the first line of standard input.
fn text_of(token: &str) -> Result<String, Failure> {
    if token != "-" {
        return Ok(token.to_owned());
    }
    let mut text = String::new();
    let most = u64::try_from(TOKEN_MAX).unwrap_or(u64::MAX).saturating_add(64);
    let read = std::io::stdin().lock().take(most).read_to_string(&mut text);
    read.map_err(|error| Failure::failed(format!("cannot read the token from standard input: {error}")))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn machine_name() -> Result<String, Failure> {
    let name = gethostname().ok().map(|name| name.to_string_lossy().into_owned()).filter(|name| !name.is_empty());
    name.ok_or_else(|| Failure::failed("this machine has no host name: give one with --as NAME"))
}

/// Decides where the identity goes once the hub has said what it is for, and prepares what must be there before it.
fn prepare(verb: &Enrol, directories: &Directories, fleet: &FleetId, reply: &EnrolReply) -> Result<Place, Failure> {
    let hubs = addresses(reply)?;
    if reply.role() != Role::Agent {
        return console_place(verb, &directories.console, fleet, reply);
    }
    let directory = directories.agent.clone();
    if let Some(known) = enrolled_agent::known(&directory)? {
        if !verb.replace {
            return Err(Failure::failed(format!(
                "this machine is an agent of fleet {} already; to move it, run `watchfloor enrol TOKEN --replace`",
                known.fleet
            )));
        }
        forget_old_identity(&directory)?;
    }
    // Before the credential: an agent with an identity and no word of its host's owner must not come to be.
    write_settings(&directories.agent_settings(), &hubs, reply.hands())?;
    enrolled_agent::write_host(&directories.agent, reply.host)?;
    Ok(Place::Agent(directory))
}

fn console_place(verb: &Enrol, console: &Path, fleet: &FleetId, reply: &EnrolReply) -> Result<Place, Failure> {
    let wanted = verb.name.clone().unwrap_or_else(|| plain_name(&reply.fleet_name, fleet.as_str()));
    let name = if verb.replace {
        let known = |name: &String| console::fleet_directory(console, name).is_ok_and(|dir| is_of(&dir, fleet));
        // By the name that is given, else whatever the fleet is called here.
        let named_by_fleet = || {
            let fleets = console::fleets(console).unwrap_or_default();
            fleets.into_iter().map(|fleet| fleet.name).find(known)
        };
        if verb.name.is_some() { wanted } else { named_by_fleet().unwrap_or(wanted) }
    } else {
        console::free_name(console, &wanted)?
    };
    let directory = console::fleet_directory(console, &name)?;
    Ok(Place::Console(name, directory))
}

fn is_of(directory: &Path, fleet: &FleetId) -> bool {
    matches!(Credential::load(directory), Ok(Some(credential)) if credential.principal().fleet == *fleet)
}

/// Where the link port is reached, as far as the hub said something that can be dialled.
fn addresses(reply: &EnrolReply) -> Result<Vec<String>, Failure> {
    let sound: Vec<String> = reply.link.iter().filter(|address| is_address(address)).cloned().collect();
    if sound.is_empty() {
        return Err(Failure::failed(
            "the hub named no address of its link port: start it with --advertise HOST, and ask for a new token",
        ));
    }
    Ok(sound)
}

fn discard(scratch: &Path) {
    // What could not be removed is an identity nobody uses; the failure that follows says how to end it.
    let _ = Credential::remove(scratch);
    let _ = std::fs::remove_dir(scratch);
}

/// The token was spent before it was known that its identity has no place here.
fn spent(failure: &Failure, enrolled: &Enrolled) -> Failure {
    let reply = &enrolled.reply;
    let mend = match reply.host {
        0 => format!("`watchfloor identity revoke {}`", reply.identity),
        host => format!("`watchfloor host retire {host}`"),
    };
    Failure {
        exit: failure.exit,
        message: format!(
            "{}\nthe token is used up; an admin ends what it made with {mend} and makes another",
            failure.message
        ),
    }
}

fn agent_joined(reply: &EnrolReply) -> String {
    let safe = |text: &str| SafeText::new(text).as_str().to_owned();
    format!(
        "this machine is host {} ({}) of fleet {}, at {}, {}; start its agent with `watchfloor agent`\n",
        reply.host,
        safe(&reply.name),
        safe(&reply.fleet_name),
        safe(&reply.client),
        safe(&reply.site)
    )
}

fn console_joined(name: &str, reply: &EnrolReply) -> String {
    let role = crate::wire::role(reply.role, "EnrolReply").map_or("person", |role| role.word());
    format!(
        "joined fleet {name} as {} ({role}, identity {}); see `watchfloor status --fleet {name}`\n",
        SafeText::new(&reply.name).as_str(),
        id(name, reply.identity)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLEET: &str = "abcdefghij";

    fn reply(role: Role) -> EnrolReply {
        EnrolReply {
            role: role.into(),
            fleet_name: "main".into(),
            link: vec!["hub.example:7440".into(), "no address".into()],
            ..EnrolReply::default()
        }
    }

    fn verb(name: Option<&str>, replace: bool) -> Enrol {
        Enrol { token: String::new(), name: name.map(str::to_owned), replace }
    }

    fn place(home: &Path, verb: &Enrol, reply: &EnrolReply) -> Result<Place, Failure> {
        prepare(verb, &Directories::below(home), &FleetId::new(FLEET), reply)
    }

    #[test]
    fn a_second_fleet_of_the_same_name_gets_a_name_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let joined = |verb: &Enrol| match place(home.path(), verb, &reply(Role::Operator)) {
            Ok(Place::Console(name, directory)) => {
                console::write_hubs(&directory, &["hub.example:7440".into()]).unwrap();
                name
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(joined(&verb(None, false)), "main");
        assert_eq!(joined(&verb(None, false)), "main-2");
        assert_eq!(joined(&verb(Some("noc"), false)), "noc");
        assert_eq!(joined(&verb(Some("noc"), true)), "noc", "replaced on purpose");
    }

    #[test]
    fn a_hub_that_names_no_address_is_no_fleet() {
        let home = tempfile::tempdir().unwrap();
        let silent = EnrolReply { link: vec!["\x1b[2J".into()], ..reply(Role::Agent) };
        assert!(place(home.path(), &verb(None, false), &silent).unwrap_err().message.contains("--advertise"));
        assert!(!home.path().join("agent").exists());
    }

    #[test]
    fn a_new_agent_has_its_settings_before_its_identity() {
        let home = tempfile::tempdir().unwrap();
        let placed = place(home.path(), &verb(None, false), &reply(Role::Agent)).unwrap();
        assert_eq!(placed, Place::Agent(home.path().join("agent")));
        let settings = crate::settings::agent::load(&home.path().join("agent/agent.toml")).unwrap().unwrap();
        assert_eq!(settings.hubs, ["hub.example:7440"]);
    }
}
