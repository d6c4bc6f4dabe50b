//! `token create|list|revoke`: how others get in.

use serde::Serialize;

use crate::cli::arguments::{Fleets, TokenCreate, TokenRole, TokenVerb};
use crate::cli::exit::Failure;
use crate::cli::id::{NumberArgument, id};
use crate::cli::json::rfc3339;
use crate::cli::output::{self, Output};
use crate::cli::query::ask;
use crate::cli::reach::reach_one;
use crate::cli::send::send_verb;
use crate::cli::table::{Cell, Column, Tone};
use crate::fleet::hosts::{DEFAULT_CLIENT, DEFAULT_SITE};
use crate::fleet::identity::{Role, Token, TokenStatus};
use crate::fleet::words::duration::short;
use crate::fleet::words::{SafeText, Timestamp};
use crate::settings::directories::Directories;
use crate::wire::pb;
use crate::wire::pb::act_request::Verb;
use crate::wire::pb::query_request::Kind;
use crate::wire::pb::{CreateToken, QueryRequest, RevokeToken};

const COLUMNS: [Column; 7] = [
    Column::new("ID"),
    Column::new("ROLE"),
    Column::new("STATUS"),
    Column::shrinking("CLIENT"),
    Column::shrinking("SITE"),
    Column::shrinking("NAME"),
    Column::shrinking("BY"),
];

/// A token as `--json` prints it; never its secret.
#[derive(Debug, PartialEq, Serialize)]
struct TokenJson {
    id: String,
    fleet: String,
    role: &'static str,
    status: &'static str,
    client: Option<String>,
    site: Option<String>,
    class: Option<&'static str>,
    name: Option<String>,
    tags: Vec<String>,
    hands: Option<&'static str>,
    created_at: String,
    created_by: String,
    expires_at: Option<String>,
}

/// Does it.
///
/// # Errors
/// Several fleets are meant, the one can't be reached, or its hub refuses.
pub async fn run(verb: &TokenVerb, directories: &Directories) -> Result<(), Failure> {
    match verb {
        TokenVerb::Create(create) => make(create, directories).await,
        TokenVerb::List { json, fleets } => list(*json, fleets, directories).await,
        TokenVerb::Revoke { id, fleets } => revoke(id, fleets, directories).await,
    }
}

async fn make(asked: &TokenCreate, directories: &Directories) -> Result<(), Failure> {
    let request = grant(asked)?;
    let mut link = reach_one(&asked.fleets, directories, None, "a token").await?;
    let reply = send_verb(&mut link, Verb::CreateToken(request)).await?;
    if reply.token.is_empty() {
        return Err(Failure::failed(format!(
            "{}: the hub made no token: install the same release as the hub",
            link.name
        )));
    }
    output::print(&format!("{}\n", SafeText::new(&reply.token).as_str()))
}

/// What the hub is asked for. A client given for a person is the limit of what they see.
fn grant(asked: &TokenCreate) -> Result<CreateToken, Failure> {
    let is_agent = asked.role == TokenRole::Agent;
    let only_agents = [
        ("--site", asked.site.is_some()),
        ("--class", asked.class.is_some()),
        ("--tag", !asked.tags.is_empty()),
        ("--hands", asked.hands.is_some()),
    ];
    if let Some((option, _)) = only_agents.into_iter().find(|(_, is_given)| *is_given && !is_agent) {
        return Err(Failure::usage(format!(
            "{option} is for the host of an agent: leave it out, or write --role agent"
        )));
    }
    let or_default = |given: &Option<String>, default: &str| {
        given.clone().unwrap_or_else(|| if is_agent { default.to_owned() } else { String::new() })
    };
    let ttl = asked.lifetime().map_or(0, |ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
    Ok(CreateToken {
        role: pb::Role::from(Role::from(asked.role)).into(),
        client: or_default(&asked.client, DEFAULT_CLIENT),
        site: or_default(&asked.site, DEFAULT_SITE),
        class: pb::HostClass::from(asked.class.unwrap_or_default()).into(),
        name: asked.name.clone().unwrap_or_default(),
        tags: asked.tags.clone(),
        hands: pb::Hands::from(asked.hands.unwrap_or_default()).into(),
        ttl,
    })
}

async fn list(json: bool, fleets: &Fleets, directories: &Directories) -> Result<(), Failure> {
    let link = reach_one(fleets, directories, None, "the list of tokens").await?;
    let request = QueryRequest { kind: Kind::Tokens.into(), all: true, ..QueryRequest::default() };
    let answer = ask(&link, request).await.map_err(|error| link.failure(&error))?;
    let tokens = answer.fleet.registry.tokens.values().rev();
    if json {
        return output::json(&tokens.map(|token| to_json(&link.name, token, answer.hub_time)).collect::<Vec<_>>());
    }
    let rows: Vec<Vec<Cell>> = tokens.map(|token| to_row(token, answer.hub_time)).collect();
    Output::of_environment().table(&COLUMNS, &rows, "no token: make one with `watchfloor token create --role ROLE`")
}

async fn revoke(named: &NumberArgument, fleets: &Fleets, directories: &Directories) -> Result<(), Failure> {
    let mut link = reach_one(fleets, directories, named.fleet.as_deref(), "a token's number").await?;
    send_verb(&mut link, Verb::RevokeToken(RevokeToken { id: named.number })).await?;
    output::print(&format!("revoked token {}\n", id(&link.name, named.number)))
}

/// `open`, `spent`, `revoked`, or `expired`, which nobody had to do.
fn status(token: &Token, now: Timestamp) -> &'static str {
    if token.status == TokenStatus::Open && !token.is_usable(now) { "expired" } else { token.status.word() }
}

