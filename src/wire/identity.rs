//! The registry's identities and tokens, its events, and who may see an event.

use crate::fleet::identity::{Audience, Event, Identity, Role, Token};
use crate::fleet::words::{ClientId, HostId, IdentityId, SiteId, Timestamp, TokenId};
use crate::wire::checked::checked_hash;
use crate::wire::enums::{hands, host_class, role, token_status};
use crate::wire::error::WireError;
use crate::wire::pb::event::Body;
use crate::wire::{pb, text};

impl From<&Audience> for pb::Audience {
    fn from(audience: &Audience) -> Self {
        Self {
            role: pb::Role::from(audience.role).into(),
            client: audience.client.as_ref().map(|client| client.as_str().into()),
        }
    }
}

/// An audience this version can't read is narrowed to admins: what is not understood is shown to few.
impl From<Option<pb::Audience>> for Audience {
    fn from(audience: Option<pb::Audience>) -> Self {
        let Some(audience) = audience else { return Self::ADMINS };
        Self {
            role: role(audience.role, "Audience").unwrap_or(Role::Admin),
            client: audience.client.map(|client| ClientId::new(text::id(&client))),
        }
    }
}

impl From<&Identity> for pb::Identity {
    fn from(identity: &Identity) -> Self {
        Self {
            id: identity.id.0,
            name: identity.name.as_str().into(),
            role: pb::Role::from(identity.role).into(),
            client: identity.client.as_ref().map(|client| client.as_str().into()),
            host: identity.host.map(|host| host.0),
            recorded_at: identity.recorded_at.0,
            not_after: identity.not_after.0,
            revoked_at: identity.revoked_at.map(|at| at.0),
            key_hash: identity.key_hash.to_vec().into(),
        }
    }
}

impl TryFrom<pb::Identity> for Identity {
    type Error = WireError;

    fn try_from(identity: pb::Identity) -> Result<Self, WireError> {
        const MESSAGE: &str = "Identity";
        Ok(Self {
            id: IdentityId(identity.id),
            name: text::line(&identity.name),
            role: role(identity.role, MESSAGE)?,
            client: identity.client.map(|client| ClientId::new(text::id(&client))),
            host: identity.host.map(HostId),
            recorded_at: Timestamp(identity.recorded_at),
            not_after: Timestamp(identity.not_after),
            revoked_at: identity.revoked_at.map(Timestamp),
            key_hash: checked_hash(MESSAGE, "key_hash", &identity.key_hash)?,
        })
    }
}

impl From<&Token> for pb::Token {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id.0,
            secret_hash: token.secret_hash.to_vec().into(),
            role: pb::Role::from(token.role).into(),
            client: token.client.as_ref().map(|client| client.as_str().into()),
            site: token.site.as_ref().map(|site| site.as_str().into()),
            class: pb::HostClass::from(token.class).into(),
            name: token.name.as_ref().map(|name| name.as_str().into()),
            tags: token.tags.clone(),
            hands: pb::Hands::from(token.hands).into(),
            created_at: token.created_at.0,
            expires_at: token.expires_at.map(|at| at.0),
            created_by: token.created_by.as_str().into(),
            status: pb::token::Status::from(token.status).into(),
        }
    }
}

impl TryFrom<pb::Token> for Token {
    type Error = WireError;

    fn try_from(token: pb::Token) -> Result<Self, WireError> {
        const MESSAGE: &str = "Token";
        Ok(Self {
            id: TokenId(token.id),
            secret_hash: checked_hash(MESSAGE, "secret_hash", &token.secret_hash)?,
            role: role(token.role, MESSAGE)?,
            client: token.client.map(|client| ClientId::new(text::id(&client))),
            site: token.site.map(|site| SiteId::new(text::id(&site))),
            class: host_class(token.class),
            name: token.name.map(|name| text::line(&name)),
            tags: token.tags.iter().map(|tag| text::plain(tag)).collect(),
            hands: hands(token.hands),
            created_at: Timestamp(token.created_at),
            expires_at: token.expires_at.map(Timestamp),
            created_by: text::line(&token.created_by),
            status: token_status(token.status),
        })
    }
}

impl From<&Event> for Body {
    fn from(event: &Event) -> Self {
        match event {
            Event::TokenCreated(token) => Self::TokenCreated(token.into()),
            Event::TokenEnded { token, status } => {
                Self::TokenEnded(pb::TokenEnded { id: token.0, status: pb::token::Status::from(*status).into() })
            }
            Event::Recorded(identity) => Self::IdentityRecorded(identity.into()),
            Event::Revoked { identity } => Self::IdentityRevoked(pb::IdentityRevoked { id: identity.0 }),
            Event::TokenArchived { token } => Self::TokenArchived(pb::TokenArchived { id: token.0 }),
            Event::Archived { identity } => Self::IdentityArchived(pb::IdentityArchived { id: identity.0 }),
            Event::RoleChanged { identity, role } => {
                Self::RoleChanged(pb::RoleChanged { id: identity.0, role: pb::Role::from(*role).into() })
            }
            Event::Renewed { identity, not_after, key_hash } => Self::IdentityRenewed(pb::IdentityRenewed {
                id: identity.0,
                not_after: not_after.0,
                key_hash: key_hash.to_vec().into(),
            }),
        }
    }
}

impl TryFrom<pb::Token> for Event {
    type Error = WireError;

    fn try_from(token: pb::Token) -> Result<Self, WireError> {
        Ok(Self::TokenCreated(token.try_into()?))
    }
}

impl From<pb::TokenArchived> for Event {
    fn from(event: pb::TokenArchived) -> Self {
        Self::TokenArchived { token: TokenId(event.id) }
    }
}

impl From<pb::IdentityArchived> for Event {
    fn from(event: pb::IdentityArchived) -> Self {
        Self::Archived { identity: IdentityId(event.id) }
    }
}

impl From<pb::TokenEnded> for Event {
    fn from(event: pb::TokenEnded) -> Self {
        Self::TokenEnded { token: TokenId(event.id), status: token_status(event.status) }
    }
}

impl TryFrom<pb::Identity> for Event {
    type Error = WireError;

    fn try_from(identity: pb::Identity) -> Result<Self, WireError> {
        Ok(Self::Recorded(identity.try_into()?))
    }
}

impl From<pb::IdentityRevoked> for Event {
    fn from(event: pb::IdentityRevoked) -> Self {
        Self::Revoked { identity: IdentityId(event.id) }
    }
}

impl TryFrom<pb::RoleChanged> for Event {
    type Error = WireError;

    fn try_from(event: pb::RoleChanged) -> Result<Self, WireError> {
        Ok(Self::RoleChanged { identity: IdentityId(event.id), role: role(event.role, "RoleChanged")? })
    }
}

impl TryFrom<pb::IdentityRenewed> for Event {
    type Error = WireError;

    fn try_from(event: pb::IdentityRenewed) -> Result<Self, WireError> {
        Ok(Self::Renewed {
            identity: IdentityId(event.id),
            not_after: Timestamp(event.not_after),
            key_hash: checked_hash("IdentityRenewed", "key_hash", &event.key_hash)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_that_is_not_understood_is_admins() {
        assert_eq!(Audience::from(None), Audience::ADMINS);
        for role in [0, 4, 77, -1] {
            let audience = Audience::from(Some(pb::Audience { role, client: Some("acme".into()) }));
            assert_eq!(audience.role, Role::Admin, "{role}");
        }
    }
}
