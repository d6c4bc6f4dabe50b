//! Whom a leaf certificate names.

use std::fmt;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::fleet::words::{FleetId, IdentityId, SafeText};
use crate::trust::fingerprint::is_fleet_id;

/// What a certificate is for; it decides the one usage the certificate carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An agent on a managed host; a client of the hub.
    Agent,
    /// A console or command line of a person; a client of the hub.
    Operator,
    /// The hub; a server.
    Hub,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Agent, Self::Operator, Self::Hub];

    /// The word in the certificate: `agent`, `operator` or `hub`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Operator => "operator",
            Self::Hub => "hub",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Who a certificate says its holder is. What the holder may do lies in the hub's registry under `id`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal {
    /// The fleet.
    pub fleet: FleetId,
    /// Agent, operator or hub.
    pub kind: Kind,
    /// The place in the fleet's registry.
    pub id: IdentityId,
}

/// Why a certificate names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The bytes are no certificate.
    #[error("these bytes are not one X.509 certificate")]
    NotACertificate,
    /// An authority's certificate cannot speak for anybody.
    #[error("the certificate belongs to an authority, not to an agent, an operator or a hub")]
    IsAuthority,
    /// No URI, or more than one.
    #[error("the certificate has {0} identity names (URI) where exactly one is allowed")]
    Uris(usize),
    /// The URI is no identity of Watchfloor.
    #[error("the certificate's identity name `{name}` is not watchfloor:FLEET:agent|operator|hub:NUMBER", name = .0.as_str())]
    Uri(SafeText),
    /// Further names that this kind of certificate does not have.
    #[error("the certificate carries names that a certificate of kind {0} does not have")]
    OtherNames(Kind),
    /// Not exactly the one usage of its kind.
    #[error("the certificate of kind {0} does not have exactly the one usage of its kind")]
    Usage(Kind),
}

/// The DNS name that a fleet's hub certificate carries and clients verify, whatever address they dialled.
#[must_use]
pub fn hub_dns_name(fleet: &FleetId) -> String {
    format!("hub.{fleet}.watchfloor")
}

impl Principal {
    /// Reads `watchfloor:FLEET:agent|operator|hub:NUMBER`; there is one spelling for each principal.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn from_uri(uri: &str) -> Result<Self, NameError> {
        let refuse = || NameError::Uri(SafeText::new(uri.get(..100).unwrap_or(uri)));
        let mut parts = uri.strip_prefix("watchfloor:").ok_or_else(refuse)?.split(':');
        let (Some(fleet), Some(kind), Some(id), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(refuse());
        };
        let kind = Kind::ALL.into_iter().find(|known| known.word() == kind).ok_or_else(refuse)?;
        let number: u64 = id.parse().map_err(|_| refuse())?;
        if !is_fleet_id(fleet) || number.to_string() != id {
            return Err(refuse());
        }
        Ok(Self { fleet: FleetId::new(fleet), kind, id: IdentityId(number) })
    }

    /// Reads whom a leaf certificate (DER) names. Nothing is verified here: TLS has checked chain and time before.
    ///
    /// # Errors
    /// Unless the certificate has exactly the names and the one usage that this fleet's authority gives to its kind.
    pub fn from_leaf(der: &[u8]) -> Result<Self, NameError> {
        let (rest, leaf) = X509Certificate::from_der(der).map_err(|_| NameError::NotACertificate)?;
        if !rest.is_empty() {
            return Err(NameError::NotACertificate);
        }
        let constraints = leaf.basic_constraints().map_err(|_| NameError::NotACertificate)?;
        if constraints.is_some_and(|constraints| constraints.value.ca) {
            return Err(NameError::IsAuthority);
        }
        // An extension that occurs twice is an error here, so nobody can hide a second list of names.
        let names = leaf.subject_alternative_name().map_err(|_| NameError::NotACertificate)?;
        let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
        let uris: Vec<&str> =
            names.iter().filter_map(|name| if let GeneralName::URI(uri) = name { Some(*uri) } else { None }).collect();
        let [uri] = uris.as_slice() else { return Err(NameError::Uris(uris.len())) };
        let principal = Self::from_uri(uri)?;
        let others: Vec<&GeneralName<'_>> = names.iter().filter(|name| !matches!(name, GeneralName::URI(_))).collect();
        let others_fit = match (principal.kind, others.as_slice()) {
            (Kind::Agent | Kind::Operator, []) => true,
            (Kind::Hub, [GeneralName::DNSName(name)]) => *name == hub_dns_name(&principal.fleet),
            _ => false,
        };
        if !others_fit {
            return Err(NameError::OtherNames(principal.kind));
        }
        let usage = leaf.extended_key_usage().map_err(|_| NameError::Usage(principal.kind))?;
        let usage = usage.ok_or(NameError::Usage(principal.kind))?.value;
        let others = usage.any
            || usage.code_signing
            || usage.email_protection
            || usage.time_stamping
            || usage.ocsp_signing
            || !usage.other.is_empty();
        let (client, server) = (principal.kind != Kind::Hub, principal.kind == Kind::Hub);
        if others || usage.client_auth != client || usage.server_auth != server {
            return Err(NameError::Usage(principal.kind));
        }
        Ok(principal)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "watchfloor:{}:{}:{}", self.fleet, self.kind, self.id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_principal_has_one_spelling(fleet in "[a-z2-7]{10}", kind in 0_usize..3, id in any::<u64>()) {
            let principal = Principal { fleet: FleetId::new(fleet), kind: Kind::ALL[kind], id: IdentityId(id) };
            prop_assert_eq!(Principal::from_uri(&principal.to_string()), Ok(principal));
        }

        #[test]
        fn no_text_and_no_bytes_panic(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            let _ = Principal::from_uri(&text);
            let _ = Principal::from_leaf(&bytes);
        }
    }

    #[test]
    fn near_misses_are_refused() {
        for bad in [
            "",
            "watchfloor:",
            "watchfloor:aaaaaaaaaa:agent",
            "watchfloor:aaaaaaaaaa:agent:1:2",
            "watchfloor:aaaaaaaaaa:agent:01",
            "watchfloor:aaaaaaaaaa:agent:+1",
            "watchfloor:aaaaaaaaaa:agent:-1",
            "watchfloor:aaaaaaaaaa:agent:18446744073709551616",
            "watchfloor:aaaaaaaaaa:admin:1",
            "watchfloor:aaaaaaaaaa:Agent:1",
            "watchfloor:AAAAAAAAAA:agent:1",
            "watchfloor:aaaaaaaaa:agent:1",
            "WATCHFLOOR:aaaaaaaaaa:agent:1",
            " watchfloor:aaaaaaaaaa:agent:1",
            "watchfloor:aaaaaaaaaa:agent:1\n",
            "spiffe:aaaaaaaaaa:agent:1",
        ] {
            assert!(matches!(Principal::from_uri(bad), Err(NameError::Uri(_))), "{bad:?}");
        }
    }
}
