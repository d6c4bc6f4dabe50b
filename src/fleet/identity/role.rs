//! What an identity may do, and who may see an event.

use std::fmt;

use crate::fleet::words::ClientId;

/// What an identity may do. Viewer, operator and admin include each other in this order; the others stand alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Also acts on alerts and checks.
    Operator,
    /// Also on tokens, identities, configuration, hosts and the swarm.
    Admin,
    /// Speaks for its host.
    Agent,
    /// Serves the fleet.
    Hub,
    /// Only posts, on the HTTP port.
    Intake,
    /// Only reads, on the HTTP port.
    Reader,
}

/// What a host lets the hub start on it; the host's own file has the last word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hands {
    /// Nothing.
    #[default]
    None,
    /// Programs its agent.toml lists.
    Listed,
    /// Any program.
    Any,
}

/// Who may see an event: from a role upwards, of one client or of the whole fleet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Audience {
    /// The least role that sees it.
    pub role: Role,
    /// The client it is about; `None` for the fleet, which everyone of the role sees.
    pub client: Option<ClientId>,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 7] =
        [Self::Viewer, Self::Operator, Self::Admin, Self::Agent, Self::Hub, Self::Intake, Self::Reader];

    /// `viewer`, `operator`, `admin`, `agent`, `hub`, `intake` or `reader`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Agent => "agent",
            Self::Hub => "hub",
            Self::Intake => "intake",
            Self::Reader => "reader",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether it is a person's role at a console: viewer, operator or admin.
    #[must_use]
    pub const fn is_person(self) -> bool {
        matches!(self, Self::Viewer | Self::Operator | Self::Admin)
    }

    /// Whether a person of this role may do what `needed` may.
    #[must_use]
    pub fn includes(self, needed: Self) -> bool {
        if needed.is_person() { self.is_person() && self >= needed } else { self == needed }
    }
}

impl Hands {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::None, Self::Listed, Self::Any];

    /// `none`, `listed` or `any`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Listed => "listed",
            Self::Any => "any",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hands| hands.word() == word)
    }
}

impl Audience {
    /// Everyone at a console, for what concerns the whole fleet.
    pub const EVERYONE: Self = Self { role: Role::Viewer, client: None };
    /// Admins only.
    pub const ADMINS: Self = Self { role: Role::Admin, client: None };

    /// Everyone who may see this client.
    #[must_use]
    pub const fn of_client(client: ClientId) -> Self {
        Self { role: Role::Viewer, client: Some(client) }
    }

    /// Everyone who sees the whole fleet, but nobody who is limited to one client: no client has this name.
    #[must_use]
    pub fn of_all_clients() -> Self {
        Self::of_client(ClientId::from("*"))
    }

    /// Everyone who may see this client; of what is no client's, or several clients', everyone who sees the whole fleet.
    #[must_use]
    pub fn of(client: Option<&ClientId>) -> Self {
        client.cloned().map_or_else(Self::of_all_clients, Self::of_client)
    }

    /// Whether a person of this role and scope (`None`: the whole fleet) sees it.
    #[must_use]
    pub fn admits(&self, role: Role, scope: Option<&ClientId>) -> bool {
        let in_scope = match (scope, &self.client) {
            (None, _) | (_, None) => true,
            (Some(scope), Some(client)) => scope == client,
        };
        role.includes(self.role) && in_scope
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Hands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
