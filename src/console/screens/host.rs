//! One host in depth: vitals with the last hour, checks, alerts.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::console::act::Verb;
use crate::console::ask::{Answer, Detail, HostDetail, Series, Topic};
use crate::console::keymap::Action;
use crate::console::replica::{FleetIndex, Replica};
use crate::console::screens::alerts::what;
use crate::console::screens::hosts::quantized;
use crate::console::screens::look::{check_glyph, check_role, host_glyph, host_role, share_role};
use crate::console::screens::muting::{mute, of_host};
use crate::console::screens::world::{About, Effect, Place, World};
use crate::console::text::{Ellipsis, put, put_cut, wrap};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{CARDS_BELOW, Scale, bar, divider, sparkline};
use crate::fleet::alerts::Alert;
use crate::fleet::derived::standing::{AgentState, SiteState, Sites, link_word};
use crate::fleet::hosts::Host;
use crate::fleet::hosts::vitals::Vitals;
use crate::fleet::words::{AlertId, CheckName, HostId, Timestamp, duration};

/// On fewer lines than this, alerts and checks come before graphs.
const SMALL: u16 = 18;
/// The span of the sparklines.
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Points of a sparkline.
const POINTS: u32 = 60;
/// How often the newest vitals are asked for, and the history.
const DETAIL_EVERY: Duration = Duration::from_secs(2);
const HISTORY_EVERY: Duration = Duration::from_secs(30);

/// The screen's state.
#[derive(Clone, Debug)]
pub struct HostScreen {
    fleet: FleetIndex,
    id: HostId,
    detail: Option<Box<HostDetail>>,
    series: Vec<Series>,
    refused: Option<String>,
    cursor: usize,
    asked_detail: Option<std::time::Instant>,
    asked_history: Option<std::time::Instant>,
}

/// A line one can stand on.
enum Line<'a> {
    Alert(&'a Alert),
    Check(CheckName),
}

impl HostScreen {
    /// The screen of a host.
    #[must_use]
    pub const fn new(fleet: FleetIndex, id: HostId) -> Self {
        Self {
            fleet,
            id,
            detail: None,
            series: Vec::new(),
            refused: None,
            cursor: 0,
            asked_detail: None,
            asked_history: None,
        }
    }

    /// What is to be asked now.
    pub fn ask(&mut self, world: World<'_>) -> Vec<Effect> {
        let Some(replica) = world.replicas.get(self.fleet).filter(|replica| replica.link().is_live()) else {
            return Vec::new();
        };
        let due = |asked: Option<std::time::Instant>, every: Duration| {
            asked.is_none_or(|asked| world.now.saturating_duration_since(asked) >= every)
        };
        let mut asks = Vec::new();
        if due(self.asked_detail, DETAIL_EVERY) {
            self.asked_detail = Some(world.now);
            asks.push(Effect::Ask(self.fleet, Topic::Host(self.id)));
        }
        if due(self.asked_history, HISTORY_EVERY) {
            self.asked_history = Some(world.now);
            let to = replica.hub_now(world.now);
            let series = ["cpu.busy", "mem.used", "load.1", "net.*.rx", "net.*.tx", "synthetic.00"];
            asks.push(Effect::Ask(
                self.fleet,
                Topic::History {
                    host: self.id,
                    series: series.map(str::to_owned).to_vec(),
                    from: to - HOUR,
                    to,
                    points: POINTS,
                },
            ));
        }
        asks
    }

    /// Takes over an answer; whether the screen changed.
    pub fn answer(&mut self, fleet: FleetIndex, answer: Answer) -> bool {
        let mine = fleet == self.fleet
            && match &answer.about {
                Topic::Host(id) => *id == self.id,
                Topic::History { host, .. } => *host == self.id,
                _ => false,
            };
        if !mine {
            return false;
        }
        match answer.result {
            Ok(Detail::Host(detail)) => {
                self.refused = None;
                self.detail = Some(detail);
            }
            Ok(Detail::History(series)) => self.series = series,
            Ok(_) => return false,
            Err(why) => self.refused = Some(why.to_string()),
        }
        true
    }

