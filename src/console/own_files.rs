//! The person's own theme and key map while the console runs: read at the start, on demand and when a file changes. Where
//! one is wrong, the one in use stays, and what is said names file, line, key and fix.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::console::files::FileError;
use crate::console::keymap::Keymap;
use crate::console::terminal::Ability;
use crate::console::theme::Theme;

/// When a file was written and how long it is; `None` where there is none.
type Stamp = Option<(SystemTime, u64)>;

/// Where theme and key map come from.
#[derive(Debug)]
pub struct OwnFiles {
    theme: Option<String>,
    ability: Ability,
    themes: Option<PathBuf>,
    keymap: Option<PathBuf>,
    /// The files that the look and the keys hang on, as they were when they were read.
    read: Vec<(PathBuf, Stamp)>,
    /// The same at the last look; a file is read when it has held still since.
    seen: Vec<Stamp>,
}

impl OwnFiles {
    /// The theme named, or the one that suits the terminal; `themes` is the folder of own themes.
    #[must_use]
    pub const fn new(
        theme: Option<String>,
        ability: Ability,
        themes: Option<PathBuf>,
        keymap: Option<PathBuf>,
    ) -> Self {
        Self { theme, ability, themes, keymap, read: Vec::new(), seen: Vec::new() }
    }

    /// Reads both; each as it is, or why it can't be used.
    pub fn read(&mut self) -> (Result<Theme, FileError>, Result<Keymap, FileError>) {
        let mut files: Vec<PathBuf> = self.keymap.iter().cloned().collect();
        let theme = Theme::load_noting(self.theme.as_deref(), self.ability, self.themes.as_deref(), &mut files);
        let keymap = Keymap::load(self.keymap.as_deref());
        self.read = files.into_iter().map(stamped).collect();
        self.seen = self.read.iter().map(|(_, stamp)| *stamp).collect();
        (theme, keymap)
    }

    /// Reads both for the start. Where a file is wrong, what comes with the program serves, and the errors say why.
    ///
    /// # Errors
    /// None that a test would not have found: what comes with the program is wrong.
    pub fn begin(&mut self) -> Result<(Theme, Keymap, Vec<FileError>), FileError> {
        let (theme, keymap) = self.read();
        let mut errors = Vec::new();
        let theme = theme.or_else(|error| {
            errors.push(error);
            Theme::load(None, self.ability, None)
        })?;
        let keymap = keymap.or_else(|error| {
            errors.push(error);
            Keymap::built_in()
        })?;
        Ok((theme, keymap, errors))
    }

    /// Goes on from the theme of this name to the next. A wrong one is told of, and passed over by the next call.
    ///
    /// # Errors
    /// What is wrong with the next theme.
    pub fn next_theme(&mut self, from: &str) -> Result<Theme, FileError> {
        let names = Theme::names(self.ability, self.themes.as_deref());
        let now = self.theme.as_deref().unwrap_or(from);
        let at = names.iter().position(|name| name == now).map_or(0, |at| at + 1);
        self.theme = names.get(at).or_else(|| names.first()).cloned();
        self.read().0
    }

    /// Whether a file changed since it was read, and held still since the last call: an editor may write in steps. It
    /// costs a look at each of them, a dozen at most.
    pub fn have_changed(&mut self) -> bool {
        let now: Vec<Stamp> = self.read.iter().map(|(path, _)| stamp(path)).collect();
        let held_still = now == self.seen;
        let changed = now.iter().zip(&self.read).any(|(now, (_, read))| now != read);
        self.seen = now;
        changed && held_still
    }
}

fn stamped(path: PathBuf) -> (PathBuf, Stamp) {
    let stamp = stamp(&path);
    (path, stamp)
}

fn stamp(path: &Path) -> Stamp {
    let file = std::fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::input::Key;
    use crate::console::keymap::{Action, Context, Pressed};
    use crate::console::terminal::ColourDepth;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("themes")).unwrap();
            Self(dir)
        }

        fn write(&self, file: &str, text: &str) {
            std::fs::write(self.0.path().join(file), text).unwrap();
        }

        fn files(&self, theme: Option<&str>) -> OwnFiles {
            let ability = Ability { depth: ColourDepth::True, ascii: false, light: false };
            let (themes, keys) = (self.0.path().join("themes"), self.0.path().join("keys.toml"));
            OwnFiles::new(theme.map(str::to_owned), ability, Some(themes), Some(keys))
        }
    }

    #[test]
    fn wrong_files_are_told_and_what_comes_with_the_program_serves() {
        let home = Home::new();
        home.write("themes/mine.toml", "inherits = \"light\"\n[roles]\n\"state.okay\" = \"red\"\n");
        home.write("keys.toml", "[list]\n\"J\" = \"jump\"\n");
        let (theme, mut keymap, errors) = home.files(Some("mine")).begin().unwrap();
        assert_eq!(theme.name(), "dark");
        assert_eq!(keymap.press(Context::Alerts, Key::char('j')), Pressed::Action(Action::Down));
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(
            told[0].contains("themes/mine.toml:3: roles.state.okay: there is no such role; did you mean"),
            "{told:?}"
        );
        assert!(told[1].contains("keys.toml:2: ") && told[1].contains("jump"), "{told:?}");
    }

    #[test]
    fn a_change_is_seen_once_it_holds_still() {
        let home = Home::new();
        home.write("themes/mine.toml", "inherits = \"dark\"\n");
        let mut files = home.files(Some("mine"));
        files.begin().unwrap();
        assert!(!files.have_changed());
        home.write("themes/mine.toml", "inherits = \"light\"\n# longer\n");
        assert!(!files.have_changed(), "it may still be written to");
        assert!(files.have_changed());
        let light = Theme::built_in("light").unwrap();
        assert_eq!(
            files.read().0.unwrap().style(crate::console::theme::Role::Ok),
            light.style(crate::console::theme::Role::Ok)
        );
        assert!(!files.have_changed());
        // a key map that comes into being counts too, and so does one that goes
        home.write("keys.toml", "[list]\n\"J\" = \"down\"\n");
        files.have_changed();
        assert!(files.have_changed());
        files.read().1.unwrap();
        std::fs::remove_file(home.0.path().join("keys.toml")).unwrap();
        files.have_changed();
        assert!(files.have_changed());
    }

    #[test]
    fn the_next_theme_goes_round_and_passes_a_wrong_one() {
        let home = Home::new();
        home.write("themes/broken.toml", "roles = 1\n");
        let mut files = home.files(None);
        let mut name = files.begin().unwrap().0.name().to_owned();
        let mut round = Vec::new();
        for _ in 0..9 {
            match files.next_theme(&name) {
                Ok(theme) => name = theme.name().to_owned(),
                Err(error) => name = error.file.rsplit('/').next().unwrap().to_owned(),
            }
            round.push(name.clone());
        }
        let expected =
            ["light", "high-contrast", "deuteranopia", "tritanopia", "sixteen", "mono", "broken.toml", "dark", "light"];
        assert_eq!(round, expected);
    }
}
