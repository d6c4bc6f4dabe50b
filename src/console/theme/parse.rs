//! Reading theme files.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::colours;
use super::role::Role;
use crate::console::files::{FileError, Source, closest};

/// A theme file as written, its colours not yet looked up.
#[derive(Clone, Debug, Default)]
pub(super) struct ThemeFile {
    /// The theme that gives what this one leaves out, and where that is written.
    pub(super) inherits: Option<(String, FileError)>,
    palette: BTreeMap<String, Color>,
    roles: BTreeMap<Role, Look>,
}

/// How a role looks, as written.
#[derive(Clone, Debug)]
struct Look {
    fg: Option<Named>,
    bg: Option<Named>,
    modifier: Modifier,
}

/// A colour's name with the error to give if no palette has it.
#[derive(Clone, Debug)]
struct Named {
    name: String,
    unknown: FileError,
}

const MODIFIERS: [(&str, Modifier); 6] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
    ("strike", Modifier::CROSSED_OUT),
];
const COLOUR_HELP: &str =
    "write #rrggbb, a name of [palette], default, or one of the terminal's colours such as red or bright-red";

/// Reads one file.
pub(super) fn read(source: &Source<'_>) -> Result<ThemeFile, FileError> {
    let mut file = ThemeFile::default();
    for (key, value) in source.parse()? {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("inherits", DeValue::String(name)) => {
                let error =
                    source.error(value.span(), format!("inherits: there is no theme `{name}`"), "name one that exists");
                file.inherits = Some((name.to_string(), error));
            }
            ("palette", DeValue::Table(table)) => palette(source, table, &mut file.palette)?,
            ("roles", DeValue::Table(table)) => roles(source, table, "", &mut file.roles)?,
            ("inherits", _) => {
                return Err(source.error(value.span(), "inherits is no text", "write inherits = \"dark\""));
            }
            (section @ ("palette" | "roles"), _) => {
                return Err(source.error(
                    value.span(),
                    format!("{section} is no section"),
                    format!("write [{section}]"),
                ));
            }
            (other, _) => {
                let problem = format!("`{other}` is no part of a theme");
                return Err(source.error(key.span(), problem, "use inherits, [palette] and [roles]"));
            }
        }
    }
    Ok(file)
}

fn palette(source: &Source<'_>, table: &DeTable<'_>, palette: &mut BTreeMap<String, Color>) -> Result<(), FileError> {
    for (name, value) in table {
        let colour = value.get_ref().as_str().and_then(colours::parse).ok_or_else(|| {
            let problem = format!("palette.{}: not a colour", name.get_ref());
            source.error(value.span(), problem, "write #rrggbb, default, or one of the terminal's colours such as red")
        })?;
        palette.insert(name.get_ref().to_string(), colour);
    }
    Ok(())
}

fn roles(
    source: &Source<'_>,
    table: &DeTable<'_>,
    above: &str,
    roles_read: &mut BTreeMap<Role, Look>,
) -> Result<(), FileError> {
    for (key, value) in table {
        let name = if above.is_empty() { key.get_ref().to_string() } else { format!("{above}.{}", key.get_ref()) };
        match value.get_ref() {
            // an unquoted dotted key makes tables of tables
            DeValue::Table(inner) if inner.values().any(|value| value.get_ref().is_table()) => {
                roles(source, inner, &name, roles_read)?;
            }
            DeValue::Table(inner)
                if Role::from_name(&name).is_none() && inner.keys().all(|key| !is_attribute(key.get_ref())) =>
            {
                roles(source, inner, &name, roles_read)?;
            }
            _ => {
                let role = Role::from_name(&name).ok_or_else(|| unknown_role(source, key, &name))?;
                roles_read.insert(role, look(source, &name, value)?);
            }
        }
    }
    Ok(())
}

fn is_attribute(key: &str) -> bool {
    matches!(key, "fg" | "bg") || MODIFIERS.iter().any(|(name, _)| *name == key)
}

fn unknown_role(source: &Source<'_>, key: &Spanned<toml::de::DeString<'_>>, name: &str) -> FileError {
    let fix = closest(name, Role::ALL.iter().map(|role| role.name()))
        .map_or_else(|| "see themes/dark.toml for all roles".to_owned(), |known| format!("did you mean `{known}`?"));
    source.error(key.span(), format!("roles.{name}: there is no such role"), fix)
}

fn look(source: &Source<'_>, role: &str, value: &Spanned<DeValue<'_>>) -> Result<Look, FileError> {
    let mut look = Look { fg: None, bg: None, modifier: Modifier::empty() };
    let table = match value.get_ref() {
        DeValue::String(_) => {
            look.fg = Some(colour(source, role, value)?);
            return Ok(look);
        }
        DeValue::Table(table) => table,
        _ => {
            let problem = format!("roles.{role}: neither a colour nor a table");
            return Err(source.error(value.span(), problem, "write a colour, or { fg = .., bg = .., bold = true }"));
        }
    };
    for (key, value) in table {
        let attribute = key.get_ref().as_ref();
        let modifier = MODIFIERS.iter().find(|(name, _)| *name == attribute);
        match (attribute, modifier, value.get_ref()) {
            ("fg", ..) => look.fg = Some(colour(source, role, value)?),
            ("bg", ..) => look.bg = Some(colour(source, role, value)?),
            (_, Some((_, modifier)), DeValue::Boolean(on)) => look.modifier.set(*modifier, *on),
            (name, Some(_), _) => {
                return Err(source.error(
                    value.span(),
                    format!("roles.{role}.{name} is neither true nor false"),
                    "write true or false",
                ));
            }
            (name, None, _) => {
                let fix = "use fg, bg, bold, dim, italic, underline, reverse, strike";
                return Err(source.error(key.span(), format!("roles.{role}: `{name}` is no attribute"), fix));
            }
        }
    }
    Ok(look)
}

fn colour(source: &Source<'_>, role: &str, value: &Spanned<DeValue<'_>>) -> Result<Named, FileError> {
    let Some(name) = value.get_ref().as_str() else {
        return Err(source.error(value.span(), format!("roles.{role}: the colour is no text"), COLOUR_HELP));
    };
    let unknown = source.error(value.span(), format!("roles.{role}: `{name}` is no colour"), COLOUR_HELP);
    Ok(Named { name: name.to_owned(), unknown })
}

impl ThemeFile {
    /// Puts this file over the one it inherits from.
    pub(super) fn over(self, mut parent: Self) -> Self {
        parent.palette.extend(self.palette);
        parent.roles.extend(self.roles);
        Self { inherits: parent.inherits, ..parent }
    }

    /// The style of each role this file and those below it name.
    pub(super) fn styles(&self) -> Result<BTreeMap<Role, Style>, FileError> {
        let find = |named: &Named| {
            let colour = self.palette.get(&named.name).copied().or_else(|| colours::parse(&named.name));
            colour.ok_or_else(|| named.unknown.clone())
        };
        let mut styles = BTreeMap::new();
        for (role, look) in &self.roles {
            let mut style = Style::new().add_modifier(look.modifier);
            style.fg = look.fg.as_ref().map(find).transpose()?;
            style.bg = look.bg.as_ref().map(find).transpose()?;
            styles.insert(*role, style);
        }
        Ok(styles)
    }
}
