//! How things look: a style for each role and the signs beside the words. Themes are files; four come with the program.

mod colours;
mod glyphs;
mod parse;
mod role;

use std::path::Path;

use ratatui::style::{Color, Modifier, Style};

pub use colours::rgb_of_index;
pub use glyphs::Glyphs;
pub use role::Role;

use crate::console::files::{FileError, Source};
use crate::console::terminal::{Ability, ColourDepth};
use parse::ThemeFile;

/// The themes that come with the program.
const BUILT_IN: [(&str, &str, &str); 4] = [
    ("dark", "themes/dark.toml", include_str!("../../../themes/dark.toml")),
    ("light", "themes/light.toml", include_str!("../../../themes/light.toml")),
    ("sixteen", "themes/sixteen.toml", include_str!("../../../themes/sixteen.toml")),
    ("mono", "themes/mono.toml", include_str!("../../../themes/mono.toml")),
];
/// How far themes may inherit from each other; more is a circle.
const DEPTH_MAX: usize = 8;

/// A theme, ready to paint with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    name: String,
    styles: Vec<Style>,
    /// The signs beside the words.
    pub glyphs: Glyphs,
}

impl Theme {
    /// Loads the theme for a terminal: the one named (a file `NAME.toml` in `dir`, or one that comes with the program),
    /// else the one that suits. Where the terminal has sixteen colours or none, the themes made for that serve instead
    /// of one that comes with the program.
    ///
    /// # Errors
    /// The file, line and key that is wrong, and how to mend it.
    pub fn load(name: Option<&str>, ability: Ability, dir: Option<&Path>) -> Result<Self, FileError> {
        let suits = match ability.depth {
            ColourDepth::None => "mono",
            ColourDepth::Sixteen => "sixteen",
            ColourDepth::Indexed | ColourDepth::True if ability.light => "light",
            ColourDepth::Indexed | ColourDepth::True => "dark",
        };
        let rich = ability.depth >= ColourDepth::Indexed;
        let name = name.filter(|name| rich || built_in(name).is_none()).unwrap_or(suits);
        let file = resolve(name, dir, 0)?;
        let named = file.styles()?;
        let glyphs = if ability.ascii { Glyphs::ASCII } else { Glyphs::UNICODE };
        let styles =
            Role::ALL.iter().map(|role| limit(named.get(role).copied().unwrap_or_default(), ability.depth)).collect();
        Ok(Self { name: name.to_owned(), styles, glyphs })
    }

    /// A theme that comes with the program, in full colour.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        built_in(name)?;
        let depth = match name {
            "mono" => ColourDepth::None,
            "sixteen" => ColourDepth::Sixteen,
            _ => ColourDepth::True,
        };
        Self::load(Some(name), Ability { depth, ascii: false, light: false }, None).ok()
    }

    /// The names of the themes that come with the program.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, ..)| *name)
    }

    /// A theme in which each role has a colour of its own, from which tests can tell the role of a cell.
    #[must_use]
    pub fn of_roles(glyphs: Glyphs) -> Self {
        let styles = Role::ALL
            .iter()
            .map(|role| match role {
                Role::Selection => Style::new().bg(Color::Indexed(*role as u8)),
                Role::Gone => Style::new().add_modifier(Modifier::CROSSED_OUT),
                _ => Style::new().fg(Color::Indexed(*role as u8)),
            })
            .collect();
        Self { name: "roles".to_owned(), styles, glyphs }
    }

    /// The theme's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How a role looks.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(usize::from(role as u8)).copied().unwrap_or_default()
    }
}

fn built_in(name: &str) -> Option<(&'static str, &'static str)> {
    BUILT_IN.iter().find(|(known, ..)| *known == name).map(|(_, file, text)| (*file, *text))
}

/// Reads a theme and all it inherits from.
fn resolve(name: &str, dir: Option<&Path>, depth: usize) -> Result<ThemeFile, FileError> {
    let path = dir.filter(|_| is_file_name(name)).map(|dir| dir.join(format!("{name}.toml")));
    let own = path.as_deref().and_then(|path| match std::fs::read_to_string(path) {
        Ok(text) => Some(Ok((path.display().to_string(), text))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => Some(Err(missing(&path.display().to_string(), &format!("can't be read: {error}")))),
    });
    let built_in = built_in(name).map(|(file, text)| Ok((file.to_owned(), text.to_owned())));
    // a file may bear the name of a theme it inherits from; then that one means the theme that comes with the program
    let found = if depth == 0 { own.or(built_in) } else { built_in.or(own) };
    let (file, text) = found.unwrap_or_else(|| Err(missing(name, "there is no such theme")))?;
    let read = parse::read(&Source { file: &file, text: &text })?;
    match read.inherits.clone() {
        Some((_, error)) if depth >= DEPTH_MAX => {
            Err(FileError { problem: "inherits: the themes inherit from each other in a circle".to_owned(), ..error })
        }
        Some((parent, error)) => {
            let parent =
                resolve(&parent, dir, depth + 1).map_err(|below| if below.line == 0 { error } else { below })?;
            Ok(read.over(parent))
        }
        // what a person's own file leaves out looks as in the default theme
        None if built_in_text(&text) => Ok(read),
        None => Ok(read.over(resolve("dark", None, depth + 1)?)),
    }
}

fn built_in_text(text: &str) -> bool {
    BUILT_IN.iter().any(|(.., known)| *known == text)
}

/// Line 0 says that the theme itself is missing.
fn missing(name: &str, problem: &str) -> FileError {
    let known: Vec<&str> = Theme::built_in_names().collect();
    FileError {
        file: name.to_owned(),
        line: 0,
        problem: problem.to_owned(),
        fix: format!("use {} or a file of that name in the themes folder", known.join(", ")),
    }
}

fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn limit(style: Style, depth: ColourDepth) -> Style {
    let within = |colour: Option<Color>| colour.map(|colour| colours::within(colour, depth));
    Style { fg: within(style.fg), bg: within(style.bg), ..style }
}

#[cfg(test)]
mod tests;
