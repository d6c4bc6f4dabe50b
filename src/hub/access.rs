//! Who may call what. Every call × peer × role is decided here, refused by default; nothing else grants anything.

use std::sync::{Arc, PoisonError, RwLock};

use tonic::Status;

use crate::fleet::identity::{Identity, Registry, Role};
use crate::fleet::rules::input::Asker;
use crate::fleet::state::Cause;
use crate::fleet::words::{HostId, IdentityId, SafeText};
use crate::hub::doors::Peer;
use crate::trust::Kind;

/// Every call of every service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// `Enrol.Enrol`
    Enrol,
    /// `Agent.Hello`
    AgentHello,
    /// `Agent.Link`
    AgentLink,
    /// `Agent.Renew`
    AgentRenew,
    /// `Agent.Output`
    AgentOutput,
    /// `Console.Hello`
    ConsoleHello,
    /// `Console.Watch`
    Watch,
    /// `Console.Act`; the verb may ask for more
    Act,
    /// `Console.Query`; some kinds ask for more
    Query,
    /// `Console.History`
    History,
    /// `Console.Blob`; some blobs ask for more
    Blob,
    /// `Console.Sign`
    Sign,
    /// `Console.Renew`
    ConsoleRenew,
    /// `grpc.health.v1.Health`
    Health,
}

impl Call {
    /// All calls.
    pub const ALL: [Self; 14] = [
        Self::Enrol,
        Self::AgentHello,
        Self::AgentLink,
        Self::AgentRenew,
        Self::AgentOutput,
        Self::ConsoleHello,
        Self::Watch,
        Self::Act,
        Self::Query,
        Self::History,
        Self::Blob,
        Self::Sign,
        Self::ConsoleRenew,
        Self::Health,
    ];

    /// The gRPC path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Enrol => "/watchfloor.v1.Enrol/Enrol",
            Self::AgentHello => "/watchfloor.v1.Agent/Hello",
            Self::AgentLink => "/watchfloor.v1.Agent/Link",
            Self::AgentRenew => "/watchfloor.v1.Agent/Renew",
            Self::AgentOutput => "/watchfloor.v1.Agent/Output",
            Self::ConsoleHello => "/watchfloor.v1.Console/Hello",
            Self::Watch => "/watchfloor.v1.Console/Watch",
            Self::Act => "/watchfloor.v1.Console/Act",
            Self::Query => "/watchfloor.v1.Console/Query",
            Self::History => "/watchfloor.v1.Console/History",
            Self::Blob => "/watchfloor.v1.Console/Blob",
            Self::Sign => "/watchfloor.v1.Console/Sign",
            Self::ConsoleRenew => "/watchfloor.v1.Console/Renew",
            Self::Health => "/grpc.health.v1.Health/Check",
        }
    }

    /// The least role a person needs; `None` where persons have no business.
    #[must_use]
    pub const fn person(self) -> Option<Role> {
        match self {
            Self::ConsoleHello
            | Self::Watch
            | Self::Query
            | Self::History
            | Self::Blob
            | Self::ConsoleRenew
            | Self::Health => Some(Role::Viewer),
            Self::Act => Some(Role::Operator),
            Self::Sign => Some(Role::Admin),
            Self::Enrol | Self::AgentHello | Self::AgentLink | Self::AgentRenew | Self::AgentOutput => None,
        }
    }

    /// Whether an agent may make it.
    #[must_use]
    pub const fn agent(self) -> bool {
        matches!(self, Self::AgentHello | Self::AgentLink | Self::AgentRenew | Self::AgentOutput | Self::Health)
    }
}

/// Who calls, as the registry says at this moment.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A person, or the local user.
    Person(Asker),
    /// An agent, speaking for its host.
    Agent {
        /// Its identity; `None` for the agent of the hub's own process.
        identity: Option<IdentityId>,
        /// Its host.
        host: HostId,
    },
    /// Somebody with a token yet to show.
    Enrolling,
}