    fn lines<'a>(&self, replica: &'a Replica) -> Vec<Line<'a>> {
        let mut alerts: Vec<&Alert> =
            replica.alerts_of_host(self.id).filter(|alert| alert.is_open()).map(AsRef::as_ref).collect();
        alerts.sort_by_key(|alert| (alert.lane(), std::cmp::Reverse(alert.level.gravity()), alert.id));
        let mut checks: Vec<_> = replica.fleet().checks.of_host(self.id).collect();
        checks.sort_by_key(|check| (std::cmp::Reverse(check.state.gravity()), check.check.clone()));
        let alerts = alerts.into_iter().map(Line::Alert);
        alerts.chain(checks.into_iter().map(|check| Line::Check(check.check.clone()))).collect()
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16, world: World<'_>) -> Vec<Effect> {
        let Some(replica) = world.replicas.get(self.fleet) else { return Vec::new() };
        let lines = self.lines(replica);
        let last = lines.len().saturating_sub(1);
        let step = usize::from(count.max(1));
        match action {
            Action::Down => self.cursor = (self.cursor + step).min(last),
            Action::Up => self.cursor = self.cursor.min(last).saturating_sub(step),
            Action::Top => self.cursor = 0,
            Action::Bottom => self.cursor = last,
            Action::Open => {
                if let Some(Line::Alert(alert)) = lines.get(self.cursor) {
                    return vec![Effect::Go(Place::Alert(self.fleet, alert.id))];
                }
            }
            Action::CheckNow => {
                let check = match lines.get(self.cursor) {
                    Some(Line::Check(check)) => Some(check.clone()),
                    _ => None,
                };
                let verb = Verb::CheckNow { host: Some(self.id), check };
                return vec![Effect::Act(verb, About::Hosts(vec![(self.fleet, self.id)]))];
            }
            Action::Command => {
                return vec![Effect::Run { hosts: vec![(self.fleet, self.id)], line: String::new() }];
            }
            Action::Maintain => return mute(of_host((self.fleet, self.id), world)),
            action if action.is_on_alerts() => return vec![Effect::on_alerts(action, self.about(&lines))],
            Action::Copy => {
                let name = replica.fleet().hosts.hosts.get(&self.id).map(|host| host.name.to_string());
                return name.map(Effect::Copy).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    /// The alert under the cursor, or the one about the check under it.
    fn about(&self, lines: &[Line<'_>]) -> About {
        let id: Option<AlertId> = match lines.get(self.cursor) {
            Some(Line::Alert(alert)) => Some(alert.id),
            Some(Line::Check(check)) => lines.iter().find_map(|line| match line {
                Line::Alert(alert) if alert.subject.check() == Some(check) => Some(alert.id),
                _ => None,
            }),
            None => None,
        };
        About::Alerts(id.map(|id| (self.fleet, id)).into_iter().collect())
    }

    /// Paints the host.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) {
        let Some(replica) = world.replicas.get(self.fleet) else { return };
        let Some(host) = replica.fleet().hosts.hosts.get(&self.id) else {
            let text = if replica.is_loaded() {
                "this host is not in the fleet any more"
            } else {
                "this host is not here yet"
            };
            put(buf, area.x + 1, area.y, area.width, text, theme.style(Role::Muted));
            return;
        };
        let now = replica.hub_now(world.now);
        let y = area.y + self.title(area, buf, theme, replica, host, now);
        let y = if area.height < SMALL { y } else { y + 1 };
        let y = self.vitals(Rect { y, height: area.bottom().saturating_sub(y), ..area }, buf, theme, replica, now);
        self.table(Rect { y, height: area.bottom().saturating_sub(y), ..area }, buf, theme, world, replica);
    }

    /// Who it is and how; returns the lines that took.
    fn title(
        &self,
        area: Rect,
        buf: &mut Buffer,
        theme: &Theme,
        replica: &Replica,
        host: &Host,
        now: Timestamp,
    ) -> u16 {
        let stale = replica.is_stale();
        let role = if stale { Role::Stale } else { host_role(host.state) };
        let glyph = if stale { theme.glyphs.stale } else { host_glyph(&theme.glyphs, host.state) };
        let seen = replica.last_seen(host).map_or_else(
            || "never seen".to_owned(),
            |seen| format!("seen {} ago", duration::compact(quantized(now.since(seen)))),
        );
        let parts = [
            (role, glyph.to_owned()),
            (Role::Title, host.name.to_string()),
            (role, format!("{} for {}", host.state, duration::short(now.since(host.state_since)))),
            (Role::Text, format!("{}/{}", host.client, host.site)),
            (Role::Muted, host.class.to_string()),
            (Role::Muted, seen),
            (
                Role::Muted,
                host.os
                    .as_ref()
                    .map_or_else(String::new, |os| format!("{} {}", os.os_name.as_str(), os.os_version.as_str())),
            ),
        ];
        let lines: &[_] = if area.width < CARDS_BELOW { &[&parts[..3], &parts[3..]] } else { &[&parts[..]] };
        let cut = (Ellipsis::End, theme.glyphs.ellipsis);
        for (y, line) in (area.y..area.bottom()).zip(lines) {
            let mut x = area.x + 1;
            for (role, text) in *line {
                x += put_cut(buf, x, y, area.right().saturating_sub(x), text, theme.style(*role), cut) + 2;
            }
        }
        let taken = u16::try_from(lines.len()).unwrap_or(1);
        taken
            + self.apart(
                Rect { y: area.y + taken, height: area.height.saturating_sub(taken), ..area },
                buf,
                theme,
                replica,
                host,
            )
    }

    /// What its agent, its link and its site are, where not all is well or there is room; returns the lines that took.
    fn apart(&self, area: Rect, buf: &mut Buffer, theme: &Theme, replica: &Replica, host: &Host) -> u16 {
        let linked = replica.glance(self.id).map(|glance| glance.linked);
        let (agent, site) = (AgentState::of(host.state, linked), Sites::of(replica.fleet()).at(host));
        let is_well = agent == AgentState::Running && linked == Some(true) && site == SiteState::Up;
        if area.height == 0 || (is_well && area.height < SMALL) {
            return 0;
        }
        let role = |well: bool| match well {
            _ if replica.is_stale() => Role::Stale,
            true => Role::Muted,
            false => Role::Unknown,
        };
        let parts = [
            (role(agent == AgentState::Running), format!("agent {}", agent.word())),
            (role(linked == Some(true)), format!("link {}", link_word(linked))),
            (role(site == SiteState::Up), format!("site {}", site.word())),
            (Role::Muted, host.state_reason.clone()),
        ];
        let cut = (Ellipsis::End, theme.glyphs.ellipsis);
        let mut x = area.x + 1;
        for (role, text) in &parts {
            x += put_cut(buf, x, area.y, area.right().saturating_sub(x), text, theme.style(*role), cut) + 2;
        }
        1
    }

    /// Vitals in a line or two, where there is no room for one each; returns the next free line.
    fn short_vitals(&self, area: Rect, buf: &mut Buffer, theme: &Theme, vitals: &Vitals, role: Role) -> u16 {
        let percent = |share: f64| format!("{:.0}%", share * 100.0);
        let disk = vitals.file_systems.iter().filter_map(|fs| Some((fs.used_share()?, fs.mount.as_str())));
        let fullest = disk.max_by(|(one, _), (other, _)| one.total_cmp(other));
        let facts = [
            vitals.cpu.busy.map(|busy| format!("cpu {}", percent(busy.into()))),
            vitals.memory.used_share().map(|share| format!("mem {}", percent(share))),
            vitals.load.map(|load| format!("load {:.2}", load.one)),
            fullest.map(|(share, mount)| format!("disk {} {mount}", percent(share))),
        ];
        let text = facts.into_iter().flatten().collect::<Vec<_>>().join("  ");
        let mut y = area.y;
        for line in wrap(&text, area.width.saturating_sub(2)).take(2) {
            if y < area.bottom() {
                put(buf, area.x + 1, y, area.width.saturating_sub(1), line, theme.style(role));
                y += 1;
            }
        }
        y
    }

    /// Vitals on the left half, with sparklines of the last hour; returns the next free line.
    fn vitals(&self, area: Rect, buf: &mut Buffer, theme: &Theme, replica: &Replica, now: Timestamp) -> u16 {
        let Some(vitals) = self.detail.as_ref().and_then(|detail| detail.vitals.as_ref()) else {
            let text = self.refused.clone().unwrap_or_else(|| {
                if replica.link().is_live() {
                    "asking the hub for its vitals".to_owned()
                } else {
                    "vitals are not known: the link is down".to_owned()
                }
            });
            put(buf, area.x + 1, area.y, area.width.saturating_sub(1), &text, theme.style(Role::Muted));
            return area.y + if area.height < SMALL { 1 } else { 2 };
        };
        let old = self.detail.as_ref().is_some_and(|detail| now.since(detail.at) > Duration::from_secs(10));
        let text = if old { Role::Stale } else { Role::Text };
        if area.height < SMALL {
            return self.short_vitals(area, buf, theme, vitals, text);
        }
        let mut y = area.y;
        let spark = area.width.saturating_sub(34).min(60);
        let line = |buf: &mut Buffer,
                    y: u16,
                    label: &str,
                    share: Option<f32>,
                    words: &str,
                    samples: Option<(Vec<Option<f64>>, Scale)>| {
            if y >= area.bottom() {
                return;
            }
            put(buf, area.x + 1, y, 6, label, theme.style(Role::Muted));
            if let Some(share) = share {
                bar(
                    Rect { x: area.x + 8, y, width: 8, height: 1 }.intersection(area),
                    buf,
                    theme,
                    share_role(share),
                    Some(f64::from(share)),
                );
            }
            put(buf, area.x + 17, y, 15, words, theme.style(text));
            if let Some((samples, scale)) = samples
                && spark > 4
            {
                let room = Rect { x: area.x + 33, y, width: spark, height: 1 }.intersection(area);
                sparkline(room, buf, theme, Role::Graph, &samples, scale);
            }
        };
        let percent =
            |share: Option<f32>| share.map_or_else(|| "-".to_owned(), |share| format!("{:.0}%", share * 100.0));
        let share = |share: Option<f64>| share.map(|share| share as f32);
        let unit = Scale::Fixed(0.0, 1.0);
        line(
            buf,
            y,
            "cpu",
            vitals.cpu.busy,
            &percent(vitals.cpu.busy),
            Some((self.samples("cpu.busy", now, spark), unit)),
        );
        y += 1;
        let memory = share(vitals.memory.used_share());
        let words = format!("{} {}", percent(memory), bytes(vitals.memory.total));
        line(
            buf,
            y,
            "memory",
            memory,
            &words,
            Some((self.samples("mem.used", now, spark), Scale::Fixed(0.0, vitals.memory.total as f64))),
        );
        y += 1;
        if vitals.swap.total > 0 {
            let swap = share(vitals.swap.used_share());
            line(buf, y, "swap", swap, &format!("{} {}", percent(swap), bytes(vitals.swap.total)), None);
            y += 1;
        }
        if let Some(load) = vitals.load {
            let words = format!("{:.2} {:.2} {:.2}", load.one, load.five, load.fifteen);
            line(buf, y, "load", None, &words, Some((self.samples("load.1", now, spark), Scale::Auto)));
            y += 1;
        }
        let mut disks: Vec<_> = vitals.file_systems.iter().collect();
        disks.sort_by(|a, b| b.used_share().partial_cmp(&a.used_share()).unwrap_or(std::cmp::Ordering::Equal));
        let room = usize::from((area.height / 3).clamp(1, 6));
        for fs in disks.into_iter().take(room) {
            if y >= area.bottom() {
                break;
            }
            let used = share(fs.used_share());
            line(buf, y, "disk", used, &format!("{} {}", percent(used), bytes(fs.total)), None);
            put_cut(
                buf,
                area.x + 33,
                y,
                area.width.saturating_sub(34),
                fs.mount.as_str(),
                theme.style(text),
                (Ellipsis::Middle, theme.glyphs.ellipsis),
            );
            y += 1;
        }
        y = self.extras(Rect { y, height: area.bottom().saturating_sub(y), ..area }, buf, theme, vitals);
        y + 1
    }

    /// Network, pressure, uptime and the heaviest processes, a line each as far as there is room.
    fn extras(&self, area: Rect, buf: &mut Buffer, theme: &Theme, vitals: &Vitals) -> u16 {
        let mut lines = Vec::new();
        let rates: Vec<String> = vitals
            .interfaces
            .iter()
            .filter(|one| one.received + one.sent > 0.0)
            .take(3)
            .map(|one| format!("{} in {}/s out {}/s", one.interface.as_str(), rate(one.received), rate(one.sent)))
            .collect();
        if !rates.is_empty() {
            lines.push(("net", rates.join("   ")));
        }
        let heavy: Vec<String> = vitals
            .top_by_cpu
            .iter()
            .filter(|process| process.cpu.is_some_and(|cpu| cpu >= 0.01))
            .take(4)
            .map(|process| format!("{} {:.0}%", process.name.as_str(), process.cpu.unwrap_or_default() * 100.0))
            .collect();
        if !heavy.is_empty() {
            lines.push(("busy", heavy.join("   ")));
        }
        let up = duration::short(Duration::from_secs(vitals.uptime_seconds));
        lines.push(("up", format!("{up}, {} processes", vitals.process_count)));
        let mut y = area.y;
        for (label, text) in lines.into_iter().take(usize::from(area.height / 2)) {
            put(buf, area.x + 1, y, 6, label, theme.style(Role::Muted));
            let cut = (Ellipsis::End, theme.glyphs.ellipsis);
            put_cut(buf, area.x + 7, y, area.width.saturating_sub(8), &text, theme.style(Role::Text), cut);
            y += 1;
        }
        y
    }

    /// The samples of a series over the last hour, a value or a gap for each cell.
    fn samples(&self, name: &str, now: Timestamp, cells: u16) -> Vec<Option<f64>> {
        let mut samples = vec![None; usize::from(cells)];
        let Some(series) = self.series.iter().find(|series| series.name.as_str() == name) else { return samples };
        // Whole numbers: samples a cell apart must not fall into one cell and leave the next one empty.
        let hour = HOUR.as_millis();
        for (at, value) in &series.points {
            let cells_ago = now.since(*at).as_millis() * u128::from(cells) / hour;
            let place = usize::from(cells).checked_sub(1 + usize::try_from(cells_ago).unwrap_or(usize::MAX - 1));
            if let Some(cell) = place.and_then(|place| samples.get_mut(place)) {
                *cell = Some(*value);
            }
        }
        samples
    }

    /// What a check's line says: its state, its name and age, its newest summary.
    fn check_parts(
        &self,
        name: &CheckName,
        replica: &Replica,
        theme: &Theme,
        now: Timestamp,
    ) -> Option<[(Role, String); 3]> {
        let check = replica.fleet().checks.get(self.id, name)?;
        let stale = check.stale || replica.is_stale();
        let fresh = self.detail.as_ref().and_then(|detail| detail.readings.iter().find(|one| one.check == *name));
        let summary = fresh.map_or(&check.summary, |fresh| &fresh.summary);
        let soft = if check.hard { String::new() } else { format!(" soft {}/{}", check.attempt, check.max_attempts) };
        let soft = if check.flapping { format!("{soft} flapping") } else { soft };
        let word = if stale { "stale" } else { check.state.word() };
        let head = format!("{} {word:<8}{soft}", check_glyph(&theme.glyphs, check.state, stale));
        let age = duration::compact(now.since(check.since));
        Some([
            (check_role(check.state, stale), head),
            (Role::Text, format!("{:<14} {age:>4}", name.as_str())),
            (Role::Text, summary.to_string()),
        ])
    }

    fn table(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, replica: &Replica) {
        if area.height < 2 {
            return;
        }
        divider(area, buf, theme, "alerts and checks");
        let lines = self.lines(replica);
        // Where there is no room beside each other, the summary stands below its name.
        let each = if area.width < CARDS_BELOW { 2 } else { 1 };
        let room = usize::from(((area.height - 1) / each).max(1));
        let cursor = self.cursor.min(lines.len().saturating_sub(1));
        let first = (cursor + 1).saturating_sub(room);
        let now = replica.hub_now(world.now);
        let tops = (area.y + 1..area.bottom()).step_by(usize::from(each));
        for (y, (at, line)) in tops.zip(lines.iter().enumerate().skip(first).take(room)) {
            let cut = (Ellipsis::End, theme.glyphs.ellipsis);
            if at == cursor {
                put(buf, area.x, y, 1, theme.glyphs.cursor, theme.style(Role::Text));
            }
            let [head, name, summary] = match line {
                Line::Alert(alert) => alert_parts(alert, theme),
                Line::Check(name) => match self.check_parts(name, replica, theme, now) {
                    Some(parts) => parts,
                    None => continue,
                },
            };
            let mut put_at = |x: u16, y: u16, (role, text): &(Role, String)| {
                put_cut(buf, x, y, area.right().saturating_sub(x), text, theme.style(*role), cut)
            };
            let used = put_at(area.x + 2, y, &head) + 1;
            let used = used + put_at(area.x + 2 + used, y, &name) + 2;
            if each == 1 {
                put_at(area.x + 2 + used, y, &summary);
            } else if y + 1 < area.bottom() {
                put_at(area.x + 4, y + 1, &summary);
            }
            if at == cursor {
                buf.set_style(Rect { y, height: each, ..area }.intersection(area), theme.style(Role::Selection));
            }
        }
        if lines.is_empty() {
            put(buf, area.x + 2, area.y + 1, area.width, "no check has reported yet", theme.style(Role::Muted));
        }
    }
}

/// What an alert's line says: its state, its owner, its summary.
fn alert_parts(alert: &Alert, theme: &Theme) -> [(Role, String); 3] {
    let role = check_role(alert.level, false);
    let owner = alert.owner().map_or_else(|| "NEW".to_owned(), |owner| format!("owned by {}", owner.as_str()));
    let head = format!("{} ALERT {} {}", check_glyph(&theme.glyphs, alert.level, false), alert.level, what(alert));
    [(role, head), (role, owner), (role, alert.summary.to_string())]
}

/// Bytes in the binary unit that fits.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            return if value < 10.0 && unit != "B" {
                format!("{value:.1} {unit}")
            } else {
                format!("{value:.0} {unit}")
            };
        }
        value /= 1024.0;
    }
    format!("{value:.0} PiB")
}

fn rate(per_second: f64) -> String {
    bytes(per_second.max(0.0) as u64)
}
