//! What may follow the keys of a chord that has begun.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::keymap::{Action, Context, Keymap};
use crate::console::text::put;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::framed;

/// Paints the keys that may follow, over the foot of the area; nothing where no chord has begun. `names` are words of the
/// moment for an action, in place of its sentence; an action with empty ones is left out.
pub fn panel(
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
    (keymap, context): (&Keymap, Context),
    names: impl Fn(Action) -> Option<String>,
) {
    let begun = keymap.pending();
    if begun.is_empty() {
        return;
    }
    let named = keymap.continuations(context).into_iter().map(|hint| {
        let text = names(hint.action).unwrap_or_else(|| hint.action.sentence().to_owned());
        (hint.keys, text)
    });
    let hints: Vec<(String, String)> = named.filter(|(_, text)| !text.is_empty()).collect();
    let height = u16::try_from(hints.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let place = Rect { y: area.bottom().saturating_sub(height), height, ..area };
    let inner = framed(place, buf, theme, &format!("{begun} then (Esc gives up)"));
    for (y, (keys, text)) in (inner.top()..inner.bottom()).zip(&hints) {
        let used = put(buf, inner.x, y, inner.width, keys, theme.style(Role::FooterKey)).max(2) + 1;
        put(buf, inner.x + used, y, inner.width.saturating_sub(used), text, theme.style(Role::Text));
    }
}
