//! Which keys do what, and what a key pressed comes to.

use std::path::Path;

use super::actions::Action;
use super::context::Context;
use super::parse::{self, Bindings};
use crate::console::files::{FileError, Source, read_own};
use crate::console::input::{Key, KeyCode};

const DEFAULT: Source<'static> = Source { file: "src/console/keymap/default.toml", text: include_str!("default.toml") };

/// Which keys do what, and the keys of a chord pressed so far.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    pub(super) bindings: Bindings,
    pub(super) pending: Vec<Key>,
}

/// What a key came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// Do this.
    Action(Action),
    /// A chord has begun; nothing happens until it is whole, however long that takes.
    Pending,
    /// A chord was given up.
    Cancelled,
    /// The key does this, but not here.
    NotHere(Action),
    /// The key does nothing.
    Nothing,
}

impl Keymap {
    /// The default keys.
    ///
    /// # Errors
    /// None that a test would not have found: the default key map comes with the program.
    pub fn built_in() -> Result<Self, FileError> {
        let mut keymap = Self::default();
        parse::read(&DEFAULT, &mut keymap.bindings)?;
        Ok(keymap)
    }

    /// The default keys with those of a person's own file over them, if it exists.
    ///
    /// # Errors
    /// The file, line and key that is wrong, and how to mend it.
    pub fn load(own: Option<&Path>) -> Result<Self, FileError> {
        let mut keymap = Self::built_in()?;
        let Some(path) = own else { return Ok(keymap) };
        if let Some(text) = read_own(path)? {
            parse::read(&Source { file: &path.display().to_string(), text: &text }, &mut keymap.bindings)?;
        }
        Ok(keymap)
    }

    /// Takes a key in a context.
    pub fn press(&mut self, context: Context, key: Key) -> Pressed {
        let in_chord = !self.pending.is_empty();
        if in_chord && key == Key::plain(KeyCode::Esc) {
            self.pending.clear();
            return Pressed::Cancelled;
        }
        self.pending.push(key);
        let found = self.find(context);
        if found != Pressed::Pending {
            self.pending.clear();
        }
        if in_chord && found == Pressed::Nothing { Pressed::Cancelled } else { found }
    }

    /// The keys of a chord pressed so far, as they are shown; empty if none has begun.
    #[must_use]
    pub fn pending(&self) -> String {
        parse::text(&self.pending)
    }

    /// Gives up a chord, as when the context changes.
    pub fn cancel_chord(&mut self) {
        self.pending.clear();
    }

    fn find(&self, context: Context) -> Pressed {
        let mut elsewhere = None;
        for section in context.chain() {
            match self.bindings.get(&(*section, self.pending.clone())) {
                Some(action) if action.works_in(context) => return Pressed::Action(*action),
                Some(action) => elsewhere = elsewhere.or(Some(*action)),
                None => {}
            }
        }
        let begins = |((section, keys), action): (&(Context, Vec<Key>), &Action)| {
            let longer = keys.len() > self.pending.len() && keys.starts_with(&self.pending);
            longer && context.chain().contains(section) && action.works_in(context)
        };
        if self.bindings.iter().any(begins) {
            return Pressed::Pending;
        }
        elsewhere.map_or(Pressed::Nothing, Pressed::NotHere)
    }

    /// Whether no nearer section of the context takes these keys first.
    pub(super) fn is_reachable(&self, context: Context, section: Context, keys: &[Key]) -> bool {
        let nearer = context.chain().iter().take_while(|place| **place != section);
        !nearer
            .into_iter()
            .any(|place| self.bindings.get(&(*place, keys.to_vec())).is_some_and(|action| action.works_in(context)))
    }
}
