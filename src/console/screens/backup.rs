//! One backup job in depth: what is promised, what was found, its alert, its snapshots and what the tool said.

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::act::Verb;
use crate::console::ask::{Answer, Detail, Topic};
use crate::console::keymap::Action;
use crate::console::replica::FleetIndex;
use crate::console::screens::backups::{alert_of, read_at, read_now};
use crate::console::screens::host::bytes;
use crate::console::screens::journal::clock;
use crate::console::screens::look::{backup_glyph, backup_role};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::text::{Ellipsis, put, put_cut, wrap};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::divider;
use crate::fleet::backups::Job;
use crate::fleet::words::{BlobId, JobId, SafeText, Timestamp, duration};

/// Lines that the list of snapshots has at least, with what stands around it.
const LIST: u16 = 6;

/// The screen's state.
#[derive(Clone, Debug)]
pub struct BackupScreen {
    fleet: FleetIndex,
    id: JobId,
    /// The list that was asked for.
    asked: Option<BlobId>,
    text: Option<SafeText>,
    refused: Option<String>,
    scroll: usize,
}

impl BackupScreen {
    /// The screen of a job.
    #[must_use]
    pub const fn new(fleet: FleetIndex, id: JobId) -> Self {
        Self { fleet, id, asked: None, text: None, refused: None, scroll: 0 }
    }

    fn job<'a>(&self, world: World<'a>) -> Option<&'a Job> {
        world.replicas.get(self.fleet)?.fleet().backups.jobs.get(&self.id).map(AsRef::as_ref)
    }

    /// What is to be asked now: the list, when there is another.
    pub fn ask(&mut self, world: World<'_>) -> Vec<Effect> {
        let live = world.replicas.get(self.fleet).is_some_and(|replica| replica.link().is_live());
        let output = self.job(world).and_then(|job| job.output).filter(|output| live && self.asked != Some(*output));
        let Some(output) = output else { return Vec::new() };
        self.asked = Some(output);
        vec![Effect::Ask(self.fleet, Topic::Blob(output))]
    }

    /// Takes over an answer; whether the screen changed.
    pub fn answer(&mut self, fleet: FleetIndex, answer: Answer) -> bool {
        if fleet != self.fleet || self.asked.map(Topic::Blob).as_ref() != Some(&answer.about) {
            return false;
        }
        match answer.result {
            Ok(Detail::Blob { text, .. }) => (self.text, self.refused) = (Some(text), None),
            Ok(_) => return false,
            Err(why) => self.refused = Some(why.to_string()),
        }
        true
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        let key = (self.fleet, self.id);
        let step = usize::from(count.max(1));
        let last = self.text.as_ref().map_or(0, |text| text.as_str().lines().count().saturating_sub(1));
        let about = || About::Alerts(alert_of(key, world).into_iter().collect());
        match action {
            Action::Down => self.scroll = (self.scroll + step).min(last),
            Action::Up => self.scroll = self.scroll.saturating_sub(step),
            Action::Top => self.scroll = 0,
            Action::Bottom => self.scroll = last,
            Action::Open => {
                let alert = alert_of(key, world);
                return alert.map(|(fleet, id)| Effect::Go(Place::Alert(fleet, id))).into_iter().collect();
            }
            Action::Review => return vec![Effect::Act(Verb::Review, About::Jobs(vec![key]))],
            Action::CheckNow => return read_now(key, world).into_iter().collect(),
            action if action.is_on_alerts() => return vec![Effect::on_alerts(action, about())],
            _ => {}
        }
        Vec::new()
    }

    /// Paints the job.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
        let Some(replica) = world.replicas.get(self.fleet) else { return };
        let now = replica.hub_now(world.now);
        let Some(job) = self.job(world) else {
            put(
                buf,
                area.x + 1,
                area.y,
                area.width.saturating_sub(1),
                "this job is not promised any more",
                theme.style(Role::Muted),
            );
            return;
        };
        let mut facts = facts(job, read_at(job, replica), theme, now, zone);
        if let Some((_, alert)) = alert_of((self.fleet, self.id), world)
            && let Some(alert) = replica.fleet().alerts.alerts.get(&alert)
        {
            let text = format!("alert {} {}: {}  (Enter opens it)", alert.id, alert.lane().word(), alert.summary);
            facts.insert(2, (Role::New, text));
        }
        // What matters least comes last, and goes first where a phone has no room for it and the snapshots.
        let room = area.bottom().saturating_sub(LIST);
        let mut y = area.y;
        for (role, text) in facts {
            let lines: Vec<&str> = wrap(&text, area.width.saturating_sub(2)).collect();
            if y > area.y && usize::from(room.saturating_sub(y)) < lines.len() {
                break;
            }
            for line in lines {
                if y >= area.bottom() {
                    return;
                }
                put(buf, area.x + 1, y, area.width.saturating_sub(1), line, theme.style(role));
                y += 1;
            }
        }
        let rest = Rect { y: y + 1, height: area.bottom().saturating_sub(y + 1), ..area };
        if rest.height < 2 {
            return;
        }
        divider(rest, buf, theme, "snapshots, newest first: taken, name, size, added, paths");
        let waiting = || self.refused.clone().unwrap_or_else(|| "nothing was read yet".to_owned());
        let text = self.text.as_ref().map_or_else(waiting, ToString::to_string);
        let cut = (Ellipsis::End, theme.glyphs.ellipsis);
        for (y, line) in (rest.y + 1..rest.bottom()).zip(text.lines().skip(self.scroll)) {
            put_cut(buf, area.x + 1, y, area.width.saturating_sub(1), line, theme.style(Role::Text), cut);
        }
    }
}

