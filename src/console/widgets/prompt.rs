//! A question that must be answered before anything else. It ignores what was typed before it was on the screen, so
//! that keys buffered on a slow line answer nothing.

use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use super::overlay::boxed;
use super::text_input::{TextEvent, TextInput};
use crate::console::input::{FrameStamp, Key};
use crate::console::keymap::{Context, Keymap, Pressed};
use crate::console::text::{put, wrap};
use crate::console::theme::{Role, Theme};

/// A key that confirms must come this long after the last one like it: longer than the pause before a held key repeats.
const NOT_HELD: Duration = Duration::from_millis(700);

/// How a prompt is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With a text, which may be empty where `optional`.
    Text {
        /// Whether nothing is an answer too.
        optional: bool,
    },
    /// With the key that opened it, pressed again.
    SameKey(Key),
    /// With these words typed out, for what is dangerous.
    TypedOut(String),
}

/// A prompt and what was answered so far.
#[derive(Clone, Debug)]
pub struct Prompt {
    title: String,
    lines: Vec<(Role, String)>,
    answer: Answer,
    input: TextInput,
    opened: FrameStamp,
    last_like_it: Instant,
}

/// What came of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptEvent {
    /// Nothing: it was typed before the prompt was painted, or it means nothing here.
    Ignored,
    /// The prompt looks different.
    Changed,
    /// It is answered, with this text.
    Done(String),
    /// It is given up.
    Cancelled,
}

impl Prompt {
    /// A prompt, opened by an input with this stamp at this time. Texts from outside must have been made safe.
    #[must_use]
    pub fn new(title: impl Into<String>, answer: Answer, opened: FrameStamp, now: Instant) -> Self {
        Self { title: title.into(), lines: Vec::new(), answer, input: TextInput::default(), opened, last_like_it: now }
    }

    /// Adds a line of explanation.
    #[must_use]
    pub fn line(mut self, role: Role, text: impl Into<String>) -> Self {
        self.lines.push((role, text.into()));
        self
    }

    /// Begins with a text that can be changed.
    #[must_use]
    pub fn with_text(mut self, text: &str) -> Self {
        self.input = TextInput::with(text);
        self
    }

    /// Says something else above the answer.
    pub fn set_lines(&mut self, lines: Vec<(Role, String)>) {
        self.lines = lines;
    }

    /// Puts another text in place of what was typed.
    pub fn set_text(&mut self, text: &str) {
        self.input = TextInput::with(text);
    }

    /// Whether who sent an input with this stamp has seen the prompt.
    #[must_use]
    pub const fn is_seen(&self, stamp: FrameStamp) -> bool {
        stamp.has_seen(self.opened)
    }

