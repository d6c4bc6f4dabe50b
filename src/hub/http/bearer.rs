//! Who asks: a bearer token of role intake or reader.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::fleet::identity::Role;
use crate::fleet::state::{Actor, Cause};
use crate::fleet::words::{ClientId, SafeText};
use crate::hub::http::answer;
use crate::hub::shared::Shared;
use crate::trust::Token;

/// What a token lets its bearer do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who an entry says it was.
    pub actor: Actor,
    /// The one client it is limited to.
    pub scope: Option<ClientId>,
}

/// Why nobody was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No token, or none that can be used.
    Unknown,
    /// A token of another role.
    Role(Role),
}

/// Who asks, if they may.
///
/// # Errors
/// Why not.
pub fn admit(shared: &Shared, headers: &HeaderMap, role: Role) -> Result<Grant, Refused> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, text)| text.trim());
    let token = bearer.and_then(|text| Token::decode(text).ok()).ok_or(Refused::Unknown)?;
    let hash = token.secret.hash();
    let now = shared.clock.now().wall;
    let registry = shared.access.registry();
    let known = registry.tokens.values().find(|known| known.secret_hash == hash).ok_or(Refused::Unknown)?;
    if !known.is_usable(now) || !known.is_bearer() {
        return Err(Refused::Unknown);
    }
    if known.role != role {
        return Err(Refused::Role(known.role));
    }
    let name = known.name.clone().unwrap_or_else(|| SafeText::new(&format!("{role} token {}", known.id)));
    Ok(Grant { actor: Actor { cause: Cause::Rule, name }, scope: known.client.clone() })
}

impl Refused {
    /// For the journal.
    #[must_use]
    pub fn why(self, role: Role) -> String {
        match self {
            Self::Unknown => format!("no usable token of role {role}"),
            Self::Role(other) => format!("a token of role {other}, not of role {role}"),
        }
    }

    /// What is answered.
    #[must_use]
    pub fn answer(self, role: Role) -> Response {
        let how = format!("watchfloor token create --role {role}");
        match self {
            Self::Unknown => {
                let text = format!("this asks for `Authorization: Bearer TOKEN`, a token of role {role}: {how}");
                let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
                (challenge, answer::text(StatusCode::UNAUTHORIZED, &text)).into_response()
            }
            Self::Role(other) => {
                let text = format!("this asks for a token of role {role}, and yours is of role {other}: {how}");
                answer::text(StatusCode::FORBIDDEN, &text)
            }
        }
    }
}
