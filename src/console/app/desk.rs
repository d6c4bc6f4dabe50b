//! What a person arranges for themselves: saved views and columns, asked for by key.

use std::path::PathBuf;

use crate::console::app::asking::Asked;
use crate::console::app::bell::Bell;
use crate::console::app::notices::Notices;
use crate::console::app::order::Order;
use crate::console::keymap::Action;
use crate::console::screens::completion::Completion;
use crate::console::screens::viewed::Viewed;
use crate::console::screens::world::World;
use crate::console::theme::Role;
use crate::console::widgets::{Answer, Prompt};
use crate::settings::views::{Layout, View, Views, refuse_column};

/// The saved views, and what is asked about them.
#[derive(Debug, Default)]
pub struct Desk {
    /// The saved views.
    pub views: Views,
    /// What the filter being typed may become.
    pub completion: Option<Completion>,
    /// The bell.
    pub bell: Bell,
    /// Notices for the desktop.
    pub notices: Notices,
}

/// A question whose answer concerns this console alone.
#[derive(Debug)]
pub struct Question {
    /// The question.
    pub prompt: Prompt,
    /// What asked it.
    action: Action,
}

/// What came of an answer.
#[derive(Debug)]
pub enum Decided {
    /// Show this.
    Show(Layout),
    /// Keep this view.
    Keep(View),
}

impl Desk {
    /// What the action asks.
    pub fn ask(&self, action: Action, list: &dyn Viewed, asked: Asked) -> Question {
        let prompt = |title: &str, optional| Prompt::new(title, Answer::Text { optional }, asked.stamp, asked.now);
        let prompt = if action == Action::Columns {
            let all = list.words().columns.join(" ");
            let now = list.layout().columns.join(" ");
            prompt("Columns", true)
                .line(Role::Text, format!("there are {all}"))
                .line(Role::Muted, "in the order to show them; empty shows all that fit")
                .with_text(if now.is_empty() { &all } else { &now })
        } else {
            let taken = self.views.list.iter().map(|view| format!("{} {}", view.number, view.name));
            let free = (1..=9).find(|number| self.views.get(*number).is_none());
            let taken = taken.collect::<Vec<_>>().join(", ");
            let mut asks = prompt("Save what is shown as a view", false)
                .line(Role::Text, "its number, 1 to 9, and a name: filter, order, groups and columns are kept");
            if !taken.is_empty() {
                asks = asks.line(Role::Muted, format!("there are {taken}; their number again replaces them"));
            }
            asks.with_text(&free.map_or_else(String::new, |free| format!("{free} ")))
        };
        Question { prompt, action }
    }

    /// What is to be rung or told by now, with so many alerts that nobody has: critical ones, and warnings.
    pub fn due(&mut self, new: (u32, u32), world: World<'_>) -> Vec<Order> {
        let rings = self.bell.rings(new, world.now).then_some(Order::Ring);
        rings.into_iter().chain(self.notices.due(world).map(Order::Tell)).collect()
    }

    /// The view that a screen shows now, if it is one.
    #[must_use]
    pub fn shown(&self, screen: &str, list: &dyn Viewed) -> Option<&View> {
        if self.views.list.is_empty() {
            return None;
        }
        let layout = list.layout();
        self.views.list.iter().find(|view| view.screen == screen && view.layout == layout)
    }
}

impl Question {
    /// What the answer comes to, on a screen of this name.
    ///
    /// # Errors
    /// What is wrong with the answer, and what to write.
    pub fn decide(&self, text: &str, screen: &str, list: &dyn Viewed, views: &Views) -> Result<Decided, String> {
        let layout = list.layout();
        if self.action == Action::Columns {
            let known = list.words().columns;
            let mut columns: Vec<String> = Vec::new();
            for name in text.split_whitespace().map(str::to_lowercase) {
                if let Some((what, fix)) = refuse_column(&name, &known) {
                    return Err(format!("{what}: {fix}"));
                }
                if !columns.contains(&name) {
                    columns.push(name);
                }
            }
            if columns == known {
                columns.clear();
            }
            return Ok(Decided::Show(Layout { columns, ..layout }));
        }
        let (number, name) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let number = number.parse().ok().filter(|number| (1..=9).contains(number));
        let number: u8 = number.ok_or("begin with a number from 1 to 9, as in 3 Night queue")?;
        let (screen, name) = (screen.to_owned(), name.trim().chars().take(60).collect::<String>());
        let name = if name.is_empty() { format!("{screen} {number}") } else { name };
        let file = views.get(number).map_or_else(PathBuf::new, |view| view.file.clone());
        Ok(Decided::Keep(View { number, name, screen, layout, file }))
    }
}
