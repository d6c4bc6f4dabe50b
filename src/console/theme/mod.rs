//! How things look: a style for each role and the signs beside the words. Themes are files; some come with the
//! program.

mod colours;
mod glyphs;
mod parse;
mod role;

use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier, Style};

pub use colours::rgb_of_index;
pub use glyphs::Glyphs;
pub use role::Role;

use crate::console::files::{FileError, Source, read_own};
use crate::console::terminal::{Ability, ColourDepth};
use parse::ThemeFile;

macro_rules! built_in {
    ($($name:literal needs $depth:ident,)+) => {
        [$(BuiltIn {
            name: $name,
            file: concat!("themes/", $name, ".toml"),
            text: include_str!(concat!("../../../themes/", $name, ".toml")),
            needs: ColourDepth::$depth,
        },)+]
    };
}

/// A theme that comes with the program.
struct BuiltIn {
    name: &'static str,
    file: &'static str,
    text: &'static str,
    /// The fewest colours it can be shown with.
    needs: ColourDepth,
}

/// The themes that come with the program, in the order in which a person tries them.
const BUILT_IN: [BuiltIn; 7] = built_in! {
    "dark" needs Indexed,
    "light" needs Indexed,
    "high-contrast" needs Indexed,
    "deuteranopia" needs Indexed,
    "tritanopia" needs Indexed,
    "sixteen" needs Sixteen,
    "mono" needs None,
};
/// How far themes may inherit from each other; more is a circle.
const DEPTH_MAX: usize = 8;
/// What is said of a theme that does not exist.
const NO_SUCH: &str = "there is no such theme";
/// How many files of the themes folder are looked at.
const FILES_MAX: usize = 256;

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
    /// else the one that suits. Where the terminal has too few colours for one that comes with the program, the one that
    /// suits serves instead; where it has too few for a colour of a person's own theme, that role looks as in the one
    /// that suits, so that nothing is ever marked by a colour that isn't shown.
    ///
    /// # Errors
    /// The file, line and key that is wrong, and how to mend it.
    pub fn load(name: Option<&str>, ability: Ability, dir: Option<&Path>) -> Result<Self, FileError> {
        Self::load_noting(name, ability, dir, &mut Vec::new())
    }

    /// The same, and notes the own files that were looked for, whether they are there or not: what the theme looks like
    /// hangs on them.
    ///
    /// # Errors
    /// As [`Theme::load`]; the files are noted then too.
    pub fn load_noting(
        name: Option<&str>,
        ability: Ability,
        dir: Option<&Path>,
        looked_for: &mut Vec<PathBuf>,
    ) -> Result<Self, FileError> {
        let suits = suiting(ability);
        let shown = |name: &&str| built_in(name).is_none_or(|built_in| built_in.needs <= ability.depth);
        let name = name.filter(shown).unwrap_or(suits);
        let own = resolve(name, dir, 0, looked_for)?.styles()?;
        let fewer = resolve(suits, None, 0, looked_for)?.styles()?;
        let styles = Role::ALL.iter().map(|role| {
            let wanted = own.get(role).copied().unwrap_or_default();
            let limited = limit(wanted, ability.depth);
            let lost = ability.depth < ColourDepth::Indexed && limited != wanted;
            if lost { fewer.get(role).copied().unwrap_or_default() } else { limited }
        });
        let glyphs = if ability.ascii { Glyphs::ASCII } else { Glyphs::UNICODE };
        Ok(Self { name: name.to_owned(), styles: styles.collect(), glyphs })
    }

    /// A theme that comes with the program, in full colour.
    #[must_use]
    pub fn built_in(name: &str) -> Option<Self> {
        let depth = match built_in(name)?.needs {
            ColourDepth::Indexed => ColourDepth::True,
            fewer => fewer,
        };
        Self::load(Some(name), Ability { depth, ascii: false, light: false }, None).ok()
    }

    /// Whether there is a theme of this name: a file in `dir`, or one that comes with the program.
    #[must_use]
    pub fn exists(name: &str, dir: Option<&Path>) -> bool {
        built_in(name).is_some()
            || is_file_name(name) && dir.is_some_and(|dir| dir.join(format!("{name}.toml")).is_file())
    }

    /// The names of all themes a person may choose at this terminal: those that come with the program, then the files of
    /// `dir` by name.
    #[must_use]
    pub fn names(ability: Ability, dir: Option<&Path>) -> Vec<String> {
        let mut names: Vec<String> = BUILT_IN
            .iter()
            .filter(|built_in| built_in.needs <= ability.depth)
            .map(|built_in| built_in.name.to_owned())
            .collect();
        let entries = dir.and_then(|dir| std::fs::read_dir(dir).ok()).into_iter().flatten().take(FILES_MAX);
        let mut own: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
            .filter(|name| is_file_name(name) && built_in(name).is_none())
            .collect();
        own.sort();
        names.extend(own);
        names
    }

    /// The names of the themes that come with the program.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|built_in| built_in.name)
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

fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|built_in| built_in.name == name)
}

/// The theme that suits a terminal where nobody asked for one.
const fn suiting(ability: Ability) -> &'static str {
    match ability.depth {
        ColourDepth::None => "mono",
        ColourDepth::Sixteen => "sixteen",
        ColourDepth::Indexed | ColourDepth::True if ability.light => "light",
        ColourDepth::Indexed | ColourDepth::True => "dark",
    }
}

/// Reads a theme and all it inherits from.
fn resolve(
    name: &str,
    dir: Option<&Path>,
    depth: usize,
    looked_for: &mut Vec<PathBuf>,
) -> Result<ThemeFile, FileError> {
    let own = match dir.filter(|_| is_file_name(name)).map(|dir| dir.join(format!("{name}.toml"))) {
        Some(path) => {
            let text = read_own(&path).transpose();
            let file = path.display().to_string();
            looked_for.push(path);
            text.map(|text| text.map(|text| (file, text)))
        }
        None => None,
    };
    let built_in = built_in(name).map(|built_in| Ok((built_in.file.to_owned(), built_in.text.to_owned())));
    // a file may bear the name of a theme it inherits from; then that one means the theme that comes with the program
    let found = if depth == 0 { own.or(built_in) } else { built_in.or(own) };
    let (file, text) = found.unwrap_or_else(|| Err(missing(name)))?;
    let read = parse::read(&Source { file: &file, text: &text })?;
    match read.inherits.clone() {
        Some((_, error)) if depth >= DEPTH_MAX => {
            Err(FileError { problem: "inherits: the themes inherit from each other in a circle".to_owned(), ..error })
        }
        Some((parent, error)) => {
            let parent = resolve(&parent, dir, depth + 1, looked_for)
                .map_err(|below| if below.problem == NO_SUCH { error } else { below })?;
            Ok(read.over(parent))
        }
        // what a person's own file leaves out looks as in the default theme
        None if built_in_text(&text) => Ok(read),
        None => Ok(read.over(resolve("dark", None, depth + 1, looked_for)?)),
    }
}

fn built_in_text(text: &str) -> bool {
    BUILT_IN.iter().any(|built_in| built_in.text == text)
}

fn missing(name: &str) -> FileError {
    let known: Vec<&str> = Theme::built_in_names().collect();
    FileError {
        file: format!("theme {name}"),
        line: 0,
        problem: NO_SUCH.to_owned(),
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
