//! The files of history: which there are, what each holds and for how long. A file's name says it all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::fleet::words::Timestamp;

const HOUR: i64 = 3_600_000;
/// The stretch of time of a fine file, and of one step of summing it up: 6 hours, from midnight UTC.
pub const WINDOW: i64 = 6 * HOUR;

/// How finely a file holds the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Every value, a file for six hours.
    Fine,
    /// Lowest, mean and highest value of five minutes, a file for five days.
    Minutes,
    /// Lowest, mean and highest value of an hour, a file for thirty days.
    Hours,
}

/// From fine to coarse.
pub const TIERS: [Tier; 3] = [Tier::Fine, Tier::Minutes, Tier::Hours];

/// How long and how much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long every value is kept.
    pub fine: Duration,
    /// How long five-minute sums are kept.
    pub minutes: Duration,
    /// How long hourly sums are kept.
    pub hours: Duration,
    /// Bytes all files together may take; beyond it the oldest go, every value first.
    pub budget: u64,
    /// Bytes to leave free on the file system; history yields before the journal has to.
    pub leave_free: u64,
}

impl Default for Limits {
    /// 48 hours, 32 days and thirteen months, in at most 16 GiB, leaving 512 MiB free.
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self { fine: 2 * day, minutes: 32 * day, hours: 397 * day, budget: 16 << 30, leave_free: 512 << 20 }
    }
}

impl Limits {
    /// How long files of a tier are kept after their last moment.
    pub fn keep(&self, tier: Tier) -> Duration {
        match tier {
            Tier::Fine => self.fine,
            Tier::Minutes => self.minutes,
            Tier::Hours => self.hours,
        }
    }
}

impl Tier {
    /// Milliseconds that one file covers.
    pub const fn span(self) -> i64 {
        match self {
            Self::Fine => WINDOW,
            Self::Minutes => 5 * 24 * HOUR,
            Self::Hours => 30 * 24 * HOUR,
        }
    }

    /// Milliseconds that one point stands for; 0 where points are what was measured.
    pub const fn step(self) -> i64 {
        match self {
            Self::Fine => 0,
            Self::Minutes => HOUR / 12,
            Self::Hours => HOUR,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
        }
    }
}

/// One file of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// How finely.
    pub tier: Tier,
    /// The first moment it covers, in milliseconds since 1970.
    pub start: i64,
}

const STAMP: &str = "%Y%m%dT%H%MZ";

impl Name {
    /// The file of a tier that covers a moment.
    pub fn covering(tier: Tier, at: Timestamp) -> Self {
        Self { tier, start: at.0 - at.0.rem_euclid(tier.span()) }
    }

    /// The first moment after it.
    pub const fn end(self) -> i64 {
        self.start.saturating_add(self.tier.span())
    }

    /// Where it lies: `fine-20261122T0600Z.sqlite3`, in UTC.
    pub fn path(self, folder: &Path) -> PathBuf {
        let stamp = jiff::Timestamp::from_millisecond(self.start).unwrap_or_default().strftime(STAMP).to_string();
        folder.join(format!("{}-{stamp}.sqlite3", self.tier.word()))
    }

    /// Reads a file's name; `None` for files of others.
    pub fn parse(file: &str) -> Option<Self> {
        let (word, stamp) = file.strip_suffix(".sqlite3")?.split_once('-')?;
        let tier = TIERS.into_iter().find(|tier| tier.word() == word)?;
        let moment = DateTime::strptime(STAMP, stamp).ok()?.to_zoned(TimeZone::UTC).ok()?;
        let start = moment.timestamp().as_millisecond();
        (start.rem_euclid(tier.span()) == 0).then_some(Self { tier, start })
    }
}

/// All files of history in a folder, by tier and time; other files are passed over.
///
/// # Errors
/// When the folder can't be read.
pub fn list(folder: &Path) -> std::io::Result<Vec<Name>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder)? {
        names.extend(file?.file_name().to_str().and_then(Name::parse));
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_tier_and_time_and_are_read_back() {
        let at = Timestamp(1_795_335_000_000); // 2026-11-22T08:10:00Z
        let paths = TIERS.map(|tier| {
            let name = Name::covering(tier, at);
            assert!(name.start <= at.0 && at.0 < name.end());
            let path = name.path(Path::new("h"));
            assert_eq!(Name::parse(path.file_name().unwrap().to_str().unwrap()), Some(name));
            path
        });
        assert_eq!(paths[0], Path::new("h/fine-20261122T0600Z.sqlite3"));
        for other in
            ["fine-20261122T0700Z.sqlite3", "fine-20261122T0600Z.sqlite3-wal", "coarse-20261122T0600Z.sqlite3", "x"]
        {
            assert_eq!(Name::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_folder_lists_ours_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let names = [(Tier::Hours, 0), (Tier::Fine, WINDOW), (Tier::Fine, 0)].map(|(tier, start)| Name { tier, start });
        names.iter().for_each(|name| std::fs::write(name.path(folder.path()), "").unwrap());
        std::fs::write(folder.path().join("notes.txt"), "").unwrap();
        assert_eq!(list(folder.path()).unwrap(), [names[2], names[1], names[0]]);
    }
}
