//! Saved views: what a screen shows and how, kept as files that people hand to each other, `views/*.toml` in the console's
//! directory, one view each.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::fleet::words::SafeText;
use crate::fleet::words::filter::Filter;
use crate::fleet::words::nearest::nearest;
use crate::settings::problem::Problems;
use crate::settings::reader::{Reader, Section, read_file, unreadable};

/// Files that are read, by name; more would be no views but a mistake.
const MOST_FILES: usize = 100;

/// What a screen's rows show, and how they are arranged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// The filter; empty for all rows.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// The order, where it is not the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Whether the order is turned round.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reverse: bool,
    /// What the rows are grouped by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The columns in their order; empty for all that fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

/// A saved view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// The digit behind `v`, 1 to 9.
    pub number: u8,
    /// Its name.
    pub name: String,
    /// The screen.
    pub screen: String,
    /// What it shows there.
    #[serde(flatten)]
    pub layout: Layout,
    /// The file it was read from.
    #[serde(skip)]
    pub file: PathBuf,
}

/// What a screen has names for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The screen's name.
    pub screen: &'static str,
    /// Its orders.
    pub orders: Vec<&'static str>,
    /// What its rows can be grouped by.
    pub groupings: Vec<&'static str>,
    /// Its columns.
    pub columns: Vec<String>,
}

/// The saved views that can be used, and what is wrong with the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Views {
    /// By number.
    pub list: Vec<View>,
    /// A broken file keeps no other from being used.
    pub problems: Problems,
}

impl Views {
    /// The view of a number.
    #[must_use]
    pub fn get(&self, number: u8) -> Option<&View> {
        self.list.iter().find(|view| view.number == number)
    }
}

/// Reads the views of a directory; none where it does not exist. `screens` are those that have views.
#[must_use]
pub fn load(directory: &Path, screens: &[Words]) -> Views {
    let mut views = Views::default();
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                views.problems = unreadable(directory, &error);
            }
            return views;
        }
    };
    let is_view = |path: &PathBuf| path.extension().is_some_and(|end| end == "toml");
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_view).collect();
    files.sort();
    for file in files.into_iter().take(MOST_FILES) {
        match read_file(&file) {
            Ok(Some(text)) => read(&mut views, file, &text, screens),
            Ok(None) => {}
            Err(problems) => views.problems.append(problems),
        }
    }
    views.list.sort_by_key(|view| view.number);
    views
}

fn read(views: &mut Views, file: PathBuf, text: &str, screens: &[Words]) {
    let path = file.display().to_string();
    let reader = Reader::new(&path, text, (&[], ""));
    let mut found = None;
    reader.read(|top| found = view(top, views, screens));
    let mut problems = reader.into_problems();
    problems.sort();
    // What is half understood would show other rows than its author meant.
    views.list.extend(found.filter(|_| problems.is_empty()).map(|view| View { file, ..view }));
    views.problems.append(problems);
}

fn view(top: &mut Section<'_>, views: &Views, screens: &[Words]) -> Option<View> {
    let number = top.count("number", 1..=9).and_then(|number| u8::try_from(number).ok());
    for (key, fix) in [("number", "number = 1 to 9"), ("screen", "screen = \"alerts\"")] {
        if !top.has(key) {
            top.problem(key, format!("there is no {key}"), format!("write {fix}"));
        }
    }
    if let Some(other) = number.and_then(|number| views.get(number)) {
        top.problem("number", format!("{} has this number too", other.file.display()), "give one of them another");
    }
    let name = top.text("name").unwrap_or_default();
    let names: Vec<&'static str> = screens.iter().map(|words| words.screen).collect();
    let screen = top.word("screen", &names, |word| screens.iter().find(|words| words.screen == word));
    let filter = top.parsed("filter", "a filter, such as \"lane:new sev:warning+\"", |text| {
        Filter::parse(text).map(|_| text.to_owned()).map_err(|error| (error.to_string(), "mend the filter".to_owned()))
    });
    let known = screen.cloned().unwrap_or_default();
    let own = |word: &str| Some(word.to_owned());
    let mut one_of = |key, words: &[&'static str]| {
        top.word(key, words, |word| if screen.is_none() || words.contains(&word) { own(word) } else { None })
    };
    let order = one_of("order", &known.orders);
    let group = one_of("group", &known.groupings);
    let reverse = top.flag("reverse").unwrap_or(false);
    let columns = top.strings("columns").unwrap_or_default();
    if screen.is_some() {
        for (what, fix) in columns.iter().filter_map(|column| refuse_column(column, &known.columns)) {
            top.problem("columns", what, fix);
        }
    }
    let layout = Layout { filter: filter.unwrap_or_default(), order, reverse, group, columns };
    let name = SafeText::line(name.as_str()).to_string();
    Some(View { number: number?, name, screen: known.screen.to_owned(), layout, file: PathBuf::new() })
}

/// What is wrong with a column's name, and what to write; `None` where the screen has it.
#[must_use]
pub fn refuse_column(column: &str, known: &[String]) -> Option<(String, String)> {
    if known.iter().any(|known| known == column) {
        return None;
    }
    let all = known.join(" ");
    let fix = match nearest(column, known.iter().map(String::as_str)) {
        Some(word) => format!("did you mean {word}? There are {all}"),
        None => format!("there are {all}"),
    };
    Some((format!("there is no column {:?}", column.chars().take(40).collect::<String>()), fix))
}

