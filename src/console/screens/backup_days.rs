//! What each day of a backup job was: what was there to be restored, or why nothing was.

use jiff::tz::TimeZone;

use crate::console::theme::{Role, Theme};
use crate::fleet::backups::{Cell, Job, State};
use crate::fleet::words::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// The day by the calendar of a zone, counted from 1970-01-01.
#[must_use]
pub fn day(at: Timestamp, zone: &TimeZone) -> i32 {
    let offset = jiff::Timestamp::from_millisecond(at.0).map_or(0, |at| zone.to_offset(at).seconds());
    i32::try_from((at.0 + i64::from(offset) * 1_000).div_euclid(DAY_MS)).unwrap_or(0)
}

/// The sign of one day of a job: what was there, or why nothing was.
#[must_use]
pub fn cell_of<'t>(job: &Job, of: i32, today: i32, zone: &TimeZone, theme: &'t Theme) -> (Role, &'t str) {
    let glyphs = &theme.glyphs;
    match job.days.get(of) {
        Cell::Whole => return (Role::Ok, glyphs.day_whole),
        Cell::Partial => return (Role::Warning, glyphs.day_partial),
        Cell::Failed => return (Role::Critical, "X"),
        Cell::Pruned => return (Role::Muted, "x"),
        Cell::Nothing => {}
    }
    let began = day(job.described_at, zone);
    let first = job.days.first().map_or(began, |first| first.min(began));
    let since = day(job.since, zone);
    if of > today || of < first {
        return (Role::Muted, " ");
    }
    let every = i32::try_from(job.description.every.as_millis() / 86_400_000).unwrap_or(i32::MAX).clamp(1, 90);
    let saved = |day: i32| matches!(job.days.get(day), Cell::Whole | Cell::Partial);
    match job.state {
        State::Failed if of >= since => (Role::Critical, "X"),
        State::Never => (Role::Unknown, "?"),
        State::Unknown if of >= since => (Role::Unknown, "u"),
        State::Late if of == today => (Role::Warning, "~"),
        State::Overdue if of == today => (Role::Critical, "!"),
        _ if of == today || (1..every).any(|before| saved(of - before)) => (Role::Muted, glyphs.separator),
        _ => (Role::Critical, "!"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::console::theme::Glyphs;
    use crate::fleet::backups::{Days, Description};
    use crate::fleet::words::{BackupTool, JobId, SafeText};

    fn job(state: State, every_days: u64, cells: Vec<Cell>) -> Job {
        let description = Description {
            id: JobId(1),
            name: "web".into(),
            client: None,
            site: None,
            host: None,
            host_name: SafeText::new("web"),
            tool: BackupTool::Restic,
            repository: SafeText::new("/r"),
            paths: vec![],
            every: Duration::from_secs(every_days * 86_400),
            grace: Duration::from_secs(3_600),
        };
        let job = Job::new(description, Timestamp(100 * DAY_MS));
        Job { state, since: Timestamp(109 * DAY_MS), days: Days::new(100, cells), ..job }
    }

    fn row(job: &Job) -> String {
        let theme = Theme::of_roles(Glyphs::ASCII);
        (98..=111).map(|of| cell_of(job, of, 110, &TimeZone::UTC, &theme).1).collect()
    }

    #[test]
    fn each_day_says_what_was_there_or_why_nothing_was() {
        use Cell::{Failed, Nothing, Partial, Pruned, Whole};
        let cells = vec![Pruned, Whole, Whole, Partial, Nothing, Failed, Whole, Whole, Whole, Whole, Whole];
        assert_eq!(row(&job(State::Ok, 1, cells.clone())), "  x##/!X##### ");
        let mut missing = cells.clone();
        missing.truncate(9);
        assert_eq!(row(&job(State::Overdue, 1, missing.clone())), "  x##/!X###!! ");
        assert_eq!(row(&job(State::Late, 1, missing.clone())), "  x##/!X###!~ ");
        assert_eq!(row(&job(State::Unknown, 1, missing.clone())), "  x##/!X###uu ");
        assert_eq!(row(&job(State::Failed, 1, missing)), "  x##/!X###XX ");
        assert_eq!(row(&job(State::Never, 1, vec![])), "  ??????????? ");
        let weekly = job(State::Ok, 7, vec![Whole, Nothing, Nothing, Nothing, Nothing, Nothing, Nothing, Whole]);
        assert_eq!(row(&weekly), "  #......#... ".replace('.', Glyphs::ASCII.separator));
    }
}
