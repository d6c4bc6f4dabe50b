//! Backups: a row a job, worst first; what can be restored against what is promised, then the days, newest at the right.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::act::Verb;
use crate::console::acts::{Reading, Row as ActRow};
use crate::console::keymap::Action;
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::backup_days::{cell_of, day};
use crate::console::screens::empty::say_why_empty;
use crate::console::screens::grouping::{Group, Sums};
use crate::console::screens::hosts::quantized;
use crate::console::screens::listing::{Arrangement, Listing};
use crate::console::screens::look::{backup_glyph, backup_role};
use crate::console::screens::viewed::Viewed;
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::text::{Ellipsis, put, put_cut, width_within};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{CARDS_BELOW, Column, Row};
use crate::fleet::alerts::Subject;
use crate::fleet::backups::{Days, Job, State};
use crate::fleet::derived::select::BackupRow;
use crate::fleet::state::{EntityKey, Fleet};
use crate::fleet::words::filter::Filter;
use crate::fleet::words::{AlertId, CheckName, ClientId, JobId, JobName, SafeText, Timestamp, duration};
use crate::settings::views::{Layout, Words};

/// A job of a fleet.
pub type Key = (FleetIndex, JobId);

/// Lines below the list: the cursor's job in words, the sums, and the hosts without a job.
const BELOW: u16 = 3;
/// Hosts without a job that are named.
const NAMED: usize = 5;
/// Rows have more use for the lines of a screen of fewer lines than this.
const SMALL: u16 = 14;

/// What the grid is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    #[default]
    State,
    Client,
    Age,
}

/// All jobs, in an order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Jobs {
    order: Order,
    reversed: bool,
    /// Only what has news since the person's last review.
    since_review: bool,
}

