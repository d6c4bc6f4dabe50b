//! Clients and their sites.

use crate::fleet::words::{ClientId, SafeText, SiteId};

/// A customer of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The id that configuration, tokens and filters use.
    pub id: ClientId,
    /// The name people say; the id where none is configured.
    pub name: SafeText,
    /// Whom to ring, with the number.
    pub contact: SafeText,
    /// Internet line and circuit.
    pub line: SafeText,
    /// Contract in the provider's words.
    pub contract: SafeText,
    /// Whether fleet.toml names it; otherwise it came into being with a token or an alert.
    pub configured: bool,
}

/// A place of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Whose place it is.
    pub client: ClientId,
    /// Its id, unique within the client.
    pub id: SiteId,
    /// The name people say.
    pub name: SafeText,
    /// Internet line and circuit.
    pub line: SafeText,
    /// Whether fleet.toml names it.
    pub configured: bool,
}

impl Client {
    /// A client that no file describes yet.
    #[must_use]
    pub fn unconfigured(id: ClientId) -> Self {
        Self {
            name: SafeText::new(id.as_str()),
            id,
            contact: SafeText::default(),
            line: SafeText::default(),
            contract: SafeText::default(),
            configured: false,
        }
    }
}

impl Site {
    /// A site that no file describes yet.
    #[must_use]
    pub fn unconfigured(client: ClientId, id: SiteId) -> Self {
        Self { client, name: SafeText::new(id.as_str()), id, line: SafeText::default(), configured: false }
    }
}
