//! How alerts went over the last days: how long until somebody had them, how long until they were over, and what makes
//! the most noise.

use std::collections::BTreeMap;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::console::ask::{AlertFigures, Answer, Detail, Topic};
use crate::console::keymap::Action;
use crate::console::list::ListState;
use crate::console::replica::{Changed, FleetIndex};
use crate::console::screens::listing::move_cursor;
use crate::console::screens::world::{Effect, World};
use crate::console::text::{put, wrap};
use crate::console::theme::{Role, Theme};
use crate::console::widgets::{Column, Row, Table};
use crate::fleet::derived::alert_report::{By, Figures, Kind, together};
use crate::fleet::words::duration;

/// The times that can be asked about, in days.
const SPANS: [u64; 3] = [7, 30, 90];

const COLUMNS: [Column; 8] = [
    Column::new("OF", 12, 30).grows(),
    Column::new("CAME", 5, 6).right(),
    Column::new("A WEEK", 6, 7).right().rank(2),
    Column::new("AGAIN", 5, 6).right().rank(3),
    Column::new("TAKEN", 5, 6).right().rank(4),
    Column::new("MTTA", 6, 8).right(),
    Column::new("MTTR", 6, 8).right(),
    Column::new("OPEN", 4, 5).right().rank(1),
];

/// A row, painted by its name.
type RowId = std::sync::Arc<str>;

/// The screen's state.
#[derive(Clone, Debug, Default)]
pub struct ReportScreen {
    span: usize,
    by: By,
    /// The column it is sorted by, as a place among [`COLUMNS`]; by how often they came when `None`.
    order: Option<usize>,
    reversed: bool,
    asked: bool,
    fleets: BTreeMap<FleetIndex, Result<AlertFigures, String>>,
    rows: BTreeMap<RowId, Figures>,
    list: ListState<RowId>,
}

impl ReportScreen {
    /// What is to be asked now: each fleet, once.
    pub fn ask(&mut self, world: World<'_>) -> Vec<Effect> {
        if std::mem::replace(&mut self.asked, true) {
            return Vec::new();
        }
        let days = self.days();
        let live = world.replicas.iter().filter(|(_, replica)| replica.link().is_live());
        live.map(|(fleet, _)| Effect::Ask(fleet, Topic::AlertReport { days })).collect()
    }

    /// Someone comes to the screen: what has happened since counts.
    pub const fn visit(&mut self) {
        self.asked = false;
    }

    fn days(&self) -> u64 {
        SPANS.get(self.span).copied().unwrap_or(7)
    }

    /// Takes over an answer; whether the screen changed.
    pub fn answer(&mut self, fleet: FleetIndex, answer: Answer) -> bool {
        if answer.about != (Topic::AlertReport { days: self.days() }) {
            return false;
        }
        let told = match answer.result {
            Ok(Detail::AlertReport(figures)) => Ok(figures),
            Ok(_) => return false,
            Err(why) => Err(why.to_string()),
        };
        self.fleets.insert(fleet, told);
        self.arrange();
        true
    }

