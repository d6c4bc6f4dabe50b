//! A strict reader of TOML: each key is asked for by name, what was not asked for is an error, and reading goes on
//! after an error.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use crate::fleet::words::nearest::nearest;
use crate::fleet::words::{SafeText, duration, ids};
use crate::settings::problem::{Problem, Problems};
use crate::settings::secret::is_secret_name;

/// The largest file that is read, in bytes.
pub(super) const LARGEST_FILE: u64 = 1024 * 1024;
const LONGEST_TEXT: usize = 2000;
const LONGEST_LIST: usize = 256;
/// Stands for every key: no name of a key has a star.
const ANY: &str = "*";

/// One file being read.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    elsewhere: Elsewhere,
    broken_lines: RefCell<Vec<u32>>,
    problems: RefCell<Problems>,
}

/// Keys that belong in another file, and its name.
pub(super) type Elsewhere = (&'static [&'static str], &'static str);

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, text: &'a str, elsewhere: Elsewhere) -> Self {
        Self { file, text, elsewhere, broken_lines: RefCell::default(), problems: RefCell::default() }
    }

    /// Parses the text; what can't be understood is noted, the rest is given to `read`.
    pub(super) fn read(&self, read: impl FnOnce(&mut Section<'_>)) {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        let is_sound = errors.is_empty();
        for error in errors {
            let line = error.span().map_or(1, |span| self.line(span.start));
            self.note(line, "", format!("this is not TOML, {}", error.message()), toml_fix(error.message()));
            self.broken_lines.borrow_mut().push(line);
        }
        let mut section =
            Section { reader: self, path: String::new(), line: 1, table: table.get_ref(), asked: Vec::new() };
        read(&mut section);
        // Behind broken syntax, keys may have landed in the wrong table.
        if is_sound {
            section.refuse_unknown();
        }
    }

    pub(super) fn into_problems(self) -> Problems {
        self.problems.into_inner()
    }

    pub(super) fn note(&self, line: u32, key: &str, what: impl Into<String>, fix: impl Into<String>) {
        // What was made of a broken line is not what the user wrote.
        if self.broken_lines.borrow().contains(&line) {
            return;
        }
        let problem =
            Problem { file: self.file.to_owned(), line, key: key.to_owned(), what: what.into(), fix: fix.into() };
        self.problems.borrow_mut().push(problem);
    }

    fn line(&self, offset: usize) -> u32 {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        u32::try_from(before.iter().filter(|byte| **byte == b'\n').count()).unwrap_or(u32::MAX).saturating_add(1)
    }
}

fn toml_fix(message: &str) -> &'static str {
    if message.contains("duplicate") {
        "keep one of the two and remove the other"
    } else if message.contains("string") || message.contains("quote") {
        "put text in double quotes, and a backslash before each quote or backslash in it"
    } else {
        "write `key = value`, text in double quotes, sections as [a.b]"
    }
}

/// One table of a file.
pub(super) struct Section<'r> {
    reader: &'r Reader<'r>,
    path: String,
    line: u32,
    table: &'r DeTable<'r>,
    asked: Vec<&'static str>,
}

/// A value with its place.
struct Found<'r> {
    value: &'r DeValue<'r>,
    line: u32,
}

