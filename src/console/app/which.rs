//! What may follow the keys of a chord that has begun.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::keymap::{Context, Keymap};
use crate::console::text::put;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::framed;

/// Paints the keys that may follow, over the foot of the area; nothing where no chord has begun. `names` are words of the
/// moment for an action, in place of its sentence.
pub fn panel(
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
    (keymap, context): (&Keymap, Context),
    names: impl Fn(crate::console::keymap::Action) -> Option<String>,
) {
    let begun = keymap.pending();
    if begun.is_empty() {
        return;
    }
    let hints = keymap.continuations(context);
    let height = u16::try_from(hints.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let place = Rect { y: area.bottom().saturating_sub(height), height, ..area };
    let inner = framed(place, buf, theme, &format!("{begun} then (Esc gives up)"));
    for (y, hint) in (inner.top()..inner.bottom()).zip(&hints) {
        let used = put(buf, inner.x, y, inner.width, &hint.keys, theme.style(Role::FooterKey)).max(2) + 1;
        let name = names(hint.action);
        let text = name.as_deref().unwrap_or_else(|| hint.action.sentence());
        put(buf, inner.x + used, y, inner.width.saturating_sub(used), text, theme.style(Role::Text));
    }
}
