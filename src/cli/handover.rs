//! `handover`: what one owns goes to who comes after, once they accept it.

use crate::cli::arguments::HandOverVerb;
use crate::cli::exit::Failure;
use crate::cli::output;
use crate::cli::reach::reach_one;
use crate::cli::send::send_verb;
use crate::settings::directories::Directories;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::{AcceptHandOver, HandOver};

/// Does it.
///
/// # Errors
/// Several fleets are meant, or the hub refused.
pub async fn run(verb: &HandOverVerb, directories: &Directories) -> Result<(), Failure> {
    let counted = |count: usize| if count == 1 { "1 alert".to_owned() } else { format!("{count} alerts") };
    match verb {
        HandOverVerb::To { person, message, fleets } => {
            let mut link = reach_one(fleets, directories, None, "a handover").await?;
            let request = HandOver { to: person.clone(), note: message.clone().unwrap_or_default() };
            let reply = send_verb(&mut link, Verb::HandOver(request)).await?;
            output::print(&format!(
                "offered {} to {person}; you own them until `watchfloor handover accept`\n",
                counted(reply.done.len())
            ))
        }
        HandOverVerb::Accept { from, fleets } => {
            let mut link = reach_one(fleets, directories, None, "a handover").await?;
            let request = AcceptHandOver { from: from.clone().unwrap_or_default() };
            let reply = send_verb(&mut link, Verb::AcceptHandOver(request)).await?;
            output::print(&format!("took over {}\n", counted(reply.done.len())))
        }
    }
}
