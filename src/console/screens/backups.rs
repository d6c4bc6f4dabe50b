//! Backups: a row a job, worst first; what can be restored against what is promised, then the days, newest at the right.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::act::Verb;
use crate::console::keymap::Action;
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::grouping::{Group, Sums};
use crate::console::screens::hosts::quantized;
use crate::console::screens::listing::{Arrangement, Listing};
use crate::console::screens::look::{backup_glyph, backup_role};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::text::put;
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{Column, Row};
use crate::fleet::alerts::Subject;
use crate::fleet::backups::{Cell, Days, Job, State};
use crate::fleet::derived::select::BackupRow;
use crate::fleet::state::{EntityKey, Fleet};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, CheckName, ClientId, JobId, JobName, SafeText, Timestamp, duration};

/// A job of a fleet.
pub type Key = (FleetIndex, JobId);

/// Lines below the list: the cursor's job in words, and the hosts without a job.
const BELOW: u16 = 2;
const DAY_MS: i64 = 86_400_000;

/// All jobs, in an order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jobs {
    by_client: bool,
    /// Only what has news since the person's last review.
    since_review: bool,
}

impl Arrangement for Jobs {
    type Id = JobId;
    type Entity = Job;
    /// What is worst first, then by words.
    type Sort = (Option<ClientId>, u8, Option<ClientId>, SafeText, JobName);

    fn table(fleet: &Fleet) -> &BTreeMap<JobId, Arc<Job>> {
        &fleet.backups.jobs
    }

    fn place(&self, job: &Job, replica: &Replica, filter: &Filter, now: Instant) -> Option<Self::Sort> {
        let row = BackupRow {
            fleet: replica.fleet(),
            fleet_name: replica.name().as_str(),
            job,
            last_read: read_at(job, replica),
            now: replica.hub_now(now),
        };
        if !(filter.is_everything() || filter.matches(&row)) {
            return None;
        }
        let me = replica.greeting().map(|greeting| &greeting.identity);
        if self.since_review && !me.is_none_or(|me| job.is_news_to(me)) {
            return None;
        }
        let description = &job.description;
        let client = description.client.clone();
        let (first, second) = if self.by_client { (client, None) } else { (None, client) };
        Some((first, job.state.rank(), second, description.host_name.clone(), description.name.clone()))
    }

    fn columns() -> &'static [Column] {
        &COLUMNS
    }

    fn orders() -> &'static [&'static str] {
        &["state", "client"]
    }

    fn order(&self) -> (usize, bool) {
        (usize::from(self.by_client), false)
    }

    fn set_order(&mut self, order: usize, _reversed: bool) {
        self.by_client = order == 1;
    }

    fn groupings() -> &'static [&'static str] {
        &["client", "host", "state", "repository"]
    }

    fn group(by: usize, job: &Job, _replica: &Replica) -> Group {
        let description = &job.description;
        match by {
            0 => Group::named(description.client.as_ref().map_or("no client", |client| client.as_str())),
            1 => Group::named(description.host_name.as_str()),
            2 => Group::ranked(job.state.rank(), job.state.word()),
            _ => Group::named(description.repository.as_str()),
        }
    }

    fn kind(job: &Job) -> u8 {
        job.state.rank()
    }

    fn head(sums: &Sums) -> Vec<(Role, String)> {
        let sums = sums.iter().zip(State::WORST_FIRST).filter(|(sum, _)| **sum > 0);
        sums.map(|(sum, state)| (backup_role(state), format!("{sum} {state}  "))).collect()
    }
}

/// The screen's state.
#[derive(Clone, Debug, Default)]
pub struct Backups {
    /// The rows.
    pub rows: Listing<Jobs>,
    /// So many days the newest column lies back.
    back: i32,
    uncovered: String,
    dirty: bool,
}

const COLUMNS: [Column; 9] = [
    Column::new("STATE", 8, 9),
    Column::new("CLIENT", 6, 10).rank(3),
    Column::new("HOST", 6, 14).middle(),
    Column::new("JOB", 6, 18).middle(),
    Column::new("AGE/OF", 7, 8).right(),
    Column::new("REST", 4, 5).right().rank(2),
    Column::new("DUE", 4, 5).right().rank(4),
    Column::new("READ", 4, 5).right().rank(1),
    Column::new("DAYS, NEWEST RIGHT", 7, 90).rank(1).grows(),
];

