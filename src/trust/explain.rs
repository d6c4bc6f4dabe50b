//! What went wrong in a handshake, in words that say what to do.
//!
//! With TLS 1.3 a server refuses a client's certificate after the client believes the handshake done, so the reason
//! sits deep below an error of the first call; it is found by walking [`Error::source`].

use std::error::Error;
use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use crate::fleet::words::SafeText;

/// Why two ends did not come to speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diagnosis {
    /// The hub says that our certificate is revoked.
    Revoked,
    /// The hub does not know the authority of our certificate.
    UnknownToHub,
    /// The hub says that our certificate is past its end, or not valid yet.
    Expired,
    /// The hub wants a certificate and got none.
    CertificateRequired,
    /// The hub does not take our certificate for another reason.
    NotAccepted,
    /// The other end speaks no TLS 1.3, or it refused ours.
    TooOld,
    /// The other end is not the hub of the fleet; with what it is, as far as known.
    WrongHub(SafeText),
    /// The hub's certificate is past its end, or not valid yet.
    HubExpired,
    /// What answered speaks no TLS.
    NotTls,
    /// What answered speaks TLS, but not HTTP/2.
    NotHttp2,
}

impl Diagnosis {
    /// Whether the hub was reached and refused who we are (exit code 4 on the command line).
    #[must_use]
    pub const fn is_not_permitted(&self) -> bool {
        matches!(
            self,
            Self::Revoked | Self::UnknownToHub | Self::Expired | Self::CertificateRequired | Self::NotAccepted
        )
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revoked => {
                "the hub has revoked this certificate: ask an admin for a new token and run `watchfloor enrol TOKEN --replace`"
            }
            Self::UnknownToHub => {
                "the hub does not know this certificate's authority: it was issued by another fleet, or the hub was set up anew; check the address, or enrol anew with `watchfloor enrol TOKEN --replace`"
            }
            Self::Expired => {
                "the hub says this certificate is not valid now: check both clocks; if it has expired, ask an admin for a new token and run `watchfloor enrol TOKEN --replace`"
            }
            Self::CertificateRequired => {
                "the hub asks for a certificate and none was shown: enrol with `watchfloor enrol TOKEN`, and use the enrol port only for that"
            }
            Self::NotAccepted => {
                "the hub does not accept this certificate here: it is not that of an agent or operator of its fleet; enrol anew with `watchfloor enrol TOKEN --replace`"
            }
            Self::TooOld => {
                "the other end does not speak TLS 1.3, the only version Watchfloor speaks: install a current release there, and let no proxy end TLS in between"
            }
            Self::WrongHub(found) => {
                return write!(
                    f,
                    "this is not the fleet's hub ({}): check the address, and that no proxy ends TLS in between",
                    found.as_str()
                );
            }
            Self::HubExpired => {
                "the hub's certificate is not valid now: check this machine's clock; if it is right, restart the hub, which renews its certificate"
            }
            Self::NotTls => "what answers at this address does not speak TLS: check the port (the link port is 7440, the enrol port 7441)",
            Self::NotHttp2 => "what answers at this address is no hub (it does not speak HTTP/2): check address and port",
        })
    }
}

/// What went wrong, seen from the end that dialled; `None` where no handshake failed.
#[must_use]
pub fn diagnose(error: &(dyn Error + 'static)) -> Option<Diagnosis> {
    rustls_error(error).and_then(|error| match error {
        rustls::Error::AlertReceived(alert) => alerted(*alert),
        rustls::Error::InvalidCertificate(error) => Some(match error {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Diagnosis::HubExpired,
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Diagnosis::WrongHub(SafeText::new("its certificate was issued by another authority"))
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Diagnosis::WrongHub(SafeText::new("its certificate names another server"))
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Diagnosis::WrongHub(SafeText::new("its certificate is not one of a server"))
            }
            CertificateError::Other(error) => Diagnosis::WrongHub(SafeText::new(&error.0.to_string())),
            other => Diagnosis::WrongHub(SafeText::new(&other.to_string())),
        }),
        rustls::Error::PeerIncompatible(what) if is_version(what) => Some(Diagnosis::TooOld),
        rustls::Error::InvalidMessage(_) => Some(Diagnosis::NotTls),
        rustls::Error::NoApplicationProtocol => Some(Diagnosis::NotHttp2),
        _ => None,
    })
}

/// What went wrong, seen from the end that dialled, in words that say what to do; for any error.
#[must_use]
pub fn explain(error: &(dyn Error + 'static)) -> String {
    diagnose(error).map_or_else(|| innermost(error), |diagnosis| diagnosis.to_string())
}

/// Why the hub refused a handshake, for its journal and log: short, and about the peer.
#[must_use]
pub fn explain_refused(error: &(dyn Error + 'static)) -> String {
    let known = rustls_error(error).and_then(|error| match error {
        rustls::Error::NoCertificatesPresented => Some("no client certificate".to_owned()),
        rustls::Error::PeerIncompatible(what) if is_version(what) => Some("TLS older than 1.3".to_owned()),
        rustls::Error::InvalidMessage(_) => Some("not TLS".to_owned()),
        rustls::Error::NoApplicationProtocol => Some("not HTTP/2".to_owned()),
        rustls::Error::AlertReceived(alert) => Some(format!("the peer refused the hub's certificate ({alert:?})")),
        rustls::Error::InvalidCertificate(error) => Some(match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "a certificate of another authority".to_owned()
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "an expired certificate".to_owned(),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "a certificate that is not valid yet".to_owned()
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "a certificate for another use".to_owned()
            }
            CertificateError::Revoked => "a revoked certificate".to_owned(),
            CertificateError::ApplicationVerificationFailure => {
                "a certificate that is not an agent's or operator's of this fleet".to_owned()
            }
            CertificateError::Other(error) => SafeText::new(&error.0.to_string()).as_str().to_owned(),
            other => SafeText::new(&other.to_string()).as_str().to_owned(),
        }),
        _ => None,
    });
    known.unwrap_or_else(|| innermost(error))
}

fn alerted(alert: AlertDescription) -> Option<Diagnosis> {
    Some(match alert {
        AlertDescription::CertificateRevoked => Diagnosis::Revoked,
        AlertDescription::UnknownCA | AlertDescription::DecryptError => Diagnosis::UnknownToHub,
        AlertDescription::CertificateExpired => Diagnosis::Expired,
        AlertDescription::CertificateRequired | AlertDescription::NoCertificate => Diagnosis::CertificateRequired,
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => Diagnosis::NotAccepted,
        AlertDescription::ProtocolVersion
        | AlertDescription::HandshakeFailure
        | AlertDescription::InsufficientSecurity => Diagnosis::TooOld,
        AlertDescription::NoApplicationProtocol => Diagnosis::NotHttp2,
        _ => return None,
    })
}

fn is_version(what: &PeerIncompatible) -> bool {
    matches!(
        what,
        PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
    )
}

/// The TLS error below an error. An [`io::Error`] does not name what it wraps as its source, so it is looked into.
fn rustls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    chain_of(error).find_map(|error| error.downcast_ref())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let text = chain_of(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    SafeText::new(&text).as_str().to_owned()
}

/// The error and what is below it; 32 deep at most, for a chain may be circular in theory.
fn chain_of<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
    .take(32)
}