/// Keeps a view in its file, or in one named by its number; a file is replaced whole or not at all.
///
/// # Errors
/// What the system said, with the file.
pub fn save(directory: &Path, view: &View) -> Result<PathBuf, Problems> {
    let named = view.file.as_os_str().is_empty();
    let file = if named { directory.join(format!("{}.toml", view.number)) } else { view.file.clone() };
    let failed = |error: &dyn std::fmt::Display| {
        Problems::of_file(&file, format!("can't be written: {error}"), "look at the directory's owner and free space")
    };
    let body = toml::to_string(view).map_err(|error| failed(&error))?;
    let text = format!("# A saved view; `v {}` shows it.\n{body}", view.number);
    let new = file.with_extension("toml.new");
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&new, text))
        .and_then(|()| std::fs::rename(&new, &file));
    written.map(|()| file.clone()).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screens() -> Vec<Words> {
        let alerts = Words {
            screen: "alerts",
            orders: vec!["queue", "age"],
            groupings: vec!["client", "severity"],
            columns: ["sev", "client", "host", "summary"].map(str::to_owned).to_vec(),
        };
        vec![alerts, Words { screen: "hosts", ..Words::default() }]
    }

    fn night() -> View {
        View {
            number: 3,
            name: "Night \"queue\"".to_owned(),
            screen: "alerts".to_owned(),
            layout: Layout {
                filter: "lane:new text:\"disk full\"".to_owned(),
                order: Some("age".to_owned()),
                reverse: true,
                group: Some("client".to_owned()),
                columns: ["summary", "host"].map(str::to_owned).to_vec(),
            },
            file: PathBuf::new(),
        }
    }

    #[test]
    fn a_view_comes_back_as_it_was_saved() {
        let home = tempfile::tempdir().unwrap();
        let views = home.path().join("views");
        assert_eq!(load(&views, &screens()), Views::default());
        let file = save(&views, &night()).unwrap();
        let read = load(&views, &screens());
        assert!(read.problems.is_empty(), "{}", read.problems);
        assert_eq!(read.list, [View { file, ..night() }]);
        let plain = View { layout: Layout::default(), ..night() };
        save(&views, &plain).unwrap();
        assert_eq!(load(&views, &screens()).get(3).unwrap().layout, Layout::default());
        assert_eq!(
            std::fs::read_dir(&views).unwrap().count(),
            1,
            "it replaces the one before, and leaves nothing else"
        );
    }

    #[test]
    fn a_view_that_came_from_a_colleague_keeps_its_file() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("night.toml");
        std::fs::write(&file, "number = 3\nname = \"Night\"\nscreen = \"alerts\"\n").unwrap();
        let view = load(home.path(), &screens()).list.remove(0);
        assert_eq!(view.file, file);
        assert_eq!(save(home.path(), &View { name: "Late".to_owned(), ..view }).unwrap(), file);
    }

    #[test]
    fn a_broken_file_is_named_and_keeps_no_other_away() {
        let home = tempfile::tempdir().unwrap();
        save(home.path(), &night()).unwrap();
        for (name, text, expected) in [
            ("a", "number = 0\nscreen = \"alerts\"\n", "a.toml:1: number: this is 0: write a whole number from 1 to 9"),
            ("b", "number = 1\nscreen = \"alarts\"\n", "b.toml:2: screen: \"alarts\" is not known here: did you mean"),
            ("c", "number = 2\nscreen = \"alerts\"\nordre = \"age\"\n", "c.toml:3: ordre: there is no such key"),
            (
                "d",
                "number = 4\nscreen = \"alerts\"\ngroup = \"clients\"\n",
                "d.toml:3: group: \"clients\" is not known",
            ),
            (
                "e",
                "number = 5\nscreen = \"alerts\"\ncolumns = [\"hots\"]\n",
                "e.toml:3: columns: there is no column \"hots\": did you mean host? There are sev client host summary",
            ),
            (
                "f",
                "number = 6\nscreen = \"alerts\"\nfilter = \"lane:nwe\"\n",
                "f.toml:3: filter: column 6: lane has no",
            ),
            ("g", "number = 3\nscreen = \"alerts\"\n", "g.toml:1: number: "),
            ("h", "number = \n", "h.toml:1: this is not TOML"),
            ("i", "name = \"no number\"\nscreen = \"hosts\"\n", "i.toml:1: there is no number: write number = 1 to 9"),
        ] {
            let file = home.path().join(format!("{name}.toml"));
            std::fs::write(&file, text).unwrap();
            let read = load(home.path(), &screens());
            let problems = read.problems.to_string();
            assert!(problems.contains(expected), "{problems}");
            assert_eq!(read.list.iter().map(|view| view.number).collect::<Vec<_>>(), [3], "{name}");
            std::fs::remove_file(file).unwrap();
        }
        std::fs::create_dir(home.path().join("z.toml")).unwrap();
        let read = load(home.path(), &screens());
        assert!(read.list.len() == 1 && read.problems.to_string().contains("z.toml"), "{}", read.problems);
    }
}