impl Arrangement for Jobs {
    type Id = JobId;
    type Entity = Job;
    /// What is worst or oldest first, then by words.
    type Sort = (Option<ClientId>, i64, Option<ClientId>, SafeText, JobName);

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
        let (first, number, second) = match self.order {
            Order::State => (None, i64::from(job.state.rank()), client),
            Order::Client => (client, i64::from(job.state.rank()), None),
            // What nothing can be restored of is older than anything.
            Order::Age => (None, job.newest().map_or(i64::MIN + 1, |newest| newest.0), client),
        };
        let number = if self.reversed { number.saturating_neg() } else { number };
        Some((first, number, second, description.host_name.clone(), description.name.clone()))
    }

    fn columns() -> &'static [Column] {
        &COLUMNS
    }

    fn orders() -> &'static [&'static str] {
        &["state", "client", "age"]
    }

    fn order(&self) -> (usize, bool) {
        (self.order as usize, self.reversed)
    }

    fn set_order(&mut self, order: usize, reversed: bool) {
        self.order = [Order::State, Order::Client, Order::Age].get(order).copied().unwrap_or_default();
        self.reversed = reversed;
    }

    fn groupings() -> &'static [&'static str] {
        &["client", "host", "tool", "state", "repository"]
    }

    fn group(by: usize, job: &Job, _replica: &Replica) -> Group {
        let description = &job.description;
        match by {
            0 => description.client.as_ref().map_or_else(Group::none, |client| Group::named(client.as_str())),
            1 => Group::named(&format!("{}  {}", description.host_name, client_word(job))),
            2 => Group::named(description.tool.word()),
            3 => Group::ranked(job.state.rank(), job.state.word()),
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
    sums: Option<AllJobs>,
}

/// All jobs together, whatever the filter shows.
#[derive(Clone, Debug, Default)]
struct AllJobs {
    /// By state, worst first.
    states: [usize; State::WORST_FIRST.len()],
    /// Those without news since the person's last review.
    reviewed: usize,
    /// The hosts that no job is promised for.
    uncovered: String,
    /// Not all jobs are here yet.
    partial: bool,
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
    Column::new("DAYS", 7, 90).rank(1).grows(),
];

impl Backups {
    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, world: World<'_>) {
        let is_counted = |entity: &EntityKey| matches!(entity, EntityKey::Backup(_) | EntityKey::Host(_));
        if changed.everything || changed.link || changed.entities.iter().any(is_counted) {
            self.sums = None;
        }
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
        let below = self.sums.get_or_insert_with(|| AllJobs::of(world)).lines(size);
        self.rows.refresh(Size { height: size.height.saturating_sub(below), ..size }, world);
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
        if let Some(all) = self.sums.as_ref().filter(|all| all.jobs() > 0) {
            let role = if all.reviewed == all.jobs() && !all.partial { Role::Ok } else { Role::Owned };
            facts.push((role, format!("reviewed {} of {}{}", all.reviewed, all.jobs(), all.so_far())));
        }
        if self.back > 0 {
            facts.push((Role::Muted, format!("days end {} ago", self.back)));
        }
        facts
    }

    /// Paints the list.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
        let below = self.sums.as_ref().map_or(0, |all| all.lines(area.as_size()));
        let list = Rect { height: area.height - below, ..area };
        let Jobs { order, reversed, .. } = self.rows.arrangement;
        let sorted = match order {
            Order::State => (0, !reversed),
            Order::Client => (1, true),
            Order::Age => (4, !reversed),
        };
        self.rows.render(list, buf, theme, Some(sorted), |key, row| paint(key, row, self.back, theme, world, zone));
        let none = if self.rows.arrangement.since_review {
            "nothing new since your last review"
        } else {
            "no backup job yet: [[backup]] in backups.toml of the hub's configuration promises one"
        };
        say_why_empty(&self.rows, ("backup job", none), list, buf, theme, world);
        let below = Rect { y: list.bottom(), height: below, ..area };
        self.below(below, buf, theme, world);
    }

    fn below(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) {
        let words = self.rows.cursor().and_then(|key| job_of(key, world)).map_or_else(String::new, words);
        let Some(all) = &self.sums else { return };
        let stale = world.replicas.iter().any(|(_, replica)| replica.is_stale());
        let cut = (Ellipsis::End, theme.glyphs.ellipsis);
        let (left, width) = (area.x + 1, area.width.saturating_sub(1));
        let mut y = area.y;
        put_cut(buf, left, y, width, &words, theme.style(Role::Text), cut);
        if area.height < 2 {
            return;
        }
        let (mut x, right) = (left, area.right());
        y += 1;
        for (role, text) in all.words(stale) {
            // The sums are worth nothing without the last of them: they go on in the next line.
            if x + width_within(text.trim_end(), width).unwrap_or(width) > right {
                (x, y) = (left, y + 1);
            }
            if y < area.bottom() {
                x += put(buf, x, y, right.saturating_sub(x), &text, theme.style(role));
            }
        }
        if y + 1 < area.bottom() {
            put_cut(buf, left, y + 1, width, &all.uncovered, theme.style(Role::Warning), cut);
        }
    }
}

impl AllJobs {
    fn of(world: World<'_>) -> Self {
        let mut all = Self { uncovered: uncovered(world), ..Self::default() };
        for (_, replica) in world.replicas.iter() {
            all.partial |= !replica.is_loaded();
            let me = replica.greeting().map(|greeting| &greeting.identity);
            for job in replica.fleet().backups.jobs.values() {
                if let Some(sum) = all.states.get_mut(usize::from(job.state.rank())) {
                    *sum += 1;
                }
                all.reviewed += usize::from(me.is_some_and(|me| !job.is_news_to(me)));
            }
        }
        all
    }

    fn jobs(&self) -> usize {
        self.states.iter().sum()
    }

    const fn so_far(&self) -> &'static str {
        if self.partial { " so far" } else { "" }
    }

    /// The lines it takes below a list, on a screen of this size.
    fn lines(&self, size: Size) -> u16 {
        let all = if self.uncovered.is_empty() && size.width >= CARDS_BELOW { BELOW - 1 } else { BELOW };
        if size.height < SMALL { 1.min(size.height.saturating_sub(3)) } else { all }
    }

    /// The sums, which add up.
    fn words(&self, stale: bool) -> Vec<(Role, String)> {
        let role = |state| if stale { Role::Stale } else { backup_role(state) };
        let some = self.states.iter().zip(State::WORST_FIRST).filter(|(sum, _)| **sum > 0);
        let mut parts: Vec<_> = some.map(|(sum, state)| (role(state), format!("{sum} {state}  "))).collect();
        parts.push((Role::Muted, format!("= {}{}", self.jobs(), self.so_far())));
        parts
    }
}

