//! What sending needs of the hub: its secrets, and connections to what is spoken to by HTTP.

use std::path::PathBuf;
use std::sync::Mutex;

use crate::fleet::words::SafeText;
use crate::hub::notices::attempt::{DeliveryError, WORDS_MAX};
use crate::hub::notices::http_client::HttpClients;
use crate::settings::secret::Secret;
use crate::settings::secrets_file;

/// What sending needs of the hub.
#[derive(Debug)]
pub struct Sender {
    /// The hub's data directory: its secrets.toml names the secrets.
    data: PathBuf,
    pub(in crate::hub) http: HttpClients,
}

/// The secrets one attempt used, so that nothing it says repeats them.
#[derive(Debug, Default)]
pub(super) struct Used(Mutex<Vec<Secret>>);

impl Used {
    pub(super) fn scrub(&self, words: &SafeText) -> SafeText {
        let used = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let scrubbed =
            used.iter().fold(words.as_str().to_owned(), |words, secret| words.replace(secret.reveal(), "(secret)"));
        SafeText::line_within(&scrubbed, WORDS_MAX)
    }
}

impl Sender {
    /// For a hub whose data lies in `data`.
    #[must_use]
    pub fn new(data: PathBuf) -> Self {
        Self { data, http: HttpClients::default() }
    }

    /// A secret of the hub, as its source gives it now.
    pub(super) async fn secret(&self, name: &str, used: &Used) -> Result<Secret, DeliveryError> {
        let secret = self.resolve(name).await.map_err(|why| DeliveryError::lasting(&why))?;
        used.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(secret.clone());
        Ok(secret)
    }

    /// As above, for those who check what came in.
    ///
    /// # Errors
    /// It can't be had; the words name what to do.
    pub async fn resolve(&self, name: &str) -> Result<Secret, String> {
        let (data, name) = (self.data.clone(), name.to_owned());
        let resolve = move || {
            let secrets = secrets_file::load(&data).map_err(|problems| problems.to_string())?;
            secrets.resolve(&name).map_err(|error| error.to_string())
        };
        tokio::task::spawn_blocking(resolve).await.map_err(|error| error.to_string())?
    }
}
