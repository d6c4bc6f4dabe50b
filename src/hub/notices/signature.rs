//! Signatures of requests, out and in: `t=SECONDS,v1=HEX`, HMAC-SHA256 over `SECONDS.BODY`.

use std::time::Duration;

use ring::hmac;

use crate::fleet::words::Timestamp;

/// The header of a signed request.
pub const HEADER: &str = "Watchfloor-Signature";
/// The header of PagerDuty's signature: `v1=HEX`, over the body alone, several where a secret is being changed.
pub const PAGERDUTY_HEADER: &str = "X-PagerDuty-Signature";
/// A request that was signed longer ago, or further ahead, is refused.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Why a signature does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is none, or it has another form.
    #[error("no signature of the form t=SECONDS,v1=HEX in Watchfloor-Signature")]
    Missing,
    /// Made with another secret, or for another body.
    #[error("the signature does not fit the body and the channel's secret")]
    Wrong,
    /// Made too long ago, or ahead of time.
    #[error("the signature is not of the last five minutes: check both clocks")]
    Stale,
}

/// The header's value for a body that is sent at a time.
#[must_use]
pub fn sign(secret: &str, at: Timestamp, body: &[u8]) -> String {
    let seconds = at.0.div_euclid(1000);
    let tag = hmac::sign(&key(secret), &signed(&seconds.to_string(), body));
    format!("t={seconds},v1={}", hex(tag.as_ref()))
}

/// Checks a header's value; its tag, by which a replay is known.
///
/// # Errors
/// It does not count.
pub fn verify(value: &str, secret: &str, now: Timestamp, body: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let (mut seconds, mut tags) = (None, Vec::new());
    for part in value.split(',') {
        match part.trim().split_once('=') {
            Some(("t", text)) => seconds = Some(text),
            Some(("v1", text)) => tags.push(unhex(text).ok_or(SignatureError::Missing)?),
            _ => {}
        }
    }
    let seconds = seconds.ok_or(SignatureError::Missing)?;
    let at: i64 = seconds.parse().map_err(|_| SignatureError::Missing)?;
    if tags.is_empty() {
        return Err(SignatureError::Missing);
    }
    let signed = signed(seconds, body);
    let key = key(secret);
    let tag = tags.into_iter().find(|tag| hmac::verify(&key, &signed, tag).is_ok()).ok_or(SignatureError::Wrong)?;
    // Only who knows the secret learns that the time is wrong.
    let off = now.0.div_euclid(1000).saturating_sub(at).unsigned_abs();
    if off > TOLERANCE.as_secs() { Err(SignatureError::Stale) } else { Ok(tag) }
}

/// Checks PagerDuty's signature of a body.
#[must_use]
pub fn verify_pagerduty(value: &str, secret: &str, body: &[u8]) -> bool {
    let key = key(secret);
    let mut tags = value.split(',').filter_map(|part| part.trim().strip_prefix("v1=")).filter_map(unhex);
    tags.any(|tag| hmac::verify(&key, body, &tag).is_ok())
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

fn signed(seconds: &str, body: &[u8]) -> Vec<u8> {
    [seconds.as_bytes(), b".", body].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let pairs = digits.filter(|digits| digits.len() == 64)?;
    pairs.chunks(2).map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_secret_the_body_and_the_time_together_count() {
        let at = Timestamp(1_800_000_000_123);
        let value = sign("s", at, b"body");
        assert!(value.starts_with("t=1800000000,v1="));
        assert!(verify(&value, "s", at, b"body").is_ok());
        assert_eq!(verify(&value, "t", at, b"body"), Err(SignatureError::Wrong));
        assert_eq!(verify(&value, "s", at, b"bodY"), Err(SignatureError::Wrong));
        let moved = value.replace("t=1800000000", "t=1800000001");
        assert_eq!(verify(&moved, "s", at, b"body"), Err(SignatureError::Wrong), "the time is signed too");
        for (off, expected) in [(299, true), (301, false), (-299, true), (-301, false)] {
            let now = Timestamp(at.0 + off * 1000);
            assert_eq!(verify(&value, "s", now, b"body").is_ok(), expected, "{off}");
        }
        for none in ["", "t=1", "v1=00", "t=x,v1=00", "t=1,v1=zz", "t=1,v1=", &"9".repeat(5000)] {
            assert_eq!(verify(none, "s", at, b"body"), Err(SignatureError::Missing), "{none}");
        }
    }

    #[test]
    fn the_signature_is_the_one_of_the_books() {
        // RFC 4231, test case 2, over a body that begins behind "what do ya want for nothing" as if it were "SECONDS."
        let tag = hmac::sign(&key("Jefe"), b"what do ya want for nothing?");
        assert_eq!(hex(tag.as_ref()), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let value =
            format!("v1={},v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "0".repeat(64));
        assert!(verify_pagerduty(&value, "Jefe", b"what do ya want for nothing?"));
        assert!(!verify_pagerduty(&value, "Jefe", b"what do ya want for nothing!"));
        assert!(!verify_pagerduty("", "Jefe", b""));
    }
}