impl Backups {
    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, world: World<'_>) {
        self.dirty |= changed.everything || !changed.entities.is_empty();
        if changed.everything || (changed.link && self.rows.arrangement.since_review) {
            self.rows.rescan(world);
            return;
        }
        for entity in &changed.entities {
            if let EntityKey::Backup(id) = entity {
                self.rows.set((fleet, *id), world);
            }
        }
    }

    /// Brings the list up to date, before a frame of this size.
    pub fn refresh(&mut self, size: Size, world: World<'_>) {
        self.rows.refresh(Size { height: size.height.saturating_sub(BELOW), ..size }, world);
        if std::mem::take(&mut self.dirty) {
            self.uncovered = uncovered(world);
        }
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        if self.rows.steer(action, count) || self.rows.arrange(action, world) {
            return Vec::new();
        }
        let cursor = self.rows.cursor();
        let step = i32::from(count.max(1)) * 7;
        match action {
            Action::Left => self.back = (self.back + step).min(90),
            Action::Right => self.back = (self.back - step).max(0),
            Action::SinceReview => {
                let Jobs { since_review, .. } = &mut self.rows.arrangement;
                *since_review = !*since_review;
                self.rows.ask(world);
            }
            Action::Open => {
                return cursor.map(|(fleet, id)| Effect::Go(Place::Backup(fleet, id))).into_iter().collect();
            }
            Action::Copy => {
                let job = cursor.and_then(|key| job_of(key, world));
                return job.map(|job| Effect::Copy(job.description.name.to_string())).into_iter().collect();
            }
            Action::Review => {
                let jobs = self.rows.take_targets();
                if jobs.is_empty() {
                    return vec![Effect::Say(Role::Muted, self.rows.no_target().to_owned())];
                }
                return vec![Effect::Act(Verb::Review, About::Jobs(jobs))];
            }
            Action::CheckNow => {
                let jobs = self.rows.take_targets();
                return jobs.into_iter().filter_map(|key| read_now(key, world)).collect();
            }
            action if action.is_on_alerts() => {
                let about = self.rows.take_targets().into_iter().filter_map(|key| alert_of(key, world)).collect();
                return vec![Effect::on_alerts(action, About::Alerts(about))];
            }
            _ => {}
        }
        Vec::new()
    }

    /// What the header says of the list.
    #[must_use]
    pub fn facts(&self) -> Vec<(Role, String)> {
        let mut facts = self.rows.facts();
        if self.rows.arrangement.since_review {
            facts.push((Role::Input, format!("{} since my last review", self.rows.shown())));
        }
        if self.back > 0 {
            facts.push((Role::Muted, format!("days end {} ago", self.back)));
        }
        facts
    }

    /// Paints the list.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
        let below = BELOW.min(area.height.saturating_sub(3));
        let list = Rect { height: area.height - below, ..area };
        let sorted = if self.rows.arrangement.by_client { Some((1, true)) } else { Some((0, true)) };
        self.rows.render(list, buf, theme, sorted, |key, row| paint(key, row, self.back, theme, world, zone));
        if self.rows.list().rows().is_empty() && list.height > 2 {
            let text = if !self.rows.filter.is_empty() {
                format!("no backup job matches {:?}; Esc shows all", self.rows.filter.text())
            } else if self.rows.arrangement.since_review {
                "nothing new since your last review".to_owned()
            } else if world.replicas.iter().any(|(_, replica)| !replica.is_loaded()) {
                "waiting for the hub".to_owned()
            } else {
                "no backup job yet: [[backup]] in backups.toml of the hub's configuration promises one".to_owned()
            };
            put(buf, list.x + 2, list.y + 2, list.width.saturating_sub(2), &text, theme.style(Role::Muted));
        }
        let words = self.rows.cursor().and_then(|key| job_of(key, world)).map_or_else(String::new, words);
        let lines = [(Role::Text, words.as_str()), (Role::Warning, self.uncovered.as_str())];
        for (line, (role, text)) in (0..below).zip(lines) {
            put(buf, area.x + 1, list.bottom() + line, area.width.saturating_sub(1), text, theme.style(role));
        }
    }
}

/// The job a row stands for.
fn job_of<'a>((fleet, id): Key, world: World<'a>) -> Option<&'a Job> {
    world.replicas.get(fleet)?.fleet().backups.jobs.get(&id).map(AsRef::as_ref)
}

/// The open alert about a job.
#[must_use]
pub fn alert_of(key: Key, world: World<'_>) -> Option<(FleetIndex, AlertId)> {
    let description = &job_of(key, world)?.description;
    let subject = Subject::Backup(SafeText::new(description.name.as_str()));
    let alerts = &world.replicas.get(key.0)?.fleet().alerts;
    let alert = alerts.about(description.client.as_ref()?, &subject).filter(|alert| alert.is_open())?;
    Some((key.0, alert.id))
}

