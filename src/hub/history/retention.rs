//! Which files go: those whose time is over, and the oldest when the room is.

use std::collections::HashSet;
use std::path::Path;

use nix::sys::statvfs::statvfs;

use super::errors::HistoryError;
use super::tiers::{self, Limits, Name, Tier};
use crate::fleet::words::Timestamp;

/// How long a fine file waits beyond its time for being summed up.
const WAIT: i64 = 24 * 3_600_000;

/// What the folder holds and what has to go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes of all files.
    pub used: u64,
    /// Bytes free on the file system.
    pub free: u64,
    /// The file to delete next. One at a time: a wall clock that jumps ahead for a minute costs a file, not all.
    pub next: Option<Name>,
}

/// Looks at the folder.
///
/// # Errors
/// When the folder or its file system can't be read.
pub fn look(folder: &Path, limits: &Limits, rolled: &HashSet<i64>, now: Timestamp) -> Result<Room, HistoryError> {
    let io = |source| HistoryError::Io { path: folder.to_owned(), source };
    let mut used = 0;
    for file in std::fs::read_dir(folder).map_err(io)? {
        used += file.and_then(|file| file.metadata()).map_or(0, |metadata| metadata.len()); // it may just be gone
    }
    let space = statvfs(folder).map_err(|errno| io(errno.into()))?;
    let free = space.blocks_available().saturating_mul(space.fragment_size());
    let names = tiers::list(folder).map_err(io)?;
    let cramped = used > limits.budget || free < limits.leave_free;
    Ok(Room { used, free, next: next(&names, limits, rolled, now, cramped) })
}

fn next(names: &[Name], limits: &Limits, rolled: &HashSet<i64>, now: Timestamp, cramped: bool) -> Option<Name> {
    let over = |name: &Name| {
        let age = now.0.saturating_sub(name.end());
        let keep = i64::try_from(limits.keep(name.tier).as_millis()).unwrap_or(i64::MAX);
        let waits = name.tier == Tier::Fine && !rolled.contains(&name.start) && age <= keep.saturating_add(WAIT);
        age > keep && !waits
    };
    let current = |name: &Name| name.end() > now.0;
    // names are sorted, fine ones first and the oldest first: the order in which they may be missed
    let oldest = || names.iter().find(|name| !current(name)).or(names.first());
    names.iter().find(|name| over(name)).or_else(|| if cramped { oldest() } else { None }).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::history::tiers::WINDOW;

    const NOW: Timestamp = Timestamp(1000 * WINDOW + 5);

    fn fine(windows_ago: i64) -> Name {
        Name::covering(Tier::Fine, Timestamp(NOW.0 - windows_ago * WINDOW))
    }

    fn chosen(names: &[Name], rolled: &[Name], cramped: bool) -> Option<Name> {
        let rolled = rolled.iter().map(|name| name.start).collect();
        let mut names = names.to_vec();
        names.sort_unstable();
        next(&names, &Limits::default(), &rolled, NOW, cramped)
    }

    #[test]
    fn a_file_goes_when_its_time_is_over_and_it_is_summed_up() {
        let names = [fine(0), fine(8), fine(10)];
        assert_eq!(chosen(&names, &names, false), Some(fine(10)));
        assert_eq!(chosen(&names[..2], &names, false), None);
        assert_eq!(chosen(&names, &[], false), None, "not summed up yet");
        assert_eq!(chosen(&[fine(14)], &[], false), Some(fine(14)), "but not for ever");
        let old = Name::covering(Tier::Hours, Timestamp(NOW.0 - 450 * 24 * 3_600_000));
        let young = Name::covering(Tier::Hours, Timestamp(NOW.0 - 300 * 24 * 3_600_000));
        assert_eq!(chosen(&[young, old], &[], false), Some(old));
    }

    #[test]
    fn without_room_fine_files_go_first_and_the_current_one_last() {
        let hours = Name::covering(Tier::Hours, Timestamp(NOW.0 - 60 * 24 * 3_600_000));
        assert_eq!(chosen(&[hours, fine(0), fine(2), fine(1)], &[], true), Some(fine(2)));
        assert_eq!(chosen(&[hours, fine(0)], &[], true), Some(hours));
        assert_eq!(chosen(&[fine(0)], &[], true), Some(fine(0)));
        assert_eq!(chosen(&[], &[], true), None);
    }

    #[test]
    fn the_folder_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(fine(0).path(folder.path()), vec![0; 5000]).unwrap();
        let limits = Limits { leave_free: 0, ..Limits::default() };
        let room = look(folder.path(), &limits, &HashSet::new(), NOW).unwrap();
        assert_eq!((room.used, room.next), (5000, None));
        let limits = Limits { budget: 4999, ..limits };
        assert_eq!(look(folder.path(), &limits, &HashSet::new(), NOW).unwrap().next, Some(fine(0)));
        assert!(look(&folder.path().join("gone"), &limits, &HashSet::new(), NOW).is_err());
    }
}
