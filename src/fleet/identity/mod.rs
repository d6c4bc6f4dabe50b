//! The registry: who may connect, in which role, and the tokens that let new ones in.

mod event;
mod registry;
mod role;

pub use event::Event;
pub use registry::{Identity, Token, TokenStatus};
pub use role::{Audience, Hands, Role};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fleet::words::{IdentityId, Timestamp, TokenId};

/// Identities and tokens of a fleet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Registry {
    /// Certificate holders, revoked ones included.
    pub identities: BTreeMap<IdentityId, Arc<Identity>>,
    /// Tokens, spent and revoked ones included until they are long over.
    pub tokens: BTreeMap<TokenId, Arc<Token>>,
}

impl Registry {
    /// Stores what the event says.
    pub fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::TokenCreated(token) => {
                self.tokens.insert(token.id, Arc::new(token.clone()));
            }
            Event::TokenEnded { token, status } => {
                if let Some(token) = self.tokens.get_mut(token) {
                    Arc::make_mut(token).status = *status;
                }
            }
            Event::Recorded(identity) => {
                self.identities.insert(identity.id, Arc::new(identity.clone()));
            }
            Event::Revoked { identity } => self.change(*identity, |identity| identity.revoked_at = Some(at)),
            Event::TokenArchived { token } => drop(self.tokens.remove(token)),
            Event::Archived { identity } => drop(self.identities.remove(identity)),
            Event::RoleChanged { identity, role } => self.change(*identity, |identity| identity.role = *role),
            Event::Renewed { identity, not_after, key_hash } => self.change(*identity, |identity| {
                identity.not_after = *not_after;
                identity.key_hash = *key_hash;
            }),
        }
    }

    fn change(&mut self, id: IdentityId, change: impl FnOnce(&mut Identity)) {
        if let Some(identity) = self.identities.get_mut(&id) {
            change(Arc::make_mut(identity));
        }
    }
}
