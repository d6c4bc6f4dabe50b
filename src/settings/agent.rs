//! `agent.toml`: what only the host may say. Written once by `enrol`, read strictly, never changed by the hub.

use std::path::{Path, PathBuf};

use crate::fleet::configuration::{AssignedCheck, CheckDefinition, Layer, Provenance, Selector};
use crate::fleet::derived::assign::complete;
use crate::fleet::identity::Hands;
use crate::settings::problem::Problems;
use crate::settings::reader::{Names, Reader, Section, read_file};
use crate::settings::secret::Secrets;
use crate::settings::{address, check_fields, secrets_file};

/// Where Debian keeps Nagios plugins.
pub const DEBIAN_PLUGINS: &str = "/usr/lib/nagios/plugins";

/// The settings of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSettings {
    /// Where the hub's link port is reached, `HOST:PORT`, in the order to try; empty for the local fleet.
    pub hubs: Vec<String>,
    /// What may be run here.
    pub hands: HandsRule,
    /// The directories plugins may lie in.
    pub plugin_dirs: Vec<PathBuf>,
    /// Secrets by name.
    pub secrets: Secrets,
    /// The host's own checks, complete; they win over assigned ones of the same name.
    pub checks: Vec<AssignedCheck>,
}

/// What the host lets others run on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandsRule {
    /// Nothing, what is listed, or anything.
    pub mode: Hands,
    /// With [`Hands::Listed`]: the programs, exactly as they may be asked for.
    pub allow: Vec<String>,
}

/// What the host does not let be run, naming the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nothing may be run.
    #[error("denied by [hands] mode = \"none\" in this host's agent.toml: change it on the host")]
    None,
    /// The program is not listed.
    #[error("denied by [hands] mode = \"listed\" in this host's agent.toml: add {0:?} to allow, on the host")]
    NotListed(String),
}

impl HandsRule {
    /// Whether a program may be run: a plugin by its file name or its whole path, a command as it was asked for.
    ///
    /// # Errors
    /// Names the rule that refuses.
    pub fn permit(&self, program: &str) -> Result<(), Denied> {
        match self.mode {
            Hands::Any => Ok(()),
            Hands::Listed if self.allow.iter().any(|allowed| allowed == program) => Ok(()),
            Hands::Listed => Err(Denied::NotListed(program.to_owned())),
            Hands::None => Err(Denied::None),
        }
    }
}

impl AgentSettings {
    /// The settings of an agent that has no file: the local fleet's.
    #[must_use]
    pub fn local() -> Self {
        Self {
            hubs: Vec::new(),
            hands: HandsRule { mode: Hands::Any, allow: Vec::new() },
            plugin_dirs: vec![DEBIAN_PLUGINS.into()],
            secrets: Secrets::default(),
            checks: Vec::new(),
        }
    }
}

/// Reads the file; `None` where there is none.
///
/// # Errors
/// All problems of the file.
pub fn load(path: &Path) -> Result<Option<AgentSettings>, Problems> {
    let Some(text) = read_file(path)? else { return Ok(None) };
    parse(&path.display().to_string(), &text).map(Some)
}

/// Reads the text; `file` is how problems name it.
///
/// # Errors
/// All problems of the text.
pub fn parse(file: &str, text: &str) -> Result<AgentSettings, Problems> {
    let reader = Reader::new(file, text, (&[], ""));
    let mut settings = AgentSettings { hands: HandsRule::default(), ..AgentSettings::local() };
    let mut checks = Vec::new();
    reader.read(|top| {
        settings.hubs = hubs(top);
        if let Some(dirs) = top.strings("plugin_dirs") {
            for dir in dirs.iter().filter(|dir| !dir.starts_with('/')) {
                top.problem("plugin_dirs", format!("{dir:?} is no whole path"), "write paths that begin with /");
            }
            settings.plugin_dirs = dirs.into_iter().map(PathBuf::from).collect();
        }
        if let Some(mut section) = top.section("hands") {
            settings.hands = hands(&mut section);
            section.refuse_unknown();
        }
        settings.secrets = Secrets::new(secrets_file::sources(top));
        for (name, mut section) in top.named("check", Names::Plain) {
            checks.push(check_fields::read(&name, &mut section, false));
        }
    });
    check_fields::refuse_inconsistent(&reader, &checks);
    let problems = reader.into_problems();
    if !problems.is_empty() {
        let mut problems = problems;
        problems.sort();
        return Err(problems);
    }
    // Whatever is incomplete was a problem above.
    settings.checks = checks
        .into_iter()
        .filter_map(|check| {
            complete(&CheckDefinition {
                name: check.name,
                selector: Selector::default(),
                source: Provenance { file: file.to_owned(), line: check.line, layer: Layer::Local },
                fields: check.fields,
            })
            .ok()
        })
        .collect();
    Ok(settings)
}

