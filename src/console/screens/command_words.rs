//! How a command and its outcomes read: glyph, word and role.

use std::collections::BTreeSet;

use crate::console::replica::Replica;
use crate::console::theme::{Glyphs, Role};
use crate::fleet::commands::{Alike, CommandState, OutcomeState, Tally, fold_names};
use crate::fleet::words::HostId;

/// The role of an outcome.
#[must_use]
pub const fn outcome_role(state: OutcomeState) -> Role {
    match state {
        OutcomeState::Ok => Role::Ok,
        OutcomeState::Failed | OutcomeState::Signalled | OutcomeState::TimedOut => Role::Critical,
        OutcomeState::Denied => Role::Warning,
        OutcomeState::Offline | OutcomeState::Lost => Role::Unknown,
        OutcomeState::Skipped | OutcomeState::Cancelled => Role::LaneMuted,
        OutcomeState::Queued => Role::PendingState,
        OutcomeState::Running => Role::Pending,
    }
}

/// The glyph of an outcome.
#[must_use]
pub const fn outcome_glyph(glyphs: &Glyphs, state: OutcomeState) -> &'static str {
    match state {
        OutcomeState::Ok => glyphs.ok,
        OutcomeState::Failed | OutcomeState::Signalled | OutcomeState::TimedOut => glyphs.critical,
        OutcomeState::Denied => glyphs.warning,
        OutcomeState::Offline | OutcomeState::Lost => glyphs.unknown,
        OutcomeState::Skipped | OutcomeState::Cancelled => glyphs.off,
        OutcomeState::Queued => glyphs.pending,
        OutcomeState::Running => glyphs.waiting,
    }
}

/// An outcome's place among a command's hosts: what failed first, what went well last.
#[must_use]
pub const fn outcome_rank(state: OutcomeState) -> u8 {
    match state {
        OutcomeState::Failed => 0,
        OutcomeState::Signalled => 1,
        OutcomeState::TimedOut => 2,
        OutcomeState::Denied => 3,
        OutcomeState::Lost => 4,
        OutcomeState::Offline => 5,
        OutcomeState::Cancelled => 6,
        OutcomeState::Skipped => 7,
        OutcomeState::Running => 8,
        OutcomeState::Queued => 9,
        OutcomeState::Ok => 10,
    }
}

/// The role of a command: red as soon as something went wrong, green only when all is well.
#[must_use]
pub fn command_role(state: CommandState, tally: &Tally) -> Role {
    match state {
        _ if tally.not_ok() > 0 => Role::Warning,
        CommandState::Ended => Role::Ok,
        CommandState::Queued => Role::PendingState,
        CommandState::Running => Role::Pending,
    }
}

/// How hosts of a group ended, in words.
#[must_use]
pub fn end_words(alike: &Alike) -> String {
    let why = || if alike.why.is_empty() { String::new() } else { format!(": {}", alike.why.as_str()) };
    match alike.state {
        OutcomeState::Running if alike.cancelling => "cancelling".to_owned(),
        OutcomeState::Failed => match alike.code {
            Some(code) => format!("failed, code {code}{}", why()),
            None => format!("not started{}", why()),
        },
        OutcomeState::Signalled => match alike.signal {
            Some(signal) => format!("ended by signal {}{}", signal_name(signal), why()),
            None => format!("ended by a signal{}", why()),
        },
        OutcomeState::TimedOut => format!("timed out, killed{}", why()),
        state => format!("{}{}", state.word(), why()),
    }
}

/// A signal by its name, where it has one everywhere.
fn signal_name(number: i32) -> String {
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return number.to_string(),
    };
    format!("{number} ({name})")
}

/// How many hosts stand where: every state with somebody in it, and the sum.
#[must_use]
pub fn tally_parts(tally: &Tally) -> Vec<(Role, String)> {
    let counted = tally.each().filter(|(_, count)| *count > 0);
    let mut parts: Vec<(Role, String)> =
        counted.map(|(state, count)| (outcome_role(state), format!("{count} {} ", state.word()))).collect();
    parts.push((Role::Muted, format!("= {}", tally.targets())));
    parts
}

/// The hosts of a group, folded.
#[must_use]
pub fn folded(hosts: &BTreeSet<HostId>, replica: &Replica) -> String {
    fold_names(hosts.iter().map(|host| host_name(*host, replica)))
}

/// A host's name; one that left the fleet meanwhile has none any more.
#[must_use]
pub fn host_name(host: HostId, replica: &Replica) -> &str {
    replica.fleet().hosts.hosts.get(&host).map_or("(gone)", |host| host.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::commands::Outcome;
    use crate::fleet::words::{ClientId, SafeText};
    use proptest::prelude::*;

    #[test]
    fn an_end_is_told_with_its_code_signal_or_rule() {
        let ended = |state, code, signal, why: &str| {
            let why = SafeText::new(why);
            end_words(&Alike::of(&Outcome { state, code, signal, why, ..Outcome::queued(ClientId::from("acme")) }))
        };
        assert_eq!(ended(OutcomeState::Ok, Some(0), None, ""), "ok");
        assert_eq!(ended(OutcomeState::Failed, Some(2), None, ""), "failed, code 2");
        assert_eq!(ended(OutcomeState::Failed, None, None, "no such file"), "not started: no such file");
        assert_eq!(ended(OutcomeState::Signalled, None, Some(9), ""), "ended by signal 9 (SIGKILL)");
        assert_eq!(ended(OutcomeState::TimedOut, None, None, ""), "timed out, killed");
        assert_eq!(
            ended(OutcomeState::Denied, None, None, "[hands] mode = \"none\""),
            "denied: [hands] mode = \"none\""
        );
    }

    proptest! {
        #[test]
        fn a_tally_in_words_sums_to_its_targets(states in prop::collection::vec(0usize..11, 0..300)) {
            let tally: Tally = states.iter().map(|state| OutcomeState::ALL[*state]).collect();
            let words: String = tally_parts(&tally).into_iter().map(|(_, text)| text).collect();
            let (counts, sum) = words.split_once("= ").unwrap();
            let counted: usize = counts.split_whitespace().filter_map(|word| word.parse::<usize>().ok()).sum();
            prop_assert_eq!(counted, states.len());
            prop_assert_eq!(sum.parse::<usize>().unwrap(), states.len());
        }
    }
}
