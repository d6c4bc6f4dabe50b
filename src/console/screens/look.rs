//! State as glyph, word and role: never by colour alone.

use crate::console::theme::{Glyphs, Role};
use crate::fleet::alerts::Lane;
use crate::fleet::backups;
use crate::fleet::hosts::HostState;
use crate::fleet::words::{CheckState, Severity};

/// The role of a check's state; a stale one is never shown as fresh.
#[must_use]
pub const fn check_role(state: CheckState, stale: bool) -> Role {
    match state {
        _ if stale => Role::Stale,
        CheckState::Ok => Role::Ok,
        CheckState::Warning => Role::Warning,
        CheckState::Critical => Role::Critical,
        CheckState::Unknown => Role::Unknown,
        CheckState::Pending => Role::PendingState,
    }
}

/// The glyph of a check's state.
#[must_use]
pub const fn check_glyph(glyphs: &Glyphs, state: CheckState, stale: bool) -> &'static str {
    match state {
        _ if stale => glyphs.stale,
        CheckState::Ok => glyphs.ok,
        CheckState::Warning => glyphs.warning,
        CheckState::Critical => glyphs.critical,
        CheckState::Unknown => glyphs.unknown,
        CheckState::Pending => glyphs.pending,
    }
}

/// The role of a severity.
#[must_use]
pub const fn severity_role(severity: Severity) -> Role {
    match severity {
        Severity::Critical => Role::Critical,
        Severity::Warning => Role::Warning,
    }
}

/// The glyph of a severity.
#[must_use]
pub const fn severity_glyph(glyphs: &Glyphs, severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => glyphs.critical,
        Severity::Warning => glyphs.warning,
    }
}

/// The role of a lane.
#[must_use]
pub const fn lane_role(lane: Lane) -> Role {
    match lane {
        Lane::New => Role::New,
        Lane::Owned => Role::Owned,
        Lane::Muted => Role::LaneMuted,
    }
}

/// The role of a host's state.
#[must_use]
pub const fn host_role(state: HostState) -> Role {
    match state {
        HostState::Up => Role::Ok,
        HostState::Off => Role::Off,
        HostState::Silent => Role::Silent,
        HostState::Down => Role::Down,
        HostState::Left => Role::Left,
        HostState::Unknown => Role::Unknown,
    }
}

/// The glyph of a host's state.
#[must_use]
pub const fn host_glyph(glyphs: &Glyphs, state: HostState) -> &'static str {
    match state {
        HostState::Up => glyphs.ok,
        HostState::Off | HostState::Left => glyphs.off,
        HostState::Silent => glyphs.stale,
        HostState::Down => glyphs.critical,
        HostState::Unknown => glyphs.unknown,
    }
}

/// The glyph of a backup job's state.
#[must_use]
pub const fn backup_glyph(glyphs: &Glyphs, state: backups::State) -> &'static str {
    match state {
        backups::State::Ok => glyphs.ok,
        backups::State::Partial => glyphs.day_partial,
        backups::State::Late => "~",
        backups::State::Overdue => "!",
        backups::State::Failed => "X",
        backups::State::Never | backups::State::Unknown => glyphs.unknown,
    }
}

/// The role of a backup job's state.
#[must_use]
pub const fn backup_role(state: backups::State) -> Role {
    match state {
        backups::State::Ok => Role::Ok,
        backups::State::Partial | backups::State::Late => Role::Warning,
        backups::State::Overdue | backups::State::Failed => Role::Critical,
        backups::State::Never | backups::State::Unknown => Role::Unknown,
    }
}

/// The place of a host's state in lists, worst first.
#[must_use]
pub const fn host_rank(state: HostState) -> u8 {
    match state {
        HostState::Down => 0,
        HostState::Silent => 1,
        HostState::Unknown => 2,
        HostState::Up => 3,
        HostState::Off => 4,
        HostState::Left => 5,
    }
}

/// The role of a share of something that fills up: 0 to 1.
#[must_use]
pub fn share_role(share: f32) -> Role {
    if share >= 0.95 {
        Role::Critical
    } else if share >= 0.90 {
        Role::Warning
    } else {
        Role::Text
    }
}