/// The registry as it is durable now.
#[derive(Debug)]
pub struct Access {
    registry: RwLock<Arc<Registry>>,
    local_name: SafeText,
}

impl Access {
    /// Access by this registry; `local_name` is what the operating-system user on the socket is called.
    #[must_use]
    pub fn new(registry: Arc<Registry>, local_name: SafeText) -> Self {
        Self { registry: RwLock::new(registry), local_name }
    }

    /// Replaces the registry after a commit touched it.
    pub fn renew(&self, registry: Arc<Registry>) {
        *self.registry.write().unwrap_or_else(PoisonError::into_inner) = registry;
    }

    /// The registry as it is durable now.
    #[must_use]
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The local user as asker.
    #[must_use]
    pub fn local(&self) -> Asker {
        Asker { cause: Cause::Local, name: self.local_name.clone(), role: Role::Admin, scope: None }
    }

    /// Who the peer is and whether they may make this call.
    ///
    /// # Errors
    /// `PERMISSION_DENIED` or `UNAUTHENTICATED` with what to do.
    pub fn admit(&self, peer: Option<&Peer>, call: Call) -> Result<Caller, Status> {
        let peer = peer
            .ok_or_else(|| Status::unauthenticated("the connection names nobody; connect through a port of the hub"))?;
        match peer {
            Peer::Local { .. } if call.person().is_some() => Ok(Caller::Person(self.local())),
            Peer::Host(host) if call.agent() => Ok(Caller::Agent { identity: None, host: *host }),
            Peer::Anonymous { .. } if call == Call::Enrol => Ok(Caller::Enrolling),
            Peer::Certificate(principal) => {
                let registry = self.registry();
                let identity = registry.identities.get(&principal.id).ok_or_else(|| unknown(principal.id))?;
                refuse_revoked(identity)?;
                match (principal.kind, identity.role) {
                    (Kind::Agent, Role::Agent) if call.agent() => agent(identity),
                    (Kind::Operator, role) if role.is_person() => person(identity, call),
                    _ => Err(denied(identity.name.as_str(), identity.role, call)),
                }
            }
            Peer::Local { .. } | Peer::Host(_) | Peer::Anonymous { .. } => {
                Err(Status::permission_denied(format!("{peer} may not call {}", call.path())))
            }
        }
    }
}

fn agent(identity: &Identity) -> Result<Caller, Status> {
    let host = identity
        .host
        .ok_or_else(|| Status::permission_denied("this agent's identity names no host; enrol it again"))?;
    Ok(Caller::Agent { identity: Some(identity.id), host })
}

fn person(identity: &Identity, call: Call) -> Result<Caller, Status> {
    if !call.person().is_some_and(|needed| identity.role.includes(needed)) {
        return Err(denied(identity.name.as_str(), identity.role, call));
    }
    Ok(Caller::Person(Asker {
        cause: Cause::Identity(identity.id),
        name: identity.name.clone(),
        role: identity.role,
        scope: identity.client.clone(),
    }))
}

fn refuse_revoked(identity: &Identity) -> Result<(), Status> {
    if identity.is_revoked() {
        return Err(Status::permission_denied(format!(
            "the identity {} ({}) was revoked; enrol again with a new token",
            identity.id,
            identity.name.as_str()
        )));
    }
    Ok(())
}

fn unknown(id: IdentityId) -> Status {
    Status::permission_denied(format!("this hub does not know the identity {id}; enrol again with a new token"))
}

fn denied(name: &str, role: Role, call: Call) -> Status {
    let what = call.path().rsplit('/').next().unwrap_or_default();
    Status::permission_denied(match call.person() {
        Some(needed) if role.is_person() => {
            format!("{what} asks for the role {needed}, and {name} is {role}; ask an admin of the fleet")
        }
        _ => format!("{what} is not for {name}, whose role is {role}"),
    })
}
