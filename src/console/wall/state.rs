//! The wall's state, and its painting.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::layout::Rows;
use super::pages::Pages;
use super::problems::Problems;
use super::shift::shifted;
use super::sums::sums;
use super::{clients, head, problem, sentence};
use crate::console::replica::{Changed, FleetIndex, Replica};
use crate::console::screens::world::World;
use crate::console::text::{Ellipsis, put, put_cut};
use crate::console::theme::{Role, Theme};

/// Rows for problems from which on they stand apart, if there are few.
const SPACED: u16 = 14;

/// What a wall keeps between frames.
#[derive(Clone, Debug, Default)]
pub struct Wall {
    problems: Problems,
    pages: Pages,
    /// When its first frame was.
    began: Option<Instant>,
}

/// Where each part stands.
#[derive(Clone, Copy, Debug)]
struct Plan {
    life: Rect,
    banners: Rect,
    unowned: Rect,
    problems: Rect,
    clients: Rect,
    sums: Rect,
    sentence: Rect,
}

impl Plan {
    fn of(area: Rect, sums: usize, world: World<'_>) -> Self {
        let mut y = area.y;
        let mut rows = |height: u16| {
            let part = Rect { y, height, ..area }.intersection(area);
            y += part.height;
            part
        };
        let (life, banners) = (rows(1), rows(head::banner_rows(world)));
        let unowned = rows(head::unowned_rows(area));
        let left = area.height.saturating_sub(life.height + banners.height + unowned.height + 1);
        let deal = Rows::deal(left, u16::try_from(sums).unwrap_or(u16::MAX));
        let (problems, clients) = (rows(deal.problems), rows(deal.clients));
        Self { life, banners, unowned, problems, clients, sums: rows(deal.sums), sentence: rows(1) }
    }
}

impl Wall {
    /// Takes over what changed in a fleet.
    pub fn absorb(&mut self, fleet: FleetIndex, changed: &Changed, replica: &Replica) {
        self.problems.absorb(fleet, changed, replica);
    }

    /// Turns the page where its time has come, before a frame.
    pub fn refresh(&mut self, whole: Rect, world: World<'_>) {
        self.began.get_or_insert(world.now);
        let sums = sums(world.replicas, &self.problems).len();
        let room = Plan::of(self.place(whole, world), sums, world).problems.height;
        self.pages.refresh(self.problems.len(), self.fit(room), world.now);
    }

    /// Paints the wall.
    pub fn render(&self, whole: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>, zone: &TimeZone) {
        let sums = sums(world.replicas, &self.problems);
        let plan = Plan::of(self.place(whole, world), sums.len(), world);
        head::life(plan.life, buf, theme, world, zone);
        head::banners(plan.banners, buf, theme, world, zone);
        head::unowned(plan.unowned, buf, theme, &self.problems, world);
        self.problems(plan.problems, buf, theme, world);
        clients::render(plan.clients, buf, theme, world.replicas);
        let stale = world.replicas.iter().any(|(_, replica)| replica.is_stale());
        for (y, sum) in (plan.sums.top()..plan.sums.bottom()).zip(&sums) {
            sum.render(Rect { y, height: 1, ..plan.sums }, buf, theme, stale);
        }
        let (role, text) = sentence::sentence(&self.problems, world, zone);
        let (at, cut) = (plan.sentence, (Ellipsis::End, theme.glyphs.ellipsis));
        put_cut(buf, at.x, at.y, at.width, &text, theme.style(role), cut);
    }

    fn place(&self, whole: Rect, world: World<'_>) -> Rect {
        let ran = self.began.map_or(Duration::ZERO, |began| world.now.saturating_duration_since(began));
        shifted(whole, ran)
    }

    /// How many problems fit; the line that counts pages takes a row only where there are pages.
    fn fit(&self, room: u16) -> usize {
        let room = usize::from(room);
        if self.problems.len() > room { room.saturating_sub(1).max(1) } else { room }
    }

    fn problems(&self, area: Rect, buf: &mut Buffer, theme: &Theme, world: World<'_>) {
        let all = self.problems.len();
        let fit = self.fit(area.height);
        let first = self.pages.page() * fit;
        // Rows with a gap between them are easier to follow across a wide screen.
        let step = if area.height >= SPACED && 2 * all <= usize::from(area.height) { 2 } else { 1 };
        for (row, key) in (0..area.height).step_by(step).zip(self.problems.listed().skip(first).take(fit)) {
            problem::render(Rect { y: area.y + row, height: 1, ..area }, buf, theme, key, world);
        }
        if self.pages.pages() > 1 && area.height > 0 {
            let shown = fit.min(all.saturating_sub(first));
            let (page, pages, next) = (self.pages.page() + 1, self.pages.pages(), self.pages.next_in(world.now));
            let text =
                format!("page {page} of {pages}, next in {next}s: {}-{} of {all} problems", first + 1, first + shown);
            put(buf, area.x, area.bottom() - 1, area.width, &text, theme.style(Role::Muted));
        }
        if all == 0 && area.height > 0 {
            let loaded = !world.replicas.is_empty() && world.replicas.iter().all(|(_, replica)| replica.is_loaded());
            let stale = world.replicas.iter().any(|(_, replica)| replica.is_stale());
            let (role, text) = match (loaded, stale) {
                (false, _) => (Role::LinkWaiting, "not every hub has answered yet"),
                (true, true) => (Role::Stale, "no problem as of the last word"),
                (true, false) => (Role::Ok, "no problem"),
            };
            put(buf, area.x, area.y, area.width, text, theme.style(role));
        }
    }
}
