//! Tokens, identities, hosts, enrolment, enrolled fleets, configuration.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::arguments::fleets::Fleets;
use crate::cli::arguments::values::{parse_class, parse_plain_name, parse_span};
use crate::cli::id::{HostArgument, NumberArgument};
use crate::fleet::identity::{Hands, Role};
use crate::fleet::words::HostClass;

/// What to do with tokens.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum TokenVerb {
    /// Make a token and print it, alone
    Create(Box<TokenCreate>),
    /// List tokens, without their secrets
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The fleets.
        #[command(flatten)]
        fleets: Fleets,
    },
    /// End a token before its time
    Revoke {
        /// The token
        #[arg(value_name = "ID")]
        id: NumberArgument,
        /// The fleet.
        #[command(flatten)]
        fleets: Fleets,
    },
}

/// What to do with pings.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum PingVerb {
    /// List the jobs that say by a URL that they ran, worst first, with their URLs
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The fleets.
        #[command(flatten)]
        fleets: Fleets,
    },
}

/// What a token grants.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct TokenCreate {
    /// What its holder becomes: agent (a host joins), viewer, operator or admin (a console joins), intake or reader
    /// (a bearer token of the HTTP port)
    #[arg(long, value_enum)]
    pub role: TokenRole,
    /// The client the host belongs to, made where there is none; or the only one a person may see [default: local;
    /// for a person every client]
    #[arg(long, value_name = "ID", value_parser = parse_plain_name)]
    pub client: Option<String>,
    /// The site the host stands at; made where there is none [default: here]
    #[arg(long, value_name = "ID", value_parser = parse_plain_name)]
    pub site: Option<String>,
    /// What sort of machine it is: server, workstation, laptop or appliance [default: server]
    #[arg(long, value_name = "CLASS", value_parser = parse_class)]
    pub class: Option<HostClass>,
    /// The name of the host or person [default: what it calls itself]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// A tag of the host; may be repeated
    #[arg(long = "tag", value_name = "TAG", value_parser = parse_plain_name)]
    pub tags: Vec<String>,
    /// What may be run on the host from here: none, listed (what its agent.toml lists) or any [default: none]
    #[arg(long, value_name = "HANDS", value_parser = parse_hands)]
    pub hands: Option<Hands>,
    /// How long the token can be used [default: 15m; intake and reader without end]
    #[arg(long, value_name = "SPAN", value_parser = parse_span)]
    pub ttl: Option<Duration>,
    /// The fleet.
    #[command(flatten)]
    pub fleets: Fleets,
}

impl TokenCreate {
    /// How long the token can be used; `None` without end.
    #[must_use]
    pub fn lifetime(&self) -> Option<Duration> {
        match self.role {
            TokenRole::Intake | TokenRole::Reader => self.ttl,
            _ => Some(self.ttl.unwrap_or(Duration::from_secs(15 * 60))),
        }
    }
}

fn parse_hands(text: &str) -> Result<Hands, String> {
    Hands::from_word(text).ok_or_else(|| "write none, listed or any".to_owned())
}

/// The roles a token can grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum TokenRole {
    /// A host joins
    Agent,
    /// Reads
    Viewer,
    /// Also acts on alerts and checks
    Operator,
    /// Also administers
    Admin,
    /// Posts alerts to the HTTP port
    Intake,
    /// Reads from the HTTP port
    Reader,
}

impl From<TokenRole> for Role {
    fn from(role: TokenRole) -> Self {
        match role {
            TokenRole::Agent => Self::Agent,
            TokenRole::Viewer => Self::Viewer,
            TokenRole::Operator => Self::Operator,
            TokenRole::Admin => Self::Admin,
            TokenRole::Intake => Self::Intake,
            TokenRole::Reader => Self::Reader,
        }
    }
}

/// The roles a person can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum OperatorRole {
    /// Reads
    Viewer,
    /// Also acts on alerts and checks
    Operator,
    /// Also administers
    Admin,
}

impl From<OperatorRole> for Role {
    fn from(role: OperatorRole) -> Self {
        match role {
            OperatorRole::Viewer => Self::Viewer,
            OperatorRole::Operator => Self::Operator,
            OperatorRole::Admin => Self::Admin,
        }
    }
}

/// What to do with identities.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum IdentityVerb {
    /// List who may connect
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The fleets.
        #[command(flatten)]
        fleets: Fleets,
    },
    /// End an identity; its live connections close within seconds
    Revoke {
        /// The identity
        #[arg(value_name = "ID")]
        id: NumberArgument,
        /// The fleet.
        #[command(flatten)]
        fleets: Fleets,
    },
    /// Change a person's role
    Role {
        /// The identity
        #[arg(value_name = "ID")]
        id: NumberArgument,
        /// The role
        #[arg(value_enum)]
        role: OperatorRole,
        /// The fleet.
        #[command(flatten)]
        fleets: Fleets,
    },
}

/// What to do with notices.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum NoticeVerb {
    /// Send a test page that must be answered
    Test {
        /// A person of policies.toml, or channel:NAME
        #[arg(value_name = "PERSON")]
        person: String,
        /// The fleet.
        #[command(flatten)]
        fleets: Fleets,
    },
}

/// What to do with a host.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum HostVerb {
    /// Take a host out of the fleet for good
    Retire {
        /// The host: FLEET/NUMBER, NUMBER, or its name
        #[arg(value_name = "ID")]
        id: HostArgument,
        /// The fleet.
        #[command(flatten)]
        fleets: Fleets,
    },
}

/// Joining a fleet.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Enrol {
    /// The token, or - to read it from standard input
    #[arg(value_name = "TOKEN")]
    pub token: String,
    /// The name to have: the host's, or the fleet's local name in this console
    #[arg(long = "as", value_name = "NAME", value_parser = parse_plain_name)]
    pub name: Option<String>,
    /// Replace an enrolment that is there already
    #[arg(long)]
    pub replace: bool,
}

/// What to do with the fleets this console is enrolled in.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum FleetVerb {
    /// List them
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give one another local name
    Rename {
        /// Its name
        name: String,
        /// Its new name
        #[arg(value_parser = parse_plain_name)]
        to: String,
    },
    /// Leave one: its credential is removed from this console
    Leave {
        /// Its name
        name: String,
    },
}

/// What to do with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigVerb {
    /// Read the files of a hub on this machine and say all that is wrong with them; nothing is applied
    Check {
        /// The hub's data directory; the files are DIR/config/*.toml [default: hub below WATCHFLOOR_HOME]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Show the checks a host gets, and the file and line each comes from
    Show {
        /// The host: FLEET/NUMBER, NUMBER, or its name
        #[arg(value_name = "HOST")]
        host: HostArgument,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// The fleet.
        #[command(flatten)]
        fleets: Fleets,
    },
    /// Make the hub read its files again; it keeps what it has unless all of them are valid
    Reload {
        /// The fleet.
        #[command(flatten)]
        fleets: Fleets,
    },
}
