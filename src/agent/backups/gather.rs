//! What snapshots come to: how many there are, how fresh each promised path is, and a list of the newest for people.
//! However many come by, what is kept of them is bounded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::fleet::backups::{Cell, Days, Found};
use crate::fleet::words::{SafeText, Timestamp};

/// Snapshots that are listed.
const LISTED: usize = 200;
/// Paths of one snapshot that are listed.
const PATHS: usize = 4;
/// Names of other hosts are told apart up to so many.
const HOSTS: usize = 2;
/// Clocks differ by so much without anybody noticing.
const SKEW: Duration = Duration::from_secs(10 * 60);

/// One snapshot or archive, as far as its tool tells.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// When it was taken: its end, where that is known.
    pub at: Timestamp,
    /// A short name for people.
    pub name: String,
    /// The host it was taken of, if the tool says it.
    pub host: Option<String>,
    /// What is in it; `None` where the tool does not say.
    pub paths: Option<Vec<String>>,
    /// Bytes in it.
    pub size: Option<u64>,
    /// Bytes it added.
    pub added: Option<u64>,
    /// Files in it.
    pub files: Option<u64>,
    /// It was cut short.
    pub unfinished: bool,
}

/// Gathers the snapshots of one repository.
pub struct Gather<'p> {
    paths: &'p [String],
    /// Names by which snapshots are the host's own, in small letters.
    own: Vec<String>,
    now: Timestamp,
    zone: TimeZone,
    mine: Sum,
    others: Sum,
    /// Hosts that others are of.
    hosts: Vec<String>,
}

#[derive(Default)]
struct Sum {
    restorable: u64,
    /// Of other paths than those promised.
    foreign: u64,
    empty: u64,
    future: u64,
    newest_of: Vec<Option<Timestamp>>,
    latest_future: Option<Timestamp>,
    unfinished: Option<Timestamp>,
    oldest: Option<Timestamp>,
    newest: Option<Snapshot>,
    /// By day, which promised paths were saved.
    days: BTreeMap<i32, u64>,
    listed: BTreeMap<(Timestamp, u64), Snapshot>,
    count: u64,
}

/// What snapshots come to.
#[derive(Debug)]
pub struct Gathered {
    /// What can be restored.
    pub found: Found,
    /// By day.
    pub days: Days,
    /// Today by the host's calendar.
    pub today: i32,
    /// The newest snapshots, a line each.
    pub list: String,
}

impl<'p> Gather<'p> {
    /// Gathers for these promised paths (whatever there is where empty), for a host of these names.
    pub fn new(paths: &'p [String], own: &[&str], now: Timestamp, zone: TimeZone) -> Self {
        let own = own.iter().map(|name| name.to_ascii_lowercase()).collect();
        let (mine, others) = (Sum::of(paths.len()), Sum::of(paths.len()));
        Self { paths, own, now, zone, mine, others, hosts: Vec::new() }
    }

    /// Takes a snapshot in.
    pub fn add(&mut self, snapshot: Snapshot) {
        let covers = self.covers(&snapshot);
        let host = snapshot.host.as_deref().map(str::to_ascii_lowercase);
        let is_mine = host.as_ref().is_none_or(|host| self.own.iter().any(|own| is_same_host(own, host)));
        if let Some(host) = host.filter(|host| !is_mine && self.hosts.len() < HOSTS && !self.hosts.contains(host)) {
            self.hosts.push(host);
        }
        let day = day(snapshot.at, &self.zone);
        let sum = if is_mine { &mut self.mine } else { &mut self.others };
        sum.add(snapshot, covers, day, self.now);
    }

    /// A bit for each promised path that the snapshot holds.
    fn covers(&self, snapshot: &Snapshot) -> u64 {
        let Some(saved) = &snapshot.paths else { return all(self.paths.len()) };
        if self.paths.is_empty() {
            return 1;
        }
        let holds = |path: &String| saved.iter().any(|saved| is_below(path, saved));
        let bits = self.paths.iter().zip(0_u32..64).filter(|(path, _)| holds(path));
        bits.fold(0, |all, (_, bit)| all | 1 << bit)
    }