/// What asks for a job's repository to be read now.
#[must_use]
pub fn read_now(key: Key, world: World<'_>) -> Option<Effect> {
    let description = &job_of(key, world)?.description;
    let check = Some(CheckName::from(description.name.as_str()));
    Some(Effect::Act(Verb::CheckNow { host: None, check }, About::Hosts(vec![(key.0, description.host?)])))
}

/// When the repositories of the job's host were read last: the one read longest ago, so that none looks fresher.
#[must_use]
pub fn read_at(job: &Job, replica: &Replica) -> Option<Timestamp> {
    replica.glance(job.description.host?)?.backups_read.filter(|at| at.0 != 0)
}

fn words(job: &Job) -> String {
    let description = &job.description;
    let why = if job.why.as_str().is_empty() { "as promised".to_owned() } else { job.why.to_string() };
    format!("{}: {why}  ({} {})", description.name, description.tool, description.repository)
}

/// The hosts that no job is promised for.
fn uncovered(world: World<'_>) -> String {
    let (mut count, mut names) = (0_usize, Vec::new());
    for (_, replica) in world.replicas.iter() {
        let fleet = replica.fleet();
        for host in fleet.hosts.present().filter(|host| !fleet.backups.covers(host.id)) {
            count += 1;
            if names.len() < 5 {
                names.push(host.name.as_str());
            }
        }
    }
    match count {
        0 => String::new(),
        1 => format!("1 host has no backup job: {}", names.join(", ")),
        _ => format!("{count} hosts have no backup job: {}{}", names.join(", "), if count > 5 { ", …" } else { "" }),
    }
}

fn paint(key: Key, row: &mut Row<'_>, back: i32, theme: &Theme, world: World<'_>, zone: &TimeZone) {
    let (Some(replica), Some(job)) = (world.replicas.get(key.0), job_of(key, world)) else { return };
    let now = replica.hub_now(world.now);
    let stale = replica.is_stale();
    let role = if stale { Role::Stale } else { backup_role(job.state) };
    let sign = if stale { theme.glyphs.stale } else { backup_glyph(&theme.glyphs, job.state) };
    row.parts(&[(role, sign), (role, " "), (role, job.state.word())]);
    let description = &job.description;
    row.cell(Role::Text, description.client.as_ref().map_or("-", |client| client.as_str()));
    row.cell(Role::Text, description.host_name.as_str());
    row.cell(Role::Text, description.name.as_str());
    let every = duration::compact(description.every);
    match job.age(now) {
        Some(age) => row.value(role, format_args!("{}/{every}", duration::compact(quantized(age)))),
        None => row.value(role, format_args!("-/{every}")),
    }
    row.value(Role::Text, format_args!("{}", job.restorable()));
    match job.due() {
        Some(due) if due > now => row.cell(Role::Muted, &duration::compact(quantized(due.since(now)))),
        Some(_) => row.cell(Role::Warning, "now"),
        None => row.cell(Role::Muted, "-"),
    }
    match read_at(job, replica) {
        Some(at) => {
            let age = now.since(at);
            let old = age > Duration::from_secs(3 * 3_600);
            row.cell(if old { Role::AgeStale } else { Role::Muted }, &duration::compact(quantized(age)));
        }
        None => row.cell(Role::AgeStale, "-"),
    }
    let today = day(now, zone);
    row.paint(|area, buf, theme| {
        let shown = area.width.min(u16::try_from(Days::MOST).unwrap_or(u16::MAX));
        for cell in 0..shown {
            let (role, sign) = cell_of(job, today - back - i32::from(shown - 1 - cell), today, zone, theme);
            put(buf, area.x + cell, area.y, 1, sign, theme.style(role));
        }
    });
}

/// The day by the calendar of a zone, counted from 1970-01-01.
fn day(at: Timestamp, zone: &TimeZone) -> i32 {
    let offset = jiff::Timestamp::from_millisecond(at.0).map_or(0, |at| zone.to_offset(at).seconds());
    i32::try_from((at.0 + i64::from(offset) * 1_000).div_euclid(DAY_MS)).unwrap_or(0)
}

/// The sign of one day of a job: what was there, or why nothing was.
fn cell_of<'t>(job: &Job, of: i32, today: i32, zone: &TimeZone, theme: &'t Theme) -> (Role, &'t str) {
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
    use super::*;
    use crate::console::theme::Glyphs;
    use crate::fleet::backups::Description;
    use crate::fleet::words::BackupTool;

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
