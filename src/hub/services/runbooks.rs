//! The fleet's library: pages in Markdown beside the configuration, found by what an alert is about.
//!
//! A page says in its first lines what it is about, `checks: disk*, raid` or `kinds: host`, between lines of `---` or
//! without them; one that says nothing is about the check, or the kind, that its file is named after.

use std::path::Path;

use tonic::Status;

use crate::fleet::alerts::Alert;
use crate::fleet::rules::input::Asker;
use crate::fleet::words::{SafeText, glob};
use crate::hub::shared::Shared;
use crate::settings::directories::Directories;
use crate::wire::pb;

/// The folder beside the configuration's files.
pub const LIBRARY: &str = "library";
/// Pages of a library that are looked at.
const MOST_PAGES: usize = 1_000;
/// Pages that are shown of one alert.
const MOST_SHOWN: usize = 5;
/// The longest page, in bytes; the rest of a longer one is left out, and said so.
const LONGEST: usize = 64 << 10;

/// A page of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Page {
    file: String,
    text: String,
    checks: Vec<String>,
    kinds: Vec<String>,
}

/// The pages about an alert, the one that is nearest to it first. They are read when they are asked for: what was
/// written a minute ago counts.
///
/// # Errors
/// Who asks is limited to a client: the library is the house's own.
pub async fn about(shared: &Shared, asker: &Asker, alert: &Alert) -> Result<Vec<pb::RunbookPage>, Status> {
    if asker.scope.is_some() {
        return Err(Status::permission_denied(format!(
            "the library is for those who see the whole fleet, and {} is limited to one client",
            asker.name.as_str()
        )));
    }
    let folder = Directories::configuration_of(&shared.data).join(LIBRARY);
    let (check, kind) = (alert.subject.check().map(ToString::to_string), alert.subject.kind());
    let found = tokio::task::spawn_blocking(move || find(&folder, check.as_deref(), kind)).await;
    let found = found.map_err(|error| Status::internal(error.to_string()))?;
    let found = found.map_err(|error| Status::internal(format!("the library can't be read: {error}")))?;
    Ok(found.into_iter().map(|page| pb::RunbookPage { file: page.file, text: page.text }).collect())
}

fn find(folder: &Path, check: Option<&str>, kind: &str) -> std::io::Result<Vec<Page>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries.take(MOST_PAGES) {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && !name.starts_with('.') {
            files.push(name);
        }
    }
    files.sort();
    let mut found: Vec<(u8, Page)> = Vec::new();
    for file in files {
        let Some(bytes) = read(&folder.join(&file))? else { continue };
        let page = page(&file, &bytes);
        found.extend(nearness(&page, check, kind).map(|near| (near, page)));
    }
    found.sort_by_key(|(near, _)| *near);
    Ok(found.into_iter().take(MOST_SHOWN).map(|(_, page)| page).collect())
}

/// A file's first bytes; `None` for what is no file, or went away meanwhile.
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    // A pipe or a device would hold the reader for ever.
    if !std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn page(file: &str, bytes: &[u8]) -> Page {
    let (kept, cut) = (bytes.get(..LONGEST).unwrap_or(bytes), bytes.len() > LONGEST);
    let whole = SafeText::block_from_bytes_lossy(kept, 4 * LONGEST);
    let mut page = Page { file: SafeText::line(file).to_string(), text: String::new(), checks: vec![], kinds: vec![] };
    let mut rest = whole.as_str();
    let mut is_head = true;
    while let Some((line, after)) = rest.split_once('\n').or((!rest.is_empty()).then_some((rest, ""))) {
        let value = |key: &str| line.trim().strip_prefix(key).map(words);
        match (value("checks:"), value("kinds:")) {
            (Some(checks), _) => page.checks.extend(checks),
            (None, Some(kinds)) => page.kinds.extend(kinds),
            (None, None) if line.trim() == "---" && is_head => {}
            // Other words between the lines, such as a title, are for other programs.
            (None, None) if whole.as_str().starts_with("---") && is_head && line.contains(':') => {}
            (None, None) => is_head = false,
        }
        if !is_head {
            break;
        }
        rest = after;
    }
    page.text = rest.trim_start_matches('\n').to_owned();
    if cut {
        page.text.push_str("\n\n(the page is longer: shorten it, or divide it)\n");
    }
    page
}

fn words(list: &str) -> Vec<String> {
    list.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// How near a page is to an alert, the nearest 0; `None` where it is about something else.
fn nearness(page: &Page, check: Option<&str>, kind: &str) -> Option<u8> {
    if let Some(check) = check {
        if page.checks.iter().any(|named| named == check) {
            return Some(0);
        }
        if page.checks.iter().any(|pattern| glob::matches_ignoring_case(pattern, check)) {
            return Some(2);
        }
    }
    if page.kinds.iter().any(|named| named == kind) {
        return Some(3);
    }
    let named = page.file.strip_suffix(".md").unwrap_or(&page.file);
    let silent = page.checks.is_empty() && page.kinds.is_empty();
    (silent && (Some(named) == check || (check.is_none() && named == kind))).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_by_what_they_say_and_else_by_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("disk.md", "# Disk full\n1. look for the biggest folders\n");
        write("storage.md", "---\ntitle: Storage\nchecks: disk*, raid\n---\n\n# Storage\n");
        write("hosts.md", "kinds: host\n# A host is down\n");
        write("notes.txt", "checks: disk");
        write(".hidden.md", "checks: disk");
        std::fs::create_dir(folder.path().join("folder.md")).unwrap();
        let found = |check, kind| -> Vec<String> {
            find(folder.path(), check, kind).unwrap().into_iter().map(|page| page.file).collect()
        };
        assert_eq!(found(Some("disk"), "check"), ["disk.md", "storage.md"]);
        assert_eq!(found(Some("diskio"), "check"), ["storage.md"]);
        assert_eq!(found(Some("raid"), "check"), ["storage.md"]);
        assert_eq!(found(None, "host"), ["hosts.md"]);
        assert!(found(Some("load"), "check").is_empty());
        assert!(find(&folder.path().join("none"), None, "host").unwrap().is_empty(), "no library is an empty one");
        let pages = find(folder.path(), Some("raid"), "check").unwrap();
        assert_eq!(pages[0].text, "# Storage\n", "what a page says of itself is not shown");
    }

    #[test]
    fn a_page_too_long_is_cut_and_what_moves_the_cursor_is_not_sent() {
        let long = page("a.md", &vec![b'x'; LONGEST + 9]);
        assert!(long.text.contains("the page is longer"));
        let hostile = page("a.md", b"# Title\n\x1b[2Jgone\x07\n");
        assert!(!hostile.text.contains(['\x1b', '\x07']), "{:?}", hostile.text);
    }
}