/// `hub = "HOST:PORT"`, or a list of them.
fn hubs(top: &mut Section<'_>) -> Vec<String> {
    let hubs = if top.is_list("hub") {
        top.strings("hub")
    } else {
        top.string("hub", "the hub's address, \"HOST:PORT\"").map(|hub| vec![hub])
    };
    let hubs = hubs.unwrap_or_default();
    for hub in &hubs {
        if let Some((what, fix)) = address::refuse(hub) {
            top.problem("hub", what, fix);
        }
    }
    hubs
}

fn hands(section: &mut Section<'_>) -> HandsRule {
    let words = [Hands::None, Hands::Listed, Hands::Any].map(Hands::word);
    let mode = section.word("mode", &words, Hands::from_word).unwrap_or_default();
    let allow = section.strings("allow").unwrap_or_default();
    if mode != Hands::Listed && !allow.is_empty() {
        let fix = "write mode = \"listed\", or remove allow";
        section.problem("allow", format!("allow has no effect with mode = \"{}\"", mode.word()), fix);
    }
    HandsRule { mode, allow }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::configuration::CheckKind;

    const WHOLE: &str = r#"
hub = ["hub.example.net:7440", "[2001:db8::1]:7440"]
plugin_dirs = ["/usr/lib/nagios/plugins"]

[hands]
mode = "listed"
allow = ["check_http", "/usr/bin/uptime"]

[secrets]
TOKEN = { file = "/etc/token" }
OTHER = { command = ["pass", "show", "x"] }
THIRD = { env = "THIRD" }

[check.raid]
kind = "plugin"
program = "check_raid"
args = ["-p", "@TOKEN"]
interval = "5m"
"#;

    #[test]
    fn a_whole_file_is_read() {
        let settings = parse("agent.toml", WHOLE).unwrap();
        assert_eq!(settings.hubs.len(), 2);
        assert!(settings.hands.permit("check_http").is_ok() && settings.hands.permit("/usr/bin/uptime").is_ok());
        assert!(settings.hands.permit("uptime").is_err() && settings.hands.permit("/tmp/check_http").is_err());
        assert_eq!(settings.secrets.names().collect::<Vec<_>>(), ["OTHER", "THIRD", "TOKEN"]);
        let [check] = settings.checks.as_slice() else { panic!("one check") };
        assert!(
            matches!(&check.kind, CheckKind::Plugin { program, args } if program == "check_raid" && args.len() == 2)
        );
        assert_eq!((check.source.layer, check.source.line), (Layer::Local, 14));
    }

    #[test]
    fn without_a_word_about_hands_there_are_none() {
        let settings = parse("agent.toml", "hub = \"hub:7440\"").unwrap();
        assert_eq!(settings.hands.permit("true"), Err(Denied::None));
        assert_eq!(settings.hubs, ["hub:7440"]);
    }

    #[test]
    fn each_mistake_is_named() {
        let text = "hub = \"hub\"\n[hands]\nmode = \"lsted\"\nalow = []\n[secrets]\nA = {}\nB = { file = \"x\" }\n[check.web]\nwarning = 1\n";
        let problems = parse("agent.toml", text).unwrap_err().to_string();
        for line in [
            "agent.toml:1: hub: \"hub\" is no address",
            "agent.toml:3: hands.mode: \"lsted\" is not known here: did you mean \"listed\"?",
            "agent.toml:4: hands.alow: there is no such key: did you mean allow?",
            "agent.toml:6: secrets.A: the secret has no source",
            "agent.toml:7: secrets.B.file: \"x\" is no whole path",
            "agent.toml:8: check.web: nothing says what web measures",
        ] {
            assert!(problems.contains(line), "{line}\nin\n{problems}");
        }
    }
}
