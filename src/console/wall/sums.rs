//! Sums that add up: every part that is not zero stands in its line, and the line ends with their sum.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::clients::Standing;
use super::problems::Problems;
use crate::console::replica::Replicas;
use crate::console::screens::command_words::outcome_role;
use crate::console::screens::look::{backup_role, check_role, host_role, lane_role};
use crate::console::text::{Ellipsis, put, put_cut, width_within};
use crate::console::theme::{Role, Theme};
use crate::fleet::alerts::Lane;
use crate::fleet::backups;
use crate::fleet::commands::{Command, OutcomeState};
use crate::fleet::hosts::HostState;
use crate::fleet::words::{CheckState, HostClass};

/// A line of the wall: what is counted, its parts, and their sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// What is counted.
    pub title: &'static str,
    /// How many of each kind; kinds of which there are none are left out.
    pub parts: Vec<(Role, u32, &'static str)>,
    /// All of them, counted apart from the parts.
    pub total: u32,
    /// What is said beside the sum, where there is room.
    pub note: String,
}

/// Cells of a title with its gap.
const TITLE: u16 = 9;

impl Sum {
    fn new(title: &'static str, total: u32, parts: impl IntoIterator<Item = (Role, u32, &'static str)>) -> Self {
        Self {
            title,
            parts: parts.into_iter().filter(|(_, count, _)| *count > 0).collect(),
            total,
            note: String::new(),
        }
    }

    /// Paints the line; parts that do not fit are told by a mark before the sum, which always stands.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, stale: bool) {
        let role = |role: Role| theme.style(if stale { Role::Stale } else { role });
        let (y, end) = (area.y, area.right());
        put_cut(buf, area.x, y, area.width, self.title, theme.style(Role::Title), (Ellipsis::End, ""));
        let sum = format!("= {}", self.total);
        let sum_width = width_within(&sum, area.width).unwrap_or(area.width);
        let limit = end.saturating_sub(sum_width + 3);
        let mut x = area.x + TITLE.min(area.width);
        for (part, count, word) in &self.parts {
            let text = format!("{count} {word}");
            let width = width_within(&text, area.width).unwrap_or(area.width);
            if x + width > limit {
                x += put(buf, x, y, end.saturating_sub(x), theme.glyphs.ellipsis, role(Role::Muted)) + 1;
                break;
            }
            x += put(buf, x, y, width, &text, role(*part)) + 2;
        }
        x += put(buf, x, y, end.saturating_sub(x), &sum, role(Role::Text)) + 2;
        let room = end.saturating_sub(x);
        if width_within(&self.note, room).is_some() {
            put(buf, x, y, room, &self.note, role(Role::Muted));
        }
    }
}

/// All sums of a wall, the most asked for first.
pub fn sums(replicas: &Replicas, problems: &Problems) -> Vec<Sum> {
    let total = |count: &dyn Fn(&crate::console::replica::Tally) -> u32| -> u32 {
        replicas.iter().map(|(_, replica)| count(replica.counts().total())).sum()
    };
    let lanes = Lane::ALL.map(|lane| (lane_role(lane), total(&|tally| tally.lane(lane)), lane.word()));
    let hosts = |title, classes: [HostClass; 2]| {
        let in_state = |state| total(&|tally| classes.iter().map(|class| tally.hosts_of(*class, state)).sum());
        let parts = HostState::WORST_FIRST.map(|state| (host_role(state), in_state(state), host_word(state)));
        Sum::new(title, parts.iter().map(|(_, count, _)| count).sum(), parts)
    };
    let states = [CheckState::Critical, CheckState::Warning, CheckState::Unknown, CheckState::Pending, CheckState::Ok];
    let checks = states
        .map(|state| (check_role(state, false), total(&|tally| tally.checks_in(state)), state.word()))
        .into_iter()
        .chain([(Role::Stale, total(&|tally| tally.stale_checks()), "stale")]);
    let backups = backups::State::WORST_FIRST
        .map(|state| (backup_role(state), total(&|tally| tally.backups_in(state)), state.word()));
    let clients = clients(replicas);
    let mut sums = vec![
        Sum::new("ALERTS", total(&|tally| tally.alerts()), lanes),
        hosts("SERVERS", [HostClass::Server, HostClass::Appliance]),
        hosts("PCs", [HostClass::Workstation, HostClass::Laptop]),
        Sum::new("BACKUPS", total(&|tally| tally.backups()), backups),
        Sum::new("CLIENTS", clients.iter().sum(), Standing::ALL.map(|of| (of.role(), clients[of as usize], of.word()))),
        commands(replicas),
        Sum::new("CHECKS", total(&|tally| tally.checks()), checks),
    ];
    // No backup is promised anywhere: there is nothing to count.
    sums.retain(|sum| sum.title != "BACKUPS" || sum.total > 0);
    let muted: Vec<_> = problems.muted().map(|(why, count)| (Role::LaneMuted, count, why)).collect();
    if !muted.is_empty() {
        sums.insert(1, Sum::new("MUTED", total(&|tally| tally.lane(Lane::Muted)), muted));
    }
    sums
}

/// The hosts of all commands that are live, by how it stands there. The line stays where none is, so that nothing moves
/// when one begins.
fn commands(replicas: &Replicas) -> Sum {
    let live: Vec<&Command> =
        replicas.iter().flat_map(|(_, replica)| replica.fleet().commands.open()).map(AsRef::as_ref).collect();
    let count = |state| live.iter().map(|command| command.tally().count(state)).sum();
    let hosts = live.iter().map(|command| command.tally().targets()).sum();
    let parts = OutcomeState::ALL.map(|state| (outcome_role(state), count(state), state.word()));
    let by: BTreeSet<&str> = live.iter().map(|command| command.by.as_str()).collect();
    let by: Vec<&str> = by.into_iter().collect();
    let note = match live.len() {
        // Commands come last of what a hub sends.
        0 if replicas.iter().any(|(_, replica)| !replica.is_loaded()) => "not known yet".to_owned(),
        0 => "no command is live".to_owned(),
        1 => format!("hosts of 1 live command by {}", by.join(", ")),
        many => format!("hosts of {many} live commands by {}", by.join(", ")),
    };
    Sum { note, ..Sum::new("COMMANDS", hosts, parts) }
}

fn clients(replicas: &Replicas) -> [u32; 4] {
    let mut counts = [0; 4];
    for (_, replica) in replicas.iter() {
        for (_, summary) in replica.counts().clients() {
            counts[Standing::of(replica, summary) as usize] += 1;
        }
    }
    counts
}

const fn host_word(state: HostState) -> &'static str {
    match state {
        HostState::Off => "off (expected)",
        state => state.word(),
    }
}