    /// A link that came back is asked where it has not answered.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed) {
        if changed.everything && !matches!(self.fleets.get(&fleet), Some(Ok(_))) {
            self.asked = false;
        }
    }

    /// Does an action.
    pub fn update(&mut self, action: Action, count: u16) -> Vec<Effect> {
        if move_cursor(&mut self.list, action, count) {
            return Vec::new();
        }
        match action {
            Action::Left | Action::Right => {
                let last = SPANS.len() - 1;
                let next =
                    if action == Action::Right { (self.span + 1).min(last) } else { self.span.saturating_sub(1) };
                if next != self.span {
                    self.span = next;
                    self.fleets.clear();
                    self.asked = false;
                }
            }
            Action::GroupBy => {
                self.by = match self.by {
                    By::Client => By::Check,
                    By::Check => By::Both,
                    By::Both => By::Client,
                };
            }
            Action::Order => self.order = Some(self.order.map_or(2, |order| (order + 1) % COLUMNS.len())),
            Action::OrderReverse => self.reversed = !self.reversed,
            Action::Open => {
                let Some(name) = self.list.cursor() else { return Vec::new() };
                let filter = match self.by {
                    By::Client => format!("client:{name}"),
                    By::Check => format!("check:{name}"),
                    By::Both => {
                        let (client, check) = name.split_once("  ").unwrap_or((name, "*"));
                        format!("client:{client} check:{check}")
                    }
                };
                return vec![Effect::AlertsOf(filter)];
            }
            _ => return Vec::new(),
        }
        self.arrange();
        Vec::new()
    }

    fn arrange(&mut self) {
        let mut all: BTreeMap<Kind, Figures> = BTreeMap::new();
        for figures in self.fleets.values().flatten() {
            for (kind, figures) in &figures.figures {
                all.entry(kind.clone()).or_default().add(figures);
            }
        }
        let mut rows: Vec<(RowId, Figures)> =
            together(&all, self.by).into_iter().map(|(name, figures)| (RowId::from(name), figures)).collect();
        // The greatest first, but names in their order; what has no mean comes last.
        match self.order {
            Some(0) => rows.sort_by(|(one, _), (other, _)| one.cmp(other)),
            order => rows.sort_by_key(|(_, figures)| std::cmp::Reverse(sort_key(order, figures))),
        }
        if self.reversed {
            rows.reverse();
        }
        self.list.replace(rows.iter().map(|(name, _)| RowId::clone(name)));
        self.rows = rows.into_iter().collect();
    }

    /// How much time the report is about.
    fn span(&self) -> Duration {
        let longest = self.fleets.values().flatten().map(|figures| figures.to.since(figures.from)).max();
        longest.unwrap_or_else(|| Duration::from_secs(self.days() * 24 * 3_600))
    }

    /// What the header says of it.
    #[must_use]
    pub fn facts(&self) -> Vec<(Role, String)> {
        let by = match self.by {
            By::Client => "by client",
            By::Check => "by check",
            By::Both => "by client and check",
        };
        let mut facts = vec![(Role::Input, format!("{} days", self.days())), (Role::Muted, by.to_owned())];
        if self.fleets.values().flatten().any(|figures| figures.cut) {
            facts.push((Role::Failed, "NOT ALL: the journal holds more".to_owned()));
        }
        facts
    }

    /// Brings the list up to date, before a frame of this size.
    pub fn refresh(&mut self, size: Size) {
        self.list.set_height(Table::rows_in(&COLUMNS, size).saturating_sub(2));
    }

    /// Paints the report.
    pub fn render(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let note = "MTTA until somebody had it, MTTR until it was over   h l days   b client or check   o sort";
        let foot = area.bottom().saturating_sub(1);
        put(buf, area.x + 1, foot, area.width.saturating_sub(1), note, theme.style(Role::Muted));
        let area = Rect { height: area.height.saturating_sub(2), ..area };
        let sorted = self.order.map_or((1, true), |order| (order, order != 0));
        let table = Table { sorted: Some((sorted.0, sorted.1 != self.reversed)), ..Table::new(&COLUMNS) };
        let span = self.span();
        table.render(area, buf, theme, &self.list, |name, row| {
            let figures = self.rows.get(name).copied().unwrap_or_default();
            paint(name, &figures, span, row);
        });
        if self.list.rows().is_empty() {
            let refused = self.fleets.values().find_map(|told| told.as_ref().err());
            let text = match refused {
                Some(why) => why.clone(),
                None if self.fleets.is_empty() => "counting what the journal holds".to_owned(),
                None => "no alert came in that time".to_owned(),
            };
            let role = if refused.is_some() { Role::Failed } else { Role::Muted };
            for (y, line) in (area.y + 1..area.bottom()).zip(wrap(&text, area.width.saturating_sub(2))) {
                put(buf, area.x + 1, y, area.width.saturating_sub(1), line, theme.style(role));
            }
        }
    }
}

fn sort_key(order: Option<usize>, figures: &Figures) -> Option<u128> {
    let mean = |mean: Option<Duration>| mean.map(|mean| mean.as_millis());
    match order {
        Some(3) => Some(figures.reopened.into()),
        Some(4) => Some(figures.taken.into()),
        Some(5) => mean(figures.mtta()),
        Some(6) => mean(figures.mttr()),
        Some(7) => Some(figures.open().into()),
        _ => Some(figures.came().into()),
    }
}

fn paint(name: &str, figures: &Figures, span: Duration, row: &mut Row<'_>) {
    row.cell(Role::Text, name);
    row.value(Role::Text, format_args!("{}", figures.came()));
    row.value(Role::Muted, format_args!("{:.1}", figures.per_week(span)));
    row.value(if figures.reopened > 0 { Role::Warning } else { Role::Muted }, format_args!("{}", figures.reopened));
    row.value(Role::Muted, format_args!("{}", figures.taken));
    for mean in [figures.mtta(), figures.mttr()] {
        row.cell(Role::Text, &mean.map_or_else(|| "-".to_owned(), duration::short));
    }
    row.value(if figures.open() > 0 { Role::New } else { Role::Muted }, format_args!("{}", figures.open()));
}