impl Viewed for Backups {
    fn layout(&self) -> Layout {
        self.rows.layout()
    }

    fn show(&mut self, layout: &Layout, world: World<'_>) {
        // A view shows the same rows to everybody, whatever they have looked at.
        self.rows.arrangement.since_review = false;
        self.rows.show(layout, world);
    }

    fn words(&self) -> Words {
        self.rows.words()
    }
}

fn client_word(job: &Job) -> &str {
    job.description.client.as_ref().map_or("-", |client| client.as_str())
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

/// When the job's repository was read last (hub time).
#[must_use]
pub fn read_at(job: &Job, replica: &Replica) -> Option<Timestamp> {
    replica.glance(job.description.host?)?.backup_read(&job.description.name)
}

/// The age of a backup: in hours for the first days, so that it can be held against a promise of one.
fn age_words(age: Duration) -> String {
    let hours = age.as_secs() / 3_600;
    if (24..100).contains(&hours) { format!("{hours}h") } else { duration::compact(quantized(age)) }
}

fn words(job: &Job) -> String {
    let description = &job.description;
    let why = if job.why.as_str().is_empty() { "as promised".to_owned() } else { job.why.to_string() };
    format!("{}: {why}  ({} {})", description.name, description.tool, description.repository)
}

/// The hosts that no job is promised for, of the fleets that are here whole: jobs come after hosts.
fn uncovered(world: World<'_>) -> String {
    let (mut count, mut names) = (0_usize, Vec::new());
    for (_, replica) in world.replicas.iter().filter(|(_, replica)| replica.is_loaded()) {
        let fleet = replica.fleet();
        for host in fleet.hosts.present().filter(|host| !fleet.backups.covers(host.id)) {
            count += 1;
            if names.len() < NAMED {
                names.push(host.name.as_str());
            }
        }
    }
    match count {
        0 => String::new(),
        1 => format!("1 host has no backup job: {}", names.join(", ")),
        2..=NAMED => format!("{count} hosts have no backup job: {}", names.join(", ")),
        _ => format!("{count} hosts have no backup job: {} and {} more", names.join(", "), count - NAMED),
    }
}

fn paint(key: Key, row: &mut Row<'_>, back: i32, theme: &Theme, world: World<'_>, zone: &TimeZone) {
    let (Some(replica), Some(job)) = (world.replicas.get(key.0), job_of(key, world)) else { return };
    let now = replica.hub_now(world.now);
    let stale = replica.is_stale();
    let role = if stale { Role::Stale } else { backup_role(job.state) };
    let sign = if stale { theme.glyphs.stale } else { backup_glyph(&theme.glyphs, job.state) };
    match world.acts.about(key.0, ActRow::Job(key.1)).map(|pending| pending.reading(world.now)) {
        Some(Reading::Sent) => row.parts(&[(Role::Pending, theme.glyphs.waiting), (Role::Pending, " sent")]),
        Some(Reading::Waiting(seconds)) => row.value(Role::Pending, format_args!("WAIT {seconds}s")),
        Some(Reading::NotSent) => row.cell(Role::Failed, "NOT SENT"),
        None => row.parts(&[(role, sign), (role, " "), (role, job.state.word())]),
    }
    let description = &job.description;
    row.cell(Role::Text, client_word(job));
    row.cell(Role::Text, description.host_name.as_str());
    row.cell(Role::Text, description.name.as_str());
    let every = duration::compact(description.every);
    match job.age(now) {
        Some(age) => row.value(role, format_args!("{}/{every}", age_words(age))),
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
            let role = if stale { Role::Stale } else { role };
            put(buf, area.x + cell, area.y, 1, sign, theme.style(role));
        }
    });
}