    /// What it comes to.
    pub fn finish(mut self) -> Gathered {
        let today = day(self.now, &self.zone);
        let mut words = Vec::new();
        // A repository that only one other host writes to is this job's: a container has another name each time.
        let mine = self.mine.count > 0 || self.hosts.len() != 1;
        if !mine {
            words.push(format!("its snapshots name the host {}", self.hosts.first().map_or("", String::as_str)));
        } else if self.mine.count == 0 && self.others.count > 0 {
            words.push(format!("it holds {} snapshots of other hosts and none of this one", self.others.count));
        }
        let sum = std::mem::take(if mine { &mut self.mine } else { &mut self.others });
        let (found, days) = sum.finish(self.paths, self.now, today, words);
        Gathered { found, days, today, list: sum.list(&self.zone) }
    }
}

impl Sum {
    fn of(paths: usize) -> Self {
        Self { newest_of: vec![None; paths.max(1)], ..Self::default() }
    }

    fn add(&mut self, snapshot: Snapshot, covers: u64, day: i32, now: Timestamp) {
        self.count += 1;
        let at = snapshot.at;
        if snapshot.unfinished {
            self.unfinished = self.unfinished.max(Some(at).filter(|at| *at <= now + SKEW));
            self.days.entry(day).or_default();
        } else if snapshot.files == Some(0) && snapshot.size.unwrap_or(0) == 0 {
            self.empty += 1;
        } else if covers == 0 {
            self.foreign += 1;
        } else {
            self.restorable += 1;
            self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at)));
            if at > now + SKEW {
                self.future += 1;
                self.latest_future = self.latest_future.max(Some(at));
            } else {
                let bits = (0_u32..64).filter(|bit| covers >> bit & 1 == 1);
                for newest in bits.filter_map(|bit| usize::try_from(bit).ok()) {
                    if let Some(newest) = self.newest_of.get_mut(newest) {
                        *newest = (*newest).max(Some(at));
                    }
                }
                *self.days.entry(day).or_default() |= covers;
                if self.newest.as_ref().is_none_or(|newest| newest.at <= at) {
                    self.newest = Some(snapshot.clone());
                }
            }
        }
        let oldest_day = day.saturating_sub(i32::try_from(Days::MOST).unwrap_or(i32::MAX) * 2);
        while self.days.len() > Days::MOST * 2
            && let Some(first) = self.days.keys().next().copied()
        {
            // Out of order they may come; what is far from today falls out either way.
            if first > oldest_day && self.days.len() <= Days::MOST * 4 {
                break;
            }
            self.days.remove(&first);
        }
        self.listed.insert((at, self.count), snapshot);
        if self.listed.len() > LISTED {
            self.listed.pop_first();
        }
    }

    fn finish(&self, paths: &[String], now: Timestamp, today: i32, mut words: Vec<String>) -> (Found, Days) {
        let whole = self.newest_of.iter().copied().min().flatten();
        let freshest = self.newest_of.iter().copied().max().flatten().max(self.unfinished);
        let lacking =
            self.newest_of.iter().zip(paths).filter(|(newest, _)| **newest < freshest).min_by_key(|(at, _)| **at);
        let missing = lacking.map(|(_, path)| SafeText::line_within(path, 256));
        let mut note = |count: u64, what: &str| {
            if count > 0 {
                words.push(format!("{count} {what}"));
            }
        };
        note(self.empty, "snapshots are empty and count for nothing");
        note(self.future, "snapshots are dated in the future");
        if self.restorable == 0 {
            note(self.foreign, "snapshots hold none of the promised paths");
        }
        if self.unfinished.is_some_and(|at| Some(at) >= whole) {
            words.push("the newest backup was cut short".to_owned());
        }
        let only_future = self.latest_future.filter(|_| whole.is_none() && freshest.is_none());
        let newest = self.newest.as_ref();
        let found = Found {
            at: now,
            trouble: None,
            words: SafeText::line_within(&words.join("; "), 400),
            restorable: self.restorable,
            newest: whole.or(only_future),
            freshest: freshest.or(only_future),
            oldest: self.oldest,
            missing,
            size: newest.and_then(|newest| newest.size),
            added: newest.and_then(|newest| newest.added),
        };
        let everything = all(paths.len());
        let cell = |covers: u64| if covers == everything { Cell::Whole } else { Cell::Partial };
        let first = today.saturating_sub(i32::try_from(Days::MOST).unwrap_or(i32::MAX) - 1);
        let cells = (first..=today).map(|day| self.days.get(&day).map_or(Cell::Nothing, |covers| cell(*covers)));
        (found, Days::new(first, cells.collect()))
    }

    fn list(&self, zone: &TimeZone) -> String {
        let mut text = String::new();
        for ((at, _), snapshot) in self.listed.iter().rev() {
            let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone.clone());
            let size = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), bytes_words);
            let paths = snapshot.paths.as_deref().unwrap_or_default();
            let more = if paths.len() > PATHS { format!(" and {} more", paths.len() - PATHS) } else { String::new() };
            let paths = paths.iter().take(PATHS).map(|path| cut(path, 60)).collect::<Vec<_>>().join(" ");
            let mark = if snapshot.unfinished { "  CUT SHORT" } else { "" };
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{}  {:<20}  {:>9}  {:>9}  {}{more}{mark}",
                at.strftime("%Y-%m-%d %H:%M:%S"),
                cut(&snapshot.name, 40),
                size(snapshot.size),
                size(snapshot.added),
                paths,
            );
        }
        let over = self.count.saturating_sub(self.listed.len() as u64);
        if over > 0 {
            let _ = writeln!(text, "and {over} older ones");
        }
        text
    }
}

