//! Composition roots, one file a verb.

mod ack;
mod acting;
mod agent;
mod alert;
mod alert_json;
mod alerts;
pub mod arguments;
mod backups;
mod cancel;
mod check;
mod checks;
mod close;
mod command;
mod command_follow;
mod command_json;
mod command_output;
mod commands;
mod config;
mod config_check;
mod console;
mod enrol;
mod enrolled_agent;
mod entries;
mod escalate;
mod event_json;
mod event_words;
pub mod exit;
mod fleet_filter;
mod fleets;
mod gather;
mod handover;
mod host;
mod host_named;
mod hosts;
mod hub;
pub mod id;
mod identity;
mod journal;
pub mod json;
mod local;
mod log;
mod note;
mod notices;
mod oncall;
mod output;
mod pings;
mod query;
mod reach;
mod release;
mod remind;
mod report;
mod run;
mod send;
mod shift;
mod snooze;
mod status;
mod swarm;
mod table;
mod token;
mod tones;
mod window;
mod window_add;
mod window_json;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::arguments::{Arguments, Verb};
use crate::cli::exit::{Exit, Failure};
use crate::fleet::words::SafeText;
use crate::settings::directories::Directories;

/// Reads the arguments and does what they say.
#[must_use]
pub fn main() -> ExitCode {
    // Wrong usage ends here, with exit code 2 and the reason on standard error.
    let arguments = Arguments::parse();
    match dispatch(arguments) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            for line in failure.message.lines() {
                eprintln!("watchfloor: {}", SafeText::new(line).as_str());
            }
            failure.exit.into()
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<Exit, Failure> {
    let directories = Directories::from_environment()?;
    match arguments.verb {
        Some(Verb::Fleet(verb)) => fleets::run(&verb, &directories.console)?,
        Some(Verb::Hub(arguments)) => hub::run(arguments, &directories)?,
        Some(Verb::Agent) => agent::run(&directories)?,
        None => console::run(&arguments.console, &directories)?,
        Some(Verb::Console(asked)) => console::run(&asked, &directories)?,
        Some(verb) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?;
            runtime.block_on(ask_hubs(&verb, &directories))?;
        }
    }
    Ok(Exit::Done)
}

/// The verbs that ask hubs something and end.
async fn ask_hubs(verb: &Verb, directories: &Directories) -> Result<(), Failure> {
    match verb {
        Verb::Status(verb) => status::run(verb, directories).await,
        Verb::Hosts(verb) => hosts::run(verb, directories).await,
        Verb::Checks(verb) => checks::run(verb, directories).await,
        Verb::Alerts(verb) => alerts::run(verb, directories).await,
        Verb::Alert(verb) => alert::run(verb, directories).await,
        Verb::Backups(verb) => backups::run(verb, directories).await,
        Verb::Report(verb) => report::run(verb, directories).await,
        Verb::Notices(verb) => notices::run(verb, directories).await,
        Verb::Notice(verb) => notices::test(verb, directories).await,
        Verb::Journal(verb) => journal::run(verb, directories).await,
        Verb::Ack(verb) => ack::run(verb, directories).await,
        Verb::Escalate(verb) => escalate::run(verb, directories).await,
        Verb::Release(verb) => release::run(verb, directories).await,
        Verb::Snooze(verb) => snooze::run(verb, directories).await,
        Verb::Remind(verb) => remind::run(verb, directories).await,
        Verb::Note(verb) => note::run(verb, directories).await,
        Verb::Close(verb) => close::run(verb, directories).await,
        Verb::Check(verb) => check::run(verb, directories).await,
        Verb::Run(verb) => run::run(verb, directories).await,
        Verb::Commands(verb) => commands::run(verb, directories).await,
        Verb::Command(verb) => command::run(verb, directories).await,
        Verb::Cancel(verb) => cancel::run(verb, directories).await,
        Verb::OnCall(verb) => oncall::run(verb, directories).await,
        Verb::HandOver(verb) => handover::run(verb, directories).await,
        Verb::Shift(verb) => shift::run(verb, directories).await,
        Verb::Token(verb) => token::run(verb, directories).await,
        Verb::Ping(verb) => pings::run(verb, directories).await,
        Verb::Identity(verb) => identity::run(verb, directories).await,
        Verb::Host(verb) => host::run(verb, directories).await,
        Verb::Config(verb) => config::run(verb, directories).await,
        Verb::Enrol(verb) => enrol::run(verb, directories).await,
        Verb::Window(verb) => window::run(verb, directories).await,
        Verb::Swarm(verb) => swarm::run(verb.clone(), directories).await,
        Verb::Console(_) | Verb::Hub(_) | Verb::Agent | Verb::Fleet(_) => Ok(()),
    }
}
