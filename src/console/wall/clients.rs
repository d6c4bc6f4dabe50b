//! How each client stands: a mark each, those with problems first, quiet ones counted where there is no room.

use std::cmp::Reverse;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::replica::{ClientSummary, Replica, Replicas};
use crate::console::screens::look::{severity_glyph, severity_role};
use crate::console::text::{put, width_within};
use crate::console::theme::{Role, Theme};
use crate::fleet::alerts::Lane;
use crate::fleet::hosts::HostState;
use crate::fleet::words::{CheckState, Severity};

/// Cells of the longest client name that is not cut.
const NAME: u16 = 16;

/// How a client stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Something is wrong that is not held back.
    Problems,
    /// No problem is known, and not all of it is known either.
    NotKnown,
    /// It has no host that could be wrong.
    Empty,
    /// Nothing is wrong.
    Quiet,
}

impl Standing {
    /// All, in the order of the sum.
    pub const ALL: [Self; 4] = [Self::Problems, Self::NotKnown, Self::Empty, Self::Quiet];

    /// How a client stands. Where the hub is silent nothing is known to be quiet.
    pub fn of(replica: &Replica, summary: &ClientSummary) -> Self {
        let tally = &summary.tally;
        let unknown = tally.checks_in(CheckState::Unknown) + tally.stale_checks() + tally.hosts_in(HostState::Unknown);
        if tally.worst().is_some() {
            Self::Problems
        } else if replica.is_stale() || unknown + summary.never_seen() > 0 {
            Self::NotKnown
        } else if tally.hosts() == 0 {
            Self::Empty
        } else {
            Self::Quiet
        }
    }

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Problems => "with problems",
            Self::NotKnown => "not known",
            Self::Empty => "without hosts",
            Self::Quiet => "quiet",
        }
    }

    /// Its role.
    pub const fn role(self) -> Role {
        match self {
            Self::Problems => Role::New,
            Self::NotKnown => Role::Unknown,
            Self::Empty => Role::Muted,
            Self::Quiet => Role::Ok,
        }
    }
}

/// One client's mark.
#[derive(Clone, Debug)]
struct Tile {
    order: (Standing, Reverse<Option<Severity>>, Reverse<u32>),
    name: String,
    new: u32,
    owned: u32,
    severity: Option<Severity>,
    stale: bool,
}

/// Paints the clients, and how many more there are where not all fit.
pub fn render(area: Rect, buf: &mut Buffer, theme: &Theme, replicas: &Replicas) {
    let mut tiles: Vec<Tile> = replicas.iter().flat_map(|(_, replica)| tiles(replica)).collect();
    tiles.sort_by(|a, b| (a.order, &a.name).cmp(&(b.order, &b.name)));
    let (mut x, mut y) = (area.x, area.y);
    let mut left = tiles.len();
    for tile in tiles {
        let (role, sign, text) = tile.words(theme);
        let room = area.width.saturating_sub(2);
        let width = 2 + width_within(&text, room).unwrap_or(room);
        let last = y + 1 >= area.bottom();
        // The last row keeps room for the count of those left out.
        let more = if last && left > 1 { more(left - 1).len() } else { 0 };
        if x + width + u16::try_from(more).unwrap_or_default() > area.right() {
            if last {
                break;
            }
            (x, y) = (area.x, y + 1);
        }
        put(buf, x, y, 1, sign, theme.style(role));
        put(buf, x + 2, y, width - 2, &text, theme.style(role));
        x += width + 2;
        left -= 1;
    }
    if left > 0 && area.height > 0 {
        put(buf, x, y, area.right().saturating_sub(x), more(left).trim_start(), theme.style(Role::Muted));
    }
}

fn more(left: usize) -> String {
    format!("  +{left} more")
}

fn tiles(replica: &Replica) -> impl Iterator<Item = Tile> + '_ {
    replica.counts().clients().map(|(id, summary)| {
        let standing = Standing::of(replica, summary);
        let (new, owned) = (summary.tally.lane(Lane::New), summary.tally.lane(Lane::Owned));
        let name = replica.fleet().hosts.clients.get(id).map_or(id.as_str(), |client| client.name.as_str());
        Tile {
            order: (standing, Reverse(summary.tally.worst_unowned()), Reverse(new)),
            name: name.chars().take(usize::from(NAME)).collect(),
            new,
            owned,
            severity: summary.tally.worst(),
            stale: replica.is_stale(),
        }
    })
}

impl Tile {
    fn words(&self, theme: &Theme) -> (Role, &'static str, String) {
        let glyphs = &theme.glyphs;
        let (role, sign) = match (self.order.0, self.severity) {
            (_, Some(severity)) => (severity_role(severity), severity_glyph(glyphs, severity)),
            (Standing::Quiet, None) => (Role::Ok, glyphs.ok),
            (Standing::Empty, None) => (Role::Muted, glyphs.off),
            (_, None) => (Role::Unknown, glyphs.unknown),
        };
        let role = if self.stale { Role::Stale } else { role };
        let mut text = self.name.clone();
        for (count, word) in [(self.new, "new"), (self.owned, "owned")] {
            if count > 0 {
                text.push_str(&format!(" {count} {word}"));
            }
        }
        (role, sign, text)
    }
}
