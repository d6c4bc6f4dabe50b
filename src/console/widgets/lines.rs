//! The first and the last line of the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::keymap::{Action, Hint};
use crate::console::text::{Ellipsis, fill, put, put_cut, width_within};
use crate::console::theme::{Role, Theme};

/// A fact of a line. When there is no room, the highest rank goes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it means.
    pub role: Role,
    /// Its text.
    pub text: String,
    /// When it goes; rank 0 never does and is cut instead.
    pub rank: u8,
}

impl Fact {
    /// A fact.
    pub fn new(role: Role, text: impl Into<String>, rank: u8) -> Self {
        Self { role, text: text.into(), rank }
    }
}

/// The cells between two facts.
const GAP: u16 = 2;

/// Paints facts from the left and from the right into the first row of the area.
pub fn facts(area: Rect, buf: &mut Buffer, theme: &Theme, left: &[Fact], right: &[Fact]) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let width_of = |fact: &Fact| width_within(&fact.text, area.width).unwrap_or(area.width);
    let mut shown: Vec<(bool, &Fact)> = left
        .iter()
        .map(|fact| (false, fact))
        .chain(right.iter().map(|fact| (true, fact)))
        .filter(|(_, fact)| !fact.text.is_empty())
        .collect();
    let needs =
        |shown: &[(bool, &Fact)]| shown.iter().map(|(_, fact)| u32::from(width_of(fact)) + u32::from(GAP)).sum::<u32>();
    while needs(&shown) > u32::from(area.width) + u32::from(GAP) {
        // of equal rank the one further right goes
        let Some((at, _)) = shown
            .iter()
            .enumerate()
            .filter(|(_, (_, fact))| fact.rank > 0)
            .max_by_key(|(at, (_, fact))| (fact.rank, *at))
        else {
            break;
        };
        shown.remove(at);
    }
    let cut = (Ellipsis::End, theme.glyphs.ellipsis);
    let mut x = area.x;
    for (_, fact) in shown.iter().filter(|(on_right, _)| !on_right) {
        let room = area.right().saturating_sub(x);
        x = x
            .saturating_add(put_cut(buf, x, area.y, room, &fact.text, theme.style(fact.role), cut))
            .saturating_add(GAP);
    }
    let mut end = area.right();
    for (_, fact) in shown.iter().rev().filter(|(on_right, _)| *on_right) {
        let start = end.saturating_sub(width_of(fact)).max(x);
        put_cut(buf, start, area.y, end.saturating_sub(start), &fact.text, theme.style(fact.role), cut);
        end = start.saturating_sub(GAP);
    }
}

/// Paints the keys that work here, as many as fit, and on the right what became of the last act. Help is always among
/// them if there is room for one.
pub fn footer(area: Rect, buf: &mut Buffer, theme: &Theme, hints: &[Hint], status: (Role, &str)) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let (role, text) = status;
    let cut = (Ellipsis::End, theme.glyphs.ellipsis);
    let taken = width_within(text, area.width).unwrap_or(area.width);
    put_cut(buf, area.right() - taken, area.y, taken, text, theme.style(role), cut);
    let mut room = area.width.saturating_sub(if taken > 0 { taken + GAP } else { 0 });
    let cells = |hint: &Hint| {
        let keys = width_within(&hint.keys, area.width).unwrap_or(area.width);
        keys.saturating_add(1).saturating_add(width_within(hint.action.label(), area.width).unwrap_or(area.width))
    };
    let help = hints.iter().find(|hint| hint.action == Action::Help);
    let reserved = help.map_or(0, |hint| cells(hint).saturating_add(GAP));
    let mut x = area.x;
    for hint in hints {
        let needed = cells(hint);
        let keep = if hint.action == Action::Help { 0 } else { reserved };
        if needed.saturating_add(keep) > room {
            if keep == 0 {
                break;
            }
            continue;
        }
        x += put(buf, x, area.y, room, &hint.keys, theme.style(Role::FooterKey)) + 1;
        x += put(buf, x, area.y, room, hint.action.label(), theme.style(Role::Footer)) + GAP;
        room = room.saturating_sub(needed + GAP);
    }
}

/// Paints a line across the area that must not be overlooked.
pub fn banner(area: Rect, buf: &mut Buffer, theme: &Theme, text: &str) {
    let area = area.intersection(buf.area);
    if area.is_empty() {
        return;
    }
    let style = theme.style(Role::Banner);
    fill(buf, area.x, area.y, area.width, " ", style);
    let width = width_within(text, area.width).unwrap_or(area.width);
    let x = area.x + (area.width - width) / 2;
    put_cut(buf, x, area.y, width, text, style, (Ellipsis::End, theme.glyphs.ellipsis));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::keymap::{Context, Keymap};
    use crate::console::theme::Glyphs;
    use crate::console::widgets::dump;

    fn painted(width: u16, paint: impl FnOnce(Rect, &mut Buffer, &Theme)) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        paint(buf.area, &mut buf, &Theme::of_roles(Glyphs::ASCII));
        dump::text(&buf)
    }

    #[test]
    fn facts_go_by_rank_when_there_is_no_room() {
        let left = [Fact::new(Role::Header, "main", 0), Fact::new(Role::LinkLive, "LIVE 2s", 1)];
        let right = [Fact::new(Role::Muted, "180 B/s", 3), Fact::new(Role::Header, "03:11:42", 2)];
        let line = |width| painted(width, |area, buf, theme| facts(area, buf, theme, &left, &right));
        assert_eq!(line(40), "main  LIVE 2s          180 B/s  03:11:42\n");
        assert_eq!(line(31), "main  LIVE 2s          03:11:42\n");
        assert_eq!(line(14), "main  LIVE 2s\n");
        assert_eq!(line(3), "ma~\n");
        (0..50).for_each(|width| drop(line(width)));
    }

    #[test]
    fn the_footer_keeps_help_and_the_state_of_the_last_act() {
        let hints = Keymap::built_in().unwrap().footer(Context::Alerts, false);
        let line =
            |width| painted(width, |area, buf, theme| footer(area, buf, theme, &hints, (Role::Failed, "NOT SENT")));
        assert_eq!(line(60), "a ack  e escalate  r release  s snooze  ? help      NOT SENT\n");
        assert_eq!(line(20), "? help      NOT SENT\n");
        assert_eq!(line(8), "NOT SENT\n");
        (0..200).for_each(|width| drop(line(width)));
    }

    #[test]
    fn a_banner_spans_the_line() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 12, 1));
        banner(buf.area, &mut buf, &Theme::of_roles(Glyphs::ASCII), "STALE");
        assert_eq!(dump::text(&buf), "   STALE\n");
        assert_eq!(dump::roles(&buf), "BBBBBBBBBBBB\n");
    }
}
