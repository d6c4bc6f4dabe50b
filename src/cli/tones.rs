//! The tone of each word of state, the same in every table.

use crate::cli::table::{Cell, Tone};
use crate::fleet::alerts::Lane;
use crate::fleet::backups;
use crate::fleet::hosts::HostState;
use crate::fleet::words::{CheckState, Severity};

/// A host's state.
#[must_use]
pub fn host_state(state: HostState) -> Cell {
    let tone = match state {
        HostState::Up => Tone::Good,
        HostState::Down => Tone::Critical,
        HostState::Silent => Tone::Warning,
        HostState::Unknown => Tone::Unknown,
        HostState::Off | HostState::Left => Tone::Quiet,
    };
    Cell::new(state.word(), tone)
}

/// A check's state; one that is stale reads so, whatever it was.
#[must_use]
pub fn check_state(state: CheckState, stale: bool) -> Cell {
    if stale {
        return Cell::new(format!("{} (stale)", state.word()), Tone::Unknown);
    }
    Cell::new(state.word(), tone(state))
}

/// A backup job's state.
#[must_use]
pub fn backup_state(state: backups::State) -> Cell {
    use backups::State;
    let tone = match state {
        State::Ok => Tone::Good,
        State::Partial | State::Late => Tone::Warning,
        State::Overdue | State::Failed => Tone::Critical,
        State::Never | State::Unknown => Tone::Unknown,
    };
    Cell::new(state.word(), tone)
}

/// A severity.
#[must_use]
pub fn severity(severity: Severity) -> Cell {
    let tone = match severity {
        Severity::Warning => Tone::Warning,
        Severity::Critical => Tone::Critical,
    };
    Cell::new(severity.word(), tone)
}

/// A lane: what nobody has stands out.
#[must_use]
pub fn lane(lane: Lane) -> Cell {
    Cell::new(lane.word(), if lane == Lane::New { Tone::Plain } else { Tone::Quiet })
}

const fn tone(state: CheckState) -> Tone {
    match state {
        CheckState::Ok => Tone::Good,
        CheckState::Warning => Tone::Warning,
        CheckState::Critical => Tone::Critical,
        CheckState::Unknown => Tone::Unknown,
        CheckState::Pending => Tone::Quiet,
    }
}
