//! What the key map says about itself: for help, footer, the list of actions and the documentation.

use std::fmt::Write;

use super::actions::{Action, Danger};
use super::bindings::Keymap;
use super::context::Context;
use super::parse;

/// An action with its keys as they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The keys, empty if it has none.
    pub keys: String,
    /// The action.
    pub action: Action,
}

impl Keymap {
    /// The keys of an action in a context, the plainest first.
    #[must_use]
    pub fn keys_of(&self, action: Action, context: Context) -> Vec<String> {
        let mut keys: Vec<&Vec<_>> = self
            .bindings
            .iter()
            .filter(|((section, keys), bound)| {
                **bound == action && context.chain().contains(section) && self.is_reachable(context, *section, keys)
            })
            .map(|((_, keys), _)| keys)
            .collect();
        keys.sort_by_key(|keys| {
            (
                keys.len(),
                keys.iter().any(|key| key.ctrl || key.alt),
                keys.first().is_some_and(|key| key.typed().is_none()),
            )
        });
        keys.into_iter().map(|keys| parse::text(keys)).collect()
    }

    /// What the footer offers in a context, most wanted first. A console that only reads offers no acts.
    #[must_use]
    pub fn footer(&self, context: Context, read_only: bool) -> Vec<Hint> {
        let shown = |action: &&Action| {
            !action.label().is_empty()
                && action.is_offered()
                && action.works_in(context)
                && !(read_only && action.is_act())
        };
        let hints = Action::ALL.iter().filter(shown).filter_map(|action| {
            let keys = self.keys_of(*action, context).into_iter().next()?;
            Some(Hint { keys, action: *action })
        });
        hints.collect()
    }

    /// The keys that work in a context, by section, the nearest first.
    #[must_use]
    pub fn help(&self, context: Context, read_only: bool) -> Vec<(Context, Vec<Hint>)> {
        let sections = context.chain().iter().map(|section| {
            let hints = Action::ALL.iter().filter_map(|action| {
                let here = |keys: &Vec<String>| !keys.is_empty();
                let bound = self.bindings.iter().any(|((place, _), bound)| place == section && bound == action);
                if !bound || !action.is_offered() || !action.works_in(context) || read_only && action.is_act() {
                    return None;
                }
                let keys = Some(self.keys_of(*action, context)).filter(here)?.join(", ");
                Some(Hint { keys, action: *action })
            });
            (*section, hints.collect::<Vec<_>>())
        });
        sections.filter(|(_, hints)| !hints.is_empty()).collect()
    }

    /// The actions that can be chosen by name in a context, with their keys.
    #[must_use]
    pub fn palette(&self, context: Context, read_only: bool) -> Vec<Hint> {
        let shown =
            |action: &&Action| action.is_in_palette() && action.works_in(context) && !(read_only && action.is_act());
        let actions = Action::ALL.iter().filter(shown);
        actions.map(|action| Hint { keys: self.keys_of(*action, context).join(", "), action: *action }).collect()
    }

    /// What may follow the keys pressed so far.
    #[must_use]
    pub fn continuations(&self, context: Context) -> Vec<Hint> {
        let next = self.bindings.iter().filter_map(|((section, keys), action)| {
            let rest = keys.strip_prefix(self.pending.as_slice()).filter(|rest| !rest.is_empty())?;
            (context.chain().contains(section) && action.works_in(context))
                .then(|| Hint { keys: parse::text(rest), action: *action })
        });
        next.collect()
    }

    /// All keys as a page of documentation, in Markdown.
    #[must_use]
    pub fn reference_markdown(&self) -> String {
        let mut page = String::from(
            "# Keys\n\nMade from the action table by `watchfloor`; do not edit. A key of your own goes into `keys.toml` in the \
             configuration\ndirectory: `[list]`, then `\"a\" = \"acknowledge\"`; `\"unbind\"` takes a key away. Actions without a key are \
             reached by name (`:`).\n",
        );
        for section in Context::ALL {
            let rows: Vec<(String, Action)> = Action::ALL
                .iter()
                .filter(|action| action.is_offered())
                .filter_map(|action| {
                    let keys: Vec<String> = self
                        .bindings
                        .iter()
                        .filter(|((place, _), bound)| *place == section && *bound == action)
                        .map(|((_, keys), _)| format!("`{}`", parse::text(keys)))
                        .collect();
                    (!keys.is_empty()).then(|| (keys.join(" "), *action))
                })
                .collect();
            if rows.is_empty() {
                continue;
            }
            let _ = write!(
                page,
                "\n## {} (`[{}]`)\n\n| key | action | what it does |\n|---|---|---|\n",
                section.title(),
                section.name()
            );
            for (keys, action) in rows {
                let danger = match action.danger() {
                    Danger::None | Danger::Act => "",
                    Danger::Confirm => " Asks first.",
                    Danger::TypedOut => " Must be typed out.",
                };
                let keys = keys.replace('|', "\\|");
                let _ = writeln!(page, "| {keys} | `{}` | {}{danger} |", action.name(), action.sentence());
            }
        }
        page
    }
}