fn facts(job: &Job, read: Option<Timestamp>, theme: &Theme, now: Timestamp, zone: &TimeZone) -> Vec<(Role, String)> {
    let description = &job.description;
    let role = backup_role(job.state);
    let age = |at: Timestamp| format!("{} ({} ago)", clock(at, now, zone), duration::short(now.since(at)));
    let or_none = |at: Option<Timestamp>| at.map_or_else(|| "none".to_owned(), age);
    let found = job.found.as_ref();
    let size = |size: Option<u64>| size.map_or_else(|| "not told".to_owned(), bytes);
    // Parts of what was promised may be fresher than the whole.
    let parts = found.filter(|found| found.freshest > found.newest).map(|found| or_none(found.freshest));
    let parts = parts.map_or_else(String::new, |parts| format!(" whole, of some paths {parts}"));
    let paths: Vec<&str> = description.paths.iter().map(SafeText::as_str).collect();
    let why = if job.why.as_str().is_empty() { "as promised".to_owned() } else { job.why.to_string() };
    let mut facts = vec![
        (
            role,
            format!(
                "{} {} is {} since {}",
                backup_glyph(&theme.glyphs, job.state),
                description.name,
                job.state,
                age(job.since)
            ),
        ),
        (Role::Title, why),
        (
            Role::Text,
            format!(
                "newest    {}{parts}   restorable {}   oldest {}",
                or_none(job.newest()),
                job.restorable(),
                or_none(found.and_then(|found| found.oldest))
            ),
        ),
        (Role::Text, format!("read      {}", or_none(read))),
    ];
    if let Some(review) = job.reviews.last() {
        facts.push((Role::Owned, format!("reviewed  {} by {}", age(review.at), review.by)));
    }
    facts.extend([
        (
            Role::Text,
            format!(
                "promised  every {}, grace {}, on {}",
                duration::exact(description.every),
                duration::exact(description.grace),
                description.host_name
            ),
        ),
        (Role::Text, format!("where     {} {}", description.tool, description.repository)),
        (
            Role::Text,
            format!("paths     {}", if paths.is_empty() { "whatever it holds".to_owned() } else { paths.join(" ") }),
        ),
        (
            Role::Text,
            format!(
                "size      {}   added {}",
                size(found.and_then(|found| found.size)),
                size(found.and_then(|found| found.added))
            ),
        ),
    ]);
    facts
}
