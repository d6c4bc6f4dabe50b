//! Reading key maps.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::actions::Action;
use super::context::Context;
use crate::console::files::{FileError, Source, closest};
use crate::console::input::Key;

/// The value that takes a key away.
const UNBIND: &str = "unbind";

/// Keys of a section, and what they do. A chord has more than one key.
pub(super) type Bindings = BTreeMap<(Context, Vec<Key>), Action>;

/// Reads a key map over the bindings there are; a binding of the same section and keys is replaced.
pub(super) fn read(source: &Source<'_>, bindings: &mut Bindings) -> Result<(), FileError> {
    let mut read = Vec::new();
    for (section, table) in source.parse()? {
        let name = section.get_ref().as_ref();
        let context = Context::from_name(name).ok_or_else(|| {
            let known = closest(name, Context::ALL.iter().map(|context| context.name()));
            let fix = known.map_or_else(sections, |known| format!("did you mean [{known}]?"));
            source.error(section.span(), format!("[{name}]: there is no such section"), fix)
        })?;
        let DeValue::Table(table) = table.get_ref() else {
            return Err(source.error(section.span(), format!("{name} is no section"), format!("write [{name}]")));
        };
        section_of(source, context, table, bindings, &mut read)?;
    }
    // only now, as a key taken away further down may make room for a chord further up
    for (context, keys, span) in read {
        if let Some(other) = conflict(bindings, context, &keys) {
            let (short, long) = if keys.len() < other.len() { (&keys, &other) } else { (&other, &keys) };
            let problem =
                format!("{}.\"{}\": it is also the beginning of `{}`", context.name(), text(short), text(long));
            return Err(source.error(span, problem, format!("set one of the two to \"{UNBIND}\" or to another key")));
        }
    }
    Ok(())
}

type Read = Vec<(Context, Vec<Key>, std::ops::Range<usize>)>;

fn section_of(
    source: &Source<'_>,
    context: Context,
    table: &DeTable<'_>,
    bindings: &mut Bindings,
    read: &mut Read,
) -> Result<(), FileError> {
    for (written, value) in table {
        let keys = keys(source, context, written)?;
        let Some(name) = value.get_ref().as_str() else {
            let problem = format!("{}.\"{}\": the action is no text", context.name(), written.get_ref());
            return Err(source.error(value.span(), problem, "write the name of an action, such as \"acknowledge\""));
        };
        if name == UNBIND {
            bindings.remove(&(context, keys));
            continue;
        }
        let action = Action::from_name(name).ok_or_else(|| {
            let fix = closest(name, Action::ALL.iter().map(|action| action.name()).chain([UNBIND])).map_or_else(
                || "press : in the console to see all actions".to_owned(),
                |known| format!("did you mean `{known}`?"),
            );
            let problem = format!("{}.\"{}\": there is no action `{name}`", context.name(), written.get_ref());
            source.error(value.span(), problem, fix)
        })?;
        if !action.may_be_bound_in(context) {
            let problem = format!("{}.\"{}\": `{name}` means nothing there", context.name(), written.get_ref());
            let places: Vec<&str> =
                Context::ALL.iter().filter(|place| action.works_in(**place)).map(|place| place.name()).collect();
            return Err(source.error(value.span(), problem, format!("bind it in one of {}", places.join(", "))));
        }
        read.push((context, keys.clone(), written.span()));
        bindings.insert((context, keys), action);
    }
    Ok(())
}

fn keys(source: &Source<'_>, context: Context, written: &Spanned<DeString<'_>>) -> Result<Vec<Key>, FileError> {
    let keys: Option<Vec<Key>> = written.get_ref().split_whitespace().map(Key::parse).collect();
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| {
        let problem = format!("{}.\"{}\": not a key", context.name(), written.get_ref());
        source.error(
            written.span(),
            problem,
            "write a character, Space, Enter, Tab, Up, PageDown, Ctrl+x, or several with spaces between",
        )
    })
}

/// Keys that work in the same place and begin with these, or these with them.
pub(super) fn conflict(bindings: &Bindings, context: Context, keys: &[Key]) -> Option<Vec<Key>> {
    let together = |other: Context| {
        Context::ALL.into_iter().any(|place| place.chain().contains(&context) && place.chain().contains(&other))
    };
    let begins = |other: &[Key]| other.len() != keys.len() && (other.starts_with(keys) || keys.starts_with(other));
    bindings.keys().find(|(other, keys)| begins(keys) && together(*other)).map(|(_, keys)| keys.clone())
}

/// Keys as a key map writes them.
pub(super) fn text(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

fn sections() -> String {
    let names: Vec<&str> = Context::ALL.iter().map(|context| context.name()).collect();
    format!("use one of {}", names.join(", "))
}
