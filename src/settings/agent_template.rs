//! `agent.toml` as `enrol` writes it once.

use crate::settings::agent::{DEBIAN_PLUGINS, HandsRule};

/// The file's text, with a comment for each thing that can be said in it.
#[must_use]
pub fn render(hubs: &[String], hands: &HandsRule) -> String {
    let list = |items: &[String]| toml::Value::from(items.to_vec()).to_string();
    let allow = match hands.allow.as_slice() {
        [] => "# allow = [\"check_http\", \"/usr/bin/uptime\"]".to_owned(),
        some => format!("allow = {}", list(some)),
    };
    format!(
        r#"# What only this host may say. Written once at enrolment; the hub never changes it.
# Restart the agent after a change.

# Where the hub's link port is reached, in the order to try.
hub = {hubs}

# The only directories from which Nagios plugins are run.
plugin_dirs = ["{DEBIAN_PLUGINS}"]

# What others may run here: commands, shells and plugins.
#   mode = "none"    nothing (the built-in checks go on)
#   mode = "listed"  what allow lists: a plugin's file name, or a program's whole path
#   mode = "any"     anything the agent's user may run
[hands]
mode = "{mode}"
{allow}

# Secrets by name; a check's arguments refer to them as "@NAME". They never leave this host.
[secrets]
# DB_PASSWORD = {{ file = "/etc/watchfloor/db-password" }}
# API_TOKEN = {{ command = ["pass", "show", "api-token"] }}
# COMMUNITY = {{ env = "SNMP_COMMUNITY" }}

# This host's own checks; they win over assigned ones of the same name.
# [check.raid]
# kind = "plugin"
# program = "check_raid"
# interval = "5m"
"#,
        hubs = list(hubs),
        mode = hands.mode.word(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::identity::Hands;
    use crate::settings::agent;

    #[test]
    fn what_is_written_is_read_back() {
        for (mode, allow) in
            [(Hands::None, vec![]), (Hands::Any, vec![]), (Hands::Listed, vec!["a \"b\" \\".to_owned()])]
        {
            let hands = HandsRule { mode, allow };
            let hubs = ["hub:7440".to_owned(), "[::1]:7440".to_owned()];
            let settings = agent::parse("agent.toml", &render(&hubs, &hands)).unwrap();
            assert_eq!((settings.hubs.as_slice(), &settings.hands), (hubs.as_slice(), &hands));
        }
    }
}