fn to_json(fleet: &str, token: &Token, now: Timestamp) -> TokenJson {
    let is_agent = token.role == Role::Agent;
    TokenJson {
        id: id(fleet, token.id),
        fleet: fleet.to_owned(),
        role: token.role.word(),
        status: status(token, now),
        client: token.client.as_ref().map(ToString::to_string),
        site: token.site.as_ref().map(ToString::to_string),
        class: is_agent.then(|| token.class.word()),
        name: token.name.as_ref().map(ToString::to_string),
        tags: token.tags.clone(),
        hands: is_agent.then(|| token.hands.word()),
        created_at: rfc3339(token.created_at),
        created_by: token.created_by.as_str().to_owned(),
        expires_at: token.expires_at.map(rfc3339),
    }
}

fn to_row(token: &Token, now: Timestamp) -> Vec<Cell> {
    let word = status(token, now);
    let text = match token.expires_at {
        Some(end) if word == "open" => format!("open for {}", short(end.since(now))),
        _ => word.to_owned(),
    };
    let or_dash = |text: Option<&str>| Cell::plain(text.unwrap_or("-"));
    vec![
        Cell::plain(token.id.to_string()),
        Cell::plain(token.role.word()),
        Cell::new(text, if word == "open" { Tone::Good } else { Tone::Quiet }),
        or_dash(token.client.as_ref().map(|client| client.as_str())),
        or_dash(token.site.as_ref().map(|site| site.as_str())),
        or_dash(token.name.as_ref().map(SafeText::as_str)),
        Cell::plain(&token.created_by),
    ]
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::arguments::{Arguments, Verb as CliVerb};

    fn asked(line: &str) -> Result<CreateToken, Failure> {
        let line = format!("watchfloor token create {line}");
        let arguments = Arguments::try_parse_from(line.split_whitespace()).unwrap();
        let Some(CliVerb::Token(TokenVerb::Create(create))) = arguments.verb else { panic!() };
        grant(&create)
    }

    #[test]
    fn a_host_gets_defaults_and_a_person_no_limit() {
        let agent = asked("--role agent").unwrap();
        assert_eq!((agent.client.as_str(), agent.site.as_str(), agent.ttl), ("local", "here", 900_000));
        let person = asked("--role operator").unwrap();
        assert_eq!((person.client.as_str(), person.site.as_str(), person.ttl), ("", "", 900_000));
        assert_eq!(asked("--role viewer --client acme").unwrap().client, "acme");
        assert_eq!(asked("--role reader").unwrap().ttl, 0);
        assert_eq!(asked("--role reader --ttl 1h").unwrap().ttl, 3_600_000);
    }

    #[test]
    fn what_only_a_host_has_is_refused_for_others() {
        for line in ["--role admin --site hq", "--role viewer --hands any", "--role reader --tag a"] {
            assert_eq!(asked(line).unwrap_err().exit as u8, 2, "{line}");
        }
    }
}
