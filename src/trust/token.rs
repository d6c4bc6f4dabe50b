//! Enrolment tokens: what a new agent or console needs to find its hub and to know it, and a secret to be known by.
//!
//! `wf1.` and base64url without padding of: version (1 byte), fleet (10 letters), SHA-256 of the root (32), secret (16),
//! number of addresses (1), each address as length (1) and text, and the first 4 bytes of the SHA-256 of all that.
//! The checksum tells a slip of copying from a token that was made up; it proves nothing.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SecureRandom;

use crate::fleet::words::FleetId;
use crate::trust::fingerprint::{FLEET_ID_LEN, fleet_id, sha256};

const PREFIX: &str = "wf1.";
const VERSION: u8 = 1;
const CHECKSUM_LEN: usize = 4;
/// The most addresses a token carries.
pub const ADDRESSES_MAX: usize = 8;
/// The longest address in bytes.
pub const ADDRESS_MAX: usize = 255;
const BODY_MAX: usize = 1 + FLEET_ID_LEN + 32 + 16 + 1 + ADDRESSES_MAX * (1 + ADDRESS_MAX) + CHECKSUM_LEN;
/// The longest token in characters.
pub const TOKEN_MAX: usize = PREFIX.len() + BODY_MAX.div_ceil(3) * 4;

/// Why a text is no usable token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not begin with `wf1.`, or is longer than any token.
    #[error("this is no enrolment token: a token begins with `wf1.`; ask an admin for one (`watchfloor token create`)")]
    NotAToken,
    /// It is a token of another version.
    #[error("the token is of version {0}, this program reads version 1: install the same release as the hub")]
    Version(String),
    /// Letters are missing or changed.
    #[error("the token is damaged: letters are missing or changed; copy it again, whole and on one line")]
    Damaged,
    /// It is intact but holds something no hub writes.
    #[error("the token was not made by a hub ({0}): do not use it, and tell an admin where it came from")]
    Forged(&'static str),
}

/// Why a token cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MakeError {
    /// None, or too many addresses.
    #[error("a token carries 1 to {ADDRESSES_MAX} enrol addresses, not {0}: name fewer with --advertise")]
    Addresses(usize),
    /// An address that is not HOST:PORT.
    #[error("`{0}` is no enrol address HOST:PORT")]
    Address(String),
    /// The system has no randomness to give.
    #[error("the system's random source failed")]
    Random,
}

/// 128 random bits, known to the holder of a token and, as a hash, to the hub.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 16]);

impl Secret {
    /// Draws a secret from the system's random source.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> Result<Self, MakeError> {
        let mut bytes = [0; 16];
        ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| MakeError::Random)?;
        Ok(Self(bytes))
    }

    /// Takes a secret out of a message; `None` unless it has 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The secret, to be sent to the hub over a connection that the token's root has proved.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// What the hub stores in the secret's place, and finds a token by.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A token, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The fleet, which is also a part of `root_sha256`.
    pub fleet: FleetId,
    /// Where the hub enrols: `HOST:PORT`, best first.
    pub addresses: Vec<String>,
    /// The SHA-256 of the fleet's root certificate.
    pub root_sha256: [u8; 32],
    /// What the hub knows the token by.
    pub secret: Secret,
}

impl Token {
    /// Makes a token with a new secret.
    ///
    /// # Errors
    /// When there are no addresses, too many, or one that is not `HOST:PORT`.
    pub fn new(root_sha256: [u8; 32], addresses: Vec<String>) -> Result<Self, MakeError> {
        if addresses.is_empty() || addresses.len() > ADDRESSES_MAX {
            return Err(MakeError::Addresses(addresses.len()));
        }
        if let Some(bad) = addresses.iter().find(|address| !is_address(address)) {
            return Err(MakeError::Address(bad.clone()));
        }
        Ok(Self { fleet: fleet_id(&root_sha256), addresses, root_sha256, secret: Secret::random()? })
    }

    /// The token as text, for `watchfloor enrol`.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut body = vec![VERSION];
        body.extend_from_slice(self.fleet.as_str().as_bytes());
        body.extend_from_slice(&self.root_sha256);
        body.extend_from_slice(&self.secret.0);
        body.push(u8::try_from(self.addresses.len()).unwrap_or(u8::MAX));
        for address in &self.addresses {
            body.push(u8::try_from(address.len()).unwrap_or(u8::MAX));
            body.extend_from_slice(address.as_bytes());
        }
        let checksum = checksum(&body);
        body.extend_from_slice(&checksum);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(body))
    }

    /// Reads a token; white space around it is ignored.
    ///
    /// # Errors
    /// Told apart: no token at all, another version, damaged in copying, made up.
    pub fn decode(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        let Some(body) = text.strip_prefix(PREFIX) else {
            let version = text.strip_prefix("wf").and_then(|rest| rest.split_once('.')).map(|(version, _)| version);
            return Err(match version {
                Some(version) if version.len() <= 4 && version.parse::<u16>().is_ok() => {
                    TokenError::Version(version.to_owned())
                }
                _ => TokenError::NotAToken,
            });
        };
        if text.len() > TOKEN_MAX {
            return Err(TokenError::NotAToken);
        }
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| TokenError::Damaged)?;
        let (body, sum) = body.split_last_chunk::<CHECKSUM_LEN>().ok_or(TokenError::Damaged)?;
        if checksum(body) != *sum {
            return Err(TokenError::Damaged);
        }
        let mut reader = Reader(body);
        let version = reader.byte()?;
        if version != VERSION {
            return Err(TokenError::Version(version.to_string()));
        }
        let fleet = reader.array::<FLEET_ID_LEN>()?;
        let root_sha256 = reader.array::<32>()?;
        let secret = Secret(reader.array::<16>()?);
        if fleet_id(&root_sha256).as_str().as_bytes() != fleet {
            return Err(TokenError::Forged("its fleet is not that of its root"));
        }
        let count = usize::from(reader.byte()?);
        if count == 0 || count > ADDRESSES_MAX {
            return Err(TokenError::Forged("it has no address or too many"));
        }
        let mut addresses = Vec::with_capacity(count);
        for _ in 0..count {
            let len = usize::from(reader.byte()?);
            let address = std::str::from_utf8(reader.bytes(len)?).ok().filter(|address| is_address(address));
            addresses.push(address.ok_or(TokenError::Forged("it has an address that is not HOST:PORT"))?.to_owned());
        }
        if !reader.0.is_empty() {
            return Err(TokenError::Forged("it is too long"));
        }
        Ok(Self { fleet: fleet_id(&root_sha256), addresses, root_sha256, secret })
    }
}

