//! One identity, one token.

use super::{Hands, Role};
use crate::fleet::words::{ClientId, HostClass, HostId, IdentityId, SafeText, SiteId, Timestamp, TokenId};

/// A certificate holder. The certificate says who; role, scope and revocation lie here and are read at each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its number, the `id` of the certificate's URI.
    pub id: IdentityId,
    /// The name people know it by.
    pub name: SafeText,
    /// What it may do.
    pub role: Role,
    /// An operator's scope; `None` for the whole fleet.
    pub client: Option<ClientId>,
    /// An agent's host.
    pub host: Option<HostId>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When its certificate ends.
    pub not_after: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// SHA-256 of the public key its current certificate holds.
    pub key_hash: [u8; 32],
}

/// Whether a token can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenStatus {
    /// It can, until it expires.
    Open,
    /// Somebody enrolled with it.
    Spent,
    /// An admin revoked it.
    Revoked,
}

/// What a token grants. The secret itself is never stored, only its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
    /// The role it grants.
    pub role: Role,
    /// Client: an agent's, or an operator's scope.
    pub client: Option<ClientId>,
    /// Site of an agent.
    pub site: Option<SiteId>,
    /// Class of an agent's host.
    pub class: HostClass,
    /// The name to record instead of the one the enrolling side gives.
    pub name: Option<SafeText>,
    /// Tags of an agent's host.
    pub tags: Vec<String>,
    /// What an agent's host will let the hub start.
    pub hands: Hands,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `None` for bearer tokens without end.
    pub expires_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: SafeText,
    /// Whether it can still be used.
    pub status: TokenStatus,
}

impl Identity {
    /// Whether it may still connect at `at`; an expired certificate is refused by TLS besides.
    #[must_use]
    pub const fn is_revoked(&self) -> bool {
        self.revoked_at.is_some()
    }
}

impl Token {
    /// Whether it can be used at this time.
    #[must_use]
    pub fn is_usable(&self, at: Timestamp) -> bool {
        self.status == TokenStatus::Open && self.expires_at.is_none_or(|end| at < end)
    }

    /// Whether it is a bearer token of the HTTP port, which is not spent by use.
    #[must_use]
    pub const fn is_bearer(&self) -> bool {
        matches!(self.role, Role::Intake | Role::Reader)
    }
}

impl TokenStatus {
    /// `open`, `spent` or `revoked`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Spent => "spent",
            Self::Revoked => "revoked",
        }
    }
}
