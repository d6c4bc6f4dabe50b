//! One-time links: a token names one notice, and only who got that notice knows it. It is base64url of the notice's
//! number and half an HMAC-SHA256 over fleet, notice and receiver, with a key that lies in the data directory.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::fleet::notices::Notice;
use crate::fleet::words::{FleetId, NoticeId};

/// A token is good for this long after its notice was queued.
pub const GOOD_FOR: Duration = Duration::from_secs(24 * 60 * 60);
const KEY_FILE: &str = "links.key";
const KEY_LENGTH: usize = 32;
const TAG_LENGTH: usize = 16;

/// Makes and checks tokens.
#[derive(Debug)]
pub struct OneTime(hmac::Key);

impl OneTime {
    /// With the key of the data directory; made where there is none yet. Removing it makes all links void.
    ///
    /// # Errors
    /// It can't be read or written; the error names the file.
    pub fn open(data: &Path) -> io::Result<Self> {
        let path = data.join(KEY_FILE);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let mut key = Vec::new();
        match File::open(&path) {
            Ok(file) => drop(file.take(1024).read_to_end(&mut key).map_err(named)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(named(error)),
        }
        // A key that was cut short by a crash has made no link yet that is worth keeping.
        if key.len() != KEY_LENGTH {
            key = vec![0; KEY_LENGTH];
            SystemRandom::new()
                .fill(&mut key)
                .map_err(|_| named(io::Error::other("the system gives no random numbers")))?;
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(named)?;
            file.write_all(&key).and_then(|()| file.sync_all()).map_err(named)?;
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The token of a notice.
    #[must_use]
    pub fn token(&self, fleet: &FleetId, notice: &Notice) -> String {
        let tag = hmac::sign(&self.0, &signed(fleet, notice));
        let number = notice.id.0.to_be_bytes();
        let bytes: Vec<u8> = number.iter().chain(tag.as_ref().iter().take(TAG_LENGTH)).copied().collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The notice that a token names, whether it is genuine or not.
    #[must_use]
    pub fn names(token: &str) -> Option<NoticeId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == 8 + TAG_LENGTH)?;
        let number: [u8; 8] = bytes.get(..8)?.try_into().ok()?;
        Some(NoticeId(u64::from_be_bytes(number)))
    }

    /// Whether a token is that of this notice.
    #[must_use]
    pub fn is_genuine(&self, token: &str, fleet: &FleetId, notice: &Notice) -> bool {
        // As long as a whole tag takes to compare, wherever they differ.
        let expected = self.token(fleet, notice);
        let same = expected.bytes().zip(token.bytes()).fold(0_u8, |differs, (a, b)| differs | (a ^ b));
        expected.len() == token.len() && same == 0
    }

    /// The id of an act by a notice's receiver: the same each time, so that it counts once whatever happens between.
    #[must_use]
    pub fn action(&self, fleet: &FleetId, notice: &Notice, verb: &str) -> u128 {
        let text = [signed(fleet, notice), verb.as_bytes().to_vec()].concat();
        let tag = hmac::sign(&self.0, &text);
        tag.as_ref().iter().take(TAG_LENGTH).fold(0, |id, byte| id << 8 | u128::from(*byte))
    }
}

fn signed(fleet: &FleetId, notice: &Notice) -> Vec<u8> {
    format!("link 1\n{fleet}\n{}\n{}\n{}", notice.id, notice.queued_at.0, notice.to.as_str()).into_bytes()
}