impl<'r> Section<'r> {
    /// The line at which the section begins.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// The file's name.
    pub(super) fn file(&self) -> &'r str {
        self.reader.file
    }

    /// The section's own key, as problems give it.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn find(&mut self, key: &'static str) -> Option<Found<'r>> {
        self.asked.push(key);
        self.table
            .get_key_value(key)
            .map(|(key, value)| Found { value: value.get_ref(), line: self.reader.line(key.span().start) })
    }

    /// Leaves all other keys to another reader of the same file, who refuses what is unknown.
    pub(super) fn leave_rest(&mut self) {
        self.asked.push(ANY);
    }

    /// Leaves these keys to another reader of the same file.
    pub(super) fn leave(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// The names below a key of this section, whatever stands there; none where it is no table.
    pub(super) fn names_below(&self, key: &str) -> Vec<String> {
        let table = self.table.get(key).and_then(|value| value.get_ref().as_table());
        let mut names: Vec<String> =
            table.into_iter().flat_map(|table| table.keys()).map(|name| name.get_ref().to_string()).collect();
        names.sort();
        names
    }

    /// The line of a key of this section; `None` where it is not there.
    pub(super) fn line_of(&self, key: &str) -> Option<u32> {
        self.table.get_key_value(key).map(|(key, _)| self.reader.line(key.span().start))
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn is_list(&self, key: &str) -> bool {
        self.table.get(key).is_some_and(|value| value.get_ref().is_array())
    }

    /// The key below this section, as problems give it.
    pub(super) fn key(&self, key: &str) -> String {
        let key = if ids::is_plain_name(key) && !key.contains('.') { key.to_owned() } else { format!("{key:?}") };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    /// Notes a problem of a key of this section; of the section itself where the key is not there.
    pub(super) fn problem(&self, key: &str, what: impl Into<String>, fix: impl Into<String>) {
        match self.table.get_key_value(key) {
            Some((found, _)) => {
                self.reader.note(self.reader.line(found.span().start), &self.key(key), what, fix);
            }
            None => self.reader.note(self.line, &self.path, what, fix),
        }
    }

    fn wrong_type(&self, key: &str, found: &DeValue<'_>, wanted: &str) {
        self.problem(key, format!("this is {}", kind_of(found)), format!("write {wanted}"));
    }

    /// A text of the user, made safe.
    pub(super) fn text(&mut self, key: &'static str) -> Option<SafeText> {
        self.string(key, "a text in quotes").map(|text| SafeText::new(&text))
    }

    /// A text as it is; never empty.
    pub(super) fn string(&mut self, key: &'static str, wanted: &str) -> Option<String> {
        let found = self.find(key)?;
        match found.value {
            DeValue::String(text) if text.trim().is_empty() => {
                self.problem(key, "the text is empty", format!("write {wanted}, or remove the key"));
                None
            }
            DeValue::String(text) if text.len() > LONGEST_TEXT || text.contains('\0') => {
                self.problem(
                    key,
                    "the text is too long, or holds a zero byte",
                    format!("write at most {LONGEST_TEXT} bytes"),
                );
                None
            }
            DeValue::String(text) => Some(text.clone().into_owned()),
            other => {
                self.wrong_type(key, other, wanted);
                None
            }
        }
    }

    /// A text that `parse` understands; `Err` of it is (what is wrong, what to do).
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        wanted: &str,
        parse: impl FnOnce(&str) -> Result<T, (String, String)>,
    ) -> Option<T> {
        let text = self.string(key, wanted)?;
        parse(&text).map_err(|(what, fix)| self.problem(key, what, fix)).ok()
    }

    /// One of some words.
    pub(super) fn word<T>(
        &mut self,
        key: &'static str,
        words: &[&'static str],
        from_word: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let all = words.join(", ");
        self.parsed(key, &format!("one of {all}"), |text| {
            from_word(text).ok_or_else(|| {
                let fix = match nearest(text, words.iter().copied()) {
                    Some(word) => format!("did you mean {word:?}? One of {all}"),
                    None => format!("write one of {all}"),
                };
                (format!("{text:?} is not known here"), fix)
            })
        })
    }

    /// A span of time within limits.
    pub(super) fn duration(&mut self, key: &'static str, limits: RangeInclusive<Duration>) -> Option<Duration> {
        let (least, most) = (duration::exact(*limits.start()), duration::exact(*limits.end()));
        self.parsed(key, &format!("a span of time in quotes, from \"{least}\" to \"{most}\""), |text| {
            let fix = format!("write a span from \"{least}\" to \"{most}\", such as \"30s\" or \"1h30m\"");
            match duration::parse(text) {
                Ok(span) if limits.contains(&span) => Ok(span),
                Ok(_) => Err((format!("{text:?} is out of bounds"), fix)),
                Err(_) => Err((format!("{text:?} is no span of time"), fix)),
            }
        })
    }

    /// A whole number within limits.
    pub(super) fn count(&mut self, key: &'static str, limits: RangeInclusive<u32>) -> Option<u32> {
        let found = self.find(key)?;
        let number = found.value.as_integer().and_then(|number| {
            i64::from_str_radix(number.as_str(), number.radix()).ok().and_then(|number| u32::try_from(number).ok())
        });
        match number.filter(|number| limits.contains(number)) {
            Some(number) => Some(number),
            None => {
                let fix = format!("write a whole number from {} to {}, without quotes", limits.start(), limits.end());
                self.problem(key, format!("this is {}", shown(found.value)), fix);
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let found = self.find(key)?;
        let flag = found.value.as_bool();
        if flag.is_none() {
            self.problem(key, format!("this is {}", shown(found.value)), "write true or false, without quotes");
        }
        flag
    }

    /// A text or a number, as text: for ranges, which users write either way.
    pub(super) fn number_or_text(&mut self, key: &'static str, wanted: &str) -> Option<String> {
        match self.table.get(key).map(toml::Spanned::get_ref) {
            Some(DeValue::Integer(number)) if number.radix() == 10 => {
                self.asked.push(key);
                Some(number.as_str().to_owned())
            }
            Some(DeValue::Float(number)) => {
                self.asked.push(key);
                Some(number.as_str().to_owned())
            }
            _ => self.string(key, wanted),
        }
    }

    /// A list of texts; empty texts are allowed in it, as a program may be given one.
    pub(super) fn strings(&mut self, key: &'static str) -> Option<Vec<String>> {
        let found = self.find(key)?;
        let Some(list) = found.value.as_array() else {
            self.wrong_type(key, found.value, "a list of texts, [\"a\", \"b\"]");
            return None;
        };
        let texts: Option<Vec<String>> = list.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
        match texts {
            Some(texts)
                if texts.len() <= LONGEST_LIST
                    && texts.iter().all(|text| text.len() <= LONGEST_TEXT && !text.contains('\0')) =>
            {
                Some(texts)
            }
            Some(_) => {
                let fix = format!("write at most {LONGEST_LIST} texts of at most {LONGEST_TEXT} bytes");
                self.problem(key, "the list is too long, or a text in it is", fix);
                None
            }
            None => {
                self.problem(key, "the list holds something that is no text", "put each item in double quotes");
                None
            }
        }
    }

    /// A table below this one; it must be handed to [`Section::refuse_unknown`] when read.
    pub(super) fn section(&mut self, key: &'static str) -> Option<Section<'r>> {
        let found = self.find(key)?;
        self.section_of(key, found.value, found.line)
    }

    fn section_of(&self, key: &str, value: &'r DeValue<'r>, line: u32) -> Option<Section<'r>> {
        let path = self.key(key);
        match value {
            DeValue::Table(table) => Some(Section { reader: self.reader, path, line, table, asked: Vec::new() }),
            other => {
                self.wrong_type(key, other, &format!("a section, [{path}]"));
                None
            }
        }
    }

    /// The tables below `key`, each under a name of the user's choice, in the order of the file: `[client.acme]`.
    pub(super) fn named(&mut self, key: &'static str, names: Names) -> Vec<(String, Section<'r>)> {
        let Some(all) = self.section(key) else { return Vec::new() };
        let mut found: Vec<_> = all.table.iter().collect();
        found.sort_by_key(|(name, _)| name.span().start);
        found
            .into_iter()
            .filter_map(|(name, value)| {
                let line = self.reader.line(name.span().start);
                let section = all.section_of(name.get_ref(), value.get_ref(), line)?;
                if let Some(fix) = names.refuse(name.get_ref()) {
                    self.reader.note(line, &section.path, format!("{:?} can't be a name here", name.get_ref()), fix);
                    return None;
                }
                Some((name.get_ref().clone().into_owned(), section))
            })
            .collect()
    }

    /// All texts of this section, each under a name of the user's choice, with its line; what is no text is noted.
    pub(super) fn texts(&self) -> Vec<(String, u32, String)> {
        let mut found: Vec<_> = self.table.iter().collect();
        found.sort_by_key(|(name, _)| name.span().start);
        found
            .into_iter()
            .filter_map(|(name, value)| {
                let Some(text) = value.get_ref().as_str() else {
                    self.wrong_type(name.get_ref(), value.get_ref(), "a text in quotes");
                    return None;
                };
                Some((name.get_ref().clone().into_owned(), self.reader.line(name.span().start), text.to_owned()))
            })
            .collect()
    }

    /// Notes a problem at a line, of a key whose name is the user's.
    pub(super) fn note(&self, line: u32, key: &str, what: impl Into<String>, fix: impl Into<String>) {
        self.reader.note(line, &self.key(key), what, fix);
    }

    /// The sections of a list, `[[backup]]`, in the order of the file; each must be handed to
    /// [`Section::refuse_unknown`] when read.
    pub(super) fn list(&mut self, key: &'static str) -> Vec<Section<'r>> {
        let Some(found) = self.find(key) else { return Vec::new() };
        let wanted = format!("a list of sections, each under [[{key}]]");
        let Some(list) = found.value.as_array() else {
            self.wrong_type(key, found.value, &wanted);
            return Vec::new();
        };
        let sections = list.iter().filter_map(|item| match item.get_ref() {
            DeValue::Table(table) => {
                let (path, line) = (self.key(key), self.reader.line(item.span().start));
                Some(Section { reader: self.reader, path, line, table, asked: Vec::new() })
            }
            other => {
                self.wrong_type(key, other, &wanted);
                None
            }
        });
        sections.collect()
    }

    /// Notes each key that was not asked for.
    pub(super) fn refuse_unknown(&self) {
        if self.asked.contains(&ANY) {
            return;
        }
        let mut unknown: Vec<_> =
            self.table.keys().filter(|key| !self.asked.contains(&key.get_ref().as_ref())).collect();
        unknown.sort_by_key(|key| key.span().start);
        for key in unknown {
            let known = self.asked.join(", ");
            let (keys, file) = self.reader.elsewhere;
            if keys.contains(&key.get_ref().as_ref()) {
                self.problem(key.get_ref(), "this belongs in another file", format!("move it to {file}"));
                continue;
            }
            let fix = match nearest(key.get_ref(), self.asked.iter().copied()) {
                Some(word) => format!("did you mean {word}? Known here: {known}"),
                None => format!("remove it; known here: {known}"),
            };
            self.problem(key.get_ref(), "there is no such key", fix);
        }
    }
}

/// What may stand as a name of the user's choice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// Plain names.
    Plain,
    /// Plain names, or patterns of them with `*`.
    Pattern,
    /// Names as of environment variables.
    Secret,
    /// Host classes.
    Class,
}

impl Names {
    /// What to do about a name that can't stand; `None` where it can.
    fn refuse(self, name: &str) -> Option<String> {
        let plain = "use 1 to 64 letters, digits, '-', '_' and '.', beginning with a letter or digit";
        match self {
            Self::Plain => (!ids::is_plain_name(name)).then(|| plain.to_owned()),
            Self::Pattern => {
                let without_stars = name.replace('*', "a");
                (!ids::is_plain_name(&without_stars)).then(|| format!("{plain}; '*' stands for anything"))
            }
            Self::Secret => (!is_secret_name(name))
                .then(|| "use 1 to 64 letters, digits and '_', beginning with a letter".to_owned()),
            Self::Class => {
                let words = crate::fleet::words::HostClass::ALL.map(crate::fleet::words::HostClass::word);
                (!words.contains(&name)).then(|| match nearest(name, words) {
                    Some(word) => format!("did you mean {word}? The classes are {}", words.join(", ")),
                    None => format!("the classes are {}", words.join(", ")),
                })
            }
        }
    }
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text {:?}", text.chars().take(40).collect::<String>()),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Float(number) => number.as_str().to_owned(),
        other => kind_of(other).to_owned(),
    }
}

/// Reads a file of bounded size; `None` where there is none.
///
/// # Errors
/// A problem that names the file: not readable, not a file, too large, not UTF-8.
pub(super) fn read_file(path: &Path) -> Result<Option<String>, Problems> {
    use std::io::Read as _;
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(Problems::of_file(path, "the file is larger than 1 MiB", "make it smaller"));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let good = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        Problems::of_file(path, format!("line {line} is not UTF-8"), "save the file as UTF-8")
    })
}

/// A problem of a file the system will not give.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Problems {
    Problems::of_file(path, format!("can't be read, {error}"), "make it readable for the user that runs this")
}
