//! What makes the URLs of pings: a key that lies in the hub's data directory, and nowhere else. The configuration names
//! the pings; who reads it learns no URL, and a ping that is renamed gets another.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::fleet::words::PingName;

/// The key's file in the data directory.
const FILE: &str = "ping.key";
/// Its bytes.
const LENGTH: usize = 32;
/// Bytes of a secret: as many as a token's.
const SECRET: usize = 16;

/// Makes secrets of names.
pub struct PingKey(hmac::Key);

impl PingKey {
    /// Reads the key of a hub, or makes it.
    ///
    /// # Errors
    /// It can't be read or written, or is no key.
    pub fn open(data: &Path) -> io::Result<Self> {
        let path = data.join(FILE);
        match fs::read(&path) {
            Ok(bytes) if bytes.len() == LENGTH => Ok(Self::of(&bytes)),
            Ok(_) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is no key of {LENGTH} bytes; restore it, or remove it for new URLs", path.display()),
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(&path),
            Err(error) => Err(error),
        }
    }

    fn make(path: &Path) -> io::Result<Self> {
        let mut bytes = [0; LENGTH];
        SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("the system's random source failed"))?;
        // Whole or not at all, whoever makes it at the same time.
        let unfinished = path.with_extension("key.unfinished");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        Ok(Self::of(&bytes))
    }

    fn of(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The secret of a ping.
    #[must_use]
    pub fn secret(&self, ping: &PingName) -> String {
        let tag = hmac::sign(&self.0, ping.as_str().as_bytes());
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..SECRET).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn secrets_stay_the_same_and_are_nobody_elses() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = |folder: &Path, name: &str| PingKey::open(folder).unwrap().secret(&name.into());
        let nightly = secret(one.path(), "nightly");
        assert_eq!(nightly, secret(one.path(), "nightly"));
        assert_ne!(nightly, secret(one.path(), "nightly2"));
        assert_ne!(nightly, secret(other.path(), "nightly"));
        assert_eq!(nightly.len(), 22);
        let file = one.path().join(FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&file, "short").unwrap();
        assert!(PingKey::open(one.path()).is_err());
    }
}