    /// The text typed so far.
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.text()
    }

    /// Takes a key that was read when the frames stood as `stamp` says.
    pub fn press(
        &mut self,
        keymap: &mut Keymap,
        key: Key,
        count: u16,
        (stamp, now): (FrameStamp, Instant),
    ) -> PromptEvent {
        let held = now.saturating_duration_since(self.last_like_it) < NOT_HELD || count > 1;
        if self.answer == Answer::SameKey(key) {
            self.last_like_it = now;
        }
        if !stamp.has_seen(self.opened) {
            return PromptEvent::Ignored;
        }
        let pressed = keymap.press(Context::Text, key);
        if let Answer::SameKey(wanted) = self.answer {
            return match pressed {
                Pressed::Action(crate::console::keymap::Action::TextCancel) => PromptEvent::Cancelled,
                _ if key == wanted && !held => PromptEvent::Done(String::new()),
                _ => PromptEvent::Ignored,
            };
        }
        match self.input.press(pressed, key, count) {
            TextEvent::Changed | TextEvent::Moved => PromptEvent::Changed,
            TextEvent::Cancel => PromptEvent::Cancelled,
            TextEvent::Submit if self.is_answered() => PromptEvent::Done(self.input.text().trim().to_owned()),
            TextEvent::Submit | TextEvent::Ignored => PromptEvent::Ignored,
        }
    }

    /// Takes pasted text. What must be typed out can't be pasted.
    pub fn paste(&mut self, text: &str, stamp: FrameStamp) -> PromptEvent {
        if !stamp.has_seen(self.opened) || !matches!(self.answer, Answer::Text { .. }) {
            return PromptEvent::Ignored;
        }
        self.input.paste(text);
        PromptEvent::Changed
    }

    fn is_answered(&self) -> bool {
        match &self.answer {
            Answer::Text { optional } => *optional || !self.input.text().trim().is_empty(),
            Answer::TypedOut(words) => self.input.text().trim() == words,
            Answer::SameKey(_) => false,
        }
    }

    fn instruction(&self) -> (Role, String) {
        match &self.answer {
            Answer::Text { optional: true } => {
                (Role::Muted, "Enter takes it (it may be empty), Esc gives up".to_owned())
            }
            Answer::Text { optional: false } => (Role::Muted, "Enter takes it, Esc gives up".to_owned()),
            Answer::SameKey(key) => (Role::Danger, format!("{key} again sends it, Esc gives up")),
            Answer::TypedOut(words) => (Role::Danger, format!("type `{words}` and Enter, Esc gives up")),
        }
    }

    /// Paints the prompt over the middle of the area.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let width = area.width.min(76);
        let inner_width = width.saturating_sub(2);
        let typed = !matches!(self.answer, Answer::SameKey(_));
        let instruction = self.instruction();
        let wrapped = |lines: &'_ [(Role, String)]| -> usize {
            lines.iter().map(|(_, text)| wrap(text, inner_width).count()).sum()
        };
        let height = wrapped(&self.lines) + wrapped(std::slice::from_ref(&instruction)) + usize::from(typed) + 2;
        let size = Size::new(width, u16::try_from(height).unwrap_or(u16::MAX));
        let inside = boxed(area, buf, theme, &self.title, size);
        // The answer's own line and how to answer come first when there is little room.
        let last = inside.bottom().saturating_sub(u16::from(typed && !inside.is_empty()));
        let how: Vec<&str> = wrap(&instruction.1, inside.width).collect();
        let how_from = last.saturating_sub(u16::try_from(how.len()).unwrap_or(u16::MAX)).max(inside.y);
        let lines = self.lines.iter().flat_map(|(role, text)| wrap(text, inside.width).map(move |line| (*role, line)));
        let how = (how_from..last).zip(how.into_iter().map(|line| (instruction.0, line)));
        for (y, (role, line)) in (inside.y..how_from).zip(lines).chain(how) {
            put(buf, inside.x, y, inside.width, line, theme.style(role));
        }
        if typed && !inside.is_empty() {
            let line = Rect { y: last, height: 1, ..inside };
            let used = put(buf, line.x, line.y, line.width, "> ", theme.style(Role::Prompt));
            self.input.render(Rect { x: line.x + used, width: line.width - used, ..line }, buf, theme, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::theme::Glyphs;
    use crate::console::widgets::dump;

    const BEFORE: FrameStamp = FrameStamp { submitted: 4, flushed: 4 };
    const SEEN: FrameStamp = FrameStamp { submitted: 5, flushed: 5 };

    fn type_in(prompt: &mut Prompt, keys: &str, stamp: FrameStamp, now: Instant) -> PromptEvent {
        let mut keymap = Keymap::built_in().unwrap();
        keys.split(' ').map(|key| prompt.press(&mut keymap, Key::parse(key).unwrap(), 1, (stamp, now))).last().unwrap()
    }

    #[test]
    fn what_was_typed_before_it_was_painted_answers_nothing() {
        let now = Instant::now();
        let mut prompt = Prompt::new("Note", Answer::Text { optional: true }, BEFORE, now);
        let unseen = FrameStamp { submitted: 5, flushed: 4 };
        assert_eq!(type_in(&mut prompt, "x Enter", unseen, now), PromptEvent::Ignored);
        assert_eq!(prompt.paste("y", unseen), PromptEvent::Ignored);
        assert_eq!(type_in(&mut prompt, "o k Enter", SEEN, now), PromptEvent::Done("ok".into()));
    }

    #[test]
    fn a_text_that_must_be_given_is_not_empty() {
        let now = Instant::now();
        let mut prompt = Prompt::new("Note", Answer::Text { optional: false }, BEFORE, now);
        assert_eq!(type_in(&mut prompt, "Space Enter", SEEN, now), PromptEvent::Ignored);
        assert_eq!(prompt.paste("disk\nfull", SEEN), PromptEvent::Changed);
        assert_eq!(type_in(&mut prompt, "Enter", SEEN, now), PromptEvent::Done("disk full".into()));
        assert_eq!(type_in(&mut prompt, "Esc", SEEN, now), PromptEvent::Cancelled);
    }

    #[test]
    fn the_same_key_sends_only_when_pressed_anew() {
        let now = Instant::now();
        let at = |millis| now + Duration::from_millis(millis);
        let mut prompt = Prompt::new("Escalate", Answer::SameKey(Key::char('e')), BEFORE, now);
        // held down: it repeats after half a second and then thirty times a second
        for millis in (500..1500).step_by(33) {
            assert_eq!(type_in(&mut prompt, "e", SEEN, at(millis)), PromptEvent::Ignored);
        }
        assert_eq!(type_in(&mut prompt, "Enter", SEEN, at(2400)), PromptEvent::Ignored, "Enter is not the key");
        assert_eq!(type_in(&mut prompt, "e", SEEN, at(2500)), PromptEvent::Done(String::new()));
        assert_eq!(type_in(&mut prompt, "Esc", SEEN, at(2600)), PromptEvent::Cancelled);
    }

    #[test]
    fn what_is_dangerous_is_typed_out_and_not_pasted() {
        let now = Instant::now();
        let mut prompt = Prompt::new("Run", Answer::TypedOut("acme 37".into()), BEFORE, now);
        assert_eq!(prompt.paste("acme 37", SEEN), PromptEvent::Ignored);
        assert_eq!(type_in(&mut prompt, "a c m e Space 3 Enter", SEEN, now), PromptEvent::Ignored);
        assert_eq!(type_in(&mut prompt, "7 Enter", SEEN, now), PromptEvent::Done("acme 37".into()));
    }

    #[test]
    fn the_question_and_the_way_to_answer_are_on_the_screen() {
        let prompt = Prompt::new("Escalate", Answer::SameKey(Key::char('e')), BEFORE, Instant::now())
            .line(Role::Text, "Rings Ruiz (L2) by SMS, where it is 03:12.");
        let mut buf = Buffer::empty(Rect::new(0, 0, 60, 6));
        prompt.render(buf.area, &mut buf, &Theme::of_roles(Glyphs::ASCII));
        let text = dump::text(&buf);
        assert!(
            text.contains("- Escalate -") && text.contains("Rings Ruiz") && text.contains("e again sends it"),
            "{text}"
        );
        for width in 0..30 {
            for height in 0..7 {
                let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
                prompt.render(buf.area, &mut buf, &Theme::of_roles(Glyphs::ASCII));
                let text =
                    Prompt::new("Note", Answer::TypedOut("x".into()), BEFORE, Instant::now()).line(Role::Text, "a b c");
                text.render(buf.area, &mut buf, &Theme::of_roles(Glyphs::ASCII));
            }
        }
    }
}
