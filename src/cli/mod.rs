//! Composition roots, one file a verb.

pub mod arguments;
mod config_check;
pub mod exit;
mod fleets;
mod hub;
pub mod id;
pub mod json;
mod log;
pub mod until;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::arguments::{Arguments, ConfigVerb, Verb};
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
        Some(Verb::Config(ConfigVerb::Check { data })) => {
            let data = data.unwrap_or(directories.hub);
            config_check::run(&Directories::configuration_of(&data))?;
        }
        Some(Verb::Fleet(verb)) => fleets::run(&verb, &directories.console)?,
        Some(Verb::Hub(arguments)) => hub::run(arguments, &directories)?,
        _ => return Err(Failure::failed("this verb is not built yet")),
    }
    Ok(Exit::Done)
}