/// A bit for each of so many paths; one where none is promised.
const fn all(paths: usize) -> u64 {
    match paths {
        0 => 1,
        1..=63 => (1 << paths) - 1,
        _ => u64::MAX,
    }
}

/// Whether a path is another, or lies below it.
fn is_below(path: &str, other: &str) -> bool {
    let (path, other) = (path.trim_end_matches('/'), other.trim_end_matches('/'));
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether two names are of one host: with or without its domain.
fn is_same_host(one: &str, other: &str) -> bool {
    let short = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    one == other || ((!one.contains('.') || !other.contains('.')) && short(one) == short(other))
}

/// The day by the calendar of a zone, counted from 1970-01-01.
fn day(at: Timestamp, zone: &TimeZone) -> i32 {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let date = zone.to_datetime(at).date();
    jiff::civil::date(1970, 1, 1).until((jiff::Unit::Day, date)).map_or(0, |span| span.get_days())
}

fn bytes_words(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0);
    format!("{value:.digits$} {}", UNITS.get(unit).copied().unwrap_or_default())
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    format!("{}…", text.chars().take(most).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_780_308_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn snapshot(hours_ago: u32, paths: &[&str]) -> Snapshot {
        Snapshot {
            at: NOW - HOUR * hours_ago,
            name: format!("s{hours_ago}"),
            host: Some("web-01".into()),
            paths: Some(paths.iter().map(|path| (*path).to_owned()).collect()),
            ..Snapshot::default()
        }
    }

    fn gathered(paths: &[&str], snapshots: impl IntoIterator<Item = Snapshot>) -> Gathered {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let mut gather = Gather::new(&paths, &["WEB-01"], NOW, TimeZone::UTC);
        snapshots.into_iter().for_each(|snapshot| gather.add(snapshot));
        gather.finish()
    }

    #[test]
    fn a_backup_is_as_fresh_as_its_oldest_path() {
        let both = [snapshot(30, &["/etc", "/srv"]), snapshot(1, &["/etc/"])];
        let Gathered { found, days, today, .. } = gathered(&["/etc", "/srv/www"], both);
        assert_eq!((found.newest, found.freshest), (Some(NOW - HOUR * 30), Some(NOW - HOUR)));
        assert_eq!(found.missing.unwrap().as_str(), "/srv/www");
        assert_eq!(
            (days.get(today), days.get(today - 1), days.get(today - 2)),
            (Cell::Partial, Cell::Whole, Cell::Nothing)
        );
        let two = gathered(&["/etc", "/srv"], [snapshot(2, &["/etc"]), snapshot(1, &["/srv"])]);
        assert_eq!((two.found.newest, two.found.missing.is_some()), (Some(NOW - HOUR * 2), true));
        assert_eq!(two.days.get(two.today), Cell::Whole, "one run may make a snapshot of each");
        let never = gathered(&["/etc", "/srv"], [snapshot(1, &["/etc"])]);
        assert_eq!((never.found.newest, never.found.restorable), (None, 1));
        let etcetera = gathered(&["/etc"], [snapshot(1, &["/etcetera"])]);
        assert_eq!((etcetera.found.restorable, etcetera.found.freshest), (0, None));
        assert!(etcetera.found.words.as_str().contains("none of the promised paths"));
    }

    #[test]
    fn other_hosts_snapshots_are_not_this_ones() {
        let of = |host: &str, hours| Snapshot { host: Some(host.into()), ..snapshot(hours, &["/"]) };
        let shared = gathered(&["/etc"], [of("db", 1), of("Web-01.example.org", 40), of("mail", 2)]);
        assert_eq!((shared.found.restorable, shared.found.newest), (1, Some(NOW - HOUR * 40)));
        let foreign = gathered(&[], [of("db", 1), of("mail", 2)]);
        assert_eq!((foreign.found.restorable, foreign.found.newest), (0, None));
        assert!(foreign.found.words.as_str().contains("2 snapshots of other hosts"));
        let renamed = gathered(&[], [of("0af3b", 1)]);
        assert_eq!(renamed.found.restorable, 1);
        assert!(renamed.found.words.as_str().contains("0af3b"), "and it is said");
    }

    #[test]
    fn neither_what_is_empty_nor_cut_short_nor_from_the_future_is_fresh() {
        let empty = Snapshot { files: Some(0), size: Some(0), ..snapshot(1, &["/"]) };
        let cut_short = Snapshot { unfinished: true, ..snapshot(2, &["/"]) };
        let future = Snapshot { at: NOW + HOUR * 50, ..snapshot(0, &["/"]) };
        let all = gathered(&[], [snapshot(30, &["/"]), empty.clone(), cut_short, future.clone()]);
        let found = all.found;
        assert_eq!((found.restorable, found.newest, found.freshest), (2, Some(NOW - HOUR * 30), Some(NOW - HOUR * 2)));
        for words in ["1 snapshots are empty", "1 snapshots are dated in the future", "cut short"] {
            assert!(found.words.as_str().contains(words), "{}", found.words);
        }
        assert_eq!(gathered(&[], [empty]).found.restorable, 0);
        let only = gathered(&[], [future]).found;
        assert_eq!((only.restorable, only.newest), (1, Some(NOW + HOUR * 50)), "left to the hub to doubt");
    }

    #[test]
    fn a_hundred_thousand_snapshots_leave_a_bounded_list() {
        let many = gathered(&[], (0..100_000).map(|hours| snapshot(hours, &["/very/long/path"])));
        assert_eq!((many.found.restorable, many.days.cells().len()), (100_000, Days::MOST));
        assert!(many.list.lines().count() == LISTED + 1 && many.list.len() < 40_000, "{}", many.list.len());
        assert!(many.list.ends_with("and 99800 older ones\n"));
        let hostile =
            (0..5_000).map(|n| Snapshot { at: Timestamp(i64::from(n) * 86_400_000 * 7), ..snapshot(0, &["/"]) });
        assert_eq!(gathered(&[], hostile).found.restorable, 5_000);
    }
}
