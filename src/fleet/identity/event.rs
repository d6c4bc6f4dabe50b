//! What can happen in the registry.

use super::{Identity, Role, Token, TokenStatus};
use crate::fleet::words::{IdentityId, Timestamp, TokenId};

/// A fact of a decision about identities and tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A token was made.
    TokenCreated(Token),
    /// A token was spent or revoked.
    TokenEnded {
        /// Which.
        token: TokenId,
        /// How.
        status: TokenStatus,
    },
    /// An identity was recorded; with the spending of its token, one entry.
    Recorded(Identity),
    /// An identity was revoked: its live streams are closed.
    Revoked {
        /// Whose.
        identity: IdentityId,
    },
    /// Over long ago, a token left the fleet's state; the journal still has it.
    TokenArchived {
        /// Which.
        token: TokenId,
    },
    /// Over long ago, an identity left the fleet's state; the journal still has it.
    Archived {
        /// Whose.
        identity: IdentityId,
    },
    /// An identity got another role.
    RoleChanged {
        /// Whose.
        identity: IdentityId,
        /// The new role.
        role: Role,
    },
    /// A certificate was renewed.
    Renewed {
        /// Whose.
        identity: IdentityId,
        /// When the new one ends.
        not_after: Timestamp,
        /// SHA-256 of its public key.
        key_hash: [u8; 32],
    },
}
