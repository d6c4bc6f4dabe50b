//! One attempt to send one message by one channel.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use crate::fleet::configuration::channels::{Channel, ChannelKind};
use crate::fleet::words::SafeText;
use crate::hub::notices::http_client::HttpClients;
use crate::hub::notices::message::Message;
use crate::hub::notices::{command, events, smtp, webhook};
use crate::settings::secret::Secret;
use crate::settings::secrets_file;

/// An attempt that takes longer has failed; the next one may succeed.
pub const LONGEST_ATTEMPT: Duration = Duration::from_secs(20);
/// Bytes kept of what the other end said.
const WORDS_MAX: usize = 300;

/// What the other end said when it took the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(pub SafeText);

/// Why it did not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}", words = .words.as_str())]
pub struct DeliveryError {
    /// Whether another attempt may succeed. If not, the receiver's next channel has its turn at once.
    pub retry: bool,
    /// What failed, and what to do where that is known. Holds no secret.
    pub words: SafeText,
}

impl DeliveryError {
    /// It may succeed next time.
    #[must_use]
    pub fn passing(words: &str) -> Self {
        Self { retry: true, words: SafeText::line_within(words, WORDS_MAX) }
    }

    /// It will not succeed before somebody mends something.
    #[must_use]
    pub fn lasting(words: &str) -> Self {
        Self { retry: false, words: SafeText::line_within(words, WORDS_MAX) }
    }
}

impl Receipt {
    pub(super) fn new(words: &str) -> Self {
        Self(SafeText::line_within(words, WORDS_MAX))
    }
}

/// What sending needs of the hub.
#[derive(Debug)]
pub struct Sender {
    /// The hub's data directory: its secrets.toml names the secrets.
    data: PathBuf,
    pub(super) http: HttpClients,
}

/// The secrets one attempt used, so that nothing it says repeats them.
#[derive(Debug, Default)]
pub(super) struct Used(Mutex<Vec<Secret>>);

impl Used {
    fn scrub(&self, words: &SafeText) -> SafeText {
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

    /// Tries once; takes [`LONGEST_ATTEMPT`] at most.
    ///
    /// # Errors
    /// The channel did not take it; it may have all the same where the answer was lost.
    pub async fn send(&self, channel: &Channel, message: &Message) -> Result<Receipt, DeliveryError> {
        let used = Used::default();
        let attempt = async {
            match &channel.kind {
                ChannelKind::Smtp(smtp) => smtp::send(self, smtp, message, &used).await,
                ChannelKind::Webhook(webhook) => webhook::send(self, channel, webhook, message, &used).await,
                ChannelKind::Command(command) => command::send(command, message).await,
                ChannelKind::Events(events) => events::send(self, events, message, &used).await,
            }
        };
        let end = tokio::time::timeout(LONGEST_ATTEMPT, attempt).await.unwrap_or_else(|_| {
            Err(DeliveryError::passing(&format!("no answer within {} s", LONGEST_ATTEMPT.as_secs())))
        });
        match end {
            Ok(Receipt(words)) => Ok(Receipt(used.scrub(&words))),
            Err(error) => Err(DeliveryError { words: used.scrub(&error.words), ..error }),
        }
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

/// An error with what is behind it, each once.
pub(super) fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}