/// Whether text has the form `HOST:PORT` or `[V6]:PORT`, in visible ASCII, so that it can be printed as it is.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host_fits = match host.strip_prefix('[') {
        Some(v6) => v6.strip_suffix(']').is_some_and(|v6| v6.parse::<std::net::Ipv6Addr>().is_ok()),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
                && !host.starts_with('-')
        }
    };
    let port_fits = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    text.len() <= ADDRESS_MAX && host_fits && port_fits
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_LEN] {
    let hash = sha256(&[PREFIX.as_bytes(), body].concat());
    let mut sum = [0; CHECKSUM_LEN];
    sum.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    sum
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, len: usize) -> Result<&'a [u8], TokenError> {
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(TokenError::Forged("it is too short"))?;
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TokenError> {
        self.bytes(N)?.try_into().map_err(|_| TokenError::Damaged)
    }

    fn byte(&mut self) -> Result<u8, TokenError> {
        self.array::<1>().map(|[byte]| byte)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn token() -> Token {
        Token::new([7; 32], vec!["hub.example.net:7441".into(), "[2001:db8::1]:7441".into()]).unwrap()
    }

    fn resealed(change: impl FnOnce(&mut Vec<u8>)) -> Result<Token, TokenError> {
        let mut body = URL_SAFE_NO_PAD.decode(&token().encode()[PREFIX.len()..]).unwrap();
        body.truncate(body.len() - CHECKSUM_LEN);
        change(&mut body);
        let sum = checksum(&body);
        body.extend_from_slice(&sum);
        Token::decode(&format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(body)))
    }

    #[test]
    fn a_token_survives_the_clipboard() {
        let token = token();
        let text = token.encode();
        assert_eq!(Token::decode(&format!("  {text}\n")), Ok(token.clone()));
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)), "{text}");
        assert!(!format!("{token:?}").contains(&format!("{:?}", token.secret.bytes())));
    }

    #[test]
    fn every_single_changed_letter_is_called_damage() {
        let text = token().encode();
        for at in PREFIX.len()..text.len() {
            let mut changed: Vec<char> = text.chars().collect();
            changed[at] = if changed[at] == 'A' { 'B' } else { 'A' };
            let changed: String = changed.into_iter().collect();
            assert_eq!(Token::decode(&changed), Err(TokenError::Damaged), "letter {at}");
        }
        assert_eq!(Token::decode(&text[..text.len() - 1]), Err(TokenError::Damaged));
        assert_eq!(Token::decode(PREFIX), Err(TokenError::Damaged));
    }

    #[test]
    fn other_versions_other_texts_and_forgeries_are_told_apart() {
        assert_eq!(Token::decode("wf2.AAAA"), Err(TokenError::Version("2".into())));
        assert_eq!(resealed(|body| body[0] = 9), Err(TokenError::Version("9".into())));
        for text in ["", "hello", "wf.", "wfx.AAAA", &format!("wf1.{}", "A".repeat(TOKEN_MAX))] {
            assert_eq!(Token::decode(text), Err(TokenError::NotAToken), "{text:?}");
        }
        assert!(matches!(resealed(|body| body[1] ^= 1), Err(TokenError::Forged(_))), "another fleet");
        assert!(matches!(resealed(|body| body[59] = 0), Err(TokenError::Forged(_))), "no address");
        assert!(matches!(resealed(|body| body[59] = 3), Err(TokenError::Forged(_))), "an address is missing");
        assert!(matches!(resealed(|body| body[61] = 0x1b), Err(TokenError::Forged(_))), "an escape sequence");
        assert!(matches!(resealed(|body| body.push(0)), Err(TokenError::Forged(_))), "bytes behind");
    }

    #[test]
    fn addresses_are_checked_when_a_token_is_made() {
        for bad in ["", "host", ":7441", "host:0", "host:70000", "host:+1", "a b:1", "[::1:7441", "::1:7441", "-o:1"] {
            assert_eq!(Token::new([0; 32], vec![bad.into()]), Err(MakeError::Address(bad.into())));
        }
        assert_eq!(Token::new([0; 32], vec![]), Err(MakeError::Addresses(0)));
        assert_eq!(Token::new([0; 32], vec!["a:1".into(); 9]), Err(MakeError::Addresses(9)));
    }

    #[test]
    fn the_largest_token_is_read_back() {
        let address = format!("{}:7441", "a".repeat(ADDRESS_MAX - 5));
        let token = Token::new([1; 32], vec![address; ADDRESSES_MAX]).unwrap();
        assert!(token.encode().len() <= TOKEN_MAX);
        assert_eq!(Token::decode(&token.encode()), Ok(token));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), body in any::<Vec<u8>>()) {
            let _ = Token::decode(&text);
            let _ = Token::decode(&format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&body)));
            let _ = resealed(|whole| *whole = body);
        }
    }
}
