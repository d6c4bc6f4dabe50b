//! The filter of a list: what counts, and what is being typed.

use crate::console::input::Key;
use crate::console::keymap::Pressed;
use crate::console::widgets::{TextEvent, TextInput};
use crate::fleet::words::filter::Filter;

/// The filter of a list.
#[derive(Clone, Debug, Default)]
pub struct FilterLine {
    text: String,
    filter: Filter,
    typing: Option<TextInput>,
    fault: Option<String>,
    /// The text is looked for as it is.
    plain: bool,
}

/// What came of a key while the filter is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Nothing changed.
    Nothing,
    /// The line looks different, the filter is the same.
    Moved,
    /// Another filter counts.
    Refiltered,
}

impl FilterLine {
    /// A line that is searched for as it is typed, and no filter.
    #[must_use]
    pub fn of_plain_text() -> Self {
        Self { plain: true, ..Self::default() }
    }

    /// The filter that counts.
    #[must_use]
    pub const fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The filter as typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Why the text is no filter yet.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// The line being typed.
    #[must_use]
    pub const fn typing(&self) -> Option<&TextInput> {
        self.typing.as_ref()
    }

    /// Whether everything is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Begins to type.
    pub fn begin(&mut self) {
        self.typing = Some(TextInput::with(&self.text));
    }

    /// Sets the filter as a link from another screen does.
    pub fn set(&mut self, text: &str) {
        self.typing = None;
        self.take(text);
    }

    /// Takes a key while typing.
    pub fn press(&mut self, pressed: Pressed, key: Key, count: u16) -> Typed {
        let Some(input) = &mut self.typing else { return Typed::Nothing };
        match input.press(pressed, key, count) {
            TextEvent::Changed => {
                let text = input.text().to_owned();
                self.take(&text);
                Typed::Refiltered
            }
            TextEvent::Moved => Typed::Moved,
            TextEvent::Submit => {
                self.typing = None;
                Typed::Moved
            }
            TextEvent::Cancel => {
                self.typing = None;
                self.take("");
                Typed::Refiltered
            }
            TextEvent::Ignored => Typed::Nothing,
        }
    }

    /// Puts another text into the line being typed.
    pub fn fill(&mut self, text: &str) {
        if let Some(input) = &mut self.typing {
            *input = TextInput::with(text);
            self.take(text);
        }
    }

    /// Takes pasted text while typing.
    pub fn paste(&mut self, pasted: &str) -> Typed {
        let Some(input) = &mut self.typing else { return Typed::Nothing };
        input.paste(pasted);
        let text = input.text().to_owned();
        self.take(&text);
        Typed::Refiltered
    }

    fn take(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        if self.plain {
            return;
        }
        let (filter, fault) = Filter::parse_while_typing(text);
        self.filter = filter;
        self.fault = fault.map(|fault| fault.to_string());
    }
}
